"""A page of lines that scrolls: for what is read rather than chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .line import Piece, drawn
from .palette import Palette


class Pages(Widget, can_focus=True):
    """Lines of pieces, moved through with the keys of a table."""

    DEFAULT_CSS = "Pages { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="page.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="page.up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "Page down", id="page.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="page.page_up", show=False),
        Binding("g,home", "top", "Top", id="page.first", show=False),
        Binding("G,end", "bottom", "End", id="page.last", show=False),
    ]

    class Scrolled(Message):
        """Other lines are on the screen."""

    def __init__(self, palette: Palette, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._lines: tuple[tuple[Piece, ...], ...] = ()
        self.top = 0

    def show(self, lines: Sequence[Sequence[Piece]]) -> None:
        """Show these lines; those that are there already are not sent again."""
        before, self._lines = self._lines, tuple(tuple(line) for line in lines)
        top = self.top
        self._bound()
        if self.top != top:
            self.refresh()
            return
        for y in range(self.size.height):
            at = self.top + y
            if before[at : at + 1] != self._lines[at : at + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.refresh()

    @property
    def below(self) -> int:
        """How many lines stand below the window."""
        return max(0, len(self._lines) - self.top - self.size.height)

    def action_move(self, by: int) -> None:
        """Scroll by a few lines at a time: one line would cost as many bytes as a page."""
        self._go(self.top + 4 * by)

    def action_page(self, by: int) -> None:
        """Scroll by a page, one line of it kept."""
        self._go(self.top + by * max(1, self.size.height - 1))

    def action_top(self) -> None:
        """Go to the first line."""
        self._go(0)

    def action_bottom(self) -> None:
        """Go to the last page."""
        self._go(len(self._lines))

    def _go(self, top: int) -> None:
        before, self.top = self.top, top
        self._bound()
        if self.top != before:
            self.refresh()
            self.post_message(self.Scrolled())

    def _bound(self) -> None:
        self.top = max(0, min(self.top, len(self._lines) - self.size.height))

    def on_resize(self) -> None:
        """Stay within the lines."""
        self._go(self.top)

    def on_mouse_scroll_down(self) -> None:
        """A few lines on."""
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        """A few lines back."""
        self.action_move(-1)

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        at = self.top + y
        pieces = self._lines[at] if at < len(self._lines) else ()
        return drawn(pieces, self.size.width, self._palette.styles)
