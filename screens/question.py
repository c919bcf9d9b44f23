"""The question before an act. It is answered by somebody who has read it, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer

from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.pasting import came_alone

GRACE = 0.15
"""Seconds after a question came onto the screen in which nobody can have read it: a key then is no answer."""

GRACE_UNBIDDEN = 1.0
"""The same for a question that came by itself after a wait: fingers may be under way to something else."""

LOOK = 0.2
"""Seconds between two looks whether the question is known by now."""

PATIENCE = 10.0
"""Seconds after which nobody waits any longer for it."""

Lines = Sequence[Sequence[Piece]]


class Question(ModalScreen[bool]):
    """Says what will happen, and waits for a `y` that somebody typed after reading it.

    Not a binding: nobody can map the answer to Enter, Space or the key that asked. Gives None where `later` never gave
    anything to ask.
    """

    DEFAULT_CSS = """
    Question { align: left bottom; background: transparent; }
    Question > Vertical { height: auto; max-height: 90%; width: 1fr; background: $background; }
    Question Pages { height: auto; }
    """

    def __init__(
        self, title: str, lines: Lines, palette: Palette, later: Callable[[], Lines | None] | None = None
    ) -> None:
        """Ask by these lines. With `later` they say what is waited for, and no key but Escape means anything.

        `later` gives the lines of the question as soon as they are known, None before; none at all: nothing is asked.
        """
        super().__init__()
        self._title = title
        self._lines = lines
        self._palette = palette
        self._later = later
        self._look_timer: Timer | None = None
        self._grace = GRACE
        self._since = time.monotonic()

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
        """Draw, and begin to listen, or to wait."""
        self.query_one("#title", Line).show([(f" {self._title} ", "warn")])
        if self._later is not None:
            self._look_timer = self.set_interval(LOOK, self._look)
        self._draw()

    def _draw(self) -> None:
        pages = self.query_one("#lines", Pages)
        pages.styles.height = len(self._lines)
        pages.show([list(line) for line in self._lines])
        asks: list[Piece] = [(" type ", "dim"), ("y", "accent"), (" to do it   ", "dim")]
        waits: list[Piece] = [(" ", "dim")]
        leaves: list[Piece] = [("Esc", "accent"), (" leaves", "dim")]
        self.query_one("#answer", Line).show([*(waits if self._later else asks), *leaves])
        self._since = time.monotonic()

    def _look(self) -> None:
        """Ask what was waited for, when it is known."""
        lines = self._later() if self._later is not None else None
        if lines:
            assert self._look_timer is not None
            self._look_timer.stop()
            self._later, self._lines, self._grace = None, lines, GRACE_UNBIDDEN
            self._draw()
        elif lines is not None or time.monotonic() - self._since >= PATIENCE:
            self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """`y` by itself answers, Escape leaves, and no other key means anything.

        What counts is when the key came, not when there was time for it. One that came too early begins the time to
        read anew: a key that is held down never answers.
        """
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(False)
        elif event.key == "y" and self._later is None:
            early = event.time - self._since < self._grace
            if early:
                self._since = event.time
            elif came_alone(event):
                self.dismiss(True)
