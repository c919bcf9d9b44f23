"""What needs attention has under a field, and the meaning of its filters in plain Python."""

from __future__ import annotations

from typing import Any

from ..records import Attention, EventRef, Signal
from .evaluate import passes
from .tree import Field, Node


def matches_attention(node: Node, one: Attention) -> bool:
    """Whether it passes. A word is looked for in its titles, in why, how grave and whose it is, and in all subjects
    that it speaks of."""
    said = [one.title, one.reason, one.severity, one.owner, one.id]
    words = [*said, *(signal.title for signal in one.signals), *_subjects(one)]
    return passes(node, lambda field: attention_values(field, one), words)


def attention_values(field: Field, one: Attention) -> list[Any]:
    """What it has there, none or several: of kinds, subjects and models all that its signals have."""
    many: dict[str, list[Any]] = {
        "kind": [signal.kind for signal in one.signals],
        "subject": _subjects(one),
        "model": [signal.model for signal in one.signals],
        "alias": [signal.alias for signal in one.signals],
        "version": [signal.version for signal in one.signals],
        "acknowledged": [int(one.is_quiet)],
        "acknowledged_by": ["" if one.ack is None else one.ack.author],
    }
    found: list[Any] = many[field.name] if field.name in many else [getattr(one, field.name)]
    return [value for value in dict.fromkeys(found) if value not in (None, "")]


def _subjects(one: Attention) -> list[str]:
    signals: tuple[Signal, ...] = one.signals
    refs: list[EventRef] = [ref for signal in signals for ref in signal.refs]
    return list(
        dict.fromkeys((one.subject, *(signal.subject for signal in signals), *(ref.subject for ref in refs)))
    )  # fmt: skip
