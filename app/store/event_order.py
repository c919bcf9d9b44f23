"""All that happened, of both files, in order of time: the first window at once, the whole list for who scrolls.

Kinds that the filter leaves out are not read. Of what may be a million (runs, commits, pipelines) SQLite tests the
filter; a window is read from the end of an index, and only what nothing near it passes has a table walked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from heapq import merge
from itertools import islice
from typing import Final

from ..query import And, Compare, Field, Node, register_functions
from ..records import Event, Millis
from .data_events import data_events
from .event_feeds import Asked, Feed, ListFeed, RowFeed, StateFeed
from .event_rows import COMMITS, PIPELINES, RUNS
from .explainer import Explainer
from .model_events import entry_event, ledger_events, move_event, version_events
from .monitor_events import alert_ends, alert_events, threshold_events
from .note_events import note_event, shared_notes
from .reading import Reader
from .state import State

_ALWAYS: Final = 2**62
_ROW: Final = 48
"""Bits of a key that say the row; those above say which feed."""
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
        until: Millis | None = None, oldest_first: bool = False,
    ) -> None:  # fmt: skip
        low, high = _times(where)
        labels = {} if reader is None else {one.source: one.name for one in reader.source_states()}
        asked = Asked(
            where, max(low, 0 if since is None else since), min(high, _ALWAYS if until is None else until), labels
        )
        self._oldest_first = oldest_first
        self._feeds: list[Feed] = list(_feeds(reader, state, asked))
        self._keys: array[int] | None = None
        self._times: array[int] = array("q")

    def first(self, limit: int) -> list[int]:
        """The first `limit` keys."""
        if self._keys is not None:
            return self._keys[: max(0, limit)].tolist()
        walks = [self._first_of(number, limit) for number in range(len(self._feeds))]
        sign = 1 if self._oldest_first else -1
        found = merge(*walks, key=lambda one: (sign * one[0], -sign * (one[1] >> _ROW)))
        return [key for _, key in islice(found, max(0, limit))]

    def _first_of(self, number: int, limit: int) -> list[tuple[Millis, int]]:
        found = self._feeds[number].first(limit, oldest_first=self._oldest_first)
        return [(at, number << _ROW | row) for at, row in found]

    def all(self) -> array[int]:
        """All keys in order. A million take seconds, on a thread; `Reader.interrupt` stops it."""
        if self._keys is None:
            times, keys = array("q"), array("q")
            for number, feed in enumerate(self._feeds):
                more, rows = feed.all()
                times.extend(more)
                keys.extend(map((number << _ROW).__or__, rows))
            order = sorted(range(len(keys)), key=array("q", map(int.__neg__, times)).__getitem__)
            if self._oldest_first:
                order.reverse()
            self._keys = array("q", map(keys.__getitem__, order))
            self._times = array("q", map(times.__getitem__, order))
        return self._keys

    def count(self) -> int:
        """How many there are; reads all keys."""
        return len(self.all())

    def rows(self, keys: Iterable[int]) -> list[Event]:
        """The events of these keys, in their order; those that are gone are left out."""
        wanted = list(keys)
        found = self.events(wanted)
        return [found[key] for key in wanted if key in found]

    def events(self, keys: Iterable[int]) -> dict[int, Event]:
        """The same by their keys."""
        rows: dict[int, list[int]] = defaultdict(list)
        for key in keys:
            rows[key >> _ROW].append(key & (1 << _ROW) - 1)
        return {
            number << _ROW | row: event
            for number, some in rows.items()
            for row, event in self._feeds[number].events(some).items()
        }

    def newer(self, at: Millis) -> int:
        """How many of all, newest first, happened after that moment; reads all keys."""
        self.all()
        return bisect_left(self._times, -at, key=int.__neg__)

    def place(self, event: Event) -> int | None:
        """Where an event stands among all keys; None: the filter leaves it out, or it is gone."""
        keys = self.all()
        at = event.at if self._oldest_first else -event.at
        first = bisect_left(self._times, at, key=None if self._oldest_first else int.__neg__)
        for place in range(first, len(keys)):
            if self._times[place] != event.at:
                return None
            if any(one.id == event.id for one in self.rows([keys[place]])):
                return place
        return None


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
