"""Events: everything that happened, newest first, and the stretches in which nobody looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.errors import QuarterdeckError
from ..app.event_copies import event_copies
from ..app.query import EVENTS, Node, parse
from ..app.records import Event, Gap, Subject
from ..app.text import clip
from ..widgets.figures import count
from ..widgets.line import Piece
from ..widgets.parted_table import PartedTable
from ..widgets.record_table import Column
from .changes import Changed
from .deck import Deck
from .event_columns import USUAL, across, columns
from .event_feed import EventFeed, Part
from .event_rows import EventLine, EventRows, starts_in
from .event_subjects import opened_by
from .event_words import STANDS, empty_words
from .list_screen import ListScreen
from .subjects import named

CHANGES_AT_MOST_EVERY = 1.0
"""Seconds between two questions while the syncer writes: a first sync tells of a million things ..."""

REST_AFTER_A_LIST = 4
"""... and so many times as long as the last answer took."""

LATE = 0.1
"""Seconds after which rows that did not come in time are asked for again."""

GAPS = 60 * 24 * 3_600_000
"""Milliseconds back from now in which stretches without a sync are told."""


class EventTable(PartedTable[EventLine]):
    """The table. It can be told where the event under the cursor stands now."""

    def stand(self, index: int) -> None:
        """Put the cursor on this row, which stays where the eye is; from the very top what is new comes above it."""
        if index != self.cursor:
            self.top = max(0, self.top + index - self.cursor) if self.top else 0
            self.cursor = index
            self._scroll_into_view()
            self.refresh()


class EventsScreen(ListScreen[EventLine]):
    """The list of events."""

    NAME = "events"
    TAB = "events"
    FILTER_HINT = "kind:alert model:churn actor:bo at > 2026-03-07 words"
    DEFAULT_SORT = ("at", True)
    CSS_PATH = "events.tcss"
    LEADING_KEYS = ("open", "changes", "events.page", "filter", "mark", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
        Binding("e", "page", "event", id="events.page", tooltip="The page of the event itself, with all it speaks of"),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._feed = EventFeed(deck.open_reader, deck.state.path, self._told)
        self._rows: EventRows | None = None
        self._total: int | None = None
        self._keeps = False
        self._dirty = False
        self._is_stale = False
        self._asked_at = 0
        self._took = 0
        self.keys = list(USUAL)
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": "", "sort": ""})

    def body(self) -> Iterable[Widget]:
        """The table."""
        yield EventTable(self.deck.palette, self._across, lambda line: False, id="table")

    def _across(self, line: EventLine, room: int, first: int) -> Sequence[Piece] | None:
        return across(line, room, self.deck.zone)

    # -- columns and filter -------------------------------------------------------------------------------------

    def _columns(self) -> dict[str, Column[EventLine]]:
        labels = {state.source: state.name for state in self.deck.states}
        return {one.key: one for one in columns(self.deck.zone, self.app.size.width, labels)}

    def column(self, key: str) -> Column[EventLine] | None:
        """The column of a word."""
        return self._columns().get(key)

    def columns(self) -> list[Column[EventLine]]:
        """The columns of the words in `keys`."""
        made = self._columns()
        return [made[key] for key in self.keys if key in made]

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, one.title) for key, one in self._columns().items()]

    def on_resize(self) -> None:
        """A stretch of time has more room, or less."""
        if self.is_composed:
            self.set_columns()

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """There is one order: what was last stands first."""
        self.say("events stand newest first: / narrows them", "dim")

    def filter_words(self) -> Iterable[str]:
        """The fields, and the kinds there are."""
        kinds = [f'kind:"{kind}"' if " " in kind else f"kind:{kind}" for kind in STANDS]
        return [*EVENTS.own, "age", *kinds]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=EVENTS)

    # -- reading ------------------------------------------------------------------------------------------------

    def first_rows(self) -> None:
        """Ask for the list."""
        self.table.say(empty_words(self.deck, "", is_read=False))
        self.reload(keep=False)

    def reload(self, *, keep: bool) -> None:
        """Ask for the list anew; what is on the screen stays until the answer is there."""
        self._is_stale = False
        self._keeps = keep
        self._asked_at = self.deck.now()
        here = self._here() if keep else None
        self._feed.ask(self._parsed(self.filter), here, tuple(gap.until for gap in self._gaps()))

    def _gaps(self) -> list[Gap]:
        """Stretches without a sync: of a filtered list they would part what is apart anyway."""
        return [] if self.filter else self.deck.state.gaps(self.deck.now() - GAPS)

    def _told(self, part: Part) -> None:
        """On the thread that reads."""
        self.call_later(self._take, part)

    def _take(self, part: Part) -> None:
        if not self._feed.is_current(part.number) or not self.is_ready:
            return
        if part.error:
            self.say(f"▲ the events could not be read: {part.error}", "warn")
            return
        gaps = self._gaps()
        if part.count is None:
            if not self._keeps:
                self._total = None
                self._show(self._rows_of(part.events, len(part.events), gaps, starts_in(part.events, gaps)), None)
            elif (place := self._place_in(part.events)) is not None and self._total is not None:
                # what is new at the top is seen before all are counted again
                number = max(self._total, len(part.events))
                self._show(self._rows_of(part.events, number, gaps, starts_in(part.events, gaps)), place)
            return
        self._took, self._total = self.deck.now() - self._asked_at, part.count
        self._show(self._rows_of(part.events, part.count, gaps, part.starts), part.place)

    def _rows_of(
        self, events: Mapping[int, Event], number: int, gaps: Sequence[Gap], starts: Mapping[int, int]
    ) -> EventRows:
        return EventRows(events, number, gaps, starts, self._window, self.deck.now())

    def _place_in(self, events: Mapping[int, Event]) -> int | None:
        """Where the event under the cursor stands among the first, with a screen of others below it."""
        here = self._here()
        place = next((at for at, one in events.items() if here is not None and one.id == here.id), None)
        return place if place is not None and place + self.size.height < len(events) else None

    def _show(self, rows: EventRows, place: int | None) -> None:
        table = self.table
        assert isinstance(table, EventTable)
        self._rows = rows
        keep = self._keeps
        table.show(rows, keep=keep)
        if keep and place is not None:  # where hundreds came in at once the table does not find it
            table.stand(rows.index_of(place))
        self._keeps = True
        table.say(empty_words(self.deck, self.filter, is_read=self._total is not None))
        self.write_frame()
        self._look_for_late()

    def _window(self, start: int, stop: int) -> Mapping[int, Event]:
        return self._feed.window(start, stop)

    def on_record_table_scrolled(self) -> None:
        """Rows that did not come in time are asked for again."""
        self.set_timer(LATE, self._look_for_late)

    def _look_for_late(self) -> None:
        if self._rows is not None and self._rows.is_waiting and self.is_ready:
            window = self.table.window
            self._rows.rows(window.start, window.stop)
            self.table.show(self._rows, keep=True)
            if self._rows.is_waiting:
                self.set_timer(LATE, self._look_for_late)

    def on_unmount(self) -> None:
        """Let go of the files."""
        self._feed.close()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        self._is_stale = self._is_stale or any(changed)
        if self._is_stale and self.is_current and not self._dirty:
            self._dirty = True
            self.set_timer(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_LIST * self._took / 1000), self._look_again)
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self._is_stale and self.is_ready and self.is_current:
            self.reload(keep=True)

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.reload(keep=True)

    # -- what is under the cursor -------------------------------------------------------------------------------

    def _here(self) -> Event | None:
        rows = self._rows
        return rows.event(self.table.cursor) if rows is not None and self.is_composed else None

    def open_row(self, line: EventLine) -> None:
        """Open what the event speaks of; where that has no screen, or is gone, the event itself."""
        if line.event is None:
            self.say("nobody looked in this time: what happened then is known as a range only", "dim")
            return
        from .places import screens_at  # here: it leads to all screens

        subject = opened_by(line.event)
        try:
            screens = screens_at(self.deck, subject) if subject is not None else []
        except QuarterdeckError:
            screens = []
        if screens:
            self.app.push_screen(screens[-1])
        else:
            self.action_page()

    def action_page(self) -> None:
        """Open the page of the event itself."""
        from .event import EventScreen  # with what it brings, when it is wanted

        here = self._here()
        if here is None:
            self.say("there is no event here to open", "dim")
        else:
            self.app.push_screen(EventScreen(self.deck, here.id, here))

    def subject_here(self) -> Subject | None:
        """What the event under the cursor speaks of, else the event."""
        here = self._here()
        return (opened_by(here) or named("event", here.id)) if here is not None else None

    def copies(self) -> Sequence[Copy]:
        """The marked events that are known here, else the one under the cursor, in every form."""
        marked = [event for index in self.table.window if self._rows is not None
                  and (event := self._rows.event(index)) is not None and event.id in self.table.marked]  # fmt: skip
        here = self._here()
        return event_copies(marked or ([here] if here is not None else []),
                            {state.source: state.name for state in self.deck.states})  # fmt: skip

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many, and the filter."""
        left: list[Piece] = [(" events", "bright"), (f"   {count(self._total)}", "text")]
        left += [*self.filter_pieces(self.size.width - 40), *self.marked_pieces()]
        where = f"newest first, times {clip(self.deck.zone_name, 20)} " if self.size.width >= 100 else ""
        return left, [(where, "dim")]
