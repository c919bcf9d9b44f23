"""From the key `=` to the painted comparison: 8 runs of 200 params and 300 metrics from the cache, at 120x40."""

from __future__ import annotations

import math
import random
import time

from quarterdeck.app.records import Batch, Experiment, Metric, Point, Run, Series, SourceSpec, SourceState
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.locks import SyncerLock

from . import probe, world
from .peers import Program
from .table import Row, figure, print_table
from .terminal import QUARTERDECK, QUIET, Terminal

RUNS, PARAMS, METRICS, POINTS = 8, 200, 300, 1_000
TIMES = 25
KEYS = 40
NOW = time.time_ns() // 1_000_000
SOURCE = SourceSpec(key="0123456789abcdef", kind="mlflow", name="mlflow", address="http://127.0.0.1:9")


def make_run(index: int) -> Run:
    """A run in which every third param and every metric is its own."""
    noise = random.Random(index)
    return Run(
        source=SOURCE.key, id=f"{noise.getrandbits(128):032x}", experiment_id="1", name=f"brave-cod-{index}",
        status="finished", started_at=NOW - index * 3_600_000, ended_at=NOW - index * 3_600_000 + 900_000,
        user=("ann", "bo")[index % 2],
        params={f"param_{n:03}": f"value-{n}-{index if n % 3 == 0 else 0}" for n in range(PARAMS)},
        metrics={f"metric_{n:03}": Metric(value=noise.random(), step=POINTS, at=NOW) for n in range(METRICS)},
    )  # fmt: skip


def curve(run: Run, name: str) -> Series:
    """A thousand points that fall with some noise."""
    noise = random.Random(run.id + name)
    points = (
        Point(step=step, at=NOW + step * 1000, value=math.exp(-step / 300) + noise.gauss(0, 0.01))
        for step in range(POINTS)
    )
    return Series.of(run.id, name, points)


def built() -> tuple[Program, SyncerLock]:
    """quarterdeck on a cache of these runs, and the lock that keeps a syncer from it."""
    world.OUT.mkdir(parents=True, exist_ok=True)
    path = world.OUT / "compare.db"
    for old in world.OUT.glob("compare.db*"):
        old.unlink()
    runs = [make_run(index) for index in range(RUNS)]
    cache = Cache(path)
    cache.declare([SOURCE])
    experiment = Experiment(source=SOURCE.key, id="1", name="churn-train")
    cache.write(SOURCE.key, Batch(experiments=(experiment,), runs=tuple(runs)), NOW)
    cache.write(SOURCE.key, Batch(histories=tuple(curve(run, "metric_000") for run in runs)), NOW)
    cache.save_state(SourceState(source=SOURCE.key, kind="mlflow", name="mlflow", state="ok", last_ok_at=NOW))
    cache.close()
    lock = SyncerLock.acquire(path)
    if lock is None:
        raise SystemExit(f"somebody syncs {path}: end that quarterdeck first")
    where = world.project(world.OUT / "compare", SOURCE.address)
    argv = (*QUARTERDECK, "--project", where, "--cache", path)
    return Program(world.NAME, f"{RUNS} runs", argv, "● finished", where, env=world.homes(world.OUT / "home")), lock


def opened(terminal: Terminal) -> list[float]:
    """Milliseconds from `=` to the last byte of the comparison, again and again."""
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        terminal.press("=")
        terminal.wait_for("rows differ", "metric_000", "baseline")
        while terminal.take(QUIET):
            pass
        found.append((terminal.last_read - begun) * 1e3)
        terminal.settle(quiet=0.3, deadline=2)
        terminal.press("esc")
        terminal.wait_gone("rows differ")
        terminal.settle(quiet=0.3, deadline=2)
    return found


def main() -> None:
    """Measure and print the table."""
    program, lock = built()
    try:
        with Terminal(*program.argv, cwd=program.cwd, env=program.env) as terminal:
            terminal.wait_for(program.shown)
            probe.press_all(terminal, ["space"] * RUNS)
            times = probe.spread(opened(terminal)[1:])
            before = terminal.received
            terminal.press("=")
            terminal.settle(quiet=0.4, deadline=2)
            sent = terminal.received - before
            moves = probe.press_all(terminal, ["down"] * KEYS)
    finally:
        lock.release()
    keys, sizes = probe.spread([move.whole for move in moves]), probe.spread([move.bytes for move in moves])
    rows = [
        Row("from = to the painted comparison, median", "100 ms", {world.NAME: figure(times.median, "ms")}),
        Row("the same, 95th percentile", "", {world.NAME: figure(times.p95, "ms")}),
        Row("bytes of that", "", {world.NAME: figure(sent, "B")}),
        Row("a key in it, median", "", {world.NAME: figure(keys.median, "ms")}),
        Row("bytes a key, median", "400", {world.NAME: f"{sizes.median:.0f}"}),
    ]
    title = f"{RUNS} runs with {PARAMS} params and {METRICS} metrics each, at 120x40"
    print_table(title, [world.NAME], rows)


if __name__ == "__main__":
    main()
