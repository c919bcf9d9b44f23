"""What is known of one row of a run, on a screen of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .changes import Changed
from .copying import copy_of_lines
from .deck import Deck
from .frame import FrameScreen
from .run_details import Lines


class DetailScreen(FrameScreen):
    """Lines that are written for a width, and written again when the cache changes."""

    TAB = "runs"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "back", "back", id="detail.back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, title: str, lines: Callable[[int], Lines]) -> None:
        super().__init__(deck)
        self._title, self._lines = title, lines

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Pages(self.deck.palette, id="page")

    def on_mount(self) -> None:
        """Show the lines."""
        if self.is_composed:
            self.query_one(Pages).focus()
            self._draw()

    def on_resize(self) -> None:
        """Lay them out for another width."""
        self._draw()

    def _draw(self) -> None:
        if self.is_composed and self.size.width:
            self.query_one(Pages).show(self._lines(self.size.width))
            self.write_frame()

    def copies(self) -> Sequence[Copy]:
        """The page as text."""
        return copy_of_lines(self._lines(100))

    def cache_changed(self, changed: Changed) -> None:
        """What was asked for may have come."""
        super().cache_changed(changed)
        self._draw()

    def on_pages_scrolled(self) -> None:
        """Tell how much is below now."""
        self.write_frame()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.query_one(Pages).recolour(palette)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Whose row it is, and how much stands below."""
        below = self.query_one(Pages).below
        return [(f" {self._title}", "bright")], [(f"{below} lines below ", "dim")] if below else []
