"""Runs, put together from the tables that hold their parts: metrics, params and tags, datasets.

A window of a table shows a dozen of what may be thousands of names, so a caller says which ones it wants.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from ..records import Dataset, Metric, Run

Names: TypeAlias = AbstractSet[tuple[str, str]]
"""Pairs of kind and name: ("metric", "val_auc")."""


def read_runs(connection: sqlite3.Connection, rowids: Sequence[int], wanted: Names | None) -> dict[int, Run]:
    """The runs with these row ids, by them; of metrics, params and tags those that are wanted, with None all."""
    ids = tuple(rowids)
    metrics = _metrics(connection, ids, wanted)
    labels = _labels(connection, ids, wanted)
    datasets = _datasets(connection, ids)
    sql = (
        "SELECT r.id, s.key, r.native, e.native, r.name, r.status, r.started_at, r.ended_at, r.user,"
        " r.git_commit, r.parent, r.artifact_uri FROM run r JOIN source s ON s.id = r.source"
        f" JOIN experiment e ON e.id = r.experiment WHERE r.id IN ({_marks(ids)})"
    )
    return {
        row[0]: Run(
            source=row[1], id=row[2], experiment_id=row[3], name=row[4], status=row[5], started_at=row[6],
            ended_at=row[7], user=row[8], git_commit=row[9], parent_id=row[10], artifact_uri=row[11],
            params=labels["param"][row[0]], tags=labels["tag"][row[0]], metrics=metrics[row[0]],
            datasets=tuple(datasets[row[0]]),
        )
        for row in connection.execute(sql, ids)
    }  # fmt: skip


def _metrics(
    connection: sqlite3.Connection, ids: tuple[int, ...], wanted: Names | None
) -> dict[int, dict[str, Metric]]:
    found: dict[int, dict[str, Metric]] = defaultdict(dict)
    sql = (
        "SELECT m.run, k.name, m.value, m.step, m.at FROM metric m JOIN key k ON k.id = m.key"
        f" WHERE m.run IN ({_marks(ids)})"
    )
    bound = ids
    if wanted is not None:
        keys = _key_ids(connection, "metric", wanted)
        sql, bound = f"{sql} AND m.key IN ({_marks(keys)})", (*ids, *keys)
    for run, name, value, step, at in connection.execute(sql, bound):
        found[run][name] = Metric(value=float("nan") if value is None else value, step=step, at=at)
    return found


def _labels(
    connection: sqlite3.Connection, ids: tuple[int, ...], wanted: Names | None
) -> dict[str, dict[int, dict[str, str]]]:
    """Params and tags, by kind."""
    found: dict[str, dict[int, dict[str, str]]] = {"param": defaultdict(dict), "tag": defaultdict(dict)}
    if wanted is not None and all(kind == "metric" for kind, _ in wanted):
        return found
    sql = (
        "SELECT rl.run, k.kind, k.name, l.text FROM run_label rl JOIN label l ON l.id = rl.label"
        f" JOIN key k ON k.id = l.key WHERE rl.run IN ({_marks(ids)})"
    )
    bound = ids
    if wanted is not None:
        keys = _key_ids(connection, "param", wanted) + _key_ids(connection, "tag", wanted)
        sql, bound = f"{sql} AND l.key IN ({_marks(keys)})", (*ids, *keys)
    for run, kind, name, text in connection.execute(sql, bound):
        found[kind][run][name] = text
    return found


def _datasets(connection: sqlite3.Connection, ids: tuple[int, ...]) -> dict[int, list[Dataset]]:
    found: dict[int, list[Dataset]] = defaultdict(list)
    sql = (
        "SELECT rd.run, rd.context, d.name, d.digest, d.source_type, d.origin, d.schema, d.profile"
        f" FROM run_dataset rd JOIN dataset d ON d.id = rd.dataset WHERE rd.run IN ({_marks(ids)})"
        " ORDER BY rd.run, rd.dataset, rd.context"
    )
    for run, context, name, digest, source_type, origin, schema, profile in connection.execute(sql, ids):
        found[run].append(
            Dataset(
                name=name, digest=digest, context=context or None, source_type=source_type, origin=origin,
                schema=schema, profile=profile,
            )
        )  # fmt: skip
    return found


def _key_ids(connection: sqlite3.Connection, kind: str, wanted: Names) -> list[int]:
    names = [name for of, name in wanted if of == kind]
    sql = f"SELECT id FROM key WHERE kind = ? AND name IN ({_marks(names)})"
    return [row[0] for row in connection.execute(sql, (kind, *names))]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
