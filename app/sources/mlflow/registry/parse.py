"""The registry's JSON -> records. Pure. Shapes were read off servers 2.22 and 3.17, and in the source of 2.9.

What MLflow's words mean here:

- The origin of a version tells what it was made of: `models:/m-ID` a logged model, `models:/NAME/N` another version.
- Aliases are on the registered model. A version has none in searches, whatever it has.
- A prompt is a registered model with a tag, and its versions have the same tag.
- A metric of a logged model that was NaN is kept as 0 (SQL stores up to 3.18): `with_nan` puts that right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from ....records import LoggedModel, Millis, ModelMetric, ModelVersion, RegisteredModel, VersionStatus
from ..parse import MetricValue, Pair, metric_number

IS_PROMPT: Final = "mlflow.prompt.is_prompt"
PROMPTS: Final = f"tags.`{IS_PROMPT}` = 'true'"
"""The filter that finds them, for servers that know prompts. One that does not takes it literally."""
DELETED: Final = "Deleted_Internal"
"""The stage of a version that was deleted: MLflow keeps its row."""

_STATUSES: Final[Mapping[str, VersionStatus]] = {
    "READY": "ready", "PENDING_REGISTRATION": "pending", "FAILED_REGISTRATION": "failed",
    "LOGGED_MODEL_READY": "ready", "LOGGED_MODEL_PENDING": "pending", "LOGGED_MODEL_UPLOAD_FAILED": "failed",
    "PENDING": "pending", "FAILED": "failed",
}  # fmt: skip
_LOGGED: Final = re.compile(r"models:/+([^/@]+)")
_COPIED: Final = re.compile(r"models:/+(.+)/([0-9]+)", re.DOTALL)

Point = tuple[str, str, int, Millis | None]
"""Run, key, step and time of one value of a metric."""


class AliasPayload(msgspec.Struct):
    """An alias in a registered model."""

    alias: str
    version: str | int


class ModelPayload(msgspec.Struct):
    """A registered model in `registered-models/search` and `get`. What it says of its latest versions is not read."""

    name: str
    creation_timestamp: int | str | None = None
    last_updated_timestamp: int | str | None = None
    description: str | None = None
    tags: list[Pair] = []
    aliases: list[AliasPayload] = []


class VersionPayload(msgspec.Struct):
    """A version in `model-versions/search`, `get` and `create`."""

    name: str
    version: str | int
    creation_timestamp: int | str | None = None
    last_updated_timestamp: int | str | None = None
    user_id: str | None = None
    current_stage: str | None = None
    description: str | None = None
    source: str | None = None
    run_id: str | None = None
    status: str | None = None
    tags: list[Pair] = []
    model_id: str | None = None


class LoggedMetric(MetricValue):
    """A metric of a logged model."""

    run_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LoggedInfo(msgspec.Struct):
    """What MLflow keeps in a logged model's own row."""

    model_id: str
    experiment_id: str | None = None
    name: str | None = None
    creation_timestamp_ms: int | str | None = None
    status: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None


class LoggedData(msgspec.Struct):
    """What was logged to a model."""

    params: list[Pair] = []
    metrics: list[LoggedMetric] = []


class LoggedPayload(msgspec.Struct):
    """A logged model in `logged-models/search`."""

    info: LoggedInfo
    data: LoggedData = msgspec.field(default_factory=LoggedData)


class ModelsPage(msgspec.Struct):
    """The answer of `registered-models/search`."""

    registered_models: list[ModelPayload] = []
    next_page_token: str = ""


class VersionsPage(msgspec.Struct):
    """The answer of `model-versions/search`."""

    model_versions: list[VersionPayload] = []
    next_page_token: str = ""


class OneModel(msgspec.Struct):
    """The answer of `registered-models/get`."""

    registered_model: ModelPayload


class OneVersion(msgspec.Struct):
    """The answer of `model-versions/get` and `create`."""

    model_version: VersionPayload


class LoggedPage(msgspec.Struct):
    """The answer of `logged-models/search`."""

    models: list[LoggedPayload] = []
    next_page_token: str = ""


models_page: Final = msgspec.json.Decoder(ModelsPage)
versions_page: Final = msgspec.json.Decoder(VersionsPage)
one_model: Final = msgspec.json.Decoder(OneModel)
one_version: Final = msgspec.json.Decoder(OneVersion)
logged_page: Final = msgspec.json.Decoder(LoggedPage)


def millis(value: int | str | None) -> Millis | None:
    """A time that may be written as text; None for none, which may be written as 0."""
    try:
        return int(value) or None if value is not None else None
    except ValueError:
        return None


def make_model(
    source: str,
    name: str,
    *,
    description: str | None,
    created_at: Millis | None,
    updated_at: Millis | None,
    tags: Mapping[str, str],
    aliases: Mapping[str, str],
) -> RegisteredModel:
    """The one place where MLflow's facts become a registered model, whichever way they were read."""
    return RegisteredModel(
        source=source,
        name=name,
        kind="prompt" if tags.get(IS_PROMPT, "").lower() == "true" else "model",
        description=description or "",
        created_at=created_at,
        updated_at=updated_at,
        tags=tags,
        aliases=aliases,
    )


