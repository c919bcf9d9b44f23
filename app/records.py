"""The record types: one shape per thing, from the parser to the cell.

All are frozen msgspec structs (built and encoded in C: a first sync makes ten thousand runs a second).
Times are UTC milliseconds since 1970 as `int`, or None where the source has none. Names and ids are kept
exactly as the source said them; `text.shown` makes them safe to look at.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from .errors import UsageError

Millis: TypeAlias = int
"""UTC milliseconds since 1970."""

RunStatus: TypeAlias = Literal["scheduled", "running", "finished", "failed", "killed", "deleted"]
RUN_STATUSES: tuple[str, ...] = ("scheduled", "running", "finished", "failed", "killed", "deleted")

SourceCondition: TypeAlias = Literal[
    "ok", "stale", "unauthorised", "forbidden", "limited", "unreachable", "tls", "not_understood",
    "misconfigured", "untrusted", "never",
]  # fmt: skip
SOURCE_STATES: tuple[str, ...] = (
    "ok", "stale", "unauthorised", "forbidden", "limited", "unreachable", "tls", "not_understood",
    "misconfigured", "untrusted", "never",
)  # fmt: skip

MetricState: TypeAlias = Literal["finite", "nan", "+inf", "-inf"]
History: TypeAlias = Literal["complete", "sampled", "unread"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What all records share: frozen, keyword-only, compared by value."""


class SourceSpec(Record, frozen=True, kw_only=True):
    """Which source this is. `key` = hash(kind, canonical base URL, repository or namespace)."""

    key: str
    kind: str
    """git, mlflow, github ..."""
    name: str
    """The label of the settings; default the kind. Unique in a project."""
    address: str
    """Where it reads, without credentials: a URL or a path."""


class SourceState(Record, frozen=True, kw_only=True):
    """How a source is doing, with a sentence a person can act on when it is not well."""

    source: str
    """Key of the source."""
    kind: str
    name: str
    address: str = ""
    state: str = "never"
    last_ok_at: Millis | None = None
    last_error: str | None = None
    sentence: str = ""
    next_try_at: Millis | None = None
    sweep_period: int | None = None
    """Milliseconds that one sweep over the whole history takes at the present pace."""
    items: int = 0
    as_of: Millis | None = None
    """When what it reads was fetched, for a source that reads a copy (a Git mirror); None: as it is now."""
    done: int | None = None
    """While a first sync or a sweep runs: items so far ..."""
    total: int | None = None
    """... and in all, where that is known."""


class Experiment(Record, frozen=True, kw_only=True):
    """An MLflow experiment."""

    source: str
    id: str
    name: str
    lifecycle: Literal["active", "deleted"] = "active"
    created_at: Millis | None = None
    updated_at: Millis | None = None


class Metric(Record, frozen=True, kw_only=True):
    """The last value of one metric: the one at the highest step, as MLflow says it.

    `value` may be nan, inf or -inf. MLflow stores +inf as 1.7976931348623157e308 and the parsers turn it back.
    """

    value: float
    step: int = 0
    at: Millis | None = None

    @property
    def state(self) -> MetricState:
        """Which kind of number it is: SQLite cannot keep a NaN, so the state is kept beside it."""
        return metric_state(self.value)


def metric_state(value: float) -> MetricState:
    """The state of any value: finite, nan, +inf or -inf."""
    if math.isfinite(value):
        return "finite"
    if math.isnan(value):
        return "nan"
    return "+inf" if value > 0 else "-inf"


class Point(Record, frozen=True, kw_only=True, array_like=True):
    """One point of a metric's history."""

    step: int
    at: Millis
    value: float


class Series(Record, frozen=True, eq=False):
    """The history of one metric of one run, as columns of equal length.

    In the order in which MLflow's `get_metric_history` gives it, by time, then step, then value: steps may repeat
    and go back. 24 bytes a point instead of some 150 as objects. Compared by identity: NaN equals nothing.
    """

    run_id: str
    key: str
    steps: array[int]
    """Type code "q"."""
    times: array[int]
    """Type code "q": UTC milliseconds."""
    values: array[float]
    """Type code "d"; NaN and the infinities as they are."""
    history: History = "complete"
    """complete: every point; sampled: thinned out, so that min and max may be missed."""
    is_behind: bool = False
    """The run has logged later points than these since they were read: whoever shows them asks again."""

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, run_id: str, key: str, points: Iterable[Point], history: History = "complete") -> Series:
        """The same out of single points, in their order."""
        held = tuple(points)
        steps, times = array("q", [p.step for p in held]), array("q", [p.at for p in held])
        return cls(run_id, key, steps, times, array("d", [p.value for p in held]), history)


