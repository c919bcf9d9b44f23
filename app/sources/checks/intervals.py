"""Data intervals as batches and file names tell them. Pure functions; an interval is its text and when it begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from ...records import Millis
from .times import moment

Interval: TypeAlias = tuple[str, Millis | None]
NONE: Final[Interval] = ("", None)

_WRITTEN: Final = re.compile(
    r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d(?:(?::?\d\d){1,2}(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?"
)
_IN_NAME: Final = re.compile(r"(?<!\d)(\d{4})([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_SCHEDULED: Final = re.compile(
    r"^(?:scheduled|backfill)__(?=\d{4}-)"
)  # Airflow's run ids: the beginning of the interval


def interval(text: str) -> Interval:
    """One that is written by itself: 2026-11, 2026-11-18, 2026-11-18T06:00. NONE for all else."""
    text = _SCHEDULED.sub("", text.strip()[:80])
    if not _WRITTEN.fullmatch(text):
        return NONE
    begins = moment(f"{text}-01" if len(text) == 7 else text)
    return NONE if begins is None else (text, begins)


def interval_in_name(name: str) -> Interval:
    """The only day that a file's name has in it: orders_2026-11-18.csv. NONE where there is none, or several."""
    days = {(year, month, day) for year, _, month, day in _IN_NAME.findall(name[-300:])}
    return interval("-".join(days.pop())) if len(days) == 1 else NONE


def interval_of_batch(identifiers: Mapping[str, object]) -> Interval:
    """By year, month, day and hour, by a field that is a date, or by the file that the batch is."""
    spoken = {key.lower(): str(value) for key, value in identifiers.items() if isinstance(value, int | str)}
    if "year" in spoken:
        return _by_parts([spoken[part] for part in ("year", "month", "day", "hour") if part in spoken])
    dates = (found for value in spoken.values() if (found := interval(value)) != NONE)
    return next(dates, interval_in_name(spoken.get("path", "")))


def _by_parts(parts: list[str]) -> Interval:
    year, *rest = [f"{part:0>2}" for part in parts]
    if not rest:
        begins = interval(f"{year}-01")[1]
        return NONE if begins is None else (year, begins)
    day = "-".join([year, *rest[:2]])
    return interval(f"{day}T{rest[2]}" if len(rest) == 3 else day)
