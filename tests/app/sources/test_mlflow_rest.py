"""The REST source against a real MLflow server: every value equal, every pass cheap, nothing lost."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Batch, Run, SourceSpec, Want
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.mlflow import open_mlflow, polls
from quarterdeck.app.sources.mlflow.passes import TrackingSource
from quarterdeck.app.sources.mlflow.rest import RestApi

HOUR = 3_600_000


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Wire(httpx.AsyncHTTPTransport):
    """The real way to the server, which notes what is asked and may answer in its stead."""

    def __init__(self, instead: Callable[[httpx.Request, dict[str, Any]], httpx.Response | None] | None = None) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._instead = instead

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content or b"{}")
        self.asked.append((request.url.path.removeprefix("/api/2.0/mlflow/"), body))
        own = self._instead(request, body) if self._instead else None
        return own or await super().handle_async_request(request)


def spec_of(url: str) -> SourceSpec:
    return SourceSpec(key="5" * 16, kind="mlflow", name="mlflow", address=url)


def source_on(
    url: str, wire: Wire, *patterns: str, page: int = 500, clock: Callable[[], float] = time.time
) -> TrackingSource:
    async def no_pause(seconds: float) -> None:
        return None

    api = RestApi(Http(url, transport=wire), "5" * 16)
    return TrackingSource(spec_of(url), api, patterns, page=page, clock=clock, pause=no_pause)


class Got:
    """What batches brought, as a cache would keep it."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.batches: list[Batch] = []
        self.cursor: Mapping[str, Any] = {}

    async def take(self, batches: AsyncIterator[Batch]) -> Got:
        async for batch in batches:
            self.add(batch)
        return self

    def add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.runs.update({run.id: run for run in batch.runs})
        if batch.cursor is not None:
            self.cursor = json.loads(json.dumps(batch.cursor))


def as_said(run: dict[str, Any]) -> dict[str, Any]:
    """A run of MLflow's own JSON, put side by side with a record without the parser's help."""
    info, data = run["info"], run.get("data", {})
    words = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    big = {1.7976931348623157e308: "inf", -1.7976931348623157e308: "-inf"}
    return {
        "id": info["run_id"],
        "experiment": info["experiment_id"],
        "name": info.get("run_name", ""),
        "status": "deleted" if info["lifecycle_stage"] == "deleted" else info["status"].lower(),
        "times": (info.get("start_time") or None, info.get("end_time")),
        "user": info.get("user_id") or None,
        "uri": info.get("artifact_uri"),
        "params": {one["key"]: one.get("value", "") for one in data.get("params", [])},
        "tags": {one["key"]: one.get("value", "") for one in data.get("tags", [])},
        "metrics": {
            one["key"]: (
                words.get(one["value"]) or big.get(one["value"]) or one["value"],
                one.get("step", 0),
                one["timestamp"],
            )
            for one in data.get("metrics", [])
        },
        "datasets": sorted(map(_dataset_as_said, run.get("inputs", {}).get("dataset_inputs", []))),
    }


def _dataset_as_said(used: dict[str, Any]) -> tuple[str, ...]:
    facts = used["dataset"]
    context = [tag["value"] for tag in used.get("tags", []) if tag["key"] == "mlflow.data.context"]
    return facts["name"], facts["digest"], facts.get("source", ""), facts.get("schema", ""), (context or [""])[0]


def as_kept(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "experiment": run.experiment_id,
        "name": run.name,
        "status": run.status,
        "times": (run.started_at, run.ended_at),
        "user": run.user,
        "uri": run.artifact_uri,
        "params": dict(run.params),
        "tags": dict(run.tags),
        "metrics": {
            key: (one.value if math.isfinite(one.value) else str(one.value), one.step, one.at)
            for key, one in run.metrics.items()
        },
        "datasets": sorted((d.name, d.digest, d.origin or "", d.schema or "", d.context or "") for d in run.datasets),
    }


