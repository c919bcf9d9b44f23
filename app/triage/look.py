"""One look at everything: each kind of signal anew only where what it reads has changed, or its time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from ..records import Millis, Note, SourceState
from ..store.event_counts import event_counts
from ..store.notes import all_notes
from ..store.reading import Content, Reader
from ..store.state import State
from ..store.watch_memory import StateMarks
from ..store.watch_reads import WatchReads
from .attention import attentions, newest_acks
from .clocks import clocks
from .outlook import Outlook
from .production import Production, production
from .sight import Sight
from .signals_aliases import in_force_since, look_at_aliases
from .signals_checks import look_at_checks
from .signals_data import look_at_data
from .signals_infra import look_at_stacks
from .signals_pipelines import look_at_pipelines
from .signals_runs import look_at_runs
from .signals_series import look_at_series
from .signals_sources import source_signs
from .signs import Found, Sign, earliest

_A_DAY: Final = 86_400_000
LONGEST: Final = 7 * _A_DAY
"""Milliseconds back that events are counted."""


class _Kept(NamedTuple):
    """What was found, and of what it was read."""

    key: tuple[Any, ...]
    found: Any
    due: Millis | None = None


class _Memory(NamedTuple):
    """What the next look goes on from: good for one cache and one outlook only."""

    outlook: Outlook
    cache: str
    kept: Mapping[str, _Kept]


class _Scene:
    """What one look reads, each at most once."""

    def __init__(self, reader: Reader, state: State, outlook: Outlook, now: Millis, before: Sight | None) -> None:
        self.reader, self.state, self.outlook, self.now = reader, state, outlook, now
        memory = before.memory if before is not None else None
        is_same = isinstance(memory, _Memory) and (memory.outlook, memory.cache) == (outlook, str(reader.path))
        self._before: Mapping[str, _Kept] = memory.kept if is_same and memory is not None else {}
        self._went_back = before is not None and now < before.at
        self.kept: dict[str, _Kept] = {}

    @cached_property
    def content(self) -> Content:
        return self.reader.content()

    @cached_property
    def states(self) -> list[SourceState]:
        return self.reader.source_states()

    @cached_property
    def marks(self) -> StateMarks:
        return self.state.watch_marks()

    @cached_property
    def production(self) -> Production:
        content = self.content
        key = (content.models, content.runs, content.data, content.checks)
        made: Production = self.again("production", key, lambda: (self._production(), None))
        return made

    def _production(self) -> Production:
        return production(WatchReads(self.reader.connection), self.outlook)

    def clocks(self, *kinds: str) -> dict[str, Millis | None]:
        return clocks(self.states, kinds or None, self.now)

    def again(self, name: str, key: tuple[Any, ...], look: Callable[[], tuple[Any, Millis | None]]) -> Any:
        """What was found before, where that holds."""
        known = self._before.get(name)
        holds = known is not None and known.key == key and not self._went_back
        if known is None or not holds or (known.due is not None and self.now >= known.due):
            known = _Kept(key, *look())
        self.kept[name] = known
        return known.found


_Detect = Callable[[_Scene], tuple[tuple[Any, ...], Callable[[], Found]]]
"""What it reads, by figures that change with it; and the look."""


def _series(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    marks, content = scene.marks, scene.content
    key = (content.monitors, content.promotions, marks.moves, marks.entries, scene.production)

    def looks() -> Found:
        since = in_force_since(scene.reader, scene.state, scene.outlook, scene.production)
        return look_at_series(scene.reader, scene.production, since)

    return key, looks


def _aliases(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    marks, content = scene.marks, scene.content
    git = [one.as_of if one.as_of is not None else one.last_ok_at for one in scene.states if one.kind == "git"]
    as_of = min((at or 0 for at in git), default=None)  # a move that Git may not tell of yet is explained later
    key = (
        content.models, content.promotions, marks.moves, marks.entries, marks.events, scene.production,
        as_of if as_of is not None and as_of < marks.moved_at else None, tuple(one.source for one in scene.states),
    )  # fmt: skip
    return key, lambda: look_at_aliases(scene.reader, scene.state, scene.outlook, scene.production, scene.now)


def _pipelines(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    return (scene.content.pipelines, scene.content.commits), lambda: look_at_pipelines(scene.reader, scene.now)


def _checks(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    known = scene.clocks("checks")
    key = (scene.content.checks, scene.production, tuple(known.items()))
    return key, lambda: look_at_checks(scene.reader, scene.production, scene.outlook, known, scene.now)


def _runs(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    known = scene.clocks()
    key = (scene.content.runs, scene.production.experiments(), tuple(known.items()))
    return key, lambda: look_at_runs(scene.reader, scene.production, known, scene.now)


def _stacks(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    key = (scene.content.infra, scene.marks.events, scene.production)
    return key, lambda: look_at_stacks(scene.reader, scene.state, scene.production, scene.outlook)


def _data(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    known = scene.clocks("git", "mlflow")
    key = (scene.content.data, scene.content.runs, scene.production, tuple(known.items()))
    return key, lambda: look_at_data(scene.reader, scene.production, scene.outlook, known, scene.now)


def _sources(scene: _Scene) -> tuple[tuple[Any, ...], Callable[[], Found]]:
    last = scene.state.last_sync_at()
    return (tuple(scene.states), last, scene.now), lambda: source_signs(scene.states, last, scene.now)


_DETECTORS: Final[Mapping[str, _Detect]] = {
    "series": _series, "aliases": _aliases, "checks": _checks, "data": _data, "pipelines": _pipelines, "runs": _runs,
    "stacks": _stacks, "sources": _sources,
}  # fmt: skip


def look(reader: Reader, state: State, outlook: Outlook, *, now: Millis, before: Sight | None = None) -> Sight:
    """What needs attention as of `now`, by what the two files hold.

    `before`: the sight of an earlier look of this process, from which it goes on: the same is seen without it, later.
    Raises StoreError, and sqlite3.DatabaseError for a cache that is damaged.
    """
    with reader.at_one_moment():
        scene = _Scene(reader, state, outlook, now, before)
        found = [_found(scene, name, detect) for name, detect in _DETECTORS.items()]
        acks = _acks(scene)
        since, counts = _events(scene)
    read_at = {one.source: one.as_of if one.as_of is not None else one.last_ok_at for one in scene.states}
    seen = (_dated(sign, read_at) for one in found for sign in one.signs)
    oldest, source = _oldest(scene.states)
    return Sight(
        at=now, attentions=attentions(seen, acks), watched=tuple(pair for one in found for pair in one.watched),
        oldest=oldest, oldest_source=source, happened=counts, since=since,
        next_due=earliest((one.due for one in found), now),
        memory=_Memory(outlook, str(reader.path), scene.kept),
    )  # fmt: skip


def _found(scene: _Scene, name: str, detect: _Detect) -> Found:
    key, looks = detect(scene)

    def fresh() -> tuple[Found, Millis | None]:
        made = looks()
        return made, made.due

    made: Found = scene.again(name, key, fresh)
    return made


def _dated(sign: Sign, read_at: Mapping[str, Millis | None]) -> Sign:
    """With how old the word is by which it is told."""
    if not sign.source:
        return sign
    return sign._replace(signal=replace(sign.signal, seen_at=read_at.get(sign.source)))


def _acks(scene: _Scene) -> dict[str, Note]:
    key = (scene.content.notes, scene.marks.notes, tuple(one.source for one in scene.states))
    found: dict[str, Note] = scene.again(
        "acks", key, lambda: newest_acks(all_notes(scene.reader, scene.state), scene.now)
    )
    return found


def _oldest(states: Iterable[SourceState]) -> tuple[Millis | None, str]:
    answers = [(one.last_ok_at, one.name) for one in states if one.last_ok_at is not None]
    return min(answers, default=(None, ""))


def _events(scene: _Scene) -> tuple[Millis, tuple[tuple[str, int], ...]]:
    """Since when events are counted, and how many there are of each kind."""
    seen = scene.state.seen_at("watch")
    day = scene.now - scene.now % 3_600_000  # a window that moves with each look would be counted each time
    since = day - _A_DAY if seen is None else max(seen, day - LONGEST)
    marks = scene.marks
    key = (scene.content, marks, since)

    def count() -> tuple[tuple[tuple[str, int], ...], None]:
        counted = event_counts(scene.reader, scene.state, since)
        return tuple(sorted(counted.items(), key=lambda pair: (pair[1], pair[0]))), None

    counts: tuple[tuple[str, int], ...] = scene.again("events", key, count)
    return since, counts
