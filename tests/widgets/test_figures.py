"""Figures, ages and times as a person reads them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.widgets.figures import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    age,
    count,
    count_in,
    difference,
    figure,
    figure_in,
    moment,
    size,
    so_far,
    span,
)  # fmt: skip

NOW = int(datetime(2026, 3, 14, 3, 7, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.9412345, "0.9412"),
        (0.21098, "0.2110"),
        (3.14159, "3.142"),
        (31.4159, "31.42"),
        (314.159, "314.2"),
        (3141.59, "3142"),
        (31415.9, "31416"),
        (-0.0279, "-0.02790"),
        (0.00012345, "0.0001234"),
        (8.0, "8"),
        (-3.0, "-3"),
        (1_234_567.0, "1234567"),
        (0.0, "0"),
    ],
)
def test_a_figure_has_four_significant_digits_and_a_whole_number_is_one(value: float, written: str) -> None:
    assert figure(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0001, "0.0001000"), (0.0000999, "9.990e-05"), (2e-5, "2.000e-05"), (-3e-9, "-3.000e-09"), (1.5e9, "1.500e+09")],
)
def test_below_a_ten_thousandth_and_above_ten_million_an_exponent_is_written(value: float, written: str) -> None:
    assert figure(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.99996, "1.000"), (9.99996, "10.00"), (99.9996, "100.0"), (999.96, "1000"), (-0.0, "0")]
)
def test_a_figure_that_is_rounded_up_to_the_next_power_of_ten_gets_no_fifth_digit(value: float, written: str) -> None:
    assert figure(value) == written


def test_what_is_no_number_is_said_in_words() -> None:
    assert [figure(value) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "+inf", "-inf"]
    assert [difference(value) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "+inf", "-inf"]


@given(st.floats(-1e307, 1e307))
def test_a_figure_is_short_and_true_to_four_digits(value: float) -> None:
    written = figure(value)
    assert len(written) <= 11
    assert math.isclose(float(written), value, rel_tol=6e-4, abs_tol=0)


@given(st.floats(min_value=1e-4, max_value=9999, exclude_max=True))
def test_a_figure_with_a_point_has_exactly_four_significant_digits(value: float) -> None:
    written = figure(value)
    if "." in written:
        assert len(written.replace(".", "").lstrip("0")) == 4


@pytest.mark.parametrize(
    ("value", "written"), [(0.0031, "+0.003100"), (-0.0279, "−0.02790"), (0.0, "0"), (-0.0, "0"), (12.0, "+12")]
)
def test_a_difference_always_carries_its_sign(value: float, written: str) -> None:
    assert difference(value) == written


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (0, "now"),
        (59 * SECOND, "now"),
        (MINUTE, "1 m"),
        (2 * MINUTE - 1, "1 m"),
        (13 * MINUTE, "10 m"),
        (HOUR - 1, "45 m"),
        (HOUR, "1 h"),
        (2 * DAY - 1, "47 h"),
        (2 * DAY, "2 d"),
        (729 * DAY, "729 d"),
        (731 * DAY, "2 y"),
        (-30 * SECOND, "now"),
        (-2 * MINUTE, "ahead"),
    ],
)
def test_an_age_is_the_bucket_that_it_falls_into(past: int, said: str) -> None:
    assert age(NOW - past, NOW) == said


def test_an_age_that_nobody_knows_is_not_made_up() -> None:
    assert age(None, NOW) == ""
    assert span(None) == ""
    assert moment(None, NOW) == ""
    assert size(None) == ""


@given(st.integers(0, 100 * 365 * DAY))
def test_an_age_fits_its_column_and_does_not_change_within_the_minute(past: int) -> None:
    begun = past // MINUTE * MINUTE
    assert len(age(NOW - past, NOW)) <= 5
    assert age(NOW - past, NOW) == age(NOW - begun, NOW)


def test_the_first_hour_of_an_age_costs_eight_repaints() -> None:
    assert len({age(NOW - past, NOW) for past in range(0, HOUR, SECOND)}) == 8


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "0.0 s"),
        (30, "30 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (1_500, "1.5 s"),
        (9_999, "10.0 s"),
        (45_000, "45 s"),
        (12 * MINUTE + 5_000, "12 m 05 s"),
        (3 * HOUR + 20 * MINUTE, "3 h 20 m"),
        (50 * HOUR, "2 d 2 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(milliseconds: int, said: str) -> None:
    assert span(milliseconds) == said


def test_a_duration_of_a_clock_that_was_set_back_is_none() -> None:
    assert span(-5_000) == "0.0 s"


def test_a_time_carries_its_date_when_it_is_not_today() -> None:
    assert moment(NOW - HOUR, NOW) == "02:07"
    assert moment(NOW - 4 * HOUR, NOW) == "13 mar 23:07"
    assert moment(NOW - 400 * DAY, NOW) == "7 feb 2025 03:07"


def test_a_time_is_told_in_the_zone_of_the_screen() -> None:
    east = timezone(timedelta(hours=13))
    assert moment(NOW, NOW, east) == "16:07"
    assert moment(NOW - 10 * HOUR, NOW, east) == "06:07"  # yesterday in Greenwich, today there


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_clock_has_a_time_or_a_question_mark(then: int) -> None:
    assert moment(then, NOW)


def test_counts_are_grouped_and_unknown_ones_are_awaited() -> None:
    assert [count(number) for number in (0, 999, 5_012, 1_000_000, None)] == ["0", "999", "5 012", "1 000 000", "…"]


def test_sizes_have_the_unit_that_keeps_them_short() -> None:
    said = [size(octets) for octets in (0, 812, 1_000, 3_400_000, 999_000_000, 2_500_000_000_000)]
    assert said == ["0 B", "812 B", "1.0 kB", "3.4 MB", "999 MB", "2.5 TB"]


def test_a_figure_has_fewer_digits_where_four_have_no_room() -> None:
    assert [figure_in(value, 9) for value in (0.9412, -0.00012345, 4.447e-323, -1e308)] == [
        "0.9412",
        "-1.23e-04",
        "4.45e-323",
        "-1.0e+308",
    ]


@given(st.floats(), st.integers(-(2**63), 2**63 - 1))
def test_what_has_little_room_stays_in_it(value: float, number: int) -> None:
    assert len(figure_in(value, 9)) <= 9
    assert len(figure_in(value, 8)) <= 8
    assert len(count_in(number, 7)) <= 7


def test_a_count_without_room_for_its_groups_has_a_power_of_ten() -> None:
    assert [count_in(number, 7) for number in (0, 100_000, 1_234_567, 4 * 10**15, -9 * 10**18)] == [
        "0",
        "100 000",
        "1.235e6",
        "4.00e15",
        "-9.0e18",
    ]


@pytest.mark.parametrize(("past", "said"), [
    (0, "0 s"), (5_400, "5 s"), (16_900, "16 s"), (65_000, "1 m 05 s"), (599_999, "9 m 59 s"), (600_000, "10 m"),
    (-5_000, "0 s"),
])  # fmt: skip
def test_what_runs_is_told_in_seconds_until_ten_minutes_have_gone(past: int, said: str) -> None:
    assert so_far(1_000_000, 1_000_000 + past) == said
