"""What a resource has under a field, and the meaning of filters of resources in plain Python."""

from __future__ import annotations

from typing import Any, Final

from ..records import Resource, Stack
from .evaluate import passes
from .tree import Field, Node

WORDS: Final = ("stack", "address", "type", "provider")
"""Where a bare word is looked for."""
_OF_STACK: Final = ("status", "tool", "environment", "commit", "pipeline_id", "planned_at", "applied_at")


def matches_resource(node: Node, resource: Resource, stack: Stack) -> bool:
    """Whether a resource of that stack passes."""
    words = [str(one) for name in WORDS for one in resource_values(Field("resource", name), resource, stack)]
    return passes(node, lambda field: resource_values(field, resource, stack), words)


def resource_values(field: Field, resource: Resource, stack: Stack) -> list[Any]:
    """What it has there, none or several. A stack that names no commit has none."""
    if field.name == "model":
        return list(stack.models)
    if field.name in ("changed", "drifted", "forces"):
        return list(getattr(resource, field.name))
    if field.name == "sensitive":
        return [int(resource.is_sensitive)]
    value = getattr(stack if field.name in _OF_STACK else resource, field.name)
    return [] if value in (None, "") else [value]
