"""Times and figures as scripts get them: exact, in the form that JSON takes. Pure functions."""

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
