"""A line on a page that takes text: a reason, a name. Its place is drawn with a thin line while it is empty."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from .pasting import came_alone

APART = 0.03
"""Seconds between a key and Enter, at least: fingers take longer, and a paste that comes in two pieces does not."""

LINE = "_"
"""What the place of an empty field is drawn with."""


class Field(Input):
    """One line. Enter says whether it came alone: what is pasted without brackets answers nothing."""

    DEFAULT_CSS = """
    Field { height: 1; border: none; padding: 0; width: 1fr; background: $background; color: $foreground; }
    Field:focus { border: none; background: $background; background-tint: $background 0%; }
    Field > .input--placeholder { color: $foreground 40%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave the field", id="field.leave", show=False),
    ]

    class Entered(Message):
        """Enter was pressed."""

        def __init__(self, field: Field, *, alone: bool) -> None:
            super().__init__()
            self.field, self.alone = field, alone

    class Left(Message):
        """Escape was pressed."""

    def __init__(self, id: str, longest: int = 200) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, select_on_focus=False, compact=True, max_length=longest, placeholder=LINE * 200)
        self.cursor_blink = False  # a blinking cursor sends bytes for ever
        self._alone = False
        self._last = 0.0

    def clear_text(self) -> None:
        """Take away what was typed; nobody is told."""
        with self.prevent(Input.Changed):
            self.value = ""

    def on_key(self, event: events.Key) -> None:
        """Remember how Enter came, before it is taken for what it is."""
        self._alone = came_alone(event) and event.time - self._last >= APART
        self._last = event.time

    def on_input_changed(self, event: Input.Changed) -> None:
        """Nobody but the field's own reader is told."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(self.Entered(self, alone=self._alone))

    def action_leave(self) -> None:
        """Give the keys back."""
        self.post_message(self.Left())
