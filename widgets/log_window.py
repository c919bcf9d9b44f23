"""Which lines of a log are on the screen: rows of the log and, where lines are wrapped, rows of those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.widget import Widget

from ..app.logs import Line, Pattern
from ..app.logs.folding import Folding
from .figures import count
from .line import Piece
from .log_ink import LONGEST, STAMP, content, wrapped

GUTTER: Final = 4
"""Cells on the left: where one stands, and whether something is folded or wrong."""
_HELD: Final = 600
"""Lines that are held as they were read."""

Read = Callable[[int, int, int], Sequence[Line]]
"""(first line, how many, cells of each) -> lines."""


class LogWindow(Widget):
    """Where one stands in a log, and what is seen from there. A place is a row and which of its own rows."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._read: Read = lambda first, count, width: ()
        self.folding: Folding | None = None
        self.cursor = 0
        """The line that one stands on."""
        self._top = 0
        self._sub = 0
        """The row that is the first on the screen, and how many of its own rows are above it."""
        self.left = 0
        self.wrapped = False
        self.timed = False
        self.following = False
        self.is_over = False
        """Nothing more comes: there is nothing to follow."""
        self.pattern: Pattern | None = None
        self._lines: dict[int, Line] = {}
        self._width = 0
        self._errors: frozenset[int] = frozenset()
        self._wrap_starts: dict[int, list[int]] = {}

    def forget(self) -> None:
        """The lines may be others than they were."""
        self._lines.clear()
        self._wrap_starts.clear()

    def line_here(self) -> Line | None:
        """The line that one stands on."""
        return self._line(self.cursor) if self.folding and self.folding.rows else None

    def lines_in_sight(self) -> list[Line]:
        """The lines on the screen."""
        if self.folding is None:
            return []
        return [self._line(self.folding.line(row)) for row in dict.fromkeys(row for row, _ in self._window())]

    @property
    def _height(self) -> int:
        return max(1, self.size.height)

    @property
    def _room(self) -> int:
        return max(8, self.size.width - GUTTER - (STAMP if self.timed else 0))

    def _line(self, number: int) -> Line:
        width = LONGEST if self.wrapped else min(LONGEST, self.left + max(self.size.width, 80))
        if width > self._width or len(self._lines) > _HELD:
            self.forget()
            self._width = width
        if number not in self._lines:
            some = 1 if self.wrapped else min(self._height, self._run(number))
            self._lines.update((line.number, line) for line in self._read(number, some, self._width))
        return self._lines.get(number) or Line(number, ())

    def _run(self, number: int) -> int:
        """How many lines from this one on stand below each other."""
        folding, most = self.folding, self._height
        if folding is None:
            return 1
        row = folding.row(number)
        last = min(row + most, folding.rows) - 1
        while last > row and folding.line(last) - number != last - row:
            last = row + (last - row) // 2
        return last - row + 1

    # -- rows ---------------------------------------------------------------------------------------------------

    def _starts(self, row: int) -> list[int]:
        """The characters of a line at which its own rows begin: one, unless it is wrapped."""
        assert self.folding is not None
        number = self.folding.line(row)
        if not self.wrapped or self.folding.hidden(number) is not None:
            return [0]
        found = self._wrap_starts.get(number)
        if found is None:
            text = "".join(piece for piece, _ in self._content(number))
            found = self._wrap_starts[number] = wrapped(text, self._room)
        return found

    def _window(self) -> list[tuple[int, int]]:
        """Rows on the screen, each with which of its own it is."""
        found: list[tuple[int, int]] = []
        if self.folding is None:
            return found
        row, sub = self._top, self._sub
        while row < self.folding.rows and len(found) < self._height:
            rows = len(self._starts(row))
            found += [(row, own) for own in range(sub, rows)]
            row, sub = row + 1, 0
        return found[: self._height]

    def _above(self, row: int, rows: int) -> tuple[int, int]:
        """The place so many rows of the screen above the beginning of a row."""
        while rows > 0 and row > 0:
            row -= 1
            rows -= len(self._starts(row))
        return row, max(0, -rows)

    def _below(self, row: int, sub: int, rows: int) -> tuple[int, int]:
        """The place so many rows of the screen below another."""
        assert self.folding is not None
        while row < self.folding.rows:
            own = len(self._starts(row)) - sub
            if rows < own:
                return row, sub + rows
            rows, row, sub = rows - own, row + 1, 0
        return max(0, self.folding.rows - 1), 0

    def _is_seen(self, row: int) -> bool:
        window = self._window()
        return bool(window) and window[0][0] <= row <= window[-1][0] and (row, 0) in window

    def _bound(self) -> None:
        """Let nothing but the log's end be below its last line, except while it is followed."""
        folding = self.folding
        if folding is None or not folding.rows:
            self._top = self._sub = 0
            return
        self._top = max(0, min(self._top, folding.rows - 1))
        if not self.following:
            last = self._above(folding.rows, self._height)
            if (self._top, self._sub) > last:
                self._top, self._sub = last

    def _content(self, number: int) -> list[Piece]:
        """What stands in a line."""
        assert self.folding is not None
        line = self._line(number)
        pieces = content(line, self.folding.header(number), is_error=number in self._errors, pattern=self.pattern)
        if line.is_cut and self.wrapped:
            pieces.append((f" … {count(line.size)} bytes in all", "dim"))
        return pieces
