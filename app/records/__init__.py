"""The record types: one shape per thing, from the parser to the cell.

All are frozen msgspec structs (built and encoded in C: a first sync makes ten thousand runs a second).
Times are UTC milliseconds since 1970 as `int`, or None where the source has none. Names and ids are kept
exactly as the source said them; `text.shown` makes them safe to look at.
"""

from __future__ import annotations

from .attention import (
    SEVERITIES,
    Attention,
    Changes,
    Evidence,
    Severity,
    Signal,
    SignalKind,
    Suspect,
    SuspectStrength,
    WayBack,
)
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
from .commit import LARGEST_PATCH, Change, Commit, CommitsBetween, Patch, Ref
from .data import RUNS_COUNTED, DataIdentity, DataPart, DatasetName, DatasetVersion, DataVersion, Identities
from .event import Event, EventRef, Gap
from .infra import RESOURCE_ACTIONS, Drift, Resource, ResourceAction, Stack, StackStatus
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
from .monitor import (
    SERIES_STATES,
    Alert,
    MonitorSeries,
    Samples,
    SeriesKind,
    SeriesState,
    alert_fingerprint,
    series_key,
)
from .note import Note, NoteKind
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
    "LARGEST_CONTENT", "LARGEST_MESSAGE", "LARGEST_PATCH", "MOST_CASES", "OUTCOMES", "PIPELINE_STATUSES",
    "RESOURCE_ACTIONS", "RUNS_COUNTED", "RUN_STATUSES", "SERIES_STATES", "SETTLED", "SEVERITIES", "SOURCE_STATES",
    "SUBJECT_PARTS", "Actor", "Alert", "AliasMove", "Approval", "Artifact", "ArtifactContent", "ArtifactListing",
    "Attention", "Batch", "Case", "CaseReport", "Change", "Changes", "Check", "CheckResult", "CheckTool", "Commit",
    "CommitCheck", "CommitsBetween", "DataIdentity", "DataPart", "DataVersion", "Dataset", "DatasetName",
    "DatasetVersion", "Deployment", "Drift", "EntryKind", "Event", "EventRef", "Evidence", "Experiment", "Extreme",
    "Gap", "History", "Identities", "Invocation", "Job", "KnownSeries", "LedgerEntry", "Limit", "LogPart",
    "LoggedModel", "Metric", "MetricState", "Millis", "ModelKind", "ModelMetric", "ModelVersion", "MonitorSeries",
    "MoveReason", "Note", "NoteKind", "Outcome", "PastResult", "Patch", "Pipeline", "PipelineStatus", "PlanApproval",
    "Point", "PolicyText", "Promotions", "Record", "Ref", "RegisteredModel", "Resource", "ResourceAction",
    "RuleChange", "Run", "RunStatus", "Samples", "Series", "SeriesKind", "SeriesState", "Severity", "Signal",
    "SignalKind", "SourceCondition", "SourceSpec", "SourceState", "Stack", "StackStatus", "Step", "StoredPlan",
    "Strength", "Subject", "Suspect", "SuspectStrength", "VersionStatus", "Waiver", "Want", "WayBack",
    "alert_fingerprint", "check_id", "metric_state", "parse_subject", "series_key",
]  # fmt: skip
