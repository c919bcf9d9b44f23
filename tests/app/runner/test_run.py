"""Jobs run in order, in a clean work tree, and what came of them is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.app.errors import StoreError, UntrustedError, UsageError
from quarterdeck.app.paths import cache_dir, state_dir
from quarterdeck.app.runner import Kept, LocalRun, choose, find_local, run
from quarterdeck.app.runner import kept as keeping
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.trust import record_trust

from .conftest import Git, Heard, RunJobs, Settle, log_of

PASSING = '<testsuite><testcase name="a"/></testsuite>'
FAILING = '<testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>'


def key(tmp_path: Path) -> str:
    return load(directory=tmp_path / "clone").project_key


def log(tmp_path: Path, done: LocalRun, name: str) -> str:
    return log_of(key(tmp_path), done, name).decode()


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


def is_over(pid: int) -> bool:
    """Whether a process is gone, or only waits for somebody to take note of its end."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not said.strip() or said.startswith("Z")


def outcomes(done: LocalRun) -> dict[str, str]:
    return {job.name: job.status for job in done.jobs}


def test_jobs_run_in_the_order_of_their_needs(run_jobs: RunJobs) -> None:
    heard = Heard()
    done = run_jobs(
        {"name": "deploy", "run": "true", "needs": ["test", "lint"]},
        {"name": "test", "run": "true", "needs": ["data"]},
        {"name": "lint", "run": "true"}, {"name": "data", "run": "true"}, listener=heard,
    )  # fmt: skip
    assert [word for word in heard.told if word.endswith("began")] == [
        "data began", "test began", "lint began", "deploy began",
    ]  # fmt: skip
    assert (done.status, heard.told[-1]) == ("passed", "all passed")


def test_a_job_whose_need_failed_is_skipped_and_others_go_on(run_jobs: RunJobs) -> None:
    done = run_jobs(
        {"name": "data", "run": "exit 3"}, {"name": "test", "run": "true", "needs": ["data"]},
        {"name": "deploy", "run": "true", "needs": ["test"]}, {"name": "lint", "run": "true"},
    )  # fmt: skip
    assert outcomes(done) == {"data": "failed", "test": "skipped", "deploy": "skipped", "lint": "passed"}
    assert (done.status, done.jobs[0].exit_status, done.jobs[0].reason) == ("failed", 3, "Exit status 3.")
    assert done.jobs[2].reason == "“test” did not pass."


def test_one_job_brings_what_it_needs_and_nothing_else(run_jobs: RunJobs) -> None:
    done = run_jobs(
        {"name": "data", "run": "true"}, {"name": "test", "run": "true", "needs": ["data"]},
        {"name": "lint", "run": "false"}, only=("test",),
    )  # fmt: skip
    assert outcomes(done) == {"data": "passed", "test": "passed"}


def test_a_job_that_is_not_there_is_named_with_those_that_are(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"})
    with pytest.raises(UsageError, match="No job is called “tset”: there is test"):
        run(settings, find_local(settings), choose(settings, None), only=("tset",))


def test_no_jobs_are_never_green(settle: Settle) -> None:
    settings = settle()
    with pytest.raises(UsageError, match="There are no jobs to run here"):
        run(settings, find_local(settings), choose(settings, None))


def test_the_smallest_pipeline_that_there_is_works(tmp_path: Path, git: Git, settle: Settle) -> None:
    origin, other = tmp_path / "origin.git", tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(origin)], check=True)
    (tmp_path / "clone" / "Makefile").write_text("test:\n\t@echo old\n")
    git("remote", "add", "origin", str(origin))
    settle({"name": "test", "run": "git pull && make test"})
    git("push", "--quiet", "--set-upstream", "origin", "main")
    subprocess.run(["git", "clone", "--quiet", str(origin), str(other)], check=True)
    (other / "Makefile").write_text("test:\n\t@echo tested\n")
    who = ("-c", "user.name=Bo", "-c", "user.email=b@c")
    subprocess.run(["git", *who, "commit", "--quiet", "--all", "-m", "Newer"], cwd=other, check=True)
    subprocess.run(["git", "push", "--quiet"], cwd=other, check=True)
    settings = load(directory=tmp_path / "clone")
    record_trust(settings)  # the remote as well, now that there is one
    before = git("rev-parse", "HEAD", "origin/main")
    done = run(settings, find_local(settings), choose(settings, None))
    assert (done.status, log(tmp_path, done, "test").splitlines()[-1]) == ("passed", "tested")
    assert git("rev-parse", "HEAD", "origin/main") == before  # the clone heard nothing of it


