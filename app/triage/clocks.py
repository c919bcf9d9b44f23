"""Until when each source's word holds: what was not read since cannot be said to be late. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..records import Millis, SourceState

FRESH: Final = 15 * 60_000
"""Milliseconds for which an answer counts as one of now."""

Clocks = Mapping[str, Millis | None]
"""Source -> when it answered last; None: it did so just now, or nearly."""


def clocks(states: Iterable[SourceState], kinds: Iterable[str] | None, now: Millis) -> dict[str, Millis | None]:
    """Of the sources of these kinds, None: of all. What never answered answered at 0."""
    wanted = None if kinds is None else frozenset(kinds)
    found: dict[str, Millis | None] = {}
    for state in states:
        if wanted is None or state.kind in wanted:
            at = state.last_ok_at or 0
            found[state.source] = None if now - at < FRESH else at
    return found


def until(known: Clocks, source: str, now: Millis) -> Millis:
    """Until when a source's word holds."""
    at = known.get(source)
    return now if at is None else at


def oldest(known: Clocks, now: Millis) -> Millis:
    """Until when the word of all of them holds."""
    return min((at for at in known.values() if at is not None), default=now)
