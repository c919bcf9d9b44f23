"""What is opened when it is first needed, because a login is read for it, and again when the login is taken no more.

A token may come from a command that takes ten seconds, or live for an hour: the syncer's loop must neither
wait for the one nor be restarted for the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Generic, Protocol, TypeVar, cast

from ..errors import SettingsError, SourceError
from ..records import Batch, Millis, Run, SourceSpec, Want
from . import Cursor, Source, TellsTime
from .mlflow import MlflowSource


class Closes(Protocol):
    """Something that holds connections."""

    async def close(self) -> None:
        """Let go of them."""


T = TypeVar("T", bound=Closes)


class Late(Generic[T]):
    """Opens a thing on a thread at its first use. `open_now` may block; raises SettingsError or SourceError."""

    def __init__(self, open_now: Callable[[], T]) -> None:
        self._open_now = open_now
        self._opening = asyncio.Lock()
        self._uses: Counter[int] = Counter()
        self.current: T | None = None
        """What is open now."""

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[T]:
        """The open thing. One whose token ran out is left, and closed by the last who still uses it."""
        thing = await self._opened()
        self._uses[id(thing)] += 1
        try:
            yield thing
        except SourceError as error:
            if error.state == "unauthorised" and self.current is thing:
                self.current = None  # the next use reads the login again
            raise
        finally:
            self._uses[id(thing)] -= 1
            if not self._uses[id(thing)]:
                del self._uses[id(thing)]
                if thing is not self.current:
                    await thing.close()

    async def close(self) -> None:
        """Close what was opened."""
        thing, self.current = self.current, None
        if thing is not None:
            await thing.close()

    async def _opened(self) -> T:
        async with self._opening:
            if self.current is None:
                try:
                    self.current = await asyncio.to_thread(self._open_now)
                except SettingsError as error:
                    raise SourceError(str(error), state="misconfigured") from error
            return self.current


S = TypeVar("S", bound=Source)


class LateSource(Generic[S]):
    """A source on a server. `open_now` may block; raises SettingsError or SourceError."""

    def __init__(self, spec: SourceSpec, open_now: Callable[[], S]) -> None:
        self.spec = spec
        self._late = Late(open_now)

    def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """As the source does. Raises SourceError("misconfigured") when the login cannot be read."""
        return self._batches(lambda source: source.poll(cursor))

    def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """As the source does."""
        return self._batches(lambda source: source.sweep(cursor))

    def want(self, want: Want) -> AsyncIterator[Batch]:
        """As the source does."""
        return self._batches(lambda source: source.want(want))

    async def close(self) -> None:
        """Close what was opened."""
        await self._late.close()

    async def _batches(self, ask: Callable[[S], AsyncIterator[Batch]]) -> AsyncIterator[Batch]:
        # what sources call an iterator is a generator, which must be closed when the reader leaves early
        async with (
            self._late.in_use() as source,
            aclosing(cast("AsyncGenerator[Batch, None]", ask(source))) as batches,
        ):
            async for batch in batches:
                yield batch


class LateMlflow(LateSource[MlflowSource]):
    """A tracking server."""

    async def get_run(self, run_id: str) -> Run:
        """One run as it is there now. Raises SourceError."""
        async with self._late.in_use() as source:
            return await source.get_run(run_id)

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag on a run. Raises SourceError, RefusedError."""
        async with self._late.in_use() as source:
            await source.set_run_tag(run_id, key, value)

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take a tag of a run away. Raises SourceError, RefusedError."""
        async with self._late.in_use() as source:
            await source.delete_run_tag(run_id, key)

    def server_now(self) -> Millis | None:
        """The server's clock; None before the first use, and where the source knows none."""
        source = self._late.current
        return source.server_now() if isinstance(source, TellsTime) else None
