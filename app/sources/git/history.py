"""From `git log -z --name-status` to commits: one stream, memory of one record.

A record begins with an empty field and eight fields of the format; the fields after them are changes until the
next empty one (a merge's changes stand behind an empty field too, and are told from a commit by their letters).
No field of Git's can hold a NUL, so nothing in a message or a path can forge a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Final, Literal, TypeAlias

import msgspec

from ...git import GitProcess, decode
from ...records import Change, Commit, Millis
from .calls import Repository
from .objects import GitObject, millis, read_objects
from .standing import Walk

Detail: TypeAlias = Literal["full", "exact", "none"]
"""full: changes and renames; exact: renames of unchanged files only; none: no changes. The last two are for
partial clones, where the contents, or the folders too, were left with the server."""

_FORMAT: Final = "--format=tformat:%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s%x00%b"
_CHANGES: Final[Mapping[Detail, tuple[str, ...]]] = {
    # -c: of a merge, only what it changed against all parents. What came in from the other side is told by the
    # commits of that side; this is what the person who merged wrote.
    "full": ("--name-status", "-M", "-l1000", "-c", "--ignore-submodules=none", "-O/dev/null", "--no-relative"),
    "exact": ("--name-status", "-M100%", "-c", "--ignore-submodules=none", "-O/dev/null", "--no-relative"),
    "none": ("--no-patch",),
}
_SHA: Final = re.compile(rb"[0-9a-f]{40,64}")
_LONGEST_FIELD: Final = 1 << 16
"""Bytes of a message or a path that are kept: nobody reads more, and a hostile one may have gigabytes."""
_UNREAD: Final = -(1 << 62)
"""Stands for a time that `git log` left out, until it is read from the object."""
MOST_CHANGES: Final = 20_000
"""Paths of one commit that are kept: one that touches more is an import of somebody else's tree."""


def log_arguments(walk: Walk, detail: Detail) -> tuple[tuple[str, ...], bytes]:
    """Words and stdin of the `git log` of a walk. Objects by hash alone: no name of a ref ever becomes a word."""
    skip = max(walk.done - 1, 0)
    words = ("log", "-z", "--encoding=UTF-8", "--no-notes", "--no-mailmap", _FORMAT, *_CHANGES[detail])
    return (*words, f"--skip={skip}", "--ignore-missing", "--stdin"), _revisions(walk)


def _revisions(walk: Walk) -> bytes:
    return "".join([*(f"{sha}\n" for sha in walk.tips), *(f"^{sha}\n" for sha in walk.known)]).encode()


class CommitCount:
    """How many commits a walk has in all, counted by a Git beside ours: seconds for a million, and nobody waits."""

    def __init__(self, repository: Repository, walk: Walk) -> None:
        self._repository = repository
        self._walk = walk
        self._total: int | None = None
        self._counting: GitProcess | None = None

    def read(self, stack: ExitStack) -> int | None:
        """The number, or None until it is known. Begins to count at the first call. Raises GitError."""
        if self._counting is None:
            words = ("rev-list", "--count", "--ignore-missing", "--stdin")
            self._counting = stack.enter_context(self._repository.beside(*words, stdin=_revisions(self._walk)))
        if self._total is None and self._counting.has_ended:
            self._total = int(b"".join(self._counting))
        return self._total


def walk_commits(repository: Repository, source: str, walk: Walk, detail: Detail) -> Iterator[Commit]:
    """The commits of a walk that were not handed over yet, newest first by committer date. Raises GitError.

    When it was cut short and its last commit is not met again in its place (the repository was made anew), all
    come once more: they are the same records.
    """
    words, revisions = log_arguments(walk, detail)
    commits = parse_log(repository.pieces(*words, stdin=revisions), source)
    if walk.done:
        first = next(commits, None)
        if first is None or first.sha != walk.last:
            yield from walk_commits(repository, source, Walk(walk.tips, walk.known), detail)
            return
    yield from commits


def mended(repository: Repository, commits: Sequence[Commit], boundary: frozenset[str]) -> tuple[Commit, ...]:
    """The commits, those with what `git log` hides read from their objects: one further look for all of them.

    It hides dates that it does not understand (a negative one), and, where a shallow clone ends, the parents;
    there it shows every file as added, so no changes are told. Raises GitError.
    """
    odd = [commit.sha for commit in commits if commit.sha in boundary or _UNREAD in _times(commit)]
    if not odd:
        return tuple(commits)
    objects = read_objects(repository, odd)
    return tuple(_as_stored(commit, objects[commit.sha]) if commit.sha in objects else commit for commit in commits)


def _as_stored(commit: Commit, item: GitObject) -> Commit:
    changes = commit.changes if len(item.parents) == len(commit.parents) else ()
    return msgspec.structs.replace(
        commit, parents=item.parents, authored_at=item.authored_at or 0, committed_at=item.at or 0, changes=changes
    )


def _times(commit: Commit) -> tuple[Millis, Millis]:
    return commit.authored_at, commit.committed_at


def parse_log(pieces: Iterable[bytes], source: str) -> Iterator[Commit]:
    """Commits out of the bytes of `git log`, however they are cut into pieces."""
    fields = _fields(pieces)
    field: bytes | None = next(fields, None)
    while field is not None:
        sha = next(fields, None) if field == b"" else field
        if sha is None:
            return
        parents, author, email, authored, committed, subject, body = (next(fields, b"") for _ in range(7))
        changes, field = _changes(fields)
        yield Commit(
            source=source, sha=sha.decode("ascii"), parents=tuple(parents.decode("ascii").split()),
            author=decode(author), email=decode(email), authored_at=_time(authored), committed_at=_time(committed),
            subject=decode(subject), body=decode(body).rstrip("\n"), changes=changes,
        )  # fmt: skip


def _time(seconds: bytes) -> Millis:
    return millis(seconds) if seconds else _UNREAD


def _changes(fields: Iterator[bytes]) -> tuple[tuple[Change, ...], bytes | None]:
    """The changes of one commit, and the field that begins the next: its hash, or None at the end."""
    changes: list[Change] = []
    for field in fields:
        status = field.removeprefix(b"\n")
        if status == b"":
            continue
        if _SHA.fullmatch(status):
            return tuple(changes), status
        two = status[1:2].isdigit()  # R100, C75: from and to; a merge's RM names the result alone
        old = next(fields, b"") if two else None
        path = next(fields, b"")
        if len(changes) < MOST_CHANGES:
            changes.append(_change(status, path, old))
    return tuple(changes), None


def _change(status: bytes, path: bytes, old: bytes | None) -> Change:
    kind = chr(status[0]) if old is not None or len(set(status)) == 1 else "M"
    return Change(kind=kind, path=decode(path), old_path=None if old is None else decode(old))


def _fields(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What stands between the NULs; a field beyond _LONGEST_FIELD is cut there."""
    rest = b""
    for piece in pieces:
        first, *more = piece.split(b"\0")
        rest = (rest + first)[:_LONGEST_FIELD]
        if more:
            yield rest
            yield from more[:-1]
            rest = more[-1]
    if rest:
        yield rest
