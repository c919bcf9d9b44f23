"""A curve in one line of text, for a cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, isnan
from typing import Final

from .status import is_ascii_only

_LEVELS: Final = ("▁▂▃▄▅▆▇█", "_.-~=+*#")
_NAN: Final = "×x"


def spark(values: Sequence[float], width: int) -> str:
    """At most `width` characters, one a value where there is room. Of several the one furthest from the median
    is shown, so that no spike is lost; `×` where one is NaN, the top or bottom for an infinity."""
    if not values or width <= 0:
        return ""
    columns = min(width, len(values))
    edges = [len(values) * column // columns for column in range(columns + 1)]
    ordered = sorted(filter(isfinite, values)) or [0.0]
    parts = (values[start:stop] for start, stop in pairwise(edges))
    return "".join(_one(part, ordered) for part in parts)


def spark_over(
    times: Sequence[int], values: Sequence[float], since: int, until: int, width: int
) -> str:  # fmt: skip
    """Exactly `width` characters, time running to the right; a blank where there was no point."""
    if width <= 0 or since >= until:
        return ""
    parts: list[list[float]] = [[] for _ in range(width)]
    for at, value in zip(times, values, strict=True):
        if since <= at <= until:
            parts[min((at - since) * width // (until - since), width - 1)].append(value)
    ordered = sorted(value for part in parts for value in part if isfinite(value)) or [0.0]
    return "".join(_one(part, ordered) if part else " " for part in parts)


def _one(part: Sequence[float], ordered: Sequence[float]) -> str:
    if any(map(isnan, part)):
        return _NAN[is_ascii_only()]
    levels = _LEVELS[is_ascii_only()]
    low, middle, high = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    value = min(max(max(part, key=lambda value: abs(value / 2 - middle / 2)), low), high)
    if low == high:
        return levels[3]
    return levels[int((value / 2 - low / 2) / (high / 2 - low / 2) * 7 + 0.5)]
