"""GitLab's JSON -> records. Pure: payloads in, records out (recorded answers of 2022 to 2023 in the tests).

What GitLab's words mean here:

- A pipeline's `name` is `workflow:name`, which most projects do not set; then the project's own name stands in.
- `number` is the pipeline's number in its project (`iid`), short enough for a line; `id` is unique on the server.
- `ref` is kept as it is, also `refs/merge-requests/74/head`.
- A retried job is a job of its own with a new id: attempts are counted by name. The pipeline stays the same one,
  so its own attempt stays 1.
- REST says of no job whether it would be started by hand; only while it waits for that, by its status.
- `updated_at` is null on pipelines of external systems that were not touched since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ...records import Approval, Deployment, Job, Millis, Pipeline, PipelineStatus

_STATUSES: Final[dict[str, PipelineStatus]] = {
    "created": "queued",
    "preparing": "queued",
    "pending": "queued",
    "waiting_for_resource": "waiting",
    "waiting_for_callback": "waiting",
    "manual": "waiting",
    "scheduled": "waiting",
    "blocked": "waiting",
    "running": "running",
    "canceling": "running",
    "success": "passed",
    "failed": "failed",
    "canceled": "cancelled",
    "skipped": "skipped",
}
"""`blocked` is a deployment's: it waits for an approval. The other words are everybody's."""
MANUAL: Final = "manual"
BLOCKED: Final = "blocked"


class UserPayload(msgspec.Struct):
    """Who did it."""

    username: str | None = None


class CommitPayload(msgspec.Struct):
    """The commit, as a job shows it."""

    title: str | None = None


class PipelinePayload(msgspec.Struct):
    """A pipeline, in a list or by itself: the list leaves out what has a default here."""

    id: int
    status: str | None = None
    iid: int | None = None
    name: str | None = None
    ref: str | None = None
    sha: str | None = None
    source: str | None = None
    web_url: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    user: UserPayload | None = None
    yaml_errors: str | None = None


class ArtifactPayload(msgspec.Struct):
    """A file that a job left. Of type "archive": all that it kept, as a zip."""

    file_type: str | None = None
    size: int | None = None


class JobPayload(msgspec.Struct):
    """A job, or a bridge: the job that starts another pipeline."""

    id: int
    status: str | None = None
    name: str | None = None
    stage: str | None = None
    allow_failure: bool | None = None
    created_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    erased_at: str | None = None
    queued_duration: float | None = None
    failure_reason: str | None = None
    web_url: str | None = None
    commit: CommitPayload | None = None
    artifacts: list[ArtifactPayload] | None = None
    pipeline: PipelinePayload | None = None
    downstream_pipeline: PipelinePayload | None = None


class EnvironmentPayload(msgspec.Struct):
    """Where something was deployed to."""

    name: str | None = None
    external_url: str | None = None


class DeploymentPayload(msgspec.Struct):
    """A deployment, and the job that did it."""

    id: int
    status: str | None = None
    sha: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    environment: EnvironmentPayload | None = None
    deployable: JobPayload | None = None


def status_of(word: str | None) -> PipelineStatus:
    """One of our statuses for one of GitLab's; unknown for a word that is new to us."""
    return _STATUSES.get(word or "", "unknown")


def millis(text: str | None) -> Millis | None:
    """A time as GitLab writes it (ISO 8601, with Z or an offset), in UTC milliseconds; None when it is none."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)


def pipeline(source: str, raw: PipelinePayload, project: str = "") -> Pipeline:
    """A pipeline without its jobs. `project` is its path or number, for the name where the address tells none."""
    return Pipeline(
        source=source,
        id=str(raw.id),
        name=raw.name or _project_name(raw.web_url) or project.rpartition("/")[2],
        status=status_of(raw.status),
        raw_status=raw.status or "",
        number=str(raw.iid or raw.id),
        title=raw.yaml_errors or "" if raw.status == "failed" else "",
        branch=raw.ref or "",
        commit=raw.sha or None,
        event=raw.source or "",
        actor=(raw.user and raw.user.username) or "",
        url=raw.web_url or "",
        created_at=millis(raw.created_at),
        started_at=millis(raw.started_at),
        ended_at=millis(raw.finished_at),
        updated_at=millis(raw.updated_at),
    )


def _project_name(web_url: str | None) -> str:
    """`bar` of https://gitlab.example/foo/bar/-/pipelines/46, which older servers write without the `-`."""
    path = urlsplit(web_url or "").path
    before = path.rpartition("/pipelines/")[0].removesuffix("/-")
    return before.rpartition("/")[2]


