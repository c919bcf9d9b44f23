"""A filter as a tree, and what can stand in it.

    Node = And | Or | Not | Compare | Has | Words

Frozen, hashable, equal by value; a negation of presence (`is null`) is Not(Has(...)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "attribute", "metric", "param", "tag", "dataset", "pipeline", "job", "model", "version", "check", "data",
    "resource", "event", "series", "attention",
]  # fmt: skip
"""attribute: of a run; pipeline: of a pipeline; job: of any of its jobs; model: of a registered model; version: of any
of its versions; check: of a check of data; data: of a dataset over its versions; resource: of a resource of a stack;
event: of something that happened; series: of a line of production."""
Part: TypeAlias = Literal["last", "min", "max"]
FieldType: TypeAlias = Literal["text", "status", "time", "seconds", "number", "label", "flag"]
"""How a field's values compare. time: UTC milliseconds; seconds: a duration; label: a text that a numeric
literal compares by value where it parses (params and tags); flag: 1 or 0, written yes or no, present where it is 1."""
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "~", ":"]
"""`:` is "contains", whatever the case."""
Literal_: TypeAlias = str | int | float
Value: TypeAlias = Literal_ | tuple[Literal_, ...]

ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "name": "text",
    "id": "text",
    "status": "status",
    "user": "text",
    "git_commit": "text",
    "parent_id": "text",
    "artifact_uri": "text",
    "experiment": "text",
    "experiment_id": "text",
    "started_at": "time",
    "ended_at": "time",
    "duration": "seconds",
}
"""What a run itself has, under the names that `--json` uses."""

DATASET_PARTS: Final = ("name", "digest", "context")

PIPELINE_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "id": "text",
    "name": "text",
    "source": "text",
    "status": "status",
    "raw_status": "text",
    "number": "label",
    "title": "text",
    "branch": "text",
    "commit": "text",
    "event": "text",
    "actor": "text",
    "attempt": "number",
    "url": "text",
    "created_at": "time",
    "started_at": "time",
    "ended_at": "time",
    "duration": "seconds",
}
"""What a pipeline itself has, under the names that `--json` uses."""

JOB_PARTS: Final[Mapping[str, FieldType]] = {
    "name": "text",
    "id": "text",
    "status": "status",
    "raw_status": "text",
    "stage": "text",
    "failed": "text",
}
"""What any of a pipeline's jobs has. Statuses are of the last attempt; `failed` is the name of one that failed."""

MODEL_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "name": "text",
    "source": "text",
    "description": "text",
    "alias": "text",
    "created_at": "time",
    "updated_at": "time",
}
"""What a registered model itself has; `alias` is any of its aliases."""

VERSION_PARTS: Final[Mapping[str, FieldType]] = {
    "version": "label",
    "status": "status",
    "user": "text",
    "run_id": "text",
    "stage": "text",
}
"""What any of a model's versions has."""

CHECK_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "id": "text",
    "source": "text",
    "tool": "text",
    "suite": "text",
    "name": "text",
    "dataset": "text",
    "column": "text",
    "environment": "text",
    "outcome": "status",
    "severity": "text",
    "checked_at": "time",
    "interval": "text",
    "observed": "text",
    "expected": "text",
    "failed_rows": "number",
    "total_rows": "number",
    "share": "number",
    "commit": "text",
    "run_id": "text",
    "pipeline_id": "text",
    "first_failed_at": "time",
    "first_failed_commit": "text",
    "last_passed_at": "time",
    "rule": "text",
    "rule_changed_at": "time",
    "rule_commit": "text",
    "results": "number",
    "usual": "seconds",
    "silent": "flag",
    "removed": "flag",
    "flapping": "flag",
}
"""What a check has by its newest result and its history. `rule` is what became of its rule, `share` that of the rows
that fail."""

DATA_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "name": "text",
    "tool": "text",
    "at": "time",
    "outcome": "status",
    "declared": "flag",
    "silent": "flag",
    "digest": "text",
    "commit": "text",
    "versions": "number",
    "runs": "number",
    "used_at": "time",
    "size": "number",
    "files": "number",
    "rows": "number",
    "gone": "flag",
}
"""What a dataset has: any of its names and tools, outcomes of its checks, and from `digest` on its newest version."""

RESOURCE_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "stack": "text",
    "address": "text",
    "type": "text",
    "name": "text",
    "module": "text",
    "mode": "text",
    "provider": "text",
    "action": "status",
    "reason": "text",
    "drift": "text",
    "changed": "text",
    "drifted": "text",
    "forces": "text",
    "moved_from": "text",
    "sensitive": "flag",
    "status": "text",
    "tool": "text",
    "environment": "text",
    "model": "text",
    "commit": "text",
    "pipeline_id": "text",
    "planned_at": "time",
    "applied_at": "time",
}
"""What a resource has, and from `status` on its stack. `changed`, `drifted`, `forces` and `model` are any of theirs."""

