"""The registry's own tables, read in place: the same as over REST, and stores of schemas that nobody knows."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import RefusedError, SourceError
from quarterdeck.app.records import SourceSpec, Want
from quarterdeck.app.sources.mlflow.registry import open_registry, tables
from quarterdeck.app.sources.mlflow.registry.client import ClientRegistry
from quarterdeck.app.sources.mlflow.registry.passes import RegistrySource
from quarterdeck.app.sources.mlflow.registry.tables import RegistryTables
from quarterdeck.app.sources.trouble import AnswerError
from tests.servers.mlflow_registry import Kept, Registry

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "mlflow"
SPEC = SourceSpec(key="8" * 16, kind="registry", name="models", address="sqlite")
NAMES = ["my model", "a..b", "x~1", "a[b]", "模型", "50% of 'em \"?&#+", "[bold]x \u202e"]


@pytest.fixture(autouse=True)
def _the_environment_is_given_back() -> Iterator[None]:
    """The client is told its bounds through the process's environment."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def server(serve_mlflow: Any, folder: Path) -> str:
    return str(serve_mlflow(folder))


@pytest.fixture(scope="module")
def registry(server: str) -> Iterator[Registry]:
    made = Registry(server)
    yield made
    made.close()


@pytest.fixture
async def source(folder: Path, registry: Registry) -> AsyncIterator[RegistryTables]:
    opened = RegistryTables(SPEC, folder / "mlflow.db", {})
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def world(registry: Registry) -> Registry:
    """Something of everything."""
    experiment = registry.experiment("world")
    run = registry.run(experiment)
    model_id = registry.logged(experiment, run, {"depth": "6"})
    registry.measure(run, model_id, "auc", 0.5, step=3, dataset_name="orders", dataset_digest="d1")
    registry.measure(run, model_id, "auc", 0.75, step=4, dataset_name="orders", dataset_digest="d1")
    registry.measure(run, model_id, "loss", "NaN")
    registry.measure(run, model_id, "top", "Infinity")
    registry.measure(run, model_id, "errors", 0.0)
    for name in NAMES:
        registry.model(name, tags=[{"key": "team", "value": name}], description=name)
        registry.version(name, f"models:/{model_id}", model_id=model_id, tags=[{"key": "a", "value": name}])
        registry.version(name, f"runs:/{run}/x", run_id=run, description=name)
        registry.alias(name, "champion", "1")
        registry.alias(name, "Champion", "2")
    registry.version("my model", "models:/a..b/2", description="Copied.")
    registry.ask("POST", "model-versions/transition-stage", name="my model", version="1", stage="Archived")
    registry.delete("x~1", "2")
    registry.model("none yet")
    registry.prompt("greeting")
    return registry


@pytest.mark.parametrize("way", ["tables", "client"])
async def test_the_same_store_gives_the_same_records_whichever_way_it_is_read(
    world: Registry, server: str, folder: Path, way: str
) -> None:
    by_rest = open_registry(SPEC, server)
    other = (
        open_registry(SPEC, f"sqlite:///{folder / 'mlflow.db'}")
        if way == "tables"
        else RegistrySource(SPEC, ClientRegistry(f"sqlite:///{folder / 'mlflow.db'}", SPEC.key, {}, None))
    )
    theirs, ours = await Kept().take(by_rest.poll({})), await Kept().take(other.poll({}))
    assert ours.models == theirs.models
    assert ours.versions == theirs.versions
    assert {one: repr(model) for one, model in ours.logged.items()} == {
        one: repr(model) for one, model in theirs.logged.items()
    }
    assert ours.models["greeting"].kind == "prompt"
    assert len(ours.logged) == 1
    assert len(ours.versions) == 2 * len(NAMES) + 1
    for source in (by_rest, other):
        model, version = await source.get_model("a[b]"), await source.get_version("a[b]", "2")
        assert (model, version) == (ours.models["a[b]"], ours.versions["a[b]", "2"])
        assert await source.get_version("x~1", "2") is None
        assert await source.get_version("x~1", "9") is None
        assert await source.get_model("nobody's") is None
        (logged,) = ours.logged.values()
        assert [one.id for one in await source.logged_of_run(str(logged.experiment_id), str(logged.run_id))] == [
            logged.id
        ]
        of_run = [one for one in ours.versions.values() if one.run_id == logged.run_id]
        assert {one.version for one in await source.versions_of_run(str(logged.run_id))} == {v.version for v in of_run}
        assert await source.versions_with_tag("quarterdeck.act", "01ACT") == []
        await source.close()


