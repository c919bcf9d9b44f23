"""A tracking server whose login is read when it is first needed, and again when the server no longer takes it.

A token may come from a command that takes ten seconds, or live for an hour: the syncer's loop must neither
wait for the one nor be restarted for the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
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
        self._uses: Counter[MlflowSource] = Counter()

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
        async with self._in_use() as source:
            return await source.get_run(run_id)

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag on a run. Raises SourceError, RefusedError."""
        async with self._in_use() as source:
            await source.set_run_tag(run_id, key, value)

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take a tag of a run away. Raises SourceError, RefusedError."""
        async with self._in_use() as source:
            await source.delete_run_tag(run_id, key)

    def server_now(self) -> Millis | None:
        """The server's clock; None before the first use, and where the source knows none."""
        return self._source.server_now() if isinstance(self._source, TellsTime) else None

    async def close(self) -> None:
        """Close what was opened."""
        source, self._source = self._source, None
        if source is not None:
            await source.close()

    async def _batches(self, ask: _Opened) -> AsyncIterator[Batch]:
        # what sources call an iterator is a generator, which must be closed when the reader leaves early
        async with (
            self._in_use() as source,
            aclosing(cast("AsyncGenerator[Batch, None]", ask(source))) as batches,
        ):
            async for batch in batches:
                yield batch

    @asynccontextmanager
    async def _in_use(self) -> AsyncIterator[MlflowSource]:
        """The open source. One whose token ran out is left, and closed by the last who still uses it."""
        source = await self._opened()
        self._uses[source] += 1
        try:
            yield source
        except SourceError as error:
            if error.state == "unauthorised" and self._source is source:
                self._source = None  # the next use reads the login again
            raise
        finally:
            self._uses[source] -= 1
            if not self._uses[source]:
                del self._uses[source]
                if source is not self._source:
                    await source.close()

    async def _opened(self) -> MlflowSource:
        async with self._opening:
            if self._source is None:
                try:
                    self._source = await asyncio.to_thread(self._open_now)
                except SettingsError as error:
                    raise SourceError(str(error), state="misconfigured") from error
            return self._source
