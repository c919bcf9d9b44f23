"""What people tell each other: notes, acknowledgements, hand-overs. Kept here, and in the team's repository."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .record import Millis, Record

NoteKind: TypeAlias = Literal["note", "ack", "unack", "handover"]
"""ack: I have it; unack: nobody has it any more."""


class Note(Record, frozen=True, kw_only=True):
    """One line that somebody wrote on a subject. It is never changed: what is to be said next is another one."""

    id: str
    """A ULID: unique wherever it was written, and in the order of time."""
    at: Millis
    kind: NoteKind = "note"
    subject: str
    """As written: run/ID, attention/ID ..."""
    text: str = ""
    author: str = ""
    """Name, as the settings or Git have it. Anybody can write any name: it is claimed."""
    email: str = ""
    about: str = ""
    """Of an acknowledgement: what it is of, as the list showed it ..."""
    state: str = ""
    """... and how that stood: when it stands otherwise, it comes back."""
    is_here_only: bool = False
    """It has not reached the team's repository yet. Never written down; whoever reads knows."""
