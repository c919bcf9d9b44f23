"""The jobs of a pipeline in one line: `● data 12 s  ● test 1 m 05 s  ✖ train 3.2 s  – deploy`. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from ..app.records import Job, Pipeline
from ..app.text import cells, clip
from .figures import count, so_far, span, ticks
from .line import Piece
from .status import glyph, sign

LONGEST_NAME = 28
"""Cells of a job's name."""

BORING = ("passed", "skipped", "cancelled", "queued")
"""Statuses of which neighbours become one when there is no room: what failed, runs or waits is named."""

STAGE_ARROW = " › "


def latest(jobs: Iterable[Job]) -> list[Job]:
    """Of each name the last attempt, in the order in which the names come first. Namesakes of one attempt all stay."""
    held = list(jobs)
    last: dict[str, int] = {}
    for job in held:
        last[job.name] = max(last.get(job.name, 0), job.attempt)
    order = {name: at for at, name in enumerate(last)}
    return sorted((job for job in held if job.attempt == last[job.name]), key=lambda job: order[job.name])


def has_stages(jobs: Iterable[Job]) -> bool:
    """Whether stages say more than the names do: Jenkins's stages are the jobs themselves."""
    return any(job.stage and job.stage != job.name for job in jobs)


def lasted(started: int | None, ended: int | None, status: str, now: int) -> str:
    """How long something took, or runs already; "" where that is not known."""
    if started is None or status in ("queued", "skipped"):
        return ""
    if ended is not None:
        return span(ended - started)
    return so_far(started, now) if status == "running" else ""


def has_seconds(pipeline: Pipeline, now: int) -> bool:
    """Whether anything of it is told in seconds, which pass."""
    jobs = pipeline.jobs or ()
    began = [pipeline.started_at] if pipeline.status == "running" else []
    began += [job.started_at for job in jobs if job.status == "running"]
    began += [step.started_at for job in jobs for step in job.steps if step.status == "running"]
    return any(ticks(at, now) for at in began)


def agreeing(pipeline: Pipeline) -> tuple[Job, ...]:
    """Its jobs, as far as they agree with it: how one stands that ran when it was last read, and whose pipeline has
    ended since, is not known until the source has told. It says so and not that it runs."""
    jobs = pipeline.jobs or ()
    if not pipeline.is_settled:
        return tuple(jobs)
    return tuple(msgspec.structs.replace(job, status="unknown") if job.status == "running" else job for job in jobs)


def strip(jobs: Sequence[Job], width: int, now: int) -> list[Piece]:
    """The last attempts of jobs, in at most `width` cells.

    Where it is tight the durations go first, then neighbours that are all well become one, then the end is counted.
    """
    held = latest(jobs)
    ways: tuple[Callable[[Sequence[Job]], list[list[Piece]]], ...] = (
        lambda some: [_job(job, now) for job in some],
        lambda some: [_job(job, now if job.status not in BORING else None) for job in some],
        lambda some: [_job(job, None) for job in some],
        lambda some: list(_folded(some)),
    )
    for way in ways:
        made = _joined(held, way)
        if sum(cells(text) for text, _ in made) <= width:
            return made
    return _cut(list(_folded(_worst_first(held))), width)


def _job(job: Job, now: int | None) -> list[Piece]:
    """A job by glyph and name, and how long it took where `now` is given."""
    role = sign(job.status).role
    quiet = "dim" if job.status in ("skipped", "cancelled", "queued") else "text"
    name = clip(job.name, LONGEST_NAME)
    made: list[Piece] = [(f"{glyph(job.status)} ", role), (name, role if job.status == "failed" else quiet)]
    took = lasted(job.started_at, job.ended_at, job.status, now) if now is not None else ""
    return [*made, (f" {took}", "dim")] if took else made


def _folded(jobs: Iterable[Job]) -> Iterator[list[Piece]]:
    for status, some in groupby(jobs, key=lambda job: job.status):
        found = list(some)
        if status in BORING and len(found) > 1:
            yield [(f"{glyph(status)} ", sign(status).role), (f"{count(len(found))} {status}", "dim")]
        else:
            yield from (_job(job, None) for job in found)


def _joined(jobs: Sequence[Job], way: Callable[[Sequence[Job]], list[list[Piece]]]) -> list[Piece]:
    """Two cells between jobs; the stage's name before its jobs, where the vendor has stages."""
    if not has_stages(jobs):
        return _row(way(jobs))
    made: list[Piece] = []
    for stage, some in groupby(jobs, key=lambda job: job.stage):
        made += [(STAGE_ARROW, "rule")] if made else []
        made += [(f"{clip(stage, LONGEST_NAME)} ", "dim"), *_row(way(list(some)))]
    return made


def _row(jobs: Iterable[Sequence[Piece]]) -> list[Piece]:
    made: list[Piece] = []
    for job in jobs:
        made += [("  ", "text"), *job] if made else job
    return made


def _worst_first(jobs: Sequence[Job]) -> list[Job]:
    order = ("failed", "waiting", "running", "unknown", *BORING)
    return sorted(jobs, key=lambda job: order.index(job.status))


def _cut(jobs: Sequence[Sequence[Piece]], width: int) -> list[Piece]:
    """As many as fit, and how many others there are."""
    made: list[Piece] = []
    for at, job in enumerate(jobs):
        longer = [*made, *([("  ", "text")] if made else []), *job]
        left = len(jobs) - at - 1
        tail = f"  and {count(left)} more" if left else ""
        if made and sum(cells(text) for text, _ in longer) + cells(tail) > width:
            return [*made, (f"  and {count(left + 1)} more", "dim")]
        made = longer
    return made
