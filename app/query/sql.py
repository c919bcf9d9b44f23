"""Tree to SQL. Names of tables and columns are ours; everything that anybody typed is a bound parameter.

Three questions can be put, each a fragment for the tables of `store/schema.py`:

    test(node)            an expression over a row of `run`: primary-key lookups only, 1 or 0, never NULL
    source(leaf, scope)   a SELECT of run ids that is driven by the condition's own index, or else by one scan
    value(field)          an expression over a row of `run`: what it is sorted by, or NULL

`source` may name a run twice and, of an index that knows no experiments, runs out of scope.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from .conditions import Fragment as Fragment  # here as well, for those who put pieces together
from .conditions import condition, joined, label_condition
from .texts import as_number, contains, ilike, search
from .tree import And, Compare, Field, Has, Node, Not, Or, Words

_COLUMNS: Final = {
    "name": "run.name",
    "id": "run.native",
    "status": "run.status",
    "user": "run.user",
    "git_commit": "run.git_commit",
    "parent_id": "run.parent",
    "artifact_uri": "run.artifact_uri",
    "started_at": "run.started_at",
    "ended_at": "run.ended_at",
    "duration": "(run.ended_at - run.started_at) / 1000.0",
    "experiment": "(SELECT x.name FROM experiment AS x WHERE x.id = run.experiment)",
    "experiment_id": "(SELECT x.native FROM experiment AS x WHERE x.id = run.experiment)",
}
_DATASET: Final = {
    "name": "d.name",
    "digest": "d.digest",
    "context": "NULLIF(rd.context, '')",
    "": "d.name || '@' || d.digest",
}
_INDEX: Final = {
    "name": "INDEXED BY run_name",
    "started_at": "INDEXED BY run_started",
    "ended_at": "INDEXED BY run_ended",
    "git_commit": "INDEXED BY run_commit",
    "parent_id": "INDEXED BY run_parent",
}
"""Each covers what its condition reads. Named, because without statistics the planner would read every row of
an experiment through an index that lacks the column: 1 µs a row instead of 0.1."""


_tags = msgspec.json.Decoder(dict[str, str]).decode
_OWN_LABELS: Final = "run_label AS rl CROSS JOIN label AS l ON l.id = rl.label WHERE rl.run = run.id"


def register_functions(connection: sqlite3.Connection) -> None:
    """Gives the connection what SQLite lacks. Twice is once.

    RE2, letters beyond ASCII without their case, texts as numbers, and a tag out of a JSON object by its name (what
    `json_each` calls a key with a quote in it differs between versions of SQLite).
    """
    known = "SELECT 1 FROM pragma_function_list WHERE name = 'qd_search'"
    if connection.execute(known).fetchone():
        return  # SQLite refuses to replace a function while a statement runs
    for name, function in (("qd_search", search), ("qd_ilike", ilike), ("qd_contains", contains)):
        connection.create_function(name, 2, _of_present(function), deterministic=True)
    connection.create_function("qd_number", 1, _number, deterministic=True)
    connection.create_function("qd_tag", 2, _tag, deterministic=True)


def _number(text: str | None) -> float | None:
    return None if text is None else as_number(text)


def _tag(tags: str, name: str) -> str | None:
    """The tag out of the JSON that a row keeps."""
    return _tags(tags).get(name)


def _of_present(function: Callable[[str, str], bool]) -> Callable[[str | None, str], bool | None]:
    """NULL in, NULL out, as SQL's own operators do."""
    return lambda text, pattern: None if text is None else function(text, pattern)


def scoped(column: str, experiments: Sequence[int]) -> Fragment:
    """The column is one of these experiments (`experiment.id`)."""
    if len(experiments) == 1:
        return Fragment(f"{column} = ?", (experiments[0],))
    return Fragment(f"{column} IN (SELECT value FROM json_each(?))", (id_list(experiments),))


def id_list(ids: Iterable[int]) -> str:
    """Row ids as the JSON text that `json_each` takes: one parameter for any number of them."""
    return msgspec.json.encode(list(ids)).decode()


