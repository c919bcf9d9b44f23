"""What a registered model has under a field, and the meaning of its filters in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..records import ModelVersion, RegisteredModel
from .evaluate import passes
from .model_sql import WORDS
from .tree import Field, Node


def matches_model(node: Node, model: RegisteredModel, versions: Sequence[ModelVersion] = (), source: str = "") -> bool:
    """Whether the model passes. `versions` are all that it has; `source` is the label of its source."""
    words = [str(one) for name in WORDS for one in model_values(Field("model", name), model, versions, source)]
    return passes(node, lambda field: model_values(field, model, versions, source), words)


def model_values(
    field: Field, model: RegisteredModel, versions: Sequence[ModelVersion] = (), source: str = ""
) -> list[Any]:
    """What the model has there: nothing, one value, or one an alias or a version."""
    if field.kind == "tag":
        return [model.tags[field.name]] if field.name in model.tags else []
    if field.kind == "version":
        found = [getattr(version, field.name) for version in versions]
        return [one for one in found if one not in (None, "") or field.name == "version"]
    if field.name == "alias":
        return list(model.aliases)
    value = source if field.name == "source" else getattr(model, field.name)
    return [] if value in (None, "") and field.name not in ("name", "source") else [value]


def matches_version(node: Node, version: ModelVersion, aliases: Sequence[str] = ()) -> bool:
    """Whether a version passes a filter of the vocabulary VERSIONS. `aliases` are those that point at it."""
    words = (version.version, version.run_id or "", version.user or "", version.description, *aliases)
    return passes(node, lambda field: version_values(field, version, aliases), words)


def version_values(field: Field, version: ModelVersion, aliases: Sequence[str] = ()) -> list[Any]:
    """What a version has there: nothing, one value, or one an alias."""
    if field.kind == "tag":
        return [version.tags[field.name]] if field.name in version.tags else []
    if field.name == "alias":
        return list(aliases)
    value = {"name": version.model, "source": version.source}.get(field.name) or getattr(version, field.name, None)
    return [] if value in (None, "") else [value]
