"""Where an event that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.store.event_lookup import event_by_id
from .deck import Deck
from .event import EventScreen
from .frame import FrameScreen


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `event/ID`. Raises UsageError."""
    (native,) = subject.parts
    event = event_by_id(deck.reader, deck.state, native)
    if event is None:
        raise UsageError(f"{subject}: nothing that is known here has this id; 9 lists what happened")
    return [EventScreen(deck, native, event)]
