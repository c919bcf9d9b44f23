"""A table of any length over a window of rows.

It holds no rows but those on the screen: it asks for `rows(start, stop)` and draws lines. A key repaints the two
names that the cursor leaves and enters (some 250 bytes), a page repaints the page, new data repaints the lines
that differ. Textual's DataTable sends the whole widget for one changed cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.text import cells, fit, pad
from .line import Piece, drawn
from .palette import Palette

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Column(Generic[R]):
    """A column: its word in the filter, its title, and a pure function from a record to a cell."""

    key: str
    title: str
    cell: Callable[[R], Piece]
    width: int = 10
    right: bool = False
    """Align to the right: figures and ages."""
    rank: int = 5
    """Columns of the highest rank leave first when there is no room; 0 never leaves."""
    grow: bool = False
    """Takes the room that is left over, of several the one of the highest rank first ..."""
    most: int = 24
    """... up to so many cells beyond its width."""


class Rows(Protocol[R_co]):
    """What the table asks for its rows."""

    def count(self) -> int:
        """How many rows there are, as far as is known."""

    def rows(self, start: int, stop: int) -> Sequence[R_co | None]:
        """Rows start to stop (exclusive); None for one that is not known yet."""

    def key(self, index: int) -> str | int | None:
        """What names the row across changes of order; None where it is not known yet."""

    def depth(self, index: int) -> int:
        """How deep the row stands in the tree: 0 for a root."""

    def context(self, index: int) -> bool:
        """Whether the row did not match and is here for its children only: drawn dim."""


MARGIN = 4
"""Cells before the first column: space, cursor, mark, space."""


class RecordTable(Widget, Generic[R], can_focus=True):
    """The table. It knows nothing of what its records are."""

    DEFAULT_CSS = "RecordTable { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="table.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="table.up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="table.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="table.page_up", show=False),
        Binding("g,home", "top", "First row", id="table.first", show=False),
        Binding("G,end", "bottom", "Last row", id="table.last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """Enter was pressed on a row."""

    class Scrolled(Message):
        """Other rows are on the screen."""

    def __init__(self, palette: Palette, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._rows: Rows[R] | None = None
        self._all: tuple[Column[R], ...] = ()
        self._shown: tuple[tuple[Column[R], int], ...] = ()
        self._sorted: tuple[str, bool] | None = None
        self._strips: dict[int, tuple[tuple[Piece, ...], Strip]] = {}
        self._message: tuple[Piece, ...] = ()
        self.marked: set[str | int] = set()
        self.cursor = 0
        self.top = 0

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[Column[R]], sorted_by: tuple[str, bool] | None) -> None:
        """These columns, and which of them the rows are sorted by (key, descending)."""
        if (tuple(columns), sorted_by) != (self._all, self._sorted):
            self._all, self._sorted = tuple(columns), sorted_by
            self._lay_out()
            self.refresh()

    def show(self, rows: Rows[R], *, keep: bool) -> None:
        """Show these rows. `keep`: stay on the row under the cursor where it went, else go to the first."""
        here = self._rows.key(self.cursor) if self._rows and keep else None
        was_empty, self._rows = not self._count, rows
        last = max(0, rows.count() - 1)
        if not keep:
            self.cursor = self.top = 0
        elif here is not None and rows.key(min(self.cursor, last)) != here:
            self._follow(here, last)
        self.cursor = min(self.cursor, last)
        self._scroll_into_view()
        self._repaint_what_differs()
        if was_empty != (not self._count):
            self.refresh(Region(0, 0, self.size.width, 1))  # the titles come and go with the rows

    def _follow(self, key: str | int, last: int) -> None:
        assert self._rows is not None
        for away in range(1, 200):  # a row that a live sort moved is near; a search through a million is not worth it
            for index in (self.cursor - away, self.cursor + away):
                if 0 <= index <= last and self._rows.key(index) == key:
                    # the row stays where the eye is; but from the very top, what is new comes into sight above it
                    self.top += index - self.cursor if self.top else 0
                    self.cursor = index
                    return

    def say(self, pieces: Sequence[Piece]) -> None:
        """What stands in an empty table: what is so, and what to do next."""
        if tuple(pieces) != self._message:
            self._message = tuple(pieces)
            if not self._count:
                self.refresh()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    @property
    def _count(self) -> int:
        return self._rows.count() if self._rows else 0

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def window(self) -> range:
        """The indexes on the screen."""
        return range(self.top, min(self._count, self.top + self._height))

    def row(self) -> R | None:
        """The record under the cursor."""
        if self._rows is None or not self._count:
            return None
        return self._rows.rows(self.cursor, self.cursor + 1)[0]

    def key_here(self) -> str | int | None:
        """What names the row under the cursor."""
        return self._rows.key(self.cursor) if self._rows and self._count else None

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away; then go on to the next."""
        key = self.key_here()
        if key is not None:
            self.marked.symmetric_difference_update({key})
            self._refresh_row(self.cursor)
            self.action_move(1)

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self.marked:
            self.marked.clear()
            self.refresh()

    # -- the cursor ---------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self.cursor + by, jump=False)

    def action_page(self, by: int) -> None:
        """Move by a page, one line of it kept."""
        step = by * max(1, self._height - 1)
        self.top = max(0, min(self.top + step, self._count - self._height))
        self._go(self.cursor + step, jump=True)

    def action_top(self) -> None:
        """Go to the first row."""
        self._go(0, jump=True)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self._go(self._count - 1, jump=True)

    def go_to(self, key: str | int) -> bool:
        """Put the cursor on the row of this name, where it is among the rows near. False when it is not."""
        if self._rows is not None:
            for index in range(min(self._count, 5000)):
                if self._rows.key(index) == key:
                    self._go(index, jump=True)
                    return True
        return False

    def _go(self, index: int, *, jump: bool) -> None:
        index = max(0, min(index, self._count - 1))
        old, self.cursor = self.cursor, index
        if index == old and not jump:
            return
        if self._scroll_into_view() or jump:
            self.refresh()
            self.post_message(self.Scrolled())
        else:
            self._refresh_row(old)
            self._refresh_row(index)
        self.post_message(self.Moved())

    def _scroll_into_view(self) -> bool:
        """At an edge half a page comes in: a page of bytes every dozen keys instead of at each."""
        old, height = self.top, self._height
        if not self.top <= self.cursor < self.top + height:
            far = abs(self.cursor - (self.top if self.cursor < self.top else self.top + height - 1))
            half = height // 2 if far <= height else 0
            below = self.cursor >= self.top + height
            self.top = self.cursor - (height - 1 - half if below else half)
        self.top = max(0, min(self.top, self._count - height))
        return self.top != old

    def _refresh_row(self, index: int) -> None:
        first = self._shown[0][1] if self._shown else 0
        if index in self.window:
            self.refresh(Region(0, index - self.top + 1, MARGIN + first, 1))

    def _repaint_what_differs(self) -> None:
        if not self.size.height:
            return
        drawn_before, self._strips = self._strips, {}
        for index in range(self.top, self.top + self._height):
            before = drawn_before.get(index)
            pieces = self._pieces(index)
            if before is None or before[0] != pieces:
                self.refresh(Region(0, index - self.top + 1, self.size.width, 1))
            else:
                self._strips[index] = before

    # -- drawing ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Give each column its width; the highest ranks leave first, the growing one takes what is left."""
        self._strips.clear()
        room = self.size.width - MARGIN - 1
        columns = list(self._all)
        while len(columns) > 1 and sum(c.width + 2 for c in columns) - 2 > room:
            worst = max(columns, key=lambda column: column.rank)
            if worst.rank == 0:
                break
            # of equal rank the right-most leaves
            position = max(at for at, column in enumerate(columns) if column.rank == worst.rank)
            del columns[position]
        spare = max(0, room - sum(c.width + 2 for c in columns) + 2)
        more: dict[str, int] = {}
        for column in sorted((column for column in columns if column.grow), key=lambda column: -column.rank):
            more[column.key] = min(spare, column.most)
            spare -= more[column.key]
        self._shown = tuple((column, column.width + more.get(column.key, 0)) for column in columns)

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._lay_out()
        self._scroll_into_view()
        self.refresh()
        self.post_message(self.Scrolled())

    def _pieces(self, index: int) -> tuple[Piece, ...]:
        if self._rows is None or index >= self._count:
            return ()
        record = self._rows.rows(index, index + 1)[0]
        if record is None:
            return (("…", "dim"),)
        depth, context = self._rows.depth(index), self._rows.context(index)
        made: list[Piece] = []
        for position, (column, width) in enumerate(self._shown):
            text, role = column.cell(record)
            if position == 0 and depth:
                text = "  " * (min(depth, 8) - 1) + "└ " + text
            gap = "" if position == 0 else "  "
            made.append((gap + in_cells(text, width, column.right), "dim" if context else role))
        return tuple(made)

    def _title(self) -> Strip:
        made: list[Piece] = [(" " * MARGIN, "title")]
        for position, (column, width) in enumerate(self._shown):
            title, role, gap = column.title, "title", "" if position == 0 else "  "
            if self._sorted and self._sorted[0] == column.key:
                if column.right and gap and cells(title) + 2 > width:
                    gap, width = " ", width + 1  # one cell of the gap saves a letter
                title, role = f"{fit(title, width - 2)} {'↓' if self._sorted[1] else '↑'}", "bright"
            made.append((gap + in_cells(title, width, column.right), role))
        return drawn(made, self.size.width, self._palette.styles)

    def render_line(self, y: int) -> Strip:
        """The title, or a row of the window."""
        width = self.size.width
        if y == 0:
            return self._title() if self._count or not self._message else self._empty(0)
        index = self.top + y - 1
        if index >= self._count:
            return self._empty(y)
        held = self._strips.get(index)
        if held is None:
            if len(self._strips) > 400:
                self._strips.clear()
            pieces = self._pieces(index)
            # the margin is text like the name beside it: one segment, 24 bytes less on every line of a page
            drawn_row = drawn(
                [(" " * MARGIN, pieces[0][1] if pieces else "text"), *pieces], width, self._palette.styles
            )
            held = self._strips[index] = (pieces, drawn_row)
        return self._with_margin(index, held, width)

    def _with_margin(self, index: int, held: tuple[tuple[Piece, ...], Strip], width: int) -> Strip:
        assert self._rows is not None
        here = index == self.cursor
        marked = self._rows.key(index) in self.marked
        pieces, strip = held
        if not here and not marked:
            return strip
        styles = self._palette.styles
        margin = Segment(f" {'▸' if here else ' '}{'*' if marked else ' '} ", styles["mark"])
        if not here:
            return Strip([margin, *strip.crop(MARGIN)], width)
        name = fit(pieces[0][0], width - MARGIN) if pieces else ""
        first = cells(name)
        style = self._palette.cursor_styles.get(pieces[0][1] if pieces else "text", styles["text"])
        rest = strip.crop(MARGIN + first)
        return Strip([margin, Segment(name, style), *rest], width)

    def _empty(self, y: int) -> Strip:
        """Below the rows; in an empty table the message, a third down."""
        lines = _lines(self._message)
        at = y - max(1, self._height // 3)
        if self._count or not 0 <= at < len(lines):
            return drawn((), self.size.width, self._palette.styles)
        length = sum(cells(text) for text, _ in lines[at])
        left = max(2, (self.size.width - length) // 2)
        *begun, (last, role) = lines[at] or [("", "text")]
        # blanks at the end only align a line with others: where they have no room, nothing is cut
        return drawn([(" " * left, "text"), *begun, (last.rstrip(), role)], self.size.width, self._palette.styles)

    # -- the mouse ----------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Go to the row; a second click opens it."""
        if event.y >= 1 and self.top + event.y - 1 < self._count:
            same = self.cursor == self.top + event.y - 1
            self._go(self.top + event.y - 1, jump=False)
            if same:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self) -> None:
        """Three rows on."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows back."""
        self.action_move(-3)


def in_cells(text: str, width: int, right: bool) -> str:
    """Text in exactly `width` cells; most cells are short and plain, so that is asked first."""
    if text.isascii() and len(text) <= width and text.isprintable():
        return text.rjust(width) if right else text.ljust(width)
    return pad(text, width, right)


def _lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces split where a piece is a line feed."""
    made: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece[0] == "\n":
            made.append([])
        else:
            made[-1].append(piece)
    return made
