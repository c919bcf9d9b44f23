"""The lines of a pipeline's outline, drawn. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ..app.records import Approval, Case, Commit, CommitCheck, Deployment, Job, Pipeline, Run, Step
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, span
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from ..widgets.strip import lasted
from .pipeline_columns import called, short, took
from .pipeline_facts import PipelineFacts
from .pipeline_outline import Row

STATUS, TOOK, AGE = 11, 10, 6
"""Cells of a status with its glyph, of a duration and of an age."""


@dataclass(frozen=True)
class Ink:
    """What a row is drawn with."""

    facts: PipelineFacts
    now: int

    @cached_property
    def longest_job(self) -> int:
        """Cells of the longest name of a job, with its indent and fold."""
        return _longest(("  " + job.name for job in self.facts.pipeline.jobs or ()), 40)

    @cached_property
    def longest_step(self) -> int:
        """Cells of the longest name of a step, with its indent."""
        steps = (step for job in self.facts.pipeline.jobs or () for step in job.steps)
        return _longest(("    " + step.name for step in steps), 48)


def _longest(names: Iterable[str], most: int) -> int:
    return max((cells(clip(name, most)) for name in names), default=8)


def draw(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A line in `width` cells."""
    match row.kind:
        case "gap":
            return []
        case "heading":
            return [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
        case "remark":
            return [("  " * (row.depth + 1) + row.note, "dim")]
        case "fact":
            return _pair(row, width)
        case "job" | "step":
            return _part(row, width, ink)
        case _ if row.thing is None:
            return _unknown(row, width)
    return _thing(row, width, ink)


def _part(row: Row, width: int, ink: Ink) -> list[Piece]:
    if isinstance(row.thing, Job):
        return _job(row, row.thing, width, ink)
    return _step(row, row.thing, width, ink) if isinstance(row.thing, Step) else []


def _thing(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A record that hangs on the pipeline."""
    thing = row.thing
    if isinstance(thing, Case):
        return _case(thing, width)
    if isinstance(thing, Approval):
        return _approval(thing, width, ink)
    if isinstance(thing, Deployment):
        return _deployment(thing, width, ink)
    if isinstance(thing, CommitCheck):
        return _check(thing, width, ink)
    if isinstance(thing, Pipeline):
        return pipeline_pieces(thing, width, ink.now, {"first": "first bad", "green": "last green"}.get(row.note, ""))
    if isinstance(thing, Commit):
        return _commit(row, thing, width, ink)
    return _run(thing, width, ink) if isinstance(thing, Run) else []


def _unknown(row: Row, width: int) -> list[Piece]:
    short = shown(row.name[:7])
    return [(short, "text"), (fit("   not on a branch that is watched", width - cells(short)), "dim")]


def _pair(row: Row, width: int) -> list[Piece]:
    text = row.thing if isinstance(row.thing, str) else ""
    return [(row.name, "dim"), (" " * max(2, 16 - cells(row.name)), "text"), (fit(one_line(text), width - 16), "text")]


# -- jobs and steps -----------------------------------------------------------------------------------------------


def _job(row: Row, job: Job, width: int, ink: Ink) -> list[Piece]:
    is_earlier = row.note == "earlier"
    room = min(max(ink.longest_job + 2, ink.longest_step if width >= 60 else 0), max(10, width - STATUS - TOOK - 4))
    fold = {"open": "▾ ", "folded": "▸ "}.get(row.note, "  ")
    name = "  " * row.depth + fold + (f"attempt {job.attempt}" if is_earlier else shown(job.name[:200]))
    role = (
        "dim" if is_earlier or job.status in ("skipped", "cancelled") else "bad" if job.status == "failed" else "text"
    )
    word, its = worded(job.status)
    lasts = lasted(job.started_at, job.ended_at, job.status, ink.now)
    note = "" if is_earlier else _job_note(job)
    left = width - room - STATUS - TOOK - 5
    return [
        (pad_to(name, room), role),
        (f"  {pad(word, STATUS)}", its),
        (pad(lasts, TOOK, right=True), "text"),
        (f"   {fit(note, left)}" if note and left >= 8 else "", "dim"),
    ]


def pad_to(text: str, width: int) -> str:
    """Text in exactly `width` cells, cut where it is longer."""
    return pad(fit(text, width), width)


def _job_note(job: Job) -> str:
    """What else is to be said of a job, the most pressing first."""
    said = []
    if job.status == "waiting" and job.is_manual:
        said.append("waits to be started by hand: A")
    if job.reason:
        said.append(one_line(job.reason[:300]))
    if job.attempt > 1:
        said.append(f"attempt {job.attempt}")
    if job.may_fail:
        said.append("may fail")
    if job.needs:
        said.append(f"after {', '.join(clip(name, 24) for name in job.needs)}")
    return "   ".join(said)


def _step(row: Row, step: Step, width: int, ink: Ink) -> list[Piece]:
    room = min(max(ink.longest_job + 2, ink.longest_step if width >= 60 else 0), max(10, width - STATUS - TOOK - 4))
    name = "  " * row.depth + "  " + shown(step.name[:200])
    word, its = worded(step.status)
    role = {"failed": "bad", "skipped": "dim"}.get(step.status, "text")
    lasts = lasted(step.started_at, step.ended_at, step.status, ink.now)
    return [(pad_to(name, room), role), (f"  {pad(word, STATUS)}", its), (pad(lasts, TOOK, right=True), "dim")]


# -- the rest -----------------------------------------------------------------------------------------------------


def _case(case: Case, width: int) -> list[Piece]:
    where = f"{one_line(case.suite[:200])} › " if case.suite and case.suite not in case.name else ""
    name = clip(f"{where}{case.name}", max(16, width * 6 // 10))
    message = next((line.strip() for line in case.message.splitlines() if line.strip()), "")
    room = width - cells(name) - 5
    return [(f"{glyph('failed')} {name}", "bad"), (f"   {clip(message, room)}" if room >= 8 else "", "dim")]


def _approval(approval: Approval, width: int, ink: Ink) -> list[Piece]:
    who = f"   {who_may(approval)}" if approval.reviewers or approval.is_mine is not None else ""
    since = f"   since {age(approval.since, ink.now)}" if approval.since is not None else ""
    name = f"{glyph('waiting')} {clip(approval.name, max(8, width - cells(since) - 10))}"
    return [(name, "warn"), (since, "text"), (fit(who, width - cells(name) - cells(since)), "dim")]


def who_may(approval: Approval) -> str:
    """Who may approve: names, and whether that is us."""
    mine = {True: "you may", False: "not you", None: ""}[approval.is_mine]
    names = ", ".join(clip(name, 24) for name in approval.reviewers[:4])
    return "  ".join(part for part in (mine, f"reviewers {names}" if names else "") if part)


def _deployment(one: Deployment, width: int, ink: Ink) -> list[Piece]:
    word, role = worded(one.status)
    name = clip(one.environment or one.id, max(8, width - STATUS - AGE - 12))
    sha = f"   {short(one.commit)}" if one.commit else ""
    return [(pad(name, 20), "text"), (f"  {pad(word, STATUS)}", role), (f"{age(one.at, ink.now):>6}{sha}", "dim")]


def _check(one: CommitCheck, width: int, ink: Ink) -> list[Piece]:
    word, role = worded(one.status)
    room = max(14, min(34, width - STATUS - AGE - 14))
    about = "".join(f"   {clip(text, 60)}" for text in (one.app, one.text) if text)
    left = width - room - STATUS - AGE - 2
    return [
        (pad(clip(one.name, room), room), "text"),
        (f"  {pad(word, STATUS)}", role),
        (f"{age(one.ended_at if one.ended_at is not None else one.started_at, ink.now):>{AGE}}", "dim"),
        (fit(about, left) if left >= 12 else "", "dim"),
    ]


def pipeline_pieces(one: Pipeline, width: int, now: int, lead: str = "") -> list[Piece]:
    """A pipeline in one line. `lead`: what it is to another of its name, which is said in the place of the name."""
    word, role = worded(one.status)
    about = f"   {short(one.commit)}  {clip(one.branch, 24)}  {clip(one.event, 16)}".rstrip()
    room = max(14, min(34, width - STATUS - AGE - 14))
    number = f"#{clip(one.number, 12)}" if one.number else clip(one.id, 14)
    name = f"{lead} {number}" if lead else called(one, room)
    left = width - room - STATUS - AGE - 2
    return [
        (pad(name, room), "text"),
        (f"  {pad(word, STATUS)}", role),
        (f"{age(one.created_at, now):>{AGE}}", "dim"),
        (fit(about, left) if left >= 12 else "", "dim"),
    ]


def ago(then: int | None, now: int) -> str:
    """`3 h ago`, `now`."""
    said = age(then, now)
    return said if said in ("", "now", "ahead") else f"{said} ago"


def _commit(row: Row, commit: Commit, width: int, ink: Ink) -> list[Piece]:
    lead = "  " * row.depth
    when = f"  {clip(commit.author, 16)}  {age(commit.committed_at, ink.now)}"
    subject = fit(one_line(commit.subject), max(4, width - cells(lead) - 10 - cells(when)))
    return [(f"{lead}{shown(commit.sha[:7])}", "text"), (f"   {subject}", "text"), (when, "dim")]


def _run(run: Run, width: int, ink: Ink) -> list[Piece]:
    word, role = worded(run.status)
    room = max(14, min(34, width - STATUS - AGE - 14))
    return [
        (pad(clip(run.name or "–", room), room), "text"),
        (f"  {pad(word, STATUS)}", role),
        (f"{age(run.started_at, ink.now):>{AGE}}", "dim"),
        (f"   {clip(run.user or '', 16)}", "dim"),
    ]


def head(facts: PipelineFacts, width: int, now: int) -> tuple[list[Piece], list[Piece]]:
    """How a pipeline stands, in one line: on the left status, age and duration, on the right its commit."""
    one = facts.pipeline
    word, role = worded(one.status)
    left: list[Piece] = [(f" {word}", role), ("   began ", "dim"), (ago(one.created_at, now) or "–", "text")]
    lasts, its = took(one, facts.usual, now)
    if lasts:
        left += [("   took " if one.ended_at is not None else "   runs ", "dim"), (lasts, its)]
    if lasts and facts.usual is not None:
        left += [("  usual ", "dim"), (span(facts.usual), "text")]
    if one.attempt > 1:
        left.append((f"   attempt {one.attempt}", "dim"))
    right: list[Piece] = [(f"{clip(one.branch, 24)} {short(one.commit)} ", "dim")]
    used = sum(cells(text) for text, _ in left)
    return left, right if used + cells(right[0][0]) + 2 <= width else []
