"""The passes over a tracking server: first sync, cheap polls, sweep, and what somebody looks at.

A pass costs at most five requests: the experiments, what started, what ended, what is running, and one step
of the sweep (or, instead of it, a look for runs that stopped running without ending where the polls look). Only
what really is new costs more, a request a page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from ...records import Batch, Experiment, Millis, Run, SourceSpec, Want
from .. import Cursor
from ..trouble import TooLargeError, TooSlowError
from .marks import Marks, Window
from .pages import Api, Page
from .polls import Polls
from .wants import Wants

_FIRST_PAGE: Final = 500
_SMALLEST_PAGE: Final = 25
_LARGEST_PAGE: Final = 1_000
"""Measured on 3.17.2 with SQLite: 200, 500, 1,000, 2,000 runs a page give the same 700 runs/s; 1,000 runs of
40 metrics and 30 params are 9.2 MB."""
_LARGEST_ANSWER: Final = 12 * 2**20
_SLOW: Final = 8.0
_QUICK: Final = 2.0
_STEP: Final = 200
"""Runs of one step of the sweep: some 0.3 s of the server's time, a hundredth of a pass's 30 s."""
_LEAVING: Final = 0.003
"""Seconds in which the next request gets onto the wire. Without them it stands behind the parsing and writing of the
page at hand, some 60 ms in which the server has nothing to do."""
_BETWEEN_POLLS: Final = 60.0
"""Seconds after which a long first sync looks for what is new."""


class TrackingSource:
    """A source over an `Api`.

    `patterns` choose experiments by name (shell patterns); none means all. `page` is how many runs of the
    history are asked for at first: the server's pace decides later.
    """

    def __init__(
        self,
        spec: SourceSpec,
        api: Api,
        patterns: Sequence[str] = (),
        *,
        page: int = _FIRST_PAGE,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._spec = spec
        self._api = api
        self._patterns = tuple(patterns)
        self._clock = clock
        self._wants = Wants(api, pause)
        self._page = page

    @property
    def spec(self) -> SourceSpec:
        """Which source this is."""
        return self._spec

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._api.server_now()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def get_run(self, run_id: str) -> Run:
        """One run as the server has it now. Raises SourceError."""
        return await self._api.run(run_id)

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag on a run. Raises SourceError or RefusedError."""
        await self._api.set_tag(run_id, key, value)

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take a tag of a run away. Raises SourceError or RefusedError."""
        await self._api.delete_tag(run_id, key)

    def want(self, want: Want) -> AsyncIterator[Batch]:
        """Histories, extremes, artifact listings, single runs. Raises SourceError."""
        return self._wants.batches(want)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; with an empty cursor, or one that stopped half-way, the first sync as well."""
        marks = Marks.load(cursor, self._patterns)
        marks.sweep_began = min(marks.sweep_began, self._now())  # else a clock set back makes what is met look unmet
        experiments = await self._experiments()
        yield Batch(experiments=experiments, experiments_complete=True)
        ids = [experiment.id for experiment in experiments]
        self._meet(marks, ids)
        is_first = marks.polled_at is None
        if is_first:
            marks.polled_at = self._api.server_now()
            marks.begin_sweep(self._now())
        if not ids:
            yield self._swept(marks, ())
            return
        polls = Polls(self._api, marks, ids)
        if not is_first:
            async for batch in polls.batches():
                yield batch
        if not marks.whole:
            async for batch in self._history(marks, ids):
                yield batch
        elif not polls.vanished:
            yield await self._step(marks, ids)

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """The whole history at once. One that is killed begins anew; the passes' marks move at its end only."""
        marks = Marks.load(cursor, self._patterns)
        if not marks.whole:
            async for batch in self.poll(cursor):
                yield batch
            return
        experiments = await self._experiments()
        yield Batch(experiments=experiments, experiments_complete=True)
        ids = [experiment.id for experiment in experiments]
        self._meet(marks, ids)
        marks.begin_sweep(self._now())
        async for runs, is_last in self._pages(marks.sweep, ids):
            if is_last:
                yield self._swept(marks, runs)
            else:
                yield Batch(runs=runs, done=marks.sweep.read, total=max(marks.runs, marks.sweep.read))

    async def _experiments(self) -> tuple[Experiment, ...]:
        found = await self._api.experiments()
        return tuple(one for one in found if self._is_chosen(one.name))

    def _is_chosen(self, name: str) -> bool:
        return not self._patterns or any(fnmatchcase(name, pattern) for pattern in self._patterns)

    @staticmethod
    def _meet(marks: Marks, ids: list[str]) -> None:
        """An experiment that is new since the last pass may bring runs of any age (restored, imported)."""
        known = set(marks.experiments)
        new = [one for one in ids if one not in known]
        if new and marks.polled_at is not None:
            marks.backlog.append(Window(experiments=new))
        marks.experiments = ids

    async def _history(self, marks: Marks, ids: Sequence[str]) -> AsyncIterator[Batch]:
        """The first sync: every run, newest first, each batch with the cursor that goes on below it."""
        polled = time.monotonic()
        async for runs, is_last in self._pages(marks.sweep, ids):
            if is_last:
                yield self._swept(marks, runs)
                return
            yield Batch(runs=runs, cursor=marks.dump(), done=marks.sweep.read)
            if time.monotonic() - polled > _BETWEEN_POLLS:
                async for batch in Polls(self._api, marks, ids).batches():
                    yield batch
                polled = time.monotonic()

    async def _step(self, marks: Marks, ids: Sequence[str]) -> Batch:
        """One page of the sweep, with the cursor below it."""
        page = await self._fetch(marks.sweep, ids, most=_STEP)
        runs = self._taken(marks.sweep, page)
        if not page.token:
            return self._swept(marks, runs)
        return Batch(runs=runs, cursor=marks.dump(), sweep_period=marks.expected_period(self._now()))

    def _swept(self, marks: Marks, runs: tuple[Run, ...]) -> Batch:
        """The last batch of a whole reading: what it did not meet is gone."""
        began = marks.sweep_began
        marks.end_sweep(self._now())
        return Batch(
            runs=runs,
            cursor=marks.dump(),
            runs_gone_unless_seen_since=began,
            done=marks.runs,
            total=marks.runs,
            sweep_period=marks.sweep_period,
        )

    async def _pages(self, window: Window, ids: Sequence[str]) -> AsyncIterator[tuple[tuple[Run, ...], bool]]:
        """The pages of a window and whether each is the last; the next is under way while one is parsed and written."""
        ahead = asyncio.create_task(self._fetch(window, ids))
        try:
            while True:
                page = await ahead
                kept = self._kept(window, page)
                if page.token:
                    ahead = asyncio.create_task(self._fetch(window, ids))
                    await asyncio.wait([ahead], timeout=_LEAVING)
                yield page.runs(kept), not page.token
                if not page.token:
                    return
        finally:
            ahead.cancel()
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()  # known already, or of no interest any more

    @staticmethod
    def _kept(window: Window, page: Page) -> int:
        """Move the window below a page; how many of its runs are done with."""
        if page.token:
            return window.advance(page.times(window.by), page.token)
        window.read += len(page)
        return len(page)

    def _taken(self, window: Window, page: Page) -> tuple[Run, ...]:
        return page.runs(self._kept(window, page))

    async def _fetch(self, window: Window, ids: Sequence[str], most: int = _LARGEST_PAGE) -> Page:
        """A page of a size that the server delivers in time: fewer runs are asked for when it does not."""
        where, order, token = window.filter(), window.order(), window.token
        while True:
            try:
                size = min(self._page, most)
                page = await self._api.search(window.experiments or ids, where, order, size, token)
            except (TooSlowError, TooLargeError):
                if self._page <= _SMALLEST_PAGE:
                    raise
                self._page = max(_SMALLEST_PAGE, size // 4)
                continue
            self._learn(page)
            return page

    def _learn(self, page: Page) -> None:
        if page.took > _SLOW or page.size > _LARGEST_ANSWER:
            self._page = max(_SMALLEST_PAGE, self._page // 2)
        elif page.took < _QUICK and len(page) == self._page and page.size < _LARGEST_ANSWER // 3:
            self._page = min(_LARGEST_PAGE, self._page * 2)

    def _now(self) -> Millis:
        return int(self._clock() * 1000)
