"""The columns of the list of checks. Cells are pure functions of a line: a check, or what heads and folds some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Literal, TypeAlias

from ..app.records import Check
from ..app.store.checks import Complaint
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.parted_table import PartedColumn
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign, worded
from .check_strip import Intervals, Told, parts, title, width
from .check_words import ago, rule_said, said, share_said, since_said, standing, tool

Kind: TypeAlias = Literal["check", "rule", "dataset", "fold", "rest", "complaint"]

STRIP, SAYS = "intervals", "said"

UNSORTED = (STRIP, SAYS, "flips")
"""Columns by which the cache has no order."""

NAME_LEAST, NAME_MOST, NAME_IN_SHORT = 18, 34, 24

DATASET_MOST = 40

SHORT_OF = 100
"""Columns of a terminal below which names take less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What heads the checks of one dataset, or stands for them."""

    name: str
    """As its tools call it, or as the settings declare it; "" for checks that name none."""
    total: int
    counts: Mapping[str, int]
    """How many stand in which way, by the words of `check_words.STANDINGS`."""
    tools: Mapping[str, int]
    feeds: str = ""
    """Who feeds on it; "" where nobody is known to, or nobody has looked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """A line of the list."""

    kind: Kind = "check"
    check: Check | None = None
    told: tuple[Told, ...] = ()
    was: str | None = None
    """What was observed when it passed last."""
    author: str = ""
    """Who made the commit that changed its rule."""
    moved: str = ""
    """Which of its numbers that changed, as `mostly 1 → 0.95`."""
    dataset: Dataset | None = None
    opened: bool = True
    """Whether what a head stands for is shown below it."""
    folded: Mapping[str, int] | None = None
    """What a fold stands for: how many stand in which way."""
    complaint: Complaint | None = None
    """What is wrong with the results of a suite as such."""
    rest: Sequence[Dataset] = ()
    """The datasets that one line stands for."""
    now: int = 0


Cell = Callable[[Check, CheckLine], Piece]


def role_of(stands: str) -> str:
    """The colour of a check's name: that of its glyph while it wants to be looked at, else plain."""
    return "text" if stands == "pass" else sign(stands).role


def _name(wide: int) -> Cell:
    def cell(check: Check, line: CheckLine) -> Piece:
        stands = standing(check, line.now)
        return f"{glyph(stands)} {name_in(check.name, wide)}", role_of(stands)

    return cell


def name_in(name: str, wide: int) -> str:
    """A name in `wide` cells: of `tests.test_orders.TestNulls.test_region` the end, which tells it from its like."""
    if len(name) <= wide or "." not in name:
        return clip(name, wide)
    path, opening, rest = name.partition(next((sign for sign in name if sign in "([ "), "\0"))
    parts = path.split(".")
    ends = [".".join(parts[at:]) + opening + rest for at in range(1, len(parts))]
    if not ends:
        return clip(name, wide)
    return next((f"…{shown(end)}" for end in ends if cells(shown(end)) < wide), f"…{clip(ends[-1], wide - 1)}")


def _name_most(room: int) -> int:
    return NAME_IN_SHORT if room < SHORT_OF else NAME_MOST


def _outcome(check: Check, line: CheckLine) -> Piece:
    return worded(check.newest.outcome)


def _text(get: Callable[[Check], str | None], wide: int) -> Cell:
    def cell(check: Check, line: CheckLine) -> Piece:
        return clip(get(check) or "", wide), "dim"

    return cell


def _number(get: Callable[[Check], int | None]) -> Cell:
    def cell(check: Check, line: CheckLine) -> Piece:
        number = get(check)
        return (count(number) if number is not None else ""), "text"

    return cell


def _time(get: Callable[[Check], int | None], zone: tzinfo) -> Cell:
    def cell(check: Check, line: CheckLine) -> Piece:
        return moment(get(check), line.now, zone), "text"

    return cell


def _share(check: Check, line: CheckLine) -> Piece:
    return share_said(check.newest), "text"


def _column(key: str, heading: str, cell: Cell, wide: int, rank: int, *, right: bool = False, grow: int = 0) -> (
    Column[CheckLine]
):  # fmt: skip
    return Column(
        key=key, title=heading, cell=_of_check(cell), width=wide, right=right, rank=rank, grow=grow > 0, most=grow
    )


def _of_check(cell: Cell) -> Callable[[CheckLine], Piece]:
    def either(line: CheckLine) -> Piece:
        return cell(line.check, line) if line.check is not None else ("", "text")

    return either


def _strip(intervals: Intervals) -> Column[CheckLine]:
    """How the last intervals went."""
    return PartedColumn[CheckLine](
        key=STRIP, title=title(intervals), cell=lambda line: ("", "text"), parts=lambda line: parts(line.told),
        width=width(intervals), rank=2,
    )  # fmt: skip


