"""The half beside a run's outline: the chart of a metric, or the lines on anything else."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from ..app.records import Series
from ..widgets.chart import Chart
from ..widgets.curves import Curve
from ..widgets.line import Piece, drawn
from ..widgets.pages import Pages
from ..widgets.palette import Palette

AIRY = 28
"""Rows from which on an empty one parts the chart from what is said of it."""


class Upright(Widget):
    """A thin rule between two halves."""

    DEFAULT_CSS = "Upright { width: 1; height: 1fr; }"

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One cell of it."""
        return drawn([("│", "rule")], self.size.width, self._palette.styles)


class RunDetail(Vertical):
    """It never has the focus: the keys stay with the outline."""

    DEFAULT_CSS = "RunDetail { width: 1fr; height: 1fr; }"

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """A chart, and lines below it."""
        chart = Chart(self._palette)
        chart.can_focus = chart.display = False
        yield chart
        lines = Pages(self._palette)
        lines.can_focus = False
        yield lines

    @property
    def chart(self) -> Chart:
        """The chart; shown for metrics."""
        return self.query_one(Chart)

    @property
    def lines(self) -> Pages:
        """What is said in lines."""
        return self.query_one(Pages)

    def show_lines(self, lines: Sequence[Sequence[Piece]]) -> None:
        """Show lines and no chart."""
        self.chart.display = False
        self.lines.styles.height = "1fr"
        self.lines.show(lines)

    def show_curve(self, name: str, series: Series | None, facts: Sequence[Sequence[Piece]], height: int) -> None:
        """Show a metric's chart and what is known of it below, in `height` rows together."""
        chart = self.chart
        chart.display = True
        chart.title = name
        lines = [[], *facts] if height >= AIRY else facts
        self.lines.styles.height = min(len(lines), max(1, height // 2))
        self.lines.show(lines)
        chart.say("asked for …")
        chart.show([Curve(name, name, series)] if series is not None else [])

    def to_top(self) -> None:
        """Something else is shown: from its first line."""
        self.lines.action_top()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self.chart.recolour(palette)
        self.lines.recolour(palette)
