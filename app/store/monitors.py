"""Reading what watches production: lines, their points, and alerts."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ..records import Alert, Millis, MonitorSeries, Samples

_line = msgspec.msgpack.Decoder(MonitorSeries).decode
_alert = msgspec.msgpack.Decoder(Alert).decode

_LINE: Final = (
    "SELECT s.key, m.record, m.value, m.at, m.looked_at, m.bad_since, m.last_good_at"
    " FROM monitor AS m JOIN source AS s ON s.id = m.source AND NOT s.hidden "
)
_ALERT: Final = (
    "SELECT s.key, a.record, a.since, a.ended_at, a.ended_not_before"
    " FROM alert AS a JOIN source AS s ON s.id = a.source AND NOT s.hidden "
)
_NAN: Final = float("nan")


class MonitorReads:
    """What the cache has of production. Lines and alerts of hidden sources are not shown."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def series(self) -> list[MonitorSeries]:
        """All lines, by model, version and name."""
        rows = self._connection.execute(f"{_LINE} ORDER BY m.model, m.version, m.name, m.id")
        return [_series(*row) for row in rows]

    def one(self, key: str) -> MonitorSeries | None:
        """The line of this key, None where there is none."""
        row = self._connection.execute(f"{_LINE} WHERE m.native = ? LIMIT 1", (key,)).fetchone()
        return _series(*row) if row else None

    def samples(self, key: str, since: Millis, until: Millis) -> Samples | None:
        """The points from `since` until before `until`, by time; None where there is no such line.

        Each is there for 48 hours; of what is older some are, and after 60 days none.
        """
        found = self._find(key)
        if found is None:
            return None
        monitor, source, is_share = found
        rows = self._connection.execute(
            "SELECT at, value, total FROM monitor_point WHERE monitor = ? AND at >= ? AND at < ? ORDER BY at",
            (monitor, since, until),
        ).fetchall()
        return _samples(source, key, rows, is_share=is_share)

    def thinned(self, key: str, since: Millis, until: Millis, most: int) -> Samples:
        """At most `most` of the points from `since` until before `until`: of each of `most` / 2 stretches of equal
        length the smallest and the largest, by what is drawn (`shares`). Empty where there is no such line."""
        whole = self.samples(key, since, until)
        if whole is None:
            return Samples(source="", key=key, times=array("q"), values=array("d"))
        return whole if len(whole) <= most else _outermost(whole, since, until, max(1, most // 2))

    def stretches(self, key: str, since: Millis, until: Millis) -> list[tuple[Millis, Millis | None]]:
        """When the line broke its threshold within `since` to `until`: (first bad point, first good one after it).

        None: it lasts, as far as is known.
        """
        found = self._find(key)
        if found is None:
            return []
        sql = "SELECT at, is_bad FROM monitor_turn WHERE monitor = ? ORDER BY at"
        turns = self._connection.execute(sql, found[:1]).fetchall()
        ends = [*(at for at, _ in turns[1:]), None]
        pairs = [(at, end) for (at, is_bad), end in zip(turns, ends, strict=False) if is_bad]
        return [(began, ended) for began, ended in pairs if began < until and (ended is None or ended > since)]

    def alerts(self, *, past: bool = False, limit: int = 200) -> list[Alert]:
        """The alerts that fire or are pending, newest first; with `past` those that are over, too."""
        where = "" if past else "WHERE a.ended_at IS NULL"
        rows = self._connection.execute(f"{_ALERT}{where} ORDER BY a.since DESC, a.id DESC LIMIT ?", (limit,))
        return [read_alert(*row) for row in rows]

    def alert(self, fingerprint: str) -> Alert | None:
        """The newest stretch of an alert, None where it never fired."""
        sql = f"{_ALERT} WHERE a.native = ? ORDER BY a.since DESC LIMIT 1"
        row = self._connection.execute(sql, (fingerprint,)).fetchone()
        return read_alert(*row) if row else None

    def alert_stretches(self, fingerprint: str, limit: int = 200) -> list[Alert]:
        """All its stretches, newest first."""
        sql = f"{_ALERT} WHERE a.native = ? ORDER BY a.since DESC LIMIT ?"
        return [read_alert(*row) for row in self._connection.execute(sql, (fingerprint, limit))]

    def _find(self, key: str) -> tuple[int, str, bool] | None:
        row = self._connection.execute(
            "SELECT m.id, s.key, m.is_share FROM monitor AS m JOIN source AS s ON s.id = m.source AND NOT s.hidden"
            " WHERE m.native = ? LIMIT 1",
            (key,),
        ).fetchone()
        return (row[0], row[1], bool(row[2])) if row else None


def _series(source: str, record: bytes, value: float | None, at: Millis | None, *rest: Any) -> MonitorSeries:
    looked_at, bad_since, last_good_at = rest
    return msgspec.structs.replace(
        _line(record), source=source, value=_NAN if value is None and at is not None else value, at=at,
        looked_at=looked_at, bad_since=bad_since, last_good_at=last_good_at,
    )  # fmt: skip


def read_alert(source: str, record: bytes, since: Millis, ended_at: Millis | None, last: Millis | None) -> Alert:
    """An alert out of its row."""
    alert = msgspec.structs.replace(_alert(record), source=source, since=since)
    if ended_at is None:
        return alert
    return msgspec.structs.replace(alert, state="over", ended_at=ended_at, ended_not_before=last)


def _samples(source: str, key: str, rows: Sequence[Any], *, is_share: bool) -> Samples:
    totals = array("d", (_NAN if row[2] is None else row[2] for row in rows)) if is_share else None
    return Samples(
        source=source, key=key, times=array("q", (row[0] for row in rows)),
        values=array("d", (_NAN if row[1] is None else row[1] for row in rows)), totals=totals,
    )  # fmt: skip


def _outermost(samples: Samples, since: Millis, until: Millis, columns: int) -> Samples:
    """The points with the smallest and the largest figure of each column; of one without any figure its last point."""
    figures, span = samples.shares(), max(1, until - since)
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    silent: dict[int, int] = {}
    for place, (at, figure) in enumerate(zip(samples.times, figures, strict=True)):
        column = (at - since) * columns // span
        if figure != figure:
            silent[column] = place
            continue
        if column not in low or figure < figures[low[column]]:
            low[column] = place
        if column not in high or figure > figures[high[column]]:
            high[column] = place
    nothing = (place for column, place in silent.items() if column not in low)
    return _picked(samples, sorted({*low.values(), *high.values(), *nothing}))


def _picked(samples: Samples, places: Iterable[int]) -> Samples:
    chosen = list(places)
    return msgspec.structs.replace(
        samples,
        times=array("q", map(samples.times.__getitem__, chosen)),
        values=array("d", map(samples.values.__getitem__, chosen)),
        totals=None if samples.totals is None else array("d", map(samples.totals.__getitem__, chosen)),
    )
