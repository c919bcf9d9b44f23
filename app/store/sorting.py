"""Where the values of a sort come from, and the statements that walk them in order.

A `Keyed` names the runs that have the sort key, one part an index range: a key id is an experiment's, so one
metric over several experiments is several ranges. Each part alone is read in order without sorting.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..query import Compare, Field, Has, Node, Not, Or, Sort, sql
from ..query.sql import Fragment

_MOST_PARTS: Final = 100
"""SQLite takes 500 arms of a compound SELECT. With more ranges than this they are read as one and sorted."""
BY_START: Final = "run.started_at DESC, run.id DESC"
"""The order of ties, and of all when nothing else is asked for: how `run_started` reads backwards."""
_OWN_INDEX: Final = {"name": "run_name", "status": "run_status", "started_at": "run_started"}
_SHARED_INDEX: Final = {"ended_at": "run_ended", "git_commit": "run_commit", "parent_id": "run_parent"}


class Keyed(NamedTuple):
    """The runs that have a sort key: `FROM` and `WHERE` of each part, and the columns in it."""

    field: Field
    descending: bool
    parts: tuple[Fragment, ...]
    value: str
    run: str
    indexed: bool = True
    """An index keeps them in order; else all are read and sorted."""

    @property
    def _down(self) -> str:
        return " DESC" if self.descending else ""

    def best(self, limit: int, chosen: bool) -> Fragment:
        """A SELECT of id and value of the first `limit` runs. Without an index complete, else ties in no order."""
        only, order = self._only(chosen), f"ORDER BY v{self._down}{'' if self.indexed else ', ' + BY_START} LIMIT ?"
        columns = f"{self.run} AS id, {self.value} AS v"
        arms = [f"SELECT * FROM (SELECT {columns} FROM {part.text}{only} {order})" for part in self.parts]
        parameters = [one for part in self.parts for one in (*part.parameters, limit)]
        if len(arms) == 1:
            return Fragment(arms[0], tuple(parameters))
        text = f"SELECT id, v FROM ({' UNION ALL '.join(arms)}) ORDER BY v{self._down} LIMIT ?"
        return Fragment(text, (*parameters, limit))

    def in_order(self) -> Fragment:
        """A SELECT of all runs by value. Without an index the order is complete, else ties are in no order."""
        if not self.indexed:
            (part,) = self.parts
            text = f"SELECT run.id AS id FROM {part.text} ORDER BY {self.value}{self._down}, {BY_START}"
            return Fragment(text, part.parameters)
        inner = self._union()  # v stays in the result: only then SQLite merges the parts instead of sorting them
        return Fragment(f"{inner.text} ORDER BY v{self._down}", inner.parameters)

    def ties(self) -> Fragment:
        """A SELECT of how many runs share each value, in the order of `in_order`, as `id`."""
        inner = self._union()
        text = f"SELECT count(*) AS id FROM ({inner.text}) GROUP BY v ORDER BY v{self._down}"
        return Fragment(text, inner.parameters)

    def _only(self, chosen: bool) -> str:
        return f" AND qd_chosen({self.run})" if chosen else ""

    def _union(self) -> Fragment:
        arms = [f"SELECT {self.run} AS id, {self.value} AS v FROM {part.text}" for part in self.parts]
        return Fragment(" UNION ALL ".join(arms), tuple(one for part in self.parts for one in part.parameters))

    def equal(self, value: str | float) -> Node:
        """The condition that a run has just this value."""
        return Compare(self.field, "=", value)

    def absent(self) -> Node:
        """The condition that a run has no place among these: NaN has none either."""
        missing = Not(Has(self.field))
        if self.field.kind == "metric" and self.field.part == "last":
            return Or((missing, Compare(self.field, "=", float("nan"))))
        return missing


def keyed(connection: sqlite3.Connection, experiments: Sequence[int], sort: Sort) -> Keyed:
    """Where the values of a sort come from. Not for datasets: a run has several."""
    if sort.field.kind == "attribute":
        return _attribute(experiments, sort)
    query = sql.all_keys(sort.field, experiments)
    keys = [key for (key,) in connection.execute(query.text, query.parameters)]
    if sort.field.kind == "metric":
        table, column = ("metric", "value") if sort.field.part == "last" else ("extreme", sort.field.part)
        parts = _parts(f"{table} AS m WHERE", "m.key", keys, f"m.{column} IS NOT NULL")
        return Keyed(sort.field, sort.descending, parts, f"m.{column}", "m.run")
    column = "l.number" if is_numeric(connection, keys) else "l.text"
    tables = "label AS l CROSS JOIN run_label AS rl ON rl.label = l.id WHERE"
    parts = _parts(tables, "l.key", keys, f"{column} IS NOT NULL")
    return Keyed(sort.field, sort.descending, parts, column, "rl.run")


def is_numeric(connection: sqlite3.Connection, keys: Sequence[int]) -> bool:
    """Whether every value that was logged under these keys is a number."""
    text = "SELECT 1 FROM label WHERE key IN (SELECT value FROM json_each(?)) AND number IS NULL LIMIT 1"
    return connection.execute(text, (sql.id_list(keys),)).fetchone() is None


def _attribute(experiments: Sequence[int], sort: Sort) -> Keyed:
    name = sort.field.name
    column = sql.value(sort.field).text
    if name in _OWN_INDEX:
        parts = _parts(
            f"run INDEXED BY {_OWN_INDEX[name]} WHERE", "run.experiment", experiments, f"{column} IS NOT NULL"
        )
        return Keyed(sort.field, sort.descending, parts, column, "run.id")
    scope = sql.scoped("run.experiment", experiments)
    index = f"INDEXED BY {_SHARED_INDEX[name]}" if name in _SHARED_INDEX else "NOT INDEXED"
    part = Fragment(f"run {index} WHERE {column} IS NOT NULL AND {scope.text}", scope.parameters)
    return Keyed(sort.field, sort.descending, (part,), column, "run.id", indexed=name in _SHARED_INDEX)


def _parts(tables: str, column: str, ids: Sequence[int], condition: str) -> tuple[Fragment, ...]:
    if len(ids) > _MOST_PARTS or not ids:
        scope = sql.scoped(column, ids)
        return (Fragment(f"{tables} {scope.text} AND {condition}", scope.parameters),)
    return tuple(Fragment(f"{tables} {column} = ? AND {condition}", (one,)) for one in ids)


def newest(experiments: Sequence[int], condition: str, limit: int) -> Fragment:
    """A SELECT of the newest runs that pass a condition over `run`; a limit of -1 is none."""
    columns = "run.id AS id, run.started_at AS s FROM run INDEXED BY run_started WHERE"
    order = "ORDER BY s DESC, id DESC LIMIT ?"
    if len(experiments) == 1 or len(experiments) > _MOST_PARTS or limit < 0:
        scope = sql.scoped("run.experiment", experiments)
        return Fragment(f"SELECT {columns} {scope.text} AND {condition} {order}", (*scope.parameters, limit))
    arms = [f"SELECT * FROM (SELECT {columns} run.experiment = ? AND {condition} {order})" for _one in experiments]
    parameters = [parameter for one in experiments for parameter in (one, limit)]
    text = " UNION ALL ".join(arms) or "SELECT 0 AS id, 0 AS s WHERE 0"
    return Fragment(f"SELECT id FROM ({text}) {order}", (*parameters, limit))


def dataset_values(field: Field, descending: bool) -> Fragment:
    """A SELECT of the distinct values of a dataset field, in order."""
    tables = "run_dataset AS rd" if field.name == "context" else "dataset AS d"
    column = sql.dataset_column(field)
    down = " DESC" if descending else ""
    return Fragment(f"SELECT DISTINCT {column} AS v FROM {tables} WHERE {column} IS NOT NULL ORDER BY v{down}")