# an expression over a row of run


def test(node: Node) -> Fragment:
    """Whether the row passes: 1 or 0, so that NOT inverts it."""
    if isinstance(node, And | Or):
        word = " AND " if isinstance(node, And) else " OR "
        parts = [test(part) for part in node.parts]
        return joined("(" + word.join(part.text for part in parts) + ")", *parts)
    if isinstance(node, Not):
        inner = test(node.part)
        return Fragment(f"(NOT {inner.text})", inner.parameters)
    if isinstance(node, Words):
        parts = [condition(column, False, ":", node.text) for column in ("run.name", "run.native", "run.git_commit")]
        return joined("((" + " OR ".join(part.text for part in parts) + ") IS TRUE)", *parts)
    if node.field.kind == "attribute":
        inner = _leaf(_COLUMNS[node.field.name], node)
        return Fragment(f"(({inner.text}) IS TRUE)", inner.parameters)
    return _exists(node)


def _exists(leaf: Compare | Has) -> Fragment:
    field = leaf.field
    if field.kind == "dataset":
        inner = _leaf(_DATASET[field.name], leaf)
        tables = "run_dataset AS rd JOIN dataset AS d ON d.id = rd.dataset WHERE rd.run = run.id"
        return Fragment(f"EXISTS (SELECT 1 FROM {tables} AND {inner.text})", inner.parameters)
    key = _own_key(field)
    if field.kind == "metric":
        table, column = _metric_column(field)
        inner = _leaf(column, leaf)
        text = f"EXISTS (SELECT 1 FROM {table} AS m WHERE m.run = run.id AND m.key = {key.text} AND {inner.text})"
    else:
        inner = _label(leaf)
        text = f"EXISTS (SELECT 1 FROM {_OWN_LABELS} AND l.key = {key.text} AND {inner.text})"
    return joined(text, key, inner)


def value(field: Field, *, largest: bool = False) -> Fragment:
    """What the row is sorted by, NULL where it has none: of several datasets the smallest or the largest."""
    if field.kind == "attribute":
        return Fragment(_COLUMNS[field.name])
    if field.kind == "dataset":
        tables = "run_dataset AS rd JOIN dataset AS d ON d.id = rd.dataset WHERE rd.run = run.id"
        return Fragment(f"(SELECT {'max' if largest else 'min'}({_DATASET[field.name]}) FROM {tables})")
    key = _own_key(field)
    if field.kind == "metric":
        table, column = _metric_column(field)
        return Fragment(
            f"(SELECT {column} FROM {table} AS m WHERE m.run = run.id AND m.key = {key.text})", key.parameters
        )
    return Fragment(f"(SELECT l.text FROM {_OWN_LABELS} AND l.key = {key.text})", key.parameters)


def number(field: Field) -> Fragment:
    """The same of a param or tag by value."""
    key = _own_key(field)
    return Fragment(f"(SELECT l.number FROM {_OWN_LABELS} AND l.key = {key.text})", key.parameters)


def dataset_column(field: Field) -> str:
    """What a dataset field reads of `dataset AS d` or, for the context, of `run_dataset AS rd`."""
    return _DATASET[field.name]


def _own_key(field: Field) -> Fragment:
    where = "experiment = run.experiment AND kind = ? AND name = ?"
    return Fragment(f"(SELECT id FROM key WHERE {where})", (field.kind, field.name))


# run ids by a condition's own index


