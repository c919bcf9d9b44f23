"""The log of a job. GitHub redirects to a store of logs, with an address for a minute; there we are nobody."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from msgspec.structs import replace

from ...errors import SourceError
from ...records import LogPart
from ..trouble import AnswerError
from . import parse
from .client import HEADERS, GithubClient

_PART: Final = 1024 * 1024
_LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a log that are read: GitHub names no size before."""
_GONE: Final = (404, 410)
_NOT_YET: Final = 15.0
"""Seconds for which the answer that a job still runs is good: whoever follows its log asks every two."""


class Logs:
    """Logs of the jobs of one repository, as parts of the source with the key `source`."""

    def __init__(self, client: GithubClient, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._source = source
        self._clock = clock
        self._running: dict[str, tuple[float, str]] = {}
        """Jobs that were not over: until when nobody asks again, and what was said."""

    async def parts(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A job's log from byte `start` on, in parts of a megabyte at most; or one part with a sentence.

        GitHub gives a log when its job is over, whole: what the cache has already is passed over. Raises SourceError.
        """
        empty = LogPart(source=self._source, pipeline=pipeline_id, job=job_id, start=start)
        until, sentence = self._running.pop(job_id, (0.0, ""))
        if self._clock() < until:
            self._running[job_id] = until, sentence
            yield replace(empty, sentence=sentence)
            return
        try:
            async for part in self._read(empty):
                yield part
        except AnswerError as error:
            if error.status not in _GONE:
                raise
            is_over, sentence = await self._absence(job_id, error.status)
            if not is_over:
                self._running[job_id] = self._clock() + _NOT_YET, sentence
            yield replace(empty, sentence=sentence, is_last=is_over)

    async def _read(self, empty: LogPart) -> AsyncIterator[LogPart]:
        """What there is from the start of `empty` on; from the beginning, where the log is shorter than that."""
        await self._client.ready()
        at, skip, gathered = empty.start, empty.start, bytearray()
        url = self._client.url(f"actions/jobs/{empty.job}/logs")
        async with self._client.http.stream(url, headers=HEADERS, elsewhere=True) as pieces:
            async for piece in pieces:
                fresh = piece[skip:]
                skip -= len(piece) - len(fresh)
                gathered += fresh
                while len(gathered) >= _PART:
                    yield replace(empty, start=at, data=bytes(gathered[:_PART]))
                    at += _PART
                    del gathered[:_PART]
                if at >= _LARGEST:
                    rest = f"The log is longer than {_LARGEST // 2**20} MB: the rest is at {self._client.http.host}."
                    yield replace(empty, start=at, sentence=rest, is_last=True)
                    return
        if skip == 0:
            yield replace(empty, start=at, data=bytes(gathered), is_last=True)
            return
        async for part in self._read(replace(empty, start=0)):
            yield part

    async def _absence(self, job_id: str, status: int) -> tuple[bool, str]:
        """Why there is no log: whether the job is over, and a sentence."""
        host = self._client.http.host
        try:
            raw = (await self._client.read(f"actions/jobs/{job_id}", parse.RunJob)).content
        except AnswerError as error:
            if error.status not in _GONE:
                raise
            return True, f"{host} has this job no more, and its log neither ({status})."
        except SourceError:
            return False, f"{host} has no log of this job ({status})."
        if raw.status != "completed":
            return False, "GitHub gives the log of a job when it is over: it is shown then."
        if raw.conclusion == "skipped":
            return True, "The job was skipped: it has no log."
        return True, f"The log is kept no more ({status}): GitHub deletes logs after the repository's retention time."
