"""Histories in the cache: packed columns, points added at the end, extremes, and what counts as news."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Batch, Extreme, KnownSeries, Metric, Point, Run, Series, SourceSpec
from quarterdeck.app.store import histories, run_writes
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.histories import extreme_of, merged
from quarterdeck.app.store.reading import Reader

SPEC = SourceSpec(key="k", kind="mlflow", name="mlflow", address="http://127.0.0.1:5000")
MINUTE = 60_000

Row = tuple[int, int, float]
"""Step, time, value."""


def series(*rows: Row, run: str = "r", key: str = "loss", history: str = "complete") -> Series:
    points = [Point(step=step, at=at, value=value) for step, at, value in rows]
    return Series.of(run, key, points, history)  # type: ignore[arg-type]  # one of the words of History


def rows(of: Series | None) -> list[tuple[int, int, str]]:
    assert of is not None
    return [(step, at, repr(v)) for step, at, v in zip(of.steps, of.times, of.values, strict=True)]


class Shelf:
    """A cache with one run, and what is read from it."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([SPEC])
        self.run(0)
        self.reader = Reader(path)

    def run(self, ended_at: int | None, **metrics: Metric) -> None:
        run = Run(
            source="k", id="r", experiment_id="1", name="run", ended_at=ended_at, metrics=metrics,
            status="running" if ended_at is None else "finished",
        )  # fmt: skip
        self.cache.write("k", Batch(runs=(run,)), 1)

    def write(self, *whole: Series, tails: tuple[Series, ...] = (), now: int = 1_000) -> bool:
        """Gives whether readers are told of news."""
        before = self.reader.content()
        self.cache.write("k", Batch(histories=whole, tails=tails), now)
        return self.reader.content() != before

    def series(self) -> Series | None:
        return self.reader.series(1, "loss")

    def extreme(self) -> Extreme:
        return self.reader.extremes([1], ["loss"])[1, "loss"]

    def known(self, now: int) -> list[KnownSeries]:
        return self.cache.known_series("k", ["r"], ["loss"], now)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "cache.db")


def test_a_history_comes_back_with_nan_and_infinities_in_its_own_order(shelf: Shelf) -> None:
    odd = series((5, 1, math.nan), (3, 2, math.inf), (3, 2, -math.inf), (-(2**62), 3, 5e-324), (2**62, 2**45, -0.0))
    shelf.write(odd)
    kept = shelf.series()
    assert kept is not None
    assert (kept.run_id, kept.key, kept.history) == ("r", "loss", "complete")
    assert rows(kept) == rows(odd)
    assert (kept.steps.typecode, kept.times.typecode, kept.values.typecode) == ("q", "q", "d")


def test_an_empty_history_is_known_to_be_empty(shelf: Shelf) -> None:
    assert shelf.series() is None
    assert shelf.write(series())
    kept = shelf.series()
    assert kept is not None
    assert len(kept) == 0
    assert shelf.extreme() == Extreme(min=None, max=None, history="complete")


def test_several_histories_are_read_at_once(shelf: Shelf) -> None:
    shelf.write(series((0, 1, 1.0)), series((0, 1, 2.0), key="auc"))
    found = shelf.reader.series_of([1, 2], ["loss", "auc", "none"])
    assert {where: list(one.values) for where, one in found.items()} == {(1, "loss"): [1.0], (1, "auc"): [2.0]}


def test_the_same_history_again_is_no_news(shelf: Shelf) -> None:
    assert shelf.write(series((0, 1, math.nan), (1, 2, 0.5)))
    assert not shelf.write(series((0, 1, math.nan), (1, 2, 0.5)))
    assert shelf.write(series((0, 1, math.nan), (1, 2, 0.25)))


def test_points_that_came_since_are_added_and_those_that_are_here_are_not_added_twice(shelf: Shelf) -> None:
    shelf.write(series((0, 1, 1.0), (1, 2, math.nan)))
    assert not shelf.write(tails=(series((1, 2, math.nan)),))
    assert shelf.write(tails=(series((1, 2, math.nan), (1, 3, 0.5), (2, 3, math.inf)),))
    expected = series((0, 1, 1.0), (1, 2, math.nan), (1, 3, 0.5), (2, 3, math.inf))
    assert rows(shelf.series()) == rows(expected)
    assert shelf.extreme() == Extreme(min=0.5, max=1.0, history="complete", min_step=1, max_step=0)


def test_nothing_is_added_to_a_history_that_is_not_here_whole(shelf: Shelf) -> None:
    assert not shelf.write(tails=(series((1, 2, 0.5)),))
    assert shelf.series() is None
    shelf.write(series((0, 1, 1.0), history="sampled"))
    assert not shelf.write(tails=(series((1, 2, 0.5)),))
    assert rows(shelf.series()) == [(0, 1, "1.0")]


def test_a_thinned_out_history_does_not_take_the_place_of_a_whole_one_that_has_it_all(shelf: Shelf) -> None:
    shelf.write(series((0, 1, 1.0), (1, 2, 3.0), (2, 3, 2.0)))
    assert not shelf.write(series((0, 1, 1.0), (2, 3, 2.0), history="sampled"))
    assert shelf.extreme().history == "complete"
    assert shelf.write(series((0, 1, 1.0), (3, 4, 2.0), history="sampled"))
    assert shelf.extreme().history == "sampled"


