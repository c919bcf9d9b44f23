"""Moving an alias by a plan: promotion, and the way back.

The plan that somebody saw is made anew from what is there now, and must be the same to the letter; then the ledger is
written and the alias moved (`promotion/apply.py`). What a crash cut off is finished or taken back later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final, cast

from ..errors import QuarterdeckError, SourceError, UsageError
from ..promotion import Plan, differences
from ..promotion.apply import LIMIT_SECONDS, Applied, apply, resume
from ..records import LedgerEntry, Subject, Want
from ..store.state import Act, ActState
from ..text import clip
from . import Outcome, Surroundings, Tried, Verdict, called
from .office import Office, Registers, in_thread, use_style

PATIENCE: Final = 300.0
"""Seconds: a dozen connections to Git, each given up after 30 s."""


class PromotionOutcome(Outcome, frozen=True):
    """What came of moving an alias."""

    model: str
    alias: str
    version: str
    previous: str | None
    plan: str
    number: int | None
    """Of the ledger's entry that says what holds now."""
    git: str = ""
    """Key of the repository's source."""


def promotion_intent(plan: Plan, *, git: str, reason: str = "", ticket: str = "") -> dict[str, Any]:
    """What the journal keeps of a plan that is to be applied. `git` is the key of the repository's source."""
    name = f"{clip(plan.model, 60)}@{clip(plan.alias, 60)}"
    return {
        "source": plan.source, "git": git, "model": plan.model, "alias": plan.alias, "version": plan.to_version,
        "from": plan.from_version, "kind": plan.kind, "plan": plan.id, "text": plan.text, "name": name,
        "reason": reason, "ticket": ticket,
    }  # fmt: skip


def promotion_subject(intent: Mapping[str, Any]) -> str:
    """What the journal writes the act under."""
    return str(Subject(kind="alias", parts=(intent["model"], intent["alias"])))


