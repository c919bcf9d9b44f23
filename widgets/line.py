"""One line of the screen: pieces from the left, pieces from the right, repainted only when they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from ..app.text import cells, fit
from .palette import Palette

Piece: TypeAlias = tuple[str, str]
"""Text that is safe to show, and its role."""


def segments(pieces: Iterable[Piece], width: int, styles: dict[str, Style]) -> tuple[list[Segment], int]:
    """Pieces as segments of at most `width` cells (neighbours of one role become one), and the cells they take."""
    found: list[Segment] = []
    used, text, role = 0, "", ""
    for piece, of in pieces:
        if used >= width:
            break
        room = width - used
        piece = piece if len(piece) <= room and piece.isascii() and piece.isprintable() else fit(piece, room)
        used += len(piece) if piece.isascii() else cells(piece)
        if of == role:
            text += piece
            continue
        if text:
            found.append(Segment(text, styles.get(role) or styles["text"]))
        text, role = piece, of
    if text:
        found.append(Segment(text, styles.get(role) or styles["text"]))
    return found, used


def drawn(pieces: Iterable[Piece], width: int, styles: dict[str, Style]) -> Strip:
    """A strip of exactly `width` cells; the last role goes on to the end, so padding costs no escape sequence."""
    found, used = segments(pieces, width, styles)
    if used < width:
        last = found[-1].style if found else styles["text"]
        found.append(Segment(" " * (width - used), last))
    return Strip(found, width)


class Line(Widget):
    """A line with something on the left and something on the right. The right gives way when it is tight."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def __init__(self, palette: Palette, fill: str = " ", id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._fill = fill
        self._left: tuple[Piece, ...] = ()
        self._right: tuple[Piece, ...] = ()

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Put these pieces on the line; nothing is sent when they are there already."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    def repaint(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        width = self.size.width
        left = sum(cells(text) for text, _ in self._left)
        right = sum(cells(text) for text, _ in self._right)
        if left + right + 1 > width:
            return drawn([*self._left, (self._fill * max(0, width - left), "rule")], width, self._palette.styles)
        middle = (self._fill * (width - left - right), "rule" if self._fill != " " else "dim")
        return drawn([*self._left, middle, *self._right], width, self._palette.styles)
