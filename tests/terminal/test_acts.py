"""Tagging and copying in the real program, over a real tracking server and under a real tmux."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import Terminal
from quarterdeck.app import trust
from quarterdeck.app.actions import LATE_SECONDS, reconcile
from quarterdeck.app.settings import load
from quarterdeck.app.store import act_lock
from quarterdeck.app.store.state import State, state_file

Start = Callable[..., Terminal]
Opened = Callable[..., Terminal]
NAMES = ("calm-ox", "brave-cod", "plain-fox")


@pytest.fixture
def runs(mlflow_rest: Any) -> dict[str, str]:
    """Three runs of an experiment of their own, the last with a tag; ids by name, the newest last."""
    experiment = mlflow_rest.create_experiment(f"acts {time.time_ns()}")
    tags: list[dict[str, str]] = [{}, {}, {"stage": "silver"}]
    at = time.time_ns() // 1_000_000 - 60_000
    return {
        name: mlflow_rest.create_run(experiment, name, tags=own, started_at=at + 1_000 * index)
        for index, (name, own) in enumerate(zip(NAMES, tags, strict=True))
    }


@pytest.fixture
def project(tmp_path: Path, mlflow_server: str, mlflow_rest: Any, runs: dict[str, str], command: Any) -> Path:
    """A trusted project that sees the experiment of these runs, in the cache already."""
    folder = tmp_path / "project"
    folder.mkdir()
    some = mlflow_rest.get("runs/get", run_id=runs[NAMES[0]])["run"]["info"]["experiment_id"]
    name = mlflow_rest.get("experiments/get", experiment_id=some)["experiment"]["name"]
    (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\nexperiments = ["{name}"]\n')
    trust.record_trust(load(directory=folder))
    command(folder, "sync")
    return folder


@pytest.fixture
def opened(project: Path, terminal: Start) -> Opened:
    """The terminal on the project, when its runs are there."""

    def start(*arguments: str, size: tuple[int, int] = (120, 24), env: Any = None) -> Terminal:
        program = terminal(*arguments, size=size, cwd=project, env=env)
        program.wait_for(*NAMES, "? all")
        program.settle()
        return program

    return start


def ask(program: Terminal, tag: str) -> None:
    """Type a tag and wait for the question, until somebody may have read it."""
    program.press("T")
    program.type(tag)
    program.press("enter")
    program.wait_for("type y to do it")
    program.settle(0.3)


def stages(rest: Any, runs: dict[str, str]) -> dict[str, str | None]:
    """The tag `stage` of each run, as the server has it."""
    found = {name: rest.get("runs/get", run_id=one)["run"]["data"].get("tags", []) for name, one in runs.items()}
    return {name: {tag["key"]: tag["value"] for tag in tags}.get("stage") for name, tags in found.items()}


@pytest.fixture
def state(project: Path) -> Path:
    """The project's state.db."""
    return state_file(load(directory=project).project_key)


def journal(state: Path) -> list[tuple[str, str]]:
    """Name and state of every act, oldest first."""
    with State(state) as opened:
        return [(act.intent["name"], act.state) for act in reversed(opened.acts())]


def test_one_run_is_tagged_and_the_tag_appears(
    opened: Opened, runs: dict[str, str], mlflow_rest: Any, state: Path
) -> None:
    program = opened()
    ask(program, "stage=gold")
    assert "set stage=gold on 1 run in mlflow http://127.0.0.1" in program.text
    assert "stage=silver now" in program.text
    program.press("y")
    program.wait_for("stage=gold: done on 1 run")
    assert stages(mlflow_rest, runs) == {"calm-ox": None, "brave-cod": None, "plain-fox": "gold"}
    assert journal(state) == [("plain-fox", "done")]
    program.press("/")
    program.type('tags.stage = "gold"')
    program.press("enter")  # the syncer has read the run again
    program.wait_until(lambda: "1 of 3" in program.lines[1] and "plain-fox" in program.text, "the tag in the cache")


def test_three_marked_runs_are_tagged_and_taken_back(
    opened: Opened, runs: dict[str, str], mlflow_rest: Any, state: Path
) -> None:
    program = opened()
    program.press("space", "space", "space")
    ask(program, "stage=gold")
    assert "set stage=gold on 3 runs" in program.text
    program.press("y")
    program.wait_for("stage=gold: done on 3 runs")
    assert set(stages(mlflow_rest, runs).values()) == {"gold"}
    program.press("u")
    program.wait_for("take back stage=gold on 3 runs", "no stage again", "stage=silver again")
    program.settle(0.3)
    program.press("y")
    program.wait_for("again: done on 3 runs")
    assert stages(mlflow_rest, runs) == {"calm-ox": None, "brave-cod": None, "plain-fox": "silver"}
    assert [how for _, how in journal(state)] == ["done"] * 6
    program.press("u")
    program.wait_for("nothing of yours to take back")


