"""The columns of the list of production. Cells are pure functions of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any, Final

from textual.geometry import Region
from textual.strip import Strip

from ..app.text import cells, clip, fit, pad, shown
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.parted_table import PartedColumn, PartedTable
from ..widgets.record_table import MARGIN, Column
from ..widgets.spark import spark_over
from ..widgets.status import glyph, sign
from .model_words import version_name
from .serving_rows import DAY, Seen, ServingLine, column_order
from .serving_words import (
    WORST_FIRST,
    alert_said,
    alert_stands,
    burn_piece,
    called_by,
    in_unit,
    labels_until,
    summary_of,
    threshold_said,
    titled,
    value_said,
    worst_burn,
)

SERIES: Final = "series."
"""What begins the word of a series' column."""

VALUE: Final = 11
"""Cells of a figure of four digits below a thousandth, and its glyph."""

TITLE_MOST: Final = 22
"""Cells of a series' name at the head of its column."""

STRIP_LEAST, STRIP_MOST = 6, 16
"""Cells of a day in a cell, where there is room for it."""

NAME_LEAST, NAME_MOST = 16, 30

BURN, LABELS, AGE = 6, 9, 5
"""Cells of these columns, at least."""

PRESSING: Final = ("bad", "burning", "nan", "stale")
"""States for whose sake a column stays where there is little room."""


def name_of(line: ServingLine) -> str:
    """`churn@champion v14`."""
    alias = f"@{clip(line.aliases[0], 12)}" if line.aliases else ""
    version = f" {version_name(line.version, 10)}" if line.version else ""
    return f"{clip(line.model, 40)}{alias}{version}"


def _name(line: ServingLine) -> Piece:
    """How it stands by its glyph, then the name."""
    stands = "skipped" if line.is_replaced and not line.alerts else line.stands() or "missing"
    role = sign(stands).role
    return f"{glyph(stands)} {name_of(line)}", "dim" if stands == "skipped" else \
        "text" if role in ("good", "dim") else role  # fmt: skip


def _alias(line: ServingLine) -> Piece:
    """All that point at it."""
    if not line.aliases:
        return ("no alias", "dim") if line.version else (glyph("missing"), "dim")
    return clip(" ".join(line.aliases), 40), "text" if line.is_live else "dim"


def _burn(line: ServingLine) -> Piece:
    return burn_piece(worst_burn(one.burns for one in line.each))


def _labels(zone: tzinfo) -> Callable[[ServingLine], Piece]:
    def cell(line: ServingLine) -> Piece:
        """The oldest truth of its business lines."""
        late = [one.series for one in line.each if one.series.label_delay is not None and one.series.at is not None]
        oldest = min(late, key=lambda one: (one.at or 0) - (one.label_delay or 0), default=None)
        return (labels_until(oldest, line.now, zone) if oldest is not None else ""), "dim"

    return cell


def _age(line: ServingLine) -> Piece:
    return age(line.newest, line.now) or (glyph("missing") if line.seen else ""), "dim"


def chosen_of(some: Sequence[Seen], now: int) -> Seen:
    """Which of several lines of one name stands in the cell: the worst."""
    return min(some, key=lambda one: (one.is_replaced, WORST_FIRST.index(one.state(now))))


def series_parts(line: ServingLine, name: str, strip: int, width: int) -> list[Piece]:
    """The last day, the figure and the glyph of how it stands, in exactly `width` cells."""
    some = line.seen.get(name)
    if not some:
        return [(" " * width, "text")]
    one = chosen_of(some, line.now)
    stands = "skipped" if one.is_replaced else one.state(line.now)
    number = f"×{len(some)} " if len(some) > 1 else ""
    sign_of = f" {glyph(stands)}"  # it stays, whatever the figure takes: without it nobody sees what is wrong
    figure = fit(f"{number}{value_said(one.series, one.series.value)}", width - strip - cells(sign_of)) + sign_of
    role = {"good": "text", "unknown": "text"}.get(stands, sign(stands).role)
    # of one colour: each change of it is some bytes on every line of a page
    drawn = day_of(one, line.now, strip) if strip else ""
    return [(drawn + pad(figure, width - strip, right=True), role)]


def day_of(one: Seen, now: int, width: int) -> str:
    """Its last day in so many cells; blank where there was no point."""
    if one.day is None:
        return " " * width
    return spark_over(one.day.times, one.day.shares(), now - DAY, now, width)


