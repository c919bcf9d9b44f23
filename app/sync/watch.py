"""The syncer: runs the sources on their schedule for as long as somebody watches. One for each cache."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import trust
from ..errors import QuarterdeckError, StoreError
from ..records import Millis, SourceState, Want
from ..settings import Settings, octets, seconds
from ..sources import Source
from ..store.state import state_file
from .changes import Watched
from .listen import Channel
from .locks import SyncerLock, anybody_present
from .log import LOGGER, LogFile, account, close_log, log_file, open_log
from .poller import Poller, now_millis
from .post import Post, chosen
from .schedule import longest_pause, next_pass, next_try
from .writer import CacheRebuiltError, Writer

if TYPE_CHECKING:
    from .lookout import Lookout, Tell

LINGER: Final = 60.0
"""Seconds that a syncer which a terminal started stays after the last terminal."""

_BEAT: Final = 5.0
"""Seconds between two looks at who is there and what changed on disk: a dozen system calls."""

_NICE: Final = 5
"""A syncer beside a terminal gives way to it: on a small jump host both share one core."""

_CLOCK_JUMP: Final = 20.0
"""Seconds by which the clock may run ahead of us before it means that the machine slept."""

Load = Callable[[], Settings]
Build = Callable[[Settings], Sequence[Source]]
Notify = Callable[[Settings], "Tell | None"]


async def sync_watch(
    load: Load, cache: Path, *, build: Build | None = None, linger: float | None = None, notify: Notify | None = None
) -> bool:
    """Sync until told to end. False, at once, when somebody else syncs this cache.

    `load` reads the settings, at the start and whenever they or what is trusted change on disk; `build` makes the
    sources (default: the registry), `notify` whoever tells others of what needs attention. With `linger` (seconds) it
    ends by itself that long after the last terminal, with None it stays. SIGTERM, SIGINT and SIGHUP end it cleanly.
    Raises SettingsError, StoreError.
    """
    lock = SyncerLock.acquire(cache)
    if lock is None:
        return False
    try:
        if linger is not None:
            os.nice(_NICE)
        settings = load()
        log = open_log(log_file(settings.project_key))
        try:
            await Syncer(load, cache, lock, log, build or _built, linger, notify).run(settings)
        finally:
            close_log(log)
    finally:
        lock.release()
    return True


def _built(settings: Settings) -> Sequence[Source]:
    from ..sources.registry import build  # 0.2 s of HTTP client, which a syncer that leaves at once need not pay

    return build(settings)


def _lookout(settings: Settings, cache: Path, notify: Notify | None) -> Lookout:
    from .lookout import Lookout  # as much time of rules

    return Lookout(settings, cache, None if notify is None else notify(settings))


class Syncer:
    """The process: lock, channel, posts, and a slow beat that looks after them."""

    def __init__(
        self, load: Load, cache: Path, lock: SyncerLock, log: LogFile, build: Build, linger: float | None,
        notify: Notify | None = None,
    ) -> None:  # fmt: skip
        self._load = load
        self._cache = cache
        self._lock = lock
        self._log = log
        self._build = build
        self._notify = notify
        self._linger = linger
        self._beat = _BEAT if linger is None else min(_BEAT, max(linger / 4, 0.05))
        self._end = asyncio.Event()
        self._posts: list[Post] = []
        self._crew: list[asyncio.Task[None]] = []
        self._asking = 0
        self._complaint = ""
        self._writer: Writer
        self._settings: Settings
        self._in_force: tuple[Settings, str, tuple[trust.Reach, ...]]
        self._channel: Channel
        self._watched: Watched | None = None
        self._lookout: Lookout | None = None

    async def run(self, settings: Settings) -> None:
        """Until the end."""
        self._obey_signals()
        self._writer = await Writer.open(
            self._cache, state_file(settings.project_key), logs=octets(settings.personal.cache.logs)
        )
        self._channel = Channel(self._cache, self)
        try:
            await self._man(settings)
            await self._listen()
            LOGGER.info("syncing %s into %s", ", ".join(post.name for post in self._posts), self._cache)
            await self._keep_watch()
        finally:
            await self._channel.stop()
            await self._dismiss()
            await self._writer.close()
            LOGGER.info("ended")

    # What the channel asks for.

    def take(self, want: Want) -> None:
        """Somebody looks at this: fetch it at once."""
        for post in self._posts:
            if post.poller.state.source == want.source:
                post.wants.add(want)

    async def run_pass(self, names: tuple[str, ...], full: bool) -> tuple[SourceState, ...]:
        """A pass over these sources that begins now. Raises UsageError for a name that there is not."""
        posts = chosen(self._posts, names, lambda post: post.name)
        self._asking += 1
        try:
            return tuple(await asyncio.gather(*(asyncio.shield(post.ask(full)) for post in posts)))
        finally:
            self._asking -= 1

    def states(self) -> tuple[SourceState, ...]:
        """How the sources are doing."""
        return tuple(post.poller.state for post in self._posts)

    # The posts.

    async def _man(self, settings: Settings) -> None:
        """Begin with these settings' sources."""
        self._settings, self._watched = settings, Watched(settings, self._watched)
        self._in_force = (settings, trust.digest(settings), trust.unagreed(settings))
        every = seconds(settings.sync.every)
        sources = await asyncio.to_thread(self._build, settings)
        known = await self._writer.declare([source.spec for source in sources])
        lookout = self._lookout = await asyncio.to_thread(_lookout, settings, self._cache, self._notify)
        for source in sources:
            poller = Poller(
                source, known.get(source.spec.key), self._writer,
                plan=partial(_plan, every), longest_pause=longest_pause(every), log=self._log.path,
                report=lambda state: lookout.nudge(),
            )  # fmt: skip
            self._posts.append(Post(poller))
        duties = [duty for post in self._posts for duty in (post.stand, post.wants.serve)]
        self._crew = [asyncio.create_task(self._stand(duty)) for duty in (*duties, lookout.stand)]

    async def _dismiss(self) -> None:
        """Stop the sources: what is on the writer's thread is finished, nothing else is begun."""
        for task in self._crew:
            task.cancel()
        await asyncio.gather(*self._crew, return_exceptions=True)
        for post in self._posts:
            with suppress(Exception):  # a source that cannot close cleanly must not keep us from ending
                async with asyncio.timeout(5):
                    await post.poller.source.close()
        if self._lookout is not None:
            await self._lookout.close()
        self._posts, self._crew, self._lookout = [], [], None

    async def _stand(self, duty: Callable[[], object]) -> None:
        """Keep a post manned: trouble with the cache is written down and tried again later."""
        while True:
            try:
                await duty()  # type: ignore[misc]  # a coroutine function without a result
            except CacheRebuiltError as error:
                LOGGER.warning("%s", error)
            except StoreError as error:
                LOGGER.error("%s", error)
                await asyncio.sleep(30)
            except Exception as error:  # the boundary: the other posts must go on
                LOGGER.error("%s", account(error))
                await asyncio.sleep(30)

    # The beat.

    async def _keep_watch(self) -> None:
        seen = time.monotonic()
        ahead = time.time() - seen
        while not self._end.is_set() and self._lock.is_ours():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await self._end.wait()
            now = time.monotonic()
            if self._linger is None or self._asking or anybody_present(self._cache):
                seen = now
            elif now - seen > self._linger:
                return
            if abs(time.time() - now - ahead) > _CLOCK_JUMP:
                ahead = time.time() - now
                self._wake_all()
            try:
                await self._look_around()
            except (OSError, StoreError) as error:
                self._complain(f"looking after ourselves: {error}")

    def _complain(self, sentence: str) -> None:
        """Write down what is wrong with us, once for as long as it is."""
        if sentence != self._complaint:
            LOGGER.warning("%s", sentence)
        self._complaint = sentence

    def _wake_all(self) -> None:
        for post in self._posts:
            post.wake()

    async def _look_around(self) -> None:
        self._log.cap()
        if not self._channel.is_there():
            await self._channel.stop()
            await self._listen()  # a logout swept the runtime folder
        if self._watched is not None and self._watched.changed():
            await self._reload()

    async def _reload(self) -> None:
        """Go on with the new settings; where they are wrong, with the old ones, and say so."""
        try:
            settings = await asyncio.to_thread(self._load)
        except QuarterdeckError as error:
            LOGGER.warning("the new settings are wrong: %s", error)
            await self._notice(f"New settings cannot be used, those from before hold: {error}")
            return
        if settings.project_key != self._settings.project_key:
            LOGGER.warning("the settings now are of another project, whose cache is another one: ending")
            self._end.set()
            return
        await self._notice("")
        if (settings, trust.digest(settings), trust.unagreed(settings)) == self._in_force:
            return  # touched, or an agreement about another project
        LOGGER.info("the settings or what is trusted changed: starting over with them")
        await self._dismiss()
        await self._man(settings)

    async def _notice(self, sentence: str) -> None:
        """Say this beside each source's own sentence, in place of what was said there before."""
        for post in self._posts:
            poller, before = post.poller, post.poller.notice
            if sentence != before:
                said = poller.state.sentence.removesuffix(before).rstrip()
                poller.notice = sentence
                await poller.say(sentence=f"{said} {sentence}".strip())

    async def _listen(self) -> None:
        """Open the channel; where there is no place for it, sync all the same."""
        try:
            await self._channel.start()
        except (OSError, StoreError) as error:
            self._complain(f"nobody can ask for anything: {error}")
        self._lock.describe(socket=str(self._channel.path or ""), log=str(self._log.path))

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                loop.add_signal_handler(number, self._end.set)


def _plan(every: float, failures: int, retry_at: Millis | None) -> Millis:
    now = now_millis()
    if failures == 0:
        return next_pass(now, every, random.random)
    return next_try(now, every, failures, retry_at, random.random)
