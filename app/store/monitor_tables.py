"""The tables of what watches production: lines, their points, where they crossed their thresholds, alerts."""

from __future__ import annotations

from typing import Final

MONITOR_TABLES: Final = """
CREATE TABLE monitor (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, native TEXT NOT NULL, name TEXT NOT NULL,
    model TEXT NOT NULL, version TEXT NOT NULL, low REAL, high REAL, is_share INTEGER NOT NULL, digest BLOB NOT NULL,
    record BLOB NOT NULL, looked_at INTEGER, at INTEGER, value REAL, bad_since INTEGER, last_good_at INTEGER,
    thinned INTEGER NOT NULL DEFAULT 0, is_owed INTEGER NOT NULL DEFAULT 0, UNIQUE (source, native)
);
CREATE INDEX monitor_native ON monitor (native);
CREATE INDEX monitor_owed ON monitor (id) WHERE is_owed;
CREATE TABLE monitor_point (
    monitor INTEGER NOT NULL, at INTEGER NOT NULL, value REAL, total REAL, PRIMARY KEY (monitor, at)
) WITHOUT ROWID;
CREATE TABLE monitor_turn (
    monitor INTEGER NOT NULL, at INTEGER NOT NULL, is_bad INTEGER NOT NULL, not_before INTEGER, value REAL,
    PRIMARY KEY (monitor, at)
) WITHOUT ROWID;
CREATE INDEX monitor_turn_at ON monitor_turn (at);
CREATE TABLE monitor_gone (id INTEGER PRIMARY KEY);
CREATE TABLE alert (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, since INTEGER NOT NULL, fired_at INTEGER,
    fired_not_before INTEGER, seen_at INTEGER, ended_at INTEGER, ended_not_before INTEGER, record BLOB NOT NULL,
    UNIQUE (source, native, since)
);
CREATE INDEX alert_native ON alert (native, since);
CREATE INDEX alert_open ON alert (source) WHERE ended_at IS NULL;
CREATE INDEX alert_fired ON alert (fired_at) WHERE fired_at IS NOT NULL;
CREATE INDEX alert_ended ON alert (ended_at) WHERE ended_at IS NOT NULL
"""
"""Of a line (`monitor`, because `series` are histories of metrics): `record` is msgpack of what the settings say, and
`digest` a hash of that; the columns after `record` are what its points say, worked out as they are written. `at` with a
`value` of NULL is a point that is no number. `is_share`: a point counts good, with its total, and the value is their
share. `thinned`: what is older was thinned. `is_owed`: the thresholds changed, and its turns are to be counted anew.
Of a point NULL is NaN. A turn is a point that breaks its threshold after one that kept it, or the other way;
`not_before` is that point before. What begins well begins with no turn. Numbers of lines are never given twice:
`monitor_gone` has those whose points are still to be removed.
Of an alert: one row a stretch of firing; `fired_at` is when it was first seen firing, NULL while it is pending, and
`seen_at` when it was last seen; `record` is msgpack."""
