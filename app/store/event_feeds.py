"""What tells events, one kind of record each, as lists that are read as far as they are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from ..query import And, Compare, Node, Words, matches_event
from ..query.event_sql import may_pass
from ..records import Event, Millis
from .event_marks import Marks
from .kept_events import PLAIN
from .state import State

READ: Final = 500
"""Rows that one statement reads."""
BITS: Final = 48
"""Of the numbers below."""
LARGEST: Final = (1 << BITS) - 1

Pair = tuple[Millis, int]
"""When, and a number by which the event is found again. Of equal times the smaller number is the newer."""
_One = TypeVar("_One")


class Asked(NamedTuple):
    """Which events are wanted."""

    where: Node | None
    since: Millis
    """From then on ..."""
    until: Millis
    """... until before then."""
    sources: Mapping[str, str]
    """The labels of visible sources by their keys."""

    def passes(self, event: Event) -> bool:
        """Whether the filter lets it pass."""
        return self.where is None or matches_event(self.where, event, self.sources)


class Changes(NamedTuple):
    """What makes a new list of an old one."""

    gone: Sequence[Pair] = ()
    maybe: frozenset[int] = frozenset()
    """Numbers that are gone if they were there; nobody knows of what time."""
    come: Sequence[Pair] = ()


class Feed(Protocol):
    """Events of one kind of record. Pairs are newest first."""

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """The first `limit`; with `oldest_first` those at the other end, the oldest first."""

    def all(self, marks: Marks | None) -> tuple[array[int], array[int]]:
        """When, and which number, of all, in whatever order a stable sort by time makes right. `marks`: as of now."""

    def changes(self, before: Any, marks: tuple[Marks, Marks] | None, stands: Callable[[Pair], bool]) -> Changes | None:
        """What is other than in a feed like this one of which all was read. None: only `all` tells.

        `marks`: as of then, and as of now; `stands`: whether a pair was there.
        """

    def events(self, numbers: Sequence[int]) -> dict[int, Event]:
        """The events of these numbers; those that are gone are left out."""


def blocks(what: Iterable[_One], size: int) -> Iterator[list[_One]]:
    """In lists of so many, the last of fewer."""
    left = iter(what)
    while block := list(islice(left, size)):
        yield block


Read = Callable[[Millis, Millis, int], Iterable[Event]]
"""Events from a time until before another, newest first, at most so many."""


def _numbers(length: int) -> range:
    """Those of a list that is held, by the places in it: counted from its end, so that they stay when more is new."""
    return range(LARGEST + 1 - length, LARGEST + 1)


def _difference(before: Sequence[Pair], now: Sequence[Pair]) -> Changes:
    then, there = frozenset(before), frozenset(now)
    return Changes(gone=[*then - there], come=[*there - then])


class ListFeed:
    """Events of which there are thousands at most: read as they are, and held where all are asked for."""

    def __init__(self, read: Read, kinds: Sequence[str], asked: Asked) -> None:
        self._read = read
        self._asked = asked
        self._is_any = may_pass(asked.where, kinds)
        self._held: list[Event] = []
        self._is_whole = False

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`."""
        if not self._is_any or limit < 1:
            return []
        if oldest_first:
            self._read_all()
            return self._pairs()[::-1][:limit]
        if not self._is_whole:
            most = limit if self._asked.where is None else _EVERY
            self._held = list(islice(self._passing(most), limit))
        return self._pairs()[:limit]

    def all(self, marks: Marks | None = None) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        self._read_all()
        return array("q", (event.at for event in self._held)), array("q", _numbers(len(self._held)))

    def changes(
        self, before: ListFeed, marks: tuple[Marks, Marks] | None, stands: Callable[[Pair], bool]
    ) -> Changes | None:
        """See `Feed`."""
        self._read_all()
        return _difference(before._pairs(), self._pairs())

    def _pairs(self) -> list[Pair]:
        return [(event.at, number) for event, number in zip(self._held, _numbers(len(self._held)), strict=True)]

    def events(self, numbers: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        known = _numbers(len(self._held))
        return {number: self._held[known.index(number)] for number in numbers if number in known}

    def _read_all(self) -> None:
        if not self._is_whole:
            self._held = list(self._passing(_EVERY)) if self._is_any else []
            self._is_whole = True

    def _passing(self, limit: int) -> Iterator[Event]:
        return filter(self._asked.passes, self._read(self._asked.since, self._asked.until, limit))


_EVERY: Final = 2**62


class StateFeed:
    """What state.db keeps: what no vendor tells."""

    def __init__(self, state: State, asked: Asked, *, all_sources: bool) -> None:
        self._state = state
        self._asked = asked
        self._all_sources = all_sources
        self._texts = list(_texts(asked.where))
        self._kinds: list[str] | None = None
        self._times, self._rows = array("q"), array("q")
        self._fingerprint: tuple[object, ...] | None = None
        if asked.where is not None:
            known = state.event_kinds()
            like = [kind for kind in known if may_pass(asked.where, [kind])]
            self._kinds = like if len(like) < len(known) else None

    def first(self, limit: int, *, oldest_first: bool) -> list[Pair]:
        """See `Feed`."""
        found = list(islice(self._passing(oldest_first=oldest_first), limit))
        self._rows = array("q", (row for _, row in found))
        return [(at, number) for (at, _), number in zip(found, _numbers(len(found)), strict=True)]

    def all(self, marks: Marks | None) -> tuple[array[int], array[int]]:
        """See `Feed`."""
        self._fingerprint = self._state.events_fingerprint()
        self._times, self._rows = array("q"), array("q")
        for at, row in self._passing(oldest_first=False):
            self._times.append(at)
            self._rows.append(row)
        return self._times, array("q", _numbers(len(self._rows)))

    def changes(
        self, before: StateFeed, marks: tuple[Marks, Marks] | None, stands: Callable[[Pair], bool]
    ) -> Changes | None:
        """See `Feed`."""
        if self._state.events_fingerprint() == before._fingerprint:
            self._times, self._rows, self._fingerprint = before._times, before._rows, before._fingerprint
            return Changes()
        self.all(None)
        return _difference(before._pairs(), self._pairs())

    def _pairs(self) -> list[Pair]:
        return [*zip(self._times, _numbers(len(self._times)), strict=True)]

    def events(self, numbers: Sequence[int]) -> dict[int, Event]:
        """See `Feed`."""
        known = _numbers(len(self._rows))
        found = {self._rows[known.index(number)]: number for number in numbers if number in known}
        return {found[row]: event for some in blocks(found, READ) for row, event in self._state.events_at(some).items()}

    def _passing(self, *, oldest_first: bool) -> Iterator[Pair]:
        asked = self._asked
        for one in self._state.walk_events(
            asked.since, asked.until, self._kinds, self._texts, oldest_first=oldest_first
        ):
            source = one.event.source
            is_shown = self._all_sources or source is None or source in asked.sources
            if is_shown and asked.passes(one.event):
                yield one.at, one.row


_SAID: Final = ("title", "actor", "subject", "model")
"""Fields whose values stand in an event's record."""


def _texts(where: Node | None) -> Iterator[str]:
    """What must occur in an event's record for it to pass, as far as the filter says so at its top."""
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Words):
            found: object = part.text
        elif isinstance(part, Compare) and part.field.name in _SAID and part.operator in ("=", ":"):
            found = part.value
        else:
            continue
        if isinstance(found, str) and PLAIN.fullmatch(found):
            yield found
