"""A list of runs in order: the first window at once, then everything."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ..app.query import Node, Sort
from ..app.store.order import RunOrder
from ..app.store.reading import Reader

FIRST = 128
"""Ids of the first window: two pages of a tall terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the list."""

    experiments: Sequence[int] | None
    where: Node | None
    sort: Sort
    tree: bool = False

    def order(self, reader: Reader) -> RunOrder:
        """The order that is asked for."""
        return RunOrder(reader.connection, experiments=self.experiments, where=self.where, sort=self.sort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An answer, or the first part of one."""

    ids: Sequence[int]
    matches: int | None = None
    """How many runs match, where it is known already."""
    total: int | None = None
    """How many there are without the filter."""
    complete: bool = False
    tree: bool = False


def ordered(reader: Reader, question: Question) -> Generator[Ordered]:
    """The first window, then the counts with it, then everything; a tree whole."""
    order = question.order(reader)
    total = None
    if not question.tree:
        first = order.first(FIRST)
        complete = len(first) < FIRST
        yield Ordered(ids=first, matches=len(first) if complete else None, complete=complete)
        matches = len(first) if complete else order.count()
        total = reader.run_count(question.experiments) if question.where is not None else matches
        yield Ordered(ids=first, matches=matches, total=total, complete=complete)
        if complete:
            return
    ids: array[int] = order.all()
    total = total if total is not None else reader.run_count(question.experiments)
    shown = order.tree(ids) if question.tree else ids
    yield Ordered(ids=shown, matches=len(ids), total=total, complete=True, tree=question.tree)
