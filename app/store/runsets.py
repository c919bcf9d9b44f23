"""Which runs pass a filter, as sets over a million row ids.

A set is a Python int with one byte a row id (1 or 0): a condition fills it from its own index in one statement
(0.13 s for 900,000 ids, during which SQLite lets go of the interpreter), and AND, OR, NOT are one machine
operation each (0.2 ms). Few candidates are tested by primary-key lookups instead (4 µs each).
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

import msgspec

from ..query import sql
from ..query.sql import Fragment
from ..query.texts import search_all
from ..query.tree import And, Compare, Has, Node, Not, Or, Words

RunSet: TypeAlias = int

LOOKUPS: Final = 20_000
"""Up to so many candidates it is cheaper to look each up than to fill a set from a wide index."""
_KEPT: Final = 6
"""Sets that are remembered, 1 MB each at a million runs: while somebody types, most conditions stay."""
_BLOCK: Final = 1 << 18

_BATCH: Final = 200

_ids = msgspec.json.Decoder(list[int]).decode


def stream(connection: sqlite3.Connection, query: Fragment) -> Iterator[list[int]]:
    """The column `id` of a SELECT, in its order, in blocks of some ten thousand.

    Put together by SQLite into one text and read by msgspec: a third of the time of fetching row by row, and
    the interpreter is free for other threads meanwhile. SQLite keeps the order of a subquery for group_concat.
    """
    text = f"SELECT CAST(group_concat(id) AS BLOB) FROM ({query.text})"
    (joined,) = connection.execute(text, query.parameters).fetchone()
    yield from split(joined or b"")


def split(joined: bytes) -> Iterator[list[int]]:
    """Ids that `group_concat` joined, in blocks of some ten thousand: a million at once would be 40 MB of objects."""
    at, end = 0, len(joined)
    while at < end:
        cut = joined.find(b",", at + _BLOCK)
        cut = end if cut < 0 else cut
        yield _ids(b"[" + joined[at:cut] + b"]")
        at = cut + 1


def fetch(connection: sqlite3.Connection, query: Fragment) -> array[int]:
    """The same as one array of 64-bit integers."""
    found = array("q")
    for block in stream(connection, query):
        found.extend(block)
    return found


def visible(connection: sqlite3.Connection, experiments: Sequence[int] | None) -> list[int]:
    """The experiments that were asked for (None: all) and whose source is in the settings."""
    text = "SELECT e.id FROM experiment AS e JOIN source AS s ON s.id = e.source WHERE NOT s.hidden"
    found = [one for (one,) in connection.execute(text)]
    asked = set(found if experiments is None else experiments)
    return [one for one in found if one in asked]


class _Memory:
    """What is kept for a connection: the sets of the last conditions, and the one that SQL can ask."""

    def __init__(self) -> None:
        self.version: tuple[object, ...] = ()
        self.sets: OrderedDict[object, RunSet] = OrderedDict()
        self.chosen = bytearray()

    def token(self) -> int:
        """What names it in `_memories`."""
        return id(self)


_memories: WeakValueDictionary[int, _Memory] = WeakValueDictionary()
"""Each belongs to its connection (which can neither be referred to weakly nor carry an attribute): the bound
method that the connection holds as SQL function keeps it alive."""


def _memory(connection: sqlite3.Connection) -> _Memory:
    known = "SELECT count(*) FROM pragma_function_list WHERE name = 'qd_memory'"
    if not connection.execute(known).fetchone()[0]:
        memory = _Memory()
        _memories[memory.token()] = memory
        # bound once: SQLite refuses to replace a function while a statement runs
        connection.create_function("qd_chosen", 1, memory.chosen.__getitem__)
        connection.create_function("qd_memory", 0, memory.token)
        sql.register_functions(connection)
    return _memories[connection.execute("SELECT qd_memory()").fetchone()[0]]


class RunSets:
    """Sets of the runs of some experiments, read in one snapshot. All of it is interruptible."""

    def __init__(self, connection: sqlite3.Connection, experiments: Sequence[int]) -> None:
        self.connection = connection
        self.experiments = tuple(experiments)
        self._memory = _memory(connection)
        self.size = 0
        """One more than the largest row id."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One moment of the data for several statements.

        A statement that is left half read holds the read transaction, and it keeps an interruption standing that
        comes between two statements: SQLite forgets it only when none is active.
        """
        half_read = self.connection.execute("SELECT 1 FROM sqlite_schema")
        try:
            self.refresh()
            yield
        finally:
            half_read.close()

    def pause(self) -> None:
        """Between two pieces of work in Python: raises when somebody interrupted."""
        self.connection.execute("SELECT 1").fetchone()

    def refresh(self) -> None:
        """Forget what another version of the data said. To be called when the snapshot is taken."""
        (data,) = self.connection.execute("PRAGMA data_version").fetchone()
        version = (data, self.connection.total_changes)
        if version != self._memory.version:
            self._memory.sets.clear()
            self._memory.version = version
        (last,) = self.connection.execute("SELECT max(id) FROM run").fetchone()
        self.size = (last or 0) + 1

    def choose(self, chosen: RunSet) -> Fragment:
        """Makes `qd_chosen(id)` answer whether the run is in the set; gives the expression over `run`."""
        self._memory.chosen[:] = chosen.to_bytes(self.size, "little")
        return Fragment("qd_chosen(run.id)")

    def ones(self) -> bytearray:
        """A 1 for every row id."""
        return bytearray(b"\1") * self.size

    def members(self, chosen: RunSet) -> bytes:
        """One byte a row id: 1 or 0."""
        return chosen.to_bytes(self.size, "little")

    def everything(self) -> RunSet:
        """All runs of the experiments."""
        scope = sql.scoped("run.experiment", self.experiments)
        query = Fragment(f"SELECT run.id AS id FROM run INDEXED BY run_started WHERE {scope.text}", scope.parameters)
        return self._remembered("everything", lambda: self._filled(query))

    def of(self, node: Node) -> RunSet:
        """The runs that pass."""
        if isinstance(node, Not):
            everything = self.everything()
            return everything ^ (everything & self.of(node.part))
        if isinstance(node, Or):
            found = 0
            for part in node.parts:
                found |= self.of(part)
            return found
        if isinstance(node, And):
            return self._all_of(node)
        return self._remembered(node, lambda: self._leaf(node))

    def few(self, node: Node, most: int) -> list[int] | None:
        """The runs that pass, in no order, when an index shows that there cannot be more than `most`; else None."""
        candidates = self._candidates(node, most)
        return None if candidates is None else self.test(candidates, node)

    def test(self, ids: Sequence[int], node: Node) -> list[int]:
        """Those of the ids that pass, in their order."""
        test, scope = sql.test(node), sql.scoped("run.experiment", self.experiments)
        text = (
            "SELECT run.id FROM json_each(?) AS one CROSS JOIN run ON run.id = one.value "
            f"WHERE {scope.text} AND {test.text}"
        )
        parameters = (sql.id_list(ids), *scope.parameters, *test.parameters)
        return [run for (run,) in self.connection.execute(text, parameters)]

    def _all_of(self, node: And) -> RunSet:
        few = self.few(node, LOOKUPS)
        if few is not None:
            return self._set(few)
        parts = sorted(node.parts, key=_cost)
        found = self.of(parts[0])
        for at, part in enumerate(parts[1:], 1):
            if found.bit_count() <= LOOKUPS:
                rest = parts[at:]
                return self._set(self.test(self.listed(found), And(tuple(rest)) if len(rest) > 1 else rest[0]))
            found &= self.of(part)
        return found

    def _candidates(self, node: Node, most: int) -> list[int] | None:
        """A short list that holds at least all runs that pass, or None where no index gives one."""
        if isinstance(node, And):
            best: list[int] | None = None
            for part in node.parts:
                found = self._candidates(part, most if best is None else len(best) - 1)
                best = best if found is None else found
            return best
        if isinstance(node, Or):
            union: set[int] = set()
            for part in node.parts:
                found = self._candidates(part, most - len(union))
                if found is None:
                    return None
                union.update(found)
            return list(union)
        if isinstance(node, Not) or most < 0 or not sql.is_indexed(node):
            return None
        query = sql.source(node, self.experiments)
        rows = self.connection.execute(f"{query.text} LIMIT ?", (*query.parameters, most + 1)).fetchall()
        return list({run for (run,) in rows}) if len(rows) <= most else None

    def _leaf(self, leaf: Compare | Has | Words) -> RunSet:
        if isinstance(leaf, Compare) and leaf.operator == "~" and leaf.field.kind == "attribute":
            found = self._set(self._searched(leaf))
        else:
            found = self._filled(sql.source(leaf, self.experiments))
        return found if _knows_scope(leaf) else found & self.everything()

    def _searched(self, leaf: Compare) -> Iterator[int]:
        """The runs in which a regular expression occurs, a batch of texts at a time."""
        present = sql.source(Has(leaf.field), self.experiments)
        column = sql.value(leaf.field).text
        query = present.text.replace("run.id AS id", f"run.id AS id, {column}", 1)
        rows = self.connection.execute(query, present.parameters)
        while batch := rows.fetchmany(_BATCH):
            yield from compress(
                (run for run, _text in batch), search_all([text for _run, text in batch], str(leaf.value))
            )

    def _filled(self, query: Fragment) -> RunSet:
        members = bytearray(self.size)
        for block in stream(self.connection, query):
            for run in block:
                members[run] = 1
        return int.from_bytes(members, "little")

    def _set(self, ids: Iterable[int]) -> RunSet:
        members = bytearray(self.size)
        for run in ids:
            members[run] = 1
        return int.from_bytes(members, "little")

    def listed(self, chosen: RunSet) -> list[int]:
        """The ids in a set, ascending."""
        members, found, at = self.members(chosen), [], -1
        while (at := members.find(1, at + 1)) >= 0:
            found.append(at)
        return found

    def _remembered(self, what: object, make: Callable[[], RunSet]) -> RunSet:
        key = (self.experiments, what)
        sets = self._memory.sets
        if key not in sets:
            sets[key] = make()
        sets.move_to_end(key)
        while len(sets) > _KEPT:
            sets.popitem(last=False)
        return sets[key]


def _knows_scope(leaf: Compare | Has | Words) -> bool:
    """Whether its source names only runs of the experiments that were asked for."""
    if isinstance(leaf, Words):
        return False
    if leaf.field.kind == "attribute":
        return leaf.field.name not in ("id", "ended_at", "git_commit", "parent_id")
    return leaf.field.kind != "dataset"


def _cost(node: Node) -> int:
    """What to fill a set from first: an index, then several, then a scan."""
    if isinstance(node, Compare | Has | Words):
        return 0 if sql.is_indexed(node) else 3
    return 2 if isinstance(node, Not) else 1
