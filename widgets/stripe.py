"""Some columns of a picture, as a widget of their own."""

from __future__ import annotations

from typing import Final, Protocol

from textual.strip import Strip
from textual.widget import Widget

STRIPE: Final = 14
"""Columns that are painted together."""


class Lines(Protocol):
    """Whose columns they are."""

    def strip(self, y: int) -> Strip:
        """A whole line."""


class Stripe(Widget):
    """Some columns of a chart.

    Textual paints a line from the left edge of its widget up to the cell that changed, so a cursor near the right
    end would send whole lines: 8 KB a move on 110x30 instead of 2.
    """

    DEFAULT_CSS = f"Stripe {{ width: {STRIPE}; height: 1fr; }}"

    def __init__(self, lines: Lines, start: int) -> None:
        super().__init__()
        self._lines = lines
        self.start = start
        """The first of its columns, in those of the chart."""

    def render_line(self, y: int) -> Strip:
        """Its part of the chart's line."""
        return self._lines.strip(y).crop(self.start, self.start + self.size.width)
