"""A pipeline as an outline: headings, rows to choose from, remarks. Pure functions; pipeline_lines draws them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from ..app.exact import span
from ..app.records import Approval, Case, Commit, CommitCheck, Deployment, Job, Pipeline, Run, Step
from ..app.text import shown
from ..widgets.figures import count
from ..widgets.status import glyph
from ..widgets.strip import has_stages, latest
from .pipeline_facts import PipelineFacts

Kind: TypeAlias = Literal[
    "gap", "heading", "remark", "approval", "job", "step", "case", "deployment", "commit", "run", "pipeline", "check",
    "fact",
]  # fmt: skip
Thing: TypeAlias = Approval | Job | Step | Case | Deployment | Commit | Run | Pipeline | CommitCheck | str | None

NOT_WELL = ("failed", "running", "waiting", "unknown")
"""Statuses of jobs whose steps are shown without being asked."""

SUSPECTS = 20
"""Commits since the last green that are named."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the outline: its kind, its name within the kind, and the record behind it."""

    kind: Kind
    name: str = ""
    thing: Thing = None
    depth: int = 0
    note: str = ""
    job: Job | None = None
    """Of a step: the job that it is of."""

    @property
    def id(self) -> tuple[str, str]:
        """What names it while the pipeline changes."""
        return (self.kind, self.name)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind not in ("gap", "heading", "remark")

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind == "heading"


def outline(facts: PipelineFacts, *, needle: str = "", toggled: Collection[str] = ()) -> list[Row]:
    """Every line. `needle`: only rows that hold each of its words; `toggled`: jobs that were unfolded or folded."""
    words = needle.casefold().split()
    made: list[Row] = []
    for title, rows, note, empty in _parts(facts, toggled):
        found = [row for row in rows if _matches(row, words)] if words else list(rows)
        if not found and (words or not (empty or note)):
            continue
        remark = [Row("remark", title, note=empty)] if empty and not found else []
        made += [Row("gap", title), Row("heading", title, note=note), *found, *remark]
    if words and not made:
        made = [Row("gap"), Row("remark", "none", note=f"nothing here holds “{needle}”")]
    return made[1:] if made and made[0].kind == "gap" else made


def _parts(facts: PipelineFacts, toggled: Collection[str]) -> Iterator[tuple[str, Sequence[Row], str, str]]:
    """Title, rows, what stands beside the title, what stands below it where there is no row."""
    pipeline = facts.pipeline
    yield "waits for approval", [Row("approval", one.id, one) for one in pipeline.approvals], "", ""
    jobs = pipeline.jobs
    none = "asked for …" if jobs is None else f"{glyph('missing')} no job: nothing was tried"
    yield "jobs", list(_jobs(jobs or (), toggled)), _number(len(latest(jobs or ()))), none
    report = pipeline.report
    cases = [Row("case", f"{at} {case.suite} {case.name}", case) for at, case in enumerate(report.failures)] \
        if report else []  # fmt: skip
    yield "tests", cases, tests_said(pipeline), _no_test(pipeline)
    yield "since the last green", list(_broken(facts)), "", ""
    yield "deployments", [Row("deployment", one.id, one) for one in pipeline.deployments], "", ""
    sha = pipeline.commit
    yield "code", [Row("commit", sha, facts.commit)] if sha else [], "", f"{glyph('missing')} it names no commit"
    runs = [Row("run", run.id, run) for run in facts.runs]
    yield "runs of this commit", runs, _number(len(runs)), ""
    others = [Row("pipeline", f"{one.source} {one.id}", one) for one in facts.others]
    yield "other pipelines of this commit", others, _number(len(others)), ""
    checks = [Row("check", f"{one.app} {one.name} {one.url}", one) for one in pipeline.checks]
    yield "other checks of this commit", checks, _number(len(checks)), ""
    yield "facts", [Row("fact", name, text) for name, text in known(facts) if text], "", ""


def _number(number: int) -> str:
    return count(number) if number > 1 else ""


# -- jobs ---------------------------------------------------------------------------------------------------------


def _jobs(jobs: Sequence[Job], toggled: Collection[str]) -> Iterator[Row]:
    """The last attempts by stage, each with its steps and the attempts before it where it is unfolded."""
    by_stage = has_stages(jobs)
    for stage, some in groupby(latest(jobs), key=lambda job: job.stage if by_stage else ""):
        if by_stage:
            yield Row("remark", f"stage {stage}", note=shown(stage) or "no stage")
        for job in some:
            earlier = [one for one in jobs if one.name == job.name and one.attempt < job.attempt]
            opened = is_open(job, toggled)
            has_more = bool(job.steps or earlier)
            yield Row("job", job.id, job, int(by_stage), ("open" if opened else "folded") if has_more else "")
            if opened:
                yield from _steps(job, int(by_stage) + 1, all_of_them=job.id in toggled)
                for one in sorted(earlier, key=lambda one: -one.attempt):
                    yield Row("job", one.id, one, int(by_stage) + 1, "earlier")


