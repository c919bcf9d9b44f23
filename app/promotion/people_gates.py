"""approval, and waivers: who agreed to the plan, and who lets a gate go unmet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..records import Actor, Millis, PlanApproval, Record, Waiver
from ..settings import Approvals, Waivers
from ..text import clip, fit, one_line
from .ages import millis
from .facts import Situation
from .gate import GOES_ON, NEVER_WAIVED, Gate
from .people import authors, is_named, same_person
from .policy import TEAM, Policy
from .words import NAME, SKEW, abbreviated, called, lasting, listed, named, sworn


class Counted(Record, frozen=True, kw_only=True):
    """An approval of the plan, and whether it counts."""

    approval: PlanApproval
    counts: bool
    why: str = ""
    """Why it does not."""


# -- approvals


def approval_gate(
    situation: Situation, plan: str, requesters: Sequence[Actor], now: Millis
) -> tuple[Gate | None, tuple[Counted, ...]]:
    """The gate, None where the policy demands no approval; and all approvals of this plan, in their order."""
    rules = situation.policy.rules.approvals if situation.policy.rules else None
    given = [one for one in situation.approvals if one.plan == plan]
    if situation.kind == "rollback" or rules is None or rules.count == 0:
        return None, tuple(Counted(approval=one, counts=False, why="none is demanded") for one in given)
    makers, unknown = authors(situation.candidate) if rules.prevent_self_review else ((), "")
    counted = tuple(_counted(given, rules, (*makers, *requesters), situation, now))
    good = [one.approval for one in counted if one.counts]
    gate = Gate(
        id="approval", title="approval", state="pass", value=f"{len(good)} of {rules.count}", bound=_bound(rules),
        at=min((one.at for one in good), default=None), sentence=_sentence(rules, good, makers, requesters, situation),
        notes=(*_unread_signers(situation, rules), *(_note(one) for one in counted if not one.counts)),
    )  # fmt: skip
    if situation.repository:
        gate = gate.but(state="missing", sentence=situation.repository)
    elif situation.is_local:
        gate = gate.but(state="missing", sentence="another person's approval cannot be had here: there is no remote")
    elif unknown:
        said = f"who made {called(situation.candidate.name)} is not known ({unknown}): a self-review cannot be told"
        gate = gate.but(state="missing", sentence=said)
    elif len(good) < rules.count:
        gate = gate.but(state="missing")
    return gate, counted


def _counted(
    given: Iterable[PlanApproval], rules: Approvals, makers: Sequence[Actor], situation: Situation, now: Millis
) -> Iterator[Counted]:
    """Two approvals of one person are one."""
    people: list[Actor] = []
    for one in sorted(given, key=lambda approval: (approval.at, approval.id)):
        why = _refusal(one, rules, makers, situation, now)
        if not why and any(same_person(one.by, other) for other in people):
            why = "approved already"
        if not why:
            people.append(one.by)
        yield Counted(approval=one, counts=not why, why=why)


def _refusal(one: PlanApproval, rules: Approvals, makers: Sequence[Actor], situation: Situation, now: Millis) -> str:
    """Why an approval does not count; "" where it does."""
    if why := _too_weak(one.by, rules.accept, rules.signers):
        return why
    if rules.who and not is_named(one.by, rules.who, situation.policy.teams):
        return f"not in {_called(rules.who)}"
    if rules.prevent_self_review and (maker := next((who for who in makers if same_person(one.by, who)), None)):
        also = "" if maker.name == one.by.name else f", as {named(maker)}"
        return f"own work ({maker.role}{also})"
    if one.at > now + SKEW:
        return "dated in the future"
    if rules.expires is not None and now - one.at > millis(rules.expires):
        return f"expired: {lasting(now - one.at)} old"
    return ""


def _too_weak(by: Actor, accept: Sequence[str], signers: str) -> str:
    """Why it is not known well enough who somebody is; "" where it is. `signers`: the file that this policy names."""
    if by.strength == "signed" and by.files and signers not in by.files:
        if "claimed" in accept:
            return ""
        return f"{clip(signers, NAME)} does not name their key" if signers else "your own signers do not name their key"
    return "" if by.strength in accept else f"only {by.strength}"


def _note(one: Counted) -> str:
    return f"{sworn(one.approval.by)} does not count: {one.why}"


def _sentence(
    rules: Approvals, good: Sequence[PlanApproval], makers: Sequence[Actor], requesters: Sequence[Actor],
    situation: Situation,
) -> str:  # fmt: skip
    if len(good) >= rules.count:
        return f"{len(good)} of {rules.count}: {listed(sworn(one.by) for one in good)}"
    wanted = f", from {_called(rules.who)}" if rules.who else ""
    return f"{len(good)} of {rules.count}{wanted}{_but(rules, makers, requesters, situation.actor)}"


def _but(rules: Approvals, makers: Sequence[Actor], requesters: Sequence[Actor], you: Actor) -> str:
    """Whose approval would not count: `, not bo, not you (requester)`."""
    if not rules.prevent_self_review:
        return ""
    others: list[Actor] = []
    for person in (*makers, *requesters):
        if not any(same_person(person, other) for other in (you, *others)):
            others.append(person)
    asked = any(person.role == "requester" and same_person(person, you) for person in requesters)
    return "".join(f", not {named(person)}" for person in others) + f", not you{' (requester)' if asked else ''}"


def _called(who: Iterable[str]) -> str:
    return listed(
        (f"team {clip(one.removeprefix(TEAM), NAME)}" if one.startswith(TEAM) else clip(one, NAME) for one in who), 40
    )


def _bound(rules: Approvals) -> str:
    words = [f"{rules.count} {'approval' if rules.count == 1 else 'approvals'}"]
    words += [f"from {_called(rules.who)}"] if rules.who else []
    words += [f"at most {rules.expires} old"] if rules.expires else []
    return ", ".join(words)


def _unread_signers(situation: Situation, rules: Approvals) -> tuple[str, ...]:
    """What keeps anybody's signature from counting."""
    text = situation.policy.text
    if not rules.signers or text is None or text.signers.get(rules.signers):
        return ()
    return (f"{clip(rules.signers, NAME)} is not there at {abbreviated(text.commit)}: no signature counts",)


