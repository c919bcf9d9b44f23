"""Sources that cannot be read, and hours in which nothing was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from ..records import Millis, Signal, SourceState
from .attention import SINCE_UNKNOWN
from .severity import severity
from .signs import Found, Group, Sign, earliest, ref, written

PATIENCE: Final = 5 * 60_000
"""Milliseconds without an answer before which it may have been one lost packet."""
UNWATCHED: Final = 3_600_000
"""Milliseconds without any sync after which that is told."""
MONITORS: Final = ("prometheus", "monitors")
"""Kinds of sources that watch production."""
_PASSING: Final = ("unreachable", "limited", "stale")
"""What may mend itself before anybody gets up."""
_ALL: Final[Group] = ("sources",)


def source_signs(states: Sequence[SourceState], last_sync_at: Millis | None, now: Millis) -> Found:
    """The signals of these sources. Where none can be read that is one cause, and no sync is the same."""
    bad = [one for one in states if one.state not in ("ok", "never")]
    told = [one for one in bad if now >= _told_at(one)]
    is_dark = len(states) > 1 and len(told) == len(states)
    dark = f"none of {len(states)} sources can be read: " if is_dark else ""
    signs = [_trouble(one, _ALL if is_dark else _group(one), now, dark) for one in told]
    if last_sync_at is not None and now - last_sync_at > UNWATCHED:
        signs.append(_no_sync(last_sync_at, _ALL if is_dark else ("no sync",)))
    return Found(
        signs=tuple(signs), due=earliest(_moments(bad, last_sync_at), now), watched=(("sources", len(states)),)
    )  # fmt: skip


def _moments(bad: Iterable[SourceState], last_sync_at: Millis | None) -> Iterable[Millis]:
    yield from map(_told_at, bad)
    if last_sync_at is not None:
        yield last_sync_at + UNWATCHED + 1


def _told_at(one: SourceState) -> Millis:
    """At once, but for what may pass."""
    is_passing = one.state in _PASSING and one.last_ok_at is not None
    return one.last_ok_at + PATIENCE if is_passing and one.last_ok_at is not None else 0


def _group(one: SourceState) -> Group:
    """All of one server in the same state have one cause."""
    parts = urlsplit(one.address)
    host = parts.netloc if parts.scheme in ("http", "https") else ""
    return ("server", host, one.state) if host else ("source", one.source)


def _trouble(one: SourceState, group: Group, now: Millis, dark: str) -> Sign:
    case = "limited" if one.state == "limited" else "monitors" if one.kind in MONITORS else "other"
    never = one.last_ok_at is None
    signal = Signal(
        kind="source trouble", subject=written("source", one.source), severity=severity("source trouble", case),
        since=now if one.last_ok_at is None else one.last_ok_at, not_before=one.last_ok_at,
        title=f"{dark}{one.name} is {one.state.replace('_', ' ')}", reason=one.sentence or one.last_error or "",
        state=f"{one.state}, {SINCE_UNKNOWN}" if never else one.state, refs=(ref("source", one.source),),
    )  # fmt: skip
    return Sign(signal, group, source=one.source)


def _no_sync(at: Millis, group: Group) -> Sign:
    signal = Signal(
        kind="no sync", subject=written("source", "all"), severity=severity("no sync"), since=at, not_before=at,
        title="nothing is read any more", state="no sync",
        reason="no syncer ran, or none of the sources answered it: what happened meanwhile is not known",
    )  # fmt: skip
    return Sign(signal, group)
