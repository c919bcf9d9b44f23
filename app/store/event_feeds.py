"""What tells events, one kind of record each, as lists that are read as far as they are asked for."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest, nsmallest
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeVar

from ..query import And, Compare, Node, Words, matches_event
from ..query.event_sql import Narrowed, is_one_subject, may_pass, narrowed
from ..records import Event, Millis
from .event_rows import Rows
from .kept_events import PLAIN
from .state import State

PROBED: Final = 5_000
"""The newest so many rows are tested in their order; if they do not hold a window, the table is walked in its own."""
MANY: Final = 100_000
"""In a shorter stretch than that many rows the index is walked to its end."""
_CHECKED: Final = 200
"""Rows that are looked at in plain Python at once."""
_BLOCK: Final = 20_000
_READ: Final = 500
"""Rows that one statement reads."""

Pair = tuple[Millis, int]
"""When, and which row."""
_One = TypeVar("_One")


class Asked(NamedTuple):
    """Which events are wanted."""

    where: Node | None
    since: Millis
    """From then on ..."""
    until: Millis
    """... until before then."""
    sources: Mapping[str, str]
    """The labels of visible sources by their keys."""

    def passes(self, event: Event) -> bool:
        """Whether the filter lets it pass."""
        return self.where is None or matches_event(self.where, event, self.sources)


class Feed(Protocol):
    """Events of one kind of record. Pairs are newest first; of equal times in an order that is always the same."""

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """The first `limit`; with `oldest_first` those at the other end, the oldest first."""

    def all(self) -> tuple[array[int], array[int]]:
        """When, and which row, of all; newest first, or in whatever order a stable sort by time makes it that."""

    def events(self, rows: Sequence[int]) -> dict[int, Event]:
        """The events of these rows; those that are gone are left out."""


class RowFeed:
    """Rows of a table of the cache that may hold a million."""

    def __init__(self, connection: sqlite3.Connection, rows: Rows, asked: Asked) -> None:
        self._connection = connection
        self._rows = rows
        self._asked = asked
        self._narrowed: Narrowed = narrowed(asked.where, rows.columns(self._exact()))
        self._make = rows.make(connection)

    def _exact(self) -> str:
        odd = self._rows.odd
        if not odd or self._connection.execute(f"{odd} LIMIT 1").fetchone() is None:
            return "1"
        return f"({self._rows.letter}.id NOT IN ({odd}))"

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`."""
        if self._narrowed.is_nothing or limit < 1:
            return []
        if _is_keyed(self._asked.where):
            return self._outermost(limit, oldest_first=oldest_first)
        since, until = self._asked.since, self._asked.until
        near = self._nth(PROBED, oldest_first=oldest_first) if self._asked.where is not None else None
        if near is not None:
            since, until = (since, near) if oldest_first else (near, until)
        found = list(islice(self._passing(self._walk(since, until, oldest_first=oldest_first)), limit))
        if near is None or len(found) >= limit:
            return found
        if self._nth(MANY, oldest_first=oldest_first) is None:
            return list(islice(self._passing(self._walk(None, None, oldest_first=oldest_first)), limit))
        return self._outermost(limit, oldest_first=oldest_first)

    def _outermost(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """Of all that pass, wherever they stand."""
        found = self._passing(self._scan())
        return nsmallest(limit, found, key=self._place) if oldest_first else nlargest(limit, found, key=self._place)

    def _place(self, pair: Pair) -> Pair:
        return (pair[0], -pair[1]) if self._rows.is_older_first else pair

    def all(self) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        times, rows = array("q"), array("q")
        if not self._narrowed.is_nothing:
            for some in _blocks(self._passing(self._scan()), _BLOCK):
                times.extend([at for at, _ in some])
                rows.extend([row for _, row in some])
        return times, rows

    def events(self, rows: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        of, found = self._rows, dict[int, Event]()
        for some in _blocks(rows, _READ):
            sql = (
                f"SELECT {of.letter}.id, {of.select} FROM {of.table} JOIN source AS s ON s.id = {of.letter}.source"
                f" AND NOT s.hidden WHERE {of.letter}.id IN ({', '.join('?' * len(some))})"
            )
            found |= {row: self._make(*facts) for row, *facts in self._connection.execute(sql, tuple(some))}
        return found

    def _walk(
        self, since: Millis | None, until: Millis | None, *, oldest_first: bool
    ) -> Iterator[tuple[int, int, int]]:
        """Rows that may pass, by time, each with whether it surely does."""
        of, way = self._rows, "ASC" if oldest_first else "DESC"
        ties = {"ASC": "DESC", "DESC": "ASC"}[way] if of.is_older_first else way
        since = self._asked.since if since is None else since
        until = self._asked.until if until is None else until
        return self._select(
            f" INDEXED BY {of.by_time}", since, until, f" ORDER BY {of.at} {way}, {of.letter}.id {ties}"
        )

    def _scan(self) -> Iterator[tuple[int, int, int]]:
        """The same in the order of the table, which costs a third of it where there are many."""
        way = "ASC" if self._rows.is_older_first else "DESC"
        return self._select("", self._asked.since, self._asked.until, f" ORDER BY {self._rows.letter}.id {way}")

    def _select(self, how: str, since: Millis, until: Millis, order: str) -> Iterator[tuple[int, int, int]]:
        of, (may, surely) = self._rows, self._narrowed
        if self._narrowed.is_exact:
            surely = surely._replace(text="1", parameters=())
        by = "" if how else "+"  # without an index that is named only the filter may choose one
        sql = (
            f"SELECT {of.at}, {of.letter}.id, {surely.text} FROM {of.table}{how}"
            f" WHERE {by}{of.at} >= ? AND {by}{of.at} < ? AND +{of.letter}.source IN"
            f" (SELECT id FROM source WHERE NOT hidden) AND +{of.tells} AND {may.text}{order}"
        )
        return self._connection.execute(sql, (*surely.parameters, since, until, *may.parameters))

    def _passing(self, found: Iterable[tuple[int, int, int]]) -> Iterator[Pair]:
        if self._narrowed.is_exact:
            return ((at, row) for at, row, _ in found)
        return self._checked(found)

    def _checked(self, found: Iterable[tuple[int, int, int]]) -> Iterator[Pair]:
        for some in _blocks(found, _CHECKED):
            events = self.events([row for _, row, is_sure in some if not is_sure])
            right = {row for row, event in events.items() if self._asked.passes(event)}
            yield from ((at, row) for at, row, is_sure in some if is_sure or row in right)

    def _nth(self, number: int, *, oldest_first: bool) -> Millis | None:
        """When the so-many-th row in time was; None where there are not that many. Reads an index only."""
        of, way = self._rows, "ASC" if oldest_first else "DESC"
        sql = (
            f"SELECT {of.at} FROM {of.table} INDEXED BY {of.by_time} WHERE {of.at} >= ? AND {of.at} < ?"
            f" ORDER BY {of.at} {way} LIMIT 1 OFFSET ?"
        )
        row = self._connection.execute(sql, (self._asked.since, self._asked.until, number)).fetchone()
        return int(row[0]) if row else None


Read = Callable[[Millis, Millis, int], Iterable[Event]]
"""Events from a time until before another, newest first, at most so many."""


class ListFeed:
    """Events of which there are thousands at most: read as they are, and held where all are asked for."""

    def __init__(self, read: Read, kinds: Sequence[str], asked: Asked) -> None:
        self._read = read
        self._asked = asked
        self._is_any = may_pass(asked.where, kinds)
        self._held: list[Event] = []
        self._is_whole = False

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`. Rows are places in what was read last."""
        if not self._is_any or limit < 1:
            return []
        if oldest_first:
            self._read_all()
            return [(self._held[place].at, place) for place in reversed(range(len(self._held)))][:limit]
        if not self._is_whole:
            most = limit if self._asked.where is None else _EVERY
            self._held = list(islice(self._passing(most), limit))
        return [(event.at, place) for place, event in enumerate(self._held[:limit])]

    def all(self) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        self._read_all()
        return array("q", (event.at for event in self._held)), array("q", range(len(self._held)))

    def events(self, rows: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        return {row: self._held[row] for row in rows if row < len(self._held)}

    def _read_all(self) -> None:
        if not self._is_whole:
            self._held = list(self._passing(_EVERY)) if self._is_any else []
            self._is_whole = True

    def _passing(self, limit: int) -> Iterator[Event]:
        return filter(self._asked.passes, self._read(self._asked.since, self._asked.until, limit))


_EVERY: Final = 2**62


class StateFeed:
    """What state.db keeps: what no vendor tells."""

    def __init__(self, state: State, asked: Asked, *, all_sources: bool) -> None:
        self._state = state
        self._asked = asked
        self._all_sources = all_sources
        self._texts = list(_texts(asked.where))
        self._kinds: list[str] | None = None
        if asked.where is not None:
            known = state.event_kinds()
            like = [kind for kind in known if may_pass(asked.where, [kind])]
            self._kinds = like if len(like) < len(known) else None

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`."""
        return list(islice(self._passing(oldest_first=oldest_first), limit))

    def all(self) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        times, rows = array("q"), array("q")
        for at, row in self._passing(oldest_first=False):
            times.append(at)
            rows.append(row)
        return times, rows

    def events(self, rows: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        return {row: event for some in _blocks(rows, _READ) for row, event in self._state.events_at(some).items()}

    def _passing(self, *, oldest_first: bool) -> Iterator[Pair]:
        asked = self._asked
        for one in self._state.walk_events(
            asked.since, asked.until, self._kinds, self._texts, oldest_first=oldest_first
        ):
            source = one.event.source
            is_shown = self._all_sources or source is None or source in asked.sources
            if is_shown and asked.passes(one.event):
                yield one.at, one.row


_SAID: Final = ("title", "actor", "subject", "model")
"""Fields whose values stand in an event's record."""


def _texts(where: Node | None) -> Iterator[str]:
    """What must occur in an event's record for it to pass, as far as the filter says so at its top."""
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Words):
            found: object = part.text
        elif isinstance(part, Compare) and part.field.name in _SAID and part.operator in ("=", ":"):
            found = part.value
        else:
            continue
        if isinstance(found, str) and PLAIN.fullmatch(found):
            yield found


def _is_keyed(where: Node | None) -> bool:
    """It asks for one subject, which an index finds."""
    return any(is_one_subject(part) for part in (where.parts if isinstance(where, And) else (where,)))


def _blocks(what: Iterable[_One], size: int) -> Iterator[list[_One]]:
    left = iter(what)
    while block := list(islice(left, size)):
        yield block
