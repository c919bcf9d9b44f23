"""Random runs in a real cache, random filters and sorts: SQL must say what plain Python says."""

from __future__ import annotations

import math
import tempfile
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import (
    And,
    Compare,
    Field,
    Has,
    Node,
    Not,
    Or,
    Sort,
    Words,
    as_number,
    matches,
    parse,
    parse_sort,
    sql,
    write,
    write_sort,
)  # fmt: skip
from quarterdeck.app.query.tree import ATTRIBUTES, Operator
from quarterdeck.app.records import (
    RUN_STATUSES,
    Batch,
    Dataset,
    Experiment,
    Extreme,
    Metric,
    Point,
    Run,
    Series,
    SourceSpec,
)  # fmt: skip
from quarterdeck.app.store import order, runsets, sorting
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.order import RunOrder
from quarterdeck.app.store.runsets import RunSets

NOW = 1_760_000_000_000
MANY = settings(
    phases=[__import__("hypothesis").Phase.generate],
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "A", "aB", "b%", "a_b", "a*b?", "[x]", "it's", 'q"q', "`", "\\", "É", "é", "straße", "STRASSE", "K",
         "ſ", "１", "日本",
         "\u202eabc", "a\0b", "1", "1.0", " 5", "5", "1e-3", "0.001", "0x10", "nan", "inf", "-2", "1_0",
         "9" * 40, "1e400", "failed"]
    ),
    st.text(alphabet="aAb%_*?[]\\'\"é\n", max_size=5),
)  # fmt: skip
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.5, math.nan, math.inf, -math.inf, 1e308, 5e-324, -2.0, 5.0, 10.0, 0.001]),
    st.floats(width=16),
)
TIMES = st.one_of(st.none(), st.integers(NOW - 5, NOW + 5), st.integers(0, 4 * NOW))
METRICS, PARAMS, TAGS = ("auc", "a b", "loss.max", "é`x"), ("lr", "model", "ключ"), ("team", "x'y")
DATASETS = st.builds(
    Dataset, name=st.sampled_from(["orders", "Kunden"]), digest=st.sampled_from(["77ab", "9c1e"]),
    context=st.sampled_from([None, "training", "eval%"]),
)  # fmt: skip


