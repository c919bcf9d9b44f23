"""The tables of versions of data that Git tells of."""

from __future__ import annotations

from typing import Final

DATA_TABLES: Final = """
CREATE TABLE data_version (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, "commit" TEXT NOT NULL,
    at INTEGER NOT NULL, kind TEXT NOT NULL, is_gone INTEGER NOT NULL, record BLOB NOT NULL,
    UNIQUE (source, name, "commit")
);
CREATE INDEX data_version_name ON data_version (name, at DESC, id);
CREATE INDEX data_version_at ON data_version (at, kind);
CREATE INDEX data_version_commit ON data_version ("commit", name);
CREATE INDEX data_version_digest ON data_version (digest, name);
CREATE TABLE data_part (
    digest TEXT NOT NULL, version INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (digest, version, path)
) WITHOUT ROWID;
CREATE INDEX data_part_version ON data_part (version);
CREATE TABLE params_file (path TEXT PRIMARY KEY) WITHOUT ROWID
"""
"""`record` is msgpack of the whole `DataVersion`; the columns beside it are what is searched and ordered by. Commits of
one second are told newest first, so of equal `at` the smaller id is the newer. `data_part` leads from what a stage read
to what it wrote; `params_file` has the files that locks name params of."""
