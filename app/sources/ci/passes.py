"""The passes over a CI system: first sync, cheap polls, sweep. The same for every vendor.

A pass with nothing new costs what `recent` costs (one or two requests), one page of the sweep and at most two looks
for what the sweep missed. Only what is new, changed or still open costs more, a request or two each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final, cast

from ...errors import SourceError
from ...records import Batch, Millis, Pipeline
from ..trouble import AnswerError, HiccupError
from . import Page, Vendor
from .book import DEPTH, Book, look_of
from .together import together

_MOST_OPEN: Final = 10
"""Open pipelines that a pass asks about: those on the screen are asked for besides."""
_SUSPECTS: Final = 2
_BETWEEN_POLLS: Final = 60.0
"""Seconds after which a long first sync looks for what is new."""
_MOST_ODD: Final = 5
"""Pipelines that cannot be understood in one pass, before the reason is looked for in the server as a whole."""


class Passes:
    """One pass over `vendor`, on the book that the last one left. Use it once."""

    def __init__(self, vendor: Vendor, book: Book, clock: Callable[[], float] = time.time) -> None:
        self._vendor = vendor
        self._book = book
        self._clock = clock
        self._listed: dict[str, Pipeline] = {}
        """What lists gave during this pass: their jobs are asked for alone, without asking for them again."""
        self._odd: list[SourceError] = []
        self._polled = time.monotonic()

    async def poll(self) -> AsyncIterator[Batch]:
        """One pass; the first sync as well, when that is not over. Raises SourceError."""
        book = self._book
        is_first = book.mark is None
        async for batch in self._recent():
            yield batch
        if not is_first:
            async for batch in self._details([*book.unread, *book.due(self._now(), _MOST_OPEN)]):
                yield batch
        if not book.is_listed:
            async for batch in self._history():
                yield batch
        else:
            async for batch in self._step():
                yield batch
        self._own_up()

    async def sweep(self) -> AsyncIterator[Batch]:
        """The whole history once more; what was missed is asked about at its end. Raises SourceError."""
        if not self._book.is_listed:
            async for batch in self.poll():
                yield batch
            return
        round_now = self._book.sweep.round
        async for batch in self._recent():
            yield batch
        while self._book.sweep.round == round_now:
            async for batch in self._swept_page():
                yield batch
        async for batch in self._doubted(len(self._book.suspects)):
            yield batch
        self._own_up()

    async def _recent(self) -> AsyncIterator[Batch]:
        """What is new or changed, as rows, with the mark moved at the end."""
        book = self._book
        recent = cast("AsyncGenerator[Page, None]", self._vendor.recent(book.mark or {}))
        async with aclosing(recent) as pages:
            async for page in pages:
                news = [pipeline for pipeline in page.pipelines if book.is_news(pipeline)]
                self._note(page)
                before = book.mark
                book.mark = book.mark if page.mark is None else dict(page.mark)
                if news or book.mark != before:
                    yield self._batch(tuple(news))
        self._polled = time.monotonic()

    async def _history(self) -> AsyncIterator[Batch]:
        """The first sync: rows down to the depth, their jobs, then the rows of what is older."""
        book = self._book
        while not book.is_listed:
            async for batch in self._pages():
                yield batch
                async for news in self._meanwhile():
                    yield news
            async for batch in self._details(book.unread):
                yield batch
                async for news in self._meanwhile():
                    yield news
        yield Batch(cursor=book.dump(), done=book.listed, total=book.listed)

    async def _meanwhile(self) -> AsyncIterator[Batch]:
        """What is new, and what runs, while a long history is read: once a minute."""
        if time.monotonic() - self._polled < _BETWEEN_POLLS:
            return
        async for batch in self._recent():
            yield batch
        async for batch in self._details(self._book.due(self._now(), _MOST_OPEN)):
            yield batch

    async def _pages(self) -> AsyncIterator[Batch]:
        """Pages of the history; the next is under way while one is written. Ends at the depth, and at the end."""
        book = self._book
        has_passed_depth = book.listed >= DEPTH
        ahead = asyncio.ensure_future(self._vendor.page(book.page))
        try:
            while True:
                page = await ahead
                self._turn(page)
                is_over = book.is_listed or (book.listed >= DEPTH and not has_passed_depth)
                if not is_over:
                    ahead = asyncio.ensure_future(self._vendor.page(book.page))
                yield self._batch(page.pipelines)
                if is_over:
                    return
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    def _turn(self, page: Page) -> None:
        book = self._book
        if not book.sweep.began:
            book.sweep.began = self._now()
        self._note(page)
        book.listed += len(page.pipelines)
        book.total = page.total if page.total is not None else book.total
        book.page = page.next
        book.sweep.pages += 1
        if page.next is None:
            book.is_listed = True
            book.swept(self._now())

    async def _step(self) -> AsyncIterator[Batch]:
        """One page of the sweep, and a look for one or two that the last one missed."""
        async for batch in self._swept_page():
            yield batch
        async for batch in self._doubted(_SUSPECTS):
            yield batch

    async def _swept_page(self) -> AsyncIterator[Batch]:
        book = self._book
        if not book.sweep.began:
            book.sweep.began = self._now()
        page = await self._vendor.page(book.sweep.token)
        news = [pipeline for pipeline in page.pipelines if book.is_news(pipeline)]
        self._note(page)
        book.sweep.token = page.next
        book.sweep.pages += 1
        if page.next is None:
            book.swept(self._now())
        yield Batch(pipelines=tuple(news), cursor=book.dump(), sweep_period=book.sweep.period)
        async for batch in self._details([pipeline.id for pipeline in news if not self._is_read(pipeline.id)]):
            yield batch

    async def _doubted(self, most: int) -> AsyncIterator[Batch]:
        """Ask about those that a sweep did not meet: pages that move while they are turned hide some."""
        book = self._book
        asked = [key for key in book.suspects[:most] if key in book.known]
        book.suspects = book.suspects[most:]
        self._listed = {key: one for key, one in self._listed.items() if key not in asked}
        async for batch in self._details(asked):
            yield batch

    async def _details(self, ids: list[str]) -> AsyncIterator[Batch]:
        """The jobs of these, newest first, `width` requests at once. What is gone is said to be."""
        book = self._book
        wanted = list(dict.fromkeys(ids))
        async with aclosing(together(self._detail, wanted, max(self._vendor.width, 1))) as answers:
            async for some in answers:
                found = tuple(pipeline for _, pipeline in some if isinstance(pipeline, Pipeline))
                gone = tuple(key for key, pipeline in some if is_gone(key, pipeline))
                for key in gone:
                    book.forget(key)
                for pipeline in found:
                    book.done(pipeline, look_of(self._listed.get(pipeline.id, pipeline)), self._now())
                yield self._batch(found, gone)

    async def _detail(self, pipeline_id: str) -> Pipeline | SourceError | None:
        """It with its jobs; None when it is gone. One that is not understood stops no other."""
        listed = self._listed.get(pipeline_id)
        try:
            if listed is None:
                return await self._vendor.one(pipeline_id)
            return await self._vendor.detail(listed)
        except AnswerError as error:
            if error.status == 404:
                return None
            return self._excused(error)
        except SourceError as error:
            return self._excused(error)

    def _excused(self, error: SourceError) -> SourceError:
        """Put a failure off that belongs to one pipeline. Raises it when it is the server's, or one of many."""
        is_its_own = error.state in ("not_understood", "forbidden") or _is_of_one(error)
        if isinstance(error, HiccupError) or not is_its_own or len(self._odd) >= _MOST_ODD:
            raise error
        self._odd.append(error)
        return error

    def _own_up(self) -> None:
        """All that could be read was; what could not is said now, and tried again in the next pass."""
        if self._odd:
            raise self._odd[0]

    def _note(self, page: Page) -> None:
        self._book.note(page.pipelines, self._now())
        self._listed.update((pipeline.id, pipeline) for pipeline in page.pipelines if pipeline.id in self._book.known)

    def _is_read(self, pipeline_id: str) -> bool:
        known = self._book.known.get(pipeline_id)
        return bool(known is None or known.read)

    def _batch(self, pipelines: tuple[Pipeline, ...], gone: tuple[str, ...] = ()) -> Batch:
        """With the cursor, and during the first sync with its progress: pipelines that are there with their jobs."""
        book = self._book
        done = total = None
        if not book.is_listed or book.unread:
            done = book.listed if book.listed > DEPTH else book.read
            total = max(book.total if book.total is not None else book.listed, done)
        return Batch(pipelines=pipelines, pipelines_gone=gone, cursor=book.dump(), done=done, total=total)

    def _now(self) -> Millis:
        return int(self._clock() * 1000)


def is_gone(pipeline_id: str, answer: Pipeline | SourceError | None) -> bool:
    """Whether there is no pipeline of that id any more: none at all, or (out of a queue) one that has another now."""
    return answer is None or (isinstance(answer, Pipeline) and answer.id != pipeline_id)


def _is_of_one(error: SourceError) -> bool:
    """A failure on the server's own side that may be about what was asked for."""
    return isinstance(error, AnswerError) and error.status == 500
