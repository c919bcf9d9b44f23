"""The tables of registered models, and of what Git says of promotions."""

from __future__ import annotations

from typing import Final

MODEL_TABLES: Final = """
CREATE TABLE registered_model (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, description TEXT NOT NULL,
    created_at INTEGER, updated_at INTEGER, tags TEXT NOT NULL, digest BLOB NOT NULL, UNIQUE (source, name)
);
CREATE INDEX registered_model_name ON registered_model (name);
CREATE TABLE model_alias (
    model INTEGER NOT NULL, alias TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (model, alias)
) WITHOUT ROWID;
CREATE TABLE model_version (
    id INTEGER PRIMARY KEY, model INTEGER NOT NULL, native TEXT NOT NULL, number REAL, status TEXT NOT NULL,
    raw_status TEXT NOT NULL, stage TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER, updated_at INTEGER,
    user TEXT, run_id TEXT, origin TEXT NOT NULL, model_id TEXT, copied_model TEXT, copied_version TEXT,
    tags TEXT NOT NULL, digest BLOB NOT NULL, seen_at INTEGER NOT NULL, UNIQUE (model, native)
);
CREATE INDEX model_version_number ON model_version (model, number, created_at, id);
CREATE INDEX model_version_made ON model_version (created_at) WHERE created_at IS NOT NULL;
CREATE INDEX model_version_run ON model_version (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX model_version_logged ON model_version (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX model_version_copied ON model_version (copied_model, copied_version) WHERE copied_model IS NOT NULL;
CREATE INDEX model_version_figures ON model_version (model, model_id, run_id);
CREATE TABLE logged_model (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, run_id TEXT, record BLOB NOT NULL,
    UNIQUE (source, native)
);
CREATE INDEX logged_model_run ON logged_model (run_id) WHERE run_id IS NOT NULL;
CREATE TABLE logged_metric (
    logged INTEGER NOT NULL, name TEXT NOT NULL, value REAL, PRIMARY KEY (logged, name)
) WITHOUT ROWID;
CREATE TABLE promotion (
    source INTEGER PRIMARY KEY, digest BLOB NOT NULL, policy BLOB, plans BLOB NOT NULL, approvals BLOB NOT NULL,
    waivers BLOB NOT NULL
);
CREATE TABLE ledger_entry (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL,
    at INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE INDEX ledger_entry_number ON ledger_entry (model, alias, number, id);
CREATE INDEX ledger_entry_at ON ledger_entry (at);
CREATE INDEX ledger_entry_source ON ledger_entry (source)
"""
"""Of a model: `digest` is a hash of the record with its aliases, empty where only versions of it were met so far;
`tags` are a JSON object. Of a version: `number` is what it is called where that is a number, and what it is ordered by;
`digest` a hash of the record, so that one that did not change costs one integer, `seen_at`. Of a logged model:
`record` is msgpack; `logged_metric` has the latest value of each metric, NULL for NaN. What Git says of promotions is
replaced whole when it differs: `digest` is a hash of all of it, the others and `record` are msgpack."""