def _says(intervals: Intervals, zone: tzinfo) -> Column[CheckLine]:
    """What the newest result says."""

    def cell(check: Check, line: CheckLine) -> Piece:
        return said(check, line.now, zone, line.was), _says_role(check, line)

    return _column(SAYS, f"by {intervals.until}", cell, 20, 1, grow=80)


def columns(
    intervals: Intervals, zone: tzinfo = UTC, room: int = 80, need: Mapping[str, int] | None = None
) -> dict[str, Column[CheckLine]]:
    """Every column by its word, where the table is `room` cells wide. `need`: cells that the lines in sight need."""
    wide = need or {}
    name = max(NAME_LEAST, min(wide.get("name", NAME_MOST), _name_most(room)))
    long = max(7, min(wide.get("dataset", 18), 36))
    dataset = min(long, 12 if room < SHORT_OF else 24)
    made = (
        _column("name", "check", _name(name - 2), name, 0),
        _column("tool", "tool", _text(lambda c: tool(c.tool), 7), max(4, wide.get("tool", 7)), 5),
        _column("environment", "env", _text(lambda c: c.environment, 12), max(3, wide.get("environment", 8)), 4),
        _column("checked_at", "age", lambda c, line: (age(c.checked_at, line.now), "dim"), 5, 6, right=True),
        _strip(intervals),
        _says(intervals, zone),
        _column("outcome", "outcome", _outcome, 9, 3),
        _column("dataset", "dataset", _text(lambda c: c.dataset, DATASET_MOST), dataset, 4, grow=long - dataset),
        _column("column", "column", _text(lambda c: c.column, 40), 16, 7),
        _column("suite", "suite", _text(lambda c: c.suite, 40), 16, 7),
        _column("severity", "severity", _text(lambda c: c.newest.severity, 12), 8, 7),
        _column("failed_rows", "failed", _number(lambda c: c.newest.failed_rows), 9, 6, right=True),
        _column("share", "share", _share, 8, 6, right=True),
        _column("first_failed_at", "since", _time(lambda c: c.first_failed_at, zone), 12, 6, right=True),
        _column("last_passed_at", "last pass", _time(lambda c: c.last_passed_at, zone), 12, 7, right=True),
        _column("commit", "commit", _text(lambda c: (c.commit or "")[:7], 7), 7, 6),
        _column("flips", "turns", _number(lambda c: c.flips), 5, 8, right=True),
        _column("results", "results", _number(lambda c: c.results), 7, 8, right=True),
        _column("source", "source", _text(lambda c: c.source_name or c.source, 14), 12, 8),
        _column("id", "id", _text(lambda c: c.id, 16), 16, 9),
    )  # fmt: skip
    return {column.key: column for column in made}


def _says_role(check: Check, line: CheckLine) -> str:
    return "dim" if standing(check, line.now) in ("pass", "skipped", "removed") else "text"


def column(
    key: str, intervals: Intervals, zone: tzinfo = UTC, room: int = 80, need: Mapping[str, int] | None = None, *,
    chosen: bool = False,
) -> Column[CheckLine] | None:  # fmt: skip
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    found = columns(intervals, zone, room, need).get(key)
    return replace(found, rank=min(found.rank, 1)) if found is not None and chosen else found


def propose(sample: Iterable[Check], environment: str, *, flat: bool, room: int = SHORT_OF) -> list[str]:
    """Columns of a table that nobody arranged: the environment where there are several, or another than the deck's."""
    found = {check.environment for check in sample} - {""}
    others = len(found) > 1 or (environment and found - {environment})
    return [
        "name", *(["dataset"] if flat else []), *(["environment"] if others else []), "tool",
        *(["checked_at"] if room >= SHORT_OF else []), STRIP, SAYS,
    ]  # fmt: skip


def needed(lines: Iterable[CheckLine | None]) -> dict[str, int]:
    """Cells that the columns of differing width need for these lines."""
    found: dict[str, int] = {}
    for line in lines:
        check = line.check if line is not None else None
        if check is None or line is None or line.kind != "check":
            continue
        wide = {
            "name": cells(clip(check.name, NAME_MOST)) + 2, "tool": cells(tool(check.tool)),
            "environment": cells(clip(check.environment, 12)), "dataset": cells(clip(check.dataset, DATASET_MOST)),
        }  # fmt: skip
        found = {key: max(size, found.get(key, 0)) for key, size in wide.items()}
    return found


# -- lines across all columns -------------------------------------------------------------------------------------


def across(
    line: CheckLine, room: int, first: int, strip: int | None = None, zone: tzinfo = UTC
) -> list[Piece] | None:  # fmt: skip
    """What a line says that is no check, in `room` cells; None for a check.

    `first`: cells of the first column; `strip`: cells before the intervals, None where they are not shown.
    """
    match line.kind:
        case "check":
            return None
        case "rule":
            return _rule(line, room, strip, zone)
        case "dataset":
            return _head(line, room, first)
        case "complaint":
            return _complaint(line, room)
        case "fold":
            return [(f"▸ {fit(_counted(line.folded or {}), room - 2)}", "dim")]
        case _:
            return _rest(line, room)


