"""Where a line of production or an alert that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.text import shown
from .deck import Deck
from .frame import FrameScreen


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `series/KEY` or `alert/FINGERPRINT`, whole or as much of it as begins only one. UsageError."""
    reads, (native,) = deck.reader.monitors, subject.parts
    if subject.kind == "series":
        from .series import SeriesScreen  # with what it brings, when it is wanted

        keys = [native] if reads.one(native) is not None else [one.key for one in reads.series()]
        return [SeriesScreen(deck, _only("series", native, keys))]
    from .alert import AlertScreen

    found = [native] if reads.alert(native) is not None else [one.fingerprint for one in reads.alerts(past=True)]
    return [AlertScreen(deck, _only("alert", native, found))]


def _only(kind: str, native: str, natives: list[str]) -> str:
    begun = list(dict.fromkeys(one for one in natives if one.startswith(native)))
    if len(begun) != 1:
        said = f"several {kind}{'s' * (kind != 'series')} begin so" if begun else f"the cache has no such {kind}"
        raise UsageError(f"{kind}/{shown(native)}: {said}; 7 lists what watches production")
    return begun[0]
