"""A table whose row names and first column stay while the other columns scroll: for a few things side by side.

Like the table of records it draws lines and holds none: a key repaints the name and the cell that the cursor leaves
and enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.text import cells, fit
from .line import Piece, drawn, segments
from .palette import Palette

MARGIN = 3
"""Cells before the names of rows: space, cursor, space."""
GAP = 2
HEAD = 2
"""Lines above the rows."""
_MORE = " ›"
WIDEST, NARROWEST, MANY = 30, 8, 3
"""A column's cells, and how many columns every terminal holds."""

_NARROWER = 0.8
"""How much of its wish a column has at least, so that no other has to be out of sight."""


class Lines(Protocol):
    """What the table asks for what it draws. Widths are cells; longer pieces are cut."""

    def columns(self) -> int:
        """How many columns there are; the first one stays."""

    def title(self, column: int, width: int) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The two lines above a column."""

    def wish(self) -> tuple[int, int]:
        """Cells that the names of rows, and that a column would like to have."""

    def count(self) -> int:
        """How many rows there are."""

    def is_heading(self, row: int) -> bool:
        """Whether the row is the heading of a section: the cursor passes over it."""

    def name(self, row: int) -> Sequence[Piece]:
        """The row's name; of a heading, the whole line."""

    def cell(self, row: int, column: int, width: int) -> Sequence[Piece]:
        """One cell."""

    def key(self, row: int) -> object:
        """What names the row when others come and go."""


