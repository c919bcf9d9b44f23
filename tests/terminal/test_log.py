"""The real program on the log of a real job: it opens where it failed, and follows one that runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import QUARTERDECK, environment

from .conftest import StartTerminal

TRAIN = """
import os, sys, time
from pathlib import Path

told = Path(os.environ["QUARTERDECK_PROJECT"], ".git", "told")
print("reading 12 rows", flush=True)
if told.exists():
    seen = 0
    while "end" not in (words := told.read_text().split()):
        for word in words[seen:]:
            print("epoch", word, "\\x1b[31mloss\\x1b[0m", flush=True)
        seen = len(words)
        time.sleep(0.05)
    sys.exit(0)
for epoch in range(200):
    print("epoch", epoch)
int("null")
"""
SETTINGS = """
[project]
name = "churn"

[[ci]]
kind = "local"
jobs = [{ name = "train", run = "python3 train.py" }]
"""


@pytest.fixture
def project(tmp_path: Path, command: Callable[..., str]) -> Path:
    """A trusted repository with one job."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    (folder / "train.py").write_text(TRAIN)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@acme"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Train"]):
        subprocess.run([*git, *words], cwd=folder, check=True, env=environment())
    command(folder, "trust", "--yes")
    return folder


def test_a_key_opens_the_log_of_the_job_that_failed_where_it_failed(
    terminal: StartTerminal, project: Path, command: Callable[..., str]
) -> None:
    subprocess.run([*QUARTERDECK, "pipeline", "run"], cwd=project, env=environment(), capture_output=True, check=False)
    command(project, "sync")
    program = terminal(cwd=project, size=(80, 24))
    program.press("5")
    program.wait_for("local #1", "✖ failed")
    program.press("l")
    program.wait_for("ValueError: invalid literal for int() with base 10: 'null'", "line 205 of 205", "not following")
    at = program.find("ValueError: invalid literal")
    assert at is not None
    assert program.lines[at[0]].startswith("▸ ✖ ValueError")
    program.press("/")
    program.type("epoch 1.7$")
    program.press("enter")
    program.wait_for("line 109 of 205")
    program.press("n")
    program.wait_for("line 119 of 205")
    program.press("q")
    program.wait_for("local #1")


def test_a_log_that_grows_is_followed(terminal: StartTerminal, project: Path, command: Callable[..., str]) -> None:
    told = project / ".git" / "told"
    told.write_text("one\n")
    with subprocess.Popen(
        [*QUARTERDECK, "pipeline", "run"], cwd=project, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as runner:  # fmt: skip
        try:
            program = terminal(cwd=project)
            program.press("5")
            program.wait_for("local #1", "▶ running")
            program.press("l")
            program.wait_for("epoch one loss", "following")
            told.write_text("one\ntwo\n")
            program.wait_for("epoch two loss", "line 3 of 3   following")
            listed = command(project, "pipelines", "--columns", "id").split()
            assert command(project, "pipeline", "log", f"pipeline/{listed[1]}").endswith(
                "epoch one loss\nepoch two loss\n"
            )
            told.write_text("one\ntwo\nend\n")
            assert runner.wait(60) == 0
            program.wait_for("● passed")
        finally:
            runner.terminate()


def test_a_command_prints_the_log_without_a_syncer(project: Path, command: Callable[..., str]) -> None:
    subprocess.run([*QUARTERDECK, "pipeline", "run"], cwd=project, env=environment(), capture_output=True, check=False)
    command(project, "sync")
    listed = command(project, "pipelines", "--columns", "id")
    said = command(project, "pipeline", "log", f"pipeline/{listed.split()[1]}")
    assert said.splitlines()[:2] == ["reading 12 rows", "epoch 0"]
    assert said.splitlines()[-1] == "ValueError: invalid literal for int() with base 10: 'null'"
