"""Points of a metric against a param equal what plain Python finds in the runs."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import Field, as_number, matches, parse
from quarterdeck.app.records import Batch, Experiment, Metric, Run, SourceSpec
from quarterdeck.app.store import points as module
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.points import ENDED, FAILED, RUNNING, Points, read_points

NOW = 1_763_780_820_000
SOURCE = SourceSpec(key="here", kind="mlflow", name="mlflow", address="")
LR, AUC = Field("param", "lr"), Field("metric", "auc")
KINDS = {"running": RUNNING, "scheduled": RUNNING, "failed": FAILED, "killed": FAILED}


def a_run(index: int, **facts: Any) -> Run:
    given = {"experiment_id": "1", "status": "finished", "started_at": NOW - index, **facts}
    return Run(source="here", id=f"id-{index}", name=f"run {index}", **given)


def points_of(runs: Sequence[Run], text: str = "") -> tuple[Points, dict[int, Run]]:
    """The points, and the runs by their row ids."""
    with tempfile.TemporaryDirectory() as folder, closing(Cache(Path(folder) / "cache.db")) as cache:
        cache.declare([SOURCE])
        named = (Experiment(source="here", id="1", name="one"),)
        cache.write("here", Batch(experiments=named, runs=tuple(runs)), NOW)
        where = parse(text, now=NOW)
        found = read_points(cache.connection, experiments=None, where=where, param=LR, metric=AUC)
        by_id = {run.id: run for run in runs}
        rows = cache.connection.execute("SELECT id, native FROM run").fetchall()
        return found, {rowid: by_id[native] for rowid, native in rows}


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "params": st.dictionaries(st.just("lr"), st.sampled_from(["0.1", "1e-1", "3", "-2"])),
            "status": st.sampled_from(["finished", "running", "failed", "scheduled", "killed", "deleted"]),
            "metrics": st.dictionaries(st.just("auc"), st.builds(lambda value: Metric(value=value), st.floats())),
        }
    ),
    max_size=25,
).map(lambda facts: [a_run(index, **fact) for index, fact in enumerate(facts)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, st.sampled_from(["", "status:finished", "metrics.auc > 0"]))
def test_points_equal_plain_python(runs: list[Run], text: str) -> None:
    found, by_row = points_of(runs, text)
    where = parse(text, now=NOW)
    passing = [run for run in runs if "auc" in run.metrics and (where is None or matches(where, run))]
    values = [run.metrics["auc"].value for run in passing]
    assert found.nan == sum(map(math.isnan, values))
    assert found.infinite == sum(map(math.isinf, values))
    finite = [run for run in passing if math.isfinite(run.metrics["auc"].value)]
    assert found.without_param == sum("lr" not in run.params for run in finite)
    shown = {run.id for run in finite if "lr" in run.params}
    assert {by_row[row].id for row in found.runs} == shown
    assert len(found.runs) == len(shown)
    for row, x, y, kind in zip(found.runs, found.xs, found.ys, found.kinds, strict=True):
        run = by_row[row]
        assert x == as_number(run.params["lr"])
        assert y == run.metrics["auc"].value
        assert kind == KINDS.get(run.status, ENDED)


def test_texts_that_are_not_all_numbers_are_places_in_their_order() -> None:
    runs = [
        a_run(i, params={"lr": text}, metrics={"auc": Metric(value=1.0)}) for i, text in enumerate(["b", "10", "a"])
    ]
    found, by_row = points_of(runs)
    assert found.categories == ("10", "a", "b")
    assert {by_row[row].params["lr"]: x for row, x in zip(found.runs, found.xs, strict=True)} == {
        "10": 0.0, "a": 1.0, "b": 2.0
    }  # fmt: skip


@pytest.mark.parametrize("odd", ["nan", "inf", "", "1e999"])
def test_what_has_no_place_on_an_axis_of_numbers_makes_words_of_all(odd: str) -> None:
    runs = [a_run(i, params={"lr": text}, metrics={"auc": Metric(value=1.0)}) for i, text in enumerate(["1", odd])]
    assert points_of(runs)[0].categories == tuple(sorted(["1", odd]))


def test_only_values_of_the_runs_that_pass_stand_on_the_axis() -> None:
    runs = [a_run(0, params={"lr": "1"}, metrics={"auc": Metric(value=1.0)}), a_run(1, params={"lr": "word"})]
    assert points_of(runs)[0].categories is None


def test_of_too_many_runs_the_newest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    runs = [a_run(i, params={"lr": "1"}, metrics={"auc": Metric(value=float(i))}) for i in range(10)]
    found, _ = points_of(runs)
    assert sorted(found.ys) == [0.0, 1.0, 2.0]
    assert found.older == 7
