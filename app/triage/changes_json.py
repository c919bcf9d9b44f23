"""Suspects and what changed, as scripts get them."""

from __future__ import annotations

from typing import Any

from ..exact import iso
from ..records import Changes, Suspect, WayBack


def suspect_json(suspect: Suspect) -> dict[str, Any]:
    """A suspect: as in `triage --json`."""
    return {
        "subject": suspect.subject, "strength": suspect.strength, "score": suspect.score, "kind": suspect.kind,
        "title": suspect.title, "at": iso(suspect.at), "not_before": iso(suspect.not_before),
        "actor": suspect.actor or None, "event": suspect.event or None, "reasons": list(suspect.reasons),
        "evidence": [
            {"at": iso(item.at), "text": item.text, "subject": item.subject or None} for item in suspect.evidence
        ],
    }  # fmt: skip


def changes_json(changes: Changes) -> dict[str, Any]:
    """What changed around a subject."""
    return {
        "subject": changes.subject, "since": iso(changes.since), "until": iso(changes.until),
        "suspects": [suspect_json(one) for one in changes.suspects],
        "others": [{"kind": kind, "count": count} for kind, count in changes.others],
        "gaps": [{"since": iso(since), "until": iso(until)} for since, until in changes.gaps],
        "way_back": None if changes.way_back is None else way_back_json(changes.way_back),
        "sentence": changes.sentence or None,
    }  # fmt: skip


def way_back_json(back: WayBack) -> dict[str, Any]:
    """To which version one could go back."""
    return {
        "model": back.model, "alias": back.alias, "version": back.version or None,
        "held_ms": back.held_for, "figures": list(back.figures), "gates": dict(back.gates),
        "sentence": back.sentence or None,
    }  # fmt: skip
