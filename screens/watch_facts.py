"""What the Watch shows, read on a thread: what needs attention, what may have caused it, and how production runs."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..app.monitoring import burn_rates, standing
from ..app.records import AliasMove, Attention, Changes, Millis, MonitorSeries, Samples, SeriesState, Subject
from ..app.store.reading import Reader
from ..app.store.state import State
from ..app.triage.sight import Sight, kept_sight

if TYPE_CHECKING:
    from ..app.triage.outlook import Outlook

EXPLAINED: Final = 8
"""Attentions whose suspects are looked for at once: more do not fit on any screen."""

AT_FIRST: Final = 4
"""Attentions whose curves are read before the first paint: more are not in sight then."""

BEFORE: Final = 24 * 3_600_000
"""Milliseconds before the trouble that its curve shows."""

COLUMNS: Final = 60
"""Points of a strip."""


@dataclass(frozen=True, slots=True)
class Strip:
    """How the line that is in trouble ran, and the others of the same model beside it."""

    series: MonitorSeries
    samples: Samples | None
    moves: tuple[AliasMove, ...] = ()
    """Of the aliases that are production's, oldest first."""
    beside: tuple[tuple[MonitorSeries, SeriesState], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFacts:
    """All of it. `is_kept`: as the syncer left it, before this terminal looked itself."""

    sight: Sight
    changes: Mapping[str, Changes] = field(default_factory=dict)
    """By the attention's id."""
    strips: Mapping[str, Strip] = field(default_factory=dict)
    is_kept: bool = False


def kept_facts(state: State, reader: Reader, outlook: Outlook) -> WatchFacts | None:
    """What the syncer saw last: painted at once, whatever else takes time.

    Its curves are read here, half a millisecond each, so that no line becomes another when the look is over.
    """
    kept = kept_sight(state)
    if kept is None:
        return None
    sight = kept[1]
    first = [one for one in sight.attentions if not one.is_quiet][:AT_FIRST]
    with suppress(sqlite3.Error):  # a cache that cannot be read is told of by who looks
        strips = {one.id: strip for one in first if (strip := strip_of(reader, state, one, outlook, sight.at))}
        return WatchFacts(sight=sight, changes=kept[2], strips=strips, is_kept=True)
    return WatchFacts(sight=sight, changes=kept[2], is_kept=True)


def reading(
    path: Path, outlook: Outlook, now: Callable[[], Millis], before: WatchFacts | None
) -> Callable[[Reader], WatchFacts]:
    """What looks anew, on a thread, from where the look before ended."""
    last = before.sight if before is not None and not before.is_kept else None

    def read(reader: Reader) -> WatchFacts:
        from ..app.triage.explain import explain  # 0.1 s of rules, off the thread that paints
        from ..app.triage.look import look

        with State(path) as state:
            sight = look(reader, state, outlook, now=now(), before=last)
            loud = [one for one in sight.attentions if not one.is_quiet][:EXPLAINED]
            changes = {one.id: explain(reader, state, one, outlook, now=sight.at) for one in loud}
            strips = {one.id: strip for one in loud if (strip := strip_of(reader, state, one, outlook, sight.at))}
            return WatchFacts(sight=sight, changes=changes, strips=strips)

    return read


def strip_of(reader: Reader, state: State, attention: Attention, outlook: Outlook, now: Millis) -> Strip | None:
    """The line that an attention is about; None where it is about none."""
    key = next((key for signal in attention.signals for key in _series_keys(signal.subject, signal.refs)), None)
    series = None if key is None else reader.monitors.one(key)
    if series is None:
        return None
    since = min(attention.not_before or attention.since, attention.since) - BEFORE
    moves = [
        move
        for move in state.alias_moves(since=since, until=now, limit=200)
        if move.model == series.model and move.alias in outlook.aliases and move.reason != "first seen"
    ]
    others = [one for one in reader.monitors.series() if one.model == series.model and one.key != series.key]
    before = [one for one in others if one.name == series.name]
    return Strip(
        series,
        joined([reader.monitors.thinned(one.key, since, now, COLUMNS) for one in (series, *before)], now - since),
        tuple(sorted(moves, key=lambda move: move.at)),
        tuple((one, state_of(reader, one, now)) for one in others if one.version in ("", series.version)),
    )


def joined(parts: Sequence[Samples], length: Millis) -> Samples | None:
    """The line of a model over its versions: before the first point of one, that of the version before it.

    A column stands for an equal time, so that a version with more points a minute has no more room.
    """
    held: dict[int, tuple[Millis, float]] = {}
    first = min((part.times[0] for part in parts if part.times), default=0)
    for number, part in enumerate(parts):
        known = min((at for at, _ in held.values()), default=None)
        for at, value in zip(part.times, part.shares(), strict=True):
            if number == 0 or known is None or at < known:
                held[(at - first) * COLUMNS // max(1, length)] = at, value
    points = sorted(held.values())
    if not points:
        return None
    times, values = array("q", [at for at, _ in points]), array("d", [value for _, value in points])
    return Samples(source="", key="", times=times, values=values)


def state_of(reader: Reader, series: MonitorSeries, now: Millis) -> SeriesState:
    """How a line stands, its budget included."""
    if series.objective is None:
        return standing(series, now)
    samples = reader.monitors.samples(series.key, now - 72 * 3_600_000, now)
    return standing(series, now, () if samples is None else burn_rates(samples, series.objective, now))


def _series_keys(subject: str, refs: tuple[Any, ...]) -> list[str]:
    named = [subject, *(ref.subject for ref in refs)]
    return [one.removeprefix("series/") for one in named if one.startswith("series/")]


def changes_here(facts: WatchFacts | None, subject: Subject) -> Changes | None:
    """What is known already of an attention, so that its page opens with it."""
    return None if facts is None else facts.changes.get(subject.parts[0])
