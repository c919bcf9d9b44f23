"""One thing that somebody asks for, fetched without a syncer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..records import Want
from ..settings import Settings, octets, seconds
from ..sources import Source
from ..store.state import state_file
from .locks import SyncerLock
from .log import close_log, log_file, open_log
from .once import no_plan
from .poller import Poller
from .schedule import longest_pause
from .wants import Wants
from .writer import Writer


def fetch_now(settings: Settings, cache: Path, want: Want) -> bool:
    """Fetch what is wanted into the cache. Blocks; False, at once, when a syncer holds the lock: ask that one.

    A source that cannot be read says so in the log that was wanted. Raises SettingsError, StoreError.
    """
    lock = SyncerLock.acquire(cache)
    if lock is None:
        return False
    log = open_log(log_file(settings.project_key))
    try:
        lock.describe(log=str(log.path))
        asyncio.run(fetch_once(settings, cache, want))
    finally:
        close_log(log)
        lock.release()
    return True


async def fetch_once(settings: Settings, cache: Path, want: Want, sources: Sequence[Source] | None = None) -> None:
    """The same for who holds the lock. `sources` default to those of the settings."""
    if sources is None:
        from ..sources.registry import build

        sources = build(settings)
    try:
        writer = await Writer.open(cache, state_file(settings.project_key), logs=octets(settings.personal.cache.logs))
        try:
            await _fetch(settings, writer, sources, want)
        finally:
            await writer.close()
    finally:
        await asyncio.gather(*(source.close() for source in sources), return_exceptions=True)


async def _fetch(settings: Settings, writer: Writer, sources: Sequence[Source], want: Want) -> None:
    known = await writer.declare([source.spec for source in sources])
    pause, log = longest_pause(seconds(settings.sync.every)), log_file(settings.project_key)
    for source in sources:
        if source.spec.key == want.source:
            state = known.get(source.spec.key)
            poller = Poller(source, state, writer, plan=no_plan, longest_pause=pause, log=log)
            await Wants(poller).fetch(want)
