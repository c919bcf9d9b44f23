"""Runs as a tree: children below their parent, whatever the sort."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..query.sql import Fragment, id_list
from .runsets import fetch

_FEW: Final = 20_000
"""Up to so many ids only their own ancestors are read; else every link that there is."""
_BLOCK: Final = 20_000


def tree_order(connection: sqlite3.Connection, ids: Sequence[int], pause: Callable[[], object]) -> array[int]:
    """The ids in tree order: each child below its parent, siblings and roots in the order of `ids`.

    A parent that is not among the ids stands above its first child as the negative of its id. Nested to any
    depth; runs that are their own ancestors stand where they were. `pause` is called every few milliseconds
    and may raise.
    """
    pairs = _links(connection, ids)
    if not pairs:
        return array("q", ids)
    return _Tree(ids, pairs, pause).ordered()


def _links(connection: sqlite3.Connection, ids: Sequence[int]) -> array[int]:
    """child, parent, child, parent ... as far as the parents are in the cache."""
    if len(ids) > _FEW:
        return _pairs(connection, "INDEXED BY run_parent", "1", ())
    found = array("q")
    known: set[int] = set()
    asked = list(ids)
    while asked:
        known.update(asked)
        new = _pairs(connection, "", "child.id IN (SELECT value FROM json_each(?))", (id_list(asked),))
        found.extend(new)
        asked = list(set(new[1::2]) - known)
    return found


def _pairs(connection: sqlite3.Connection, index: str, where: str, parameters: tuple[object, ...]) -> array[int]:
    text = (
        f"SELECT child.id || ',' || parent.id AS id FROM run AS child {index} CROSS JOIN run AS parent "
        "ON parent.source = child.source AND parent.native = child.parent "
        f"WHERE child.parent IS NOT NULL AND {where}"
    )
    return fetch(connection, Fragment(text, parameters))


class _Tree:
    """One pass over the ids hangs each below its parent, one walk reads them off.

    What is known of a run stands in arrays by row id: sets and dictionaries of a million would take 100 MB.
    """

    def __init__(self, ids: Sequence[int], pairs: array[int], pause: Callable[[], object]) -> None:
        self._ids = ids
        self._pause = pause
        size = 1 + max(max(ids), max(pairs))
        self._parents = array("q", [0]) * size
        for child, parent in zip(pairs[::2], pairs[1::2], strict=True):
            self._parents[child] = parent
        self._among = bytearray(size)
        self._placed = bytearray(size)
        """Of what only gives context: whether it hangs somewhere."""
        self._seen = bytearray(size)
        self._children: dict[int, list[int]] = {}
        self._roots = array("q")

    def ordered(self) -> array[int]:
        """All ids, and the negatives of the parents between them that are not among them."""
        for run in self._ids:
            self._among[run] = 1
        for run in self._in_blocks(self._ids):
            self._hang(run)
        found = array("q")
        for shown in self._in_blocks(self._roots):
            self._read_off(shown, found)
        # those below a circle of parents hang from no root
        for run in self._in_blocks(self._ids):
            if not self._seen[run]:
                self._read_off(run, found)
        return found

    def _in_blocks(self, ids: Sequence[int]) -> Iterator[int]:
        for at in range(0, len(ids), _BLOCK):
            self._pause()
            yield from ids[at : at + _BLOCK]

    def _hang(self, run: int) -> None:
        shown, parent = run, self._parents[run]
        while parent:
            self._children.setdefault(parent, []).append(shown)
            if self._among[parent] or self._placed[parent]:
                return
            self._placed[parent] = 1
            shown, parent = -parent, self._parents[parent]
        self._roots.append(shown)

    def _read_off(self, shown: int, found: array[int]) -> None:
        stack = [shown]
        while stack:
            shown = stack.pop()
            run = abs(shown)
            if not self._seen[run]:
                self._seen[run] = 1
                found.append(shown)
                stack.extend(reversed(self._children.get(run, ())))
