"""How old evidence may be."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Millis
from ..settings import seconds
from .gate import GateState
from .words import SKEW, lasting


def millis(duration: str) -> Millis:
    """Milliseconds of a duration of the settings."""
    return round(seconds(duration) * 1000)


def age_of(at: Millis | None, most: str | None, now: Millis) -> Iterator[tuple[GateState, str]]:
    """What is to be said of evidence from `at` that may be `most` old: nothing where that is kept."""
    if most is None:
        return
    if at is None:
        yield "missing", "how old it is is not known"
    elif at > now + SKEW:
        yield "inconclusive", "it is dated in the future"
    elif now - at > millis(most):
        yield "stale", f"{lasting(now - at)} old, allowed {most}"