def _maps(names: Sequence[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


RUNS = st.lists(
    st.builds(
        Run,
        source=st.just("s"),
        id=st.uuids().map(lambda u: u.hex),
        experiment_id=st.sampled_from(["1", "2", "3"]),
        name=TEXTS,
        status=st.sampled_from(RUN_STATUSES),
        started_at=TIMES,
        ended_at=TIMES,
        user=st.one_of(st.none(), TEXTS),
        git_commit=st.one_of(st.none(), st.sampled_from(["4f2c91a", "20aa4d1"])),
        parent_id=st.one_of(st.none(), st.just("p")),
        artifact_uri=st.one_of(st.none(), st.just("s3://a/b")),
        params=_maps(PARAMS, TEXTS),
        tags=_maps(TAGS, TEXTS),
        metrics=_maps(METRICS, NUMBERS.map(lambda value: Metric(value=value))),
        datasets=st.lists(DATASETS, max_size=2, unique_by=lambda d: (d.name, d.digest)).map(tuple),
    ),
    max_size=14,
    unique_by=lambda run: run.id,
)
FIELDS = st.one_of(
    st.sampled_from(sorted(ATTRIBUTES)).map(lambda name: Field("attribute", name)),
    st.builds(Field, st.just("metric"), st.sampled_from(METRICS), st.sampled_from(["last", "last", "min", "max"])),
    st.sampled_from(PARAMS).map(lambda name: Field("param", name)),
    st.sampled_from(TAGS).map(lambda name: Field("tag", name)),
    st.sampled_from(["", "name", "digest", "context"]).map(lambda name: Field("dataset", name)),
)
PATTERNS = st.sampled_from(["a", "^a", "b$", "[aé]+", "%", "(?i)É", "", ".", r"\d", "x|A", r"\bq", "a.b"])
EQUAL, SEVERAL, ORDERED, MATCHING = (
    st.sampled_from([one for one in typing.get_args(Operator) if one in chosen])
    for chosen in (("=", "!="), ("in", "not in"), ("<", "<=", ">", ">="), ("like", "ilike", "~", ":"))
)


def _literals(field: Field) -> st.SearchStrategy[Any]:
    finite = NUMBERS.filter(math.isfinite)
    if field.type == "number":
        return NUMBERS
    if field.type == "time":
        return st.one_of(st.integers(NOW - 6, NOW + 6), st.just(NOW + 0.5))
    if field.type == "seconds":
        return st.one_of(finite, st.sampled_from([0.001, -0.002, 0.0]))
    if field.type == "status":
        return st.sampled_from(RUN_STATUSES)
    if field == Field("dataset", ""):
        return st.sampled_from(["orders@77ab", "Kunden@9c1e", "@"])
    return st.one_of(TEXTS, finite) if field.type == "label" else st.one_of(TEXTS, st.sampled_from(["orders", "77ab"]))


@st.composite
def _compares(draw: st.DrawFn) -> Node:
    field = draw(FIELDS)
    kind = draw(st.sampled_from(["equal", "ordered", "in", "pattern", "has"]))
    values = _literals(field)
    if kind == "has":
        return Has(field)
    if kind == "in":
        chosen = tuple(draw(st.lists(values, min_size=1, max_size=3)))
        return Compare(field, draw(SEVERAL), _without_nul(chosen))
    if kind == "pattern" and field.type in ("text", "label", "status"):
        operator = draw(MATCHING if field.type != "status" else MATCHING.filter(lambda one: one != ":"))
        text = draw(PATTERNS if operator == "~" else TEXTS.filter(lambda text: text and not text.isupper()))
        return Compare(field, operator, _without_nul(text))
    if kind == "ordered" and field.type != "status":
        return Compare(field, draw(ORDERED), _without_nul(draw(values.filter(lambda value: value == value))))
    return Compare(field, draw(EQUAL), _without_nul(draw(values)))


def _without_nul(value: Any) -> Any:
    """What can be typed: a NUL cannot."""
    if isinstance(value, tuple):
        return tuple(_without_nul(one) for one in value)
    return value.replace("\0", "0") if isinstance(value, str) else value


LEAVES = st.one_of(_compares(), TEXTS.filter(bool).map(_without_nul).map(Words))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


class World:
    """The runs, the cache that holds them, and what is expected of it."""

    def __init__(self, cache: Cache, runs: Sequence[Run]) -> None:
        self.cache = cache
        rows = cache.connection.execute("SELECT native, id FROM run").fetchall()
        ids = dict(rows)
        self.runs = {ids[run.id]: run for run in runs}
        self.extremes: dict[int, dict[str, Extreme]] = {}
        text = "SELECT e.run, k.name, e.min, e.max FROM extreme AS e JOIN key AS k ON k.id = e.key"
        for run, name, least, most in cache.connection.execute(text):
            self.extremes.setdefault(run, {})[name] = Extreme(min=least, max=most)

    def passing(self, node: Node | None) -> set[int]:
        """Row ids by the plain evaluator."""
        return {i for i, run in self.runs.items() if node is None or self._passes(node, i, run)}

    def _passes(self, node: Node, rowid: int, run: Run) -> bool:
        return matches(node, run, self.extremes.get(rowid, {}), f"experiment {run.experiment_id}")

    def ordered(self, node: Node | None, sort: Sort) -> list[int]:
        """Row ids in the order that the sort promises, by Python's own sort."""
        by_start = sorted(self.passing(node), key=lambda i: (self._start(i), -i))
        values = {i: value for i in by_start if (value := self._value(i, sort)) is not None}
        present = sorted((i for i in by_start if i in values), key=lambda i: values[i], reverse=sort.descending)
        return present + [i for i in by_start if i not in values]

    def _start(self, rowid: int) -> float:
        start = self.runs[rowid].started_at
        return math.inf if start is None else -start

    def _value(self, rowid: int, sort: Sort) -> Any:
        run, field = self.runs[rowid], sort.field
        if field.kind == "metric" and field.part == "last":
            metric = run.metrics.get(field.name)
            return None if metric is None or math.isnan(metric.value) else metric.value
        if field.kind == "metric":
            extreme = self.extremes.get(rowid, {}).get(field.name)
            return extreme and getattr(extreme, field.part)
        if field.kind == "dataset":
            return self._dataset(run, sort)
        if field.kind == "attribute":
            return self._attribute(run, field.name)
        return self._label(run, field)

    def _dataset(self, run: Run, sort: Sort) -> str | None:
        name = sort.field.name
        whole = [f"{d.name}@{d.digest}" if not name else getattr(d, name) for d in run.datasets]
        present = [value for value in whole if value]
        return (max if sort.descending else min)(present, default=None)

    def _attribute(self, run: Run, name: str) -> Any:
        if name == "experiment":
            return f"experiment {run.experiment_id}"
        if name == "duration":
            return None if run.started_at is None or run.ended_at is None else run.ended_at - run.started_at
        return getattr(run, name)

    def _label(self, run: Run, field: Field) -> Any:
        def of(one: Run) -> str | None:
            return (one.params if field.kind == "param" else one.tags).get(field.name)

        logged = [text for one in self.runs.values() if (text := of(one)) is not None]
        text = of(run)
        numeric = all(as_number(one) is not None for one in logged)
        return as_number(text) if numeric and text is not None else text


def _histories(runs: Sequence[Run]) -> tuple[Series, ...]:
    """Every other run's first metric was read: a little below, the value itself, a little above."""
    found = []
    for run in runs[::2]:
        for key, metric in list(run.metrics.items())[:1]:
            values = (metric.value - 1, metric.value, metric.value + 1)
            points = tuple(Point(step=step, at=NOW, value=value) for step, value in enumerate(values))
            found.append(Series.of(run.id, key, points))
    return tuple(found)


@contextmanager
def a_world(runs: Sequence[Run]) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "cache.db")
        cache.declare([SourceSpec(key="s", kind="mlflow", name="mlflow", address="")])
        named = tuple(Experiment(source="s", id=one, name=f"experiment {one}") for one in "123")
        cache.write("s", Batch(experiments=named, runs=tuple(runs), histories=_histories(runs)), NOW)
        try:
            yield World(cache, runs)
        finally:
            cache.close()


LIMITS: Mapping[str, Mapping[tuple[Any, str], int]] = {
    "as they are": {},
    "few at most": {
        (order, "FEW"): 2, (order, "GATHERED"): 3, (order, "_CHUNK"): 2, (order, "_PROBE"): 1, (order, "_BLOCK"): 3,
        (runsets, "LOOKUPS"): 2, (runsets, "_BATCH"): 2,
    },
    "never few": {
        (order, "FEW"): -1, (order, "GATHERED"): -1, (order, "_CHUNK"): 1, (order, "_PROBE"): 1, (order, "_BLOCK"): 1,
        (runsets, "LOOKUPS"): -1, (runsets, "_BLOCK"): 1, (runsets, "_KEPT"): 1, (sorting, "_MOST_PARTS"): 0,
    },
}  # fmt: skip
"""So that the ways for a million runs are walked with a dozen."""


@contextmanager
def limited(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for (module, constant), value in LIMITS[name].items():
            patch.setattr(module, constant, value)
        yield


@MANY
@given(RUNS, st.lists(TREES, min_size=1, max_size=6))
@pytest.mark.parametrize("limits", LIMITS)
def test_sql_and_python_agree_on_which_runs_pass(limits: str, runs: list[Run], trees: list[Node]) -> None:
    with limited(limits), a_world(runs) as world:
        connection = world.cache.connection
        sets = RunSets(connection, [one for (one,) in connection.execute("SELECT id FROM experiment")])
        sets.refresh()
        for node in trees:
            expected = world.passing(node)
            members = sets.members(sets.of(node))
            assert {i for i in range(len(members)) if members[i]} == expected, node
            test = sql.test(node)
            found = connection.execute(f"SELECT id, {test.text} FROM run", test.parameters).fetchall()
            assert {i for i, passes in found if passes == 1} == expected, node
            assert all(passes in (0, 1) for _i, passes in found), node


@MANY
@given(RUNS, st.one_of(st.none(), TREES), st.builds(Sort, FIELDS, st.booleans()), st.integers(0, 15))
@pytest.mark.parametrize("limits", LIMITS)
def test_runs_come_in_the_promised_order(
    limits: str, runs: list[Run], where: Node | None, sort: Sort, limit: int
) -> None:
    with limited(limits), a_world(runs) as world:
        expected = world.ordered(where, sort)

        def ask() -> RunOrder:
            return RunOrder(world.cache.connection, experiments=None, where=where, sort=sort)

        assert ask().all().tolist() == expected
        assert ask().first(limit) == expected[:limit]
        assert ask().count() == len(expected)


@MANY
@given(TREES)
def test_a_written_filter_reads_back_as_the_same_tree(node: Node) -> None:
    text = write(node)
    assert repr(parse(text, now=NOW)) == repr(node), text


@MANY
@given(FIELDS, st.booleans())
def test_a_written_sort_reads_back_as_the_same_sort(field: Field, descending: bool) -> None:
    sort = Sort(field, descending)
    assert parse_sort(write_sort(sort)) == sort
