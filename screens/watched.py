"""The watched runs of this terminal: kept over screens, experiments and restarts, until they ended and were told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from ..app.errors import StoreError
from ..app.records import Millis, Run, Series, Want
from ..app.store.reading import Reader
from ..app.watching import SYSTEM, Notice, Seen, Sight, begin, has_ended, look
from .baseline import baseline_id, experiment_of

if TYPE_CHECKING:
    from .deck import Deck, Tables

TABLE = "watched"
"""Where they are kept: {"runs": {native id: what is known}}."""
READ_FOR: Millis = 1_500
"""A notice stands so long at least: a key that was on its way when it came has not read it."""
HISTORIES = 8
"""Histories of a run that are looked at."""
REMEMBERED = 200
"""Notices that `:notices` lists."""


class Watched:
    """Which runs are watched, what is known of them, and what was told."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.seen: dict[str, Seen] = _read(tables)
        """By native id."""
        self.unread: list[Notice] = []
        """Oldest first."""
        self.told: list[Notice] = []
        """Of this session, oldest first."""

    def __contains__(self, run_id: object) -> bool:
        return run_id in self.seen

    def watch(self, deck: Deck, runs: Iterable[Run]) -> list[Run]:
        """Watch those of these runs of which something is still to come; gives them. Raises StoreError."""
        found = [run for run in runs if not has_ended(run) and run.id not in self.seen]
        for run in deck.reader.runs(deck.reader.rowids([run.id for run in found])):  # a row of a table holds a part
            experiment = experiment_of(deck.reader, run)
            self.seen[run.id] = begin(run, experiment, self._sight(deck, {experiment}, {}))
        self._keep({run.id: self.seen.get(run.id) for run in found})
        return found

    def leave(self, run_id: str) -> bool:
        """Watch this run no more; False when it was not watched. Raises StoreError."""
        if self.seen.pop(run_id, None) is None:
            return False
        self._keep({run_id: None})
        return True

    def look(self, deck: Deck) -> list[Notice]:
        """What is new since the last look. Kept before it is told, so that nothing is told twice. Raises StoreError."""
        if not self.seen:
            return []
        reader, before = deck.reader, self.seen
        rowids = reader.rowids(list(before))
        runs = reader.runs(rowids)
        series = {run.id: self._series(reader, run) for run in runs}
        sight = self._sight(deck, {seen.experiment for seen in before.values()}, series)
        notices, self.seen = look(before, runs, sight)
        if notices:
            changed = {notice.run_id for notice in notices}
            self._keep({run_id: self.seen.get(run_id) for run_id in changed})
        self.unread += notices
        self.told = [*self.told, *notices][-REMEMBERED:]
        return notices

    @staticmethod
    def _series(reader: Reader, run: Run) -> tuple[Series, ...]:
        """Histories that the cache has of the run's own metrics: they know its rhythm, and what came between looks."""
        names = sorted(name for name in run.metrics if not name.startswith(SYSTEM))[:HISTORIES]
        return tuple(reader.series_of(reader.rowids([run.id]), names).values())

    def _sight(self, deck: Deck, experiments: Iterable[str], series: dict[str, tuple[Series, ...]]) -> Sight:
        ids = {name: run_id for name in experiments if (run_id := baseline_id(deck.tables, name))}
        runs = {run.id: run for run in deck.reader.runs(deck.reader.rowids(list(ids.values())))} if ids else {}
        return Sight(
            now=deck.now(), better=deck.better, states={state.source: state for state in deck.states},
            baselines={name: runs[run_id] for name, run_id in ids.items() if run_id in runs}, series=series,
        )  # fmt: skip

    def wants(self, deck: Deck) -> list[Want]:
        """What to ask for so that a notice is not a whole pass late: only of runs that run, of sources that answer."""
        well = {state.source for state in deck.states if state.state == "ok"}
        running = [seen for seen in self.seen.values() if seen.status == "running" and seen.source in well]
        return [
            Want(kind="run", source=source, run_ids=tuple(seen.run_id for seen in running if seen.source == source))
            for source in dict.fromkeys(seen.source for seen in running)
        ]

    def read(self, now: Millis) -> bool:
        """A key was pressed: what has stood long enough was read. Gives whether there was something."""
        stay = [notice for notice in self.unread if now - notice.at < READ_FOR]
        was_read = len(stay) < len(self.unread)
        self.unread = stay
        return was_read

    def _keep(self, changes: dict[str, Seen | None]) -> None:
        """Write what changed into what is kept: another terminal may watch others."""
        if not changes:
            return
        kept = {run_id: msgspec.to_builtins(seen) for run_id, seen in _read(self._tables).items()}
        for run_id, seen in changes.items():
            if seen is None:
                kept.pop(run_id, None)
            else:
                kept[run_id] = msgspec.to_builtins(seen)
        self._tables.save_table(TABLE, {"runs": kept})


def _read(tables: Tables) -> dict[str, Seen]:
    """What is kept; what cannot be read any more is left out."""
    try:
        kept = (tables.get_table(TABLE) or {}).get("runs") or {}
    except StoreError:
        return {}  # said where it matters: when something is to be kept
    found: dict[str, Seen] = {}
    for run_id, written in kept.items():
        try:
            found[run_id] = msgspec.convert(written, Seen)
        except msgspec.ValidationError:
            continue  # of another version
    return found
