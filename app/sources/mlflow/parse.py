"""MLflow's JSON -> records. Pure: bytes in, records out (recorded answers of 2.22 and 3.17 in the tests).

What MLflow's words mean here (all seen on 3.17.2 and 2.22.4 servers):

- A NaN is the string "NaN"; an infinity was stored as +-1.7976931348623157e308 and is turned back.
- `start_time` 0 is how the server says "not given".
- The name of a run may stand in `run_name` or only in the tag `mlflow.runName`; its user likewise.
- Deleted is a lifecycle beside the status; for us it is the status, because nothing else matters then.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Final, cast

import msgspec

from ...errors import SourceError
from ...records import (
    Artifact,
    ArtifactListing,
    Dataset,
    Experiment,
    History,
    Metric,
    Millis,
    Run,
    RunStatus,
    Series,
)
from ..trouble import quoted

GIT_COMMIT: Final = "mlflow.source.git.commit"
OLD_GIT_COMMIT: Final = "mlflow.gitCommit"
PARENT: Final = "mlflow.parentRunId"
RUN_NAME: Final = "mlflow.runName"
USER: Final = "mlflow.user"
DATASET_CONTEXT: Final = "mlflow.data.context"

_INFINITY: Final = 1.7976931348623157e308
"""The largest float: what MLflow's SQL store writes for an infinity."""
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Pair(msgspec.Struct):
    """A param or a tag."""

    key: str
    value: str = ""


class MetricValue(msgspec.Struct):
    """The last logged value of a metric."""

    key: str = ""
    value: float | str = 0.0
    timestamp: int | None = None
    step: int = 0


class PointValue(msgspec.Struct, gc=False):
    """One logged value of a history. Its key is known: it was asked for."""

    value: float | str = 0.0
    timestamp: int | None = None
    step: int = 0
    run_id: str = ""
    """Only in answers for several runs."""


class RunInfo(msgspec.Struct):
    """What MLflow keeps in a run's own row."""

    run_id: str = ""
    run_uuid: str = ""
    experiment_id: str = ""
    run_name: str = ""
    user_id: str = ""
    status: str = ""
    start_time: int | None = None
    end_time: int | None = None
    artifact_uri: str = ""
    lifecycle_stage: str = "active"


class RunData(msgspec.Struct):
    """What was logged to a run."""

    metrics: list[MetricValue] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class DatasetFacts(msgspec.Struct):
    """A dataset as it was logged."""

    name: str = ""
    digest: str = ""
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct):
    """A dataset and what it was used for."""

    dataset: DatasetFacts
    tags: list[Pair] = []


class RunInputs(msgspec.Struct):
    """The datasets that went into a run. (Logged models that went into it are not read.)"""

    dataset_inputs: list[DatasetInput] = []


class RunPayload(msgspec.Struct):
    """A run in `runs/search` and `runs/get`."""

    info: RunInfo
    data: RunData = msgspec.field(default_factory=RunData)
    inputs: RunInputs = msgspec.field(default_factory=RunInputs)


class RunsPage(msgspec.Struct):
    """The answer of `runs/search`."""

    runs: list[RunPayload] = []
    next_page_token: str = ""


class OneRun(msgspec.Struct):
    """The answer of `runs/get`."""

    run: RunPayload


class ExperimentPayload(msgspec.Struct):
    """An experiment in `experiments/search`."""

    experiment_id: str
    name: str = ""
    lifecycle_stage: str = "active"
    creation_time: int | None = None
    last_update_time: int | None = None


class ExperimentsPage(msgspec.Struct):
    """The answer of `experiments/search`."""

    experiments: list[ExperimentPayload] = []
    next_page_token: str = ""


class MetricsPage(msgspec.Struct):
    """The answer of `metrics/get-history` and `metrics/get-history-bulk-interval`."""

    metrics: list[PointValue] = []
    next_page_token: str = ""


class FilePayload(msgspec.Struct):
    """A file or folder in `artifacts/list`."""

    path: str
    is_dir: bool = False
    file_size: int | None = None


class FilesPage(msgspec.Struct):
    """The answer of `artifacts/list`."""

    files: list[FilePayload] = []
    next_page_token: str = ""


runs_page: Final = msgspec.json.Decoder(RunsPage)
one_run: Final = msgspec.json.Decoder(OneRun)
experiments_page: Final = msgspec.json.Decoder(ExperimentsPage)
metrics_page: Final = msgspec.json.Decoder(MetricsPage)
files_page: Final = msgspec.json.Decoder(FilesPage)


def metric_number(value: float | str) -> float:
    """A metric's value as a float: "NaN" and the like, and the stand-ins for infinities, turned back."""
    if isinstance(value, str):
        return _spelt(value)
    if -_INFINITY < value < _INFINITY:
        return value
    return value if value != value else math.copysign(math.inf, value)


def _spelt(text: str) -> float:
    found = _WORDS.get(text)
    if found is not None:
        return found
    try:
        return float(text)
    except ValueError as error:
        raise SourceError(f"A metric's value is no number: “{quoted(text)}”.", "not_understood") from error


