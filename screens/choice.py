"""Which of several things is meant: a key for each. Nothing is done here, each leads to a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from ..app.text import clip, shown
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette


class Way(NamedTuple):
    """One of them."""

    key: str
    says: str
    act: Callable[[], None]


class Choice(ModalScreen[Way | None]):
    """A line and a key for each way; Escape chooses none."""

    DEFAULT_CSS = """
    Choice { align: left bottom; background: transparent; }
    Choice > Vertical { height: auto; max-height: 90%; width: 1fr; background: $background; }
    Choice Pages { height: auto; }
    """

    def __init__(self, title: str, ways: Sequence[Way], palette: Palette) -> None:
        super().__init__()
        self._title, self._ways, self._palette = title, ways, palette

    def compose(self) -> ComposeResult:
        """A rule with the title, the ways, and how to leave."""
        with Vertical():
            yield Line(self._palette, fill="─", id="title")
            pages = Pages(self._palette, id="lines")
            pages.can_focus = False
            yield pages
            yield Line(self._palette, fill="─", id="foot")
            yield Line(self._palette, id="answer")

    def on_mount(self) -> None:
        """Draw."""
        self.query_one("#title", Line).show([(f" {shown(self._title)} ", "warn")])
        pages = self.query_one("#lines", Pages)
        pages.styles.height = len(self._ways)
        lines: list[list[Piece]] = [
            [(f" {way.key}", "accent"), (f"  {clip(way.says, 200)}", "text")] for way in self._ways
        ]
        pages.show(lines)
        self.query_one("#answer", Line).show([(" Esc", "accent"), (" leaves", "dim")])

    def on_key(self, event: events.Key) -> None:
        """A way's key chooses it, Escape leaves, and no other key means anything."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
        elif (way := next((way for way in self._ways if way.key == event.key), None)) is not None:
            self.dismiss(way)
