"""Which lines of a log are seen while some of its sections are folded to one line each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from .outline import Outline, Section


class Folding:
    """Rows on the screen <-> lines of the log. Costs what there are sections, not lines."""

    def __init__(self, outline: Outline, lines: int, first: int = 0, folded: Iterable[int] = ()) -> None:
        self.outline = outline
        self.lines = lines
        self.first = first
        self._headers = {section.first: section for section in outline.sections if section.last > section.first}
        self.folded = set(folded)
        """Which of the outline's sections are, by their place; some may lie in another that is."""
        self._place()

    def _place(self) -> None:
        """Stretches of lines that are seen, and the row at which each begins."""
        self._starts: list[int] = []
        self._rows: list[int] = []
        self._ends: list[int] = []
        self._hiding: dict[int, Section] = {}
        at, row = self.first, 0
        for place, section in enumerate(self.outline.sections):
            if place not in self.folded or section.first < at or section.last <= section.first:
                continue
            self._add(at, section.first, row)
            row += section.first + 1 - at
            at = section.last + 1
            self._hiding[section.first] = section
        if at < self.lines:
            self._add(at, self.lines - 1, row)
            row += self.lines - at
        self.rows = row

    def _add(self, start: int, end: int, row: int) -> None:
        self._starts.append(start)
        self._ends.append(end)
        self._rows.append(row)

    def line(self, row: int) -> int:
        """The line in a row, which must be one of `rows`."""
        at = bisect_right(self._rows, row) - 1
        return self._starts[at] + row - self._rows[at]

    def row(self, line: int) -> int:
        """The row of a line, or of the section that is folded over it."""
        if not self._starts:
            return 0
        at = max(0, bisect_right(self._starts, line) - 1)
        return self._rows[at] + max(0, min(line, self._ends[at]) - self._starts[at])

    def hidden(self, line: int) -> Section | None:
        """The section that is folded into this line."""
        return self._hiding.get(line)

    def header(self, line: int) -> Section | None:
        """The innermost section that this line begins."""
        return self._headers.get(line)

    def toggle(self, line: int) -> int:
        """Unfold what is folded into this line, or fold the innermost section around it; gives the line to stand on."""
        places = [at for at, s in enumerate(self.outline.sections) if s.first <= line <= s.last and s.last > s.first]
        shut = [at for at in places if at in self.folded and self.outline.sections[at].first == line]
        if shut:
            self.folded.discard(shut[0])
        elif places:
            self.folded.add(places[-1])
            line = self.outline.sections[places[-1]].first
        self._place()
        return line

    def show(self, line: int, *, all_around: bool = False) -> None:
        """Unfold whatever hides a line; `all_around`: also what would, if it were not its first."""
        line_in = line + (1 if all_around else 0)
        hiding = [
            at for at in self.folded
            if self.outline.sections[at].first < line_in and line <= self.outline.sections[at].last
        ]  # fmt: skip
        if hiding:
            self.folded.difference_update(hiding)
            self._place()

    def fold_all(self) -> None:
        """Every outer section to one line, or, when they all are, none."""
        outer = {at for at, section in enumerate(self.outline.sections) if section.level == 0}
        self.folded = set() if outer <= self.folded else self.folded | outer
        self._place()

    def grown(self, outline: Outline, lines: int, first: int) -> Folding:
        """The same sections folded in a log that went on."""
        shut = {_key(self.outline.sections[at]) for at in self.folded}
        folded = {at for at, section in enumerate(outline.sections) if _key(section) in shut}
        return Folding(outline, lines, first, folded)


class Narrowed(Folding):
    """Only the lines in which something was found, in their order; nothing is folded."""

    def __init__(self, found: array[int], outline: Outline, lines: int, first: int = 0) -> None:
        self._found = found
        super().__init__(outline, lines, first)
        self._headers = {}

    def _place(self) -> None:
        self._hiding = {}
        self.rows = len(self._found)

    def line(self, row: int) -> int:
        """The line in a row."""
        return self._found[row]

    def row(self, line: int) -> int:
        """The row of a line, or of the next one that was found."""
        return max(0, min(bisect_left(self._found, line), self.rows - 1))

    def toggle(self, line: int) -> int:
        """There is nothing to fold."""
        return line

    def show(self, line: int, *, all_around: bool = False) -> None:
        """What was not found stays away."""

    def fold_all(self) -> None:
        """There is nothing to fold."""

    def grown(self, outline: Outline, lines: int, first: int) -> Narrowed:
        """The same lines, of those that are kept."""
        return Narrowed(self._found[bisect_left(self._found, first) :], outline, lines, first)


def _key(section: Section) -> tuple[int, int, str]:
    return section.first, section.level, section.kind
