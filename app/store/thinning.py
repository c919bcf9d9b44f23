"""Points that grow old are thinned: one each ten minutes, and what a threshold was crossed at. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from ..records import Millis
from .monitor_turns import Bounds

BUCKET: Final = 600_000
"""Milliseconds of which one point is kept."""
WHOLE: Final = 48 * 3_600_000
"""How long every point is kept: what the longest of the windows of burn rates looks at closely."""
KEPT: Final = 60 * 24 * 3_600_000
"""How long any is. The newest of a line always is."""
HOUR: Final = 3_600_000

Point: TypeAlias = tuple[Millis, float | None, float | None]
"""When, value, total. None is NaN."""


def thinned(
    points: Sequence[Point], bounds: Bounds, before: bool | None = None, after: bool | None = None
) -> list[Point]:
    """These points, by time, thinned. The turns of what is left are those of all.

    Of a line with thresholds the smallest and the largest of each ten minutes are kept, and both points of each turn;
    of one that counts, the others of these ten minutes are summed; of any other the last is kept.
    `before` and `after`: whether the points around these break the threshold, None where there are none.
    """
    beside = _beside_turns(points, bounds, before, after) if bounds.is_any else frozenset()
    found: list[Point] = []
    for _, group in groupby(enumerate(points), key=lambda item: item[1][0] // BUCKET):
        bucket = list(group)
        if bounds.is_share:
            found += _summed(bucket, beside, bounds)
        elif bounds.is_any:
            found += _outermost(bucket, beside, bounds)
        else:
            found.append(_last(point for _, point in bucket))
    return found


def _beside_turns(points: Sequence[Point], bounds: Bounds, before: bool | None, after: bool | None) -> frozenset[int]:
    """The places of points next to one that is otherwise: a turn, or the last before it."""
    figures = ((place, bounds.value(value, total)) for place, (_, value, total) in enumerate(points))
    judged = [(place, bounds.is_bad(figure)) for place, figure in figures if figure is not None]
    states = [before, *(is_bad for _, is_bad in judged), after]
    return frozenset(
        place
        for number, (place, is_bad) in enumerate(judged, 1)
        if (not is_bad) in (states[number - 1], states[number + 1]) or (is_bad and states[number - 1] is None)
    )


def _outermost(bucket: list[tuple[int, Point]], beside: frozenset[int], bounds: Bounds) -> Iterator[Point]:
    numbers = [item for item in bucket if bounds.value(*item[1][1:]) is not None]
    if not numbers:
        return iter([bucket[-1][1]])
    kept = {min(numbers, key=_figure)[0], max(numbers, key=_figure)[0]} | beside
    return (point for place, point in numbers if place in kept)


def _figure(item: tuple[int, Point]) -> float:
    figure = item[1][1]
    assert figure is not None
    return figure


def _summed(bucket: list[tuple[int, Point]], beside: frozenset[int], bounds: Bounds) -> Iterator[Point]:
    """Those beside turns as they are, what lies between them as one: as much as is on one side of the thresholds."""
    sides = iter(_sides([point for _, point in bucket], bounds))
    for (is_kept, _), run in groupby(bucket, key=lambda item: (item[0] in beside, next(sides))):
        points = [point for _, point in run]
        yield from points if is_kept else [_sum(points)]


def _sides(points: Sequence[Point], bounds: Bounds) -> Iterator[int]:
    """-1 below, 1 above, 0 between the thresholds; what is no number goes with the one before."""
    side = 0
    for _, value, total in points:
        figure = bounds.value(value, total)
        if figure is not None:
            side = bounds.is_bad(figure) * (1 if bounds.high is not None and figure > bounds.high else -1)
        yield side


def _sum(points: Sequence[Point]) -> Point:
    if len(points) == 1:
        return points[0]
    known = [(good, total) for _, good, total in points if _is_finite(good) and _is_finite(total) and total]
    if not known:
        return points[-1]
    return points[-1][0], math.fsum(good or 0 for good, _ in known), math.fsum(total or 0 for _, total in known)


def _is_finite(figure: float | None) -> bool:
    return figure is not None and math.isfinite(figure)


def _last(points: Iterable[Point]) -> Point:
    found = list(points)
    return next((point for point in reversed(found) if point[1] is not None), found[-1])
