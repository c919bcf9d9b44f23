"""A project with a cache, and two ways to call quarterdeck on it: as a process, and inside this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from quarterdeck.app.__main__ import main
from quarterdeck.app.records import Batch, Experiment, Run, SourceSpec, SourceState
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.files import cache_file

NOW = 1_773_000_000_000
SOURCE = SourceSpec(key="0123456789abcdef", kind="mlflow", name="mlflow", address="https://mlflow.example")


class Said(NamedTuple):
    """What a call said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with settings that reach nowhere."""
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    return folder


@pytest.fixture
def cache(project: Path) -> Path:
    """Where the project's cache lies."""
    return cache_file(None, load(directory=project).project_key)


@pytest.fixture
def call(project: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """quarterdeck in this process, on the project."""

    def called(*words: str, before: Sequence[str] = ()) -> Said:
        capfd.readouterr()
        status = main(["--project", str(project), *before, *words])
        sys.stdout.flush()
        said = capfd.readouterr()
        return Said(status, said.out, said.err)

    return called


@pytest.fixture
def process(project: Path) -> Call:
    """quarterdeck as a process of its own, on the project."""

    def called(*words: str, env: dict[str, str] | None = None, **rest: Any) -> Said:
        ended = subprocess.run(
            [sys.executable, "-m", "quarterdeck.app", *words],
            cwd=project, env={**os.environ, **(env or {})}, capture_output=True, timeout=60, check=False, **rest,
        )  # fmt: skip
        return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return called


@pytest.fixture
def fill(cache: Path) -> Callable[..., None]:
    """Write runs into the cache, as the syncer does."""

    def filled(*runs: Run, experiments: Sequence[Experiment] = (), state: str = "ok", at: int = NOW) -> None:
        made = {
            run.experiment_id: Experiment(source=SOURCE.key, id=run.experiment_id, name=f"exp-{run.experiment_id}")
            for run in runs
        }
        made |= {experiment.id: experiment for experiment in experiments}
        writer = Cache(cache)
        writer.declare([SOURCE])
        writer.write(SOURCE.key, Batch(experiments=tuple(made.values()), runs=runs), at)
        writer.save_state(
            SourceState(
                source=SOURCE.key, kind="mlflow", name="mlflow", address=SOURCE.address, state=state, last_ok_at=at,
                items=len(runs), sentence="" if state == "ok" else "The server is down: start it.",
            )
        )  # fmt: skip
        writer.close()

    return filled


def run(number: int, name: str = "", **rest: Any) -> Run:
    """A run of experiment 1; a later number started later."""
    given: dict[str, Any] = {"experiment_id": "1", "status": "finished", "started_at": NOW + 1000 * number} | rest
    return Run(source=SOURCE.key, id=f"{number:032x}", name=name or f"run-{number}", **given)


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """`run` above: test modules cannot import this one."""
    return run
