"""A registered model with 5,000 versions: opened from the cache, walked through, at 120x40; and what a plan costs."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from pathlib import Path

from quarterdeck.app.promotion import plan_of, read_situation
from quarterdeck.app.records import (
    Actor,
    Batch,
    Dataset,
    Experiment,
    LedgerEntry,
    LoggedModel,
    Metric,
    ModelMetric,
    ModelVersion,
    PolicyText,
    Promotions,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.locks import SyncerLock

from . import probe, world
from .peers import Program
from .table import Row, figure, print_table
from .terminal import QUARTERDECK, QUIET, Terminal

VERSIONS = 5_000
MODELS = 1_000
ENTRIES = 500
TIMES = 12
KEYS = 60
PAGES = 20
PLANS = 20
NOW = time.time_ns() // 1_000_000
HOUR = 3_600_000
REGISTRY = SourceSpec(key="0123456789abcdef", kind="registry", name="models", address="http://127.0.0.1:9")
TRACKING = SourceSpec(key="1123456789abcdef", kind="mlflow", name="mlflow", address="http://127.0.0.1:9")
GIT = SourceSpec(key="2123456789abcdef", kind="git", name="git", address="git.example/churn")
POLICY = """
[promotion."churn"]
to = "champion"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.5
min_absolute_change = -1.0
same_dataset = true
[[promotion."churn".metric]]
name = "p95_latency_ms"
greater_is_better = false
threshold = 500
"""


def version(number: int) -> tuple[ModelVersion, LoggedModel, Run]:
    """A version, the logged model that it was made of, and the run that logged that."""
    at, run, model = NOW - (VERSIONS - number) * HOUR, f"{number:032x}", f"m-{number:032x}"
    auc = 0.7 + number / VERSIONS / 5
    measured = tuple(
        ModelMetric(name=name, value=value, at=at, run_id=run, dataset_name="holdout", dataset_digest="77ab")
        for name, value in (("val_auc", auc), ("p95_latency_ms", 80.0 + number % 40))
    )
    logged = LoggedModel(source=REGISTRY.key, id=model, name="model", run_id=run, created_at=at, metrics=measured)
    made = ModelVersion(
        source=REGISTRY.key, model="churn", version=str(number), created_at=at, updated_at=at, user="ann", run_id=run,
        origin=f"models:/{model}", model_id=model,
    )  # fmt: skip
    ran = Run(
        source=TRACKING.key, id=run, experiment_id="1", name=f"brave-cod-{number}", status="finished", started_at=at,
        ended_at=at + 1000, user="ann", metrics={"val_auc": Metric(value=auc, step=1, at=at)},
        params={"lr": "0.01", "depth": str(number % 9)}, git_commit=f"{number % 50:040x}",
        datasets=(Dataset(name="holdout", digest="77ab", context="validation"),),
    )  # fmt: skip
    return made, logged, ran


def entry(number: int) -> LedgerEntry:
    """An entry of the ledger: every tenth version was champion."""
    return LedgerEntry(
        source=GIT.key, model="churn", alias="champion", number=number, id=f"{number:040x}", version=str(number * 10),
        previous=str(number * 10 - 10) if number > 1 else None, before=f"{number - 1:040x}" if number > 1 else "",
        at=NOW - (VERSIONS - number * 10) * HOUR, by=Actor(name="ann", email="ann@example.com"),
    )  # fmt: skip


def fill(cache: Cache) -> float:
    """Write the models; gives the seconds that it takes."""
    cache.declare([REGISTRY, TRACKING, GIT])
    begun = time.perf_counter()
    aliases = {"champion": str(ENTRIES * 10 - 10), "challenger": str(VERSIONS)}
    models = [RegisteredModel(source=REGISTRY.key, name="churn", created_at=NOW, aliases=aliases)]
    models += [RegisteredModel(source=REGISTRY.key, name=f"model-{number:04}") for number in range(MODELS - 1)]
    cache.write(REGISTRY.key, Batch(models=tuple(models), models_complete=True), NOW)
    cache.write(TRACKING.key, Batch(experiments=(Experiment(source=TRACKING.key, id="1", name="churn"),)), NOW)
    for start in range(1, VERSIONS + 1, 250):
        made, logged, runs = zip(*map(version, range(start, start + 250)), strict=True)
        cache.write(TRACKING.key, Batch(runs=runs), NOW)
        cache.write(REGISTRY.key, Batch(versions=made, logged_models=logged), NOW)
    text = PolicyText(source=GIT.key, branch="origin/main", commit="a" * 40, at=NOW, text=POLICY)
    entries = tuple(map(entry, range(1, ENTRIES)))
    cache.write(GIT.key, Batch(promotions=Promotions(policy=text, entries=entries)), NOW)
    for spec in (REGISTRY, TRACKING, GIT):
        cache.save_state(
            SourceState(source=spec.key, kind=spec.kind, name=spec.name, state="ok", last_ok_at=NOW, items=1)
        )  # fmt: skip
    return time.perf_counter() - begun


def planned(path: Path) -> float:
    """Milliseconds that a plan takes by the cache, median."""
    took = []
    with closing(Reader(path)) as reader:
        for _ in range(PLANS):
            begun = time.perf_counter()
            plan = plan_of(read_situation(reader, "churn", "champion", actor=Actor(name="bo"), version="5000"), NOW)
            took.append((time.perf_counter() - begun) * 1e3)
            assert plan.applicable, plan.blocked
    return statistics.median(took)


def opened(terminal: Terminal, shown: str) -> list[float]:
    """Milliseconds from Enter on the model to the last byte of its versions, again and again."""
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        terminal.press("enter")
        terminal.wait_for(shown)
        while terminal.take(QUIET):
            pass
        found.append((terminal.last_read - begun) * 1e3)
        terminal.settle(quiet=0.3, deadline=2)
        terminal.press("esc")
        terminal.wait_for("model-0001")
        terminal.settle(quiet=0.3, deadline=2)
    return found


def main() -> None:
    """Measure and print the table."""
    world.OUT.mkdir(parents=True, exist_ok=True)
    path = world.OUT / "models.db"
    for old in world.OUT.glob("models.db*"):
        old.unlink()
    with closing(Cache(path)) as cache:
        took = fill(cache)
    plan = planned(path)
    lock = SyncerLock.acquire(path)
    if lock is None:
        raise SystemExit(f"somebody syncs {path}: end that quarterdeck first")
    where = world.project(world.OUT / "models", REGISTRY.address)
    argv = (*QUARTERDECK, "--project", where, "--cache", path)
    program = Program(world.NAME, "models", argv, "churn", where, env=world.homes(world.OUT / "home"))
    try:
        with Terminal(*program.argv, cwd=program.cwd, env=program.env) as terminal:
            terminal.press("3")
            terminal.wait_for("model-0001")
            terminal.settle(quiet=0.5, deadline=3)
            first = probe.spread(opened(terminal, "brave-cod-5000"))
            terminal.press("enter")
            terminal.wait_for("brave-cod-5000")
            terminal.settle(quiet=0.5, deadline=3)
            moves = probe.press_all(terminal, ["down"] * KEYS)
            pages = probe.press_all(terminal, ["pgdn"] * PAGES)
            memory = probe.usage(terminal).memory
    finally:
        lock.release()
    keys = probe.spread([move.first for move in moves])
    sizes, turns = probe.spread([move.bytes for move in moves]), probe.spread([turn.bytes for turn in pages])
    rows = [
        Row("from Enter to its versions, median", "", {world.NAME: figure(first.median, "ms")}),
        Row("the same, the longest", "", {world.NAME: figure(first.most, "ms")}),
        Row("a key: to the first byte, median", "a third of LEET's", {world.NAME: figure(keys.median, "ms")}),
        Row("bytes a cursor move, median", "400", {world.NAME: f"{sizes.median:.0f} (p95 {sizes.p95:.0f})"}),
        Row("bytes a page, median", "8 192", {world.NAME: f"{turns.median:.0f} (p95 {turns.p95:.0f})"}),
        Row("memory of the terminal process", "80 MB", {world.NAME: f"{memory:.0f} MB"}),
        Row("a plan by the cache", "", {world.NAME: figure(plan, "ms")}),
        Row("writing them into the cache", "", {world.NAME: figure(took, "s")}),
    ]
    title = f"a registered model with {VERSIONS:,} versions among {MODELS:,} models, at 120x40"
    print_table(title, [world.NAME], rows)


if __name__ == "__main__":
    main()
