"""A comparison as the rows of a table: pure functions from cells to pieces."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from itertools import groupby
from typing import Final

from ..app.comparison import CompareRow, Comparison, Kind, difference, distance
from ..app.records import Run
from ..app.text import cells, clip, shown
from ..widgets.figures import count, figure, moment, size_between, span
from ..widgets.line import Piece
from ..widgets.status import glyph, mark_of, worded

TITLES: Final[dict[Kind, str]] = {
    "attribute": "run", "param": "params", "dataset": "data", "code": "code", "tag": "tags", "metric": "metrics",
}  # fmt: skip
BEST: Final = "✓"

NAMES_LIKE, COLUMNS_LIKE = 40, 20
"""Cells that the longest name and the longest text ask for; they get more where all runs have room."""

INDENT: Final = "  "
"""Before each cell: the mark of the run stands above it, and its name above what follows."""

MEASURED = 24
"""Rows that widths are taken from: reading all of 500 costs more than drawing the screen."""

_FIGURES = 10
"""Cells of the widest figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The heading of a section: how many rows differ, of how many."""

    kind: Kind
    shown: int
    differing: int
    all: int


@dataclass(slots=True, kw_only=True)
class CompareLines:
    """What the table draws of a comparison."""

    compared: Comparison
    hues: Sequence[int]
    """The hue of each run: it stays with the run when columns move."""
    now: int
    zone: tzinfo = UTC
    everything: bool = False
    """Also the rows in which the runs are alike."""
    narrow: str = ""
    """Only rows whose names contain this."""
    here: int = 0
    """The column under the cursor."""
    waiting: bool = False
    """What lies between the commits is still looked for."""
    entries: list[Heading | CompareRow] = field(default_factory=list)
    _digits: int = 6
    _wish: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        wanted = self.narrow.casefold()
        for kind, group in groupby(self.compared.rows, key=lambda row: row.kind):
            rows = list(group)
            found = [row for row in rows if self.everything or row.differs]
            if wanted:
                found = [row for row in found if wanted in row.name.casefold()]
            if found:
                differing = sum(row.differs for row in rows)
                self.entries.append(Heading(kind=kind, shown=len(found), differing=differing, all=len(rows)))
                self.entries += found
        self._measure()

    def _measure(self) -> None:
        """Cells for figures, for the names of rows, and for the widest cell."""
        rows = [entry for entry in self.entries if isinstance(entry, CompareRow)]
        metrics = [row for row in rows if row.kind == "metric"][:MEASURED]
        values = [len(figure(cell.number)) for row in metrics for cell in row.cells if cell.number is not None]
        self._digits = min(_FIGURES, max(values, default=6))
        texts = [row for row in rows if row.kind not in ("metric", "code")][:MEASURED]
        widest = max((_length(cell.text, COLUMNS_LIKE) for row in texts for cell in row.cells if cell.text), default=0)
        names = max((_length(row.name, NAMES_LIKE) + 2 * (row.better is not None) for row in rows), default=8)
        # a figure with its mark, and a difference that is one sign longer
        self._wish = names, max(2 * self._digits + 4, min(widest + len(INDENT), COLUMNS_LIKE), 15)

    # -- what the table asks -------------------------------------------------------------------------------------

    def columns(self) -> int:
        """A column for each run."""
        return len(self.compared.runs)

    def title(self, column: int, width: int) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The run's mark in the chart and its name; below, what it is here."""
        run, hue = self.compared.runs[column], self.hues[column]
        name = clip(run.name or "–", width - 2)
        return (
            [(f"{mark_of(hue)} ", f"hue{hue}"), (name, "bright" if column == self.here else "text")],
            [(INDENT, "dim"), *self._below(run, column, width - len(INDENT))],
        )

    def _below(self, run: Run, column: int, width: int) -> list[Piece]:
        said: Piece = ("baseline", "accent") if column == self.compared.baseline else (shown(run.id[:8]), "dim")
        if run.status in ("finished", "deleted"):
            return [said]
        word, role = worded(run.status)
        # how it goes on is more than eight letters of an id
        return [said, (f" {word}", role)] if cells(said[0]) + cells(word) < width else [(word, role)]

    def wish(self) -> tuple[int, int]:
        """Cells for the longest name, and for the widest cell."""
        return self._wish

    def count(self) -> int:
        """Rows and headings."""
        return len(self.entries)

    def is_heading(self, row: int) -> bool:
        """Whether it is the heading of a section."""
        return isinstance(self.entries[row], Heading)

    def key(self, row: int) -> object:
        """What names the row."""
        entry = self.entries[row]
        return entry.kind if isinstance(entry, Heading) else (entry.kind, entry.name)

    def place(self, kind: Kind) -> int | None:
        """Where the first row of a kind stands; None where there is none."""
        places = (at for at, one in enumerate(self.entries) if isinstance(one, CompareRow) and one.kind == kind)
        return next(places, None)

    def row(self, row: int) -> CompareRow | None:
        """The row, None for a heading and beyond the end."""
        entry = self.entries[row] if 0 <= row < len(self.entries) else None
        return entry if isinstance(entry, CompareRow) else None

    def name(self, row: int) -> Sequence[Piece]:
        """The row's name; `↑` or `↓` where a direction is declared. Of a heading, the line."""
        entry = self.entries[row]
        if isinstance(entry, Heading):
            return _heading(entry)
        role = "text" if entry.differs else "dim"
        if entry.better is None:
            return [(clip(entry.name, NAMES_LIKE) or _nameless(entry.kind), role)]
        return [(clip(entry.name, NAMES_LIKE), role), (" ↑" if entry.better else " ↓", "dim")]

    def cell(self, row: int, column: int, width: int) -> Sequence[Piece]:
        """One cell, with its mark when it is the best."""
        entry = self.entries[row]
        assert isinstance(entry, CompareRow)
        if entry.kind == "metric":
            return self._metric(entry, column, width)
        cell = entry.cells[column]
        if cell.text is None:
            return [(f"{INDENT}–" if entry.kind == "attribute" else f"{glyph('missing')} not logged", "dim")]
        alike = column != self.compared.baseline and cell.text == entry.cells[self.compared.baseline].text
        role = "dim" if alike or not entry.differs else "text"
        return [(INDENT, role), *self._text(entry, column, width - 2, role)]

    # -- cells --------------------------------------------------------------------------------------------------

    def _text(self, row: CompareRow, column: int, width: int, role: str) -> list[Piece]:
        cell = row.cells[column]
        assert cell.text is not None
        if row.kind == "attribute":
            return self._attribute(row.name, cell.text, cell.number, role)
        if row.kind == "code":
            return [(shown(cell.text[:8]), role), *self._between(cell.text, column)]
        if not cell.text:
            return [("(empty)", "dim")]
        if row.numeric and len(cell.text) <= self._digits:
            return [(cell.text.rjust(self._digits - 1), role), *self._way(row, column)]
        return [(tell_apart([one.text for one in row.cells], column, width), role)]

    def _attribute(self, name: str, text: str, value: float | None, role: str) -> list[Piece]:
        if name == "status":
            word, colour = worded(text)
            return [(word, "dim" if role == "dim" else colour)]
        if value is not None:
            return [(moment(int(value), self.now, self.zone) if name == "started" else span(int(value)), role)]
        return [(clip(text, COLUMNS_LIKE), role)]

    def _between(self, commit: str, column: int) -> list[Piece]:
        if column == self.compared.baseline or commit == self.compared.runs[self.compared.baseline].git_commit:
            return []
        between = self.compared.commits.get(commit)
        if between is None:
            return [(" …" if self.waiting else "", "dim")]
        return [(f" {distance(between)}", "dim")]

    def _way(self, row: CompareRow, column: int) -> list[Piece]:
        less = difference(row, column, self.compared.baseline)
        return [(" ↑" if less > 0 else " ↓", "dim")] if less else []

    def _metric(self, row: CompareRow, column: int, width: int) -> list[Piece]:
        value = row.cells[column].number
        if value is None:
            return [(f"{glyph('missing')} not logged", "dim")]
        best = column in row.best
        role = "warn" if not math.isfinite(value) else "good" if best else "text" if row.differs else "dim"
        text = figure(value)
        made: list[Piece] = [((BEST + text if best else text).rjust(self._digits + 1), role)]
        less = self._less(row, column, width - 2 - max(len(text), self._digits))
        if less:
            made.append((f" {less}", self._leaning(row, column)))
        return made

    def _less(self, row: CompareRow, column: int, room: int = _FIGURES) -> str:
        """The difference to the baseline: as many decimals as the figures have, fewer where there is no room."""
        less = difference(row, column, self.compared.baseline)
        if less is None:
            return ""
        if less == 0:
            return "="
        here, there = (row.cells[at].number or 0.0 for at in (column, self.compared.baseline))
        for size in (size_between(abs(less), here, there), f"{abs(less):.1e}", f"{abs(less):.0e}", ""):
            text = ("+" if less > 0 else "−") + size.replace("e-0", "e-").replace("e+0", "e")
            if len(text) <= room:
                return text
        return ""

    def _leaning(self, row: CompareRow, column: int) -> str:
        less = difference(row, column, self.compared.baseline)
        if row.better is None or not less:
            return "dim"
        return "good" if (less > 0) == row.better else "warn"


