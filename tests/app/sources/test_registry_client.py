"""The model registry in a folder, through MLflow's own client: what can be registered there, and nothing beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.mlflow.registry import open_registry


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that has nothing to do with the registry."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's own, on the same folder."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    address = (tmp_path / "mlruns").as_uri()
    return MlflowClient(tracking_uri=address, registry_uri=address)


async def test_a_logged_model_is_registered_found_and_read_in_a_folder(
    tmp_path: Path, elsewhere: Path, client: Any
) -> None:
    experiment = client.create_experiment("churn")
    run = client.create_run(experiment).info.run_id
    model = client.create_logged_model(experiment, source_run_id=run, name="model")
    client.finalize_logged_model(model.model_id, "READY")
    address = str(tmp_path / "mlruns")
    source = open_registry(SourceSpec(key="6" * 16, kind="registry", name="models", address=address), address)
    assert [one.id for one in await source.logged_of_run(experiment, run)] == [model.model_id]
    await source.create_model("churn")
    made = await source.create_version(
        "churn", f"models:/{model.model_id}", run, model.model_id, {"quarterdeck.act": "01ACT"}, "The first."
    )
    assert (made.version, made.run_id, made.description) == ("1", run, "The first.")
    for found in (await source.versions_of_run(run), await source.versions_with_tag("quarterdeck.act", "01ACT")):
        assert [(one.model, one.version, one.model_id) for one in found] == [("churn", "1", model.model_id)]
    assert await source.get_version("churn", "1") is not None
    await source.close()
    assert list(elsewhere.iterdir()) == [], "MLflow makes no database where it is called from"
    assert "MLFLOW_TRACKING_URI" not in os.environ
