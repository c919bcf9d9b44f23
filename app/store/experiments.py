"""Experiments, and the names of what is logged in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..records import Experiment, Record


class ExperimentRow(Record, frozen=True, kw_only=True):
    """An experiment and the row id by which the cache knows it. `source_name` is the source's label."""

    rowid: int
    experiment: Experiment
    source_name: str


class KeyCount(Record, frozen=True, kw_only=True):
    """A metric, param or tag name that occurs in an experiment."""

    kind: str
    name: str


def read_experiments(connection: sqlite3.Connection) -> list[ExperimentRow]:
    """All experiments of the sources in the settings, newest activity first."""
    rows = connection.execute(
        "SELECT e.id, s.key, e.native, e.name, e.lifecycle, e.created_at, e.updated_at, s.name"
        " FROM experiment e JOIN source s ON s.id = e.source WHERE NOT s.hidden"
        " ORDER BY e.lifecycle = 'deleted',"
        " (SELECT max(started_at) FROM run r WHERE r.experiment = e.id) DESC, e.id"
    )
    return [
        ExperimentRow(
            rowid=rowid,
            experiment=Experiment(
                source=source,
                id=native,
                name=name,
                lifecycle=lifecycle,
                created_at=created,
                updated_at=updated,
            ),
            source_name=label,
        )
        for rowid, source, native, name, lifecycle, created, updated, label in rows
    ]


def read_keys(connection: sqlite3.Connection, experiments: Sequence[int]) -> list[KeyCount]:
    """The names of metrics, params and tags in these experiments, in order of kind and name."""
    marks = ", ".join("?" * len(experiments))
    sql = f"SELECT DISTINCT kind, name FROM key WHERE experiment IN ({marks}) ORDER BY kind, name"
    return [KeyCount(kind=kind, name=name) for kind, name in connection.execute(sql, tuple(experiments))]
