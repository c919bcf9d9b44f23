"""All builds of many jobs as one list, newest first: what no request to Jenkins gives.

Each job's builds come in chunks of a hundred. A page is what one more chunk makes sure of: the builds that are newer
than any that is still to be read. Where it stands is kept here; a token (the time of the oldest build given so far)
finds the way again after a restart, by reading the lists of the jobs anew from their newest build on.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

from ...records import Millis
from .client import CHUNK, JenkinsClient
from .jobs import Head
from .parse import BuildPayload
from .places import Place

Build = tuple[Place, BuildPayload]


class _Job:
    """A job's builds that were read and not yet given, and where its next chunk begins."""

    def __init__(self, head: Head) -> None:
        self.place = head.place
        self.bound = head.at
        """No build that is still to come is newer."""
        self.start = 0
        self.read: deque[BuildPayload] = deque()
        self.is_whole = False

    async def fill(self, client: JenkinsClient) -> None:
        chunk = await client.builds(self.place, self.start) or []
        self.start += CHUNK
        self.is_whole = len(chunk) < CHUNK
        self.read.extend(chunk)

    @property
    def newest(self) -> Millis:
        """When the next build began, as far as it is known: no later."""
        return self.read[0].timestamp if self.read else self.bound

    def take(self) -> BuildPayload:
        build = self.read.popleft()
        self.bound = min(self.bound, build.timestamp)
        return build


class History:
    """One reading of all builds, from the newest on or from those older than `before` on."""

    def __init__(self, client: JenkinsClient, heads: Iterable[Head], before: Millis | None = None) -> None:
        self._client = client
        self._jobs = [_Job(head) for head in heads]
        self._heap = [(-job.bound, number) for number, job in enumerate(self._jobs)]
        heapq.heapify(self._heap)
        self._before = before
        self.oldest: Millis | None = before
        """When the oldest build began that was given so far."""

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
            self.oldest = min(build.timestamp for _, build in found)
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
