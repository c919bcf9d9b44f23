"""Which runs used a dataset, as far as the cache knows."""

from __future__ import annotations

import sqlite3
from typing import Final

LOOKED_AT: Final = 2_000
"""Runs of one dataset that are put in order of time: a million may share it, and nobody reads a million names."""


def runs_on_data(connection: sqlite3.Connection, name: str, digest: str, limit: int) -> tuple[list[int], int]:
    """Row ids of the newest runs on this very data, at most `limit`, and how many: LOOKED_AT means or more.

    Equal digests under equal names are the same data, whichever of the project's servers says so.
    """
    used = (
        "SELECT DISTINCT u.run FROM dataset d JOIN source s ON s.id = d.source AND NOT s.hidden"
        " JOIN run_dataset u ON u.dataset = d.id WHERE d.name = ? AND d.digest = ? LIMIT ?"
    )
    rows = connection.execute(
        f"SELECT r.id FROM ({used}) AS found JOIN run r ON r.id = found.run ORDER BY r.started_at DESC, r.id",
        (name, digest, LOOKED_AT),
    ).fetchall()
    return [row[0] for row in rows[:limit]], len(rows)
