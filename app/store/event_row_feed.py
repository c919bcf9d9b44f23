"""Events that rows of the cache tell, maybe a million: SQLite tests the filter, and finds what is new."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest, nsmallest
from itertools import islice
from typing import Final

from ..query import And, Node
from ..query.event_sql import Narrowed, is_one_subject, narrowed
from ..records import Event, Millis
from .event_feeds import LARGEST, READ, Asked, Changes, Pair, blocks
from .event_marks import Marks, Written, touched, written
from .event_rows import Rows

PROBED: Final = 5_000
"""The newest so many rows are tested in their order; if they do not hold a window, the table is walked in its own."""
MANY: Final = 100_000
"""In a shorter stretch than that many rows the index is walked to its end."""
_CHECKED: Final = 200
"""Rows that are looked at in plain Python at once."""
_BLOCK: Final = 20_000


class RowFeed:
    """Rows of a table of the cache that may hold a million."""

    def __init__(self, connection: sqlite3.Connection, rows: Rows, asked: Asked) -> None:
        self._connection = connection
        self._rows = rows
        self._asked = asked
        self._narrowed: Narrowed = narrowed(asked.where, rows.columns(self._exact()))
        self._make = rows.make(connection)
        self._written: Written | None = None
        self._turn = 0 if rows.is_older_first else LARGEST
        """What makes a number of a row: the newer has the smaller one."""

    def _exact(self) -> str:
        odd = self._rows.odd
        if not odd or self._connection.execute(f"{odd} LIMIT 1").fetchone() is None:
            return "1"
        return f"({self._rows.letter}.id NOT IN ({odd}))"

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`."""
        if self._narrowed.is_nothing or limit < 1:
            return []
        return self._numbered(self._first(limit, oldest_first=oldest_first))

    def _numbered(self, found: Iterable[Pair]) -> list[Pair]:
        return [(at, row ^ self._turn) for at, row in found]

    def _first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
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

    def all(self, marks: Marks | None) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        times, numbers, turn = array("q"), array("q"), self._turn
        if not self._narrowed.is_nothing:
            if marks is not None:
                self._written = written(self._connection, self._rows, marks.now)
            for some in blocks(self._passing(self._scan()), _BLOCK):
                times.extend([at for at, _ in some])
                numbers.extend([row ^ turn for _, row in some])
        return times, numbers

    def changes(
        self, before: RowFeed, marks: tuple[Marks, Marks] | None, stands: Callable[[Pair], bool]
    ) -> Changes | None:
        """See `Feed`."""
        then, now = marks or (None, None)
        self._written = known = before._written
        if self._narrowed.is_nothing or self._is_counted_alike(then, now):
            return Changes()
        if then is None or now is None or known is None or not (self._rows.is_alone or self._asked.where is None):
            return None
        news = touched(self._connection, self._rows, known, now.now)
        if news is None:
            return None
        self._written = news.written
        found = self._numbered(self._passing(self._select_of(news.rows))) if news.rows else []
        same = {pair for pair in found if stands(pair)}
        old = {row ^ self._turn for row in news.rows | news.silent if row <= known.last}
        return Changes(maybe=frozenset(old - {number for _, number in same}), come=[*{*found} - same])

    def _is_counted_alike(self, then: Marks | None, now: Marks | None) -> bool:
        counts = self._rows.counts
        return (
            then is not None and now is not None
            and all(getattr(then.content, one) == getattr(now.content, one) for one in counts)
        )  # fmt: skip

    def events(self, numbers: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        found = self._events([number ^ self._turn for number in numbers])
        return {row ^ self._turn: event for row, event in found.items()}

    def _events(self, rows: Sequence[int]) -> dict[int, Event]:
        of, found = self._rows, dict[int, Event]()
        for some in blocks(rows, READ):
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

    def _select_of(self, rows: Iterable[int]) -> Iterator[tuple[int, int, int]]:
        """Of these rows alone, in no order."""
        which = f" AND {self._rows.letter}.id IN (SELECT value FROM json_each(?))"
        return self._select("", self._asked.since, self._asked.until, which, json.dumps([*rows]))

    def _select(
        self, how: str, since: Millis, until: Millis, order: str, *more: object
    ) -> Iterator[tuple[int, int, int]]:
        of, (may, surely) = self._rows, self._narrowed
        if self._narrowed.is_exact:
            surely = surely._replace(text="1", parameters=())
        by = "" if how else "+"  # without an index that is named only the filter may choose one
        sql = (
            f"SELECT {of.at}, {of.letter}.id, {surely.text} FROM {of.table}{how}"
            f" WHERE {by}{of.at} >= ? AND {by}{of.at} < ? AND +{of.letter}.source IN"
            f" (SELECT id FROM source WHERE NOT hidden) AND +{of.tells} AND {may.text}{order}"
        )
        return self._connection.execute(sql, (*surely.parameters, since, until, *may.parameters, *more))

    def _passing(self, found: Iterable[tuple[int, int, int]]) -> Iterator[Pair]:
        if self._narrowed.is_exact:
            return ((at, row) for at, row, _ in found)
        return self._checked(found)

    def _checked(self, found: Iterable[tuple[int, int, int]]) -> Iterator[Pair]:
        for some in blocks(found, _CHECKED):
            events = self._events([row for _, row, is_sure in some if not is_sure])
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


def _is_keyed(where: Node | None) -> bool:
    """It asks for one subject, which an index finds."""
    return any(is_one_subject(part) for part in (where.parts if isinstance(where, And) else (where,)))
