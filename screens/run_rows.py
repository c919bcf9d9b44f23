"""A window on a long list of runs: ids in their order, and the few records that are on the screen."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from ..app.records import Extreme, Run
from ..app.store.pipelines import CommitChecks
from ..app.store.reading import Reader
from ..app.store.run_checks import RunChecks, checks_of_digests, checks_of_runs
from ..app.watching import has_ended
from .run_columns import CHECKS, CI, RunRow, data_of, metric_of, read_names

PAGE = 64
"""Runs read at once: some two pages of the screen, a millisecond from the cache."""

_HELD = 12
"""Pages kept."""


class RunRows:
    """The rows of a table of runs. Ids that are negative are context: they did not match."""

    def __init__(
        self,
        reader: Reader,
        ids: Sequence[int],
        count: int,
        keys: Sequence[str],
        now: int,
        watched: Container[str] = (),
        base: RunRow | None = None,
    ) -> None:
        self._reader = reader
        self._watched = watched
        self._base = base
        self.ids = ids
        self._count = max(count, len(ids))
        self._names = read_names(keys)
        self._extremes = sorted({metric[0] for key in keys if (metric := metric_of(key))})
        self._ci = CI in keys
        self._data_checks = CHECKS in keys
        self._now = now
        self._pages: dict[int, list[RunRow | None]] = {}

    def count(self) -> int:
        """How many rows there are, as far as is known."""
        return self._count

    def key(self, index: int) -> int | None:
        """The row id."""
        return abs(self.ids[index]) if 0 <= index < len(self.ids) else None

    def context(self, index: int) -> bool:
        """A parent that did not match."""
        return index < len(self.ids) and self.ids[index] < 0

    def rows(self, start: int, stop: int) -> list[RunRow | None]:
        """The rows of these indexes; None where the id is not known yet, or the run is gone."""
        return [self._row(index) for index in range(start, stop)]

    def _row(self, index: int) -> RunRow | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            if len(self._pages) >= _HELD:
                self._pages.clear()
            page = self._pages[index // PAGE] = self._read(index // PAGE * PAGE)
        at = index % PAGE
        return page[at] if at < len(page) else None

    def _read(self, start: int) -> list[RunRow | None]:
        ids = [abs(rowid) for rowid in self.ids[start : start + PAGE]]
        runs = self._reader.runs_by_rowid(ids, self._names)
        known = self._reader.extremes(ids, self._extremes) if self._extremes else {}
        checks = self._checks(runs.values()) if self._ci else {}
        said = self._said(runs.values()) if self._data_checks else {}
        rows: list[RunRow | None] = []
        for rowid in ids:
            run = runs.get(rowid)
            extremes = {name: known[rowid, name] for name in self._extremes if (rowid, name) in known}
            rows.append(self._held(run, extremes, checks, said) if run else None)
        return rows

    def _checks(self, runs: Iterable[Run]) -> Mapping[str, CommitChecks]:
        """What pipelines say of the commits of these runs."""
        shas = {run.git_commit for run in runs if run.git_commit}
        return self._reader.pipelines.of_commits(shas) if shas else {}

    def _said(self, runs: Iterable[Run]) -> dict[str, RunChecks]:
        """What data checks said in these runs, by native id; where none spoke in one, what they said of its data."""
        found = checks_of_runs(self._reader.connection, (run.id for run in runs))
        left = {run.id: data.digest for run in runs if run.id not in found and (data := data_of(run)) is not None}
        of_data = checks_of_digests(self._reader.connection, left.values()) if left else {}
        return found | {native: of_data[digest] for native, digest in left.items() if digest in of_data}

    def _held(
        self, run: Run, extremes: Mapping[str, Extreme], checks: Mapping[str, CommitChecks],
        said: Mapping[str, RunChecks],
    ) -> RunRow:  # fmt: skip
        return RunRow(
            run=run,
            extremes=extremes,
            now=self._now,
            watched=not has_ended(run) and run.id in self._watched,
            base=self._base,
            checks=checks.get(run.git_commit or ""),
            data_checks=said.get(run.id),
        )

    def depth(self, index: int) -> int:
        """How deep the run stands below its parents in this list; 0 where the list is flat."""
        return 0


class RunTree(RunRows):
    """The same, children below their parents."""

    def __init__(
        self,
        reader: Reader,
        ids: Sequence[int],
        keys: Sequence[str],
        now: int,
        watched: Container[str] = (),
        base: RunRow | None = None,
    ) -> None:
        super().__init__(reader, ids, len(ids), keys, now, watched, base)
        self._parents: dict[str, str | None] = {}

    def depth(self, index: int) -> int:
        """How many parents stand above it. A ring of parents, which only a mistake can make, ends the count."""
        row = self._row(index)
        above, seen = row.run.parent_id if row else None, set[str]()
        while above is not None and above not in seen:
            seen.add(above)
            above = self._parent(above)
        # a parent that the cache does not have is no level of this list
        return sum(self._is_known(native) for native in seen)

    def _parent(self, native: str) -> str | None:
        if native not in self._parents:
            self._parents[native] = self._reader.parent_of(native)
        return self._parents[native]

    def _is_known(self, native: str) -> bool:
        return bool(self._reader.rowids([native]))
