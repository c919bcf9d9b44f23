"""One vendor a module: fetch + parse, nothing else.

A source takes its own settings, yields batches of records and a cursor, and knows neither the cache nor the
screens. Every failure leaves as `SourceError` with a sentence fit for the screen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, runtime_checkable

from ..records import Batch, Millis, SourceSpec, Want

Cursor = Mapping[str, Any]
"""Where a source stands. JSON values; only the source that wrote it reads it; empty before the first pass."""


class Source(Protocol):
    """What the syncer asks of every vendor."""

    @property
    def spec(self) -> SourceSpec:
        """Which source this is."""

    def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass: the cheap polls, at most 5 requests, one step of the sweep among them.

        With an empty cursor the first sync: the whole history, newest first, in batches whose cursors let
        a killed sync go on where it was. Raises SourceError.
        """

    def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """The whole history once more: finds what was deleted, restored or edited late. Raises SourceError."""

    def want(self, want: Want) -> AsyncIterator[Batch]:
        """What somebody looks at right now: histories, artifact listings, one run. Raises SourceError."""

    async def close(self) -> None:
        """Let go of connections and child processes."""


@runtime_checkable
class TellsTime(Protocol):
    """A source whose server says what time it is there."""

    def server_now(self) -> Millis | None:
        """The server's clock in UTC milliseconds, our own as long as it is not known; None where there is none."""


@runtime_checkable
class Complains(Protocol):
    """A source for which the settings hold questions, each of which its server may refuse."""

    async def complaints(self) -> list[tuple[str, bool]]:
        """What is refused of them (True), or finds nothing (False), as sentences. Raises SourceError."""
