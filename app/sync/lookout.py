"""Looks whether something needs attention whenever something was written, keeps what it sees, and has it told.

On a thread of its own, with a reader of its own and less of a claim to the processor: no source and no writing waits
for it. Where nothing was written and no moment has come it does nothing at all.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar

from ..errors import QuarterdeckError
from ..records import Attention, Changes, Millis
from ..settings import Settings
from ..store.files import next_generation, unusable
from ..store.reading import Reader
from ..store.state import State, state_file
from ..triage import Outlook, Sight, explain, look, outlook, sight_to_json
from ..triage.attention import facts_of
from .log import LOGGER, account
from .poller import now_millis

News: TypeAlias = Sequence[tuple[Attention, Changes | None]]
"""What nobody has yet, the worst first, with what changed before it as far as that was looked for."""


class Tell(Protocol):
    """Whoever tells others. It knows itself what it told already, and returns at once."""

    def __call__(self, new: News, /) -> object:
        """Tell of these."""

    def close(self) -> object:
        """End; may take seconds."""


Answer = TypeVar("Answer")

PAUSE: Final = 2.0
"""Seconds between two looks, at least ..."""
_SHARE: Final = 50
"""... and so many times what the last one cost of the processor: a first sync of a million runs goes before ..."""
LONGEST_PAUSE: Final = 30.0
"""... and at most: nobody waits longer than this to be told."""
_NICE: Final = 5
KEEP_EVERY: Final = 60_000
"""Milliseconds after which what is seen is kept though it is the same: it says how old it is."""
EXPLAIN_AGAIN: Final = 300_000
"""Milliseconds after which causes are looked for anew, where something was written: they may come late."""
AT_ONCE: Final = 10
"""Attentions whose causes are looked for in one look, the worst first; the others have their turn in the next."""


class Lookout:
    """The syncer's own look at the Watch. `tell` is told what nobody has yet, at each look."""

    def __init__(self, settings: Settings, cache: Path, tell: Tell | None = None) -> None:
        self._eyes = _Eyes(cache, state_file(settings.project_key), outlook(settings))
        self._tell = tell
        self._nudged = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookout", initializer=_give_way)

    def nudge(self) -> None:
        """Something may have been written."""
        self._nudged.set()

    async def stand(self) -> None:
        """Look whenever it was nudged, or a moment has come at which time alone makes a difference. Until cancelled.

        Not before the first nudge: what a syncer finds that starts is as old as the last one that ended. Raises
        StoreError, after which it may be called again.
        """
        await self._nudged.wait()
        while True:
            self._nudged.clear()
            await self.look()
            await asyncio.sleep(rest(self._eyes.cost))
            await self._wait()

    async def _wait(self) -> None:
        due = self._eyes.next_due
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, (due - now_millis()) / 1000)):
                await self._nudged.wait()

    async def look(self) -> Sight:
        """One look; what nobody has is told. Raises StoreError."""
        sight, news = await self._do(self._eyes.look)
        if news and self._tell is not None:
            self._tell(news)
        return sight

    async def close(self) -> None:
        """Let go of the files, and of whoever tells."""
        await self._do(self._eyes.close)
        if self._tell is not None:
            await self._do(self._tell.close)
        self._thread.shutdown()

    async def _do(self, act: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)


def rest(cost: float) -> float:
    """Seconds until the next look, after one that cost so many seconds of the processor.

    Not of the clock: where others keep the machine busy a look takes long, and is as cheap to make again.
    """
    return min(LONGEST_PAUSE, max(PAUSE, _SHARE * cost))


async def look_once(settings: Settings, cache: Path) -> Sight:
    """One look at the end of a single pass, as the syncer makes it after each. Raises StoreError."""
    lookout = Lookout(settings, cache)
    try:
        return await lookout.look()
    finally:
        await lookout.close()


