"""Registered models, their versions and where their aliases were, as `quarterdeck models --json` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..exact import iso
from ..records import AliasMove, Subject
from ..store.alias_history import Held
from ..store.explanations import Explanation
from ..store.models import ModelRow, VersionRow
from ..store.reading import Reader
from ..text import shown
from .printing import windows

Told = tuple[AliasMove, Explanation]
"""A move, and what the ledger says of it."""


def model_json(reader: Reader, row: ModelRow, history: Iterable[Told]) -> dict[str, Any]:
    """A model with all that is known of it."""
    model = row.model
    return {
        "name": model.name,
        "subject": str(Subject(kind="model", parts=(model.name,))),
        "shown": shown(model.name),
        "source": row.source_name,
        "kind": model.kind,
        "description": model.description,
        "created_at": iso(model.created_at),
        "updated_at": iso(model.updated_at),
        "tags": dict(model.tags),
        "aliases": dict(model.aliases),
        "versions": [
            one for some in windows(reader.models.version_ids(row.rowid)) for one in _versions_json(reader, some)
        ],
        "alias_history": [_move_json(move, why) for move, why in history],
    }


def _versions_json(reader: Reader, rowids: Sequence[int]) -> Iterator[dict[str, Any]]:
    rows = reader.models.versions(rowids)
    runs = reader.runs_by_rowid([row.run for row in rows if row.run is not None], ())
    for row in rows:
        run = None if row.run is None else runs.get(row.run)
        yield _version_json(row, None if run is None else run.git_commit)


def _version_json(row: VersionRow, commit: str | None) -> dict[str, Any]:
    version = row.version
    copied = version.copied_from
    return {
        "version": version.version,
        "subject": str(Subject(kind="model", parts=(version.model, version.version))),
        "status": version.status,
        "raw_status": version.raw_status,
        "stage": version.stage,
        "aliases": list(row.aliases),
        "description": version.description,
        "created_at": iso(version.created_at),
        "updated_at": iso(version.updated_at),
        "user": version.user,
        "run_id": version.run_id,
        "git_commit": commit,
        "origin": version.origin,
        "model_id": version.model_id,
        "copied_from": None if copied is None else {"model": copied[0], "version": copied[1]},
        "tags": dict(version.tags),
    }


def _move_json(move: AliasMove, why: Explanation) -> dict[str, Any]:
    entry = why.entry
    return {
        "alias": move.alias,
        "version": move.version,
        "previous": move.previous,
        "reason": move.reason,
        "at": iso(move.at),
        "not_before": iso(move.not_before),
        "by": None if entry is None else entry.by.name,
        "strength": None if entry is None else entry.by.strength,
        "explained": why.is_explained,
        "verdict": why.verdict,
        "entry": None if entry is None else entry.number,
    }


def held_json(held: Held, source: str, why: Explanation | None) -> dict[str, Any]:
    """Where an alias was at a time."""
    move, entry = held.move, None if why is None else why.entry
    return {
        "model": held.model,
        "alias": held.alias,
        "subject": str(Subject(kind="alias", parts=(held.model, held.alias))),
        "source": source,
        "version": held.version,
        "knowledge": held.knowledge,
        "other": held.other,
        "known_from": iso(held.known_from),
        "since": None if move is None else iso(move.at),
        "not_before": None if move is None else iso(move.not_before),
        "reason": None if move is None else move.reason,
        "by": None if entry is None else entry.by.name,
        "strength": None if entry is None else entry.by.strength,
        "explained": None if why is None else why.is_explained,
    }
