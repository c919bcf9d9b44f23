"""Registering in the real program, over a real tracking server: a name, a question, a version."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import Terminal
from quarterdeck.app import trust
from quarterdeck.app.settings import load
from tests.servers.mlflow_registry import Registry

Start = Callable[..., Terminal]
NAMES = ("calm-ox", "brave-cod")


@pytest.fixture
def registry(mlflow_server: str) -> Iterator[Registry]:
    made = Registry(mlflow_server)
    yield made
    made.close()


@pytest.fixture
def runs(mlflow_rest: Any, registry: Registry) -> dict[str, str]:
    """Two runs of an experiment of their own, with a model each; ids by name, the newest last."""
    experiment = mlflow_rest.create_experiment(f"registering {time.time_ns()}")
    at = time.time_ns() // 1_000_000 - 60_000
    made = {
        name: mlflow_rest.create_run(experiment, name, started_at=at + 1_000 * index)
        for index, name in enumerate(NAMES)
    }
    for run in made.values():
        registry.logged(experiment, run)
    return made


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


def ask(program: Terminal, name: str) -> None:
    """Type a name and wait for the question, until somebody may have read it."""
    program.press("V")
    program.type(name)
    program.press("enter")
    program.wait_for("type y to do it")
    program.settle(0.3)


def test_a_run_is_registered_and_what_it_is_now_is_said(
    project: Path, terminal: Start, registry: Registry, runs: dict[str, str]
) -> None:
    name = f"churn-{time.time_ns()}"
    program = terminal(size=(120, 24), cwd=project)
    program.wait_for(*NAMES, "? all")
    program.settle()
    ask(program, name)
    assert f"make the model of 1 run a version of {name} in models http://127.0.0.1" in program.text
    assert f"there is no {name} yet" in program.text
    program.press("enter", "space", "V")
    program.settle(0.3)
    assert "type y to do it" in program.text
    program.press("y")
    program.wait_for(f"brave-cod is {name} v1 now")
    found = registry.ask("GET", "model-versions/search", filter=f"name = '{name}'")["model_versions"]
    assert [(one["version"], one["run_id"]) for one in found] == [("1", runs["brave-cod"])]
    program.press("space", "space")
    ask(program, name)  # the syncer has read the new version
    assert "1 run left alone: a version of it already, or deleted" in program.text
    assert "its newest version is v1" in program.text
    program.press("y")
    program.wait_for(f"calm-ox is {name} v2 now")
    program.press("u")
    program.wait_for("a version that was made stays")
