"""The log of a job. GitHub redirects to a store of logs, with an address for a minute; there we are nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ...errors import SourceError
from ...records import LogPart
from ..trouble import AnswerError
from . import parse
from .client import HEADERS, GithubClient

_PART: Final = 1024 * 1024
_LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a log that are read: GitHub names no size before."""
_GONE: Final = (404, 410)


async def log_parts(
    client: GithubClient, source: str, pipeline_id: str, job_id: str, start: int
) -> AsyncIterator[LogPart]:
    """A job's log from byte `start` on, in parts of a megabyte at most; or one part with a sentence.

    GitHub gives a log when its job is over, whole: what the cache has already is passed over. Raises SourceError.
    """

    def part(at: int, data: bytes = b"", sentence: str = "", *, is_last: bool = False) -> LogPart:
        return LogPart(
            source=source, pipeline=pipeline_id, job=job_id, start=at, data=data, is_last=is_last, sentence=sentence
        )

    at, skip = start, start
    gathered = bytearray()
    await client.ready()
    try:
        async with client.http.stream(
            client.url(f"actions/jobs/{job_id}/logs"), headers=HEADERS, elsewhere=True
        ) as pieces:
            async for piece in pieces:
                fresh = piece[skip:]
                skip -= len(piece) - len(fresh)
                gathered += fresh
                if len(gathered) >= _PART:
                    yield part(at, bytes(gathered[:_PART]))
                    at += _PART
                    del gathered[:_PART]
                if at >= _LARGEST:
                    said = f"The log is longer than {_LARGEST // 2**20} MB: the rest is at {client.http.host}."
                    yield part(at, sentence=said, is_last=True)
                    return
    except AnswerError as error:
        if error.status not in _GONE:
            raise
        is_over, sentence = await _absence(client, job_id, error.status)
        yield part(start, sentence=sentence, is_last=is_over)
        return
    if skip > 0:  # shorter than what the cache has: another log, from its beginning
        async for one in log_parts(client, source, pipeline_id, job_id, 0):
            yield one
        return
    yield part(at, bytes(gathered), is_last=True)


async def _absence(client: GithubClient, job_id: str, status: int) -> tuple[bool, str]:
    """Why there is no log: whether the job is over, and a sentence."""
    try:
        raw = (await client.read(f"actions/jobs/{job_id}", parse.RunJob)).content
    except AnswerError as error:
        if error.status not in _GONE:
            raise
        return True, f"{client.http.host} has this job no more, and its log neither ({status})."
    except SourceError:
        return False, f"{client.http.host} has no log of this job ({status})."
    if raw.status != "completed":
        return False, "GitHub gives the log of a job when it is over: it is shown then."
    if raw.conclusion == "skipped":
        return True, "The job was skipped: it has no log."
    return True, f"The log is kept no more ({status}): GitHub deletes logs after the repository's retention time."