def test_read_only_refuses_with_the_reason(opened: Opened, runs: dict[str, str], state: Path) -> None:
    program = opened("--read-only")
    for key in ("T", "u"):
        program.press(key)
        program.wait_for("▲ Refused: quarterdeck was started with --read-only")
        program.press("j")
    assert journal(state) == []


@pytest.mark.parametrize("burst", [b"Tstage=gold\ry", b"Tstage=gold\ryy\r y", b"uy", b"Ty"])
def test_keys_in_one_read_change_nothing(
    opened: Opened, runs: dict[str, str], mlflow_rest: Any, state: Path, burst: bytes
) -> None:
    program = opened()
    before = stages(mlflow_rest, runs)
    program.send(burst)
    program.settle(0.5)
    program.press("esc", "esc")
    program.settle(0.5)
    assert journal(state) == []
    assert stages(mlflow_rest, runs) == before


def test_a_paste_changes_nothing(opened: Opened, state: Path) -> None:
    program = opened()
    program.paste("Ty")
    program.settle(0.3)
    assert "KEY=VALUE" not in program.text
    ask(program, "stage=gold")
    program.paste("y")
    program.settle(0.3)
    assert "type y to do it" in program.text
    program.press("esc")
    program.wait_for("nothing was changed")
    assert journal(state) == []


def test_a_dropped_line_stops_nothing_and_the_next_terminal_tells(
    opened: Opened, runs: dict[str, str], mlflow_rest: Any, state: Path
) -> None:
    program = opened()
    program.press("space", "space", "space")
    ask(program, "stage=gold")
    program.send(b"y")
    program.wait_for("stage=gold: ")  # it is asked for, and on the disk
    program.hangup()
    program.wait_exit()
    wait_until(lambda: all(how == "done" for _, how in journal(state)) and len(journal(state)) == 3)
    assert set(stages(mlflow_rest, runs).values()) == {"gold"}
    opened().wait_for("stage=gold: done on 3 runs")


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


def test_a_killed_terminal_leaves_an_act_whole_or_unasked(
    opened: Opened, runs: dict[str, str], mlflow_rest: Any, state: Path, project: Path
) -> None:
    chance = random.Random(11)
    for number in range(5):
        program = opened()
        ask(program, f"stage=s{number}")
        program.send(b"y")
        program.watch(chance.uniform(0, 0.4))
        program.kill()
        program.process.wait()
        if chance.random() < 0.5:
            for pid in acting(program):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        with State(state) as kept:
            wait_until(partial(nobody_acts, kept, program))
            later = time.time_ns() // 1_000_000 + round(2_000 * LATE_SECONDS)
            reconcile(load(directory=project), kept, later)
            assert kept.open_acts() == []
            told = {act.intent["value"]: act.state for act in kept.acts()}
        there = stages(mlflow_rest, runs)["plain-fox"]
        assert (told.get(f"s{number}") == "done") == (there == f"s{number}")
        program.close()


def nobody_acts(state: State, program: Terminal) -> bool:
    held = [act for act in state.open_acts() if act_lock.is_held(state.path, act.batch)]
    return not held and not acting(program)


def acting(program: Terminal) -> list[int]:
    """Processes that carry out acts for this terminal."""
    found = []
    for pid in program.started_processes():
        with suppress(OSError):  # it ended meanwhile
            if b"act" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


# -- copying


def test_what_is_copied_is_the_run_and_its_python_loads_it(
    opened: Opened, runs: dict[str, str], command: Any, project: Path
) -> None:
    program = opened(env={"TMUX": None})
    for downs, label in ((0, "id"), (3, "Python"), (5, "JSON")):
        program.press("y", *"j" * downs, "enter")
        program.wait_for(f"as {label} (OSC 52)")
    said, python, exact = program.copied
    assert said == runs["plain-fox"]
    listed = {run["id"]: run for run in json.loads(command(project, "runs", "--json"))}
    assert json.loads(exact) == listed[runs["plain-fox"]]
    code = python + "print(run.info.run_id, run.data.tags['stage'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == [runs["plain-fox"], "silver"], done.stderr


def test_inside_tmux_the_buffer_has_it(opened: Opened, runs: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    socket = str(tmp_path / "tmux")
    call = ["tmux", "-S", socket, "-f", "/dev/null"]
    subprocess.run([*call, "new-session", "-d", "cat"], check=True, timeout=20)
    try:
        program = opened(env={"TMUX": f"{socket},1,0"})
        program.press("y", "j", "enter")
        program.wait_for("as URI (tmux)")
        shown = subprocess.run([*call, "show-buffer"], check=True, timeout=20, capture_output=True, text=True)
        assert shown.stdout == f"runs:/{runs['plain-fox']}/"
        assert program.copied == []
    finally:
        subprocess.run([*call, "kill-server"], check=True, timeout=20)
