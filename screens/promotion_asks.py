"""What a person can say of a plan besides doing it: ask for approvals, approve it, waive a gate. Pure functions."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from ..app.deciding import Decision
from ..app.promotion import GOES_ON, Gate, plan_of, same_person
from ..app.promotion.words import called, named, sworn
from ..app.records import Millis, PlanApproval, StoredPlan
from ..app.text import clip, shown
from ..widgets.figures import age
from ..widgets.line import Piece

OURS: Final = "ours"
"""Id of an approval that nobody gave yet."""

Lines = list[list[Piece]]


class Say(NamedTuple):
    """What `A` does here: ask for approvals, approve; nothing, and then why."""

    does: Literal["ask", "approve", ""]
    says: str
    """Why it does nothing, else what there is to be known before it does."""
    hint: str = ""
    """The same in a few cells, for the gate's row."""


def say_of(decision: Decision, now: Millis) -> Say:
    """What is left to say of this plan for whoever sits here."""
    plan, situation = decision.plan, decision.situation
    gate = plan.gate("approval")
    if gate is None:
        kind = "a rollback waits for nobody's approval" if plan.kind == "rollback" else "the policy wants no approval"
        return Say("", f"{kind}: nobody has to be asked")
    if situation.is_local:
        return Say("", gate.sentence)
    if gate.state == "pass":
        return Say("", f"it is approved: {gate.sentence}")
    asked = [stored for stored in situation.plans if stored.id == plan.id]
    mine = next((stored for stored in asked if same_person(stored.by, situation.actor)), None)
    if mine is not None:
        return Say("", _waits(decision, mine, now), f"asked {age(mine.at, now)}")
    if not asked:
        return Say("ask", "", "A asks")
    return _approval(decision, asked[0], now)


def _waits(decision: Decision, asked: StoredPlan, now: Millis) -> str:
    when = age(asked.at, now)
    ago = "just now" if when in ("now", "ahead") else f"{when} ago"
    return f"you asked for it {ago}: others approve it with `quarterdeck approve {decision.plan.short}`, or A here"


def _approval(decision: Decision, asked: StoredPlan, now: Millis) -> Say:
    """Whether an approval of ours would count for whoever asked."""
    situation = decision.situation
    ours = PlanApproval(source="", id=OURS, plan=decision.plan.id, by=situation.actor, at=now)
    theirs = replace(situation, actor=asked.by, approvals=(*situation.approvals, ours))
    found = next((one for one in plan_of(theirs, now).approvals if one.approval.id == OURS), None)
    if found is not None and not found.counts and found.why == "approved already":
        return Say("", "you approved it already", "approved")
    if found is not None and not found.counts:
        return Say("", f"{named(asked.by)} asks for approvals, and yours would not count: {found.why}")
    return Say("approve", "", "A approves")


# -- the questions ----------------------------------------------------------------------------------------------


def ask_lines(decision: Decision) -> Lines:
    """What asking for approvals does."""
    plan, gate = decision.plan, decision.plan.gate("approval")
    needs = f"   it needs {gate.bound}" if gate is not None and gate.bound else ""
    stopping = [one for one in plan.gates if one.blocks and one.id != "approval"]
    lines: Lines = [
        [(" ask for approval of ", "text"), *_which(decision)],
        [(f" as {sworn(decision.situation.actor)}{needs}", "text")],
        [],
        [("   push refs/quarterdeck/plans/", "dim"), (f"{plan.id[:12]}…", "dim")],
        [],
    ]
    if stopping:
        names = ", ".join(clip(one.id, 30) for one in stopping[:4])
        lines.insert(2, [(f" other gates stop it as well: {names}", "warn")])
        lines.insert(3, [(" what is approved is this very state: when a gate changes, it is asked for anew", "dim")])
    return [*lines, [(" nothing is promoted by it; whoever the policy names approves it", "dim")]]


def approve_lines(decision: Decision) -> Lines:
    """What an approval says."""
    plan = decision.plan
    stopping = [one for one in plan.gates if one.blocks and one.id not in ("approval", "freeze", "ledger")]
    told: Lines = [
        [(" approve ", "text"), *_which(decision)],
        [(f" as {sworn(decision.situation.actor)}", "text")],
        [],
        [(f"   push refs/quarterdeck/approvals/{plan.id[:12]}…", "dim")],
        [],
        [(" it holds for exactly this plan: when a gate or its evidence changes, it counts no more", "dim")],
    ]
    if stopping:
        told.insert(2, [(f" it does not pass: {', '.join(clip(one.id, 30) for one in stopping[:4])}", "warn")])
    return told


def why_no_waiver(decision: Decision, gate: Gate | None, name: str) -> str:
    """Why a gate cannot be waived; "" where it can."""
    if gate is None:
        known = ", ".join(shown(one.id) for one in decision.plan.gates if one.waivable) or "none can be waived"
        return f"the plan has no gate {clip(name, 40)}: {known}"
    if decision.plan.kind == "rollback":
        return "gates stop no rollback: there is nothing to waive"
    if gate.state in GOES_ON:
        return f"{shown(gate.id)} stops nothing: there is nothing to waive"
    if not gate.waivable:
        return f"the policy lets nobody waive {shown(gate.id)}"
    return ""


def waive_lines(decision: Decision, gate: Gate, why: str) -> Lines:
    """What a waiver says."""
    plan, rules = decision.plan, decision.situation.policy.rules
    most = (rules.waivers.max if rules is not None else None) or "24h"
    return [
        [(" waive ", "text"), (clip(gate.id, 60), "bright"), (" of ", "text"), (called(plan.to_version), "bright"),
         (f" for {clip(plan.model, 40)}@{clip(plan.alias, 40)}, {most} long", "text")],
        [(f" as {sworn(decision.situation.actor)}", "text")],
        [],
        [("   now     ", "dim"), (f"{gate.state}: {clip(gate.sentence, 120)}", "text")],
        [("   reason  ", "dim"), (clip(why, 200), "text")],
        [],
        [(" whoever promotes sees it, and it stands in the ledger; it ends by itself", "dim")],
    ]  # fmt: skip


def _which(decision: Decision) -> list[Piece]:
    plan = decision.plan
    made: list[Piece] = [(f"plan {plan.short}", "bright"), (": ", "text")]
    what = f"{clip(plan.model, 40)}@{clip(plan.alias, 40)} {called(plan.from_version)} → {called(plan.to_version)}"
    return [*made, (what, "bright")]
