"""Sources: where everything comes from, how it is doing, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from ..app.copies import Copy
from ..app.records import SourceState
from ..app.text import cells, clip, fit
from ..widgets.figures import age, count, moment, span
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.record_table import MARGIN, Column
from ..widgets.status import glyph, sign
from .changes import Changed
from .deck import Deck
from .list_screen import ListScreen
from .source import SourceScreen, source_copies

LONGEST = 200
"""Characters of an address that are looked at."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source and the clock."""

    state: SourceState
    now: int


def _name(row: SourceRow) -> Piece:
    return clip(row.state.name, 20), "text"


def ends_of(address: str, width: int) -> str:
    """An address in so many cells, cut in its middle: what tells one from another stands at its end."""
    text = clip(address, LONGEST)
    if cells(text) <= width or not text.isascii():
        return fit(text, width)
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"


def _state(row: SourceRow) -> Piece:
    found = condition(row.state, row.now)
    return f"{glyph(found)} {found.replace('_', ' ')}", sign(found).role


def _progress(row: SourceRow) -> Piece:
    state = row.state
    if state.done is None:
        return count(state.items), "text"
    return f"{count(state.done)} of {count(state.total)}", "run"


COLUMNS: dict[str, Column[SourceRow]] = {
    made.key: made
    for made in (
        Column[SourceRow](key="name", title="source", cell=_name, width=12, rank=0),
        Column[SourceRow](key="state", title="state", cell=_state, width=16, rank=0),
        Column[SourceRow](
            key="answered", title="answered", cell=lambda r: (age(r.state.last_ok_at, r.now) or "never", "text"),
            width=8, right=True, rank=1,
        ),
        Column[SourceRow](key="items", title="items", cell=_progress, width=15, right=True, rank=3),
        Column[SourceRow](
            key="next", title="next try", cell=lambda r: (moment(r.state.next_try_at, r.now), "dim"), width=8,
            right=True, rank=4,
        ),
        Column[SourceRow](
            key="sweep", title="a sweep", cell=lambda r: (span(r.state.sweep_period), "dim"), width=10, right=True,
            rank=5,
        ),
        Column[SourceRow](
            key="address", title="address", cell=lambda r: (clip(r.state.address, LONGEST), "dim"), width=26, rank=2
        ),
    )
}  # fmt: skip


NEEDED = {"name": 8, "state": 7}
"""Columns as wide as what stands in them, and at least so many cells."""


def fitted(states: Sequence[SourceState], now: int, room: int) -> dict[str, Column[SourceRow]]:
    """The columns for these sources in a table of `room` cells: no name is cut where there is room for it."""
    rows = [SourceRow(state, now) for state in states]
    found = dict(COLUMNS)
    for key, least in NEEDED.items():
        needs = (cells(found[key].cell(row)[0]) for row in rows)
        found[key] = replace(found[key], width=max(least, *needs, 0))
    left = room - MARGIN - 1 - sum(found[key].width + 2 for key in ("name", "state", "answered"))
    longest = max((cells(clip(state.address, LONGEST)) for state in states), default=0)
    width = max(20, min(longest, left, room // 2))
    found["address"] = replace(found["address"], cell=lambda r: (ends_of(r.state.address, width), "dim"), width=width)
    return found


class SourceRows:
    """All sources: a handful."""

    def __init__(self, states: Sequence[SourceState], now: int) -> None:
        self._rows = [SourceRow(state, now) for state in states]

    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    def rows(self, start: int, stop: int) -> list[SourceRow | None]:
        """These sources."""
        return [*self._rows[start:stop]]

    def key(self, index: int) -> str | None:
        """The key of the source."""
        return self._rows[index].state.source if index < len(self._rows) else None

    def depth(self, index: int) -> int:
        """The list is flat."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False


class SourcesScreen(ListScreen[SourceRow]):
    """The table of sources; the sentence of the one under the cursor stands on the lower rule."""

    NAME = "sources"
    FILTER_HINT = "words of a name, a state or an address"
    CSS_PATH = "sources.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.keys = list(COLUMNS)
        self._fitted: tuple[object, ...] = ()

    def column(self, key: str) -> Column[SourceRow] | None:
        """The column of a word."""
        return fitted(self.deck.states, self.deck.now(), self.app.size.width).get(key)

    def on_resize(self) -> None:
        """Give the columns what they need now."""
        if self.is_composed:
            self._fit()

    def _fit(self) -> None:
        """Lay the columns out anew where what stands in them, or the room for it, is of another length."""
        made = fitted(self.deck.states, self.deck.now(), self.app.size.width)
        widths = tuple(made[key].width for key in (*NEEDED, "address"))
        if widths != self._fitted:
            self._fitted = widths
            self.set_columns()

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, made.title) for key, made in COLUMNS.items()]

    def reload(self, *, keep: bool) -> None:
        """Show the sources that hold every word of the filter, sorted by a cell."""
        now = self.deck.now()
        words = self.filter.casefold().split()
        states = [s for s in self.deck.states if all(w in f"{s.name} {s.state} {s.address}".casefold() for w in words)]
        made = COLUMNS.get(self.sort[0])
        if made is not None:
            states.sort(key=lambda state: made.cell(SourceRow(state, now))[0], reverse=self.sort[1])
        self._fit()
        self.table.show(SourceRows(states, now), keep=keep)
        self.table.say([("no source is named in the settings, and none was found here", "text")])
        self._tell()

    def copies(self) -> Sequence[Copy]:
        """What helps to ask somebody about the source under the cursor."""
        row = self.table.row()
        return () if row is None else source_copies(row.state)

    def on_record_table_moved(self) -> None:
        """Tell about the source under the cursor."""
        self._tell()

    def _tell(self) -> None:
        row = self.table.row()
        if row is not None:
            self.say(row.state.sentence or "nothing is wrong with it", sign(condition(row.state, row.now)).role)

    def on_key(self, event: events.Key) -> None:
        """The sentence stays: it belongs to the cursor, not to the last key."""
        event.prevent_default()

    def open_row(self, row: SourceRow) -> None:
        """Its page, where the sentence has room."""
        self.app.push_screen(SourceScreen(self.deck, row.state.source))

    def cache_changed(self, changed: Changed) -> None:
        """Show the states as they are now."""
        super().cache_changed(changed)
        self.reload(keep=True)

    def time_passed(self) -> None:
        """Write the ages anew."""
        self.reload(keep=True)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many sources are well."""
        now = self.deck.now()
        good = sum(condition(state, now) == "ok" for state in self.deck.states)
        return [(" sources", "bright"), (f"   {good} of {len(self.deck.states)} well", "text")], []
