"""A curve in one row of dots."""

from __future__ import annotations

from math import inf, nan

import pytest

from quarterdeck.widgets.hairline import by_step, hairline


def rows(text: str) -> list[set[int]]:
    """Rows of the dots in each column of dots, from the top."""
    bits = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
    codes = [0 if sign == " " else ord(sign) - 0x2800 for sign in text]
    return [{row for row in range(4) if code & column[row]} for code in codes for column in bits]


def test_a_rise_goes_from_the_bottom_to_the_top() -> None:
    seen = rows(hairline([0, 1, 2, 3], 2))
    assert seen == [{3}, {2}, {1}, {0}]


def test_few_values_are_drawn_over_the_whole_width() -> None:
    assert all(rows(hairline([0, 1], 6)))


def test_a_spike_among_thousands_is_seen() -> None:
    values = [0.0] * 10_000
    values[5_000] = 1.0
    assert any(0 in column for column in rows(hairline(values, 8)))


def test_a_jump_is_one_line() -> None:
    assert rows(hairline([0, 0, 3, 3], 2)) == [{3}, {3}, {0, 1, 2}, {0}]


def test_what_is_no_number_leaves_a_gap() -> None:
    seen = rows(hairline([0, nan, inf, 3], 2))
    assert seen == [{3}, set(), set(), {0}]


@pytest.mark.parametrize("values", [[], [1.0], [nan, nan], [nan, 1.0]])
def test_there_is_no_line_through_one_point(values: list[float]) -> None:
    assert hairline(values, 5) == "     "


@pytest.mark.parametrize("width", [0, 1, 7, 40])
@pytest.mark.parametrize("values", [[1.0, 1.0], [-1.7e308, 1.7e308], [0.1] * 999, [float(n % 7) for n in range(50)]])
def test_it_is_as_wide_as_it_was_asked_to_be(values: list[float], width: int) -> None:
    assert len(hairline(values, width)) == width


def test_values_go_in_the_order_of_their_steps() -> None:
    assert list(by_step([0, 2, 1, 1], [0.0, 3.0, 1.0, 2.0])) == [0.0, 1.0, 2.0, 3.0]


def test_what_is_in_order_already_is_not_copied() -> None:
    values = [5.0, 1.0, 2.0]
    assert by_step([0, 1, 1], values) is values
