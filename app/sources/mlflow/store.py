"""MLflow's own tables, read with sqlite3 and nothing else.

What they hold was read in the models of MLflow 2.22 and 3.17 (`store/tracking/dbmodels/models.py`); columns and
tables that are missing, and any that came later, are lived with: the stock client refuses every revision but its
own. The file is opened `mode=ro`: it is never created and never migrated. Every read transaction is short,
because in SQLite's default mode a reader holds up whoever is training into the same file.

Blocking; one thread at a time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ...errors import SourceError
from ...records import Dataset, Experiment, KnownSeries, Metric, Millis, Run, Series
from . import parse
from .table_histories import TableHistories, thinned

_PATIENCE: Final = 2.0
"""Seconds to wait for a writer."""
_NEEDED: Final = ("experiments", "runs")
_VALUES: Final = ("latest_metrics", "params", "tags", "metrics", "datasets", "inputs", "input_tags")
_LOG_TABLES: Final = {"metrics": "run_uuid", "params": "run_uuid", "tags": "run_uuid", "inputs": "destination_id"}
"""Tables whose new rows say that a run got something new, and the column that says which run."""
_FINITE: Final = 1.7976931348623157e308


class Changes(msgspec.Struct):
    """How far each table was seen: the highest row numbers, and which run had the highest."""

    runs: int = 0
    last_run: str = ""
    rows: dict[str, int] = {}


class MlflowTables:
    """An open store."""

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        self.path = path
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise SourceError(
                f"{path} {what}: MLflow's SQLite file is expected there. It is not created by reading it.",
                "misconfigured",
            )
        facts = path.stat()
        self._chosen: str | None = None
        self.identity = (facts.st_dev, facts.st_ino)
        with self._explained():
            # autocommit, so that our own BEGIN is the only transaction; the source sees to one thread at a time
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip
        try:
            with self._explained():
                self._columns = self._introspect()
        except SourceError:
            self._connection.close()
            raise

    def _introspect(self) -> dict[str, frozenset[str]]:
        execute = self._connection.execute
        names = {row[0] for row in execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        if not names.issuperset(_NEEDED):
            empty = "it is empty" if not names else "it has no tables of MLflow's"
            raise SourceError(f"{self.path} is not an MLflow store: {empty}.", "misconfigured")
        known = [name for name in (*_NEEDED, *_VALUES) if name in names]
        return {name: frozenset(row[1] for row in execute(f"PRAGMA table_info({name})")) for name in known}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def is_current(self) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            facts = self.path.stat()
        except OSError:
            return False
        return (facts.st_dev, facts.st_ino) == self.identity

    def data_version(self) -> int:
        """A number that changes when anybody else commits. 5 microseconds."""
        with self._explained():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def revision(self) -> str:
        """MLflow's schema revision, or nothing."""
        with self._explained():
            row = self._connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""

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
        self._chosen = None if experiments is None else _json(experiments)

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

    def rows_of(self, run_ids: Iterable[str]) -> list[int]:
        """Row numbers of runs by their id; unknown ones are left out."""
        sql = "SELECT rowid FROM runs WHERE run_uuid IN (SELECT value FROM json_each(?))"
        with self._explained():
            return [row[0] for row in self._connection.execute(sql, (_json(run_ids),))]

    def runs_between(self, low: int, high: int) -> list[Run]:
        """The runs of a window of row numbers, newest first."""
        return self._runs("r.rowid BETWEEN ? AND ?", (low, high))

    def runs_at(self, rows: Sequence[int]) -> list[Run]:
        """The runs at these row numbers, newest first."""
        return self._runs("r.rowid IN (SELECT value FROM json_each(?))", (_json(rows),))

    def _runs(self, where: str, bound: tuple[Any, ...]) -> list[Run]:
        if self._chosen is not None:
            where += " AND CAST(r.experiment_id AS TEXT) IN (SELECT value FROM json_each(?))"
            bound = (*bound, self._chosen)
        try:
            return self._read_runs(where, bound)
        except SourceError as error:
            if "decode" not in str(error.__cause__):
                raise
        # bytes that are no UTF-8: the slow way round, with a mark where they were
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            return self._read_runs(where, bound)
        finally:
            self._connection.text_factory = str

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
                of_run[row] = _texts(found)
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

    def _column(self, table: str, prefix: str = "") -> _Columns:
        return _Columns(self._columns[table], prefix)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """All reads inside see one state of the file."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(self.path, error) from error


class _Columns:
    """Column names as SQL, with a stand-in for those that this store does not have."""

    def __init__(self, known: frozenset[str], prefix: str) -> None:
        self._known = known
        self._prefix = prefix

    def __call__(self, name: str, otherwise: str = "NULL") -> str:
        return f"{self._prefix}{name}" if name in self._known else otherwise


_texts = msgspec.json.Decoder(dict[str, str]).decode


def _json(values: Iterable[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()


def explain(path: Path, error: sqlite3.Error) -> SourceError:
    """What SQLite's error means for whoever wants to read this store."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return SourceError(f"{path} is locked by another program that writes to it: it is tried again.", "unreachable")
    if "not a database" in said or "malformed" in said:
        return SourceError(f"{path} is not a sound SQLite file ({said}).", "misconfigured")
    if "unable to open" in said or "readonly" in said or "permission" in said.lower():
        return SourceError(f"{path} cannot be opened: {_why_closed(path)}.", "forbidden")
    if "no such" in said:
        return SourceError(
            f"{path} changed its tables while it was read ({said}): it is tried again.", "not_understood"
        )
    return SourceError(f"{path} cannot be read: {said}.", "unreachable")


def _why_closed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        return (error.strerror or "it may not be read").lower()
    if head[18:20] == b"\x02\x02":
        return (
            "it is in WAL mode, and SQLite then needs to write beside it even for reading. Allow writing in its"
            " folder, or have its owner run PRAGMA journal_mode = DELETE"
        )
    return "its folder may not be read"
