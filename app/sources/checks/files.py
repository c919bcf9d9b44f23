"""Result files on this machine, read as they come and change: what is new, what is wrong, and what waits.

The cursor knows each file that was read by 8 bytes of its path, time, size and inode. A file that was written over,
replaced or moved here is new, whatever its time says; one that is gone is forgotten.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from ...errors import IncompleteError
from ...records import Invocation, Millis, Record
from .filling import Filling, Found
from .reading import ResultFile, UnreadableError
from .tree import Candidate

Reader = Callable[[ResultFile], tuple[Invocation, ...]]
"""Of one format. Pure; raises UnreadableError."""

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one file that are read."""
MOST_FILES: Final = 20_000
"""Files, those that were written last, that a section reads."""
_BATCH_FILES: Final = 250
_BATCH_BYTES: Final = 8 * 1024 * 1024
_BATCH_RESULTS: Final = 4_000
_BATCH_SECONDS: Final = 0.5
_FRESH: Final = 60_000
"""Milliseconds in which a file may still be being written: what is wrong with it is said in the next pass."""
_MOST_WRONG: Final = 50
"""Files whose sentences are kept."""
T = TypeVar("T")


class Finder(Protocol):
    """Says which files there are. Blocking."""

    @property
    def closed(self) -> str:
        """A sentence about a folder that could not be looked into at the last look; "" for none."""

    def look(self) -> list[Candidate]:
        """All of them, those first that were written last."""


class Marks(msgspec.Struct):
    """This part of the cursor."""

    read: str = ""
    """Digests of the files that were read, joined, in base64."""
    waiting: dict[str, str] = {}
    """Files that could not be understood while they were fresh: path -> digest."""
    wrong: dict[str, tuple[str, str, str]] = {}
    """Files that cannot be read: path -> digest, state, sentence."""
    had: bool = False
    """There were files once."""

    def digests(self) -> set[bytes]:
        """Of the files that were read."""
        packed = b64decode(self.read)
        return {packed[at : at + 8] for at in range(0, len(packed), 8)}


class Taken(Record, Generic[T], frozen=True, kw_only=True):
    """What a part of a source hands over at once, and its part of the cursor after it."""

    found: tuple[T, ...] = ()
    marks: Mapping[str, Any]
    done: int | None = None
    total: int | None = None


