"""What a commit changed in one file: read when somebody looks at it, never for all commits."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from ...git import GitError, encode
from ...records import LARGEST_PATCH, Patch
from .calls import Repository
from .objects import read_objects

CONTEXT: Final = 10
"""Lines around each change, where Git has three: on a page of its own there is room for what it stands in."""
_HEAD: Final = 64 * 1024
"""Bytes that stand before the first hunk at most: two paths of any length that a file system takes."""


def read_patch(repository: Repository, source: str, commit: str, paths: tuple[str, ...]) -> Patch:
    """The hunks of a file, `paths[0]`; `paths[1]`, where there is one, is what it was called before.

    Where Git cannot tell (a shallow or partial clone has not got what was before) the sentence says so. Raises
    GitError where it was stopped.
    """
    try:
        between, missing = _between(repository, commit)
        if not missing:
            return _as_patch(_hunks(repository, between, paths), source, commit, paths[0])
    except GitError as error:
        if error.reason == "stopped":
            raise
        missing = str(error)
    return Patch(source=source, commit=commit, path=paths[0], sentence=missing)


def _as_patch(raw: bytes, source: str, commit: str, path: str) -> Patch:
    start = 0 if raw.startswith(b"@@ ") else raw.find(b"\n@@ ") + 1
    is_empty = start == 0 and not raw.startswith(b"@@ ")
    data = b"" if is_empty else raw[start : start + LARGEST_PATCH]
    return Patch(
        source=source, commit=commit, path=path, data=data, truncated=len(raw) - start > len(data) and not is_empty,
        sentence=_why_empty(raw) if is_empty else "",
    )  # fmt: skip


def _why_empty(raw: bytes) -> str:
    if b"\nBinary files " in raw:
        return "Git calls this file binary: there are no lines to compare."
    if b"\nrename from " in raw:
        return "It was renamed, and nothing in it changed."
    if b"\nnew mode " in raw:
        return "Its mode changed, and nothing in it."
    if b"\nnew file mode " in raw or b"\ndeleted file mode " in raw:
        return "The file is empty."
    return "Against the commit's first parent nothing in it changed."


def _between(repository: Repository, commit: str) -> tuple[tuple[str, str], str]:
    """What is compared, as words for Git; and why that cannot be."""
    own = read_objects(repository, [commit]).get(commit)
    if own is None:
        return ("", ""), "This commit is not in the repository any more: its branch was rewritten."
    if not own.parents:
        return ("--root", commit), ""
    parent = own.parents[0]
    if parent not in read_objects(repository, [parent]):
        return ("", ""), "The clone begins with this commit (it is shallow): what was before is not in it."
    return (parent, commit), ""


def _hunks(repository: Repository, between: tuple[str, str], paths: tuple[str, ...]) -> bytes:
    """Git's words, as many as are kept and one byte more."""
    places = [f":(literal){encode(path).decode('utf-8', 'surrogateescape')}" for path in paths]
    words = ("-p", "--no-commit-id", "--no-color", "-M", f"-U{CONTEXT}", *between, "--", *places)
    found = bytearray()
    with closing(repository.pieces("diff-tree", *words)) as pieces:  # type: ignore[type-var]  # a generator
        for piece in pieces:
            found += piece
            if len(found) > LARGEST_PATCH + _HEAD:
                break
    return bytes(found)