class Extreme(Record, frozen=True, kw_only=True):
    """Smallest and largest finite value of a metric's history, and how well they are known."""

    min: float | None
    max: float | None
    history: History = "unread"
    min_step: int | None = None
    """The step at which the smallest value was logged first."""
    max_step: int | None = None


class Dataset(Record, frozen=True, kw_only=True):
    """A dataset as MLflow identifies it: name and digest."""

    name: str
    digest: str
    context: str | None = None
    """training, validation ...; MLflow's tag mlflow.data.context on the input."""
    source_type: str | None = None
    origin: str | None = None
    """MLflow's `source`: where the data came from, as JSON text."""
    schema: str | None = None
    profile: str | None = None


class Run(Record, frozen=True, kw_only=True):
    """An MLflow run."""

    source: str
    id: str
    experiment_id: str
    name: str
    status: RunStatus
    started_at: Millis | None = None
    ended_at: Millis | None = None
    user: str | None = None
    git_commit: str | None = None
    parent_id: str | None = None
    artifact_uri: str | None = None
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    metrics: Mapping[str, Metric] = {}
    datasets: tuple[Dataset, ...] = ()


class Artifact(Record, frozen=True, kw_only=True):
    """One entry of a run's artifact listing. `size` in bytes, None for a folder."""

    path: str
    is_dir: bool
    size: int | None = None


class ArtifactListing(Record, frozen=True, kw_only=True):
    """One folder of a run's artifacts; `folder` is "" for the root."""

    source: str
    run_id: str
    folder: str
    artifacts: tuple[Artifact, ...]


LARGEST_CONTENT = 1_000_000
"""Bytes of an artifact that are read and kept: what is read in a terminal. The rest is opened elsewhere."""


class ArtifactContent(Record, frozen=True, kw_only=True):
    """The beginning of one artifact file, at most LARGEST_CONTENT bytes."""

    source: str
    run_id: str
    path: str
    data: bytes = b""
    size: int | None = None
    """Bytes of the whole file, None where nobody said."""
    truncated: bool = False
    """There is more of it than `data`."""
    sentence: str = ""
    """Why there is nothing, for a person; "" when there is."""


class Change(Record, frozen=True, kw_only=True):
    """One path that a commit touched. `kind` is Git's letter: A, M, D, R, C, T."""

    kind: str
    path: str
    old_path: str | None = None


class Commit(Record, frozen=True, kw_only=True):
    """A Git commit on a watched branch."""

    source: str
    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    authored_at: Millis
    committed_at: Millis
    subject: str
    body: str = ""
    changes: tuple[Change, ...] = ()


class CommitsBetween(Record, frozen=True, kw_only=True):
    """What lies between two commits: what `head` has and `base` has not (`ahead`), and the other way (`behind`)."""

    base: str
    head: str
    ahead: tuple[Commit, ...] = ()
    """Newest first, without their changes."""
    behind: tuple[Commit, ...] = ()
    changes: tuple[Change, ...] = ()
    """Paths that any of these commits touched, each with the letter of the last; not a difference of two trees."""
    complete: bool = True
    """Whether the walk met where both histories join; else there are more commits than these."""


class Ref(Record, frozen=True, kw_only=True):
    """A branch head or a tag. For an annotated tag `sha` is the commit that it points at."""

    source: str
    name: str
    kind: Literal["branch", "tag"]
    sha: str
    at: Millis | None = None
    watched: bool = False


class EventRef(Record, frozen=True, kw_only=True):
    """A subject that an event speaks of, and the part that it plays."""

    subject: str
    role: str


class Event(Record, frozen=True, kw_only=True):
    """Something that happened. It happened between `not_before` and `at`, and was seen at `seen_at`."""

    id: str
    at: Millis
    kind: str
    title: str
    not_before: Millis | None = None
    seen_at: Millis | None = None
    actor: str | None = None
    strength: Literal["signed", "forge", "claimed"] | None = None
    source: str | None = None
    refs: tuple[EventRef, ...] = ()


class Gap(Record, frozen=True, kw_only=True):
    """A stretch without a sync: nobody looked between `since` and `until`."""

    since: Millis
    until: Millis


