"""Running pipelines again in the real program: against a GitHub that remembers, and with the local runner."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import QUARTERDECK, Terminal, environment
from quarterdeck.app import trust
from quarterdeck.app.actions import LATE_SECONDS, reconcile
from quarterdeck.app.settings import load
from quarterdeck.app.store import act_lock
from quarterdeck.app.store.state import State, state_file
from tests.servers.github import TOKEN, Asked, Github, Told

Opened = Callable[..., Terminal]


@pytest.fixture
def github() -> Iterator[Github]:
    """A run that passed, one that failed, and one that waits for an approval, oldest first."""
    with Github().serving() as server:
        server.add()
        server.add("failure")
        server.wait_for(server.add(None, status="waiting"), "production")
        yield server


FAILED = 7002
WAITING = 7003


@pytest.fixture
def project(tmp_path: Path, github: Github, command: Any) -> Path:
    """A trusted project on that server, in the cache already."""
    folder = tmp_path / "project"
    folder.mkdir()
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    (folder / "quarterdeck.toml").write_text(
        f'[[ci]]\nkind = "github"\nrepository = "acme/churn"\nbase_url = "{github.base_url}"\ntoken_file = "{token}"\n'
    )
    trust.record_trust(load(directory=folder))
    command(folder, "sync")
    return folder


@pytest.fixture
def state(project: Path) -> Path:
    """The project's state.db."""
    return state_file(load(directory=project).project_key)


@pytest.fixture
def opened(project: Path, terminal: Callable[..., Terminal]) -> Opened:
    """The terminal on the list of pipelines, with the cursor on the one that failed."""

    def start(*arguments: str) -> Terminal:
        program = terminal(*arguments, size=(120, 24), cwd=project)
        program.wait_for("5 Pipelines")
        program.press("5")
        program.wait_for("✖ failed", "‖ waiting", "? all")
        program.press("j")
        program.settle()
        return program

    return start


def ask(program: Terminal, *keys: str) -> None:
    """Press the keys and wait for the question, until somebody may have read it."""
    program.press(*keys)
    program.wait_for("type y to do it")
    program.settle(0.3)


def journal(state: Path) -> list[tuple[str, str]]:
    """Act and state, oldest first."""
    with State(state) as opened:
        return [(act.act, act.state) for act in reversed(opened.acts())]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


def test_a_failed_pipeline_runs_again_and_is_taken_back(opened: Opened, github: Github, state: Path) -> None:
    program = opened()
    ask(program, "R", "f")
    assert "re-run 1 failed job" in program.text or "re-run 2 failed jobs" in program.text
    assert "at github http://127.0.0.1" in program.text
    program.press("y")
    program.wait_for("attempt 2 is queued at github")
    assert github.done == [f"rerun-failed-jobs {FAILED}"]
    assert journal(state) == [("rerun_failed", "done")]
    program.wait_for("○ queued")  # the syncer was asked to read it again
    ask(program, "u")
    assert "take back re-run of failed jobs on 1 pipeline" in program.text
    program.press("y")
    program.wait_for("is cancelled at github")
    assert github.done == [f"rerun-failed-jobs {FAILED}", f"cancel {FAILED}"]
    program.wait_for("– cancelled")
    program.press("u")
    program.wait_for("nothing of yours to take back")


def test_a_deployment_is_approved(opened: Opened, github: Github, state: Path) -> None:
    program = opened()
    program.press("k")
    program.settle()
    ask(program, "A")
    assert "let the deployment to production" in program.text
    program.press("y")
    program.wait_for("production is approved")
    assert github.done == [f"pending_deployments {WAITING}"]
    program.press("u")
    program.wait_for("cannot be taken back")


def test_what_somebody_else_ran_again_meanwhile_is_left_alone(opened: Opened, github: Github, state: Path) -> None:
    program = opened()
    ask(program, "R", "a")
    github._again(FAILED, failed_only=False)
    program.press("y")
    program.wait_for("was run again meanwhile: it is at attempt 2")
    assert (github.done, journal(state)) == ([], [("rerun", "failed")])


def test_read_only_refuses_with_the_reason(opened: Opened, github: Github, state: Path) -> None:
    program = opened("--read-only")
    for key in ("R", "X", "A", "u"):
        program.press(key)
        program.wait_for("▲ Refused: quarterdeck was started with --read-only")
        program.press("j")
    assert (github.done, journal(state)) == ([], [])


