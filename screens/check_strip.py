"""What a check said of one data interval after the other: columns that line up between checks. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple, Protocol, TypeAlias

from ..app.records import Check, Millis, RuleChange
from ..widgets.figures import DAY, HOUR
from ..widgets.line import Piece
from ..widgets.status import glyph, sign

Unit: TypeAlias = Literal["hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")

LENGTH: dict[Unit, int] = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
"""Milliseconds of a column, about."""

RULE = "┊"
"""Stands before the interval in which another rule was first seen."""

CELL = 2
"""Cells of an interval: a rule's mark and a glyph; one more parts it from the next."""

_WORST_FIRST = ("fail", "error", "warn", "pass", "skipped")
_WORSE: tuple[RuleChange, ...] = ("loosened", "removed")


class Marked(Protocol):
    """A result as far as the strip needs it."""

    @property
    def at(self) -> Millis:
        """When the data was checked."""

    @property
    def interval_at(self) -> Millis | None:
        """When the data interval begins."""

    @property
    def outcome(self) -> str:
        """What it said."""

    @property
    def rule_change(self) -> RuleChange | None:
        """How its rule differs from the one before."""


class Told(NamedTuple):
    """What stands in one column."""

    outcome: str = ""
    """Of the records; silent where something should have been said; "" where nothing was to be expected."""
    change: RuleChange | None = None


@dataclass(frozen=True, slots=True)
class Intervals:
    """Columns of equal intervals, the oldest first.

    A data interval is a date of its tool's, so it is told by the calendar of UTC; when something was checked is told
    by the calendar of the screen.
    """

    unit: Unit
    titles: tuple[str, ...]
    _named: tuple[Millis, ...]
    """Where each column begins for data intervals ..."""
    _checked: tuple[Millis, ...]
    """... and for times at which something was checked; both with the end of the last column."""
    until: str = ""
    """The last of them, in words."""

    @property
    def since(self) -> Millis:
        """From when on results may fall into a column: earlier data can be checked later, never the other way round."""
        return min(self._named[0], self._checked[0])

    @property
    def count(self) -> int:
        """How many columns there are."""
        return len(self.titles)

    def column(self, at: Millis, interval_at: Millis | None) -> int | None:
        """Index of the column of a result; None where it lies outside."""
        found = (
            bisect_right(self._named, interval_at) if interval_at is not None else bisect_right(self._checked, at)
        ) - 1
        return found if 0 <= found < self.count else None

    def column_checked(self, at: Millis) -> int:
        """Index of the column in which this moment lies: -1 before the first, `count` after the last."""
        return min(bisect_right(self._checked, at) - 1, self.count)


