"""Airflow's JSON (`/api/v2`, Airflow 3) -> records. Pure. Shapes are from its OpenAPI document and a real 3.3.2 server.

What Airflow's words mean here:

- A DAG run is a pipeline, named by its DAG; a task instance is a job, each of its tries one of its own.
- `bundle_version` is the commit where the DAG bundle is a Git repository, and null elsewhere.
- A task that never began because one before it failed is `upstream_failed`: it was skipped, it did not fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ...records import Job, Millis, Pipeline, PipelineStatus

_RUN_STATUSES: Final[Mapping[str, PipelineStatus]] = {
    "queued": "queued", "running": "running", "success": "passed", "failed": "failed",
}  # fmt: skip
_TASK_STATUSES: Final[Mapping[str, PipelineStatus]] = {
    "scheduled": "queued", "queued": "queued", "up_for_retry": "queued",
    "running": "running", "restarting": "running",
    "up_for_reschedule": "waiting", "deferred": "waiting", "awaiting_input": "waiting",
    "success": "passed", "failed": "failed",
    "skipped": "skipped", "upstream_failed": "skipped", "removed": "skipped",
}  # fmt: skip
_REASONS: Final[Mapping[str, str]] = {
    "upstream_failed": "a task before it failed",
    "up_for_retry": "waits for its next try",
    "up_for_reschedule": "a sensor looks again later",
    "deferred": "waits for a trigger",
    "awaiting_input": "waits for a person",
    "removed": "is no more in the DAG",
}
_MARKS: Final = {"::group::": "##[group]", "::endgroup::": "##[endgroup]"}
"""Airflow's marks around a part of a log, in the form in which GitHub writes them and we read them."""
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class DagVersion(msgspec.Struct):
    """Which version of the DAG's file a run used."""

    bundle_version: str | None = None


class DagRun(msgspec.Struct):
    """DAGRunResponse, the fields that we read."""

    dag_run_id: str
    dag_id: str
    state: str | None = None
    dag_display_name: str | None = None
    run_type: str = ""
    queued_at: str | None = None
    run_after: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    triggering_user_name: str | None = None
    note: str | None = None
    bundle_version: str | None = None
    dag_versions: tuple[DagVersion, ...] = ()


class DagRuns(msgspec.Struct):
    """One page of DAG runs."""

    dag_runs: tuple[DagRun, ...]
    total_entries: int | None = None


class TaskInstance(msgspec.Struct):
    """TaskInstanceResponse and TaskInstanceHistoryResponse, the fields that we read."""

    task_id: str
    state: str | None = None
    map_index: int = -1
    try_number: int = 0
    max_tries: int = 0
    task_display_name: str | None = None
    queued_when: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    note: str | None = None


class TaskInstances(msgspec.Struct):
    """One page of task instances, or the tries of one."""

    task_instances: tuple[TaskInstance, ...]
    total_entries: int | None = None


class Task(msgspec.Struct):
    """One task of a DAG, and what comes after it."""

    task_id: str
    downstream_task_ids: tuple[str, ...] = ()


class Tasks(msgspec.Struct):
    """The tasks of a DAG."""

    tasks: tuple[Task, ...]


class LogAnswer(msgspec.Struct):
    """A piece of a task's log: events, or plain lines of an older log."""

    content: tuple[Any, ...] = ()
    continuation_token: str | None = None


def pipeline_id(dag_id: str, run_id: str) -> str:
    """DAG/RUN: the id of a DAG's run is unique in its DAG only, and no DAG's id holds a slash."""
    return f"{dag_id}/{run_id}"


def split_id(pipeline: str) -> tuple[str, str]:
    """The DAG and the run."""
    dag_id, _, run_id = pipeline.partition("/")
    return dag_id, run_id


def job_id(pipeline: str, task: TaskInstance) -> str:
    """DAG/RUN/TASK/MAP/TRY."""
    return f"{pipeline}/{task.task_id}/{task.map_index}/{task.try_number}"


def split_job(job: str) -> tuple[str, int, int]:
    """Task, map index and try of a job's id. Raises ValueError for another id."""
    _, task_id, map_index, try_number = job.rsplit("/", 3)
    return task_id, int(map_index), int(try_number)


