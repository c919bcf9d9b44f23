"""The terminal's and the command line's side of promotions: make a plan from the cache, and have it carried out.

What is asked for is done by a process of its own, as all acts are (`acting.py`); its journal says how far it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .acting import Acting
from .promotion import Kind, Plan, plan_of, read_situation
from .promotion.identity import you
from .records import Millis
from .settings import Settings
from .store.reading import Reader
from .store.state import State


def plan(
    settings: Settings, reader: Reader, state: State, model: str, alias: str, now: Millis, *,
    kind: Kind = "promotion", version: str | None = None, source: str | None = None,
) -> Plan:  # fmt: skip
    """The plan by what the cache knows. Some 20 ms, of which Git's question for who we are takes half."""
    found = read_situation(
        reader, model, alias, actor=you(settings), kind=kind, version=version, source=source,
        working=settings.promotion, state=state,
    )  # fmt: skip
    return plan_of(found, now)


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


def _agree(acting: Acting, act: str, plan: Plan, **more: Any) -> str:
    from .acts.agreements import agreement_intent, agreement_subject

    return _ask(acting, act, agreement_intent(plan, **more), agreement_subject)


def _ask(acting: Acting, act: str, intent: Mapping[str, Any], subject: Any) -> str:
    return acting.ask([(act, subject(intent), intent)])
