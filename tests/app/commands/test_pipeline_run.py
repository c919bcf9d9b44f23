"""`quarterdeck pipeline run`: what it says on which stream, and how it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.app.detect import propose
from quarterdeck.app.runner import Kept
from quarterdeck.app.settings import load

from .conftest import Call

JOBS = """
[[ci]]
kind = "local"
jobs = [
  { name = "data", run = "echo fetched" },
  { name = "test", run = 'printf "one\\n\\033[31mtwo\\033[0m\\033]0;evil\\007\\n"; test -e fine', needs = ["data"] },
  { name = "deploy", run = "true", needs = ["test"] },
]
"""


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, settings: str, message: str = "Train on more") -> str:
    (folder / "quarterdeck.toml").write_text(settings)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def jobs(project: Path, call: Call) -> str:
    """The commit of a project whose test fails, trusted."""
    sha = commit(project, JOBS)
    assert call("trust", "--yes").status == 0
    return sha


def test_of_a_line_of_megabytes_the_beginning_is_repeated_and_its_size(project: Path, call: Call) -> None:
    run = 'head -c 5000000 /dev/zero | tr "\\0" x; echo; exit 1'
    job = f"""[[ci]]\nkind = "local"\njobs = [{{ name = "big", run = '{run}' }}]\n"""
    commit(project, job)
    assert call("trust", "--yes").status == 0
    said = call("pipeline", "run").err.splitlines()
    assert [line for line in said if "xx" in line and "▶" not in line] == [f"  {'x' * 199}… 5.0 MB"]


def test_what_is_named_at_the_end_can_be_read_at_once_though_nothing_was_ever_synced(
    project: Path, call: Call, jobs: str
) -> None:
    run_id = call("pipeline", "run").out.strip()
    log = call("pipeline", "log", f"{run_id}.test")
    assert (log.status, log.out.splitlines()[:1]) == (0, ["one"])
    assert run_id in call("pipelines", "--json").out


def test_stdout_is_the_id_and_stderr_a_line_a_job(project: Path, call: Call, jobs: str) -> None:
    said = call("pipeline", "run")
    kept = Kept(load(directory=project).project_key)
    assert (said.status, said.out.split()) == (1, kept.ids())
    lines = [line.rstrip() for line in said.err.splitlines()]
    assert lines[0] == f"local #1: 3 jobs at {jobs[:9]} on main, Train on more"
    assert lines[1].startswith("● data passed")
    assert lines[2:4] == ["  one", "  two\\u{1b}]0;evil\\u{7}"]  # the end of the failed job's log, safe to look at
    assert lines[4].startswith("✖ test failed")
    assert lines[4].endswith("Exit status 1.")
    assert lines[5] == "– deploy skipped  “test” did not pass."
    assert lines[6].startswith("✖ local #1 failed in")
    assert lines[7] == f"  Whole log: quarterdeck pipeline log {kept.ids()[0]}.test"


def test_it_ends_with_zero_when_all_jobs_passed(project: Path, call: Call, jobs: str) -> None:
    (project / "fine").touch()
    commit(project, JOBS)
    assert call("pipeline", "run").status == 0
    assert call("pipeline", "run", "--commit", jobs).status == 1  # as that commit was
    assert call("pipeline", "run", "--commit", jobs[:7], "--job", "data").status == 0


def test_scripts_get_what_the_list_would_say(call: Call, jobs: str) -> None:
    said = call("pipeline", "run", "--json").json
    assert (said["source"], said["name"], said["status"], said["branch"], said["commit"]) == (
        "local", "local", "failed", "main", jobs,
    )  # fmt: skip
    assert [(job["name"], job["status"], job["raw_status"]) for job in said["jobs"]] == [
        ("data", "passed", "passed"), ("test", "failed", "exit 1"), ("deploy", "skipped", "skipped"),
    ]  # fmt: skip
    assert said["started_at"].endswith("Z")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("--commit", "nope"), 2, "No commit “nope” is in the clone"),
        (("--job", "tset"), 2, "No job is called “tset”: there is data, test, deploy"),
        (("--name", "other"), 2, "No local pipeline is called “other”: there is local"),
    ],
)
def test_what_is_not_there_is_said(call: Call, jobs: str, words: tuple[str, ...], status: int, sentence: str) -> None:
    said = call("pipeline", "run", *words)
    assert (said.status, said.out) == (status, "")
    assert sentence in said.err


def test_untrusted_jobs_are_shown_and_not_run(project: Path, call: Call) -> None:
    commit(project, JOBS.replace("echo fetched", f"touch {project}/ran"))
    said = call("pipeline", "run")
    assert (said.status, said.out) == (2, "")
    assert "Not trusted: it would run" in said.err
    assert not (project / "ran").exists()


def test_read_only_runs_nothing(project: Path, call: Call, jobs: str) -> None:
    said = call("pipeline", "run", before=["--read-only"])
    assert (said.status, said.out, said.err[:22]) == (4, "", "Refused: --read-only c")
    assert Kept(load(directory=project).project_key).ids() == []


def test_a_job_that_runs_its_own_pipeline_is_refused_and_does_not_wait_for_itself(project: Path, call: Call) -> None:
    inner = f"{sys.executable} -m quarterdeck.app --project {project} pipeline run"
    commit(project, f'[[ci]]\nkind = "local"\njobs = [{{ name = "again", run = "{inner}" }}]\n')
    assert call("trust", "--yes").status == 0
    said = call("pipeline", "run")
    assert said.status == 1
    assert "the run would wait for itself" in said.err
    assert "Exit status 4." in said.err


def test_without_jobs_it_shows_how_they_are_written(project: Path, call: Call) -> None:
    commit(project, "")
    said = call("pipeline", "run")
    assert said.status == 2
    assert 'jobs = [{ name = "test", run = "make test" }]' in said.err


def test_without_git_it_says_so(process: Call, jobs: str) -> None:
    said = process("pipeline", "run", env={"PATH": "/nowhere"})
    assert (said.status, said.err) == (1, "git is not installed, or not on the PATH: install it.\n")


def test_without_a_repository_it_says_so(project: Path, call: Call) -> None:
    (project / "quarterdeck.toml").write_text(JOBS)
    said = call("pipeline", "run")
    assert (said.status, said.err) == (2, "There is no Git repository here: local pipelines run commits.\n")


def test_jobs_that_need_one_another_are_refused_in_the_settings(project: Path, call: Call) -> None:
    circle = '[[ci]]\nkind = "local"\njobs = [\n{ name = "x", run = "x" },\n{ name = "a", run = "x", needs = ["b"] },\n'
    commit(project, circle + '{ name = "b", run = "x", needs = ["a"] } ]\n')
    said = call("pipeline", "run")
    assert said.status == 2
    assert "cannot run in any order: “a” needs “b” needs “a”" in said.err


def test_what_is_not_committed_is_said_to_be_left_out(project: Path, call: Call, jobs: str) -> None:
    (project / "fine").touch()
    said = call("pipeline", "run")
    assert said.status == 1
    assert "Not committed and left out: 1 file is changed or new" in said.err


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_it(project: Path, call: Call, number: signal.Signals) -> None:
    commit(project, '[[ci]]\nkind = "local"\njobs = [{ name = "slow", run = "echo up; sleep 1000" }]\n')
    assert call("trust", "--yes").status == 0
    kept = Kept(load(directory=project).project_key)
    command = [sys.executable, "-m", "quarterdeck.app", "pipeline", "run", "--key", "K"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as runner:
        until(lambda: (found := kept.read("K")) is not None and found.jobs[0].status == "running")
        runner.send_signal(number)
        out, err = runner.communicate(timeout=60)
    assert (runner.returncode, out) == (130, "K\n")
    assert "– local #1 cancelled" in err
    found = kept.read("K")
    assert found is not None
    assert (found.status, found.jobs[0].status) == ("cancelled", "cancelled")


def test_on_a_terminal_the_output_is_shown_as_it_comes(project: Path, jobs: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "quarterdeck.app", "pipeline", "run"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=theirs) as runner:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says so when the other side is closed
            pass
    os.close(ours)
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    assert "▶ data  echo fetched" in lines
    assert lines.index("▶ data  echo fetched") < lines.index("  fetched")
    assert "  two\\u{1b}]0;evil\\u{7}" in lines
    assert runner.returncode == 1


def test_a_word_that_is_no_command_is_met_with_the_nearest(call: Call) -> None:
    said = call("pipeline", "rnu")
    assert said.status == 2
    assert "Did you mean “run”?" in said.err


@pytest.mark.parametrize(
    ("makefile", "is_proposed"),
    [
        ("all:\n\ntest: all\n\ttrue\n", True), ("test::\n", True), ("test := 1\n", False), ("tests:\n", False),
        ("\ttest: x\n", False), ("", False),
    ],
)  # fmt: skip
def test_init_proposes_make_test(tmp_path: Path, call: Call, makefile: str, is_proposed: bool) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "Makefile").write_text(makefile)
    assert (call("--project", str(folder), "init").status, load(directory=folder).ci != ()) == (0, is_proposed)
    assert propose(load(directory=tmp_path)).sections == {}


def test_init_proposes_nothing_where_a_ci_was_found_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("test:\n")
    (tmp_path / "Makefile").symlink_to(tmp_path / "real")
    assert propose(load(directory=tmp_path)).sections == {}
    (tmp_path / "Makefile").unlink()
    (tmp_path / "real").rename(tmp_path / "Makefile")
    assert propose(load(directory=tmp_path)).sections != {}
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/acme/churn")
    assert propose(load(directory=tmp_path)).sections == {}
