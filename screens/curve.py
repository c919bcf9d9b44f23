"""One metric of a run on the whole screen: its chart with all keys, what the cursor reads, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.text import clip
from ..widgets.chart import Chart
from ..widgets.curves import Curve, Reading
from ..widgets.figures import count, figure, moment, span
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .deck import Deck
from .run_details import Sight, head, metric_facts
from .run_view import TALL, RunView

CHART_KEYS = (
    ("chart.left", "chart.right", "cursor"),
    ("chart.zoom_in", "chart.zoom_out", "zoom"),
    ("chart.whole", "", "whole"),
    ("chart.axis", "", "axis"),
    ("chart.log", "", "log"),
    ("chart.less", "chart.more", "smooth"),
    ("chart.leave", "", "put away"),
)
"""The chart's keys as the key line names them: two ids of bindings at most, and what they do."""


class CurveScreen(RunView):
    """A chart with the focus. `names` are the metrics that PgUp and PgDn lead through."""

    TAB = "runs"
    CSS_PATH = "run.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "next(1)", "next metric", id="curve.next", key_display="PgDn"),
        Binding("pageup", "next(-1)", "Metric before", id="curve.before", show=False),
        Binding("escape", "back", "back", id="curve.back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, run_id: str, name: str, names: Sequence[str] = ()) -> None:
        super().__init__(deck, run_id)
        self.name_here = name
        self._names = list(names) or [name]

    def body(self) -> Iterable[Widget]:
        """How the run stands, the chart, the readout and what is known."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        yield Chart(palette, zone=self.deck.zone, id="page")
        yield Line(palette, id="readout")
        facts = Pages(palette, id="facts")
        facts.can_focus = False
        yield facts

    @property
    def chart(self) -> Chart:
        """The chart."""
        return self.query_one("#page", Chart)

    def on_mount(self) -> None:
        """Show what the cache knows."""
        if self.is_composed:
            self.set_class(self.room.height >= TALL, "tall")
            self.chart.focus()
            self.read()

    def on_resize(self) -> None:
        """Lay the lines out for another width."""
        self.set_class(self.room.height >= TALL, "tall")
        self.draw()

    def draw(self) -> None:
        """Show the curve and what is known of it."""
        facts, name = self.facts, self.name_here
        if not self.is_composed:
            return
        if facts is None or name not in facts.run.metrics:
            self.chart.say(f"the cache has no metric {clip(name, 40)} of this run")
            self.chart.show([])
            self.write_frame()
            return
        self.want_histories([name])
        self.want_extremes([name])
        series = self.series(name)
        sight = Sight(self.room.width, self.deck.now(), self.deck.zone, self.deck.better)
        self.query_one("#head", Line).show(*head(facts, sight))
        self.chart.title = name
        self.chart.say("asked for …")
        self.chart.show([Curve(name, name, series)] if series is not None else [])
        lines = metric_facts(name, facts, series, sight)
        self.query_one("#facts", Pages).styles.height = len(lines)
        self.query_one("#facts", Pages).show(lines)
        self._read_out()
        self.write_frame()

    def curves_in_sight(self) -> Sequence[str]:
        """The metric that is shown."""
        return [self.name_here]

    def on_chart_moved(self) -> None:
        """The cursor reads something else; whether there is one to put away is on the key line."""
        self._read_out()
        self.write_frame()

    def on_chart_changed(self) -> None:
        """Another axis has other words."""
        self._read_out()

    def _read_out(self) -> None:
        said = [piece for reading in self.chart.readout() for piece in self._reading(reading)]
        if self.chart.cursor is None:
            said = [(" left and right read the curve", "dim")]
        self.query_one("#readout", Line).show(said)

    def _reading(self, reading: Reading) -> list[Piece]:
        if reading.value is None or reading.step is None or reading.at is None:
            return [(" no point yet", "dim")]
        first = min(reading.curve.series.times)
        when = f"{moment(reading.at, self.deck.now(), self.deck.zone)}, {span(reading.at - first)} after the first"
        role = "bright" if reading.state == "finite" else "warn"
        return [
            (" step ", "dim"),
            (count(reading.step), "text"),
            ("   ", "dim"),
            (figure(reading.value), role),
            *([(", smoothed ", "dim"), (figure(reading.smoothed), "text")] if reading.smoothed is not None else []),
            (f"   {when}", "dim"),
        ]

    def action_next(self, by: int) -> None:
        """Go on to the next metric of the list that this was opened from."""
        at = self._names.index(self.name_here) if self.name_here in self._names else 0
        self.name_here = self._names[(at + by) % len(self._names)]
        self.chart.window = self.chart.cursor = None
        self.draw()

    def shown_keys(self) -> list[tuple[str, str]]:
        """The chart's keys first: this screen is there for them."""
        known = {
            active.binding.id: self.app.get_key_display(active.binding) for active in self.active_bindings.values()
        }
        made = [
            (" ".join(known[one] for one in (first, second) if one in known), says)
            for first, second, says in CHART_KEYS
            if first in known
        ]
        return [*made, *super().shown_keys()]

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self.draw()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.chart.recolour(palette)
        self.query_one("#facts", Pages).recolour(palette)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The run and the metric, which of how many, and how fresh the source is."""
        name = self.facts.run.name if self.facts else self.run_id
        left: list[Piece] = [(f" {clip(name or '–', 40)} › ", "dim"), (clip(self.name_here, 60), "bright")]
        if len(self._names) > 1 and self.name_here in self._names:
            left.append((f"   {count(self._names.index(self.name_here) + 1)} of {count(len(self._names))}", "dim"))
        return left, self.fresh()
