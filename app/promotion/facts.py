"""All that a plan is made from: one record of what was known, and nothing that asks for more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from ..records import (
    Actor,
    Check,
    CheckResult,
    Commit,
    LedgerEntry,
    LoggedModel,
    Millis,
    ModelVersion,
    Outcome,
    PastResult,
    Pipeline,
    PlanApproval,
    Record,
    Run,
    SourceState,
    StoredPlan,
    Subject,
    Waiver,
)  # fmt: skip
from ..text import clip
from .policy import Policy
from .words import NAME

Kind: TypeAlias = Literal["promotion", "rollback"]

WELL: Final = frozenset({"ok", "limited"})
"""States of a source whose word counts."""


class Version(Record, frozen=True, kw_only=True):
    """A version of a model, with the evidence that there is of it."""

    name: str
    """The version as the registry writes it."""
    known: ModelVersion | None = None
    """None: the registry has no such version, as far as the cache knows."""
    aliases: tuple[str, ...] = ()
    logged: LoggedModel | None = None
    run: Run | None = None
    commit: str | None = None
    """The commit that its run, or else a tag of it, names."""
    author: Commit | None = None
    """That commit, where the history has it."""


SpeaksBy: TypeAlias = Literal["id", "digest", "commit", "declared", "name"]
"""How it is known that a check speaks for some data, the surest first. id: its result is an artifact of the very run;
declared: [[datasets]] of the policy's own text says so; name: they are called the same, which is no proof."""


class DataCheck(Record, frozen=True, kw_only=True):
    """A check that speaks for the candidate's data, or might."""

    check: Check
    dataset: str = ""
    """The declared name of what it checked; "" where the policy's text declares none."""
    by: SpeaksBy
    complaint: str = ""
    """Why a later run of its suite gave no word of it: it had no results, or its file is cut."""
    past: PastResult | None = None
    """The result that speaks, where it is of the candidate's own run, commit or data; None: the newest of the check."""

    @property
    def result(self) -> CheckResult:
        """What it said."""
        return self.check.newest if self.past is None else self.past.result

    @property
    def outcome(self) -> Outcome:
        """How that went."""
        return self.result.outcome

    @property
    def at(self) -> Millis:
        """When the data was checked."""
        return self.check.checked_at if self.past is None else self.past.at

    @property
    def subject(self) -> str:
        """As evidence: the result that speaks, else the check with whatever it says last."""
        if self.past is None:
            return str(Subject(kind="check", parts=(self.check.id,)))
        return str(Subject(kind="result", parts=(self.past.id,)))


class Situation(Record, frozen=True, kw_only=True):
    """What was known when a plan was asked for."""

    model: str
    alias: str
    kind: Kind = "promotion"
    registry: str = ""
    """Address of the registry, without a login."""
    source: str = ""
    """Key of the registry's source; "" where no registry has this model."""
    shows: str | None = None
    """The version that the alias points at; None: there is no such alias."""
    shown: frozenset[str] = frozenset()
    """Of a rollback: versions that the alias is known to have shown."""
    candidate: Version
    """What the alias is to point at; its name is "" where none was found."""
    champion: Version | None = None
    """What it points at now."""
    holders: Mapping[str, str] = {}
    """All aliases of the model: alias -> version."""
    policy: Policy = Policy()
    pipelines: tuple[Pipeline, ...] = ()
    """What ran on the candidate's commit, newest first."""
    data: tuple[DataCheck, ...] = ()
    """Checks of the candidate's data, each once, by the surest link; where the policy demands none, none."""
    sources: Mapping[str, SourceState] = {}
    """How each source is doing, by its key."""
    actor: Actor
    """Who asks for the plan, and would apply it."""
    plans: tuple[StoredPlan, ...] = ()
    approvals: tuple[PlanApproval, ...] = ()
    """Of any plan."""
    waivers: tuple[Waiver, ...] = ()
    """Of this alias."""
    entries: tuple[LedgerEntry, ...] = ()
    """The ledger of this alias, oldest first."""
    is_local: bool = False
    """There is no remote: the ledger is a local one, and nobody else can approve."""
    is_live: bool = False
    """Policy, approvals, waivers and ledger were read just now, and not taken from the cache."""

    @property
    def well_known(self) -> bool:
        """Whether the registry was found, and answers."""
        return not self.trouble(self.source)

    def trouble(self, key: str) -> str:
        """Why what a source says does not count now; "" where it does."""
        state = self.sources.get(key)
        if state is None:
            return "no source of the settings says so" if key else "no registry has this model"
        if state.state in WELL:
            return ""
        said = "it was never read" if state.state == "never" else f"it is {state.state}"
        return f"{clip(state.name, NAME)}: {clip(state.sentence, 300) or said}"

    @property
    def repository(self) -> str:
        """Why the repository cannot be read now; "" where it can."""
        if self.is_live:
            return ""
        text = self.policy.text
        if text is not None:
            return self.trouble(text.source)
        gits = [key for key, state in self.sources.items() if state.kind == "git"]
        return next(filter(None, map(self.trouble, gits)), "")
