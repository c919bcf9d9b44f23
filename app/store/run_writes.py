"""Writing experiments, runs and what hangs on them.

A first sync must reach ten thousand runs a second with twenty-odd values each, so every value costs one small
row of integers: names and texts are looked up in dictionaries held here, which mirror `key` and `label`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from math import isfinite
from typing import Any

import msgspec

from ..query import as_number
from ..records import ArtifactListing, Dataset, Experiment, Metric, Run, Series
from .data_use import DataUses
from .histories import let_go_of_oldest, widen_extremes, write_series, write_tail
from .value_indexes import index_texts

_LABELS_HELD = 100_000
"""Distinct values of one name that are kept in memory, some 15 MB; a name with more of them is looked up."""

_POINTS_BETWEEN_LOOKS = 500_000
"""Of histories: to see whether there are too many takes a walk over all of them."""

_encode = msgspec.msgpack.Encoder().encode


_AT_ONCE = 100
"""Rows of one INSERT: SQLite works that long without the interpreter, which the thread that reads needs meanwhile.
With a row a statement the two hand it to and fro at every row, and both take twice as long."""


def _insert_many(cursor: sqlite3.Cursor, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of equal width. `into` is one of our own tables with its columns."""
    if not rows:
        return
    one = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) // _AT_ONCE * _AT_ONCE
    cursor.executemany(
        f"INSERT INTO {into} VALUES {', '.join([one] * _AT_ONCE)}",
        (tuple(chain.from_iterable(rows[at : at + _AT_ONCE])) for at in range(0, whole, _AT_ONCE)),
    )
    cursor.executemany(f"INSERT INTO {into} VALUES {one}", rows[whole:])


class _Name:
    """A metric, param or tag of an experiment: its key, and the ids of the values that are known."""

    __slots__ = ("is_whole", "key", "labels")

    def __init__(self, key: int) -> None:
        self.key = key
        self.labels: dict[str, int] = {}
        self.is_whole = True
        """Every value in the table is in `labels`: one that is not here is new, without asking."""


