"""Somebody who writes notes and takes things on, without Git."""

from __future__ import annotations

from typing import Any

from quarterdeck.app.noting import Noted
from quarterdeck.app.records import Attention, Note
from quarterdeck.app.records.ids import ulid
from quarterdeck.app.store.state import State


class Writing:
    """Writes notes into the world's state.db, as Ann; nothing is shared."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def _write(self, **facts: Any) -> Noted:
        self._world.now += 1  # of two words in one millisecond nobody knows which was the last
        note = Note(id=ulid(self._world.now), at=self._world.now, author="ann", **facts)
        with State(self._world.tables.path) as state:
            state.write_note(note)
        return Noted(note)

    def note(self, subject: Any, text: str) -> Noted:
        return self._write(subject=str(subject), text=text)

    def acknowledge(self, attention: Attention) -> Noted:
        return self._write(kind="ack", subject=f"attention/{attention.id}", state=attention.state)

    def unacknowledge(self, attention: Attention) -> Noted:
        return self._write(kind="unack", subject=f"attention/{attention.id}")
