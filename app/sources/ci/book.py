"""Where the reading of a CI system stands: the cursor of its source, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from ...records import Millis, Pipeline

DEPTH: Final = 2_000
"""Pipelines, newest first, whose jobs are read without being asked for."""
_SLACK: Final = 100
_MOST_OPEN: Final = 500
_LIVELY: Final = 86_400_000
"""An unsettled pipeline that has not changed for a day waits for a person, or was forgotten: asked about less often."""


class Known(msgspec.Struct, array_like=True):
    """A pipeline within the depth."""

    created: Millis
    read: str = ""
    """The look (`look_of`) that it had when its jobs were read; "" before."""
    round: int = 0
    """The sweep that met it last."""


class Open(msgspec.Struct, array_like=True):
    """A pipeline of which more is to come."""

    changed: Millis
    asked: Millis = 0


class Sweep(msgspec.Struct):
    """A slow walk over the whole history."""

    token: str | None = None
    round: int = 0
    began: Millis = 0
    pages: int = 0
    last_pages: int = 0
    """How many pages the walk before had."""
    period: Millis | None = None


class Book(msgspec.Struct):
    """What a source of pipelines keeps between two passes."""

    mark: dict[str, Any] | None = None
    """The vendor's own; None before the first sync."""
    page: str | None = None
    """The next page of the history that the first sync reads."""
    listed: int = 0
    total: int | None = None
    is_listed: bool = False
    known: dict[str, Known] = {}
    open: dict[str, Open] = {}
    suspects: list[str] = []
    """Those that the last sweep did not meet: each is asked about before it counts as gone."""
    sweep: Sweep = msgspec.field(default_factory=Sweep)

    @classmethod
    def load(cls, cursor: Mapping[str, Any]) -> Book:
        """From a cursor; one that cannot be read begins anew, which costs a first sync and loses nothing."""
        try:
            return msgspec.convert(cursor, cls)
        except msgspec.ValidationError:
            return cls()

    def dump(self) -> Mapping[str, Any]:
        """As a cursor."""
        written: Mapping[str, Any] = msgspec.to_builtins(self)
        return written

    @property
    def unread(self) -> list[str]:
        """Those within the depth whose jobs were not read yet, newest first."""
        waiting = [(known.created, key) for key, known in self.known.items() if not known.read]
        return [key for _, key in sorted(waiting, key=lambda one: one[0], reverse=True)]

    @property
    def read(self) -> int:
        """How many have their jobs."""
        return sum(1 for known in self.known.values() if known.read)

    def is_news(self, pipeline: Pipeline) -> bool:
        """Whether a list says something of it that was not there when it was read last."""
        known = self.known.get(pipeline.id)
        return known is None or known.read != look_of(pipeline)

    def note(self, pipelines: Iterable[Pipeline], now: Millis) -> None:
        """A list gave these: those that are news are to be read, as far as the depth goes; the open ones are kept."""
        floor = min((known.created for known in self.known.values()), default=0) if len(self.known) >= DEPTH else 0
        for pipeline in pipelines:
            known = self.known.get(pipeline.id)
            if known is not None:
                known.round = self.sweep.round
                if known.read != look_of(pipeline):
                    known.read = ""
                    self._follow(pipeline, now)
                continue
            if created_of(pipeline) >= floor:  # older ones are read when somebody looks, or while they run
                self.known[pipeline.id] = Known(created_of(pipeline), round=self.sweep.round)
            self._follow(pipeline, pipeline.updated_at or now)
        self._trim()

    def done(self, pipeline: Pipeline, look: str, now: Millis) -> None:
        """Its jobs were read, when it looked like that."""
        known, opened = self.known.get(pipeline.id), self.open.get(pipeline.id)
        has_moved = known is not None and known.read not in ("", look)
        if known is not None:
            known.read = look
        self._follow(pipeline, now if opened is None or has_moved else opened.changed)
        if pipeline.id in self.open:
            self.open[pipeline.id].asked = now

    def forget(self, pipeline_id: str) -> None:
        """The vendor has it no more."""
        self.known.pop(pipeline_id, None)
        self.open.pop(pipeline_id, None)

    def due(self, now: Millis, most: int) -> list[str]:
        """The open ones to be asked about now: the lively ones that waited longest, and one that hardly moves."""
        waiting = sorted(self.open, key=lambda key: self.open[key].asked)
        lively = [key for key in waiting if now - self.open[key].changed < _LIVELY]
        slow = [key for key in waiting if now - self.open[key].changed >= _LIVELY]
        return lively[:most] + slow[:1]

    def swept(self, now: Millis) -> None:
        """A walk has ended: what it did not meet is suspected of being gone, and the next begins."""
        sweep = self.sweep
        missing = [key for key, known in self.known.items() if known.round < sweep.round]
        self.suspects = list(dict.fromkeys([*self.suspects, *missing]))
        period = now - sweep.began if sweep.began else None
        self.sweep = Sweep(round=sweep.round + 1, last_pages=sweep.pages, period=period)

    def _follow(self, pipeline: Pipeline, changed: Millis) -> None:
        if pipeline.is_settled:
            self.open.pop(pipeline.id, None)
            return
        before = self.open.get(pipeline.id)
        self.open[pipeline.id] = Open(changed, before.asked if before else 0)
        if len(self.open) > _MOST_OPEN:
            self.open.pop(min(self.open, key=lambda key: self.open[key].changed))

    def _trim(self) -> None:
        if len(self.known) <= DEPTH + _SLACK:
            return
        newest = sorted(self.known, key=lambda key: self.known[key].created, reverse=True)
        for key in newest[DEPTH:]:
            del self.known[key]


def created_of(pipeline: Pipeline) -> Millis:
    """When it began to be, as far as is known."""
    return pipeline.created_at or pipeline.started_at or 0


def look_of(pipeline: Pipeline) -> str:
    """What tells two states of a pipeline apart, as 12 hex digits: status, attempt, the time of the last change."""
    words = f"{pipeline.status}\0{pipeline.raw_status}\0{pipeline.attempt}\0{pipeline.updated_at}"
    return blake2b(words.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
