"""Registered models, their versions and where their aliases were, as `quarterdeck models --json` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..exact import iso
from ..model_copies import Told as Told
from ..model_copies import model_json as _model_json
from ..model_copies import version_json
from ..records import Subject
from ..store.alias_history import Held
from ..store.explanations import Explanation
from ..store.models import ModelRow
from ..store.reading import Reader
from .printing import windows


def model_json(reader: Reader, row: ModelRow, history: Iterable[Told]) -> dict[str, Any]:
    """A model with all that is known of it."""
    ids = reader.models.version_ids(row.rowid)
    return _model_json(row, (one for some in windows(ids) for one in _versions_json(reader, some)), history)


def _versions_json(reader: Reader, rowids: Sequence[int]) -> Iterator[dict[str, Any]]:
    rows = reader.models.versions(rowids)
    runs = reader.runs_by_rowid([row.run for row in rows if row.run is not None], ())
    for row in rows:
        run = None if row.run is None else runs.get(row.run)
        yield version_json(row, None if run is None else run.git_commit)


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
