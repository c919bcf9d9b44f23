"""The files that the jobs of a pipeline kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from ...records import Pipeline
from ..ci import ArtifactFile
from ..patterns import is_magic, matches
from ..trouble import AnswerError, TooLargeError
from ..zips import ArchiveError, matching
from . import parse
from .client import GitlabClient

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a job's archive that is read ..."""
MOST: Final = 10
"""... and jobs of one pipeline."""
_GONE: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


async def artifacts(
    client: GitlabClient, path: str, pipeline: Pipeline, pattern: str, beside: str
) -> AsyncIterator[ArtifactFile]:
    """The files whose path in the archive of a job matches. A pattern without a wildcard reads that file alone.

    `path` is that of the pipeline. A request for its jobs, and one or two for each that kept files. Raises SourceError.
    """
    jobs = await client.all(f"{path}/jobs", parse.JobPayload, {})
    kept = [(job, one) for job in jobs for one in job.artifacts or () if one.file_type == "archive"]
    is_plain = not is_magic(pattern) and not beside
    for job, archive in kept[:MOST]:
        name = f"{job.name or job.id}/{pattern if is_plain else 'artifacts.zip'}"
        if not is_plain and (archive.size or 0) > LARGEST:
            yield ArtifactFile(path=name, why=f"It has more than {LARGEST >> 20} MB: it is not read.")
            continue
        where = f"jobs/{job.id}/artifacts" + (f"/{quote(pattern)}" if is_plain else "")
        try:
            data = await _read(client, where)
        except TooLargeError as error:
            yield ArtifactFile(path=name, why=str(error))
            continue
        except AnswerError as error:
            if error.status not in _GONE or error.state == "limited":
                raise
            continue  # it expired, is kept back, or the job kept other files
        if is_plain:
            yield ArtifactFile(path=name, data=data)
            continue
        async for file in _unpacked(job, name, data, pattern, beside):
            yield file


async def _unpacked(
    job: parse.JobPayload, name: str, data: bytes, pattern: str, beside: str
) -> AsyncIterator[ArtifactFile]:
    try:
        found = matching(data, lambda path: matches(path, pattern), beside)
        while (one := await asyncio.to_thread(next, found, None)) is not None:
            path = f"{job.name or job.id}/{one[0].name}"
            yield ArtifactFile(path=path, data=one[0].data, beside=one[1], why=one[0].why)
    except ArchiveError as error:
        yield ArtifactFile(path=name, why=str(error))


async def _read(client: GitlabClient, where: str) -> bytes:
    data = bytearray()
    async with client.stream(where, elsewhere=True) as pieces:
        async for piece in pieces:
            data += piece
            if len(data) > LARGEST:
                raise TooLargeError(f"It has more than {LARGEST >> 20} MB: it is not read.", "not_understood")
    return bytes(data)
