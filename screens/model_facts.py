"""What is known around a registered model: its policy, the metric that decides, who is to be beaten, its lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..app.promotion import alias_of, policy_of
from ..app.records import PolicyText
from ..app.settings import Promotion
from ..app.store.models import ModelRow, VersionRow
from ..app.store.reading import Reader
from .alias_history import History, Lane

CHAMPION = "champion"
"""What the alias of the version in use is called where no policy says otherwise."""

RECENT = 200
"""Versions whose metric is drawn as a trend."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """The metric by which versions of a model are told apart."""

    name: str
    greater_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A registered model, and what hangs on it."""

    row: ModelRow
    rules: Promotion | None = None
    """Its policy, as the remote's default branch has it."""
    deciding: Deciding | None = None
    values: Mapping[int, float] = field(default_factory=dict)
    """The deciding metric by row id of the version."""
    ids: Sequence[int] = ()
    """Row ids of its versions, newest first."""
    lanes: Sequence[Lane] = ()
    champion: VersionRow | None = None
    """The version that others are measured against."""

    @property
    def champion_alias(self) -> str | None:
        """The alias that names it."""
        return champion_alias(self.row.model.aliases, self.rules)

    @property
    def trend(self) -> list[float]:
        """The deciding metric of the newest versions that have it, oldest first."""
        return [self.values[one] for one in self.ids if one in self.values][:RECENT][::-1]

    @property
    def base(self) -> float | None:
        """What the champion has of the deciding metric; None where it has none, or there is no champion."""
        return self.values.get(self.champion.rowid) if self.champion is not None else None


def rules_of(text: PolicyText | None, model: str) -> Promotion | None:
    """The policy of a model; the first, where several of its aliases have one. A tenth of a millisecond."""
    alias = alias_of(text, model)
    return policy_of(text, model, alias).rules if alias is not None else None


def champion_alias(aliases: Mapping[str, str], rules: Promotion | None) -> str | None:
    """The alias of the version in use: the one that the policy moves, else `champion`, else the only one there is."""
    if rules is not None:
        return rules.to if rules.to in aliases else None
    if CHAMPION in aliases:
        return CHAMPION
    return next(iter(aliases)) if len(aliases) == 1 else None


def deciding_metric(
    reader: Reader, row: ModelRow, rules: Promotion | None, better: Mapping[str, bool]
) -> tuple[Deciding | None, Mapping[int, float]]:
    """The metric by which versions are told apart, with its values by row id of the version.

    The policy's first, else of those with a direction in the settings the one that most versions have.
    """
    if rules is not None and rules.metric:
        gate = rules.metric[0]
        return Deciding(gate.name, gate.greater_is_better), reader.models.metric_of(row.rowid, gate.name)
    found = [(name, reader.models.metric_of(row.rowid, name)) for name in better]
    name, values = max(found, key=lambda one: len(one[1]), default=("", {}))
    return (Deciding(name, better[name]), values) if values else (None, {})


def facts_of(
    reader: Reader, history: History, better: Mapping[str, bool], name: str, source: str | None = None
) -> ModelFacts | None:
    """What is known of a model; None where the cache has none of this name."""
    row = reader.models.model(name, source)
    if row is None:
        return None
    rules = rules_of(history.promotions.policy, name)
    deciding, values = deciding_metric(reader, row, rules, better)
    alias = champion_alias(row.model.aliases, rules)
    held = row.model.aliases[alias] if alias is not None else None
    first = [alias, *([rules.candidate] if rules is not None else [])]
    lanes = sorted(
        history.lanes(row.model), key=lambda lane: first.index(lane.alias) if lane.alias in first else len(first)
    )
    return ModelFacts(
        row=row, rules=rules, deciding=deciding, values=values, ids=reader.models.version_ids(row.rowid), lanes=lanes,
        champion=reader.models.version(name, held, row.model.source) if held is not None else None,
    )  # fmt: skip


def challenge(facts: ModelFacts, reader: Reader) -> list[VersionRow] | str:
    """The champion and whoever is to take its place: the holder of the policy's alias, else the newest version."""
    champion, model = facts.champion, facts.row.model
    if champion is None:
        return "no alias says which version is in use: there is nothing to compare with"
    named = model.aliases.get(facts.rules.candidate) if facts.rules is not None else None
    other = reader.models.version(model.name, named or facts.row.newest or "", model.source)
    if other is None or other.rowid == champion.rowid:
        return "no version challenges the champion: Enter lists them, Space marks some, = compares"
    return [champion, other]
