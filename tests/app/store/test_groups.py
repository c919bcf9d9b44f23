"""Groups of runs equal what plain Python counts, and a group's filter selects exactly its runs."""

from __future__ import annotations

import math
import sqlite3
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import Field, Node, Sort, all_of, matches, parse, write
from quarterdeck.app.records import Batch, Experiment, Metric, Run, SourceSpec
from quarterdeck.app.store import groups as module
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.groups import RunGroups, Spread, TooManyGroupsError
from quarterdeck.app.store.labels import MANY, PARENT, foldable
from quarterdeck.app.store.order import RunOrder

NOW = 1_763_780_820_000
SOURCE = SourceSpec(key="here", kind="mlflow", name="mlflow", address="")
LR, DEPTH, TEAM = Field("param", "lr"), Field("param", "depth"), Field("tag", "team")
AUC = Field("metric", "auc")

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_run(index: int, **facts: Any) -> Run:
    given = {"experiment_id": "1", "status": "finished", "started_at": NOW - index, **facts}
    return Run(source="here", id=f"id-{index}", name=f"run {index}", **given)


@contextmanager
def a_cache(runs: Sequence[Run]) -> Iterator[Cache]:
    with tempfile.TemporaryDirectory() as folder, closing(Cache(Path(folder) / "cache.db")) as cache:
        cache.declare([SOURCE])
        named = tuple(Experiment(source="here", id=one, name=f"experiment {one}") for one in "12")
        cache.write("here", Batch(experiments=named, runs=tuple(runs)), NOW)
        yield cache


def rowids(cache: Cache) -> dict[str, int]:
    return dict(cache.connection.execute("SELECT native, id FROM run").fetchall())


def value_of(run: Run, key: Field) -> str | None:
    if key == PARENT:
        return run.parent_id
    return (run.params if key.kind == "param" else run.tags).get(key.name)


FIGURES = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.9, 0.9 + 1e-12, 1e9, 1e9 + 1e-3, -0.0, 5e-324, 1e308, -1e308, math.nan, math.inf, -math.inf]),
)
RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "params": st.dictionaries(st.sampled_from(["lr", "depth"]), st.sampled_from(["0.1", "1e-1", "x'y", ""])),
            "tags": st.dictionaries(st.just("team"), st.sampled_from(["red", "grün"])),
            "parent_id": st.sampled_from([None, "id-0", "id-1", "gone"]),
            "status": st.sampled_from(["finished", "running", "failed"]),
            "experiment_id": st.sampled_from(["1", "2"]),
            "metrics": st.dictionaries(st.just("auc"), st.builds(lambda value: Metric(value=value), FIGURES)),
        }
    ),
    max_size=25,
).map(lambda facts: [a_run(index, **fact) for index, fact in enumerate(facts)])
KEYS = st.lists(st.sampled_from([LR, DEPTH, TEAM, PARENT]), min_size=1, max_size=3, unique=True)
FILTERS = st.sampled_from(["", "status:finished", 'params.lr = "0.1" or status:failed', "run 1", "metrics.auc > 0"])