def is_open(job: Job, toggled: Collection[str]) -> bool:
    """Whether a job shows its steps: one that is not well does until it is folded, any other when it is unfolded."""
    return (job.status in NOT_WELL) != (job.id in toggled)


def _steps(job: Job, depth: int, *, all_of_them: bool) -> Iterator[Row]:
    """All steps, or those that are not well and how many the others are."""
    for is_well, some in groupby(job.steps, key=lambda step: step.status not in NOT_WELL and not all_of_them):
        found = list(some)
        if is_well and len(found) > 1:
            words = {step.status for step in found}
            word = "passed" if words == {"passed"} else "done or skipped"
            yield Row("remark", f"{job.id} {found[0].number}", depth=depth, note=f"{count(len(found))} steps {word}")
        else:
            yield from (Row("step", f"{job.id} {step.number} {step.name}", step, depth, job=job) for step in found)


# -- tests --------------------------------------------------------------------------------------------------------


def tests_said(pipeline: Pipeline) -> str:
    """`41 of 43 passed, 2 failed`; "" without a report."""
    report = pipeline.report
    if report is None or not report.total:
        return ""
    words = ((report.failed, "failed"), (report.errors, "could not run"), (report.skipped, "skipped"))
    more = "".join(f", {count(number)} {word}" for number, word in words if number)
    return f"{count(report.passed)} of {count(report.total)} passed{more}"


def _no_test(pipeline: Pipeline) -> str:
    return "the report holds no test" if pipeline.report is not None and not pipeline.report.total else ""


# -- since the last green -----------------------------------------------------------------------------------------


def _broken(facts: PipelineFacts) -> Iterator[Row]:
    """The first that was bad, the commits between, the last that was green."""
    broken = facts.broken
    if broken is None:
        return
    yield Row("pipeline", f"first {broken.first.id}", broken.first, note="first")
    commits = broken.commits.ahead if broken.commits else (broken.commit,) if broken.commit else ()
    if broken.is_same_commit:
        commits = ()
        yield Row("remark", "same commit", depth=1, note="no commit between: the same commit was green before")
    for commit in commits[:SUSPECTS]:
        yield Row("commit", f"since {commit.sha}", commit, 1)
    if len(commits) > SUSPECTS:
        yield Row("remark", "more suspects", depth=1, note=f"and {count(len(commits) - SUSPECTS)} commits more")
    if broken.green is not None:
        yield Row("pipeline", f"green {broken.green.id}", broken.green, note="green")
    else:
        yield Row("remark", "no green", note="it was never green as far as the cache goes back")


# -- facts --------------------------------------------------------------------------------------------------------


def known(facts: PipelineFacts) -> list[tuple[str, str]]:
    """What is known of the pipeline itself, name and value, in the vendor's words."""
    one = facts.pipeline
    waited = one.started_at - one.created_at if one.started_at is not None and one.created_at is not None else 0
    return [
        ("title", one.title),
        ("branch", one.branch),
        ("event", one.event),
        ("by", one.actor),
        ("attempt", str(one.attempt) if one.attempt > 1 else ""),
        ("their word", one.raw_status if one.raw_status != one.status else ""),
        ("waited", span(waited) if waited >= 1000 and one.attempt == 1 else ""),
        ("usually takes", span(facts.usual) if facts.usual is not None else ""),
        ("source", facts.source),
        ("id", one.id),
        ("address", one.url),
    ]


def _matches(row: Row, words: Sequence[str]) -> bool:
    thing = row.thing
    more = thing if isinstance(thing, str) else ""
    if isinstance(thing, Job):
        more = f"{thing.name} {thing.status} {thing.stage} {thing.reason}"
    elif isinstance(thing, Step | Run):
        more = f"{thing.name} {thing.status}"
    elif isinstance(thing, Case):
        more = thing.message
    elif isinstance(thing, Commit):
        more = f"{thing.subject} {thing.author}"
    elif isinstance(thing, Pipeline):
        more = f"{thing.name} #{thing.number} {thing.status} {thing.title}"
    elif isinstance(thing, CommitCheck):
        more = f"{thing.status} {thing.text}"
    elif isinstance(thing, Deployment | Approval):
        more = thing.environment if isinstance(thing, Deployment) else thing.name
    text = f"{row.name} {more}".casefold()
    return row.is_row and all(word in text for word in words)
