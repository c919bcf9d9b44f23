"""What people say of a plan: ask others to approve it, approve it, waive one of its gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from ..errors import UsageError
from ..promotion import Plan, differences
from ..promotion.words import called as called_version
from ..records import Millis, PlanApproval, Subject, Waiver, Want
from ..settings import Promotion, seconds
from ..store.state import Act, ActState
from ..text import clip
from . import Outcome, Surroundings, Tried, Verdict, called
from .office import Office, Registers, in_thread

USUAL: Final = 24 * 3_600_000
"""Milliseconds that a waiver holds where the policy sets no bound."""


class AgreementOutcome(Outcome, frozen=True):
    """What came of it."""

    model: str
    alias: str
    version: str
    plan: str
    gate: str | None
    """The gate that was waived."""


def agreement_intent(plan: Plan, *, git: str, note: str = "", gate: str | None = None) -> dict[str, Any]:
    """What the journal keeps. `note` is said beside an approval, and is the reason of a waiver; `gate` is waived."""
    name = f"{clip(plan.model, 60)}@{clip(plan.alias, 60)} {called_version(plan.to_version)}"
    made = {
        "source": plan.source, "git": git, "model": plan.model, "alias": plan.alias, "version": plan.to_version,
        "kind": plan.kind, "plan": plan.id, "text": plan.text, "short": plan.short, "name": name, "note": note,
    }  # fmt: skip
    return made | ({"gate": gate} if gate else {})


def agreement_subject(intent: Mapping[str, Any]) -> str:
    """What the journal writes it under."""
    return str(Subject(kind="alias", parts=(intent["model"], intent["alias"])))


class Agreements:
    """Said once or twice, it is the same word."""

    acts = frozenset({"ask_approval", "approve_plan", "waive"})
    nobody = "No source of this project has models: the settings name no MLflow."
    once: frozenset[str] = frozenset()
    pauses: tuple[float, ...] = (0.5, 2.0)
    patience = 120.0

    def takes(self, source: object) -> bool:
        """Whatever has the model."""
        return isinstance(source, Registers)

    def bind(self, source: Registers, around: Surroundings) -> Office:
        """With the ledger and the cache."""
        return Office(source, around)

    def check(self, act: Act) -> None:
        """Raise UsageError where it is not said what is meant."""
        needed = {"waive": ("gate", "note")}.get(act.act, ("plan",))
        for name in needed:
            if not str(act.intent.get(name, "")).strip():
                raise UsageError(f"The act names no {'reason' if name == 'note' else name}.")

    def unable(self, source: Office, act: Act) -> str:
        """The ledger says so itself."""
        return ""

    async def look(self, source: Office, act: Act) -> Plan | None:
        """The plan as it is now. Raises SourceError."""
        return await source.plan(act.intent)

    def refusal(self, act: Act, thing: Plan | None) -> str:
        """Of a waiver whether the policy allows it; of the others whether it is the plan that the person saw."""
        if thing is None:
            return f"{called(act)} is not there any more. Nothing was changed."
        if act.act == "waive":
            gate = thing.gate(act.intent["gate"])
            if gate is None:
                return f"The plan has no gate {clip(act.intent['gate'], 60)}: {', '.join(g.id for g in thing.gates)}."
            if not gate.waivable:
                return f"The policy lets nobody waive {gate.id}. Nothing was changed."
            return ""
        if thing.id != act.intent["plan"]:
            said = "; ".join(differences(act.intent["text"], thing)) or "it changed"
            return f"{called(act)}: it is not the plan that you saw: {said}. Nothing was changed."
        return ""

    def before(self, act: Act, thing: Plan) -> Any:
        """Nothing is replaced but one's own word."""
        return None

    def alone(self, act: Act) -> str:
        """It is no harm."""
        return ""

    async def do(self, source: Office, act: Act) -> Mapping[str, Any]:
        """Write it. Raises SourceError, RefusedError."""
        intent, now = act.intent, source.now()
        async with source.ledger() as ledger:
            if act.act == "waive":
                await in_thread(ledger.waive, self._waiver(source, act, now))
            elif act.act == "ask_approval":
                await in_thread(ledger.keep_plan, intent["plan"], intent["text"], source.actor, now)
            else:
                approval = PlanApproval(
                    source="", id="", plan=intent["plan"], by=source.actor, at=now, note=intent["note"]
                )  # fmt: skip
                await in_thread(ledger.approve, approval)
        return {}

    @staticmethod
    def _waiver(source: Office, act: Act, now: Millis) -> Waiver:
        intent = act.intent
        rules = source.situation.policy.rules if source.situation is not None else None
        most = longest(rules)
        return Waiver(
            source="", id="", model=intent["model"], alias=intent["alias"], version=intent["version"],
            gate=intent["gate"], by=source.actor, why=intent["note"], at=now, until=now + most,
        )  # fmt: skip

    async def verdict(self, source: Office, act: Act, tried: Tried) -> Verdict:
        """Whether it is written down now, by us. Raises SourceError."""
        if tried.is_denied:
            return Verdict("failed", tried.trouble, {"is_refused": True})
        found = await source.promotions()
        intent, me = act.intent, source.actor
        if act.act == "ask_approval":
            is_there = any(plan.id == intent["plan"] for plan in found.plans)
            told = f"Plan {intent['short']} can be approved by others: quarterdeck approve {intent['short']}"
        elif act.act == "approve_plan":
            is_there = any(one.plan == intent["plan"] and one.by.email == me.email for one in found.approvals)
            told = f"Plan {intent['short']} is approved by {me.name} ({me.strength})."
        else:
            of_gate = [one for one in found.waivers if (one.model, one.gate) == (intent["model"], intent["gate"])]
            is_there = any(one.version == intent["version"] and one.by.email == me.email for one in of_gate)
            told = f"{intent['gate']} of {called(act)} is waived by {me.name} ({me.strength})."
        return Verdict("done", told) if is_there else Verdict("failed", tried.trouble or "It is not there afterwards.")

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> AgreementOutcome:
        """With the plan."""
        intent, told = act.intent, ((act.outcome or {}).get("read_back") or {})
        return AgreementOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=intent["source"], state=state, sentence=sentence,
            is_refused=is_refused or bool(told.get("is_refused")), model=intent["model"], alias=intent["alias"],
            version=intent["version"], plan=intent["plan"], gate=intent.get("gate"),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """Nothing of the registry changed; the ledger is asked for by who did the act."""
        assert all(isinstance(one, AgreementOutcome) for one in cast("Sequence[object]", outcomes))
        return []


def longest(rules: Promotion | None) -> Millis:
    """How long a waiver holds."""
    most = rules.waivers.max if rules is not None else None
    return USUAL if most is None else round(seconds(most) * 1000)