def _nameless(kind: Kind) -> str:
    return "no context" if kind == "dataset" else "(empty)"


def _heading(entry: Heading) -> list[Piece]:
    of = f"{count(entry.differing)} of {count(entry.all)} differ"
    if entry.differing == entry.all:
        of = f"{count(entry.all)}, all differ" if entry.all > 1 else ""
    elif not entry.differing:
        of = f"{count(entry.all)}, all the same" if entry.all > 1 else "the same"
    if entry.shown not in (entry.differing, entry.all):
        of += f", {count(entry.shown)} shown"
    note = "   value and difference to the baseline" if entry.kind == "metric" else ""
    return [(TITLES[entry.kind], "bright"), (f"  {of}{note}", "dim")]


def _length(text: str, most: int) -> int:
    return min(len(text), most) if text.isascii() else cells(clip(text, most))


def tell_apart(texts: Sequence[str | None], at: int, width: int) -> str:
    """One of several texts in `width` cells: where they are too long and begin alike, what they share is cut off."""
    there = [shown(text) for text in texts if text is not None]
    own = shown(texts[at] or "")
    if cells(own) < width or len(set(there)) < 2:
        return clip(texts[at] or "", width)
    same = _alike(there)
    if same < width // 2:
        return clip(texts[at] or "", width)
    # a few signs of what is shared say where the difference begins
    return clip("…" + own[same - 4 :], width) if "\\" not in own else clip(own, width)


def _alike(texts: Sequence[str]) -> int:
    """How many signs all of them begin with."""
    least, most = min(texts), max(texts)
    return next((at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other), len(least))


def curve_names(runs: Sequence[Run]) -> Mapping[int, str]:
    """What a legend calls the runs: their names, with the id where two are called the same."""
    names = [run.name for run in runs]
    return {at: run.name if names.count(run.name) == 1 else f"{run.name} {run.id[:8]}" for at, run in enumerate(runs)}
