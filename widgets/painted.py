"""What the terminal shows, line by line, so that no line is sent twice.

Textual paints a whole screen two to four times while one is opened or left: once for each layout and each resume.
That is 9 to 30 kB over a slow line, and some 20 ms in which nothing new is seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

from .pen import sparing


class Lines(CompositorUpdate):
    """Some whole lines of the screen, rendered."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._lines = tuple(lines)

    def render_segments(self, console: Console) -> str:
        """The escape sequences and text of all of them."""
        return "".join(f"{Control.move_to(0, y).segment.text}{text}" for y, text in self._lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self.render_segments(console), None, [])


class Sparing(CompositorUpdate):
    """An update that says colours where they change."""

    def __init__(self, update: CompositorUpdate) -> None:
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Its escape sequences and text."""
        return sparing(self._update.render_segments(console))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self.render_segments(console), None, [])


class Painted:
    """The lines as they were sent last; one that was painted in part only is not known."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._lines: dict[int, str] = {}

    def forget(self) -> None:
        """Somebody else wrote on the terminal, or it was cleared: whatever comes next is sent."""
        self._lines.clear()

    def differing(self, update: RenderableType, size: Size, console: Console) -> RenderableType | None:
        """What of an update is not on the screen yet; None when all of it is. It counts as sent from now on."""
        if size != self._size:
            self._size = size
            self.forget()
        found = self._differing(update, console)
        return Sparing(found) if isinstance(found, CompositorUpdate) else found

    def _differing(self, update: RenderableType, console: Console) -> RenderableType | None:
        if isinstance(update, LayoutUpdate):
            return self._of_layout(update, console)
        if isinstance(update, ChopsUpdate):
            return self._of_chops(update, console)
        self.forget()
        return update

    def _of_layout(self, update: LayoutUpdate, console: Console) -> RenderableType | None:
        if update.region != self._size.region:
            self.forget()
            return update
        lines = {y: _rendered(strips, console) for y, strips in enumerate(update.strips)}
        return self._sent(lines)

    def _of_chops(self, update: ChopsUpdate, console: Console) -> RenderableType | None:
        width = self._size.width
        spans = update.spans
        if any(x1 > 0 or x2 < width or None in update.chops[y].values() for y, x1, x2 in spans):
            for y, _, _ in spans:
                self._lines.pop(y, None)
            return update
        return self._sent(
            {y: _rendered((s for s in update.chops[y].values() if s is not None), console) for y, _, _ in spans}
        )

    def _sent(self, lines: dict[int, str]) -> RenderableType | None:
        differing = [(y, text) for y, text in lines.items() if self._lines.get(y) != text]
        self._lines.update(lines)
        return Lines(differing) if differing else None


def _rendered(strips: Iterable[Strip], console: Console) -> str:
    return "".join(strip.render(console) for strip in strips)
