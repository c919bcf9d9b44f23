"""The cheap polls of one pass: what started, what ended, what is running."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from ...records import Batch
from .marks import Marks, Window
from .pages import Api

_OVERLAP: Final = 300_000
"""Milliseconds that every poll looks back: runs carry the clock of the machine that trained, not the server's."""
_PAGE: Final = 200
_VANISHED: Final = 100
_PLAIN_ID: Final = re.compile(r"[\w-]+", re.ASCII)
"""What may be quoted in a filter. MLflow's ids are 32 hexadecimal digits."""


class Polls:
    """One round of them. Three requests; one more for each further page of what is really new."""

    def __init__(self, api: Api, marks: Marks, experiments: Sequence[str]) -> None:
        self._api = api
        self._marks = marks
        self._experiments = experiments
        self._seen: set[str] = set()
        self.vanished: list[str] = []
        """Runs that no longer run and ended nowhere where a poll looks: a wrong clock, or deleted for good."""

    async def batches(self) -> AsyncIterator[Batch]:
        """Started, ended, running, vanished. Each batch carries the cursor that it advances."""
        self._open_windows()
        while self._marks.backlog:
            yield await self._next_page(self._marks.backlog[0])
        yield await self._running()
        if self.vanished:
            yield await self._look_for_vanished()

    def _open_windows(self) -> None:
        marks = self._marks
        assert marks.polled_at is not None
        since = marks.polled_at - _OVERLAP
        marks.backlog[:0] = [Window(by="start_time", low=since), Window(by="end_time", low=since)]
        marks.polled_at = self._api.server_now()

    async def _next_page(self, window: Window) -> Batch:
        experiments = window.experiments or self._experiments
        page = await self._api.search(experiments, window.filter(), window.order(), _PAGE, window.token)
        if page.token:
            runs = page.runs(window.advance(page.times(window.by), page.token))
        else:
            runs = page.runs()
            del self._marks.backlog[0]
        self._seen.update(run.id for run in runs)
        return Batch(runs=runs, cursor=self._marks.dump())

    async def _running(self) -> Batch:
        """The newest page of running runs; where there are more, it and the older pages take turns."""
        marks = self._marks
        below = marks.running_below
        where = "attributes.status = 'RUNNING'"
        if below is not None:
            where += f" and attributes.start_time <= {below}"
        page = await self._api.search(self._experiments, where, "attributes.start_time DESC", _PAGE)
        runs, times = page.runs(), page.times("start_time")
        has_more = bool(page.token and times and times[0] != times[-1])
        marks.running_below = times[-1] if has_more else None
        if below is None:
            here = {run.id for run in runs}
            gone = (one for one in marks.running if one not in here and one not in self._seen)
            self.vanished = [one for one in gone if _PLAIN_ID.fullmatch(one)][:_VANISHED]
            marks.running = [run.id for run in runs]
        return Batch(runs=runs, cursor=marks.dump())

    async def _look_for_vanished(self) -> Batch:
        listed = ", ".join(f"'{one}'" for one in self.vanished)
        where = f"attributes.run_id IN ({listed})"
        page = await self._api.search(self._experiments, where, "attributes.start_time DESC", _VANISHED)
        return Batch(runs=page.runs())
