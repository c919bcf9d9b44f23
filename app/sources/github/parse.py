"""What GitHub says, as records. Pure: nothing is fetched here.

Required are a run's and a job's id, status and date only: real answers of the last years lack most of what today's
specification requires. Statuses and conclusions are open: a word that is not known is kept and is never green.
Sources: the published specification, and recorded answers of 2020 to 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ...records import Approval, Deployment, Job, Millis, Pipeline, PipelineStatus, Step

_STATUSES: Final[dict[str, PipelineStatus]] = {
    "queued": "queued", "requested": "queued", "pending": "queued", "waiting": "waiting", "in_progress": "running",
}  # fmt: skip
_CONCLUSIONS: Final[dict[str, PipelineStatus]] = {
    "success": "passed",
    "failure": "failed", "timed_out": "failed", "startup_failure": "failed",
    "cancelled": "cancelled",
    "skipped": "skipped", "neutral": "skipped",
    "action_required": "waiting",
}  # fmt: skip
_DEPLOYED: Final[dict[str, PipelineStatus]] = {
    "success": "passed", "failure": "failed", "error": "failed", "in_progress": "running", "queued": "queued",
    "pending": "queued", "waiting": "waiting",
}  # fmt: skip
_LONGEST_TITLE: Final = 500
_FIRST_YEAR: Final = 1971
"""GitHub writes the year 1 for a time that has not come."""


class Actor(msgspec.Struct):
    """Somebody, or a bot."""

    login: str = ""
    slug: str = ""
    name: str | None = None


class Repository(msgspec.Struct):
    """Where a run belongs, by its present name."""

    full_name: str = ""


class HeadCommit(msgspec.Struct):
    """The commit that a run is of."""

    message: str | None = None


class Run(msgspec.Struct):
    """A workflow run."""

    id: int
    status: str | None
    created_at: str
    conclusion: str | None = None
    name: str | None = None
    path: str | None = None
    workflow_id: int | None = None
    display_title: str | None = None
    run_number: int | None = None
    run_attempt: int | None = None
    run_started_at: str | None = None
    updated_at: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    event: str | None = None
    html_url: str | None = None
    actor: Actor | None = None
    triggering_actor: Actor | None = None
    head_commit: HeadCommit | None = None
    repository: Repository | None = None


class RunList(msgspec.Struct):
    """A page of runs."""

    workflow_runs: list[Run]
    total_count: int | None = None


class RunStep(msgspec.Struct):
    """A step of a job."""

    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    number: int = 0
    started_at: str | None = None
    completed_at: str | None = None


class RunJob(msgspec.Struct):
    """A job of a run, in one attempt."""

    id: int
    status: str | None
    name: str | None = None
    conclusion: str | None = None
    run_attempt: int | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    html_url: str | None = None
    steps: list[RunStep] | None = None


class JobList(msgspec.Struct):
    """A page of jobs."""

    jobs: list[RunJob]
    total_count: int | None = None


class Environment(msgspec.Struct):
    """What is deployed to."""

    id: int
    name: str | None = None


class Reviewer(msgspec.Struct):
    """A user or a team that may approve."""

    reviewer: Actor | None = None


class PendingDeployment(msgspec.Struct):
    """A deployment that waits."""

    environment: Environment
    wait_timer_started_at: str | None = None
    current_user_can_approve: bool | None = None
    reviewers: list[Reviewer] = []


class RunDeployment(msgspec.Struct):
    """Something that was put somewhere."""

    id: int
    sha: str
    environment: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class DeploymentStatus(msgspec.Struct):
    """What became of it, at one time; newest first in lists."""

    state: str
    created_at: str | None = None
    log_url: str | None = None
    target_url: str | None = None
    environment_url: str | None = None

    @property
    def place(self) -> str:
        """Where its log is: in the run that made it."""
        return self.log_url or self.target_url or ""


def millis(text: str | None) -> Millis | None:
    """A time as GitHub writes it, with `Z` or an offset, as UTC milliseconds; None where it says none."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.year < _FIRST_YEAR:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)


def status_of(status: str | None, conclusion: str | None) -> tuple[PipelineStatus, str]:
    """Ours, and GitHub's own word: the conclusion of what is over, else the status."""
    if conclusion:
        return _CONCLUSIONS.get(conclusion, "unknown"), conclusion
    return _STATUSES.get(status or "", "unknown"), status or ""