def parse_run(raw: DagRun, *, source: str, base_url: str) -> Pipeline:
    """One DAG run, without its tasks."""
    began = [at for at in map(millis, (raw.queued_at, raw.run_after, raw.start_date)) if at is not None]
    changed = [at for at in (*began, millis(raw.end_date)) if at is not None]
    return Pipeline(
        source=source,
        id=pipeline_id(raw.dag_id, raw.dag_run_id),
        name=raw.dag_id,
        status=_RUN_STATUSES.get(raw.state or "", "unknown"),
        raw_status=raw.state or "",
        title=raw.note or "",
        commit=_commit(raw),
        event=raw.run_type,
        actor=raw.triggering_user_name or "",
        url=f"{base_url}/dags/{quote(raw.dag_id, safe='')}/runs/{quote(raw.dag_run_id, safe='')}",
        created_at=min(began, default=None),
        started_at=millis(raw.start_date),
        ended_at=millis(raw.end_date),
        updated_at=max(changed, default=None),
    )


def _commit(raw: DagRun) -> str | None:
    found = raw.bundle_version or next((one.bundle_version for one in reversed(raw.dag_versions)), None)
    return found if found and _SHA.fullmatch(found) else None


def parse_tasks(raw: Iterable[TaskInstance], *, pipeline: Pipeline, after: Mapping[str, Sequence[str]]) -> list[Job]:
    """Task instances as jobs; `after` gives the tasks that each waits for."""
    return [_job(task, pipeline, tuple(after.get(task.task_id, ()))) for task in raw]


def _job(task: TaskInstance, pipeline: Pipeline, needs: tuple[str, ...]) -> Job:
    state = task.state or "no_status"
    mapped = f"[{task.map_index}]" if task.map_index >= 0 else ""
    where = f"{pipeline.url}/tasks/{quote(task.task_id, safe='')}{f'/mapped/{task.map_index}' if mapped else ''}"
    return Job(
        id=job_id(pipeline.id, task),
        name=f"{task.task_display_name or task.task_id}{mapped}",
        status="queued" if task.state is None else _TASK_STATUSES.get(state, "unknown"),
        raw_status=state,
        attempt=max(1, task.try_number),
        queued_at=millis(task.queued_when),
        started_at=millis(task.start_date) if task.try_number > 0 else None,  # one that is passed over has times too
        ended_at=millis(task.end_date) if task.try_number > 0 else None,
        url=f"{where}?try_number={task.try_number}",
        needs=needs,
        reason=task.note or _REASONS.get(state, ""),
    )


def parse_needs(raw: Tasks) -> dict[str, list[str]]:
    """Of each task those that must end before it begins."""
    found: dict[str, list[str]] = {}
    for task in raw.tasks:
        for later in task.downstream_task_ids:
            found.setdefault(later, []).append(task.task_id)
    return found


def ordered(tasks: Sequence[TaskInstance], after: Mapping[str, Sequence[str]]) -> list[TaskInstance]:
    """In the order in which they run: after what they wait for, else as Airflow lists them."""
    depth: dict[str, int] = {}

    def deep(task_id: str, path: frozenset[str]) -> int:
        if task_id not in depth:
            before = [one for one in after.get(task_id, ()) if one not in path]
            depth[task_id] = 1 + max((deep(one, path | {task_id}) for one in before), default=-1)
        return depth[task_id]

    return sorted(tasks, key=lambda task: (deep(task.task_id, frozenset()), task.task_id, task.map_index))


def parse_log(raw: LogAnswer) -> bytes:
    """Lines of text out of log events: time, level, words, and a traceback where there is one."""
    return "".join(f"{line}\n" for event in raw.content for line in _lines(event)).encode("utf-8", "surrogatepass")


def _lines(event: object) -> Iterable[str]:
    if not isinstance(event, Mapping):
        yield str(event).rstrip("\n")
        return
    said = str(event.get("event", ""))
    mark = next((ours for theirs, ours in _MARKS.items() if said.startswith(theirs)), "")
    level = str(event.get("level") or "").upper()
    words = f"{mark}{said.partition('::')[2].partition('::')[2]}" if mark else f"{level} {said}".lstrip()
    yield f"{event['timestamp']} {words}" if event.get("timestamp") else words
    for error in event.get("error_detail") or ():
        if isinstance(error, Mapping):
            yield from _traceback(error)


def _traceback(error: Mapping[str, Any]) -> Iterable[str]:
    frames = [frame for frame in error.get("frames") or () if isinstance(frame, Mapping)]
    if frames:
        yield "Traceback (most recent call last):"
    for frame in frames:
        yield f'  File "{frame.get("filename", "?")}", line {frame.get("lineno", "?")}, in {frame.get("name", "?")}'
    yield f"{error.get('exc_type', 'Error')}: {error.get('exc_value', '')}"


def millis(text: str | None) -> Millis | None:
    """ISO 8601 to UTC milliseconds; without a zone it is UTC; None for what is no time."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if at is None:
        return None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
