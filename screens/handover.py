"""The shift as it is handed over: read, copied, or kept for whoever comes next."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.text import safe_lines
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .deck import Deck
from .frame import FrameScreen
from .notes import keep_handover
from .run_details import wrap


class HandoverScreen(FrameScreen):
    """The Markdown of the shift, from the last hand-over until now."""

    TAB = "watch"
    LEADING_KEYS = ("handover.keep", "copy")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "keep", "hand over", id="handover.keep",
                tooltip="Keep it as the hand-over, and share it with the team: the next shift begins now"),
        Binding("escape", "back", "back", id="handover.back", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._text = ""

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Pages(self.deck.palette, id="page")

    def on_mount(self) -> None:
        """Gather what belongs to the shift."""
        if self.is_composed:
            self.query_one(Pages).focus()
            self.query_one(Pages).show([[(" gathering the shift …", "dim")]])
            self.run_worker(self._gather, thread=True, group="handover", exit_on_error=False)

    def _gather(self) -> None:
        assert self.deck.noting is not None
        noting, reader = self.deck.noting(), self.deck.open_reader()
        try:
            text = noting.markdown(noting.shift(reader, time.time_ns() // 1_000_000))
        finally:
            reader.close()
        self.app.call_from_thread(self._show, text)

    def _show(self, text: str) -> None:
        self._text = text
        self._draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "handover":
            self.say(f"▲ the shift could not be gathered: {event.worker.error}", "warn")

    def on_resize(self) -> None:
        """Lay it out for another width."""
        self._draw()

    def _draw(self) -> None:
        if self.is_composed and self.size.width and self._text:
            self.query_one(Pages).show(markdown_lines(self._text, self.size.width))
            self.write_frame()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.query_one(Pages).recolour(palette)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What this is."""
        return [(" hand-over ", "dim"), ("the shift, as Markdown", "bright")], []

    def copies(self) -> Sequence[Copy]:
        """The whole of it."""
        return [Copy("Markdown", self._text)] if self._text else []

    def action_keep(self) -> None:
        """Keep it for the team."""
        if self._text:
            keep_handover(self, self._text)
        else:
            self.say("the shift is not gathered yet", "dim")


_MARKS: Final = re.compile(r"\\(.)|\*\*")
"""What makes a sign a sign in Markdown, and what makes words bold."""


def markdown_lines(text: str, width: int) -> list[list[Piece]]:
    """Markdown as it is read: headings bright, points below each other, without the marks that keep words words.

    It is copied and kept as it is written.
    """
    return [line for written in text.splitlines() for line in _line(written, max(20, width - 3))]


def _line(written: str, width: int) -> list[list[Piece]]:
    """A line of it, and those that it takes; what follows a point stands below its words."""
    said = _MARKS.sub(lambda mark: mark[1] or "", written.strip()).replace("&amp;", "&")
    indent = " " * min(8, len(written) - len(written.lstrip()))
    hanging = indent + ("  " if said.startswith("- ") else "")
    role = "bright" if written.startswith("#") else "text"
    parts = wrap(safe_lines(said), width - len(hanging)) or [""]
    return [[(f" {hanging if number else indent}{part}", role)] for number, part in enumerate(parts)]
