"""An outline, and beside it what is known of the row under the cursor, where there is room for both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.containers import Horizontal
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from ..widgets.outline import Outline
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .narrowing import Narrowing
from .run_detail import Upright

RESTS = 0.15
"""Seconds without a key before the half beside the outline follows the cursor."""


class Halves(Narrowing):
    """The two halves. The subclass says how wide the first is, draws both, and does what Enter does."""

    _resting: Timer | None = None

    @property
    def _outline_width(self) -> int:
        """Columns of the outline; 0 where it has all."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def draw(self) -> None:
        """Show the outline and the detail."""
        raise NotImplementedError

    def _show_detail(self, *, new: bool = False) -> None:
        raise NotImplementedError

    def action_open(self) -> None:
        """Open what is under the cursor."""
        raise NotImplementedError

    def halves(self, outline: Widget) -> Iterator[Widget]:
        """The widgets; the outline has the id `page`."""
        with Horizontal():
            yield outline
            yield Upright(self.deck.palette)
            lines = Pages(self.deck.palette, id="detail")
            lines.can_focus = False
            yield lines

    @property
    def room(self) -> Size:
        """The terminal's size. A screen has it before its own, so that what it paints first stands where it stays."""
        return self.app.size

    @property
    def outline(self) -> Outline[Any]:
        """All that is known."""
        return self.query_one("#page", Outline)

    @property
    def detail(self) -> Pages:
        """What is known of the row under the cursor; not shown where there is no room."""
        return self.query_one("#detail", Pages)

    def _lay_out(self) -> None:
        """Give the detail its half, or take it away."""
        self.detail.display = self.query_one(Upright).display = bool(self._outline_width)
        self.outline.styles.width = self._outline_width or "1fr"

    def on_resize(self) -> None:
        """Lay all out for the new size."""
        if self.is_composed:
            self._lay_out()
            self.draw()
            self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.outline.recolour(palette)
        self.detail.recolour(palette)
        self.query_one(Upright).recolour(palette)

    def on_outline_moved(self) -> None:
        """The detail follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def on_outline_scrolled(self) -> None:
        """Other rows are on the screen."""
        self.write_frame()
        self._rest()

    def on_outline_opened(self) -> None:
        """A row was clicked twice."""
        self.action_open()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self._show_detail(new=True)
