"""The model registry over REST, against a real MLflow server: every fact, every alias, cheap passes, exact names."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import ModelMetric, ModelVersion, SourceSpec, Want
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.mlflow.registry import looks, open_registry, rest, sweeping
from quarterdeck.app.sources.mlflow.registry.passes import RegistrySource
from quarterdeck.app.sources.mlflow.registry.rest import RestRegistry
from quarterdeck.app.sources.trouble import NoModelError
from tests.servers.mlflow_registry import Kept, Registry, Wire

NAMES = ["my model", "a..b", "x~1", "a[b]", "模型", "50% of 'em \"?&#+", "[bold]x \u202e"]


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture(scope="module")
def server(serve_mlflow: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A server with a registry of its own: nothing in a registry keeps tests apart but names."""
    return str(serve_mlflow(tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="module")
def registry(server: str) -> Iterator[Registry]:
    made = Registry(server)
    yield made
    made.close()


def spec_of(url: str) -> SourceSpec:
    return SourceSpec(key="6" * 16, kind="registry", name="models", address=url)


def source_on(url: str, wire: httpx.AsyncBaseTransport, page: int = 200) -> RegistrySource:
    return RegistrySource(spec_of(url), RestRegistry(Http(url, transport=wire), "6" * 16), page=page)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def source(server: str, wire: Wire) -> AsyncIterator[RegistrySource]:
    opened = source_on(server, wire)
    yield opened
    await opened.close()


async def test_every_fact_of_a_model_and_its_versions_is_read(registry: Registry, source: RegistrySource) -> None:
    experiment = registry.experiment("facts")
    run = registry.run(experiment)
    registry.model("facts", tags=[{"key": "team", "value": "risk"}], description="Who leaves.")
    first = registry.version(
        "facts", f"runs:/{run}/model", run_id=run, tags=[{"key": "a", "value": "b"}], description="The first."
    )
    registry.version("facts", "s3://bucket/other")
    registry.ask("POST", "model-versions/transition-stage", name="facts", version=first, stage="Production")
    registry.alias("facts", "champion", first)
    registry.alias("facts", "Champion", "2")
    got = await Kept().take(source.poll({}))
    model, version = got.models["facts"], got.versions["facts", "1"]
    said = registry.ask("GET", "model-versions/get", name="facts", version="1")["model_version"]
    assert (model.kind, model.description, model.tags) == ("model", "Who leaves.", {"team": "risk"})
    assert model.aliases == {"champion": "1", "Champion": "2"}
    assert version == ModelVersion(
        source="6" * 16, model="facts", version="1", status="ready", raw_status="READY", stage="Production",
        description="The first.", created_at=said["creation_timestamp"], updated_at=said["last_updated_timestamp"],
        run_id=run, origin=f"runs:/{run}/model", tags={"a": "b"},
    )  # fmt: skip
    assert got.versions["facts", "2"].stage == ""
    assert got.batches[0].models_complete
    assert not got.batches[0].versions, "the models come at once"
    assert got.batches[-1].versions_gone_unless_seen_since is not None


async def test_a_logged_models_metrics_come_with_the_data_that_they_were_measured_on(
    registry: Registry, source: RegistrySource
) -> None:
    experiment = registry.experiment("logged")
    run, later = registry.run(experiment), registry.run(experiment)
    model_id = registry.logged(experiment, run, {"depth": "6"})
    orders = {"dataset_name": "orders", "dataset_digest": "d1"}
    registry.measure(run, model_id, "auc", 0.5, step=1, **orders)
    registry.measure(run, model_id, "auc", 0.75, step=9, **orders)
    registry.measure(run, model_id, "auc", 0.25, dataset_name="orders", dataset_digest="d2")
    registry.measure(later, model_id, "auc", 0.875, timestamp=1_790_000_000_009, **orders)
    registry.measure(run, model_id, "loss", "NaN", step=3)
    registry.measure(run, model_id, "errors", 0.0)
    registry.model("with metrics")
    registry.version("with metrics", f"models:/{model_id}", model_id=model_id)
    got = await Kept().take(source.poll({}))
    assert got.versions["with metrics", "1"].model_id == model_id
    assert got.versions["with metrics", "1"].run_id == run
    logged = got.logged[model_id]
    assert (logged.name, logged.kind, logged.status, logged.run_id) == ("model", "xgb", "ready", run)
    assert (logged.experiment_id, logged.params) == (experiment, {"depth": "6"})
    at = 1_790_000_000_000
    assert set(logged.metrics) >= {
        ModelMetric(name="auc", value=0.75, step=9, at=at, run_id=run, dataset_name="orders", dataset_digest="d1"),
        ModelMetric(name="auc", value=0.25, at=at, run_id=run, dataset_name="orders", dataset_digest="d2"),
        ModelMetric(name="auc", value=0.875, at=at + 9, run_id=later, dataset_name="orders", dataset_digest="d1"),
        ModelMetric(name="errors", value=0.0, at=at, run_id=run),
    }
    assert len(logged.metrics) == 5
    (loss,) = [metric for metric in logged.metrics if metric.name == "loss"]
    assert math.isnan(loss.value), "MLflow keeps a logged model's NaN as 0; its run knows better"


async def test_where_a_version_comes_from_is_told_by_its_origin(registry: Registry, source: RegistrySource) -> None:
    registry.model("original")
    registry.version("original", description="Good.", tags=[{"key": "a", "value": "b"}])
    copy = await source.copy_version("original", "1", "copies of it")
    assert copy.copied_from == ("original", "1")
    assert (copy.model, copy.version, copy.tags, copy.description) == ("copies of it", "1", {"a": "b"}, "Good.")
    again = await source.copy_version("original", "1", "copies of it")
    assert again.version == "2", "it is not done once only"
    got = await Kept().take(source.poll({}))
    assert got.versions["copies of it", "1"] == copy
    with pytest.raises(SourceError, match="no version 9 of “original”"):
        await source.copy_version("original", "9", "copies of it")


async def test_prompts_are_told_from_models(registry: Registry, source: RegistrySource) -> None:
    registry.prompt("greeting")
    got = await Kept().take(source.poll({}))
    assert got.models["greeting"].kind == "prompt"
    assert ("greeting", "1") in got.versions
    assert got.batches[0].models_complete
    registry.version("greeting", "prompt-template", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])
    await got.take(source.poll(got.cursor))
    assert ("greeting", "2") in got.handed


