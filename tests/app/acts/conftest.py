"""A project on a real MLflow 3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State, state_file
from tests.app.acts.worlds import Models
from tests.servers.between import in_front_of
from tests.servers.mlflow_registry import Registry


@pytest.fixture(scope="session")
def registry(mlflow_server: str) -> Iterator[Registry]:
    made = Registry(mlflow_server)
    yield made
    made.close()


@pytest.fixture
def models(registry: Registry, mlflow_server: str, tmp_path: Path) -> Iterator[Models]:
    with in_front_of(mlflow_server) as door:
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{door.url}"\n')
        trust.record_trust(load(directory=folder))
        yield Models(registry, door, folder)


@pytest.fixture
def model_state(models: Models) -> Iterator[State]:
    """The project's journal."""
    with State(state_file(models.settings.project_key)) as opened:
        yield opened