EVENT_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "kind": "text",
    "title": "text",
    "actor": "text",
    "strength": "text",
    "source": "text",
    "subject": "text",
    "model": "text",
    "at": "time",
    "not_before": "time",
    "seen_at": "time",
}
"""What an event has: `subject` is any that it speaks of, as written (run/4f2c), and `model` any of their models."""

SERIES_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "name": "text",
    "key": "text",
    "state": "status",
    "kind": "text",
    "model": "text",
    "version": "label",
    "label": "text",
    "value": "number",
    "unit": "text",
    "min": "number",
    "max": "number",
    "objective": "number",
    "burn": "number",
    "at": "time",
    "looked_at": "time",
    "bad_since": "time",
    "last_good_at": "time",
    "label_delay": "seconds",
    "step": "seconds",
    "query": "text",
    "source": "text",
}
"""What a line of production has; `label` is any of its labels as key=value, `burn` how fast its budget goes."""

ATTENTION_ATTRIBUTES: Final[Mapping[str, FieldType]] = {
    "severity": "status",
    "kind": "text",
    "title": "text",
    "reason": "text",
    "subject": "text",
    "model": "text",
    "alias": "text",
    "version": "label",
    "owner": "text",
    "state": "text",
    "acknowledged": "flag",
    "acknowledged_by": "text",
    "since": "time",
    "id": "text",
}
"""What needs attention: `kind`, `subject`, `model`, `alias` and `version` are any of its signals'."""

FLAGS: Final = tuple(
    name
    for of in (CHECK_ATTRIBUTES, DATA_ATTRIBUTES, RESOURCE_ATTRIBUTES, ATTENTION_ATTRIBUTES)
    for name, kind in of.items()
    if kind == "flag"
)

_TYPES: Final[Mapping[str, Mapping[str, FieldType]]] = {
    "attribute": ATTRIBUTES, "pipeline": PIPELINE_ATTRIBUTES, "job": JOB_PARTS, "model": MODEL_ATTRIBUTES,
    "version": VERSION_PARTS, "check": CHECK_ATTRIBUTES,
    "data": DATA_ATTRIBUTES, "resource": RESOURCE_ATTRIBUTES, "event": EVENT_ATTRIBUTES,
    "series": SERIES_ATTRIBUTES, "attention": ATTENTION_ATTRIBUTES,
}  # fmt: skip


class Field(msgspec.Struct, frozen=True):
    """What is compared or sorted by. A dataset's name is name, digest, context, or "" for name@digest."""

    kind: Kind
    name: str
    part: Part = "last"
    """Of a metric: which aggregate. last is the value at the highest step."""

    @property
    def type(self) -> FieldType:
        """How its values compare."""
        if self.kind in _TYPES:
            return _TYPES[self.kind][self.name]
        if self.kind == "metric":
            return "number"
        return "text" if self.kind == "dataset" else "label"


class Compare(msgspec.Struct, frozen=True):
    """A field against a literal, or against several (`in`). False where the field is absent.

    Of a label a float compares by value and a str by text; of a time the value is UTC milliseconds, of a
    duration seconds. NaN stands only beside =, !=, in and not in of a metric, and means "is not a number".
    """

    field: Field
    operator: Operator
    value: Value


class Has(msgspec.Struct, frozen=True):
    """The field is present. A metric that is NaN is present; its min and max are when they are known."""

    field: Field


class Words(msgspec.Struct, frozen=True):
    """The text occurs in a run's name, id or commit, or in what others are known by, whatever the case."""

    text: str


class And(msgspec.Struct, frozen=True):
    """All of two or more."""

    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True):
    """Any of two or more."""

    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    """The contrary: true where a comparison with an absent field is false."""

    part: Node


Node: TypeAlias = And | Or | Not | Compare | Has | Words


class Sort(msgspec.Struct, frozen=True):
    """By what a list is ordered. What has no such value comes last in both directions."""

    field: Field
    descending: bool = False


def leaves(node: Node) -> Iterator[Compare | Has | Words]:
    """Every condition in a tree, left to right."""
    if isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def all_of(*nodes: Node | None) -> Node | None:
    """What is left when several filters must hold at once: None where there is none."""
    parts = tuple(node for node in nodes if node is not None)
    return And(parts) if len(parts) > 1 else parts[0] if parts else None
