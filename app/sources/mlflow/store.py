"""MLflow's own tables, read with sqlite3 and nothing else (see table_file.py).

What they hold was read in the models of MLflow 2.22 and 3.17 (`store/tracking/dbmodels/models.py`). Blocking; one
thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ...records import Dataset, Experiment, KnownSeries, Metric, Millis, Run, Series
from . import parse
from .table_file import TableFile, as_json, texts
from .table_histories import TableHistories, thinned

_LOG_TABLES: Final = {"metrics": "run_uuid", "params": "run_uuid", "tags": "run_uuid", "inputs": "destination_id"}
"""Tables whose new rows say that a run got something new, and the column that says which run."""
_FINITE: Final = 1.7976931348623157e308


class Changes(msgspec.Struct):
    """How far each table was seen: the highest row numbers, and which run had the highest."""

    runs: int = 0
    last_run: str = ""
    rows: dict[str, int] = {}


class MlflowTables(TableFile):
    """The tables of experiments and runs."""

    NEEDED = ("experiments", "runs")
    READ = ("latest_metrics", "params", "tags", "metrics", "datasets", "inputs", "input_tags")

    def __init__(self, path: Path, source: str) -> None:
        super().__init__(path, source)
        self._chosen: str | None = None

    def experiments(self) -> list[Experiment]:
        """All experiments, deleted ones too."""
        column = self._column("experiments")
        sql = (
            f"SELECT CAST(experiment_id AS TEXT), name, {column('lifecycle_stage')}, {column('creation_time')},"
            f" {column('last_update_time')} FROM experiments ORDER BY experiment_id"
        )
        with self._explained():
            rows = self._connection.execute(sql).fetchall()
        return [
            Experiment(
                source=self._source,
                id=row[0],
                name=row[1],
                lifecycle="deleted" if row[2] == "deleted" else "active",
                created_at=row[3] or None,
                updated_at=row[4] or None,
            )
            for row in rows
        ]

    def choose(self, experiments: Iterable[str] | None) -> None:
        """From now on read the runs of these experiments only; None for all."""
        self._chosen = None if experiments is None else as_json(experiments)

    def changes(self) -> Changes:
        """How far the tables go right now."""
        with self._explained():
            row = self._connection.execute("SELECT rowid, run_uuid FROM runs ORDER BY rowid DESC LIMIT 1").fetchone()
            rows = {table: self._last_row(table) for table in _LOG_TABLES if table in self._columns}
        return Changes(runs=row[0], last_run=row[1], rows=rows) if row else Changes(rows=rows)

    def _last_row(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0])

    def is_renumbered(self, since: Changes) -> bool:
        """Whether row numbers mean something else than before (VACUUM, a migration, another file)."""
        if not since.runs:
            return False
        with self._explained():
            row = self._connection.execute("SELECT run_uuid FROM runs WHERE rowid = ?", (since.runs,)).fetchone()
        return row is None or row[0] != since.last_run

    def count(self) -> int:
        """How many runs there are, of all experiments."""
        with self._explained():
            return int(self._connection.execute("SELECT count(*) FROM runs").fetchone()[0])

    def touched(self, since: Changes, ended_since: Millis) -> tuple[list[int], list[int]]:
        """Row numbers of runs that are new, live, ended or deleted since, or got something new; and of live ones."""
        column = self._column("runs")
        live = f"({column('status')} IN ('RUNNING', 'SCHEDULED') AND {column('lifecycle_stage')} IS NOT 'deleted')"
        with self._explained():
            execute = self._connection.execute
            running = [row[0] for row in execute(f"SELECT rowid FROM runs WHERE {live}")]
            found = set(running)
            found.update(
                row[0]
                for row in execute(
                    f"SELECT rowid FROM runs WHERE rowid > ? OR {column('end_time')} >= ?"
                    f" OR {column('deleted_time')} >= ?",
                    (since.runs, ended_since, ended_since),
                )
            )
            for table, run in _LOG_TABLES.items():
                if run in self._columns.get(table, ()):
                    sql = f"SELECT DISTINCT {run} FROM {table} WHERE rowid > ?"
                    sql = f"SELECT r.rowid FROM runs r WHERE r.run_uuid IN ({sql})"
                    found.update(row[0] for row in execute(sql, (since.rows.get(table, 0),)))
        return sorted(found, reverse=True), running

    def window(self, below: int | None, size: int) -> tuple[int, int] | None:
        """Lowest and highest row number of the next `size` runs below one; None when there are none."""
        top = 2**63 - 1 if below is None else below - 1
        sql = "SELECT min(rowid), max(rowid) FROM (SELECT rowid FROM runs WHERE rowid <= ? ORDER BY rowid DESC LIMIT ?)"
        with self._explained():
            low, high = self._connection.execute(sql, (top, size)).fetchone()
        return None if low is None else (low, high)

    def ended(self, low: Millis, high: Millis, size: int, skip: int = 0) -> list[tuple[Millis, int]]:
        """End and row number of runs that ended in low..high, the last first, without the first `skip`."""
        if "end_time" not in self._columns["runs"]:
            return []
        sql = (
            "SELECT end_time, rowid FROM runs WHERE end_time BETWEEN ? AND ?"
            " ORDER BY end_time DESC, rowid DESC LIMIT ? OFFSET ?"
        )
        with self._explained():
            return [(row[0], row[1]) for row in self._connection.execute(sql, (low, high, size, skip))]

    def rows_of(self, run_ids: Iterable[str]) -> list[int]:
        """Row numbers of runs by their id; unknown ones are left out."""
        sql = "SELECT rowid FROM runs WHERE run_uuid IN (SELECT value FROM json_each(?))"
        with self._explained():
            return [row[0] for row in self._connection.execute(sql, (as_json(run_ids),))]

    def runs_between(self, low: int, high: int) -> list[Run]:
        """The runs of a window of row numbers, newest first."""
        return self._runs("r.rowid BETWEEN ? AND ?", (low, high))

    def runs_at(self, rows: Sequence[int]) -> list[Run]:
        """The runs at these row numbers, newest first."""
        return self._runs("r.rowid IN (SELECT value FROM json_each(?))", (as_json(rows),))

    def _runs(self, where: str, bound: tuple[Any, ...]) -> list[Run]:
        if self._chosen is not None:
            where += " AND CAST(r.experiment_id AS TEXT) IN (SELECT value FROM json_each(?))"
            bound = (*bound, self._chosen)
        return self._decoded(lambda: self._read_runs(where, bound))

    def _read_runs(self, where: str, bound: tuple[Any, ...]) -> list[Run]:
        with self._explained(), self._snapshot():
            column = self._column("runs", "r.")
            facts = self._connection.execute(
                f"SELECT r.rowid, r.run_uuid, CAST(r.experiment_id AS TEXT), {column('name')}, {column('status')},"
                f" {column('lifecycle_stage')}, {column('start_time')}, {column('end_time')}, {column('user_id')},"
                f" {column('artifact_uri')} FROM runs r WHERE {where} ORDER BY r.rowid DESC",
                bound,
            ).fetchall()
            params = self._pairs("params", where, bound, facts)
            tags = self._pairs("tags", where, bound, facts)
            metrics = self._metrics(where, bound, facts)
            datasets = self._datasets(where, bound)
        source = self._source
        return [
            parse.make_run(
                source, run_id, experiment, name=name, status=status or "", lifecycle=lifecycle, started_at=started,
                ended_at=ended, user=user, artifact_uri=uri, params=params[row], tags=tags[row],
                metrics=metrics[row], datasets=tuple(datasets.get(row, ())),
            )
            for row, run_id, experiment, name, status, lifecycle, started, ended, user, uri in facts
        ]  # fmt: skip

    def _pairs(
        self, table: str, where: str, bound: tuple[Any, ...], facts: Sequence[tuple[Any, ...]]
    ) -> dict[int, dict[str, str]]:
        of_run: dict[int, dict[str, str]] = {fact[0]: {} for fact in facts}
        if table in self._columns:
            # a row a run, not a value: each row hands the interpreter to and fro between this thread and the writer's
            pairs = "json_group_object(v.key, coalesce(CAST(v.value AS TEXT), ''))"
            sql = self._joined(pairs, f"{table} v ON v.run_uuid = r.run_uuid", where) + " GROUP BY r.rowid"
            for row, found in self._connection.execute(sql, bound):
                of_run[row] = texts(found)
        return of_run

    def _metrics(
        self, where: str, bound: tuple[Any, ...], facts: Sequence[tuple[Any, ...]]
    ) -> dict[int, dict[str, Metric]]:
        of_run: dict[int, dict[str, Metric]] = {fact[0]: {} for fact in facts}
        if "latest_metrics" not in self._columns:
            return of_run
        column = self._column("latest_metrics", "m.")
        what = f"m.key, m.value, {column('step', '0')}, {column('timestamp')}, {column('is_nan', '0')}"
        sql = self._joined(what, "latest_metrics m ON m.run_uuid = r.run_uuid", where)
        for row, key, value, step, at, is_nan in self._connection.execute(sql, bound):
            if is_nan or not -_FINITE < value < _FINITE:
                value = parse.metric_number("NaN" if is_nan else value)
            of_run[row][key] = Metric(value=value, step=step, at=at)
        return of_run

    def _datasets(self, where: str, bound: tuple[Any, ...]) -> dict[int, list[Dataset]]:
        of_run: dict[int, list[Dataset]] = {}
        if not {"inputs", "datasets"} <= self._columns.keys():
            return of_run
        column = self._column("datasets", "d.")
        what = (
            f"d.name, d.digest, {self._context()}, {column('dataset_source_type')}, {column('dataset_source')},"
            f" {column('dataset_schema')}, {column('dataset_profile')}"
        )
        join = "inputs i ON i.destination_id = r.run_uuid JOIN datasets d ON d.dataset_uuid = i.source_id"
        where = f"{where} AND i.destination_type = 'RUN' ORDER BY i.rowid"
        for row, *facts in self._connection.execute(self._joined(what, join, where), bound):
            names = ("name", "digest", "context", "source_type", "origin", "schema", "profile")
            of_run.setdefault(row, []).append(Dataset(**dict(zip(names, facts, strict=True))))
        return of_run

    def _context(self) -> str:
        if "input_tags" not in self._columns:
            return "NULL"
        return (
            "(SELECT t.value FROM input_tags t WHERE t.input_uuid = i.input_uuid"
            f" AND t.name = '{parse.DATASET_CONTEXT}')"
        )

    @staticmethod
    def _joined(what: str, join: str, where: str) -> str:
        # CROSS JOIN: SQLite keeps the order, runs outside and an index lookup by run inside
        return f"SELECT r.rowid, {what} FROM runs r CROSS JOIN {join} WHERE {where}"

    def history(self, run_id: str, key: str, points: int | None = None) -> Series:
        """A metric's points; more than `points` are thinned out to the smallest and largest of each stretch."""
        with self._explained(), self._snapshot():
            series = self._histories().read(run_id, key)
        return series if points is None or len(series) <= points else thinned(series, points)

    def history_since(self, known: KnownSeries) -> Series | None:
        """The points that are later than those known; None where they are not all that is new."""
        with self._explained(), self._snapshot():
            return self._histories().read_since(known)

    def went_on(self, known: KnownSeries) -> bool:
        """Whether the last value is later than what is known of a metric, or cannot be told."""
        with self._explained():
            return self._histories().went_on(known)

    def _histories(self) -> TableHistories:
        return TableHistories(self._connection, self._columns)
