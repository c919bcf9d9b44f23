"""A build's log, from where the last look ended. Jenkins keeps one log a build: all its stages share it.

`progressiveText` counts bytes of the file on its disk (`X-Text-Size`), and leaves out of what it sends the notes that
plugins write into that file. So the bytes that we have say nothing about where to go on: what Jenkins said of each
end that we reached is remembered, and without it (after a restart) the log is read from its beginning.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final

from ...records import LogPart
from .. import trouble
from ..http import Pieces
from .client import JenkinsClient
from .places import address, taken_apart

_REMEMBERED: Final = 500
NOTHING_YET: Final = "Nothing is written into the log of this build yet."
NO_LOG: Final = "Jenkins has no log of this build: it was deleted, or only its log was."


class Logs:
    """The logs of one Jenkins."""

    def __init__(self, client: JenkinsClient, source: str) -> None:
        self._client = client
        self._source = source
        self._ends: OrderedDict[tuple[str, int], int] = OrderedDict()
        """Byte on Jenkins's disk by build and byte of the text."""

    async def parts(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """What came since byte `start` of the text, or all of it. Raises SourceError."""
        taken = taken_apart(pipeline_id)
        if taken is None or not taken[1].isdecimal():
            yield self._part(pipeline_id, job_id, 0, sentence=NOTHING_YET)
            return
        there = self._ends.get((pipeline_id, start), 0)
        if not there:
            start = 0
        try:
            async with self._client.http.stream(self._path(taken), {"start": there}) as pieces:
                if _size(pieces) is None or there <= (_size(pieces) or 0):
                    async for part in self._read(pieces, pipeline_id, job_id, start):
                        yield part
                    return
        except trouble.AnswerError as error:
            if error.status != 404:
                raise
            yield self._part(pipeline_id, job_id, 0, is_last=True, sentence=NO_LOG)
            return
        self._ends.pop((pipeline_id, start))  # the log is shorter than it was: it was begun anew
        async for part in self.parts(pipeline_id, job_id, 0):
            yield part

    async def _read(self, pieces: Pieces, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        at = start
        async for piece in pieces:
            if at == 0:
                self._client.check_is_no_page(pieces.headers, piece)
            if piece:
                yield self._part(pipeline_id, job_id, at, piece)
                at += len(piece)
        size = _size(pieces)
        if size:
            self._remember((pipeline_id, at), size)
        is_last = size is not None and pieces.headers.get("x-more-data") != "true"
        if is_last or at == 0:
            sentence = NOTHING_YET if at == 0 and not is_last else ""
            yield self._part(pipeline_id, job_id, at, is_last=is_last, sentence=sentence)

    def _part(
        self, pipeline: str, job: str, start: int, data: bytes = b"", *, is_last: bool = False, sentence: str = ""
    ) -> LogPart:
        return LogPart(
            source=self._source,
            pipeline=pipeline,
            job=job,
            start=start,
            data=data,
            is_last=is_last,
            sentence=sentence,
        )

    def _remember(self, end: tuple[str, int], there: int) -> None:
        self._ends[end] = there
        self._ends.move_to_end(end)
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)

    @staticmethod
    def _path(taken: tuple[str, str]) -> str:
        path, number = taken
        return f"{address(path)}/{number}/logText/progressiveText"


def _size(pieces: Pieces) -> int | None:
    said = pieces.headers.get("x-text-size", "")
    return int(said) if said.isdecimal() else None
