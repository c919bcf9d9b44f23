"""Which datasets there are: of MLflow's inputs, of DVC and of checks, folded where the settings declare them one.

Distinct names are found by leaping from one to the next in an index, so that a million versions of one name cost as
much as one.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from ..records import DatasetName, Identities, Millis, Record

MOST: Final = 20_000
"""Names of one tool that are told apart: 0.5 s."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_LEAP: Final = (
    "WITH RECURSIVE one (name) AS (SELECT min(name) FROM {table} UNION ALL"
    " SELECT (SELECT min(name) FROM {table} WHERE name > one.name) FROM one WHERE one.name IS NOT NULL LIMIT ?)"
)
_OF_RUNS: Final = (
    f"{_LEAP.format(table='dataset')} SELECT 'mlflow', one.name, d.first_at FROM one JOIN dataset d ON d.id ="
    f" (SELECT id FROM dataset WHERE name = one.name AND {_VISIBLE} ORDER BY first_at DESC, id LIMIT 1)"
)
_OF_DVC: Final = (
    f"{_LEAP.format(table='data_version')} SELECT 'dvc', one.name, v.at FROM one JOIN data_version v ON v.id ="
    f" (SELECT id FROM data_version WHERE name = one.name AND {_VISIBLE} ORDER BY at DESC, id LIMIT 1)"
    " AND v.kind IN ('data', ?)"
)
_OF_CHECKS: Final = (
    "SELECT c.tool, c.dataset, max((SELECT max(checked_at) FROM data_check WHERE scope = c.id)) FROM check_scope c"
    f" WHERE {_VISIBLE} AND c.dataset != '' GROUP BY c.tool, c.dataset LIMIT ?"
)


class DatasetRow(Record, frozen=True, kw_only=True):
    """A dataset, under all names that count as it."""

    name: str
    """The declared one, else the tools' own."""
    is_declared: bool = False
    said_by: tuple[DatasetName, ...] = ()
    """Who knows it under which name, sorted by tool; nobody where it is declared only."""
    at: Millis | None = None
    """When something was last heard of it: a version that appeared, a check."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Who knows it, sorted."""
        return tuple(sorted({part.tool for part in self.said_by}))


def dataset_names(connection: sqlite3.Connection, identities: Identities, *, outputs: bool) -> list[DatasetRow]:
    """All datasets, the one last heard of first. `outputs`: with the models that DVC tracks as well."""
    known: dict[str, dict[DatasetName, Millis | None]] = defaultdict(dict)
    for identity in identities.declared:
        known[identity.name] = {}
    for sql, bound in ((_OF_RUNS, (MOST,)), (_OF_DVC, (MOST, "model" if outputs else "data")), (_OF_CHECKS, (MOST,))):
        for tool, name, at in connection.execute(sql, bound):
            known[identities.name_of(tool, name) or name][called(tool, name, identities)] = at
    declared = {identity.name for identity in identities.declared}
    rows = [_row(name, parts, name in declared) for name, parts in known.items()]
    return sorted(rows, key=lambda row: (row.at is None, -(row.at or 0), row.name))


def _row(name: str, parts: dict[DatasetName, Millis | None], is_declared: bool) -> DatasetRow:
    times = [at for at in parts.values() if at is not None]
    said_by = tuple(sorted(parts, key=lambda part: (part.tool, part.name)))
    return DatasetRow(name=name, is_declared=is_declared, said_by=said_by, at=max(times, default=None))


def called(tool: str, name: str, identities: Identities) -> DatasetName:
    """A tool's name, and whether the settings declare whose it is."""
    return DatasetName(tool=tool, name=name, by="declared" if identities.name_of(tool, name) else "name")


def names_of(name: str, tool: str, identities: Identities) -> list[DatasetName]:
    """What one tool may call a dataset: the names that are declared to be it, and its own where that is no other's."""
    declared = [own for of, own in identities.names_of(name) if of == tool]
    own = [] if name in declared or identities.name_of(tool, name) not in (None, name) else [name]
    return [called(tool, one, identities) for one in (*declared, *own)]
