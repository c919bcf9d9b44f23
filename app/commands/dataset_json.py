"""Datasets and their versions as `quarterdeck datasets --json` gives them; docs/commands.md explains the fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..comparison.data_facts import parsed
from ..comparison.datasets import DataChange
from ..exact import iso, number
from ..records import DatasetVersion, DataVersion, Subject
from ..store.dataset_lists import ListedDataset
from ..text import shown

Changed = tuple[DatasetVersion, Sequence[DataChange]]
"""A version, and what differs in it from the one before."""


def dataset_json(one: ListedDataset, versions: Sequence[Changed]) -> dict[str, Any]:
    """A dataset with some of its versions."""
    row = one.row
    return {
        "name": row.name,
        "shown": shown(row.name),
        "tools": list(row.tools),
        "identities": [{"tool": part.tool, "name": part.name, "by": part.by} for part in row.said_by],
        "declared": row.is_declared,
        "at": iso(row.at),
        "count": one.versions,
        "versions": [version_json(version, changes) for version, changes in versions],
        "checks": {outcome: number for outcome, number in one.outcomes.items() if number},
        "silent": one.silent,
    }


def version_json(version: DatasetVersion, changes: Sequence[DataChange]) -> dict[str, Any]:
    """A version with what differs from the one before."""
    subject = None if version.is_gone else str(Subject(kind="dataset", parts=(version.name, version.digest)))
    return {
        "digest": version.digest,
        "subject": subject,
        "tools": list(version.tools),
        "identities": [{"tool": part.tool, "name": part.name, "by": part.by} for part in version.said_by],
        "at": iso(version.at),
        "commit": version.commit,
        "gone": version.is_gone,
        "runs": version.runs,
        "first_run": version.first_run,
        "first_used_at": iso(version.first_used_at),
        "last_run": version.last_run,
        "last_used_at": iso(version.last_used_at),
        "size": version.size,
        "files": version.files,
        "rows": version.rows,
        "schema": _json_or_text(version.schema),
        "profile": _json_or_text(version.profile),
        "source_type": version.source_type,
        "origin": version.origin,
        **_tracked_json(version.tracked),
        "changes": [change_json(change) for change in changes],
    }


def _tracked_json(tracked: DataVersion | None) -> dict[str, Any]:
    """What DVC knows of it."""
    if tracked is None:
        return {"kind": None, "defined_in": None, "stage": None, "command": None, "deps": [], "params": {}}
    return {
        "kind": tracked.kind,
        "defined_in": tracked.defined_in,
        "stage": tracked.stage,
        "command": tracked.command,
        "deps": [{"path": dep.path, "digest": dep.digest} for dep in tracked.deps],
        "params": dict(tracked.params),
    }


def change_json(change: DataChange) -> dict[str, Any]:
    """One thing that differs."""
    return {
        "kind": change.kind,
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "difference": number(change.difference),
    }


def _json_or_text(text: str | None) -> Any:
    """JSON as JSON; what is none, or holds what JSON cannot, as the text that it is."""
    content = parsed(text)
    return text if content is None or "NaN" in (text or "") or "Infinity" in (text or "") else content
