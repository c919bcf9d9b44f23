"""What only we have seen, on its way from the cache to state.db, which keeps it for good.

It waits in the cache, in the transaction that found it out: whoever is killed before state.db was told finds it there
the next time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ..records import Event, Invocation


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A result that stood beside a turn of a check, as an invocation that has no other."""

    check: str
    """The check's id."""
    invocation: Invocation


class News(NamedTuple):
    """What state.db has yet to be told."""

    source: str
    """Key of the source that all of them are of."""
    upto: int
    """For `forget_news`."""
    events: tuple[Event, ...] = ()
    wrong: tuple[str, ...] = ()
    """Ids of events that were told and did not happen: an older result says so."""
    kept: tuple[Kept, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_event = msgspec.msgpack.Decoder(Event).decode
_kept = msgspec.msgpack.Decoder(Kept).decode


def leave_events(cursor: sqlite3.Cursor, source: str, events: Iterable[Event]) -> None:
    """Leave word of these, inside the transaction of what tells them. `source` is the key."""
    leave_news(cursor, source, [("event", _encode(event)) for event in events])


def leave_news(cursor: sqlite3.Cursor, source: str, rows: Iterable[tuple[str, bytes]]) -> None:
    """The same of anything: "event" with msgpack of it, "wrong" with the id of one, "kept" with msgpack of a `Kept`."""
    sql = "INSERT INTO news (source, kind, record) VALUES (?, ?, ?)"
    cursor.executemany(sql, [(source, kind, record) for kind, record in rows])


def read_news(connection: sqlite3.Connection, limit: int = 2_000) -> News | None:
    """The oldest news, which are of one source; None where there are none."""
    first = connection.execute("SELECT source FROM news ORDER BY id LIMIT 1").fetchone()
    if first is None:
        return None
    sql = "SELECT id, kind, record FROM news WHERE source = ? ORDER BY id LIMIT ?"
    rows = connection.execute(sql, (first[0], limit)).fetchall()
    events: dict[str, Event | None] = {}
    for _, kind, record in rows:
        if kind == "event":
            event = _event(record)
            events[event.id] = event
        elif kind == "wrong":
            events[record.decode()] = None
    return News(
        source=first[0], upto=rows[-1][0], events=tuple(event for event in events.values() if event is not None),
        wrong=tuple(name for name, event in events.items() if event is None),
        kept=tuple(_kept(record) for _, kind, record in rows if kind == "kept"),
    )  # fmt: skip


def forget_news(cursor: sqlite3.Cursor, news: News) -> None:
    """State.db has them."""
    cursor.execute("DELETE FROM news WHERE source = ? AND id <= ?", (news.source, news.upto))