def folded(runs: Sequence[Run], by: Sequence[Field], where: Node | None) -> dict[tuple[str | None, ...], list[Run]]:
    """What is expected, by plain Python."""
    found: dict[tuple[str | None, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if where is None or matches(where, run):
            found[tuple(value_of(run, key) for key in by)].append(run)
    return found


def check_spread(spread: Spread, runs: Sequence[Run]) -> None:
    values = [run.metrics["auc"].value for run in runs if "auc" in run.metrics]
    finite = [value for value in values if math.isfinite(value)]
    assert spread.count == len(finite)
    assert spread.nan == sum(map(math.isnan, values))
    assert spread.infinite == sum(map(math.isinf, values))
    assert (spread.low, spread.high) == ((min(finite), max(finite)) if finite else (None, None))
    close: dict[str, Any] = {"rel_tol": 1e-9, "abs_tol": 1e-300}
    if finite:
        wide = max(finite) / 2 - min(finite) / 2  # a mean near 0 of large figures has their rounding
        assert spread.mean is not None
        assert math.isclose(spread.mean, statistics.mean(finite), rel_tol=1e-9, abs_tol=wide * 1e-12 + 1e-300)
    if len(finite) > 1:
        assert spread.sd is not None
        assert math.isclose(spread.sd, statistics.stdev(finite), **close), (spread.sd, statistics.stdev(finite))
    else:
        assert spread.sd is None


@FEW
@given(runs=RUNS, by=KEYS, text=FILTERS)
@pytest.mark.parametrize("block", [2, 50_000])
def test_groups_equal_plain_python(
    block: int, runs: list[Run], by: list[Field], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    where = parse(text, now=NOW)
    with a_cache(runs) as cache:
        fold = RunGroups(cache.connection, experiments=None, where=where, by=by)
        groups = fold.groups()
        groups = groups.with_spreads(AUC, fold.spreads(groups, AUC))
        expected = folded(runs, by, where)
        assert sorted(groups.values, key=repr) == sorted(expected, key=repr)
        for number, values in enumerate(groups.values):
            group, members = groups[number], expected[values]
            assert group.count == len(members)
            assert group.states == Counter(run.status for run in members)
            check_spread(group.spreads[AUC], members)


@FEW
@given(RUNS, KEYS, FILTERS)
def test_the_filter_of_a_group_selects_exactly_its_runs(runs: list[Run], by: list[Field], text: str) -> None:
    where = parse(text, now=NOW)
    with a_cache(runs) as cache:
        groups = RunGroups(cache.connection, experiments=None, where=where, by=by).groups()
        ids = rowids(cache)
        for number, values in enumerate(groups.values):
            written = parse(write(all_of(where, groups.where(number))), now=NOW)
            order = RunOrder(cache.connection, experiments=None, where=written, sort=Sort(LR))
            expected = {ids[run.id] for run in folded(runs, by, where)[values]}
            assert set(order.all()) == expected


@FEW
@given(RUNS)
def test_the_best_run_of_a_group_has_its_largest_value(runs: list[Run]) -> None:
    with a_cache(runs) as cache:
        fold = RunGroups(cache.connection, experiments=None, where=None, by=[LR])
        groups = fold.groups()
        groups = groups.with_spreads(AUC, fold.spreads(groups, AUC))
        by_row = {rowid: native for native, rowid in rowids(cache).items()}
        named = {run.id: run for run in runs}
        for number, (lr,) in enumerate(groups.values):
            for greatest in (True, False):
                found = groups.extreme_run(cache.connection, number, AUC, greatest=greatest)
                spread = groups[number].spreads[AUC]
                assert (found is None) == (spread.count == 0)
                if found is not None:
                    run = named[by_row[found]]
                    assert run.metrics["auc"].value == (spread.high if greatest else spread.low)
                    assert run.params.get("lr") == lr


def test_figures_that_share_most_of_their_digits_keep_their_deviation() -> None:
    values = [1e9 + 0.001 * index for index in range(100)]
    with a_cache([a_run(i, metrics={"auc": Metric(value=value)}) for i, value in enumerate(values)]) as cache:
        fold = RunGroups(cache.connection, experiments=None, where=None, by=[LR])
        spread = fold.spreads(fold.groups(), AUC)[0]
        assert spread.sd == pytest.approx(statistics.stdev(values), rel=1e-9)


def test_groups_come_by_a_figure_with_those_without_one_last() -> None:
    runs = [a_run(i, params={"lr": lr}) for i, lr in enumerate(["0.1", "10", "9", "9", "", "nan"])]
    with a_cache([*runs, a_run(99)]) as cache:
        groups = RunGroups(cache.connection, experiments=None, where=None, by=[LR]).groups()
        order = groups.order(groups.column(0), descending=False)
        assert [groups.values[number][0] for number in order][-1] is None
        numeric = RunGroups(
            cache.connection, experiments=None, where=parse('params.lr in ("0.1", "10", "9")', now=NOW), by=[LR]
        ).groups()
        order = numeric.order(numeric.column(0), descending=True)
        assert [numeric.values[number][0] for number in order] == ["10", "9", "0.1"]


def test_too_many_groups_are_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    runs = [a_run(index, params={"lr": str(index)}) for index in range(5)]
    with a_cache(runs) as cache, pytest.raises(TooManyGroupsError, match="fold by something that repeats"):
        RunGroups(cache.connection, experiments=None, where=None, by=[LR]).groups()


def test_an_interruption_ends_a_fold() -> None:
    with a_cache([a_run(index) for index in range(10)]) as cache:
        cache.connection.set_progress_handler(lambda: 1, 50)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            RunGroups(cache.connection, experiments=None, where=None, by=[LR]).groups()


def test_what_differs_is_offered_first_with_its_number_of_values() -> None:
    runs = [
        a_run(i, params={"lr": str(i % 3), "seed": "7", "id": str(i)}, tags={"team": str(i % 2), "mlflow.x": str(i)})
        for i in range(4)
    ]
    with a_cache([*runs, a_run(9, parent_id="id-0"), a_run(10, parent_id="id-1")]) as cache:
        found = {one.field: one.distinct for one in foldable(cache.connection, [1])}
        assert found == {
            Field("param", "id"): 4, LR: 3, PARENT: 2, TEAM: 2, Field("param", "seed"): 1
        }  # fmt: skip
        assert list(found)[-1] == Field("param", "seed")
        assert not foldable(cache.connection, [2])


def test_more_values_than_anybody_looks_at_are_not_counted_further() -> None:
    with a_cache([a_run(i, params={"id": str(i)}) for i in range(MANY + 50)]) as cache:
        assert [one.distinct for one in foldable(cache.connection, [1])] == [MANY + 1]
