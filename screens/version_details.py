"""What is known of one row of a version's outline, and of a version beside the table, as lines. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from ..app.comparison import CompareRow, tree_state
from ..app.records import Commit, LedgerEntry, LoggedModel, ModelMetric, Pipeline, Run
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age, count, figure, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .alias_history import Stretch
from .model_words import UNEXPLAINED, version_name
from .pipeline_columns import short
from .pipeline_details import pipeline_lines
from .run_details import LONGEST, Lines, Sight, commit_said, pairs, run_lines, wrap
from .version_data import DataRow, data_verdict
from .version_facts import VersionFacts
from .version_lines import Ink, draw
from .version_outline import OtherVersion, Row, differences
from .version_words import head, named, sentences

BESIDE = 12
"""Rows of each part of what differs that have room beside the table."""


def detail(row: Row, facts: VersionFacts, sight: Sight) -> Lines:
    """The lines on a row; none for one of which the outline says everything."""
    thing = row.thing
    if isinstance(thing, CompareRow):
        return _compared(thing, facts, sight)
    if isinstance(thing, DataRow):
        return _data(thing, facts, sight)
    if isinstance(thing, Run):
        return run_lines(thing, "run", sight)
    if isinstance(thing, Pipeline):
        return pipeline_lines(thing, sight)
    if isinstance(thing, LoggedModel):
        return logged_lines(thing, sight)
    if isinstance(thing, LedgerEntry):
        return entry_lines(thing, sight)
    if isinstance(thing, Stretch):
        return _stretch(row.note, thing, sight)
    if row.kind == "commit":
        return _commit(row, facts, sight)
    if isinstance(thing, OtherVersion):
        return [
            title(f"{thing.model} {version_name(thing.version)}", row.name, sight),
            [],
            [(" Enter opens it", "dim")],
        ]
    return [title(row.name, row.kind, sight), [], *_text(thing if isinstance(thing, str) else "", sight)]


def title(name: str, kind: str, sight: Sight) -> list[Piece]:
    """What it is called, and what that is."""
    return [(f" {clip(name, max(8, sight.width - cells(kind) - 4))}", "bright"), (f"  {kind}" if kind else "", "dim")]


def _text(text: str, sight: Sight) -> Lines:
    made: Lines = []
    for line in text[:LONGEST].replace("\r\n", "\n").split("\n"):
        made += [
            [(f" {piece}", "text")] for piece in wrap(shown(line.replace("\t", "    ")), max(8, sight.width - 2))
        ] or [[]]
    return made


def _compared(row: CompareRow, facts: VersionFacts, sight: Sight) -> Lines:
    """Both values, whole."""
    own, other = named(facts)
    theirs, mine = (f"{glyph('missing')} none" if cell.text is None else cell.text for cell in row.cells)
    lines: Lines = [title(row.name, row.kind, sight), []]
    lines += pairs([(own, mine), (other, theirs)], sight.width)
    if row.better is not None:
        lines += [[], [(f" {'greater' if row.better else 'smaller'} is better", "dim")]]
    logged = facts.row.logged
    measured = [one for one in logged.metrics if one.name == row.name] if logged and row.kind == "metric" else []
    return [*lines, *_block("of the logged model", [_measure(one, sight) for one in measured])]


def _data(row: DataRow, facts: VersionFacts, sight: Sight) -> Lines:
    """Both digests, whole."""
    own, other = named(facts)
    said, role = data_verdict(row)
    none = f"{glyph('missing')} " + ("not that one" if row.is_told else "none named")
    known = pairs([(own, row.mine or none), (other, row.theirs or none)], sight.width)
    return [title(row.name, row.context or "no context", sight), [(f" {said}", role)], [], *known]


def _block(name: str, lines: Lines) -> Lines:
    return [[], [(f" {name}", "bright")], *lines] if lines else []


def _measure(one: ModelMetric, sight: Sight) -> list[Piece]:
    data = f"   on {clip(one.dataset_name or 'data', 24)}@{clip(one.dataset_digest, 12)}" if one.dataset_digest else ""
    return [(f"   {figure(one.value):>10}", "text"), (f"  @{count(one.step)}", "dim"), (data, "dim"),
            (f"   {age(one.at, sight.now)}", "dim")]  # fmt: skip


def _commit(row: Row, facts: VersionFacts, sight: Sight) -> Lines:
    commit = row.thing if isinstance(row.thing, Commit) else None
    run = facts.own.run
    is_own = run is not None and row.name == run.git_commit
    return commit_said(row.name, commit, [("tree state", tree_state(run))] if is_own and run is not None else [], sight)


def logged_lines(logged: LoggedModel, sight: Sight) -> Lines:
    """A model as its run logged it: its params, and each metric with the data that it was measured on."""
    word, role = worded(logged.status)
    facts = [("id", logged.id), ("type", logged.kind), ("logged", _when(logged.created_at, sight))]
    lines: Lines = [[*title(logged.name or logged.id, "", sight)[:1], ("  ", "text"), (word, role)], []]
    lines += pairs([(name, text) for name, text in facts if text], sight.width)
    column = max((cells(clip(one.name, 30)) for one in logged.metrics), default=8)
    lines += _block(
        "metrics",
        [[(f"   {pad(clip(one.name, column), column)}", "dim"), *_measure(one, sight)] for one in logged.metrics],
    )
    return [*lines, *_block("params", pairs(sorted(logged.params.items()), sight.width, 3))]


def entry_lines(entry: LedgerEntry, sight: Sight) -> Lines:
    """An entry of the ledger, whole."""
    by = f"{entry.by.name} <{entry.by.email}>" if entry.by.email else entry.by.name
    agreed = [f"{one.name or one.email} ({one.strength})" for one in entry.approvers]
    facts = [
        ("trouble", entry.trouble),
        ("assigns", version_name(entry.version) if entry.version else ""),
        ("was", version_name(entry.previous) if entry.previous else ""),
        ("cancels", f"#{entry.cancels}" if entry.cancels is not None else ""),
        ("when", _when(entry.at, sight)),
        ("by", f"{by} ({entry.by.strength})"),
        ("approved by", ", ".join(agreed)),
        ("reason", entry.reason),
        ("ticket", entry.ticket),
        ("policy", entry.policy_commit),
        ("plan", entry.plan),
        ("commit", entry.commit or ""),
        ("id", entry.id),
    ]
    lines: Lines = [title(f"{entry.alias} #{entry.number}", entry.kind, sight), []]
    lines += pairs([(name, text) for name, text in facts if text], sight.width)
    return [*lines, *_block("gates then", _gates(entry.gates))]


def _gates(gates: Mapping[str, str]) -> Lines:
    column = max((cells(clip(name, 30)) for name in gates), default=8)
    return [
        [(f"   {pad(clip(name, column), column)}  ", "dim"), (clip(state, 16), "text")] for name, state in gates.items()
    ]


def _stretch(alias: str, one: Stretch, sight: Sight) -> Lines:
    seen = f"found so {_when(one.since, sight)}" if one.entry is None else _when(one.since, sight)
    before = f"not before {_when(one.not_before, sight)}" if one.not_before is not None and one.entry is None else ""
    facts = [("alias", alias), ("points at", version_name(one.version or "")), ("since", seen), ("", before)]
    if one.is_older:
        facts.append(("", "it was there when quarterdeck first looked: since when is not known"))
    if one.is_unexplained:
        said = "no entry of the ledger says who did it"
        facts.append((UNEXPLAINED, f"{said}, as far as Git was read" if one.verdict == "not so far" else said))
    lines: Lines = [title(alias, "alias", sight), [], *pairs([(n, t) for n, t in facts if t], sight.width)]
    return [*lines, *([[], *entry_lines(one.entry, sight)] if one.entry is not None else [])]


def _when(at: int | None, sight: Sight) -> str:
    return f"{moment(at, sight.now, sight.zone)} ({age(at, sight.now)})" if at is not None else ""


# -- beside the table ---------------------------------------------------------------------------------------------


def standing_lines(facts: VersionFacts, sight: Sight) -> Lines:
    """A version in one column: how it stands, what to know first, and how it differs from the champion."""
    own, _ = named(facts)
    lines: Lines = [[(f" {clip(facts.row.version.model, sight.width - 14)} {own}", "bright")], head(facts, sight)[0]]
    for sentence in sentences(facts):
        for at, piece in enumerate(wrap(sentence, max(8, sight.width - 4))):
            lines.append([(f" {glyph('stale')} " if at == 0 else "   ", "warn"), (piece, "text")])
    ink = Ink(facts, sight.now)
    taken = 0
    for row in differences(facts):
        taken = 0 if row.is_heading else taken + row.is_row
        if row.is_row and taken > BESIDE:
            continue
        lead: Piece = ("   " if row.is_row else " ", "text")
        lines.append([] if row.kind == "gap" else [lead, *draw(row, sight.width - 4, ink)])
    return [*lines, *_code(facts)]


def _code(facts: VersionFacts) -> Lines:
    """Whether it is the same commit; what lies between is told on the version's page."""
    own, other = facts.own.commit, facts.other.commit if facts.other is not None else None
    if facts.other is None or facts.compared is None:
        return []
    if own is None or other is None:
        said = f"{glyph('unknown')} {named(facts)[0 if own is None else 1]} names no commit"
    else:
        said = f"the same commit, {short(own)}" if own == other else f"{short(own)}, was {short(other)}"
    return [[], [(" code", "bright"), (f"  {said}", "text")]]
