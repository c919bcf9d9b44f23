"""All that the cache knows of one run, read at once: what the page, the pane and the details are written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..app.records import Artifact, ArtifactListing, Commit, Dataset, Extreme, Pipeline, Run, SourceState
from ..app.store.data_use import runs_on_data
from ..app.store.models import VersionRow
from ..app.store.reading import Reader

CHILDREN = 200
"""Children that are read; a sweep of more is looked at as a group."""

SAME_DATA = 12
"""Other runs on the same data that are named."""

PIPELINES = 12
"""Pipelines of its commit that are named."""

VERSIONS = 50
"""Versions of registered models that are named."""

CHILD_METRICS = 4
"""Metrics of each child that are read: its row has room for one, its detail for some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run, and what hangs on it."""

    run: Run
    rowid: int
    experiment: str
    extremes: Mapping[str, Extreme] = field(default_factory=dict)
    commit: Commit | None = None
    parent: Run | None = None
    children: Sequence[Run] = ()
    more_children: int = 0
    """Children beyond those that were read."""
    listings: Mapping[str, ArtifactListing] = field(default_factory=dict)
    pipelines: Sequence[Pipeline] = ()
    """What ran on its commit: of each name the newest, the worst first."""
    versions: Sequence[VersionRow] = ()
    """What was registered of it, newest first."""
    state: SourceState | None = None

    @property
    def is_live(self) -> bool:
        """Whether it may still log."""
        return self.run.status == "running"


def facts_of(reader: Reader, run_id: str, better: Iterable[str] = ()) -> RunFacts | None:
    """What the cache knows of a run; None when it knows nothing. Of its children the metrics in `better` are read."""
    rowids = reader.rowids([run_id])
    runs = reader.runs(rowids)
    if not runs:
        return None
    run, rowid = runs[0], rowids[0]
    names = {
        row.experiment.id: row.experiment.name for row in reader.experiments() if row.experiment.source == run.source
    }
    extremes = reader.extremes([rowid], list(run.metrics)) if run.metrics else {}
    parents = reader.runs(reader.rowids([run.parent_id])) if run.parent_id else []
    children = reader.children(run.id)
    known = telling(run, better)
    return RunFacts(
        run=run,
        rowid=rowid,
        experiment=names.get(run.experiment_id, run.experiment_id),
        extremes={name: extreme for (_, name), extreme in extremes.items()},
        commit=reader.commit(run.git_commit) if run.git_commit else None,
        parent=parents[0] if parents else None,
        children=reader.runs(children[:CHILDREN], names=[("metric", name) for name in known]) if children else (),
        more_children=max(0, len(children) - CHILDREN),
        listings=_listings(reader, rowid),
        pipelines=pipelines_of(reader, run.git_commit),
        versions=reader.models.versions_of_run(run.id)[:VERSIONS],
        state=next((state for state in reader.source_states() if state.source == run.source), None),
    )


def pipelines_of(reader: Reader, sha: str | None) -> list[Pipeline]:
    """What ran on a commit: of each name the newest, the worst first."""
    checks = reader.pipelines.of_commits([sha]).get(sha) if sha else None
    return [row.pipeline for row in reader.pipelines.rows(checks.rowids[:PIPELINES])] if checks else []


def telling(run: Run, better: Iterable[str]) -> list[str]:
    """The metrics that a child is told by: those with a direction first, then its parent's own."""
    own = [name for name in sorted(run.metrics) if not is_system(name)]
    return list(dict.fromkeys([*better, *own]))[:CHILD_METRICS]


def is_system(name: str) -> bool:
    """Whether MLflow measured the machine: `system/cpu_utilization_percentage`."""
    return name.startswith("system/")


def metric_names(run: Run, better: Iterable[str] = ()) -> list[str]:
    """The metrics of a run: those with a direction first, in the order of the settings, the machine's last."""
    places = {name: place for place, name in enumerate(better)}
    return sorted(run.metrics, key=lambda name: (is_system(name), places.get(name, len(places)), name))


def _listings(reader: Reader, rowid: int) -> dict[str, ArtifactListing]:
    """Every folder that was ever listed, from the root down."""
    found: dict[str, ArtifactListing] = {}
    waiting = [""]
    while waiting:
        listing = reader.listing(rowid, folder := waiting.pop())
        if listing is not None:
            found[folder] = listing
            waiting += [entry.path for entry in listing.artifacts if entry.is_dir and entry.path not in found]
    return found


def folders(facts: RunFacts) -> list[Artifact]:
    """The folders at the root of its artifacts."""
    root = facts.listings.get("")
    return [entry for entry in root.artifacts if entry.is_dir] if root else []


@dataclass(frozen=True, slots=True)
class SameData:
    """Other runs on the same data: the newest of them, and how many there are (LOOKED_AT: that many or more)."""

    runs: Sequence[Run]
    number: int


def same_data(reader: Reader, data: Dataset, rowid: int, better: Iterable[str]) -> SameData:
    """Runs other than this one that name the same dataset with the same digest."""
    ids, number = runs_on_data(reader.connection, (data.name,), data.digest, SAME_DATA + 1)
    others = [found for found in ids if found != rowid][:SAME_DATA]
    return SameData(reader.runs(others, names=[("metric", name) for name in list(better)[:1]]), max(0, number - 1))
