"""Times and places as result files write them. Pure functions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Final

from ...records import Millis

_YEARS: Final = range(1971, 9999)  # before: a clock that was never set, or a zero that somebody formatted
_COMPACT: Final = re.compile(r"(\d{8}T\d{6})\.(\d{1,6})\d*(Z?)")  # Great Expectations 0.x
_STAMPS: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:[T _-]?\d\d[:_-]?\d\d(?:[:_-]?\d\d)?(?:\.\d+)?Z?)?"
    r"|(?<![0-9a-zA-Z])(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,40}(?![0-9a-zA-Z])"
    r"|\d{8,}(?:[T_-]?\d{6})?Z?",
)


def moment(text: str | None) -> Millis | None:
    """A time in UTC milliseconds: ISO 8601 with or without zone (then UTC), compact, or `Sat, 03 Dec 2022 10:00:00`.

    None for what is none, or is on no calendar.
    """
    when = _parsed(text.strip()[:64]) if text else None
    if when is None or when.year not in _YEARS:
        return None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def without_stamps(name: str) -> str:
    """A name without the times, dates and ids that tools put into it: TestAcme of TestAcme-20251114214921."""
    return _STAMPS.sub("", name).strip(" -_.:/")


def stem(path: str) -> str:
    """What a file is called beside its folder, ending and time: drift of reports/drift-2026-11-22.json."""
    return without_stamps(PurePosixPath(path.replace("\\", "/")).stem)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_COMPACT.sub(r"\1.\2\3", text))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
