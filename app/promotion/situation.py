"""From the cache to a plan: what is known of an alias, its versions, their evidence, and the record of both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from ..records import Actor, AliasMove, LedgerEntry, Pipeline, Promotions, Waiver
from ..settings import Promotion
from ..store.models import ModelRow, VersionRow
from ..store.reading import Reader
from ..store.state import State
from .data_facts import data_checks
from .facts import Kind, Situation, Version
from .plan import plan_of as plan_of  # here as well, for those who make a situation to have its plan
from .policy import Policy, policy_of
from .way_back import shown_before, ways_back

COMMIT_TAGS: Final = ("mlflow.source.git.commit", "git_commit")
"""Tags of a version that name its commit, where its run names none."""
_SHA: Final = re.compile(r"[0-9a-f]{7,64}")


def read_situation(
    reader: Reader,
    model: str,
    alias: str,
    *,
    actor: Actor,
    kind: Kind = "promotion",
    version: str | None = None,
    source: str | None = None,
    working: Mapping[str, Promotion] | None = None,
    state: State | None = None,
    live: Promotions | None = None,
    entries: Sequence[LedgerEntry] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Situation:
    """All that the cache knows of this alias now. Some 10 ms, most of it the policy's.

    `version`: what it is to show; without one, whoever holds the alias that the policy names, and of a rollback the
    last good version. `source`: key of the registry, where several have this model. `working`: the policies of the
    working tree. `state`: for the ledger and waivers of a project without a remote, and for where the alias was before.
    `live`, `entries`, `aliases`: what the repository, the ledger of this alias and the registry say of the model, asked
    just now, in place of what the cache has. What is not known is left out, and the plan says so.
    """
    with reader.at_one_moment():
        row = reader.models.model(model, source)
        if row is not None and aliases is not None:
            row = replace(row, model=replace(row.model, aliases=aliases))
        told = reader.promotions() if live is None else live
        policy = policy_of(told.policy, model, alias, working)
        is_local = told.policy is not None and told.policy.is_local
        kept = state if is_local else None
        ledger = _ledger(told, model, alias, kept) if entries is None else tuple(entries)
        moves = _moves(row, alias, state) if kind == "rollback" else []
        if version is None:
            version = _wanted(reader, row, alias, kind, policy, ledger, moves)
        return Situation(
            model=model, alias=alias, kind=kind, actor=actor, policy=policy, plans=told.plans,
            approvals=told.approvals, waivers=_waivers(told, model, alias, kept), entries=ledger, is_local=is_local,
            is_live=live is not None, shown=shown_before(ledger, moves),
            **_of_registry(reader, row, alias, version, policy),
        )  # fmt: skip


def _of_registry(reader: Reader, row: ModelRow | None, alias: str, version: str, policy: Policy) -> dict[str, Any]:
    """The fields of a situation that the registry and what was run tell."""
    sources = {state.source: state for state in reader.source_states()}
    candidate = _version(reader, row, version)
    told: dict[str, Any] = {
        "sources": sources, "candidate": candidate, "pipelines": _pipelines(reader, candidate.commit),
        "data": data_checks(reader, candidate, policy),
    }  # fmt: skip
    if row is None:
        return told
    model, shows = row.model, row.model.aliases.get(alias)
    state = sources.get(model.source)
    return told | {
        "source": model.source, "registry": state.address if state else "", "shows": shows, "holders": model.aliases,
        "champion": _version(reader, row, shows) if shows is not None else None,
    }  # fmt: skip


def _ledger(told: Promotions, model: str, alias: str, local: State | None) -> tuple[LedgerEntry, ...]:
    """Oldest first. Of a project without a remote those of state.db."""
    entries = local.local_entries(model, alias) if local else told.entries
    mine = [entry for entry in entries if (entry.model, entry.alias) == (model, alias)]
    return tuple(sorted(mine, key=lambda entry: (entry.number, entry.id)))


def _waivers(told: Promotions, model: str, alias: str, local: State | None) -> tuple[Waiver, ...]:
    given = (*told.waivers, *(local.local_waivers(model, alias) if local else ()))
    return tuple({one.id: one for one in given if (one.model, one.alias) == (model, alias)}.values())


def _wanted(
    reader: Reader, row: ModelRow | None, alias: str, kind: Kind, policy: Policy, entries: Sequence[LedgerEntry],
    moves: Sequence[AliasMove],
) -> str:  # fmt: skip
    """The version that is meant where nobody says which; "" where there is none."""
    if row is None:
        return ""
    if kind == "promotion":
        return row.model.aliases.get(policy.rules.candidate, "") if policy.rules else ""
    name, source = row.model.name, row.model.source
    back = ways_back(row.model.aliases.get(alias), entries, moves)
    return next((one for one in back if reader.models.version(name, one, source) is not None), back[0] if back else "")


def _moves(row: ModelRow | None, alias: str, state: State | None) -> list[AliasMove]:
    """Newest first."""
    if row is None or state is None:
        return []
    return [move for move in state.alias_moves(row.model.name, alias) if move.source == row.model.source]


def _version(reader: Reader, row: ModelRow | None, name: str) -> Version:
    if row is None or not name:
        return Version(name=name)
    found = reader.models.version(row.model.name, name, row.model.source)
    return Version(name=name) if found is None else _with_evidence(reader, found)


def _with_evidence(reader: Reader, found: VersionRow) -> Version:
    run = next(iter(reader.runs([found.run])), None) if found.run is not None else None
    named = [run.git_commit if run else None, *(found.version.tags.get(tag) for tag in COMMIT_TAGS)]
    commit = next((sha for sha in named if sha and _SHA.fullmatch(sha)), None)
    author = reader.commit(commit) if commit else None
    return Version(
        name=found.version.version, known=found.version, aliases=found.aliases, logged=found.logged, run=run,
        commit=author.sha if author else commit, author=author,
    )  # fmt: skip


def _pipelines(reader: Reader, commit: str | None) -> tuple[Pipeline, ...]:
    if commit is None:
        return ()
    return tuple(row.pipeline for row in reader.pipelines.rows(reader.pipelines.of_commit(commit)))
