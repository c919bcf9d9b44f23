"""The ledger and the waivers of a project without a remote: nobody else can see them, so they are kept in state.db."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import msgspec

from ..records import LedgerEntry, Waiver
from .state_file import StateFile, kept


def local_ledger_tables(connection: sqlite3.Connection) -> None:
    """The migration that makes the tables."""
    for statement in (
        "CREATE TABLE local_entry (model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL,"
        " record TEXT NOT NULL, PRIMARY KEY (model, alias, number)) WITHOUT ROWID",
        "CREATE TABLE local_waiver (id TEXT PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL,"
        " record TEXT NOT NULL)",
    ):
        connection.execute(statement)


class LocalLedger(StateFile):
    """The part of state.db that stands for refs which no remote could hold. Entries are only ever added."""

    def local_entries(self, model: str | None = None, alias: str | None = None) -> list[LedgerEntry]:
        """The entries of an alias, of a model or of all, oldest first."""
        where, bound = _of(model, alias)
        rows = self._rows(f"SELECT record FROM local_entry WHERE {where} ORDER BY model, alias, number", *bound)
        return [msgspec.convert(json.loads(row[0]), LedgerEntry) for row in rows]

    def append_local_entry(self, entry: LedgerEntry) -> bool:
        """Keep an entry, on the disk when this returns. False when its number is taken: somebody else was first."""
        row = (kept(entry.model), kept(entry.alias), entry.number, _text(entry))
        return self._write("INSERT OR IGNORE INTO local_entry VALUES (?, ?, ?, ?)", row) == 1

    def local_waivers(self, model: str | None = None, alias: str | None = None) -> list[Waiver]:
        """The waivers of an alias, of a model or of all, oldest first; those that ended too."""
        where, bound = _of(model, alias)
        rows = self._rows(f"SELECT record FROM local_waiver WHERE {where} ORDER BY rowid", *bound)
        return [msgspec.convert(json.loads(row[0]), Waiver) for row in rows]

    def add_local_waiver(self, waiver: Waiver) -> bool:
        """Keep a waiver. False when one of its id is kept already."""
        row = (kept(waiver.id), kept(waiver.model), kept(waiver.alias), _text(waiver))
        return self._write("INSERT OR IGNORE INTO local_waiver VALUES (?, ?, ?, ?)", row) == 1


def _of(model: str | None, alias: str | None) -> tuple[str, list[str]]:
    tests = [(name, kept(value)) for name, value in (("model", model), ("alias", alias)) if value is not None]
    return " AND ".join(f"{name} = ?" for name, _ in tests) or "1", [value for _, value in tests]


def _text(record: Any) -> str:
    return json.dumps(msgspec.to_builtins(record))  # ASCII, whatever stands in it
