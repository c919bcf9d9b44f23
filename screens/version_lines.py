"""The lines of a version's outline, drawn. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ..app.comparison import Cell, CompareRow, difference
from ..app.records import Commit, LedgerEntry, LoggedModel, Metric, Pipeline, Run
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets import figures
from ..widgets.figures import age, count, figure
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .alias_history import Stretch
from .model_words import UNEXPLAINED, person, version_name
from .pipeline_columns import short
from .pipeline_lines import pipeline_pieces
from .version_data import DIGEST, DataRow, data_rows, data_verdict
from .version_facts import VersionFacts
from .version_outline import OtherVersion, Row
from .version_words import named

FIGURE, LEAD, WORD = 10, 11, 8
"""Cells of a figure, of a difference, and of the word that says whether it is better."""


@dataclass(frozen=True)
class Ink:
    """What a row is drawn with."""

    facts: VersionFacts
    now: int

    @cached_property
    def metric(self) -> int:
        """Cells of the longest name of a metric."""
        names = [row.name for row in self.rows("metric")] or list(_metrics(self.facts))
        return _longest([f"{name} ↑" for name in names], 34)

    @cached_property
    def param(self) -> int:
        """Cells of the longest name of a param that differs, or of a dataset."""
        data = data_rows(self.facts.compared) if self.facts.compared is not None else []
        return _longest([*(row.name for row in self.rows("param") if row.differs), *(row.title for row in data)], 34)

    @cached_property
    def mine(self) -> int:
        """Cells of the longest param of this version that differs, so that the other's stand in a column."""
        return _longest([row.cells[1].text or "–" for row in self.rows("param") if row.differs], 40)

    @cached_property
    def tag(self) -> int:
        """Cells of the longest name of a tag."""
        return _longest(list(self.facts.row.version.tags), 34)

    def rows(self, kind: str) -> list[CompareRow]:
        """Of the comparison."""
        return [row for row in self.facts.compared.rows if row.kind == kind] if self.facts.compared else []


def _metrics(facts: VersionFacts) -> list[str]:
    return list(facts.own.measured.metrics) if facts.own.measured is not None else []


def _longest(names: list[str], most: int) -> int:
    return max((cells(clip(name, most)) for name in names), default=8)


