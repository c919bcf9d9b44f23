"""The files of a stack in the work tree: one plan, one state, one log, the newest where a pattern names several."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from ...records import Millis, Record
from ..checks.files import ChangedError, Finder, content
from ..checks.reading import ResultFile, UnreadableError
from ..checks.tree import Candidate
from .entries import LARGEST
from .keeping import part_of
from .part import Part

_FRESH: Final = 60_000
"""Milliseconds in which a file may still be being written: what is wrong with it is said in the next pass."""


class Seen(msgspec.Struct):
    """What is known of one place: this part of the cursor."""

    digest: str = ""
    """Of the file that was read, by its path, time and size."""
    waiting: str = ""
    """Of one that could not be read while it was fresh."""
    part: str = ""
    """What it said, packed ..."""
    written_at: Millis = 0
    """... and when that was written."""
    state: str = ""
    sentence: str = ""
    """What is wrong with it."""


class Looked(Record, frozen=True, kw_only=True):
    """What a look at a place found."""

    part: Part | None = None
    """None: nothing that is new."""
    digest: str = ""
    waiting: str = ""
    state: str = ""
    sentence: str = ""


class PlaceOfFile:
    """Where one file of a stack lies. Blocking."""

    def __init__(self, finder: Finder, written: str, stack: str, *, clock: Callable[[], float] = time.time) -> None:
        """`written`: how the settings call it."""
        self._finder, self.written, self._stack, self._clock = finder, written, stack, clock

    def look(self, seen: Seen) -> Looked | None:
        """What is there; None where it is as it was."""
        found = self._finder.look()
        if not found:
            return self._nothing(seen)
        digest = found[0].digest.hex()
        if digest == seen.digest:
            return None
        return self._read(found[0], digest, seen)

    def _nothing(self, seen: Seen) -> Looked | None:
        if self._finder.closed:
            return Looked(digest=seen.digest, state="forbidden", sentence=self._finder.closed)
        if not seen.part:
            return Looked(state="never", sentence=f"No file matches {self.written}.")
        return Looked(
            digest=seen.digest, state="stale", sentence=f"{self.written} is gone: what it said before is kept."
        )  # fmt: skip

    def _read(self, candidate: Candidate, digest: str, seen: Seen) -> Looked:
        title, is_fresh = candidate.title, self._clock() * 1000 - candidate.modified_at < _FRESH
        try:
            data = content(candidate.real, title, candidate, largest=LARGEST)
            part = part_of(ResultFile(path=title, data=data, modified_at=candidate.modified_at), self._stack)
        except (FileNotFoundError, ChangedError):
            return Looked(digest=seen.digest, waiting=digest)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return Looked(digest=seen.digest, state="forbidden", sentence=f"{title[-120:]} cannot be read: {why}.")
        except UnreadableError as error:
            if is_fresh and seen.waiting != digest:
                return Looked(digest=seen.digest, waiting=digest)
            return Looked(digest=digest, state="not_understood", sentence=str(error))
        if is_fresh and not part.is_over:  # it runs
            return Looked(digest=seen.digest, waiting=digest)
        return Looked(part=part, digest=digest)
