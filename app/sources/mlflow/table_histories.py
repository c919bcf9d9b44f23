"""Histories out of MLflow's `metrics` table, and a long one in few points, with every spike."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Container, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from ...records import KnownSeries, Series
from . import parse

_LEAST: Final = -(2**63)
_AT_ONCE: Final = 10_000
"""Rows: a history of a million points must not stand in memory as a million tuples."""


class TableHistories:
    """Reads `metrics` and `latest_metrics` inside the caller's transaction; `columns` are those that each table has."""

    def __init__(self, connection: sqlite3.Connection, columns: Mapping[str, Container[str]]) -> None:
        self._connection = connection
        self._columns = columns

    def read(self, run_id: str, key: str) -> Series:
        """All points, in the order of MLflow's own store."""
        return self._read(run_id, key) if "metrics" in self._columns else Series.of(run_id, key, ())

    def read_since(self, known: KnownSeries) -> Series | None:
        """The points that are later and no lower in step than those known; None where they are not all that is new."""
        run_id, key = known.run_id, known.key
        if "metrics" not in self._columns:
            return None
        count = self._connection.execute(f"SELECT count(*) {self._where()}", (run_id, key)).fetchone()[0]
        if count == known.points:
            return Series.of(run_id, key, ())
        series = self._read(run_id, key, known.last_step, known.last_at)
        return series if known.points + len(series) == count else None

    def went_on(self, known: KnownSeries) -> bool:
        """Whether the last value is later than what is known of a metric, or cannot be told."""
        latest = self._columns.get("latest_metrics", ())
        if "step" not in latest or "timestamp" not in latest:
            return True
        sql = "SELECT step > ? OR timestamp > ? FROM latest_metrics WHERE run_uuid = ? AND key = ?"
        row = self._connection.execute(sql, (known.last_step, known.last_at, known.run_id, known.key)).fetchone()
        return row is None or bool(row[0])

    def _read(self, run_id: str, key: str, from_step: int = _LEAST, after: int = _LEAST) -> Series:
        step, is_nan = (name if name in self._columns["metrics"] else "0" for name in ("step", "is_nan"))
        rows = self._connection.execute(
            f"SELECT {step}, timestamp, value, {is_nan} {self._where()} AND {step} >= ? AND timestamp > ?"
            " ORDER BY timestamp, 1, value",
            (run_id, key, from_step, after),
        )
        steps, times, values = array("q"), array("q"), array("d")
        while some := rows.fetchmany(_AT_ONCE):
            columns: list[Sequence[Any]] = list(zip(*some, strict=True))
            steps.extend(columns[0])
            times.extend(columns[1])
            if any(columns[3]):
                columns[2] = [math.nan if row[3] else row[2] for row in some]
            values.extend(parse.metric_numbers(columns[2]))
        return Series(run_id, key, steps, times, values)

    def _where(self) -> str:
        """From the rows of one run and one key, found by the index that names the run first.

        Left alone, SQLite takes the one of key and time, which also sorts, and walks all runs' values of the key.
        """
        index = self._index_of_run_and_key()
        return (
            f'FROM metrics INDEXED BY "{index}" WHERE run_uuid = ? AND key = ?'
            if index
            else "FROM metrics WHERE run_uuid = ? AND +key = ?"
        )

    def _index_of_run_and_key(self) -> str | None:
        for index in self._connection.execute("PRAGMA index_list(metrics)").fetchall():
            columns = [row[2] for row in self._connection.execute(f'PRAGMA index_info("{index[1]}")')]
            if columns[:2] == ["run_uuid", "key"]:
                return str(index[1])
        return None


def thinned(series: Series, wanted: int) -> Series:
    """First and last, and of each stretch the smallest, the largest and a NaN if there is one: no spike is lost."""
    values, count = series.values, len(series)
    kinds = 3 if any(map(math.isnan, values)) else 2
    stretches = max((wanted - 2) // kinds, 1)
    kept = {0, count - 1}
    for number in range(stretches):
        kept |= _ends(values, count * number // stretches, count * (number + 1) // stretches)
    order = sorted(kept)
    return Series(
        series.run_id,
        series.key,
        array("q", [series.steps[at] for at in order]),
        array("q", [series.times[at] for at in order]),
        array("d", [values[at] for at in order]),
        "sampled",
    )


def _ends(values: array[float], start: int, stop: int) -> set[int]:
    numbers = [at for at in range(start, stop) if values[at] == values[at]]
    found = set(islice((at for at in range(start, stop) if values[at] != values[at]), 1))
    if numbers:
        found |= {min(numbers, key=values.__getitem__), max(numbers, key=values.__getitem__)}
    return found