def strip_cells(names: Sequence[str], heads: Mapping[str, str], room: int, name: int) -> int:
    """Cells of the days in the cells of these series, where the table has `room`; 0 where there is none."""
    if not names:
        return 0
    fixed = MARGIN + 1 + name + 2 * BURN + LABELS + AGE + 6
    bare = sum(max(VALUE, cells(heads[one])) + 2 for one in names)
    spare = (room - fixed - bare) // len(names)
    # a title that is wider than the figure leaves room below it
    least = min(max(VALUE, cells(heads[one])) - VALUE for one in names)
    strip = min(STRIP_MOST, spare + least)
    return strip if strip >= STRIP_LEAST else 0


def heads_of(lines: Iterable[ServingLine]) -> dict[str, str]:
    """The title of each series' column, in the order of the columns."""
    series = [one.series for line in lines if line.kind == "version" for one in line.each]
    found = {one.name: clip(titled(one), TITLE_MOST) for one in reversed(series)}
    return {name: found[name] for name in column_order(series)}


def columns(lines: Sequence[ServingLine], room: int, zone: tzinfo = UTC) -> dict[str, Column[ServingLine]]:
    """Every column by its word, for a table of `room` cells."""
    heads = heads_of(lines)
    longest = max((cells(name_of(line)) + 2 for line in lines if line.kind == "version"), default=NAME_LEAST)
    name = max(NAME_LEAST, min(longest, NAME_MOST))
    strip = strip_cells(list(heads), heads, room, name)
    versions = [line for line in lines if line.kind == "version"]
    labels = _labels(zone)
    made: list[Column[ServingLine]] = [
        Column(key="name", title="model version", cell=_name, width=name, rank=0),
        *(_series_column(one, heads[one], strip, _rank(versions, one)) for one in heads),
        Column(key="burn", title="burn", cell=_burn, width=_needed(_burn, versions, BURN), rank=3),
        Column(
            key="labels", title="labels to", cell=labels, width=_needed(labels, versions, LABELS), rank=3, right=True
        ),
        Column(key="age", title="age", cell=_age, width=AGE, rank=4, right=True),
        Column(key="alias", title="aliases", cell=_alias, width=20, rank=6),
    ]
    return {column.key: column for column in made}


def _needed(cell: Callable[[ServingLine], Piece], lines: Sequence[ServingLine], least: int) -> int:
    """Cells that a column needs for these lines."""
    return max(least, *(cells(cell(line)[0]) for line in lines), 0)


def _rank(versions: Sequence[ServingLine], name: str) -> int:
    """What is wrong stays; what the worst version has leaves before that, what only others have before all."""
    states = {one.state(line.now) for line in versions for one in line.seen.get(name, ()) if not one.is_replaced}
    if states & set(PRESSING):
        return 1 if states & {"bad", "burning"} else 2
    return 2 if versions and name in versions[0].seen else 5


def _series_column(name: str, head: str, strip: int, rank: int) -> PartedColumn[ServingLine]:
    width = max(VALUE + strip, cells(head) + 1)  # with a mark before it
    return PartedColumn(
        key=f"{SERIES}{name}", title=head, cell=lambda line: ("", "text"), width=width, right=True, rank=rank,
        parts=lambda line: series_parts(line, name, strip, width),
    )  # fmt: skip


def propose(lines: Sequence[ServingLine]) -> list[str]:
    """Columns of a table that nobody arranged: burn and labels where there are some."""
    each = [one for line in lines for one in line.each]
    return [
        "name", *(f"{SERIES}{name}" for name in heads_of(lines)),
        *(["burn"] if any(one.series.objective is not None for one in each) else []),
        *(["labels"] if any(one.series.label_delay is not None for one in each) else []),
        "age",
    ]  # fmt: skip


def column(
    key: str, lines: Sequence[ServingLine], room: int, zone: tzinfo, *, kept: bool = False
) -> Column[ServingLine] | None:
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    found = columns(lines, room, zone).get(key)
    return replace(found, rank=min(found.rank, 1)) if found is not None and kept else found


