"""Which pipeline deployed what. GitLab lists deployments by project and says of each which job did it.

No list can be asked by pipeline, so the newest are read once, and afterwards what changed: a request where a pipeline
changed since the last look, and none else. Deployments older than those are not shown.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from ...records import SETTLED, Millis, Pipeline
from ..trouble import AnswerError
from . import parse
from .client import GitlabClient
from .times import OVERLAP, iso

_FIRST_PAGES: Final = 3
"""Of a hundred each, the first time."""
_CHANGED_PAGES: Final = 10
_MOST_PIPELINES: Final = 2_000
"""Whose deployments are kept in memory."""


class Deployments:
    """The deployments of a project, by pipeline, as far as they were read."""

    def __init__(self, client: GitlabClient) -> None:
        self._client = client
        self._by_pipeline: dict[str, dict[int, parse.DeploymentPayload]] = {}
        self._known_until: Millis | None = None
        self._are_kept = True
        self._one_reader = asyncio.Lock()

    async def of(self, pipeline: Pipeline) -> list[parse.DeploymentPayload]:
        """What this pipeline deployed, oldest first. Raises SourceError."""
        changed = pipeline.updated_at or pipeline.created_at or 0
        async with self._one_reader:
            known = self._known_until
            if self._are_kept and (known is None or changed > known or self._is_open(pipeline.id)):
                await self._read(known)
        found = self._by_pipeline.get(pipeline.id, {})
        return [found[key] for key in sorted(found)]

    def _is_open(self, pipeline_id: str) -> bool:
        """Whether one of them goes on without a change to the pipeline: it runs, or waits for an approval."""
        found = self._by_pipeline.get(pipeline_id, {}).values()
        return any(parse.status_of(raw.status) not in SETTLED for raw in found)

    async def _read(self, since: Millis | None) -> None:
        now = self._client.http.server_now()
        params: dict[str, str | int] = {"order_by": "updated_at", "sort": "desc"}
        if since is not None:
            params["updated_after"] = iso(since - OVERLAP)
        try:
            await self._take(params, _FIRST_PAGES if since is None else _CHANGED_PAGES)
        except AnswerError as error:
            if error.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) or error.state == "limited":
                raise
            self._are_kept = False  # switched off in the project, or not for this login: asked no more
        self._known_until = now

    async def _take(self, params: dict[str, str | int], most: int) -> None:
        read = 0
        async for page in self._client.pages("deployments", parse.DeploymentPayload, params):
            for raw in page:
                if (pipeline_id := parse.pipeline_of(raw)) is not None:
                    self._by_pipeline.setdefault(pipeline_id, {})[raw.id] = raw
            read += 1
            if read >= most:
                break
        while len(self._by_pipeline) > _MOST_PIPELINES:
            del self._by_pipeline[min(self._by_pipeline, key=int)]
