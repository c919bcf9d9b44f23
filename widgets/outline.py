"""A page with a cursor: headings and remarks that are read, rows that are chosen from.

It draws what is on the screen and nothing else, so that two thousand rows scroll as twenty do. A key repaints the
names that the cursor leaves and enters; new data repaints the lines that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.text import cells, fit
from .line import Piece, drawn
from .palette import Palette


class Entry(Protocol):
    """A line of an outline."""

    @property
    def id(self) -> Hashable:
        """What names it across changes."""

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""


E = TypeVar("E", bound=Entry)

SIGN = 2
"""Cells of a sign before a name, and a space."""

MARGIN = 3
"""Cells before a row: space, cursor, space."""

Draw = Callable[[E, int], Sequence[Piece]]
"""An entry and the cells that there are for it -> its pieces; the first piece of a row is its name, after the lines
that lead to it in a tree (of the role `rule`), where it has some."""


class Outline(Widget, Generic[E], can_focus=True):
    """The lines, and the cursor on one of those that can be chosen."""

    DEFAULT_CSS = "Outline { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="outline.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="outline.up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "Page down", id="outline.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="outline.page_up", show=False),
        Binding("g,home", "top", "First row", id="outline.first", show=False),
        Binding("G,end", "bottom", "Last row", id="outline.last", show=False),
        Binding("tab,right_square_bracket", "part(1)", "Next part", id="outline.next_part", show=False),
        Binding("shift+tab,left_square_bracket", "part(-1)", "Part before", id="outline.part_before", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """A row was clicked twice."""

    class Scrolled(Message):
        """Other lines are on the screen."""

    def __init__(self, palette: Palette, draw: Draw[E], id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._draw = draw
        self._entries: Sequence[E] = ()
        self._rows: list[int] = []
        self._pieces: dict[int, tuple[Piece, ...]] = {}
        self.cursor = 0
        """Index of the entry under the cursor."""
        self.top = 0

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, entries: Sequence[E]) -> None:
        """Show these; the cursor stays on the row that it is on, and lines that did not change are not sent."""
        here = self.entry()
        before, top = self._pieces, self.top
        self._entries, self._pieces = entries, {}
        self._rows = [index for index, entry in enumerate(entries) if entry.is_row]
        self._follow(here)
        if not self.size.height:
            return  # it is painted when it has its size
        self._scroll_into_view()
        if self.top != top:
            self.refresh()
            return
        for y in range(self.size.height):
            if before.get(top + y) != self._line(top + y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _follow(self, here: E | None) -> None:
        """Stay on the row of this name, else where it was, on the nearest row."""
        if here is not None and not self._is(self.cursor, here):
            found = next((index for index in self._rows if self._is(index, here)), None)
            if found is not None:
                self.top += found - self.cursor if self.top else 0
                self.cursor = found
                return
        self.cursor = min(self._rows, key=lambda index: abs(index - self.cursor), default=0)

    def _is(self, index: int, entry: E) -> bool:
        return 0 <= index < len(self._entries) and self._entries[index].id == entry.id

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.refresh()

    def entry(self) -> E | None:
        """What the cursor is on; None where there is nothing to be on."""
        known = self.cursor < len(self._entries) and self._entries[self.cursor].is_row
        return self._entries[self.cursor] if known else None

    @property
    def entries(self) -> Sequence[E]:
        """All of them."""
        return self._entries

    @property
    def window(self) -> Sequence[E]:
        """The entries on the screen."""
        return self._entries[self.top : self.top + self.size.height]

    @property
    def below(self) -> int:
        """How many lines stand below the window."""
        return max(0, len(self._entries) - self.top - self.size.height)

    # -- the cursor ---------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Go so many rows on, over what is no row."""
        if self._rows:
            self._go(self._rows[max(0, min(self._at() + by, len(self._rows) - 1))], jump=False)

    def action_page(self, by: int) -> None:
        """Go a page on, one line of it kept."""
        step = by * max(1, self.size.height - 1)
        self.top = max(0, min(self.top + step, len(self._entries) - self.size.height))
        self._go(self._nearest(self.cursor + step), jump=True)

    def action_top(self) -> None:
        """Go to the first row."""
        self.top = 0
        self._go(self._rows[0] if self._rows else 0, jump=True)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self.top = len(self._entries)
        self._go(self._rows[-1] if self._rows else 0, jump=True)

    def action_part(self, by: int) -> None:
        """Go to the first row of the next part, or of this one and then the one before; round at the ends."""
        firsts = self._firsts()
        if not firsts:
            return
        if by > 0:
            to = next((index for index in firsts if index > self.cursor), firsts[0])
        else:
            to = next((index for index in reversed(firsts) if index < self.cursor), firsts[-1])
        # its heading comes along, and what stands between
        self.top = max(index for index in range(to + 1) if self._entries[index].is_heading)
        self._go(to, jump=True)

    def _firsts(self) -> list[int]:
        """The first row after each heading."""
        found, wanted = [], False
        for index, entry in enumerate(self._entries):
            wanted = wanted or entry.is_heading
            if wanted and entry.is_row:
                found.append(index)
                wanted = False
        return found

    def stay_on_top(self) -> None:
        """Put the cursor on the first row, as if it had never been elsewhere."""
        first = self._rows[0] if self._rows else 0
        if self.cursor != first:
            self.cursor, self.top = first, 0
            self.refresh()

    def go_to(self, name: Hashable) -> bool:
        """Put the cursor on the row of this name. False when there is none."""
        found = next((index for index in self._rows if self._entries[index].id == name), None)
        if found is not None:
            self._go(found, jump=True)
        return found is not None

    def _at(self) -> int:
        return self._rows.index(self.cursor) if self.cursor in self._rows else 0

    def _nearest(self, index: int) -> int:
        return min(self._rows, key=lambda row: abs(row - index), default=0)

    def _go(self, index: int, *, jump: bool) -> None:
        old, self.cursor = self.cursor, index
        if self._scroll_into_view() or jump:
            self.refresh()
            self.post_message(self.Scrolled())
        else:
            self._refresh_row(old)
            self._refresh_row(index)
        if index != old:
            self.post_message(self.Moved())

    def _scroll_into_view(self) -> bool:
        """At an edge half a page comes in: a page of bytes every dozen keys instead of at each."""
        old, height = self.top, max(1, self.size.height)
        if self._rows and self.cursor == self._rows[0] and self.cursor < height:
            self.top = 0  # what stands above the first row can be reached in no other way
        elif self.cursor < self.top or self.cursor >= self.top + height:
            self.top = self.cursor - height // 2
        self.top = max(0, min(self.top, len(self._entries) - height))
        return self.top != old

    def on_resize(self) -> None:
        """Lay the lines out for another width."""
        self._pieces.clear()
        self._scroll_into_view()
        self.refresh()
        self.post_message(self.Scrolled())

    # -- drawing ------------------------------------------------------------------------------------------------

    def _refresh_row(self, index: int) -> None:
        if self.top <= index < self.top + self.size.height:
            pieces = self._line(index)
            name = pieces[: _name_at(pieces) + 1]
            self.refresh(Region(0, index - self.top, MARGIN + sum(cells(text) for text, _ in name), 1))

    def _line(self, index: int) -> tuple[Piece, ...]:
        if index >= len(self._entries):
            return ()
        if index not in self._pieces:
            if len(self._pieces) > 400:
                self._pieces.clear()
            entry = self._entries[index]
            self._pieces[index] = tuple(self._draw(entry, self.size.width - (MARGIN + 1 if entry.is_row else 2)))
        return self._pieces[index]

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        index, width = self.top + y, self.size.width
        pieces, styles = self._line(index), self._palette.styles
        if index >= len(self._entries) or not self._entries[index].is_row:
            return drawn([(" ", pieces[0][1] if pieces else "text"), *pieces], width, styles)
        if index != self.cursor or not pieces:
            return drawn([(" " * MARGIN, pieces[0][1] if pieces else "text"), *pieces], width, styles)
        at = _name_at(pieces)
        guide = fit(pieces[0][0], width - MARGIN) if at else ""
        name = fit(pieces[at][0], width - MARGIN - cells(guide))
        rest = drawn(pieces[at + 1 :], max(0, width - MARGIN - cells(guide) - cells(name)), styles)
        here = self._palette.cursor_styles.get(pieces[at][1], styles["text"])
        indent = len(name) - len(name.lstrip(" "))
        before = [Segment(guide, styles[pieces[0][1]])] if guide else []
        lead = [Segment(f" ▸ {name[:indent]}", styles["mark"]), *before]
        return Strip([*lead, Segment(name[indent:], here), *rest], width)

    # -- the mouse ----------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Go to the row; a second click opens it."""
        index = self.top + event.y
        if index < len(self._entries) and self._entries[index].is_row:
            same = index == self.cursor
            self._go(index, jump=False)
            if same:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self) -> None:
        """Three rows on."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows back."""
        self.action_move(-3)


def _name_at(pieces: Sequence[Piece]) -> int:
    """Which piece is the name: the first, or the one after the lines of a tree, or after a sign."""
    return 1 if len(pieces) > 1 and (pieces[0][1] == "rule" or cells(pieces[0][0]) <= SIGN) else 0
