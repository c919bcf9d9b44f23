"""`quarterdeck doctor` tries every source: one real question, with the login and certificates of the settings."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, Final, cast

from ..errors import QuarterdeckError, SourceError
from ..records import Batch
from ..settings import Settings
from ..sources import Complains, Source, TellsTime
from ..sources.registry import build
from ..store.files import open_reader
from .examine import Finding
from .options import Options
from .place import NAME_ONE, NO_SOURCE, cache_of

TRY_SECONDS: Final = 45.0
SKEW: Final = 2_000
"""Milliseconds between two clocks that are told: a `Date` has whole seconds, and the way there takes time."""
MENDS: Final = {
    "untrusted": "`quarterdeck trust` shows what it would reach and asks.",
    "unauthorised": "Give a token that is still good: in the environment, or bound to the host in config.toml.",
    "forbidden": "Ask for the right to read there, or use another login.",
    "limited": "Wait, or have the limit raised; a login often has a higher one.",
    "unreachable": "Is the server up, and can this machine reach it? A proxy is set with `proxy`.",
    "tls": "Name your own authority's file as ca_bundle.",
    "misconfigured": "Put right what the sentence names: in the settings, in the environment or on the disk.",
    "not_understood": "Is this the right address? If so, quarterdeck does not know this version.",
}

MENDS_OF_CHECKS: Final = {
    "not_understood": "Write the file anew or take it away, or let the patterns of this [[checks]] match results only.",
    "stale": "Run what writes the results, with `quarterdeck check run` where the settings have a command for it.",
}


def try_sources(options: Options, settings: Settings) -> Iterator[Finding]:
    """How each source answers, and whether its clock agrees with ours."""
    sources = build(settings)
    if not sources:
        yield Finding("sources", "fail", f"{NO_SOURCE}.", NAME_ONE)
        return
    cursors = _cursors(cache_of(options, settings))
    for findings in asyncio.run(_try_all(sources, cursors)):
        yield from findings


async def _try_all(sources: Sequence[Source], cursors: Mapping[str, Mapping[str, Any]]) -> list[list[Finding]]:
    try:
        return await asyncio.gather(*(_try(source, cursors.get(source.spec.key, {})) for source in sources))
    finally:
        for source in sources:
            await source.close()


async def _try(source: Source, cursor: Mapping[str, Any]) -> list[Finding]:
    """Take the first batch of a pass and leave: that is one request or one look at the repository."""
    name, began = source.spec.name, time.monotonic()
    try:
        # what sources call an iterator is a generator, which must be closed when the reader leaves early
        batches = cast("AsyncGenerator[Batch, None]", source.poll(cursor))
        async with asyncio.timeout(TRY_SECONDS), aclosing(batches):
            await anext(batches, None)
            found = await _complaints(source)
    except SourceError as error:
        if error.state == "never":  # nothing is there yet, which breaks nothing
            return [Finding(name, "warn", str(error))]
        mends = MENDS | MENDS_OF_CHECKS if source.spec.kind == "checks" else MENDS
        return [Finding(name, "fail", str(error), mends.get(error.state, ""))]
    except TimeoutError:
        return [Finding(name, "fail", f"No answer within {TRY_SECONDS:.0f} s.", MENDS["unreachable"])]
    took = time.monotonic() - began
    return [Finding(name, "ok", f"{source.spec.address} answered in {took:.2f} s."), *found, *_clock(source)]


async def _complaints(source: Source) -> list[Finding]:
    """What the server does not take of the questions in the settings."""
    if not isinstance(source, Complains):
        return []
    mends = {True: MENDS["misconfigured"], False: "Is its name right, and does anything export it now?"}
    return [
        Finding(source.spec.name, "fail" if is_refused else "warn", sentence, mends[is_refused])
        for sentence, is_refused in await source.complaints()
    ]


def _clock(source: Source) -> list[Finding]:
    there = source.server_now() if isinstance(source, TellsTime) else None
    if there is None or source.spec.address.partition(":")[0] not in ("http", "https"):
        return []
    ahead = there - time.time_ns() // 1_000_000
    name = f"{source.spec.name} clock"
    if abs(ahead) < SKEW:
        return [Finding(name, "ok", "Agrees with ours.")]
    which = "ahead of" if ahead > 0 else "behind"
    sentence = f"The server's clock is {abs(ahead) / 1000:.0f} s {which} ours: ages are off by as much."
    return [Finding(name, "warn", sentence, "Let both machines keep time with NTP.")]


def _cursors(path: Path) -> dict[str, dict[str, Any]]:
    """Where each source stands, so that it is asked for what is new and not for everything."""
    try:
        with closing(open_reader(path)) as connection:
            return {key: json.loads(cursor) for key, cursor in connection.execute("SELECT key, cursor FROM source")}
    except (QuarterdeckError, sqlite3.DatabaseError):
        return {}  # none yet, or damaged, which is a finding of its own
