"""The files that a workflow run uploaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from ...records import Pipeline
from ..ci import ArtifactFile
from ..patterns import is_magic, matches, split
from ..trouble import AnswerError, TooLargeError
from ..zips import ArchiveError, matching
from .client import GithubClient
from .reports import Artifact, ArtifactList, downloaded, is_final, is_of_attempt

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an artifact that is read ..."""
MOST: Final = 5
"""... and artifacts of one run."""
_NEWEST: Final = {"per_page": 100}


async def artifacts(client: GithubClient, pipeline: Pipeline, pattern: str, beside: str) -> AsyncIterator[ArtifactFile]:
    """The files of the present attempt whose path in their artifact matches, alone or after the artifact's name.

    A request for the list, and two for each artifact that may hold one. Raises SourceError.
    """
    try:
        listed = await client.read(f"actions/runs/{pipeline.id}/artifacts", ArtifactList, _NEWEST)
    except AnswerError as error:
        if not is_final(error):
            raise
        return
    for artifact in _chosen(listed.content.artifacts, pipeline, pattern):
        async for file in _files(client, artifact, pattern, beside):
            yield file


def _chosen(found: list[Artifact], pipeline: Pipeline, pattern: str) -> list[Artifact]:
    """Those that the pattern names by its first part; where it names none so, all: it may name files in any of them."""
    first = split(pattern)[0]
    here = [one for one in found if not one.expired and is_of_attempt(one, pipeline)]
    named = [one for one in here if one.name == first] if not is_magic(first) else []
    return (named or here)[:MOST]


async def _files(client: GithubClient, artifact: Artifact, pattern: str, beside: str) -> AsyncIterator[ArtifactFile]:
    name = artifact.name
    is_named = name == split(pattern)[0]
    if artifact.size_in_bytes > LARGEST and not is_named:
        return
    try:
        data = await downloaded(client, artifact, LARGEST)
        if data[:2] != b"PK":  # a single file may have been uploaded as it is, without an archive
            if matches(name, pattern):
                yield ArtifactFile(path=name, data=data)
            return
        found = matching(data, lambda path: matches(path, pattern) or matches(f"{name}/{path}", pattern), beside)
        while (one := await asyncio.to_thread(next, found, None)) is not None:
            yield ArtifactFile(path=f"{name}/{one[0].name}", data=one[0].data, beside=one[1], why=one[0].why)
    except (TooLargeError, ArchiveError) as error:
        if is_named:  # else nobody asked for this one
            yield ArtifactFile(path=name, why=str(error))
    except AnswerError as error:
        if not is_final(error):
            raise
