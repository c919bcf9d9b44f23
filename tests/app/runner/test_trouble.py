"""What jobs leave behind, systems refuse and people interrupt: no run ends in a false record or outside its folder."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.paths import cache_dir
from quarterdeck.app.runner import Kept, LocalRun, choose, find_local, run
from quarterdeck.app.runner import kept as keeping
from quarterdeck.app.runner.checkout import remove_tree
from quarterdeck.app.runner.detached import start
from quarterdeck.app.runner.job import Ended, NotStartedError, Watched, run_job
from quarterdeck.app.runner.reports import collect, stamps
from quarterdeck.app.settings import Settings, load

from .conftest import Heard, RunJobs, Settle, log_of

NOBODY = 65534
running = importlib.import_module("quarterdeck.app.runner.run")  # the package calls its function by that name


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that also belongs to the user of `bound`."""
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, -1)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=True)
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@contextlib.contextmanager
def bound() -> Iterator[None]:
    """As a user whom the modes of files bind: root they do not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_tree_is_removed_without_touching_what_its_links_lead_to(home: Path) -> None:
    with bound():
        outside, folder, tree = home / "shared.csv", home / "shared", home / "tree"
        outside.write_text("x")
        outside.chmod(0o644)
        folder.mkdir(mode=0o755)
        (tree / "locked").mkdir(parents=True)
        (tree / "locked" / "link").symlink_to(outside)
        (tree / "locked" / "folder").symlink_to(folder)
        (tree / "locked" / "hard").hardlink_to(outside)
        (tree / "locked").chmod(0o500)
        is_gone = remove_tree(tree)
        modes = [path.stat().st_mode & 0o777 for path in (outside, folder)]
    assert (is_gone, modes) == (True, [0o644, 0o755])


def test_folders_that_a_job_closed_are_opened_and_removed(home: Path) -> None:
    with bound():
        inner = home / "tree" / "x" / "y" / "z"
        inner.mkdir(parents=True)
        (inner / "f").touch()
        for path in (inner, inner.parent, inner.parent.parent):
            path.chmod(0)
        assert remove_tree(home / "tree")
        assert remove_tree(home / "tree")  # it is gone: nothing to do


def test_what_cannot_be_removed_is_told_and_not_raised(home: Path) -> None:
    with bound():
        tree = home / "closed" / "tree"
        tree.mkdir(parents=True)
        tree.parent.chmod(0o500)
        assert not remove_tree(tree)


def ran(command: str, folder: Path, should_stop: Callable[[], bool] = lambda: False) -> Ended:
    watched = Watched(lambda data: None, lambda: None, should_stop)
    return run_job(command, cwd=folder, environment={**os.environ}, log=folder / "log", limit=60, watched=watched)


SAVING = "trap 'sleep 1; touch saved; exit 0' TERM; touch ready; while :; do sleep 0.05; done"


@pytest.mark.parametrize("command", [f"exec > out 2>&1; {SAVING}", f'sh -c "{SAVING}" > out 2>&1 & wait', SAVING])
def test_one_that_is_ended_has_its_time_to_save_wherever_its_output_goes(tmp_path: Path, command: str) -> None:
    ended = ran(command, tmp_path, should_stop=(tmp_path / "ready").exists)
    assert ended.why == "cancelled"
    assert (tmp_path / "saved").exists()


def test_without_a_guard_no_job_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = subprocess.Popen
    begun: list[subprocess.Popen[bytes]] = []

    def only_once(*words: Any, **rest: Any) -> subprocess.Popen[bytes]:
        if begun:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        begun.append(original(*words, **rest))
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", only_once)
    with pytest.raises(NotStartedError, match="It could not be started: Resource temporarily unavailable"):
        ran("sleep 1000", tmp_path)
    assert begun[0].returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the longest command is longer than any settings")
def test_a_command_that_the_system_refuses_is_the_failure_of_its_job(tmp_path: Path, run_jobs: RunJobs) -> None:
    done = run_jobs({"name": "long", "run": f"true {'x' * 200_000}"}, {"name": "next", "run": "true"})
    assert [job.status for job in done.jobs] == ["failed", "passed"]
    assert done.jobs[0].reason == "It could not be started: Argument list too long."
    assert (done.status, done.reason) == ("failed", "")
    said = log_of(load(directory=tmp_path / "clone").project_key, done, "long")
    assert said == b"\nquarterdeck: It could not be started: Argument list too long.\n"


def left(settings: Settings) -> LocalRun:
    [found] = Kept(settings.project_key).newest()
    return found


def test_a_mistake_of_ours_leaves_its_own_reason_in_the_record(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settle({"name": "a", "run": "true"}, {"name": "b", "run": "true"})

    def mistaken(*words: object, **rest: object) -> Ended:
        raise ValueError("a secret")

    monkeypatch.setattr(running, "run_job", mistaken)
    with pytest.raises(ValueError, match="a secret"):
        run(settings, find_local(settings), choose(settings, None))
    found = left(settings)
    assert (found.status, [job.status for job in found.jobs]) == ("failed", ["failed", "skipped"])
    assert found.reason == "quarterdeck failed unexpectedly (ValueError)."
    assert found.jobs[0].reason == found.reason


def test_an_interrupted_run_says_so(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settle({"name": "a", "run": "true"})

    def interrupted(*words: object, **rest: object) -> Ended:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_job", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(settings, find_local(settings), choose(settings, None))
    assert left(settings).reason == "It was interrupted."


def test_a_reader_that_leaves_is_not_taken_for_a_full_disk(settle: Settle) -> None:
    settings = settle({"name": "a", "run": "echo up; sleep 1000"})

    def gone() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        run(settings, find_local(settings), choose(settings, None), listener=Heard(gone))
    assert left(settings).reason == "Nobody read any more what was said of it."


def test_a_work_tree_that_has_no_place_is_told_by_the_record(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"})
    cache_dir().mkdir(parents=True, exist_ok=True)
    (cache_dir() / "worktrees").write_text("in the way")
    done = run(settings, find_local(settings), choose(settings, None))
    assert (done.status, done.jobs[0].status) == ("failed", "skipped")
    assert done.reason.startswith("No work tree could be made. ")
    assert str(cache_dir() / "worktrees") in done.reason


def test_a_run_is_cancelled_while_its_work_tree_is_made(
    tmp_path: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settle({"name": "test", "run": "true"})
    chosen = choose(settings, None)
    slow = tmp_path / "slow"
    slow.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    begun, done = tmp_path / "begun", tmp_path / "done"
    (slow / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *" checkout "*) touch {begun}; sleep 10; touch {done};; esac\nexec {real} "$@"\n'
    )
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow}:{os.environ['PATH']}")
    ended = run(settings, find_local(settings), chosen, should_stop=begun.exists)
    assert (ended.status, ended.jobs[0].status, ended.jobs[0].reason) == ("cancelled", "skipped", "It was cancelled.")
    assert (begun.exists(), done.exists()) == (True, False)
    assert list((cache_dir() / "worktrees").glob("*/*")) == []


WRONG = ["reports/**.xml", ".", "./", "/tmp/*.xml", "~/r.xml", "../r.xml", "a/../../r.xml", "r\0.xml"]


@pytest.mark.parametrize("pattern", WRONG)
def test_a_pattern_that_is_none_finds_nothing(tmp_path: Path, pattern: str) -> None:
    assert stamps(tmp_path, pattern) == {}
    assert collect(tmp_path, pattern, {}).complaint.startswith("It wrote no ")


def test_a_report_behind_a_closed_door_is_passed_over(home: Path) -> None:
    with bound():
        (home / "closed").mkdir()
        (home / "closed" / "r.xml").touch()
        (home / "link.xml").symlink_to(home / "closed" / "r.xml")
        (home / "r.xml").touch()
        (home / "closed").chmod(0)
        assert [path.name for path in stamps(home, "*.xml")] == ["r.xml"]


def test_a_run_in_a_process_of_its_own_logs_where_the_project_does(
    settle: Settle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///here.db")
    settings = settle({"name": "show", "run": "echo $MLFLOW_TRACKING_URI"})
    start(settings, "K", [])
    kept = Kept(settings.project_key)
    until(lambda: (found := kept.read("K")) is not None and found.is_over)
    done = kept.read("K")
    assert done is not None
    assert log_of(settings.project_key, done, "show").decode() == f"sqlite:///{tmp_path / 'clone' / 'here.db'}\n"


def test_logs_have_a_bound_in_all_and_the_newest_stays(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settle({"name": "loud", "run": "head -c 100000 /dev/zero"})
    kept = Kept(settings.project_key)

    def again() -> str:
        return run(settings, find_local(settings), choose(settings, None)).id

    monkeypatch.setattr(keeping, "LARGEST", 250_000)
    first, second, third, fourth = (again() for _ in range(4))
    assert sorted(kept.ids()) == sorted([second, third, fourth])  # two before, and the one that made the room
    assert first not in kept.ids()
    monkeypatch.setattr(keeping, "LARGEST", 1)
    last = again()
    assert sorted(kept.ids()) == sorted([fourth, last])
