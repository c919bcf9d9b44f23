"""A change that may be the cause, before it is weighed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from ..lineage import By
from ..records import Evidence, Millis, Record, Subject
from .window import Why

Link: TypeAlias = By | Literal["unknown", "none"]
"""How a change is joined to what is wrong; unknown: nobody says what it is for; none: by nothing but time."""
LINKS: Final[dict[Link, float]] = {
    "id": 1.0, "digest": 1.0, "declared": 0.97, "name": 0.8, "unknown": 0.6, "none": 0.35,
}  # fmt: skip
"""What a link multiplies a score by."""


class Carrier(Record, frozen=True, kw_only=True):
    """What brought a change into production: a version that was promoted, a deployment."""

    title: str
    """v14, deploy #12"""
    subject: str
    at: Millis
    not_before: Millis | None = None


class Candidate(Record, frozen=True, kw_only=True):
    """A change that may be the cause, before it is weighed."""

    subject: str
    cause: str
    """See `causes.Cause` ..."""
    kind: str
    """... and the word for it that people read: data, check, commit ..."""
    title: str
    at: Millis
    not_before: Millis | None = None
    actor: str = ""
    event: str = ""
    link: Link = "none"
    carrier: Carrier | None = None
    """What brought it into production, and when: then is when it could begin to harm."""
    lasts: bool = False
    """It went on until it became bad: what does not come is missed more from day to day."""
    names: frozenset[str] = frozenset()
    """Columns, datasets and files that it is about, by which two candidates are joined."""
    rules: tuple[Why, ...] = ()
    """What else speaks for it and against it."""
    evidence: tuple[Evidence, ...] = ()
    """The change itself first."""
    scripts: frozenset[str] = frozenset()
    """Files of code that made it and changed with it."""
    commits: frozenset[str] = frozenset()
    """Commits that it stands for: they are no candidates of their own beside it."""

    @property
    def evidence_of_rules(self) -> tuple[Evidence, ...]:
        """What its rules point at."""
        return tuple(item for rule in self.rules for item in rule.evidence)


def written(kind: str, *parts: str) -> str:
    """A subject as it is written."""
    return str(Subject(kind=kind, parts=parts))


def stem(name: str) -> str:
    """`orders` of data/orders.csv and of shop.orders."""
    last = name.rpartition("/")[2]
    is_file = "/" in name or last.endswith((".csv", ".parquet", ".json"))
    return (last.partition(".")[0] if is_file else last.rpartition(".")[2]).casefold()


def few(words: Iterable[str], most: int = 2) -> str:
    """`a, b and 3 more`."""
    found = list(words)
    more = len(found) - most
    return ", ".join(found[:most]) + (f" and {more} more" if more > 0 else "")