async def test_a_pass_over_an_unchanged_store_does_nothing(world: Registry, source: RegistryTables) -> None:
    got = await Kept().take(source.poll({}))
    assert got.batches
    await got.take(source.poll(got.cursor))
    assert got.batches == []


async def test_what_happens_shows_at_the_next_pass(registry: Registry, source: RegistryTables) -> None:
    for name in ("moves", "removed", "vanished", "gone"):
        registry.model(name)
        registry.version(name)
        registry.version(name)
        registry.alias(name, "champion", "1")
    got = await Kept().take(source.poll({}))
    registry.alias("moves", "champion", "2")
    registry.unalias("removed", "champion")
    registry.delete("vanished", "1")
    registry.delete("gone")
    registry.version("moves")
    registry.ask("POST", "model-versions/set-tag", name="moves", version="1", key="approved", value="yes")
    await got.take(source.poll(got.cursor))
    assert got.models["moves"].aliases == {"champion": "2"}
    assert got.models["removed"].aliases == got.models["vanished"].aliases == {}
    assert ("vanished", "1") in got.batches[0].versions_gone
    assert ("removed", "1") not in got.batches[0].versions_gone
    assert "gone" not in got.models
    assert ("moves", "3") in got.versions
    assert got.versions["moves", "1"].tags == {"approved": "yes"}
    assert ("vanished", "1") not in got.handed
    assert got.batches[-1].versions_gone_unless_seen_since is not None


