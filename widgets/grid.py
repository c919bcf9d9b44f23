"""Cells of a picture before they are lines: written anywhere, compared with the picture before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..app.text import cells, fit
from .line import Piece

_APART = 10
"""Cells between two changes from which moving there is cheaper than sending what lies between."""


class Grid:
    """`width` x `height` cells with the role of each. A wide character is followed by an empty cell."""

    def __init__(self, width: int, height: int, stripe: int = 0) -> None:
        self.width, self.height = width, height
        self.stripe = stripe
        """A wide character must not stand on both sides of a multiple of this: it moves on by a cell."""
        self.texts = [[" "] * width for _ in range(height)]
        self.roles = [[""] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, role: str) -> int:
        """Write a shown text, cut at the right edge; gives the column after it. Rows outside are left out."""
        if not 0 <= y < self.height or not 0 <= x < self.width:
            return x
        if not (text.isascii() and text.isprintable() and len(text) <= self.width - x):
            text = fit(text, self.width - x)
        spread = list(text) if text.isascii() else self._spread(text, x)[: self.width - x]
        self.texts[y][x : x + len(spread)] = spread
        self.roles[y][x : x + len(spread)] = [role] * len(spread)
        return x + len(spread)

    def _spread(self, text: str, x: int) -> list[str]:
        """A text by cells: marks stand with their character, a wide one takes two."""
        made: list[str] = []
        for character in text:
            size = cells(character)
            if not size and made:
                made[-1 if made[-1] else -2] += character
                continue
            if size == 2 and self.stripe and (x + len(made) + 1) % self.stripe == 0:
                made.append(" ")
            made += [character, ""] if size == 2 else [character]
        return made

    def write(self, x: int, y: int, pieces: Iterable[Piece]) -> int:
        """Write pieces one after another; gives the column after them."""
        for text, role in pieces:
            x = self.put(x, y, text, role)
        return x

    def line(self, y: int) -> str:
        """The text of a row."""
        return "".join(self.texts[y])

    def strip(self, y: int, styles: dict[str, Style]) -> Strip:
        """A row as Textual draws it. It is the same whatever was drawn there before: blanks have no role."""
        made: list[Segment] = []
        for role, group in groupby(zip(self.roles[y], self.texts[y], strict=True), key=_role):
            made.append(Segment("".join(found for _, found in group), styles.get(role) or styles["text"]))
        return Strip(made, self.width)

    def changes(self, before: Grid) -> Iterator[tuple[int, int, int]]:
        """Where this one differs from one of the same size: row, first column, columns."""
        for y in range(self.height):
            if self.texts[y] != before.texts[y] or self.roles[y] != before.roles[y]:
                yield from ((y, start, stop - start) for start, stop in self._spans(before, y))

    def _spans(self, before: Grid, y: int) -> Iterator[tuple[int, int]]:
        differ = [
            x
            for x in range(self.width)
            if self.texts[y][x] != before.texts[y][x]
            or (self.roles[y][x] != before.roles[y][x] and self.texts[y][x] != " ")
        ]
        start = stop = differ[0] if differ else 0
        for x in differ:
            if x - stop > _APART:
                yield self._whole(before, y, start, stop)
                start = x
            stop = x + 1
        if differ:
            yield self._whole(before, y, start, stop)

    def _whole(self, before: Grid, y: int, start: int, stop: int) -> tuple[int, int]:
        """The span without half a wide character at its ends, in this picture or in the one before."""
        while start > 0 and "" in (self.texts[y][start], before.texts[y][start]):
            start -= 1
        while stop < self.width and "" in (self.texts[y][stop], before.texts[y][stop]):
            stop += 1
        return start, stop


def _role(cell: tuple[str, str]) -> str:
    """The role of a cell; a blank is plain, which the pen says nothing of."""
    return "text" if cell[1] == " " else cell[0] or "text"
