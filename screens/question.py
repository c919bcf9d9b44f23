"""The question before an act. It is answered by somebody who has read it, or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.pasting import came_alone

GRACE = 0.15
"""Seconds after a question came onto the screen in which nobody can have read it: a key then is no answer."""


class Question(ModalScreen[bool]):
    """Says what will happen, and waits for a `y` that somebody typed after reading it.

    Not a binding: nobody can map the answer to Enter, Space or the key that asked.
    """

    DEFAULT_CSS = """
    Question { align: left bottom; background: transparent; }
    Question > Vertical { height: auto; max-height: 90%; width: 1fr; background: $background; }
    Question Pages { height: auto; }
    """

    def __init__(self, title: str, lines: Sequence[Sequence[Piece]], palette: Palette) -> None:
        super().__init__()
        self._title = title
        self._lines = [list(line) for line in lines]
        self._palette = palette
        self._since = 0.0

    def compose(self) -> ComposeResult:
        """A rule with the title, what will happen, and how to answer."""
        with Vertical():
            yield Line(self._palette, fill="─", id="title")
            pages = Pages(self._palette, id="lines")
            pages.can_focus = False
            yield pages
            yield Line(self._palette, fill="─", id="foot")
            yield Line(self._palette, id="answer")

    def on_mount(self) -> None:
        """Draw, and begin to listen."""
        self.query_one("#title", Line).show([(f" {self._title} ", "warn")])
        pages = self.query_one("#lines", Pages)
        pages.styles.height = len(self._lines)
        pages.show(self._lines)
        self.query_one("#answer", Line).show(
            [(" type ", "dim"), ("y", "accent"), (" to do it   ", "dim"), ("Esc", "accent"), (" leaves", "dim")]
        )
        self._since = time.monotonic()

    def on_key(self, event: events.Key) -> None:
        """`y` by itself answers, Escape leaves, and no other key means anything."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(False)
        elif event.key == "y" and came_alone(event) and time.monotonic() - self._since >= GRACE:
            self.dismiss(True)
