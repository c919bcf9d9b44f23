"""Somebody marks a run that goes on, and hears of it: the real program, a real store, another process that trains."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import Terminal

Start = Callable[..., Terminal]

# what a trainer does, one word of it at a time
_TRAIN = """
import sys
from mlflow.tracking import MlflowClient
client, word, run_id = MlflowClient(sys.argv[1]), sys.argv[2], sys.argv[3]
if word == "begin":
    experiment = client.get_experiment_by_name("harbour")
    number = experiment.experiment_id if experiment else client.create_experiment("harbour")
    run_id = client.create_run(number, run_name=run_id, tags={"mlflow.user": "zoe"}).info.run_id
    client.log_metric(run_id, "val_auc", 0.5, step=1)
elif word == "nan":
    client.log_metric(run_id, "val_auc", float("nan"), step=7)
else:
    client.set_terminated(run_id, word)
print(run_id)
"""


@pytest.fixture
def train(tmp_path: Path) -> Callable[[str, str], str]:
    """Another process: `train("begin", name)` gives the run's id, `train("nan", id)`, `train("FINISHED", id)`."""

    def do(word: str, run: str) -> str:
        store = f"sqlite:///{tmp_path / 'mlflow.db'}"
        done = subprocess.run(
            [sys.executable, "-c", _TRAIN, store, word, run], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return do


@pytest.mark.parametrize(
    ("env", "size"), [({}, (120, 40)), ({"TERM": "foot", "COLORTERM": None}, (80, 24))], ids=["osc 9", "osc 777"]
)
def test_a_marked_run_is_heard_of(
    terminal: Start, tmp_path: Path, train: Callable[[str, str], str], env: dict[str, str], size: tuple[int, int]
) -> None:
    run = train("begin", "tugboat")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[sync]\nevery = "1s"\n')
    program = terminal(size=size, env=env)
    program.wait_for("tugboat", "▶ running", "mlflow ●")
    program.press("space")
    program.wait_for("tugboat is watched", "◉ running")
    assert (program.rung, program.notified) == (0, [])
    title = program.title

    train("nan", run)
    program.wait_for("! tugboat turned NaN at step 7: val_auc")
    told = [word for word in program.notified if "turned NaN" in word]
    assert (program.rung, len(told)) == (1, 1)

    train("FAILED", run)
    program.wait_for("✖ tugboat failed after", "✖ failed", "+1 more, :notices")
    assert program.rung == 2
    assert "tugboat failed after" in program.notified[-1]
    assert program.title == title

    def is_gone() -> bool:
        program.press("j")  # the first may come so soon that nobody can have read it
        return "tugboat failed after" not in program.text

    program.wait_until(is_gone, "the notice to be read")
    program.press("q")
    assert program.wait_exit() == 0


def test_what_ended_while_no_terminal_was_open_is_told_by_the_next(
    terminal: Start, tmp_path: Path, train: Callable[[str, str], str]
) -> None:
    run = train("begin", "tugboat")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[sync]\nevery = "1s"\n')
    first = terminal(size=(80, 24))
    first.wait_for("tugboat", "▶ running", "mlflow ●")
    first.press("space")
    first.wait_for("tugboat is watched")
    first.press("q")
    first.wait_exit()
    train("FINISHED", run)
    second = terminal(size=(80, 24))
    second.wait_for("● tugboat finished after", "● finished")
    assert second.rung == 1
