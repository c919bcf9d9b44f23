"""Sentences on a version: how it stands, and what to know before its figures are read. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..app.comparison import CompareRow, Comparison
from ..app.text import cells, clip, shown
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .model_words import version_name
from .run_details import Sight
from .version_facts import Evidence, VersionFacts


def named(facts: VersionFacts) -> tuple[str, str]:
    """How the version and the one that it is measured against are called."""
    other = facts.other.row.version.version if facts.other is not None else ""
    return version_name(facts.row.version.version), version_name(other) if other else ""


def head(facts: VersionFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """How a version stands, in one line: status, aliases, when and by whom it was registered."""
    version = facts.row.version
    word, role = worded(version.status)
    left: list[Piece] = [(f" {word}", role)]
    aliases = ", ".join(clip(alias, 20) for alias in facts.row.aliases)
    left.append((f"   {aliases}" if aliases else "   no alias", "accent" if aliases else "dim"))
    if version.created_at is not None:
        at = f"{moment(version.created_at, sight.now, sight.zone)} ({age(version.created_at, sight.now)})"
        left += [("   registered ", "dim"), (at, "text")]
    left += [("   by ", "dim"), (clip(version.user or "nobody named", 24), "text")]
    right: list[Piece] = [(f"stage {clip(version.stage, 16)} ", "dim")] if version.stage else []
    used = sum(cells(text) for text, _ in (*left, *right))
    return left, right if used + 2 <= sight.width else []


def sentences(facts: VersionFacts) -> list[str]:
    """What to know first: unlike data, and what cannot be told apart because nobody wrote it down."""
    version = facts.row.version
    said = []
    if version.status != "ready":
        raw = f" (the registry says {shown(version.raw_status)})" if version.status == "unknown" else ""
        said.append(f"this version is {version.status}{raw}: it cannot be promoted")
    if facts.compared is not None:
        said += data_sentences(facts.compared, *named(facts))
    return said


def data_rows(compared: Comparison) -> list[CompareRow]:
    """What each was made from and measured on, by context."""
    return [row for row in compared.rows if row.kind == "dataset"]


def data_sentences(compared: Comparison, own: str, other: str) -> Iterator[str]:
    """Whether figures are like for like."""
    rows = data_rows(compared)
    if not rows:
        yield f"metrics may not be like for like: neither {own} nor {other} names its data"
        return
    for row in rows:
        theirs, mine = (cell.text for cell in row.cells)
        context = f"{clip(row.name, 24)} data" if row.name else "data without a context"
        if theirs is None or mine is None:
            yield f"whether they saw the same {context} is not known: {own if mine is None else other} names none"
        elif theirs != mine and is_training(row.name):
            yield f"trained on unlike data: {own} on {clip(mine, 40)}, {other} on {clip(theirs, 40)}"
        elif theirs != mine:
            yield f"metrics are not like for like: {context} is {clip(mine, 40)}, of {other} {clip(theirs, 40)}"


def is_training(context: str) -> bool:
    """Whether data was there to learn from."""
    return context.casefold().startswith("train")


def data_verdict(row: CompareRow) -> tuple[str, str]:
    """`same`, `differs` or `unknown`, with its role."""
    theirs, mine = (cell.text for cell in row.cells)
    if theirs is None or mine is None:
        return f"{glyph('unknown')} unknown", "dim"
    return ("= same", "good") if theirs == mine else (f"{glyph('stale')} differs", "warn")


def no_evidence(evidence: Evidence) -> str:
    """Why nothing is known that was measured of a version; "" where something is."""
    if evidence.measured is not None:
        return ""
    version = evidence.row.version
    name = version_name(version.version)
    if not version.run_id:
        return f"{glyph('missing')} {name} names no run, so nothing is known that was measured of it"
    return f"{glyph('missing')} the run of {name} ({clip(version.run_id, 9)}) is not in the cache: r asks the syncer"


def trees(states: Sequence[str]) -> str:
    """The state of the trees of two commits: said once where both are alike."""
    return states[0] if states[0] == states[1] else f"{states[1]}, of the other {states[0]}"
