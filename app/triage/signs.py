"""What a detector gives: signals, what they are told by, and until when they hold by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from ..records import EventRef, Millis, Signal, Subject

Group: TypeAlias = tuple[str, ...]
"""What signals of one cause share."""


class Sign(NamedTuple):
    """A signal, whose word it is, and what it belongs together with."""

    signal: Signal
    group: Group
    """It is one attention with all of this group ..."""
    joins: tuple[Group, ...] = ()
    """... and with the first of these, when something there went bad after it began."""
    source: str = ""
    """Key of the source that says so: how old it is stands there. "" for what we know ourselves."""


class Found(NamedTuple):
    """What one kind of look gave."""

    signs: tuple[Sign, ...] = ()
    due: Millis | None = None
    """The first moment at which time alone makes a difference, as far as what was read tells."""
    watched: tuple[tuple[str, int], ...] = ()


def written(kind: str, *parts: str) -> str:
    """A subject as it is written."""
    return str(Subject(kind=kind, parts=parts))


def ref(kind: str, *parts: str, role: str = "") -> EventRef:
    """A subject in the part that it plays; the part is what it is, unless said."""
    return EventRef(subject=written(kind, *parts), role=role or kind)


def earliest(times: Iterable[Millis | None], after: Millis) -> Millis | None:
    """The first of these moments that is still to come."""
    return min((at for at in times if at is not None and at > after), default=None)


def figure(value: float, unit: str = "") -> str:
    """`0.71`, `3.1 %`: four significant digits."""
    if not unit and 0 < abs(value) < 1e-4:
        return f"{value:.3e}"
    return f"{value:.4g}{f' {unit}' if unit else ''}"