def _give_way() -> None:
    """On Linux a thread has a priority of its own."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE + os.getpriority(os.PRIO_PROCESS, 0))


class _Eyes:
    """What blocks, for the thread: both files, what was seen last, and why that may be."""

    def __init__(self, cache: Path, state: Path, settings: Outlook) -> None:
        self._cache, self._state_file, self._outlook = cache, state, settings
        self._reader: Reader | None = None
        self._state: State | None = None
        self._sight: Sight | None = None
        self._causes = _Causes()
        self._kept: tuple[object, Millis] = (None, 0)
        self.next_due: Millis | None = None
        self.cost = 0.0
        """Seconds of the processor that the last look took."""

    def look(self) -> tuple[Sight, News]:
        """What is seen now, and what of it nobody has. Raises StoreError."""
        began = time.thread_time()
        try:
            return self._look()
        finally:
            self.cost = time.thread_time() - began

    def _look(self) -> tuple[Sight, News]:
        try:
            reader, state = self._opened()
            sight = look(reader, state, self._outlook, now=now_millis(), before=self._sight)
            is_done = self._causes.look_for(reader, state, self._outlook, sight)
        except sqlite3.DatabaseError as error:
            self.close()
            raise unusable(self._cache, error) from error
        self._sight, self.next_due = sight, sight.next_due if is_done else sight.at
        self._keep(state, sight)
        return sight, [(one, self._causes.of.get(one.id)) for one in sight.attentions if not one.is_quiet]

    def _opened(self) -> tuple[Reader, State]:
        """Both files; the cache's newest generation, which a writer begins when the one before is damaged."""
        newest = self._cache
        while (later := next_generation(newest)).exists():
            newest = later
        if self._reader is not None and newest != self._cache:
            self._reader.close()
            self._reader = None
        self._cache = newest
        if self._state is None:
            self._state = State(self._state_file)
        if self._reader is None:
            self._reader = Reader(newest)
        return self._reader, self._state

    def _keep(self, state: State, sight: Sight) -> None:
        """For whoever opens the Watch next. Each costs an fsync."""
        facts = ([(one.title, one.ack, facts_of(one)) for one in sight.attentions], dict(self._causes.of))
        if facts != self._kept[0] or sight.at - self._kept[1] >= KEEP_EVERY:
            state.keep_sight(sight_to_json(sight, self._causes.of), sight.at)
            self._kept = (facts, sight.at)

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._reader, self._state):
            if file is not None:
                file.close()
        self._reader = self._state = None


class _Causes:
    """What changed before each attention, and of what that was read."""

    def __init__(self) -> None:
        self.of: dict[str, Changes] = {}
        """By the attention's id."""
        self._read: dict[str, tuple[object, object, Millis]] = {}
        """Signals, content and time of when it was looked for."""

    def look_for(self, reader: Reader, state: State, settings: Outlook, sight: Sight) -> bool:
        """Of what is new or has other signals, and again of what stands while more is heard. Whether that was all."""
        content = reader.content()._replace(monitors=0, logs=0)  # no causes: figures come every minute
        asked = [one for one in sight.attentions if not one.is_quiet and self._asks(one, content, sight.at)]
        for one in asked[:AT_ONCE]:
            self._read[one.id] = (facts_of(one), content, sight.at)
            found = _explained(reader, state, one, settings, sight.at)
            if found is not None:
                self.of[one.id] = found
        here = {one.id for one in sight.attentions}
        self.of = {name: found for name, found in self.of.items() if name in here}
        self._read = {name: read for name, read in self._read.items() if name in here}
        return len(asked) <= AT_ONCE

    def _asks(self, one: Attention, content: object, now: Millis) -> bool:
        facts, read, at = self._read.get(one.id, (None, None, 0))
        return facts != facts_of(one) or (read != content and now - at >= EXPLAIN_AGAIN)


def _explained(reader: Reader, state: State, one: Attention, settings: Outlook, now: Millis) -> Changes | None:
    try:
        return explain(reader, state, one, settings, now=now)
    except sqlite3.DatabaseError:
        raise
    except QuarterdeckError as error:
        LOGGER.warning("what changed before “%s”: %s", one.title, error)
    except Exception as error:  # the boundary: that something is wrong is told, though not why
        LOGGER.error("what changed before “%s”: %s", one.title, account(error))
    return None
