"""What is new or changed since the last look: two requests when there is nothing.

Two, because GitLab's `updated_after` leaves out pipelines whose `updated_at` is null, as those of external systems
are until they change: new ones are found by their id, changed ones by their time. Both are read newest first: what
changes meanwhile moves to the front, and pushes rows onto a later page instead of past us.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final

from ...records import Millis
from ..ci import Mark
from . import parse
from .client import GitlabClient
from .times import OVERLAP, iso

LIST: Final = "pipelines"
_NEWEST: Final[dict[str, str | int]] = {"order_by": "id", "sort": "desc"}
_NEW_AT_ONCE: Final = 20
"""Pipelines begun between two passes are few: a short page is enough for them."""


class Changes:
    """One look at what changed. `mark` is what to begin the next one with, once `pages` has ended."""

    def __init__(self, client: GitlabClient, mark: Mark) -> None:
        self._client = client
        self._newest = int(mark.get("newest", 0))
        self._since: Millis = int(mark.get("since", 0))
        self._told: dict[str, str] = dict(mark.get("told", {}))
        self._seen: dict[str, parse.PipelinePayload] = {}

    @property
    def mark(self) -> Mark:
        """The highest id, the latest change, and what was handed over of the minutes that are looked at again."""
        rows = self._seen.values()
        newest = max((raw.id for raw in rows), default=0)
        since = max((parse.millis(raw.updated_at) or 0 for raw in rows), default=0)
        since = max(since, self._since)
        told = {**self._told, **{str(raw.id): _state(raw) for raw in rows}}
        recent = {key: state for key, state in told.items() if _time_of(state) >= since - OVERLAP}
        return {"newest": max(newest, self._newest), "since": since, "told": recent}

    async def pages(self) -> AsyncIterator[list[parse.PipelinePayload]]:
        """The pipelines that are new or changed, each once. Raises SourceError."""
        async for rows in self._new():
            yield self._fresh(rows)
        async for rows in self._changed():
            yield self._fresh(rows)

    async def _new(self) -> AsyncIterator[list[parse.PipelinePayload]]:
        async for rows in self._client.pages(LIST, parse.PipelinePayload, {**_NEWEST, "per_page": _NEW_AT_ONCE}):
            yield [raw for raw in rows if raw.id > self._newest]
            if any(raw.id <= self._newest for raw in rows):
                return

    async def _changed(self) -> AsyncIterator[list[parse.PipelinePayload]]:
        since = self._since - OVERLAP
        params: dict[str, str | int] = {"order_by": "updated_at", "sort": "desc", "updated_after": iso(since)}
        async for rows in self._client.pages(LIST, parse.PipelinePayload, params):
            yield [raw for raw in rows if (parse.millis(raw.updated_at) or 0) >= since]

    def _fresh(self, rows: Iterable[parse.PipelinePayload]) -> list[parse.PipelinePayload]:
        fresh = []
        for raw in rows:
            key, state = str(raw.id), _state(raw)
            if key not in self._seen and self._told.get(key) != state:
                fresh.append(raw)
            self._seen[key] = raw
        return fresh


def first_mark(rows: list[parse.PipelinePayload], now: Millis) -> Mark:
    """Where to go on after the newest page: at its latest change, or at the server's `now` where it is empty."""
    times = [parse.millis(raw.updated_at) or parse.millis(raw.created_at) or 0 for raw in rows]
    since = max(times, default=now)
    told = {str(raw.id): _state(raw) for raw in rows}
    recent = {key: state for key, state in told.items() if _time_of(state) >= since - OVERLAP}
    return {"newest": max((raw.id for raw in rows), default=0), "since": since, "told": recent}


def _state(raw: parse.PipelinePayload) -> str:
    return f"{parse.millis(raw.updated_at) or 0} {raw.status}"


def _time_of(state: str) -> Millis:
    return int(state.partition(" ")[0])