def run_status(status: str, lifecycle: str | None) -> RunStatus:
    """MLflow's status and lifecycle as ours. A word that is not known yet is kept in lower case."""
    return "deleted" if lifecycle == "deleted" else cast("RunStatus", status.lower())


def make_run(
    source: str,
    run_id: str,
    experiment_id: str,
    *,
    name: str | None,
    status: str,
    lifecycle: str | None,
    started_at: Millis | None,
    ended_at: Millis | None,
    user: str | None,
    artifact_uri: str | None,
    params: Mapping[str, str],
    tags: Mapping[str, str],
    metrics: Mapping[str, Metric],
    datasets: tuple[Dataset, ...],
) -> Run:
    """The one place where MLflow's facts become a Run, whichever way they were read."""
    return Run(
        source=source,
        id=run_id,
        experiment_id=experiment_id,
        name=name or tags.get(RUN_NAME) or "",
        status=run_status(status, lifecycle),
        started_at=started_at or None,
        ended_at=ended_at or None,
        user=user or tags.get(USER) or None,
        git_commit=tags.get(GIT_COMMIT) or tags.get(OLD_GIT_COMMIT) or None,
        parent_id=tags.get(PARENT) or None,
        artifact_uri=artifact_uri or None,
        params=params,
        tags=tags,
        metrics=metrics,
        datasets=datasets,
    )


def parse_run(payload: RunPayload, source: str) -> Run:
    """A run of the REST API."""
    info, data = payload.info, payload.data
    return make_run(
        source,
        info.run_id or info.run_uuid,
        info.experiment_id,
        name=info.run_name,
        status=info.status,
        lifecycle=info.lifecycle_stage,
        started_at=info.start_time,
        ended_at=info.end_time,
        user=info.user_id,
        artifact_uri=info.artifact_uri,
        params={pair.key: pair.value for pair in data.params},
        tags={pair.key: pair.value for pair in data.tags},
        metrics={m.key: Metric(value=metric_number(m.value), step=m.step, at=m.timestamp) for m in data.metrics},
        datasets=tuple(map(_dataset, payload.inputs.dataset_inputs)),
    )


def _dataset(used: DatasetInput) -> Dataset:
    facts = used.dataset
    context = next((tag.value for tag in used.tags if tag.key == DATASET_CONTEXT), None)
    return Dataset(
        name=facts.name,
        digest=facts.digest,
        context=context,
        source_type=facts.source_type,
        origin=facts.source,
        schema=facts.schema,
        profile=facts.profile,
    )


def parse_experiment(payload: ExperimentPayload, source: str) -> Experiment:
    """An experiment of the REST API."""
    return Experiment(
        source=source,
        id=payload.experiment_id,
        name=payload.name,
        lifecycle="deleted" if payload.lifecycle_stage == "deleted" else "active",
        created_at=payload.creation_time or None,
        updated_at=payload.last_update_time or None,
    )


def metric_numbers(values: Sequence[float | str]) -> array[float]:
    """The same as `metric_number` of each, at ten million values a second where all are plain numbers."""
    try:
        numbers = array("d", cast("Sequence[float]", values))
    except TypeError:  # a "NaN" among them
        return array("d", map(metric_number, values))
    return array("d", map(metric_number, numbers)) if _INFINITY in map(abs, numbers) else numbers


def parse_series(run_id: str, key: str, values: Sequence[PointValue], history: History = "complete") -> Series:
    """A history in the order in which the server sent it."""
    steps, times = array("q", [v.step for v in values]), array("q", [v.timestamp or 0 for v in values])
    return Series(run_id, key, steps, times, metric_numbers([v.value for v in values]), history)


def by_time(value: PointValue) -> tuple[int, int, float]:
    """How MLflow's SQL store orders a history: by time, step and value, where a NaN counts as the 0 it is kept as."""
    number = value.value
    return value.timestamp or 0, value.step, 0.0 if isinstance(number, str) else number


def parse_sampled(metrics: Sequence[PointValue], run_ids: Sequence[str], key: str, asked: int) -> list[Series]:
    """Histories out of a bulk-interval answer, each said to be complete only where that is certain.

    Up to MLflow 3.1x the server thins out the *steps of all runs together* to `asked`, later it thins out each
    run's values. Fewer distinct steps than asked in the whole answer and fewer values than asked in a run
    can come from neither.
    """
    of_run: dict[str, list[PointValue]] = {run_id: [] for run_id in run_ids}
    for metric in metrics:
        of_run.setdefault(metric.run_id, []).append(metric)
    is_all = len({metric.step for metric in metrics}) < asked
    return [
        parse_series(
            run_id, key, sorted(values, key=by_time), "complete" if is_all and len(values) < asked else "sampled"
        )
        for run_id, values in of_run.items()
    ]


def parse_listing(files: Sequence[FilePayload], source: str, run_id: str, folder: str) -> ArtifactListing:
    """A folder of artifacts: folders first, then by name."""
    artifacts = [
        Artifact(path=file.path, is_dir=file.is_dir, size=None if file.is_dir else file.file_size or 0)
        for file in files
    ]
    artifacts.sort(key=lambda artifact: (not artifact.is_dir, artifact.path))
    return ArtifactListing(source=source, run_id=run_id, folder=folder, artifacts=tuple(artifacts))