def _rule(line: CheckLine, room: int, strip: int | None, zone: tzinfo) -> list[Piece]:
    """`┊ rule loosened 18 nov, 4f2c91a bo`, below the mark that it is about where there is room."""
    if line.check is None:
        return []
    text = f"┊ {rule_said(line.check, line.now, zone, line.author)}"
    place = next((at for at, one in enumerate(line.told) if one.change is not None), 0)
    indent = min(strip + 3 * place if strip is not None else 4, max(4, room - cells(text)))
    if line.moved and indent + cells(text) + cells(line.moved) + 2 <= room:
        text += f", {line.moved}"
    role = "warn" if line.check.rule_change in ("loosened", "removed") else "accent"
    return [(" " * indent, "dim"), (fit(text, room - indent), role)]


def _complaint(line: CheckLine, room: int) -> list[Piece]:
    """`◌ orders_suite  gx  the report holds no results   3 h`: nothing of it is known to be well."""
    one = line.complaint
    if one is None:
        return []
    name = f"{glyph('missing')} {clip(one.suite or one.source_name, 24)}  "
    tail = f"  {age(one.at, line.now)}"
    text = f"{tool(one.tool)}  {one_line(one.sentence[:300])}"
    return [(name, "warn"), (fit(text, room - cells(name) - cells(tail)), "text"), (tail, "dim")]


def _head(line: CheckLine, room: int, first: int) -> list[Piece]:
    """`▾ orders   feeds churn@champion v14, 2 runs          ✖ 2  ▲ 1   gx 41 · dbt 9`."""
    one = line.dataset
    if one is None:
        return []
    name = f"{'▾' if line.opened else '▸'} {clip(one.name, 60) or 'no dataset'}"
    tally = tally_pieces(one.counts)
    tools = " · ".join(f"{tool(key)} {count(number)}" for key, number in most_first(one.tools))
    if one.feeds and room < SHORT_OF - 5:
        tools = ""  # who feeds on it says more
    right = [*tally, (f"   {tools}" if tally and tools else tools, "dim")]
    wide = sum(cells(text) for text, _ in right)
    name = pad(name, max(first, min(cells(name), room // 2)))
    middle = room - cells(name) - wide
    if middle < 1:
        return [(fit(name, room), "bright")]
    feeds = f"  feeds {shown(one.feeds)}" if one.feeds else ""
    return [(name, "bright"), (pad(fit(feeds, middle - 2), middle), "text" if feeds else "dim"), *right]


def most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Words with their numbers, the largest first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def tally_pieces(counts: Mapping[str, int]) -> list[Piece]:
    """`✖ 2  ▲ 1  ! 1  · 3`: what wants to be looked at; `38 ●` where all is well. Nothing where there is nothing."""
    made: list[Piece] = []
    for stands in ("fail", "warn", "error", "silent"):
        if number := counts.get(stands, 0):
            made.append((f"{'  ' if made else ''}{glyph(stands)} {count(number)}", sign(stands).role))
    if not made and (passed := counts.get("pass", 0)):
        made.append((f"{count(passed)} {glyph('pass')}", "good"))
    return made


_FOLDED = {"pass": "pass", "skipped": "skipped", "removed": "removed"}


def _counted(counts: Mapping[str, int]) -> str:
    """`46 pass  2 skipped`."""
    return "  ".join(f"{count(counts[key])} {word}" for key, word in _FOLDED.items() if counts.get(key))


def _rest(line: CheckLine, room: int) -> list[Piece]:
    """`customers 38 ●    payments 51 ●    6 more ●`."""
    made: list[Piece] = [("▸ ", "dim")]
    left = room - 2
    for at, one in enumerate(line.rest):
        text = f"{clip(one.name, 40) or 'no dataset'} {count(one.counts.get('pass', 0))} "
        more = len(line.rest) - at
        if at and cells(text) + 4 + (10 if more > 1 else 0) > left:
            return [*made, (f"{count(more)} more ", "text"), (glyph("pass"), "good")]
        made += [(text, "text"), (glyph("pass"), "good"), ("    ", "text")]
        left -= cells(text) + 5
    return made


def line_said(line: CheckLine, zone: tzinfo = UTC, room: int = SHORT_OF) -> list[str]:
    """What stands below the table of the check under the cursor: what it said in full, and since when; no empty one."""
    if line.check is None:
        return []
    rule = ", ".join(part for part in (rule_said(line.check, line.now, zone, line.author), line.moved) if part)
    checked = f"checked {ago(line.check.checked_at, line.now)}"
    words = said(line.check, line.now, zone, line.was)
    if cells(clip(line.check.name, NAME_MOST)) > _name_most(room) - 2:
        words = f"{clip(line.check.name, room)}  {words}".rstrip()
    return [part for part in (words, since_said(line.check, line.now, zone), rule, checked) if part]
