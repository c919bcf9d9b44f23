"""What is known of one row of a pipeline's outline, as lines. Pure functions."""

from __future__ import annotations

from ..app.records import Approval, Case, Commit, CommitCheck, Deployment, Job, Pipeline, Run, Step
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age, moment, span
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from ..widgets.strip import lasted
from .pipeline_columns import called
from .pipeline_facts import PipelineFacts
from .pipeline_lines import who_may
from .pipeline_outline import Row
from .run_details import Lines, Sight, commit_said, pairs, run_lines, wrap

LONGEST = 20_000
"""Characters of a message that are shown."""


def detail(row: Row, facts: PipelineFacts, sight: Sight) -> Lines:
    """The lines on a row; none for one of which the outline says everything."""
    thing = row.thing
    if isinstance(thing, Job):
        return job_lines(thing, sight)
    if isinstance(thing, Step):
        return job_lines(row.job, sight) if row.job is not None else []
    if isinstance(thing, Case):
        return case_lines(thing, sight)
    if isinstance(thing, Approval):
        return _approval(thing, sight)
    if isinstance(thing, Deployment):
        return _deployment(thing, sight)
    if isinstance(thing, CommitCheck):
        return _check(thing, sight)
    if isinstance(thing, Pipeline):
        return pipeline_lines(thing, sight)
    if row.kind == "commit":
        sha = thing.sha if isinstance(thing, Commit) else row.name
        return commit_said(
            sha, thing if isinstance(thing, Commit) else None, [("branch", facts.pipeline.branch)], sight
        )
    if isinstance(thing, Run):
        return run_lines(thing, "run", sight)
    said = thing if isinstance(thing, str) else ""
    return [_title(row.name, "", sight), [], *pairs([(row.name, said)], sight.width)]


def _title(name: str, kind: str, sight: Sight, role: str = "bright") -> list[Piece]:
    return [(f" {clip(name, max(8, sight.width - cells(kind) - 4))}", role), (f"  {kind}" if kind else "", "dim")]


def _when(at: int | None, sight: Sight) -> str:
    return f"{moment(at, sight.now, sight.zone)} ({age(at, sight.now)})" if at is not None else ""


def _known(rows: list[tuple[str, str]], sight: Sight) -> Lines:
    return pairs([(name, text) for name, text in rows if text], sight.width)


def job_lines(job: Job, sight: Sight) -> Lines:
    """A job: how it stands and why, what it waits for, and every step with its time."""
    word, role = worded(job.status)
    waited = job.started_at - job.queued_at if job.started_at is not None and job.queued_at is not None else 0
    rows = [
        ("their word", job.raw_status if job.raw_status != job.status else ""),
        ("reason", job.reason),
        ("started", _when(job.started_at, sight)),
        ("took" if job.ended_at is not None else "runs", lasted(job.started_at, job.ended_at, job.status, sight.now)),
        ("waited", span(waited) if waited >= 1000 else ""),
        ("stage", job.stage if job.stage != job.name else ""),
        ("after", ", ".join(job.needs)),
        ("attempt", str(job.attempt) if job.attempt > 1 else ""),
        ("by hand", "waits until somebody starts it: A" if job.is_manual and job.status == "waiting" else ""),
        ("may fail", "its failure leaves the pipeline green" if job.may_fail else ""),
        ("id", job.id),
        ("address", job.url),
    ]
    lines: Lines = [[*_title(job.name, "job", sight)[:1], ("  ", "text"), (word, role)], [], *_known(rows, sight)]
    if not job.steps:
        return [*lines, [], [(" l opens its log", "dim")]]
    return [*lines, [], [(" steps", "bright"), ("   l opens the log", "dim")], *_steps(job, sight)]


def _steps(job: Job, sight: Sight) -> Lines:
    took = [lasted(step.started_at, step.ended_at, step.status, sight.now) for step in job.steps]
    room = max(12, sight.width - 28)
    name = min(max(cells(clip(step.name, room)) for step in job.steps), room)
    made: Lines = []
    for step, lasts in zip(job.steps, took, strict=True):
        word, role = worded(step.status)
        text = "bad" if step.status == "failed" else "dim" if step.status == "skipped" else "text"
        made.append([(f"   {pad(clip(step.name, name), name)}", text), (f"  {pad(word, 11)}", role),
                     (f"{lasts:>10}", "dim")])  # fmt: skip
    return made


def case_lines(case: Case, sight: Sight) -> Lines:
    """A test that did not pass: where it is, and what it said."""
    took = f"   {case.seconds:.2f} s" if case.seconds is not None else ""
    lines: Lines = [
        [(f" {glyph('failed')} {clip(case.name, max(8, sight.width - cells(took) - 4))}", "bad"), (took, "dim")]
    ]
    if case.suite:
        lines.append([(f" {clip(case.suite, max(8, sight.width - 2))}", "dim")])
    said = case.message[:LONGEST].replace("\r\n", "\n").strip("\n")
    if not said:
        return [*lines, [], [(" the report says no more", "dim")]]
    return [*lines, [], *_wrapped(said, max(8, sight.width - 2))]


def _wrapped(text: str, width: int) -> Lines:
    made: Lines = []
    for line in text.split("\n"):
        made += [[(f" {piece}", "text")] for piece in wrap(shown(line.replace("\t", "    ")), width)] or [[]]
    return made


def _approval(approval: Approval, sight: Sight) -> Lines:
    rows = [("since", _when(approval.since, sight)), ("who may", who_may(approval)), ("id", approval.id)]
    return [
        [(f" {glyph('waiting')} {clip(approval.name, max(8, sight.width - 14))}", "warn"), ("  approval", "dim")],
        [],
        *_known(rows, sight),
        [],
        *(
            [(f" {piece}", "dim")]
            for piece in wrap("A asks, names what goes on then and where, and approves", sight.width - 2)
        ),
    ]


def _deployment(one: Deployment, sight: Sight) -> Lines:
    rows = [
        ("status", one.status),
        ("their word", one.raw_status if one.raw_status != one.status else ""),
        ("when", _when(one.at, sight)),
        ("commit", one.commit or ""),
        ("id", one.id),
        ("address", one.url),
    ]
    return [_title(one.environment or one.id, "deployment", sight), [], *_known(rows, sight)]


def _check(one: CommitCheck, sight: Sight) -> Lines:
    word, role = worded(one.status)
    rows = [
        ("says", one.text),
        ("their word", one.raw_status if one.raw_status != one.status else ""),
        ("by", one.app),
        ("began", _when(one.started_at, sight)),
        ("ended", _when(one.ended_at, sight)),
        ("address", one.url),
    ]
    return [[*_title(one.name, "check", sight)[:1], ("  ", "text"), (word, role)], [], *_known(rows, sight)]


def pipeline_lines(one: Pipeline, sight: Sight) -> Lines:
    """Another pipeline: how it stands, and its jobs."""
    word, role = worded(one.status)
    rows = [
        ("title", one.title),
        ("began", _when(one.created_at, sight)),
        ("took", lasted(one.started_at, one.ended_at, one.status, sight.now)),
        ("branch", one.branch),
        ("commit", one.commit or ""),
        ("event", one.event),
        ("by", one.actor),
        ("id", one.id),
    ]
    lines: Lines = [[*_title(called(one), "", sight)[:1], ("  ", "text"), (word, role)], [], *_known(rows, sight)]
    for job in one.jobs or ():
        said, its = worded(job.status)
        lines.append([(f"   {pad(clip(job.name, 30), 30)}", "text"), (f"  {said}", its)])
    return lines
