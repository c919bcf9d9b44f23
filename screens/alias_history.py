"""Where the aliases of a model are and were, who put them there, and how well that is known. Pure but for `History`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..app.records import Actor, AliasMove, LedgerEntry, Millis, Promotions, RegisteredModel
from ..app.store.explanations import Explanation
from ..app.store.happened import Explainer
from ..app.store.reading import Reader
from ..app.store.state import State

UNEXPLAINED: Final = frozenset({"unexplained", "not so far"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which an alias pointed at one version."""

    version: str | None
    """None: there was no such alias."""
    since: Millis
    """When it was found there; where the ledger explains it, when that says so."""
    is_older: bool = False
    """It was there already when somebody first looked, at `since`."""
    not_before: Millis | None = None
    """Of one that was found: when it was still elsewhere."""
    verdict: str = ""
    """What the ledger says of it; "" where only the ledger has seen it."""
    entry: LedgerEntry | None = None
    """The one that put it there."""

    @property
    def by(self) -> Actor | None:
        """Who put it there, where that is written down."""
        return self.entry.by if self.entry is not None else None

    @property
    def is_unexplained(self) -> bool:
        """Somebody keeps a ledger, and it does not say who did this."""
        return self.verdict in UNEXPLAINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One alias over time, oldest stretch first. The last one is where it is now."""

    alias: str
    stretches: tuple[Stretch, ...]
    held: str | None
    """The version that it points at now; None where it is gone."""

    @property
    def now(self) -> Stretch | None:
        """The stretch that goes on; None where nobody saw how it came there."""
        last = self.stretches[-1] if self.stretches else None
        return last if last is not None and last.version == self.held else None


class History:
    """Lanes of models, by what state.db remembers and what the ledgers say. As of the time when it was made."""

    def __init__(self, reader: Reader, state: State) -> None:
        self.promotions: Promotions = reader.promotions()
        self._state = state
        self._explains = Explainer.of(reader, state)
        self._entries: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
        for entry in (*self.promotions.entries, *state.local_entries()):
            self._entries[entry.model, entry.alias].append(entry)

    def lanes(self, model: RegisteredModel) -> list[Lane]:
        """Those that it has, by name, then those that it had."""
        moves: dict[str, list[AliasMove]] = defaultdict(list)
        for move in reversed(self._state.alias_moves(model.name)):
            if move.source == model.source:
                moves[move.alias].append(move)
        gone = sorted(set(moves) - set(model.aliases))
        return [self._lane(model, alias, moves.get(alias, ())) for alias in (*model.aliases, *gone)]

    def lane(self, model: RegisteredModel, alias: str) -> Lane:
        """That of one alias."""
        moves = [move for move in self._state.alias_moves(model.name, alias) if move.source == model.source]
        return self._lane(model, alias, moves[::-1])

    def entries(self, model: str, alias: str | None = None) -> list[LedgerEntry]:
        """The ledger of one alias, or of all of a model's, oldest first."""
        found = [e for key, own in self._entries.items() if key[0] == model and alias in (None, key[1]) for e in own]
        return sorted(found, key=lambda entry: (entry.at, entry.alias, entry.number))

    def _lane(self, model: RegisteredModel, alias: str, moves: Sequence[AliasMove]) -> Lane:
        own = sorted(self._entries.get((model.name, alias), ()), key=lambda entry: entry.number)
        told = [(move, self._explains(move)) for move in moves]
        return Lane(alias=alias, stretches=tuple(stretches(told, own)), held=model.aliases.get(alias))


def stretches(told: Sequence[tuple[AliasMove, Explanation]], entries: Sequence[LedgerEntry]) -> list[Stretch]:
    """Moves of one alias and its ledger, both oldest first. Before the first look the ledger alone is witness."""
    first = told[0][0] if told else None
    before = [entry for entry in entries if not entry.trouble and (first is None or entry.at < first.at)]
    made: list[Stretch] = []
    for one in (*_written(before), *(_found(move, why) for move, why in told)):
        if made and made[-1].version == one.version:
            # the same seen twice: what was written says more than what was found
            made[-1] = made[-1] if made[-1].entry is not None else one
        else:
            made.append(one)
    return made


def _written(entries: Iterable[LedgerEntry]) -> Iterator[Stretch]:
    for entry in entries:
        yield Stretch(version=entry.version or None, since=entry.at, entry=entry, verdict="explained")


def _found(move: AliasMove, why: Explanation) -> Stretch:
    entry = why.entry
    return Stretch(
        version=move.version, since=move.at if entry is None else min(entry.at, move.at),
        is_older=move.reason == "first seen", not_before=move.not_before, verdict=why.verdict, entry=entry,
    )  # fmt: skip


def current(lanes: Iterable[Lane]) -> Mapping[str, Lane]:
    """The lanes of aliases that there are now, by alias."""
    return {lane.alias: lane for lane in lanes if lane.held is not None}
