"""Events: 1,000,000 of them in a cache, filtered, walked through and looked up.

python -m bench.events [FILE]
"""

from __future__ import annotations

import statistics
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from quarterdeck.app.query import EVENTS, Node, parse
from quarterdeck.app.records import Batch, Commit, Event, MonitorSeries, Note, Pipeline, Run, Samples, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.event_lookup import event_by_id
from quarterdeck.app.store.event_order import EventOrder, find_events
from quarterdeck.app.store.events import event_id
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

from . import world
from .million import _hash, _word
from .table import Row, figure, print_table

NOW = 1_760_000_000_000
RUNS, PIPELINES, COMMITS, KEPT = 700_000, 200_000, 79_000, 20_000
TURNS, NOTES = 900, 100
TIMES = 5

RUN_ROWS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most),
h(i, a, b, c) AS (SELECT i, hash(i, 1), hash(i, 2), hash(i, 3) FROM n)
INSERT INTO run SELECT i, 1, printf('%08x%08x%08x%08x', a, b, c, i), 1 + i % 3,
    word(a, 0) || '-' || word(b, 1) || '-' || (i % 1000),
    CASE WHEN c % 100 < 90 THEN 'finished' WHEN c % 100 < 97 THEN 'failed' ELSE 'killed' END,
    :now - i * 20000 - a % 20000, :now - i * 20000 - a % 20000 + 1000 + b % 9000000,
    CASE b % 5 WHEN 0 THEN 'ann' WHEN 1 THEN 'bo' WHEN 2 THEN 'cy' WHEN 3 THEN 'dee' ELSE 'eve' END,
    CASE WHEN i % 7 THEN printf('%040x', hash(i / 40, 9)) END, NULL, '', zeroblob(8), :now - i
FROM h
"""
PIPELINE_ROWS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most),
h(i, a, b) AS (SELECT i, hash(i, 5), hash(i, 6) FROM n)
INSERT INTO pipeline (id, source, native, name, status, raw_status, number, number_value, title, branch, "commit",
    event, actor, attempt, url, created_at, started_at, ended_at, updated_at, at, changed_at, head)
SELECT i, 2, CAST(7000000000 + i AS TEXT), CASE a % 3 WHEN 0 THEN 'test' WHEN 1 THEN 'train' ELSE 'deploy' END,
    CASE WHEN b % 100 < 88 THEN 'passed' WHEN b % 100 < 96 THEN 'failed' ELSE 'cancelled' END, '',
    CAST(200000 - i AS TEXT), 200000 - i, 'a title', CASE WHEN a % 4 THEN 'main' ELSE 'topic/' || (a % 50) END,
    printf('%040x', hash(i / 2, 9)), 'push', CASE b % 3 WHEN 0 THEN 'ann' WHEN 1 THEN 'bo' ELSE 'cy' END, 1, '',
    :now - i * 70000, :now - i * 70000, :now - i * 70000 + b % 600000, :now, :now - i * 70000, :now - i, zeroblob(8)
FROM h
"""
COMMIT_ROWS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)
INSERT INTO git_commit (id, source, sha, parents, author, email, authored_at, committed_at, subject, body, is_infra)
SELECT i, 3, printf('%040x', i), '', CASE i % 4 WHEN 0 THEN 'ann' ELSE 'bo' END, '', :now - i * 180000,
    :now - i * 180000, 'Change the ' || word(hash(i, 2), 1) || ' of ' || i, '', i % 100 = 0 FROM n
