"""What happened, and when nobody looked."""

from __future__ import annotations

from typing import Literal

from .record import Millis, Record


class EventRef(Record, frozen=True, kw_only=True):
    """A subject that an event speaks of, and the part that it plays."""

    subject: str
    role: str


class Event(Record, frozen=True, kw_only=True):
    """Something that happened. It happened between `not_before` and `at`, and was seen at `seen_at`."""

    id: str
    at: Millis
    kind: str
    title: str
    not_before: Millis | None = None
    seen_at: Millis | None = None
    actor: str | None = None
    strength: Literal["signed", "forge", "claimed"] | None = None
    source: str | None = None
    refs: tuple[EventRef, ...] = ()


class Gap(Record, frozen=True, kw_only=True):
    """A stretch without a sync: nobody looked between `since` and `until`."""

    since: Millis
    until: Millis
