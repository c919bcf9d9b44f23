"""Writing the notes that the team's repository holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from ..records import Note
from .writable import encode, writable


def write_notes(cursor: sqlite3.Cursor, source: int, notes: Sequence[Note] | None) -> bool:
    """These are all that there are. Gives whether any is new, gone or other; None says nothing."""
    if notes is None:
        return False
    plain = (msgspec.structs.replace(writable(note), is_here_only=False) for note in notes)
    found = {note.id: (note.at, encode(note)) for note in plain}
    rows = cursor.execute("SELECT native, at, record FROM note WHERE source = ?", (source,)).fetchall()
    known = {native: (at, record) for native, at, record in rows}
    gone = [(source, native) for native in known.keys() - found]
    changed = [(source, native, *row) for native, row in found.items() if known.get(native) != row]
    cursor.executemany("DELETE FROM note WHERE source = ? AND native = ?", gone)
    cursor.executemany("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)", changed)
    return bool(gone or changed)
