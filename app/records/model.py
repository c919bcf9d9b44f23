"""What a model registry knows: registered models, their versions and aliases, and what was logged as a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .record import Millis, Record

VersionStatus: TypeAlias = Literal["ready", "pending", "failed", "unknown"]
"""unknown: a word of the registry's that we do not know. Only `ready` can be promoted."""

ModelKind: TypeAlias = Literal["model", "prompt"]
"""MLflow keeps prompts in the same tables; they are no models and are shown apart."""


class RegisteredModel(Record, frozen=True, kw_only=True):
    """A registered model. `aliases` are all that it has: alias -> version."""

    source: str
    name: str
    kind: ModelKind = "model"
    description: str = ""
    created_at: Millis | None = None
    updated_at: Millis | None = None
    """An alias that moves does not change it (MLflow)."""
    tags: Mapping[str, str] = {}
    aliases: Mapping[str, str] = {}


class ModelVersion(Record, frozen=True, kw_only=True):
    """A version of a registered model. Its aliases stand on the model."""

    source: str
    model: str
    """Name of the registered model."""
    version: str
    """As the registry writes it; a number with MLflow, any text with Kubeflow."""
    status: VersionStatus = "ready"
    raw_status: str = ""
    stage: str = ""
    """MLflow's deprecated stage, "" for None. Read, never written."""
    description: str = ""
    created_at: Millis | None = None
    updated_at: Millis | None = None
    user: str | None = None
    run_id: str | None = None
    origin: str = ""
    """Where it comes from as the registry says it: models:/m-..., models:/NAME/N, runs:/..., a URI."""
    model_id: str | None = None
    """The logged model that it was made of."""
    copied_from: tuple[str, str] | None = None
    """Name and version of the registered model that it is a copy of."""
    tags: Mapping[str, str] = {}


class ModelMetric(Record, frozen=True, kw_only=True):
    """A metric of a logged model, with the data that it was measured on where that is known."""

    name: str
    value: float
    step: int = 0
    at: Millis | None = None
    run_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LoggedModel(Record, frozen=True, kw_only=True):
    """A model as a run logged it (MLflow 3), before and beside any registration."""

    source: str
    id: str
    name: str = ""
    kind: str = ""
    """MLflow's model_type."""
    status: VersionStatus = "ready"
    run_id: str | None = None
    experiment_id: str | None = None
    created_at: Millis | None = None
    params: Mapping[str, str] = {}
    metrics: tuple[ModelMetric, ...] = ()


MoveReason: TypeAlias = Literal["first seen", "set", "moved", "removed", "vanished"]
"""first seen: it was there when we first looked; set: it was not there before; vanished: its version was deleted, and
the alias with it."""


class AliasMove(Record, frozen=True, kw_only=True):
    """An alias that was found elsewhere than at the look before. It happened between `not_before` and `at`."""

    id: str
    source: str
    model: str
    alias: str
    version: str | None
    """None: the alias is gone."""
    previous: str | None
    """None: there was no such alias."""
    reason: MoveReason
    at: Millis
    not_before: Millis | None = None
    """None: nobody had looked before."""
