"""What the screen of lineage asks of the cache, and what that answers: a tree, where to start from, or neither."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ..app.errors import UsageError
from ..app.lineage import trace
from ..app.lineage.tree import Lineage
from ..app.records import Identities, SourceState, Subject
from ..app.store.reading import Reader
from .lineage_start import Start, starts
from .lineage_tree import Row
from .lineage_words import no_start_words, no_such_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the cache."""

    subject: Subject | None
    """None: what there is to start from."""
    identities: Identities
    now: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A lineage, or where to start from; neither for a thing that the cache does not have."""

    subject: Subject | None
    lineage: Lineage | None = None
    start: Start | None = None
    sentence: str = ""
    """Why there is neither, where it is a thing that has no lineage."""


def answers(reader: Reader, question: Question) -> Generator[Answer]:
    """What the cache knows around a thing, on a thread: up to a tenth of a second."""
    if question.subject is None:
        for start in starts(reader, question.identities, question.now):
            yield Answer(subject=None, start=start)
        return
    try:
        found = trace(reader, question.subject, question.identities, now=question.now, limit=question.limit)
    except UsageError as error:
        yield Answer(subject=question.subject, sentence=str(error))
    else:
        yield Answer(subject=question.subject, lineage=found)


def reading_rows() -> list[Row]:
    """What stands where the answer is still to come."""
    return [Row("remark", ("reading",), note="reading …")]


def unknown_rows(answer: Answer) -> list[Row]:
    """What stands where the cache has no such thing, or it is none that has a lineage."""
    return _remarks([answer.sentence] if answer.sentence else no_such_words(answer.subject))


def unstarted_rows(states: Sequence[SourceState]) -> list[Row]:
    """What stands where there is nothing to start from."""
    return _remarks(no_start_words(states))


def _remarks(lines: Sequence[str]) -> list[Row]:
    return [Row("remark", ("none", str(at)), note=line) for at, line in enumerate(lines)]
