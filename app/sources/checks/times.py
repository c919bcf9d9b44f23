"""Times as result files write them. Pure functions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ...records import Millis

_YEARS: Final = range(1971, 9999)  # before: a clock that was never set, or a zero that somebody formatted
_COMPACT: Final = re.compile(r"(\d{8}T\d{6})\.(\d{1,6})\d*(Z?)")  # Great Expectations 0.x


def moment(text: str | None) -> Millis | None:
    """A time in UTC milliseconds: ISO 8601 with or without zone (then UTC), compact, or `Sat, 03 Dec 2022 10:00:00`.

    None for what is none, or is on no calendar.
    """
    when = _parsed(text.strip()[:64]) if text else None
    if when is None or when.year not in _YEARS:
        return None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_COMPACT.sub(r"\1.\2\3", text))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
