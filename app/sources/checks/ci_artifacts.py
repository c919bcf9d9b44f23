"""Results that pipelines keep as artifacts: of those that settle, and step by step of the newest of the history.

A pass asks for the newest page of pipelines, and goes on until it has made five requests: a look into a pipeline's
artifacts that was begun is finished. What is not reached waits in the cursor.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, Final, Generic, NamedTuple, cast

import msgspec

from ...errors import IncompleteError, SourceError
from ...records import Millis, Pipeline
from ..ci import ArtifactFile, HasArtifacts, Page, Vendor
from ..http import Http
from ..late import Late
from ..trouble import AnswerError
from .files import T, Taken, stumbled
from .filling import Found
from .mlflow_artifacts import Wrong
from .reading import ResultFile, UnreadableError

REQUESTS: Final = 5
DEPTH: Final = 2_000
"""Pipelines, newest first, whose artifacts are looked at."""
_KNOWN: Final = 5_000
_MOST_OPEN: Final = 100
_TRIES: Final = 3
"""Times that the artifacts of a pipeline are asked for that the server cannot give ..."""
_TRIES_OF_A_SILENT_ONE: Final = 6
"""... and those that it does not answer to, though it answers to all else: one must not hold up all others for ever."""


class Opened(NamedTuple):
    """A CI system, and the server whose requests count."""

    vendor: Vendor
    http: Http

    async def close(self) -> None:
        """Let go of connections."""
        await self.vendor.close()


class Waiting(msgspec.Struct):
    """A settled pipeline whose artifacts are still to be looked at."""

    id: str
    look: str
    at: Millis
    commit: str | None = None
    attempt: int = 1
    started: Millis | None = None
    tries: int = 0

    def pipeline(self, source: str) -> Pipeline:
        """As much of it as finds its artifacts."""
        return Pipeline(
            source=source, id=self.id, name="", status="passed", attempt=self.attempt, started_at=self.started,
            commit=self.commit,
        )  # fmt: skip


class Marks(msgspec.Struct):
    """This part of the cursor."""

    pattern: str = ""
    looks: str = ""
    """Of the pipelines that were looked at or wait: 8 bytes each, joined, in base64; the newest last."""
    waiting: list[Waiting] = msgspec.field(default_factory=list)
    open: list[str] = msgspec.field(default_factory=list)
    """Pipelines of which more is to come, as the pages said."""
    page: str | None = None
    """The next page of the history."""
    is_listed: bool = False
    listed: int = 0
    looked: int = 0
    good: Millis = 0
    wrong: Wrong | None = None


class CiArtifacts(Generic[T]):
    """The artifacts of the pipelines of one [[ci]] that match `pattern`, whose source has the key `source`."""

    def __init__(
        self, open_now: Callable[[], Opened], pattern: str, reader: Callable[[ResultFile, Found], tuple[T, ...]], *,
        name: str, source: str, beside: str = "", depth: int = DEPTH,
    ) -> None:  # fmt: skip
        """`reader` is pure, and raises UnreadableError. `depth`: of how many pipelines, newest first."""
        self._late = Late(open_now)
        self._pattern, self._reader, self._beside, self._depth = pattern, reader, beside, depth
        self._name, self._source = name, source

    async def close(self) -> None:
        """Let go of connections."""
        await self._late.close()

    async def read(self, cursor: Mapping[str, Any], *, whole: bool = False) -> AsyncIterator[Taken[T]]:
        """One pass; the whole depth at once with `whole`. Raises SourceError."""
        marks = _loaded(cursor, self._pattern)
        if whole:
            marks = Marks(pattern=self._pattern, good=marks.good, wrong=marks.wrong)
        async with self._late.in_use() as opened:
            begun = opened.http.asked
            try:
                await self._newest(opened.vendor, marks)
                yield self._taken(marks)
                while whole or opened.http.asked - begun < REQUESTS:
                    reading = self._step(opened.vendor, marks)
                    if reading is None:
                        break
                    async with aclosing(cast("AsyncGenerator[tuple[T, ...], None]", reading)) as found:
                        async for taken in found:
                            yield self._taken(marks, taken)
                    yield self._taken(marks)
            except SourceError:
                yield self._taken(marks)  # how often it failed is known to the next pass
                raise
        self._own_up(marks)

    async def _newest(self, vendor: Vendor, marks: Marks) -> None:
        """What settled since. Where the page shows nothing that is known, there may be more below it."""
        page = await vendor.page(None)
        overlaps = self._note(page, marks, is_news=True)
        if not marks.listed or not overlaps:
            marks.page, marks.is_listed, marks.listed = page.next, page.next is None, len(page.pipelines)
        here = {one.id for one in page.pipelines}
        hidden = [one for one in marks.open if one not in here]
        if hidden and not marks.waiting:  # it ran on while others came: one of them a pass is asked about
            found = await vendor.one(hidden[0])
            marks.open.remove(hidden[0])
            if found is not None:
                self._note(Page(pipelines=(found,)), marks, is_news=True)

    def _step(self, vendor: Vendor, marks: Marks) -> AsyncIterator[tuple[T, ...]] | None:
        """The next thing to do; None when nothing is left."""
        if marks.waiting:
            return self._look(vendor, marks)
        return None if marks.is_listed else self._list(vendor, marks)

    async def _list(self, vendor: Vendor, marks: Marks) -> AsyncIterator[tuple[T, ...]]:
        page = await vendor.page(marks.page)
        self._note(page, marks, is_news=False)
        marks.page, marks.listed = page.next, marks.listed + len(page.pipelines)
        marks.is_listed = page.next is None or marks.listed >= self._depth
        return
        yield ()  # makes it a generator

    def _note(self, page: Page, marks: Marks, *, is_news: bool) -> bool:
        """Have what is settled and new wait; whether anything on the page was known."""
        packed = b64decode(marks.looks)
        known = {packed[at : at + 8] for at in range(0, len(packed), 8)}
        fresh = []
        for one in page.pipelines:
            look = _look_of(one)
            marks.open = [key for key in marks.open if key != one.id]
            if not one.is_settled:
                marks.open = [*marks.open[1 - _MOST_OPEN :], one.id]
            elif look not in known:
                fresh.append(_waiting(one, look))
        met = len(fresh) < len(page.pipelines)
        looks = packed + b"".join(bytes.fromhex(one.look) for one in reversed(fresh))
        marks.looks = b64encode(looks[-8 * _KNOWN :]).decode()
        again = {one.id for one in fresh}
        rest = [one for one in marks.waiting if one.id not in again]
        marks.waiting = [*fresh, *rest] if is_news else [*rest, *fresh]
        return met

    async def _look(self, vendor: Vendor, marks: Marks) -> AsyncIterator[tuple[T, ...]]:
        """Into the artifacts of the newest pipeline that waits, a file at a time."""
        one = marks.waiting[0]
        if not isinstance(vendor, HasArtifacts):
            marks.waiting.clear()
            return
        try:
            files = vendor.artifacts(one.pipeline(self._source), self._pattern, self._beside)
            async with aclosing(cast("AsyncGenerator[ArtifactFile, None]", files)) as coming:
                async for file in coming:
                    yield await asyncio.to_thread(self._read, file, one, marks)
        except SourceError as error:
            one.tries += 1
            is_answer = isinstance(error, AnswerError)
            is_its_own = error.state not in ("limited", "unauthorised")
            is_over = is_answer and error.state == "forbidden"
            if not is_its_own or (one.tries < (_TRIES if is_answer else _TRIES_OF_A_SILENT_ONE) and not is_over):
                raise
            self._wrong(marks, one, error.state, str(error))
        marks.waiting.remove(one)
        marks.looked += 1

    def _read(self, file: ArtifactFile, one: Waiting, marks: Marks) -> tuple[T, ...]:
        """What a file says; what is wrong with it is noted. Blocking."""
        where = f"{self._name} {one.id}: "
        if file.why:
            self._wrong(marks, one, "not_understood", f"{where}{file.path[-120:]} cannot be read. {file.why}")
            return ()
        try:
            result = ResultFile(path=file.path, data=file.data, modified_at=one.at, beside=file.beside)
            found = Found(at=one.at, commit=one.commit, pipeline_id=one.id)
            taken = self._reader(result, found)
        except UnreadableError as error:
            self._wrong(marks, one, "not_understood", f"{where}{error}")
            return ()
        except Exception as error:  # the boundary: one file that a reader stumbles over stops no other
            self._wrong(marks, one, "not_understood", f"{where}{stumbled(file.path, error)}")
            return ()
        marks.good = max(marks.good, one.at)
        return taken

    def _wrong(self, marks: Marks, one: Waiting, state: str, sentence: str) -> None:
        if marks.wrong is None or one.at >= marks.wrong.ended:
            marks.wrong = Wrong(one.at, state, sentence)

    def _taken(self, marks: Marks, found: tuple[T, ...] = ()) -> Taken[T]:
        done = None if marks.is_listed and not marks.waiting else marks.looked
        return Taken(found=found, marks=msgspec.to_builtins(marks), done=done)

    def _own_up(self, marks: Marks) -> None:
        """What is wrong is said until a later pipeline has a file that can be read."""
        if marks.wrong is not None and marks.wrong.ended >= marks.good:
            raise IncompleteError(marks.wrong.sentence, marks.wrong.state)
        if not marks.good and marks.is_listed and not marks.waiting:
            raise IncompleteError(f"No pipeline of {self._name} has kept a file that matches {self._pattern}.", "never")


def _waiting(one: Pipeline, look: bytes) -> Waiting:
    at = one.ended_at or one.updated_at or one.started_at or one.created_at or 0
    return Waiting(one.id, look.hex(), at, one.commit, one.attempt, one.started_at)


def _look_of(one: Pipeline) -> bytes:
    """What tells two ends of a pipeline apart: run again, it may have kept other files."""
    words = f"{one.id}\0{one.attempt}\0{one.ended_at or one.updated_at}"
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _loaded(cursor: Mapping[str, Any], pattern: str) -> Marks:
    """The marks of a cursor; fresh ones where it cannot be read, or is of another pattern."""
    try:
        marks = msgspec.convert(dict(cursor), Marks)
        b64decode(marks.looks)
    except (msgspec.ValidationError, ValueError):
        marks = Marks()
    return marks if marks.pattern == pattern else Marks(pattern=pattern)
