"""The curves of a chart along one axis: prepared, and where their points are.

What was prepared is kept as long as its series is shown, so that a new point of one curve costs that curve alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ..app.records import Series
from .curves import Axis, Curve, Track, prepare
from .palette import HUES
from .scales import ahead
from .scene import Line
from .status import mark_of


class Bundle:
    """Curves on an axis. `lines` are they as they are drawn; x is in the unit of the axis."""

    def __init__(self) -> None:
        self.curves: tuple[Curve, ...] = ()
        self.axis: Axis = "step"
        self.log = False
        self.lines: list[Line] = []
        self.extent: tuple[float, float] | None = None
        """From when to when the axis of time goes, in UTC milliseconds; None: as far as there are points."""
        self._tracks: dict[tuple[str, bool, bool, frozenset[float] | None], tuple[Series, Track]] = {}
        self._whole: dict[Axis, tuple[float, float]] = {}

    def show(self, curves: Sequence[Curve]) -> None:
        """Take these curves. Those of the same keys may have grown; others get axes of their own."""
        if [curve.key for curve in curves] != [curve.key for curve in self.curves]:
            self._whole.clear()
        self.curves = tuple(curves)
        self._make()

    def turn(self, axis: Axis, log: bool) -> None:
        """Take another axis or scale."""
        if (axis, log) != (self.axis, self.log):
            self.axis, self.log = axis, log
            self._make()

    def _make(self) -> None:
        held = {self._kept(curve): self._track(curve) for curve in self.curves}
        keys = {curve.key for curve in self.curves}
        self._tracks = {key: found for key, found in self._tracks.items() if key[0] in keys} | held
        starts = self._starts() if self.axis == "relative" else {}
        seen = dict.fromkeys(range(len(HUES)), 0)
        self.lines = []
        for curve in self.curves:
            hue = curve.hue % len(HUES)
            mark = mark_of(hue + len(HUES) * seen[hue])  # a second curve of one hue gets another mark
            seen[hue] += 1
            track, origin = held[self._kept(curve)][1], starts.get(curve.series.run_id, 0.0)
            self.lines.append(Line(curve, track, mark, origin))

    def _kept(self, curve: Curve) -> tuple[str, bool, bool, frozenset[float] | None]:
        """By what a track is kept."""
        timed = self.axis != "step"
        return curve.key, timed, self.log, curve.parted if timed else None

    def _track(self, curve: Curve) -> tuple[Series, Track]:
        name = _, timed, log, parted = self._kept(curve)
        held = self._tracks.get(name)
        if held and (held[0] is curve.series or _same(held[0], curve.series)):
            return held
        return curve.series, prepare(curve.series, "time" if timed else "step", log, parted)

    def _starts(self) -> dict[str, float]:
        """When each run began to log what is shown."""
        found: dict[str, float] = {}
        for curve in self.curves:
            if len(curve.series.times):
                run, first = curve.series.run_id, float(min(curve.series.times))
                found[run] = min(found.get(run, first), first)
        return found

    # -- where the points are -----------------------------------------------------------------------------------

    def whole(self) -> tuple[float, float]:
        """Where the axis begins and ends. On curves that grow it ends ahead of them, so that it seldom moves."""
        if self.extent is not None and self.axis == "time":
            return self.extent
        ends = self.ends(None)
        if ends is None:
            return 0.0, 1.0
        start, stop = ends
        held = self._whole.get(self.axis)
        if held is None or start < held[0]:
            held = (start, stop) if start < stop else (start - 1.0, stop + 1.0)  # a single point in the middle
        elif stop > held[1]:
            held = start, ahead(start, stop)
        self._whole[self.axis] = held
        return held

    def followed(self, bright: str | None) -> list[Line]:
        """The curves whose points a cursor stops at: the bright one, else all."""
        return [line for line in self.lines if line.curve.key == bright] or self.lines

    def ends(self, bright: str | None) -> tuple[float, float] | None:
        """The first and the last point; None where there is none."""
        spans = [
            (line.track.all_xs[0] - line.origin, line.track.all_xs[-1] - line.origin)
            for line in self.followed(bright)
            if line.track.all_xs
        ]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def after(self, x: float, edge: float, bright: str | None) -> float:
        """The first point that is after x and not before `edge`; x where there is none."""
        found = []
        for line in self.followed(bright):
            xs = line.track.all_xs
            at = max(bisect_left(xs, edge + line.origin), bisect_right(xs, x + line.origin))
            found += [xs[at] - line.origin] if at < len(xs) else []
        return min(found, default=x)

    def before(self, x: float, edge: float, bright: str | None) -> float:
        """The last point that is before x and before `edge`; x where there is none."""
        found = []
        for line in self.followed(bright):
            xs = line.track.all_xs
            at = min(bisect_left(xs, edge + line.origin), bisect_left(xs, x + line.origin)) - 1
            found += [xs[at] - line.origin] if at >= 0 else []
        return max(found, default=x)

    def nearest(self, x: float, bright: str | None) -> float:
        """The point nearest to x; x where there is none."""
        found = []
        for line in self.followed(bright):
            xs = line.track.all_xs
            at = bisect_left(xs, x + line.origin)
            found += [xs[place] - line.origin for place in (at - 1, at) if 0 <= place < len(xs)]
        return min(found, key=lambda one: abs(one - x), default=x)

    def across(self, old: Sequence[Line], x: float, bright: str | None) -> float:
        """A place on the axis before, on the axis of now: the point there, and where that one stands here."""
        for was, line in zip(old, self.lines, strict=False):
            xs = was.track.all_xs
            if not xs or (bright is not None and was.curve.key != bright):
                continue
            point = was.track.order[max(0, bisect_right(xs, x + was.origin) - 1)]
            series = line.curve.series
            return float(series.steps[point] if self.axis == "step" else series.times[point]) - line.origin
        return x


def _same(one: Series, other: Series) -> bool:
    """Whether two series hold the same points: compared as bytes, since NaN equals nothing."""
    return len(one) == len(other) and all(
        mine.tobytes() == theirs.tobytes()
        for mine, theirs in ((one.steps, other.steps), (one.times, other.times), (one.values, other.values))
    )
