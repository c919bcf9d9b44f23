"""Runs as a tree: children below their parent, whatever the sort."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from ..query.sql import Fragment, id_list
from .runsets import fetch

_FEW: Final = 20_000
_LINKS: Final = "run AS child CROSS JOIN run AS parent ON parent.source = child.source AND parent.native = child.parent"


def tree_order(connection: sqlite3.Connection, ids: Sequence[int]) -> array[int]:
    """The ids in tree order: each child below its parent, siblings and roots in the order of `ids`.

    A parent that is not among the ids stands above its first child as the negative of its id. Nested to any
    depth; runs that are their own ancestors stand where they were.
    """
    parents = _parents(connection, ids)
    if not parents:
        return array("q", ids)
    children, roots = _children(ids, parents)
    return _walk(ids, children, roots)


def _parents(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Of every run the parent, as far as it is in the cache; of few ids theirs and their ancestors'."""
    if len(ids) > _FEW:
        return _links(connection, "child INDEXED BY run_parent", "child.parent IS NOT NULL", ())
    found: dict[int, int] = {}
    asked = list(ids)
    while asked:
        among = "child.id IN (SELECT value FROM json_each(?)) AND child.parent IS NOT NULL"
        new = _links(connection, "child", among, (id_list(asked),))
        found |= new
        asked = [parent for parent in set(new.values()) if parent not in found]
    return found


def _links(connection: sqlite3.Connection, child: str, where: str, parameters: tuple[object, ...]) -> dict[int, int]:
    tables = _LINKS.replace("child", child, 1)
    pairs = fetch(
        connection, Fragment(f"SELECT child.id || ',' || parent.id AS id FROM {tables} WHERE {where}", parameters)
    )
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _children(ids: Sequence[int], parents: dict[int, int]) -> tuple[dict[int, list[int]], list[int]]:
    """Of every parent its children and the roots; what only gives context is negative."""
    among = set(ids)
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    placed: set[int] = set()
    for run in ids:
        here = run
        while here not in placed:
            placed.add(here)
            shown = here if here in among else -here
            parent = parents.get(here)
            if parent is None:
                roots.append(shown)
                break
            children.setdefault(parent, []).append(shown)
            if parent in among:
                break  # its own turn comes
            here = parent
    return children, roots


def _walk(ids: Iterable[int], children: dict[int, list[int]], roots: list[int]) -> array[int]:
    ordered = array("q")
    seen: set[int] = set()
    # behind the roots every id once more: those below a circle of parents hang from no root
    for start in chain(roots, ids):
        stack = [start]
        while stack:
            shown = stack.pop()
            run = abs(shown)
            if run in seen:
                continue
            seen.add(run)
            ordered.append(shown)
            stack.extend(reversed(children.get(run, ())))
    return ordered
