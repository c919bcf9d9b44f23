"""All signals over 100,000 runs, 20,000 pipelines, 200,000 results of checks and 1,000,000 events: one look from
scratch, looks after single changes, and a look when nothing changed."""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from quarterdeck.app.records import (
    Alert,
    Batch,
    CheckResult,
    Commit,
    DataIdentity,
    Dataset,
    DataVersion,
    Event,
    Experiment,
    Identities,
    Invocation,
    Metric,
    ModelVersion,
    MonitorSeries,
    Note,
    Pipeline,
    Ref,
    RegisteredModel,
    Resource,
    Run,
    Samples,
    SourceSpec,
    SourceState,
    Stack,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.triage import Outlook, Sight, explain, look, sight_to_json

from . import world
from .table import Row, figure, print_table

RUNS: Final = 100_000
EXPERIMENTS: Final = 40
PIPELINES: Final = 20_000
CHECKS: Final = 2_000
NIGHTS: Final = 100
EVENTS: Final = 1_000_000
COMMITS: Final = 20_000
MODELS: Final = 20
SERIES: Final = 60
POINTS: Final = 72 * 60
"""Of each line: a point a minute for three days, as far as the windows of a burn reach."""
TIMES: Final = 25

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW: Final = time.time_ns() // 1_000_000
SPECS: Final = {
    kind: SourceSpec(key=f"{place:016x}", kind=kind, name=kind, address=f"{kind}.example")
    for place, kind in enumerate(("git", "mlflow", "registry", "github", "checks", "prometheus", "terraform"), 1)
}
TABLES: Final = 40
OUTLOOK: Final = Outlook(
    identities=Identities(
        DataIdentity(name=f"data {place}", same=(("mlflow", f"data{place}"), ("gx", f"table_{place:02}")))
        for place in range(TABLES)
    ),
    environment="prod",
    stacks={"serving": tuple(f"model{place}" for place in range(MODELS))},
)


def key(kind: str) -> str:
    """The key of a source."""
    return SPECS[kind].key


# -- what sources say ---------------------------------------------------------------------------------------------


def run(number: int) -> Run:
    """One in twenty fails, a few still run; each on the data of its experiment."""
    at = NOW - (RUNS - number) * MINUTE
    status: Literal["failed", "running", "finished"] = "failed" if number % 20 == 0 else "finished"
    if number >= RUNS - 60:
        status = "running"
    return Run(
        source=key("mlflow"), id=f"{number:032x}", experiment_id=str(number % EXPERIMENTS), name=f"brave-cod-{number}",
        user="ann", status=status, started_at=at, ended_at=None if status == "running" else at + 30 * MINUTE,
        git_commit=f"{number % COMMITS:040x}",
        metrics={name: Metric(value=0.9, step=9, at=at + MINUTE) for name in ("auc", "loss")},
        datasets=(Dataset(name=f"data{number % TABLES}", digest=f"{number // 4000:08x}", context="training"),),
    )  # fmt: skip


def pipeline(number: int) -> Pipeline:
    """Ten names on two watched branches and a hundred others."""
    at = NOW - (PIPELINES - number) * 3 * MINUTE
    branch = ("main", "release/1", f"try-{number % 100}")[min(number % 7, 2)]
    return Pipeline(
        source=key("github"), id=str(number), number=str(number), name=f"workflow {number % 10}", branch=branch,
        status="failed" if number % 9 == 0 else "passed", commit=f"{number % COMMITS:040x}", actor="bo", created_at=at,
        started_at=at, ended_at=at + MINUTE,
    )  # fmt: skip


def result(check: int, night: int) -> CheckResult:
    """One in a hundred fails."""
    failed = (check * 7 + night // (1 + check % 7)) % 97 == 0
    return CheckResult(
        name=f"not_null(c{check:04})", dataset=f"table_{check % TABLES:02}", outcome="fail" if failed else "pass",
        definition=f"not_null(c{check:04})", observed="3.1 % null",
    )  # fmt: skip


def night(number: int) -> Invocation:
    """A night's run of all checks."""
    return Invocation(
        source=key("checks"), id=f"{number:032x}", tool="great_expectations", suite="nightly", environment="prod",
        at=NOW - (NIGHTS - number) * DAY + 20 * HOUR, is_whole=True,
        results=tuple(result(check, number) for check in range(CHECKS)),
    )  # fmt: skip


def commit(number: int) -> Commit:
    """One line of commits."""
    at = NOW - (COMMITS - number) * 5 * MINUTE
    return Commit(
        source=key("git"), sha=f"{number:040x}", parents=(), author="ann", email="ann@example.com", authored_at=at,
        committed_at=at, subject=f"Change {number}",
    )  # fmt: skip


def series(number: int, *, bad: bool = False) -> tuple[MonitorSeries, Samples]:
    """Three lines a model: precision, latency, and an objective; a bad one is so for five hours."""
    kind = number % 3
    totals = array("d", [1000.0] * POINTS) if kind == 2 else None
    good, wrong = ((0.83, 0.70), (0.1, 0.5), (999.5, 900.0))[kind]
    facts: dict[str, Any] = ({"min": 0.78}, {"max": 0.2}, {"objective": 0.999})[kind]
    made = MonitorSeries(
        source=key("prometheus"), key=f"{number:016x}", name=("precision", "latency", "success")[kind],
        model=f"model{number // 3}", labels={"model": f"model{number // 3}"}, looked_at=NOW, **facts,
    )  # fmt: skip
    times = array("q", range(NOW - (POINTS - 1) * MINUTE, NOW + 1, MINUTE))
    values = array("d", [good] * (POINTS - 300) + [wrong if bad else good] * 300)
    return made, Samples(source=made.source, key=made.key, times=times, values=values, totals=totals)


def events(numbers: range) -> Iterator[Event]:
    """What no vendor keeps a record of."""
    for number in numbers:
        at = NOW - (EVENTS - number) * 30_000
        yield Event(id=f"{number:016x}", at=at, kind="check began to fail", title=f"c{number}", source=key("checks"))


def fill(cache: Cache, state: State) -> None:
    """Write the world."""
    cache.declare(list(SPECS.values()))
    for kind, spec in SPECS.items():
        cache.save_state(SourceState(source=spec.key, kind=kind, name=kind, state="ok", last_ok_at=NOW, as_of=NOW))
    experiments = tuple(Experiment(source=key("mlflow"), id=str(at), name=f"e{at}") for at in range(EXPERIMENTS))
    cache.write(key("mlflow"), Batch(experiments=experiments), NOW)
    for start in range(0, RUNS, 2_000):
        cache.write(key("mlflow"), Batch(runs=tuple(map(run, range(start, start + 2_000)))), NOW)
    for start in range(0, PIPELINES, 2_000):
        cache.write(key("github"), Batch(pipelines=tuple(map(pipeline, range(start, start + 2_000)))), NOW)
    for number in range(NIGHTS):
        cache.write(key("checks"), Batch(invocations=(night(number),)), NOW)
        while (news := cache.news()) is not None:
            cache.forget_news(news)
    for start in range(0, COMMITS, 2_000):
        cache.write(key("git"), Batch(commits=tuple(map(commit, range(start, start + 2_000)))), NOW)
    _fill_production(cache)
    for start in range(0, EVENTS, 50_000):
        state.record_events(events(range(start, start + 50_000)))
    state.note_sync(NOW, DAY)
    state.mark_seen("watch", NOW - 12 * HOUR)


def _fill_production(cache: Cache) -> None:
    refs = tuple(
        Ref(source=key("git"), name=name, kind="branch", sha=f"{COMMITS - 1:040x}", watched=True)
        for name in ("main", "release/1")
    )
    tracked = tuple(
        DataVersion(source=key("git"), name=f"data/{place}.csv", digest=f"{day:032x}", commit=f"{day:040x}",
                    at=NOW - day * DAY) for place in range(TABLES) for day in range(30)
    )  # fmt: skip
    notes = tuple(Note(id=f"{at:026}", at=NOW - at * 20 * MINUTE, subject=f"run/{at:032x}") for at in range(2_000))
    cache.write(key("git"), Batch(refs=refs, data_versions=tracked, notes=notes), NOW)
    models = tuple(
        RegisteredModel(source=key("registry"), name=f"model{at}", aliases={"champion": "9", "challenger": "10"})
        for at in range(MODELS)
    )
    versions = tuple(
        ModelVersion(source=key("registry"), model=f"model{at}", version=str(number), created_at=NOW - DAY,
                     run_id=f"{RUNS - 1000 - at * 10 - number:032x}")
        for at in range(MODELS) for number in range(1, 11)
    )  # fmt: skip
    cache.write(key("registry"), Batch(models=models, versions=versions, models_complete=True), NOW)
    for number in range(SERIES):
        line, samples = series(number, bad=number in (0, 5))
        cache.write(key("prometheus"), Batch(series=(line,), samples=(samples,)), NOW)
    alert = Alert(source=key("prometheus"), fingerprint="a" * 16, name="HighLatency", model="model1", since=NOW - HOUR)
    cache.write(key("prometheus"), Batch(alerts=(alert,)), NOW)
    resources = tuple(
        Resource(stack="serving", address=f"aws_x.r{at}", type="aws_x", name=f"r{at}", drift="update" if at < 3 else "")
        for at in range(500)
    )
    stack = Stack(source=key("terraform"), name="serving", status="drifted", planned_at=NOW, resources=resources)
    cache.write(key("terraform"), Batch(stacks=(stack,)), NOW)


# -- what it costs ------------------------------------------------------------------------------------------------


def changes(cache: Cache) -> dict[str, Callable[[int], None]]:
    """One thing of each kind that becomes known between two looks."""
    numbers = count(RUNS)

    def a_run(at: int) -> None:
        cache.write(key("mlflow"), Batch(runs=(run(next(numbers)),)), NOW + at)

    def a_pipeline(at: int) -> None:
        cache.write(key("github"), Batch(pipelines=(pipeline(PIPELINES + at),)), NOW + at)

    def some_points(at: int) -> None:
        line, _ = series(2)
        sample = Samples(source=line.source, key=line.key, times=array("q", (NOW + at,)), values=array("d", (999.0,)),
                         totals=array("d", (1000.0,)))  # fmt: skip
        cache.write(key("prometheus"), Batch(series=(line,), samples=(sample,)), NOW + at)

    def a_result(at: int) -> None:
        made = Invocation(source=key("checks"), id=f"more{at}", tool="great_expectations", suite="nightly",
                          environment="prod", at=NOW + at, results=(result(at, at),))  # fmt: skip
        cache.write(key("checks"), Batch(invocations=(made,)), NOW + at)

    def a_source(at: int) -> None:
        spec = SPECS["github"]
        cache.save_state(SourceState(source=spec.key, kind=spec.kind, name="ci", state="ok", last_ok_at=NOW + at))

    return {
        "nothing": lambda at: None, "a pass without news": a_source, "one more run": a_run,
        "one more pipeline": a_pipeline, "a point of an objective": some_points, "one more result of a check": a_result,
    }  # fmt: skip


def warm(reader: Reader, state: State, first: Sight, change: Callable[[int], None]) -> list[float]:
    """Milliseconds of looks after a change each."""
    sight, took = first, []
    for at in range(1, TIMES + 1):
        change(at)
        begun = time.perf_counter()
        sight = look(reader, state, OUTLOOK, now=NOW + at, before=sight)
        took.append((time.perf_counter() - begun) * 1e3)
    return took


def cold(path: Path) -> tuple[list[float], Sight]:
    """Milliseconds of looks from scratch, each with files that were just opened; and the sight."""
    took = []
    for _ in range(7):
        with closing(Reader(path)) as reader, State(path.with_suffix(".state")) as state:
            begun = time.perf_counter()
            sight = look(reader, state, OUTLOOK, now=NOW)
            took.append((time.perf_counter() - begun) * 1e3)
    return took, sight


def main() -> None:
    """Measure and print the table."""
    random.seed(1)
    world.OUT.mkdir(parents=True, exist_ok=True)
    path = world.OUT / "watch.db"
    for old in world.OUT.glob("watch.*"):
        old.unlink()
    rows = []
    with closing(Cache(path)) as cache, State(path.with_suffix(".state")) as state:
        fill(cache, state)
        took, sight = cold(path)
        signals = sum(len(one.signals) for one in sight.attentions)
        said = f"{figure(median(took), 'ms')} (longest {figure(max(took), 'ms')})"
        rows.append(Row(f"from scratch: {signals} signals, {len(sight.attentions)} attentions", "300 ms", {
            world.NAME: said}))  # fmt: skip
        with closing(Reader(path)) as reader:
            first = look(reader, state, OUTLOOK, now=NOW)
            for name, change in changes(cache).items():
                took = warm(reader, state, first, change)
                said = f"{figure(median(took), 'ms')} (longest {figure(max(took), 'ms')})"
                rows.append(Row(f"again, after {name}", "10 ms", {world.NAME: said}))
            rows += _beside(reader, state, first)
    title = f"the Watch: {RUNS:,} runs, {PIPELINES:,} pipelines, {CHECKS * NIGHTS:,} results, {EVENTS:,} events"
    print_table(title, [world.NAME], rows)


def _beside(reader: Reader, state: State, sight: Sight) -> list[Row]:
    """What comes with it: the causes of one attention, and the snapshot."""
    begun = time.perf_counter()
    found = explain(reader, state, sight.attentions[0], OUTLOOK, now=NOW)
    explained = (time.perf_counter() - begun) * 1e3
    begun = time.perf_counter()
    kept = sight_to_json(sight, {sight.attentions[0].id: found})
    state.keep_sight(kept, NOW)
    keeping = (time.perf_counter() - begun) * 1e3
    return [
        Row("what changed before the worst of them", "", {world.NAME: figure(explained, "ms")}),
        Row("keeping what was seen", "", {world.NAME: figure(keeping, "ms")}),
    ]


if __name__ == "__main__":
    main()
