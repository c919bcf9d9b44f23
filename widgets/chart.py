"""A chart of metric histories: curves over steps or time, with a cursor, zoom, smoothing and a log scale.

It draws its picture whole, compares it with the one before and sends the cells that differ: a new point of a
live run costs a few hundred bytes. Axes end at round values ahead of the data, so that most new points move nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.records import Series
from ..app.text import cells
from .curves import AXES, SMOOTHINGS, Axis, Curve, Reading, Track, prepare
from .grid import Grid
from .line import Piece
from .palette import HUES, Palette
from .plot import Area, Line, Picture, View, draw
from .scales import ahead
from .spark import spark as spark  # part of what a chart offers
from .status import mark_of

_CLOSEST = 1e-9
"""The smallest part of the whole that can be zoomed into."""


class Chart(Widget, can_focus=True):
    """Curves on axes. It knows series and nothing of where they come from."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Cursor left", id="chart.left", show=False),
        Binding("right", "move(1)", "Cursor right", id="chart.right", show=False),
        Binding("shift+left", "move(-10)", "Cursor left by ten", id="chart.far_left", show=False),
        Binding("shift+right", "move(10)", "Cursor right by ten", id="chart.far_right", show=False),
        Binding("home", "edge(-1)", "First point", id="chart.first", show=False),
        Binding("end", "edge(1)", "Last point", id="chart.last", show=False),
        Binding("plus", "zoom(0.5)", "Zoom in around the cursor", id="chart.zoom_in", show=False),
        Binding("minus", "zoom(2)", "Zoom out", id="chart.zoom_out", show=False),
        Binding("z", "whole", "The whole curve", id="chart.whole", show=False),
        Binding("x", "axis", "Axis: step, time, time since the start", id="chart.axis", show=False),
        Binding("e", "log", "Log scale on and off", id="chart.log", show=False),
        Binding("less_than_sign", "smooth(-1)", "Less smoothing", id="chart.less", show=False),
        Binding("greater_than_sign", "smooth(1)", "More smoothing", id="chart.more", show=False),
        Binding("n", "curve(1)", "Bring out the next curve", id="chart.next", show=False),
        Binding("N", "curve(-1)", "Bring out the previous curve", id="chart.previous", show=False),
        Binding("escape", "leave", "Put the cursor away", id="chart.leave", show=False),
    ]

    class Moved(Message):
        """What `readout` says is different."""

    class Changed(Message):
        """Axis, scale, smoothing, window or the bright curve is another."""

    def __init__(
        self,
        palette: Palette,
        *,
        title: str = "",
        compact: bool = False,
        zone: tzinfo = UTC,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        super().__init__(id=id)
        self._palette = palette
        self._curves: tuple[Curve, ...] = ()
        self._tracks: dict[tuple[str, bool, bool], tuple[Series, Track]] = {}
        self._lines: list[Line] = []
        self._whole: dict[Axis, tuple[float, float]] = {}
        self._message: tuple[Piece, ...] = ()
        self._marks: list[tuple[Axis, float, str]] = []
        self._zoomed: tuple[float, float] | None = None
        self._view = View(0.0, 1.0, title=title, compact=compact, zone=zone)
        self._picture: Picture | None = None
        self._strips: dict[int, Strip] = {}

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, curves: Sequence[Curve]) -> None:
        """Show these curves; only cells that differ are sent. A curve whose series is the same costs nothing."""
        grown = [curve.key for curve in curves] == [curve.key for curve in self._curves]
        self._curves = tuple(curves)
        if not grown:
            self._whole.clear()
            if self._view.bright not in {curve.key for curve in curves}:
                self._view = replace(self._view, bright=None)
        self._paint()

    def say(self, text: str | Sequence[Piece]) -> None:
        """What stands in an empty chart: what is so, and what to do next."""
        self._message = ((text, "dim"),) if isinstance(text, str) else tuple(text)
        self._paint()

    def mark(self, x: float, label: str, axis: Axis = "step") -> None:
        """A vertical mark where something happened; seen while the chart has this axis."""
        self._marks.append((axis, x, label))
        self._paint()

    def clear_marks(self) -> None:
        """Take all vertical marks away."""
        self._marks.clear()
        self._paint()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    @property
    def title(self) -> str:
        """What stands above the curves: foreign text, exactly."""
        return self._view.title

    @title.setter
    def title(self, title: str) -> None:
        self._set(title=title)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves that are shown."""
        return self._curves

    # -- how it is shown ----------------------------------------------------------------------------------------

    @property
    def axis(self) -> Axis:
        """What the horizontal axis is."""
        return self._view.axis

    @axis.setter
    def axis(self, axis: Axis) -> None:
        if axis == self._view.axis:
            return
        here, window, before = self._view.cursor, self._zoomed, self._lines
        self._view = replace(self._view, axis=axis)
        self._lines = self._made()
        self._view = replace(self._view, cursor=None if here is None else self._across(before, here))
        self._zoomed = (self._across(before, window[0]), self._across(before, window[1])) if window else None
        self._paint()
        self.post_message(self.Changed())

    @property
    def log_y(self) -> bool:
        """Whether the vertical axis is logarithmic."""
        return self._view.log

    @log_y.setter
    def log_y(self, log: bool) -> None:
        self._set(log=log)

    @property
    def smoothing(self) -> float:
        """The weight of the moving average, 0 (none) to below 1."""
        return self._view.smoothing

    @smoothing.setter
    def smoothing(self, weight: float) -> None:
        if not 0 <= weight < 1:
            raise ValueError(f"a weight of smoothing is 0 or more and below 1, not {weight}")
        self._set(smoothing=weight)

    @property
    def bright(self) -> str | None:
        """Key of the curve that stands out; None: all are equal."""
        return self._view.bright

    @bright.setter
    def bright(self, key: str | None) -> None:
        self._set(bright=key)

    @property
    def window(self) -> tuple[float, float] | None:
        """What is zoomed into: steps, UTC milliseconds, or milliseconds since the start. None: all of it."""
        return self._zoomed

    @window.setter
    def window(self, window: tuple[float, float] | None) -> None:
        if window is not None and not window[0] < window[1]:
            raise ValueError(f"a window starts before it stops, unlike {window}")
        if window != self._zoomed:
            self._zoomed = window
            self._paint()
            self.post_message(self.Changed())

    @property
    def cursor(self) -> float | None:
        """Where the cursor stands, in the unit of the axis; None while there is none."""
        return self._view.cursor

    @cursor.setter
    def cursor(self, x: float | None) -> None:
        if x != self._view.cursor:
            self._view = replace(self._view, cursor=x)
            self._paint()
            self.post_message(self.Moved())

    def readout(self) -> list[Reading]:
        """What each curve says at the cursor; while there is none, its last point."""
        return [line.said(self._view.cursor) for line in self._made()]

    def _set(self, **changes: object) -> None:
        view = replace(self._view, **changes)  # type: ignore[arg-type]  # the properties say the types
        if view != self._view:
            self._view = view
            self._paint()
            self.post_message(self.Changed())

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor to the next point that stands in another column; without a cursor, to the last point."""
        ends = self._ends()
        if ends is None:
            return
        if self.cursor is None:
            start, stop = self._span()
            self._go(min(ends[1], stop) if by < 0 or not self._zoomed else max(ends[0], start))
            return
        x = self.cursor
        for _ in range(abs(by)):
            x = self._next(x, by > 0)
        self._go(x)

    def action_edge(self, side: int) -> None:
        """Go to the first or the last point."""
        if ends := self._ends():
            self._go(ends[0] if side < 0 else ends[1])

    def action_zoom(self, factor: float) -> None:
        """Show half or twice as much, the cursor kept where it is; without a cursor, around the middle."""
        whole = self._range()
        start, stop = self._span()
        size = (stop - start) * factor
        if self._ends() is None or size < (whole[1] - whole[0]) * _CLOSEST or size < 1e-6:
            return
        if size >= whole[1] - whole[0]:
            self.window = None
            return
        centre = (start + stop) / 2 if self.cursor is None else self.cursor
        self.window = self._within(centre - (centre - start) * factor, size)

    def action_whole(self) -> None:
        """Show all of it."""
        self.window = None

    def action_axis(self) -> None:
        """Go on to the next kind of axis."""
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]

    def action_log(self) -> None:
        """Switch the log scale."""
        self.log_y = not self.log_y

    def action_smooth(self, by: int) -> None:
        """Smooth more, or less."""
        place = bisect_left(SMOOTHINGS, self.smoothing)
        self.smoothing = SMOOTHINGS[min(max(place + by, 0), len(SMOOTHINGS) - 1)]

    def action_curve(self, by: int) -> None:
        """Bring out the next curve; after the last one all are equal again."""
        keys = [None, *(curve.key for curve in self._curves)]
        at = keys.index(self.bright) if self.bright in keys else 0
        self.bright = keys[(at + by) % len(keys)]

    def action_leave(self) -> None:
        """Put the cursor away, and let no curve stand out."""
        self.bright = None
        self.cursor = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's where there is nothing to put away here."""
        return action != "leave" or self.cursor is not None or self.bright is not None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked."""
        if self._picture is None or self._ends() is None:
            return
        area, (start, stop) = self._picture.area, self._span()
        column = min(max(event.x - area.x, 0), area.width - 1)
        self._go(self._nearest(start + (stop - start) * (column + 0.5) / area.width))

    def on_focus(self) -> None:
        """Its keys are at work: the title says so."""
        self._view = replace(self._view, focused=True)
        self._paint()

    def on_blur(self) -> None:
        """Its keys are somebody else's again."""
        self._view = replace(self._view, focused=False)
        self._paint()

    # -- the cursor and the window ------------------------------------------------------------------------------

    def _go(self, x: float) -> None:
        start, stop = self._span()
        if self._zoomed and not start <= x <= stop:
            self._zoomed = self._within(x - (stop - start) / 2, stop - start)
            self._paint()
            self.post_message(self.Changed())
        self.cursor = x

    def _within(self, start: float, size: float) -> tuple[float, float]:
        """A window of this size that does not leave the whole."""
        low, high = self._range()
        start = min(max(start, low), high - size)
        return start, start + size

    def _followed(self) -> list[Line]:
        """The curves whose points the cursor stops at: the bright one, else all."""
        lines = self._lines or self._made()
        return [line for line in lines if line.curve.key == self.bright] or lines

    def _next(self, x: float, right: bool) -> float:
        start, stop = self._span()
        width = (stop - start) / max(1, self._area.width)
        column = int((x - start) / width)
        found = []
        for line in self._followed():
            xs = line.track.all_xs
            if right:
                at = max(bisect_left(xs, start + (column + 1) * width + line.origin), bisect_right(xs, x + line.origin))
            else:
                at = min(bisect_left(xs, start + column * width + line.origin), bisect_left(xs, x + line.origin)) - 1
            if 0 <= at < len(xs):
                found.append(xs[at] - line.origin)
        return (min if right else max)(found, default=x)

    def _nearest(self, x: float) -> float:
        found = []
        for line in self._followed():
            xs = line.track.all_xs
            at = bisect_left(xs, x + line.origin)
            found += [xs[place] - line.origin for place in (at - 1, at) if 0 <= place < len(xs)]
        return min(found, key=lambda one: abs(one - x), default=x)

    def _ends(self) -> tuple[float, float] | None:
        """The first and the last point of the curves that the cursor follows."""
        lines = [line for line in self._followed() if line.track.all_xs]
        if not lines:
            return None
        return (
            min(line.track.all_xs[0] - line.origin for line in lines),
            max(line.track.all_xs[-1] - line.origin for line in lines),
        )

    def _across(self, before: Sequence[Line], x: float) -> float:
        """The same place on the axis of now: the point there, and how it is called on this axis."""
        for old, new in zip(before, self._lines, strict=False):
            xs = old.track.all_xs
            if not xs or (self.bright is not None and old.curve.key != self.bright):
                continue
            point = old.track.order[max(0, min(bisect_right(xs, x + old.origin), len(xs)) - 1)]
            series = new.curve.series
            return float(series.steps[point] if self.axis == "step" else series.times[point]) - new.origin
        return x

    # -- drawing ------------------------------------------------------------------------------------------------

    def _made(self) -> list[Line]:
        """The curves on the axis and scale of now; what was prepared before is taken again."""
        timed, log = self.axis != "step", self.log_y
        held = {(curve.key, timed, log): self._track(curve, timed, log) for curve in self._curves}
        self._tracks = {key: found for key, found in self._tracks.items() if (key[0], timed, log) in held} | held
        made, seen = [], dict.fromkeys(range(len(HUES)), 0)
        starts = self._starts() if self.axis == "relative" else {}
        for curve in self._curves:
            hue = curve.hue % len(HUES)
            mark = mark_of(hue + len(HUES) * seen[hue])  # a second curve of one hue gets another mark
            seen[hue] += 1
            made.append(Line(curve, held[curve.key, timed, log][1], mark, starts.get(curve.series.run_id, 0.0)))
        return made

    def _track(self, curve: Curve, timed: bool, log: bool) -> tuple[Series, Track]:
        held = self._tracks.get((curve.key, timed, log))
        if held and (held[0] is curve.series or _same(held[0], curve.series)):
            return held
        return curve.series, prepare(curve.series, "time" if timed else "step", log)

    def _starts(self) -> dict[str, float]:
        """When each run began to log what is shown."""
        found: dict[str, float] = {}
        for curve in self._curves:
            if len(curve.series.times):
                run, first = curve.series.run_id, float(min(curve.series.times))
                found[run] = min(found.get(run, first), first)
        return found

    def _range(self) -> tuple[float, float]:
        """Where the axis begins and ends. On curves that grow it ends ahead of them, so that it seldom moves."""
        ends = [
            (line.track.all_xs[0] - line.origin, line.track.all_xs[-1] - line.origin)
            for line in self._lines
            if line.track.all_xs
        ]
        if not ends:
            return 0.0, 1.0
        start, stop = min(first for first, _ in ends), max(last for _, last in ends)
        held = self._whole.get(self.axis)
        if held is None or start < held[0]:
            # a single point stands in the middle
            held = (start, stop) if start < stop else (start - 1.0, stop + 1.0)
        elif stop > held[1]:
            held = (min(start, held[0]) if held[0] + 1.0 != start else start, ahead(start, stop))
        self._whole[self.axis] = held
        return held

    def _span(self) -> tuple[float, float]:
        """What is seen of the axis."""
        return self._zoomed or self._range()

    @property
    def _area(self) -> Area:
        return self._picture.area if self._picture else Area(0, 0, max(1, self.size.width), 1)

    def _paint(self) -> None:
        """Draw the picture and send what differs from the one before."""
        width, height = self.size
        if not width or not height:
            return
        before, self._picture = self._picture, self._drawn(width, height)
        if before is None or (before.grid.width, before.grid.height) != (width, height):
            self._strips.clear()
            self.refresh()
            return
        regions = [Region(x, y, size, 1) for y, x, size in self._picture.grid.changes(before.grid)]
        for region in regions:
            self._strips.pop(region.y, None)
        if regions:
            self.refresh(*regions)

    def _drawn(self, width: int, height: int) -> Picture:
        self._lines = self._made()
        if not any(line.track.all_xs for line in self._lines):
            return self._empty(width, height)
        start, stop = self._span()
        marks = tuple((x, label) for axis, x, label in self._marks if axis == self.axis)
        self._view = replace(self._view, start=start, stop=stop, zoomed=self._zoomed is not None, marks=marks)
        return draw(self._lines, self._view, width, height)

    def _empty(self, width: int, height: int) -> Picture:
        grid = Grid(width, height)
        grid.put(0 if self._view.compact else 1, 0, self.title, "bright" if self._view.focused else "text")
        left = max(2, (width - sum(cells(text) for text, _ in self._message)) // 2)
        grid.write(left, min(max(1, height // 3), height - 1), self._message)
        return Picture(grid, Area(0, 0, width, height))

    def on_resize(self) -> None:
        """Draw it in the new size."""
        self._paint()

    def render_line(self, y: int) -> Strip:
        """A line of the picture."""
        if self._picture is None or y >= self._picture.grid.height:
            return Strip.blank(self.size.width, self._palette.styles["text"])
        if y not in self._strips:
            self._strips[y] = self._picture.grid.strip(y, self._palette.styles)
        return self._strips[y]


def _same(one: Series, other: Series) -> bool:
    """Whether two series hold the same points: compared as bytes, since NaN equals nothing."""
    return len(one) == len(other) and all(
        mine.tobytes() == theirs.tobytes()
        for mine, theirs in ((one.steps, other.steps), (one.times, other.times), (one.values, other.values))
    )
