"""What is in production: which versions by which aliases, and on which data they feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..records import EventRef, Identities, Record
from ..store.watch_reads import WatchReads
from ..store.watch_rows import HeldVersion
from .outlook import Outlook
from .signs import Group, ref

_DEEP = 4
"""Stages of DVC that are followed from what a run used to what that was made of."""


class Production(Record, frozen=True, kw_only=True):
    """What there is to endanger."""

    held: tuple[HeldVersion, ...] = ()
    """By model; of one model the alias first that the outlook names first."""
    models: frozenset[str] = frozenset()
    """All registered models, in production or not."""
    feeds: Mapping[tuple[str, str], tuple[int, ...]] = {}
    """Tool and name of data -> places in `held` of what feeds on it; the tool "" is any."""
    spoke: frozenset[tuple[str, int]] = frozenset()
    """Run or digest, and the row id of a check that spoke in it or of it."""

    def of(self, model: str, version: str = "") -> HeldVersion | None:
        """The production alias of a model, or of one version of it; a label may say v14 where the registry says 14."""
        own = [one for one in self.held if one.model == model]
        fitting = (one for one in own if version in ("", one.version, f"v{one.version}"))
        return next(fitting, None)

    def eaters(self, tool: str, name: str, rowid: int | None = None) -> tuple[HeldVersion, ...]:
        """Who feeds on data of this name, or was made where this check spoke."""
        places = {*self.feeds.get((tool, name), ()), *self.feeds.get(("", name), ())} if name else set()
        if rowid is not None and self.spoke:
            for place, one in enumerate(self.held):
                natives = (one.run_id or "", *(digest for _, digest in one.data))
                if any((native, rowid) in self.spoke for native in natives if native):
                    places.add(place)
        return tuple(self.held[place] for place in sorted(places))

    def experiments(self) -> frozenset[int]:
        """Row ids of the experiments that production came from."""
        return frozenset(one.experiment for one in self.held if one.experiment is not None)


def production(reads: WatchReads, outlook: Outlook) -> Production:
    """As the cache has it."""
    order = {alias: place for place, alias in enumerate(outlook.aliases)}
    held = tuple(sorted(reads.held_versions(outlook.aliases), key=lambda one: (one.model, order[one.alias])))
    return Production(
        held=held,
        models=reads.model_names(),
        feeds=_feeds(reads, held, outlook.identities),
        spoke=frozenset(
            reads.checks_that_spoke(
                (one.run_id for one in held if one.run_id), {digest for one in held for _, digest in one.data if digest}
            )
        ),
    )


def _feeds(
    reads: WatchReads, held: Iterable[HeldVersion], identities: Identities
) -> dict[tuple[str, str], tuple[int, ...]]:
    found: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    above: dict[str, frozenset[tuple[str, str]]] = {}
    for place, one in enumerate(held):
        for name, _ in one.data:
            if name not in above:
                above[name] = _upstream(reads, name, identities)
            for key in above[name]:
                found[key][place] = None
    return {key: tuple(places) for key, places in found.items()}


def _upstream(reads: WatchReads, name: str, identities: Identities) -> frozenset[tuple[str, str]]:
    """All names of a dataset of MLflow's, and of what DVC says that it was made of."""
    found: set[tuple[str, str]] = set()
    front = same_names(identities, "mlflow", name)
    for _ in range(_DEEP):
        found |= front
        paths = {part for tool, path in front if tool in ("dvc", "") for part in reads.read_by_stage(path)}
        front = {key for path in paths for key in same_names(identities, "dvc", path)} - found
    return frozenset(found | front)


def same_names(identities: Identities, tool: str, name: str) -> set[tuple[str, str]]:
    """Tool and name of all that counts as one dataset with this: what is declared, else all that is called so."""
    declared = identities.name_of(tool, name)
    if declared is None:
        return {(tool, name), ("", name)}
    return {(tool, name), ("", declared), *identities.names_of(declared)}


# -- how what is endangered is told -------------------------------------------------------------------------------


def alias_word(one: HeldVersion) -> str:
    """churn@champion"""
    return f"{one.model}@{one.alias}"


def titled(one: HeldVersion) -> str:
    """churn@champion v14"""
    return f"{alias_word(one)} v{one.version}"


def feeding(eaters: Iterable[HeldVersion]) -> str:
    """`churn@champion feeds`, `churn@champion, ltv@champion feed`."""
    names = list(dict.fromkeys(map(alias_word, eaters)))
    return f"{', '.join(names)} {'feeds' if len(names) == 1 else 'feed'}"


def refs_to(eaters: Iterable[HeldVersion]) -> tuple[EventRef, ...]:
    """The aliases that are endangered, and their versions."""
    pairs = ((ref("alias", one.model, one.alias), ref("model", one.model, one.version)) for one in eaters)
    return tuple(dict.fromkeys(one for pair in pairs for one in pair))


def model_group(one: HeldVersion) -> Group:
    """What belongs together because it is said of one version in production."""
    return ("model", alias_word(one), one.version)


def endangered(eaters: tuple[HeldVersion, ...]) -> dict[str, Any]:
    """The fields of a signal that say which model is at risk: of several the first."""
    if not eaters:
        return {}
    first = eaters[0]
    return {"model": first.model, "version": first.version, "alias": first.alias, "owner": first.owner}


def with_eater(own: EventRef, eater: HeldVersion | None) -> tuple[EventRef, ...]:
    """A thing that speaks of a model, and what of that is in production."""
    return (own, *refs_to([] if eater is None else [eater]))


def of_model(model: str, version: str, eater: HeldVersion | None) -> dict[str, Any]:
    """The fields of a signal that say of which model it is, in production or not."""
    return {"model": model, "version": version} if eater is None else endangered((eater,))
