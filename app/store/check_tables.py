"""The tables of checks: what tools said of data, and what that makes of each check."""

from __future__ import annotations

from typing import Final

CHECK_TABLES: Final = """
CREATE TABLE check_invocation (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, tool TEXT NOT NULL, version TEXT NOT NULL,
    suite TEXT NOT NULL, environment TEXT NOT NULL, at INTEGER NOT NULL, interval TEXT NOT NULL, interval_at INTEGER,
    origin TEXT NOT NULL, "commit" TEXT, run_id TEXT, pipeline_id TEXT, dataset_digest TEXT, is_whole INTEGER NOT NULL,
    complaint TEXT NOT NULL, UNIQUE (source, native)
);
CREATE INDEX check_invocation_line ON check_invocation (source, tool, suite, environment, at);
CREATE INDEX check_invocation_commit ON check_invocation ("commit", at) WHERE "commit" IS NOT NULL;
CREATE INDEX check_invocation_run ON check_invocation (run_id, at) WHERE run_id IS NOT NULL;
CREATE INDEX check_invocation_pipeline ON check_invocation (pipeline_id, at) WHERE pipeline_id IS NOT NULL;
CREATE INDEX check_invocation_digest ON check_invocation (dataset_digest, at) WHERE dataset_digest IS NOT NULL;
CREATE TABLE check_rule (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, definition TEXT NOT NULL, limits BLOB, severity TEXT NOT NULL,
    expected TEXT
);
CREATE TABLE check_scope (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, tool TEXT NOT NULL, suite TEXT NOT NULL, environment TEXT NOT NULL,
    dataset TEXT NOT NULL, UNIQUE (source, tool, suite, environment, dataset)
);
CREATE INDEX check_scope_dataset ON check_scope (dataset);
CREATE TABLE check_cover (
    scope INTEGER NOT NULL, at INTEGER NOT NULL, invocation INTEGER NOT NULL, upto INTEGER,
    PRIMARY KEY (scope, at, invocation)
) WITHOUT ROWID;
CREATE INDEX check_cover_open ON check_cover (scope, upto) WHERE upto IS NOT NULL;
CREATE TABLE data_check (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, scope INTEGER NOT NULL, tool TEXT NOT NULL,
    suite TEXT NOT NULL, environment TEXT NOT NULL, dataset TEXT NOT NULL, "column" TEXT NOT NULL, name TEXT NOT NULL,
    newest INTEGER NOT NULL DEFAULT 0, rule INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT 'skipped',
    rank INTEGER NOT NULL DEFAULT 9, failed_rows INTEGER, total_rows INTEGER, checked_at INTEGER NOT NULL DEFAULT 0,
    results INTEGER NOT NULL DEFAULT 0, first_failed_at INTEGER, first_failed_not_before INTEGER,
    first_failed_commit TEXT, last_passed_at INTEGER, last_passed_commit TEXT, flips INTEGER NOT NULL DEFAULT 0,
    usual INTEGER, due_at INTEGER, silent_noted INTEGER, rule_change TEXT, rule_changed_at INTEGER,
    rule_changed_not_before INTEGER, rule_changed_commit TEXT, rule_before INTEGER NOT NULL DEFAULT 0,
    removed_at INTEGER, history BLOB, UNIQUE (source, native)
);
CREATE INDEX data_check_native ON data_check (native);
CREATE INDEX data_check_scope ON data_check (scope);
CREATE TABLE check_result (
    invocation INTEGER NOT NULL, of_check INTEGER NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL,
    rule INTEGER NOT NULL, observed TEXT, failed_rows INTEGER, total_rows INTEGER, message TEXT, ordinal INTEGER,
    is_kept INTEGER, PRIMARY KEY (invocation, of_check)
) WITHOUT ROWID;
CREATE INDEX check_result_history ON check_result (of_check, at, invocation)
"""
"""A rule holds what results repeat: definition, limits (msgpack), the tool's word for how bad it is, and what would
have passed. A scope is what one run of a suite says of one dataset, and a cover is a run that held every check of it:
one that is not in it was removed.
`upto` is the last check of which that was told, while there are more of them; at 0 it was told of none, and the cover
counts for nothing yet. `data_check` is a check with what its results make of it: `newest` is the invocation of the
newest, `rank` says how bad it is (0 is the worst), `due_at` when it should have spoken again, `history` the fold (see
`check_history`), so that a result older or newer than all others costs no look at these. Results stand by invocation:
by check, which is how they are read, each run of a suite would rewrite every page of the table. Of one
`is_kept` came from state.db, which has those around each turn. `silent_noted` is the
`due_at` after which it was told that the check is silent."""
