"""Times and figures as scripts get them: exact, in the form that JSON takes; and spans in words. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .records import Millis, metric_state

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at: Millis | None) -> str | None:
    """`2026-03-07T03:07:00Z`, with milliseconds only where there are any: `2026-03-07T03:07:00.250Z`."""
    if at is None:
        return None
    try:
        when = _EPOCH + timedelta(milliseconds=at)
    except OverflowError:  # a source may say anything; no calendar has that year
        return None
    return when.isoformat(timespec="milliseconds" if at % 1000 else "seconds").replace("+00:00", "Z")


def number(value: float | None) -> float | str | None:
    """A number as JSON takes it: those that are not finite become words."""
    if value is None or metric_state(value) == "finite":
        return value
    return {"nan": "NaN", "+inf": "Infinity", "-inf": "-Infinity"}[metric_state(value)]


def span(milliseconds: int | None) -> str:
    """A duration in its two largest units: `30 ms`, `45 s`, `12 m 05 s`, `3 h 20 m`."""
    if milliseconds is None:
        return ""
    milliseconds = max(0, milliseconds)  # a clock was set back
    seconds = milliseconds // 1000
    if 0 < milliseconds < 1000:
        return f"{milliseconds} ms"
    if seconds < 60:
        return f"{milliseconds / 1000:.1f} s" if milliseconds < 10_000 else f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    if seconds < 172_800:
        return f"{seconds // 3600} h {seconds // 60 % 60:02} m"
    return f"{seconds // 86_400} d {seconds // 3600 % 24} h"
