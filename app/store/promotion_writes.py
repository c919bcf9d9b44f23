"""Writing what a Git repository says of promotions: all of it is replaced when any of it differs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..records import LedgerEntry, Promotions
from .writable import digest, encode, writable


def write_promotions(cursor: sqlite3.Cursor, source: int, promotions: Promotions | None) -> bool:
    """Inside the caller's transaction. Gives whether anything differed; None says nothing."""
    if promotions is None:
        return False
    said = writable(promotions)
    mark = digest(said)
    before = cursor.execute("SELECT digest FROM promotion WHERE source = ?", (source,)).fetchone()
    if before == (mark,) or (before is None and said == Promotions()):
        return False
    cursor.execute(
        "INSERT OR REPLACE INTO promotion VALUES (?, ?, ?, ?, ?, ?)",
        (
            source, mark, None if said.policy is None else encode(said.policy), encode(said.plans),
            encode(said.approvals), encode(said.waivers),
        ),
    )  # fmt: skip
    _write_entries(cursor, source, said.entries)
    return True


def _write_entries(cursor: sqlite3.Cursor, source: int, entries: Sequence[LedgerEntry]) -> None:
    cursor.execute("DELETE FROM ledger_entry WHERE source = ?", (source,))
    cursor.executemany(
        "INSERT INTO ledger_entry (source, model, alias, number, at, record) VALUES (?, ?, ?, ?, ?, ?)",
        [(source, one.model, one.alias, one.number, one.at, encode(one)) for one in entries],
    )
