"""Five thousand runs, every value of every one of them: what the cache gives is what the server says.

A server of its own, filled by SQL (by its API that would take ten minutes), synced over REST and in place from its
store, and read back through the cache's reader. What the server says is listed by its own API, page by page.
"""

from __future__ import annotations

import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import SourceSpec, SourceState
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources import Source
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.mlflow.passes import TrackingSource
from quarterdeck.app.sources.mlflow.rest import RestApi
from quarterdeck.app.sources.mlflow.tables import TablesSource
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.once import sync_once
from tests.app.sources.test_mlflow_rest import Wire, as_kept, as_said, said_by
from tests.conftest import MlflowRest

RUNS = 5_000
BEGAN = 1_760_000_000_000
LARGEST = 1.7976931348623157e308
METRICS = ("val/auc", "val/loss", "f1", "train loss", "größe", "system/gpu_0_utilization_percentage", "mae", "r2")
PARAMS = ("lr", "optimizer", "模型", "empty", "seed", "depth", "long", "path", "json", "a.b", "a/b", "batch size")
TAGS = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.runName", "mlflow.source.git.commit", "team")
STATUSES = ("FINISHED",) * 36 + ("FAILED", "KILLED", "RUNNING", "SCHEDULED")
WORDS = ("adam", "sgd", "x" * 900, "[bold]no markup[/]", "a\tb", "模型 v2", "\u202egnp", "1e-3", "NaN", '{"a": [1, 2]}')

Said = dict[str, dict[str, Any]]


class Filling:
    """The rows of the runs, table by table, from dice that fall the same way every time."""

    def __init__(self, experiments: list[str]) -> None:
        self._dice = random.Random(5)
        self._experiments = experiments
        self.ids = [f"{self._dice.getrandbits(128):032x}" for _ in range(RUNS)]

    def runs(self) -> Iterator[tuple[Any, ...]]:
        for n, run in enumerate(self.ids):
            status = STATUSES[n % len(STATUSES)]
            began = BEGAN + n // 3 * 60_000  # three begin at the same moment
            ended = None if status in ("RUNNING", "SCHEDULED") else began + 500 + n
            stage = "deleted" if n % 97 == 3 else "active"
            name = f"run {n}" if n % 11 else f"Lauf „{n}“ 🏃 \x1b[31m"
            yield run, name, "ann", status, began, ended, stage, f"/art/{run}", self.experiment(n)

    def experiment(self, n: int) -> str:
        return self._experiments[n % 3 % 2]

    def metrics(self) -> Iterator[tuple[Any, ...]]:
        for n, run in enumerate(self.ids):
            for number, key in enumerate(METRICS):
                kind = (n + number) % 50
                value = {0: 0.0, 1: LARGEST, 2: -LARGEST, 3: 5e-324}.get(kind, self._dice.gauss(0, 1))
                yield run, key, value, BEGAN + n + number, n % 100 - 3, kind == 0

    def params(self) -> Iterator[tuple[str, str, str]]:
        for n, run in enumerate(self.ids):
            for number, key in enumerate(PARAMS):
                yield (
                    run,
                    key,
                    "" if key == "empty" else WORDS[(n + number) % 30] if (n + number) % 30 < 10 else str(n % 40),
                )

    def tags(self) -> Iterator[tuple[str, str, str]]:
        for n, run in enumerate(self.ids):
            for key in TAGS:
                yield run, key, f"{n // 20:040x}" if key.endswith("commit") else f"{key} {n // 20} é"
            if n % 10:
                yield run, "mlflow.parentRunId", self.ids[n - n % 10]  # nested by tens, across experiments too

    def datasets(self) -> Iterator[tuple[Any, ...]]:
        for number in range(40):
            for experiment in self._experiments:
                source, profile = f'{{"uri": "s3://data/{number}"}}', f'{{"num_rows": {number}}}'
                yield f"data-{experiment}-{number}", experiment, f"orders {number % 8}", f"d{number}", source, profile

    def inputs(self) -> Iterator[tuple[str, str, str]]:
        for n, run in enumerate(self.ids):
            yield f"input-{n}", f"data-{self.experiment(n)}-{n % 40}", run


def fill(store: Path, rows: Filling) -> None:
    """All of it, where the server reads it."""
    with closing(sqlite3.connect(store, timeout=60)) as connection, connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,"
            " experiment_id, source_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'LOCAL')",
            rows.runs(),
        )
        values = list(rows.metrics())
        for table in ("latest_metrics", "metrics"):
            sql = f"INSERT INTO {table} (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)"
            connection.executemany(sql, values)
        connection.executemany("INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)", rows.params())
        connection.executemany("INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)", rows.tags())
        connection.executemany(
            "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source,"
            " dataset_profile) VALUES (?, ?, ?, ?, 's3', ?, ?)",
            rows.datasets(),
        )
        connection.executemany(
            "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)"
            " VALUES (?, 'DATASET', ?, 'RUN', ?)",
            rows.inputs(),
        )
        connection.executemany(
            "INSERT INTO input_tags (input_uuid, name, value) VALUES (?, 'mlflow.data.context', ?)",
            [(f"input-{n}", ("training", "validation")[n % 2]) for n in range(RUNS) if n % 4],
        )


