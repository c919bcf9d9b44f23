"""Which runs used a dataset, as far as the cache knows: noted when they are written, looked up when they are shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from ..records import Millis

LOOKED_AT: Final = 2_000
"""Runs of one dataset that are put in order of time: a million may share it, and nobody reads a million names."""


def runs_on_data(
    connection: sqlite3.Connection, names: Sequence[str], digest: str, limit: int
) -> tuple[list[int], int]:
    """Row ids of the newest runs on this very data, at most `limit`, and how many: LOOKED_AT means or more.

    Beyond LOOKED_AT runs nobody looks, so the newest of them may be missed then: lineage names those that matter.
    Equal digests under one of these names are the same data, whichever of the project's servers says so.
    """
    which = f"d.name IN ({', '.join('?' * len(names))})"
    used = (
        "SELECT DISTINCT u.run FROM dataset d JOIN source s ON s.id = d.source AND NOT s.hidden"
        f" JOIN run_dataset u ON u.dataset = d.id WHERE {which} AND d.digest = ? LIMIT ?"
    )
    rows = connection.execute(
        f"SELECT r.id FROM ({used}) AS found JOIN run r ON r.id = found.run ORDER BY r.started_at DESC, r.id",
        (*names, digest, LOOKED_AT),
    ).fetchall()
    return [row[0] for row in rows[:limit]], len(rows)


class DataUses:
    """The first and the last run on each dataset among those of one batch."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[Millis, int]] = {}
        self._last: dict[int, tuple[Millis, int]] = {}

    def add(self, run: int, started_at: Millis | None, datasets: Iterable[int]) -> None:
        """A run on these datasets, all by row ids. One that never began tells nothing of when."""
        if started_at is None:
            return
        use = (started_at, run)
        for dataset in datasets:
            self._first[dataset] = min(use, self._first.get(dataset, use))
            self._last[dataset] = max(use, self._last.get(dataset, use))

    def write(self, cursor: sqlite3.Cursor) -> None:
        """Widen what the datasets say of their first and last run."""
        cursor.executemany(
            "UPDATE dataset SET first_at = ?1, first_run = ?2 WHERE id = ?3 AND (first_at IS NULL OR first_at > ?1)",
            [(*use, dataset) for dataset, use in self._first.items()],
        )
        cursor.executemany(
            "UPDATE dataset SET last_at = ?1, last_run = ?2 WHERE id = ?3 AND (last_at IS NULL OR last_at < ?1)",
            [(*use, dataset) for dataset, use in self._last.items()],
        )
