"""Which checks are of data that is called so, and how they stand: what is told of many without reading them."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

LOOKED_AT: Final = 5_000
"""Checks of one dataset that are looked at: a suite has hundreds."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"


class Standing(NamedTuple):
    """How a check stands by its newest result."""

    outcome: str
    is_removed: bool


def checks_of_name(connection: sqlite3.Connection, name: str, tool: str | None = None) -> dict[int, Standing]:
    """The checks of data that is called so, by one tool or by any; by their row ids. None for the empty text."""
    if not name:
        return {}
    which, bound = ("", (name,)) if tool is None else (" AND s.tool = ?", (name, tool))
    rows = connection.execute(
        "SELECT c.id, c.outcome, c.removed_at IS NOT NULL FROM check_scope s INDEXED BY check_scope_dataset"
        f" JOIN data_check c ON c.scope = s.id WHERE s.dataset = ?{which} AND +s.{_VISIBLE}"
        " ORDER BY c.checked_at DESC, c.id LIMIT ?",
        (*bound, LOOKED_AT),
    )
    return {rowid: Standing(outcome, bool(is_removed)) for rowid, outcome, is_removed in rows}