def said_by(rest: Any, *experiments: str) -> dict[str, dict[str, Any]]:
    """All runs of experiments as the server itself lists them."""
    found: dict[str, dict[str, Any]] = {}
    page: dict[str, str] = {}
    while True:
        answer = rest.post(
            "runs/search", experiment_ids=list(experiments), run_view_type="ALL", max_results=1000, **page
        )
        found.update({run["info"]["run_id"]: as_said(run) for run in answer.get("runs", [])})
        if not answer.get("next_page_token"):
            return found
        page = {"page_token": answer["next_page_token"]}


def fill(store: Path, experiment: str, count: int, began: int) -> None:
    """Plain runs written where the server reads them: a hundred times quicker than by its API. Three share a time."""
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, f"{store}/{experiment}/{n}").hex for n in range(count)]
    with contextlib.closing(sqlite3.connect(store, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,"
            " experiment_id, source_type) VALUES (?, ?, 'ann', 'FINISHED', ?, ?, 'active', '/nowhere', ?, 'UNKNOWN')",
            [(one, f"run-{n}", began + n // 3 * 1000, began + n * 1000 + 5, experiment) for n, one in enumerate(ids)],
        )
        for table in ("latest_metrics", "metrics"):
            connection.executemany(
                f"INSERT INTO {table} (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, 'loss', ?, ?, 3, 0)",
                [(one, 1 / (n + 1), began) for n, one in enumerate(ids)],
            )
        pairs = [(one, str(n)) for n, one in enumerate(ids)]
        connection.executemany("INSERT INTO params (run_uuid, key, value) VALUES (?, 'n', ?)", pairs)
        connection.executemany("INSERT INTO tags (run_uuid, key, value) VALUES (?, 'mlflow.note', ?)", pairs)


def make_world(rest: Any, store: Path, prefix: str) -> list[str]:
    """Two experiments, some three hundred runs of every kind. Gives the experiments' ids."""
    first, second = rest.create_experiment(f"{prefix} curves"), rest.create_experiment(f"{prefix} odd")
    began = 1_790_000_000_000
    fill(store, first, 270, began)
    parent = rest.create_run(second, "[bold]x[/] \x1b[31m \u202e", tags={"mlflow.source.git.commit": "c" * 40})
    for number in range(12):
        rest.create_run(
            second,
            "",
            params={"empty": "", "wide": "模型" * 20, "long": "x" * 4000},
            tags={"mlflow.parentRunId": parent, "note": "a\nb"},
            metrics=[
                ("nan", "NaN", 0),
                ("up", "Infinity", 1),
                ("down", "-Infinity", 2),
                ("acc", 0.5, 0),
                ("acc", 0.25, 9),
            ],
            started_at=number and began + number,
            end=["FINISHED", "FAILED", "KILLED", None][number % 4],
        )
    for number in range(6):
        run_id = rest.create_run(second, f"fed-{number}")
        facts: dict[str, object] = {
            "digest": f"d{number}",
            "source_type": "local",
            "source": '{"uri": "x"}',
            "schema": "[]",
        }
        used: list[dict[str, object]] = [
            {"tags": [{"key": "mlflow.data.context", "value": context}], "dataset": {"name": name, **facts}}
            for name, context in (("orders", "training"), ("holdout", "validation"))
        ]
        rest.post("runs/log-inputs", run_id=run_id, datasets=used)
        if number < 3:
            rest.post("runs/delete", run_id=run_id)
    return [first, second]


@pytest.fixture(scope="module")
def world(mlflow_rest: Any, mlflow_folder: Path) -> list[str]:
    return make_world(mlflow_rest, mlflow_folder / "mlflow.db", "world")


async def test_every_value_equals_what_the_server_says(world: list[str], mlflow_server: str, mlflow_rest: Any) -> None:
    source = open_mlflow(spec_of(mlflow_server), mlflow_server, experiments=["world*"])
    got = await Got().take(source.poll({}))
    await source.close()
    said = said_by(mlflow_rest, *world)
    assert len(said) == 289
    assert {run_id: as_kept(run) for run_id, run in got.runs.items()} == said
    names = {one.id: one.name for batch in got.batches for one in batch.experiments}
    assert names == dict(zip(world, ["world curves", "world odd"], strict=True))
    assert got.batches[-1].runs_gone_unless_seen_since is not None
    by_name = {run.name: run for run in got.runs.values()}
    assert by_name["[bold]x[/] \x1b[31m \u202e"].git_commit == "c" * 40
    assert sum(run.parent_id == by_name["[bold]x[/] \x1b[31m \u202e"].id for run in got.runs.values()) == 12
    assert sum(run.status == "deleted" for run in got.runs.values()) == 3


async def test_a_second_pass_costs_at_most_five_requests(world: list[str], mlflow_server: str) -> None:
    wire = Wire()
    source = source_on(mlflow_server, wire, "world*")
    got = await Got().take(source.poll({}))
    for _ in range(3):
        wire.asked.clear()
        await got.take(source.poll(got.cursor))
        assert len(wire.asked) <= 5
    await source.close()


@pytest.mark.parametrize("page", [7, 50])
async def test_pages_of_any_size_give_every_run_once_though_many_share_a_time(
    world: list[str], mlflow_server: str, mlflow_rest: Any, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._LARGEST_PAGE", page)
    source = source_on(mlflow_server, Wire(), "world*", page=page)
    got = await Got().take(source.poll({}))
    await source.close()
    ids = [run.id for batch in got.batches for run in batch.runs]
    assert sorted(ids) == sorted(said_by(mlflow_rest, *world))
    assert got.cursor["runs"] == 289


async def test_runs_of_one_single_time_are_paged_through(
    mlflow_server: str, mlflow_rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._LARGEST_PAGE", 4)
    experiment = mlflow_rest.create_experiment("ties")
    made = {mlflow_rest.create_run(experiment, started_at=at) for at in [1000] * 11 + [2000] * 2 + [0] * 5}
    source = source_on(mlflow_server, Wire(), "ties", page=4)
    got = await Got().take(source.poll({}))
    await source.close()
    assert sorted(run.id for batch in got.batches for run in batch.runs) == sorted(made)


async def test_a_first_sync_that_was_killed_goes_on_where_it_was(
    world: list[str], mlflow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._LARGEST_PAGE", 50)
    got = Got()
    for kill_after in (1, 2, 3, 99):
        source = source_on(mlflow_server, Wire(), "world*", page=50)
        passing = cast("AsyncGenerator[Batch, None]", source.poll(got.cursor))
        written = 0
        async for batch in passing:
            got.add(batch)
            written += batch.cursor is not None
            if written > kill_after:
                break
        await passing.aclose()
        await source.close()
    assert len(got.runs) == 289
    finished = [run.id for batch in got.batches for run in batch.runs]
    assert len(finished) < 289 + 60  # what the polls look back for comes again, the history does not


async def test_a_running_runs_new_metrics_are_seen_by_the_next_pass(mlflow_server: str, mlflow_rest: Any) -> None:
    experiment = mlflow_rest.create_experiment("live")
    run_id = mlflow_rest.create_run(
        experiment, metrics=[("loss", 3.0, 0)], end=None, started_at=int(time.time() * 1000) - HOUR
    )
    source = source_on(mlflow_server, Wire(), "live")
    got = await Got().take(source.poll({}))
    mlflow_rest.log(run_id, metrics=[("loss", 2.0, 1)])
    await got.take(source.poll(got.cursor))
    await source.close()
    assert (got.runs[run_id].metrics["loss"].value, got.runs[run_id].metrics["loss"].step) == (2.0, 1)


async def test_a_run_that_ends_by_a_wrong_clock_is_not_left_running(mlflow_server: str, mlflow_rest: Any) -> None:
    experiment = mlflow_rest.create_experiment("wrong clock")
    long_ago = int(time.time() * 1000) - 5 * HOUR
    run_id = mlflow_rest.create_run(experiment, end=None, started_at=long_ago)
    wire = Wire()
    source = source_on(mlflow_server, wire, "wrong clock")
    got = await Got().take(source.poll({}))
    await got.take(source.poll(got.cursor))
    mlflow_rest.post("runs/update", run_id=run_id, status="FAILED", end_time=long_ago + 1)
    wire.asked.clear()
    await got.take(source.poll(got.cursor))
    await source.close()
    assert got.runs[run_id].status == "failed"
    assert len(wire.asked) <= 5


async def test_more_running_runs_than_a_page_take_turns(
    mlflow_server: str, mlflow_rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "_PAGE", 3)
    experiment = mlflow_rest.create_experiment("many running")
    long_ago = int(time.time() * 1000) - 5 * HOUR
    ids = [mlflow_rest.create_run(experiment, end=None, started_at=long_ago + n) for n in range(7)]
    wire = Wire()
    source = source_on(mlflow_server, wire, "many running")
    got = await Got().take(source.poll({}))
    for run_id in ids:
        mlflow_rest.log(run_id, metrics=[("step", 1.0, 1)])
    for _ in range(4):
        wire.asked.clear()
        await got.take(_without_sweep(source.poll(got.cursor)))
        assert len(wire.asked) <= 5
    await source.close()
    assert all("step" in got.runs[run_id].metrics for run_id in ids)


async def _without_sweep(batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
    """A pass without the runs of its sweep step, which would hide what the polls miss."""
    async for batch in batches:
        if batch.sweep_period is None:
            yield batch
        else:
            yield Batch(cursor=batch.cursor)


async def test_a_deleted_run_shows_after_a_sweep_and_a_restored_one_comes_back(
    mlflow_server: str, mlflow_rest: Any
) -> None:
    experiment = mlflow_rest.create_experiment("deleted")
    run_id = mlflow_rest.create_run(experiment, started_at=5000)
    source = source_on(mlflow_server, Wire(), "deleted")
    got = await Got().take(source.poll({}))
    for call, status in (("runs/delete", "deleted"), ("runs/restore", "finished")):
        mlflow_rest.post(call, run_id=run_id)
        await got.take(source.sweep(got.cursor))
        assert got.runs[run_id].status == status
    await source.close()


async def test_a_deleted_experiment_and_its_runs_are_deleted(mlflow_server: str, mlflow_rest: Any) -> None:
    experiment = mlflow_rest.create_experiment("short-lived")
    run_id = mlflow_rest.create_run(experiment, started_at=5000)
    source = source_on(mlflow_server, Wire(), "short-lived")
    got = await Got().take(source.poll({}))
    mlflow_rest.post("experiments/delete", experiment_id=experiment)
    await got.take(source.sweep(got.cursor))
    await source.close()
    assert got.runs[run_id].status == "deleted"
    assert [one.lifecycle for batch in got.batches for one in batch.experiments] == ["active", "deleted"]


async def test_a_long_first_sync_looks_for_what_is_new_on_its_way(
    world: list[str], mlflow_server: str, mlflow_rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._LARGEST_PAGE", 100)
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._BETWEEN_POLLS", 0.0)
    source = source_on(mlflow_server, Wire(), "world*", "born meanwhile", page=100)
    mlflow_rest.create_experiment("born meanwhile")
    passing, got, born = source.poll({}), Got(), ""
    async for batch in passing:
        got.add(batch)
        if batch.cursor is not None and not born:
            experiment = next(e.id for b in got.batches for e in b.experiments if e.name == "born meanwhile")
            born = mlflow_rest.create_run(experiment)
    await source.close()
    assert born in got.runs
    assert set(got.runs) == {born, *said_by(mlflow_rest, *world)}


async def test_the_sweep_of_the_passes_meets_every_run_in_turn(
    world: list[str], mlflow_server: str, mlflow_rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.passes._STEP", 60)
    now = [1_795_000_000.0]
    source = source_on(mlflow_server, Wire(), "world*", clock=lambda: now[0])
    got = await Got().take(source.poll({}))
    began = got.cursor["sweep_began"]
    seen: set[str] = set()
    for _ in range(8):
        now[0] += 30
        later = await Got().take(source.poll(got.cursor))
        got.cursor = later.cursor
        seen.update(run.id for batch in later.batches for run in batch.runs if batch.sweep_period is not None)
        if gone := [b.runs_gone_unless_seen_since for b in later.batches if b.runs_gone_unless_seen_since is not None]:
            break
    await source.close()
    assert gone == [began]
    assert seen == set(said_by(mlflow_rest, *world))
    assert later.batches[-1].sweep_period == int(now[0] * 1000) - began


async def test_a_new_experiment_brings_its_old_runs(mlflow_server: str, mlflow_rest: Any) -> None:
    mlflow_rest.create_experiment("imported a")
    source = source_on(mlflow_server, Wire(), "imported*")
    got = await Got().take(source.poll({}))
    old = mlflow_rest.create_run(mlflow_rest.create_experiment("imported b"), started_at=1000)
    await got.take(_without_sweep(source.poll(got.cursor)))
    await source.close()
    assert old in got.runs


async def test_other_patterns_read_everything_anew(mlflow_server: str, mlflow_rest: Any) -> None:
    one = mlflow_rest.create_run(mlflow_rest.create_experiment("pattern one"), started_at=1000)
    two = mlflow_rest.create_run(mlflow_rest.create_experiment("pattern two"), started_at=1000)
    first = source_on(mlflow_server, Wire(), "pattern one")
    got = await Got().take(first.poll({}))
    assert set(got.runs) == {one}
    second = source_on(mlflow_server, Wire(), "pattern*")
    await got.take(second.poll(got.cursor))
    assert set(got.runs) == {one, two}
    await first.close()
    await second.close()


async def test_no_experiment_is_no_trouble(mlflow_server: str) -> None:
    wire = Wire()
    source = source_on(mlflow_server, wire, "no such name")
    got = await Got().take(source.poll({}))
    await got.take(source.poll(got.cursor))
    await source.close()
    assert got.runs == {}
    assert {path for path, _ in wire.asked} == {"experiments/search"}


async def test_a_slow_server_is_asked_for_less(world: list[str], mlflow_server: str) -> None:
    def slow(request: httpx.Request, body: dict[str, Any]) -> httpx.Response | None:
        if body.get("max_results", 0) > 100 and request.url.path.endswith("runs/search"):
            raise httpx.ReadTimeout("too much")
        return None

    source = source_on(mlflow_server, Wire(slow), "world*")
    got = await Got().take(source.poll({}))
    await source.close()
    assert len(got.runs) == 289


async def test_a_server_that_never_answers_in_time_is_said() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("never")

    source = open_mlflow(spec_of("http://x"), "http://x", transport=httpx.MockTransport(never))
    with pytest.raises(SourceError, match="no whole answer within 30 s"):
        await Got().take(source.poll({}))
    await source.close()


# --- what somebody looks at -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curve(mlflow_rest: Any) -> tuple[str, str]:
    experiment = mlflow_rest.create_experiment("wanted")
    long = mlflow_rest.create_run(
        experiment, metrics=[("loss", 900.0 - n if n != 450 else -7.0, n) for n in range(900)]
    )
    short = mlflow_rest.create_run(experiment, metrics=[("loss", 1.0, -3), ("loss", "NaN", 0), ("loss", 0.5, 1)])
    return long, short


async def wanted(
    source: TrackingSource, kind: Any, runs: tuple[str, ...], *keys: str, points: int | None = None
) -> list[Batch]:
    return [b async for b in source.want(Want(kind=kind, source="5" * 16, run_ids=runs, keys=keys, points=points))]


async def test_a_whole_history_is_every_point(curve: tuple[str, str], mlflow_server: str) -> None:
    source = source_on(mlflow_server, Wire())
    (batch,) = await wanted(source, "history", (curve[0],), "loss")
    await source.close()
    (history,) = batch.histories
    assert history.history == "complete"
    assert list(history.steps) == list(range(900))
    assert history.values[450] == -7.0


async def test_a_history_for_a_chart_is_thinned_out_and_says_so(curve: tuple[str, str], mlflow_server: str) -> None:
    wire = Wire()
    source = source_on(mlflow_server, wire)
    (batch,) = await wanted(source, "history", curve, "loss", points=50)
    await source.close()
    assert [path for path, _ in wire.asked] == ["metrics/get-history-bulk-interval"]
    by_run = {history.run_id: history for history in batch.histories}
    assert by_run[curve[0]].history == "sampled"
    assert len(by_run[curve[0]]) <= 55
    assert sorted(by_run[curve[1]].steps) == [-3, 0, 1]


async def test_extremes_are_filled_in_from_whole_histories(curve: tuple[str, str], mlflow_server: str) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    wire = Wire()
    source = TrackingSource(spec_of(mlflow_server), RestApi(Http(mlflow_server, transport=wire), "5" * 16), pause=pause)
    batches = await wanted(source, "extremes", curve, "loss")
    await source.close()
    last = {history.run_id: history for batch in batches for history in batch.histories}
    assert {history.history for history in last.values()} == {"complete"}
    assert min(last[curve[0]].values) == -7.0
    assert len(pauses) == sum(path == "metrics/get-history" for path, _ in wire.asked)
    assert all(seconds >= 1 for seconds in pauses)


async def test_a_server_without_sampling_is_asked_once_and_then_for_all(
    curve: tuple[str, str], mlflow_server: str
) -> None:
    def old(request: httpx.Request, body: dict[str, Any]) -> httpx.Response | None:
        if request.url.path.endswith("bulk-interval"):
            return httpx.Response(404, content=b"<!doctype html><title>404 Not Found</title>")
        return None

    wire = Wire(old)
    source = source_on(mlflow_server, wire)
    for _ in range(2):
        batches = await wanted(source, "history", curve, "loss", points=50)
        assert {h.history for batch in batches for h in batch.histories} == {"complete"}
    await source.close()
    assert sum(path.endswith("bulk-interval") for path, _ in wire.asked) == 1


async def test_artifacts_are_listed_a_folder_at_a_time(
    mlflow_server: str, mlflow_rest: Any, mlflow_folder: Any
) -> None:
    run_id = mlflow_rest.create_run(mlflow_rest.create_experiment("artifacts"))
    root = (
        mlflow_folder
        / "artifacts"
        / mlflow_rest.get("runs/get", run_id=run_id)["run"]["info"]["experiment_id"]
        / run_id
    )
    (root / "artifacts" / "plots").mkdir(parents=True)
    (root / "artifacts" / "plots" / "roc.png").write_bytes(b"12345")
    (root / "artifacts" / "note.txt").write_bytes(b"1")
    source = source_on(mlflow_server, Wire())
    (top,) = await wanted(source, "artifacts", (run_id,))
    (below,) = await wanted(source, "artifacts", (run_id,), "plots")
    await source.close()
    assert [(a.path, a.is_dir, a.size) for a in top.listings[0].artifacts] == [
        ("plots", True, None),
        ("note.txt", False, 1),
    ]
    assert [(a.path, a.size) for a in below.listings[0].artifacts] == [("plots/roc.png", 5)]


async def test_a_run_without_artifacts_lists_nothing(curve: tuple[str, str], mlflow_server: str) -> None:
    source = source_on(mlflow_server, Wire())
    (batch,) = await wanted(source, "artifacts", (curve[0],))
    await source.close()
    assert batch.listings[0].artifacts == ()


async def test_a_tag_is_written_and_read_back(mlflow_server: str, mlflow_rest: Any) -> None:
    run_id = mlflow_rest.create_run(mlflow_rest.create_experiment("tagged"))
    source = open_mlflow(spec_of(mlflow_server), mlflow_server)
    await source.set_run_tag(run_id, "team", "risk [x] \x1b")
    assert (await source.get_run(run_id)).tags["team"] == "risk [x] \x1b"
    with pytest.raises(SourceError, match="not found"):
        await source.get_run("0" * 32)
    assert [batch async for batch in source.want(Want(kind="run", source="5" * 16, run_ids=("0" * 32,)))] == []
    await source.close()


# --- what stands before a server --------------------------------------------------------------------------------


async def poll_error(url: str, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> SourceError:
    source = open_mlflow(spec_of(url), url, transport=transport, **options)
    with pytest.raises(SourceError) as caught:
        await Got().take(source.poll({}))
    await source.close()
    return caught.value


async def test_a_host_that_the_server_does_not_know_as_its_own_is_explained(mlflow_server: str) -> None:
    def rename(request: httpx.Request, body: dict[str, Any]) -> None:
        request.headers["host"] = "mlflow.acme.example"

    error = await poll_error(mlflow_server, Wire(rename))
    assert error.state == "forbidden"
    assert "--allowed-hosts 127.0.0.1" in str(error)


async def test_an_address_without_the_api_is_explained(mlflow_server: str) -> None:
    error = await poll_error(f"{mlflow_server}/somewhere/else")
    assert error.state == "misconfigured"
    assert "no MLflow API at this address" in str(error)


async def test_airplay_on_port_5000_is_told_from_mlflow() -> None:
    answer = httpx.MockTransport(lambda request: httpx.Response(403, headers={"server": "AirTunes/800.74.5"}))
    error = await poll_error("http://localhost:5000", answer)
    assert error.state == "misconfigured"
    assert "AirPlay" in str(error)


async def test_a_missing_login_says_which_variables_give_it() -> None:
    error = await poll_error("http://mlflow.acme", httpx.MockTransport(lambda request: httpx.Response(401)))
    assert error.state == "unauthorised"
    assert "MLFLOW_TRACKING_TOKEN" in str(error)


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "tok"}, "Bearer tok"),
        (
            {"MLFLOW_TRACKING_TOKEN": "tok", "MLFLOW_TRACKING_USERNAME": "a", "MLFLOW_TRACKING_PASSWORD": "b"},
            "Basic YTpi",
        ),
        ({}, None),
    ],
)
async def test_the_environments_login_goes_to_the_environments_server_only(
    environment: dict[str, str], header: str | None
) -> None:
    seen: dict[str, str | None] = {}

    def respond(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("authorization")
        return httpx.Response(200, content=b"{}")

    environment = {**environment, "MLFLOW_TRACKING_URI": "https://mlflow.acme/"}
    for url in ("https://mlflow.acme", "https://evil.example"):
        source = open_mlflow(spec_of(url), url, environment=environment, transport=httpx.MockTransport(respond))
        await Got().take(source.poll({}))
        await source.close()
    assert seen == {"mlflow.acme": header, "evil.example": None}


@pytest.mark.tools
async def test_a_server_of_mlflow_2_is_read_the_same(
    mlflow2_server: str, mlflow2_rest: Any, mlflow2_folder: Path
) -> None:
    world = make_world(mlflow2_rest, mlflow2_folder / "mlflow.db", "two")
    wire = Wire()
    source = source_on(mlflow2_server, wire, "two*")
    got = await Got().take(source.poll({}))
    assert {run_id: as_kept(run) for run_id, run in got.runs.items()} == said_by(mlflow2_rest, *world)
    wire.asked.clear()
    await got.take(source.poll(got.cursor))
    assert len(wire.asked) <= 5
    run_id = mlflow2_rest.create_run(world[0], metrics=[("loss", float(n), n - 2) for n in range(5)])
    (batch,) = await wanted(source, "history", (run_id,), "loss", points=100)
    assert [(h.history, sorted(h.steps)) for h in batch.histories] == [("complete", [-2, -1, 0, 1, 2])]
    await source.set_run_tag(run_id, "team", "risk")
    assert (await source.get_run(run_id)).tags["team"] == "risk"
    await source.close()
