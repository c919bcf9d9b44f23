"""The ledger of each alias of a model, as the cache has it, beside what was seen of the alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..records import AliasMove, LedgerEntry, Millis, Promotions, Record, SourceState
from ..store.explanations import Explanation
from ..store.happened import Explainer, governed
from ..store.reading import Reader
from ..store.state import State
from .chain import Seen, chain_of, in_order, moves_of, shown_of
from .findings import Finding, worst_first


class Book(Record, frozen=True, kw_only=True):
    """The ledger of one alias."""

    model: str
    alias: str
    entries: tuple[LedgerEntry, ...] = ()
    """By number."""
    is_local: bool = False
    """Kept in state.db, because there is no remote."""
    registry: str | None = None
    """Key of the registry that the entries speak of; None where no registry has this model, or none was read yet."""
    seen: Seen | None = None
    """What the alias shows there."""
    moves: tuple[tuple[AliasMove, Explanation], ...] = ()
    """Newest first."""
    findings: tuple[Finding, ...] = ()
    """The worst first."""


class Shelf(NamedTuple):
    """What books are read from. `is_local`: there is no remote, so the ledger is the one of state.db."""

    reader: Reader | None
    state: State
    is_local: bool

    def promotions(self) -> Promotions:
        """All that is written down; entries and waivers of a project without a remote are those of state.db."""
        found = Promotions() if self.reader is None else self.reader.promotions()
        if not self.is_local:
            return found
        entries, waivers = tuple(self.state.local_entries()), tuple(self.state.local_waivers())
        return Promotions(policy=found.policy, entries=entries, waivers=waivers)


def open_shelf(reader: Reader | None, state: State, remote: str) -> Shelf:
    """`remote` is the project's Git remote, "" where it has none."""
    policy = None if reader is None else reader.policy_text()
    return Shelf(reader, state, not remote if policy is None else policy.is_local)


def read_books(shelf: Shelf, model: str, alias: str | None = None) -> list[Book]:
    """The books of a model, or of one alias of it. One without entries is there where a policy speaks of it."""
    told = shelf.promotions()
    names = {entry.alias for entry in told.entries if entry.model == model}
    names |= {name for pattern, name in governed(told.policy) if name and fnmatchcase(model, pattern)}
    explains = Explainer.of(shelf.reader, shelf.state)
    wanted = sorted(names) if alias is None else [alias]
    return [_book(shelf, told, model, name, explains) for name in wanted]


def _book(shelf: Shelf, told: Promotions, model: str, alias: str, explains: Explainer) -> Book:
    entries = in_order(entry for entry in told.entries if (entry.model, entry.alias) == (model, alias))
    states = [] if shelf.reader is None else shelf.reader.source_states()
    registries = _registries(states, entries)
    moves = [
        (move, explains(move))
        for move in shelf.state.alias_moves(model, alias)
        if not registries or move.source in registries
    ]
    registry, seen = _seen(shelf.reader, model, alias, registries)
    unexplained = list(moves_of(alias, [(move, why.verdict) for move, why in moves], entries))
    found = [*chain_of(entries), *unexplained]
    if not any(one.level == "wrong" for one in unexplained):  # then it is told already
        found += shown_of(alias, entries, seen)
    return Book(
        model=model, alias=alias, entries=tuple(entries), is_local=shelf.is_local, registry=registry, seen=seen,
        moves=tuple(moves),
        findings=tuple(worst_first(found)),
    )  # fmt: skip


def _registries(states: Sequence[SourceState], entries: Sequence[LedgerEntry]) -> dict[str, Millis | None]:
    """The registries that the entries speak of, by key, and when each was read last; all where none of them is known.

    A team may have a model of one name in two registries: the ledger of one explains nothing in the other.
    """
    known = {state.source: state for state in states if state.kind == "registry"}
    named = {entry.registry for entry in entries if entry.registry}
    chosen = {key: state for key, state in known.items() if state.address in named} or known
    return {key: state.as_of or state.last_ok_at for key, state in chosen.items()}


def _seen(
    reader: Reader | None, model: str, alias: str, registries: Mapping[str, Millis | None]
) -> tuple[str | None, Seen | None]:
    """The registry that has the model, and what the alias shows there."""
    for key, at in registries.items():
        row = None if reader is None else reader.models.model(model, key)
        if row is not None and at is not None:
            return key, Seen(version=row.model.aliases.get(alias), at=at)
    return None, None