def test_jobs_hand_files_on_in_a_work_tree_that_was_clean(tmp_path: Path, git: Git, run_jobs: RunJobs) -> None:
    clone = tmp_path / "clone"
    (clone / "kept.txt").write_text("committed\n")
    git("add", "kept.txt")
    git("commit", "--quiet", "-m", "A file")
    (clone / ".git" / "info" / "exclude").write_text("stray.txt\n")
    (clone / "stray.txt").write_text("mine")
    show = {"name": "show", "run": "git status --porcelain; cat kept.txt; test ! -e stray.txt; echo made > made.txt"}
    done = run_jobs(show, {"name": "use", "run": "cat made.txt", "needs": ["show"]})
    assert (log(tmp_path, done, "show"), log(tmp_path, done, "use")) == ("committed\n", "made\n")
    assert not (clone / "made.txt").exists()
    assert list((cache_dir() / "worktrees").glob("*/*")) == []


def test_what_is_not_committed_is_counted_and_left_out(tmp_path: Path, settle: Settle, git: Git) -> None:
    settings = settle({"name": "show", "run": "cat quarterdeck.toml; ls"})
    (tmp_path / "clone" / "new.txt").write_text("new")
    file = tmp_path / "clone" / "quarterdeck.toml"
    file.write_text(file.read_text() + "# changed\n")
    chosen = choose(settings, None)
    assert chosen.left_out == 2
    said = log(tmp_path, run(settings, find_local(settings), chosen), "show")
    assert "changed" not in said
    assert "new.txt" not in said


def test_hooks_and_filters_of_the_clone_stay_out_of_it(tmp_path: Path, git: Git, settle: Settle) -> None:
    clone, trap = tmp_path / "clone", tmp_path / "trap"
    (clone / ".gitattributes").write_text("*.txt filter=trap\n")
    (clone / "a.txt").write_text("a\n")
    settings = settle({"name": "show", "run": "cat a.txt; git config --get core.hooksPath || echo none"})
    git("config", "filter.trap.smudge", f"touch {trap}; cat")
    git("config", "core.fsmonitor", f"touch {trap}")
    hook = clone / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    done = run(settings, find_local(settings), choose(settings, None))
    assert (done.status, log(tmp_path, done, "show")) == ("passed", "a\nnone\n")
    assert not trap.exists()


def test_submodules_are_left_empty(tmp_path: Path, git: Git, settle: Settle) -> None:
    settle({"name": "show", "run": "ls -A part"})
    git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(tmp_path / "clone"), "part")
    settings = settle({"name": "show", "run": "ls -A part"})
    done = run(settings, find_local(settings), choose(settings, None))
    assert (done.status, log(tmp_path, done, "show")) == ("passed", "")


def test_the_clone_is_only_read(tmp_path: Path, git: Git, settle: Settle) -> None:
    settings = settle(
        {"name": "write", "run": "git -c user.name=x -c user.email=x@y commit -qm x --allow-empty; git tag t"}
    )

    def content() -> dict[str, bytes]:
        folder = tmp_path / "clone" / ".git"
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    before = content()
    assert run(settings, find_local(settings), choose(settings, None)).status == "passed"
    assert content() == before


def test_an_older_commit_is_run_as_it_was(tmp_path: Path, git: Git, settle: Settle) -> None:
    settle({"name": "show", "run": "cat state; git describe --tags --always"})
    (tmp_path / "clone" / "state").write_text("old\n")
    git("add", "--all")
    git("commit", "--quiet", "-m", "Old")
    git("tag", "v1")
    old = git("rev-parse", "HEAD")
    (tmp_path / "clone" / "state").write_text("new\n")
    settings = settle({"name": "show", "run": "cat state; git describe --tags --always"})
    for word in ("v1", old, old[:9]):
        done = run(settings, find_local(settings), choose(settings, word))
        assert (done.commit, done.title) == (old, "Old")
        assert log(tmp_path, done, "show") == "old\nv1\n"


