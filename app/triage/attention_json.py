"""Attentions as scripts get them."""

from __future__ import annotations

from typing import Any

from ..exact import iso
from ..records import Attention, Changes, EventRef, Signal
from ..text import shown
from .changes_json import changes_json


def attention_json(one: Attention, changes: Changes | None) -> dict[str, Any]:
    """One item of `triage --json`. Without `changes` nobody has looked for suspects: then `explained` is false."""
    found = {} if changes is None else changes_json(changes)
    ack = one.ack
    return {
        "id": one.id, "subject": one.subject, "severity": one.severity, "since": iso(one.since),
        "not_before": iso(one.not_before), "title": one.title, "shown": shown(one.title), "reason": one.reason,
        "owner": one.owner or None, "state": one.state,
        "acknowledged_by": None if ack is None else ack.author, "acknowledged_at": None if ack is None else iso(ack.at),
        "acknowledged_strength": None if ack is None else "claimed",
        "acknowledged_with": None if ack is None else ack.text,
        "came_back_from": None if one.acked_before is None else one.acked_before.author,
        "signals": [_signal_json(signal) for signal in one.signals], "explained": changes is not None,
        "suspects": found.get("suspects", []), "way_back": found.get("way_back"),
        "window": {"since": found["since"], "until": found["until"]} if found else None,
        "others": found.get("others", []), "gaps": found.get("gaps", []), "sentence": found.get("sentence"),
    }  # fmt: skip


def _signal_json(signal: Signal) -> dict[str, Any]:
    return {
        "kind": signal.kind, "subject": signal.subject, "severity": signal.severity, "since": iso(signal.since),
        "not_before": iso(signal.not_before), "seen_at": iso(signal.seen_at), "title": signal.title,
        "reason": signal.reason, "state": signal.state, "model": signal.model or None,
        "version": signal.version or None, "alias": signal.alias or None, "refs": list(map(_ref_json, signal.refs)),
    }  # fmt: skip


def _ref_json(ref: EventRef) -> dict[str, str]:
    return {"subject": ref.subject, "role": ref.role}
