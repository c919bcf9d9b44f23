"""The columns of a table of pipelines. Cells are pure functions of a line: a pipeline, or the head of a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from ..app.records import Pipeline
from ..app.store.pipelines import WORST_FIRST
from ..app.text import cells, clip, one_line, shown
from ..widgets.figures import MINUTE, SECOND, STEPS, age, moment, so_far, span, ticks
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, worded

FAR = 1.5
"""Times the usual duration from which on a pipeline is said to be slow ..."""

FAR_AT_LEAST = 20_000
"""... and milliseconds: 3 s instead of 1 s is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What heads some pipelines of a list: a branch or a commit."""

    by: str
    """branch, or commit."""
    name: str
    """The branch, or the whole sha; "" for pipelines that name none."""
    status: str
    """The worst of the newest of each name."""
    at: int | None
    """When the newest was created."""
    says: str = ""
    """What the names do: `✖ train  ● lint`; of a commit its author and subject."""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineLine:
    """A line of the table: a pipeline with what its columns need, or the head of a group."""

    pipeline: Pipeline | None = None
    group: Group | None = None
    usual: int | None = None
    """Milliseconds that it takes as a rule."""
    source: str = ""
    """The label of its source."""
    now: int = 0
    indent: int = 0
    """Cells that the table itself puts in front of the name."""


Cell = Callable[[Pipeline, PipelineLine], Piece]


def called(pipeline: Pipeline, width: int = 60) -> str:
    """A pipeline as people call it: `nightly-train #214`; the number stays where the name is cut."""
    number = f" #{clip(pipeline.number, 12)}" if pipeline.number else ""
    return clip(pipeline.name or "–", max(4, width - cells(number))) + number


def short(sha: str | None) -> str:
    """The first seven characters of a sha."""
    return shown((sha or "")[:7])


def elapsed(pipeline: Pipeline, now: int) -> int | None:
    """Milliseconds that it took, or runs already: the latter as exact as it is told. None: it has not begun."""
    if pipeline.started_at is None:
        return None
    if pipeline.ended_at is not None:
        return max(0, pipeline.ended_at - pipeline.started_at)
    if pipeline.status != "running":
        return None
    past = max(0, now - pipeline.started_at)
    if ticks(pipeline.started_at, now):
        return past // SECOND * SECOND
    if past >= 60 * MINUTE:
        return past // (60 * MINUTE) * 60 * MINUTE
    return max((step * MINUTE for step in STEPS if step * MINUTE <= past), default=0)


def times_usual(pipeline: Pipeline, usual: int | None, now: int) -> float | None:
    """How many times its usual duration it took, where that is far beyond; else None."""
    took = elapsed(pipeline, now)
    if took is None or not usual or pipeline.status not in ("passed", "failed", "running"):
        return None
    return took / usual if took >= FAR * usual and took - usual >= FAR_AT_LEAST else None


def took(pipeline: Pipeline, usual: int | None, now: int) -> Piece:
    """`2 m 05 s`; with a sign in front where that is far beyond the usual."""
    lasted = elapsed(pipeline, now)
    if lasted is None:
        return "", "text"
    said = so_far(pipeline.started_at, now) if pipeline.ended_at is None else span(lasted)
    slow = times_usual(pipeline, usual, now) is not None
    return (f"{glyph('stale')} {said}", "warn") if slow else (said, "text")


def _status(pipeline: Pipeline, line: PipelineLine) -> Piece:
    return worded(pipeline.status)


def _text(get: Callable[[Pipeline], str], width: int, role: str = "dim") -> Cell:
    def cell(pipeline: Pipeline, line: PipelineLine) -> Piece:
        return clip(get(pipeline), width), role

    return cell


def _time(get: Callable[[Pipeline], int | None], zone: tzinfo) -> Cell:
    def cell(pipeline: Pipeline, line: PipelineLine) -> Piece:
        return moment(get(pipeline), line.now, zone), "text"

    return cell


def _attempt(pipeline: Pipeline, line: PipelineLine) -> Piece:
    return (str(pipeline.attempt) if pipeline.attempt > 1 else ""), "text"


def _took(pipeline: Pipeline, line: PipelineLine) -> Piece:
    return took(pipeline, line.usual, line.now)


def _usual(pipeline: Pipeline, line: PipelineLine) -> Piece:
    times = times_usual(pipeline, line.usual, line.now)
    ratio = f"{times:.0f}× " if times is not None and times >= 10 else f"{times:.1f}× " if times is not None else ""
    return (ratio + span(line.usual) if line.usual is not None else ""), "warn" if times is not None else "dim"


def _title(pipeline: Pipeline, line: PipelineLine) -> Piece:
    return one_line(pipeline.title[:300]), "text"


def _source(pipeline: Pipeline, line: PipelineLine) -> Piece:
    return clip(line.source, 12), "dim"


# -- the head of a group ------------------------------------------------------------------------------------------


def _head(group: Group, line: PipelineLine, key: str) -> Piece:
    """What the head of a group says in a column."""
    match key:
        case "name":
            name = group.name[:7] if group.by == "commit" else group.name
            return clip(name, 60) or f"no {group.by}", "bright"
        case "status":
            return worded(group.status)
        case "created_at":
            return age(group.at, line.now), "text"
        case "title":
            return one_line(group.says[:300]), "dim" if group.by == "branch" else "text"
        case "commit" if group.by == "branch":
            return short(group.commit), "dim"
        case _:
            return "", "text"


def _column(key: str, title: str, cell: Cell, width: int, rank: int, *, right: bool = False, grow: int = 0) -> (
    Column[PipelineLine]
):  # fmt: skip
    """A column. `grow`: cells beyond its width that it can use."""

    def either(line: PipelineLine) -> Piece:
        if line.pipeline is not None:
            return cell(line.pipeline, line)
        return _head(line.group, line, key) if line.group is not None else ("", "text")

    return Column(key=key, title=title, cell=either, width=width, right=right, rank=rank, grow=grow > 0, most=grow)


DEFAULT = (
    "name", "status", "created_at", "branch", "commit", "title", "duration", "usual", "event", "actor", "attempt",
    "source",
)  # fmt: skip
"""Words of the columns that a table shows that nobody arranged."""

UNSORTED = ("usual",)
"""Columns by which the cache has no order."""


LEAST: Mapping[str, int] = {"name": 14, "branch": 8, "title": 24, "duration": 9, "usual": 8, "event": 6, "actor": 4}
"""Cells that these columns have at the least, so that they do not change with every row that comes ..."""

MOST: Mapping[str, int] = {
    "name": 30, "branch": 30, "title": 72, "duration": 11, "usual": 15, "event": 12, "actor": 12, "source": 12,
}  # fmt: skip
"""... and at the most."""

NARROW = 100
"""Columns of a terminal below which names and titles take less: status, age and commit come first."""


def needed(lines: Iterable[PipelineLine | None]) -> dict[str, int]:
    """Cells that the columns of differing width need for these lines."""
    made = {key: column.cell for key, column in columns().items() if key in MOST and key != "name"}
    found = dict(LEAST)
    for line in lines:
        if line is None or line.pipeline is None:
            continue
        wide = {key: cells(cell(line)[0]) for key, cell in made.items()}
        wide["name"] = cells(called(line.pipeline, MOST["name"])) + line.indent
        for key, size in wide.items():
            found[key] = max(found.get(key, 0), size)
    return {key: min(size, MOST[key]) for key, size in found.items()}


def columns(zone: tzinfo = UTC, width: int = 80, need: Mapping[str, int] | None = None) -> (
    dict[str, Column[PipelineLine]]
):  # fmt: skip
    """Every column by its word in the filter, where the table is `width` cells wide.

    `need`: cells that the lines need. Figures and names get them; what is left over goes to the title, then the branch.
    """
    wide = {**MOST, **(need or {})}
    name = min(wide["name"], 20 if width < NARROW else MOST["name"])
    branch = min(wide["branch"], 10 if width < NARROW else 12)
    title = min(max(wide["title"], 8), 16 if width < NARROW else LEAST["title"])

    def called_cell(pipeline: Pipeline, line: PipelineLine) -> Piece:
        return called(pipeline, name - line.indent), "text"

    branch_cell = _text(lambda p: p.branch, MOST["branch"], "text")
    made = (
        _column("name", "pipeline", called_cell, name, 0),
        _column("status", "status", _status, 11, 1),
        _column("created_at", "age", lambda p, line: (age(p.created_at, line.now), "text"), 5, 1, right=True),
        _column("branch", "branch", branch_cell, branch, 2, grow=wide["branch"] - branch),
        _column("commit", "commit", _text(lambda p: short(p.commit), 7), 7, 3),
        _column("title", "title", _title, title, 4, grow=wide["title"] - title),
        _column("duration", "took", _took, wide["duration"], 3, right=True),
        _column("usual", "usual", _usual, wide["usual"], 5, right=True),
        _column("event", "event", _text(lambda p: p.event, 12), wide["event"], 7),
        _column("actor", "by", _text(lambda p: p.actor, 12), wide["actor"], 6),
        _column("attempt", "try", _attempt, 3, 8, right=True),
        _column("source", "source", _source, max(6, wide["source"]), 7),
        _column("number", "number", _text(lambda p: p.number, 10), 8, 9, right=True),
        _column("raw_status", "their word", _text(lambda p: p.raw_status, 18), 14, 9),
        _column("started_at", "started", _time(lambda p: p.started_at, zone), 12, 9, right=True),
        _column("ended_at", "ended", _time(lambda p: p.ended_at, zone), 12, 9, right=True),
        _column("id", "id", _text(lambda p: p.id, 32), 14, 9),
    )
    return {column.key: column for column in made}


def column(
    key: str, zone: tzinfo = UTC, width: int = 80, need: Mapping[str, int] | None = None, *, chosen: bool = False
) -> Column[PipelineLine] | None:
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    found = columns(zone, width, need).get(key)
    return replace(found, rank=min(found.rank, 1)) if found is not None and chosen else found


def worst(statuses: Iterable[str]) -> str:
    """The status that says most about several together; unknown for none: nothing is never green."""
    found = set(statuses)
    return next((status for status in WORST_FIRST if status in found), "unknown")


def names_piece(statuses: Iterable[tuple[str, str]]) -> str:
    """Names with their glyphs, the worst first: `✖ train  ● lint`."""
    ordered = sorted(statuses, key=lambda one: WORST_FIRST.index(one[1]))
    return "  ".join(f"{glyph(status)} {clip(name, 24)}" for name, status in ordered)
