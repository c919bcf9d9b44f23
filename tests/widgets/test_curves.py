"""Histories of metrics become columns of dots: nothing is lost, nothing is made up."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Series
from quarterdeck.widgets.curves import (
    SMOOTHINGS,
    Curve,
    bins,
    prepare,
    ranges_and_means,
    reading,
    smoothed,
    usual_distance,
)

NAN, INF = math.nan, math.inf
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
POINTS = st.lists(st.tuples(st.integers(-50, 500), FLOATS), max_size=60)


def series(values: list[float], steps: list[int] | None = None, times: list[int] | None = None) -> Series:
    steps = list(range(len(values))) if steps is None else steps
    times = [1000 * step for step in steps] if times is None else times
    return Series("run", "loss", array("q", steps), array("q", times), array("d", values))


def of(points: list[tuple[int, float]]) -> Series:
    return series([value for _, value in points], [step for step, _ in points])


# -- preparing ----------------------------------------------------------------------------------------------------


def test_points_are_drawn_in_the_order_of_their_steps() -> None:
    track = prepare(series([3.0, 1.0, 2.0], steps=[30, 10, 20]))
    assert (track.xs, track.ys) == ([10.0, 20.0, 30.0], [1.0, 2.0, 3.0])


def test_repeated_steps_are_all_kept_in_their_order() -> None:
    track = prepare(series([5.0, 1.0, 9.0, 2.0], steps=[7, 7, 7, 3]))
    assert (track.xs, track.ys) == ([3.0, 7.0, 7.0, 7.0], [2.0, 5.0, 1.0, 9.0])


def test_the_axis_of_time_takes_the_times() -> None:
    assert prepare(series([1.0, 2.0], steps=[0, 1], times=[5000, 4000]), "time").xs == [4000.0, 5000.0]


def test_a_nan_cuts_the_line_and_is_kept_to_be_marked() -> None:
    track = prepare(series([1.0, NAN, 3.0, 4.0]))
    assert track.ys == [1.0, 3.0, 4.0]
    assert track.cuts == {1}
    assert track.odd == [(1.0, "nan")]


def test_infinities_are_told_apart() -> None:
    assert prepare(series([INF, 1.0, -INF])).odd == [(0.0, "+inf"), (2.0, "-inf")]


def test_a_log_scale_counts_what_it_cannot_show() -> None:
    track = prepare(series([100.0, 0.0, -1.0, 0.01]), log=True)
    assert track.ys == [2.0, -2.0]
    assert track.hidden == 2
    assert track.cuts == {1}


def test_a_missing_stretch_is_a_gap() -> None:
    steps = [0, 1, 2, 3, 100, 101, 102]
    assert prepare(series([1.0] * 7, steps)).cuts == {4}


def test_points_logged_ever_more_seldom_have_no_gap() -> None:
    steps = [1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
    assert prepare(series([1.0] * len(steps), steps)).cuts == frozenset()


@given(POINTS)
def test_every_point_is_drawn_marked_or_counted(points: list[tuple[int, float]]) -> None:
    for log in (False, True):
        track = prepare(of(points), log=log)
        assert len(track.xs) + len(track.odd) + track.hidden == len(points) == len(track.all_xs)
        assert track.xs == sorted(track.xs)
        assert all(map(math.isfinite, track.ys))


# -- columns ------------------------------------------------------------------------------------------------------


@given(POINTS, st.integers(1, 40), st.integers(-60, 400), st.integers(1, 500))
def test_each_column_has_the_extremes_of_its_points(
    points: list[tuple[int, float]], columns: int, start: int, size: int
) -> None:
    track = prepare(of(points))
    found = bins(track, start, start + size, columns)
    held: dict[int, list[float]] = {}
    for x, y in zip(track.xs, track.ys, strict=True):
        if start <= x <= start + size:
            exact = min(int((x - start) / (size / columns)), columns - 1)
            near = [one for one in found if abs(one[0] - exact) <= 1 and one[2] <= y <= one[3]]
            assert near, (x, y)  # rounding may put a point that lies on an edge into the column beside it
            held.setdefault(min(near, key=lambda one: abs(one[0] - exact))[0], []).append(y)
    assert [one[0] for one in found] == sorted({one[0] for one in found})
    assert min(map(min, held.values()), default=0) == min((one[2] for one in found), default=0)
    assert max(map(max, held.values()), default=0) == max((one[3] for one in found), default=0)


def test_a_single_spike_among_ten_thousand_points_is_in_its_column() -> None:
    values = [1.0] * 10_000
    values[6543] = 99.0
    found = bins(prepare(series(values)), 0, 9999, 220)
    assert [one[0] for one in found if one[3] == 99.0] == [int(6543 / (9999 / 220))]


def test_first_and_last_of_a_column_are_those_of_its_points() -> None:
    found = bins(prepare(series([4.0, 9.0, 1.0, 5.0])), 0, 3, 1)
    assert found == [(0, 4.0, 1.0, 9.0, 5.0, False)]


def test_columns_are_joined_unless_something_lies_between() -> None:
    found = bins(prepare(series([1.0, 2.0, NAN, 4.0])), 0, 3, 4)
    assert [(one[0], one[5]) for one in found] == [(0, False), (1, True), (3, False)]


@given(POINTS, st.integers(1, 40))
def test_a_mean_lies_within_its_column(points: list[tuple[int, float]], columns: int) -> None:
    track = prepare(of(points))
    ranges, means = ranges_and_means(track, track.ys, -60, 500, columns)
    assert ranges == bins(track, -60, 500, columns)
    for (_, _, low, high, _, _), (_, mean, *_) in zip(ranges, means, strict=True):
        slack = 1e-9 * max(abs(low), abs(high))
        assert low - slack <= mean <= high + slack


# -- smoothing ----------------------------------------------------------------------------------------------------


def test_smoothing_is_that_of_tensorboard() -> None:
    values, weight = [2.0, 4.0, 1.0, 8.0, 8.0], 0.6
    last, expected = 0.0, []
    for count, value in enumerate(values, 1):
        last = last * weight + (1 - weight) * value
        expected.append(last / (1 - weight**count))  # debiased, as TensorBoard's line chart does it
    assert smoothed(range(5), values, weight) == pytest.approx(expected)


def test_a_point_far_from_the_one_before_counts_more() -> None:
    near = smoothed([0, 1, 2, 3], [0.0, 0.0, 0.0, 10.0], 0.9)[-1]
    far = smoothed([0, 1, 2, 30], [0.0, 0.0, 0.0, 10.0], 0.9)[-1]
    assert far > near


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.sampled_from(SMOOTHINGS[1:]))
def test_smoothed_values_stay_within_the_range(values: list[float], weight: float) -> None:
    found = smoothed(range(len(values)), values, weight)
    slack = 1e-9 * max(map(abs, values))
    assert all(min(values) - slack <= value <= max(values) + slack for value in found)


def test_the_usual_distance_is_not_that_of_repeated_steps() -> None:
    assert usual_distance([1, 1, 1, 1, 3, 5]) == 2
    assert usual_distance([4, 4]) == 0


# -- reading ------------------------------------------------------------------------------------------------------


def test_a_reading_is_the_last_point_that_is_not_after_it() -> None:
    curve = Curve("a", "run", series([5.0, NAN, 7.0, 8.0], steps=[0, 10, 20, 20]))
    track = prepare(curve.series)
    assert reading(curve, track, 9)[1:] == (0, 0, 5.0, "finite", None)
    assert reading(curve, track, 10).state == "nan"
    assert reading(curve, track, 20).value == 8.0
    assert reading(curve, track, None).value == 8.0


def test_a_reading_says_the_smoothed_value_where_a_line_is_drawn() -> None:
    curve = Curve("a", "run", series([1.0, NAN, 3.0, -1.0]))
    track = prepare(curve.series)
    assert [reading(curve, track, x, 0.5).smoothed for x in (0, 1)] == [1.0, None]
    assert reading(curve, track, 2, 0.5).smoothed == track.smooth(0.5)[1]
    log = prepare(curve.series, log=True)
    assert reading(curve, log, 2, 0.5, log=True).smoothed == 10 ** log.smooth(0.5)[1]
    assert reading(curve, log, 3, 0.5, log=True).smoothed is None  # below zero nothing is drawn


def test_there_is_no_reading_before_the_first_or_after_the_last_point() -> None:
    curve = Curve("a", "run", series([5.0], steps=[10]))
    track = prepare(curve.series)
    assert reading(curve, track, 9.9).value is None
    assert reading(curve, track, 10.1).state is None
    empty = Curve("b", "run", series([]))
    assert reading(empty, prepare(empty.series), None).value is None
