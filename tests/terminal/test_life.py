"""What happens around the program while it is open: other processes log, servers go, syncers die, lines drop."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from bench.terminal import Terminal
from quarterdeck.app.settings import load
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.schema import VERSION

from .conftest import copy_world

Start = Callable[..., Terminal]
SIZES = [(80, 24), (120, 40)]


def syncers(program: Terminal) -> list[int]:
    """The syncers that this terminal started."""
    found = []
    for pid in program.started_processes():
        with suppress(OSError):
            if b"sync" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def wait_for_syncer(program: Terminal, other_than: int = 0, deadline: float = 20.0) -> int:
    """The one syncer that is alive."""
    program.wait_until(lambda: bool(set(syncers(program)) - {other_than}), "a syncer", deadline)
    (pid,) = set(syncers(program)) - {other_than}
    return pid


def newest_cache(project: Path) -> Path:
    return cache_file(None, load(directory=project).project_key)


# -- news


def test_a_run_that_another_process_logs_appears_by_itself(
    terminal: Start, churn: Path, log_runs: Callable[..., list[str]]
) -> None:
    settings = churn / "quarterdeck.toml"
    settings.write_text(settings.read_text() + '\n[sync]\nevery = "1s"\n')
    program = terminal(cwd=churn)
    program.wait_for("136 runs", "mlflow ●")
    wait_for_syncer(program)
    log_runs(f"sqlite:///{churn / 'mlflow.db'}", {"experiment": "churn", "name": "newcomer-1", "val_auc": 0.9991})
    program.wait_for("newcomer-1", "137 runs", "0.9991")


# -- the first time


def test_the_first_start_fills_the_screen_by_itself(terminal: Start, demo_world: Path, tmp_path: Path) -> None:
    copy_world(demo_world, tmp_path / "fresh")
    program = terminal(cwd=tmp_path / "fresh", size=(80, 24))
    program.wait_for("136 runs", "mlflow ● now", "val_auc", "▸")


@pytest.mark.parametrize("size", SIZES)
def test_an_empty_folder_says_what_to_do(terminal: Start, size: tuple[int, int]) -> None:
    program = terminal(size=size)
    program.wait_for("MLFLOW_TRACKING_URI", "quarterdeck init", "quarterdeck demo", "? all")
    program.press("j", "enter", "G", "space", "t")
    program.press("q")
    assert program.wait_exit() == 0


def test_an_experiment_without_runs_says_where_to_log_one(
    terminal: Start, tmp_path: Path, log_runs: Callable[..., list[str]]
) -> None:
    store = tmp_path / "mlflow.db"
    log_runs(f"sqlite:///{store}")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    program = terminal(cwd=tmp_path)
    program.wait_for("no runs in this experiment yet", "appears here")


# -- servers


class Cable:
    """A port on loopback that leads to another one while it is plugged in, and refuses connections while it is not."""

    def __init__(self, to: int) -> None:
        self._to = to
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._listening: socket.socket | None = None
        self._open: list[socket.socket] = []

    def plug_in(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def pull_out(self) -> None:
        for one in [self._listening, *self._open]:
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._listening, self._open = None, []

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listening.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture
def cable(mlflow_server: str) -> Iterator[Cable]:
    """A cable to a real tracking server."""
    made = Cable(int(mlflow_server.rpartition(":")[2]))
    yield made
    made.pull_out()


@pytest.mark.parametrize("size", SIZES)
def test_a_server_that_goes_and_comes_back(
    terminal: Start,
    tmp_path: Path,
    cable: Cable,
    mlflow_rest: Any,
    command: Callable[..., str],
    size: tuple[int, int],
) -> None:
    name = f"harbour-{size[0]}"
    experiment = mlflow_rest.create_experiment(name)
    mlflow_rest.create_run(experiment, "first-light", metrics=[("val_auc", 0.75, 1)])
    (tmp_path / "quarterdeck.toml").write_text(
        f'[mlflow]\ntracking_uri = "http://127.0.0.1:{cable.port}"\nexperiments = ["{name}"]\n[sync]\nevery = "1s"\n'
    )
    command(tmp_path, "trust", "--yes")

    program = terminal(cwd=tmp_path, size=size)  # nobody answers yet
    program.wait_for(
        "✖ unreachable", "could not be read yet", f"Nothing listens at 127.0.0.1:{cable.port}", "r tries again"
    )
    cable.plug_in()
    program.wait_for("first-light", "0.7500", "mlflow ● now")
    program.wait_gone("unreachable")

    cable.pull_out()
    program.wait_for("✖ unreachable", f"Nothing listens at 127.0.0.1:{cable.port}: mlflow, models", "first-light")
    program.press("enter")
    program.wait_for("› first-light", "0.7500")
    program.press("q")
    program.wait_for(f"experiment {name}")

    mlflow_rest.create_run(experiment, "second-wind", metrics=[("val_auc", 0.8, 1)])
    cable.plug_in()
    program.wait_for("second-wind", "mlflow ● now")
    program.wait_gone("unreachable")


def test_a_project_that_reaches_out_is_asked_about_first(terminal: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        port = listening.getsockname()[1]
        (tmp_path / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "http://127.0.0.1:{port}"\n')
        program = terminal(cwd=tmp_path)
        program.wait_for("untrusted", "quarterdeck trust")
        with pytest.raises(TimeoutError):
            listening.accept()


# -- the syncer


def test_a_killed_syncer_is_followed_by_another(terminal: Start, churn: Path) -> None:
    program = terminal(cwd=churn)
    program.wait_for("136 runs")
    first = wait_for_syncer(program)
    os.kill(first, signal.SIGKILL)
    second = wait_for_syncer(program, other_than=first, deadline=10.0)
    assert second != first
    with closing(sqlite3.connect(f"file:{newest_cache(churn)}?mode=ro", uri=True)) as cache:
        assert cache.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_terminals_share_one_syncer(terminal: Start, churn: Path) -> None:
    one = terminal(cwd=churn)
    one.wait_for("136 runs")
    wait_for_syncer(one)
    other = terminal(cwd=churn)
    other.wait_for("136 runs", "mlflow ●")
    other.watch(5.0)  # longer than a terminal takes to look after its syncer
    assert len(syncers(one)) + len(syncers(other)) == 1


@pytest.mark.parametrize("end", ["hangup", "kill", "q"])
def test_the_syncer_lives_on_when_its_terminal_ends(terminal: Start, churn: Path, end: str) -> None:
    program = terminal(cwd=churn)
    program.wait_for("136 runs")
    pid = wait_for_syncer(program)
    if end == "q":
        program.press("q")
    else:
        getattr(program, end)()
    program.wait_exit()
    assert pid in syncers(program)  # beside it for an instant each Git that it is about to become
    again = terminal(cwd=churn)
    again.wait_for("136 runs")


# -- rest


def test_a_terminal_at_rest_sends_nothing(terminal: Start, churn: Path) -> None:
    program = terminal(cwd=churn)
    program.wait_for("136 runs", "mlflow ●")
    program.press("/")
    program.type("started_at < -12d")  # ages in days: none will change meanwhile
    program.press("enter")
    program.wait_for("? all", "started_at < -12d")
    wait_for_syncer(program)
    program.settle(quiet=2.0)  # the syncer's first pass is over
    assert program.watch(4.0) == 0


# -- what must be refused


def test_a_cache_of_a_newer_version_is_refused_in_one_sentence(terminal: Start, churn: Path) -> None:
    path = newest_cache(churn)
    with closing(sqlite3.connect(path)) as cache:
        cache.execute(f"PRAGMA user_version = {VERSION + 1}")
        cache.commit()
    program = terminal(cwd=churn)
    status = program.wait_exit()
    said = [line for line in program.lines if line]
    assert status != 0
    assert "newer" in " ".join(said)
    assert "Traceback" not in program.text
    assert len(said) <= 3


def test_wrong_settings_are_one_sentence_and_status_2(terminal: Start, churn: Path) -> None:
    settings = churn / "quarterdeck.toml"
    settings.write_text(settings.read_text().replace("tracking_uri", "traking_uri"))
    program = terminal(cwd=churn)
    assert program.wait_exit() == 2
    assert "quarterdeck.toml" in program.text.replace("\n", "")
    assert "tracking_uri" in program.text.replace("\n", "")
    assert "Traceback" not in program.text


# -- foreign text

HOSTILE = {
    "[bold]x[/]": "[bold]x[/]",
    "esc \x1b[31;41mred\x1b[0m\x1b]0;owned\x07\x1b[2J": "esc \\u{1b}[31;41mr",
    "bidi \u202egnp.exe": "bidi \\u{202e}gnp.e",
    "日本語の実験の名前がとても長い場合": "日本語",
    "שלום עולם": "שלום עולם",
    "line\nfeed\ttab": "line\\u{a}feed",
    "long " + "x" * 3_990: "long xxxxx",
    "e" + "\u0301" * 30: "e",
}


@pytest.mark.parametrize("size", SIZES)
def test_hostile_names_are_shown_safely_and_the_layout_holds(
    terminal: Start,
    tmp_path: Path,
    log_runs: Callable[..., list[str]],
    command: Callable[..., str],
    size: tuple[int, int],
) -> None:
    import json

    ids = log_runs(f"sqlite:///{tmp_path / 'mlflow.db'}", *({"experiment": "odd", "name": name} for name in HOSTILE))
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    command(tmp_path, "sync")
    program = terminal(cwd=tmp_path, size=size)
    program.wait_for("8 runs", *(shown[:12] for shown in HOSTILE.values() if shown.isascii()))
    program.settle()
    title = program.title
    status = program.lines[3].index("status")
    for row in range(4, 12):
        cells = [program.cell(row, column).data for column in range(size[0])]
        assert "● finished" in "".join(cells[status : status + 10])  # no name pushes its neighbours
    for _ in HOSTILE:
        program.press("enter")
        program.wait_for("odd › ", "metrics")
        assert all(cell_len(line) <= size[0] for line in program.lines)
        program.press("q")
        program.wait_for("8 runs")
        program.press("j")
    assert program.title == title  # nobody renamed the window
    told = {one["id"]: one["name"] for one in json.loads(command(tmp_path, "runs", "--json"))}
    assert told == dict(zip(ids, HOSTILE, strict=True))
