"""Events of what watches production: thresholds that were crossed, and alerts. All are told by rows of the cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ..records import Alert, Event, EventRef, Millis, MonitorSeries, Subject
from .events import event_id
from .monitors import read_alert

_line = msgspec.msgpack.Decoder(MonitorSeries).decode

_TURNS: Final = (
    "SELECT s.key, m.record, t.at, t.is_bad, t.not_before, t.value FROM monitor_turn AS t INDEXED BY monitor_turn_at"
    " JOIN monitor AS m ON m.id = t.monitor JOIN source AS s ON s.id = m.source AND NOT s.hidden"
    " WHERE t.at >= ? AND t.at < ? ORDER BY t.at DESC, t.monitor DESC LIMIT ?"
)
_ALERTS: Final = (
    "SELECT a.fired_at, a.fired_not_before, s.key, a.record, a.since, a.ended_at, a.ended_not_before"
    " FROM alert AS a INDEXED BY {0} JOIN source AS s ON s.id = a.source AND NOT s.hidden"
    " WHERE a.{1} >= ? AND a.{1} < ? ORDER BY a.{1} DESC, a.id DESC LIMIT ?"
)
_FIRED: Final = _ALERTS.format("alert_fired", "fired_at")
_ENDED: Final = _ALERTS.format("alert_ended", "ended_at")


def threshold_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Lines that crossed their thresholds and came back, newest first. It was so at `at`, and not yet at
    `not_before`."""
    lines: dict[bytes, MonitorSeries] = {}
    for source, record, *turn in connection.execute(_TURNS, (since, until, limit)):
        yield _turn_event(source, lines.get(record) or lines.setdefault(record, _line(record)), *turn)


def _turn_event(
    source: str, line: MonitorSeries, at: Millis, is_bad: int, not_before: Millis | None, value: float
) -> Event:
    kind = "threshold crossed" if is_bad else "threshold recovered"
    return Event(
        id=event_id(source, kind, f"{line.key}\0{at}"), at=at, not_before=not_before, seen_at=at, kind=kind,
        title=_title(line, value, is_bad=bool(is_bad)), source=source,
        refs=(_ref("series", line.key), *_model_refs(line.model, line.version)),
    )  # fmt: skip


def _title(line: MonitorSeries, value: float, *, is_bad: bool) -> str:
    """`p95 latency of churn v14 is 0.31 s, over 0.2 s`"""
    version = f" {f'v{line.version}' if line.version[:1].isdigit() else line.version}" if line.version else ""
    of = f" of {line.model}{version}" if line.model else ""
    told = f"{line.name}{of} is {_figure(value, line.unit)}"
    if not is_bad:
        return f"{told}, within its threshold again"
    if line.max is not None and value > line.max:
        return f"{told}, over {_figure(line.max, line.unit)}"
    return told if line.min is None else f"{told}, under {_figure(line.min, line.unit)}"


def _figure(value: float, unit: str) -> str:
    return f"{value:.4g}{f' {unit}' if unit else ''}"


def alert_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Alerts that fired, newest first."""
    for fired_at, not_before, *row in connection.execute(_FIRED, (since, until, limit)):
        yield _alert_event(read_alert(*row), "alert firing", fired_at, not_before)


def alert_ends(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Alerts that are over, newest first."""
    for _, _, *row in connection.execute(_ENDED, (since, until, limit)):
        alert = read_alert(*row)
        assert alert.ended_at is not None
        yield _alert_event(alert, "alert over", alert.ended_at, alert.ended_not_before)


def _alert_event(alert: Alert, kind: str, at: Millis, not_before: Millis | None) -> Event:
    told = "" if kind == "alert firing" else " is over"
    summary = f": {alert.summary}" if alert.summary and not told else ""
    return Event(
        id=event_id(alert.source, kind, f"{alert.fingerprint}\0{alert.since}"), at=at, not_before=not_before,
        kind=kind, title=f"{alert.name}{told}{summary}", source=alert.source,
        refs=(_ref("alert", alert.fingerprint), *_model_refs(alert.model, "")),
    )  # fmt: skip


def _model_refs(model: str, version: str) -> tuple[EventRef, ...]:
    if not model:
        return ()
    return (_ref("model", *((model, version) if version else (model,))),)


def _ref(kind: str, *parts: Any) -> EventRef:
    return EventRef(subject=str(Subject(kind=kind, parts=parts)), role=kind)
