"""The terminal's and the command line's side of promotions: make a plan from the cache, and have it carried out.

What is asked for is done by a process of its own, as all acts are (`acting.py`); its journal says how far it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from .acting import Acting
from .promotion import Kind, Plan, Situation, plan_of, read_situation
from .promotion.identity import open_ledger, you
from .records import LedgerEntry, Millis, Promotions, Record
from .settings import Settings
from .store.reading import Reader
from .store.state import State


class Wanted(Record, frozen=True, kw_only=True):
    """Which alias is to be moved."""

    model: str
    alias: str
    kind: Kind = "promotion"
    version: str | None = None
    """None: whoever holds the alias that the policy names, and of a rollback the last good version."""
    source: str | None = None
    """Key of the registry, where several have this model."""


class Decision(Record, frozen=True, kw_only=True):
    """A plan, and what it was made from."""

    situation: Situation
    plan: Plan
    git: str = ""
    """Key of the source that holds policy and ledger; "" without a repository."""

    def at(self, now: Millis) -> Decision:
        """The same situation, judged at another time."""
        return replace(self, plan=plan_of(self.situation, now))


def decide(
    settings: Settings, reader: Reader, state: State, wanted: Wanted, now: Millis, *, live: Promotions | None = None,
    entries: Sequence[LedgerEntry] | None = None,
) -> Decision:  # fmt: skip
    """The plan by what the cache knows. Some 20 ms, of which Git's question for who we are takes half.

    `live` and `entries`: what the remote says, where it was asked just now (`ask_remote`, `ask_ledger`).
    """
    found = read_situation(
        reader, wanted.model, wanted.alias, actor=you(settings), kind=wanted.kind, version=wanted.version,
        source=wanted.source, working=settings.promotion, state=state, live=live, entries=entries,
    )  # fmt: skip
    return Decision(situation=found, plan=plan_of(found, now), git=git_of(reader))


def without_remote(decision: Decision, trouble: str, now: Millis) -> Decision:
    """The same where the remote does not answer now: what only it can say is missing, whatever the cache has of it."""
    found = decision.situation
    state = found.sources.get(decision.git)
    if state is None:
        return decision
    sources = {**found.sources, decision.git: replace(state, state="unreachable", sentence=trouble)}
    return replace(decision, situation=replace(found, sources=sources)).at(now)


def ask_remote(settings: Settings, reader: Reader, state: State) -> Promotions:
    """Policy, plans, approvals and waivers as they are now. Blocks. Raises SourceError, UntrustedError."""
    with closing(open_ledger(settings, git_of(reader), state.path, reader.policy_text)) as ledger:
        return ledger.promotions()


def ask_ledger(settings: Settings, reader: Reader, state: State, model: str, alias: str) -> list[LedgerEntry]:
    """The entries of an alias as they are now. Blocks. Raises SourceError, UntrustedError."""
    with closing(open_ledger(settings, git_of(reader), state.path, reader.policy_text)) as ledger:
        return ledger.entries(model, alias)


def git_of(reader: Reader) -> str:
    """Key of the source that holds policy and ledger; "" without a repository."""
    return next((state.source for state in reader.source_states() if state.kind == "git"), "")


def apply(acting: Acting, plan: Plan, *, git: str, reason: str = "", ticket: str = "") -> str:
    """Have the plan applied as it was seen; gives the batch. Raises StoreError."""
    from .acts.promotions import promotion_intent, promotion_subject

    act = {"promotion": "promote", "rollback": "rollback"}[plan.kind]
    return _ask(acting, act, promotion_intent(plan, git=git, reason=reason, ticket=ticket), promotion_subject)


def ask_approval(acting: Acting, plan: Plan, *, git: str) -> str:
    """Have others see the plan, so that they can approve it; gives the batch. Raises StoreError."""
    return _agree(acting, "ask_approval", plan, git=git)


def approve(acting: Acting, plan: Plan, *, git: str, note: str = "") -> str:
    """Agree to exactly this plan; gives the batch. Raises StoreError."""
    return _agree(acting, "approve_plan", plan, git=git, note=note)


def waive(acting: Acting, plan: Plan, gate: str, why: str, *, git: str) -> str:
    """Let a gate of this version go unmet, where the policy allows it; gives the batch. Raises StoreError."""
    return _agree(acting, "waive", plan, git=git, note=why, gate=gate)


class Deciding:
    """The same for one terminal. What blocks for milliseconds may run on any thread: it opens state.db for itself."""

    def __init__(self, settings: Settings, acting: Acting, state: Path) -> None:
        self._settings = settings
        self._acting = acting
        self._state = state

    def decide(self, reader: Reader, wanted: Wanted, now: Millis) -> Decision:
        """The plan by what the cache knows."""
        with State(self._state) as state:
            return decide(self._settings, reader, state, wanted, now)

    def apply(self, decision: Decision, reason: str, ticket: str) -> str:
        """Have it done; gives the batch. Raises StoreError."""
        return apply(self._acting, decision.plan, git=decision.git, reason=reason, ticket=ticket)

    def ask_approval(self, decision: Decision) -> str:
        """Have others see it; gives the batch. Raises StoreError."""
        return ask_approval(self._acting, decision.plan, git=decision.git)

    def approve(self, decision: Decision) -> str:
        """Agree to it; gives the batch. Raises StoreError."""
        return approve(self._acting, decision.plan, git=decision.git)

    def waive(self, decision: Decision, gate: str, why: str) -> str:
        """Let a gate go unmet; gives the batch. Raises StoreError."""
        return waive(self._acting, decision.plan, gate, why, git=decision.git)


def _agree(acting: Acting, act: str, plan: Plan, **more: Any) -> str:
    from .acts.agreements import agreement_intent, agreement_subject

    return _ask(acting, act, agreement_intent(plan, **more), agreement_subject)


def _ask(acting: Acting, act: str, intent: Mapping[str, Any], subject: Any) -> str:
    return acting.ask([(act, subject(intent), intent)])
