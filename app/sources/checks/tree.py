"""The files of results in the work tree: which there are, by the patterns of the settings. Blocking.

Folders are walked as they are, links are followed where the settings name them and lead nowhere else than they may:
into the repository, or to what somebody agreed to. `**` follows no links, so that none leads in a circle.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from ..patterns import is_magic, split

MOST_ENTRIES: Final = 500_000
"""Names that are looked at in one pass: a second."""
_DEEPEST: Final = 64
"""Folders within each other that `**` goes into: real ones are ten."""
_ANY: Final = "**"
_NOBODYS: Final = frozenset({".git", "node_modules"})
"""Folders that `**` does not go into: they are large, and hold nobody's results."""


class Place(NamedTuple):
    """A pattern of the settings, and what it may lead to."""

    written: str
    folder: Path
    """What it is relative to. Absolute."""
    within: tuple[Path, ...]
    """Real folders that the files have to lie in."""


class Candidate(NamedTuple):
    """A file that a pattern names, as it was when it was looked at."""

    path: str
    """As a person knows it: relative to the settings, or absolute where it lies elsewhere."""
    real: str
    mtime_ns: int
    size: int
    inode: int
    called: str = ""
    """What a reader and a person know it by, where that is not its path."""

    @property
    def title(self) -> str:
        """What it is called in sentences and in records."""
        return self.called or self.path

    @property
    def digest(self) -> bytes:
        """8 bytes that are others once the file was written or replaced."""
        words = f"{self.path}\0{self.mtime_ns}\0{self.size}\0{self.inode}"
        return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()

    @property
    def modified_at(self) -> int:
        """UTC milliseconds."""
        return self.mtime_ns // 1_000_000


class Tree:
    """The files of some patterns. `beside` are names that belong to a file of the pattern: dbt's sources.json."""

    def __init__(
        self, places: Sequence[Place], *, beside: Sequence[str] = (), left_out: frozenset[str] = frozenset()
    ) -> None:
        self._places, self._beside, self._left_out = tuple(places), tuple(beside), left_out
        self._looked = 0
        self.closed = ""
        """A folder that could not be looked into at the last look, and why; "" for none."""

    @property
    def written(self) -> str:
        """The patterns, for a sentence."""
        return ", ".join(place.written for place in self._places)

    def look(self) -> list[Candidate]:
        """All files, those first that were written last."""
        self._looked, self.closed = 0, ""
        found: dict[str, Candidate] = {}
        for place in self._places:
            for candidate in self._in(place):
                found.setdefault(candidate.real, candidate)
        return sorted(found.values(), key=lambda one: (one.mtime_ns, one.path), reverse=True)

    def _in(self, place: Place) -> Iterator[Candidate]:
        written = os.path.expanduser(place.written)  # noqa: PTH111  # “~nobody” is kept
        start = "/" if written.startswith("/") else str(place.folder)
        real = os.path.realpath(start)
        for candidate in self._walk(real, "/" if start == "/" else "", split(written), place):
            yield candidate
            folder = candidate.real.rpartition("/")[0]
            for name in self._beside:
                yield from self._file(f"{folder}/{name}", _next(candidate, name), place)

    def _walk(self, real: str, shown: str, parts: Sequence[str], place: Place) -> Iterator[Candidate]:
        """What `parts` name below a real folder."""
        if not parts:
            return
        head, rest = parts[0], parts[1:]
        if is_magic(head) and not _is_within(real, place.within):
            return  # a link led out
        if head == _ANY:
            yield from self._walk(real, shown, rest, place)
            for entry in self._entries(real) if shown.count("/") < _DEEPEST else ():
                if entry.name not in _NOBODYS and entry.is_dir(follow_symlinks=False):
                    yield from self._walk(entry.path, f"{shown}{entry.name}/", parts, place)
        elif is_magic(head):
            for entry in self._entries(real):
                if fnmatchcase(entry.name, head):
                    yield from self._entry(entry, f"{shown}{entry.name}", rest, place)
        else:
            yield from self._step(f"{real.rstrip('/')}/{head}", f"{shown}{head}", rest, place)

    def _entry(self, entry: os.DirEntry[str], shown: str, rest: Sequence[str], place: Place) -> Iterator[Candidate]:
        """As `_step`, with one call of the system for a file that is no link: there may be ten thousand of them."""
        if rest or entry.is_symlink():
            yield from self._step(entry.path, shown, rest, place)
        elif entry.name not in self._left_out and entry.is_file(follow_symlinks=False):
            with contextlib.suppress(OSError):  # it went away
                yield _candidate(entry.path, shown, entry.stat(follow_symlinks=False))

    def _step(self, path: str, shown: str, rest: Sequence[str], place: Place) -> Iterator[Candidate]:
        if not rest:
            if shown.rpartition("/")[2] not in self._left_out:
                yield from self._file(path, shown, place)
            return
        real = os.path.realpath(path)
        if os.path.isdir(real):  # noqa: PTH112  # texts, as above
            yield from self._walk(real, f"{shown}/", rest, place)

    def _file(self, path: str, shown: str, place: Place) -> Iterator[Candidate]:
        try:
            real = os.path.realpath(path)
            facts = os.stat(real)  # noqa: PTH116  # as above
        except (OSError, ValueError):  # it went away, or is a link to nothing
            return
        if stat.S_ISREG(facts.st_mode) and _is_within(real, place.within):
            yield _candidate(real, shown, facts)

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    self._looked += 1
                    if self._looked > MOST_ENTRIES:
                        return
                    yield entry
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.closed = f"{folder} cannot be looked into: {(error.strerror or str(error)).lower()}."


def _candidate(real: str, shown: str, facts: os.stat_result) -> Candidate:
    name = os.fsencode(shown).decode("utf-8", "replace")  # neither JSON nor SQLite takes a name that is no UTF-8
    return Candidate(name, real, facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _is_within(real: str, folders: Sequence[Path]) -> bool:
    return any(real == str(one) or real.startswith(f"{str(one).rstrip('/')}/") for one in folders)


def _next(candidate: Candidate, name: str) -> str:
    folder, slash, _ = candidate.path.rpartition("/")
    return f"{folder}{slash}{name}"
