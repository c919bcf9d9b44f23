"""Reading what Git says of promotions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ..records import LedgerEntry, Millis, PlanApproval, PolicyText, Promotions, StoredPlan, Waiver

_entry = msgspec.msgpack.Decoder(LedgerEntry).decode
_policy = msgspec.msgpack.Decoder(PolicyText).decode
_plans = msgspec.msgpack.Decoder(tuple[StoredPlan, ...]).decode
_approvals = msgspec.msgpack.Decoder(tuple[PlanApproval, ...]).decode
_waivers = msgspec.msgpack.Decoder(tuple[Waiver, ...]).decode

_OF_VISIBLE: Final = "JOIN source AS s ON s.id = {}.source AND NOT s.hidden"


def read_promotions(connection: sqlite3.Connection) -> Promotions:
    """All of it, of all Git sources in the settings; empty where there is none."""
    entries = read_entries(connection, "ORDER BY e.model, e.alias, e.number, e.id")
    rows = _rows(connection, "p.plans, p.approvals, p.waivers")
    return Promotions(
        policy=read_policy(connection),
        entries=tuple(entries),
        plans=tuple(plan for row in rows for plan in _plans(row[0])),
        approvals=tuple(approval for row in rows for approval in _approvals(row[1])),
        waivers=tuple(waiver for row in rows for waiver in _waivers(row[2])),
    )


def read_policy(connection: sqlite3.Connection) -> PolicyText | None:
    """The policy of the first source that has one; else where it was looked for, None where nobody did."""
    found = [_policy(row[0]) for row in _rows(connection, "p.policy") if row[0] is not None]
    return next((policy for policy in found if policy.text is not None), found[0] if found else None)


def read_ledger(connection: sqlite3.Connection, model: str, alias: str) -> tuple[LedgerEntry, ...]:
    """The entries of one alias, oldest first. Both names exactly."""
    where = "WHERE e.model = ? AND e.alias = ? ORDER BY e.number, e.id"
    return tuple(read_entries(connection, where, model, alias))


def read_entries(connection: sqlite3.Connection, rest: str, *bound: object) -> Iterator[LedgerEntry]:
    """Entries of the ledgers; `rest` is SQL of ours over `e`."""
    sql = f"SELECT e.record FROM ledger_entry AS e {_OF_VISIBLE.format('e')} {rest}"
    return (_entry(row[0]) for row in connection.execute(sql, bound))


def entries_between(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[LedgerEntry]:
    """Entries made from `since` until before `until`, newest first."""
    where = "WHERE e.at >= ? AND e.at < ? ORDER BY e.at DESC, e.id DESC LIMIT ?"
    return read_entries(connection, where, since, until, limit)


def _rows(connection: sqlite3.Connection, columns: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {columns} FROM promotion AS p {_OF_VISIBLE.format('p')} ORDER BY s.id"
    return connection.execute(sql).fetchall()
