"""First sync of an `sqlite:///` store: the whole way, and each half of it alone.

The store is made by MLflow itself and filled with plain SQL: 20,000 runs with 8 metrics, 12 params and 4 tags each.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from quarterdeck.app.records import Batch
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources import Source
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.once import sync_once

from .table import Row, figure, print_table

RUNS = 20_000
METRICS = tuple(f"val_{name}" for name in ("auc", "loss", "f1", "recall", "precision", "mae", "rmse", "r2"))
PARAMS = tuple(f"param_{number:02}" for number in range(12))
TAGS = ("mlflow.runName", "mlflow.source.git.commit", "mlflow.user", "team")


def make_store(path: Path, runs: int) -> None:
    """An MLflow store with this many runs of three experiments."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{path}")
    experiments = [client.create_experiment(name) for name in ("churn", "fraud", "ranking")]
    connection = sqlite3.connect(path)
    with connection:
        _fill(connection, experiments, runs)
    connection.close()


def _fill(connection: sqlite3.Connection, experiments: list[str], runs: int) -> None:
    dice = random.Random(7)
    begun = 1_700_000_000_000
    ids = [f"{dice.getrandbits(128):032x}" for _ in range(runs)]
    connection.executemany(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
        " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
        " VALUES (?, ?, 'LOCAL', 'train.py', '', 'ann', 'FINISHED', ?, ?, '', 'active', ?, ?)",
        (
            (run, f"run-{n}", begun + n * 60_000, begun + n * 60_000 + 50_000, f"mlruns/{run}", experiments[n % 3])
            for n, run in enumerate(ids)
        ),
    )
    values = [(run, name, dice.random(), begun, n % 100) for n, run in enumerate(ids) for name in METRICS]
    connection.executemany(
        "INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)", values
    )
    connection.executemany(
        "INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)", values
    )
    connection.executemany(
        "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
        # half of them from a small grid, half of them free numbers, as searches give them
        (
            (run, name, str(dice.choice((1, 2, 4, 8)) if k % 2 else round(dice.random(), 6)))
            for run in ids
            for k, name in enumerate(PARAMS)
        ),
    )
    connection.executemany(
        "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
        (
            (run, name, value)
            for n, run in enumerate(ids)
            for name, value in zip(TAGS, (f"run-{n}", f"{n // 20:040x}", "ann", "risk"), strict=True)
        ),
    )


def _source(settings: Settings) -> Source:
    return next(source for source in build(settings) if source.spec.kind == "mlflow")


async def read_alone(settings: Settings) -> list[Batch]:
    """Every batch of the first sync, written nowhere."""
    source = _source(settings)
    found = [batch async for batch in source.poll({})]
    await source.close()
    return found


def write_alone(settings: Settings, batches: list[Batch], path: Path) -> None:
    """Write batches that are in memory already."""
    spec = _source(settings).spec
    cache = Cache(path)
    cache.declare([spec])
    for batch in batches:
        cache.write(spec.key, batch, 0)
    cache.close()


def whole_way(settings: Settings, path: Path) -> None:
    """A pass as `quarterdeck sync` runs it, into a new cache."""
    (state,) = asyncio.run(sync_once(settings, path, names=["mlflow"]))
    assert (state.state, state.items) == ("ok", RUNS), state


def measured(act: Callable[[], object], times: int = 1) -> str:
    """Runs a second in the best of some tries, and the processor time of that one."""
    tries = []
    for _ in range(times):
        begun, used = time.perf_counter(), time.process_time()
        act()
        tries.append((time.perf_counter() - begun, time.process_time() - used))
    seconds, used = min(tries)
    return f"{figure(RUNS / seconds, 'runs/s')} ({used:.2f} s of processor)"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="first-sync-") as name:
        folder = Path(name)
        for kind in ("CONFIG", "CACHE", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(folder / kind)
        make_store(folder / "mlflow.db", RUNS)
        (folder / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
        settings = load(directory=folder, environment={})
        caches = (folder / f"{number}.db" for number in count())
        batches = asyncio.run(read_alone(settings))
        figures = {
            "read, written and indexed": measured(lambda: whole_way(settings, next(caches)), 3),
            "read and thrown away": measured(lambda: asyncio.run(read_alone(settings)), 3),
            "written from memory, not indexed": measured(lambda: write_alone(settings, batches, next(caches)), 3),
        }
        budgets = {"read, written and indexed": "10 000 runs/s"}
        rows = [Row(what, budgets.get(what, "–"), {"quarterdeck": found}) for what, found in figures.items()]
        print_table(f"First sync of sqlite:///, {RUNS:,} runs of 8 metrics, 12 params, 4 tags", ["quarterdeck"], rows)


if __name__ == "__main__":
    main()