def unit_for(usual: Iterable[int | None]) -> Unit:
    """The unit in which most checks say one thing a column, by the milliseconds between their results."""
    known = sorted(one for one in usual if one is not None)
    if not known:
        return "day"
    middle = known[(len(known) - 1) // 2]
    if middle < 3 * HOUR:
        return "hour"
    return "day" if middle < 4 * DAY else "week" if middle < 20 * DAY else "month"


def intervals(
    unit: Unit, count: int, now: Millis, newest: Iterable[tuple[Millis, Millis | None]], zone: tzinfo = UTC
) -> Intervals:
    """So many columns, up to the one that the newest result falls into, or the one before `now` where that is later.

    `newest`: of each check when it was checked last, and when that data interval begins.
    """
    pairs = list(newest)
    named = max((min(at, now) for _, at in pairs if at is not None), default=None)
    checked = max((min(at, now) for at, interval_at in pairs if interval_at is None), default=None if pairs else now)
    ends = [_step(unit, _floor(unit, now, zone), -1)]
    ends += [_floor(unit, named, zone if unit == "hour" else UTC)] if named is not None else []
    ends += [_floor(unit, checked, zone)] if checked is not None else []
    last = max(ends)
    starts = [_step(unit, last, by) for by in range(1 - count, 2)]
    local = tuple(_millis(one, zone) for one in starts)
    by_date = local if unit == "hour" else tuple(_millis(one, UTC) for one in starts)
    return Intervals(unit, tuple(_title(unit, one) for one in starts[:-1]), by_date, local, _word(unit, starts[-2]))


def _floor(unit: Unit, at: Millis, zone: tzinfo) -> datetime:
    """When the column of a moment begins by the calendar of a zone, without the zone: so columns are counted."""
    when = datetime.fromtimestamp(at / 1000, zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    if unit == "hour":
        return when
    when = when.replace(hour=0)
    if unit == "week":
        return when - timedelta(days=when.weekday())
    return when.replace(day=1) if unit == "month" else when


def _step(unit: Unit, start: datetime, by: int) -> datetime:
    if unit != "month":
        size = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[unit]
        return start + by * size
    months = start.year * 12 + start.month - 1 + by
    return start.replace(year=months // 12, month=months % 12 + 1)


def _millis(when: datetime, zone: tzinfo) -> Millis:
    return int(when.replace(tzinfo=zone).timestamp() * 1000)


def _title(unit: Unit, start: datetime) -> str:
    """Two digits: the hour, the day, the week of the year, the month."""
    match unit:
        case "hour":
            return f"{start:%H}"
        case "week":
            return f"{start.isocalendar().week:02}"
        case "month":
            return f"{start:%m}"
        case _:
            return f"{start:%d}"


def _word(unit: Unit, last: datetime) -> str:
    """`days to 21 nov`: which columns these are."""
    day = f"{last.day} {last:%b}".lower()
    match unit:
        case "hour":
            return f"hours to {day} {last:%H:00}"
        case "week":
            return f"weeks to that of {day}"
        case "month":
            return f"months to {last:%b %Y}".lower()
        case _:
            return f"days to {day}"


# -- one check ----------------------------------------------------------------------------------------------------


def told(check: Check, marks: Sequence[Marked], columns: Intervals, now: Millis) -> tuple[Told, ...]:
    """What a check said in each column. Of one data interval the last word counts; of several in a column the worst."""
    last_words: dict[Millis, Marked] = {}
    changes: dict[int, RuleChange] = {}
    ordered = sorted(marks, key=lambda mark: mark.at)
    for mark in ordered:
        last_words[mark.at if mark.interval_at is None else mark.interval_at] = mark
        at = columns.column(mark.at, mark.interval_at)
        if mark.rule_change is not None and at is not None:
            changes[at] = mark.rule_change
    worst: dict[int, str] = {}
    for mark in last_words.values():
        at = columns.column(mark.at, mark.interval_at)
        if at is not None:
            worst[at] = min(worst.get(at, mark.outcome), mark.outcome, key=_rank)
    silent = _silent(check, worst, columns, now, is_older=check.results > len(ordered))
    made = [Told(worst.get(at, "silent" if at in silent else ""), changes.get(at)) for at in range(columns.count)]
    return _with_removal(check, made, columns)


def _with_removal(check: Check, made: list[Told], columns: Intervals) -> tuple[Told, ...]:
    if check.removed_at is not None and 0 <= (at := columns.column_checked(check.removed_at)) < columns.count:
        made[at] = Told(made[at].outcome or "removed", "removed")
    return tuple(made)


def _rank(outcome: str) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else 0


def _silent(check: Check, worst: dict[int, str], columns: Intervals, now: Millis, *, is_older: bool) -> set[int]:
    """Columns in which it should have said something: gaps between results, and all since it is overdue."""
    if check.usual is None or check.removed_at is not None:
        return set()
    speaks_in_each = check.usual < 1.5 * LENGTH[columns.unit]
    found: set[int] = set()
    if speaks_in_each and worst:
        found.update(range(0 if is_older else min(worst), max(worst)))
    due = check.silent_since(now)
    if due is not None:
        newest = columns.column(check.checked_at, check.interval_at)
        first = -1 if newest is None else newest
        begins = first + 1 if speaks_in_each else max(columns.column_checked(due), 0)
        found.update(range(begins, columns.count))
    return found


def many(room: int) -> int:
    """How many intervals a table of so many columns shows."""
    return next(number for least, number in ((170, 14), (125, 10), (100, 7), (0, 5)) if room >= least)


def width(columns: Intervals) -> int:
    """Cells of the whole strip."""
    return columns.count * (CELL + 1) - 1


def title(columns: Intervals) -> str:
    """What stands above it."""
    return " ".join(columns.titles)


def parts(said: Sequence[Told]) -> list[Piece]:
    """The strip as pieces: of neighbours of one colour the second costs no escape sequence."""
    made: list[Piece] = []
    role = "dim"
    for at, one in enumerate(said):
        gap = " " if at else ""
        if one.change is not None:
            made.append((gap, role))
            role = "warn" if one.change in _WORSE else "accent"
            made.append((RULE, role))
        else:
            made.append((gap + " ", role))
        if one.outcome:
            role = sign(one.outcome).role
            made.append((glyph(one.outcome), role))
        else:
            made.append((" ", role))
    return made
