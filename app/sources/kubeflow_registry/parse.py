"""The JSON of Kubeflow's Model Registry (v1alpha3) -> records. Pure. Shapes are from the official document.

What its words mean here: times are milliseconds as text; a version is called by its name, which is any text and unique
in its registered model; nothing is ever deleted, but archived; an artifact of the version tells where the model lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...records import Millis, ModelVersion, RegisteredModel, VersionStatus

MODEL_ARTIFACT: Final = "model-artifact"
_LIVE: Final = "LIVE"
"""What the document says a state is where none is given."""
_STATUSES: Final[Mapping[str, VersionStatus]] = {_LIVE: "ready"}
_STAGES: Final = {"ARCHIVED": "Archived"}


class Resource(msgspec.Struct, rename="camel"):
    """What registered models, versions and artifacts have in common."""

    id: str = ""
    name: str = ""
    description: str | None = None
    state: str | None = None
    create_time_since_epoch: str | int | None = None
    last_update_time_since_epoch: str | int | None = None
    custom_properties: Mapping[str, Mapping[str, Any]] | None = None


class Version(Resource, rename="camel"):
    """A ModelVersion."""

    registered_model_id: str = ""
    author: str | None = None


class Artifact(Resource, rename="camel"):
    """An artifact of a version."""

    artifact_type: str = MODEL_ARTIFACT
    uri: str | None = None


class Models(msgspec.Struct, rename="camel"):
    """A RegisteredModelList."""

    items: list[Resource] | None = None
    next_page_token: str = ""


class Versions(msgspec.Struct, rename="camel"):
    """A ModelVersionList."""

    items: list[Version] | None = None
    next_page_token: str = ""


class Artifacts(msgspec.Struct, rename="camel"):
    """An ArtifactList."""

    items: list[Artifact] | None = None
    next_page_token: str = ""


def parse_model(raw: Resource, source: str) -> RegisteredModel:
    """A registered model."""
    return RegisteredModel(
        source=source,
        name=raw.name,
        description=raw.description or "",
        created_at=millis(raw.create_time_since_epoch),
        updated_at=millis(raw.last_update_time_since_epoch),
        tags=_tags(raw.custom_properties),
    )


def parse_version(raw: Version, source: str, model: str, artifacts: list[Artifact]) -> ModelVersion:
    """A version of the registered model of that name, with the artifacts that it has."""
    state = raw.state or _LIVE
    return ModelVersion(
        source=source,
        model=model,
        version=raw.name,
        status=_STATUSES.get(state, "unknown"),
        raw_status=state,
        stage=_STAGES.get(state, ""),
        description=raw.description or "",
        created_at=millis(raw.create_time_since_epoch),
        updated_at=millis(raw.last_update_time_since_epoch),
        user=raw.author or None,
        origin=next((one.uri for one in artifacts if one.artifact_type == MODEL_ARTIFACT and one.uri), ""),
        tags=_tags(raw.custom_properties),
    )


def millis(value: str | int | None) -> Millis | None:
    """A time that is written as text; None for none."""
    try:
        return int(value) or None if value is not None else None
    except ValueError:
        return None


def _tags(properties: Mapping[str, Mapping[str, Any]] | None) -> dict[str, str]:
    """Custom properties as tags: texts as they are, figures and truth as JSON writes them."""
    return {key: _text(value) for key, value in (properties or {}).items()}


def _text(value: Mapping[str, Any]) -> str:
    """`{"metadataType": "MetadataIntValue", "int_value": "7"}` -> 7. What is of no known type is given whole."""
    given = [part for key, part in value.items() if key.endswith("_value")]
    found = given[0] if len(given) == 1 else value
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()
