"""A table some of whose cells have several colours, and some of whose lines go across all columns.

Lines that go across head what stands below them, or say what did not fit into the row above; the cursor passes over
the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual.geometry import Region
from textual.strip import Strip

from ..app.text import cells, fit
from .line import Piece, drawn
from .palette import Palette
from .record_table import MARGIN, Column, RecordTable, in_cells

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class PartedColumn(Column[R]):
    """A column whose cell has several colours: `parts` gives it, in exactly `width` cells."""

    parts: Callable[[R], Sequence[Piece]]


Across = Callable[[R, int, int], Sequence[Piece] | None]
"""A record, the cells of the line and those of the first column -> what goes across, or None for a row of columns."""


class PartedTable(RecordTable[R]):
    """The table. `across` says which records go across; `is_remark` over which of those the cursor passes."""

    DEFAULT_CSS = "PartedTable { height: 1fr; width: 1fr; }"

    def __init__(
        self, palette: Palette, across: Across[R], is_remark: Callable[[R], bool], id: str | None = None  # noqa: A002  Textual's name
    ) -> None:  # fmt: skip
        super().__init__(palette, id)
        self._across = across
        self._is_remark = is_remark

    def place(self, key: str) -> int | None:
        """Cells from the first column to the one of this word; None where that one is not shown."""
        at = 0
        for column, width in self._shown:
            if column.key == key:
                return at
            at += width + 2
        return None

    # -- the cursor ---------------------------------------------------------------------------------------------

    def _go(self, index: int, *, jump: bool) -> None:
        index = max(0, min(index, self._count - 1))
        onward = -1 if index < self.cursor else 1
        to = next((at for step in (onward, -onward) if (at := self._row_from(index, step)) is not None), index)
        super()._go(to, jump=jump)

    def _row_from(self, index: int, step: int) -> int | None:
        """The first line from here on that the cursor can stand on; None where there is none that way."""
        while 0 <= index < self._count and self._passes(index):
            index += step
        return index if 0 <= index < self._count else None

    def _passes(self, index: int) -> bool:
        record = self._rows.rows(index, index + 1)[0] if self._rows is not None else None
        return record is not None and self._is_remark(record)

    def _refresh_row(self, index: int) -> None:
        held = self._strips.get(index)
        first = self._shown[0][1] if self._shown else 0
        if index in self.window:
            name = cells(held[0][0][0]) if held is not None and held[0] else 0
            self.refresh(Region(0, index - self.top + 1, MARGIN + max(first, name), 1))

    # -- drawing ------------------------------------------------------------------------------------------------

    def _pieces(self, index: int) -> tuple[Piece, ...]:
        if self._rows is None or index >= self._count:
            return ()
        record = self._rows.rows(index, index + 1)[0]
        if record is None:
            return (("…", "dim"),)
        first = self._shown[0][1] if self._shown else 0
        across = self._across(record, self.size.width - MARGIN - 1, first)
        if across is not None:
            return tuple(across)
        made: list[Piece] = []
        for position, (column, width) in enumerate(self._shown):
            gap = "  " if position else ""
            if isinstance(column, PartedColumn):
                parts = list(column.parts(record))
                made += [(gap, parts[0][1] if parts else "text"), *parts]
            else:
                text, role = column.cell(record)
                made.append((gap + in_cells(text, width, column.right), role))
        return tuple(made)

    def _title(self) -> Strip:
        """The titles."""
        made: list[Piece] = [(" " * MARGIN, "title")]
        for position, (column, width) in enumerate(self._shown):
            gap = "  " if position else ""
            mark = ""
            if self._sorted and self._sorted[0] == column.key:
                mark = " ↓" if self._sorted[1] else " ↑"
            title = fit(column.title, width - cells(mark)) + mark
            made.append((gap + in_cells(title, width, column.right), "bright" if mark else "title"))
        return drawn(made, self.size.width, self._palette.styles)
