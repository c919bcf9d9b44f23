"""Points that a cursor walks through: a picture of `cloud`, and the keys on it.

The picture is made once for a size and a scale; a move of the cursor repaints a few cells.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .cloud import Cloud, Drawn, Look, draw, sign_of
from .line import Piece, drawn
from .palette import Palette
from .status import is_ascii_only

JUMP = 50
"""A jump passes so many parts of all points."""


class Scatter(Widget, can_focus=True):
    """Points by two figures, with a cursor on one of them."""

    DEFAULT_CSS = "Scatter { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "across(1)", "Next point to the right", id="points.right", show=False),
        Binding("left", "across(-1)", "Next point to the left", id="points.left", show=False),
        Binding("up,k", "along(1)", "Next point above", id="points.up", show=False),
        Binding("down,j", "along(-1)", "Next point below", id="points.down", show=False),
        Binding("shift+right", "across(1, True)", "Far to the right", id="points.far_right", show=False),
        Binding("shift+left", "across(-1, True)", "Far to the left", id="points.far_left", show=False),
        Binding("shift+up,pageup", "along(1, True)", "Far up", id="points.far_up", show=False),
        Binding("shift+down,pagedown", "along(-1, True)", "Far down", id="points.far_down", show=False),
        Binding("home", "edge(-1)", "The left-most point", id="points.first", show=False),
        Binding("end", "edge(1)", "The right-most point", id="points.last", show=False),
        Binding("g", "top", "The highest point", id="points.top", show=False),
        Binding("G", "bottom", "The lowest point", id="points.bottom", show=False),
        Binding("x", "log_x", "log x", id="points.log_x", tooltip="The horizontal axis by powers of ten, or not"),
        Binding("e", "log_y", "log y", id="points.log_y", tooltip="The vertical axis by powers of ten, or not"),
    ]

    class Moved(Message):
        """The cursor is on another point."""

    class Opened(Message):
        """The point under the cursor was clicked again."""

    class Changed(Message):
        """An axis is another."""

    def __init__(self, palette: Palette, look: Look, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._cloud: Cloud | None = None
        self._look = look
        self._message: tuple[Piece, ...] = ()
        self._drawn: Drawn | None = None
        self._strips: dict[int, Strip] = {}
        self._by_x: Sequence[int] = ()
        self._by_y: Sequence[int] = ()
        self._rank_x: Sequence[int] = ()
        self._rank_y: Sequence[int] = ()
        self.cursor: int | None = None

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, cloud: Cloud, look: Look, cursor: int | None, orders: tuple[Sequence[int], Sequence[int]]) -> None:
        """Show these points. `orders`: their numbers from left to right, and from the lowest to the highest."""
        self._cloud, self._look, self.cursor = cloud, look, cursor
        self._by_x, self._by_y = orders
        self._rank_x, self._rank_y = _ranks(orders[0]), _ranks(orders[1])
        self._paint()

    def say(self, pieces: Sequence[Piece]) -> None:
        """What stands where no point is; a piece that is a line feed begins a line."""
        self._message = tuple(pieces)
        if not self._cloud:
            self.refresh()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    @property
    def look(self) -> Look:
        """How the points are looked at."""
        return self._look

    @look.setter
    def look(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._paint()

    def on_resize(self) -> None:
        """Draw for another size."""
        self._paint()

    def _paint(self) -> None:
        self._drawn = None
        self._strips.clear()
        self.refresh()

    # -- the cursor ---------------------------------------------------------------------------------------------

    def _step(self, far: bool) -> int:
        return max(2, len(self._by_x) // JUMP) if far else 1

    def action_across(self, by: int, far: bool = False) -> None:
        """To the next point by the horizontal axis."""
        self._walk(self._by_x, self._rank_x, by * self._step(far))

    def action_along(self, by: int, far: bool = False) -> None:
        """To the next point by the vertical axis."""
        self._walk(self._by_y, self._rank_y, by * self._step(far))

    def action_edge(self, side: int) -> None:
        """To the first or the last point by the horizontal axis."""
        self._walk(self._by_x, self._rank_x, side * len(self._by_x))

    def action_top(self) -> None:
        """To the highest point."""
        self._walk(self._by_y, self._rank_y, len(self._by_y))

    def action_bottom(self) -> None:
        """To the lowest point."""
        self._walk(self._by_y, self._rank_y, -len(self._by_y))

    def _walk(self, order: Sequence[int], ranks: Sequence[int], by: int) -> None:
        if not order or self._picture() is None:
            return
        at = len(order) // 2 if self.cursor is None else ranks[self.cursor] + by
        at = max(0, min(at, len(order) - 1))
        step = 1 if by > 0 else -1
        # what a log axis cannot show is passed over
        while 0 <= at < len(order) and self._cell(order[at]) is None:
            at += step
        if 0 <= at < len(order):
            self.go_to(order[at])

    def go_to(self, point: int) -> None:
        """Put the cursor on a point."""
        if point != self.cursor:
            self._refresh_cursor()
            self.cursor = point
            self._refresh_cursor()
            self.post_message(self.Moved())

    def _refresh_cursor(self) -> None:
        for x, y, _ in self._pointers():
            self._strips.pop(y, None)
            self.refresh(Region(x, y, 1, 1))

    def action_log_x(self) -> None:
        """Switch the horizontal axis."""
        if self._cloud is not None and self._cloud.categories is None:
            self.look = replace(self._look, log_x=not self._look.log_x)
        self.post_message(self.Changed())

    def action_log_y(self) -> None:
        """Switch the vertical axis."""
        self.look = replace(self._look, log_y=not self._look.log_y)
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        """Go to the nearest point; a second click opens it."""
        picture = self._picture()
        if picture is None or self._cloud is None:
            return
        placed = picture.placed
        column, row = 2 * (event.x - placed.area.x), 4 * (event.y - placed.area.y) + 1
        shown = [point for point in range(len(self._cloud)) if placed.columns[point] >= 0]
        # a cell is twice as tall as it is wide, and so are four dots to two
        near = min(shown, key=lambda p: (placed.columns[p] - column) ** 2 + (placed.rows[p] - row) ** 2, default=None)
        if near is not None and near == self.cursor:
            self.post_message(self.Opened())
        elif near is not None:
            self.go_to(near)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _picture(self) -> Drawn | None:
        if self._drawn is None and self._cloud and self.size.width >= 20 and self.size.height >= 5:
            self._drawn = draw(self._cloud, self._look, self.size.width, self.size.height)
        return self._drawn

    def _cell(self, point: int) -> tuple[int, int] | None:
        picture = self._picture()
        return None if picture is None else picture.placed.cell(point)

    def _pointers(self) -> list[tuple[int, int, Segment]]:
        """What the cursor draws: its point, and where it stands on both axes."""
        cell = None if self.cursor is None else self._cell(self.cursor)
        if cell is None or self._drawn is None or self._cloud is None or self.cursor is None:
            return []
        area, styles = self._drawn.placed.area, self._palette.styles
        sign, role = sign_of(self._cloud, self._look, self.cursor)
        here = (self._palette.style(role) or styles["text"]) + Style(reverse=True, bold=True)
        up, right = ("^", ">") if is_ascii_only() else ("▴", "▸")
        return [
            (cell[0], cell[1], Segment(sign, here)),
            (cell[0], area.y + area.height, Segment(up, styles["mark"])),
            (area.x - 1, cell[1], Segment(right, styles["mark"])),
        ]

    def render_line(self, y: int) -> Strip:
        """A row of the picture, or of the message."""
        width, styles = self.size.width, self._palette.styles
        picture = self._picture()
        if picture is None:
            return self._said(y)
        held = self._strips.get(y)
        if held is None:
            held = picture.grid.strip(y, styles)
            for x, row, segment in self._pointers():
                if row == y:
                    held = Strip([*held.crop(0, x), segment, *held.crop(x + 1, width)], width)
            self._strips[y] = held
        return held

    def _said(self, y: int) -> Strip:
        lines: list[list[Piece]] = [[]]
        for piece in self._message:
            lines.append([]) if piece[0] == "\n" else lines[-1].append(piece)
        at = y - max(1, self.size.height // 3)
        if self._cloud or not 0 <= at < len(lines):
            return drawn((), self.size.width, self._palette.styles)
        left = max(2, (self.size.width - sum(len(text) for text, _ in lines[at])) // 2)
        return drawn([(" " * left, "text"), *lines[at]], self.size.width, self._palette.styles)


def _ranks(order: Sequence[int]) -> array[int]:
    """The place of each point in an order."""
    ranks = array("i", bytes(4 * len(order)))
    for place, point in enumerate(order):
        ranks[point] = place
    return ranks
