"""Curves: histories of metrics, prepared once to be drawn many times. Pure functions over records.

A redraw looks at no single point: per column of dots it takes min, max and sum of a slice of a list, which
Python does in C. Preparing sorts, cuts at gaps and keeps apart what cannot be drawn; that is done once for
each series and axis.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite, log10
from operator import gt, sub
from typing import Final, Literal, NamedTuple, TypeAlias

from ..app.records import MetricState, Series, metric_state

Axis = Literal["step", "time", "relative"]
AXES: Final[tuple[Axis, ...]] = ("step", "time", "relative")

SMOOTHINGS: Final = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""Weights of the moving average that can be chosen; 0 is none."""

_GAP = 10
"""So many times the usual distance, and the distances on either side, is a gap: no line is drawn over it."""


@dataclass(frozen=True)
class Curve:
    """A series on a chart. Compared by identity of the series: NaN equals nothing."""

    key: str
    """What names it from one `show` to the next."""
    label: str
    """What the legend calls it: foreign text, exactly."""
    series: Series
    hue: int = 0
    """Which of the palette's eight hues."""
    parted: frozenset[float] | None = None
    """Times of points to which no line is drawn from the one before; None: as the usual distance suggests."""


class Reading(NamedTuple):
    """What a curve says at the cursor: its last point that is not after it. All None where it has none."""

    curve: Curve
    step: int | None = None
    at: int | None = None
    value: float | None = None
    state: MetricState | None = None
    smoothed: float | None = None
    """Where the smoothed line stands there; None where none is drawn or the value is no number."""


Bin: TypeAlias = tuple[int, float, float, float, float, bool]
"""The points in one column of dots: column, first, lowest, highest, last, joined to the bin before."""


@dataclass(slots=True, eq=False)
class Track:
    """A series along one axis, ascending; of equal x the order of the series is kept."""

    all_xs: list[float]
    """x of every point, also of those that cannot be drawn."""
    order: Sequence[int]
    """Which point of the series each of them is."""
    xs: list[float]
    """x of the points that can be drawn ..."""
    ys: list[float]
    """... and their values; log10 of them on a log scale."""
    cuts: frozenset[int]
    """Indexes into `xs` that are not joined to the point before: NaN or nothing lies between."""
    odd: list[tuple[float, MetricState]]
    """x of NaN and infinities."""
    hidden: int
    """Points that a log scale cannot show: zero and below."""
    _smooth: dict[float, list[float]] = field(default_factory=dict)
    _extremes: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)

    def extremes(self, at: int, end: int) -> tuple[float, float] | None:
        """Lowest and highest value of these points, looked for once; None where there is none."""
        held = self._extremes.get((at, end))
        if held is None:
            if not self.ys[at:end]:
                return None
            held = min(self.ys[at:end]), max(self.ys[at:end])
            self._extremes = {(at, end): held}
        return held

    def smooth(self, weight: float) -> list[float]:
        """The values smoothed with this weight, computed once."""
        if not weight:
            return self.ys
        if weight not in self._smooth:
            self._smooth = {weight: smoothed(self.xs, self.ys, weight)}
        return self._smooth[weight]


def prepare(
    series: Series, axis: Axis = "step", log: bool = False, parted: frozenset[float] | None = None
) -> Track:  # fmt: skip
    """The series along an axis; `relative` is prepared as `time`, the difference is an offset of the window.

    `parted`: x of points to which no line is drawn from the one before; None: where the usual distance says so.
    """
    found: Sequence[int] = series.steps if axis == "step" else series.times
    values: Sequence[float] = series.values
    order: Sequence[int] = range(len(found))
    if any(map(gt, found, islice(found, 1, None))):
        order = sorted(order, key=found.__getitem__)
        found, values = [found[place] for place in order], [values[place] for place in order]
    all_xs, ys = list(map(float, found)), list(values)
    track = Track(all_xs, order, all_xs, ys, frozenset(), [], 0)
    if not all(map(isfinite, ys)) or (log and ys and min(ys) <= 0):
        _set_apart(track, log)
    if log:
        track.ys = list(map(log10, track.ys))
    track.cuts |= _gaps(track.xs) if parted is None else {at for at, x in enumerate(track.xs) if x in parted}
    return track


def _set_apart(track: Track, log: bool) -> None:
    """Take out what cannot be drawn, remembering where the line is cut by it."""
    xs: list[float] = []
    ys: list[float] = []
    cuts, odd, cut = set[int](), list[tuple[float, MetricState]](), False
    for x, y in zip(track.all_xs, track.ys, strict=True):
        if isfinite(y) and (y > 0 or not log):
            if cut:
                cuts.add(len(xs))
            xs.append(x)
            ys.append(y)
            cut = False
            continue
        cut = True
        if isfinite(y):
            track.hidden += 1
        else:
            odd.append((x, metric_state(y)))
    track.xs, track.ys, track.odd, track.cuts = xs, ys, odd, frozenset(cuts)


