"""Histories through source, cache and reader: every number is the one that MLflow's own client gives.

Over REST and in place from the server's own store, with what real runs hold: NaN, infinities, steps that repeat or go
back, single points, a hundred thousand points, two thousand metrics.
"""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from quarterdeck.app.records import Run, Series, SourceSpec, Want
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.mlflow import MlflowSource
from quarterdeck.app.sources.mlflow.passes import TrackingSource
from quarterdeck.app.sources.mlflow.rest import RestApi
from quarterdeck.app.sources.mlflow.tables import TablesSource
from quarterdeck.app.store import histories
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.poller import Poller
from quarterdeck.app.sync.writer import Writer

BEGAN = 1_760_000_000_000
LARGEST = 1.7976931348623157e308
"""What MLflow keeps in the place of an infinity."""
LONG = 100_000
WIDE = 2_000

Told = dict[str, Any]
"""Of one run: `last` is {key: [value, step, timestamp]}, `histories` {key: [[step, timestamp, value], ...]}."""

_ASK = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
told = {}
for run_id, keys in json.load(sys.stdin).items():
    run = client.get_run(run_id)
    last = {m.key: [repr(m.value), m.step, m.timestamp] for m in run.data._metric_objs}
    assert {key: repr(value) for key, value in run.data.metrics.items()} == {key: one[0] for key, one in last.items()}
    histories = {key: client.get_metric_history(run_id, key) for key in keys}
    points = {key: [[m.step, m.timestamp, repr(m.value)] for m in found] for key, found in histories.items()}
    told[run_id] = {"last": last, "histories": points}
json.dump(told, sys.stdout)
"""


def told_by_mlflow(url: str, asked: dict[str, list[str]]) -> dict[str, Told]:
    """What MLflow's own client says, in a process of its own: it sets up logging and warnings of the whole process."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ASK, url], input=json.dumps(asked), capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Told] = json.loads(answer.stdout)
    return told


def number(text: str) -> float:
    value = float(text)
    return math.copysign(math.inf, value) if abs(value) == LARGEST else value


class World:
    """Runs on the server that hold what is hard."""

    def __init__(self, rest: Any, store: Path) -> None:
        self.rest = rest
        self.store = store
        self.experiment = rest.create_experiment("histories")
        self.odd = rest.create_run(self.experiment, "odd", started_at=BEGAN)
        self._log_odd()
        self.long = rest.create_run(self.experiment, "long", started_at=BEGAN)
        self._fill_long()
        self.wide = rest.create_run(self.experiment, "wide", started_at=BEGAN)
        self._fill_wide()
        self.bare = rest.create_run(self.experiment, "bare", params={"lr": "0.1"})

    def log(self, run_id: str, key: str, *points: tuple[int, int, float | str]) -> None:
        """Points of step, milliseconds after the beginning, and value."""
        values = [{"key": key, "step": step, "timestamp": BEGAN + at, "value": v} for step, at, v in points]
        self.rest.post("runs/log-batch", run_id=run_id, metrics=values)

    def _log_odd(self) -> None:
        odd = self.odd
        self.log(odd, "loss", (0, 10, 1.5), (1, 20, "NaN"), (2, 30, "Infinity"), (3, 40, "-Infinity"), (4, 50, 0.25))
        self.log(odd, "only nan", (0, 1, "NaN"), (1, 2, "NaN"))
        self.log(odd, "only infinite", (0, 1, "Infinity"))
        self.log(odd, "single", (7, 3, -0.0))
        self.log(odd, "no steps", *((0, at, at % 7 / 10) for at in range(60)))
        self.log(odd, "unordered", (5, 1, 5.0), (3, 2, 3.5), (9, 3, 1e-300), (-4, 4, 3.5), (3, 5, 8.0), (9, 6, "NaN"))
        self.log(odd, "one moment", (2, 9, 0.3), (1, 9, 0.2), (1, 9, 0.1), (2, 9, 1e300))
        self.log(odd, "val/größe 图", *((step, step, 1 / (step + 3)) for step in range(30)))
        self.log(odd, "system/cpu_utilization_percentage", *((step, 15 * step, 12.5 + step) for step in range(40)))

    def _fill_long(self) -> None:
        """A hundred thousand points by SQL: steps repeat and go back, one in 997 is no number, one spike."""
        rows = [
            (
                BEGAN + n,
                n // 2 if n % 10 else max(n // 2 - 40, 0),
                0.0 if n % 997 == 5 else math.sin(n / 100),
                n % 997 == 5,
            )
            for n in range(LONG)
        ]
        rows[54_321] = (BEGAN + 54_321, 27_160, -77.5, False)
        self._insert("metrics", self.long, {"loss": rows})
        self._insert("latest_metrics", self.long, {"loss": [max(rows, key=lambda row: (row[1], row[0], row[2]))]})

    def _fill_wide(self) -> None:
        values = {f"layer{n:04}/norm": [(BEGAN + s, s, n + s / 8, False) for s in range(3)] for n in range(WIDE)}
        self._insert("metrics", self.wide, values)
        self._insert("latest_metrics", self.wide, {key: rows[-1:] for key, rows in values.items()})

    def _insert(self, table: str, run_id: str, values: dict[str, list[tuple[int, int, float, bool]]]) -> None:
        with closing(sqlite3.connect(self.store, timeout=60)) as connection, connection:
            connection.executemany(
                f"INSERT INTO {table} (run_uuid, key, timestamp, step, value, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
                [(run_id, key, *row) for key, rows in values.items() for row in rows],
            )

    def keys(self) -> dict[str, list[str]]:
        """The histories that are compared."""
        odd = ["loss", "only nan", "only infinite", "single", "no steps", "unordered", "one moment", "val/größe 图"]
        wide = [f"layer{n:04}/norm" for n in (*range(30), 1_999)]
        return {
            self.odd: [*odd, "system/cpu_utilization_percentage"],
            self.long: ["loss"],
            self.wide: wide,
            self.bare: ["never logged"],
        }


