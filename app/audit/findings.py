"""What an auditor is told: one sentence about one thing, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

from ..records import Record

Level: TypeAlias = Literal["wrong", "unknown", "note"]
"""wrong: it is not as it must be; unknown: nobody can tell from what is here; note: well, and good to know."""

LEVELS: Final[tuple[Level, ...]] = ("wrong", "unknown", "note")


class Finding(Record, frozen=True, kw_only=True):
    """One thing that was found."""

    level: Level
    code: str
    """What kind of thing, for scripts: gap, before, hash, signature ..."""
    about: str
    """A file, `champion entry 12`, `champion`."""
    sentence: str
    alias: str | None = None
    entry: int | None = None
    """Number of the entry."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In the order in which they are told; those of one level stay as they come, each once."""
    return sorted(dict.fromkeys(findings), key=lambda one: LEVELS.index(one.level))


def is_well(findings: Iterable[Finding]) -> bool:
    """Nothing is wrong. What nobody can tell is not wrong."""
    return all(one.level != "wrong" for one in findings)


def finding_json(one: Finding) -> dict[str, Any]:
    """For scripts."""
    return {
        "level": one.level, "code": one.code, "about": one.about, "alias": one.alias, "entry": one.entry,
        "sentence": one.sentence,
    }  # fmt: skip
