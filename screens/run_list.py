"""Puts a list of runs in order, off the interface's thread: the first window at once, then everything.

The next question interrupts the one before: SQLite is told to stop, and an answer that comes all the same is
dropped because its number is old.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An answer, or the first part of one."""

    number: int
    ids: Sequence[int]
    matches: int | None
    """How many runs match, where it is known already."""
    total: int | None
    """How many there are without the filter."""
    complete: bool
    tree: bool


class RunList:
    """Orders runs on a thread of its own, one question at a time."""

    def __init__(self, open_reader: Callable[[], Reader], answer: Callable[[Ordered], None]) -> None:
        self._open_reader = open_reader
        self._answer = answer
        self._reader: Reader | None = None
        self._lock = threading.Lock()
        self._number = 0
        self.cost = 0.0
        """Seconds that the last whole answer took."""

    def stop(self) -> int:
        """Stop what runs; give the number of the next question, which `work` wants on a thread."""
        self._number += 1
        reader = self._reader
        if reader is not None:
            reader.interrupt()
        return self._number

    def is_current(self, number: int) -> bool:
        """Whether nobody has asked anything since."""
        return number == self._number

    def work(self, number: int, question: Question) -> None:
        """Answer in parts. Runs on a thread; blocks while the question before comes to its end."""
        with self._lock:
            if not self.is_current(number):
                return
            begun = time.monotonic()
            try:
                self._work(number, question)
                self.cost = time.monotonic() - begun
            except sqlite3.OperationalError as error:
                if "interrupted" not in str(error):
                    raise

    def _work(self, number: int, question: Question) -> None:
        reader = self._reader = self._reader or self._open_reader()
        order = RunOrder(reader.connection, experiments=question.experiments, where=question.where, sort=question.sort)
        total = None
        if not question.tree:
            first = order.first(FIRST)
            complete = len(first) < FIRST
            matches = len(first) if complete else None
            self._send(number, first, matches, total, complete, tree=False)
            if not complete:
                matches = order.count()
            total = reader.run_count(question.experiments) if question.where is not None else matches
            self._send(number, first, matches, total, complete, tree=False)
            if complete or not self.is_current(number):
                return
        ids: array[int] = order.all()
        matches = len(ids)
        total = total if total is not None else reader.run_count(question.experiments)
        self._send(number, order.tree(ids) if question.tree else ids, matches, total, True, tree=question.tree)

    def _send(
        self, number: int, ids: Sequence[int], matches: int | None, total: int | None, complete: bool, *, tree: bool
    ) -> None:
        if self.is_current(number):
            self._answer(Ordered(number=number, ids=ids, matches=matches, total=total, complete=complete, tree=tree))

    def close(self) -> None:
        """Stop, and let go of the file."""
        self.stop()
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