@pytest.fixture(scope="module")
def world(mlflow_rest: Any, mlflow_folder: Path) -> World:
    return World(mlflow_rest, mlflow_folder / "mlflow.db")


@pytest.fixture(scope="module")
def told(world: World, mlflow_server: str) -> dict[str, Told]:
    return told_by_mlflow(mlflow_server, world.keys())


class Wire(httpx.AsyncHTTPTransport):
    """The real way to the server, which notes what is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("mlflow/")[2])
        return await super().handle_async_request(request)


class Deck:
    """A source, its cache, and a reader of it: what a screen is shown."""

    def __init__(self, source: MlflowSource, wire: Wire, writer: Writer, cache: Path, log: Path) -> None:
        self.source = source
        self.wire = wire
        self.writer = writer
        self.poller = Poller(source, None, writer, plan=lambda failures, at: None, longest_pause=1, log=log)
        self.reader = Reader(cache)

    async def want(self, kind: Any, run_ids: Sequence[str], keys: Sequence[str] = (), points: int | None = None) -> int:
        """As the syncer serves it; gives how many batches there were."""
        want = Want(kind=kind, source="5" * 16, run_ids=tuple(run_ids), keys=tuple(keys), points=points)
        completed = await self.poller.completed(want)
        assert completed is not None
        batches = 0
        async for batch in self.source.want(completed):
            await self.poller.keep(batch)
            batches += 1
        return batches

    def series(self, run_id: str, key: str) -> Series:
        found = self.reader.series(self.reader.rowids([run_id])[0], key)
        assert found is not None
        return found

    def run(self, run_id: str) -> Run:
        return self.reader.runs(self.reader.rowids([run_id]))[0]


@pytest.fixture(params=["rest", "sqlite"])
async def deck(request: pytest.FixtureRequest, world: World, mlflow_server: str, tmp_path: Path) -> AsyncIterator[Deck]:
    wire = Wire()
    async with asyncio.timeout(120):
        made = await make_deck(request.param, wire, mlflow_server, world.store, tmp_path)
        await made.want("run", [world.odd, world.long, world.wide, world.bare])
        yield made
        made.reader.close()
        await made.source.close()
        await made.writer.close()


@pytest.fixture
async def over_rest(world: World, mlflow_server: str, tmp_path: Path) -> AsyncIterator[Deck]:
    made = await make_deck("rest", Wire(), mlflow_server, world.store, tmp_path)
    yield made
    made.reader.close()
    await made.source.close()
    await made.writer.close()


async def make_deck(kind: str, wire: Wire, url: str, store: Path, folder: Path) -> Deck:
    async def no_pause(seconds: float) -> None:
        return None

    spec = SourceSpec(key="5" * 16, kind="mlflow", name="mlflow", address=url)
    source: MlflowSource = TablesSource(spec, store)
    if kind == "rest":
        source = TrackingSource(spec, RestApi(Http(url, transport=wire), spec.key), pause=no_pause)
    cache = folder / "cache.db"
    writer = await Writer.open(cache, folder / "state.db")
    await writer.declare([spec])
    return Deck(source, wire, writer, cache, folder / "log")


def points(series: Series) -> list[list[Any]]:
    columns = zip(series.steps, series.times, series.values, strict=True)
    return [[step, at, repr(value)] for step, at, value in columns]


def expected(history: list[list[Any]]) -> list[list[Any]]:
    return [[step, at, repr(number(value))] for step, at, value in history]


async def test_every_history_is_the_one_that_mlflow_gives(deck: Deck, world: World, told: dict[str, Told]) -> None:
    for run_id, keys in world.keys().items():
        await deck.want("history", [run_id], keys)
        for key in keys:
            series = deck.series(run_id, key)
            assert series.history == "complete"
            assert points(series) == expected(told[run_id]["histories"][key]), key


async def test_every_last_value_is_the_one_that_mlflow_gives(deck: Deck, told: dict[str, Told]) -> None:
    assert {len(one["last"]) for one in told.values()} == {0, 1, 9, WIDE}
    for run_id, said in told.items():
        here = {key: [repr(one.value), one.step, one.at] for key, one in deck.run(run_id).metrics.items()}
        assert here == {key: [repr(number(value)), step, at] for key, (value, step, at) in said["last"].items()}


async def test_smallest_and_largest_are_those_of_the_whole_history(
    deck: Deck, world: World, told: dict[str, Told]
) -> None:
    for run_id, keys in world.keys().items():
        await deck.want("extremes", [run_id], keys)
        rowid = deck.reader.rowids([run_id])[0]
        known = deck.reader.extremes([rowid], keys)
        for key in keys:
            finite = [(number(v), step) for step, _, v in told[run_id]["histories"][key] if math.isfinite(number(v))]
            one = known[rowid, key]
            assert one.history == "complete"
            if not finite:
                assert (one.min, one.max, one.min_step, one.max_step) == (None, None, None, None)
                continue
            low, high = min(value for value, _ in finite), max(value for value, _ in finite)
            assert (one.min, one.max) == (low, high)
            assert one.min_step == next(step for value, step in finite if value == low)
            assert one.max_step == next(step for value, step in finite if value == high)


async def test_a_thinned_out_history_keeps_the_spike_and_both_ends(deck: Deck, world: World) -> None:
    await deck.want("history", [world.long], ["loss"], points=1_000)
    series = deck.series(world.long, "loss")
    assert series.history == "sampled"
    assert len(series) <= 10_000
    assert (series.times[0], series.times[-1]) == (BEGAN, BEGAN + LONG - 1)
    if isinstance(deck.source, TablesSource):  # a server samples as it likes
        assert min(value for value in series.values if value == value) == -77.5


async def test_a_history_that_did_not_go_on_brings_nothing_new(deck: Deck, world: World) -> None:
    keys = world.keys()[world.odd]
    await deck.want("history", [world.odd], keys)
    before, deck.wire.asked[:] = deck.reader.content(), []
    await deck.want("history", [world.odd], keys)
    assert deck.reader.content() == before
    assert deck.wire.asked in ([], ["runs/get"])


async def test_what_a_live_run_logs_is_added_to_what_is_there(deck: Deck, world: World, mlflow_server: str) -> None:
    run_id = world.rest.create_run(world.experiment, "live", end=None)
    world.log(run_id, "loss", *((step, step, 1 / (step + 1)) for step in range(50)))
    world.log(run_id, "still", (0, 0, 1.0))
    world.log(run_id, "acc", (0, 0, "NaN"), (1, 1, 0.5))
    await deck.want("run", [run_id])
    keys = ["loss", "still", "acc"]
    await deck.want("history", [run_id], keys)
    world.log(run_id, "loss", (49, 55, 0.7), (49, 60, "NaN"), (50, 61, 0.01), (51, 62, "Infinity"))
    world.log(run_id, "acc", (2, 70, 0.6))
    before, deck.wire.asked[:] = deck.reader.content()[0], []
    assert await deck.want("history", [run_id], keys) == 1
    assert deck.reader.content()[0] == before + 1
    assert deck.wire.asked.count("metrics/get-history") == 0
    assert len(deck.wire.asked) in (0, 3)  # the run, and the two that went on
    said = told_by_mlflow(mlflow_server, {run_id: keys})[run_id]["histories"]
    assert {key: points(deck.series(run_id, key)) for key in keys} == {key: expected(said[key]) for key in keys}
    rowid = deck.reader.rowids([run_id])[0]
    known = deck.reader.extremes([rowid], ["loss"])[rowid, "loss"]
    assert (known.history, known.min, known.min_step, known.max) == ("complete", 0.01, 50, 1.0)


async def test_a_late_point_is_found_when_the_whole_history_is_read_again(
    over_rest: Deck, world: World, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = world.rest.create_run(world.experiment, "late", end=None)
    world.log(run_id, "loss", (0, 0, 1.0), (10, 10, 0.5))
    await over_rest.want("run", [run_id])
    await over_rest.want("history", [run_id], ["loss"])
    world.log(run_id, "loss", (4, 4, 0.75))
    await over_rest.want("history", [run_id], ["loss"])
    assert list(over_rest.series(run_id, "loss").steps) == [0, 10]
    monkeypatch.setattr(histories, "_WHOLE_EVERY", -1_000)
    await over_rest.want("history", [run_id], ["loss"])
    said = told_by_mlflow(mlflow_server, {run_id: ["loss"]})[run_id]["histories"]["loss"]
    assert points(over_rest.series(run_id, "loss")) == expected(said)


async def test_in_place_a_late_point_is_found_at_once(world: World, mlflow_server: str, tmp_path: Path) -> None:
    deck = await make_deck("sqlite", Wire(), mlflow_server, world.store, tmp_path)
    run_id = world.rest.create_run(world.experiment, "late in place", end=None)
    world.log(run_id, "loss", (0, 0, 1.0), (10, 10, 0.5))
    await deck.want("run", [run_id])
    await deck.want("history", [run_id], ["loss"])
    world.log(run_id, "loss", (4, 4, 0.75), (3, 10, 0.5))
    await deck.want("history", [run_id], ["loss"])
    assert list(deck.series(run_id, "loss").steps) == [0, 4, 3, 10]
    deck.reader.close()
    await deck.writer.close()


async def test_curves_of_several_runs_cost_a_request_a_metric(over_rest: Deck, world: World) -> None:
    runs = [world.rest.create_run(world.experiment, f"seed {n}", end=None) for n in range(8)]
    for n, run_id in enumerate(runs):
        world.log(run_id, "loss", *((step, step, step / (n + 1)) for step in range(20 + n)))
    await over_rest.want("run", runs)
    over_rest.wire.asked.clear()
    await over_rest.want("history", runs, ["loss"])
    assert over_rest.wire.asked == ["metrics/get-history-bulk-interval"]
    assert [len(over_rest.series(run_id, "loss")) for run_id in runs] == list(range(20, 28))
    world.log(runs[3], "loss", (23, 99, 1.0))
    over_rest.wire.asked.clear()
    await over_rest.want("history", runs, ["loss"])
    assert over_rest.wire.asked == ["metrics/get-history-bulk-interval"]
    assert [len(over_rest.series(run_id, "loss")) for run_id in runs] == [20, 21, 22, 24, 24, 25, 26, 27]


async def test_a_run_that_is_gone_for_good_does_not_keep_the_others_from_their_curves(
    over_rest: Deck, world: World
) -> None:
    await over_rest.want("run", [world.odd])
    await over_rest.want("history", ["0" * 32, world.odd], ["single"], points=100)
    assert list(over_rest.series(world.odd, "single").steps) == [7]


async def test_a_thousand_new_points_at_one_step_are_not_taken_for_all(over_rest: Deck, world: World) -> None:
    run_id = world.rest.create_run(world.experiment, "no steps", end=None)
    world.log(run_id, "loss", *((0, at, float(at)) for at in range(900)))
    await over_rest.want("run", [run_id])
    await over_rest.want("history", [run_id], ["loss"])
    for start in (900, 1_800, 2_700):
        world.log(run_id, "loss", *((0, at, float(at)) for at in range(start, start + 900)))
    await over_rest.want("history", [run_id], ["loss"])
    assert list(over_rest.series(run_id, "loss").values) == [float(at) for at in range(3_600)]


@pytest.mark.tools
async def test_a_server_of_mlflow_2_gives_the_same(
    mlflow2_rest: Any, mlflow2_server: str, mlflow2_folder: Path, tmp_path: Path
) -> None:
    world = World(mlflow2_rest, mlflow2_folder / "mlflow.db")
    deck = await make_deck("rest", Wire(), mlflow2_server, world.store, tmp_path)
    said = told_by_mlflow(mlflow2_server, world.keys())
    await deck.want("run", list(said))
    for run_id, keys in world.keys().items():
        await deck.want("history", [run_id], keys)
        found = {key: points(deck.series(run_id, key)) for key in keys}
        assert found == {key: expected(said[run_id]["histories"][key]) for key in keys}
    world.log(world.odd, "val/größe 图", (30, 30, "NaN"), (31, 31, 0.5))
    deck.wire.asked.clear()
    await deck.want("history", [world.odd], world.keys()[world.odd])
    assert deck.wire.asked == ["runs/get", "metrics/get-history-bulk-interval"]
    said = told_by_mlflow(mlflow2_server, {world.odd: ["val/größe 图"]})
    assert points(deck.series(world.odd, "val/größe 图")) == expected(said[world.odd]["histories"]["val/größe 图"])
    deck.reader.close()
    await deck.source.close()
    await deck.writer.close()


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield
