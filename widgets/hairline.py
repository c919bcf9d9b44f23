"""A curve as a thin line of dots in one row of text: for many rows below one another, where blocks would be a wall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import isfinite
from operator import gt

from .braille import Canvas, Layer

ROWS = 4
"""Dots below one another in a cell."""


def by_step(steps: Sequence[int], values: Sequence[float]) -> Sequence[float]:
    """The values in the order of their steps, as a chart draws them; of equal steps in the order given.

    Steps that ascend already, nearly all of them, cost a comparison each and no copy.
    """
    if not any(map(gt, steps, islice(steps, 1, None))):
        return values
    return [values[place] for place in sorted(range(len(steps)), key=steps.__getitem__)]


def hairline(values: Sequence[float], width: int) -> str:
    """Exactly `width` characters: lowest to highest of each stretch of values, over the range of all finite ones.

    What is not finite leaves a gap; without two finite values there is no line, and all are spaces.
    """
    columns = 2 * max(0, width)
    all_finite = isfinite(sum(values))
    finite = values if all_finite else [value for value in values if isfinite(value)]
    if not columns or len(finite) < 2:
        return " " * max(0, width)
    layer, low, high = Layer(width, 1), min(finite), max(finite)
    before: int | None = None
    for column in range(columns):
        start = len(values) * column // columns
        part = values[start : max(start + 1, len(values) * (column + 1) // columns)]
        seen = part if all_finite else [value for value in part if isfinite(value)]
        if not seen:
            before = None
            continue
        top, bottom = _row(max(seen), low, high), _row(min(seen), low, high)
        if before is not None:  # one line: it goes on where the stretch before it ended
            top, bottom = min(top, before + 1), max(bottom, before - 1)
        layer.run(column, top, bottom)
        before = _row(seen[-1], low, high)
    canvas = Canvas(width, 1)
    canvas.lay(layer, 1)
    return "".join(canvas.row(0)[0])


def _row(value: float, low: float, high: float) -> int:
    """The row of dots, from the top. Halved first: a range may be wider than the largest number."""
    if low == high:
        return ROWS // 2
    return ROWS - 1 - int((value / 2 - low / 2) / (high / 2 - low / 2) * (ROWS - 1) + 0.5)
