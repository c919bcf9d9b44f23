"""Where a line crossed its thresholds. Turns depend on neighbours only, so points may come in any order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..records import Millis


class Bounds(NamedTuple):
    """What a line's points are judged by."""

    low: float | None = None
    high: float | None = None
    is_share: bool = False
    """A point counts good, with its total, and their share is judged."""

    @property
    def is_any(self) -> bool:
        """Whether there is a threshold at all."""
        return self.low is not None or self.high is not None

    def value(self, value: float | None, total: float | None) -> float | None:
        """What is judged of a point, None where that is no number."""
        if self.is_share:
            if value is None or not total or total < 0:
                return None
            value /= total
        return None if value is None or value != value else value

    def is_bad(self, value: float) -> bool:
        """Whether it breaks a threshold."""
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


class Turn(NamedTuple):
    """A point that breaks its threshold after one that kept it, or the other way."""

    at: Millis
    is_bad: bool
    not_before: Millis | None
    """The point before, which was otherwise; None: there is none."""
    value: float


class _Judged(NamedTuple):
    at: Millis
    is_bad: bool
    value: float


def turns(points: Iterator[tuple[Millis, float | None, float | None]], bounds: Bounds) -> Iterator[Turn]:
    """All turns of a history, by time. What is no number neither breaks nor keeps a threshold."""
    return _turns(_judged(points, bounds), None)


def _judged(rows: Iterator[tuple[Millis, float | None, float | None]], bounds: Bounds) -> Iterator[_Judged]:
    for at, value, total in rows:
        figure = bounds.value(value, total)
        if figure is not None:
            yield _Judged(at, bounds.is_bad(figure), figure)


def _turns(points: Iterator[_Judged], before: _Judged | None) -> Iterator[Turn]:
    for point in points:
        if point.is_bad != (before is not None and before.is_bad):
            yield Turn(point.at, point.is_bad, None if before is None else before.at, point.value)
        before = point


def count_turns(cursor: sqlite3.Cursor, monitor: int, bounds: Bounds, since: Millis, until: Millis) -> bool:
    """Points from `since` to `until` are new or others: put right the turns there, and the one after. Whether any
    differs."""
    before = judged_before(cursor, monitor, bounds, since)
    points = list(_upto_next(cursor, monitor, bounds, since, until))
    found = set(_turns(iter(points), before))
    last = max(until, points[-1].at) if points else until
    end = last if points and points[-1].at > until else 2**62  # no point is later: no turn is
    known = {
        Turn(at, bool(is_bad), not_before, value)
        for at, is_bad, not_before, value in cursor.execute(
            "SELECT at, is_bad, not_before, value FROM monitor_turn WHERE monitor = ? AND at >= ? AND at <= ?",
            (monitor, since, end),
        )
    }
    cursor.executemany(
        "DELETE FROM monitor_turn WHERE monitor = ? AND at = ?", [(monitor, turn.at) for turn in known - found]
    )
    cursor.executemany(
        "INSERT OR REPLACE INTO monitor_turn VALUES (?, ?, ?, ?, ?)", [(monitor, *turn) for turn in found - known]
    )
    return found != known


def judged_before(cursor: sqlite3.Cursor, monitor: int, bounds: Bounds, at: Millis) -> _Judged | None:
    """The last point before `at` that is a number; where such points were dropped, the turn that they left."""
    sql = "SELECT at, value, total FROM monitor_point WHERE monitor = ? AND at < ? ORDER BY at DESC"
    found = next(_judged(cursor.connection.execute(sql, (monitor, at)), bounds), None)
    if found is None:
        sql = "SELECT at, is_bad, value FROM monitor_turn WHERE monitor = ? AND at < ? ORDER BY at DESC LIMIT 1"
        row: Any = cursor.execute(sql, (monitor, at)).fetchone()
        found = _Judged(row[0], bool(row[1]), row[2]) if row else None
    return found


def judged_after(cursor: sqlite3.Cursor, monitor: int, bounds: Bounds, at: Millis) -> _Judged | None:
    """The first point after `at` that is a number."""
    sql = "SELECT at, value, total FROM monitor_point WHERE monitor = ? AND at > ? ORDER BY at"
    return next(_judged(cursor.connection.execute(sql, (monitor, at)), bounds), None)


def _upto_next(cursor: sqlite3.Cursor, monitor: int, bounds: Bounds, since: Millis, until: Millis) -> Iterator[_Judged]:
    """The points that are numbers from `since` to `until`, and the next one after that."""
    sql = "SELECT at, value, total FROM monitor_point WHERE monitor = ? AND at >= ? ORDER BY at"
    for point in _judged(cursor.connection.execute(sql, (monitor, since)), bounds):
        yield point
        if point.at > until:
            return


def newest_turn(cursor: sqlite3.Cursor, monitor: int) -> Turn | None:
    """The last one, None where there is none."""
    sql = "SELECT at, is_bad, not_before, value FROM monitor_turn WHERE monitor = ? ORDER BY at DESC LIMIT 1"
    row = cursor.execute(sql, (monitor,)).fetchone()
    return Turn(row[0], bool(row[1]), row[2], row[3]) if row else None
