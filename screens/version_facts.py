"""All that the cache knows of one version, and how it differs from the version in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from ..app.comparison import Comparison, compare
from ..app.records import (
    Commit,
    CommitsBetween,
    Dataset,
    LedgerEntry,
    LoggedModel,
    Metric,
    Pipeline,
    Run,
    SourceState,
)
from ..app.settings import Promotion
from ..app.store.models import VersionRow
from ..app.store.reading import Reader
from .alias_history import History, Lane, Stretch
from .deck import Deck
from .model_facts import ModelFacts
from .run_facts import pipelines_of
from .version_rows import commit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured of a version, as a run: its own, with what its logged model says more exactly."""

    row: VersionRow
    run: Run | None = None
    """The run that made it, as the cache has it."""
    measured: Run | None = None
    """The same with the logged model's metrics and data; of the logged model alone where there is no run."""

    @property
    def commit(self) -> str | None:
        """The commit of the version."""
        return commit_of(self.row, self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """A version, and what hangs on it."""

    model: ModelFacts
    own: Evidence
    other: Evidence | None = None
    """What it is measured against: the champion; of the champion itself whoever was that before."""
    against: str = ""
    """How that is called: champion, the champion before."""
    better: Mapping[str, bool] = field(default_factory=dict)
    """Metrics with a direction: whether greater is better."""
    compared: Comparison | None = None
    """`other` first, then `own`; None where one of them has no evidence."""
    between: CommitsBetween | None = None
    """Commits from the other's to its own, once somebody has looked for them."""
    is_walked: bool = False
    """Somebody has."""
    commit: Commit | None = None
    pipelines: Sequence[Pipeline] = ()
    """What ran on its commit: of each name the newest, the worst first."""
    entries: Sequence[LedgerEntry] = ()
    """Of the ledgers, those that speak of it, newest first."""
    stretches: Sequence[tuple[str, Stretch]] = ()
    """When which alias pointed at it, newest first."""
    state: SourceState | None = None

    @property
    def row(self) -> VersionRow:
        """The version."""
        return self.own.row


def version_facts(deck: Deck, model: ModelFacts, row: VersionRow, history: History | None = None) -> VersionFacts:
    """What the cache knows of a version. `history`: for what hangs on it; without it that is left out."""
    reader, better = deck.reader, directions(model.rules, deck.better)
    own = evidence(reader, row)
    against, base = base_of(reader, model, row)
    other = evidence(reader, base) if base is not None else None
    facts = VersionFacts(
        model=model, own=own, other=other, against=against, better=better, compared=_compared(own, other, better),
        state=next((state for state in deck.states if state.source == row.version.source), None),
    )  # fmt: skip
    return facts if history is None else _with_around(facts, reader, history)


def _with_around(facts: VersionFacts, reader: Reader, history: History) -> VersionFacts:
    version, sha = facts.row.version, facts.own.commit
    return replace(
        facts,
        commit=reader.commit(sha) if sha else None,
        pipelines=pipelines_of(reader, sha),
        entries=[one for one in history.entries(version.model)[::-1] if version.version in (one.version, one.previous)],
        stretches=_stretches(facts.model.lanes, version.version),
    )


def _stretches(lanes: Sequence[Lane], version: str) -> list[tuple[str, Stretch]]:
    found = [(lane.alias, one) for lane in lanes for one in lane.stretches if one.version == version]
    return sorted(found, key=lambda one: -one[1].since)


def directions(rules: Promotion | None, better: Mapping[str, bool]) -> dict[str, bool]:
    """Whether greater is better, by metric: the policy's word before that of the settings."""
    gates = {gate.name: gate.greater_is_better for gate in rules.metric} if rules is not None else {}
    return {**gates, **{name: is_it for name, is_it in better.items() if name not in gates}}


def base_of(reader: Reader, model: ModelFacts, row: VersionRow) -> tuple[str, VersionRow | None]:
    """What a version is measured against, and how that is called."""
    champion, alias = model.champion, model.champion_alias
    if champion is None or alias is None:
        return "", None
    if champion.rowid != row.rowid:
        return alias, champion
    lane = next((lane for lane in model.lanes if lane.alias == alias), None)
    before = [one.version for one in lane.stretches[:-1] if one.version is not None] if lane is not None else []
    other = next((name for name in reversed(before) if name != row.version.version), None)
    known = reader.models.version(row.version.model, other, row.version.source) if other is not None else None
    return f"{alias} before", known


# -- evidence -----------------------------------------------------------------------------------------------------


def evidence(reader: Reader, row: VersionRow) -> Evidence:
    """What was measured of a version."""
    run = next(iter(reader.runs([row.run])), None) if row.run is not None else None
    return Evidence(row=row, run=run, measured=_measured(run, row.logged))


def _measured(run: Run | None, logged: LoggedModel | None) -> Run | None:
    if logged is None:
        return run
    metrics = {one.name: Metric(value=one.value, step=one.step, at=one.at) for one in logged.metrics}
    data = _data(run, logged)
    if run is None:
        return Run(
            source=logged.source, id=logged.run_id or "", experiment_id=logged.experiment_id or "", name=logged.name,
            status="finished", params=logged.params, metrics=metrics, datasets=data,
        )  # fmt: skip
    return msgspec.structs.replace(
        run, metrics={**run.metrics, **metrics}, params={**logged.params, **run.params}, datasets=data
    )


def _data(run: Run | None, logged: LoggedModel) -> tuple[Dataset, ...]:
    """The run's data, and what the logged model was measured on where the run does not name it."""
    datasets = run.datasets if run is not None else ()
    known = {one.digest for one in datasets}
    more = {
        one.dataset_digest: Dataset(name=one.dataset_name or "data", digest=one.dataset_digest, context="evaluation")
        for one in logged.metrics
        if one.dataset_digest and one.dataset_digest not in known
    }
    return (*datasets, *more.values())


def _compared(own: Evidence, other: Evidence | None, better: Mapping[str, bool]) -> Comparison | None:
    if other is None or own.measured is None or other.measured is None:
        return None
    return compare((other.measured, own.measured), better=better)
