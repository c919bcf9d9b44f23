"""What each run has for a param, a tag or a parent, as small integers by row id.

The labels of a key are read a value at a time from `label_run`: a million runs take half a second, most of it inside
SQLite, which lets go of the interpreter.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..query import Field, sql
from ..query.sql import Fragment
from .runsets import RunSets, split

PARENT: Final = Field("attribute", "parent_id")
"""Runs below one parent: the folds and trials of a sweep."""

MANY: Final = 1_000
"""Distinct values are counted up to here: a key with more is not folded by to be looked at."""

_OFTEN: Final = 1_000
"""Values or runs between two looks at whether somebody interrupted."""

_SYSTEM: Final = "mlflow."
"""Tags that MLflow writes for itself."""


@dataclass(frozen=True, slots=True)
class Labels:
    """One key of many runs. `codes[row id]` is 0 where the run has none, else 1 + the place in `texts`."""

    texts: list[str]
    codes: array[int]


@dataclass(frozen=True, slots=True)
class Foldable:
    """A key by which runs can be folded, and how many distinct values it has; MANY + 1 stands for more."""

    field: Field
    distinct: int


def labels(sets: RunSets, field: Field) -> Labels:
    """The texts of one param or tag, or the parents' native ids, of all runs of the experiments. In a snapshot."""
    query = _parents() if field == PARENT else _labelled(field, sets.experiments)
    texts: dict[str, int] = {}
    codes = array("i", bytes(4 * sets.size))
    paused = 0
    for number, (text, joined) in enumerate(sets.connection.execute(query.text, query.parameters)):
        code = texts.setdefault(text, len(texts) + 1)  # two experiments have a label each for one text
        for block in split(joined):
            for run in block:
                codes[run] = code
            if len(block) > _OFTEN or number - paused > _OFTEN:  # a look costs as much as two values
                sets.pause()
                paused = number
    return Labels(list(texts), codes)


def _parents() -> Fragment:
    return Fragment(
        "SELECT parent, CAST(group_concat(id) AS BLOB) FROM run INDEXED BY run_parent"
        " WHERE parent IS NOT NULL GROUP BY parent"
    )


def _labelled(field: Field, experiments: Sequence[int]) -> Fragment:
    keys = sql.all_keys(field, experiments)
    return Fragment(
        "SELECT l.text, CAST(group_concat(rl.run) AS BLOB) FROM label AS l CROSS JOIN run_label AS rl"
        f" ON rl.label = l.id WHERE l.key IN ({keys.text}) GROUP BY l.id",
        keys.parameters,
    )


def foldable(connection: sqlite3.Connection, experiments: Sequence[int]) -> list[Foldable]:
    """Params, tags and parents of these experiments: those that differ first, of few values before many.

    A walk of at most MANY index entries a key, so it may be asked on the interface's own thread.
    """
    scope = sql.scoped("experiment", experiments)
    names = connection.execute(
        f"SELECT DISTINCT kind, name FROM key WHERE {scope.text} AND kind IN ('param', 'tag') ORDER BY kind, name",
        scope.parameters,
    ).fetchall()
    fields = [Field(kind, name) for kind, name in names if kind == "param" or not name.startswith(_SYSTEM)]
    found = [Foldable(field, _distinct(connection, field, experiments)) for field in fields]
    found.append(Foldable(PARENT, _distinct_parents(connection, experiments)))
    return sorted((one for one in found if one.distinct), key=_worth)


def _worth(one: Foldable) -> tuple[bool, bool, bool]:
    return one.distinct < 2, one.distinct > MANY, one.field.kind == "tag"


def _distinct(connection: sqlite3.Connection, field: Field, experiments: Sequence[int]) -> int:
    keys = sql.all_keys(field, experiments)
    text = f"SELECT count(*) FROM (SELECT DISTINCT text FROM label WHERE key IN ({keys.text}) LIMIT {MANY + 1})"
    return int(connection.execute(text, keys.parameters).fetchone()[0])


def _distinct_parents(connection: sqlite3.Connection, experiments: Sequence[int]) -> int:
    """From one parent to the next in the index, without reading the children between."""
    scope = sql.scoped("experiment", experiments)
    text = (
        "WITH RECURSIVE next(id) AS (SELECT min(parent) FROM run WHERE parent IS NOT NULL UNION ALL"
        " SELECT (SELECT min(parent) FROM run WHERE parent > next.id) FROM next WHERE id IS NOT NULL LIMIT"
        f" {MANY + 1}) SELECT count(*) FROM next WHERE EXISTS"
        f" (SELECT 1 FROM run INDEXED BY run_parent WHERE parent = next.id AND {scope.text})"
    )
    return int(connection.execute(text, scope.parameters).fetchone()[0])
