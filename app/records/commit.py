"""What Git knows: commits, the paths that they touched, branches and tags."""

from __future__ import annotations

from typing import Final, Literal

from .record import Millis, Record

LARGEST_PATCH: Final = 128 * 1024
"""Bytes of a patch that are kept: what changed is read here, not a whole file."""


class Change(Record, frozen=True, kw_only=True):
    """One path that a commit touched. `kind` is Git's letter: A, M, D, R, C, T."""

    kind: str
    path: str
    old_path: str | None = None


class Patch(Record, frozen=True, kw_only=True):
    """What a commit changed in one file, against its first parent, in the words of `git diff`."""

    source: str
    commit: str
    """The whole sha."""
    path: str
    data: bytes = b""
    """The hunks, from the first `@@` on, with ten lines around each change. Empty where Git calls the file binary."""
    truncated: bool = False
    """`data` is the beginning of more: at most LARGEST_PATCH bytes of it."""
    sentence: str = ""
    """Why there are no hunks."""


class Commit(Record, frozen=True, kw_only=True):
    """A Git commit on a watched branch."""

    source: str
    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    authored_at: Millis
    committed_at: Millis
    subject: str
    body: str = ""
    changes: tuple[Change, ...] = ()


class CommitsBetween(Record, frozen=True, kw_only=True):
    """What lies between two commits: what `head` has and `base` has not (`ahead`), and the other way (`behind`)."""

    base: str
    head: str
    ahead: tuple[Commit, ...] = ()
    """Newest first, without their changes."""
    behind: tuple[Commit, ...] = ()
    changes: tuple[Change, ...] = ()
    """Paths that any of these commits touched, each with the letter of the last; not a difference of two trees."""
    complete: bool = True
    """Whether the walk met where both histories join; else there are more commits than these."""


class Ref(Record, frozen=True, kw_only=True):
    """A branch head or a tag. For an annotated tag `sha` is the commit that it points at."""

    source: str
    name: str
    kind: Literal["branch", "tag"]
    sha: str
    at: Millis | None = None
    watched: bool = False
