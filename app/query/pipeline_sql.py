"""A filter or a sort of pipelines as SQL over a row of the table `pipeline`; see `sql` for runs.

There are thousands of them, not a million: one pass over the table and an index lookup a row for jobs are enough.
"""

from __future__ import annotations

from typing import Final

from .conditions import Fragment, condition, joined, label_condition
from .tree import And, Compare, Field, Has, Node, Not, Or, Words

_COLUMNS: Final = {
    "id": "pipeline.native",
    "name": "pipeline.name",
    "source": "(SELECT s.name FROM source AS s WHERE s.id = pipeline.source)",
    "status": "pipeline.status",
    "raw_status": "NULLIF(pipeline.raw_status, '')",
    "number": "NULLIF(pipeline.number, '')",
    "title": "NULLIF(pipeline.title, '')",
    "branch": "NULLIF(pipeline.branch, '')",
    "commit": 'pipeline."commit"',
    "event": "NULLIF(pipeline.event, '')",
    "actor": "NULLIF(pipeline.actor, '')",
    "attempt": "pipeline.attempt",
    "url": "NULLIF(pipeline.url, '')",
    "created_at": "pipeline.created_at",
    "started_at": "pipeline.started_at",
    "ended_at": "pipeline.ended_at",
    "duration": "(pipeline.ended_at - pipeline.started_at) / 1000.0",
}
"""An empty text is an absent one: vendors say either."""

WORDS: Final = ("name", "id", "branch", "commit", "title", "actor")
"""Where a bare word is looked for."""

_JOB: Final = {
    "name": "j.name",
    "id": "j.native",
    "status": "j.status",
    "raw_status": "NULLIF(j.raw_status, '')",
    "stage": "NULLIF(j.stage, '')",
    "failed": "j.name",
}
_OWN_JOBS: Final = "job AS j INDEXED BY job_pipeline WHERE j.pipeline = pipeline.id"
_LAST: Final = (
    "NOT EXISTS (SELECT 1 FROM job AS k WHERE k.pipeline = j.pipeline AND k.name = j.name AND k.attempt > j.attempt)"
)


def test(node: Node | None) -> Fragment:
    """Whether the row passes: 1 or 0, so that NOT inverts it. None lets every row pass."""
    if node is None:
        return Fragment("1")
    if isinstance(node, And | Or):
        word = " AND " if isinstance(node, And) else " OR "
        parts = [test(part) for part in node.parts]
        return joined("(" + word.join(part.text for part in parts) + ")", *parts)
    if isinstance(node, Not):
        inner = test(node.part)
        return Fragment(f"(NOT {inner.text})", inner.parameters)
    if isinstance(node, Words):
        parts = [condition(_COLUMNS[name], False, ":", node.text) for name in WORDS]
        return joined("((" + " OR ".join(part.text for part in parts) + ") IS TRUE)", *parts)
    inner = _leaf(node)
    if node.field.kind == "job":
        return Fragment(f"EXISTS (SELECT 1 FROM {_jobs(node.field)} AND {inner.text})", inner.parameters)
    return Fragment(f"(({inner.text}) IS TRUE)", inner.parameters)


def value(field: Field, *, largest: bool = False) -> Fragment:
    """What the row is sorted by, NULL where it has none: of several jobs the smallest or the largest."""
    if field.kind == "job":
        return Fragment(f"(SELECT {'max' if largest else 'min'}({_JOB[field.name]}) FROM {_jobs(field)})")
    if field.name == "number":  # those that are no numbers behind the others, by text
        return Fragment("pipeline.number_value")
    return Fragment(_COLUMNS[field.name])


def _jobs(field: Field) -> str:
    """The jobs that a condition speaks of."""
    if field.name == "failed":
        return f"{_OWN_JOBS} AND j.status = 'failed' AND {_LAST}"
    return f"{_OWN_JOBS} AND {_LAST}" if field.name in ("status", "raw_status") else _OWN_JOBS


def _leaf(leaf: Compare | Has) -> Fragment:
    column = _JOB[leaf.field.name] if leaf.field.kind == "job" else _COLUMNS[leaf.field.name]
    if isinstance(leaf, Has):
        return Fragment(f"{column} IS NOT NULL")
    if leaf.field == Field("pipeline", "number"):
        inner = label_condition(column, "pipeline.number_value", leaf.operator, leaf.value)
        return Fragment(f"{column} IS NOT NULL AND {inner.text}", inner.parameters)
    return condition(column, False, leaf.operator, leaf.value)
