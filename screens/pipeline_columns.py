"""The columns of a table of pipelines. Cells are pure functions of a line: a pipeline, or the head of a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from ..app.records import Pipeline
from ..app.store.pipelines import WORST_FIRST
from ..app.text import cells, clip, one_line, shown
from ..widgets.figures import MINUTE, STEPS, age, moment, so_far, span
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


Cell = Callable[[Pipeline, PipelineLine], Piece]


def called(pipeline: Pipeline, width: int = 60) -> str:
    """A pipeline as people call it: `nightly-train #214`; the number stays where the name is cut."""
    number = f" #{clip(pipeline.number, 12)}" if pipeline.number else ""
    return clip(pipeline.name or "–", max(4, width - cells(number))) + number


def short(sha: str | None) -> str:
    """The first seven characters of a sha."""
    return shown((sha or "")[:7])


def elapsed(pipeline: Pipeline, now: int) -> int | None:
    """Milliseconds that it took, or runs already: the latter in the buckets of an age. None: it has not begun."""
    if pipeline.started_at is None:
        return None
    if pipeline.ended_at is not None:
        return max(0, pipeline.ended_at - pipeline.started_at)
    if pipeline.status != "running":
        return None
    past = now - pipeline.started_at
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
            name = group.name[:10] if group.by == "commit" else group.name
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


def _column(key: str, title: str, cell: Cell, width: int, rank: int, *, right: bool = False, grow: bool = False) -> (
    Column[PipelineLine]
):  # fmt: skip
    def either(line: PipelineLine) -> Piece:
        if line.pipeline is not None:
            return cell(line.pipeline, line)
        return _head(line.group, line, key) if line.group is not None else ("", "text")

    return Column(key=key, title=title, cell=either, width=width, right=right, rank=rank, grow=grow)


DEFAULT = (
    "name", "status", "created_at", "branch", "commit", "title", "duration", "usual", "event", "actor", "attempt",
    "source",
)  # fmt: skip
"""Words of the columns that a table shows that nobody arranged."""

UNSORTED = ("usual",)
"""Columns by which the cache has no order."""


def columns(zone: tzinfo = UTC, width: int = 80, indent: int = 0) -> dict[str, Column[PipelineLine]]:
    """Every column by its word in the filter; names get more room where the table is `width` cells wide.

    `indent`: cells that the table itself puts in front of a pipeline's name.
    """
    sizes = ((100, (20, 11, 16)), (125, (24, 12, 16)), (150, (24, 12, 24)))
    name, branch, title = next((some for below, some in sizes if width < below), (30, 18, 30))

    def called_cell(pipeline: Pipeline, line: PipelineLine) -> Piece:
        return called(pipeline, name - indent), "text"

    made = (
        _column("name", "pipeline", called_cell, name, 0),
        _column("status", "status", _status, 11, 1),
        _column("created_at", "age", lambda p, line: (age(p.created_at, line.now), "text"), 5, 1, right=True),
        _column("branch", "branch", _text(lambda p: p.branch, branch, "text"), branch, 2),
        _column("commit", "commit", _text(lambda p: short(p.commit), 7), 7, 3),
        _column("title", "title", _title, title, 4, grow=True),
        _column("duration", "took", _took, 11, 3, right=True),
        _column("usual", "usual", _usual, 14, 5, right=True),
        _column("event", "event", _text(lambda p: p.event, 12), 9, 7),
        _column("actor", "by", _text(lambda p: p.actor, 12), 8, 6),
        _column("attempt", "try", _attempt, 3, 8, right=True),
        _column("source", "source", _source, 8, 7),
        _column("number", "number", _text(lambda p: p.number, 10), 8, 9, right=True),
        _column("raw_status", "their word", _text(lambda p: p.raw_status, 18), 14, 9),
        _column("started_at", "started", _time(lambda p: p.started_at, zone), 12, 9, right=True),
        _column("ended_at", "ended", _time(lambda p: p.ended_at, zone), 12, 9, right=True),
        _column("id", "id", _text(lambda p: p.id, 32), 14, 9),
    )
    return {column.key: column for column in made}


def column(
    key: str, zone: tzinfo = UTC, width: int = 80, indent: int = 0, *, chosen: bool = False
) -> Column[PipelineLine] | None:
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    found = columns(zone, width, indent).get(key)
    return replace(found, rank=min(found.rank, 1)) if found is not None and chosen else found


def worst(statuses: Iterable[str]) -> str:
    """The status that says most about several together; unknown for none: nothing is never green."""
    found = set(statuses)
    return next((status for status in WORST_FIRST if status in found), "unknown")


def names_piece(statuses: Iterable[tuple[str, str]]) -> str:
    """Names with their glyphs, the worst first: `✖ train  ● lint`."""
    ordered = sorted(statuses, key=lambda one: WORST_FIRST.index(one[1]))
    return "  ".join(f"{glyph(status)} {clip(name, 24)}" for name, status in ordered)