def make_version(
    source: str,
    model: str,
    version: str,
    *,
    status: str | None,
    stage: str | None,
    description: str | None,
    created_at: Millis | None,
    updated_at: Millis | None,
    user: str | None,
    run_id: str | None,
    origin: str | None,
    tags: Mapping[str, str],
    model_id: str | None = None,
) -> ModelVersion:
    """The one place where MLflow's facts become a version, whichever way they were read."""
    origin = origin or ""
    logged, copied = _LOGGED.fullmatch(origin), _COPIED.fullmatch(origin)
    return ModelVersion(
        source=source,
        model=model,
        version=version,
        status=_STATUSES.get(status or "", "unknown"),
        raw_status=status or "",
        stage="" if stage in (None, "None") else stage,
        description=description or "",
        created_at=created_at,
        updated_at=updated_at,
        user=user or None,
        run_id=run_id or None,
        origin=origin,
        model_id=model_id or (logged[1] if logged else None),
        copied_from=(copied[1], copied[2]) if copied else None,
        tags=tags,
    )


def make_logged(
    source: str,
    model_id: str,
    *,
    name: str | None,
    kind: str | None,
    status: str | None,
    run_id: str | None,
    experiment_id: str | None,
    created_at: Millis | None,
    params: Mapping[str, str],
    metrics: Iterable[ModelMetric],
) -> LoggedModel:
    """The one place where MLflow's facts become a logged model, whichever way they were read."""
    return LoggedModel(
        source=source,
        id=model_id,
        name=name or "",
        kind=kind or "",
        status=_STATUSES.get(status or "", "unknown"),
        run_id=run_id or None,
        experiment_id=experiment_id or None,
        created_at=created_at,
        params=params,
        metrics=latest(metrics),
    )


def latest(metrics: Iterable[ModelMetric]) -> tuple[ModelMetric, ...]:
    """Of each metric the last value on each dataset in each run: by step, then by time. Ordered by name."""
    last: dict[tuple[str, ...], ModelMetric] = {}
    for metric in metrics:
        key = (metric.name, metric.run_id or "", metric.dataset_name or "", metric.dataset_digest or "")
        before = last.get(key)
        if before is None or (metric.step, metric.at or 0) >= (before.step, before.at or 0):
            last[key] = metric
    return tuple(last[key] for key in sorted(last))


def parse_model(payload: ModelPayload, source: str) -> RegisteredModel:
    """A registered model of the REST API."""
    return make_model(
        source,
        payload.name,
        description=payload.description,
        created_at=millis(payload.creation_timestamp),
        updated_at=millis(payload.last_updated_timestamp),
        tags=_pairs(payload.tags),
        aliases={one.alias: str(one.version) for one in payload.aliases},
    )


def parse_version(payload: VersionPayload, source: str) -> ModelVersion:
    """A version of the REST API."""
    return make_version(
        source,
        payload.name,
        str(payload.version),
        status=payload.status,
        stage=payload.current_stage,
        description=payload.description,
        created_at=millis(payload.creation_timestamp),
        updated_at=millis(payload.last_updated_timestamp),
        user=payload.user_id,
        run_id=payload.run_id,
        origin=payload.source,
        tags=_pairs(payload.tags),
        model_id=payload.model_id,
    )


def parse_logged(payload: LoggedPayload, source: str) -> LoggedModel:
    """A logged model of the REST API."""
    info, data = payload.info, payload.data
    return make_logged(
        source,
        info.model_id,
        name=info.name,
        kind=info.model_type,
        status=info.status,
        run_id=info.source_run_id,
        experiment_id=info.experiment_id,
        created_at=millis(info.creation_timestamp_ms),
        params=_pairs(data.params),
        metrics=[_metric(metric) for metric in data.metrics],
    )


def _metric(payload: LoggedMetric) -> ModelMetric:
    return ModelMetric(
        name=payload.key,
        value=metric_number(payload.value),
        step=payload.step,
        at=payload.timestamp or None,
        run_id=payload.run_id or None,
        dataset_name=payload.dataset_name or None,
        dataset_digest=payload.dataset_digest or None,
    )


def _pairs(pairs: Sequence[Pair]) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}


def zeros(models: Iterable[LoggedModel]) -> set[str]:
    """Runs whose metrics tell whether a logged model's 0 was a NaN."""
    return {metric.run_id for model in models for metric in model.metrics if not metric.value and metric.run_id}


def with_nan(model: LoggedModel, nans: Iterable[Point]) -> LoggedModel:
    """The same with those of its zeros as NaN that are NaN in their run."""
    points = set(nans)
    metrics = [_as_logged(metric, points) for metric in model.metrics]
    return msgspec.structs.replace(model, metrics=tuple(metrics))


def _as_logged(metric: ModelMetric, nans: set[Point]) -> ModelMetric:
    if metric.value or (metric.run_id or "", metric.name, metric.step, metric.at) not in nans:
        return metric
    return msgspec.structs.replace(metric, value=metric_number("NaN"))
