"""One pass, or one whole sweep, over all sources: from cron, by hand, or in the running syncer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from ..channel import read_holder, request_pass, wait_until_listening
from ..errors import StoreError
from ..records import Millis, SourceState
from ..settings import Settings, octets, seconds
from ..sources import Source
from ..store.state import state_file
from .locks import SyncerLock, syncer_alive
from .log import LOGGER, close_log, log_file, open_log
from .poller import Poller
from .post import chosen
from .schedule import longest_pause
from .writer import Writer

_STARTING: Final = 10.0
"""Seconds within which a syncer that holds the lock says where it listens: imports, on a busy machine."""

Report = Callable[[SourceState], None]


def sync_now(
    settings: Settings,
    cache: Path,
    *,
    names: Iterable[str] = (),
    full: bool = False,
    report: Report = lambda state: None,
) -> tuple[SourceState, ...] | None:
    """A pass over the named sources (none: all), by the running syncer where there is one, else by us. Blocks.

    Gives the states of the sources that were read; None when another single pass is under way, which does the
    same and cannot be asked. `report` is told of every change. Raises UsageError for an unknown name, StoreError.
    """
    names = tuple(names)
    for _ in range(3):  # the syncer may end or start between the two looks
        states = request_pass(cache, sources=names, full=full, on_progress=_reporting(report))
        if states is not None:
            return states
        lock = SyncerLock.acquire(cache)
        if lock is not None:
            try:
                return asyncio.run(_locked_pass(lock, settings, cache, names, full, report))
            finally:
                lock.release()
        if read_holder(cache) is None:  # a syncer that only just took the lock
            wait_until_listening(cache, _STARTING)
    return None if syncer_alive(cache) else ()


async def _locked_pass(
    lock: SyncerLock, settings: Settings, cache: Path, names: tuple[str, ...], full: bool, report: Report
) -> tuple[SourceState, ...]:
    log = open_log(log_file(settings.project_key))
    lock.describe(log=str(log.path))
    try:
        return await sync_once(settings, cache, names=names, full=full, report=report)
    finally:
        close_log(log)


async def sync_once(
    settings: Settings,
    cache: Path,
    *,
    sources: Sequence[Source] | None = None,
    names: Iterable[str] = (),
    full: bool = False,
    report: Report = lambda state: None,
) -> tuple[SourceState, ...]:
    """One pass (`full`: one whole sweep) over all sources at once; gives their states. The caller holds the lock.

    `sources` default to those of the settings; with `names` only these are read. One source's failure is its
    state and stops no other. Raises StoreError when the cache cannot be written, after all have ended.
    """
    if sources is None:
        from ..sources.registry import build

        sources = build(settings)
    try:
        wanted = chosen(sources, names, lambda source: source.spec.name)
        writer = await Writer.open(cache, state_file(settings.project_key), logs=octets(settings.personal.cache.logs))
        try:
            states = await _pass(settings, writer, sources, wanted, full, report)
        finally:
            await writer.close()
        await _look(settings, cache)
        return states
    finally:
        await asyncio.gather(*(source.close() for source in sources), return_exceptions=True)


async def _look(settings: Settings, cache: Path) -> None:
    """What was read is kept, whether or not it can be said what it means."""
    from .lookout import look_once

    try:
        await look_once(settings, cache)
    except StoreError as error:
        LOGGER.warning("%s", error)


async def _pass(
    settings: Settings, writer: Writer, sources: Sequence[Source], wanted: Sequence[Source], full: bool, report: Report
) -> tuple[SourceState, ...]:
    known = await writer.declare([source.spec for source in sources])
    pause, log = longest_pause(seconds(settings.sync.every)), log_file(settings.project_key)
    pollers = [
        Poller(
            source, known.get(source.spec.key), writer,
            plan=no_plan, longest_pause=pause, log=log, report=report,
        )
        for source in wanted
    ]  # fmt: skip
    outcomes = await asyncio.gather(*(poller.run(full=full) for poller in pollers), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return tuple(poller.state for poller in pollers)


def no_plan(failures: int, retry_at: Millis | None) -> Millis | None:
    """A single pass does not know when the next one is; what a server asked for is kept for it."""
    return retry_at


def _reporting(report: Report) -> Callable[[tuple[SourceState, ...]], None]:
    told: dict[str, SourceState] = {}

    def tell(states: tuple[SourceState, ...]) -> None:
        for state in states:
            if told.get(state.source) != state:
                told[state.source] = state
                report(state)

    return tell
