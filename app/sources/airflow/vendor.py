"""Airflow's REST API: DAG runs by when they changed, tasks and tries of one run, logs by their continuation.

Facts are from its OpenAPI document and from a real 3.3.2 server: `~` stands for all DAGs; lists take limit and offset
and tell how many there are; `updated_at_gte` finds what changed, re-runs included; a log is read from its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from ...records import LogPart, Pipeline, SourceSpec
from ..ci import Mark, Page
from ..http import Http
from ..trouble import AnswerError
from .login import Login
from .parse import (
    DagRun,
    DagRuns,
    LogAnswer,
    TaskInstance,
    TaskInstances,
    Tasks,
    ordered,
    parse_log,
    parse_needs,
    parse_run,
    parse_tasks,
    split_id,
    split_job,
)

T = TypeVar("T")

PAGE: Final = 100
OVERLAP: Final = 120_000
"""Milliseconds that a pass looks back behind the one before: a transaction may commit after its time stamp."""
MOST_TASKS: Final = 2_000
"""Task instances of one run that are read: a mapped task may have tens of thousands."""
MOST_PIECES: Final = 10_000
"""Answers of one log that are read: a server whose continuation never ends must not hold us for ever."""

_runs = msgspec.json.Decoder(DagRuns)
_instances = msgspec.json.Decoder(TaskInstances)
_tasks = msgspec.json.Decoder(Tasks)
_log = msgspec.json.Decoder(LogAnswer)
_run = msgspec.json.Decoder(DagRun)


class AirflowVendor:
    """One Airflow. `dags` are patterns of DAG names; none: all."""

    width = 4
    """An API server has few workers, and the scheduler's database is behind them."""

    def __init__(self, spec: SourceSpec, http: Http, *, dags: Sequence[str] = ()) -> None:
        self._spec = spec
        self._login = Login(http)
        self._dags = tuple(dags)
        self._base_url = http.base_url
        self._needs: dict[str, Mapping[str, Sequence[str]]] = {}

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """DAG runs that changed since the last pass; the first time the newest page."""
        began = self._login.server_now() - OVERLAP
        since = mark.get("since")
        if since is None:
            first = await self._listed(0, {})
            yield Page(pipelines=first.pipelines, total=first.total, mark={"since": began})
            return
        asked = {"updated_at_gte": _iso(int(since))}
        page = await self._listed(0, asked)
        while page.next is not None:
            yield page
            page = await self._listed(int(page.next), asked)
        yield replace(page, mark={"since": began})

    async def page(self, token: str | None) -> Page:
        """One page of all DAG runs, newest first."""
        return await self._listed(int(token or 0), {})

    async def _listed(self, offset: int, asked: Mapping[str, Any]) -> Page:
        # by run_after: it never changes, so that a page that is turned while runs begin skips none
        params = {"limit": PAGE, "offset": offset, "order_by": "-run_after", **asked}
        answer = await self._get(f"dags/{self._only_dag()}/dagRuns", _runs, params)
        after = offset + len(answer.dag_runs)
        is_last = not answer.dag_runs or after >= (answer.total_entries or 0)
        return Page(
            pipelines=tuple(self._pipeline(run) for run in answer.dag_runs if self._is_ours(run.dag_id)),
            next=None if is_last else str(after),
            total=answer.total_entries,
        )

    def _only_dag(self) -> str:
        """The DAG in the path where one is named in full; `~` for all, of which ours are taken."""
        named = self._dags[0] if len(self._dags) == 1 else ""
        return quote(named, safe="") if named and not any(sign in named for sign in "*?[") else "~"

    def _is_ours(self, dag_id: str) -> bool:
        return not self._dags or any(fnmatchcase(dag_id, pattern) for pattern in self._dags)

    def _pipeline(self, raw: DagRun) -> Pipeline:
        return parse_run(raw, source=self._spec.key, base_url=self._base_url)

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One DAG run with its tasks; None when it was deleted."""
        try:
            return await self.detail(self._pipeline(await self._get(_path(pipeline_id), _run)))
        except AnswerError as error:
            if error.status == 404:
                return None
            raise

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """The same with its tasks, every try of each."""
        tasks, after = await asyncio.gather(self._instances(pipeline.id), self._after(pipeline.name))
        again = [task for task in tasks if task.try_number > 1]
        tries = await asyncio.gather(*(self._tries(pipeline.id, task) for task in again))
        jobs = parse_tasks(
            ordered([*tasks, *(one for of in tries for one in of)], after), pipeline=pipeline, after=after
        )
        attempt = max((task.try_number for task in tasks), default=1)
        return replace(pipeline, jobs=tuple(jobs), attempt=max(1, attempt))

    async def _instances(self, pipeline_id: str) -> list[TaskInstance]:
        found: list[TaskInstance] = []
        while len(found) < MOST_TASKS:
            params = {"limit": PAGE, "offset": len(found), "order_by": "map_index"}
            answer = await self._get(f"{_path(pipeline_id)}/taskInstances", _instances, params)
            found += answer.task_instances
            if not answer.task_instances or len(found) >= (answer.total_entries or 0):
                break
        return found

    async def _tries(self, pipeline_id: str, task: TaskInstance) -> list[TaskInstance]:
        """The tries before the present one."""
        mapped = f"/{task.map_index}" if task.map_index >= 0 else ""
        path = f"{_path(pipeline_id)}/taskInstances/{quote(task.task_id, safe='')}{mapped}/tries"
        answer = await self._get(path, _instances)
        return [one for one in answer.task_instances if one.try_number < task.try_number]

    async def _after(self, dag_id: str) -> Mapping[str, Sequence[str]]:
        """What each task of a DAG waits for; asked once. A DAG that is gone has runs still, and no tasks."""
        if dag_id not in self._needs:
            try:
                found = parse_needs(await self._get(f"dags/{quote(dag_id, safe='')}/tasks", _tasks))
            except AnswerError as error:
                if error.status != 404:
                    raise
                found = {}
            self._needs[dag_id] = found
        return self._needs[dag_id]

    async def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A task's log as text; what is known of it already is read again and left out."""
        task_id, map_index, try_number = split_job(job_id)
        made = LogPart(source=self._spec.key, pipeline=pipeline_id, job=job_id, start=0)
        if try_number < 1:
            yield replace(made, is_last=True, sentence="The task never began, so it has no log.")
            return
        path = f"{_path(pipeline_id)}/taskInstances/{quote(task_id, safe='')}/logs/{try_number}"
        at = 0
        try:
            async for data, is_last in self._pieces(path, map_index):
                known = max(0, min(len(data), start - at))
                at += len(data)
                if known < len(data) or is_last:
                    yield replace(made, start=at - len(data) + known, data=data[known:], is_last=is_last)
        except AnswerError as error:
            if error.status != 404:
                raise
            yield replace(made, is_last=True, sentence="Airflow has no log of this try: it was deleted.")

    async def _pieces(self, path: str, map_index: int) -> AsyncIterator[tuple[bytes, bool]]:
        """The log from its beginning, each piece with whether it is the last: then there is no continuation."""
        params: dict[str, Any] = {"map_index": map_index}
        for _ in range(MOST_PIECES):
            answer = await self._get(path, _log, params)
            data = parse_log(answer)
            is_over = not answer.continuation_token
            yield data, is_over
            if is_over or not data:  # with a continuation and nothing in it: the task has written nothing further yet
                return
            params["token"] = answer.continuation_token

    async def _get(self, path: str, decoder: msgspec.json.Decoder[T], params: Mapping[str, Any] | None = None) -> T:
        answer = await self._login.get(f"api/v2/{path}", params)
        return answer.json(decoder)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._login.close()


def _path(pipeline_id: str) -> str:
    dag_id, run_id = split_id(pipeline_id)
    return f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")