def draw(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A line in `width` cells."""
    match row.kind:
        case "gap":
            return []
        case "heading":
            return _heading(row, width, ink)
        case "remark":
            return [(f"  {row.note}", "dim")]
        case "fact":
            return _pair(row.name, str(row.thing), 14, width)
        case "tag":
            return _pair(row.name, str(row.thing), min(ink.tag, max(8, width // 2)), width)
    return _thing(row, width, ink)


def _thing(row: Row, width: int, ink: Ink) -> list[Piece]:
    thing = row.thing
    if isinstance(thing, CompareRow):
        return _metric(thing, ink) if thing.kind == "metric" else _param(thing, width, ink)
    if isinstance(thing, DataRow):
        return _data(thing, ink)
    if isinstance(thing, Metric):
        return [(pad(clip(row.name, ink.metric), ink.metric), "text"), (f"{figure(thing.value):>{FIGURE}}", "text")]
    if isinstance(thing, Run):
        return _run(thing, width, ink)
    if isinstance(thing, LoggedModel):
        return _logged(thing, width, ink)
    if isinstance(thing, Pipeline):
        return pipeline_pieces(thing, width, ink.now)
    if isinstance(thing, LedgerEntry):
        return _entry(thing, width, ink)
    if isinstance(thing, Stretch):
        return _stretch(row.note, thing, width, ink)
    if isinstance(thing, OtherVersion):
        return _pair(row.name, f"{thing.model} {version_name(thing.version)}", 14, width)
    return _commit(row, width, ink)


def _heading(row: Row, width: int, ink: Ink) -> list[Piece]:
    title: list[Piece] = [(row.name, "bright")]
    if row.name != "metrics" or ink.facts.compared is None:
        return [*title, (fit(f"  {row.note}", width - cells(row.name)) if row.note else "", "dim")]
    own, other = named(ink.facts)
    # a heading stands two cells left of its rows
    lead = " " * max(1, ink.metric + 2 - cells(row.name))
    heads = f"{lead}{own:>{FIGURE}}{other:>{FIGURE}}{'Δ':>{LEAD}}"
    note = f"   {row.note}"
    left = width - cells(row.name) - cells(heads)
    return [*title, (heads, "dim"), (fit(note, left) if left >= cells(note) else "", "dim")]


# -- differences --------------------------------------------------------------------------------------------------


def _metric(row: CompareRow, ink: Ink) -> list[Piece]:
    arrow = "" if row.better is None else " ↑" if row.better else " ↓"
    name = clip(row.name, ink.metric - 2) + arrow
    theirs, mine = row.cells
    made: list[Piece] = [
        (pad(name, ink.metric), "text"),
        *_figure(mine),
        (f"{_value(theirs):>{FIGURE}}", "dim"),
    ]
    return [*made, *_lead(row)]


def _value(cell: Cell) -> str:
    return glyph("unknown") if cell.number is None else figure(cell.number)


def _figure(cell: Cell) -> list[Piece]:
    role = "dim" if cell.number is None else "text" if math.isfinite(cell.number) else "warn"
    return [(f"{_value(cell):>{FIGURE}}", role)]


def _lead(row: CompareRow) -> list[Piece]:
    """How far it is from the other, and whether that is better: in a sign and a word."""
    less = difference(row, 1, 0)
    if less is None:
        word = "not measured" if any(cell.number is None for cell in row.cells) else "cannot be told"
        return [(" " * (LEAD - 1) + glyph("unknown"), "dim"), (f"  {word}", "dim")]
    if less == 0:
        return [(f"{'=':>{LEAD}}", "dim"), ("  the same", "dim")]
    theirs, mine = (cell.number or 0.0 for cell in row.cells)
    lead = f"{figures.lead(mine, theirs):>{LEAD}}"
    if row.better is None:
        return [(lead, "text")]
    is_better = (less > 0) == row.better
    role = "good" if is_better else "warn"
    return [(lead, role), (f"  {glyph('passed')} better" if is_better else f"  {glyph('stale')} worse", role)]


def _param(row: CompareRow, width: int, ink: Ink) -> list[Piece]:
    theirs, mine = (glyph("missing") if cell.text is None else one_line(cell.text[:200]) or "(empty)"
                    for cell in row.cells)  # fmt: skip
    room = max(6, (width - ink.param - 8) // 2)
    return [
        (pad(clip(row.name, ink.param), ink.param), "dim"),
        (f"  {pad(mine, min(room, ink.mine))}", "text"),
        (f"   was {fit(theirs, room)}", "dim"),
    ]


def _data(row: DataRow, ink: Ink) -> list[Piece]:
    said, role = data_verdict(row)
    mine, theirs = (clip(one, DIGEST) if one is not None else glyph("missing") for one in (row.mine, row.theirs))
    made: list[Piece] = [
        (pad(clip(row.title, ink.param), ink.param), "dim"),
        (f"  {pad(said, 10)}", role),
        (f"  {pad(mine, DIGEST)}", "text"),
    ]
    return made if row.mine == row.theirs else [*made, (f"   was {theirs}", "dim")]


def _commit(row: Row, width: int, ink: Ink) -> list[Piece]:
    lead = f"{row.note} " if row.note else ""
    role = {"+": "good", "−": "warn"}.get(row.note, "text")
    if not isinstance(row.thing, Commit):
        return [(shown(row.name[:7]), "text"), (fit("   not on a branch that is watched", width - 7), "dim")]
    when = f"  {clip(row.thing.author, 16)}  {age(row.thing.committed_at, ink.now)}"
    subject = fit(one_line(row.thing.subject), max(4, width - cells(lead) - 10 - cells(when)))
    return [(lead + short(row.thing.sha), role), (f"   {subject}", "text"), (when, "dim")]


# -- the rest -----------------------------------------------------------------------------------------------------


def _pair(name: str, text: str, column: int, width: int) -> list[Piece]:
    said = fit(one_line(text[: 5 * width + 5]), max(1, width - column - 2)) or "(empty)"
    return [(pad(clip(name, column), column), "dim"), (f"  {said}", "text")]


def _run(run: Run, width: int, ink: Ink) -> list[Piece]:
    word, role = worded(run.status)
    room = max(14, min(34, width - 34))
    return [
        (pad(clip(run.name or "–", room), room), "text"),
        (f"  {pad(word, 11)}", role),
        (f"{age(run.started_at, ink.now):>6}", "dim"),
        (f"   {clip(run.user or '', 16)}", "dim"),
    ]


def _logged(logged: LoggedModel, width: int, ink: Ink) -> list[Piece]:
    about = ", ".join(
        f"{count(number)} {word}{'' if number == 1 else 's'}"
        for word, number in (("metric", len(logged.metrics)), ("param", len(logged.params)))
    )
    kind = f"   {clip(logged.kind, 20)}" if logged.kind else ""
    name = clip(logged.name or logged.id, 30)
    return [(name, "text"), (fit(f"{kind}   {about}   {clip(logged.id, 40)}", width - cells(name)), "dim")]


def _entry(entry: LedgerEntry, width: int, ink: Ink) -> list[Piece]:
    if entry.trouble:
        name = f"{clip(entry.alias, 16)} #{entry.number}"
        return [(name, "text"), (f"   {glyph('not_understood')} {clip(entry.trouble, width - 20)}", "warn")]
    change = f"{version_name(entry.previous)} → " if entry.previous else ""
    name = (
        f"{clip(entry.alias, 16)} #{entry.number}  {change}{version_name(entry.version) if entry.version else 'none'}"
    )
    reason = f"   {one_line(entry.reason[:200])}" if entry.reason else ""
    who = f"   {entry.kind}   {person(entry.by)}   {age(entry.at, ink.now)}"
    return [(name, "text"), (who, "dim"), (fit(reason, max(0, width - cells(name) - cells(who))), "text")]


def _stretch(alias: str, one: Stretch, width: int, ink: Ink) -> list[Piece]:
    since = f"{'≥' if one.is_older else ''}{age(one.since, ink.now)}"
    made: list[Piece] = [(pad(clip(alias, 16), 16), "text"), (f"  since {since:>5}", "text")]
    if one.is_unexplained:
        so_far = one.verdict == "not so far"
        return [*made, (f"   {UNEXPLAINED}{' so far' if so_far else ''}", "dim" if so_far else "warn")]
    who = person(one.by) if one.by is not None else "there when quarterdeck first looked" if one.is_older else ""
    return [*made, (fit(f"   {who}", width - 30), "dim")]
