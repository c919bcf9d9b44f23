"""A chart of metric histories: curves over steps or time, with a cursor, zoom, smoothing and a log scale.

It draws its picture whole, and its canvas sends the cells that differ from the one before: a new point of a live run
costs a few hundred bytes. Axes end at round values ahead of the data, so that most new points move nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, tzinfo
from math import floor
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from .bundle import Bundle
from .canvas import Canvas
from .curves import AXES, SMOOTHINGS, Axis, Curve, Reading
from .line import Piece
from .palette import Palette
from .plot import draw, empty
from .scene import Area, Picture, View
from .stripe import STRIPE

_CLOSEST = 1e-9
"""The smallest part of the whole that can be zoomed into."""


class Chart(Canvas, can_focus=True):
    """Curves on axes. It knows series and nothing of where they come from."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; layout: horizontal; overflow: hidden; }"

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
        Binding("escape", "leave", "Put the cursor away", id="chart.leave", show=False, key_display="Esc"),
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
        super().__init__(palette, is_striped=not compact, id=id)
        self._bundle = Bundle()
        self._message: tuple[Piece, ...] = ()
        self._marks: list[tuple[Axis, float, str]] = []
        self._zoomed: tuple[float, float] | None = None
        self._view = View(0.0, 1.0, title=title, compact=compact, zone=zone, stripe=0 if compact else STRIPE)
        self._picture: Picture | None = None
        self._holds = False

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, curves: Sequence[Curve]) -> None:
        """Show these curves; only cells that differ are sent. A curve whose series is the same costs nothing."""
        keys = {curve.key for curve in curves}
        if not keys & {curve.key for curve in self._bundle.curves}:  # something else: it begins anew
            self._zoomed, self._view = None, replace(self._view, cursor=None)
        self._bundle.show(curves)
        if self._view.bright not in keys:
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

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is changed inside is drawn once, at the end: a picture costs some ten milliseconds."""
        self._holds = True
        try:
            yield
        finally:
            self._holds = False
            self._paint()

    def annotate(
        self,
        marks: Sequence[tuple[float, str]],
        levels: Sequence[tuple[float, str]] = (),
        extent: tuple[float, float] | None = None,
        axis: Axis = "time",
    ) -> None:
        """Take these vertical marks on an axis, these lines across, and this stretch of time, for those before."""
        made = [(axis, x, label) for x, label in marks]
        if (made, tuple(levels), extent) != (self._marks, self._view.levels, self._bundle.extent):
            self._marks, self._bundle.extent = made, extent
            self._view = replace(self._view, levels=tuple(levels))
            self._paint()

    @property
    def title(self) -> str:
        """What stands above the curves: foreign text, exactly."""
        return self._view.title

    @title.setter
    def title(self, title: str) -> None:
        self._view = replace(self._view, title=title)
        self._paint()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves that are shown."""
        return self._bundle.curves

    # -- how it is shown ----------------------------------------------------------------------------------------

    @property
    def axis(self) -> Axis:
        """What the horizontal axis is."""
        return self._view.axis

    @axis.setter
    def axis(self, axis: Axis) -> None:
        if axis == self._view.axis:
            return
        here, window, before = self._view.cursor, self._zoomed, self._bundle.lines
        self._bundle.turn(axis, self._view.log)

        def across(x: float) -> float:
            return self._bundle.across(before, x, self.bright)

        self._view = replace(self._view, axis=axis, cursor=None if here is None else across(here))
        start, stop = (across(window[0]), across(window[1])) if window else (0.0, 0.0)
        self._zoomed = (start, stop) if start < stop else None
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
        view = self._view
        return [line.said(view.cursor, view.smoothing, view.log) for line in self._bundle.lines]

    def _set(self, **changes: object) -> None:
        view = replace(self._view, **changes)  # type: ignore[arg-type]  # the properties say the types
        if view != self._view:
            self._view = view
            self._bundle.turn(view.axis, view.log)
            self._paint()
            self.post_message(self.Changed())

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor to the next point that stands in another column; without a cursor, to the last point."""
        ends = self._bundle.ends(self.bright)
        if ends is None:
            return
        if self.cursor is None:
            start, stop = self._span()
            self._go(min(ends[1], stop) if by < 0 or not self._zoomed else max(ends[0], start))
            return
        x, (start, stop) = self.cursor, self._span()
        width = (stop - start) / self._area.width
        for _ in range(abs(by)):
            column = floor((x - start) / width)
            if by > 0:
                x = self._bundle.after(x, start + (column + 1) * width, self.bright)
            else:
                x = self._bundle.before(x, start + column * width, self.bright)
        self._go(x)

    def action_edge(self, side: int) -> None:
        """Go to the first or the last point."""
        if ends := self._bundle.ends(self.bright):
            self._go(ends[0] if side < 0 else ends[1])

    def action_zoom(self, factor: float) -> None:
        """Show half or twice as much, the cursor kept where it is; without a cursor, around the middle."""
        whole = self._bundle.whole()
        start, stop = self._span()
        size = (stop - start) * factor
        if self._bundle.ends(self.bright) is None or size < (whole[1] - whole[0]) * _CLOSEST or size < 1e-6:
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
        keys = [None, *(curve.key for curve in self._bundle.curves)]
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
        if self._picture is None or self._bundle.ends(self.bright) is None:
            return
        area, (start, stop) = self._picture.area, self._span()
        column = min(max(event.screen_x - self.region.x - area.x, 0), area.width - 1)
        self._go(self._bundle.nearest(start + (stop - start) * (column + 0.5) / area.width, self.bright))

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
        low, high = self._bundle.whole()
        start = min(max(start, low), high - size)
        return start, start + size

    # -- drawing ------------------------------------------------------------------------------------------------

    def _span(self) -> tuple[float, float]:
        """What is seen of the axis."""
        return self._zoomed or self._bundle.whole()

    @property
    def _area(self) -> Area:
        return self._picture.area if self._picture else Area(0, 0, max(1, self.size.width), 1)

    def _paint(self) -> None:
        """Draw the picture anew, and show that."""
        width, height = self.size
        if not width or not height or self._holds:
            return
        self._picture = self._drawn(width, height)
        self.show_grid(self._picture.grid)

    def _drawn(self, width: int, height: int) -> Picture:
        if self._bundle.ends(None) is None:
            return empty(self._view, self._message, width, height)
        start, stop = self._span()
        marks = tuple((x, label) for axis, x, label in self._marks if axis == self.axis)
        self._view = replace(self._view, start=start, stop=stop, zoomed=self._zoomed is not None, marks=marks)
        return draw(self._bundle.lines, self._view, width, height)

    def on_resize(self) -> None:
        """Draw it in the new size."""
        self._paint()
