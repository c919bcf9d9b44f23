"""Where a commit or a version of data that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Run, Subject
from .commit import CommitScreen
from .dataset import DatasetScreen
from .deck import Deck
from .frame import FrameScreen
from .pipeline_facts import runs_of


def page_of(deck: Deck, subject: Subject, run: Run | None = None) -> FrameScreen | None:
    """The page of a commit, or of a version of data; None where the cache has no such thing.

    `run`: from which one comes there.
    """
    try:
        return _page(deck, subject, run)
    except UsageError:
        return None


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `commit/SHA` or `dataset/NAME@DIGEST`. Raises UsageError."""
    return [_page(deck, subject)]


def _page(deck: Deck, subject: Subject, run: Run | None = None) -> FrameScreen:
    if subject.kind == "dataset":
        return _dataset(deck, subject)
    (sha,) = subject.parts
    reader = deck.reader
    if reader.commit(sha) is None and not reader.pipelines.of_commit(sha) and not runs_of(reader, sha, 1):
        raise UsageError(f"{subject}: the cache knows nothing of this commit")
    return CommitScreen(deck, sha, run)


def _dataset(deck: Deck, subject: Subject) -> FrameScreen:
    name, digest = subject.parts
    row = deck.reader.datasets.row(name, deck.identities)
    if row is None:
        raise UsageError(f"{subject}: the cache has no dataset of this name; :datasets lists them")
    version = deck.reader.datasets.version(row.name, digest, deck.identities)
    if version is None:
        raise UsageError(f"{subject}: no version of it has this digest, or several begin so")
    return DatasetScreen(deck, row.name, version.digest)
