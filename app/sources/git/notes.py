"""What people wrote to each other: `refs/notes/quarterdeck`. When it moved what is new is read, and all of it where
something else than new notes is in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Final, NamedTuple

from ...git import GitError
from ...notebook import LARGEST_TEXT, in_order, is_place, read
from ...records import Note
from .blobs import Blobs
from .calls import Repository
from .note_trees import changed_blobs, parts_of

LOGGER: Final = logging.getLogger("quarterdeck.sync")

MOST_PLACES: Final = 300_000
"""Entries of the tree that are looked at; a tree of trees may claim to have more than there are atoms."""
MOST_NOTES: Final = 200_000
MOST_BYTES: Final = 200_000_000
MOST_CHANGED: Final = 2_000
"""Places that changed of which what is new is read: of more the whole is as soon read."""


class Told(NamedTuple):
    """What there is to tell of a notebook."""

    notes: tuple[Note, ...] | None = None
    """All of them; None: nothing is said of all."""
    more: tuple[Note, ...] = ()
    """What came to those that were told before."""
    known: int = 0
    """How many have been told by now; 0 where that may not be all."""


def read_news(repository: Repository, before: str, known: int, commit: str) -> Told:
    """What there is to tell after the `known` notes of the commit `before`. Raises GitError.

    Notes only come to others, as they are written; a tree that lost one or holds it otherwise is read whole, and so is
    one after another that is not here any more.
    """
    more = _more(repository, before, commit) if before and commit and known else None
    if more is not None and known + len(more) <= MOST_NOTES:
        return Told(None, more, known + len(more))
    notes = read_notes(repository, commit)
    return Told(notes, (), len(notes) if notes is not None and len(notes) < MOST_NOTES else 0)


def _more(repository: Repository, before: str, commit: str) -> tuple[Note, ...] | None:
    """The notes that only the later tree holds; None where that is not all that differs, or nobody can tell."""
    try:
        changed = changed_blobs(repository, before, commit, MOST_CHANGED)
        if changed is None:
            return None
        there = _notes_of(repository, [old for old, _ in changed if old])
        now = _notes_of(repository, [new for _, new in changed if new])
    except GitError:
        return None  # what is wrong is said where all is read
    is_more = all(now.get(name) == note for name, note in there.items())
    return in_order(note for name, note in now.items() if name not in there) if is_more else None


def _notes_of(repository: Repository, names: Iterable[bytes]) -> dict[str, Note]:
    found: dict[str, Note] = {}
    with closing(Blobs(repository, LARGEST_TEXT)) as blobs:
        for blob in blobs.read(list(dict.fromkeys(names))):
            for note in read(blob.raw or b""):
                found.setdefault(note.id, note)
    return found


def read_notes(repository: Repository, commit: str) -> tuple[Note, ...] | None:
    """All notes of a notebook, each once; "" is one that is not there. None where a partial clone has not got them.

    What is no note is passed over, and so is what comes after the most that is read. Raises GitError.
    """
    if not commit or not _has_tree(repository, commit):
        return ()
    try:
        return _read(repository, commit)
    except GitError as error:
        if error.reason == "partial":
            return None
        raise


def _has_tree(repository: Repository, commit: str) -> bool:
    """Whether the ref names what notes can lie in; what is missing is for whoever reads it to complain of."""
    words = repository.run("cat-file", "--batch-check", stdin=f"{commit}\n".encode()).split()
    return words[1:2] != [b"blob"]


def _read(repository: Repository, commit: str) -> tuple[Note, ...]:
    names = list(dict.fromkeys(_names(repository, commit)))
    found: dict[str, Note] = {}
    size = 0
    with closing(Blobs(repository, LARGEST_TEXT)) as blobs:
        for blob in blobs.read(names):
            size += len(blob.raw or b"")
            if len(found) >= MOST_NOTES or size > MOST_BYTES:
                LOGGER.warning("The team's notes are more than are read: only the first %d are shown.", len(found))
                break
            for note in read(blob.raw or b""):
                found.setdefault(note.id, note)
    return in_order(found.values())


def _names(repository: Repository, commit: str) -> Iterator[bytes]:
    """The blobs that lie where notes do. The entries of a tree are `mode type name<tab>path`."""
    for entry in islice(parts_of(repository.pieces("ls-tree", "-r", "-z", f"{commit}^{{tree}}")), MOST_PLACES):
        head, _, path = entry.partition(b"\t")
        words = head.split()
        if len(words) == 3 and words[1] == b"blob" and is_place(path):
            yield words[2]
