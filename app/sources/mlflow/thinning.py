"""Rows of MLflow's `metrics` as a series, and a long series in few points, with every spike."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from ...records import Series
from . import parse

_AT_ONCE: Final = 10_000
"""Rows: a history of a million points must not stand in memory as a million tuples."""


def table_series(run_id: str, key: str, rows: sqlite3.Cursor) -> Series:
    """A history out of rows of step, timestamp, value, is_nan, in their order."""
    steps, times, values = array("q"), array("q"), array("d")
    while some := rows.fetchmany(_AT_ONCE):
        columns: list[Sequence[Any]] = list(zip(*some, strict=True))
        steps.extend(columns[0])
        times.extend(columns[1])
        if any(columns[3]):
            columns[2] = [math.nan if row[3] else row[2] for row in some]
        values.extend(parse.metric_numbers(columns[2]))
    return Series(run_id, key, steps, times, values)


def thinned(series: Series, wanted: int) -> Series:
    """First and last, and of each stretch the smallest, the largest and a NaN if there is one: no spike is lost."""
    values, count = series.values, len(series)
    kinds = 3 if any(map(math.isnan, values)) else 2
    stretches = max((wanted - 2) // kinds, 1)
    kept = {0, count - 1}
    for number in range(stretches):
        kept |= _ends(values, count * number // stretches, count * (number + 1) // stretches)
    order = sorted(kept)
    return Series(
        series.run_id,
        series.key,
        array("q", [series.steps[at] for at in order]),
        array("q", [series.times[at] for at in order]),
        array("d", [values[at] for at in order]),
        "sampled",
    )


def _ends(values: array[float], start: int, stop: int) -> set[int]:
    numbers = [at for at in range(start, stop) if values[at] == values[at]]
    found = set(islice((at for at in range(start, stop) if values[at] != values[at]), 1))
    if numbers:
        found |= {min(numbers, key=values.__getitem__), max(numbers, key=values.__getitem__)}
    return found
