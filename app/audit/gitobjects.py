"""Git's objects as bytes: what they are called, what a commit and a tree say. Pure functions; no Git is asked."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from ..git import decode
from ..records import Commit

_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PERSON: Final = re.compile(rb"author (?P<name>[^<\n]*?) ?<(?P<email>[^>\n]*)> (?P<at>-?\d{1,15}) [+-]\d{4}")
_FOLDER: Final = b"40000"


class Step(NamedTuple):
    """What a tree has under a name."""

    id: str
    is_folder: bool


def is_id(text: str) -> bool:
    """Whether it can be the name of an object at all."""
    return _ID.fullmatch(text) is not None


def object_id(kind: str, raw: bytes, like: str) -> str:
    """The name that Git gives to this content, by SHA-1 or SHA-256: as `like` is made."""
    content = b"%s %d\0%s" % (kind.encode(), len(raw), raw)
    if len(like) == 64:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def tree_of(commit: bytes) -> str | None:
    """The tree that a commit names; None where it is no commit."""
    first = commit.split(b"\n", 1)[0].decode("ascii", "replace")
    name = first.removeprefix("tree ")
    return name if first.startswith("tree ") and is_id(name) else None


def step(tree: bytes, name: bytes, size: int) -> Step | None:
    """What a tree has under this name; None where it has nothing. `size`: bytes of an id. Raises ValueError."""
    at = 0
    while at < len(tree):
        mode_end = tree.index(b" ", at)
        name_end = tree.index(b"\0", mode_end)
        end = name_end + 1 + size
        if end > len(tree):
            raise ValueError("a tree ends in the middle of an entry")
        if tree[mode_end + 1 : name_end] == name:
            return Step(tree[name_end + 1 : end].hex(), tree[at:mode_end] == _FOLDER)
        at = end
    return None


def read_commit(name: str, raw: bytes) -> Commit | None:
    """Who wrote a commit, and its message; None where that cannot be read."""
    head, _, message = raw.partition(b"\n\n")
    author = next((found for line in head.split(b"\n") if (found := _PERSON.fullmatch(line))), None)
    if author is None:
        return None
    subject, _, body = decode(message).partition("\n")
    at = int(author["at"]) * 1000
    return Commit(
        source="", sha=name, parents=(), author=decode(author["name"]), email=decode(author["email"]),
        authored_at=at, committed_at=at, subject=subject, body=body,
    )  # fmt: skip
