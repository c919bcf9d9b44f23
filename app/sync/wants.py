"""What somebody looks at right now: fetched at once, each thing once, and the rest at a gentle pace.

A run may have two thousand metrics. The first of a want are those on the screen and go at once; the others follow in
small pieces that wait while anybody looks at something else, at a pace that no server feels.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec

from ..errors import SourceError
from ..records import Batch, LogPart, Patch, Want
from .log import LOGGER
from .poller import Poller, closed, now_millis

_HANDS: Final = 3
"""Wants that one source serves at a time, besides the gentle ones."""

_WAITING: Final = 600
"""Wants that wait at most; then the oldest is dropped: nobody looks at it any more, or asks again."""

_ON_SCREEN: Final = 24
"""Metrics of one want for histories that go at once: more curves than a screen shows."""

_PIECE: Final = 8
"""Metrics of one gentle piece, so that what is wanted later need not wait for long."""

_BURST: Final = 40
"""Metrics that are filled in without a pause after a rest ..."""

_PACE: Final = 1.0
"""... and seconds for each of them after that, where the source is a server. Inside a piece the source paces itself."""

_DONE_FOR: Final = 60.0
"""Seconds for which a gentle piece is not fetched again, though a screen repeats the want that it came from."""


class Wants:
    """The wants of one source. `serve` runs until it is cancelled."""

    def __init__(
        self,
        poller: Poller,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._poller = poller
        self._clock = clock
        self._pause = pause
        self._at_once = _Line()
        self._gently = _Line()
        self._served: dict[Want, float] = {}
        self._allowance = _Allowance(clock)
        self._is_server = poller.state.address.startswith(("http://", "https://"))

    def add(self, want: Want) -> None:
        """Fetch this soon; what waits already or is being fetched is not fetched twice."""
        first, rest = _split(want)
        if first is not None:
            self._at_once.add(first)
        now = self._clock()
        for piece in reversed(rest):  # the newest in line goes first
            if now - self._served.get(piece, -_DONE_FOR) >= _DONE_FOR:
                self._gently.add(piece)

    def is_idle(self) -> bool:
        """Nothing waits and nothing is being fetched."""
        return self._at_once.is_empty() and self._gently.is_empty()

    async def serve(self) -> None:
        """Fetch what is wanted, newest first."""
        async with asyncio.TaskGroup() as hands:
            for _ in range(_HANDS):
                hands.create_task(self._work(self._at_once))
            hands.create_task(self._work_gently())

    async def _work(self, line: _Line) -> None:
        while True:
            want = await line.take()
            try:
                await self._obey_limit()
                await self.fetch(want)
            finally:
                line.done(want)

    async def _work_gently(self) -> None:
        while True:
            if self._is_server:
                await self._pause(self._allowance.seconds())
            want = await self._gently.take()
            try:
                await self._obey_limit()
                self._allowance.spend(len(want.keys))
                if await self.fetch(want):
                    self._remember(want)
            finally:
                self._gently.done(want)

    def _remember(self, piece: Want) -> None:
        now = self._clock()
        self._served = {one: at for one, at in self._served.items() if now - at < _DONE_FOR}
        self._served[piece] = now

    async def _obey_limit(self) -> None:
        """A server that asked to be left alone is."""
        state = self._poller.state
        if state.state == "limited" and state.next_try_at is not None:
            await self._pause(max(0, state.next_try_at - now_millis()) / 1000)

    async def fetch(self, want: Want) -> bool:
        """Fetch it now; gives whether all of it was read."""
        completed = await self._poller.completed(want)
        if completed is None:
            return True
        batches = self._poller.source.want(completed)
        try:
            async for batch in batches:
                await self._poller.keep(batch)
            return True
        except SourceError as error:
            # the next pass will say it where it can be seen, if it is more than this one thing
            LOGGER.info("%s: %s of %s: %s", self._poller.state.name, want.kind, " ".join(want.run_ids[:3]), error)
            await self._say_why(completed, error)
        except Exception as error:  # the boundary: a bug must not end the line of wants
            self._poller.account_for(error)
        finally:
            await closed(batches)
        return False

    async def _say_why(self, want: Want, error: SourceError) -> None:
        """Beside a log or a patch that could not be read, since somebody sits before it and waits."""
        if want.kind == "log" and want.pipelines:
            part = LogPart(
                source=want.source, pipeline=want.pipelines[0], job=want.job, start=want.start, sentence=str(error)
            )
            await self._poller.keep(Batch(log_parts=(part,)))
        elif want.kind == "patch" and len(want.keys) >= 2:
            commit, path = want.keys[:2]
            said = Patch(source=want.source, commit=commit, path=path, sentence=str(error))
            await self._poller.keep(Batch(patches=(said,)))


def _split(want: Want) -> tuple[Want | None, list[Want]]:
    """What goes at once, and the pieces that may take their time."""
    want = msgspec.structs.replace(want, known=())
    if want.kind == "extremes":
        return None, list(_pieces(want, 0))
    if want.kind != "history" or len(want.keys) <= _ON_SCREEN:
        return want, []
    return msgspec.structs.replace(want, keys=want.keys[:_ON_SCREEN]), list(_pieces(want, _ON_SCREEN))


def _pieces(want: Want, start: int) -> Iterator[Want]:
    for at in range(start, len(want.keys), _PIECE):
        yield msgspec.structs.replace(want, keys=want.keys[at : at + _PIECE])


class _Allowance:
    """How many metrics may be filled in without a pause: so many after a rest, then one for each `_PACE`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = float(_BURST)
        self._at = clock()

    def spend(self, count: int) -> None:
        self._fill()
        self._left -= count

    def seconds(self) -> float:
        """How long to wait until there is something left."""
        self._fill()
        return max(0.0, -self._left * _PACE)

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(_BURST, self._left + (now - self._at) / _PACE)
        self._at = now


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
