"""A plan: what would be done, by which gates, and the text that others approve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec.structs import replace

from ..exact import number
from ..ledger.names import entry_ref
from ..records import Actor, Millis, Record
from ..text import clip
from .facts import Kind, Situation
from .freeze import freeze_gate
from .gate import LATE, WORST_FIRST, Gate
from .gates import planned_gates
from .ledger_gate import ledger_gate, next_number
from .people_gates import Counted, approval_gate
from .policy import canonical
from .words import NAME, called, lasting, listed, sworn

SHORTEST: Final = 4
"""Digits of a plan's id that people read, at least."""
OLD: Final[Millis] = 600_000
"""A look at a source that is older is spoken of."""
MLFLOW: Final = "models"
"""What MLflow's registry is called among the sources."""
EVIDENCE_TAG: Final = "quarterdeck.evidence"


class Plan(Record, frozen=True, kw_only=True):
    """What is to be done to an alias, and whether it may be."""

    id: str
    """SHA-256 of `text`, in hex: what is approved."""
    short: str
    """As many of its digits as tell it from the plans that are stored."""
    text: str
    """Canonical JSON, without anything that time alone changes."""
    model: str
    alias: str
    kind: Kind
    source: str
    """Key of the registry's source."""
    registry: str
    from_version: str | None
    """What the alias must still show when it is done; None: there must be no such alias."""
    to_version: str
    """"" where there is none."""
    policy_commit: str
    policy_digest: str
    gates: tuple[Gate, ...]
    """In the order of the policy."""
    approvals: tuple[Counted, ...] = ()
    requester: Actor
    """Who asked others to approve it, else whoever asks for it now."""
    number: int
    """Of the entry that the ledger would get."""
    style: str = "refs"
    """Where the ledger is: refs, tags; local where there is no remote."""
    calls: tuple[str, ...] = ()
    """Exactly what would be done, in that order."""
    needs_reason: bool = False
    notes: tuple[str, ...] = ()

    @property
    def applicable(self) -> bool:
        """Nothing stops it."""
        return not any(gate.blocks for gate in self.gates)

    @property
    def blocked(self) -> str:
        """What stops it, as the end of a sentence: `needs 1 approval`; "" where nothing does."""
        stopping = [gate for gate in ordered(self.gates) if gate.blocks]
        words = [
            gate.id if gate.state == "fail" else f"{gate.id} ({gate.state})"
            for gate in stopping
            if gate.id != "approval"
        ]
        needs = [_needs(gate) for gate in stopping if gate.id == "approval"]
        return listed([*(clip(word, 2 * NAME) for word in words), *needs])

    def gate(self, name: str) -> Gate | None:
        """The gate of this id."""
        return next((gate for gate in self.gates if gate.id == name), None)


def _needs(gate: Gate) -> str:
    have, _, count = str(gate.value).partition(" of ")
    left = int(count) - int(have)
    return f"needs {left} {'approval' if left == 1 else 'approvals'}" if left > 0 else "approval (missing)"


def ordered(gates: Iterable[Gate]) -> list[Gate]:
    """As a screen shows them: what stops it first, then what warns, what passed last."""
    return sorted(gates, key=lambda gate: (not gate.blocks, WORST_FIRST.index(gate.state)))


def plan_of(situation: Situation, now: Millis) -> Plan:
    """The plan for a situation. Pure: the same situation at the same time gives the same plan."""
    planned = planned_gates(situation, now)
    text = plan_text(situation, planned)
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    requesters = _requesters(situation, name)
    approval, counted = approval_gate(situation, name, requesters, now)
    gates = [*planned, *([approval] if approval else []), *_moment(situation, now)]
    style = _style(situation)
    return Plan(
        id=name, short=short_id(name, (plan.id for plan in situation.plans)), text=text, model=situation.model,
        alias=situation.alias, kind=situation.kind, source=situation.source, registry=situation.registry,
        from_version=situation.shows, to_version=situation.candidate.name, policy_commit=situation.policy.commit,
        policy_digest=situation.policy.digest, gates=tuple(gates), approvals=counted, requester=requesters[0],
        number=next_number(situation), style=style, calls=tuple(_calls(situation, style)),
        needs_reason=_needs_reason(situation),
        notes=(*(note for gate in gates for note in gate.notes), *_old_looks(situation, now)),
    )  # fmt: skip


