"""Lines that may be long and many, moved through with less's keys: wrapped or not, searched, drawn as they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.text import cells
from .line import Piece, drawn
from .palette import Palette

SIDEWAYS = 16
"""Cells that left and right move by."""

LONGEST = 1_000_000
"""Cells of a line that can be scrolled to."""


class Text(Protocol):
    """What is looked at."""

    def __len__(self) -> int:
        """How many lines there are."""

    def line(self, index: int) -> str:
        """A line, safe to show."""

    def role(self, index: int) -> str:
        """What a line is drawn as."""

    def titles(self) -> Sequence[Piece]:
        """What stays on top."""

    @property
    def is_table(self) -> bool:
        """Whether titles stay on top, and lines are never wrapped."""


class TextView(Widget, can_focus=True):
    """The text. `j k d u space b g G`, left and right where it is not wrapped, `w` wraps, `n N` the next match."""

    DEFAULT_CSS = "TextView { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j,enter", "move(1)", "Down", id="text.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="text.up", show=False),
        Binding("d,ctrl+d", "half(1)", "Half a page down", id="text.half_down", show=False),
        Binding("u,ctrl+u", "half(-1)", "Half a page up", id="text.half_up", show=False),
        Binding("pagedown,ctrl+f,space,f", "page(1)", "Page down", id="text.page_down", show=False),
        Binding("pageup,ctrl+b,b", "page(-1)", "Page up", id="text.page_up", show=False),
        Binding("g,home", "top", "Top", id="text.first", show=False),
        Binding("G,end", "bottom", "End", id="text.last", show=False),
        Binding("right,l", "sideways(1)", "Right", id="text.right", show=False),
        Binding("left,h", "sideways(-1)", "Left", id="text.left", show=False),
        Binding("w", "wrap", "wrap", id="text.wrap", tooltip="Wrap long lines, or cut them"),
        Binding("n", "match(1)", "Next match", id="text.next", show=False),
        Binding("N", "match(-1)", "Match before", id="text.before", show=False),
    ]

    class Scrolled(Message):
        """Other lines are on the screen, or they are drawn in another way."""

    def __init__(self, palette: Palette, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._text: Text | None = None
        self._starts: list[tuple[int, int]] | None = None
        """Where each line of the screen begins while lines are wrapped: line and character."""
        self.wrapped = True
        self.needle = ""
        self.top = 0
        self.left = 0

    def show(self, text: Text) -> None:
        """Show this, from its beginning unless it is the same that grew."""
        grew = self._text is not None and len(text) >= len(self._text)
        self._text, self._starts = text, None
        self.top = self.top if grew else 0
        self._changed()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.refresh()

    @property
    def _wraps(self) -> bool:
        return self.wrapped and self._text is not None and not self._text.is_table

    @property
    def _height(self) -> int:
        titled = self._text is not None and self._text.is_table
        return max(1, self.size.height - titled)

    @property
    def _count(self) -> int:
        return len(self._lines()) if self._wraps else len(self._text) if self._text is not None else 0

    def _lines(self) -> list[tuple[int, int]]:
        if self._starts is None:
            self._starts = self._wrap()
        return self._starts

    def _wrap(self) -> list[tuple[int, int]]:
        if self._text is None or not self.size.width:
            return []
        width, made = max(8, self.size.width - 2), []
        for index in range(len(self._text)):
            line = self._text.line(index)
            made.append((index, 0))
            start = width_of(line, width)
            while start < len(line):
                made.append((index, start))
                start += width_of(line[start : start + width], width)
        return made

    @property
    def at(self) -> tuple[int, int, int]:
        """First and last line on the screen, from 1, and how many there are."""
        first, last = self.top, min(self._count, self.top + self._height) - 1
        if self._wraps and self._lines():
            first, last = self._lines()[first][0], self._lines()[last][0]
        return first + 1, last + 1, len(self._text) if self._text is not None else 0

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self._go(self.top + by)

    def action_half(self, by: int) -> None:
        """Scroll by half a page."""
        self._go(self.top + by * max(1, self._height // 2))

    def action_page(self, by: int) -> None:
        """Scroll by a page, one line of it kept."""
        self._go(self.top + by * max(1, self._height - 1))

    def action_top(self) -> None:
        """Go to the first line."""
        self._go(0)

    def action_bottom(self) -> None:
        """Go to the last page."""
        self._go(self._count)

    def action_sideways(self, by: int) -> None:
        """Scroll sideways, as far as the longest line in sight goes."""
        if self._text is None or self._wraps:
            return
        seen = range(self.top, min(self._count, self.top + self._height))
        most = max((cells(self._text.line(index)[:LONGEST]) for index in seen), default=0)
        left = max(0, min(self.left + by * SIDEWAYS, most - self.size.width + SIDEWAYS))
        if left != self.left:
            self.left = left
            self._changed()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them; the line at the top stays there."""
        first = self.at[0] - 1
        self.wrapped, self.left = not self.wrapped, 0
        self.top = (
            next((at for at, (line, _) in enumerate(self._lines()) if line >= first), 0) if self._wraps else first
        )
        self._changed()

    def find(self, needle: str) -> bool:
        """Look for a text, whatever its case, from the line at the top on. False when it is nowhere."""
        self.needle = needle.casefold()
        found = not self.needle or self._seek(range(self.at[0] - 1, self.at[2])) or self._seek(range(self.at[0] - 1))
        self.refresh()
        return found

    def action_match(self, by: int) -> None:
        """Go to the next line that holds what was looked for."""
        if self.needle:
            here, number = self.at[0] - 1, self.at[2]
            self._seek(range(here + 1, number) if by > 0 else range(here - 1, -1, -1))

    def _seek(self, indexes: range) -> bool:
        if self._text is None:
            return False
        found = next((index for index in indexes if self.needle in self._text.line(index).casefold()), None)
        if found is None:
            return False
        self._go(next(at for at, (line, _) in enumerate(self._lines()) if line == found) if self._wraps else found)
        return True

    def _go(self, top: int) -> None:
        before, self.top = self.top, max(0, min(top, self._count - self._height))
        if self.top != before:
            self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._starts = None
        self.top = max(0, min(self.top, self._count - self._height))
        self._changed()  # it may have been painted before it knew its width

    def on_mouse_scroll_down(self) -> None:
        """Three lines on."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three lines back."""
        self.action_move(-3)

    # -- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        text, width, styles = self._text, self.size.width, self._palette.styles
        if text is None:
            return drawn((), width, styles)
        if text.is_table and y == 0:
            return self._cut(list(text.titles()), width)
        index = self.top + y - text.is_table
        if index >= self._count:
            return drawn((), width, styles)
        if not self._wraps:
            return self._cut(self._marked(text.line(index), text.role(index)), width)
        line, start = self._lines()[index]
        end = self._lines()[index + 1] if index + 1 < self._count else None
        piece = text.line(line)[start : end[1] if end and end[0] == line else None]
        return drawn([(" ", "text"), *self._marked(piece, text.role(line))], width, styles)

    def _cut(self, pieces: Sequence[Piece], width: int) -> Strip:
        whole = drawn([(" ", "text"), *pieces], self.left + width, self._palette.styles)
        return whole.crop(self.left, self.left + width)

    def _marked(self, line: str, role: str) -> list[Piece]:
        """The line with what was looked for bright."""
        folded = line.casefold()
        if not self.needle or self.needle not in folded or len(folded) != len(line):
            return [(line, role)]
        made: list[Piece] = []
        at = 0
        while (found := folded.find(self.needle, at)) >= 0:
            made += [(line[at:found], role), (line[found : found + len(self.needle)], "warn")]
            at = found + len(self.needle)
        return [*made, (line[at:], role)]


def width_of(line: str, width: int) -> int:
    """How many characters of a shown text fit into so many cells; at least one."""
    if len(line) <= width and line.isascii():
        return max(1, len(line))
    used = 0
    for at, sign in enumerate(line[: 5 * width]):
        used += cells(sign)
        if used > width:
            return max(1, at)
    return max(1, min(len(line), 5 * width))
