"""All builds of many jobs as one list, newest first: what no request to Jenkins gives.

Each job's builds come in chunks of a hundred. A page is what one more chunk makes sure of: the builds that are newer
than any that is still to be read. Where it stands is kept here, and written in a token, with which the next process
goes on: how many builds of each job were given, and the time of the oldest. Builds that are new since then move the
others back, and are passed over by their time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from ...records import Millis
from .client import CHUNK, JenkinsClient
from .jobs import Head
from .parse import BuildPayload
from .places import Place

Build = tuple[Place, BuildPayload]


class _Token(msgspec.Struct):
    before: Millis | None = None
    given: Mapping[str, int] = {}
    """Builds by path of the job; -1: all."""


class _Job:
    """A job's builds that were read and not yet given, and where its next chunk begins."""

    def __init__(self, head: Head, start: int, before: Millis | None) -> None:
        self.place = head.place
        self.bound = head.at if before is None else min(head.at, before)
        """No build that is still to come is newer."""
        self.start = start
        self.read: deque[BuildPayload] = deque()
        self.is_whole = False

    async def fill(self, client: JenkinsClient) -> None:
        chunk = await client.builds(self.place, self.start) or []
        self.start += CHUNK
        self.is_whole = len(chunk) < CHUNK
        self.read.extend(chunk)

    @property
    def given(self) -> int:
        return -1 if self.is_whole and not self.read else self.start - len(self.read)

    @property
    def newest(self) -> Millis:
        """When the next build began, as far as it is known: no later."""
        return self.read[0].timestamp if self.read else self.bound

    def take(self) -> BuildPayload:
        build = self.read.popleft()
        self.bound = min(self.bound, build.timestamp)
        return build


class History:
    """One reading of all builds, from the newest on or from where `token` was given."""

    def __init__(self, client: JenkinsClient, heads: Iterable[Head], token: str | None = None) -> None:
        self._client = client
        where = _read(token)
        given = {head: where.given.get(head.place.path, 0) for head in heads}
        self._over = [head.place.path for head, start in given.items() if start < 0]
        self._jobs = [_Job(head, start, where.before) for head, start in given.items() if start >= 0]
        self._heap = [(-job.bound, number) for number, job in enumerate(self._jobs)]
        heapq.heapify(self._heap)
        self._before = where.before
        self._oldest = where.before
        self.token = token
        """With what the next page is asked for."""

    @property
    def is_over(self) -> bool:
        """All builds were given."""
        return not self._heap

    async def more(self) -> list[Build]:
        """The next builds: at least one, unless there are no more. One request, but where a restart skips builds."""
        found: list[Build] = []
        while self._heap and not found:
            job = self._jobs[self._heap[0][1]]
            await job.fill(self._client)
            heapq.heapreplace(self._heap, (-job.newest, self._heap[0][1]))
            found = [one for one in self._sure() if self._before is None or one[1].timestamp <= self._before]
        if found:
            self._oldest = min(build.timestamp for _, build in found)
        self.token = self._written()
        return found

    def _sure(self) -> Iterable[Build]:
        """Builds that are newer than any of a chunk that is not read: takes them in their order."""
        while self._heap:
            number = self._heap[0][1]
            job = self._jobs[number]
            if not job.read and job.is_whole:
                heapq.heappop(self._heap)
                continue
            if not job.read:
                return
            yield job.place, job.take()
            heapq.heapreplace(self._heap, (-job.newest, number))

    def _written(self) -> str | None:
        if self.is_over:
            return None
        given = {job.place.path: job.given for job in self._jobs if job.given} | dict.fromkeys(self._over, -1)
        return msgspec.json.encode(_Token(self._oldest, given)).decode()


def _read(token: str | None) -> _Token:
    try:
        return _Token() if token is None else msgspec.json.decode(token, type=_Token)
    except msgspec.MsgspecError:
        return _Token()  # of another version: from the beginning
