"""CI systems and workflow engines. What they differ in is a `Vendor`; passes, sweeps and wants are the same for all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from ...records import LogPart, Millis, Pipeline, Record

Mark = Mapping[str, Any]
"""How far a vendor was read. JSON values; only the vendor reads it; empty before the first time."""

ABILITIES: Final = ("rerun", "rerun_failed", "cancel", "approve", "play")
"""What may be done to a pipeline: all of it once more, its failed jobs once more, stop it, let a waiting deployment go
on, start a job that waits to be started by hand."""


class Page(Record, frozen=True, kw_only=True):
    """Some pipelines, newest first, as a list gives them: without their jobs unless those came along."""

    pipelines: tuple[Pipeline, ...] = ()
    next: str | None = None
    """What leads to the page after this one; None: this is the last."""
    total: int | None = None
    """How many there are in all, where the vendor says so."""
    mark: Mark | None = None
    """On the last page of `recent`: what to ask with next time."""


class Vendor(Protocol):
    """One CI system. Every method raises SourceError."""

    @property
    def width(self) -> int:
        """How many requests may be under way at once."""

    def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """What is new or changed since `mark`, newest first: a request or two when there is nothing.

        With an empty mark the newest page alone, and the mark to go on with.
        """

    async def page(self, token: str | None) -> Page:
        """One page of the whole history, newest first; None: the first one."""

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """The same with what the list does not say: jobs of all attempts, tests, approvals, deployments."""

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One pipeline as it is now, with its detail; None when the vendor has it no more."""

    def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A job's log from byte `start` on, or from its beginning where that is all there is, in parts of bounded size.

        A log that is not there (expired, not begun, kept elsewhere) is one part with a sentence.
        """

    async def close(self) -> None:
        """Let go of connections and child processes."""


@runtime_checkable
class TellsMore(Protocol):
    """A vendor of which some things cost too much to be read of each pipeline. Every method raises SourceError."""

    async def looked_at(self, pipeline_id: str) -> Pipeline | None:
        """As `one` gives it, with what is read only when somebody looks: reports out of archives, checks of others."""


class ArtifactFile(Record, frozen=True, kw_only=True):
    """A file that a pipeline kept."""

    path: str
    """In the artifacts of the pipeline, as its vendor shows them."""
    data: bytes = b""
    beside: Mapping[str, bytes] = {}
    """Files next to it that were asked for, by their names."""
    why: str = ""
    """What hindered it from being read whole, as a sentence; "" when it is."""


@runtime_checkable
class HasArtifacts(Protocol):
    """A vendor whose pipelines keep files."""

    def artifacts(self, pipeline: Pipeline, pattern: str, beside: str = "") -> AsyncIterator[ArtifactFile]:
        """The files of a settled pipeline that the pattern names, each with the one called `beside` next to it.

        Nothing where there are none, or none any more. Bounded in number and size. Raises SourceError.
        """


@runtime_checkable
class TakesActs(Protocol):
    """A vendor, or the source that holds it, whose pipelines can be acted on. Every method raises SourceError."""

    @property
    def abilities(self) -> frozenset[str]:
        """Which of ABILITIES it has."""

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """The pipeline as it is now, with its jobs and approvals; None when there is none."""

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """Run it once more; gives the id of the pipeline that runs then: the same, or a new one (Jenkins, local).

        `key` names this act and no other: a vendor that can remembers it, so that the same act is not done twice.
        """

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """The new pipeline that `rerun` with this key began, where re-runs make new ones and it can be told."""

    async def cancel(self, pipeline_id: str) -> None:
        """Stop it."""

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Let the deployments to these environments (ids of Approval) go on."""

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """Start a job that waits to be started by hand."""
