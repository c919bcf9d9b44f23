"""What an event has under a field, and the meaning of filters of events in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..records import Event
from .evaluate import passes
from .tree import Field, Node

_NOBODY: Mapping[str, str] = {}


def matches_event(node: Node, event: Event, sources: Mapping[str, str] = _NOBODY) -> bool:
    """Whether the event passes. `sources`: the labels of sources by their keys."""
    words = (event.title, event.actor or "", *(ref.subject for ref in event.refs))
    return passes(node, lambda field: event_values(field, event, sources), words)


def event_values(field: Field, event: Event, sources: Mapping[str, str] = _NOBODY) -> list[Any]:
    """What the event has there: nothing, one value, or one a subject or model that it speaks of."""
    if field.name == "subject":
        return [ref.subject for ref in event.refs]
    if field.name == "model":
        return list(dict.fromkeys(_models(event)))
    if field.name == "source":
        return [] if event.source is None else [sources.get(event.source, event.source)]
    value = getattr(event, field.name)
    return [] if value in (None, "") else [value]


def _models(event: Event) -> Iterator[str]:
    for ref in event.refs:
        kind, _, rest = ref.subject.partition("/")
        if kind == "model":
            yield unquote(rest.partition("/")[0])
        elif kind == "alias":
            yield unquote(rest.rpartition("@")[0])
