"""Kubeflow's JSON (`/apis/v2beta1`) -> records. Pure. Shapes are from the official swagger of 2.17.0.

What its words mean here: a time that has not come is missing or the first second of 1970; `task_details` may be null;
a task that stands for a loop or a condition (a DAG) has children, which are tasks too, or only names of pods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ...records import Job, Millis, Pipeline, PipelineStatus

_STATUSES: Final[Mapping[str, PipelineStatus]] = {
    "PENDING": "queued", "RUNNING": "running", "CANCELING": "running", "PAUSED": "waiting",
    "SUCCEEDED": "passed", "FAILED": "failed", "CANCELED": "cancelled", "SKIPPED": "skipped",
}  # fmt: skip
_COMMIT_NAMES: Final = ("git_commit", "commit_sha", "git_sha", "commit")
"""Parameters in which teams hand the commit to a run: Kubeflow itself knows of none."""
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FIRST_DAY: Final = 86_400_000


class Fault(msgspec.Struct):
    """google.rpc.Status."""

    code: int | None = None
    message: str | None = None


class Child(msgspec.Struct):
    """A task below another: by its id, or only by its pod."""

    task_id: str | None = None
    pod_name: str | None = None


class TaskDetail(msgspec.Struct):
    """v2beta1PipelineTaskDetail, the fields that we read."""

    task_id: str | None = None
    display_name: str | None = None
    state: str | None = None
    create_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    pod_name: str | None = None
    parent_task_id: str | None = None
    child_tasks: tuple[Child, ...] | None = None
    error: Fault | None = None


class RunDetails(msgspec.Struct):
    """v2beta1RunDetails."""

    task_details: tuple[TaskDetail, ...] | None = None


class VersionReference(msgspec.Struct):
    """Which pipeline a run is of."""

    pipeline_id: str | None = None


class RuntimeConfig(msgspec.Struct):
    """With what a run was started."""

    parameters: Mapping[str, Any] | None = None


class KubeflowRun(msgspec.Struct):
    """v2beta1Run, the fields that we read."""

    run_id: str
    display_name: str | None = None
    description: str | None = None
    state: str | None = None
    created_at: str | None = None
    scheduled_at: str | None = None
    finished_at: str | None = None
    error: Fault | None = None
    recurring_run_id: str | None = None
    service_account: str | None = None
    pipeline_version_reference: VersionReference | None = None
    runtime_config: RuntimeConfig | None = None
    run_details: RunDetails | None = None


class Runs(msgspec.Struct):
    """One page of runs."""

    runs: tuple[KubeflowRun, ...] | None = None
    total_size: int | None = None
    next_page_token: str | None = None


class Named(msgspec.Struct):
    """A pipeline or a recurring run: what people call it."""

    display_name: str | None = None
    name: str | None = None


def parse_run(raw: KubeflowRun, *, source: str, base_url: str, pipeline: str = "", recurring: str = "") -> Pipeline:
    """One run with its tasks. `pipeline` and `recurring` are the names of what it is of, where they are known."""
    ended = millis(raw.finished_at)
    status = _STATUSES.get(raw.state or "", "unknown")
    started = millis(raw.scheduled_at) or millis(raw.created_at)
    url = f"{base_url}/#/runs/details/{quote(raw.run_id, safe='')}"
    return Pipeline(
        source=source,
        id=raw.run_id,
        name=pipeline or raw.display_name or raw.run_id,
        title=(raw.display_name or "") if pipeline else (raw.description or ""),
        status=status,
        raw_status=raw.state or "",
        commit=_commit(raw),
        event=f"recurring {recurring}".strip() if raw.recurring_run_id else "one-off",
        actor=raw.service_account or "",
        url=url,
        created_at=millis(raw.created_at),
        started_at=None if status == "queued" else started,
        ended_at=ended,
        updated_at=ended or millis(raw.created_at),
        jobs=parse_tasks(raw, url),
    )


def parse_tasks(raw: KubeflowRun, url: str) -> tuple[Job, ...] | None:
    """The tasks in the order in which they began; None where Kubeflow gave none, which says nothing."""
    tasks = (raw.run_details and raw.run_details.task_details) or ()
    kept = [task for task in tasks if task.task_id or task.display_name]
    kept.sort(key=lambda task: (millis(task.start_time) or millis(task.create_time) or 2**62, task.display_name or ""))
    names = {task.task_id: task.display_name or "" for task in kept if task.task_id}
    return tuple(_job(task, raw, url, names) for task in kept) or None


def _job(task: TaskDetail, run: KubeflowRun, url: str, names: Mapping[str, str]) -> Job:
    return Job(
        id=f"{run.run_id}/{task.task_id or task.display_name}",
        name=task.display_name or task.task_id or "",
        status=_STATUSES.get(task.state or "", "unknown"),
        raw_status=task.state or "",
        stage=names.get(task.parent_task_id or "", ""),
        queued_at=millis(task.create_time),
        started_at=millis(task.start_time),
        ended_at=millis(task.end_time),
        url=url,
        reason=(task.error and task.error.message) or "",
    )


def _commit(raw: KubeflowRun) -> str | None:
    given = (raw.runtime_config and raw.runtime_config.parameters) or {}
    found = (str(given[name]) for name in _COMMIT_NAMES if given.get(name))
    return next((sha for sha in found if _SHA.fullmatch(sha)), None)


def millis(text: str | None) -> Millis | None:
    """RFC 3339 to UTC milliseconds; None for what has not come, which may be written as 1970."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if at is None:
        return None
    found = round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    return found if found >= _FIRST_DAY else None
