"""Writing experiments, runs and what hangs on them.

A first sync must reach ten thousand runs a second with twenty-odd values each, so every value costs one small
row of integers: names and texts are looked up in dictionaries held here, which mirror `key` and `label`.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from ..query import as_number
from ..records import ArtifactListing, Dataset, Experiment, Metric, MetricHistory, Run

_LABELS_HELD = 400_000
"""Distinct values kept in memory, some 60 MB at worst; beyond that the dictionary starts anew."""

_encode = msgspec.msgpack.Encoder().encode


class RunWriter:
    """Writes inside the caller's transaction; after a rollback the caller says `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the tables: a rollback may have undone it."""
        self._experiment_ids: dict[tuple[int, str], int] = {}
        self._key_ids: dict[tuple[int, str, str], int] = {}
        self._label_ids: dict[tuple[int, str], int] = {}
        self._dataset_ids: dict[tuple[int, str, str], int] = {}

    def write_experiments(self, cursor: sqlite3.Cursor, source: int, experiments: Iterable[Experiment]) -> bool:
        """Insert or update experiments by their native id. Gives whether anything differed."""
        before = self._connection.total_changes
        cursor.executemany(
            "INSERT INTO experiment (source, native, name, lifecycle, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source, native) DO UPDATE SET name = excluded.name,"
            " lifecycle = excluded.lifecycle, created_at = excluded.created_at, updated_at = excluded.updated_at"
            " WHERE (name, lifecycle, created_at, updated_at) IS NOT"
            " (excluded.name, excluded.lifecycle, excluded.created_at, excluded.updated_at)",
            [(source, e.id, e.name, e.lifecycle, e.created_at, e.updated_at) for e in experiments],
        )
        return self._connection.total_changes != before

    def write(self, cursor: sqlite3.Cursor, source: int, runs: Sequence[Run], now: int) -> tuple[int, int]:
        """Insert new runs, rewrite changed ones, touch the others. Gives how many were new and changed."""
        runs = list({run.id: run for run in runs}.values())
        known = self._known(cursor, source, runs)
        new: list[tuple[int, bytes, Run]] = []
        changed: list[tuple[int, bytes, Run]] = []
        seen: list[tuple[int, int]] = []
        next_id = self._next_id(cursor, "run")
        for run in runs:
            digest = blake2b(_encode(run), digest_size=8).digest()
            row = known.get(run.id)
            if row is None:
                new.append((next_id, digest, run))
                next_id += 1
            elif row[1] != digest:
                changed.append((row[0], digest, run))
            else:
                seen.append((now, row[0]))
        cursor.executemany("UPDATE run SET seen_at = ? WHERE id = ?", seen)
        self._insert(cursor, source, new, now)
        self._rewrite(cursor, source, changed, now)
        return len(new), len(changed)

    @staticmethod
    def _known(cursor: sqlite3.Cursor, source: int, runs: Sequence[Run]) -> dict[str, tuple[int, bytes]]:
        known: dict[str, tuple[int, bytes]] = {}
        for start in range(0, len(runs), 500):
            ids = [run.id for run in runs[start : start + 500]]
            marks = ", ".join("?" * len(ids))
            sql = f"SELECT native, id, digest FROM run WHERE source = ? AND native IN ({marks})"
            known.update((native, (row, digest)) for native, row, digest in cursor.execute(sql, (source, *ids)))
        return known

    @staticmethod
    def _next_id(cursor: sqlite3.Cursor, table: str) -> int:
        return int(cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0])

    def _insert(self, cursor: sqlite3.Cursor, source: int, rows: Sequence[tuple[int, bytes, Run]], now: int) -> None:
        cursor.executemany(
            "INSERT INTO run (experiment, name, status, started_at, ended_at, user, git_commit, parent,"
            " artifact_uri, digest, seen_at, id, source, native) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*self._columns(cursor, source, digest, run, now), row, source, run.id) for row, digest, run in rows],
        )
        self._values(cursor, source, rows)

    def _rewrite(self, cursor: sqlite3.Cursor, source: int, rows: Sequence[tuple[int, bytes, Run]], now: int) -> None:
        cursor.executemany(
            "UPDATE run SET experiment = ?, name = ?, status = ?, started_at = ?, ended_at = ?, user = ?,"
            " git_commit = ?, parent = ?, artifact_uri = ?, digest = ?, seen_at = ? WHERE id = ?",
            [(*self._columns(cursor, source, digest, run, now), row) for row, digest, run in rows],
        )
        ids = [(row,) for row, _, _ in rows]
        for table in ("metric", "run_label", "run_dataset"):
            cursor.executemany(f"DELETE FROM {table} WHERE run = ?", ids)
        self._values(cursor, source, rows)
        self._widen_extremes(cursor, [row for row, _, _ in rows])

    def _columns(self, cursor: sqlite3.Cursor, source: int, digest: bytes, run: Run, now: int) -> tuple[Any, ...]:
        return (
            self._experiment(cursor, source, run.experiment_id), run.name, run.status, run.started_at, run.ended_at,
            run.user, run.git_commit, run.parent_id, run.artifact_uri, digest, now,
        )  # fmt: skip

    def _values(self, cursor: sqlite3.Cursor, source: int, rows: Sequence[tuple[int, bytes, Run]]) -> None:
        metrics: list[tuple[Any, ...]] = []
        labels: list[tuple[int, int]] = []
        datasets: list[tuple[int, int, str]] = []
        for row, _, run in rows:
            experiment = self._experiment(cursor, source, run.experiment_id)
            metrics.extend(self._metric_rows(cursor, row, experiment, run.metrics))
            labels.extend((row, label) for label in self._labels(cursor, experiment, "param", run.params))
            labels.extend((row, label) for label in self._labels(cursor, experiment, "tag", run.tags))
            datasets.extend((row, self._dataset(cursor, source, d), d.context or "") for d in run.datasets)
        cursor.executemany("INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?)", metrics)
        cursor.executemany("INSERT INTO run_label VALUES (?, ?)", labels)
        cursor.executemany("INSERT OR IGNORE INTO run_dataset VALUES (?, ?, ?)", datasets)

    def _metric_rows(
        self, cursor: sqlite3.Cursor, row: int, experiment: int, metrics: Mapping[str, Metric]
    ) -> Iterator[tuple[Any, ...]]:
        for name, metric in metrics.items():
            value = metric.value
            key = self._key_ids.get((experiment, "metric", name)) or self._key(cursor, experiment, "metric", name)
            state = "finite" if math.isfinite(value) else metric.state
            yield row, key, None if state == "nan" else value, state, metric.step, metric.at

    def _labels(self, cursor: sqlite3.Cursor, experiment: int, kind: str, values: Mapping[str, str]) -> Iterator[int]:
        for name, text in values.items():
            key = self._key_ids.get((experiment, kind, name)) or self._key(cursor, experiment, kind, name)
            yield self._label_ids.get((key, text)) or self._label(cursor, key, text)

    def _experiment(self, cursor: sqlite3.Cursor, source: int, native: str) -> int:
        found = self._experiment_ids.get((source, native))
        if found is None:
            # a run of an experiment that nobody named yet: its id serves as a name until then
            cursor.execute(
                "INSERT OR IGNORE INTO experiment (source, native, name, lifecycle) VALUES (?, ?, ?, 'active')",
                (source, native, native),
            )
            row = cursor.execute("SELECT id FROM experiment WHERE source = ? AND native = ?", (source, native))
            found = self._experiment_ids[source, native] = int(row.fetchone()[0])
        return found

    def _key(self, cursor: sqlite3.Cursor, experiment: int, kind: str, name: str) -> int:
        what = (experiment, kind, name)
        cursor.execute("INSERT OR IGNORE INTO key (experiment, kind, name) VALUES (?, ?, ?)", what)
        row = cursor.execute("SELECT id FROM key WHERE experiment = ? AND kind = ? AND name = ?", what)
        found = self._key_ids[what] = int(row.fetchone()[0])
        return found

    def _label(self, cursor: sqlite3.Cursor, key: int, text: str) -> int:
        if len(self._label_ids) > _LABELS_HELD:
            self._label_ids.clear()
        row = cursor.execute("SELECT id FROM label WHERE key = ? AND text = ?", (key, text)).fetchone()
        if row is None:
            cursor.execute("INSERT INTO label (key, text, number) VALUES (?, ?, ?)", (key, text, as_number(text)))
            assert cursor.lastrowid is not None
            row = (cursor.lastrowid,)
        found = self._label_ids[key, text] = int(row[0])
        return found

    def _dataset(self, cursor: sqlite3.Cursor, source: int, dataset: Dataset) -> int:
        what = (source, dataset.name, dataset.digest)
        found = self._dataset_ids.get(what)
        if found is None:
            cursor.execute(
                "INSERT INTO dataset (source, name, digest, source_type, origin, schema, profile)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, name, digest) DO UPDATE SET"
                " schema = coalesce(excluded.schema, schema), profile = coalesce(excluded.profile, profile)",
                (*what, dataset.source_type, dataset.origin, dataset.schema, dataset.profile),
            )
            row = cursor.execute("SELECT id FROM dataset WHERE source = ? AND name = ? AND digest = ?", what)
            found = self._dataset_ids[what] = int(row.fetchone()[0])
        return found

    @staticmethod
    def _widen_extremes(cursor: sqlite3.Cursor, rows: Sequence[int]) -> None:
        """A run went on: its known extremes hold the newest value too, but points between may be missed."""
        cursor.executemany(
            "UPDATE extreme SET min = min(min, m.value), max = max(max, m.value), history = 'sampled'"
            " FROM metric m WHERE extreme.run = ? AND m.run = extreme.run AND m.key = extreme.key"
            " AND m.state = 'finite' AND m.at > (SELECT read_at FROM history h"
            " WHERE h.run = extreme.run AND h.key = extreme.key)",
            [(row,) for row in rows],
        )

    def mark_gone(self, cursor: sqlite3.Cursor, source: int, since: int | None) -> int:
        """After a whole sweep that began at `since`: runs that it did not meet are deleted on the server."""
        if since is None:
            return 0
        cursor.execute(
            "UPDATE run SET status = 'deleted', digest = x'' WHERE source = ? AND seen_at < ? AND status != 'deleted'",
            (source, since),
        )
        return cursor.rowcount

    def _run_row(self, cursor: sqlite3.Cursor, source: int, native: str) -> tuple[int, int] | None:
        found: tuple[int, int] | None = cursor.execute(
            "SELECT id, experiment FROM run WHERE source = ? AND native = ?", (source, native)
        ).fetchone()
        return found

    def write_histories(
        self, cursor: sqlite3.Cursor, source: int, histories: Iterable[MetricHistory], now: int
    ) -> None:
        """Keep histories, and what they say about smallest and largest."""
        for history in histories:
            run = self._run_row(cursor, source, history.run_id)
            if run is None:
                continue
            key = self._key(cursor, run[1], "metric", history.key)
            cursor.execute(
                "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?)",
                (run[0], key, now, history.history, _encode(history.points)),
            )
            finite = [point.value for point in history.points if math.isfinite(point.value)]
            extremes = (min(finite), max(finite)) if finite else (None, None)
            cursor.execute(
                "INSERT OR REPLACE INTO extreme VALUES (?, ?, ?, ?, ?)",
                (run[0], key, *extremes, history.history),
            )

    def write_listings(
        self, cursor: sqlite3.Cursor, source: int, listings: Iterable[ArtifactListing], now: int
    ) -> None:
        """Keep artifact listings, a folder a row."""
        for listing in listings:
            run = self._run_row(cursor, source, listing.run_id)
            if run is not None:
                cursor.execute(
                    "INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?)",
                    (run[0], listing.folder, now, _encode(listing.artifacts)),
                )
