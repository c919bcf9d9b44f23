"""A filter and a sort yield ordered run ids: the first window at once, the whole list on a reader thread.

How it stays fast at a million runs:

    few candidates       an index shows that at most 4,000 can pass: look them up, sort those (milliseconds)
    a common filter      the first thousand of the sort's own index, tested one by one, hold a whole window
    anything else        the filter becomes a set (`runsets`), and the sort's index is walked with it

Runs without the sort key come last in both directions; ties go by newest start, then by largest row id.
Every answer is of one moment. `connection.interrupt()` from another thread stops any of it: it raises
sqlite3.OperationalError with `sqlite_errorcode == sqlite3.SQLITE_INTERRUPT`.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import compress, groupby
from operator import itemgetter
from typing import Final

from ..query import Compare, Field, Has, Node, Not, Sort, all_of, sql
from . import sorting
from .runsets import RunSets, fetch, stream, visible
from .tree_order import tree_order

FEW: Final = 4_000
"""Up to so many candidates are looked up and sorted: 20 ms."""
GATHERED: Final = 20_000
"""Up to so many that turned out to pass are sorted by looking each up: 0.1 s, where the whole order takes 1 s."""
_CHUNK: Final = 1_000
_PROBE: Final = 100
_BLOCK: Final = 50_000
"""Ids that are handled between two looks at whether somebody interrupted: 5 ms."""


class RunOrder:
    """The runs of some experiments (`experiment.id`; None: all of visible sources) that pass, in order."""

    def __init__(
        self, connection: sqlite3.Connection, *, experiments: Sequence[int] | None, where: Node | None, sort: Sort
    ) -> None:
        self._connection = connection
        self._sets = RunSets(connection, visible(connection, experiments))
        self._where = where
        self._sort = sort
        self._ids: array[int] | None = None
        self._count: int | None = None

    def first(self, limit: int) -> list[int]:
        """The first `limit` run ids."""
        if self._ids is None and limit > 0:
            with self._sets.snapshot():
                return self._first(limit)
        return self._ids[:limit].tolist() if self._ids is not None and limit > 0 else []

    def all(self) -> array[int]:
        """All run ids in order, as 64-bit integers."""
        if self._ids is None:
            with self._sets.snapshot():
                small = self._small()
                self._ids = self._whole() if small is None else small
        return self._ids

    def count(self) -> int:
        """How many runs pass."""
        if self._ids is not None:
            return len(self._ids)
        if self._count is None:
            with self._sets.snapshot():
                self._count = self._counted()
        return self._count

    def known(self) -> tuple[int, int] | None:
        """Of how many runs the sorted-by min or max is known, and how many have the metric; None for other sorts."""
        field = self._sort.field
        if field.kind != "metric" or field.part == "last":
            return None
        with self._sets.snapshot():
            fields = (field, Field("metric", field.name))
            known, having = (self._sets.of(Has(one)).bit_count() for one in fields)
        return known, having

    def tree(self, ids: Sequence[int]) -> array[int]:
        """The ids with children below their parents; see `tree_order`."""
        with self._sets.snapshot():
            return tree_order(self._connection, ids, self._sets.pause)

    def _first(self, limit: int) -> list[int]:
        small = self._small()
        if small is not None:
            self._ids = small
            return small[:limit].tolist()
        if self._where is None or self._sort == _NEWEST:
            return self._window(self._where, limit)
        if self._sort.field.kind != "dataset" and self._keyed.indexed:
            found = self._passing(self._window(None, max(_CHUNK, 2 * limit)), self._where, limit)
            if len(found) >= limit:
                return found[:limit]
        few = self._gathered(self._where, GATHERED)
        if few is not None:
            self._ids = self._sorted(few, self._sort)
            return self._ids[:limit].tolist()
        return self._window(self._where, limit)

    def _counted(self) -> int:
        if self._where is None:
            scope = sql.scoped("experiment", self._sets.experiments)
            query = f"SELECT count(*) FROM run WHERE {scope.text}"
            return int(self._connection.execute(query, scope.parameters).fetchone()[0])
        few = self._sets.few(self._where, FEW)
        return self._sets.of(self._where).bit_count() if few is None else len(few)

    # few candidates

    def _small(self) -> array[int] | None:
        """The whole answer, where an index shows that it is short."""
        few = None if self._where is None else self._sets.few(self._where, FEW)
        return None if few is None else self._sorted(few, self._sort)

    def _gathered(self, where: Node, most: int) -> list[int] | None:
        """The runs that pass, when it turns out that they are not many."""
        chosen = self._sets.of(where)
        return self._sets.listed(chosen) if chosen.bit_count() <= most else None

    def _sorted(self, ids: Sequence[int], sort: Sort) -> array[int]:
        """A few ids in order, each looked up."""
        key = sql.value(sort.field, largest=sort.descending)
        if sort == self._sort and sort.field.type == "label" and self._keyed.value == "l.number":
            key = sql.number(sort.field)
        text = (
            f"SELECT run.id, {key.text} AS v FROM json_each(?) AS one CROSS JOIN run ON run.id = one.value "
            f"ORDER BY v IS NULL, v{' DESC' if sort.descending else ''}, {sorting.BY_START}"
        )
        rows = self._connection.execute(text, (*key.parameters, sql.id_list(ids)))
        return array("q", [run for run, _value in rows])

    # the first window of many

    @cached_property
    def _keyed(self) -> sorting.Keyed:
        return sorting.keyed(self._connection, self._sets.experiments, self._sort)

    def _window(self, where: Node | None, limit: int) -> list[int]:
        """The first runs that pass: those before the limit-th value, its ties, then those without a value."""
        if self._sort == _NEWEST:
            return self._newest(where, limit)
        if self._sort.field.kind == "dataset":
            return self._dataset_window(where, limit)
        chosen = where is not None
        if where is not None:
            self._sets.choose(self._sets.of(where))
        best = self._keyed.best(limit, chosen)
        rows = self._connection.execute(best.text, best.parameters).fetchall()
        if not self._keyed.indexed or not rows:
            found = [run for run, _value in rows]
        else:
            found = self._settled(where, rows, limit)
        return found + self._newest(all_of(where, self._keyed.absent()), limit - len(found))

    def _settled(self, where: Node | None, rows: list[tuple[int, float | str]], limit: int) -> list[int]:
        """The first runs with ties in order. Of the last value there may be any number, and newer ones."""
        last = rows[-1][1] if len(rows) == limit else None
        groups = [[run for run, _value in group] for value, group in groupby(rows, itemgetter(1)) if value != last]
        # only ties are looked up: on a disk that is not in memory yet each look costs a page
        tied = [run for group in groups if len(group) > 1 for run in group]
        rank = {run: place for place, run in enumerate(self._sorted(tied, _NEWEST))} if tied else {}
        found = [run for group in groups for run in sorted(group, key=lambda run: rank.get(run, 0))]
        if last is not None:
            found += self._newest(all_of(where, self._keyed.equal(last)), limit - len(found))
        return found

    def _passing(self, runs: Sequence[int], where: Node, limit: int) -> list[int]:
        """Those that pass; fewer when the first of them show that `limit` would not come together."""
        probe = runs[:_PROBE]
        found = self._sets.test(probe, where)
        if len(found) * len(runs) < limit * len(probe) // 2:
            return found
        return found + self._sets.test(runs[_PROBE:], where)

    def _dataset_window(self, where: Node | None, limit: int) -> list[int]:
        """A dataset after the other: a run has its place where its first one is."""
        found: dict[int, None] = {}
        for (value,) in self._dataset_values():
            if len(found) >= limit:
                break
            # those that came with an earlier dataset take places in this window too
            same = all_of(where, Compare(self._sort.field, "=", value))
            found |= dict.fromkeys(self._newest(same, limit + len(found)))
        if len(found) < limit:
            found |= dict.fromkeys(self._newest(all_of(where, Not(Has(self._sort.field))), limit - len(found)))
        return list(found)[:limit]

    def _dataset_values(self) -> list[tuple[str]]:
        query = sorting.dataset_values(self._sort.field, self._sort.descending)
        return self._connection.execute(query.text, query.parameters).fetchall()

    def _newest(self, where: Node | None, limit: int) -> list[int]:
        """The newest runs that pass."""
        if limit <= 0:
            return []
        if where is None:
            return self._newest_of("1", limit)
        few = self._sets.few(where, FEW)
        if few is not None:
            return self._sorted(few, _NEWEST)[:limit].tolist()
        found = self._passing(self._newest_of("1", max(_CHUNK, 2 * limit)), where, limit)
        if len(found) >= limit:
            return found[:limit]
        few = self._gathered(where, FEW)
        if few is not None:
            return self._sorted(few, _NEWEST)[:limit].tolist()
        return self._newest_of(self._sets.choose(self._sets.of(where)).text, limit)

    def _newest_of(self, condition: str, limit: int) -> list[int]:
        query = sorting.newest(self._sets.experiments, condition, limit)
        return [row[0] for row in self._connection.execute(query.text, query.parameters)]

    # the whole list of many

    def _whole(self) -> array[int]:
        few = None if self._where is None else self._gathered(self._where, GATHERED)
        if few is not None:
            return self._sorted(few, self._sort)
        by_start = fetch(self._connection, sorting.newest(self._sets.experiments, "1", -1))
        ordered = by_start if self._sort == _NEWEST else self._with_absent(self._by_value(by_start), by_start)
        if self._where is None:
            return ordered
        return self._only(ordered, self._sets.members(self._sets.of(self._where)))

    def _only(self, ids: array[int], members: bytes | bytearray) -> array[int]:
        """The ids whose byte is 1."""
        found = array("q")
        for at in range(0, len(ids), _BLOCK):
            block = ids[at : at + _BLOCK]
            found.extend(compress(block, map(members.__getitem__, block)))
            self._sets.pause()
        return found

    def _with_absent(self, ordered: array[int], by_start: array[int]) -> array[int]:
        """Those without a value behind the others, newest first."""
        if len(ordered) < len(by_start):
            members = self._sets.ones()
            for run in ordered:
                members[run] = 0
            ordered.extend(self._only(by_start, members))
        return ordered

    def _by_value(self, by_start: array[int]) -> array[int]:
        if self._sort.field.kind == "dataset":
            return self._by_dataset(by_start)
        ordered = fetch(self._connection, self._keyed.in_order())
        if self._keyed.indexed:
            self._settle(ordered, self._spans(), by_start)
        return ordered

    def _by_dataset(self, by_start: array[int]) -> array[int]:
        """A dataset after the other; a run that came with an earlier one is not taken again."""
        ordered, spans = array("q"), array("q")
        members = bytearray(self._sets.members(self._sets.everything()))
        for (value,) in self._dataset_values():
            query = sql.source(Compare(self._sort.field, "=", value), self._sets.experiments)
            fresh = self._only(array("q", dict.fromkeys(fetch(self._connection, query))), members)
            for run in fresh:
                members[run] = 0
            if len(fresh) > 1:
                spans.extend((len(ordered), len(ordered) + len(fresh)))
            ordered.extend(fresh)
        self._settle(ordered, spans, by_start)
        return ordered

    def _spans(self) -> array[int]:
        """Begin, end, begin, end ... of the runs that share a value."""
        spans, at = array("q"), 0
        for block in stream(self._connection, self._keyed.ties()):
            for length in block:
                if length > 1:
                    spans.extend((at, at + length))
                at += length
        return spans

    def _settle(self, ordered: array[int], spans: array[int], by_start: array[int]) -> None:
        """Puts the runs of each span into the order of their start."""
        if not spans:
            return
        rank = self._ranks(ordered, spans, by_start)
        paused = 0
        for begin, end in zip(spans[::2], spans[1::2], strict=True):
            if end - paused > _BLOCK:
                self._sets.pause()
                paused = end
            ordered[begin:end] = self._tied(ordered[begin:end], rank, by_start)

    def _ranks(self, ordered: array[int], spans: array[int], by_start: array[int]) -> Callable[[int], int]:
        """The place of a tied run in the order of starts."""
        if sum(spans[1::2]) - sum(spans[::2]) <= FEW:
            few = [run for begin, end in zip(spans[::2], spans[1::2], strict=True) for run in ordered[begin:end]]
            return {run: place for place, run in enumerate(self._sorted(few, _NEWEST))}.__getitem__
        ranks = array("i", [len(by_start)]) * self._sets.size
        for place, run in enumerate(by_start):
            ranks[run] = place
        return ranks.__getitem__

    def _tied(self, tied: array[int], rank: Callable[[int], int], by_start: array[int]) -> array[int]:
        """Some ids in the order of their start."""
        if len(tied) * 32 < len(by_start):
            return array("q", sorted(tied, key=rank))
        # one walk over all: sorting half a million ids would hold the interpreter for a third of a second
        members = bytearray(self._sets.size)
        for run in tied:
            members[run] = 1
        return self._only(by_start, members)


_NEWEST: Final = Sort(Field("attribute", "started_at"), True)
