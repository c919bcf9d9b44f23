"""A plan as the command line prints it: what is to happen, what stands in the way, and what would be done."""

from __future__ import annotations

from collections.abc import Iterator

from ..promotion import Gate, Plan, ordered
from ..promotion.words import called, lasting
from ..records import Millis
from ..text import shown

_GLYPHS = {
    "pass": "●", "warn": "▲", "fail": "✖", "missing": "◌", "stale": "◌", "inconclusive": "◌", "waived": "–",
}  # fmt: skip


def plan_lines(plan: Plan, now: Millis) -> Iterator[str]:
    """Line by line; foreign text is safe to print."""
    verb = "roll back" if plan.kind == "rollback" else "promote"
    yield f"{verb} {shown(plan.model)} → {shown(plan.alias)}: {called(plan.from_version)} → {called(plan.to_version)}"
    policy = plan.policy_commit[:7] or "unknown"
    yield f"plan {plan.short}   policy {policy}   requested by {shown(plan.requester.name)}"
    yield ""
    for gate in ordered(plan.gates):
        yield _gate_line(gate, now)
        yield from (f"  {'':14}{shown(note)}" for note in gate.notes)
    yield ""
    yield from (f"would {shown(call)}" for call in plan.calls)
    for note in plan.notes:
        yield f"note: {shown(note)}"
    if not plan.applicable:
        yield f"blocked: {shown(plan.blocked)}"


def _gate_line(gate: Gate, now: Millis) -> str:
    age = f"   {lasting(now - gate.at)}" if gate.at is not None else ""
    return f"{_GLYPHS[gate.state]} {gate.state:<13} {shown(gate.id)}: {shown(gate.sentence)}{age}"
