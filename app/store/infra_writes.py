"""Writing stacks with their resources. What did not change costs one look at a hash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from ..records import Batch, Millis, Resource, Stack
from .infra_events import stack_events
from .news import leave_events
from .writable import digest, encode, writable

_stack = msgspec.msgpack.Decoder(Stack).decode
_resource = msgspec.msgpack.Decoder(Resource).decode


def write_infra(cursor: sqlite3.Cursor, source: int, key: str, batch: Batch, now: Millis) -> bool:
    """All that a batch says of stacks; `key` is the source's. Gives whether anything is new or differs.

    What changed since the look before is left as news: nobody can give that again.
    """
    changed = False
    for stack in map(writable, batch.stacks):
        changed = _write(cursor, source, key, stack, now) or changed
    return (_others_gone(cursor, source, batch.stacks) if batch.stacks_complete else False) or changed


def _write(cursor: sqlite3.Cursor, source: int, key: str, stack: Stack, now: Millis) -> bool:
    plain = msgspec.structs.replace(stack, source="", read_at=None)
    mark, read_at = digest(plain), now if stack.read_at is None else stack.read_at
    sql = "SELECT id, digest, read_at, record FROM stack WHERE source = ? AND name = ?"
    row = cursor.execute(sql, (source, stack.name)).fetchone()
    if row is not None and row[1] == mark:
        cursor.execute("UPDATE stack SET read_at = ? WHERE id = ?", (read_at, row[0]))
        return False
    before = None if row is None else _known(cursor, row[0], row[3], row[2])
    leave_events(cursor, key, stack_events(key, before, msgspec.structs.replace(plain, read_at=read_at)))
    counts = msgspec.json.encode(stack.counts()).decode()
    number = cursor.execute(
        "INSERT INTO stack (source, name, digest, read_at, counts, record) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source, name) DO UPDATE SET digest = excluded.digest, read_at = excluded.read_at,"
        " counts = excluded.counts, record = excluded.record RETURNING id",
        (source, stack.name, mark, read_at, counts, encode(msgspec.structs.replace(plain, resources=()))),
    ).fetchone()[0]
    _write_resources(cursor, number, stack.resources)
    return True


def _known(cursor: sqlite3.Cursor, stack: int, record: bytes, read_at: Millis) -> Stack:
    """How it was at the look before."""
    rows = cursor.execute("SELECT record FROM resource WHERE stack = ? ORDER BY place", (stack,))
    return msgspec.structs.replace(_stack(record), read_at=read_at, resources=tuple(_resource(row[0]) for row in rows))


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
