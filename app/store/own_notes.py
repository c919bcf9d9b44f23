"""What state.db keeps of working together: our own notes, what the Watch showed last, and what was told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ..records import Millis, Note
from .state_file import StateFile, kept

_FORGET_AFTER: Final = 90 * 24 * 3_600_000
"""Milliseconds after which it may be told again."""


msgspec.json.Decoder(Note)  # so that no two threads make what reads it at once: that ends the process (0.22)


def own_notes_tables(connection: sqlite3.Connection) -> None:
    """The migration that makes the tables."""
    for statement in (
        "CREATE TABLE own_note (id TEXT PRIMARY KEY, at INTEGER NOT NULL, is_shared INTEGER NOT NULL DEFAULT 0,"
        " record TEXT NOT NULL)",
        "CREATE INDEX own_note_at ON own_note (at, id)",
        "CREATE INDEX own_note_unshared ON own_note (id) WHERE NOT is_shared",
        "CREATE TABLE sight (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL, record TEXT NOT NULL)",
        "CREATE TABLE told (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
    ):
        connection.execute(statement)


class OwnNotes(StateFile):
    """The part of state.db that holds what people wrote here, and what others were told."""

    def write_note(self, note: Note) -> None:
        """Keep a note of ours, on the disk when this returns. One of its id that is kept stays: notes never change."""
        record = json.dumps(msgspec.to_builtins(msgspec.structs.replace(note, is_here_only=False)))
        self._write(
            "INSERT OR IGNORE INTO own_note (id, at, record) VALUES (?, ?, ?)", (kept(note.id), note.at, record)
        )

    def own_notes(self, since: Millis = 0) -> list[Note]:
        """Our notes from `since` on, oldest first. `is_here_only`: nobody said yet that it was shared."""
        rows = self._rows("SELECT is_shared, record FROM own_note WHERE at >= ? ORDER BY at, id", since)
        return [_note(*row) for row in rows]

    def unshared_notes(self) -> list[Note]:
        """Those of which nobody said that they were shared, oldest first."""
        rows = self._rows("SELECT is_shared, record FROM own_note WHERE NOT is_shared ORDER BY at, id")
        return [_note(*row) for row in rows]

    def mark_shared(self, ids: Iterable[str]) -> None:
        """These have reached the team's repository."""
        with self._transaction():
            self._db.executemany("UPDATE own_note SET is_shared = 1 WHERE id = ?", [(kept(one),) for one in ids])

    def keep_sight(self, sight: Mapping[str, Any], at: Millis) -> None:
        """Keep what the Watch shows at `at`, JSON values only, in place of an older one."""
        self._write(
            "INSERT INTO sight VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at,"
            " record = excluded.record WHERE excluded.at >= at",
            (at, json.dumps(dict(sight))),
        )

    def sight(self) -> tuple[Millis, dict[str, Any]] | None:
        """When the newest was kept, and what it is; None before the first."""
        rows = self._rows("SELECT at, record FROM sight")
        return (int(rows[0][0]), json.loads(rows[0][1])) if rows else None

    def tell_once(self, key: str, at: Millis) -> bool:
        """True the first time only, whoever asks: then tell it. After 90 days it is forgotten."""
        with self._transaction():
            self._db.execute("DELETE FROM told WHERE at < ?", (at - _FORGET_AFTER,))
            return self._db.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (kept(key), at)).rowcount == 1

    def was_told(self, key: str) -> bool:
        """Whether it was told already."""
        return bool(self._rows("SELECT 1 FROM told WHERE key = ?", kept(key)))

    def untell(self, key: str) -> None:
        """It could not be told, or is over: it may be told again."""
        self._write("DELETE FROM told WHERE key = ?", (kept(key),))


def _note(is_shared: int, record: str) -> Note:
    return msgspec.structs.replace(msgspec.convert(json.loads(record), Note), is_here_only=not is_shared)
