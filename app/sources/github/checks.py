"""What others than GitHub Actions said of a commit: check runs of apps, and the statuses that were there before them.

They are read when somebody looks at a run, and nothing that goes wrong here makes a run unreadable. The parsing half is
pure, and as tolerant as that of runs: required are a status or state alone, and no unknown word is green.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from ...errors import SourceError
from ...records import SETTLED, CommitCheck, PipelineStatus
from ..trouble import AnswerError
from .client import GithubClient
from .parse import millis, status_of

_T = TypeVar("_T")

_ACTIONS: Final = ("github-actions", "GitHub Actions")
"""Slug and name of the app whose check runs are the jobs of our pipelines; old answers have no slugs."""
_STATES: Final[dict[str, PipelineStatus]] = {
    "success": "passed", "failure": "failed", "error": "failed", "pending": "queued",
}  # fmt: skip
_RUNS: Final = ("check-runs", {"filter": "latest", "per_page": 100})
_STATUSES: Final = ("status", {"per_page": 100})
MOST: Final = 200
"""Checks of one commit that are kept."""
_LONGEST_TEXT: Final = 300
_LONGEST: Final = 10.0
"""Seconds for the checks of one commit: its jobs are shown after that, whatever came."""


class App(msgspec.Struct):
    """Who made a check run."""

    slug: str | None = None
    name: str | None = None


class Output(msgspec.Struct):
    """What a check run says beside its conclusion."""

    title: str | None = None


class CheckRun(msgspec.Struct):
    """A check that an app made of a commit."""

    status: str | None
    id: int = 0
    name: str | None = None
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    html_url: str | None = None
    details_url: str | None = None
    output: Output | None = None
    app: App | None = None


class CheckRunList(msgspec.Struct):
    """A page of check runs."""

    check_runs: list[CheckRun]
    total_count: int | None = None


class CommitStatus(msgspec.Struct):
    """What somebody said of a commit under a name of their own, `context`, at one time."""

    state: str | None
    id: int = 0
    context: str | None = None
    description: str | None = None
    target_url: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class CombinedStatus(msgspec.Struct):
    """A page of the statuses of a commit."""

    statuses: list[CommitStatus]
    total_count: int | None = None


def of_run(raw: CheckRun) -> CommitCheck:
    """A check run."""
    status, word = status_of(raw.status, raw.conclusion)
    return CommitCheck(
        name=raw.name or f"check {raw.id}",
        status=status,
        raw_status=word,
        app=_app(raw),
        started_at=millis(raw.started_at),
        ended_at=millis(raw.completed_at),
        url=raw.html_url or raw.details_url or "",
        text=_first_line(raw.output.title if raw.output else None),
    )


def of_status(raw: CommitStatus) -> CommitCheck:
    """A status. It has one time: when it ended, or since when it goes on."""
    status = _STATES.get(raw.state or "", "unknown")
    at = _said_at(raw)
    return CommitCheck(
        name=raw.context or "default",
        status=status,
        raw_status=raw.state or "",
        started_at=None if status in SETTLED else at,
        ended_at=at if status in SETTLED else None,
        url=raw.target_url or "",
        text=_first_line(raw.description),
    )


def of_runs(raw: Iterable[CheckRun]) -> list[CommitCheck]:
    """Those of other apps."""
    return [of_run(one) for one in raw if _app(one) not in _ACTIONS]


def of_statuses(raw: Iterable[CommitStatus]) -> list[CommitCheck]:
    """The newest of each context."""
    oldest_first = sorted(raw, key=lambda one: (_said_at(one) or 0, one.id))
    return [of_status(one) for one in {one.context: one for one in oldest_first}.values()]


def in_order(checks: Iterable[CommitCheck]) -> tuple[CommitCheck, ...]:
    """What is not well first, then by name; at most MOST."""
    return tuple(
        sorted(checks, key=lambda one: (one.status in ("passed", "skipped"), one.name.casefold(), one.app, one.url))
    )[:MOST]


def _app(raw: CheckRun) -> str:
    return (raw.app.slug or raw.app.name or "") if raw.app else ""


def _said_at(raw: CommitStatus) -> int | None:
    return millis(raw.updated_at) or millis(raw.created_at)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].rstrip()[:_LONGEST_TEXT]


class Checks:
    """The checks of commits of one repository. What this login may not read it is not asked for again."""

    def __init__(self, client: GithubClient) -> None:
        self._client = client
        self._shut: set[str] = set()

    async def of(self, commit: str | None) -> tuple[CommitCheck, ...]:
        """What others said of it: a request for each hundred check runs, and for each hundred statuses.

        Nothing where any of it could not be read: the cache keeps what it has. Raises nothing.
        """
        if not commit:
            return ()
        try:
            async with asyncio.timeout(_LONGEST):
                runs = await self._read(commit, *_RUNS, CheckRunList)
                statuses = await self._read(commit, *_STATUSES, CombinedStatus)
        except (SourceError, TimeoutError):
            return ()
        return in_order(
            [
                *of_runs(one for page in runs for one in page.check_runs),
                *of_statuses(one for page in statuses for one in page.statuses),
            ]
        )

    async def _read(self, commit: str, what: str, params: dict[str, Any], kind: type[_T]) -> list[_T]:
        """All pages; none where this login may not read them, or GitHub has them not. Raises SourceError."""
        if what in self._shut:
            return []
        try:
            return await self._client.all(f"commits/{quote(commit, safe='')}/{what}", kind, params)
        except AnswerError as error:
            if error.status not in (403, 404) or error.state == "limited":
                raise
            if error.status == 403:
                self._shut.add(what)
            return []
