"""A local run in the words that all CI systems share."""

from __future__ import annotations

from ..junit import merged
from ..records import Job, Pipeline
from .kept import LocalJob, LocalRun


def as_pipeline(run: LocalRun, source: str) -> Pipeline:
    """The run as a pipeline of the source with that key."""
    reports = [job.report for job in run.jobs if job.report is not None]
    return Pipeline(
        source=source, id=run.id, name=called(run), status=run.status, raw_status=run.status, number=str(run.number),
        title=run.title, branch=run.branch, commit=run.commit, event=run.event, actor=run.actor,
        created_at=run.created_at, started_at=run.started_at, ended_at=run.ended_at, updated_at=run.updated_at,
        jobs=tuple(_as_job(run, job) for job in run.jobs), report=merged(reports) if reports else None,
    )  # fmt: skip


def called(run: LocalRun) -> str:
    """What runs of the same jobs share: some of the jobs say nothing of how all of them do."""
    return f"{run.name}: {', '.join(run.only)}" if run.only else run.name


def _as_job(run: LocalRun, job: LocalJob) -> Job:
    return Job(
        id=run.job_id(job), name=job.name, status=job.status, raw_status=_word(job), queued_at=run.created_at,
        started_at=job.started_at, ended_at=job.ended_at, needs=job.needs, reason=job.reason,
    )  # fmt: skip


def _word(job: LocalJob) -> str:
    return job.status if job.exit_status in (None, 0) else f"exit {job.exit_status}"
