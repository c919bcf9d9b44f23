"""Events of what people wrote to each other. The same in every clone, whether a note was shared already or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

import msgspec

from ..records import Event, EventRef, Millis, Note
from .events import event_id

_KINDS: Final = {"note": "note", "ack": "acknowledgement", "unack": "acknowledgement", "handover": "handover"}
_TOLD: Final = {
    "note": "", "ack": "has it", "unack": "has it no more", "handover": "handed over",
}  # fmt: skip
_note = msgspec.msgpack.Decoder(Note).decode
_LINE: Final = 200
"""Characters of a note that a title shows."""

_NOTES: Final = (
    "SELECT s.key, n.record FROM note AS n INDEXED BY note_at JOIN source AS s ON s.id = n.source AND NOT s.hidden"
    " WHERE n.at >= ? AND n.at < ? ORDER BY n.at DESC, n.native DESC LIMIT ?"
)


def shared_notes(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Notes that Git holds, newest first; one that two repositories hold comes twice."""
    for source, record in connection.execute(_NOTES, (since, until, limit)):
        yield note_event(_note(record), source)


def note_event(note: Note, source: str | None = None) -> Event:
    """A note as an event."""
    first, _, rest = note.text.strip().partition("\n")
    line = first[:_LINE] + ("…" if rest or len(first) > _LINE else "")
    parts = [part for part in (_TOLD[note.kind], note.about if note.kind in ("ack", "unack") else "", line) if part]
    return Event(
        id=event_id("", "note", note.id), at=note.at, kind=_KINDS[note.kind], title=": ".join(parts) or note.subject,
        actor=note.author or None, strength="claimed" if note.author else None, source=source,
        refs=(EventRef(subject=note.subject, role="subject"),),
    )  # fmt: skip
