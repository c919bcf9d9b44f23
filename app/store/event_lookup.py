"""One event by its id. An id is a hash of what it is of, so there is no index of those that are told by other rows."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from typing import Final

from ..records import Event
from .event_order import EventOrder, few_events, find_events
from .event_rows import COMMITS, PIPELINES, RUNS, Rows
from .reading import Reader
from .state import State

_NEAR: Final = 1_000
"""The newest so many events are looked at first: 10 ms. Somebody who asks has mostly just seen it."""


def event_by_id(reader: Reader | None, state: State, name: str) -> Event | None:
    """The event of this id, None where nothing that is visible tells of it.

    What state.db keeps is found by its index, and what is new at once. The worst, an old run among a million events,
    takes a second: a hash for each.
    """
    wanted = _digest(name)
    if wanted is None:
        return None
    kept = state.event(name)
    if kept is not None and any(one.id == name for one in _around(reader, state, kept)):
        return kept
    near = (one for one in find_events(reader, state, None, limit=_NEAR) if one.id == name)
    few = (one for one in few_events(reader, state) if one.id == name)
    found = next(near, None) or next(few, None)
    if found is None and reader is not None:
        found = _by_hash(reader.connection, wanted)
    return found


def _digest(name: str) -> bytes | None:
    try:
        found = bytes.fromhex(name)
    except ValueError:
        return None
    return found if len(found) == 8 else None


def _around(reader: Reader | None, state: State, kept: Event) -> list[Event]:
    """What is shown of that moment: a source that is hidden tells nothing."""
    order = EventOrder(reader, state, None, since=kept.at, until=kept.at + 1)
    return order.rows(order.all())


def _by_hash(connection: sqlite3.Connection, wanted: bytes) -> Event | None:
    sources = connection.execute("SELECT id, key FROM source WHERE NOT hidden").fetchall()
    for rows in (COMMITS, PIPELINES, RUNS):
        for source, key in sources:
            row = _row(connection, rows, source, key, wanted)
            if row is not None:
                return _event(connection, rows, row)
    return None


def _row(connection: sqlite3.Connection, rows: Rows, source: int, key: str, wanted: bytes) -> int | None:
    """The row whose event has that id. Of what is not looked at `native` is read from an index alone."""
    kind, native = rows.identity
    of = rows.letter
    begun = blake2b(f"{key}\0{kind}\0".encode(errors="surrogatepass"), digest_size=8)
    sql = f"SELECT {of}.id, {native} FROM {rows.table} WHERE {of}.source = ?"
    for row, name in connection.execute(sql, (source,)):
        one = begun.copy()
        one.update(name.encode())
        if one.digest() == wanted:
            return int(row)
    return None


def _event(connection: sqlite3.Connection, rows: Rows, row: int) -> Event | None:
    of = rows.letter
    sql = (
        f"SELECT {rows.select} FROM {rows.table} JOIN source AS s ON s.id = {of}.source"
        f" WHERE {of}.id = ? AND {rows.at} IS NOT NULL AND {rows.tells}"
    )
    found = connection.execute(sql, (row,)).fetchone()
    return rows.make(connection)(*found) if found else None
