"""Writing lines of production and their points. What a line's points say of it is worked out as they are written."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ..records import Batch, Millis, MonitorSeries, Samples
from .alert_writes import write_alerts, write_past_alerts
from .monitor_turns import Bounds, count_turns, judged_after, judged_before, newest_turn
from .thinning import BUCKET, HOUR, KEPT, WHOLE, thinned
from .writable import digest, encode, writable

_POINT: Final = (
    "INSERT INTO monitor_point VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value,"
    " total = excluded.total WHERE value IS NOT excluded.value OR total IS NOT excluded.total"
)
_WORKED_OUT: Final = {"value": None, "at": None, "looked_at": None, "bad_since": None, "last_good_at": None}

_THINNED_AT_ONCE: Final = 5_000
"""Points that one transaction looks at to thin them: 30 ms."""

_Point = tuple[Millis, float | None, float | None]


class _Line(NamedTuple):
    """What the writer knows of a line."""

    id: int
    bounds: Bounds
    at: Millis | None
    thinned: Millis


def write_monitors(cursor: sqlite3.Cursor, source: int, batch: Batch, now: Millis) -> bool:
    """All that a batch says of what watches production. Gives whether anything is new or differs."""
    changed = _write_series(cursor, source, batch.series, now)
    if batch.series_complete:
        changed = _others_gone(cursor, source, batch.series) or changed
    changed = _write_samples(cursor, source, batch.samples, now) or changed
    changed = write_alerts(cursor, source, batch.alerts, now) or changed
    return write_past_alerts(cursor, source, batch.past_alerts, now) or changed


def _write_series(cursor: sqlite3.Cursor, source: int, series: Sequence[MonitorSeries], now: Millis) -> bool:
    if not series:
        return False
    known = dict(cursor.execute("SELECT native, digest FROM monitor WHERE source = ?", (source,)).fetchall())
    changed = False
    for one in map(writable, series):
        plain = msgspec.structs.replace(one, source="", **_WORKED_OUT)
        mark = digest(plain)
        if known.get(one.key) != mark:
            _write_line(cursor, source, plain, mark)
            known[one.key], changed = mark, True
    cursor.executemany(
        "UPDATE monitor SET looked_at = max(coalesce(looked_at, 0), ?) WHERE source = ? AND native = ?",
        [(now if one.looked_at is None else one.looked_at, source, one.key) for one in series],
    )
    return changed


def _write_line(cursor: sqlite3.Cursor, source: int, line: MonitorSeries, mark: bytes) -> None:
    # thresholds that changed make other turns of all its points: these are counted apart (`settle`)
    cursor.execute(
        "INSERT INTO monitor (source, native, name, model, version, low, high, is_share, digest, record)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, native) DO UPDATE SET name = excluded.name,"
        " model = excluded.model, version = excluded.version, digest = excluded.digest, record = excluded.record,"
        " is_owed = is_owed OR low IS NOT excluded.low OR high IS NOT excluded.high"
        " OR is_share IS NOT excluded.is_share, low = excluded.low, high = excluded.high, is_share = excluded.is_share",
        (
            source, line.key, line.name, line.model, line.version, line.min, line.max, line.objective is not None, mark,
            encode(line),
        ),
    )  # fmt: skip


def _others_gone(cursor: sqlite3.Cursor, source: int, series: Iterable[MonitorSeries]) -> bool:
    """These are all. The points of the others are removed apart (`settle`): they are many."""
    kept = {writable(one).key for one in series}
    rows = cursor.execute("SELECT id, native FROM monitor WHERE source = ?", (source,)).fetchall()
    gone = [(number,) for number, native in rows if native not in kept]
    cursor.executemany("INSERT INTO monitor_gone VALUES (?)", gone)
    cursor.executemany("DELETE FROM monitor_turn WHERE monitor = ?", gone)
    cursor.executemany("DELETE FROM monitor WHERE id = ?", gone)
    return bool(gone)


def _write_samples(cursor: sqlite3.Cursor, source: int, samples: Sequence[Samples], now: Millis) -> bool:
    changed = False
    for one in samples:
        line = _line(cursor, "source = ? AND native = ?", source, one.key)
        if line is not None:
            points = _wanted(cursor, line, list(_points(one)), now)
            changed = _write_points(cursor, line, points) or changed
    return changed


def _points(samples: Samples) -> Iterator[_Point]:
    if samples.totals is None:
        return ((at, _figure(value), None) for at, value in zip(samples.times, samples.values, strict=True))
    rows = zip(samples.times, samples.values, samples.totals, strict=True)
    return ((at, _figure(value), _figure(total)) for at, value, total in rows)


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else value


def _wanted(cursor: sqlite3.Cursor, line: _Line, points: list[_Point], now: Millis) -> list[_Point]:
    """Without what is too old to be kept, and of what was thinned already without what would count twice."""
    if not points:
        return points
    newest = max(point[0] for point in points)
    if line.at is not None:
        newest = max(newest, line.at)
    oldest = min(now - KEPT, newest)
    points = [point for point in points if point[0] >= oldest]
    late = [point for point in points if point[0] < line.thinned]
    if not late:
        return points
    sql = "SELECT DISTINCT at / ? FROM monitor_point WHERE monitor = ? AND at >= ? AND at < ?"
    first = min(point[0] for point in late) // BUCKET * BUCKET
    full = {row[0] for row in cursor.execute(sql, (BUCKET, line.id, first, line.thinned))}
    fitting = sorted(point for point in late if point[0] // BUCKET not in full)
    return thinned(fitting, line.bounds) + [point for point in points if point[0] >= line.thinned]


def _write_points(cursor: sqlite3.Cursor, line: _Line, points: list[_Point]) -> bool:
    if not points:
        return False
    cursor.executemany(_POINT, [(line.id, *point) for point in points])
    if not cursor.rowcount:
        return False
    if line.bounds.is_any:
        times = [point[0] for point in points]
        count_turns(cursor, line.id, line.bounds, min(times), max(times))
    _work_out(cursor, line)
    return True


def _work_out(cursor: sqlite3.Cursor, line: _Line) -> None:
    """What the points say of the line."""
    sql = "SELECT at, value, total FROM monitor_point WHERE monitor = ? ORDER BY at DESC LIMIT 1"
    at, value, total = cursor.execute(sql, (line.id,)).fetchone()
    turn = newest_turn(cursor, line.id) if line.bounds.is_any else None
    if turn is not None and turn.is_bad:
        bad_since, good = turn.at, turn.not_before
    else:
        newest = judged_before(cursor, line.id, line.bounds, at + 1)
        bad_since, good = None, None if newest is None else newest.at
    cursor.execute(
        "UPDATE monitor SET at = ?, value = ?, bad_since = ?, last_good_at = ? WHERE id = ?",
        (at, line.bounds.value(value, total), bad_since, good, line.id),
    )


def _line(cursor: sqlite3.Cursor, which: str, *values: Any) -> _Line | None:
    sql = f"SELECT id, low, high, is_share, at, thinned FROM monitor WHERE {which}"
    row = cursor.execute(sql, values).fetchone()
    return _Line(row[0], Bounds(row[1], row[2], bool(row[3])), row[4], row[5]) if row else None


def settle_monitors(cursor: sqlite3.Cursor, now: Millis) -> bool | None:
    """Do a little of what is owed, some 50 ms of it; gives whether that changed what is shown, None: nothing is owed.

    Owed are the points of lines that are gone, the turns of those whose thresholds changed, and the thinning of what is
    older than two days.
    """
    if gone := cursor.execute("SELECT id FROM monitor_gone LIMIT 1").fetchone():
        cursor.execute("DELETE FROM monitor_point WHERE monitor = ?", gone)
        cursor.execute("DELETE FROM monitor_gone WHERE id = ?", gone)
        return False
    if (line := _line(cursor, "is_owed LIMIT 1")) is not None:
        _count_anew(cursor, line)
        return True
    line = _line(cursor, f"thinned < min(?, at - at % {HOUR}) LIMIT 1", _thin_before(now))
    return None if line is None else _thin(cursor, line, now)


def _count_anew(cursor: sqlite3.Cursor, line: _Line) -> None:
    cursor.execute("DELETE FROM monitor_turn WHERE monitor = ?", (line.id,))
    cursor.execute("UPDATE monitor SET is_owed = 0 WHERE id = ?", (line.id,))
    if line.at is not None:
        if line.bounds.is_any:
            count_turns(cursor, line.id, line.bounds, -(2**62), 2**62)
        _work_out(cursor, line)


def _thin_before(now: Millis) -> Millis:
    """Until when points may be thinned: whole hours, so that a line has its turn once an hour."""
    return (now - WHOLE) // HOUR * HOUR


def _thin(cursor: sqlite3.Cursor, line: _Line, now: Millis) -> bool:
    assert line.at is not None
    upto = min(_thin_before(now), line.at // HOUR * HOUR)
    sql = "SELECT at, value, total FROM monitor_point WHERE monitor = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?"
    points = cursor.execute(sql, (line.id, line.thinned, upto, _THINNED_AT_ONCE)).fetchall()
    if len(points) == _THINNED_AT_ONCE and points[-1][0] // BUCKET > points[0][0] // BUCKET:
        upto = points[-1][0] // BUCKET * BUCKET
        points = [point for point in points if point[0] < upto]
    _replace(cursor, line.id, points, thinned(points, line.bounds, *_around(cursor, line, points)))
    _drop(cursor, line, now - KEPT)
    cursor.execute("UPDATE monitor SET thinned = ? WHERE id = ?", (upto, line.id))
    return False


def _around(cursor: sqlite3.Cursor, line: _Line, points: Sequence[_Point]) -> tuple[bool | None, bool | None]:
    """Whether the points before and after these break the threshold."""
    if not points or not line.bounds.is_any:
        return None, None
    before = judged_before(cursor, line.id, line.bounds, points[0][0])
    after = judged_after(cursor, line.id, line.bounds, points[-1][0])
    return None if before is None else before.is_bad, None if after is None else after.is_bad


def _replace(cursor: sqlite3.Cursor, monitor: int, points: Sequence[_Point], by: Sequence[_Point]) -> None:
    left, known = {point[0] for point in by}, set(points)
    gone = [(monitor, point[0]) for point in points if point[0] not in left]
    cursor.executemany("DELETE FROM monitor_point WHERE monitor = ? AND at = ?", gone)
    cursor.executemany(_POINT, [(monitor, *point) for point in by if point not in known])


def _drop(cursor: sqlite3.Cursor, line: _Line, before: Millis) -> None:
    """Points and turns that are too old; of the turns the last one stays, which says how it stood then."""
    cursor.execute("DELETE FROM monitor_point WHERE monitor = ? AND at < ? AND at < ?", (line.id, before, line.at))
    sql = "SELECT max(at) FROM monitor_turn WHERE monitor = ? AND at < ?"
    last = cursor.execute(sql, (line.id, before)).fetchone()[0]
    cursor.execute("DELETE FROM monitor_turn WHERE monitor = ? AND at < ?", (line.id, last))
