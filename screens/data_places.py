"""Where a commit or a version of data that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from .commit import CommitScreen
from .deck import Deck
from .frame import FrameScreen
from .pipeline_facts import runs_of


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `commit/SHA`. Raises UsageError."""
    (sha,) = subject.parts
    reader = deck.reader
    if reader.commit(sha) is None and not reader.pipelines.of_commit(sha) and not runs_of(reader, sha, 1):
        raise UsageError(f"{subject}: the cache knows nothing of this commit")
    return [CommitScreen(deck, sha)]
