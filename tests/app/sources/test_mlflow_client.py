"""Through MLflow's own client: what is neither HTTP nor SQLite, and what it says when it fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Run, SourceSpec, Want
from quarterdeck.app.sources.mlflow import MlflowSource, open_mlflow
from quarterdeck.app.sources.mlflow.client import ClientApi
from quarterdeck.app.sources.mlflow.passes import TrackingSource

SPEC = SourceSpec(key="9" * 16, kind="mlflow", name="mlflow", address="client")


@pytest.fixture(autouse=True)
def _the_environment_is_given_back() -> Iterator[None]:
    """The client is told its bounds through the process's environment."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


async def polled(source: MlflowSource) -> dict[str, Run]:
    return {run.id: run async for batch in source.poll({}) for run in batch.runs}


async def test_the_client_gives_the_same_records_as_rest(mlflow_server: str, mlflow_rest: Any) -> None:
    experiment = mlflow_rest.create_experiment("by client")
    run_id = mlflow_rest.create_run(
        experiment, "one", params={"a": "1"}, tags={"mlflow.source.git.commit": "c" * 40},
        metrics=[("nan", "NaN", 0), ("up", "Infinity", 3), ("acc", 0.25, 2), ("acc", 0.5, 1)],
    )  # fmt: skip
    dataset = {
        "name": "orders",
        "digest": "d1",
        "source_type": "local",
        "source": "{}",
        "schema": "[]",
        "profile": "{}",
    }
    context = [{"key": "mlflow.data.context", "value": "training"}]
    mlflow_rest.post("runs/log-inputs", run_id=run_id, datasets=[{"tags": context, "dataset": dataset}])
    gone = mlflow_rest.create_run(experiment, "two", end="KILLED")
    mlflow_rest.post("runs/delete", run_id=gone)
    by_rest = open_mlflow(SPEC, mlflow_server, experiments=["by client"])
    by_client = TrackingSource(SPEC, ClientApi(mlflow_server, SPEC.key, {}, None), ["by client"])
    here, there = await polled(by_rest), await polled(by_client)
    assert {one: repr(run) for one, run in there.items()} == {one: repr(run) for one, run in here.items()}
    assert there[gone].status == "deleted"
    for kind, keys in (("history", ("acc",)), ("artifacts", ())):
        want = Want(kind=kind, source=SPEC.key, run_ids=(run_id,), keys=keys)  # type: ignore[arg-type]  # both are kinds
        ours, theirs = [[repr(batch) async for batch in source.want(want)] for source in (by_client, by_rest)]
        assert ours == theirs
    await by_client.set_run_tag(run_id, "team", "risk")
    assert (await by_client.get_run(run_id)).tags["team"] == "risk"
    await by_client.delete_run_tag(run_id, "team")
    assert "team" not in (await by_client.get_run(run_id)).tags
    absent = Want(kind="run", source=SPEC.key, run_ids=("0" * 32,))
    assert [batch async for batch in by_client.want(absent)] == []
    await by_rest.close()
    await by_client.close()


async def test_a_folder_of_runs_is_read(tmp_path: Path, mlflow_folder: Path) -> None:
    run = tmp_path / "mlruns" / "7" / "aaaa"
    (run / "metrics").mkdir(parents=True)
    (run / "params").mkdir()
    (run / "artifacts").mkdir()
    (run / "tags").mkdir()
    (tmp_path / "mlruns" / "7" / "meta.yaml").write_text(
        "artifact_location: file:///nowhere/7\ncreation_time: 1\nexperiment_id: '7'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: old files\n"
    )
    (run / "meta.yaml").write_text(
        "artifact_uri: file:///nowhere/7/aaaa/artifacts\nend_time: 2000\nentry_point_name: ''\nexperiment_id: '7'\n"
        "lifecycle_stage: active\nrun_id: aaaa\nrun_name: one\nrun_uuid: aaaa\nsource_name: ''\nsource_type: 4\n"
        "source_version: ''\nstart_time: 1000\nstatus: 3\ntags: []\nuser_id: ann\n"
    )
    (run / "metrics" / "loss").write_text("1000 0.5 0\n1001 0.25 1\n")
    (run / "params" / "lr").write_text("0.1")
    source = open_mlflow(SPEC, "mlruns", directory=tmp_path)
    found = await polled(source)
    want = Want(kind="history", source=SPEC.key, run_ids=("aaaa",), keys=("loss",), points=500)
    (series,) = [series async for batch in source.want(want) for series in batch.histories]
    await source.close()
    columns = [list(column) for column in (series.steps, series.times, series.values)]
    assert (columns, series.history) == ([[0, 1], [1000, 1001], [0.5, 0.25]], "complete")
    assert found["aaaa"].params == {"lr": "0.1"}
    assert (found["aaaa"].metrics["loss"].value, found["aaaa"].status) == (0.25, "finished")


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    source = open_mlflow(SPEC, "mlruns", directory=tmp_path)
    with pytest.raises(SourceError, match="does not exist") as caught:
        await polled(source)
    await source.close()
    assert caught.value.state == "misconfigured"
    assert list(tmp_path.iterdir()) == []


async def test_an_address_that_no_plugin_knows_is_said_without_its_login() -> None:
    source = open_mlflow(SPEC, "nosuchscheme://ann:hunter22@host/x")
    with pytest.raises(SourceError) as caught:
        await polled(source)
    await source.close()
    assert "nosuchscheme://host/x" in str(caught.value)
    assert "hunter22" not in str(caught.value)


async def test_a_dead_server_is_given_up_soon() -> None:
    source = TrackingSource(SPEC, ClientApi("http://127.0.0.1:1", SPEC.key, {}, None))
    with pytest.raises(SourceError, match="cannot read"):
        await polled(source)
    await source.close()
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
