"""What is carried along while a lineage is traced: whom to ask, what was met, and the links so far."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from ..records import Identities, Millis, MonitorSeries, Run, Subject
from ..store.lineage_reads import LineageReads, RunsOf, Some
from ..store.models import VersionRow
from ..store.reading import Reader
from ..store.state import State
from .tree import By, Link


class Trail:
    """One trace. A thing is gone into once: whoever meets it again names it and goes no further."""

    def __init__(
        self, reader: Reader, identities: Identities, now: Millis, *, limit: int, state: State | None = None
    ) -> None:
        self.reader = reader
        self.identities = identities
        self.now = now
        self.limit = limit
        self.state = state
        self.tells_serving = True
        """Whether it is said of each alias what is served under it."""
        self.links: dict[tuple[str, str, str], Link] = {}
        self._met: set[tuple[str, str]] = set()
        self._runs: dict[RunsOf, tuple[list[Run], Some]] = {}

    @cached_property
    def reads(self) -> LineageReads:
        """The reads that are lineage's own."""
        return LineageReads(self.reader.connection)

    @cached_property
    def production(self) -> list[MonitorSeries]:
        """All lines of production."""
        return self.reader.monitors.series()

    def join(self, from_: str, to: str, kind: str, by: By, *, known: bool = True) -> Link:
        """A link, which is kept; the first word on how two things are joined stands."""
        return self.links.setdefault(
            (from_, to, kind), Link(from_=from_, to=to, kind=kind, by=by, known=known)
        )  # fmt: skip

    def enter(self, subject: str, way: Literal["up", "down"] = "up") -> bool:
        """Whether this thing is gone into for the first time on this way."""
        is_new = (subject, way) not in self._met
        self._met.add((subject, way))
        return is_new

    def begin(self, subject: str) -> None:
        """It is what the lineage is about: nobody goes into it again, nor names it as what was said of another."""
        self._met |= {(subject, "up"), (subject, "down"), (subject, "root")}

    def is_root(self, subject: str) -> bool:
        """Whether the lineage is about this thing."""
        return (subject, "root") in self._met

    # -- what is asked for often

    def run(self, run_id: str) -> Run | None:
        """A run with its params, tags and data; None where the cache has no such run."""
        rowids = self.reader.rowids([run_id])
        return next(iter(self.reader.runs(rowids[:1])), None)

    def runs(self, of: RunsOf) -> tuple[list[Run], Some]:
        """The runs that tell most, with their data and without figures, and how many there are."""
        if of not in self._runs:
            some = self.reads.telling_runs(of, self.limit)
            self._runs[of] = self.reader.runs(some.rowids, names=()), some
        return self._runs[of]

    def version(self, name: str, version: str, source: str | None = None) -> VersionRow | None:
        """A version of a model."""
        return self.reader.models.version(name, version, source)


def written(kind: str, *parts: str) -> str:
    """A subject as it is written."""
    return str(Subject(kind=kind, parts=parts))


def below(more: Some, listed: int, of: str) -> dict[str, Any]:
    """The fields of a node that say how many are not listed."""
    left = more.total - listed
    return {"more": left, "more_of": of} if left > 0 else {}
