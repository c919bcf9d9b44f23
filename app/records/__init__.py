"""The record types: one shape per thing, from the parser to the cell.

All are frozen msgspec structs (built and encoded in C: a first sync makes ten thousand runs a second).
Times are UTC milliseconds since 1970 as `int`, or None where the source has none. Names and ids are kept
exactly as the source said them; `text.shown` makes them safe to look at.
"""

from __future__ import annotations

from .batch import Batch, Want
from .check import (
    OUTCOMES,
    Check,
    CheckResult,
    CheckTool,
    Invocation,
    Limit,
    Outcome,
    PastResult,
    RuleChange,
    check_id,
)
from .commit import Change, Commit, CommitsBetween, Ref
from .data import RUNS_COUNTED, DataIdentity, DataPart, DatasetName, DatasetVersion, DataVersion, Identities
from .event import Event, EventRef, Gap
from .model import (
    AliasMove,
    LoggedModel,
    ModelKind,
    ModelMetric,
    ModelVersion,
    MoveReason,
    RegisteredModel,
    VersionStatus,
)
from .pipeline import (
    LARGEST_MESSAGE,
    MOST_CASES,
    PIPELINE_STATUSES,
    SETTLED,
    Approval,
    Case,
    CaseReport,
    CommitCheck,
    Deployment,
    Job,
    LogPart,
    Pipeline,
    PipelineStatus,
    Step,
)
from .promotion import (
    Actor,
    EntryKind,
    LedgerEntry,
    PlanApproval,
    PolicyText,
    Promotions,
    StoredPlan,
    Strength,
    Waiver,
)
from .record import Millis, Record
from .run import (
    LARGEST_CONTENT,
    RUN_STATUSES,
    Artifact,
    ArtifactContent,
    ArtifactListing,
    Dataset,
    Experiment,
    Extreme,
    History,
    KnownSeries,
    Metric,
    MetricState,
    Point,
    Run,
    RunStatus,
    Series,
    metric_state,
)
from .source import SOURCE_STATES, SourceCondition, SourceSpec, SourceState
from .subject import SUBJECT_PARTS, Subject, parse_subject

__all__ = [
    "LARGEST_CONTENT", "LARGEST_MESSAGE", "MOST_CASES", "OUTCOMES", "PIPELINE_STATUSES", "RUNS_COUNTED",
    "RUN_STATUSES", "SETTLED", "SOURCE_STATES", "SUBJECT_PARTS", "Actor", "AliasMove", "Approval", "Artifact",
    "ArtifactContent",
    "ArtifactListing", "Batch", "Case", "CaseReport", "Change", "Check", "CheckResult", "CheckTool", "Commit",
    "CommitCheck", "CommitsBetween", "DataIdentity", "DataPart", "DataVersion", "Dataset", "DatasetName",
    "DatasetVersion", "Deployment", "EntryKind",
    "Event", "EventRef", "Experiment", "Extreme", "Gap", "History", "Identities", "Invocation", "Job",
    "KnownSeries", "LedgerEntry", "Limit", "LogPart", "LoggedModel", "Metric", "MetricState", "Millis", "ModelKind",
    "ModelMetric", "ModelVersion", "MoveReason", "Outcome", "PastResult", "Pipeline", "PipelineStatus",
    "PlanApproval", "Point", "PolicyText", "Promotions", "Record", "Ref", "RegisteredModel", "RuleChange", "Run",
    "RunStatus", "Series", "SourceCondition", "SourceSpec", "SourceState", "Step", "StoredPlan", "Strength",
    "Subject", "VersionStatus", "Waiver", "Want", "check_id", "metric_state", "parse_subject",
]  # fmt: skip