"""
SOURCES = (
    SourceSpec(key="m", kind="mlflow", name="mlflow", address=""),
    SourceSpec(key="c", kind="github", name="ci", address=""),
    SourceSpec(key="g", kind="git", name="git", address=""),
    SourceSpec(key="p", kind="prometheus", name="prometheus", address=""),
)
QUESTIONS = (
    ("", "all of them", "100 ms"),
    ("kind:commit", "a kind that is common", "100 ms"),
    ("kind:threshold", "a kind that is rare", "100 ms"),
    ("kind:'alert firing'", "a kind that there is none of", "100 ms"),
    ("kind:'pipeline broke'", "pipelines that broke", "100 ms"),
    ("kind:'infrastructure code'", "commits that changed infrastructure", "100 ms"),
    ("kind:check actor:nobody", "a kind, and nothing that passes", "100 ms"),
    ("at > -2d failed", "a word, in two days", "100 ms"),
    ("at < -100d at > -101d not actor:ann", "a day of long ago", "100 ms"),
    ("failed", "a word that is common", "1 s"),
    ("plain-owl-999", "a word that is rare", "1 s"),
    ("no such word", "a word that is nowhere", "1 s"),
    ("source:ci actor:bo not kind:finished", "who and where", "1 s"),
    (f"subject = 'commit/{_hash(9_000, 9):040x}'", "what speaks of an old commit", "1 s"),
    ("model:churn", "what speaks of a model", "1 s"),
    ("title ~ 'no such'", "a regular expression that nothing matches", "1 s"),
    ("title ~ '(owl|fox)-99[0-9] killed$'", "a regular expression that is rare", "1 s"),
)
"""Filter, what it is, and how long its first window may take."""


def build(path: Path, kept: Path) -> None:
    """A cache and a state of so many events; the same each time."""
    with closing(Cache(path)) as cache:
        cache.declare(SOURCES)
        connection = cache.connection
        connection.create_function("hash", 2, _hash, deterministic=True)
        connection.create_function("word", 2, _word, deterministic=True)
        connection.execute("BEGIN")
        for sql, most in ((RUN_ROWS, RUNS), (PIPELINE_ROWS, PIPELINES), (COMMIT_ROWS, COMMITS)):
            connection.execute(sql, {"most": most, "now": NOW})
        connection.execute("COMMIT")
        turning = Samples(
            source="p", key="k", times=array("q", range(NOW - TURNS * 60_000, NOW, 60_000)),
            values=array("d", [float(number % 2) for number in range(TURNS)]),
        )  # fmt: skip
        line = MonitorSeries(source="p", key="k", name="p95 latency", model="churn", max=0.5)
        cache.write("p", Batch(series=(line,), samples=(turning,)), NOW)
        notes = tuple(Note(id=f"{n:026}", at=NOW - n * 9_000_000, subject="run/1", text="look") for n in range(NOTES))
        cache.write("g", Batch(notes=notes), NOW)
    _keep(kept)


def _keep(path: Path) -> None:
    with State(path) as state:
        state.record_events(
            Event(
                id=event_id("c", "check", str(number)), at=NOW - number * 700_000, not_before=NOW - number * 700_009,
                kind=("check began to fail", "check recovered")[number % 2], title=f"not_null(id{number}) of orders",
                source="c",
            )
            for number in range(KEPT)
        )  # fmt: skip


def _took(act: Callable[[], object], times: int = TIMES) -> str:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        found.append((time.perf_counter() - begun) * 1e3)
    return f"{figure(statistics.median(found), 'ms')} (longest {figure(max(found), 'ms')})"


def windows(reader: Reader, state: State) -> list[Row]:
    """The first 100 events of each question."""
    rows = []
    for text, what, budget in QUESTIONS:
        where: Node | None = parse(text, now=NOW, vocabulary=EVENTS)
        found = len(find_events(reader, state, where, limit=100))
        took = _took(lambda where=where: find_events(reader, state, where, limit=100))  # type: ignore[misc]  # bound early
        rows.append(Row(f"{what}: {f'`{text}`' if text else 'no filter'}", budget, {world.NAME: f"{took}; {found}"}))
    return rows


def walks(reader: Reader, state: State) -> list[Row]:
    """The whole list, a window in the middle of it, and events by their ids."""
    rows = []
    for text in ("", "failed", "kind:pipeline"):
        where = parse(text, now=NOW, vocabulary=EVENTS)
        order = EventOrder(reader, state, where)
        took = _took(order.all, 1)
        rows.append(Row(f"the whole list of {text or 'all'}", "", {world.NAME: f"{took}; {order.count():,}"}))
    order = EventOrder(reader, state)
    keys = order.all()
    middle = keys[len(keys) // 2 : len(keys) // 2 + 50]
    rows.append(Row("50 rows in the middle", "10 ms", {world.NAME: _took(lambda: order.rows(middle))}))
    oldest = order.rows(keys[-1:])[0]
    rows.append(Row("the place of the oldest", "10 ms", {world.NAME: _took(lambda: order.place(oldest))}))
    for name, key in (("newest", keys[0]), ("one in the middle", keys[len(keys) // 2]), ("oldest", keys[-1])):
        event = order.rows([key])[0]
        rows.append(Row(f"by its id, the {name}", "1 s", {world.NAME: _took(lambda e=event: _find(reader, state, e))}))  # type: ignore[misc]  # bound early
    return rows


def followed(path: Path, reader: Reader, state: State) -> list[Row]:
    """The whole list once more after something was written: of the list before, beside read anew. CPU time."""
    rows, order = [], EventOrder(reader, state)
    order.all()
    with closing(Cache(path)) as cache:
        for number, (what, source, batch) in enumerate(_news()):
            cache.write(source, batch, NOW + (number + 1) * 5_000)
            before = order
            follow = _cpu(lambda before=before: EventOrder(reader, state, before=before).all())  # type: ignore[misc]  # bound early
            order = EventOrder(reader, state, before=before)
            whole = _cpu(lambda: EventOrder(reader, state).all())
            assert order.is_whole, what
            rows.append(Row(f"{what}: CPU, read anew", "200 ms", {world.NAME: f"{follow}, {whole}"}))
    return rows


def _news() -> Iterator[tuple[str, str, Batch]]:
    number = time.time_ns()  # another each time that it is measured on the same file
    run = Run(source="m", id=f"{number:x}", experiment_id="1", name="fox", status="running", started_at=NOW)
    ended = msgspec.structs.replace(run, status="finished", ended_at=NOW)
    yield "a run that began", "m", Batch(runs=(run,))
    yield "a run that ended", "m", Batch(runs=(ended,))
    more = (msgspec.structs.replace(ended, id=f"{number + one:x}") for one in range(1, 1_001))
    yield "1,000 runs", "m", Batch(runs=tuple(more))
    pipeline = Pipeline(source="c", id=str(number), name="test", status="failed", created_at=NOW, ended_at=NOW)
    yield "a pipeline", "c", Batch(pipelines=(pipeline,))
    commit = Commit(source="g", sha=f"{number:040x}", parents=(), author="bo", email="", authored_at=NOW,
                    committed_at=NOW, subject="Change it", changes=())  # fmt: skip
    yield "a commit", "g", Batch(commits=(commit,))


def _cpu(act: Callable[[], object]) -> str:
    found = []
    for _ in range(TIMES):
        begun = time.process_time()
        act()
        found.append((time.process_time() - begun) * 1e3)
    return figure(statistics.median(found), "ms")


def _find(reader: Reader, state: State, event: Event) -> None:
    assert event_by_id(reader, state, event.id) == event


def main() -> None:
    """Build where it is not there yet, measure, print the table."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else world.OUT / "events.db"
    kept = path.with_suffix(".state")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (path.exists() and kept.exists()):
        for old in (*path.parent.glob(f"{path.name}*"), *path.parent.glob(f"{kept.name}*")):
            old.unlink()
        build(path, kept)
    with closing(Reader(path)) as reader, State(kept) as state:
        rows = [*windows(reader, state), *walks(reader, state), *followed(path, reader, state)]
    print_table("1,000,000 events: the first 100 for which a filter holds", [world.NAME], rows)


if __name__ == "__main__":
    main()
