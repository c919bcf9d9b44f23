"""The keys of a list of events in their order, as two arrays: a million of them take 16 MB."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable

from ..records import Millis


class Keys:
    """By time, the newest first; of equal times the smaller key first. Never changed once it is there."""

    __slots__ = ("_ages", "keys")

    def __init__(self, ages: array[int], keys: array[int]) -> None:
        self._ages = ages
        """Times, negated: they grow."""
        self.keys = keys

    @classmethod
    def of(cls, times: Iterable[Millis], keys: array[int]) -> Keys:
        """In order. The keys grow, those of equal times at least."""
        ages = array("q", map(int.__neg__, times))
        order = sorted(range(len(keys)), key=ages.__getitem__)
        return cls(array("q", map(ages.__getitem__, order)), array("q", map(keys.__getitem__, order)))

    def __len__(self) -> int:
        return len(self.keys)

    def at(self, place: int) -> Millis:
        """When the one at a place was."""
        return -self._ages[place]

    def newer(self, at: Millis) -> int:
        """How many were after that moment."""
        return bisect_left(self._ages, -at)

    def place(self, at: Millis, key: int) -> int | None:
        """Where a key of that time stands; None: there is no such one."""
        place = self._room(at, key)
        is_there = place < len(self) and (self.keys[place], self._ages[place]) == (key, -at)
        return place if is_there else None

    def places(self, keys: Collection[int]) -> list[int]:
        """Where these stand, as far as they do, when nobody knows of what time they are: 40 ms for a million."""
        if not keys:
            return []
        wanted = frozenset(keys)
        return [place for place, key in enumerate(self.keys) if key in wanted]

    def edited(self, gone: Iterable[int], come: Iterable[tuple[Millis, int]]) -> Keys:
        """The same without what stands at some places, and with others, each a time and a key that is not there."""
        edits = [(place, 1, ()) for place in gone]
        edits += [(self._room(at, key), 0, (-at, key)) for at, key in come]  # type: ignore[misc]  # a pair, or nothing
        ages, keys, done = array("q"), array("q"), 0
        for place, width, new in sorted(edits):
            ages += self._ages[done:place]
            keys += self.keys[done:place]
            if new:
                ages.append(new[0])
                keys.append(new[1])
            done = place + width
        return Keys(ages + self._ages[done:], keys + self.keys[done:])

    def _room(self, at: Millis, key: int) -> int:
        """Where a key of that time belongs."""
        first = bisect_left(self._ages, -at)
        return bisect_left(self.keys, key, first, bisect_right(self._ages, -at, first))