@pytest.mark.parametrize("burst", [b"Rfy", b"Rayy\r y", b"Xy", b"Ay", b"uy"])
def test_keys_in_one_read_change_nothing(opened: Opened, github: Github, state: Path, burst: bytes) -> None:
    program = opened()
    program.send(burst)
    program.settle(0.5)
    program.press("esc", "esc", "esc")
    program.settle(0.3)
    assert (github.done, journal(state)) == ([], [])


class Held:
    """The server holds a request for a change until it may go, and then does it, unless `told` is the answer."""

    def __init__(self, github: Github) -> None:
        self.reached, self.go, self.over = threading.Event(), threading.Event(), threading.Event()
        self.told: Told | None = None
        github.faults.append(self)

    def __call__(self, asked: Asked) -> Told | None:
        if asked.method == "POST":
            self.reached.set()
            assert self.go.wait(30)
            self.over.set()
            return self.told
        return None


@pytest.mark.parametrize("how", ["kill", "hangup"])
def test_a_terminal_that_dies_while_acting_stops_nothing_and_the_next_one_tells(
    opened: Opened, github: Github, state: Path, project: Path, terminal: Callable[..., Terminal], how: str
) -> None:
    held = Held(github)
    program = opened()
    ask(program, "R", "f")
    program.send(b"y")
    assert held.reached.wait(30)
    if how == "kill":
        program.kill()
        program.process.wait()
    else:
        program.hangup()
        program.wait_exit()
    held.go.set()
    wait_until(lambda: journal(state) == [("rerun_failed", "done")])
    assert github.done == [f"rerun-failed-jobs {FAILED}"]
    terminal(cwd=project).wait_for("attempt 2 is queued at github")


@pytest.mark.parametrize("is_done", [True, False])
def test_when_the_act_s_process_dies_too_the_journal_finds_out_what_is_true(
    opened: Opened, github: Github, state: Path, project: Path, is_done: bool
) -> None:
    held = Held(github)
    program = opened()
    ask(program, "R", "f")
    program.send(b"y")
    assert held.reached.wait(30)
    acting = [pid for pid in program.started_processes() if _is_acting(pid)]
    assert len(acting) == 1
    program.kill()
    program.process.wait()
    os.kill(acting[0], signal.SIGKILL)
    held.told = None if is_done else Told(status=0)
    held.go.set()
    assert held.over.wait(30)
    wait_until(lambda: bool(github.done) == is_done)
    with State(state) as kept:
        wait_until(lambda: not any(act_lock.is_held(kept.path, act.batch) for act in kept.open_acts()))
        reconcile(load(directory=project), kept, time.time_ns() // 1_000_000 + round(2_000 * LATE_SECONDS))
        assert kept.open_acts() == []
    assert journal(state) == [("rerun_failed", "done" if is_done else "failed")]
    assert github.done == ([f"rerun-failed-jobs {FAILED}"] if is_done else [])


def _is_acting(pid: int) -> bool:
    with suppress(OSError):  # it ended meanwhile
        return b"act" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False


# -- the local runner

LOCAL = """
[[ci]]
kind = "local"
jobs = [ { name = "test", run = "[ ! -e {stop} ] || sleep 60" } ]
"""


def test_a_local_pipeline_runs_again_and_is_cancelled(
    tmp_path: Path, terminal: Callable[..., Terminal], command: Any
) -> None:
    folder, stop = tmp_path / "project", tmp_path / "stop"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(LOCAL.replace("{stop}", str(stop)))
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@acme"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Check the rows"]):
        subprocess.run([*git, *words], cwd=folder, check=True, env=environment())
    command(folder, "trust", "--yes")
    subprocess.run([*QUARTERDECK, "pipeline", "run"], cwd=folder, env=environment(), capture_output=True, check=True)
    command(folder, "sync")
    stop.touch()
    program = terminal(cwd=folder, size=(120, 24))
    program.wait_for("5 Pipelines")
    program.press("5")
    program.wait_for("local #1", "● passed", "? all")
    ask(program, "R")
    program.press("y")
    program.wait_for("local #1 was started again as local #2")
    program.wait_for("▶ running")
    ask(program, "u")
    assert "take back re-run of all jobs on 1 pipeline" in program.text
    program.press("y")
    program.wait_for("is cancelled at local")
    program.wait_for("– cancelled")
