"""Whether those were asked whom the policy of then names, and whether they agreed in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from ..promotion.facts import Situation, Version
from ..promotion.freeze import freeze_gate
from ..promotion.gate import Gate
from ..promotion.gates import planned_gates
from ..promotion.people import authors, same_person
from ..promotion.people_gates import Counted, approval_gate, with_waivers
from ..promotion.policy import Policy
from ..promotion.words import NAME, called, named
from ..records import LedgerEntry, Millis, ModelVersion, Run
from ..text import clip
from .chain import of_entry
from .findings import Finding
from .gitobjects import read_commit
from .layout import Made
from .papers import Papers
from .plans import PlanText

PATIENCE: Final[Millis] = 300_000
"""So long before its entry a promotion may have been judged."""


def situation_of(entry: LedgerEntry, policy: Policy, papers: Papers) -> Situation:
    """What a bundle knows of the moment in which an entry was written."""
    asked = papers.asked(entry)
    return Situation(
        model=entry.model, alias=entry.alias, kind="rollback" if entry.kind == "rollback" else "promotion",
        shows=entry.previous, candidate=_version(entry, papers), policy=policy, actor=entry.by,
        plans=() if asked is None else (asked,), approvals=papers.approvals(entry), is_local=papers.is_local,
        is_live=True,
    )  # fmt: skip


def _version(entry: LedgerEntry, papers: Papers) -> Version:
    """Who made it, as far as anybody said."""
    made = papers.observed.versions.get(entry.version)
    commit = entry.commit or (made.commit if made else None)
    raw = papers.files.get(f"objects/{commit}.commit")
    author = None if raw is None or commit is None else read_commit(commit, raw)
    if made is None:
        return Version(name=entry.version, commit=commit, author=author)
    known = ModelVersion(
        source="", model=entry.model, version=entry.version, user=made.registered_by, run_id=made.run_id
    )  # fmt: skip
    return Version(name=entry.version, known=known, run=_run(made), commit=commit, author=author)


def _run(made: Made) -> Run | None:
    if made.trained_by is None:
        return None
    return Run(
        source="", id=made.run_id or "", experiment_id="", name="", status="finished", user=made.trained_by or None
    )  # fmt: skip


def demanded(situation: Situation, now: Millis) -> dict[str, Gate]:
    """The gates that the policy demands, by id, in whatever state."""
    return {gate.id: gate for gate in planned_gates(situation, now)}


def needs_approval(situation: Situation) -> bool:
    """Whether others had to agree."""
    rules = situation.policy.rules.approvals if situation.policy.rules else None
    return situation.kind == "promotion" and rules is not None and rules.count > 0


def of_approvals(entry: LedgerEntry, situation: Situation) -> Iterator[Finding]:
    """Whether enough others had agreed to exactly this plan when the entry was written."""
    judged = [_approval(entry, situation, at) for at in _moments(entry)]
    gate, counted = min(judged, key=lambda one: 0 if one[0] is None or one[0].state == "pass" else 1)
    good = [one.approval for one in counted if one.counts]
    if gate is not None and gate.state != "pass":
        unknown = authors(situation.candidate)[1]
        if len(good) >= _count(situation) and unknown and not situation.is_local:
            said = f"who made {called(entry.version)} is not known ({clip(unknown, 60)}): a self-review cannot be told."
            yield of_entry(entry, "unknown", "approval", said)
        else:
            found = gate.sentence if situation.is_local else f"{len(good)} of {_count(situation)}"
            said = "; ".join((f"it was not approved as the policy demands: {found}", *gate.notes))
            yield of_entry(entry, "wrong", "approval", f"{said}.")
    for person in entry.approvers:
        if not any(same_person(person, one.approval.by) for one in counted):
            said = f"it names {named(person)} as an approver, and no approval of theirs is here."
            yield of_entry(entry, "wrong", "approval", said)


def _moments(entry: LedgerEntry) -> tuple[Millis, ...]:
    return entry.at, entry.at - PATIENCE


def _approval(entry: LedgerEntry, situation: Situation, at: Millis) -> tuple[Gate | None, tuple[Counted, ...]]:
    asked = [replace(plan.by, role="requester") for plan in situation.plans]
    return approval_gate(situation, entry.plan, (*asked, replace(entry.by, role="applied it")), at)


def _count(situation: Situation) -> int:
    rules = situation.policy.rules.approvals if situation.policy.rules else None
    return rules.count if rules else 0


def of_waivers(entry: LedgerEntry, situation: Situation, plan: PlanText, papers: Papers) -> Iterator[Finding]:
    """Whether each gate that was waived was waived by whom the policy lets, for this version, and not too long ago."""
    for gate in plan.gates:
        if gate.state != "waived":
            continue
        name = clip(gate.id, 2 * NAME)
        waiver = papers.waiver(gate.waiver or "", entry)
        if waiver is None:
            yield of_entry(entry, "wrong", "waiver", f"the waiver of {name} that its plan names is not here.")
            continue
        here = replace(situation, waivers=(waiver,))
        unmet = Gate(id=gate.id, state="fail", title=gate.id.partition(":")[0], sentence="")
        judged = [with_waivers(here, (unmet,), at)[0] for at in _moments(entry)]
        if not any(one.state == "waived" for one in judged):
            why = next(
                (one.notes[-1] for one in judged if one.notes),
                "the policy lets nobody waive it, or it is of another gate",
            )
            yield of_entry(entry, "wrong", "waiver", f"{name} was not waived as the policy lets: {why}.")


def of_moment(entry: LedgerEntry, situation: Situation) -> Iterator[Finding]:
    """Whether it was written on a day of a freeze, or without a reason that the policy wants."""
    rules = situation.policy.rules
    if rules is None:
        return
    if entry.kind == "promotion":
        stopped = [[g for g in freeze_gate(rules.freeze, "promotion", at) if g.blocks] for at in _moments(entry)]
        if all(stopped):
            yield of_entry(entry, "wrong", "freeze", f"it was promoted in a freeze: {stopped[0][0].sentence}.")
    elif entry.kind == "rollback" and rules.rollback.require_reason and not entry.reason.strip():
        yield of_entry(entry, "wrong", "reason", "the policy wants a reason for a rollback, and it gives none.")
