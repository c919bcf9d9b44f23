"""What a list of events was read of: enough to tell later which rows are to be looked at again.

The cache says of a row when it was written (`Rows.written`), so what is new of a million is found by one walk in C, and
nothing else has to be read again. What that cannot tell is told apart here: then the whole list is read.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Final, NamedTuple

from ..records import Millis
from .event_rows import Rows
from .reading import Content, Reader

MOST_TOUCHED: Final = 50_000
"""Of more rows than that, which only a first sync writes, the whole list is read."""
_BEHIND: Final = 1_000
"""Milliseconds that a row may have been written before one that was seen earlier, by its own word."""
_TRUSTED: Final = 3_600_000
"""Milliseconds for which what rows say of when they were written is believed: the clock of another machine that went
back would hide a change until then. Of this machine's it is noticed."""


class Marks(NamedTuple):
    """What all feeds of a cache depend on."""

    sources: tuple[tuple[object, ...], ...]
    content: Content
    now: Millis
    clock: Millis
    """What the time of day is ahead of a clock that nobody sets."""
    whole_at: Millis
    """When the whole list was read last."""

    def followed_by(self, later: Marks) -> Marks | None:
        """The later ones, where what was written between the two can be told by when it was."""
        is_steady = later.clock >= self.clock - _BEHIND // 10 and later.now - self.whole_at < _TRUSTED
        return later._replace(whole_at=self.whole_at) if is_steady and self.sources == later.sources else None


def marks(reader: Reader) -> Marks:
    """As of now, for who reads the whole list."""
    now = time.time_ns() // 1_000_000
    sources = reader.connection.execute("SELECT id, key, kind, name, hidden FROM source ORDER BY id").fetchall()
    return Marks(tuple(sources), reader.content(), now, now - time.monotonic_ns() // 1_000_000, now)


class Written(NamedTuple):
    """How far the rows of a table are known."""

    rows: int
    last: int
    """The largest id."""
    at: int
    """The largest `Rows.written`, as far as the clock has come: one that was set back begins behind it."""


def written(connection: sqlite3.Connection, rows: Rows, now: Millis) -> Written:
    """Of all there are. A walk of 70 ms over a million, where there is no index."""
    count, last = _size(connection, rows)
    newest = connection.execute(f"SELECT coalesce(max({rows.written}), 0) FROM {rows.table}").fetchone()[0]
    return Written(count, last, min(newest, now) if rows.is_by_clock else newest)


class Touched(NamedTuple):
    """Rows that may tell something else than before."""

    rows: frozenset[int]
    """Written since."""
    silent: frozenset[int]
    """Those that tell nothing any more, whenever they came to that."""
    written: Written


def touched(connection: sqlite3.Connection, rows: Rows, before: Written, now: Millis) -> Touched | None:
    """What may have changed since; None: too much, or some are gone and nobody can tell which."""
    count, last = _size(connection, rows)
    if count - before.rows > MOST_TOUCHED:
        return None
    found = connection.execute(
        f"SELECT {rows.letter}.id, {rows.written}, {rows.silent} FROM {rows.table}"
        f" WHERE {rows.written} >= ? OR {rows.silent}",
        (before.at - _BEHIND if rows.is_by_clock else before.at,),
    ).fetchall()
    news = frozenset(row for row, at, is_silent in found if not is_silent)
    is_whole = count == before.rows + sum(row > before.last for row, _, _ in found)
    if len(news) > MOST_TOUCHED or not is_whole:
        return None
    newest = max((at for _, at, _ in found), default=before.at)
    at = max(before.at, min(newest, now) if rows.is_by_clock else newest)
    return Touched(news, frozenset(row for row, _, _ in found) - news, Written(count, last, at))


def _size(connection: sqlite3.Connection, rows: Rows) -> tuple[int, int]:
    sql = f"SELECT (SELECT count(*) FROM {rows.table}), (SELECT coalesce(max({rows.letter}.id), 0) FROM {rows.table})"
    count, last = connection.execute(sql).fetchone()
    return int(count), int(last)
