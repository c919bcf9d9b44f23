"""What people say of a plan: ask others to approve it, approve it, waive one of its gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from ..errors import UsageError
from ..promotion import GOES_ON, Plan, differences, plan_of
from ..promotion.words import called as called_version
from ..records import Millis, PlanApproval, Subject, Waiver, Want
from ..settings import Promotion, seconds
from ..store.state import Act, ActState
from ..text import clip
from . import Outcome, Surroundings, Tried, Verdict, called
from .office import Office, Registers, in_thread
from .promotions import ledger_wants

USUAL: Final = 24 * 3_600_000
"""Milliseconds that a waiver holds where the policy sets no bound."""


class Sight(NamedTuple):
    """The plan, and why what is to be said of it would not count."""

    plan: Plan
    why: str


class AgreementOutcome(Outcome, frozen=True):
    """What came of it."""

    model: str
    alias: str
    version: str
    plan: str
    gate: str | None
    """The gate that was waived."""
    git: str = ""
    """Key of the repository's source."""


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

    async def look(self, source: Office, act: Act) -> Sight | None:
        """The plan as it is now, and why our word would not count. Raises SourceError."""
        if act.act == "waive":
            plan = await source.plan(act.intent)
            return Sight(plan, _no_waiver(source, act, plan))
        if act.act == "ask_approval":
            return Sight(await source.plan(act.intent), "")
        stored = next((one for one in (await source.promotions()).plans if one.id == act.intent["plan"]), None)
        if stored is None:
            return Sight(await source.plan(act.intent), "nobody asked for its approval: who is to apply it asks first")
        plan = await source.plan(act.intent, stored.by)
        return Sight(plan, _no_approval(source, plan))

    def refusal(self, act: Act, thing: Sight | None) -> str:
        """Another plan than the person saw, or a word that would not count."""
        if thing is None:
            return f"{called(act)} is not there any more. Nothing was changed."
        if act.act != "waive" and thing.plan.id != act.intent["plan"]:
            said = "; ".join(differences(act.intent["text"], thing.plan)) or "it changed"
            return f"{called(act)}: it is not the plan that you saw: {said}. Nothing was changed."
        return f"{called(act)}: {thing.why}. Nothing was changed." if thing.why else ""

    def before(self, act: Act, thing: Sight) -> Any:
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
                await in_thread(ledger.waive, _waiver(source, act))
            elif act.act == "ask_approval":
                await in_thread(ledger.keep_plan, intent["plan"], intent["text"], source.actor, now)
            else:
                await in_thread(ledger.approve, _approval(source, intent["plan"], intent["note"]))
        return {}

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
            mine = [one.by for one in found.approvals if one.plan == intent["plan"] and one.by.email == me.email]
            is_there = bool(mine)
            told = f"Plan {intent['short']} is approved by {me.name} ({mine[0].strength if mine else 'nobody'})."
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
            version=intent["version"], plan=intent["plan"], gate=intent.get("gate"), git=intent.get("git", ""),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The ledger's refs."""
        return ledger_wants(outcomes)


def _approval(office: Office, plan: str, note: str = "") -> PlanApproval:
    return PlanApproval(source="", id="ours", plan=plan, by=office.actor, at=office.now(), note=note)


def _waiver(office: Office, act: Act) -> Waiver:
    intent, now = act.intent, office.now()
    rules = office.situation.policy.rules if office.situation is not None else None
    return Waiver(
        source="", id="ours", model=intent["model"], alias=intent["alias"], version=intent["version"],
        gate=intent["gate"], by=office.actor, why=intent["note"], at=now, until=now + longest(rules),
        registry=office.situation.registry if office.situation is not None else "",
    )  # fmt: skip


def _no_approval(office: Office, plan: Plan) -> str:
    """Why an approval of ours would not count; "" where it would, as far as we can know how others read our name."""
    assert office.situation is not None
    given = (*office.situation.approvals, _approval(office, plan.id))
    told = plan_of(replace(office.situation, approvals=given), office.now())
    ours = next((one for one in told.approvals if one.approval.id == "ours"), None)
    return f"your approval would not count: {ours.why}" if ours is not None and not ours.counts else ""


def _no_waiver(office: Office, act: Act, plan: Plan) -> str:
    """Why a waiver of ours would change nothing."""
    gate = plan.gate(act.intent["gate"])
    if gate is None:
        return f"the plan has no gate {clip(act.intent['gate'], 60)}, but {', '.join(one.id for one in plan.gates)}"
    if gate.state in GOES_ON:
        return f"{gate.id} needs no waiver: {gate.sentence}"
    if not gate.waivable:
        return f"the policy lets nobody waive {gate.id}"
    assert office.situation is not None
    given = (*office.situation.waivers, _waiver(office, act))
    after = plan_of(replace(office.situation, waivers=given), office.now()).gate(gate.id)
    if after is None or after.state != "waived":
        return f"your waiver would not count: {(after.notes or ('the policy says so',))[-1] if after else ''}"
    return ""


def longest(rules: Promotion | None) -> Millis:
    """How long a waiver holds."""
    most = rules.waivers.max if rules is not None else None
    return USUAL if most is None else round(seconds(most) * 1000)
