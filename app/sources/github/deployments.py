"""Which deployments a run made. GitHub ties them by the commit, and by the run's address in their statuses."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Final

from ...records import Deployment, Pipeline
from ..trouble import AnswerError
from . import parse
from .client import GithubClient

_NEWEST: Final = {"per_page": 100}
_STATUSES: Final = {"per_page": 10}
_REMEMBERED: Final = 1_000


class Deployments:
    """The newest hundred of a repository: a request a pass, free while nothing is deployed.

    The statuses of one are read when a run of its commit is, once for each change. A login that may not read
    deployments is not asked for them again.
    """

    def __init__(self, client: GithubClient) -> None:
        self._client = client
        self._by_commit: dict[str, list[parse.RunDeployment]] | None = None
        self._statuses: dict[tuple[int, str], list[parse.DeploymentStatus]] = {}
        self._turn = asyncio.Lock()
        self._is_shut = False

    async def refresh(self) -> None:
        """Look what is deployed now. Raises SourceError."""
        if self._is_shut:
            return
        by_commit: dict[str, list[parse.RunDeployment]] = defaultdict(list)
        try:
            found = await self._client.read("deployments", list[parse.RunDeployment], _NEWEST)
        except AnswerError as error:
            if error.status not in (403, 404) or error.state == "limited":
                raise
            self._is_shut = True
        else:
            for one in found.content:
                by_commit[one.sha].append(one)
        self._by_commit = by_commit

    async def of(self, pipeline: Pipeline) -> tuple[Deployment, ...]:
        """Those that this run made, oldest first. Raises SourceError."""
        async with self._turn:  # runs of one commit are read side by side, and ask for the same
            if self._by_commit is None:
                await self.refresh()
        found = []
        for one in (self._by_commit or {}).get(pipeline.commit or "", []):
            async with self._turn:
                statuses = await self._of(one)
            if any(f"/actions/runs/{pipeline.id}/" in f"{status.place}/" for status in statuses):
                found.append(parse.deployment(one, statuses))
        return tuple(sorted(found, key=lambda one: (one.at or 0, one.id)))

    async def _of(self, one: parse.RunDeployment) -> list[parse.DeploymentStatus]:
        key = one.id, one.updated_at or ""
        if key not in self._statuses:
            while len(self._statuses) >= _REMEMBERED:
                del self._statuses[next(iter(self._statuses))]
            try:
                read = await self._client.read(
                    f"deployments/{one.id}/statuses", list[parse.DeploymentStatus], _STATUSES
                )
            except AnswerError as error:
                if error.status != 404:
                    raise
                return []  # deleted since it was listed
            self._statuses[key] = read.content
        return self._statuses[key]
