"""Kubeflow's Model Registry: payloads of our own making, a server that remembers, and the official document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import ModelVersion, RegisteredModel, SourceSpec, Want
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.kubeflow_registry import KubeflowRegistry, open_kubeflow_registry, passes
from quarterdeck.app.sources.kubeflow_registry.parse import Resource, Version, parse_model, parse_version
from tests.servers.kubeflow_registry import API, KubeflowModels
from tests.servers.loopback import Asked, Loopback, Told, serving
from tests.servers.mlflow_registry import Kept
from tests.servers.openapi import Specification

SPEC = SourceSpec(key="k", kind="registry", name="kubeflow-models", address="http://kubeflow")
NAME = "churn [bold] \u202e"
FILE = Path(__file__).parents[3].parent / "shared/contracts/openapi/kubeflow-model-registry/model-registry.openapi.yaml"


@pytest.fixture
def kubeflow() -> KubeflowModels:
    return KubeflowModels()


@pytest.fixture
def server(kubeflow: KubeflowModels) -> Iterator[Loopback]:
    with serving(kubeflow.answer) as listening:
        yield listening


def source_on(server: Loopback) -> KubeflowRegistry:
    return open_kubeflow_registry(SPEC, Http(server.url))


async def test_every_fact_is_read(server: Loopback) -> None:
    source = source_on(server)
    got = await Kept().take(source.poll({}))
    await source.close()
    assert got.models == {
        NAME: RegisteredModel(
            source="k", name=NAME, description="Who leaves.", created_at=1790000000000, updated_at=1790000005000,
            tags={"team": "risk"},
        )
    }  # fmt: skip
    assert got.batches[0].models_complete
    assert got.versions[NAME, "v1.0 / first"] == ModelVersion(
        source="k", model=NAME, version="v1.0 / first", status="ready", raw_status="LIVE", description="The first.",
        created_at=1790000001000, updated_at=1790000001000, user="ann", origin="s3://models/churn/1",
        tags={
            "accuracy": "0.75", "rows": "300000", "approved": "true", "framework": "xgboost", "schema": "eyJhIjoxfQ==",
            "any": "AAE=",
        },
    )  # fmt: skip
    archived = got.versions[NAME, "v2.0"]
    assert (archived.status, archived.raw_status, archived.stage, archived.origin) == (
        "unknown", "ARCHIVED", "Archived", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "status"), [("LIVE", "ready"), (None, "ready"), ("ARCHIVED", "unknown"), ("SOMETHING_NEW", "unknown")]
)
def test_a_state_that_is_not_known_is_never_green(state: str | None, status: str) -> None:
    raw = msgspec.convert({"id": "1", "name": "v1", "state": state}, Version)
    assert parse_version(raw, "k", "churn", []).status == status


def test_nothing_but_the_names_is_needed() -> None:
    model = parse_model(msgspec.convert({"id": "1", "name": "churn", "unheard": []}, Resource), "k")
    assert (model.tags, model.created_at, model.description) == ({}, None, "")
    odd = {"createTimeSinceEpoch": "soon", "customProperties": {"new": {"metadataType": "MetadataNewValue", "x": [1]}}}
    version = parse_version(msgspec.convert({"id": "1", "name": "v", **odd}, Version), "k", "churn", [])
    assert (version.created_at, version.tags) == (None, {"new": '{"metadataType":"MetadataNewValue","x":[1]}'})


async def test_a_quiet_pass_costs_two_requests(server: Loopback) -> None:
    source = source_on(server)
    got = await Kept().take(source.poll({}))
    server.asked.clear()
    await got.take(source.poll(got.cursor))
    await source.close()
    assert [asked.path.removeprefix(API) for asked in server.asked] == ["registered_models", "model_versions"]
    assert got.handed == []


async def test_what_is_new_or_changed_comes_with_the_next_pass(server: Loopback, kubeflow: KubeflowModels) -> None:
    source = source_on(server)
    got = await Kept().take(source.poll({}))
    for number in range(5):
        kubeflow.add(f"new {number}", at=1790000100000 + number)
    kubeflow.versions[0] |= {"state": "ARCHIVED", "lastUpdateTimeSinceEpoch": "1790000100009"}
    await got.take(source.poll(got.cursor))
    assert {version for _, version in got.handed} == {*(f"new {number}" for number in range(5)), "v1.0 / first"}
    assert got.versions[NAME, "v1.0 / first"].status == "unknown"
    assert got.versions[NAME, "new 4"].origin == "s3://models/new 4"
    kubeflow.models.append({"id": "9", "name": "later"})
    await got.take(source.poll(got.cursor))
    assert set(got.models) == {NAME, "later"}
    assert got.handed == []
    await source.close()


async def test_a_first_sync_that_was_killed_goes_on_where_it_was(server: Loopback, kubeflow: KubeflowModels) -> None:
    for number in range(7):
        kubeflow.add(f"old {number}", at=1780000000000 + number)
    got, handed = Kept(), list[tuple[str, str]]()
    for kill_after in (1, 2, 99):
        source = source_on(server)
        got.batches = []
        async for batch in source.poll(got.cursor):
            got.add(batch)
            if len(got.batches) > kill_after:
                break
        handed += got.handed
        await source.close()
    assert len(handed) == len(set(handed)) == 9
    source = source_on(server)
    whole = await Kept().take(source.sweep(got.cursor))
    await source.close()
    assert set(whole.handed) == set(handed)
    assert [batch.cursor is None for batch in whole.batches] == [True] * (len(whole.batches) - 1) + [False]


async def test_a_version_whose_model_was_made_since_is_named_and_one_of_nobody_is_left_out(
    server: Loopback, kubeflow: KubeflowModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_on(server)
    got = await Kept().take(source.poll({}))
    kubeflow.models.append({"id": "9", "name": "later"})
    kubeflow.add("one", at=1790000100000, model="9")
    kubeflow.add("two", at=1790000100001, model="77")

    async def as_before() -> tuple[RegisteredModel, ...]:
        return ()

    monkeypatch.setattr(source, "_listing", as_before)
    await got.take(source.poll(got.cursor))
    await source.close()
    assert got.handed == [("later", "one")]


async def test_what_somebody_looks_at_is_read_now(server: Loopback, kubeflow: KubeflowModels) -> None:
    source = source_on(server)
    (batch,) = [b async for b in source.want(Want(kind="model", source="k", model=NAME, keys=("v1.0 / first", "no")))]
    assert [model.name for model in batch.models] == [NAME]
    assert [(one.version, one.origin) for one in batch.versions] == [("v1.0 / first", "s3://models/churn/1")]
    assert [b async for b in source.want(Want(kind="model", source="k", model="nobody's"))] == []
    assert [b async for b in source.want(Want(kind="run", source="k"))] == []
    await source.close()


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (Told({"code": "401", "message": "no"}, 401), "unauthorised"),
        (Told({"code": "403", "message": "no"}, 403), "forbidden"),
        (Told({"code": "404", "message": "no"}, 404), "misconfigured"),
        (Told({"code": "500", "message": "no"}, 500), "unreachable"),
        (Told(b'{"items": [{"id": "1", "na'), "not_understood"),
        (Told(b"<html>", 200, {"Content-Type": "text/html"}), "not_understood"),
    ],
)
async def test_what_goes_wrong_is_a_sentence(told: Told, state: str) -> None:
    def answer(asked: Asked) -> Told:
        return told

    with serving(answer) as listening:
        source = source_on(listening)
        with pytest.raises(SourceError) as caught:
            await Kept().take(source.poll({}))
        await source.close()
    assert caught.value.state == state
    assert "127.0.0.1" in str(caught.value)


# -- the official document


@pytest.fixture(scope="module")
def specification() -> Specification:
    if not FILE.exists():
        pytest.skip("the specification is not here")
    return Specification(FILE)


async def test_all_that_is_asked_is_in_the_document(
    specification: Specification, server: Loopback, kubeflow: KubeflowModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_OVERLAP", 0)
    for number in range(5):
        kubeflow.add(f"new {number}", at=1790000100000 + number)
        kubeflow.models.append({"id": str(number + 20), "name": f"model {number}"})
    source = source_on(server)
    got = await Kept().take(source.poll({}))
    kubeflow.add("orphan", at=1790000200000, model="77")
    await got.take(source.poll(got.cursor))
    await Kept().take(source.want(Want(kind="model", source="k", model=NAME, keys=("v2.0", "no"))))
    await source.close()
    routes = {(specification.route(asked.path) or "").removeprefix(API) for asked in server.asked}
    assert routes == {
        "registered_models", "model_versions", "model_versions/{modelversionId}/artifacts",
        "registered_models/{registeredmodelId}", "registered_models/{registeredmodelId}/versions",
    }  # fmt: skip
    for asked in server.asked:
        assert specification.problems_of_request(asked.method, asked.path, asked.query, asked.body) == [], asked


def test_our_own_registry_answers_as_the_document_says(specification: Specification, kubeflow: KubeflowModels) -> None:
    asked: list[tuple[str, dict[str, str]]] = [
        ("registered_models", {}), ("model_versions", {"orderBy": "CREATE_TIME", "sortOrder": "DESC"}),
        ("model_versions/2/artifacts", {"artifactType": "model-artifact"}), ("registered_models/1", {}),
        ("registered_models/1/versions", {"pageSize": "9"}), ("registered_models/77", {}),
    ]  # fmt: skip
    for path, query in asked:
        told = kubeflow.answer(Asked("GET", API + path, query, {}, b""))
        body: Any = json.loads(json.dumps(told.body))
        assert specification.problems_of_answer("GET", API + path, told.status, body) == [], path
