"""Whether the ledger explains that an alias moved. Pure: moves and entries in, an entry and a word out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from ..records import AliasMove, LedgerEntry, Millis, Record

SLACK: Final = 120_000
"""Milliseconds that the clock of whoever wrote an entry may be ahead of ours."""

Verdict: TypeAlias = Literal["explained", "unexplained", "not so far", "no ledger", "first seen"]
"""not so far: Git was read for the last time before it moved; no ledger: nobody writes down where this alias goes;
first seen: it was there when we first looked, which needs no explanation."""


class Explanation(Record, frozen=True, kw_only=True):
    """What the ledger says of a move."""

    verdict: Verdict
    entry: LedgerEntry | None = None
    """The one that explains it."""
    as_of: Millis | None = None
    """When Git was read, where that was too early."""

    @property
    def is_explained(self) -> bool | None:
        """As scripts get it: None where there is nothing to explain, or nobody who would."""
        return None if self.verdict in ("first seen", "no ledger") else self.verdict == "explained"


def explained(move: AliasMove, entries: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """The entry of the move's alias that assigns just what the alias shows since, and was the last one then.

    `entries` may be of any alias. Then is any moment at which it may have moved, so an entry that was followed at once
    by another one explains it too. A move that was seen for the first time needs no explanation and has none.
    """
    if move.reason == "first seen":
        return None
    own = (entry for entry in entries if (entry.model, entry.alias) == (move.model, move.alias))
    by_then = sorted((one for one in own if one.at <= move.at + SLACK), key=lambda entry: entry.number)
    began = move.at if move.not_before is None else move.not_before
    last = [one for one, later in pairwise([*by_then, None]) if one and (later is None or later.at >= began)]
    fitting = (one for one in reversed(last) if not one.trouble and one.version == (move.version or ""))
    return next(fitting, None)


def explanation(move: AliasMove, entries: Iterable[LedgerEntry], *, is_kept: bool, as_of: Millis | None) -> Explanation:
    """What the ledger says of it. `is_kept`: somebody keeps a ledger of this model, or a policy says to.

    `as_of` is how old the copy of the ledger is: None where nobody has read it yet.
    """
    if move.reason == "first seen":
        return Explanation(verdict="first seen")
    entry = explained(move, entries)
    if entry is not None:
        return Explanation(verdict="explained", entry=entry)
    if not is_kept:
        return Explanation(verdict="no ledger")
    if as_of is None or as_of < move.at:
        return Explanation(verdict="not so far", as_of=as_of)
    return Explanation(verdict="unexplained")
