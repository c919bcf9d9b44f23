"""Whether an entry did what its plan says, and whether the plan's gates let it go on. Pure functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ..promotion.gate import GOES_ON, LATE
from ..promotion.policy import canonical
from ..promotion.words import NAME, called, listed
from ..records import LedgerEntry
from ..text import clip
from .chain import of_entry
from .findings import Finding, Level

BY_POLICY: Final = frozenset({"candidate", "direction", "metric", "ci", "data"})
"""Families of gates that are there because the policy demands them."""


class PlannedGate(msgspec.Struct, frozen=True, kw_only=True):
    """A gate as a plan has it."""

    id: str
    state: str
    waiver: str | None = None


class PlannedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that a plan was made by; both "" of a rollback, which no rules stop."""

    commit: str
    digest: str


class PlanText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a plan."""

    v: int
    registry: str
    model: str
    alias: str
    from_version: str | None = msgspec.field(name="from")
    to_version: str = msgspec.field(name="to")
    kind: str
    policy: PlannedPolicy
    gates: tuple[PlannedGate, ...]


def read_plan(text: str) -> PlanText | None:
    """The plan; None where it is none, or not written the one way in which plans are written."""
    try:
        told = json.loads(text)
        return msgspec.convert(told, PlanText) if canonical(told) == text else None
    except (ValueError, RecursionError):
        return None


def of_plan(entry: LedgerEntry, text: str | None, *, is_needed: bool, why: str) -> Iterator[Finding]:
    """Whether the entry did what the plan says. `is_needed`: others had to approve it; `why`: it is not here."""
    if text is None:
        level: Level = "wrong" if is_needed else "unknown"
        yield of_entry(entry, level, "plan", f"its plan {entry.plan[:12]} is not here: {why}.")
        return
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != entry.plan:
        yield of_entry(entry, "wrong", "plan", "the text of its plan is not what it names.")
    plan = read_plan(text)
    if plan is None:
        yield of_entry(entry, "wrong", "plan", "its plan cannot be read.")
        return
    binds = entry.kind == "promotion"
    pairs = [
        ("model", plan.model, entry.model), ("alias", plan.alias, entry.alias), ("kind", plan.kind, entry.kind),
        ("registry", plan.registry, entry.registry), ("from", plan.from_version or "", entry.previous or ""),
        ("to", plan.to_version, entry.version),
        ("policy", plan.policy.commit, entry.policy_commit if binds else ""),
        ("rules", plan.policy.digest, entry.policy_digest if binds else ""),
    ]  # fmt: skip
    for name, planned, done in pairs:
        if planned != done:
            said = f"{name}: the plan says {_called(name, planned)}, the entry {_called(name, done)}."
            yield of_entry(entry, "wrong", "plan", said)
    states = {gate.id: gate.state for gate in plan.gates}
    other = [name for name, state in states.items() if entry.gates.get(name) != state]
    if other:
        yield of_entry(entry, "wrong", "plan", f"gates stood otherwise in the plan than it says: {_some(other)}.")


def _called(name: str, value: str) -> str:
    return called(value) if name in ("from", "to") else clip(value[:12] if name in ("policy", "rules") else value, NAME)


def of_gates(entry: LedgerEntry, demanded: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether all gates let it go on, and all were there that the policy demands. `demanded`: by id."""
    binds = entry.kind == "promotion"
    stopping = [
        f"{clip(name, 2 * NAME)} ({clip(state, NAME)})"
        for name, state in entry.gates.items()
        if state not in GOES_ON and (binds or name == "version")
    ]
    if stopping:
        yield of_entry(entry, "wrong", "gate", f"its gates stopped it: {listed(stopping)}.")
    absent = [name for name in demanded if name.partition(":")[0] in BY_POLICY and name not in entry.gates]
    if binds and absent:
        yield of_entry(entry, "wrong", "gate", f"the policy demands gates that it does not name: {_some(absent)}.")
    late = sorted(name for name, state in entry.gates.items() if name in LATE and state == "waived")
    if late:
        yield of_entry(entry, "wrong", "gate", f"nobody can waive that: {_some(late)}.")


def _some(names: list[str]) -> str:
    return listed(clip(name, 2 * NAME) for name in names)
