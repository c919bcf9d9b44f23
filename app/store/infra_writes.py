"""Writing stacks with their resources. What did not change costs one look at a hash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ..records import Batch, Millis, Resource, Stack
from .writable import digest, encode, writable

_stack = msgspec.msgpack.Decoder(Stack).decode
_resource = msgspec.msgpack.Decoder(Resource).decode


class _Known(NamedTuple):
    id: int
    digest: bytes


def write_infra(cursor: sqlite3.Cursor, source: int, batch: Batch, now: Millis) -> bool:
    """All that a batch says of stacks. Gives whether anything is new or differs."""
    changed = False
    for stack in map(writable, batch.stacks):
        changed = _write(cursor, source, stack, now) or changed
    return (_others_gone(cursor, source, batch.stacks) if batch.stacks_complete else False) or changed


def _write(cursor: sqlite3.Cursor, source: int, stack: Stack, now: Millis) -> bool:
    plain = msgspec.structs.replace(stack, source="", read_at=None)
    mark, read_at = digest(plain), now if stack.read_at is None else stack.read_at
    sql = "SELECT id, digest FROM stack WHERE source = ? AND name = ?"
    row = cursor.execute(sql, (source, stack.name)).fetchone()
    if row is not None and row[1] == mark:
        cursor.execute("UPDATE stack SET read_at = ? WHERE id = ?", (read_at, row[0]))
        return False
    counts = msgspec.json.encode(stack.counts()).decode()
    number = cursor.execute(
        "INSERT INTO stack (source, name, digest, read_at, counts, record) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source, name) DO UPDATE SET digest = excluded.digest, read_at = excluded.read_at,"
        " counts = excluded.counts, record = excluded.record RETURNING id",
        (source, stack.name, mark, read_at, counts, encode(msgspec.structs.replace(plain, resources=()))),
    ).fetchone()[0]
    _write_resources(cursor, number, stack.resources)
    return True


def _write_resources(cursor: sqlite3.Cursor, stack: int, resources: Sequence[Resource]) -> None:
    sql = "SELECT address, place, record FROM resource WHERE stack = ?"
    known = {row[0]: (row[1], row[2]) for row in cursor.execute(sql, (stack,))}
    found = {one.address: (place, encode(one)) for place, one in enumerate(resources)}
    cursor.executemany(
        "DELETE FROM resource WHERE stack = ? AND address = ?", [(stack, address) for address in known.keys() - found]
    )
    cursor.executemany(
        "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)",
        [(stack, address, *row) for address, row in found.items() if known.get(address) != row],
    )


def _others_gone(cursor: sqlite3.Cursor, source: int, stacks: Iterable[Stack]) -> bool:
    """These are all that there are."""
    kept = {writable(stack).name for stack in stacks}
    rows = cursor.execute("SELECT id, name FROM stack WHERE source = ?", (source,)).fetchall()
    gone = [(number,) for number, name in rows if name not in kept]
    cursor.executemany("DELETE FROM resource WHERE stack = ?", gone)
    cursor.executemany("DELETE FROM stack WHERE id = ?", gone)
    return bool(gone)
