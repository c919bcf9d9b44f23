"""Runs and their artifacts: of a tracking server over REST, or of a SQLite store with its artifacts beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

from ...records import Artifact, Millis, Run
from ..http import Http
from ..mlflow.artifacts import check_within, local_file, local_listing
from ..mlflow.marks import Window
from ..mlflow.rest import RestApi
from ..mlflow.store import MlflowTables

T = TypeVar("T")

_LATEST: Final = 2**62


class Listed(NamedTuple):
    """A page of runs that ended in a window, the last first."""

    runs: list[Run | None]
    """None for one of an experiment that is not read."""
    times: list[Millis]
    """When each of them ended."""
    token: str
    """What leads to the next page; "" at the end."""


class Runs(Protocol):
    """A tracking server or store. Every method raises SourceError; each call but `now` is a request."""

    async def experiments(self) -> list[str]:
        """The ids of those that are read."""

    async def ended(self, experiments: Sequence[str], window: Window, size: int) -> Listed:
        """A page of the runs that ended in the window."""

    async def listing(self, run: Run, folder: str) -> Sequence[Artifact]:
        """One folder of a run's artifacts."""

    async def file(self, run: Run, path: str, limit: int) -> bytes:
        """A whole artifact. Raises TooLargeError above `limit` bytes, OSError where it is on this machine."""

    def now(self) -> Millis:
        """The clock there."""

    async def close(self) -> None:
        """Let go of connections."""


class RestRuns:
    """A tracking server over HTTP. `patterns` choose experiments by name, none means all."""

    def __init__(self, http: Http, source: str, patterns: Sequence[str]) -> None:
        self._api, self._patterns = RestApi(http, source), tuple(patterns)

    async def experiments(self) -> list[str]:
        """The ids of those that are read."""
        return [one.id for one in await self._api.experiments() if _is_chosen(one.name, self._patterns)]

    async def ended(self, experiments: Sequence[str], window: Window, size: int) -> Listed:
        """A page of the runs that ended in the window."""
        page = await self._api.search(experiments, window.filter(), window.order(), size, window.token)
        return Listed(list(page.runs()), page.times("end_time"), page.token)

    async def listing(self, run: Run, folder: str) -> Sequence[Artifact]:
        """One folder of a run's artifacts."""
        return (await self._api.listing(run.id, folder)).artifacts

    async def file(self, run: Run, path: str, limit: int) -> bytes:
        """A whole artifact, through the tracking server."""
        return await self._api.file(run.id, path, limit)

    def now(self) -> Millis:
        """The server's clock."""
        return self._api.server_now()

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()


class TableRuns:
    """A SQLite store, whose artifacts are read where they lie in a folder of this machine.

    `within`: a real folder that they have to lie in, None: anywhere.
    """

    def __init__(self, path: Path, source: str, patterns: Sequence[str], within: Path | None = None) -> None:
        self._path, self._source, self._patterns, self._within = path, source, tuple(patterns), within

    async def experiments(self) -> list[str]:
        """The ids of those that are read."""
        return await self._do(
            lambda tables: [one.id for one in tables.experiments() if _is_chosen(one.name, self._patterns)]
        )

    async def ended(self, experiments: Sequence[str], window: Window, size: int) -> Listed:
        """A page of the runs that ended in the window. The token counts the runs of one and the same time."""
        return await self._do(lambda tables: _page(tables, frozenset(experiments), window, size))

    async def listing(self, run: Run, folder: str) -> Sequence[Artifact]:
        """One folder of a run's artifacts."""
        self._check(run)
        return (await asyncio.to_thread(local_listing, run, folder)).artifacts

    async def file(self, run: Run, path: str, limit: int) -> bytes:
        """A whole artifact."""
        self._check(run)
        return await asyncio.to_thread(local_file, run, path, limit)

    def _check(self, run: Run) -> None:
        if self._within is not None:
            check_within(run, self._within)

    def now(self) -> Millis:
        """The machine's clock."""
        return time.time_ns() // 1_000_000

    async def close(self) -> None:
        """Nothing is held between two calls."""

    async def _do(self, work: Callable[[MlflowTables], T]) -> T:
        return await asyncio.to_thread(self._opened, work)

    def _opened(self, work: Callable[[MlflowTables], T]) -> T:
        tables = MlflowTables(self._path, self._source)
        try:
            return work(tables)
        finally:
            tables.close()


def _page(tables: MlflowTables, experiments: frozenset[str], window: Window, size: int) -> Listed:
    skip = int(window.token or 0)
    high = _LATEST if window.high is None else window.high
    rows = tables.ended(window.low or 1, high, size + 1, skip)
    token = str(skip + size) if len(rows) > size else ""
    rows = rows[:size]
    runs = {run.id: run for run in tables.runs_at([row for _, row in rows])}
    by_end: list[Run] = sorted(runs.values(), key=lambda run: run.ended_at or 0, reverse=True)
    chosen: list[Run | None] = [run if run.experiment_id in experiments else None for run in by_end]
    return Listed(chosen, [run.ended_at or 0 for run in by_end], token)


def _is_chosen(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
