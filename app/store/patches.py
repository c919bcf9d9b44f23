"""What commits changed in single files, of those that somebody looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from ..records import Millis, Patch

KEPT: Final = 200
"""Patches, the last ones that were read: at most 25 MB, and Git has them all."""


def write_patches(cursor: sqlite3.Cursor, source: int, patches: Iterable[Patch], now: Millis) -> bool:
    """Keep these, inside the caller's transaction, and let go of the oldest. Whether there were any."""
    rows = [(source, one.commit, one.path, now, one.truncated, one.sentence, one.data) for one in patches]
    if not rows:
        return False
    cursor.executemany(
        "INSERT OR REPLACE INTO patch (source, sha, path, read_at, truncated, sentence, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    # a replaced row gets a new id, so ids stand in the order of reading
    cursor.execute("DELETE FROM patch WHERE id <= (SELECT max(id) FROM patch) - ?", (KEPT,))
    return True


def read_patch(connection: sqlite3.Connection, source: str, commit: str, path: str) -> Patch | None:
    """What a commit changed in a file; None where it was never read."""
    row = connection.execute(
        "SELECT p.data, p.truncated, p.sentence FROM patch p JOIN source s ON s.id = p.source"
        " WHERE s.key = ? AND p.sha = ? AND p.path = ?",
        (source, commit, path),
    ).fetchone()
    if row is None:
        return None
    data, truncated, sentence = row
    return Patch(source=source, commit=commit, path=path, data=data, truncated=bool(truncated), sentence=sentence)
