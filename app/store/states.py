"""How the sources are doing, as the cache keeps it."""

from __future__ import annotations

import sqlite3

from ..records import SourceState

STATE_COLUMNS = tuple(name for name in SourceState.__struct_fields__ if name != "source")
"""Columns of the table `source` that a SourceState fills, beside its key."""


def read_states(connection: sqlite3.Connection) -> list[SourceState]:
    """The state of each source that the settings name, in their order of declaration."""
    columns = ", ".join(STATE_COLUMNS)
    rows = connection.execute(f"SELECT key, {columns} FROM source WHERE NOT hidden ORDER BY id")
    return [SourceState(source=row[0], **dict(zip(STATE_COLUMNS, row[1:], strict=True))) for row in rows]
