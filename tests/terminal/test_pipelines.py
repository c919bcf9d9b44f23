"""A walk through the pipelines in the real program: what the local CI ran, its page, its log, and what a key costs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import QUARTERDECK, environment

StartTerminal = Callable[..., Any]

SETTINGS = """
[project]
name = "churn"

[[ci]]
kind = "local"
jobs = [
  { name = "data", run = "echo read 12 rows" },
  { name = "test", run = "echo E  assert 1 == 2; exit 3", needs = ["data"] },
  { name = "deploy", run = "echo never", needs = ["test"] },
]
"""


@pytest.fixture
def project(tmp_path: Path, command: Callable[..., str]) -> Path:
    """A trusted repository whose only pipeline ran once, and failed."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@acme"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Check the rows"]):
        subprocess.run([*git, *words], cwd=folder, check=True, env=environment())
    command(folder, "trust", "--yes")
    ran = subprocess.run([*QUARTERDECK, "pipeline", "run"], cwd=folder, env=environment(), capture_output=True,
                         check=False)  # fmt: skip
    assert ran.returncode == 1  # its tests fail
    command(folder, "sync")
    return folder


def test_from_the_list_to_the_failing_line(terminal: StartTerminal, project: Path) -> None:
    pipelines = terminal(cwd=project)
    pipelines.wait_for("2 Runs", "5 Pipelines")
    pipelines.press("5")
    pipelines.wait_for("local #1", "✖ failed", "● data", "✖ test", "– deploy", "never green before")
    pipelines.press("enter")
    pipelines.wait_for("Exit status 3.", "Check the rows", "their word")
    pipelines.press("enter")
    pipelines.wait_for("assert 1 == 2")
    pipelines.press("esc", "esc")
    pipelines.wait_for("local #1", "pipelines   1")


def test_a_pipeline_is_opened_from_the_command_line(terminal: StartTerminal, project: Path) -> None:
    found = subprocess.run([*QUARTERDECK, "pipelines", "--columns", "id"], cwd=project, env=environment(), text=True,
                           capture_output=True, check=True).stdout.split()[-1]  # fmt: skip
    page = terminal("open", f"pipeline/{found[:10]}", cwd=project)
    page.wait_for("local › local #1", "✖ failed")
    log = terminal("open", f"job/{found}.test", cwd=project)
    log.wait_for("assert 1 == 2")


def test_a_cursor_move_costs_some_hundred_bytes_and_what_is_said_below_a_few_more(
    terminal: StartTerminal, project: Path
) -> None:
    subprocess.run([*QUARTERDECK, "pipeline", "run"], cwd=project, env=environment(), capture_output=True, check=False)
    pipelines = terminal(cwd=project, size=(80, 24))
    pipelines.press("5")
    pipelines.wait_for("local #1", "local #2", "✖ test")
    pipelines.settle()
    pipelines.press("g")  # news leave the cursor where it is: on the first of the two
    sent = [pipelines.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