def source(leaf: Compare | Has | Words, experiments: Sequence[int]) -> Fragment:
    """A SELECT of the ids of the runs that pass, by the shortest way there is."""
    if isinstance(leaf, Words):
        return _words(leaf, experiments)
    if leaf.field.kind == "attribute":
        return _attribute(leaf, experiments)
    if leaf.field.kind == "dataset":
        inner = _leaf(_DATASET[leaf.field.name], leaf)
        tables = "dataset AS d CROSS JOIN run_dataset AS rd ON rd.dataset = d.id"
        return Fragment(f"SELECT rd.run AS id FROM {tables} WHERE {inner.text}", inner.parameters)
    keys = all_keys(leaf.field, experiments)
    if leaf.field.kind == "metric":
        table, column = _metric_column(leaf.field)
        inner = _leaf(column, leaf)
        text = f"SELECT m.run AS id FROM {table} AS m WHERE m.key IN ({keys.text}) AND {inner.text}"
    else:
        inner = _label(leaf)
        tables = "label AS l CROSS JOIN run_label AS rl ON rl.label = l.id"
        text = f"SELECT rl.run AS id FROM {tables} WHERE l.key IN ({keys.text}) AND {inner.text}"
    return joined(text, keys, inner)


def all_keys(field: Field, experiments: Sequence[int]) -> Fragment:
    """A SELECT of the ids that this metric, param or tag has in these experiments."""
    scope = scoped("experiment", experiments)
    text = f"SELECT id FROM key WHERE {scope.text} AND kind = ? AND name = ?"
    return Fragment(text, (*scope.parameters, field.kind, field.name))


def is_indexed(leaf: Compare | Has | Words) -> bool:
    """Whether finding few runs costs little: the condition has an index to start from."""
    if isinstance(leaf, Words) or (isinstance(leaf, Compare) and leaf.operator == "~"):
        return False
    if leaf.field.kind != "attribute":
        return True
    exact = isinstance(leaf, Compare) and leaf.operator in ("=", "in", "<", "<=", ">", ">=")
    return exact and (leaf.field.name in _INDEX or leaf.field.name in ("id", "status", "experiment", "experiment_id"))


def _words(leaf: Words, experiments: Sequence[int]) -> Fragment:
    parts = [
        source(Compare(Field("attribute", name), ":", leaf.text), experiments) for name in ("name", "id", "git_commit")
    ]
    return joined(" UNION ALL ".join(part.text for part in parts), *parts)


def _attribute(leaf: Compare | Has, experiments: Sequence[int]) -> Fragment:
    name = leaf.field.name
    inner = _leaf(_COLUMNS[name], leaf)
    scope = scoped("run.experiment", experiments)
    if name in ("experiment", "experiment_id"):
        named = _leaf("x.name" if name == "experiment" else "x.native", leaf)
        chosen = f"run.experiment IN (SELECT x.id FROM experiment AS x WHERE {named.text})"
        return joined(f"SELECT run.id AS id FROM run WHERE {chosen} AND {scope.text}", named, scope)
    if name == "id":
        return Fragment(
            f"SELECT run.id AS id FROM run WHERE run.source IN (SELECT id FROM source) AND {inner.text}",
            inner.parameters,
        )
    if name in ("ended_at", "git_commit", "parent_id"):
        text = f"SELECT run.id AS id FROM run {_INDEX[name]} WHERE {_COLUMNS[name]} IS NOT NULL AND {inner.text}"
        return Fragment(text, inner.parameters)
    index = _INDEX.get(name, "NOT INDEXED")
    if name == "status":
        index = "INDEXED BY run_status"
    return joined(f"SELECT run.id AS id FROM run {index} WHERE {scope.text} AND {inner.text}", scope, inner)


# conditions


def _metric_column(field: Field) -> tuple[str, str]:
    return ("metric", "m.value") if field.part == "last" else ("extreme", f"m.{field.part}")


def _leaf(column: str, leaf: Compare | Has) -> Fragment:
    """The condition on a column. A metric's last value is NULL for NaN and its row is the presence."""
    nan_is_null = leaf.field.kind == "metric" and leaf.field.part == "last"
    if isinstance(leaf, Has):
        return Fragment("1" if nan_is_null else f"{column} IS NOT NULL")
    return condition(column, nan_is_null, leaf.operator, leaf.value)


def _label(leaf: Compare | Has) -> Fragment:
    return Fragment("1") if isinstance(leaf, Has) else label_condition("l.text", "l.number", leaf.operator, leaf.value)
