"""`CiSource`: every CI system and workflow engine, as the syncer sees it. What they differ in is their `Vendor`."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

from ...errors import SourceError
from ...records import Batch, Millis, Pipeline, SourceSpec, Want
from .. import Cursor
from ..late import Late
from . import TakesActs, TellsMore, Vendor
from .book import Book, Open
from .passes import Passes, is_gone
from .together import together


class CiSource:
    """A source over a vendor, which `open_now` makes at the first use, on a thread: a login may take ten seconds.

    `abilities` are those of the vendor, told before it is open. Acts are handed through to it.
    """

    def __init__(
        self,
        spec: SourceSpec,
        open_now: Callable[[], Vendor],
        *,
        abilities: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.spec = spec
        self._late = Late(open_now)
        self._abilities = abilities
        self._clock = clock
        self._met: dict[str, Pipeline] = {}
        """Unsettled pipelines that somebody looked at since the last pass."""

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass, or the first sync. Raises SourceError("misconfigured") too, when the login cannot be read."""
        async with (
            self._late.in_use() as vendor,
            aclosing(_generator(Passes(vendor, self._book(cursor), self._clock).poll())) as batches,
        ):
            async for batch in batches:
                yield batch

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """The whole history once more."""
        async with (
            self._late.in_use() as vendor,
            aclosing(_generator(Passes(vendor, self._book(cursor), self._clock).sweep())) as batches,
        ):
            async for batch in batches:
                yield batch

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Single pipelines as they are now, and logs. Raises SourceError."""
        async with self._late.in_use() as vendor:
            ask = self._looked_at(vendor, want) if want.kind == "pipeline" else self._log(vendor, want)
            async with aclosing(_generator(ask)) as batches:
                async for batch in batches:
                    yield batch

    async def close(self) -> None:
        """Let go of connections and child processes."""
        await self._late.close()

    @property
    def abilities(self) -> frozenset[str]:
        """What may be done to its pipelines."""
        return self._abilities

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One pipeline as it is now, with its jobs and approvals; None when there is none. Raises SourceError."""
        async with self._late.in_use() as vendor:
            return await vendor.one(pipeline_id)

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """As the vendor does. Raises SourceError."""
        async with self._late.in_use() as vendor:
            return await self._acting(vendor).rerun(pipeline_id, failed_only=failed_only, key=key)

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """As the vendor does. Raises SourceError."""
        async with self._late.in_use() as vendor:
            return await self._acting(vendor).rerun_of(pipeline_id, key=key, since=since)

    async def cancel(self, pipeline_id: str) -> None:
        """As the vendor does. Raises SourceError."""
        async with self._late.in_use() as vendor:
            await self._acting(vendor).cancel(pipeline_id)

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """As the vendor does. Raises SourceError."""
        async with self._late.in_use() as vendor:
            await self._acting(vendor).approve(pipeline_id, approvals, comment)

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """As the vendor does. Raises SourceError."""
        async with self._late.in_use() as vendor:
            await self._acting(vendor).play(pipeline_id, job_id)

    def _acting(self, vendor: Vendor) -> TakesActs:
        if isinstance(vendor, TakesActs):
            return vendor
        raise SourceError(f"{self.spec.name} can be read here and nothing more.", "misconfigured")

    def _book(self, cursor: Cursor) -> Book:
        book = Book.load(cursor)
        met, self._met = self._met, {}
        for pipeline in met.values():
            book.open.setdefault(pipeline.id, Open(changed=int(self._clock() * 1000)))
        return book

    async def _looked_at(self, vendor: Vendor, want: Want) -> AsyncIterator[Batch]:
        look = vendor.looked_at if isinstance(vendor, TellsMore) else vendor.one
        async with aclosing(together(look, want.pipelines, max(vendor.width, 1))) as answers:
            async for some in answers:
                found = tuple(pipeline for _, pipeline in some if pipeline is not None)
                self._met.update((pipeline.id, pipeline) for pipeline in found if not pipeline.is_settled)
                yield Batch(
                    pipelines=found, pipelines_gone=tuple(key for key, pipeline in some if is_gone(key, pipeline))
                )

    async def _log(self, vendor: Vendor, want: Want) -> AsyncIterator[Batch]:
        if want.kind != "log" or not want.pipelines:
            return
        parts = vendor.log(want.pipelines[0], want.job, want.start)
        async with aclosing(cast("AsyncGenerator[object, None]", parts)):
            async for part in parts:
                yield Batch(log_parts=(part,))


def _generator(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch, None]:
    """What is called an iterator is a generator, which must be closed when the reader leaves early."""
    return cast("AsyncGenerator[Batch, None]", batches)