# -- waivers


def with_waivers(situation: Situation, gates: Iterable[Gate], now: Millis) -> tuple[Gate, ...]:
    """The gates, those waived of which the policy allows it and somebody it names has said so."""
    rules = situation.policy.rules.waivers if situation.policy.rules else Waivers()
    return tuple(_perhaps_waived(situation, gate, rules, now) for gate in gates)


def _perhaps_waived(situation: Situation, gate: Gate, rules: Waivers, now: Millis) -> Gate:
    if gate.family in NEVER_WAIVED or not {gate.id, gate.family} & set(rules.gates):
        return gate
    gate = gate.but(waivable=True)
    given = [one for one in situation.waivers if _is_of(one, situation, gate)]
    if gate.state in GOES_ON or not given:
        return gate
    refused = {one.id: _why_not(one, rules, situation.policy, now) for one in given}
    good = [one for one in given if not refused[one.id]]
    notes = tuple(f"{sworn(one.by)} may not waive it: {refused[one.id]}" for one in given if refused[one.id])
    if not good:
        return gate.but(notes=(*gate.notes, *notes))
    waiver = max(good, key=lambda one: (one.until, one.id))
    said = f"waived by {sworn(waiver.by)}: {one_line(waiver.why)}"
    met = f"without it: {gate.state}, {gate.sentence}"
    return gate.but(state="waived", waived=waiver, sentence=fit(said, 2 * NAME + 24), notes=(*gate.notes, met))


def _is_of(one: Waiver, situation: Situation, gate: Gate) -> bool:
    here = (situation.model, situation.alias, situation.candidate.name, gate.id)
    is_elsewhere = one.registry and situation.registry and one.registry != situation.registry
    return (one.model, one.alias, one.version, one.gate) == here and not is_elsewhere


def _why_not(one: Waiver, rules: Waivers, policy: Policy, now: Millis) -> str:
    approvals = policy.rules.approvals if policy.rules else None
    signers = approvals.signers if approvals else ""
    if why := _too_weak(one.by, rules.accept, signers):
        return why
    if not is_named(one.by, rules.who, policy.teams):
        return "the policy does not name them"
    if not one.why.strip():
        return "no reason is given"
    if one.at > now + SKEW:
        return "dated in the future"
    if now >= one.until:
        return "it ended"
    if rules.max is not None and one.until - one.at > millis(rules.max):
        return f"longer than {rules.max}"
    return ""
