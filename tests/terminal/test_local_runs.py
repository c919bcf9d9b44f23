"""In the real program a key runs a local pipeline again and another stops it; the runner lives on its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import QUARTERDECK, environment

from .conftest import StartTerminal

SETTINGS = """
[project]
name = "churn"

[[ci]]
kind = "local"
jobs = [
  { name = "data", run = "echo read 12 rows" },
  { name = "train", run = 'if test -e "$QUARTERDECK_PROJECT/.git/slow"; then sleep 1000; fi', needs = ["data"] },
]
"""


@pytest.fixture
def project(tmp_path: Path, command: Callable[..., str]) -> Path:
    """A trusted repository whose pipeline ran once, and passed."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@acme"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Check the rows"]):
        subprocess.run([*git, *words], cwd=folder, check=True, env=environment())
    command(folder, "trust", "--yes")
    command(folder, "pipeline", "run")
    command(folder, "sync")
    return folder


def test_a_key_runs_a_pipeline_again_as_a_new_one(terminal: StartTerminal, project: Path) -> None:
    pipelines = terminal(cwd=project)
    pipelines.press("5")
    pipelines.wait_for("pipelines   1", "local #1")
    pipelines.press("R")
    pipelines.wait_for("type y")
    pipelines.settle(0.3)  # what comes right after the question is no answer
    pipelines.press("y")
    pipelines.wait_for("pipelines   2", "local #2")
    pipelines.wait_until(lambda: sum("● passed" in line for line in pipelines.lines) >= 2, "both are green")


def test_another_key_stops_it(terminal: StartTerminal, project: Path) -> None:
    (project / ".git" / "slow").touch()
    with subprocess.Popen(
        [*QUARTERDECK, "pipeline", "run"], cwd=project, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as runner:  # fmt: skip
        try:
            pipelines = terminal(cwd=project)
            pipelines.press("5")
            pipelines.wait_for("local #2", "▶ running")
            pipelines.press("g", "X")
            pipelines.wait_for("cancel local #2", "type y")
            pipelines.settle(0.3)
            pipelines.press("y")
            pipelines.wait_for("– cancelled")
            assert runner.wait(60) == 1
        finally:
            runner.terminate()
