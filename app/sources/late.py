"""A tracking server whose login is read when it is first needed, and again when the server no longer takes it.

A token may come from a command that takes ten seconds, or live for an hour: the syncer's loop must neither
wait for the one nor be restarted for the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

from ..errors import SettingsError, SourceError
from ..records import Batch, Millis, Run, SourceSpec, Want
from . import Cursor, TellsTime
from .mlflow import MlflowSource

_Opened = Callable[[MlflowSource], AsyncIterator[Batch]]


class LateMlflow:
    """Opens its source on a thread at the first use. `open_now` may block; raises SettingsError or SourceError."""

    def __init__(self, spec: SourceSpec, open_now: Callable[[], MlflowSource]) -> None:
        self.spec = spec
        self._open_now = open_now
        self._opening = asyncio.Lock()
        self._source: MlflowSource | None = None

    def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """As the source does. Raises SourceError("misconfigured") when the login cannot be read."""
        return self._batches(lambda source: source.poll(cursor))

    def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """As the source does."""
        return self._batches(lambda source: source.sweep(cursor))

    def want(self, want: Want) -> AsyncIterator[Batch]:
        """As the source does."""
        return self._batches(lambda source: source.want(want))

    async def get_run(self, run_id: str) -> Run:
        """One run as it is there now. Raises SourceError."""
        return await (await self._opened()).get_run(run_id)

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag on a run. Raises SourceError, RefusedError."""
        await (await self._opened()).set_run_tag(run_id, key, value)

    def server_now(self) -> Millis | None:
        """The server's clock; None before the first use, and where the source knows none."""
        return self._source.server_now() if isinstance(self._source, TellsTime) else None

    async def close(self) -> None:
        """Close what was opened."""
        source, self._source = self._source, None
        if source is not None:
            await source.close()

    async def _batches(self, ask: _Opened) -> AsyncIterator[Batch]:
        source = await self._opened()
        try:
            # what sources call an iterator is a generator, which must be closed when the reader leaves early
            async with aclosing(cast("AsyncGenerator[Batch, None]", ask(source))) as batches:
                async for batch in batches:
                    yield batch
        except SourceError as error:
            if error.state == "unauthorised" and self._source is source:
                self._source = None  # a token that ran out: the next pass reads it again
                await source.close()
            raise

    async def _opened(self) -> MlflowSource:
        async with self._opening:
            if self._source is None:
                try:
                    self._source = await asyncio.to_thread(self._open_now)
                except SettingsError as error:
                    raise SourceError(str(error), state="misconfigured") from error
            return self._source
