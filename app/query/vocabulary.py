"""What a filter can speak of: the fields of runs, pipelines, models, checks or datasets, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

from ..records import (
    OUTCOMES,
    PIPELINE_STATUSES,
    RESOURCE_ACTIONS,
    RUN_STATUSES,
    SERIES_STATES,
    SEVERITIES,
    VersionStatus,
)
from .tree import (
    ATTENTION_ATTRIBUTES,
    ATTRIBUTES,
    CHECK_ATTRIBUTES,
    DATA_ATTRIBUTES,
    DATASET_PARTS,
    EVENT_ATTRIBUTES,
    JOB_PARTS,
    MODEL_ATTRIBUTES,
    PIPELINE_ATTRIBUTES,
    RESOURCE_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    VERSION_PARTS,
    Field,
    Kind,
)

AGE: Final = Field("attribute", "age")
"""Stands for a time counted backwards until a literal comes; never part of a tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The fields that there are, and what to say when one is not among them."""

    noun: str
    """run, pipeline, model, check, dataset"""
    own: tuple[str, ...]
    """Its own fields, in the order in which they are told."""
    fields: Mapping[str, Field]
    """Fields that are written without a prefix, in small letters."""
    aliases: Mapping[str, str]
    """Other words for them."""
    prefixes: Mapping[str, Kind]
    """What may stand before a dot."""
    parts: Mapping[Kind, tuple[str, ...]]
    """What may stand after it, for the kinds that have fixed parts; any key for the others."""
    statuses: tuple[str, ...]
    status: str = "status"
    """What these are called."""
    age: Field
    """The time that an age counts from."""
    others: str
    """What there is beside its own fields, in words."""
    condition: str
    """A condition, for an example."""
    examples: str
    """Some fields, for an example."""


RUNS: Final = Vocabulary(
    noun="run",
    own=tuple(ATTRIBUTES),
    fields={
        **{name: Field("attribute", name) for name in ATTRIBUTES},
        "age": AGE,
        "dataset": Field("dataset", ""),
    },
    # MLflow's names and the words on the screen
    aliases={
        "run_name": "name",
        "run name": "name",
        "run_id": "id",
        "user_id": "user",
        "commit": "git_commit",
        "parent": "parent_id",
        "start_time": "started_at",
        "created": "started_at",
        "end_time": "ended_at",
        "data": "dataset",
    },
    # MLflow's, singular and plural
    prefixes={
        "metric": "metric", "metrics": "metric",
        "param": "param", "params": "param", "parameter": "param", "parameters": "param",
        "tag": "tag", "tags": "tag",
        "attribute": "attribute", "attributes": "attribute", "attr": "attribute", "run": "attribute",
        "dataset": "dataset", "datasets": "dataset",
    },
    parts={"dataset": DATASET_PARTS},
    statuses=RUN_STATUSES,
    age=Field("attribute", "started_at"),
    others="age, dataset, and metrics.NAME, params.NAME, tags.NAME",
    condition="metrics.auc > 0.9",
    examples="metrics.auc, params.lr, tags.team, user",
)  # fmt: skip

PIPELINES: Final = Vocabulary(
    noun="pipeline",
    own=tuple(PIPELINE_ATTRIBUTES),
    fields={
        **{name: Field("pipeline", name) for name in PIPELINE_ATTRIBUTES},
        "age": AGE,
        "job": Field("job", "name"),
        "stage": Field("job", "stage"),
    },
    # what the vendors call them
    aliases={
        "pipeline_id": "id",
        "run_id": "id",
        "workflow": "name",
        "pipeline": "name",
        "ref": "branch",
        "sha": "commit",
        "git_commit": "commit",
        "user": "actor",
        "author": "actor",
        "trigger": "event",
        "conclusion": "raw_status",
        "created": "created_at",
        "started": "started_at",
        "ended": "ended_at",
        "jobs": "job",
        **{f"job_{part}": f"job.{part}" for part in JOB_PARTS},
        "failed_job": "job.failed",
    },
    prefixes={"job": "job", "jobs": "job"},
    parts={"job": tuple(JOB_PARTS)},
    statuses=PIPELINE_STATUSES,
    age=Field("pipeline", "created_at"),
    others="age, job, stage, and job.status, job.failed",
    condition="status:failed",
    examples="status, branch, duration, job",
)

MODELS: Final = Vocabulary(
    noun="model",
    own=(*MODEL_ATTRIBUTES, *VERSION_PARTS),
    fields={
        **{name: Field("model", name) for name in MODEL_ATTRIBUTES},
        **{part: Field("version", part) for part in VERSION_PARTS},
        "age": AGE,
    },
    aliases={
        "model": "name",
        "aliases": "alias",
        "versions": "version",
        "run": "run_id",
        "author": "user",
        "created": "created_at",
        "creation_timestamp": "created_at",
        "updated": "updated_at",
        "last_updated_timestamp": "updated_at",
        "current_stage": "stage",
    },
    prefixes={"tag": "tag", "tags": "tag"},
    parts={},
    statuses=get_args(VersionStatus),
    age=Field("model", "created_at"),
    others="age, tags.NAME",
    condition="alias:champion",
    examples="name, alias, version, tags.team",
)

VERSIONS: Final = replace(
    MODELS,
    noun="version",
    own=(*VERSION_PARTS, *(name for name in MODEL_ATTRIBUTES if name not in ("name", "source"))),
    condition="status:failed",
    examples="version, alias, user, tags.team",
)
"""Of the versions of one model: the same words, each about the version itself."""

CHECKS: Final = Vocabulary(
    noun="check",
    own=tuple(CHECK_ATTRIBUTES),
    fields={**{name: Field("check", name) for name in CHECK_ATTRIBUTES}, "age": AGE},
    aliases={
        "check": "name",
        "check_id": "id",
        "test": "name",
        "status": "outcome",
        "result": "outcome",
        "table": "dataset",
        "data": "dataset",
        "env": "environment",
        "target": "environment",
        "at": "checked_at",
        "data_interval": "interval",
        "failing_share": "share",
        "sha": "commit",
        "git_commit": "commit",
        "run": "run_id",
        "pipeline": "pipeline_id",
        "since": "first_failed_at",
        "first_failed": "first_failed_at",
        "last_passed": "last_passed_at",
        "rule_change": "rule",
        "rule_changed_commit": "rule_commit",
    },
    prefixes={},
    parts={},
    statuses=OUTCOMES,
    status="outcome",
    age=Field("check", "checked_at"),
    others="age",
    condition="outcome:fail",
    examples="outcome, dataset, tool, rule",
)

DATASETS: Final = Vocabulary(
    noun="dataset",
    own=tuple(DATA_ATTRIBUTES),
    fields={**{name: Field("data", name) for name in DATA_ATTRIBUTES}, "age": AGE},
    aliases={
        "dataset": "name",
        "data": "name",
        "table": "name",
        "tools": "tool",
        "status": "outcome",
        "result": "outcome",
        "checks": "outcome",
        "version": "digest",
        "sha": "commit",
        "git_commit": "commit",
        "bytes": "size",
        "num_rows": "rows",
        "last_used_at": "used_at",
    },
    prefixes={},
    parts={},
    statuses=OUTCOMES,
    status="outcome",
    age=Field("data", "at"),
    others="age",
    condition="tool:dvc",
    examples="name, tool, outcome, rows",
)

RESOURCES: Final = Vocabulary(
    noun="resource",
    own=tuple(RESOURCE_ATTRIBUTES),
    fields={**{name: Field("resource", name) for name in RESOURCE_ATTRIBUTES}, "age": AGE},
    aliases={
        "resource": "address",
        "addr": "address",
        "resource_type": "type",
        "provider_name": "provider",
        "actions": "action",
        "change": "action",
        "action_reason": "reason",
        "previous_address": "moved_from",
        "replace_paths": "forces",
        "env": "environment",
        "models": "model",
        "sha": "commit",
        "git_commit": "commit",
        "pipeline": "pipeline_id",
        "planned": "planned_at",
        "applied": "applied_at",
        "secret": "sensitive",
    },
    prefixes={},
    parts={},
    statuses=RESOURCE_ACTIONS,
    status="action",
    age=Field("resource", "planned_at"),
    others="age",
    condition="action:delete",
    examples="stack, action, drift, type",
)

EVENTS: Final = Vocabulary(
    noun="event",
    own=tuple(EVENT_ATTRIBUTES),
    fields={**{name: Field("event", name) for name in EVENT_ATTRIBUTES}, "age": AGE},
    aliases={
        "event": "kind",
        "type": "kind",
        "what": "title",
        "user": "actor",
        "author": "actor",
        "by": "actor",
        "who": "actor",
        "ref": "subject",
        "refs": "subject",
        "models": "model",
        "time": "at",
        "seen": "seen_at",
    },
    prefixes={},
    parts={},
    statuses=(),
    age=Field("event", "at"),
    others="age",
    condition="kind:commit",
    examples="kind, actor, subject, model",
)

SERIES: Final = Vocabulary(
    noun="series",
    own=tuple(SERIES_ATTRIBUTES),
    fields={**{name: Field("series", name) for name in SERIES_ATTRIBUTES}, "age": AGE},
    aliases={
        "series": "name",
        "metric": "name",
        "id": "key",
        "status": "state",
        "stands": "state",
        "labels": "label",
        "floor": "min",
        "limit": "max",
        "slo": "objective",
        "burn_rate": "burn",
        "since": "bad_since",
        "last_good": "last_good_at",
        "expr": "query",
    },
    prefixes={},
    parts={},
    statuses=SERIES_STATES,
    status="state",
    age=Field("series", "at"),
    others="age",
    condition="state:bad",
    examples="name, model, state, value",
)

ATTENTIONS: Final = Vocabulary(
    noun="signal",
    own=tuple(ATTENTION_ATTRIBUTES),
    fields={**{name: Field("attention", name) for name in ATTENTION_ATTRIBUTES}, "age": AGE},
    aliases={
        "attention": "id",
        "signal": "kind",
        "type": "kind",
        "what": "title",
        "why": "reason",
        "ref": "subject",
        "models": "model",
        "user": "owner",
        "ack": "acknowledged",
        "quiet": "acknowledged",
        "by": "acknowledged_by",
    },
    prefixes={},
    parts={},
    statuses=SEVERITIES,
    status="severity",
    age=Field("attention", "since"),
    others="age",
    condition="severity:critical",
    examples="severity, kind, model, owner",
)