async def test_windows_meet_every_version_once_and_a_killed_sync_goes_on(
    world: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_WINDOW", 4)
    monkeypatch.setattr(tables, "_OVERLAP", -60_000)
    got, handed = Kept(), list[tuple[str, str]]()
    for kill_after in (2, 3, 99):
        source = RegistryTables(SPEC, folder / "mlflow.db", {})
        got.batches = []
        async for batch in source.poll(got.cursor):
            got.add(batch)
            if len(got.batches) > kill_after:
                break
        handed += got.handed
        await source.close()
    assert set(handed) == set(got.versions)
    assert len(handed) == len(set(handed))
    source = RegistryTables(SPEC, folder / "mlflow.db", {})
    await got.take(source.poll(got.cursor))
    assert len(got.handed) == 4, "later a window a pass"
    whole = await Kept().take(source.sweep(got.cursor))
    assert set(whole.handed) == set(got.versions)
    assert [batch.cursor for batch in whole.batches[1:-1]] == [None] * (len(whole.batches) - 2)
    await source.close()


async def test_what_somebody_looks_at_is_read_now(world: Registry, source: RegistryTables) -> None:
    want = Want(kind="model", source=SPEC.key, model="a[b]", keys=("1", "9"))
    (batch,) = [batch async for batch in source.want(want)]
    assert [model.name for model in batch.models] == ["a[b]"]
    assert [one.version for one in batch.versions] == ["1"]
    assert len(batch.logged_models) == 1
    assert batch.versions_gone == (("a[b]", "9"),)
    assert [b async for b in source.want(Want(kind="run", source=SPEC.key))] == []


async def test_each_change_is_made_by_mlflows_own_client(
    registry: Registry, source: RegistryTables, server: str
) -> None:
    experiment = registry.experiment("changes")
    run = registry.run(experiment)
    model_id = registry.logged(experiment, run)
    await source.create_model("changed")
    await source.create_model("changed")
    made = await source.create_version("changed", f"models:/{model_id}", model_id=model_id, tags={"a": "1"})
    assert (made.version, made.run_id, made.model_id) == ("1", run, model_id)
    assert [one.version for one in await source.versions_of_run(run)] == ["1"]
    assert [one.version for one in await source.versions_with_tag("a", "1")] == ["1"]
    assert await source.versions_with_tag("a", "2") == []
    assert [one.id for one in await source.logged_of_run(experiment, run)] == [model_id]
    copy = await source.copy_version("changed", "1", "changed too")
    assert (copy.copied_from, copy.tags) == (("changed", "1"), {"a": "1"})
    await source.set_alias("changed", "champion", "1")
    await source.set_version_tag("changed", "1", "b", "2")
    await source.delete_version_tag("changed", "1", "a")
    await source.set_model_tag("changed", "team", "risk")
    await source.set_model_tag("changed", "gone", "soon")
    await source.delete_model_tag("changed", "gone")
    await source.update_description("changed", None, "A model.")
    await source.update_description("changed", "1", "A version.")
    model = registry.ask("GET", "registered-models/get", name="changed")["registered_model"]
    version = registry.ask("GET", "model-versions/get", name="changed", version="1")["model_version"]
    assert (model["description"], model["tags"]) == ("A model.", [{"key": "team", "value": "risk"}])
    assert model["aliases"] == [{"alias": "champion", "version": "1"}]
    assert (version["description"], version["tags"]) == ("A version.", [{"key": "b", "value": "2"}])
    assert await source.get_aliases("changed") == {"champion": "1"}
    with pytest.raises(AnswerError, match="cannot write to") as caught:
        await source.set_alias("changed", "latest", "1")
    assert caught.value.status == 400, "it was refused, not lost"
    assert os.environ.get("MLFLOW_TRACKING_URI") is None


# --- other schemas ----------------------------------------------------------------------------------------------


def make_store(path: Path, *statements: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        store.executescript((PAYLOADS / "tables_2_22.sql").read_text())
        for statement in statements:
            store.execute(statement)
    return path


OLD = (
    "CREATE TABLE registered_models (name TEXT PRIMARY KEY, creation_time BIGINT, last_updated_time BIGINT)",
    "CREATE TABLE model_versions (name TEXT, version INTEGER, creation_time BIGINT, last_updated_time BIGINT,"
    " current_stage TEXT, source TEXT, run_id TEXT, status TEXT, PRIMARY KEY (name, version))",
    "INSERT INTO registered_models VALUES ('old', 5, 6)",
    "INSERT INTO model_versions VALUES ('old', 1, 5, 6, 'Production', 's3://x', 'r1', 'READY')",
    "INSERT INTO model_versions VALUES ('old', 2, 5, 6, 'Deleted_Internal', 'REDACTED', 'REDACTED', 'READY')",
    "INSERT INTO model_versions VALUES ('old', 3, NULL, NULL, 'None', NULL, NULL, 'ARCHIVING')",
)


async def test_a_store_of_an_old_schema_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    source = RegistryTables(SPEC, make_store(tmp_path / "old.db", *OLD), {})
    got = await Kept().take(source.poll({}))
    assert got.models["old"].updated_at == 6
    assert {version: one.status for (_, version), one in got.versions.items()} == {"1": "ready", "3": "unknown"}
    assert got.versions["old", "3"].raw_status == "ARCHIVING"
    assert (got.versions["old", "1"].stage, got.versions["old", "1"].run_id) == ("Production", "r1")
    with pytest.raises(RefusedError, match="change its registry with the MLflow that wrote the store"):
        await source.set_alias("old", "champion", "1")
    await source.close()


async def test_a_store_without_a_registry_has_no_models(tmp_path: Path) -> None:
    source = RegistryTables(SPEC, make_store(tmp_path / "bare.db"), {})
    got = await Kept().take(source.poll({}))
    assert (got.models, got.versions) == ({}, {})
    assert got.batches[0].models_complete
    assert await source.get_model("x") is None
    await source.close()


async def test_the_workspace_of_the_environment_is_read(tmp_path: Path) -> None:
    path = make_store(
        tmp_path / "spaces.db",
        "CREATE TABLE registered_models (name TEXT, workspace TEXT)",
        "INSERT INTO registered_models VALUES ('usual', 'default'), ('theirs', 'team a')",
    )
    for environment, name in (({}, "usual"), ({"MLFLOW_WORKSPACE": "team a"}, "theirs")):
        source = RegistryTables(SPEC, path, environment)
        got = await Kept().take(source.poll({}))
        assert set(got.models) == {name}
        await source.close()


async def test_a_file_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    source = open_registry(SPEC, "sqlite:///missing.db", directory=tmp_path)
    with pytest.raises(SourceError, match="does not exist") as caught:
        await Kept().take(source.poll({}))
    assert caught.value.state == "misconfigured"
    assert list(tmp_path.iterdir()) == []
    await source.close()


async def test_a_folder_of_files_is_read_through_mlflows_client(tmp_path: Path) -> None:
    model = tmp_path / "mlruns" / "models" / "churn"
    (model / "version-1").mkdir(parents=True)
    (model / "meta.yaml").write_text(
        "creation_timestamp: 5\ndescription: null\nlast_updated_timestamp: 6\nname: churn\n"
    )
    (model / "version-1" / "meta.yaml").write_text(
        "creation_timestamp: 5\ncurrent_stage: None\ndescription: null\nlast_updated_timestamp: 6\nname: churn\n"
        "run_id: r1\nrun_link: null\nsource: s3://x\nstatus: READY\nstatus_message: null\nuser_id: null\nversion: 1\n"
        "storage_location: s3://x\n"
    )
    (model / "aliases").mkdir()
    (model / "aliases" / "champion").write_text("1")
    source = open_registry(SPEC, "mlruns", directory=tmp_path)
    got = await Kept().take(source.poll({}))
    assert got.models["churn"].aliases == {"champion": "1"}
    assert (got.versions["churn", "1"].status, got.versions["churn", "1"].run_id) == ("ready", "r1")
    await source.set_version_tag("churn", "1", "a", "b")
    found = await source.get_version("churn", "1")
    assert found is not None
    assert found.tags == {"a": "b"}
    await source.close()


@pytest.mark.tools
async def test_a_store_of_mlflow_2_gives_the_same_as_its_server(mlflow2_server: str, mlflow2_folder: Path) -> None:
    filled = Registry(mlflow2_server)
    filled.model("by rest")
    filled.version("by rest")
    for name in ("folders/of/tables", "by tables"):
        filled.model(name, tags=[{"key": "team", "value": "risk"}], description=name)
        filled.version(name, tags=[{"key": "a", "value": "b"}])
        filled.version(name, "models:/by rest/1", description="Copied.")
        filled.alias(name, "champion", "2")
    filled.delete("by tables", "1")
    filled.close()
    by_rest, by_tables = open_registry(SPEC, mlflow2_server), RegistryTables(SPEC, mlflow2_folder / "mlflow.db", {})
    theirs, ours = await Kept().take(by_rest.poll({})), await Kept().take(by_tables.poll({}))
    assert (ours.models, ours.versions) == (theirs.models, theirs.versions)
    with pytest.raises(RefusedError, match="Nothing was changed"):
        await by_tables.set_alias("by tables", "champion", "2")
    await by_rest.close()
    await by_tables.close()


async def test_a_clock_that_was_set_back_takes_no_version_for_gone(world: Registry, folder: Path) -> None:
    cursor: dict[str, Any] = {}
    for seconds in (2_000.0, 1_990.0):
        source = RegistryTables(SPEC, folder / "mlflow.db", {}, clock=lambda now=seconds: now)  # type: ignore[misc]  # mypy takes the default for an argument
        unless = []
        async for batch in source.poll(cursor):
            cursor = dict(batch.cursor) if batch.cursor is not None else cursor
            unless.append(batch.versions_gone_unless_seen_since)
        await source.close()
        assert max(one for one in unless if one is not None) <= seconds * 1000