def plan_text(situation: Situation, gates: Iterable[Gate]) -> str:
    """The canonical JSON of a plan: no times, no row ids, nothing that differs between two machines.

    Of a rollback only what can stop it: the way back shall not close because a check has become a day old.
    """
    policy, binds = situation.policy, situation.kind == "promotion"
    told = {"commit": policy.commit, "digest": policy.digest} if binds else {"commit": "", "digest": ""}
    return canonical(
        {
            "v": 1, "registry": situation.registry, "model": situation.model, "alias": situation.alias,
            "from": situation.shows, "to": situation.candidate.name, "kind": situation.kind, "policy": told,
            "gates": [_gate_text(gate) for gate in gates if gate.id not in LATE and gate.binds],
        }
    )  # fmt: skip


def _gate_text(gate: Gate) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": gate.id,
        "state": gate.state,
        "value": plain(gate.value),
        "evidence": list(gate.evidence),
    }
    if gate.against is not None:
        told["against"] = plain(gate.against)
    if gate.waived is not None:
        told["waiver"] = gate.waived.id
    return told


def plain(value: float | str | None) -> float | str | None:
    """A value of a gate as JSON takes it."""
    return number(value) if isinstance(value, float) else value


def short_id(name: str, others: Iterable[str] = ()) -> str:
    """The beginning of an id that no other id has, 4 digits at least."""
    beginnings = [other for other in others if other != name]
    length = SHORTEST
    while length < len(name) and any(other.startswith(name[:length]) for other in beginnings):
        length += 1
    return name[:length]


def _requesters(situation: Situation, name: str) -> tuple[Actor, ...]:
    """Who asked for the plan, and who would apply it."""
    you = situation.actor
    stored = [plan.by for plan in situation.plans if plan.id == name]
    roles = [(who, "requester") for who in stored] + [(you, "applies it" if stored else "requester")]
    return tuple(replace(who, role=role) for who, role in roles)


def _moment(situation: Situation, now: Millis) -> Iterator[Gate]:
    """What speaks of this moment; of a rollback none of it stops anything."""
    binds = situation.kind == "promotion"
    if situation.policy.rules is not None:
        yield from (gate.but(binds=binds) for gate in freeze_gate(situation.policy.rules.freeze, situation.kind, now))
    yield ledger_gate(situation, now).but(binds=binds)


def _old_looks(situation: Situation, now: Millis) -> Iterator[str]:
    """Sources that this is taken from and that were not read for a while."""
    run, text = situation.candidate.run, situation.policy.text
    used = [situation.source, *([text.source] if text else []), *([run.source] if run else [])]
    for key in dict.fromkeys([*used, *(pipeline.source for pipeline in situation.pipelines)]):
        state = situation.sources.get(key)
        at = (state.as_of or state.last_ok_at) if state else None
        if state is not None and at is not None and now - at > OLD:
            yield f"{clip(state.name, NAME)} was read {lasting(now - at)} ago"


def _needs_reason(situation: Situation) -> bool:
    """Of a rollback, where the policy says so or nobody can read what it says."""
    policy = situation.policy
    if policy.rules is not None:
        return situation.kind == "rollback" and policy.rules.rollback.require_reason
    return situation.kind == "rollback" and (policy.text is None or bool(policy.trouble))


def _style(situation: Situation) -> str:
    if situation.is_local:
        return "local"
    return situation.policy.rules.ledger if situation.policy.rules else "refs"


def _calls(situation: Situation, style: str) -> Iterator[str]:
    number, alias, to = next_number(situation), clip(situation.alias, NAME), situation.candidate.name
    if style == "local":
        yield f"write entry {number} of {clip(situation.model, NAME)}@{alias} into the local ledger"
    else:
        ref = entry_ref(situation.model, situation.alias, number, "tags" if style == "tags" else "refs")
        yield f"push {ref} as {sworn(situation.actor)}"
    state = situation.sources.get(situation.source)
    registry = "mlflow" if state is None or state.name == MLFLOW else clip(state.name, NAME)
    before = f"{clip(situation.shows, NAME)} → " if situation.shows else "→ "
    yield f"{registry} set alias {clip(situation.model, NAME)} {alias} {before}{clip(to, NAME)}"
    yield f"tags on {called(to)}: {EVIDENCE_TAG}"
