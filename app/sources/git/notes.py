"""What people wrote to each other: `refs/notes/quarterdeck`, read whole whenever it moved."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Final

from ...git import GitError
from ...notebook import LARGEST_TEXT, in_order, is_place, read
from ...records import Note
from .blobs import Blobs
from .calls import Repository

LOGGER: Final = logging.getLogger("quarterdeck.sync")

MOST_PLACES: Final = 300_000
"""Entries of the tree that are looked at; a tree of trees may claim to have more than there are atoms."""
MOST_NOTES: Final = 200_000
MOST_BYTES: Final = 200_000_000


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
    for entry in islice(_entries(repository, commit), MOST_PLACES):
        head, _, path = entry.partition(b"\t")
        words = head.split()
        if len(words) == 3 and words[1] == b"blob" and is_place(path):
            yield words[2]


def _entries(repository: Repository, commit: str) -> Iterator[bytes]:
    held = b""
    for piece in repository.pieces("ls-tree", "-r", "-z", f"{commit}^{{tree}}"):
        *whole, held = (held + piece).split(b"\0")
        yield from whole