def pipeline(source: str, run: Run) -> Pipeline:
    """A run as the list gives it: without its jobs."""
    status, raw = status_of(run.status, run.conclusion)
    actor = run.triggering_actor or run.actor
    updated = millis(run.updated_at)
    return Pipeline(
        source=source,
        id=str(run.id),
        name=_name(run),
        status=status,
        raw_status=raw,
        number="" if run.run_number is None else str(run.run_number),
        title=_title(run),
        branch=run.head_branch or "",
        commit=run.head_sha or None,
        event=run.event or "",
        actor=actor.login if actor else "",
        attempt=run.run_attempt or 1,
        url=run.html_url or "",
        created_at=millis(run.created_at),
        started_at=None if status == "queued" else millis(run.run_started_at),
        # no field says when a run ended; its last change is near until its jobs are read
        ended_at=updated if run.status == "completed" else None,
        updated_at=updated,
    )


def _name(run: Run) -> str:
    return run.name or PurePosixPath(run.path or "").stem or str(run.workflow_id or "") or "workflow"


def _title(run: Run) -> str:
    said = run.display_title or (run.head_commit.message if run.head_commit else None) or ""
    return said.partition("\n")[0][:_LONGEST_TITLE]


def job(raw: RunJob) -> Job:
    """A job with its steps."""
    status, word = status_of(raw.status, raw.conclusion)
    began = status not in ("queued", "waiting")  # one that waits has its creation as its start
    return Job(
        id=str(raw.id),
        name=raw.name or str(raw.id),
        status=status,
        raw_status=word,
        attempt=raw.run_attempt or 1,
        queued_at=millis(raw.created_at),
        started_at=millis(raw.started_at) if began else None,
        ended_at=millis(raw.completed_at),
        url=raw.html_url or "",
        steps=tuple(step(one, index) for index, one in enumerate(raw.steps or (), 1)),
    )


def step(raw: RunStep, index: int) -> Step:
    """A step; `index` counts from 1, for answers that do not number them."""
    status, word = status_of(raw.status, raw.conclusion)
    return Step(
        name=raw.name or f"step {raw.number or index}",
        status=status,
        raw_status=word,
        number=raw.number or index,
        started_at=millis(raw.started_at),
        ended_at=millis(raw.completed_at),
    )


def approval(raw: PendingDeployment) -> Approval:
    """A deployment that waits for a person, or for its timer."""
    people = (one.reviewer for one in raw.reviewers if one.reviewer is not None)
    return Approval(
        id=str(raw.environment.id),
        name=raw.environment.name or str(raw.environment.id),
        since=millis(raw.wait_timer_started_at),
        reviewers=tuple(person.login or person.slug or person.name or "" for person in people),
        is_mine=raw.current_user_can_approve,
    )


def deployment(raw: RunDeployment, statuses: Sequence[DeploymentStatus]) -> Deployment:
    """A deployment by its newest status. One that a later one has replaced (“inactive”) is what it was before."""
    newest = next((one for one in statuses if one.state != "inactive"), None)
    word = newest.state if newest else ""
    return Deployment(
        id=str(raw.id),
        environment=raw.environment or "",
        status=_DEPLOYED.get(word, "unknown"),
        raw_status=statuses[0].state if statuses else word,
        commit=raw.sha,
        at=millis(newest.created_at if newest else None) or millis(raw.created_at),
        url=(newest.environment_url or newest.place) if newest else "",
    )


def with_jobs(
    found: Pipeline,
    raw: Iterable[RunJob],
    approvals: tuple[Approval, ...] = (),
    deployments: tuple[Deployment, ...] = (),
) -> Pipeline:
    """The pipeline with the jobs of all its attempts. One that “passed” without a single job is not green."""
    jobs = tuple(sorted((job(one) for one in raw), key=lambda one: one.attempt))
    present = [one for one in jobs if one.attempt == found.attempt]
    ends = [one.ended_at for one in present if one.ended_at is not None]
    changes: dict[str, Any] = {"jobs": jobs, "approvals": approvals, "deployments": deployments}
    if found.ended_at is not None and ends and all(one.ended_at is not None for one in present):
        changes["ended_at"] = max(ends)
    if found.status == "passed" and not jobs:
        changes["status"] = "unknown"
    return replace(found, **changes)
