"""The team's MLflow: runs, registered models and aliases, by MLflow's own client into a `sqlite:///` store."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .clock import MINUTE, Millis, standing

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


class Input(NamedTuple):
    """A dataset that went into a run."""

    name: str
    digest: str
    columns: Mapping[str, str] = {}
    """Name -> MLflow's type."""
    profile: Mapping[str, Any] = {}
    context: str = "training"


class Store:
    """One store. `empty` is one that was made before, with MLflow's own schema: making it takes seconds."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._artifacts = folder / "mlartifacts"
        shutil.copy(empty, folder / "mlflow.db")
        self._client = connected(folder / "mlflow.db", self._artifacts)
        self._experiments: dict[str, str] = {}

    def run(
        self, at: Millis, experiment: str, name: str, user: str, *, minutes: float = 20, status: str = "FINISHED",
        commit: str = "", params: Mapping[str, str] = {}, metrics: Mapping[str, float] = {},
        inputs: Sequence[Input] = (), tags: Mapping[str, str] = {},
    ) -> str:  # fmt: skip
        """A run that began at `at` and took so many minutes; "RUNNING" leaves it open. Gives its id."""
        from mlflow.entities import Metric, Param

        told = {"mlflow.user": user, "mlflow.source.name": "train.py", **tags}
        if commit:
            told["mlflow.source.git.commit"] = commit
        ended = at + round(minutes * MINUTE)
        with standing(at):
            run = self._client.create_run(self._experiment(experiment), start_time=at, tags=told, run_name=name)
            run_id = str(run.info.run_id)
            points = [Metric(key, value, ended, 1) for key, value in metrics.items()]
            self._client.log_batch(run_id, points, [Param(key, value) for key, value in params.items()])
            if inputs:
                self._client.log_inputs(run_id, [_input(one) for one in inputs])
        if status != "RUNNING":
            with standing(ended):
                self._client.set_terminated(run_id, status, ended)
        return run_id

    def log(self, at: Millis, run_id: str, key: str, value: float, step: int) -> None:
        """A further point of a run's metric."""
        with standing(at):
            self._client.log_metric(run_id, key, value, at, step)

    def end(self, at: Millis, run_id: str, status: str = "FINISHED") -> None:
        """A run that was open comes to its end."""
        with standing(at):
            self._client.set_terminated(run_id, status, at)

    def version(self, at: Millis, model: str, run_id: str) -> str:
        """Make a run the next version of a registered model; gives its number."""
        with standing(at):
            if not self._client.search_registered_models(f"name = '{model}'"):
                self._client.create_registered_model(model)
            where = self._client.get_run(run_id).info.artifact_uri
            return str(self._client.create_model_version(model, f"{where}/model", run_id).version)

    def alias(self, at: Millis, model: str, alias: str, version: str | None) -> None:
        """Let an alias show a version, as anybody with a client can; None takes it away."""
        with standing(at):
            if version is None:
                self._client.delete_registered_model_alias(model, alias)
            else:
                self._client.set_registered_model_alias(model, alias, version)

    def delete_version(self, at: Millis, model: str, number: str) -> None:
        """Delete a version; aliases that show it go with it."""
        with standing(at):
            self._client.delete_model_version(model, number)

    def _experiment(self, name: str) -> str:
        if name not in self._experiments:
            made = self._client.create_experiment(name, artifact_location=str(self._artifacts / name))
            self._experiments[name] = str(made)
        return self._experiments[name]


def _input(one: Input) -> object:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [{"type": kind, "name": name, "required": True} for name, kind in one.columns.items()]
    schema = msgspec.json.encode({"mlflow_colspec": columns}).decode() if columns else None
    profile = msgspec.json.encode(one.profile).decode() if one.profile else None
    source = msgspec.json.encode({"uri": f"data/{one.name}.csv"}).decode()
    dataset = Dataset(one.name, one.digest, "local", source, schema, profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", one.context)])


def empty_store(file: Path) -> Path:
    """A store without anything in it, made once and kept."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")  # another may make it at the same time
        fresh.unlink(missing_ok=True)
        connected(fresh, file.parent / "mlartifacts").search_experiments()
        fresh.rename(file)
    return file


def connected(file: Path, artifacts: Path) -> MlflowClient:
    """MLflow's client on a store. Nothing waits for the disk: a world is made anew at any time."""
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(artifacts)  # else the default experiment's is the working folder
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    import sqlalchemy  # with mlflow some 3 s, here alone
    from mlflow.tracking import MlflowClient
    from sqlalchemy.engine import Engine

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    if not sqlalchemy.event.contains(Engine, "connect", _hurry):
        sqlalchemy.event.listen(Engine, "connect", _hurry)
    return MlflowClient(f"sqlite:///{file}")


def _hurry(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
