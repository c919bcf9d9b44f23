"""What the tests of a run said. GitHub itself knows no tests: workflows upload JUnit files as artifacts.

An artifact says no attempt: one that was made after the present attempt began is of that attempt. Nothing that goes
wrong here makes a run unreadable.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from ...errors import SourceError
from ...junit import merged
from ...records import CaseReport, Pipeline
from ..trouble import AnswerError, TooLargeError
from . import archives, parse
from .client import HEADERS, GithubClient

_K = TypeVar("_K")
_V = TypeVar("_V")

_NEWEST: Final = {"per_page": 100}
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of an artifact that is read ..."""
MOST: Final = 5
"""... and artifacts of one run."""
_WORDS: Final = (re.compile("junit", re.I), re.compile("test", re.I), re.compile("report", re.I))
"""What the names of test results hold; those with the first word are read before the others."""
_REFUSED: Final = (403, 404, 410)
_LONGEST: Final = 20.0
"""Seconds for the artifacts of one run: its jobs are shown after that, whatever came. What was read is kept."""
_SOON: Final = 60.0
"""Seconds after which artifacts that could not be read are asked for again."""
_REMEMBERED: Final = 500


class Artifact(msgspec.Struct):
    """Files that a run uploaded."""

    id: int
    name: str = ""
    size_in_bytes: int = 0
    expired: bool = False
    created_at: str | None = None


class ArtifactList(msgspec.Struct):
    """A page of artifacts, newest first."""

    artifacts: list[Artifact]


class _Look(msgspec.Struct, frozen=True):
    """What was found when a run looked like that, and until when (monotonic seconds) it is good."""

    attempt: int
    updated_at: int | None
    report: CaseReport | None
    until: float


class Reports:
    """Test reports of the runs of one repository, of those that somebody looks at.

    A run is asked for its artifacts when its attempt or its last change is another than before; an artifact, which
    never changes, is downloaded once.
    """

    def __init__(self, client: GithubClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._looks: OrderedDict[str, _Look] = OrderedDict()
        self._read: OrderedDict[int, CaseReport | None] = OrderedDict()
        self._turn = asyncio.Lock()

    def follows(self, pipeline: Pipeline) -> bool:
        """Whether somebody looked at this attempt: its report is kept as it is now."""
        before = self._looks.get(pipeline.id)
        return before is not None and before.attempt == pipeline.attempt

    async def of(self, pipeline: Pipeline) -> CaseReport | None:
        """The report of the present attempt; None where no artifact is one, or none can be read. Raises nothing.

        Costs a request for the list, and two for each artifact that looks like test results.
        """
        before = self._looks.get(pipeline.id)
        if before is not None and before.attempt != pipeline.attempt:
            before = None
        if before is not None and before.updated_at == pipeline.updated_at and self._clock() < before.until:
            return before.report
        try:
            async with asyncio.timeout(_LONGEST):
                report, is_whole = await self._found(pipeline)
        except (SourceError, TimeoutError):
            report, is_whole = before.report if before is not None else None, False
        until = math.inf if is_whole else self._clock() + _SOON
        _remember(self._looks, pipeline.id, _Look(pipeline.attempt, pipeline.updated_at, report, until))
        return report

    async def _found(self, pipeline: Pipeline) -> tuple[CaseReport | None, bool]:
        """The report, and whether all was read that ever can be. Raises SourceError."""
        try:
            listed = await self._client.read(f"actions/runs/{pipeline.id}/artifacts", ArtifactList, _NEWEST)
        except AnswerError as error:
            if not is_final(error):
                raise
            return None, True
        reports: list[CaseReport] = []
        notes: list[CaseReport] = []
        is_whole = True
        for artifact in chosen(listed.content.artifacts, pipeline):
            try:
                report = await self._of(artifact)
            except SourceError as error:
                notes.append(archives.note(artifact.name, artifact.name, str(error)))
                is_whole = is_whole and is_final(error)
            else:
                reports += [report] if report is not None else []
        return (merged([*notes, *reports]) if reports else None), is_whole

    async def _of(self, artifact: Artifact) -> CaseReport | None:
        """What one artifact says. Raises SourceError."""
        async with self._turn:  # one at a time in memory, and none twice
            if artifact.id not in self._read:
                data = await downloaded(self._client, artifact, LARGEST)
                report = await asyncio.to_thread(archives.report_of, artifact.name, data)
                _remember(self._read, artifact.id, report)
            return self._read[artifact.id]


async def downloaded(client: GithubClient, artifact: Artifact, limit: int) -> bytes:
    """The archive, from the store that GitHub sends us to. Raises TooLargeError above `limit` bytes, SourceError."""
    await client.ready()
    url = client.url(f"actions/artifacts/{artifact.id}/zip")
    data = bytearray()
    async with client.http.stream(url, headers=HEADERS, elsewhere=True) as pieces:
        async for piece in pieces:
            data += piece
            if len(data) > limit:
                raise TooLargeError(f"The artifact has more than {limit >> 20} MB: it is not read.", "not_understood")
    return bytes(data)


def chosen(artifacts: Iterable[Artifact], pipeline: Pipeline) -> list[Artifact]:
    """The artifacts of the present attempt that may hold test reports, the likeliest first, at most five."""
    found = [
        (rank, artifact)
        for artifact in artifacts
        if (rank := _rank(artifact.name)) is not None
        and not artifact.expired
        and artifact.size_in_bytes <= LARGEST
        and is_of_attempt(artifact, pipeline)
    ]
    return [artifact for _, artifact in sorted(found, key=lambda one: (one[0], one[1].name, one[1].id))][:MOST]


def _rank(name: str) -> int | None:
    return next((rank for rank, word in enumerate(_WORDS) if word.search(name)), None)


def is_of_attempt(artifact: Artifact, pipeline: Pipeline) -> bool:
    """Whether it was made after the present attempt began."""
    if pipeline.attempt <= 1:
        return True
    made = parse.millis(artifact.created_at)
    return made is not None and pipeline.started_at is not None and made >= pipeline.started_at


def is_final(error: SourceError) -> bool:
    """Whether asking again is of no use: it is gone, not ours to read, or larger than what is read."""
    if isinstance(error, AnswerError):
        return error.status in _REFUSED and error.state != "limited"
    return isinstance(error, TooLargeError)


def _remember(where: OrderedDict[_K, _V], key: _K, what: _V) -> None:
    where[key] = what
    where.move_to_end(key)
    while len(where) > _REMEMBERED:
        where.popitem(last=False)
