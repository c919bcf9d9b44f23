"""Where two notebooks differ, folder by folder.

Git would tell of all folders at once, but it puts the whole list together first, and a tree of trees may claim to have
more of them than there are atoms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ...notebook import is_place
from .calls import Repository

_EMPTY: Final = {
    40: b"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
"""The tree without entries, by the digits of names: Git knows it in every repository."""
_TREE: Final = b"040000"
_NO_BLOB: Final = (_TREE, b"000000", b"160000")
_FOLDER: Final = re.compile(rb"[0-9a-f]{2}")


class _Pair(NamedTuple):
    """Two trees that lie at the same place."""

    place: bytes
    old: bytes
    new: bytes


class _Entry(NamedTuple):
    """What differs in them, as Git says it: `:mode mode name name letter`, and the path."""

    path: bytes
    modes: tuple[bytes, bytes]
    names: tuple[bytes, bytes]

    def blobs(self) -> tuple[bytes, bytes]:
        """Then and now; b"" for what is none."""
        old, new = (b"" if mode in _NO_BLOB else name for mode, name in zip(self.modes, self.names, strict=True))
        return old, new

    def pair(self) -> _Pair:
        """The folders there, then and now."""
        empty = _EMPTY[len(self.names[0])]
        old, new = (name if mode == _TREE else empty for mode, name in zip(self.modes, self.names, strict=True))
        return _Pair(self.path + b"/", old, new)


def changed_blobs(repository: Repository, before: str, commit: str, most: int) -> list[tuple[bytes, bytes]] | None:
    """The blobs that lie where notes do, then and now, where they differ. None: more than so many. Raises GitError."""
    old, new = repository.run("rev-parse", f"{before}^{{tree}}", f"{commit}^{{tree}}").split()
    left, found, seen = [_Pair(b"", old, new)], list[tuple[bytes, bytes]](), 0
    while left:
        entries = list(_entries(repository, left))
        seen += len(entries)
        if seen > most:
            return None
        found += [entry.blobs() for entry in entries if is_place(entry.path)]
        left = [entry.pair() for entry in entries if _TREE in entry.modes and _is_folder(entry.path)]
    return found


def _is_folder(path: bytes) -> bool:
    return _FOLDER.fullmatch(path.rpartition(b"/")[2]) is not None


def _entries(repository: Repository, pairs: Sequence[_Pair]) -> Iterator[_Entry]:
    """Where they differ. Git repeats each pair on a line before what it says of it."""
    asked = b"".join(b"%s %s\n" % (pair.old, pair.new) for pair in pairs)
    parts = parts_of([repository.run("diff-tree", "--stdin", "-z", "--raw", "--no-renames", stdin=asked)])
    at = -1
    for head, path in zip(parts, parts, strict=False):
        *lines, said = head.split(b"\n")
        at += len(lines)
        old_mode, new_mode, old, new, _ = said.lstrip(b":").split()
        yield _Entry(pairs[at].place + path, (old_mode, new_mode), (old, new))


def parts_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a NUL ends each, of what comes in pieces."""
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\0")
        yield from whole
