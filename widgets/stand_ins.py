"""What is painted instead of our signs where a terminal draws ASCII only: rules, arrows, the cursor, the ellipsis.

It is done where lines leave for the screen, so that no widget has to think of it. What is not in the table stays as
it is: the name of a run is nobody's to change, and a chart has signs of its own.
"""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from .status import ALL_SIGNS, is_ascii_only

_OTHERS: Final = {
    "─": "-", "│": "|", "┊": ":", "├": "|", "└": "`", "█": "#", "░": ".",
    "▸": ">", "▾": "v", "‹": "<", "›": ">", "✓": "*", "•": "*", "…": "~", "±": "~", "≠": "!", "−": "-", "×": "x",
    "Δ": "d",
    "↑": "^", "↓": "v", "→": ">", "←": "<", "≤": "<", "≥": ">",
    "“": '"', "”": '"', "‘": "'", "’": "'",
}  # fmt: skip
STAND_INS: Final = {sign.glyph: sign.ascii for sign in ALL_SIGNS if not sign.glyph.isascii()} | _OTHERS
"""Sign -> stand-in, one cell each, so that no column moves."""

_KEYS: Final = {"⌫": "Bksp", "⏎": "Enter", "↑": "Up", "↓": "Down", "←": "Left", "→": "Right"}
"""Textual's own signs for keys. A key has room for its name."""

_TABLE: Final = str.maketrans(STAND_INS)


class AsciiOnly(LineFilter):
    """Textual's filter of all lines. Free for lines that are ASCII already."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with stand-ins."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_TABLE), segment.style, segment.control)
            for segment in segments
        ]


_ASCII_ONLY: Final = AsciiOnly()  # one for all: strips keep what a filter made of them


def key_word(display: str) -> str:
    """A key as Textual displays it, in what this terminal draws."""
    return _KEYS.get(display, display) if is_ascii_only() else display


def painted_with() -> list[LineFilter]:
    """The filters that this terminal needs."""
    return [_ASCII_ONLY] if is_ascii_only() else []
