"""A paste is text. Without this, an escape sequence in a paste arrives as keys, and a key may act.

Textual's parser, inside a bracketed paste, hands every sequence that it does not know on as single keys: a paste
that holds `ESC [ q` quits. So escape characters are taken out of a paste before the parser sees them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_CROWDED = "_came_with_others"


def came_alone(event: events.Key) -> bool:
    """Whether this key was the only one in its read: text pasted without brackets, or typed ahead, comes in a crowd."""
    return not getattr(event, _CROWDED, False)


class PasteParser(XTermParser):
    """Textual's parser of what a terminal sends, with pastes made harmless."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""

    def feed(self, data: str) -> Iterable[Message]:
        """What was sent, as messages. An empty text is the end of the input."""
        if not data:
            return super().feed(data)
        text = self.cleaned(data)
        made = list(super().feed(text)) if text else []
        if sum(isinstance(message, events.Key | events.Paste) for message in made) > 1:
            for message in made:
                setattr(message, _CROWDED, True)
        return made

    def cleaned(self, data: str) -> str:
        """The data without escape characters in pastes; the end of a paste may be split between two reads."""
        text, self._held = self._held + data, ""
        made: list[str] = []
        while text:
            before, marker, text = text.partition(_END if self._pasting else _BEGIN)
            if self._pasting and not marker:
                before, self._held = _split_before(before, _END)
            made.append(before.replace("\x1b", "").replace("\x9b", "") if self._pasting else before)
            made.append(marker)
            self._pasting ^= bool(marker)
        return "".join(made)


def _split_before(text: str, marker: str) -> tuple[str, str]:
    """The text, and the beginning of the marker that it ends with, if it does."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if marker.startswith(text[-length:]):
            return text[:-length], text[-length:]
    return text, ""


def install() -> None:
    """Have Textual's driver use this parser: it takes none as an argument."""
    if os.name == "posix":
        linux_driver.XTermParser = PasteParser  # type: ignore[attr-defined]  # the name that the driver looks up
