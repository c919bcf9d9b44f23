"""The files that a build kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ..ci import ArtifactFile
from ..patterns import matches
from ..trouble import TooLargeError
from .client import JenkinsClient
from .places import Place

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is read ..."""
MOST: Final = 20
"""... and files of one build."""


async def artifacts(
    client: JenkinsClient, place: Place, number: str, pattern: str, beside: str
) -> AsyncIterator[ArtifactFile]:
    """The files whose path matches. A request for the list, and one for each file. Raises SourceError."""
    paths = await client.artifacts(place, number)
    found = [path for path in paths if matches(path, pattern) and path.rpartition("/")[2] != beside]
    for path in found[:MOST]:
        folder, slash, _ = path.rpartition("/")
        explains = f"{folder}{slash}{beside}"
        try:
            data = await client.file(place, number, path, LARGEST)
        except TooLargeError:
            yield ArtifactFile(path=path, why=f"It has more than {LARGEST >> 20} MB: it is not read.")
            continue
        if data is None:
            continue
        more = await _explaining(client, place, number, explains) if beside and explains in paths else None
        yield ArtifactFile(path=path, data=data, beside={} if more is None else {beside: more})


async def _explaining(client: JenkinsClient, place: Place, number: str, path: str) -> bytes | None:
    """The file that explains those next to it; they are read without one that is too large."""
    try:
        return await client.file(place, number, path, LARGEST)
    except TooLargeError:
        return None
