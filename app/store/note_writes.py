"""Writing the notes that the team's repository holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from ..records import Note
from .writable import encode, writable


def write_notes(
    cursor: sqlite3.Cursor, source: int, notes: Sequence[Note] | None, more: Sequence[Note] = ()
) -> bool:  # fmt: skip
    """`notes` are all that there are, None says nothing; `more` come to those that are known. Gives whether any is new,
    gone or other."""
    is_other = notes is not None and _write_all(cursor, source, _rows(notes))
    new = [(source, native, *row) for native, row in _rows(more).items()]
    cursor.executemany("INSERT OR IGNORE INTO note VALUES (?, ?, ?, ?)", new)
    return is_other or (bool(new) and cursor.rowcount > 0)


def _rows(notes: Sequence[Note]) -> dict[str, tuple[int, bytes]]:
    plain = (msgspec.structs.replace(writable(note), is_here_only=False) for note in notes)
    return {note.id: (note.at, encode(note)) for note in plain}


def _write_all(cursor: sqlite3.Cursor, source: int, found: Mapping[str, tuple[int, bytes]]) -> bool:
    rows = cursor.execute("SELECT native, at, record FROM note WHERE source = ?", (source,)).fetchall()
    known = {native: (at, record) for native, at, record in rows}
    gone = [(source, native) for native in known.keys() - found]
    changed = [(source, native, *row) for native, row in found.items() if known.get(native) != row]
    cursor.executemany("DELETE FROM note WHERE source = ? AND native = ?", gone)
    cursor.executemany("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)", changed)
    return bool(gone or changed)
