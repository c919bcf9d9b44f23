"""A long history in few points, with every spike."""

from __future__ import annotations

from collections.abc import Iterable

from ...records import Point
from . import parse


def table_point(step: int, at: int, value: float, is_nan: int) -> Point:
    """A row of MLflow's `metrics` as a point."""
    return Point(step=step, at=at, value=parse.metric_number("NaN" if is_nan else value))


def thinned(points: Iterable[Point], count: int, wanted: int) -> list[Point]:
    """The smallest and the largest point of each of `wanted / 2` stretches: no spike is lost."""
    stretches = max(wanted // 2, 1)
    kept: list[Point] = []
    now, low, high = -1, None, None
    for number, point in enumerate(points):
        stretch = number * stretches // count
        if stretch != now:
            kept += _ends(low, high)
            now, low, high = stretch, point, point
        elif low is None or high is None or point.value < low.value:
            low = point
        elif point.value > high.value:
            high = point
    return kept + _ends(low, high)


def _ends(low: Point | None, high: Point | None) -> list[Point]:
    if low is None or high is None:
        return []
    if low is high:
        return [low]
    return sorted((low, high), key=lambda point: (point.step, point.at))
