"""What is on the terminal is what the program means to show, though no line is sent twice."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import Terminal

Start = Callable[..., Terminal]

WALK = (
    "j", "j", "space", "space", "=", "j", "j", "d", "esc", "j", "enter", "j", "j", "f", "right", "enter", "left", "e",
    "x", "esc", "esc", "esc", "esc", "c", "esc", "y", "esc", "?", "esc", "s", "esc", "t", "G", "g", "b", "pgdn",
    "e", "esc", "h", "esc", "b",
)  # fmt: skip


@pytest.fixture
def runs(churn: Path, terminal: Start) -> Start:
    """The terminal on the project, when its first screen stands."""

    def start(size: tuple[int, int] = (120, 40)) -> Terminal:
        program = terminal(size=size, cwd=churn)
        program.wait_for("experiment churn", " runs ", "? all", "mlflow ●")
        program.settle(quiet=0.3)
        return program

    return start


def sent_by(program: Terminal, key: str) -> int:
    before = program.received
    program.press(key)
    program.settle(quiet=0.4)
    return program.received - before


def same_after_repainting(program: Terminal) -> None:
    program.settle(quiet=1.2)  # curves and files that were asked for arrive when they like
    before = program.lines
    assert program.press("ctrl+l") > 2_000
    program.settle(quiet=0.3)
    assert program.lines == before


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (170, 50)])
def test_after_any_walk_through_the_screens_painting_all_of_it_anew_changes_nothing(
    runs: Start, size: tuple[int, int]
) -> None:
    program = runs(size)
    for number, key in enumerate(WALK):
        program.press(key)
        if number % 6 == 5:
            same_after_repainting(program)
    program.resize(size[0] - 7, size[1] - 3)
    same_after_repainting(program)
    program.resize(*size)
    same_after_repainting(program)


def test_what_something_else_wrote_over_the_screen_goes_with_ctrl_l(runs: Start) -> None:
    program = runs()
    before = program.lines
    program.scribble("\x1b[5;1HBroadcast message from root")
    assert program.lines != before
    program.press("enter", "esc")
    program.settle(quiet=0.4)
    assert "Broadcast" not in program.text  # a line that was another in between is sent again
    program.scribble("\x1b[5;1HBroadcast message from root")
    program.press("ctrl+l")
    assert program.lines == before


def test_after_a_suspension_all_of_the_screen_is_painted(runs: Start) -> None:
    program = runs()
    before = program.lines
    program.press("ctrl+z")
    stat = Path(f"/proc/{program.process.pid}/stat")
    program.wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "the process stops")
    program.scribble("\x1b[5;1H$ fg" + " " * 60 + "\x1b[9;1Hquarterdeck")
    assert program.lines != before
    program.process.send_signal(signal.SIGCONT)
    program.wait_gone("$ fg")
    program.settle(quiet=0.3)
    assert program.lines == before


def test_opening_and_leaving_a_run_sends_each_screen_once(runs: Start) -> None:
    program = runs()
    whole = program.press("ctrl+l")
    program.press("enter")
    program.settle(quiet=1.2)  # what nobody had asked for yet
    program.press("esc")
    # the page, and what comes after a rest; on a busy machine answers come one by one, and each paints its part
    assert sent_by(program, "enter") < 4 * whole
    assert sent_by(program, "esc") < 1.2 * whole
