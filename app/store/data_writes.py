"""Writing versions of data that Git tells of."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from ..records import DataVersion

_encode = msgspec.msgpack.Encoder().encode


def write_data_versions(cursor: sqlite3.Cursor, source: int, versions: Sequence[DataVersion]) -> bool:
    """Keep versions, each by name and commit. Gives whether any is new or differs.

    A commit never changes, but what is known of it may: a clone that was shallow is deepened.
    """
    news = False
    for version in versions:
        news = _write(cursor, source, version) or news
    files = {key.partition(":")[0] for version in versions for key in version.params}
    cursor.executemany("INSERT OR IGNORE INTO params_file VALUES (?)", [(file,) for file in files])
    return news


def _write(cursor: sqlite3.Cursor, source: int, version: DataVersion) -> bool:
    row = cursor.execute(
        'INSERT INTO data_version (source, name, digest, "commit", at, kind, is_gone, record)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, name, "commit") DO UPDATE SET digest = excluded.digest,'
        " at = excluded.at, kind = excluded.kind, is_gone = excluded.is_gone, record = excluded.record"
        " WHERE record IS NOT excluded.record RETURNING id",
        (
            source, version.name, version.digest, version.commit, version.at, version.kind, int(version.is_gone),
            _encode(version),
        ),
    ).fetchone()  # fmt: skip
    if row is None:
        return False
    cursor.execute("DELETE FROM data_part WHERE version = ?", row)
    cursor.executemany(
        "INSERT OR IGNORE INTO data_part VALUES (?, ?, ?)",
        [(part.digest, row[0], part.path) for part in version.deps if part.digest],
    )
    return True