class RunWriter:
    """Writes inside the caller's transaction; after a rollback the caller says `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._points = 0
        """Of histories, written since the oldest were let go."""
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the tables: a rollback may have undone it."""
        self._experiment_ids: dict[tuple[int, str], int] = {}
        self._names: dict[tuple[int, str], dict[str, _Name]] = {}
        self._new_labels: list[tuple[int, int, str, float | None]] = []
        self._full: list[_Name] = []
        self._next_label = 0
        self._dataset_ids: dict[tuple[int, str, str], int] = {}
        self._texts_are_indexed = False

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
        widen_extremes(cursor, [row for row, _, _ in rows])

    def _columns(self, cursor: sqlite3.Cursor, source: int, digest: bytes, run: Run, now: int) -> tuple[Any, ...]:
        return (
            self._experiment(cursor, source, run.experiment_id), run.name, run.status, run.started_at, run.ended_at,
            run.user, run.git_commit, run.parent_id, run.artifact_uri, digest, now,
        )  # fmt: skip

    def _values(self, cursor: sqlite3.Cursor, source: int, rows: Sequence[tuple[int, bytes, Run]]) -> None:
        metrics: list[tuple[Any, ...]] = []
        labels: list[tuple[int, int]] = []
        datasets: list[tuple[int, int, str]] = []
        used = DataUses()
        self._next_label = self._next_id(cursor, "label")
        for row, _, run in rows:
            experiment = self._experiment(cursor, source, run.experiment_id)
            self._add_metrics(cursor, metrics, row, experiment, run.metrics)
            self._add_labels(cursor, labels, row, experiment, "param", run.params)
            self._add_labels(cursor, labels, row, experiment, "tag", run.tags)
            if run.datasets:
                uses = [(row, self._dataset(cursor, source, d), d.context or "") for d in run.datasets]
                datasets += uses
                used.add(row, run.started_at, (dataset for _, dataset, _ in uses))
        _insert_many(cursor, "metric (run, key, value, state, step, at)", metrics)
        _insert_many(cursor, "label (id, key, text, number)", self._new_labels)
        self._new_labels.clear()
        for held in self._full:  # not sooner: what is new in this batch could not be found in the table yet
            held.labels, held.is_whole = {}, False
        self._full.clear()
        _insert_many(cursor, "run_label (run, label)", labels)
        cursor.executemany("INSERT OR IGNORE INTO run_dataset VALUES (?, ?, ?)", datasets)
        used.write(cursor)

    def _add_metrics(
        self,
        cursor: sqlite3.Cursor,
        rows: list[tuple[Any, ...]],
        row: int,
        experiment: int,
        metrics: Mapping[str, Metric],
    ) -> None:
        names = self._names_of(experiment, "metric")
        for name, metric in metrics.items():
            held = names.get(name) or self._name(cursor, experiment, "metric", name)
            value = metric.value
            if isfinite(value):
                rows.append((row, held.key, value, "finite", metric.step, metric.at))
            else:
                state = metric.state
                rows.append((row, held.key, None if state == "nan" else value, state, metric.step, metric.at))

    def _add_labels(
        self,
        cursor: sqlite3.Cursor,
        rows: list[tuple[int, int]],
        row: int,
        experiment: int,
        kind: str,
        values: Mapping[str, str],
    ) -> None:
        names = self._names_of(experiment, kind)
        for name, text in values.items():
            held = names.get(name) or self._name(cursor, experiment, kind, name)
            rows.append((row, held.labels.get(text) or self._label(cursor, held, text)))

    def _names_of(self, experiment: int, kind: str) -> dict[str, _Name]:
        found = self._names.get((experiment, kind))
        if found is None:
            found = self._names[experiment, kind] = {}
        return found

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

    def _name(self, cursor: sqlite3.Cursor, experiment: int, kind: str, name: str) -> _Name:
        what = (experiment, kind, name)
        cursor.execute("INSERT OR IGNORE INTO key (experiment, kind, name) VALUES (?, ?, ?)", what)
        is_new = cursor.rowcount == 1
        row = cursor.execute("SELECT id FROM key WHERE experiment = ? AND kind = ? AND name = ?", what).fetchone()
        found = self._names_of(experiment, kind)[name] = _Name(int(row[0]))
        if not is_new and kind != "metric":
            self._index_texts()
            known = cursor.execute("SELECT text, id FROM label WHERE key = ? LIMIT ?", (found.key, _LABELS_HELD))
            found.labels = dict(known.fetchall())
            found.is_whole = len(found.labels) < _LABELS_HELD
        return found

    def _index_texts(self) -> None:
        """Before the first look into the table: without the index each look reads all of it."""
        if not self._texts_are_indexed:
            index_texts(self._connection)
            self._texts_are_indexed = True

    def _label(self, cursor: sqlite3.Cursor, held: _Name, text: str) -> int:
        """The id of a value that is not in memory. A new one is written with the batch, all at once."""
        if len(held.labels) >= _LABELS_HELD:
            self._full.append(held)
        row = None
        if not held.is_whole:
            self._index_texts()
            known = cursor.execute("SELECT id FROM label WHERE key = ? AND text = ?", (held.key, text))
            row = known.fetchone()
        if row is None:
            row = (self._next_label,)
            self._next_label += 1
            self._new_labels.append((row[0], held.key, text, as_number(text)))
        found = held.labels[text] = int(row[0])
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

    def write_histories(self, cursor: sqlite3.Cursor, source: int, histories: Iterable[Series], now: int) -> bool:
        """Keep histories, and what they say about smallest and largest. Gives whether anything in them is new."""
        news = False
        for series in histories:
            run = self._run_row(cursor, source, series.run_id)
            if run is not None:
                key = self._name(cursor, run[1], "metric", series.key).key
                news = write_series(cursor, run[0], key, series, now) or news
                self._points += len(series)
        if self._points > _POINTS_BETWEEN_LOOKS:
            self._points = 0
            let_go_of_oldest(cursor)
        return news

    def write_tails(self, cursor: sqlite3.Cursor, source: int, tails: Iterable[Series]) -> bool:
        """Add points to whole histories. Gives whether any was new."""
        news = False
        for series in tails:
            run = self._run_row(cursor, source, series.run_id)
            if run is not None:
                news = write_tail(cursor, run[0], self._name(cursor, run[1], "metric", series.key).key, series) or news
        return news

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
