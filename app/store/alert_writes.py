"""Writing alerts: each stretch of firing is a row, whether it was watched or told afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from ..records import Alert, Millis
from .thinning import KEPT
from .writable import encode, writable

_decode = msgspec.msgpack.Decoder(Alert).decode
_COLUMNS: Final = "id, native, since, fired_at, seen_at, ended_at, ended_not_before, record"


class _Stretch(NamedTuple):
    id: int
    native: str
    since: Millis
    fired_at: Millis | None
    seen_at: Millis | None
    ended_at: Millis | None
    ended_not_before: Millis | None
    record: bytes


def write_alerts(cursor: sqlite3.Cursor, source: int, alerts: Sequence[Alert] | None, now: Millis) -> bool:
    """These fire or are pending, and no others. Gives whether anything differs; None says nothing."""
    if alerts is None:
        return False
    sql = f"SELECT {_COLUMNS} FROM alert INDEXED BY alert_open WHERE source = ? AND ended_at IS NULL"
    open_ones = {one.native: one for one in map(_Stretch._make, cursor.execute(sql, (source,)).fetchall())}
    latest = {alert.fingerprint: alert for alert in map(writable, alerts)}
    changed = False
    for native, alert in latest.items():
        known = open_ones.get(native)
        if known is not None and known.since != alert.since:
            _end(cursor, known, min(now, max(alert.since, known.since)))
            known, changed = None, True
        changed = _write(cursor, source, alert, known, now) or changed
    for native, known in open_ones.items():
        if native not in latest:
            _end(cursor, known, now)
            changed = True
    cursor.execute("DELETE FROM alert WHERE ended_at < ?", (now - KEPT,))
    return changed


def _write(cursor: sqlite3.Cursor, source: int, alert: Alert, known: _Stretch | None, now: Millis) -> bool:
    record = encode(msgspec.structs.replace(alert, source="", ended_at=None, ended_not_before=None))
    is_firing = alert.state == "firing"
    if known is None:
        cursor.execute(
            "INSERT INTO alert (source, native, since, fired_at, seen_at, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            " ON CONFLICT (source, native, since) DO UPDATE SET fired_at = coalesce(fired_at, excluded.fired_at),"
            " seen_at = excluded.seen_at, ended_at = NULL, ended_not_before = NULL, record = excluded.record",
            (source, alert.fingerprint, alert.since, alert.since if is_firing else None, now, record),
        )
        return True
    if is_firing and known.fired_at is None:  # it was pending at the last look
        cursor.execute("UPDATE alert SET fired_at = ?, fired_not_before = seen_at WHERE id = ?", (now, known.id))
    cursor.execute("UPDATE alert SET seen_at = ?, record = ? WHERE id = ?", (now, record, known.id))
    return record != known.record


def _end(cursor: sqlite3.Cursor, known: _Stretch, at: Millis) -> None:
    """It was seen no more. One that never fired was none."""
    if known.fired_at is None:
        cursor.execute("DELETE FROM alert WHERE id = ?", (known.id,))
        return
    cursor.execute(
        "UPDATE alert SET ended_at = ?1, ended_not_before = min(?1, max(since, coalesce(seen_at, since)))"
        " WHERE id = ?2",
        (at, known.id),
    )


def write_past_alerts(cursor: sqlite3.Cursor, source: int, alerts: Sequence[Alert], now: Millis) -> bool:
    """Stretches that the monitoring remembers. One that was seen, or told before, is not told twice."""
    changed = False
    for alert in map(writable, alerts):
        if _first_of(alert.ended_at, alert.ended_not_before, alert.since) >= now - KEPT:
            changed = _write_past(cursor, source, alert) or changed
    return changed


def _write_past(cursor: sqlite3.Cursor, source: int, alert: Alert) -> bool:
    end = _first_of(alert.ended_at, alert.ended_not_before, alert.since)
    sql = (
        f"SELECT {_COLUMNS} FROM alert WHERE source = ? AND native = ? AND since <= ?"
        " AND coalesce(ended_at, 9e18) >= ? ORDER BY since LIMIT 1"
    )
    row = cursor.execute(sql, (source, alert.fingerprint, end, alert.since)).fetchone()
    if row is not None:
        return _narrow(cursor, _Stretch(*row), alert)
    cursor.execute(
        "INSERT INTO alert (source, native, since, fired_at, ended_at, ended_not_before, record)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            source, alert.fingerprint, alert.since, alert.since, end, alert.ended_not_before,
            encode(msgspec.structs.replace(alert, source="", ended_at=None, ended_not_before=None)),
        ),
    )  # fmt: skip
    return True


def _narrow(cursor: sqlite3.Cursor, known: _Stretch, alert: Alert) -> bool:
    """Two tell of one stretch: it ended after the later of the last looks, and before the earlier of the others."""
    if known.ended_at is None:
        return False  # it fires still, or was not looked at since: who watches knows
    low = max(_first_of(known.ended_not_before, known.since), _first_of(alert.ended_not_before, alert.since))
    high = min(known.ended_at, _first_of(alert.ended_at, known.ended_at))
    if high < low or (low, high) == (known.ended_not_before, known.ended_at):
        return False
    cursor.execute("UPDATE alert SET ended_at = ?, ended_not_before = ? WHERE id = ?", (high, low, known.id))
    return True


def _first_of(*times: Millis | None) -> Millis:
    return next(time for time in times if time is not None)
