"""The beginnings of artifact files that somebody looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from ..records import ArtifactContent, Millis

KEPT: Final = 200
"""Files, the last ones that were read: at most 200 MB, and they can be fetched again."""


def write_contents(cursor: sqlite3.Cursor, source: int, contents: Iterable[ArtifactContent], now: Millis) -> None:
    """Keep these, inside the caller's transaction, and let go of the oldest. Files of unknown runs are passed over."""
    rows = [(now, one.size, one.truncated, one.sentence, one.data, one.path, source, one.run_id) for one in contents]
    if not rows:
        return
    cursor.executemany(
        "INSERT OR REPLACE INTO artifact (read_at, size, truncated, sentence, data, path, run)"
        " SELECT ?, ?, ?, ?, ?, ?, id FROM run WHERE source = ? AND native = ?",
        rows,
    )
    # a replaced row gets a new id, so ids stand in the order of reading
    cursor.execute("DELETE FROM artifact WHERE id <= (SELECT max(id) FROM artifact) - ?", (KEPT,))


def read_content(connection: sqlite3.Connection, run: int, path: str) -> ArtifactContent | None:
    """One file of the run with this row id, None where it was never read."""
    row = connection.execute(
        "SELECT s.key, r.native, a.data, a.size, a.truncated, a.sentence FROM artifact a JOIN run r ON r.id = a.run"
        " JOIN source s ON s.id = r.source WHERE a.run = ? AND a.path = ?",
        (run, path),
    ).fetchone()
    if row is None:
        return None
    source, native, data, size, truncated, sentence = row
    return ArtifactContent(
        source=source, run_id=native, path=path, data=data, size=size, truncated=bool(truncated), sentence=sentence
    )
