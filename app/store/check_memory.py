"""What state.db keeps of checks: each turn as an event, and the two results around it.

Tools overwrite their result files, so nobody can give these again. The results lead a cache that is built anew back to
the same facts: since when a check fails, what its rule was before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ..records import Event, Invocation
from .state_file import StateFile

if TYPE_CHECKING:
    from .news import News

KEPT: Final = 100
"""Results that are kept of a check, those that are newest: one that flaps turns without end."""
_FORGET: Final = (
    "DELETE FROM check_kept WHERE source = ?1 AND check_id = ?2 AND invocation IN (SELECT invocation FROM check_kept"
    " WHERE source = ?1 AND check_id = ?2 ORDER BY json_extract(record, '$.at') DESC, invocation DESC"
    " LIMIT -1 OFFSET ?3)"
)


def check_tables(connection: sqlite3.Connection) -> None:
    """The migration that makes the table."""
    connection.execute(
        "CREATE TABLE check_kept (source TEXT NOT NULL, check_id TEXT NOT NULL, invocation TEXT NOT NULL,"
        " record TEXT NOT NULL, PRIMARY KEY (source, check_id, invocation)) WITHOUT ROWID"
    )


class CheckMemory(StateFile):
    """The part of state.db that remembers checks."""

    def keep_news(self, news: News) -> None:
        """Keep what happened. An event that is known is told anew, but for when it was first seen."""
        with self._transaction():
            self._db.executemany("DELETE FROM event WHERE id = ?", [(wrong,) for wrong in news.wrong])
            self._db.executemany(
                "INSERT OR REPLACE INTO event VALUES (?, ?, ?)",
                [(event.id, event.at, _text(event)) for event in self._as_first_seen(news.events)],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO check_kept VALUES (?, ?, ?, ?)",
                [(news.source, one.check, one.invocation.id, _text(one.invocation)) for one in news.kept],
            )
            checks = dict.fromkeys(one.check for one in news.kept)
            self._db.executemany(_FORGET, [(news.source, check, KEPT) for check in checks])

    def remembered_results(self, source: str, checks: Sequence[str]) -> list[Invocation]:
        """The results that were kept of these checks, each in an invocation that has no other."""
        sql = (
            "SELECT record FROM check_kept WHERE source = ? AND check_id IN (SELECT value FROM json_each(?))"
            " ORDER BY check_id, invocation"
        )
        rows = self._rows(sql, source, msgspec.json.encode(checks).decode())
        return [msgspec.json.decode(row[0], type=Invocation) for row in rows]

    def _as_first_seen(self, events: Iterable[Event]) -> list[Event]:
        sql = "SELECT record FROM event WHERE id IN (SELECT value FROM json_each(?))"
        found = list(events)
        rows = self._db.execute(sql, (msgspec.json.encode([event.id for event in found]).decode(),))
        seen = {event.id: event.seen_at for (row,) in rows for event in [msgspec.json.decode(row, type=Event)]}
        return [msgspec.structs.replace(event, seen_at=seen.get(event.id, event.seen_at)) for event in found]


def _text(record: Event | Invocation) -> str:
    return msgspec.json.encode(record).decode()