def test_jobs_run_in_the_folder_of_their_settings(tmp_path: Path, git: Git) -> None:
    inner = tmp_path / "clone" / "ml"
    inner.mkdir()
    (inner / "quarterdeck.toml").write_text('[[ci]]\nkind = "local"\njobs = [{ name = "t", run = "basename $PWD" }]\n')
    git("add", "--all")
    git("commit", "--quiet", "-m", "In a folder")
    settings = load(directory=inner)
    record_trust(settings)
    done = run(settings, find_local(settings), choose(settings, None))
    assert log_of(settings.project_key, done, "t") == b"ml\n"


def test_a_commit_that_nobody_has_is_said(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"})
    for word in ("0" * 40, "nothing", "-x", ""):
        with pytest.raises(UsageError, match="commit"):
            choose(settings, word)


def test_nothing_runs_without_trust(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"}, trusted=False)
    with pytest.raises(UntrustedError, match="it would run"):
        run(settings, find_local(settings), choose(settings, None))
    assert Kept(settings.project_key).ids() == []


def test_the_environment_says_where_the_job_is(tmp_path: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///here.db")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    monkeypatch.chdir(tmp_path)
    show = (
        'echo "$CI|$QUARTERDECK_PIPELINE|$QUARTERDECK_COMMIT|$QUARTERDECK_PYTHON|$QUARTERDECK_PROJECT"; git status -s'
    )
    environment = {**os.environ}
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    settle({"name": "show", "run": f"{show}; echo $MLFLOW_TRACKING_URI"})
    settings = load(directory=tmp_path / "clone", environment=environment)
    done = run(settings, find_local(settings), choose(settings, None))
    first, second = log(tmp_path, done, "show").splitlines()
    assert first == f"true|{done.id}|{done.commit}|{sys.executable}|{tmp_path / 'clone'}"
    assert second == f"sqlite:///{tmp_path / 'here.db'}"


def test_a_job_s_make_is_no_part_of_the_make_that_started_us(
    tmp_path: Path, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.setenv("MAKEFLAGS", "w -j4")
    (tmp_path / "clone" / "Makefile").write_text("test:\n\t@echo tested $(MAKELEVEL)\n")
    done = run_jobs({"name": "test", "run": "make test"})
    assert log(tmp_path, done, "test") == "tested 0\n"


def test_the_settings_name_mlflow_where_the_environment_does_not(tmp_path: Path, settle: Settle) -> None:
    settle({"name": "show", "run": "echo $MLFLOW_TRACKING_URI"})
    file = tmp_path / "clone" / "quarterdeck.toml"
    file.write_text(file.read_text() + '\n[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    settings = load(directory=file.parent)
    done = run(settings, find_local(settings), choose(settings, None))
    assert log(tmp_path, done, "show") == f"sqlite:///{tmp_path}/clone/mlflow.db\n"


def test_a_job_has_no_terminal_and_no_input(tmp_path: Path, run_jobs: RunJobs) -> None:
    done = run_jobs(
        {"name": "ask", "run": "test ! -t 0 && test ! -t 1 && ! read answer && ! (: < /dev/tty) 2>/dev/null"}
    )
    assert done.status == "passed", log(tmp_path, done, "ask")


def test_the_log_has_every_byte_and_is_there_while_the_job_runs(tmp_path: Path, settle: Settle) -> None:
    settings = settle(
        {"name": "talk", "run": r"printf 'a\0b\377\r\033[31mred'; while ! test -e go; do sleep 0.01; done"}
    )
    kept = Kept(settings.project_key)
    seen: list[bytes] = []

    def look() -> None:
        [run_id] = kept.ids()
        begun = kept.read(run_id)
        assert begun is not None
        assert (begun.status, begun.jobs[0].status, kept.is_alive(run_id)) == ("running", "running", True)
        seen.append(kept.file(run_id, begun.jobs[0].log).read_bytes())
        (cache_dir() / "worktrees" / settings.project_key / run_id / "go").touch()

    done = run(settings, find_local(settings), choose(settings, None), listener=Heard(look))
    assert done.status == "passed"
    assert log_of(settings.project_key, done, "talk").startswith(seen[0])
    assert log_of(settings.project_key, done, "talk") == b"a\0b\xff\r\x1b[31mred"


@pytest.mark.parametrize(
    ("command", "status", "reason"),
    [
        (f"echo '{PASSING}' > report.xml", "passed", ""),
        (f"echo '{FAILING}' > report.xml; exit 1", "failed", "Exit status 1. 1 of 2 tests failed."),
        (f"echo '{FAILING}' > report.xml", "failed", "1 of 2 tests failed."),
        ("true", "failed", "It wrote no report.xml, where its tests were to be told."),
        ("echo '<testsuite/>' > report.xml", "failed", "report.xml holds no tests."),
        ("echo nonsense > report.xml", "failed", "report.xml: The test report is no XML."),
    ],
)
def test_the_tests_of_a_job_are_read(run_jobs: RunJobs, command: str, status: str, reason: str) -> None:
    done = run_jobs({"name": "test", "run": command, "junit": "report.xml"})
    assert (done.jobs[0].status, done.jobs[0].reason, done.status) == (status, reason, status)


def test_a_report_that_was_committed_is_not_taken_for_a_new_one(tmp_path: Path, run_jobs: RunJobs) -> None:
    (tmp_path / "clone" / "report.xml").write_text(PASSING)
    done = run_jobs({"name": "test", "run": "true", "junit": "*.xml"})
    assert (done.status, done.jobs[0].reason[:13]) == ("failed", "It wrote no *")


def test_reports_of_several_files_are_one(run_jobs: RunJobs) -> None:
    write = f"mkdir r; echo '{PASSING}' > r/a.xml; echo '{FAILING}' > r/b.xml; echo '{FAILING}' > ../c.xml"
    report = run_jobs({"name": "test", "run": write, "junit": "r/*.xml"}).jobs[0].report
    assert report is not None
    assert (report.total, report.passed, report.failed, [case.name for case in report.failures]) == (3, 2, 1, ["b"])


def test_a_job_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path, run_jobs: RunJobs) -> None:
    done = run_jobs({"name": "slow", "run": "sleep 1000 & echo $!; wait", "timeout": "1s"})
    first, *rest = log(tmp_path, done, "slow").splitlines()
    assert (done.jobs[0].status, done.jobs[0].reason) == ("failed", "It took longer than 1s and was ended.")
    assert "quarterdeck: It took longer than 1s and was ended." in rest
    until(lambda: is_over(int(first)))


def test_one_that_does_not_heed_term_is_killed(run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.runner.job.GRACE", 0.3)
    done = run_jobs({"name": "deaf", "run": "trap '' TERM; while :; do sleep 0.05; done", "timeout": "1s"})
    assert done.jobs[0].exit_status == -signal.SIGKILL


def test_what_a_job_leaves_running_is_ended_with_it(tmp_path: Path, run_jobs: RunJobs) -> None:
    done = run_jobs({"name": "server", "run": "sleep 1000 & echo $!"})
    assert done.status == "passed"
    until(lambda: is_over(int(log(tmp_path, done, "server"))))


def test_a_file_cancels_it_and_the_rest_is_skipped(settle: Settle) -> None:
    settings = settle({"name": "slow", "run": "echo up; sleep 1000"}, {"name": "late", "run": "true"})
    kept = Kept(settings.project_key)
    heard = Heard(lambda: kept.ask_to_stop(kept.ids()[0]))
    done = run(settings, find_local(settings), choose(settings, None), listener=heard)
    assert (done.status, outcomes(done)) == ("cancelled", {"slow": "cancelled", "late": "skipped"})
    assert kept.read(done.id) == done
    assert not kept.ask_to_stop(done.id)


def test_a_second_run_waits_for_the_first(settle: Settle) -> None:
    settings = settle({"name": "slow", "run": "echo up; while ! test -e go; do sleep 0.01; done"})
    kept, begun = Kept(settings.project_key), threading.Event()
    first: list[LocalRun] = []

    def go_on() -> None:
        for tree in (cache_dir() / "worktrees" / settings.project_key).iterdir():
            (tree / "go").touch()

    def run_first() -> None:
        heard = Heard(begun.set)
        first.append(run(settings, find_local(settings), choose(settings, None), key="first", listener=heard))

    thread = threading.Thread(target=run_first)
    thread.start()
    assert begun.wait(60)
    second = Heard(go_on)
    done = run(settings, find_local(settings), choose(settings, None), key="second", listener=second)
    thread.join()
    assert second.told[0] == "behind first"
    assert (first[0].status, done.status, kept.running()) == ("passed", "passed", None)
    assert (done.started_at or 0) >= (first[0].ended_at or 0)
    assert [first[0].number, done.number] == [1, 2]


def test_a_key_is_run_once(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"})
    one, again = (run(settings, find_local(settings), choose(settings, None), key="K") for _ in range(2))
    assert one == again
    assert Kept(settings.project_key).ids() == ["K"]


@pytest.mark.parametrize("wrong", ["../x", ".x", "a/b", "x" * 65])
def test_a_key_that_leads_elsewhere_is_refused(settle: Settle, wrong: str) -> None:
    settings = settle({"name": "test", "run": "true"})
    with pytest.raises(UsageError, match="key"):
        run(settings, find_local(settings), choose(settings, None), key=wrong)


def killed(settings: Settings, folder: Path) -> LocalRun:
    """A run whose runner got SIGKILL while its second job was at work."""
    command = [sys.executable, "-m", "quarterdeck.app", "pipeline", "run", "--key", "dead"]
    runner = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kept = Kept(settings.project_key)

    def has_written() -> bool:
        found = kept.read("dead")
        return found is not None and found.jobs[1].status == "running" and b"\n" in _log(kept, found)

    def _log(kept: Kept, found: LocalRun) -> bytes:
        path = kept.file("dead", found.jobs[1].log)
        return path.read_bytes() if path.exists() else b""

    until(has_written)
    runner.kill()
    runner.wait()
    found = kept.read("dead")
    assert found is not None
    return found


def test_a_runner_that_was_killed_is_told_so_and_leaves_nothing_running(tmp_path: Path, settle: Settle) -> None:
    settings = settle(
        {"name": "a", "run": "true"}, {"name": "b", "run": "echo $$; sleep 1000"}, {"name": "c", "run": "true"}
    )
    found = killed(settings, tmp_path / "clone")
    assert (found.status, found.reason) == ("failed", "The runner was killed. Run it again.")
    assert outcomes(found) == {"a": "passed", "b": "failed", "c": "skipped"}
    assert found.ended_at
    job = int(log(tmp_path, found, "b"))
    until(lambda: is_over(job))


def test_after_that_it_runs_again_and_the_record_and_the_work_tree_are_put_right(
    tmp_path: Path, settle: Settle
) -> None:
    settings = settle({"name": "a", "run": "true"}, {"name": "b", "run": "echo up; test -e never || sleep 1000"})
    found = killed(settings, tmp_path / "clone")
    assert [tree.name for tree in (cache_dir() / "worktrees").glob("*/*")] == ["dead"]
    heard = Heard()
    done = run(settings, find_local(settings), choose(settings, None), only=("a",), listener=heard)
    assert (done.status, heard.told[0]) == ("passed", "cut off dead")
    assert list((cache_dir() / "worktrees").glob("*/*")) == []
    (state_dir() / "pipelines" / settings.project_key / "dead" / "lock").unlink()
    assert Kept(settings.project_key).read("dead") == found


def test_a_full_disk_is_said_and_the_job_is_ended(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settle({"name": "loud", "run": "echo up; sleep 1000"}, {"name": "late", "run": "true"})
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    original = Kept.file
    monkeypatch.setattr(Kept, "file", lambda self, *words: original(self, *words) and Path("/dev/full"))
    with pytest.raises(StoreError, match="The disk is full"):
        run(settings, find_local(settings), choose(settings, None))
    [left] = Kept(settings.project_key).newest()
    assert (left.status, left.jobs[0].status, left.jobs[1].status) == ("failed", "failed", "skipped")
    assert "The disk is full" in left.reason


def test_without_git_it_says_so(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settle({"name": "test", "run": "true"})
    from quarterdeck.app.git import GitError

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitError, match="git is not installed"):
        choose(settings, None)


def test_old_runs_make_room(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEEP", 2)
    settings = settle({"name": "test", "run": "true"})
    done = [run(settings, find_local(settings), choose(settings, None)).id for _ in range(4)]
    kept = Kept(settings.project_key)
    assert sorted(kept.ids()) == sorted(done[1:])  # two before, and the one that made the room
    assert [run.number for run in kept.newest()] == [4, 3, 2]


def test_a_record_that_cannot_be_read_is_passed_over(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "true"})
    done = run(settings, find_local(settings), choose(settings, None))
    kept = Kept(settings.project_key)
    (kept.folder / "01BROKEN").mkdir()
    (kept.folder / "01BROKEN" / "run.json").write_text("{")
    assert [run.id for run in kept.newest()] == [done.id]


def test_records_and_logs_are_for_nobody_else(settle: Settle) -> None:
    settings = settle({"name": "test", "run": "echo hello"})
    run(settings, find_local(settings), choose(settings, None))
    folder = Kept(settings.project_key).folder
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}
