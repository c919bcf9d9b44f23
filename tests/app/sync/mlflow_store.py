"""MLflow's tables as far as a sync reads them, in plain SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, artifact_location TEXT,
    lifecycle_stage TEXT, creation_time BIGINT, last_update_time BIGINT);
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name TEXT, source_type TEXT, source_name TEXT,
    entry_point_name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT, source_version TEXT,
    lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER, deleted_time BIGINT);
CREATE TABLE metrics (key TEXT NOT NULL, value REAL NOT NULL, timestamp BIGINT NOT NULL, run_uuid TEXT NOT NULL,
    step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL, PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE latest_metrics (key TEXT NOT NULL, value REAL NOT NULL, timestamp BIGINT, step BIGINT NOT NULL,
    is_nan BOOLEAN NOT NULL, run_uuid TEXT NOT NULL, PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key TEXT NOT NULL, value TEXT NOT NULL, run_uuid TEXT NOT NULL, PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key TEXT NOT NULL, value TEXT, run_uuid TEXT NOT NULL, PRIMARY KEY (key, run_uuid));
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
INSERT INTO experiments VALUES (1, 'churn', '', 'active', 1, 1), (2, 'fraud', '', 'active', 1, 1);
"""
METRICS = 3
PARAMS = 4
TAGS = 2


def make_store(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)


def add_runs(path: Path, first: int, last: int) -> None:
    """Runs `first` up to, and without, `last`: finished, with metrics, params and tags."""
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        numbers = range(first, last)
        connection.executemany(
            "INSERT INTO runs VALUES (?, ?, '', '', '', 'ann', 'FINISHED', ?, ?, '', 'active', '', ?, NULL)",
            [(f"{n:032x}", f"run {n}", 1_000 + n, 2_000 + n, 1 + n % 2) for n in numbers],
        )
        values = [(f"m{k}", n / (k + 1), 2_000 + n, n, f"{n:032x}") for n in numbers for k in range(METRICS)]
        for table in ("metrics", "latest_metrics"):
            connection.executemany(
                f"INSERT INTO {table} (key, value, timestamp, step, run_uuid, is_nan) VALUES (?, ?, ?, ?, ?, 0)", values
            )
        connection.executemany(
            "INSERT INTO params VALUES (?, ?, ?)",
            [(f"p{k}", str(n % (k + 2)), f"{n:032x}") for n in numbers for k in range(PARAMS)],
        )
        connection.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)",
            [(f"t{k}", f"{n}", f"{n:032x}") for n in numbers for k in range(TAGS)],
        )


def log_metric(path: Path, run_id: str, key: str, value: float, step: int) -> None:
    """One more point, at 3,000 ms and the step."""
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        row = (key, value, 3_000 + step, run_id, step)
        connection.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", row)
        connection.execute(
            "INSERT OR REPLACE INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            row,
        )
