"""The tables of infrastructure as code."""

from __future__ import annotations

from typing import Final

INFRA_TABLES: Final = """
CREATE TABLE stack (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, read_at INTEGER,
    counts TEXT NOT NULL, record BLOB NOT NULL, UNIQUE (source, name)
);
CREATE INDEX stack_name ON stack (name);
CREATE TABLE resource (
    stack INTEGER NOT NULL, address TEXT NOT NULL, place INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (stack, address)
) WITHOUT ROWID
"""
"""Of a stack: `record` is msgpack of it without its resources and without `read_at`, `digest` a hash of the whole
record but for that; `counts` is JSON. Of a resource: `place` is its place in the stack, `record` msgpack. An address
that a stack has twice (it should not) is kept once."""
