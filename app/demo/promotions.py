"""The demo's ledger: what the team promoted over the weeks, written by the code that writes everybody's.

Each entry has the plan that there was: judged by the runs of the world, before the team had a policy. What a syncer
would have seen of the aliases meanwhile is told to state.db at the times at which it would have looked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Final

from ..paths import mirror_dir
from ..promotion import plan_of, read_situation
from ..promotion.ledgers import GitLedger
from ..records import Actor, LedgerEntry, PolicyText, Promotions
from ..settings import Settings
from ..sources.registry import build
from ..store.files import cache_file
from ..store.reading import Reader
from ..store.state import State, state_file
from ..sync.once import sync_now
from .registry import Move, read_book
from .team import HOUR, MINUTE, TEAM

SEEN_AFTER: Final = MINUTE
_LOOKED_BEFORE: Final = 3 * HOUR


def write_ledger(settings: Settings, report: Callable[[str], None]) -> None:
    """Read the world into its cache, and write the ledger of its aliases: some seconds. It is trusted by now."""
    report("Writing the ledger of what was promoted")
    book = read_book(settings.root)
    _forget(settings)
    cache = cache_file(settings.personal.cache.path, settings.project_key)
    keys = {source.spec.kind: source.spec.key for source in build(settings)}
    with State(state_file(settings.project_key)) as state:
        _look(state, keys["registry"], book.moves)
    sync_now(settings, cache, names=("git", "mlflow", "models", "gx", "dbt", "evidently"))
    ledger = GitLedger(keys["git"], settings.remote, mirror_dir(settings.repository))
    with closing(Reader(cache)) as reader, closing(ledger):
        for move in book.moves:
            if move.kind:
                _enter(reader, ledger, move)
    # with the past of the checks that runs keep as artifacts, of which a pass reads three runs only
    sync_now(settings, cache, names=("git", "evidently"), full=True)
    sync_now(settings, cache)  # and production: the first screen is of all that there is


def _forget(settings: Settings) -> None:
    """What was known of a world that was in this place before: its runs and versions are gone."""
    kept = state_file(settings.project_key)
    for ending in ("", "-wal", "-shm"):
        kept.with_name(kept.name + ending).unlink(missing_ok=True)


def _look(state: State, source: str, moves: tuple[Move, ...]) -> None:
    """A look before each move, and one soon after it."""
    shown: dict[str, dict[str, str]] = {move.model: {} for move in moves}
    for move in sorted(moves, key=lambda one: one.at):
        before = move.at - (_LOOKED_BEFORE if not move.kind and move.alias == "champion" else MINUTE)
        state.observe_aliases(source, shown, (), before)
        if move.version is not None:
            shown[move.model][move.alias] = move.version
        state.observe_aliases(source, shown, (), move.at + SEEN_AFTER)


def _enter(reader: Reader, ledger: GitLedger, move: Move) -> None:
    """The entry that this move left."""
    person = TEAM[move.who]
    actor = Actor(name=person.name, email=person.email)
    entries = ledger.entries(move.model, move.alias)
    found = read_situation(
        reader, move.model, move.alias, actor=actor, kind="rollback" if move.kind == "rollback" else "promotion",
        version=move.version, live=Promotions(policy=_no_policy_yet(reader)), entries=entries,
        aliases={move.alias: move.previous} if move.previous else {},
    )  # fmt: skip
    plan = plan_of(found, move.at)
    ledger.keep_plan(plan.id, plan.text, actor, move.at)
    last = entries[-1] if entries else None
    ledger.append(
        LedgerEntry(
            source="", model=move.model, alias=move.alias, number=last.number + 1 if last else 1, id="",
            kind="rollback" if move.kind == "rollback" else "promotion", version=plan.to_version,
            previous=move.previous, before=last.id if last else "", at=move.at, by=actor,
            policy_commit=plan.policy_commit, plan=plan.id, gates={gate.id: gate.state for gate in plan.gates},
            reason=move.reason, commit=found.candidate.commit, registry=plan.registry,
        )
    )  # fmt: skip


def _no_policy_yet(reader: Reader) -> PolicyText | None:
    """The team wrote one down after these promotions."""
    told = reader.policy_text()
    if told is None:
        return None
    commits = reader.commits(1_000)
    first = commits[-1].sha if commits else told.commit
    return PolicyText(source=told.source, branch=told.branch, commit=first, path=told.path, text=None)
