"""Results that come into the middle of a history, without folding all that is newer once more.

A cache that is built anew has at once what was kept of each check, and then reads its results newest first: every block
of them comes between those. What is newer than the last block is remembered as one history, and joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from .check_history import Around, History, Item, Key, Turn, appended, folded, history_of, joined, opening

_REMEMBERED: Final = 20_000
"""Checks; a history takes a kilobyte."""


class Newer(NamedTuple):
    """All of a check's results from `first` on, as one history."""

    first: Key
    history: History
    whole: History
    """What the check had when that was so."""


class Splices:
    """What is newer than the block that came last, by the row of the check."""

    def __init__(self) -> None:
        self._newer: dict[int, Newer] = {}

    def clear(self) -> None:
        """Something else than a block has changed histories."""
        self._newer.clear()

    def newer(self, check: int, whole: History | None, items: Sequence[Item]) -> Newer | None:
        """What lies behind these items, if it is still so that nothing newer than them came since."""
        found = self._newer.get(check)
        if found is None or found.whole != whole or items[-1].key >= found.first:
            return None
        return found

    def remember(self, check: int, newer: Newer) -> None:
        """What lies behind the next block, perhaps."""
        if len(self._newer) >= _REMEMBERED:
            self._newer.clear()
        self._newer[check] = newer


def spliced(older: Sequence[Item], items: Sequence[Item], newer: History, around: Around) -> tuple[History, list[Turn]]:
    """The history of three parts that follow each other, and its turns but for those within the first and the last.

    The first two may be empty, not both.
    """
    history = folded(older, around)[0] if older else None
    turns: list[Turn] = []
    for item in items:
        if history is None:
            history = history_of(item)
            turns += opening(history)
        else:
            history, new = appended(history, item, around)
            turns += new
    assert history is not None, "a part of all results is not in their middle"
    both, between, _ = joined(history, newer, around)
    return both, turns + between + (opening(newer) if history.last_firm is None else [])
