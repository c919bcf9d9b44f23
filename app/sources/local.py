"""The pipelines that this machine ran itself, read from the records that the runner keeps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from .. import trust
from ..errors import QuarterdeckError, SourceError
from ..records import LogPart, Millis, Pipeline, SourceSpec
from ..runner.detached import start
from ..runner.kept import Kept, LocalJob, LocalRun
from ..runner.local import Local
from ..runner.told import as_pipeline
from ..settings import Settings
from .ci import Mark, Page
from .trouble import AnswerError

ABILITIES: Final = frozenset({"rerun", "cancel"})
"""Not the failed jobs alone: the jobs of a run share a work tree, which is gone when it is over."""
PAGE: Final = 50
PIECE: Final = 1 << 20
_OVERLAP: Final = 2_000_000_000
"""Nanoseconds: a record that is written twice in one tick of the file system's clock is read again."""


class LocalVendor:
    """The runs of one `[[ci]] kind = "local"`."""

    width = 1
    abilities = ABILITIES

    def __init__(self, spec: SourceSpec, settings: Settings, local: Local) -> None:
        self._source, self._settings, self._local = spec.key, settings, local
        self._kept = Kept(settings.project_key)

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """What was written since."""
        seen = int(mark.get("at", 0))
        stamps = {run_id: self._kept.changed_at(run_id) for run_id in self._kept.ids()}
        fresh = [run_id for run_id, at in stamps.items() if at > seen - _OVERLAP]
        found = [run for run_id in fresh if (run := self._read(run_id)) is not None]
        newest = sorted(found, key=_age, reverse=True)
        pipelines = tuple(map(self._told, newest if mark else newest[:PAGE]))
        yield Page(pipelines=pipelines, mark={"at": max(stamps.values(), default=seen)})

    async def page(self, token: str | None) -> Page:
        """One page of all of them; the token is the last that was given."""
        runs = [run for run in self._kept.newest() if run.name == self._local.name]
        if token is not None:
            at, _, run_id = token.partition(" ")
            runs = [run for run in runs if _age(run) < (int(at), run_id)]
        some = runs[:PAGE]
        return Page(
            pipelines=tuple(map(self._told, some)),
            next=f"{some[-1].created_at} {some[-1].id}" if len(runs) > PAGE else None,
            total=len(runs) if token is None else None,
        )

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """Read anew: a list has it whole already."""
        found = await self.one(pipeline.id)
        if found is None:
            raise AnswerError("This run is kept no more.", "not_understood", 404)
        return found

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One as it is now. One whose runner was killed is told as failed."""
        run = self._read(pipeline_id)
        return None if run is None else self._told(run)

    async def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A job's log from a byte on, as far as it is written."""
        run = self._read(pipeline_id)
        job = next((one for one in run.jobs if run.job_id(one) == job_id), None) if run else None
        if run is None or job is None:
            raise AnswerError("This job is kept no more.", "not_understood", 404)
        is_over = job.ended_at is not None or run.is_over
        path = self._kept.file(run.id, job.log)
        if not path.is_file():
            yield self._part(run, job, 0, is_last=is_over, sentence=_no_log(job))
            return
        try:
            for part in self._parts(run, job, path, start, is_over):
                yield part
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}.", "forbidden") from error

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """Run the jobs that the settings have now on the same commit, as the run `key`, in a process of its own."""
        if failed_only:
            raise SourceError("A local pipeline is run again as a whole: its jobs share a work tree.", "misconfigured")
        run = self._read(pipeline_id)
        if run is None:
            raise AnswerError("This run is kept no more.", "not_understood", 404)
        if not trust.may_run(self._settings, self._local.section):
            raise SourceError(trust.sentence(self._settings), "untrusted")
        try:
            await asyncio.to_thread(start, self._settings, key, _again(run))
        except SourceError:  # it may begin yet: rerun_of finds it then
            raise
        except (QuarterdeckError, OSError) as error:
            raise SourceError(str(error), "misconfigured") from error
        return key

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """The run that bears the key."""
        return key if self._read(key) is not None else None

    async def cancel(self, pipeline_id: str) -> None:
        """Tell its runner to stop; nothing where it has ended."""
        run = self._read(pipeline_id)
        if run is None:
            raise AnswerError("This run is kept no more.", "not_understood", 404)
        if run.is_over:
            raise SourceError("This run is over: there is nothing to cancel.", "misconfigured")
        try:
            self._kept.ask_to_stop(run.id)
        except OSError as error:
            raise SourceError(f"The runner cannot be told to stop: {error.strerror}.", "forbidden") from error

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Nothing waits for anybody here."""
        raise SourceError("Local pipelines have no deployments that wait.", "misconfigured")

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """No job waits for anybody here."""
        raise SourceError("Local pipelines have no jobs that wait to be started.", "misconfigured")

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self, run_id: str) -> LocalRun | None:
        run = self._kept.read(run_id)
        return run if run is not None and run.name == self._local.name else None

    def _told(self, run: LocalRun) -> Pipeline:
        return as_pipeline(run, self._source)

    def _parts(self, run: LocalRun, job: LocalJob, path: Path, start: int, is_over: bool) -> Iterator[LogPart]:
        """The log in pieces; the last one says whether more will come. A log that became shorter begins anew."""
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            at = stream.seek(start if start <= size else 0)
            while True:
                data = stream.read(PIECE)
                yield self._part(run, job, at, data, is_last=is_over and len(data) < PIECE)
                at += len(data)
                if len(data) < PIECE:
                    return

    def _part(
        self, run: LocalRun, job: LocalJob, start: int, data: bytes = b"", *, is_last: bool = False, sentence: str = ""
    ) -> LogPart:
        return LogPart(
            source=self._source, pipeline=run.id, job=run.job_id(job), start=start, data=data, is_last=is_last,
            sentence=sentence,
        )  # fmt: skip


def _again(run: LocalRun) -> list[str]:
    """The options that run its jobs on its commit once more."""
    return [
        "--name", run.name, "--commit", run.commit, "--event", "rerun", "--rerun-of", run.id, "--branch", run.branch,
        *(word for name in run.only for word in ("--job", name)),
    ]  # fmt: skip


def _age(run: LocalRun) -> tuple[Millis, str]:
    return run.created_at, run.id


def _no_log(job: LocalJob) -> str:
    if job.status in ("queued", "running"):
        return "This job has not begun yet."
    return f"This job did not run. {job.reason}".strip()
