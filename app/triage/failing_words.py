"""What a pipeline says of its failure: names of jobs and steps, tests that failed, the log around its first error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..logs import outline
from ..records import Evidence, Job, Pipeline, Subject
from ..store.reading import Reader

_BEFORE: Final = 12
"""Lines of a log that are read before the first error ..."""
_LINES: Final = 60
"""... and in all."""
_TESTS: Final = 20
_WIDTH: Final = 400


def words_of_pipeline(reader: Reader, what: Subject) -> tuple[str, tuple[Evidence, ...]]:
    """All of it as one text, and where it stands; empty where nothing failed or nobody read it."""
    pipeline, job = _pipeline(reader, what)
    if pipeline is None:
        return "", ()
    found = [one for one in pipeline.jobs or () if one.status == "failed" and not one.may_fail]
    jobs = [one for one in found if job is None or one.id == job.id] or found
    words = [*_names(jobs), *_tests(pipeline)]
    evidence = []
    for one in jobs[:3]:
        lines = _log(reader, pipeline, one)
        words += lines
        told = next((line for line in lines if line.strip()), f"{one.name} failed")
        evidence.append(Evidence(at=one.ended_at, text=told.strip(), subject=str(Subject(kind="job", parts=(one.id,)))))
    return "\n".join(words), tuple(evidence)


def _pipeline(reader: Reader, what: Subject) -> tuple[Pipeline | None, Job | None]:
    if what.kind == "job":
        found = reader.pipelines.job(what.parts[0])
        rowid, job = (None, None) if found is None else found
    else:
        rowid, job = reader.pipelines.find(what.parts[0]), None
    rows = [] if rowid is None else reader.pipelines.rows([rowid])
    return (rows[0].pipeline, job) if rows else (None, None)


def _names(jobs: list[Job]) -> Iterator[str]:
    for job in jobs:
        yield f"{job.name} {job.reason}"
        yield from (step.name for step in job.steps if step.status == "failed")


def _tests(pipeline: Pipeline) -> Iterator[str]:
    for case in pipeline.report.failures[:_TESTS] if pipeline.report is not None else ():
        yield f"{case.suite} {case.name}\n{case.message}"


def _log(reader: Reader, pipeline: Pipeline, job: Job) -> list[str]:
    """The lines from before the first error on, where somebody looked at the log: else it was not read."""
    head = reader.logs.head(pipeline.source, job.id, pipeline.id)
    if head is None or not head.lines:
        return []
    found = outline(reader.logs.marks(head.rowid), head.lines, job, first=head.first)
    failure = found.failure if found.failure is not None else max(head.first, head.lines - _LINES)
    first = max(head.first, failure - _BEFORE)
    lines = [line.text for line in reader.logs.lines(head.rowid, first, _LINES, width=_WIDTH)]
    return [*lines[failure - first :], *lines[: failure - first]]