class Files:
    """The files that `finder` finds, read by `reader`. `nothing` says what to do where there is none."""

    def __init__(
        self, finder: Finder, reader: Reader, filling: Filling, *, nothing: Callable[[], str], beside: str = "",
        printed: bool = False, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """`beside`: a file that explains those next to it. `printed`: they are whole from the beginning, and what is
        wrong with older ones is past."""
        self._finder, self._reader, self._filling = finder, reader, filling
        self._nothing, self._beside, self._printed, self._clock = nothing, beside, printed, clock
        self.newest_at: Millis | None = None
        """When the last of the files was written, at the last look."""

    async def read(self, cursor: Mapping[str, Any], *, whole: bool = False) -> AsyncIterator[Taken[Invocation]]:
        """What is new since; all there is with `whole`. Raises IncompleteError at the end for what is wrong."""
        marks = _loaded(cursor)
        before = _loaded(cursor)
        candidates = await asyncio.to_thread(self._look)
        digests = [one.digest for one in candidates]  # once: they are most of what a pass with nothing new costs
        known = marks.digests().intersection(digests)
        _forget(marks, candidates)
        waiting = deque(one for one, digest in zip(candidates, digests, strict=True) if whole or digest not in known)
        if whole:
            known, marks.wrong = set(), {}
        total = len(waiting)
        while waiting:
            invocations = await asyncio.to_thread(self._some, waiting, known, marks)
            marks.read, marks.had = _packed(known), True
            is_long = total > _BATCH_FILES
            before = msgspec.structs.replace(marks, waiting=dict(marks.waiting), wrong=dict(marks.wrong))
            yield Taken(
                found=invocations, marks=msgspec.to_builtins(marks),
                done=total - len(waiting) if is_long else None, total=total if is_long else None,
            )  # fmt: skip
        marks.read = _packed(known)
        if marks != before:
            yield Taken(marks=msgspec.to_builtins(marks))
        self._own_up(marks, candidates)

    def read_now(self, known: Iterable[bytes]) -> tuple[tuple[Invocation, ...], list[str]]:
        """What is not among `known`, at once, and what is wrong with it. Blocking: for a person who waits."""
        before, marks = set(known), Marks()
        waiting = deque(one for one in self._look() if one.digest not in before)
        found: list[Invocation] = []
        while waiting:
            found += self._some(waiting, before, marks, is_over=True)
        return tuple(found), [sentence for _, _, sentence in marks.wrong.values()]

    def digests(self) -> set[bytes]:
        """Of the files as they are now. Blocking."""
        return {one.digest for one in self._look()}

    def _look(self) -> list[Candidate]:
        found = self._finder.look()[:MOST_FILES]
        self.newest_at = found[0].modified_at if found else None
        return found

    def _some(
        self, waiting: deque[Candidate], known: set[bytes], marks: Marks, *, is_over: bool = False
    ) -> tuple[Invocation, ...]:
        """Read files off the front, as many as make a batch. `is_over`: nobody writes them any more."""
        found: list[Invocation] = []
        files = size = results = 0
        end = time.monotonic() + _BATCH_SECONDS
        while waiting and files < _BATCH_FILES and size < _BATCH_BYTES and results < _BATCH_RESULTS:
            candidate = waiting.popleft()
            invocations = self._one(candidate, known, marks, is_over)
            found += invocations
            files, size = files + 1, size + candidate.size
            results += sum(len(one.results) for one in invocations)
            if time.monotonic() > end:
                break
        return tuple(found)

    def _one(self, candidate: Candidate, known: set[bytes], marks: Marks, is_over: bool) -> tuple[Invocation, ...]:
        """One file; what comes of it is noted. A file that changes while it is read is read in the next pass."""
        path, title, digest = candidate.path, candidate.title, candidate.digest
        try:
            file = self._file(candidate)
            invocations = self._reader(file)
        except (FileNotFoundError, ChangedError):
            return ()
        except OSError as error:  # may be mended without the file being written: tried each time
            why = (error.strerror or str(error)).lower()
            _note(marks, path, "", "forbidden", f"{title[-120:]} cannot be read: {why}.")
            return ()
        except UnreadableError as error:
            if not (is_over or self._printed) and self._is_fresh(candidate) and marks.waiting.get(path) != digest.hex():
                marks.waiting[path] = digest.hex()
                return ()
            self._give_up(candidate, known, marks, str(error))
            return ()
        except Exception as error:  # the boundary: one file that a reader stumbles over stops no other
            self._give_up(candidate, known, marks, stumbled(title, error))
            return ()
        known.add(digest)
        marks.waiting.pop(path, None)
        marks.wrong.pop(path, None)
        return self._filling.filled(invocations, Found(at=candidate.modified_at))

    def _give_up(self, candidate: Candidate, known: set[bytes], marks: Marks, sentence: str) -> None:
        known.add(candidate.digest)
        marks.waiting.pop(candidate.path, None)
        _note(marks, candidate.path, candidate.digest.hex(), "not_understood", sentence)

    def _is_fresh(self, candidate: Candidate) -> bool:
        return self._clock() * 1000 - candidate.modified_at < _FRESH

    def _file(self, candidate: Candidate) -> ResultFile:
        beside: dict[str, bytes] = {}
        if self._beside:
            path = str(PurePath(candidate.real).with_name(self._beside))
            try:
                beside[self._beside] = content(path, path)
            except (OSError, UnreadableError, ChangedError):
                beside = {}  # what it explains is read without it
        data = content(candidate.real, candidate.title, candidate)
        return ResultFile(path=candidate.title, data=data, modified_at=candidate.modified_at, beside=beside)

    def _own_up(self, marks: Marks, candidates: Sequence[Candidate]) -> None:
        """Raise IncompleteError for what is wrong, and where there is nothing at all."""
        wrong = [(path, state, sentence) for path, (_, state, sentence) in marks.wrong.items()]
        if self._printed:
            wrong = [one for one in wrong if candidates and one[0] == candidates[0].path]
        if wrong:
            _, state, sentence = wrong[-1]
            more = len(wrong) - 1
            rest = f" {more} more cannot be read either." if more else ""
            raise IncompleteError(f"{sentence}{rest}", state)
        if self._finder.closed:
            raise IncompleteError(self._finder.closed, "forbidden")
        if not candidates:
            raise IncompleteError(self._nothing(), "stale" if marks.had else "never")


class ChangedError(Exception):
    """The file is being written."""


def content(real: str, path: str, candidate: Candidate | None = None, *, largest: int = LARGEST) -> bytes:
    """A file's bytes. `path` is what it is called in a sentence.

    Raises UnreadableError above `largest`, OSError, and ChangedError when it is not what `candidate` saw, or changes.
    """
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)  # a pipe must not hold us
    with open(descriptor, "rb") as stream:  # noqa: PTH123  # a descriptor: no link was followed to it
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableError(path, "it is no file")
        if candidate is not None and _stamp(before) != (candidate.mtime_ns, candidate.size, candidate.inode):
            raise ChangedError
        if before.st_size > largest:
            raise UnreadableError(path, f"it has more than {largest >> 20} MB")
        data = stream.read(largest + 1)
        if _stamp(os.fstat(descriptor)) != _stamp(before) or len(data) != before.st_size:
            raise ChangedError
    return data


def stumbled(path: str, error: Exception) -> str:
    """The sentence for a file that a reader fails over in a way that it should not."""
    return (
        f"{path[-120:]} cannot be read: quarterdeck stumbled over it ({type(error).__name__}), which is a mistake in"
        " quarterdeck."
    )


def _stamp(facts: os.stat_result) -> tuple[int, int, int]:
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _note(marks: Marks, path: str, digest: str, state: str, sentence: str) -> None:
    marks.wrong.pop(path, None)
    marks.wrong[path] = (digest, state, sentence)
    while len(marks.wrong) > _MOST_WRONG:
        del marks.wrong[next(iter(marks.wrong))]


def _forget(marks: Marks, candidates: Sequence[Candidate]) -> None:
    """What is said of files that are gone, or are others now."""
    if not marks.wrong and not marks.waiting:
        return
    here = {one.path: one.digest.hex() for one in candidates}
    marks.wrong = {path: one for path, one in marks.wrong.items() if here.get(path) == one[0]}
    marks.waiting = {path: digest for path, digest in marks.waiting.items() if here.get(path) == digest}


def _packed(digests: Iterable[bytes]) -> str:
    return b64encode(b"".join(sorted(digests))).decode()


def _loaded(cursor: Mapping[str, Any]) -> Marks:
    """The marks of a cursor; one that cannot be read begins anew, which loses nothing."""
    try:
        marks = msgspec.convert(dict(cursor), Marks)
        marks.digests()
        return marks
    except (msgspec.ValidationError, ValueError):
        return Marks()
