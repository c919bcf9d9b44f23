"""Notes of both places: what the team's repository holds, and what was written here."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from ..records import Millis, Note

if TYPE_CHECKING:
    from .reading import Reader
    from .state import State

_note = msgspec.msgpack.Decoder(Note).decode


def read_notes(connection: sqlite3.Connection, since: Millis = 0) -> list[Note]:
    """What Git holds, each note once, from `since` on, oldest first."""
    rows = connection.execute(
        "SELECT n.native, n.record FROM note AS n JOIN source AS s ON s.id = n.source AND NOT s.hidden"
        " WHERE n.at >= ? ORDER BY n.at, n.native",
        (since,),
    )
    return [_note(record) for record in dict(rows.fetchall()).values()]


def all_notes(reader: Reader | None, state: State, since: Millis = 0) -> list[Note]:
    """Git's notes and ours from `since` on, each once, oldest first; ours are marked where Git has them not."""
    shared = {} if reader is None else {note.id: note for note in reader.notes(since)}
    own = {note.id: msgspec.structs.replace(note, is_here_only=True) for note in state.own_notes(since)}
    return sorted((own | shared).values(), key=lambda note: (note.at, note.id))
