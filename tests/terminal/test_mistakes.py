"""A mistake of our own, planted into the real program: it is told, written down, and nobody loses the terminal."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from bench.terminal import Terminal

PLANTED = """
import sys
from quarterdeck.app.main import Quarterdeck
from quarterdeck.screens.runs import RunsScreen

def mistaken(self, *arguments):
    raise RuntimeError("planted")

{plant}
from quarterdeck.app.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("plant", "keys"),
    [
        pytest.param("RunsScreen.action_open = mistaken", ["enter"], id="behind a key"),
        pytest.param("RunsScreen.on_record_table_moved = mistaken", ["j"], id="in a handler of a screen"),
    ],
)
def test_a_mistake_is_told_and_the_program_goes_on(churn: Path, plant: str, keys: list[str]) -> None:
    with Terminal(sys.executable, "-c", PLANTED.format(plant=plant), cwd=churn) as program:
        program.wait_for("answer")
        program.press("2")
        program.wait_for("136 runs", "mlflow ●")
        for key in keys:
            program.press(key)
        program.wait_for("a mistake of quarterdeck's own, RuntimeError")
        program.press("?")  # it still listens
        program.wait_for("Filter in the grammar")
        program.press("esc")
        program.wait_for("136 runs")
        program.press("q")  # back to where it opened, then out
        program.wait_for("answer")
        program.press("q")
        assert program.wait_exit() == 0
    log = Path(os.environ["XDG_STATE_HOME"]) / "quarterdeck" / "errors.log"
    assert "planted" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_mistake_that_comes_again_and_again_ends_it_with_status_1(churn: Path) -> None:
    plant = "Quarterdeck._look = mistaken"
    with Terminal(sys.executable, "-c", PLANTED.format(plant=plant), cwd=churn) as program:
        assert program.wait_exit(deadline=60) == 1
        assert "Traceback" in program.text or "mistake" in program.text
