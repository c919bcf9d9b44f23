"""One line of production, whole: its curve with all keys, when it was bad, how fast its budget goes, what it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.monitor_copies import alert_copies, series_copies
from ..app.records import Alert, MonitorSeries, Subject
from ..app.store.reading import Reader
from ..app.text import shown
from ..widgets.curves import Reading
from ..widgets.figures import count, figure, moment
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from ..widgets.palette import Palette
from ..widgets.status import glyph, sign
from .alert_standing import StandsFor
from .alias_history import History
from .changes import Changed
from .deck import Deck
from .page import PageScreen
from .page_rows import Row, outline
from .run_details import Lines, Sight
from .series_facts import Move, SeriesFacts, series_facts, with_moves
from .series_lines import draw_series_row, series_detail, series_head, series_parts
from .serving_chart import RANGES, USUAL, ChartQuestion, SeriesChart, promotions
from .serving_links import ServingKeys
from .serving_words import titled
from .subjects import named

AROUND = 0.5
"""Of the length of a bad stretch, what is drawn on each side of it when somebody looks closer."""


class SeriesScreen(ServingKeys, StandsFor, PageScreen[SeriesFacts]):
    """The page of the series of this key."""

    TAB = "serving"
    CSS_PATH = "series.tcss"
    LEADING_KEYS = ("page.open", "changes", "series.range", "series.right", "series.next", "series.big", "page.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "range(1)", "range", id="series.range", tooltip="How far back: 6 h, 1 d, 7 d, 30 d"),
        Binding("I", "range(-1)", "A shorter range", id="series.range_before", show=False),
        Binding("right", "cursor(1)", "read", id="series.right", key_display="←→",
                tooltip="Read the curve point by point"),
        Binding("left", "cursor(-1)", "Cursor left", id="series.left", show=False),
        Binding("shift+right", "cursor(10)", "Cursor right by ten", id="series.far_right", show=False),
        Binding("shift+left", "cursor(-10)", "Cursor left by ten", id="series.far_left", show=False),
        Binding("plus", "zoom(0.5)", "Zoom in around the cursor", id="series.zoom_in", show=False),
        Binding("minus", "zoom(2)", "Zoom out", id="series.zoom_out", show=False),
        Binding("z", "whole", "The whole range", id="series.whole", show=False),
        Binding("e", "log_scale", "Log scale on and off", id="series.log", show=False),
        Binding("less_than_sign", "smooth(-1)", "Less smoothing", id="series.less", show=False),
        Binding("greater_than_sign", "smooth(1)", "More smoothing", id="series.more", show=False),
        Binding("n", "next(1)", "next", id="series.next", tooltip="The next series of the same model"),
        Binding("N", "next(-1)", "Series before", id="series.before", show=False),
        Binding("f", "big", "big chart", id="series.big", tooltip="Give the chart all the room, or no more"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, key: str) -> None:
        super().__init__(deck)
        self.key = key
        self._range = USUAL
        self._is_big = False

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands, the chart, what the cursor reads; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        yield SeriesChart(palette, self.deck, id="chart")
        yield Line(palette, id="readout")
        yield from self.halves(Outline[Row](palette, self._draw_row, id="page"))

    @property
    def chart(self) -> SeriesChart:
        """The chart."""
        return self.query_one("#chart", SeriesChart)

    def _lay_out(self) -> None:
        """Share the rows between chart and outline."""
        super()._lay_out()
        room = self.room.height - 8
        self.chart.styles.height = max(6, room - 3 if self._is_big else room * 11 // 20)

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.chart.recolour(palette)

    # -- what it says -------------------------------------------------------------------------------------------

    def reading(self) -> Callable[[Reader], SeriesFacts | None]:
        """What reads the facts."""
        now = self.deck.now()
        question = ChartQuestion(
            key=self.key, since=now - RANGES[self._range].span, until=now, columns=self.room.width - 10
        )
        return partial(_read, question=question)

    def named(self) -> tuple[str, str]:
        """The series and whose it is."""
        series = self.facts.series if self.facts is not None else None
        if series is None:
            return "series", self.key
        version = f" v{series.version}" if series.version else ""
        return (f"{shown(series.model)}{version} ›" if series.model else "series"), titled(series)

    def is_about(self, changed: Changed) -> bool:
        """New points, alerts and moves of aliases."""
        return any((changed.monitors, changed.models, changed.promotions))

    def rows(self, facts: SeriesFacts, width: int) -> list[Row]:
        """Every line."""
        return outline(series_parts(facts, self.sight(width)), self.needle)

    def draw_row(self, row: Row, facts: SeriesFacts, width: int) -> list[Piece]:
        """A line."""
        return draw_series_row(row, width, self.sight(width))

    def head(self, facts: SeriesFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How it stands, its figure and since when."""
        return series_head(facts, self.sight(self.room.width))

    def details(self, row: Row, facts: SeriesFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        return series_detail(row, facts, sight)

    def draw(self) -> None:
        """Show the curve and what is known of it."""
        if self.is_composed and self.facts is not None:
            facts, deck = self.facts, self.deck
            found = facts.drawn
            marks = promotions(
                History(deck.reader, deck.state), deck.reader, facts.series.model, deck.outlook.aliases,
                found.since, found.until,
            )  # fmt: skip
            self.facts = with_moves(facts, marks)
            self.chart.draw_line(found, marks, titled(facts.series))
            self._read_out()
        elif self.is_composed:
            self.chart.put_away("" if self.is_read else "reading …")
        super().draw()

    # -- the chart ----------------------------------------------------------------------------------------------

    def on_chart_moved(self) -> None:
        """The cursor reads something else."""
        self._read_out()

    def on_chart_changed(self) -> None:
        """Another window, scale or smoothing."""
        self._read_out()

    def _read_out(self) -> None:
        chart = self.chart
        said = [piece for reading in chart.readout() for piece in self._reading(reading)] if chart.cursor else []
        back = RANGES[self._range].word
        hint = f" the last {back}   i looks further back   + − z zoom   e log   < > smooth"
        self.query_one("#readout", Line).show(said or [(hint, "dim")])

    def _reading(self, reading: Reading) -> list[Piece]:
        facts = self.facts
        if reading.value is None or reading.at is None or facts is None:
            return [(" no point yet", "dim")]
        series = facts.series
        value = reading.value / 100 if series.objective is not None else reading.value
        stands = "nan" if reading.state == "nan" else "bad" if series.is_bad(value) else "good"
        made: list[Piece] = [
            (f" {moment(reading.at, self.deck.now(), self.deck.zone)}", "dim"),
            (f"   {figure(reading.value)}", "bright"),
            (f"   {glyph(stands)} {stands}", sign(stands).role),
        ]
        if reading.smoothed is not None:
            made.append((f"   smoothed {figure(reading.smoothed)}", "dim"))
        return made

    def action_cursor(self, by: int) -> None:
        """Read the curve point by point."""
        self.chart.action_move(by)

    def action_zoom(self, factor: float) -> None:
        """Zoom; beyond the whole range the next longer one is drawn."""
        if factor > 1 and self.chart.window is None and self._range < len(RANGES) - 1:
            self.action_range(1)
        else:
            self.chart.action_zoom(factor)

    def action_whole(self) -> None:
        """The whole range again."""
        if self.chart.window is None:
            self.say("the whole range is drawn already: i looks further back", "dim")
        self.chart.action_whole()

    def action_log_scale(self) -> None:
        """Switch the log scale."""
        self.chart.action_log()

    def action_smooth(self, by: int) -> None:
        """Smooth more, or less."""
        before = self.chart.smoothing
        self.chart.action_smooth(by)
        if self.chart.smoothing == before:
            self.say("more than this is not smoothed" if by > 0 else "it is drawn as it was measured", "dim")

    def action_range(self, by: int) -> None:
        """Look further back, or less far."""
        self._range = (self._range + by) % len(RANGES)
        self.chart.window = self.chart.cursor = None
        self.read()

    def action_big(self) -> None:
        """Give the chart all the room, or no more."""
        self._is_big = not self._is_big
        self._lay_out()

    def action_next(self, by: int) -> None:
        """Go on to another series of the same model."""
        keys = [one.key for one in self.facts.siblings] if self.facts is not None else []
        if len(keys) < 2 or self.key not in keys:
            self.say("its model has no other series", "dim")
            return
        self.key = keys[(keys.index(self.key) + by) % len(keys)]
        self.chart.window = self.chart.cursor = None
        self.outline.action_top()
        self.read()

    def action_leave(self) -> None:
        """Escape puts the cursor away, then the zoom, then the words that narrow the page; then it goes back."""
        if self.chart.cursor is not None:
            self.chart.cursor = None
        elif self.chart.window is not None:
            self.chart.window = None
        else:
            super().action_leave()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open what is under the cursor; a bad stretch is drawn closer."""
        row, facts = self.outline.entry(), self.facts
        if row is not None and facts is not None and isinstance(row.thing, tuple):
            began, ended = row.thing
            until = facts.drawn.until if ended is None else ended
            margin = max(AROUND * (until - began), 5 * facts.series.step)
            self.chart.window = (max(facts.drawn.since, began - margin), min(facts.drawn.until, until + margin))
        elif row is not None and facts is not None and isinstance(row.thing, Move):
            self._go(named("model", facts.series.model))
        else:
            super().action_open()

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the series."""
        return super().subject_here() or self.page_subject()

    def page_subject(self) -> Subject:
        """The series."""
        return named("series", self.key)

    def watched_here(self) -> MonitorSeries | Alert | None:
        """The series."""
        return self.facts.series if self.facts is not None else None

    def copies(self) -> Sequence[Copy]:
        """The alert under the cursor first, then the series in its forms, with the points that are drawn."""
        row, facts = self.outline.entry(), self.facts
        if facts is None:
            return ()
        own = series_copies([facts.series], self.deck.now(), facts.drawn.samples)
        alert = row.thing if row is not None else None
        return [*(alert_copies([alert])[:1] if isinstance(alert, Alert) else ()), *own]

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Whose it is and what it is called, which of how many, and how fresh its source is."""
        left, right = super().subject()
        facts = self.facts
        keys = [one.key for one in facts.siblings] if facts is not None else []
        if len(keys) > 1 and self.key in keys:
            left = [*left, (f"   {count(keys.index(self.key) + 1)} of {count(len(keys))}", "dim")]
        source = freshness(facts.source, self.deck.now()) if facts is not None and facts.source is not None else []
        return left, [*right, ("  ", "text"), *source, (" ", "text")] if source else right


def _read(reader: Reader, question: ChartQuestion) -> SeriesFacts | None:
    return series_facts(reader, question)