class FrozenTable(Widget, can_focus=True):
    """The table, with a cursor on a row and a column."""

    DEFAULT_CSS = "FrozenTable { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="frozen.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="frozen.up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="frozen.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="frozen.page_up", show=False),
        Binding("g,home", "top", "First row", id="frozen.first", show=False),
        Binding("G,end", "bottom", "Last row", id="frozen.last", show=False),
        Binding("right,l", "aside(1)", "Column to the right", id="frozen.right", show=False),
        Binding("left,h", "aside(-1)", "Column to the left", id="frozen.left", show=False),
        Binding("right_square_bracket", "section(1)", "Next section", id="frozen.section", show=False),
        Binding("left_square_bracket", "section(-1)", "Section before", id="frozen.section_before", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row or column, or other columns are in sight."""

    class Opened(Message):
        """The cell under the cursor was clicked again."""

    def __init__(self, palette: Palette, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._lines: Lines | None = None
        self._strips: dict[int, Strip] = {}
        self._message: tuple[Piece, ...] = ()
        self._names, self._width, self._fits, self._laid_out = 20, 16, 1, 0
        self.row, self.column, self.top = 0, 0, 0
        """The cursor, and the first row on the screen."""
        self._first = 1
        """The first column beside the one that stays."""

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, lines: Lines, *, column: int | None = None) -> None:
        """Show these, the cursor on the row that it was on where that is still there, and on `column`."""
        here = self._lines.key(self.row) if self._lines and self.row < self._lines.count() else None
        self._lines = lines
        rows = range(lines.count())
        if here is not None:
            self.row = next((row for row in rows if lines.key(row) == here), min(self.row, max(0, len(rows) - 1)))
        self.column = max(0, min(self.column if column is None else column, lines.columns() - 1))
        self._settle(1)
        self._lay_out()
        self._scroll_into_view()
        self.refresh()

    def redraw(self, row: int) -> None:
        """One row says something else."""
        self._strips.pop(row, None)
        self.refresh(Region(0, row - self.top + HEAD, self.size.width, 1))

    def say(self, pieces: Sequence[Piece]) -> None:
        """What stands where there are no rows."""
        if tuple(pieces) != self._message:
            self._message = tuple(pieces)
            self.refresh()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    @property
    def hidden(self) -> tuple[int, int]:
        """How many columns are out of sight on the left and on the right."""
        count = self._lines.columns() if self._lines else 0
        if count < 2 or not self.size.width:
            return 0, 0
        self._learn_width()
        return self._first - 1, max(0, count - self._first - self._fits)

    @property
    def lines_needed(self) -> int:
        """Lines that show all rows at once."""
        return self._count + HEAD

    @property
    def cell_width(self) -> int:
        """Cells of one column."""
        return self._width

    # -- the cursor ---------------------------------------------------------------------------------------------

    @property
    def _count(self) -> int:
        return self._lines.count() if self._lines else 0

    @property
    def _height(self) -> int:
        return max(1, self.size.height - HEAD)

    def _settle(self, way: int) -> None:
        """Off a heading, on to the next row in this direction, else in the other."""
        count = self._count
        self.row = max(0, min(self.row, count - 1))
        for step in (way, -way):
            at = self.row
            while self._lines and 0 <= at < count and self._lines.is_heading(at):
                at += step
            if 0 <= at < count:
                self.row = at
                return

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self.go_to(self.row + by, way=1 if by > 0 else -1)

    def action_page(self, by: int) -> None:
        """Move by a page, one line of it kept."""
        self.go_to(self.row + by * max(1, self._height - 1), way=by)

    def action_top(self) -> None:
        """Go to the first row."""
        self.go_to(0)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self.go_to(self._count - 1, way=-1)

    def action_section(self, by: int) -> None:
        """Go to the first row of the next section, or of this or the one before; its heading comes to the top."""
        lines = self._lines
        heads = [row for row in range(self._count) if lines and lines.is_heading(row)]
        beyond = [row for row in heads if (row > self.row if by > 0 else row < self.row - 1)]
        if beyond:
            head = beyond[0] if by > 0 else beyond[-1]
            self.go_to(head + 1, lead=1)

    def go_to(self, row: int, *, way: int = 1, lead: int = 0) -> None:
        """Put the cursor on a row, off a heading in this direction; with `lead`, that many rows below the top."""
        old, self.row = self.row, row
        self._settle(way)
        if self._scroll_into_view(lead):
            self.refresh()
        else:
            self._refresh_row(old)
            self._refresh_row(self.row)
        if self.row != old:
            self.post_message(self.Moved())

    def _scroll_into_view(self, lead: int = 0) -> bool:
        """At an edge half a page comes in: a page of bytes every dozen keys instead of at each."""
        old, height = self.top, self._height
        if lead:
            self.top = self.row - lead
        elif not self.top <= self.row < self.top + height:
            below = self.row >= self.top + height
            self.top = self.row - (height - 1 - height // 2 if below else height // 2)
        if self.row <= 1:
            self.top = 0  # the first heading has no other way into sight
        self.top = max(0, min(self.top, self._count - height))
        return self.top != old

    def action_aside(self, by: int) -> None:
        """Move the cursor to another column; the first stays where it is, the others scroll."""
        count = self._lines.columns() if self._lines else 0
        old, self.column = self.column, max(0, min(self.column + by, count - 1))
        if self.column == old:
            return
        if self._scroll_aside():
            self._strips.clear()
            self.refresh()
        else:
            self.refresh(Region(0, 0, self.size.width, 1))
            self._refresh_row(self.row, old)
            self._refresh_row(self.row)
        self.post_message(self.Moved())

    def _scroll_aside(self) -> bool:
        old, count = self._first, self._lines.columns() if self._lines else 0
        if self.column:
            self._first = max(self.column - self._fits + 1, min(self._first, self.column))
        self._first = max(1, min(self._first, count - self._fits))
        return self._first != old

    def _refresh_row(self, row: int, column: int | None = None) -> None:
        y = row - self.top + HEAD
        if not HEAD <= y < self.size.height:
            return
        if column is None:
            self.refresh(Region(0, y, MARGIN + self._names, 1))
        x = self._x(self.column if column is None else column)
        if x is not None:
            self.refresh(Region(x, y, self._width, 1))

    # -- drawing ------------------------------------------------------------------------------------------------

    def _learn_width(self) -> None:
        """Textual paints a widget before it tells it its size."""
        if self._laid_out != self.size.width:
            self._lay_out()

    def _lay_out(self) -> None:
        """Names first, then as many columns as fit; the room that is left is shared."""
        self._strips.clear()
        self._laid_out = self.size.width
        if self._lines is None or not self.size.width:
            return
        count = self._lines.columns()
        names, wish = self._lines.wish()
        room = self.size.width - MARGIN - len(_MORE)
        self._names = max(10, min(names, room // 3 if room > 90 else room // 4))
        room -= self._names
        width = max(NARROWEST, min(wish, room // max(1, min(count, MANY)) - GAP))
        fits = max(2, min(count, room // (width + GAP)))
        if fits < count <= room // (int(width * _NARROWER) + GAP):
            fits = count  # a little narrower, and all of them are in sight
        self._width = max(NARROWEST, min(WIDEST, room // fits - GAP))
        self._fits = fits - 1
        self._scroll_aside()

    def _shown(self) -> list[int]:
        count = self._lines.columns() if self._lines else 0
        return [0, *range(self._first, min(count, self._first + self._fits))] if count else []

    def _x(self, column: int) -> int | None:
        """Where a column begins; None when it is out of sight."""
        shown = self._shown()
        if column not in shown:
            return None
        return MARGIN + self._names + GAP + shown.index(column) * (self._width + GAP)

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._lay_out()
        self._scroll_into_view()
        self.refresh()
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        """The two lines of titles, or a row."""
        self._learn_width()
        width, lines = self.size.width, self._lines
        if lines is None or not lines.columns():
            return drawn((), width, self._palette.styles)
        if y < HEAD:
            return self._titles(lines, y)
        row = self.top + y - HEAD
        if row >= lines.count():
            say = self._message if not lines.count() and y == HEAD + 1 else ()
            return drawn([("   ", "text"), *say] if say else (), width, self._palette.styles)
        held = self._strips.get(row)
        if held is None:
            held = self._strips[row] = drawn(self._row(lines, row), width, self._palette.styles)
        return self._with_cursor(lines, row, held) if row == self.row else held

    def _titles(self, lines: Lines, y: int) -> Strip:
        left, right = self.hidden
        made: list[Piece] = [(" " * (MARGIN + self._names), "dim")]
        for place, column in enumerate(self._shown()):
            title = lines.title(column, self._width)[y]
            gap = "‹ " if y == 0 and place == 1 and left else " " * GAP
            made += [(gap, "accent"), *_set(title, self._width)]
        if y == 0 and right:
            made.append((_MORE, "accent"))
        return drawn(made, self.size.width, self._palette.styles)

    def _row(self, lines: Lines, row: int) -> list[Piece]:
        name = lines.name(row)
        if lines.is_heading(row):
            return [(" ", "text"), *name]
        made: list[Piece] = [(" " * MARGIN, name[0][1] if name else "text"), *_set(name, self._names)]
        for column in self._shown():
            made += [(" " * GAP, "text"), *_set(lines.cell(row, column, self._width), self._width)]
        return made

    def _with_cursor(self, lines: Lines, row: int, strip: Strip) -> Strip:
        """The margin, the name and the cell under the cursor in its colours, the rest as it was drawn."""
        if lines.is_heading(row):
            return strip
        palette, width = self._palette, self._width
        ends = MARGIN + self._names
        name, _ = segments(_set(lines.name(row), self._names), self._names, palette.cursor_styles)
        made = [Segment(" ▸ ", palette.styles["mark"]), *name]
        x = self._x(self.column)
        if x is None:
            return Strip([*made, *strip.crop(ends)], self.size.width)
        cell, _ = segments(_set(lines.cell(row, self.column, width), width), width, palette.cursor_styles)
        made += [*strip.crop(ends, x), *cell, *strip.crop(x + width)]
        return Strip(made, self.size.width)

    # -- the mouse ----------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Go to the cell; a second click opens it."""
        column = next((one for one in self._shown() if (x := self._x(one)) and x <= event.x < x + self._width), None)
        row = self.top + event.y - HEAD
        on_row = event.y >= HEAD and row < self._count
        same = on_row and row == self.row and column in (None, self.column)
        if column is not None:
            self.action_aside(column - self.column)
        if on_row:
            self.go_to(row)
        if same:
            self.post_message(self.Opened())

    def on_mouse_scroll_down(self) -> None:
        """Three rows on."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows back."""
        self.action_move(-3)


def _set(pieces: Sequence[Piece], width: int) -> list[Piece]:
    """Pieces in exactly `width` cells."""
    made: list[Piece] = []
    room = width
    for text, role in pieces:
        if room <= 0:
            break
        text = fit(text, room)
        room -= cells(text)
        made.append((text, role))
    if room > 0:
        made.append((" " * room, made[-1][1] if made else "text"))
    return made
