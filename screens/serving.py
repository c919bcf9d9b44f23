"""Serving: what production does, a line a model version, and below it the chart of the line under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.monitor_copies import alert_copies, series_copies
from ..app.query import SERIES as SERIES_FIELDS
from ..app.query import Node, parse
from ..app.records import SERIES_STATES, Alert, MonitorSeries, Subject
from ..widgets.figures import count
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.palette import Palette
from ..widgets.record_table import Column
from .alias_history import History
from .asking import Asking
from .changes import Changed
from .deck import Deck
from .held_list import BY_TROUBLE, HeldList
from .run_pane import WITH_PANE
from .serving_chart import RANGES, USUAL, ChartQuestion, Drawn, drawn, promotions
from .serving_columns import SERIES, ServingTable, across, chosen_of, column, columns, name_of, ordered, propose
from .serving_links import ServingKeys
from .serving_pane import ServingPane, pane_width
from .serving_rows import Listed, Question, Seen, ServingLine, ServingRows, listed, passing
from .serving_words import empty_words, monitor_states, tally_pieces
from .subjects import named


class ServingScreen(HeldList[ServingLine, Question, Listed], ServingKeys):
    """The table of production, and the chart."""

    NAME = "serving"
    TAB = "serving"
    FILTER_HINT = "model:churn state:bad value > 100 kind:business words"
    CSS_PATH = "serving.tcss"
    answers = staticmethod(listed)
    LEADING_KEYS = ("open", "changes", "serving.series", "serving.range", "filter", "sort", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
        Binding("right", "series(1)", "series", id="serving.series", key_display="←→",
                tooltip="Draw the chart of the next series of this version"),
        Binding("left", "series(-1)", "Series before", id="serving.series_before", show=False),
        Binding("i", "range(1)", "range", id="serving.range",
                tooltip="How far back the chart looks: 6 h, 1 d, 7 d, 30 d"),
        Binding("I", "range(-1)", "A shorter range", id="serving.range_before", show=False),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._shown: list[ServingLine] = []
        self._chosen = ("", "")
        """Key and name of the series whose chart somebody asked for."""
        self._range = USUAL
        self._history: History | None = None
        self._read_at = 0
        self._charting = Asking(deck.open_reader, drawn, self._charted)
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and the chart beside it or below."""
        palette = self.deck.palette
        with Horizontal():
            yield ServingTable(palette, self._across, lambda line: False, id="table")
            yield ServingPane(palette, self.deck, id="pane")

    @property
    def pane(self) -> ServingPane:
        """The chart and what is known of its line."""
        return self.query_one("#pane", ServingPane)

    def _across(self, line: ServingLine, room: int, first: int) -> Sequence[Piece] | None:
        return across(line, room, first, self.deck.zone)

    @property
    def room(self) -> int:
        """Columns of the table."""
        width = self.app.size.width
        return width - pane_width(width) if width >= WITH_PANE else width

    def on_resize(self) -> None:
        """The columns have another room, too."""
        if self.is_composed:
            self.set_columns()

    def share_room(self) -> None:
        """Give the chart its room, where there is a line to draw."""
        if self.is_composed:
            self.pane.take_room(self.app.size.width, self.app.size.height, len(self._shown))

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)

    # -- columns, filter, order ---------------------------------------------------------------------------------

    @property
    def _lines(self) -> Sequence[ServingLine]:
        return self._listed.lines if self._listed is not None else ()

    def column(self, key: str) -> Column[ServingLine] | None:
        """The column of a word."""
        return column(key, self._lines, self.room, self.deck.zone, kept=self.chosen)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, one.title) for key, one in columns(self._lines, self.room).items()]

    def filter_words(self) -> Iterable[str]:
        """The fields, how a line can stand, and models."""
        lines = self._lines
        models = dict.fromkeys(f"model:{line.model}" for line in lines if line.model and line.model.isidentifier())
        return [*SERIES_FIELDS.own, "age", *(f"state:{state}" for state in SERIES_STATES if " " not in state), *models]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=SERIES_FIELDS)

    def read(self) -> None:
        """Read anew, the aliases as well."""
        self._history = None
        self._read_at = self.deck.now()
        super().read()

    def question(self) -> Question:
        """What production does, as of now."""
        return Question(now=self._read_at, production=self.deck.outlook.aliases)

    def takes(self, answer: Listed) -> bool:
        """While it is read anew what was known stays in sight."""
        return answer.is_whole or self._listed is None or not self._listed.is_whole

    def show_held(self, *, keep: bool) -> None:
        """Show the lines that match, in order."""
        self._shown = ordered(passing(self._lines, self._parsed(self.filter)), self.sort)
        if not self.chosen:
            self.keys = propose(self._lines)
        self.share_room()
        self.set_columns()
        self.table.show(ServingRows(self._shown), keep=keep)
        self.table.say(self.empty_words())
        self.write_frame()
        self._rest()

    def empty_words(self) -> Sequence[Piece]:
        """What stands where there is no line."""
        return empty_words(self.deck, self.filter)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "chart":
            self.say(f"▲ the points of this line could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file of the chart, too."""
        self._charting.close()

    # -- what is under the cursor -------------------------------------------------------------------------------

    def seen_here(self) -> Seen | None:
        """The series whose chart is drawn: of the line under the cursor the chosen one, else its worst."""
        line = self._drawn_here()
        if line is None or not line.seen:
            return None
        key, name = self._chosen
        exact = next((one for one in line.each if one.series.key == key), None)
        return exact or chosen_of(line.seen.get(name) or line.each, line.now)

    def _drawn_here(self) -> ServingLine | None:
        """The line whose series are drawn: that under the cursor, of an alert the version that it stands below."""
        line = self.table.row() if self.is_composed else None
        alert = line.alert if line is not None else None
        if alert is None:
            return line
        return next((one for one in self._shown if alert in one.alerts), line)

    def action_series(self, by: int) -> None:
        """Draw the chart of another series of the version here."""
        line, here = self._drawn_here(), self.seen_here()
        if line is None or here is None or len(line.each) < 2:
            self.say("there is no other series here to draw", "dim")
            return
        keys = [one.series.key for one in line.each]
        to = line.each[(keys.index(here.series.key) + by) % len(keys)].series
        self._chosen = (to.key, to.name)
        self._draw_chart()

    def action_range(self, by: int) -> None:
        """Look further back, or less far."""
        self._range = (self._range + by) % len(RANGES)
        self._draw_chart()
        self.say(f"the chart looks back {RANGES[self._range].word}", "dim")

    def rested(self) -> None:
        """Draw the line under the cursor."""
        self._draw_chart()

    def _draw_chart(self) -> None:
        """Have the points of the series here read, and drawn when they come."""
        here, line = self.seen_here(), self._drawn_here()
        if here is None:
            self.pane.put_away(_nothing_to_draw(line))
            return
        table = self.table
        if isinstance(table, ServingTable):
            table.point_at(here.series.name if line is not None and line.kind == "version" else "")
        now = self.deck.now()
        question = ChartQuestion(
            key=here.series.key, since=now - RANGES[self._range].span, until=now, columns=self.pane.columns
        )
        work = partial(self._charting.ask, self._charting.stop(), question)
        self.run_worker(work, thread=True, group="chart", exit_on_error=False)

    def _charted(self, number: int, found: Drawn | None) -> None:
        """On the thread that asks."""
        self.call_later(self._take_chart, number, found)

    def _take_chart(self, number: int, found: Drawn | None) -> None:
        here, line = (self.seen_here(), self._drawn_here()) if self.is_ready else (None, None)
        if not self._charting.is_current(number) or here is None or found is None or line is None:
            return
        if found.series.key == here.series.key:
            self.pane.draw(found, here, self._promotions(found), self.deck, name_of(line) if line.model else "")

    def _promotions(self, found: Drawn) -> list[tuple[int, str]]:
        deck = self.deck
        self._history = self._history or History(deck.reader, deck.state)
        return promotions(
            self._history, deck.reader, found.series.model, deck.outlook.aliases, found.since, found.until
        )

    # -- news ---------------------------------------------------------------------------------------------------

    def is_about(self, changed: Changed) -> bool:
        """Whether the lines may be others."""
        return changed.monitors or changed.models or changed.promotions

    def time_passed(self) -> None:
        """Read anew once a minute: a line may be stale by now."""
        super().time_passed()
        if self.deck.now() - self._read_at >= 60_000:
            self.read()

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: ServingLine) -> None:
        """Open the alert, or the series whose chart is drawn; of a version that nothing watches its page."""
        from .places import screens_at  # here: it leads to all screens

        subject = self.subject_here()
        if subject is not None:
            self.app.push_screen(screens_at(self.deck, subject)[-1])

    def subject_here(self) -> Subject | None:
        """The alert, the series whose chart is drawn, or the version."""
        line = self.table.row() if self.is_composed else None
        if line is None:
            return None
        if line.alert is not None:
            return named("alert", line.alert.fingerprint)
        if (here := self.seen_here()) is not None:
            return named("series", here.series.key)
        return named("model", line.model, *([line.version] if line.version else []))

    def watched_here(self) -> MonitorSeries | Alert | None:
        """The series whose chart is drawn, or the alert."""
        line, here = self.table.row(), self.seen_here()
        if line is not None and line.alert is not None:
            return line.alert
        return here.series if here is not None else None

    def copies(self) -> Sequence[Copy]:
        """The series or the alert here, in every form."""
        line, here = self.table.row(), self.seen_here()
        if line is not None and line.alert is not None:
            return alert_copies([line.alert])
        return series_copies([here.series], self.deck.now()) if here is not None else ()

    # -- what is kept, and words ----------------------------------------------------------------------------------

    def looks(self) -> dict[str, Any]:
        """Filter, sort and columns, and how far back the chart looks."""
        return super().looks() | {"range": RANGES[self._range].word}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        super().look(kept)
        self._range = next((at for at, one in enumerate(RANGES) if one.word == kept.get("range")), USUAL)
        known = self.sort[0].startswith(SERIES) or self.sort[0] in ("name", "alias", "burn", "labels", "age")
        if not known:
            self.sort = BY_TROUBLE

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many versions, how all lines stand, the filter, and how fresh each source is."""
        lines = self._lines
        versions = sum(line.kind == "version" for line in lines)
        left: list[Piece] = [(" serving", "bright")]
        if lines:
            left.append((f"   {count(versions)} version{'s' * (versions != 1)}", "text"))
            firing = sum(line.alert is not None and line.alert.state == "firing" for line in lines)
            left += tally_pieces([state for line in lines for state in line.states()], firing)
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, self._freshness()

    def _freshness(self) -> list[Piece]:
        made: list[Piece] = []
        if self.sort != BY_TROUBLE:
            made = [(f"by {self.sort[0].removeprefix(SERIES)} {'↓' if self.sort[1] else '↑'}   ", "dim")]
        for state in monitor_states(self.deck.states)[: 1 if self.size.width < 120 else 4]:
            made += [*freshness(state, self.deck.now()), ("  ", "text")]
        return [*made[:-1], (" ", "text")] if made else []


def _nothing_to_draw(line: ServingLine | None) -> str:
    if line is None:
        return ""
    if line.alert is not None:
        return "an alert has no curve of its own: Enter tells more of it"
    return "nothing watches this version: [[monitors.series]] in quarterdeck.toml names what should"
