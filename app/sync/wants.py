"""What somebody looks at right now: fetched at once, each thing once, and extremes at a gentle pace."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from ..errors import SourceError
from ..records import Want
from .log import LOGGER
from .poller import Poller, closed, now_millis

_HANDS: Final = 3
"""Wants that one source serves at a time, besides extremes."""

_WAITING: Final = 300
"""Wants that wait at most; then the oldest is dropped: nobody looks at it any more, or asks again."""

_PAUSE: Final = 1.0
"""Seconds from one want of extremes to the next, where the source is a server; inside one the source paces itself."""


class Wants:
    """The wants of one source. `serve` runs until it is cancelled."""

    def __init__(self, poller: Poller, *, pause: float = _PAUSE) -> None:
        self._poller = poller
        self._pause = pause if poller.state.address.startswith(("http://", "https://")) else 0.0
        self._at_once = _Line()
        self._gently = _Line()

    def add(self, want: Want) -> None:
        """Fetch this soon; what waits already or is being fetched is not fetched twice."""
        (self._gently if want.kind == "extremes" else self._at_once).add(want)

    def is_idle(self) -> bool:
        """Nothing waits and nothing is being fetched."""
        return self._at_once.is_empty() and self._gently.is_empty()

    async def serve(self) -> None:
        """Fetch what is wanted, newest first."""
        async with asyncio.TaskGroup() as hands:
            for _ in range(_HANDS):
                hands.create_task(self._work(self._at_once, 0.0))
            hands.create_task(self._work(self._gently, self._pause))

    async def _work(self, line: _Line, pause: float) -> None:
        while True:
            want = await line.take()
            try:
                await self._obey_limit()
                await self._fetch(want, pause)
            finally:
                line.done(want)

    async def _obey_limit(self) -> None:
        """A server that asked to be left alone is."""
        state = self._poller.state
        if state.state == "limited" and state.next_try_at is not None:
            await asyncio.sleep(max(0, state.next_try_at - now_millis()) / 1000)

    async def _fetch(self, want: Want, pause: float) -> None:
        started = time.monotonic()
        batches = self._poller.source.want(want)
        try:
            async for batch in batches:
                await self._poller.keep(batch)
        except SourceError as error:
            # the next pass will say it where it can be seen, if it is more than this one thing
            LOGGER.info("%s: %s of %s: %s", self._poller.state.name, want.kind, " ".join(want.run_ids[:3]), error)
        except Exception as error:  # the boundary: a bug must not end the line of wants
            self._poller.account_for(error)
        finally:
            await closed(batches)
        await asyncio.sleep(max(0.0, started + pause - time.monotonic()))


class _Line:
    """Wants that wait, the newest in front, and those that are being fetched."""

    def __init__(self) -> None:
        self._waiting: dict[Want, None] = {}
        self._fetching: set[Want] = set()
        self._arrived = asyncio.Event()

    def add(self, want: Want) -> None:
        if want in self._fetching:
            return
        self._waiting.pop(want, None)
        self._waiting[want] = None
        if len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._arrived.set()

    async def take(self) -> Want:
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        want, _ = self._waiting.popitem()
        self._fetching.add(want)
        return want

    def done(self, want: Want) -> None:
        self._fetching.discard(want)

    def is_empty(self) -> bool:
        return not self._waiting and not self._fetching
