"""The table of what people wrote to each other, as the team's repository holds it."""

from __future__ import annotations

from typing import Final

NOTE_TABLES: Final = """
CREATE TABLE note (
    source INTEGER NOT NULL, native TEXT NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (source, native)
) WITHOUT ROWID;
CREATE INDEX note_at ON note (at)
"""
"""`native` is the note's id, `record` msgpack."""
