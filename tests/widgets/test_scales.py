"""Axes end at round values, and their labels tell the values apart."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quarterdeck.widgets.figures import DAY, HOUR, MINUTE, SECOND
from quarterdeck.widgets.scales import (
    Scale,
    ahead,
    duration,
    duration_ticks,
    fitted,
    nice_step,
    step_ticks,
    time_ticks,
    y_ticks,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("span", "ticks", "step"), [(1, 5, 0.2), (1, 4, 0.5), (10, 10, 1), (950, 5, 200), (0.3, 3, 0.1), (7e9, 7, 1e9)]
)
def test_steps_are_one_two_or_five(span: float, ticks: int, step: float) -> None:
    assert nice_step(span, ticks) == pytest.approx(step)


def test_there_is_no_step_where_numbers_end() -> None:
    assert nice_step(5e-324, 4) == 0
    assert nice_step(math.inf, 4) == 0


@given(FINITE, FINITE, st.integers(1, 60), st.booleans())
@example(0.0, 5e-324, 1, False)
@example(1e-310, 2e-310, 1, False)
@example(1.0, 1.0000000000000002, 2, True)
def test_a_scale_holds_its_values_whatever_they_are(one: float, other: float, rows: int, log: bool) -> None:
    if log:
        one, other = math.remainder(one, 300), math.remainder(other, 300)
    low, high = sorted((one, other))
    scale = fitted(low, high, rows, log)
    assert scale.low <= low <= high <= scale.high
    assert scale.low < scale.high
    row = scale.rows(4 * rows)
    assert 0 <= row(high) <= row(low) < 4 * rows
    labels = y_ticks(scale, rows)
    assert len(labels) <= 30
    assert all(len(text) <= 14 for _, text in labels)


@given(FINITE, st.integers(2, 200))
def test_what_lies_outside_is_drawn_outside(value: float, dots: int) -> None:
    row = Scale(0.0, 1.0).rows(dots)(value)
    if value > 2:
        assert row < 0
    if value < -1:
        assert row > dots - 1


def test_a_new_point_within_the_round_ends_moves_nothing() -> None:
    assert fitted(0.213, 2.31, 24) == fitted(0.205, 2.38, 24)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.2, 1.0, ["0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1, 1, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (0.9410, 0.9414, ["0.9410", "0.9411", "0.9412", "0.9413", "0.9414"]),
        (0, 4e9, ["0", "1e9", "2e9", "3e9", "4e9"]),
        (0, 2e-5, ["0", "5e-6", "1.0e-5", "1.5e-5", "2.0e-5"]),
    ],
)
def test_labels_have_the_digits_that_they_need(low: float, high: float, labels: list[str]) -> None:
    assert [text for _, text in y_ticks(Scale(low, high), 15)] == labels


def test_a_log_scale_is_labelled_by_powers_of_ten() -> None:
    assert [text for _, text in y_ticks(Scale(-3, 2, log=True), 24)] == ["0.001", "0.01", "0.1", "1", "10", "100"]
    assert [text for _, text in y_ticks(Scale(-6, -4, log=True), 24)] == ["1e-6", "1e-5", "0.0001"]


def test_a_short_log_scale_is_labelled_between_them() -> None:
    assert [text for _, text in y_ticks(Scale(0, 1, log=True), 24)] == ["1", "2", "5", "10"]


def test_a_very_short_log_scale_has_even_steps_where_they_lie_on_it() -> None:
    found = y_ticks(Scale(math.log10(0.79), math.log10(0.83), log=True), 12)
    assert [text for _, text in found] == ["0.79", "0.80", "0.81", "0.82", "0.83"]
    assert [10**place for place, _ in found] == pytest.approx([0.79, 0.80, 0.81, 0.82, 0.83])


@pytest.mark.parametrize(
    ("low", "high", "rows", "labels"),
    [
        (0.6683, 0.8414, 8, ["0.65", "0.70", "0.75", "0.80", "0.85"]),
        (0.6683, 0.8414, 20, ["0.70", "0.75", "0.80", "0.85"]),
        (0.67, 0.84, 8, ["0.70", "0.75", "0.80"]),
        (0.67, 0.84, 12, ["0.70", "0.75", "0.80"]),
        (0.67, 0.84, 4, ["0.7", "0.8"]),
    ],
)
def test_a_log_scale_within_a_decade_has_round_labels_enough_to_read_it(
    low: float, high: float, rows: int, labels: list[str]
) -> None:
    scale = fitted(math.log10(low), math.log10(high), rows, True)
    assert [text for _, text in y_ticks(scale, rows)] == labels


def test_steps_are_whole_numbers() -> None:
    assert step_ticks(0, 3, 10) == [(0, "0"), (1, "1"), (2, "2"), (3, "3")]
    assert [text for _, text in step_ticks(0, 40_000, 4)] == ["0", "10 000", "20 000", "30 000", "40 000"]


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "0"),
        (90 * SECOND, "1 m 30 s"),
        (2 * HOUR, "2 h"),
        (36 * HOUR, "1 d 12 h"),
        (250, "250 ms"),
        (-MINUTE, "-1 m"),
    ],
)
def test_durations_are_written_in_as_few_units_as_say_them(milliseconds: int, written: str) -> None:
    assert duration(milliseconds) == written


def test_durations_are_labelled_at_round_ones() -> None:
    assert [text for _, text in duration_ticks(0, 4 * HOUR, 5)] == ["0", "1 h", "2 h", "3 h", "4 h"]
    assert [text for _, text in duration_ticks(0, 90 * SECOND, 4)] == ["0", "30 s", "1 m", "1 m 30 s"]


def at(*moment: int, zone: str = "UTC") -> float:
    return datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp() * 1000  # type: ignore[arg-type,misc]  # ints in order


def test_times_are_those_of_the_zone_and_midnight_is_a_date() -> None:
    start, stop = at(2026, 3, 14, 21, 40, zone="Europe/Berlin"), at(2026, 3, 15, 1, 10, zone="Europe/Berlin")
    found = time_ticks(start, stop, 5, ZoneInfo("Europe/Berlin"))
    assert [text for _, text in found] == ["22:00", "23:00", "15 mar", "01:00"]
    assert found[0][0] == at(2026, 3, 14, 21, 0)


def test_days_stay_at_midnight_when_the_clock_is_put_forward() -> None:
    zone = ZoneInfo("Europe/Berlin")
    found = time_ticks(at(2026, 3, 28), at(2026, 3, 31, 12), 5, zone)
    local = [datetime.fromtimestamp(x / 1000, zone) for x, _ in found]
    assert [(moment.day, moment.hour) for moment in local] == [(29, 0), (30, 0), (31, 0)]


def test_times_a_second_apart_have_seconds() -> None:
    start = at(2026, 3, 14, 21, 40)
    assert [text for _, text in time_ticks(start, start + 2 * SECOND, 2)] == ["21:40:00", "21:40:01", "21:40:02"]


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 400 * DAY), st.integers(2, 20))
def test_ticks_of_time_are_within_the_window(start: int, size: int, most: int) -> None:
    found = [x for x, _ in time_ticks(start, start + size, most, UTC)]
    assert found == sorted(found)
    assert all(start <= x <= start + size for x in found)
    assert len(found) <= most + 2


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_growing_axis_ends_ahead_and_seldom_moves(start: int, size: int) -> None:
    stop = start + size
    end = ahead(start, stop)
    assert stop + size * 0.02 < end <= stop + size * 0.5 + 3
