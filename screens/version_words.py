"""Sentences on a version: how it stands, and what to know before its figures are read. Pure functions."""

from __future__ import annotations

from ..app.text import cells, clip, shown
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .model_words import version_name
from .run_details import Sight
from .version_data import data_rows, data_sentences
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
        said += data_sentences(data_rows(facts.compared), *named(facts))
    return said


def no_evidence(evidence: Evidence) -> str:
    """Why nothing is known that was measured of a version; "" where something is."""
    if evidence.measured is not None:
        return ""
    version = evidence.row.version
    name = version_name(version.version)
    if not version.run_id:
        return f"{glyph('missing')} {name} names no run, so nothing is known that was measured of it"
    return f"{glyph('missing')} the run of {name} ({clip(version.run_id, 9)}) is not in the cache: r asks the syncer"
