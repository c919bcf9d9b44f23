"""A curve in a cell of a table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.widgets.spark import spark

NAN, INF = math.nan, math.inf
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([1, 1], 8, "▄▄"),
        ([], 8, ""),
        ([1, NAN, 2], 3, "▁×█"),
        ([0, INF, 1, -INF], 4, "▁██▁"),
        ([0.0] * 50 + [9.0] + [0.0] * 49, 5, "▁▁█▁▁"),
        ([1, 2], 0, ""),
    ],
)
def test_a_spark_keeps_spikes_and_nan(values: list[float], width: int, drawn: str) -> None:
    assert spark(values, width) == drawn


@given(st.lists(FLOATS, max_size=50), st.integers(-1, 20))
def test_a_spark_takes_no_more_than_its_width(values: list[float], width: int) -> None:
    assert len(spark(values, width)) == min(len(values), max(0, width))