class Batch(Record, frozen=True, kw_only=True):
    """What a source hands over at once. It is written in one transaction together with its cursor."""

    experiments: tuple[Experiment, ...] = ()
    runs: tuple[Run, ...] = ()
    histories: tuple[Series, ...] = ()
    tails: tuple[Series, ...] = ()
    """Points to be added to histories that the cache has whole; those that it has already are no harm."""
    listings: tuple[ArtifactListing, ...] = ()
    contents: tuple[ArtifactContent, ...] = ()
    commits: tuple[Commit, ...] = ()
    refs: tuple[Ref, ...] | None = None
    """All refs of the source: those that are not in it are gone. None: not looked at."""
    experiments_complete: bool = False
    """`experiments` are all that there are: others of this source are gone."""
    runs_gone_unless_seen_since: Millis | None = None
    """A whole sweep began then: a run of this source that was not handed over since is deleted."""
    cursor: Mapping[str, Any] | None = None
    """Replaces the source's cursor; None leaves it. JSON values only; only the source reads it."""
    done: int | None = None
    total: int | None = None
    """Progress of a long sync: items so far, and in all where known."""
    sweep_period: int | None = None
    """Milliseconds that one sweep takes at the present pace, when the source knows it."""
    as_of: Millis | None = None
    """When the copy that was read was last fetched; None leaves what was said before."""


class KnownSeries(Record, frozen=True, kw_only=True):
    """How far the cache has one history, so that a source can give what came since and no more."""

    run_id: str
    key: str
    points: int
    last_step: int
    """The highest of its steps ..."""
    last_at: Millis
    """... and the latest of its times, which need not belong to the same point."""
    history: History = "complete"
    is_due: bool = False
    """It was read whole so long ago that it should be read whole again: points may have come late."""


class Want(Record, frozen=True, kw_only=True):
    """What a terminal asks the syncer for beyond the schedule, because somebody looks at it."""

    kind: Literal["history", "artifacts", "artifact", "run", "extremes"]
    source: str
    run_ids: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Metric keys for history and extremes; the folder for artifacts, the files for artifact."""
    points: int | None = None
    """For history: how many points are enough; None asks for all."""
    known: tuple[KnownSeries, ...] = ()
    """Filled in by the syncer, for history and extremes: of these the source may give the tails."""


SUBJECT_PARTS: Mapping[str, tuple[str, ...]] = {
    "run": ("id",),
    "model": ("name", "version?"),
    "alias": ("name@alias",),
    "pipeline": ("id",),
    "job": ("id",),
    "check": ("id",),
    "result": ("id",),
    "commit": ("sha",),
    "dataset": ("name@digest",),
    "experiment": ("id",),
    "series": ("key",),
    "alert": ("fingerprint",),
    "resource": ("stack", "address"),
    "source": ("key",),
    "event": ("id",),
    "attention": ("id",),
}
"""What can be spoken of, and the parts that name it. A `?` part may be left out; `a@b` is one part in two."""


class Subject(Record, frozen=True, kw_only=True):
    """A thing that can be spoken of: `run/ID`, `model/N/V`, `alias/N@A` ... Parts are percent-encoded when written."""

    kind: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        words = [quote(part, safe="") for part in self.parts]
        if "@" in SUBJECT_PARTS[self.kind][0]:
            return f"{self.kind}/{'@'.join(words)}"
        return "/".join([self.kind, *words])


def parse_subject(written: str) -> Subject:
    """`run/4f2c` -> Subject. Raises UsageError with what is allowed."""
    kind, slash, rest = written.partition("/")
    shape = SUBJECT_PARTS.get(kind)
    if not slash or not rest or shape is None:
        known = ", ".join(SUBJECT_PARTS)
        raise UsageError(f"“{written}” names nothing: write KIND/NAME with a kind of {known}.")
    words = rest.split("@") if "@" in shape[0] else rest.split("/")
    least = sum(not part.endswith("?") for part in shape) if "@" not in shape[0] else 2
    most = len(shape) if "@" not in shape[0] else 2
    if not least <= len(words) <= most or not all(words):
        form = "/".join([kind, *(part.upper().rstrip("?") for part in shape)])
        raise UsageError(f"“{written}” has the wrong number of parts: a {kind} is written {form}.")
    return Subject(kind=kind, parts=tuple(unquote(word) for word in words))
