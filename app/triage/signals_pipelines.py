"""Pipelines that are red on a branch that matters, or that wait for somebody there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..records import Millis, Signal
from ..store.reading import Reader
from ..store.watch_reads import WatchReads
from ..store.watch_rows import PipelineLine, WaitingPipeline
from .severity import severity
from .signs import Found, Group, Sign, earliest, ref, written

RED_FOR: Final = 30 * 86_400_000
"""Milliseconds after which nobody runs it any more: a red verdict that old says nothing of now."""
WAITS: Final = 30 * 60_000
"""Milliseconds that a pipeline may wait for a person."""
WAITED_FOR: Final = 7 * 86_400_000
"""Milliseconds after which nobody means to answer any more."""
USUAL_BRANCHES: Final = ("main", "master")
"""Where no Git is read that says which are watched. What runs on no branch always counts."""


def look_at_pipelines(reader: Reader, now: Millis) -> Found:
    """What the cache says of the watched branches."""
    reads = WatchReads(reader.connection)
    branches = reads.watched_branches() or USUAL_BRANCHES
    red, lines = reads.red_pipelines(branches, now - RED_FOR)
    waiting = [(one, _since(reader, one)) for one in reads.waiting_pipelines(branches, now - WAITED_FOR)]
    return pipeline_signs(red, waiting, lines, now)


def _since(reader: Reader, one: WaitingPipeline) -> Millis:
    """Since when it waits: as its vendor says of the approval, else since it began."""
    rowid = reader.pipelines.find(one.native, one.source)
    rows = [] if rowid is None else reader.pipelines.rows([rowid])
    asked = [approval.since for row in rows for approval in row.pipeline.approvals if approval.since is not None]
    return min(asked, default=one.since)


def pipeline_signs(
    red: Sequence[PipelineLine], waiting: Sequence[tuple[WaitingPipeline, Millis]], lines: int, now: Millis
) -> Found:
    """The signals of these; `waiting`: with since when."""
    signs = [*map(_red, red), *(_waits(one, since) for one, since in waiting if now - since > WAITS)]
    return Found(
        signs=tuple(signs), due=earliest(_moments(red, waiting), now), watched=(("pipelines", lines),),
    )  # fmt: skip


def _moments(red: Sequence[PipelineLine], waiting: Sequence[tuple[WaitingPipeline, Millis]]) -> Iterable[Millis]:
    yield from (one.at + RED_FOR for one in red)
    for one, since in waiting:
        yield since + WAITS + 1
        yield one.since + WAITED_FOR


def _red(one: PipelineLine) -> Sign:
    refs = [ref("pipeline", one.first_native)]
    if one.first_commit:
        refs.append(ref("commit", one.first_commit, role="code"))
    if one.native != one.first_native:
        refs.append(ref("pipeline", one.native, role="newest"))
    signal = Signal(
        kind="pipeline failed", subject=written("pipeline", one.first_native), severity=severity("pipeline failed"),
        since=one.first_at, not_before=one.green_at, state="failed", owner=one.actor, refs=tuple(refs),
        title=f"{_named(one)} failed{f' on {one.branch}' if one.branch else ''}",
        reason="it was never green before, as far as is known" if one.green_at is None else "it was green before",
    )  # fmt: skip
    line = (one.source, one.name, one.branch)
    group: Group = ("commit", one.first_commit) if one.first_commit else ("pipeline", *line)
    return Sign(signal, group, source=one.source)


def _waits(one: WaitingPipeline, since: Millis) -> Sign:
    refs = [ref("pipeline", one.native), *([ref("commit", one.commit, role="code")] if one.commit else [])]
    signal = Signal(
        kind="pipeline waits", subject=written("pipeline", one.native), severity=severity("pipeline waits"),
        since=since, state="waiting", owner=one.actor, refs=tuple(refs),
        title=f"{_named(one)} waits for approval{f' on {one.branch}' if one.branch else ''}",
        reason="somebody has to approve it, or what it waits for outside has to come",
    )  # fmt: skip
    return Sign(signal, ("waits", one.source, one.native), source=one.source)


def _named(one: PipelineLine | WaitingPipeline) -> str:
    return f"{one.name}{f' #{one.number}' if one.number else ''}"
