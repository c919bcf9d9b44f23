"""A job's log. GitLab gives it whole each time, from its first byte: no Range, no offset.

So a log that grows is read again and what is known of it passed over, the less often the longer it is; and what is
longer than a cap is cut. An empty body is GitLab's way to say that there is none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from ...records import SETTLED, LogPart, Millis
from ..trouble import AnswerError
from . import parse
from .client import GitlabClient

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of one log that are read. GitLab itself stops a job's log at 100 MB unless its owner raises that."""
PART: Final = 256 * 1024
"""Bytes of a part, at least, but for the last one."""
_PACE: Final = 500
"""Bytes that are read again for each millisecond that passes: a log of 10 MB is looked at every 20 s."""

_KEPT_BACK: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

_NOT_BEGUN: Final = "The job has not begun: its log comes when a runner has taken it."
_EMPTY_YET: Final = "The job has written nothing yet."
_NONE: Final = "GitLab has no log of this job: it wrote nothing, or the log has been removed there."
_UNKNOWN: Final = "GitLab knows no such job any more, or it only starts another pipeline and has no log of its own."
_FORBIDDEN: Final = (
    "GitLab does not show this log to this login (403): with CI_DEBUG_TRACE on, developers alone see it."
)
_CUT: Final = f"The log is longer than {LARGEST // 2**20} MB: the rest is read in GitLab only."


class Traces:
    """The logs of a project's jobs."""

    def __init__(self, client: GitlabClient, source: str) -> None:
        self._client = client
        self._source = source
        self._not_before: dict[str, Millis] = {}

    async def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """The log from byte `start` on, or from its beginning when it is shorter by now. Raises SourceError."""
        here = LogPart(source=self._source, pipeline=pipeline_id, job=job_id, start=start)
        job = await self._job(job_id)
        if job is None:
            yield _with(here, is_last=True, sentence=_UNKNOWN)
            return
        is_over = parse.status_of(job.status) in SETTLED
        if start and not is_over and self._client.http.now() < self._not_before.get(job_id, 0):
            yield here
            return
        if job.started_at is None and not is_over:
            yield _with(here, sentence=_NOT_BEGUN)
            return
        async for part in self._read(here, is_over, job.erased_at):
            yield part

    async def _job(self, job_id: str) -> parse.JobPayload | None:
        if not (job_id.isascii() and job_id.isdigit()):
            return None
        try:
            return await self._client.read(f"jobs/{job_id}", parse.JobPayload)
        except AnswerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _read(self, here: LogPart, is_over: bool, erased_at: str | None) -> AsyncIterator[LogPart]:
        at, size = here.start, 0
        sentence = ""
        try:
            async for begin, piece in self._pieces(here.job):
                size = begin + len(piece)
                if size > at:
                    yield _with(here, start=at, data=piece[max(at - begin, 0) :])
                    at = size
                if size >= LARGEST:
                    sentence, is_over = _CUT, True
                    break
        except AnswerError as error:
            if error.state == "limited" or error.status not in _KEPT_BACK:
                raise
            if error.status == HTTPStatus.FORBIDDEN:
                yield _with(here, is_last=is_over, sentence=_FORBIDDEN)
                return
        self._pace(here.job, size, is_over)
        if 0 < size < here.start:
            async for part in self._read(_with(here, start=0), is_over, erased_at):
                yield part
            return
        if size == 0:
            sentence = _missing(is_over, erased_at)
        yield _with(here, start=at, is_last=is_over, sentence=sentence)

    async def _pieces(self, job_id: str) -> AsyncIterator[tuple[int, bytes]]:
        """The body in pieces of a sensible size, each with where it begins."""
        held, begin = bytearray(), 0
        async with self._client.stream(f"jobs/{job_id}/trace") as pieces:
            async for piece in pieces:
                held += piece[: LARGEST - begin - len(held)]
                if len(held) >= PART:
                    yield begin, bytes(held)
                    begin += len(held)
                    held.clear()
                if begin + len(held) >= LARGEST:
                    break
        if held:
            yield begin, bytes(held)

    def _pace(self, job_id: str, size: int, is_over: bool) -> None:
        self._not_before.pop(job_id, None)
        if not is_over:
            self._not_before[job_id] = self._client.http.now() + size // _PACE


def _missing(is_over: bool, erased_at: str | None) -> str:
    if erased_at:
        return f"The log was erased in GitLab at {erased_at}."
    return _NONE if is_over else _EMPTY_YET


def _with(
    part: LogPart, *, start: int | None = None, data: bytes = b"", is_last: bool = False, sentence: str = ""
) -> LogPart:
    return LogPart(
        source=part.source,
        pipeline=part.pipeline,
        job=part.job,
        start=part.start if start is None else start,
        data=data,
        is_last=is_last,
        sentence=sentence,
    )