def usual_distance(xs: Sequence[float]) -> float:
    """The median of the distances that are not zero; 0 when there is none."""
    apart = sorted(filter(None, map(sub, islice(xs, 1, None), xs)))
    return apart[len(apart) // 2] if apart else 0.0


def _gaps(xs: list[float]) -> frozenset[int]:
    """Where a stretch is missing. Points that are logged ever more seldom (1, 2, 5, 10 ...) have no gaps."""
    if len(xs) < 4:
        return frozenset()
    apart = [0.0, *map(sub, islice(xs, 1, None), xs), 0.0]
    least = usual_distance(xs) * _GAP
    if not least or max(apart) <= least:
        return frozenset()
    return frozenset(
        place
        for place, distance in enumerate(apart)
        if distance > least and distance > _GAP * max(apart[place - 1], apart[place + 1])
    )


def smoothed(xs: Sequence[float], ys: Sequence[float], weight: float) -> list[float]:
    """An exponential moving average, debiased, as TensorBoard's; points further apart than usual forget more.

    For evenly spaced points it is TensorBoard's figure. No result leaves the range of the values.
    """
    usual = usual_distance(xs) or 1.0
    made: list[float] = []
    mean, mass, before = 0.0, 0.0, xs[0] if xs else 0.0
    for x, y in zip(xs, ys, strict=True):
        distance = (x - before) / usual
        mass = mass * (weight if distance == 1.0 else weight**distance) + 1.0
        share = 1.0 / mass
        mean = mean * (1.0 - share) + y * share
        made.append(mean)
        before = x
    return made


def window(track: Track, start: float, stop: float) -> tuple[int, int]:
    """The indexes of the points from start to stop, both included."""
    return bisect_left(track.xs, start), bisect_right(track.xs, stop)


def _columns(track: Track, start: float, stop: float, columns: int) -> Iterator[tuple[int, int, int, bool]]:
    """Each column that has points: its number, the indexes of its points, whether it is joined to the one before."""
    xs, cuts = track.xs, track.cuts
    at, end = window(track, start, stop)
    first, width, last = at, (stop - start) / columns, columns - 1
    while at < end:
        column = min(int((xs[at] - start) / width), last)
        # at + 1: rounding may put an edge before the point that it was found by
        until = end if column == last else max(bisect_left(xs, start + (column + 1) * width, at, end), at + 1)
        yield column, at, until, at > first and at not in cuts
        at = until


def bins(track: Track, start: float, stop: float, columns: int) -> list[Bin]:
    """The points between start and stop in that many columns; columns without points are left out.

    Whatever is drawn from them, the lowest and the highest point of each column are among it.
    """
    ys, made = track.ys, []
    for column, at, until, joined in _columns(track, start, stop, columns):
        if until - at == 1:
            y = ys[at]
            made.append((column, y, y, y, y, joined))
        else:
            held = ys[at:until]
            made.append((column, held[0], min(held), max(held), held[-1], joined))
    return made


def ranges_and_means(
    track: Track, ys: list[float], start: float, stop: float, columns: int
) -> tuple[list[Bin], list[Bin]]:
    """`bins`, and beside each the mean of `ys` in that column: the track's values, or smoothed ones."""
    ranges, means, own = [], [], ys is track.ys
    for column, at, until, joined in _columns(track, start, stop, columns):
        held = track.ys[at:until]
        mean = _mean(held if own else ys[at:until])
        ranges.append((column, held[0], min(held), max(held), held[-1], joined))
        means.append((column, mean, mean, mean, mean, joined))
    return ranges, means


def _mean(held: list[float]) -> float:
    mean = sum(held) / len(held)
    return mean if isfinite(mean) else held[0]  # the sum of huge values is infinite


def reading(curve: Curve, track: Track, x: float | None, weight: float = 0.0, log: bool = False) -> Reading:
    """What the curve says at x: its last point that is not after it; at None its last point.

    With a weight of smoothing also what the smoothed line says there; `log`: the track was prepared so.
    """
    at = len(track.all_xs) if x is None else bisect_right(track.all_xs, x)
    ended = x is not None and bool(track.all_xs) and x > track.all_xs[-1]
    if not at or ended:
        return Reading(curve)
    place, series = track.order[at - 1], curve.series
    value = series.values[place]
    state, smooth = metric_state(value), None
    drawn = bisect_right(track.xs, track.all_xs[at - 1]) - 1
    if weight and state == "finite" and drawn >= 0 and track.xs[drawn] == track.all_xs[at - 1]:
        smooth = track.smooth(weight)[drawn]
        smooth = 10 ** min(smooth, 308.25) if log else smooth  # 308.25: beyond the largest float's, rounded up
    return Reading(curve, series.steps[place], series.times[place], value, state, smooth)
