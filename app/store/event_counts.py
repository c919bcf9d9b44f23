"""How many events of each kind there were since a moment, without reading what may be many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

from ..records import Event, Millis
from .data_events import data_events
from .event_rows import COMMITS, PIPELINES, RUNS, Rows
from .model_events import entry_event, ledger_events, version_events
from .monitor_events import alert_ends, alert_events, threshold_events
from .note_events import note_event, shared_notes
from .reading import Reader
from .state import State

MOST: Final = 1_000
"""Events of one kind that are read to be counted, where they are made one by one."""
_END: Final = 2**62

_Read = Callable[..., Iterable[Event]]
_FEW: Final[tuple[_Read, ...]] = (
    version_events, ledger_events, data_events, threshold_events, alert_events, alert_ends, shared_notes,
)  # fmt: skip


def event_counts(reader: Reader, state: State, since: Millis) -> Counter[str]:
    """Kinds that occurred from `since` on, and how often. Some 2 ms for a day of a busy team."""
    counts: Counter[str] = Counter()
    for rows in (RUNS, COMMITS, PIPELINES):
        counts.update(_of_rows(reader, rows, since))
    few = {event.id: event.kind for event in _few(reader, state, since)}
    counts.update(few.values())
    sources = {one.source for one in reader.source_states()}
    counts.update({kind: state.count_of_kind(kind, since, sources) for kind in state.event_kinds()})
    moves = [one for one in state.alias_moves(since=since) if one.reason != "first seen" and one.source in sources]
    counts["alias moved"] += len(moves)
    return +counts


def _of_rows(reader: Reader, rows: Rows, since: Millis) -> dict[str, int]:
    cases = " ".join(f"WHEN {test} THEN '{kind}'" for kind, test in rows.columns("1").kinds.items())
    sql = (
        f"SELECT CASE {cases} END, count(*) FROM {rows.table} INDEXED BY {rows.by_time}"
        f" WHERE {rows.at} >= ? AND {rows.tells} AND +{rows.letter}.source IN"
        " (SELECT id FROM source WHERE NOT hidden) GROUP BY 1"
    )
    return {kind: number for kind, number in reader.connection.execute(sql, (since,)) if kind is not None}


def _few(reader: Reader, state: State, since: Millis) -> Iterator[Event]:
    yield from chain.from_iterable(read(reader.connection, since, _END, MOST) for read in _FEW)
    yield from (entry_event(entry) for entry in state.local_entries() if entry.at >= since and not entry.trouble)
    yield from (note_event(note) for note in state.own_notes(since))
