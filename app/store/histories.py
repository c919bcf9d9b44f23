"""Histories of metrics as packed columns, and the extremes that follow from them.

A column is one blob of 8 bytes a point: ten thousand points are read in a tenth of a millisecond, where records
packed one by one took ten.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import isfinite, nan
from typing import Any, Final

from ..records import Extreme, KnownSeries, Millis, Series

MOST_POINTS: Final = 10_000_000
"""Points that are kept, 240 MB: those of the histories that were written last. The others can be fetched again."""
_WHOLE_EVERY: Final = 120_000
"""Milliseconds after which a history that grows is read whole again ..."""
_WHOLE_EVERY_ENDED: Final = 3_600_000
"""... and that of a run which had ended when it was read."""
_COLUMNS: Final = 'h.history, h.steps, h.times, h."values"'


def extreme_of(series: Series) -> Extreme:
    """Smallest and largest finite value, each with the step at which it was logged first."""
    values = series.values
    # a sum that is finite proves that every value is, at the speed of C
    finite = values if isfinite(sum(values)) else array("d", filter(isfinite, values))
    if not finite:
        return Extreme(min=None, max=None, history=series.history)
    low, high = min(finite), max(finite)
    return Extreme(
        min=low,
        max=high,
        history=series.history,
        min_step=series.steps[values.index(low)],
        max_step=series.steps[values.index(high)],
    )


def write_series(cursor: sqlite3.Cursor, run: int, key: int, series: Series, now: Millis) -> bool:
    """Keep a history and what it says about smallest and largest. Gives whether anything in it is new."""
    columns = (series.steps.tobytes(), series.times.tobytes(), series.values.tobytes())
    kept = cursor.execute(f"SELECT {_COLUMNS} FROM history h WHERE run = ? AND key = ?", (run, key)).fetchone()
    if kept == (series.history, *columns):
        cursor.execute("UPDATE history SET read_at = ? WHERE run = ? AND key = ?", (now, run, key))
        return False
    if kept and series.history == "sampled" and kept[0] == "complete" and _adds_nothing(kept, series):
        return False
    _replace(cursor, run, key, series, now)
    return True


def _adds_nothing(kept: tuple[str, bytes, bytes, bytes], sampled: Series) -> bool:
    """Whether a thinned out history is all in the whole one that is here."""
    whole = Series("", "", _ints(kept[1]), _ints(kept[2]), _floats(kept[3]))
    return merged(whole, sampled) is None


def write_tail(cursor: sqlite3.Cursor, run: int, key: int, tail: Series) -> bool:
    """Add points to a history that is here whole. Gives whether any was new.

    Where it is not here, or only thinned out, nothing is added: somebody who looks asks again and gets all of it.
    """
    row = cursor.execute(
        f"SELECT h.read_at, {_COLUMNS} FROM history h WHERE run = ? AND key = ?", (run, key)
    ).fetchone()
    if row is None or row[1] != "complete" or not tail:
        return False
    whole = Series(tail.run_id, tail.key, _ints(row[2]), _ints(row[3]), _floats(row[4]))
    series = merged(whole, tail)
    if series is not None:
        _replace(cursor, run, key, series, row[0])
    return series is not None


def merged(whole: Series, tail: Series) -> Series | None:
    """A whole history with points added in MLflow's order; None when it has them all.

    No two points of MLflow's SQL stores agree in time, step and value, so those that do are one.
    """
    at = bisect_left(whole.times, min(tail.times, default=0))
    held = _points(whole, at)
    new = set(_points(tail, 0)).difference(held)
    if not new:
        return None
    later = sorted([*held, *new])
    times = whole.times[:at] + array("q", [point[0] for point in later])
    steps = whole.steps[:at] + array("q", [point[1] for point in later])
    values = whole.values[:at] + array("d", [nan if point[3] else point[2] for point in later])
    return Series(whole.run_id, whole.key, steps, times, values, whole.history)


def _points(series: Series, start: int) -> list[tuple[int, int, float, bool]]:
    """Time, step, value (0 for NaN, as MLflow keeps it) and whether it is one: in this order they are sorted."""
    columns = zip(series.times[start:], series.steps[start:], series.values[start:], strict=True)
    return [(at, step, value, False) if value == value else (at, step, 0.0, True) for at, step, value in columns]


def _replace(cursor: sqlite3.Cursor, run: int, key: int, series: Series, read_at: Millis) -> None:
    cursor.execute(
        'INSERT OR REPLACE INTO history (run, key, read_at, history, last_step, last_at, steps, times, "values")'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run, key, read_at, series.history, max(series.steps, default=None), max(series.times, default=None),
            series.steps.tobytes(), series.times.tobytes(), series.values.tobytes(),
        ),
    )  # fmt: skip
    _write_extreme(cursor, run, key, extreme_of(series))


def _write_extreme(cursor: sqlite3.Cursor, run: int, key: int, known: Extreme) -> None:
    cursor.execute(
        "INSERT OR REPLACE INTO extreme (run, key, min, max, min_step, max_step, history) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, key, known.min, known.max, known.min_step, known.max_step, known.history),
    )


def let_go_of_oldest(cursor: sqlite3.Cursor) -> None:
    """Keep the histories that were written last, as many as may be. What they said of extremes stays."""
    # a history that is written again gets a new row, so rows stand in the order of writing
    points, oldest = 0, None
    for row, count in cursor.execute("SELECT rowid, length(steps) / 8 FROM history ORDER BY rowid DESC"):
        points += count
        if points > MOST_POINTS and oldest is not None:
            break
        oldest = row
    if points > MOST_POINTS:
        cursor.execute("DELETE FROM history WHERE rowid < ?", (oldest,))


def widen_extremes(cursor: sqlite3.Cursor, runs: Iterable[int]) -> None:
    """These runs went on: their known extremes hold the newest value too, but points between may be missed."""
    cursor.executemany(
        "UPDATE extreme SET min = min(coalesce(min, m.value), m.value), max = max(coalesce(max, m.value), m.value),"
        " min_step = iif(m.value >= min, min_step, m.step), max_step = iif(m.value <= max, max_step, m.step),"
        " history = 'sampled' FROM metric m WHERE extreme.run = ? AND m.run = extreme.run AND m.key = extreme.key"
        " AND m.state = 'finite' AND m.at > coalesce((SELECT last_at FROM history h"
        " WHERE h.run = extreme.run AND h.key = extreme.key), 0)",
        [(run,) for run in runs],
    )


def read_extremes(
    connection: sqlite3.Connection, runs: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, str], Extreme]:
    """Smallest and largest by (row id, metric name), as far as they are known."""
    sql = (
        "SELECT x.run, k.name, x.min, x.max, x.history, x.min_step, x.max_step FROM extreme x"
        f" JOIN key k ON k.id = x.key WHERE x.run IN ({_marks(runs)}) AND k.name IN ({_marks(names)})"
        " AND k.kind = 'metric'"
    )
    return {
        (run, name): Extreme(min=low, max=high, history=history, min_step=min_step, max_step=max_step)
        for run, name, low, high, history, min_step, max_step in connection.execute(sql, (*runs, *names))
    }


def known_series(
    connection: sqlite3.Connection, source: str, run_ids: Sequence[str], names: Sequence[str], now: Millis
) -> list[KnownSeries]:
    """How far these histories are here, by native ids. Empty ones are left out."""
    rows = connection.execute(
        "SELECT r.native, k.name, length(h.steps) / 8, h.last_step, h.last_at, h.history, h.read_at, r.ended_at"
        " FROM source s JOIN run r ON r.source = s.id"
        f" JOIN key k ON k.experiment = r.experiment AND k.kind = 'metric' AND k.name IN ({_marks(names)})"
        f" JOIN history h ON h.run = r.id AND h.key = k.id WHERE s.key = ? AND r.native IN ({_marks(run_ids)})",
        (*names, source, *run_ids),
    )
    return [
        KnownSeries(
            run_id=run, key=key, points=points, last_step=step, last_at=at, history=history,
            is_due=now - read_at > _trusted(points, ended_at is not None and ended_at < read_at),
        )
        for run, key, points, step, at, history, read_at, ended_at in rows
        if points
    ]  # fmt: skip


def _trusted(points: int, has_ended: bool) -> Millis:
    """For how long only what was added at the end is looked for. Then all is read: points may come late.

    The longer a history is, the more its reading costs the server, and the seldomer it is done.
    """
    return _WHOLE_EVERY_ENDED if has_ended else _WHOLE_EVERY + points * _WHOLE_EVERY // 50_000


def read_series(
    connection: sqlite3.Connection, runs: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, str], Series]:
    """Histories by (row id, metric name); those never read are left out."""
    sql = (
        f"SELECT h.run, r.native, k.name, {_COLUMNS}, coalesce(m.at > coalesce(h.last_at, 0), 0) FROM run r"
        f" JOIN key k ON k.experiment = r.experiment AND k.kind = 'metric' AND k.name IN ({_marks(names)})"
        " JOIN history h ON h.run = r.id AND h.key = k.id LEFT JOIN metric m ON m.run = r.id AND m.key = k.id"
        f" WHERE r.id IN ({_marks(runs)})"
    )
    return {
        (run, name): Series(native, name, _ints(steps), _ints(times), _floats(values), history, bool(behind))
        for run, native, name, history, steps, times, values, behind in connection.execute(sql, (*names, *runs))
    }


def _ints(packed: bytes) -> array[int]:
    column = array("q")
    column.frombytes(packed)
    return column


def _floats(packed: bytes) -> array[float]:
    column = array("d")
    column.frombytes(packed)
    return column


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
