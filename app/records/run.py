"""What MLflow knows: experiments, runs, their metrics and histories, datasets and artifacts."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from .record import Millis, Record

RunStatus: TypeAlias = Literal["scheduled", "running", "finished", "failed", "killed", "deleted"]
RUN_STATUSES: tuple[str, ...] = ("scheduled", "running", "finished", "failed", "killed", "deleted")

MetricState: TypeAlias = Literal["finite", "nan", "+inf", "-inf"]
History: TypeAlias = Literal["complete", "sampled", "unread"]


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