def test_a_run_that_went_on_widens_what_is_known_until_its_points_are_here(shelf: Shelf) -> None:
    shelf.write(series((0, 10, 1.0), (1, 20, 0.5)))
    shelf.run(None, loss=Metric(value=0.25, step=2, at=30))
    assert shelf.extreme() == Extreme(min=0.25, max=1.0, history="sampled", min_step=2, max_step=0)
    assert (seen := shelf.series())
    assert seen.is_behind
    shelf.write(tails=(series((2, 30, 0.25)),))
    assert shelf.extreme() == Extreme(min=0.25, max=1.0, history="complete", min_step=2, max_step=0)
    assert (seen := shelf.series())
    assert not seen.is_behind


def test_a_history_without_a_number_is_widened_by_the_first(shelf: Shelf) -> None:
    shelf.write(series((0, 10, math.nan)))
    shelf.run(None, loss=Metric(value=0.25, step=2, at=30))
    assert shelf.extreme() == Extreme(min=0.25, max=0.25, history="sampled", min_step=2, max_step=2)


def test_the_step_of_an_extreme_is_the_one_at_which_it_was_logged_first() -> None:
    found = extreme_of(series((9, 1, 0.5), (2, 2, 0.5), (3, 3, math.inf), (4, 4, 2.0), (5, 5, 2.0), (6, 6, math.nan)))
    assert found == Extreme(min=0.5, max=2.0, history="complete", min_step=9, max_step=4)


def test_values_whose_sum_is_too_large_are_finite_all_the_same() -> None:
    found = extreme_of(series((0, 1, 1.7e308), (1, 2, 1.7e308), (2, 3, -1.0)))
    assert (found.min, found.max) == (-1.0, 1.7e308)


def test_how_far_a_history_is_here_says_what_came_since(shelf: Shelf) -> None:
    assert shelf.known(1_000) == []
    shelf.write(series((5, 10, 1.0), (2, 20, 0.5)))
    shelf.write(tails=(series((3, 30, 0.5)),))
    expected = KnownSeries(run_id="r", key="loss", points=3, last_step=5, last_at=30, history="complete")
    assert shelf.known(1_000) == [expected]


def test_a_history_that_grows_is_due_after_minutes_and_a_long_one_later(shelf: Shelf) -> None:
    shelf.run(None)
    shelf.write(series((0, 10, 1.0)), now=1_000)
    assert [one.is_due for at in (1, 3) for one in shelf.known(1_000 + at * MINUTE)] == [False, True]
    many = range(100_000)
    shelf.write(Series("r", "loss", array("q", many), array("q", many), array("d", many)), now=1_000)
    assert [one.is_due for at in (3, 10) for one in shelf.known(1_000 + at * MINUTE)] == [False, True]


def test_points_that_are_added_do_not_put_off_the_next_whole_reading(shelf: Shelf) -> None:
    shelf.run(None)
    shelf.write(series((0, 10, 1.0)), now=1_000)
    shelf.write(tails=(series((1, 11, 1.0)),), now=1_000 + 2 * MINUTE)
    assert [one.is_due for one in shelf.known(1_000 + 3 * MINUTE)] == [True]


def test_a_run_that_had_ended_is_read_again_seldom(shelf: Shelf) -> None:
    shelf.run(500)
    shelf.write(series((0, 10, 1.0)), now=1_000)
    assert [one.is_due for at in (30, 90) for one in shelf.known(1_000 + at * MINUTE)] == [False, True]


def test_the_histories_written_last_are_kept_and_what_the_others_said_of_extremes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_POINTS", 5)
    monkeypatch.setattr(run_writes, "_POINTS_BETWEEN_LOOKS", 1)
    for key in "abcd":
        shelf.write(series((0, 1, 1.0), (1, 2, 0.5), key=key))
    assert set(shelf.reader.series_of([1], list("abcd"))) == {(1, "c"), (1, "d")}
    assert set(shelf.reader.extremes([1], list("abcd"))) == {(1, key) for key in "abcd"}
    shelf.run(None, a=Metric(value=0.25, step=2, at=30))
    assert shelf.reader.extremes([1], ["a"])[1, "a"].min == 0.25


points = st.lists(
    st.tuples(
        st.integers(-3, 9), st.integers(0, 12), st.sampled_from([-1.5, 0.25, 7.0, math.inf, -math.inf, math.nan])
    ),
    max_size=40,
)


def in_order(these: list[Row]) -> list[Row]:
    """As MLflow's SQL store gives them: no point twice, by time, step and value, a NaN as the 0 it is kept as."""
    single = {(at, step, repr(value)): (step, at, value) for step, at, value in these}
    return sorted(single.values(), key=lambda row: (row[1], row[0], row[2] if row[2] == row[2] else 0.0))


@given(points, points)
def test_however_a_history_is_cut_the_parts_make_the_whole(first: list[Row], second: list[Row]) -> None:
    whole = series(*in_order(first))
    added = merged(whole, series(*in_order(second)))
    assert rows(added or whole) == rows(series(*in_order([*first, *second])))
