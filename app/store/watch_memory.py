"""What the Watch asks of state.db beside what others ask: whether anything in it is news."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import msgspec

from ..records import Event, Millis
from .state_file import StateFile

_KIND: Final = "json_extract(record, '$.kind')"
_SOURCE: Final = "json_extract(record, '$.source')"
_decode = msgspec.json.Decoder(Event).decode


class StateMarks(NamedTuple):
    """Figures that change when what they count did. The same from every connection, unlike SQLite's own."""

    moves: int
    """The number of the newest move of an alias."""
    moved_at: Millis
    """When that was seen."""
    entries: int
    """Entries and waivers of the ledger of a project without a remote."""
    events: int
    """Of no vendor."""
    notes: str
    """How many of ours, how many of them shared, and the newest."""


class WatchMemory(StateFile):
    """The part of state.db that tells whether to look again."""

    def watch_marks(self) -> StateMarks:
        """What stands in it now: some 0.1 ms."""
        rows = self._rows(
            "SELECT (SELECT max(number) FROM alias_move), (SELECT at FROM alias_move ORDER BY number DESC LIMIT 1),"
            " (SELECT count(*) FROM local_entry) + (SELECT count(*) FROM local_waiver), (SELECT max(rowid) FROM event),"
            " (SELECT count(*) || '/' || total(is_shared) || '/' || coalesce(max(id), '') FROM own_note)"
        )
        moves, moved_at, entries, events, notes = rows[0]
        return StateMarks(moves or 0, moved_at or 0, entries, events or 0, notes)

    def recorded(self, ids: Iterable[str]) -> dict[str, Millis]:
        """When those of these events were that are kept."""
        which = json.dumps(list(ids))
        return dict(self._rows("SELECT id, at FROM event WHERE id IN (SELECT value FROM json_each(?))", which))

    def count_of_kind(self, kind: str, at: Millis, sources: Collection[str]) -> int:
        """How many events of a kind are kept from `at` on that are of no source or of one of these. 3 µs an event."""
        own = f"({_SOURCE} IS NULL OR {_SOURCE} IN (SELECT value FROM json_each(?)))"
        sql = f"SELECT count(*) FROM event WHERE {_KIND} = ? AND at >= ? AND {own}"
        return int(self._rows(sql, kind, at, json.dumps([*sources]))[0][0])

    def newest_of_kind(self, kind: str, limit: int) -> list[Event]:
        """The newest events of a kind, newest first."""
        rows = self._rows(f"SELECT record FROM event WHERE {_KIND} = ? ORDER BY at DESC, id DESC LIMIT ?", kind, limit)
        return [_decode(row[0]) for row in rows]
