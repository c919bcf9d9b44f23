"""The one thread that writes the cache and notes in state.db that somebody looked.

SQLite blocks, the sources' loop must not: every call here is awaited while the thread works, one at a time.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from ..errors import StoreError
from ..records import Batch, Invocation, KnownSeries, Millis, SourceSpec, SourceState
from ..store.cache import Cache, Written
from ..store.files import is_damage
from ..store.log_writes import KEPT as KEPT_OF_LOGS
from ..store.state import State
from .log import LOGGER
from .pieces import Pace, pieces

Answer = TypeVar("Answer")

_NOTE_EVERY: Final = 15_000
"""Milliseconds between two notes that somebody looked: each costs an fsync of state.db."""


class CacheRebuiltError(StoreError):
    """The cache was damaged and a new generation begun: every source starts over from an empty cursor."""


class Writer:
    """A cache and the notes about it, on a thread of their own. Methods raise StoreError."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._pace = Pace()
        self._specs: tuple[SourceSpec, ...] = ()
        self._noted: Millis = 0
        self.generation = 0
        """Raised whenever a damaged cache is begun anew. What was read against an older one must not be written."""
        self._cache: Cache
        self._state: State | None = None
        self._kept_of_logs = KEPT_OF_LOGS

    @classmethod
    async def open(cls, cache: Path, state: Path, *, logs: int = KEPT_OF_LOGS) -> Writer:
        """Open both files, or make them. `logs`: bytes that logs of jobs may take. Raises StoreError."""
        writer = cls()
        writer._kept_of_logs = logs
        try:
            await writer._do(lambda: writer._open(cache, state))
        except BaseException:
            writer._thread.shutdown()
            raise
        return writer

    def _open(self, cache: Path, state: Path) -> None:
        self._cache = Cache(cache, logs=self._kept_of_logs)
        try:
            self._state = State(state)
        except StoreError as error:
            # the cache can be filled all the same; only gaps are not kept
            LOGGER.warning("%s", error)
        self._cache.remembered = self._remembered
        self._tell_news()
        while self._tell_removals():
            pass
        while self._settle():
            pass

    async def close(self) -> None:
        """Finish what is being written and let go of the files."""
        await self._do(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        self._cache.close()
        if self._state is not None:
            self._state.close()

    async def declare(self, specs: Sequence[SourceSpec]) -> dict[str, SourceState]:
        """These are the sources now; gives how each was doing when last said, by its key."""
        self._specs = tuple(specs)
        await self._do(lambda: self._cache.declare(self._specs))
        return {state.source: state for state in await self._do(lambda: self._cache.states())}

    async def cursor(self, source: str) -> dict[str, Any]:
        """Where the source stood at its last committed batch."""
        return await self._do(lambda: self._cache.cursor(source))

    async def items(self, source: str) -> int:
        """How many things of this source the cache holds."""
        return await self._do(lambda: self._cache.items(source))

    async def known_series(self, source: str, run_ids: Sequence[str], names: Sequence[str]) -> list[KnownSeries]:
        """How far the cache has these histories. Empty ones are left out."""
        now = time.time_ns() // 1_000_000
        return await self._do(lambda: self._cache.known_series(source, run_ids, names, now))

    async def log_start(self, source: str, pipeline: str, job: str) -> tuple[int, bool]:
        """How many bytes of a job's log the cache has, and whether that is all of it."""
        now = time.time_ns() // 1_000_000
        return await self._do(lambda: self._cache.log_start(source, pipeline, job, now))

    async def save(self, state: SourceState) -> None:
        """Say how a source is doing."""
        await self._do(lambda: self._cache.save_state(state))

    async def write(self, source: str, batch: Batch, generation: int, began: Millis | None = None) -> Written:
        """Write a batch in transactions of at most 200 ms; the last one carries its cursor.

        Many checks that whole runs of a suite were without are removed after it: the cache owes that from then on.

        `generation` is the one whose cursor the batch follows: a cursor written into an empty cache would say
        that everything before it is there. `began`: when the pass that it is of began, None: just now.
        """
        if batch.models or batch.models_complete or batch.versions_gone:
            # before the cursor moves: a source that was killed here says the same once more
            await self._do(lambda: self._look_at_aliases(source, batch, began))
        total = Written()
        for piece, rows in pieces(batch, self._pace):
            total = _sum(total, await self._do(partial(self._write, source, piece, rows, generation)))
        if batch.invocations:
            while await self._do(self._tell_removals):
                pass
        if batch.series or batch.series_complete or batch.samples:
            while await self._do(self._settle):
                pass
        return total

    def _write(self, source: str, piece: Batch, rows: float, generation: int) -> Written:
        if generation != self.generation:
            raise CacheRebuiltError("The cache was begun anew in the middle of a pass.")
        started = time.perf_counter()
        written = self._cache.write(source, piece, time.time_ns() // 1_000_000)
        self._pace.learn(rows, time.perf_counter() - started)
        if piece.invocations or piece.stacks:
            self._tell_news()
        return written

    async def note_silence(self, source: str, now: Millis) -> None:
        """This source was read whole: its checks that should have spoken by `now` fell silent."""
        await self._do(lambda: self._note_silence(source, now))

    def _note_silence(self, source: str, now: Millis) -> None:
        self._cache.note_silence(source, now)
        self._tell_news()

    def _tell_removals(self) -> bool:
        """Gives whether there were any left to tell."""
        was_any = self._cache.tell_removals(time.time_ns() // 1_000_000)
        if was_any:
            self._tell_news()
        return was_any

    def _settle(self) -> bool:
        """Gives whether anything was owed to lines of production."""
        return self._cache.settle(time.time_ns() // 1_000_000)

    def _tell_news(self) -> None:
        """Have state.db keep what only we have seen. What cannot be kept now waits in the cache."""
        while self._state is not None and (news := self._cache.news()) is not None:
            try:
                self._state.keep_news(news)
            except StoreError as error:
                LOGGER.warning("%s", error)
                return
            self._cache.forget_news(news)

    def _remembered(self, source: str, checks: Sequence[str]) -> list[Invocation]:
        try:
            return [] if self._state is None else self._state.remembered_results(source, checks)
        except StoreError as error:
            LOGGER.warning("%s", error)
            return []

    def _look_at_aliases(self, source: str, batch: Batch, began: Millis | None) -> None:
        """Keep in state.db what moved since the look before. Without it only history is lost."""
        if self._state is None:
            return
        models = {model.name: model.aliases for model in batch.models}
        now, gone, whole = time.time_ns() // 1_000_000, batch.versions_gone, batch.models_complete
        try:
            self._state.observe_aliases(source, models, gone, now, began, is_complete=whole)
        except StoreError as error:
            LOGGER.warning("%s", error)

    async def note_sync(self, at: Millis, longest: Millis) -> None:
        """Something was read at `at`: if nothing had been for `longest`, a gap is kept in state.db."""
        if 0 <= at - self._noted < _NOTE_EVERY:
            return
        self._noted = at
        await self._do(lambda: self._note(at, longest))

    def _note(self, at: Millis, longest: Millis) -> None:
        if self._state is None:
            return
        try:
            gap = self._state.note_sync(at, longest)
        except StoreError as error:
            LOGGER.warning("%s", error)
        else:
            if gap is not None:
                LOGGER.info("no sync for %d s before this one", (gap.until - gap.since) // 1000)

    async def _do(self, act: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, act)

    def _guarded(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise StoreError(f"The cache {self._cache.path} cannot be written: {error}.") from error
            damaged = self._cache.path
            self.generation += 1
            self._cache.rebuild()
            self._cache.declare(self._specs)
            raise CacheRebuiltError(f"The cache {damaged} was damaged ({error}). A new one is being filled.") from error


def _sum(one: Written, other: Written) -> Written:
    return Written(**{name: getattr(one, name) + getattr(other, name) for name in msgspec.structs.asdict(one)})
