"""Events that no vendor keeps a record of, as state.db keeps them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import merge
from typing import Final, NamedTuple

import msgspec

from ..records import Event, Millis
from .state_file import StateFile

msgspec.json.Decoder(Event)  # so that no two threads make what reads it at once: that ends the process (0.22)


_KIND: Final = "json_extract(record, '$.kind')"
_ALWAYS: Final = 2**62
PLAIN: Final = re.compile(r"[A-Za-z0-9._~%/@-]+")
"""Texts that stand in JSON and in a written subject as they are; a % or _ in them lets more through."""

_decode = msgspec.json.Decoder(Event).decode


class KeptEvent(NamedTuple):
    """An event and the row in which it is kept."""

    at: Millis
    row: int
    event: Event


def kept_event_indexes(connection: sqlite3.Connection) -> None:
    """The migration that makes events of a kind findable."""
    connection.execute(f"CREATE INDEX event_kind ON event ({_KIND}, at, id)")


class KeptEvents(StateFile):
    """The part of state.db that keeps events."""

    def record_events(self, events: Iterable[Event]) -> int:
        """Keep these events; one whose id is known stays as it was first seen. Gives how many were new."""
        rows = [(event.id, event.at, json.dumps(msgspec.to_builtins(event))) for event in events]
        with self._transaction():
            before = self._db.total_changes
            self._db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)
            return self._db.total_changes - before

    def events(
        self, limit: int, since: Millis = 0, until: Millis | None = None, sources: Collection[str] | None = None
    ) -> list[Event]:
        """The recorded events from `since` until before `until`, newest first.

        With `sources` only what is of no source or of one of these.
        """
        query, more = "SELECT record FROM event WHERE at >= ? AND at < ?", []
        if sources is not None:
            own = "json_extract(record, '$.source')"
            query += f" AND ({own} IS NULL OR {own} IN (SELECT value FROM json_each(?)))"
            more = [json.dumps([*sources])]
        rows = self._rows(
            f"{query} ORDER BY at DESC, id DESC LIMIT ?", since, _ALWAYS if until is None else until, *more, limit
        )
        return [_event(row[0]) for row in rows]

    def event(self, name: str) -> Event | None:
        """The recorded event of this id, None where there is none."""
        rows = self._rows("SELECT record FROM event WHERE id = ?", name)
        return _event(rows[0][0]) if rows else None

    def events_fingerprint(self) -> tuple[object, ...]:
        """What is another when any recorded event came, went or was told anew. 0.3 µs an event."""
        rows = self._rows(
            "SELECT count(*), max(rowid), total(at), total(at % 999983 * (rowid % 999983)), total(length(record))"
            " FROM event"
        )
        return tuple(rows[0])

    def event_kinds(self) -> list[str]:
        """The kinds of recorded events, in order; one look at an index for each."""
        found: list[str] = []
        while True:
            rows = self._rows(f"SELECT min({_KIND}) FROM event WHERE {_KIND} > ?", found[-1] if found else "")
            if rows[0][0] is None:
                return found
            found.append(rows[0][0])

    def walk_events(
        self, since: Millis, until: Millis, kinds: Sequence[str] | None = None, texts: Sequence[str] = (), *,
        oldest_first: bool = False,
    ) -> Iterator[KeptEvent]:  # fmt: skip
        """The recorded events in that time, newest first, read as far as they are asked for; of these kinds only.

        `texts` must all occur somewhere in what is kept of it, whatever the case: plain words, see `PLAIN`.
        Raises StoreError when it is asked for the next one.
        """
        way = "ASC" if oldest_first else "DESC"
        order = f"at >= ? AND at < ?{' AND record LIKE ?' * len(texts)} ORDER BY at {way}, id {way}"
        patterns = [f"%{text}%" for text in texts]
        if kinds is None:
            yield from self._walk(f"SELECT at, rowid, record FROM event WHERE {order}", since, until, *patterns)
            return
        sql = f"SELECT at, rowid, record FROM event INDEXED BY event_kind WHERE {_KIND} = ? AND {order}"
        walks = [self._walk(sql, kind, since, until, *patterns) for kind in kinds]
        yield from merge(*walks, key=lambda one: (one.at, one.event.id), reverse=not oldest_first)

    def events_at(self, rows: Sequence[int]) -> dict[int, Event]:
        """The recorded events in these rows; those that are gone are left out."""
        sql = "SELECT rowid, record FROM event WHERE rowid IN (SELECT value FROM json_each(?))"
        return {row: _event(record) for row, record in self._rows(sql, json.dumps([*rows]))}

    def _walk(self, sql: str, *values: object) -> Iterator[KeptEvent]:
        with self._guarded():
            for at, row, record in self._db.execute(sql, values):
                yield KeptEvent(at, row, _event(record))


def _event(record: str) -> Event:
    try:
        return _decode(record)
    except msgspec.DecodeError:  # half a surrogate pair, which JSON in ASCII can hold
        return msgspec.convert(json.loads(record), Event)