def sort_key(key: str) -> Callable[[ServingLine], Any]:
    """What versions are sorted by, ascending; those without a value come after the others."""
    if key.startswith(SERIES):
        name = key.removeprefix(SERIES)
        return lambda line: _values(line, name)
    by: dict[str, Callable[[ServingLine], Any]] = {
        "name": lambda line: (line.model.casefold(), line.version),
        "alias": lambda line: line.aliases,
        "age": lambda line: -(line.newest or 0),
        "labels": lambda line: min((one.series.at or 0 for one in line.each), default=0),
        "burn": lambda line: [burn.long_rate or 0.0 for burn in worst_burn(one.burns for one in line.each)],
    }
    return by[key]


def _values(line: ServingLine, name: str) -> float:
    found = [one.series.value for one in line.seen.get(name, ()) if one.series.value is not None]
    known = [value for value in found if value == value]
    return max(known, default=float("-inf"))


def ordered(lines: Sequence[ServingLine], sort: tuple[str, bool]) -> list[ServingLine]:
    """By trouble as they were read, or versions by a column, each with its alerts below."""
    if not sort[0]:
        return list(lines)
    versions = sorted((line for line in lines if line.kind == "version"), key=sort_key(sort[0]), reverse=sort[1])
    alerts = {line.alert.fingerprint: line for line in lines if line.alert is not None}
    made: list[ServingLine] = []
    for line in versions:
        made += [line, *(alerts.pop(one.fingerprint) for one in line.alerts if one.fingerprint in alerts)]
    return [*made, *(line for line in lines if line.kind == "series"), *alerts.values()]


# -- lines across all columns -------------------------------------------------------------------------------------


def across(line: ServingLine, room: int, first: int, zone: tzinfo = UTC) -> list[Piece] | None:
    """What a line says that is no version, in `room` cells; None for a version."""
    if line.alert is not None:
        return _alert(line, room)
    if line.kind == "series":
        return _lone(line, room, first)
    return None


def _alert(line: ServingLine, room: int) -> list[Piece]:
    """`  ✖ HighLatency   firing 20 m  critical   p95 over 120 ms`."""
    alert = line.alert
    assert alert is not None
    stands = alert_stands(alert)
    indent = "  " if alert.model else ""
    name = f"{indent}{glyph(stands)} {clip(alert.name, 34)}"
    said = f"   {alert_said(alert, line.now)}"
    left = max(0, room - cells(name) - cells(said))
    summary = summary_of(alert) or called_by(alert.labels, ("alertname", "severity"))
    return [(name, sign(stands).role), (fit(said, room - cells(name)), "text"), (fit(f"   {summary}", left), "dim")]


def _lone(line: ServingLine, room: int, first: int) -> list[Piece]:
    """`● disk free %        84.20   at least 10 %   instance=a1   ▂▂▃▂   3 m`."""
    one = line.each[0]
    stands = one.state(line.now)
    role = sign(stands).role
    name = pad(f"{glyph(stands)} {clip(one.series.name, 30)}", max(first, 18))
    value = pad(in_unit(one.series, one.series.value), 12, right=True)
    old = age(one.series.at, line.now)
    bound = "" if not (one.series.bound or one.series.objective) else threshold_said(one.series)
    said = "   ".join(part for part in (bound, called_by(one.series.labels), burn_piece(one.burns)[0]) if part)
    drawn = day_of(one, line.now, 24) if room >= 90 else ""
    middle = room - cells(name) - cells(value) - cells(drawn) - 7
    return [
        (name, "text" if role == "good" else role),
        (f" {value}", "text" if role in ("good", "dim") else role),
        (pad(fit(f"   {said}", middle - 1), max(0, middle)), "dim"),
        (f"{drawn}{old:>6}", "dim"),
    ]


def shown_names(line: ServingLine) -> list[str]:
    """Names of its lines, safe to be shown."""
    return [shown(one.series.name) for one in line.each]


class ServingTable(PartedTable[ServingLine]):
    """The table. The head of the column whose series is drawn has a mark: only that line is sent when it moves on."""

    drawn = ""
    """Name of the series."""

    def point_at(self, name: str) -> None:
        """Mark the column of this series."""
        if name != self.drawn:
            self.drawn = name
            self.refresh(Region(0, 0, self.size.width, 1))

    def _title(self) -> Strip:
        shown = self._shown
        self._shown = tuple(
            (replace(one, title=f"▸{one.title}") if one.key == f"{SERIES}{self.drawn}" else one, width)
            for one, width in shown
        )
        try:
            return super()._title()
        finally:
            self._shown = shown