class World:
    """The server, its store, and what it says of all its runs."""

    def __init__(self, url: str, store: Path, rest: MlflowRest) -> None:
        self.url, self.store, self.rest = url, store, rest
        self.experiments = [rest.create_experiment("churn"), rest.create_experiment("größer")]
        self.rows = Filling(self.experiments)
        fill(store, self.rows)
        self.said: Said = said_by(rest, *self.experiments)

    def said_now(self, *run_ids: str) -> Said:
        """What it says by now, of runs that changed since."""
        changed = {run_id: as_said(self.rest.get("runs/get", run_id=run_id)["run"]) for run_id in run_ids}
        return self.said | changed


@pytest.fixture(scope="module")
def world(serve_mlflow: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("scale")
    url = serve_mlflow(folder)
    rest = MlflowRest(url)
    yield World(url, folder / "mlflow.db", rest)
    rest.close()


class Copy:
    """A cache that is filled from the world."""

    def __init__(self, world: World, kind: str, folder: Path) -> None:
        self.world, self.kind = world, kind
        self.settings: Settings = load(directory=folder)
        self.cache = folder / "cache.db"
        self.wire = Wire()

    def _source(self) -> Source:
        spec = SourceSpec(key="5" * 16, kind="mlflow", name="mlflow", address=self.world.url)
        if self.kind == "sqlite":
            return TablesSource(spec, self.world.store)
        return TrackingSource(spec, RestApi(Http(self.world.url, transport=self.wire), spec.key))

    async def sync(self, *, full: bool = False) -> SourceState:
        """One pass or sweep, as the command does it, with a source that remembers nothing."""
        self.wire = Wire()
        (state,) = await sync_once(self.settings, self.cache, sources=[self._source()], full=full)
        assert state.state == "ok", state
        return state

    def kept(self) -> Said:
        """Every run as the reader gives it."""
        reader = Reader(self.cache)
        try:
            ids = reader.rowids(list(self.world.said))
            windows = (reader.runs(ids[at : at + 500]) for at in range(0, len(ids), 500))
            return {run.id: as_kept(run) for window in windows for run in window}
        finally:
            reader.close()


@pytest.mark.parametrize("kind", ["rest", "sqlite"])
async def test_five_thousand_runs_are_the_same_in_the_cache_as_on_the_server(
    kind: str, world: World, tmp_path: Path
) -> None:
    copy = Copy(world, kind, tmp_path)
    state = await copy.sync()
    assert (len(world.said), state.items) == (RUNS, RUNS)
    assert differing(copy.kept(), world.said) == []

    await copy.sync()
    assert len(copy.wire.asked) <= 5
    assert differing(copy.kept(), world.said) == []

    running = {run_id: run["times"][0] for run_id, run in world.said.items() if run["status"] == "running"}
    live = max(running, key=running.__getitem__)
    gone = next(run_id for run_id, run in world.said.items() if run["status"] == "finished")
    at = int(time.time() * 1000)
    for key, value in (("val/auc", 0.875), ("f1", "NaN"), (f"new over {kind}", "Infinity")):
        world.rest.post("runs/log-metric", run_id=live, key=key, value=value, timestamp=at, step=1_000)
    world.rest.post("runs/delete", run_id=gone)
    await copy.sync()
    found = copy.kept()[live]["metrics"]
    assert [found[key][0] for key in ("val/auc", "f1", f"new over {kind}")] == [0.875, "nan", "inf"]

    await copy.sync(full=True)
    now = world.said_now(live, gone)
    assert now[gone]["status"] == "deleted"
    assert differing(copy.kept(), now) == []
    world.said = now


def differing(kept: Said, said: Said) -> list[tuple[str, str, Any, Any]]:
    """The first few fields that are not the same: run, field, what is kept, what was said."""
    here, there = (
        {(run_id, field): run[field] for run_id, run in runs.items() for field in run} for runs in (kept, said)
    )
    wrong = (where for where in there.keys() | here.keys() if here.get(where) != there.get(where))
    return [(*where, here.get(where), there.get(where)) for where in islice(wrong, 5)]


def test_the_world_holds_what_is_hard(world: World) -> None:
    runs = list(world.said.values())
    assert {run["status"] for run in runs} == {"finished", "failed", "killed", "running", "scheduled", "deleted"}
    values = {str(value) for run in runs for value, _, _ in run["metrics"].values()}
    assert {"nan", "inf", "-inf", "5e-324"} <= values
    assert all(len(run["metrics"]) >= 8 and len(run["params"]) == 12 and len(run["datasets"]) == 1 for run in runs)
    assert all(run["params"]["empty"] == "" and len(run["tags"]) in (6, 7) for run in runs)
    assert not math.isnan(sum(run["times"][0] for run in runs))
