"""Numbers, durations and times as they are typed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from ..records import Millis

UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_STEP = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONGEST = 64
"""Characters of a number or a duration: `int` alone takes quadratic time over digits."""


def number(word: str) -> float | None:
    """`0.9`, `1e-3`, `inf`, `nan`; None where the word is no number."""
    return float(word) if len(word) <= _LONGEST and _NUMBER.fullmatch(word) else None


def seconds(word: str) -> float | None:
    """`90`, `1h30m`, `1.5h`, `500ms`, with a sign or not; None where the word is no duration."""
    plain = number(word)
    if plain is not None:
        return plain
    sign, rest = (-1.0, word[1:]) if word[:1] == "-" else (1.0, word.removeprefix("+"))
    if not rest or len(rest) > _LONGEST:
        return None
    total, at = 0.0, 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None:
            return None
        unit = step[2].lower()
        total += float(step[1]) * UNITS["m" if unit == "min" else unit]
        at = step.end()
    return sign * total


def moment(word: str, zone: tzinfo, now: Millis) -> Millis | float | None:
    """A point in time in UTC milliseconds, or None.

    `-3d` (before now), `now`, `today`, `yesterday`, ISO 8601 (without a zone: in `zone`), or the milliseconds
    themselves, as MLflow takes them.
    """
    plain = number(word)
    if plain is not None:
        return int(plain) if plain.is_integer() and abs(plain) < 2**53 else plain
    span = day(word, zone, now)
    if span is not None:
        return span[0]
    if word.lower() == "now":
        return now
    ago = seconds(word) if word[:1] in "+-" else None
    if ago is not None:
        return now + round(ago * 1000)
    return _iso(word, zone)


def day(word: str, zone: tzinfo, now: Millis) -> tuple[Millis, Millis] | None:
    """The first and the last millisecond but one of a whole day (`2026-05-01`, `today`, `yesterday`): [start, end)."""
    ago = {"today": 0, "yesterday": 1}.get(word.lower())
    try:
        if ago is not None:
            chosen = datetime.fromtimestamp(now / 1000, zone).date() - timedelta(days=ago)
        elif _DAY.fullmatch(word):
            chosen = date.fromisoformat(word)
        else:
            return None
        return _midnight(chosen, zone), _midnight(chosen + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        return None


def _midnight(chosen: date, zone: tzinfo) -> Millis:
    return _millis(datetime.combine(chosen, time(), zone))


def _iso(word: str, zone: tzinfo) -> Millis | None:
    try:
        found = datetime.fromisoformat(word)
        return _millis(found if found.tzinfo else found.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def _millis(when: datetime) -> Millis:
    # not timestamp() * 1000: a float would lose the last millisecond
    return (when - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(milliseconds=1)


def iso(at: Millis) -> str:
    """The time as ISO 8601 in UTC, or the bare milliseconds outside of the years 1 to 9999."""
    try:
        when = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(milliseconds=at)
    except OverflowError:
        return str(at)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
