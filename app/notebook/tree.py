"""Where the notes on a subject lie: under the name of the blob of its text, whole or in folders, as Git's notes do."""

from __future__ import annotations

import hashlib
import re
from typing import Final

REF: Final = "refs/notes/quarterdeck"
"""Git's own notes: the blob of a subject's text is what is annotated, the lines are its note. Starts no CI anywhere."""

LARGEST_TEXT: Final = 1_000_000
"""Bytes of the notes on one subject that are read: some thousand lines."""

_PLACE: Final = re.compile(rb"(?:[0-9a-f]{2}/){0,20}[0-9a-f]+")
_LENGTHS: Final = (40, 64)
_KINDS: Final = {40: "sha1", 64: "sha256"}
_DEEPEST: Final = 3


def name_of(subject: str, length: int = 40) -> str:
    """The object name of a subject's text, in a repository whose names have so many digits (40 or 64)."""
    text = subject.encode("utf-8", "surrogatepass")
    return hashlib.new(_KINDS[length], b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()


def places(name: str) -> list[str]:
    """The paths at which Git may keep the notes on an object, by how many folders it makes; where none is, the first
    is where we write. Git reads notes that lie at several of them as one."""
    parts = [name[at : at + 2] for at in range(0, 2 * _DEEPEST, 2)]
    by_depth = ["/".join([*parts[:depth], name[2 * depth :]]) for depth in range(_DEEPEST + 1)]
    return [by_depth[1], by_depth[0], *by_depth[2:]]


def is_place(path: bytes) -> bool:
    """Whether a path of the tree is that of a note."""
    return _PLACE.fullmatch(path) is not None and len(path) - path.count(b"/") in _LENGTHS
