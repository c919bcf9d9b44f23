"""What a team writes down when it moves an alias: policy, plans, approvals, waivers and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .record import Millis, Record

Strength: TypeAlias = Literal["signed", "forge", "claimed"]
"""signed: a signature was verified against the allowed signers; forge: the provider named the user; claimed: settings
or login say so, and nothing proves it."""


class Actor(Record, frozen=True, kw_only=True):
    """Who did something, and how well that is known."""

    name: str
    email: str = ""
    strength: Strength = "claimed"
    role: str = ""
    """requester, approver, waiver ..."""
    also: tuple[str, ...] = ()
    """Other addresses for which the key of the signature stands."""
    files: tuple[str, ...] = ()
    """The files of allowed signers by which the signature holds, "" for one's own; () where that was not asked."""


EntryKind: TypeAlias = Literal["promotion", "rollback", "cancel"]


class LedgerEntry(Record, frozen=True, kw_only=True):
    """One assignment of an alias, as the ledger has it. `version` is what the alias is to show after it."""

    source: str
    """Key of the Git source; "" for the local ledger of a project without a remote."""
    model: str
    alias: str
    number: int
    """1, 2, 3 ... without a gap."""
    id: str
    """Of the tag object in Git, which holds the signature; of the local ledger a digest."""
    kind: EntryKind = "promotion"
    version: str
    previous: str | None = None
    """What the alias showed when the plan was made; None when there was no such alias."""
    before: str = ""
    """Id of the entry before this one; "" for the first."""
    cancels: int | None = None
    """Number of the entry that this one takes back (kind cancel)."""
    at: Millis
    by: Actor
    approvers: tuple[Actor, ...] = ()
    policy_commit: str = ""
    policy_digest: str = ""
    plan: str = ""
    """Hash of the plan that was applied."""
    gates: Mapping[str, str] = {}
    """State of each gate at that time."""
    reason: str = ""
    ticket: str = ""
    commit: str | None = None
    """The candidate's commit, where a remote branch held it."""
    act: str = ""
    """The journal entry of whoever made it: how an act that was cut off finds its own entry again."""
    registry: str = ""
    """Address of the registry, without a login."""
    trouble: str = ""
    """Why this entry cannot be read as one; then only number and id count."""


class StoredPlan(Record, frozen=True, kw_only=True):
    """A plan that somebody asked others to approve."""

    source: str
    id: str
    """SHA-256 of `text`, in hex."""
    text: str
    """Canonical JSON."""
    by: Actor
    at: Millis


class PlanApproval(Record, frozen=True, kw_only=True):
    """Somebody agreed to exactly this plan."""

    source: str
    id: str
    plan: str
    by: Actor
    at: Millis
    note: str = ""


class Waiver(Record, frozen=True, kw_only=True):
    """Somebody lets one gate of one version go unmet, until a time."""

    source: str
    id: str
    model: str
    alias: str
    version: str
    gate: str
    by: Actor
    why: str
    at: Millis
    until: Millis
    registry: str = ""
    """Address of the registry, without a login: another one may have a model of the same name."""


class PolicyText(Record, frozen=True, kw_only=True):
    """quarterdeck.toml as the remote's default branch has it."""

    source: str
    branch: str
    """`origin/main`, or `main` where there is no remote."""
    commit: str
    """The last one there that changed this file, or a file of signers that it names."""
    at: Millis | None = None
    """When that commit was made."""
    path: str = "quarterdeck.toml"
    text: str | None = None
    """None: that branch has no such file."""
    signers: Mapping[str, str] = {}
    """Path -> content of the allowed-signers files that policies of this text name."""
    is_local: bool = False
    """There is no remote: nobody else can see or have agreed to it."""


class Promotions(Record, frozen=True, kw_only=True):
    """All that one Git repository says of promotions."""

    policy: PolicyText | None = None
    entries: tuple[LedgerEntry, ...] = ()
    plans: tuple[StoredPlan, ...] = ()
    approvals: tuple[PlanApproval, ...] = ()
    waivers: tuple[Waiver, ...] = ()