def title(jobs: Iterable[JobPayload]) -> str:
    """The title of the commit that the jobs ran on; the pipeline itself does not say it."""
    return next((raw.commit.title for raw in jobs if raw.commit and raw.commit.title), "")


def jobs(payloads: Iterable[JobPayload]) -> tuple[Job, ...]:
    """Jobs and bridges in the order in which they were first made, a job's attempts one after the other.

    GitLab makes the jobs of a pipeline stage by stage, so that is the order of the stages too.
    """
    by_name: defaultdict[str, list[JobPayload]] = defaultdict(list)
    for raw in sorted({raw.id: raw for raw in payloads}.values(), key=lambda raw: raw.id):
        by_name[raw.name or ""].append(raw)
    return tuple(_job(raw, attempt) for same in by_name.values() for attempt, raw in enumerate(same, 1))


def _job(raw: JobPayload, attempt: int) -> Job:
    started = millis(raw.started_at)
    return Job(
        id=str(raw.id),
        name=raw.name or "",
        status=status_of(raw.status),
        raw_status=raw.status or "",
        stage=raw.stage or "",
        attempt=attempt,
        queued_at=_queued(raw, started),
        started_at=started,
        ended_at=millis(raw.finished_at),
        url=(raw.downstream_pipeline and raw.downstream_pipeline.web_url) or raw.web_url or "",
        is_manual=raw.status == MANUAL,
        may_fail=bool(raw.allow_failure),
        reason=_reason(raw),
    )


def _queued(raw: JobPayload, started: Millis | None) -> Millis | None:
    """When it was handed to the runners: all jobs are created with the pipeline, and wait there for their stage."""
    if started is not None and raw.queued_duration is not None:
        return started - round(raw.queued_duration * 1000)
    return millis(raw.created_at)


def _reason(raw: JobPayload) -> str:
    below = raw.downstream_pipeline
    if raw.failure_reason or below is None:
        return (raw.failure_reason or "").replace("_", " ")
    return f"pipeline {below.id}: {below.status or 'no status'}"


def has_test_report(payloads: Iterable[JobPayload]) -> bool:
    """Whether a job left a JUnit report that GitLab has read."""
    return any(artifact.file_type == "junit" for raw in payloads for artifact in raw.artifacts or ())


def pipeline_of(raw: DeploymentPayload) -> str | None:
    """The id of the pipeline that deployed it; None for a deployment that was made through the API."""
    ours = raw.deployable and raw.deployable.pipeline
    return str(ours.id) if ours else None


def deployment(raw: DeploymentPayload) -> Deployment:
    """What was put where. `at` is when its job ended, or else the last change."""
    ended = raw.deployable.finished_at if raw.deployable else None
    where = raw.environment or EnvironmentPayload()
    return Deployment(
        id=str(raw.id),
        environment=where.name or "",
        status=status_of(raw.status),
        raw_status=raw.status or "",
        commit=raw.sha or None,
        at=millis(ended) or millis(raw.updated_at) or millis(raw.created_at),
        url=where.external_url or "",
    )


def approvals(deployments: Sequence[DeploymentPayload]) -> tuple[Approval, ...]:
    """The deployments that are blocked until somebody approves them, named by the deployment's id."""
    return tuple(
        Approval(
            id=str(raw.id),
            name=(raw.environment and raw.environment.name) or str(raw.id),
            since=millis(raw.updated_at) or millis(raw.created_at),
        )
        for raw in deployments
        if raw.status == BLOCKED
    )
