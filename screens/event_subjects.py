"""What an event speaks of, as things that have a screen."""

from __future__ import annotations

from typing import Final

from ..app.errors import QuarterdeckError
from ..app.records import Event, Subject, parse_subject
from .places import ROOTS


def subjects_of(event: Event) -> list[Subject]:
    """All of them that are written as they should be, each once."""
    found: dict[str, Subject] = {}
    for ref in event.refs:
        try:
            found.setdefault(ref.subject, parse_subject(ref.subject))
        except QuarterdeckError:
            continue  # a kind of a later version
    return list(found.values())


_SAY_LESS: Final = frozenset({"project", "attention", "source"})
"""Kinds whose screen says less of what happened than the event does: it is of all of them, or it may be over since."""


def opened_by(event: Event) -> Subject | None:
    """What Enter opens: the first that has a screen; None where the event itself says more."""
    return next((one for one in subjects_of(event) if one.kind in ROOTS and one.kind not in _SAY_LESS), None)
