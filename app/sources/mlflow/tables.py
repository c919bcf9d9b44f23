"""`sqlite:///`: a source that reads MLflow's own tables in place.

Reading here costs no server anything, so a pass sees more than over REST: every new row of params, tags,
metrics and inputs names its run, whatever the run's status. Only edits in place (a tag's new value) and
restored runs wait for the sweep, which takes a few thousand runs a pass and rests once it has gone over the store
without anybody writing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ...errors import SourceError
from ...records import Batch, Experiment, KnownSeries, Millis, Run, Series, SourceSpec, Want
from .. import Cursor
from .artifacts import local_content, local_listing
from .cursor import CursorMarks
from .store import Changes, MlflowTables

T = TypeVar("T")

_WINDOW: Final = 1_000
"""Runs of one read transaction, some 30 ms: nobody who trains into the file notices."""
_STEP: Final = 2_000
_OVERLAP: Final = 300_000
"""Milliseconds that a pass looks back for ends: a run carries the clock of the machine that trained."""
_FREE_POINTS: Final = 10_000
"""Points of a history that are read whole even where fewer are enough: 10 ms."""


def path_of(address: str, directory: Path | None = None) -> Path:
    """The file that a `sqlite:///` address names: three slashes are relative to `directory`, four absolute.

    Raises SourceError("misconfigured") for an address without a file.
    """
    prefix, slashes, rest = address.partition(":///")
    name = rest.partition("?")[0]
    if prefix != "sqlite" or not slashes or not name or name == ":memory:":
        raise SourceError(
            f"“{address}” names no file: write sqlite:///mlflow.db or sqlite:////full/path.", "misconfigured"
        )
    return (directory or Path.cwd()) / name


class Marks(CursorMarks):
    """The cursor."""

    seen: Changes = msgspec.field(default_factory=Changes)
    polled_at: Millis | None = None
    live: list[int] = msgspec.field(default_factory=list)
    """Rows of the runs that were running at the last pass."""
    below: int | None = None
    """The sweep (at first: the first sync) goes on below this row; None: at the newest."""
    began: Millis = 0
    read: int = 0
    whole: bool = False
    """Whether the whole store was read once."""
    runs: int = 0
    sweep_period: int | None = None

    def begin_sweep(self, now: Millis) -> None:
        """Start over at the newest run."""
        self.below, self.read, self.began = None, 0, now


class TablesSource:
    """MLflow's tables in a SQLite file. `patterns` choose experiments by name; none means all."""

    def __init__(
        self, spec: SourceSpec, path: Path, patterns: Sequence[str] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._spec = spec
        self._path = path
        self._patterns = tuple(patterns)
        self._clock = clock
        self._tables: MlflowTables | None = None
        self._turn = asyncio.Lock()
        self._forget()

    def _forget(self) -> None:
        """Close the file, and what was concluded from its data versions: they hold for one connection."""
        if self._tables is not None:
            self._tables.close()
        self._tables = None
        self._settled: tuple[int, Millis | None] | None = None
        """Data version and pass after which nothing was left to do."""
        self._sweep_from: int | None = None
        """The data version that the sweep under way began with."""
        self._clean_at: int | None = None
        """The data version that a sweep began with and still met at its end."""

    @property
    def spec(self) -> SourceSpec:
        """Which source this is."""
        return self._spec

    async def close(self) -> None:
        """Let go of the file."""
        async with self._turn:
            self._forget()

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; the first sync as well while it is not done. Nothing at all when nobody wrote since."""
        marks = Marks.load(cursor, self._patterns)
        marks.began = min(marks.began, self._now())  # a clock that was set back would make all that is met look unmet
        version = await self._do(MlflowTables.data_version)
        if marks.whole and self._settled == (version, marks.polled_at):
            return
        yield await self._do(self._experiments)
        if await self._do(lambda tables: tables.is_renumbered(marks.seen)):
            marks = Marks.load({}, self._patterns)
        if marks.polled_at is None:
            marks.seen, marks.polled_at = await self._do(MlflowTables.changes), self._now()
            marks.begin_sweep(self._now())
        else:
            async for batch in self._touched(marks):
                yield batch
        if not marks.whole or self._clean_at != version:
            async for batch in self._windows(marks, version, most=_STEP if marks.whole else None):
                yield batch
        if self._clean_at == version:
            self._settled = (version, marks.polled_at)

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """The whole store at once. One that is killed begins anew; the passes' marks move at its end only."""
        marks = Marks.load(cursor, self._patterns)
        marks.began = min(marks.began, self._now())
        self._settled = self._clean_at = None
        if not marks.whole or await self._do(lambda tables: tables.is_renumbered(marks.seen)):
            async for batch in self.poll({} if marks.whole else cursor):
                yield batch
            return
        yield await self._do(self._experiments)
        marks.begin_sweep(self._now())
        version = await self._do(MlflowTables.data_version)
        async for batch in self._windows(marks, version, most=None):
            is_last = batch.runs_gone_unless_seen_since is not None
            yield batch if is_last else msgspec.structs.replace(batch, cursor=None)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Histories, extremes, artifact listings, single runs. What is no longer there is left out."""
        if want.kind == "run":
            runs = await self._do(lambda tables: tables.runs_at(tables.rows_of(want.run_ids)))
            yield Batch(runs=tuple(runs))
            return
        for run_id in want.run_ids:
            if want.kind == "artifact":
                run = await self.get_run(run_id)
                for path in want.keys:
                    yield Batch(contents=(await asyncio.to_thread(local_content, run, path),))
            elif want.kind == "artifacts":
                for folder in want.keys or ("",):
                    yield await self._listing(run_id, folder)
            else:
                async for batch in self._histories(run_id, want):
                    yield batch

    async def get_run(self, run_id: str) -> Run:
        """One run as it is in the tables now. Raises SourceError."""
        runs = await self._do(lambda tables: tables.runs_at(tables.rows_of([run_id])))
        if not runs:
            raise SourceError(f"{self._path} has no run {run_id}.", "misconfigured")
        return runs[0]

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag through MLflow's own client. Raises RefusedError where its schema is another."""
        from .client import tag_in_file

        revision = await self._do(MlflowTables.revision)
        await asyncio.to_thread(tag_in_file, self._path, revision, run_id, key, value)

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take a tag away through MLflow's own client. Raises RefusedError where its schema is another."""
        from .client import tag_in_file

        revision = await self._do(MlflowTables.revision)
        await asyncio.to_thread(tag_in_file, self._path, revision, run_id, key, None)

    async def _do(self, work: Callable[[MlflowTables], T]) -> T:
        """Blocking work on the open tables, in a thread, one at a time."""
        async with self._turn:
            return await asyncio.to_thread(self._with_tables, work)

    async def _runs_at(self, rows: Sequence[int]) -> list[Run]:
        return await self._do(lambda tables: tables.runs_at(rows))

    async def _runs_between(self, low: int, high: int) -> list[Run]:
        return await self._do(lambda tables: tables.runs_between(low, high))

    def _with_tables(self, work: Callable[[MlflowTables], T]) -> T:
        if self._tables is not None and not self._tables.is_current():
            self._forget()
        if self._tables is None:
            self._tables = MlflowTables(self._path, self._spec.key)
        try:
            return work(self._tables)
        except SourceError:
            self._forget()  # whatever it was, the next try begins with a fresh look at the file
            raise

    def _experiments(self, tables: MlflowTables) -> Batch:
        chosen = [one for one in tables.experiments() if self._is_chosen(one)]
        tables.choose([one.id for one in chosen] if self._patterns else None)
        return Batch(experiments=tuple(chosen), experiments_complete=True)

    def _is_chosen(self, experiment: Experiment) -> bool:
        return not self._patterns or any(fnmatchcase(experiment.name, pattern) for pattern in self._patterns)

    async def _touched(self, marks: Marks) -> AsyncIterator[Batch]:
        """New, live and ended runs, and those that got something new."""
        assert marks.polled_at is not None
        since = marks.polled_at - _OVERLAP
        now = self._now()
        changes = await self._do(MlflowTables.changes)  # before the reading: what comes between is met twice
        rows, live = await self._do(lambda tables: tables.touched(marks.seen, since))
        rows = sorted({*rows, *marks.live}, reverse=True)
        for some in _chunks(rows, _WINDOW):
            yield Batch(runs=tuple(await self._runs_at(some)))
        marks.seen, marks.live, marks.polled_at = changes, live, now
        yield Batch(cursor=marks.dump())

    async def _windows(self, marks: Marks, version: int, most: int | None) -> AsyncIterator[Batch]:
        """The sweep, `most` runs of it or all that is left, each batch with the cursor below it."""
        total = await self._do(MlflowTables.count)
        if marks.below is None:
            self._sweep_from = version
        stop = None if most is None else marks.read + most
        while stop is None or marks.read < stop:
            window = await self._do(lambda tables: tables.window(marks.below, _WINDOW))
            runs: list[Run] = []
            if window is not None:
                runs = await self._runs_between(*window)
                marks.below, marks.read = window[0], marks.read + _WINDOW
            if window is None or await self._do(lambda tables: tables.window(marks.below, 1)) is None:
                yield self._swept(marks, runs, version, total)
                return
            period = self._expected_period(marks, total)
            yield Batch(runs=tuple(runs), cursor=marks.dump(), done=marks.read, total=total, sweep_period=period)

    def _swept(self, marks: Marks, runs: Sequence[Run], version: int, total: int) -> Batch:
        """The last batch of a whole reading: what it did not meet is gone."""
        began, now = marks.began, self._now()
        marks.whole, marks.runs, marks.sweep_period = True, total, max(now - began, 1)
        marks.begin_sweep(now)
        if self._sweep_from == version:
            self._clean_at = version
        return Batch(
            runs=tuple(runs),
            cursor=marks.dump(),
            runs_gone_unless_seen_since=began,
            done=total,
            total=total,
            sweep_period=marks.sweep_period,
        )

    def _expected_period(self, marks: Marks, total: int) -> int | None:
        share = marks.read / total if total else 0.0
        return marks.sweep_period if share < 0.1 else int((self._now() - marks.began) / share)

    async def _histories(self, run_id: str, want: Want) -> AsyncIterator[Batch]:
        """A batch for each metric that is read anew, then one with all that was added to the others."""
        enough = None if want.points is None else max(want.points, _FREE_POINTS)
        known = {one.key: one for one in want.known if one.run_id == run_id}
        tails: list[Series] = []
        for key in want.keys:
            tail = await self._tail(known[key], enough) if key in known else None
            if tail is None:
                yield Batch(histories=(await self._history(run_id, key, enough),))
            elif tail:
                tails.append(tail)
        if tails:
            yield Batch(tails=tuple(tails))

    async def _tail(self, known: KnownSeries, enough: int | None) -> Series | None:
        """What was added; empty when nothing was; None where the history has to be read anew."""
        if known.history == "complete":
            return await self._do(lambda tables: tables.history_since(known))
        if enough is None or await self._do(lambda tables: tables.went_on(known)):
            return None
        return Series.of(known.run_id, known.key, ())

    async def _history(self, run_id: str, key: str, enough: int | None) -> Series:
        return await self._do(lambda tables: tables.history(run_id, key, enough))

    async def _listing(self, run_id: str, folder: str) -> Batch:
        run = await self.get_run(run_id)
        listing = await asyncio.to_thread(local_listing, run, folder)
        return Batch(listings=(listing,))

    def _now(self) -> Millis:
        return int(self._clock() * 1000)


def _chunks(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