@pytest.mark.parametrize("name", NAMES)
async def test_names_go_through_exactly(registry: Registry, source: RegistrySource, name: str) -> None:
    await source.create_model(name)
    await source.create_model(name)
    made = await source.create_version(name, "s3://bucket/x", tags={"note": name}, description=name)
    await source.set_alias(name, "champion", made.version)
    got = await Kept().take(source.poll({}))
    assert got.models[name].aliases == {"champion": "1"}
    assert got.versions[name, "1"].description == name
    assert await source.get_aliases(name) == {"champion": "1"}
    assert await source.get_version(name, "1") == got.versions[name, "1"]
    (batch,) = [batch async for batch in source.want(Want(kind="model", source="6" * 16, model=name, keys=("1", "7")))]
    assert (batch.models, batch.versions) == ((got.models[name],), (got.versions[name, "1"],))
    assert batch.versions_gone == ((name, "7"),)
    assert not batch.models_complete


async def test_a_quiet_pass_costs_at_most_five_requests(
    registry: Registry, source: RegistrySource, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = registry.experiment("quiet")
    run = registry.run(experiment)
    model_id = registry.logged(experiment, run)
    registry.measure(run, model_id, "errors", 0.0)
    registry.model("quiet")
    registry.version("quiet", f"models:/{model_id}", model_id=model_id)
    monkeypatch.setattr(looks, "_OVERLAP", -60_000)
    got = await Kept().take(source.poll({}))
    asked: list[set[str]] = []
    for _ in range(6):
        wire.asked.clear()
        await got.take(source.poll(got.cursor))
        assert len(wire.asked) <= 5, wire.paths
        asked.append(set(wire.paths))
    assert any("logged-models/search" in paths for paths in asked), "the sweep reads those too"
    other = source_on(source.spec.address, wire)  # as `quarterdeck sync` does it, from cron
    wire.asked.clear()
    await got.take(other.poll(got.cursor))
    assert len(wire.asked) <= 5, wire.paths
    await other.close()


async def test_an_alias_that_moves_is_seen_with_the_version_that_it_shows_now(
    registry: Registry, source: RegistrySource
) -> None:
    registry.model("moving")
    for _ in range(2):
        registry.version("moving")
    registry.alias("moving", "champion", "1")
    got = await Kept().take(source.poll({}))
    registry.alias("moving", "champion", "2")
    await got.take(source.poll(got.cursor))
    assert got.models["moving"].aliases == {"champion": "2"}
    assert [(one.model, one.version) for one in got.batches[0].versions] == [("moving", "2")]
    assert got.gone == []


async def test_an_alias_that_was_taken_away_is_told_from_one_whose_version_was_deleted(
    registry: Registry, source: RegistrySource
) -> None:
    for name in ("removed", "vanished"):
        registry.model(name)
        registry.version(name)
        registry.alias(name, "champion", "1")
    got = await Kept().take(source.poll({}))
    registry.unalias("removed", "champion")
    registry.delete("vanished", "1")
    await got.take(source.poll(got.cursor))
    assert got.gone == [("vanished", "1")]
    assert got.batches[0].versions_gone == (("vanished", "1"),), "in one batch with the aliases as they are now"
    assert got.models["removed"].aliases == got.models["vanished"].aliases == {}
    assert ("removed", "1") in got.versions
    await got.take(source.poll(got.cursor))
    assert got.gone == []


async def test_a_new_version_comes_with_the_next_pass_and_its_metrics_with_it(
    registry: Registry, source: RegistrySource
) -> None:
    registry.model("growing")
    got = await Kept().take(source.poll({}))
    experiment = registry.experiment("growing, and newer than what is known of the experiments")
    run = registry.run(experiment)
    model_id = registry.logged(experiment, run)
    registry.measure(run, model_id, "auc", 0.5)
    registry.version("growing", f"models:/{model_id}", model_id=model_id)
    await got.take(source.poll(got.cursor))
    batch = next(batch for batch in got.batches if batch.logged_models)
    assert ("growing", "1") in [(one.model, one.version) for one in batch.versions]
    assert got.logged[model_id].metrics[0].value == 0.5


async def test_a_model_that_is_deleted_is_missing_from_all_that_there_are(
    registry: Registry, source: RegistrySource
) -> None:
    registry.model("short-lived")
    registry.version("short-lived")
    registry.alias("short-lived", "champion", "1")
    got = await Kept().take(source.poll({}))
    registry.delete("short-lived")
    await got.take(source.poll(got.cursor))
    assert "short-lived" not in got.models
    assert got.batches[0].models_complete
    with pytest.raises(NoModelError, match="no registered model “short-lived”"):
        await source.get_aliases("short-lived")
    assert await source.get_model("short-lived") is None


async def test_what_is_changed_late_is_met_by_the_sweep(registry: Registry, source: RegistrySource) -> None:
    registry.model("late")
    registry.version("late")
    registry.version("late")
    got = await Kept().take(source.poll({}))
    registry.delete("late", "1")
    registry.ask("POST", "model-versions/set-tag", name="late", version="2", key="approved", value="yes")
    await got.take(source.sweep(got.cursor))
    assert got.versions["late", "2"].tags == {"approved": "yes"}
    assert ("late", "1") not in got.handed
    assert got.batches[-1].versions_gone_unless_seen_since is not None
    assert [batch.cursor for batch in got.batches[1:-1]] == [None] * len(got.batches[1:-1])


# --- many of them -----------------------------------------------------------------------------------------------


async def test_pages_of_any_size_give_every_version(
    registry: Registry, server: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.model("many")
    made = [("many", registry.version("many")) for _ in range(60)]
    monkeypatch.setattr(sweeping, "_SMALLEST_PAGE", 25)
    monkeypatch.setattr(sweeping, "_LARGEST_PAGE", 25)
    source = source_on(server, wire, page=25)
    got = await Kept().take(source.poll({}))
    assert set(got.handed) >= set(made)
    assert len(got.handed) == len(set(got.handed)) == got.cursor["versions"]
    await source.close()


async def test_a_first_sync_that_was_killed_goes_on_where_it_was(
    registry: Registry, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.model("killed")
    made = {("killed", registry.version("killed")) for _ in range(60)}
    monkeypatch.setattr(sweeping, "_LARGEST_PAGE", 25)
    monkeypatch.setattr(looks, "_OVERLAP", -60_000)
    got, handed = Kept(), list[tuple[str, str]]()
    for kill_after in (1, 2, 3, 99):
        source = source_on(server, Wire(), page=25)
        passing = cast("AsyncGenerator[Any, None]", source.poll(got.cursor))
        got.batches = []
        async for batch in passing:
            got.add(batch)
            if len(got.batches) > kill_after:
                break
        handed += got.handed
        await passing.aclose()
        await source.close()
    assert made <= set(handed)
    assert len(handed) == len(set(handed)), "nothing is read twice"


async def test_versions_deleted_between_two_pages_hide_no_others(
    registry: Registry, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.model("pruned")
    made = {("pruned", registry.version("pruned")) for _ in range(70)}
    monkeypatch.setattr(sweeping, "_LARGEST_PAGE", 25)
    for deleted in (range(70, 66, -1), range(66, 46, -1)):  # fewer than two pages share, and more
        source = source_on(server, Wire(), page=25)
        got = Kept()
        async for batch in source.poll({}):
            if deleted and len(got.handed) > 20:
                for number in deleted:
                    registry.delete("pruned", str(number))
                made -= {("pruned", str(number)) for number in deleted}
                deleted = range(0)
            got.add(batch)
        await source.close()
        assert set(got.versions) >= made


async def test_a_model_deleted_while_the_list_is_read_hides_no_other(
    registry: Registry, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [registry.model(f"0 listed {number:02}") for number in range(40)]
    monkeypatch.setattr(looks, "_MODELS_A_PAGE", 15)
    gone: list[str] = []

    def meanwhile(request: httpx.Request) -> None:
        if request.url.path.endswith("registered-models/search") and request.url.params.get("page_token"):
            for name in names[: 1 if not gone else 12 if len(gone) == 1 else 0]:
                if name not in gone:
                    registry.delete(name)
                    gone.append(name)

    source = source_on(server, Wire(meanwhile))
    got = await Kept().take(source.poll({}))
    await source.close()
    assert set(names[12:]) <= set(got.models)
    assert got.batches[0].models_complete
    assert len(gone) == 12


async def test_a_list_that_never_stays_the_same_is_not_said_to_be_all(
    registry: Registry, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        registry.model(f"0 restless {number:02}")
    monkeypatch.setattr(looks, "_MODELS_A_PAGE", 12)

    def other(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("registered-models/search") and request.url.params.get("page_token"):
            return httpx.Response(200, json={"registered_models": [{"name": "zz"}]})
        return None

    source = source_on(server, Wire(other))
    batch = await anext(source.poll({}))
    await source.close()
    assert not batch.models_complete


async def test_tokens_of_another_make_are_sent_back_as_they_came() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("model-versions/search"):
            token = request.url.params.get("page_token", "")
            asked.append(token)
            numbers = {"": ("9", "8"), "opaque/=": ("7",)}[token]
            versions = [{"name": "x", "version": number} for number in numbers]
            return httpx.Response(
                200, json={"model_versions": versions, "next_page_token": "" if token else "opaque/="}
            )
        return httpx.Response(200 if "search" in request.url.path else 404, json={})

    source = source_on("http://other", httpx.MockTransport(answer))
    got = await Kept().take(source.poll({}))
    await source.close()
    assert asked == ["", "opaque/="]
    assert [version for _, version in got.handed] == ["9", "8", "7"]
    assert got.versions["x", "9"].status == "unknown", "a status that is not said is never green"


# --- whose it is ------------------------------------------------------------------------------------------------


async def test_versions_are_found_by_their_run_and_by_a_tag_on_every_page(
    registry: Registry, source: RegistrySource, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "_VERSIONS_A_PAGE", 2)
    experiment = registry.experiment("whose")
    run, other = registry.run(experiment), registry.run(experiment)
    tag = [{"key": "quarterdeck.act", "value": "01ACT"}]
    for name in ("whose", "whose else"):
        registry.model(name)
        for made_of in (run, other, run):
            registry.version(name, f"runs:/{made_of}/model", run_id=made_of, tags=tag if made_of == other else [])
    registry.delete("whose else", "3")
    found = await source.versions_of_run(run)
    assert {(one.model, one.version) for one in found} == {("whose", "1"), ("whose", "3"), ("whose else", "1")}
    assert len(wire.paths) == 2
    tagged = await source.versions_with_tag("quarterdeck.act", "01ACT")
    assert {(one.model, one.version) for one in tagged} == {("whose", "2"), ("whose else", "2")}
    assert await source.versions_with_tag("quarterdeck.act", "01OTHER") == []
    assert await source.versions_of_run("' OR 1=1") == []


async def test_the_models_that_a_run_logged_are_its_own(registry: Registry, source: RegistrySource) -> None:
    experiment = registry.experiment("of a run")
    run, other = registry.run(experiment), registry.run(experiment)
    made = [registry.logged(experiment, one) for one in (run, other, run)]
    found = await source.logged_of_run(experiment, run)
    assert {(one.id, one.name, one.status) for one in found} == {(one, "model", "ready") for one in (made[0], made[2])}
    assert await source.logged_of_run(experiment, "absent") == []


@pytest.mark.parametrize(
    ("version", "asks"), [("2.9.2", False), ("2.21.0", True), ("3.18.0.dev0", True), ("<html>", False), (None, False)]
)
async def test_only_a_server_that_keeps_prompts_apart_is_asked_for_them(version: str | None, asks: bool) -> None:
    filters: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/version":
            return httpx.Response(404) if version is None else httpx.Response(200, text=version)
        filters.add(request.url.params.get("filter", ""))
        return httpx.Response(200, json={})

    source = source_on("http://mlflow.acme", httpx.MockTransport(answer))
    got = await Kept().take(source.poll({}))
    await got.take(source.poll(got.cursor))
    await source.close()
    assert filters == ({"", "tags.`mlflow.prompt.is_prompt` = 'true'"} if asks else {""})
    assert got.batches[0].models_complete


# --- what is changed --------------------------------------------------------------------------------------------


async def test_each_change_is_there_when_mlflows_own_client_reads_it(
    registry: Registry, server: str, source: RegistrySource
) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server, registry_uri=server)
    experiment = registry.experiment("changes")
    run = registry.run(experiment)
    model_id = registry.logged(experiment, run)
    await source.create_model("changed")
    made = await source.create_version(
        "changed", f"models:/{model_id}", run_id=run, model_id=model_id, tags={"a": "1"}, description="New."
    )
    assert (made.version, made.model_id, made.run_id) == ("1", model_id, run)
    await source.create_version("changed", f"runs:/{run}/model", run_id=run)
    await source.set_alias("changed", "champion", "1")
    await source.set_alias("changed", "champion", "2")
    await source.set_version_tag("changed", "2", "quarterdeck.gates", '{"a": [1]} \x1b 模型')
    await source.set_version_tag("changed", "1", "b", "2")
    await source.delete_version_tag("changed", "1", "a")
    await source.set_model_tag("changed", "team", "risk")
    await source.set_model_tag("changed", "gone", "soon")
    await source.delete_model_tag("changed", "gone")
    await source.update_description("changed", None, "A model.")
    await source.update_description("changed", "2", "A version.")
    first, second = client.get_model_version("changed", "1"), client.get_model_version("changed", "2")
    assert (first.tags, first.description, first.source) == ({"b": "2"}, "New.", f"models:/{model_id}")
    assert (second.tags, second.description) == ({"quarterdeck.gates": '{"a": [1]} \x1b 模型'}, "A version.")
    assert second.aliases == ["champion"]
    model = client.get_registered_model("changed")
    assert (model.tags, model.description) == ({"team": "risk"}, "A model.")


async def test_a_change_that_is_refused_is_not_tried_again(source: RegistrySource, wire: Wire) -> None:
    await source.create_model("refused")
    wire.asked.clear()
    for alias, version in (("latest", "1"), ("champion", "99")):
        with pytest.raises(SourceError) as caught:
            await source.set_alias("refused", alias, version)
        assert "It says" in str(caught.value)
    assert wire.paths == ["registered-models/alias"] * 2


async def test_a_change_that_is_not_allowed_says_that_it_is_not() -> None:
    denied = httpx.Response(403, json={"error_code": "PERMISSION_DENIED", "message": "Permission denied"})
    source = source_on("http://mlflow.acme", httpx.MockTransport(lambda request: denied))
    for change in (
        source.set_alias("churn", "champion", "1"),
        source.delete_version_tag("churn", "1", "a"),
        source.create_version("churn", "s3://x"),
    ):
        with pytest.raises(SourceError, match=r"this login may not change that model\. It says: “Permission") as caught:
            await change
        assert caught.value.state == "forbidden"
    await source.close()


# --- what goes wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (httpx.Response(401), "unauthorised"),
        (httpx.Response(403, json={"error_code": "PERMISSION_DENIED", "message": "no"}), "forbidden"),
        (httpx.Response(404, content=b"<html>404"), "misconfigured"),
        (httpx.Response(500, content=b"Internal Server Error"), "unreachable"),
        (httpx.Response(200, content=b'{"registered_models": [{"name": "chu'), "not_understood"),
        (httpx.Response(200, content=b"<html><title>Sign in</title>"), "not_understood"),
    ],
)
async def test_what_goes_wrong_is_a_sentence(answer: httpx.Response, state: str) -> None:
    address = "http://mlflow.acme"
    source = open_registry(spec_of(address), address, transport=httpx.MockTransport(lambda request: answer))
    with pytest.raises(SourceError) as caught:
        await Kept().take(source.poll({}))
    await source.close()
    assert caught.value.state == state
    assert "mlflow.acme" in str(caught.value)


async def test_a_version_that_may_not_be_seen_stops_no_pass(registry: Registry, server: str) -> None:
    registry.model("hidden")
    registry.version("hidden")
    registry.alias("hidden", "champion", "1")

    def forbid(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.url.path.endswith("model-versions/get") else None

    source = source_on(server, Wire(forbid))
    got = await Kept().take(source.poll({}))
    registry.unalias("hidden", "champion")
    await got.take(source.poll(got.cursor))
    await source.close()
    assert got.models["hidden"].aliases == {}
    assert got.gone == []


async def test_a_slow_server_is_asked_for_less(registry: Registry, server: str) -> None:
    def slow(request: httpx.Request) -> httpx.Response | None:
        if int(request.url.params.get("max_results", 0)) == 400:
            raise httpx.ReadTimeout("too much")
        return None

    source = source_on(server, Wire(slow), page=400)
    got = await Kept().take(source.poll({}))
    await source.close()
    assert got.cursor["whole"]


async def test_other_wants_are_not_for_a_registry(source: RegistrySource) -> None:
    assert [batch async for batch in source.want(Want(kind="run", source="6" * 16, run_ids=("x",)))] == []


# --- MLflow 2 ---------------------------------------------------------------------------------------------------


@pytest.mark.tools
async def test_a_registry_of_mlflow_2_is_read_the_same(mlflow2_server: str, mlflow2_folder: Path, wire: Wire) -> None:
    registry = Registry(mlflow2_server)
    source = source_on(mlflow2_server, wire)
    registry.prompt("two greeting")
    for name in ("two", "folders/of/models", *NAMES):
        registry.model(name)
        registry.version(name)
        registry.alias(name, "champion", "1")
    registry.version("two", "models:/two/1")
    registry.version("two")
    with contextlib.closing(sqlite3.connect(mlflow2_folder / "mlflow.db")) as store, store:
        # as a client of MLflow 3 would have made it on a server that lets it
        store.execute(f"UPDATE model_versions SET source = 'models:/m-{'0' * 32}' WHERE name = 'two' AND version = 3")
    got = await Kept().take(source.poll({}))
    assert {name for name, model in got.models.items() if model.kind == "prompt"} == {"two greeting"}
    assert {("folders/of/models", "1"), ("two greeting", "1"), *((name, "1") for name in NAMES)} <= set(got.versions)
    assert got.versions["two", "2"].copied_from == ("two", "1")
    assert got.versions["two", "3"].model_id == "m-" + "0" * 32
    assert wire.paths.count("logged-models/search") == 1
    registry.alias("two", "champion", "2")
    registry.delete("folders/of/models", "1")
    wire.asked.clear()
    await got.take(source.poll(got.cursor))
    assert "logged-models/search" not in wire.paths, "once is enough to know that there are none"
    assert got.models["two"].aliases == {"champion": "2"}
    assert got.gone == [("folders/of/models", "1")]
    assert got.models["folders/of/models"].aliases == {"champion": "1"}, "2.22 leaves an alias that shows nothing"
    run = registry.run(registry.experiment("two"))
    registry.version("two", f"runs:/{run}/model", run_id=run, tags=[{"key": "quarterdeck.act", "value": "01ACT"}])
    for own in (await source.versions_of_run(run), await source.versions_with_tag("quarterdeck.act", "01ACT")):
        assert [(one.model, one.version) for one in own] == [("two", "4")]
    assert await source.logged_of_run("0", run) == []
    copy = await source.copy_version("two", "1", "copied in two")
    await source.set_version_tag("copied in two", copy.version, "a", "b")
    await source.set_alias("copied in two", "champion", copy.version)
    await source.update_description("copied in two", copy.version, "Copied.")
    found = await source.get_version("copied in two", copy.version)
    assert found is not None
    assert (found.tags, found.description, found.copied_from) == ({"a": "b"}, "Copied.", ("two", "1"))
    await source.close()
    registry.close()
