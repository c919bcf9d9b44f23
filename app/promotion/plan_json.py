"""A plan as scripts get it."""

from __future__ import annotations

from typing import Any

from ..exact import iso
from ..records import Actor, Millis
from .gate import Gate
from .people_gates import Counted
from .plan import Plan, plain


def plan_json(plan: Plan, now: Millis) -> dict[str, Any]:
    """A plan as `promote --plan --json` gives it. `age` in seconds, of the oldest evidence."""
    return {
        "plan": plan.id, "short": plan.short, "kind": plan.kind, "model": plan.model, "alias": plan.alias,
        "from": plan.from_version, "to": plan.to_version or None, "registry": plan.registry,
        "policy_commit": plan.policy_commit or None, "policy_digest": plan.policy_digest or None,
        "gates": [_gate_json(gate, now) for gate in plan.gates],
        "approvals": [_approval_json(one) for one in plan.approvals],
        "requester": _person_json(plan.requester), "calls": list(plan.calls), "needs_reason": plan.needs_reason,
        "applicable": plan.applicable, "blocked": plan.blocked or None, "notes": list(plan.notes),
    }  # fmt: skip


def _gate_json(gate: Gate, now: Millis) -> dict[str, Any]:
    waived = gate.waived
    return {
        "id": gate.id, "state": gate.state, "title": gate.title, "value": plain(gate.value),
        "against": plain(gate.against), "bound": gate.bound or None, "evidence": list(gate.evidence),
        "at": iso(gate.at), "age": None if gate.at is None else max(0, now - gate.at) / 1000,
        "waivable": gate.waivable, "blocks": gate.blocks, "sentence": gate.sentence, "notes": list(gate.notes),
        "waived": None if waived is None else {
            "by": _person_json(waived.by), "why": waived.why, "at": iso(waived.at), "until": iso(waived.until),
        },
    }  # fmt: skip


def _approval_json(one: Counted) -> dict[str, Any]:
    approval = one.approval
    return {
        "by": _person_json(approval.by), "at": iso(approval.at), "note": approval.note or None,
        "counts": one.counts, "why": one.why or None,
    }  # fmt: skip


def _person_json(person: Actor) -> dict[str, Any]:
    return {"name": person.name, "email": person.email or None, "strength": person.strength}
