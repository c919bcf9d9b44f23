"""All that happened, of both files, in order of time: the first window at once, the whole list for who scrolls.

Kinds that the filter leaves out are not read. Of what may be a million (runs, commits, pipelines) SQLite tests the
filter; a window is read from the end of an index, and only what nothing near it passes has a table walked.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from heapq import merge
from itertools import islice
from typing import Final

from ..query import And, Compare, Field, Node, register_functions
from ..records import Event, Millis
from .data_events import data_events
from .event_feeds import BITS, Asked, Feed, ListFeed, Pair, StateFeed
from .event_keys import Keys
from .event_marks import Marks, marks
from .event_row_feed import RowFeed
from .event_rows import COMMITS, PIPELINES, RUNS
from .explainer import Explainer
from .model_events import entry_event, ledger_events, move_event, version_events
from .monitor_events import alert_ends, alert_events, threshold_events
from .note_events import note_event, shared_notes
from .reading import Reader
from .state import State

_ALWAYS: Final = 2**62
MOST_CHANGES: Final = 100_000
"""Of more than that a new list is as soon made: each costs 2 microseconds."""
_LEDGER: Final = ("promotion", "rollback", "promotion cancelled")
_NOTES: Final = ("note", "acknowledgement", "handover")
_AT: Final = Field("event", "at")


def find_events(
    reader: Reader | None, state: State, where: Node | None, *, limit: int, since: Millis | None = None,
    until: Millis | None = None, oldest_first: bool = False,
) -> list[Event]:  # fmt: skip
    """The newest events for which the filter holds (vocabulary EVENTS; None: all), from `since` until before `until`,
    newest first. None for a reader: there is no cache yet."""
    order = EventOrder(reader, state, where, since=since, until=until, oldest_first=oldest_first)
    return order.rows(order.first(limit))


class EventOrder:
    """The events for which a filter holds, as keys in order: numbers that stand for them in this object only."""

    def __init__(
        self, reader: Reader | None, state: State, where: Node | None = None, *, since: Millis | None = None,
        until: Millis | None = None, oldest_first: bool = False, before: EventOrder | None = None,
    ) -> None:  # fmt: skip
        """`before`: an order of the same reader and state. Of what has changed since its list was read a new one is
        made, where that can be told."""
        low, high = _times(where)
        labels = {} if reader is None else {one.source: one.name for one in reader.source_states()}
        self._asked = Asked(
            where, max(low, 0 if since is None else since), min(high, _ALWAYS if until is None else until), labels
        )
        self._reader = reader
        self._oldest_first = oldest_first
        self._feeds: list[Feed] = list(_feeds(reader, state, self._asked))
        self._keys: Keys | None = None
        self._marks: Marks | None = None
        self._follow(before)

    def first(self, limit: int) -> list[int]:
        """The first `limit` keys. They stand for nothing any more when all have been asked for."""
        if self._keys is not None:
            return self.all()[: max(0, limit)].tolist()
        walks = [self._first_of(number, limit) for number in range(len(self._feeds))]
        sign = 1 if self._oldest_first else -1
        found = merge(*walks, key=lambda one: (sign * one[0], -sign * (one[1] >> BITS)))
        return [key for _, key in islice(found, max(0, limit))]

    def _first_of(self, number: int, limit: int) -> list[Pair]:
        return _keyed(number, self._feeds[number].first(limit, oldest_first=self._oldest_first))

    @property
    def is_whole(self) -> bool:
        """All keys are known."""
        return self._keys is not None

    def all(self) -> array[int]:
        """All keys in order. A million take seconds, on a thread; `Reader.interrupt` stops it."""
        keys = self._ordered().keys
        return keys[::-1] if self._oldest_first else keys

    def _ordered(self) -> Keys:
        if self._keys is None:
            with nullcontext() if self._reader is None else self._reader.at_one_moment():
                self._marks = marks(self._reader) if self._reader is not None else None
                self._keys = self._read()
        return self._keys

    def _read(self) -> Keys:
        times, keys = array("q"), array("q")
        for number, feed in enumerate(self._feeds):
            more, numbers = feed.all(self._marks)
            times.extend(more)
            keys.extend(map((number << BITS).__or__, numbers))
        return Keys.of(times, keys)

    def _follow(self, before: EventOrder | None) -> None:
        """Take the list of another order, with what has changed in it; leave it to `all` where nobody can tell."""
        if before is None or before._keys is None or before._asked != self._asked:
            return
        if self._reader is None:
            self._keys = self._changed(before, before._keys, None)
            return
        with self._reader.at_one_moment():
            self._marks = before._marks.followed_by(marks(self._reader)) if before._marks is not None else None
            if before._marks is not None and self._marks is not None:
                self._keys = self._changed(before, before._keys, (before._marks, self._marks))

    def _changed(self, before: EventOrder, keys: Keys, both: tuple[Marks, Marks] | None) -> Keys | None:
        gone, maybe, come = list[Pair](), list[int](), list[Pair]()
        for number, (feed, old) in enumerate(zip(self._feeds, before._feeds, strict=True)):
            found = feed.changes(old, both, partial(_stands, keys, number))
            if found is None or len(gone) + len(come) > MOST_CHANGES:
                return None
            gone += _keyed(number, found.gone)
            come += _keyed(number, found.come)
            maybe += (number << BITS | one for one in found.maybe)
        places = [place for at, key in gone if (place := keys.place(at, key)) is not None]
        return keys.edited([*places, *keys.places(maybe)], come) if gone or maybe or come else keys

    def count(self) -> int:
        """How many there are; reads all keys."""
        return len(self._ordered())

    def rows(self, keys: Iterable[int]) -> list[Event]:
        """The events of these keys, in their order; those that are gone are left out."""
        wanted = list(keys)
        found = self.events(wanted)
        return [found[key] for key in wanted if key in found]

    def events(self, keys: Iterable[int]) -> dict[int, Event]:
        """The same by their keys."""
        rows: dict[int, list[int]] = defaultdict(list)
        for key in keys:
            rows[key >> BITS].append(key & (1 << BITS) - 1)
        return {
            number << BITS | row: event
            for number, some in rows.items()
            for row, event in self._feeds[number].events(some).items()
        }

    def newer(self, at: Millis) -> int:
        """How many of all happened after that moment; reads all keys."""
        return self._ordered().newer(at)

    def place(self, event: Event) -> int | None:
        """Where an event stands among all keys; None: the filter leaves it out, or it is gone."""
        keys = self._ordered()
        for place in range(keys.newer(event.at), len(keys)):
            if keys.at(place) != event.at:
                return None
            if any(one.id == event.id for one in self.rows([keys.keys[place]])):
                return len(keys) - 1 - place if self._oldest_first else place
        return None


def _stands(keys: Keys, number: int, pair: Pair) -> bool:
    return keys.place(pair[0], number << BITS | pair[1]) is not None


def _keyed(number: int, pairs: Iterable[Pair]) -> list[Pair]:
    """With keys of all feeds for the numbers of one."""
    return [(at, number << BITS | one) for at, one in pairs]


def _times(where: Node | None) -> tuple[Millis, Millis]:
    """The stretch of time that a filter leaves, as far as it says so at its top."""
    low, high = 0, _ALWAYS
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Compare) and part.field == _AT and isinstance(part.value, int):
            low = max(low, {">": part.value + 1, ">=": part.value, "=": part.value}.get(part.operator, low))
            high = min(high, {"<": part.value, "<=": part.value + 1, "=": part.value + 1}.get(part.operator, high))
    return low, high


def few_events(reader: Reader | None, state: State) -> Iterator[Event]:
    """All events but those of which there may be a million: runs, commits and pipelines; and what state.db keeps."""
    labels = {} if reader is None else {one.source: one.name for one in reader.source_states()}
    for feed in _feeds(reader, state, Asked(None, 0, _ALWAYS, labels)):
        if isinstance(feed, ListFeed):
            yield from feed.events(feed.all()[1]).values()


def _feeds(reader: Reader | None, state: State, asked: Asked) -> Iterator[Feed]:
    """Of equal times those of earlier feeds come first."""
    if reader is not None:
        connection = reader.connection
        register_functions(connection)
        yield from (RowFeed(connection, rows, asked) for rows in (RUNS, COMMITS, PIPELINES))
        yield ListFeed(partial(version_events, connection), ("version registered",), asked)
        yield ListFeed(partial(ledger_events, connection), _LEDGER, asked)
        yield ListFeed(partial(data_events, connection), ("data changed",), asked)
        yield ListFeed(partial(threshold_events, connection), ("threshold crossed", "threshold recovered"), asked)
        yield ListFeed(partial(alert_events, connection), ("alert firing",), asked)
        yield ListFeed(partial(alert_ends, connection), ("alert over",), asked)
    yield StateFeed(state, asked, all_sources=reader is None)
    yield ListFeed(partial(_moves, reader, state), ("alias moved",), asked)
    yield ListFeed(partial(_local_entries, state), _LEDGER, asked)
    yield ListFeed(partial(_notes, reader, state), _NOTES, asked)


def _moves(reader: Reader | None, state: State, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    visible = None if reader is None else {source.source for source in reader.source_states()}
    explains: Explainer | None = None
    moves = [
        move
        for move in state.alias_moves(since=since, until=until)
        if move.reason != "first seen" and (visible is None or move.source in visible)
    ]
    for move in sorted(moves, key=lambda one: one.at, reverse=True)[:limit]:
        explains = explains or Explainer.of(reader, state)
        yield move_event(move, explains(move))


def _local_entries(state: State, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    found = [entry for entry in state.local_entries() if since <= entry.at < until and not entry.trouble]
    return map(entry_event, sorted(found, key=lambda entry: entry.at, reverse=True)[:limit])


def _notes(reader: Reader | None, state: State, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Of both places, each once."""
    shared = () if reader is None else shared_notes(reader.connection, since, until, -1)
    own = [note_event(note) for note in state.own_notes(since) if note.at < until]
    found = {event.id: event for event in own} | {event.id: event for event in shared}
    return iter(sorted(found.values(), key=lambda event: (event.at, event.id), reverse=True)[:limit])
