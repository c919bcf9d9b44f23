"""What belongs to a shift, out of both files: since the last hand-over of anybody, else of the last twelve hours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ..promotion.identity import you
from ..records import Changes, Event, Gap, Millis, Note, Record
from ..settings import Settings
from ..store.happened import happened
from ..store.notes import all_notes
from ..store.reading import Reader
from ..store.state import Act, State
from ..triage import Sight, explain, kept_sight, look, outlook
from .markdown import handover_markdown

USUAL: Final = 12 * 3_600_000
"""Milliseconds: the length of a watch, where nobody handed over before."""
_MOST_EVENTS: Final = 5_000
_HELD: Final = 10
"""Attentions that somebody has for which suspects are looked for: the syncer looks for those that nobody has."""
_FRESH: Final = 300_000
"""Milliseconds for which what a syncer saw is taken as it is."""


class Shift(Record, frozen=True, kw_only=True):
    """All that a hand-over is made of."""

    since: Millis
    until: Millis
    who: str
    sight: Sight | None
    changes: Mapping[str, Changes]
    """By the id of the attention."""
    events: tuple[Event, ...]
    """Newest first."""
    notes: tuple[Note, ...]
    acts: tuple[Act, ...]
    gaps: tuple[Gap, ...]
    names: Mapping[str, str] = {}
    """What people call the things that were written on, by their subjects, where those are ids."""

    def markdown(self, settings: Settings) -> str:
        """In the display zone."""
        return handover_markdown(
            self.sight, self.changes, self.events, self.notes, self.acts, since=self.since, until=self.until,
            zone=settings.zone, project=settings.name, environment=settings.project.environment, who=self.who,
            gaps=self.gaps, names=self.names,
        )  # fmt: skip


def the_shift(
    settings: Settings, reader: Reader | None, state: State, *, now: Millis, since: Millis | None = None
) -> Shift:
    """The shift until `now`. `reader` None: nothing was ever synced. Some 100 ms. Raises StoreError.

    `since` None: from the last hand-over on, else of the last twelve hours.
    """
    notes = all_notes(reader, state)
    begun = last_handover(notes, now) if since is None else since
    start = now - USUAL if begun is None else begun
    sight, changes = _seen(settings, reader, state, now)
    within = tuple(note for note in notes if start <= note.at <= now)
    return Shift(
        since=start, until=now, who=you(settings).name, sight=sight, changes=changes,
        events=tuple(happened(reader, state, _MOST_EVENTS, since=start)),
        notes=within, acts=tuple(state.acts_since(start)), gaps=tuple(state.gaps(start)),
        names=_names(reader, sight, notes, {note.subject for note in within}),
    )  # fmt: skip


def last_handover(notes: Iterable[Note], now: Millis) -> Millis | None:
    """When somebody last handed over; None when nobody ever did."""
    return max((note.at for note in notes if note.kind == "handover" and note.at <= now), default=None)


def _seen(
    settings: Settings, reader: Reader | None, state: State, now: Millis
) -> tuple[Sight | None, Mapping[str, Changes]]:
    """What needs attention now, and what changed before it, also before what somebody has: that goes on to the next."""
    sight, changes = _sight(settings, reader, state, now)
    if sight is None or reader is None:
        return sight, changes
    own = outlook(settings)
    held = [one for one in sight.attentions if one.is_quiet and one.id not in changes][:_HELD]
    return sight, {**changes, **{one.id: explain(reader, state, one, own, now=now) for one in held}}


def _sight(
    settings: Settings, reader: Reader | None, state: State, now: Millis
) -> tuple[Sight | None, Mapping[str, Changes]]:
    """What the syncer saw, where that is fresh and nothing was said since; else what is seen now."""
    kept = kept_sight(state)
    newest = max((note.at for note in state.own_notes(0 if kept is None else kept[0])), default=0)
    if kept is not None and (reader is None or (now - kept[0] < _FRESH and newest <= kept[0])):
        return kept[1], kept[2]
    if reader is None:
        return None, {}
    return look(reader, state, outlook(settings), now=now), {} if kept is None else kept[2]


def _names(
    reader: Reader | None, sight: Sight | None, notes: Iterable[Note], written_on: Collection[str]
) -> dict[str, str]:
    """The names of what was written on: of what needs attention its title, of a run its own."""
    named = {note.subject: note.about for note in notes if note.about}
    seen = {f"attention/{one.id}": one.title for one in (() if sight is None else sight.attentions)}
    ids = [one.removeprefix("run/") for one in written_on if one.startswith("run/")]
    runs = [] if reader is None else reader.runs(reader.rowids(ids), names=())
    return {**named, **seen, **{f"run/{run.id}": run.name for run in runs if run.name}}
