"""A source at its post: when it is due, and what somebody asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import TypeVar

from ..errors import QuarterdeckError, UsageError
from ..records import SourceState
from .poller import Poller, now_millis
from .wants import Wants

Named = TypeVar("Named")


class Post:
    """One source at its post: its schedule and what somebody asked of it."""

    def __init__(self, poller: Poller) -> None:
        self.poller = poller
        self.wants = Wants(poller)
        self._wake = asyncio.Event()
        self._asked: dict[bool, asyncio.Future[SourceState]] = {}

    @property
    def name(self) -> str:
        """The source's label."""
        return self.poller.state.name

    def wake(self) -> None:
        """Look at the clock again: the machine slept."""
        self._wake.set()

    def ask(self, full: bool) -> asyncio.Future[SourceState]:
        """A pass, or a sweep, that begins after now. Askers who come before it begins share it."""
        if full not in self._asked:
            self._asked[full] = asyncio.get_running_loop().create_future()
        self._wake.set()
        return self._asked[full]

    async def stand(self) -> None:
        """Run passes as they fall due or are asked for, until cancelled. Raises StoreError."""
        due = self._first_due()
        try:
            while True:
                await self._wait_until(due)
                if self._asked or (due is not None and now_millis() >= due):
                    await self._run_asked()
                    due = self.poller.state.next_try_at
        finally:
            _break_off(self._asked)

    def _first_due(self) -> int | None:
        """A syncer that starts looks at once, unless a server had asked to be left alone."""
        state = self.poller.state
        return state.next_try_at if state.state == "limited" else now_millis()

    async def _wait_until(self, due: int | None) -> None:
        if self._asked:
            return
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0, due - now_millis()) / 1000):
                await self._wake.wait()

    async def _run_asked(self) -> None:
        asked, self._asked = self._asked, {}
        try:
            state = self.poller.state
            if not _must_wait(state):
                state = await self.poller.run(full=True in asked)
        except BaseException:
            _break_off(asked)
            raise
        for future in asked.values():
            if not future.done():
                future.set_result(state)


def _break_off(asked: dict[bool, asyncio.Future[SourceState]]) -> None:
    for future in asked.values():
        if not future.done():
            future.set_exception(
                QuarterdeckError("The pass was broken off: the syncer ended or its settings changed. Ask again.")
            )
            future.exception()  # whoever asked may be gone: nobody need fetch it
    asked.clear()


def _must_wait(state: SourceState) -> bool:
    return state.state == "limited" and state.next_try_at is not None and state.next_try_at > now_millis()


def chosen(all_of_them: Sequence[Named], names: Iterable[str], name: Callable[[Named], str]) -> list[Named]:
    """Those with these names, all where none is given. Raises UsageError for a name that there is not."""
    wanted = list(names)
    known = [name(one) for one in all_of_them]
    for word in wanted:
        if word not in known:
            near = get_close_matches(word, known, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            raise UsageError(f"There is no source “{word}” in the settings: {', '.join(known) or 'none'}.{hint}")
    return [one for one in all_of_them if not wanted or name(one) in wanted]
