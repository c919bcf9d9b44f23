"""How an alias came to where it is, and which version it showed before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..records import AliasMove, LedgerEntry
from ..store.model_events import called
from ..store.models import ModelRow
from .nodes import fact
from .trail import Trail
from .tree import Node


class Moved(NamedTuple):
    """What is known of the last move of an alias."""

    told: Node
    previous: str | None = None


def moved(trail: Trail, row: ModelRow, alias: str, version: str) -> Moved:
    """By the ledger, else by what was seen between two looks; else it is said that nobody knows."""
    name = row.model.name
    entry = _last(trail, name, alias)
    if entry is not None and not entry.trouble and entry.version == version:
        words = (f"by {entry.by.name or entry.by.email} ({entry.by.strength})", f"entry {entry.number}")
        return Moved(fact("moved", _title(entry.previous, version), *words, at=entry.at), entry.previous)
    seen = _seen(trail, row, alias)
    if seen is not None and seen.version == version and seen.reason != "first seen":
        why = "no entry of the ledger says so" if entry is not None else "nobody wrote down who did it"
        return Moved(fact("moved", _title(seen.previous, version), why, at=seen.at), seen.previous)
    return Moved(fact("moved", "who moved it here is not known", state="unknown"))


def _title(previous: str | None, version: str) -> str:
    return f"{called(previous)} → {called(version)}" if previous else f"to {called(version)}"


def _last(trail: Trail, model: str, alias: str) -> LedgerEntry | None:
    local: Sequence[LedgerEntry] = trail.state.local_entries(model, alias) if trail.state is not None else ()
    entries = (*trail.reader.ledger(model, alias), *local)
    return max(entries, key=lambda entry: entry.number, default=None)


_LOOKED_AT: Final = 20


def _seen(trail: Trail, row: ModelRow, alias: str) -> AliasMove | None:
    if trail.state is None:
        return None
    moves = trail.state.alias_moves(row.model.name, alias, limit=_LOOKED_AT)
    return next((move for move in moves if move.source == row.model.source), None)
