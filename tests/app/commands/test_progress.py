"""How a sync is narrated, and how trust asks, where somebody sits in front of it."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.commands import progress
from quarterdeck.app.commands.progress import Bar, Lines
from quarterdeck.app.records import SourceState
from quarterdeck.app.settings import load

REACHING = '[mlflow]\ntracking_uri = "https://mlflow.example"\n'


def state(done: int | None = None, total: int | None = None, name: str = "mlflow") -> SourceState:
    return SourceState(source="k", kind="mlflow", name=name, state="ok", done=done, total=total)


def on_a_terminal(where: Path, *words: str, typed: bytes = b"") -> tuple[int, str]:
    """Status and all that is written, when stdin, stdout and stderr are one pseudo-terminal of 60 columns."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", *words], cwd=where, stdin=inner, stdout=inner, stderr=inner
    )
    os.close(inner)
    os.write(outer, typed)
    written = b""
    try:
        while piece := os.read(outer, 65536):
            written += piece
    except OSError:  # Linux says EIO where the other side is closed
        pass
    os.close(outer)
    return process.wait(60), written.decode()


def test_a_known_total_gives_a_bar_and_an_unknown_one_a_count() -> None:
    assert progress.progress(state(1_200, 4_800)) == "mlflow █████░░░░░░░░░░░░░░░ 1 200 of 4 800"
    assert progress.progress(state(9_000, 4_800)).startswith("mlflow ████████████████████ ")
    assert progress.progress(state(1_200)) == "mlflow 1 200"
    assert progress.progress(state(name="\x1b[31m")) == "\\u{1b}[31m ok"


def test_the_bar_paints_one_line_over_itself_and_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := io.StringIO())
    monkeypatch.setenv("COLUMNS", "30")
    with Bar() as bar:
        bar.tell(state(1, 4))
        bar.tell(state(2, 4))
    assert written.getvalue() == ("\rmlflow █████░░░░░░░░░░░░░░░ …\x1b[K\rmlflow ██████████░░░░░░░░░░ …\x1b[K\r\x1b[K")


def test_where_nobody_watches_a_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr("quarterdeck.app.commands.progress.time.monotonic", lambda: next(clock))
    with Lines() as lines:  # begins at 0
        for done in (10, 110, 120, 220):
            lines.tell(state(done))
    assert capsys.readouterr().err == "mlflow 110\nmlflow 220\n"


def test_a_sync_on_a_terminal_leaves_only_how_it_ended(project: Path) -> None:
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=project, check=True)
    status, written = on_a_terminal(project, "sync")
    assert status == 0
    assert written.rpartition("\x1b[K")[2] == "git: ok, 1 item.\r\n"


@pytest.mark.parametrize(("typed", "status", "trusted"), [(b"y\n", 0, True), (b"n\n", 2, False), (b"\n", 2, False)])
def test_trust_asks_and_takes_only_a_yes(typed: bytes, status: int, trusted: bool, project: Path) -> None:
    (project / "quarterdeck.toml").write_text(REACHING)
    ended, written = on_a_terminal(project, "trust", typed=typed)
    assert "https://mlflow.example" in written
    assert "Trust this?" in written
    assert (ended, trust.is_trusted(load(directory=project))) == (status, trusted)