class PromotionActs:
    """Moved once, by one person, as everybody can read afterwards."""

    acts = frozenset({"promote", "rollback"})
    nobody = "No source of this project has models whose aliases can be moved: the settings name no MLflow."
    once = acts
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    patience = PATIENCE

    def takes(self, source: object) -> bool:
        """Any registry that can be written."""
        return isinstance(source, Registers)

    def bind(self, source: Registers, around: Surroundings) -> Office:
        """With the ledger and the cache."""
        return Office(source, around)

    def check(self, act: Act) -> None:
        """Raise UsageError where it is not said what is to be moved where."""
        for needed in ("model", "alias", "version", "plan"):
            if not act.intent.get(needed):
                raise UsageError(f"The act names no {needed}.")

    def unable(self, source: Office, act: Act) -> str:
        """A store that is not ours to write says so itself."""
        return ""

    async def look(self, source: Office, act: Act) -> Plan | None:
        """The plan as it is now. Raises SourceError."""
        return await source.plan(act.intent)

    def refusal(self, act: Act, thing: Plan | None) -> str:
        """Another plan than the person saw, or one that a gate stops."""
        if thing is None or thing.id != act.intent["plan"]:
            said = "; ".join(differences(act.intent["text"], thing)) if thing is not None else ""
            return f"{called(act)}: it is not the plan that you saw: {said or 'it changed'}. Nothing was changed."
        if not thing.applicable:
            return f"{called(act)} is blocked: {thing.blocked}. Nothing was changed."
        if thing.needs_reason and not act.intent.get("reason", "").strip():
            return f"{called(act)}: the policy wants a reason. Nothing was changed."
        return ""

    def before(self, act: Act, thing: Plan) -> Any:
        """What the alias showed."""
        return thing.from_version

    def alone(self, act: Act) -> str:
        """One at a time moves an alias."""
        return alias_lock(act.intent)

    async def do(self, source: Office, act: Act) -> Mapping[str, Any]:
        """Write the entry, move the alias. Raises RefusedError, SourceError."""
        plan = source.latest
        assert plan is not None  # it was looked at under the same lock
        async with source.ledger() as ledger:
            use_style(ledger, plan)
            try:
                draft = draft_of(source, plan, act)
                source.applied = await apply(draft, ledger, source.registry, source.now, source.say(act))
            except SourceError as error:
                if source.point in ("", "ledger"):
                    raise
                if source.point == "push" and error.state != "unreachable":
                    source.point = ""
                raise SourceError(str(error)) from error  # something may have been written: not simply refused
            if not ledger.is_local:  # for an auditor, beside the entry; the alias does not wait for it
                with suppress(QuarterdeckError):
                    await in_thread(ledger.keep_plan, plan.id, plan.text, source.actor, source.now())
        return {"number": source.applied.entry.number if source.applied.entry else None}

    async def verdict(self, source: Office, act: Act, tried: Tried) -> Verdict:
        """What came of it; one that was cut off is finished or taken back. Raises SourceError."""
        if tried.is_denied:
            return Verdict("failed", tried.trouble, {"is_refused": True})
        if source.applied is None:
            intent = act.intent
            async with source.ledger() as ledger:
                source.applied = await resume(
                    act.id, intent["model"], intent["alias"], ledger, source.registry, source.now, _unheard
                )  # fmt: skip
            because = f"{tried.trouble} " if tried.trouble and source.applied.state != "done" else ""
            if source.applied.entry is None and _may_come(source, act, tried):
                source.applied = None
                told = f"The remote did not say whether it took the entry of {called(act)}: it may yet come."
                return Verdict("open", told)
            return _verdict(source.applied, because)
        return _verdict(source.applied)

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> PromotionOutcome:
        """With the entry."""
        intent, told = act.intent, ((act.outcome or {}).get("read_back") or {})
        return PromotionOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=intent["source"], state=state, sentence=sentence,
            is_refused=is_refused or bool(told.get("is_refused")), model=intent["model"], alias=intent["alias"],
            version=intent["version"], previous=intent["from"], plan=intent["plan"], number=told.get("number"),
            git=intent.get("git", ""),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The models, with the versions whose aliases moved."""
        of_models: dict[tuple[str, str], dict[str, None]] = {}
        for one in cast("Sequence[PromotionOutcome]", outcomes):
            versions = of_models.setdefault((one.source, one.model), {})
            versions |= dict.fromkeys(name for name in (one.version, one.previous) if name)
        found = [Want(kind="model", source=key, model=model, keys=tuple(of)) for (key, model), of in of_models.items()]
        return [*ledger_wants(outcomes), *found]


def ledger_wants(outcomes: Sequence[Any]) -> list[Want]:
    """What is written down, as it is afterwards."""
    return [Want(kind="ledger", source=git) for git in dict.fromkeys(one.git for one in outcomes) if git]


def _may_come(office: Office, act: Act, tried: Tried) -> bool:
    """Whether an entry that is not there may still be on its way: who sent it is gone, or had no answer."""
    point = act.intent.get("point", "") if tried.is_late else office.point
    return point not in ("", "ledger") and tried.age < LIMIT_SECONDS


def draft_of(office: Office, plan: Plan, act: Act) -> LedgerEntry:
    """The entry that is to be written; its number and its predecessor are found when it is."""
    situation = office.situation
    assert situation is not None  # the plan was made from it
    approvers = tuple(one.approval.by for one in plan.approvals if one.counts)
    return LedgerEntry(
        source="", model=plan.model, alias=plan.alias, number=0, id="", kind=plan.kind, version=plan.to_version,
        previous=plan.from_version, at=office.now(), by=office.actor, approvers=approvers,
        policy_commit=plan.policy_commit, policy_digest=plan.policy_digest, plan=plan.id,
        gates={gate.id: gate.state for gate in plan.gates}, reason=act.intent.get("reason", ""),
        ticket=act.intent.get("ticket", ""), commit=situation.candidate.commit, act=act.id, registry=plan.registry,
    )  # fmt: skip


def alias_lock(intent: Mapping[str, Any]) -> str:
    """A name that all acts on one alias share."""
    words = "\0".join((intent["source"], intent["model"], intent["alias"])).encode("utf-8", "surrogatepass")
    return f"alias-{blake2b(words, digest_size=8).hexdigest()}"


def _verdict(applied: Applied, because: str = "") -> Verdict:
    entry = applied.entry
    told = {
        "number": entry.number if entry else None, "version": entry.version if entry else None,
        "by": entry.by.name if entry else None, "is_refused": applied.is_refused,
    }  # fmt: skip
    return Verdict(applied.state, f"{because}{applied.sentence}", told)


async def _unheard(point: str, detail: str) -> None:
    """Nobody watches an act that is looked for afterwards."""
