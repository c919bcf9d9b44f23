"""Everybody's reads: windows of rows by their ids, never "all"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..records import (
    Artifact,
    ArtifactContent,
    ArtifactListing,
    Commit,
    CommitsBetween,
    Event,
    Extreme,
    LedgerEntry,
    Note,
    Patch,
    PolicyText,
    Promotions,
    Ref,
    Run,
    Series,
    SourceState,
)  # fmt: skip
from .artifact_contents import read_content
from .between import commits_between
from .checks import CheckReads
from .code_events import commit_events
from .commits import newest_commits, read_commit
from .data_events import data_events
from .datasets import DatasetReads
from .events import pipeline_events, run_events
from .experiments import ExperimentRow, KeyCount, read_experiments, read_keys
from .files import open_reader
from .histories import read_extremes, read_series
from .infra import InfraReads
from .logs import LogReads
from .model_events import ledger_events, version_events
from .models import ModelReads
from .monitor_events import alert_ends, alert_events, threshold_events
from .monitors import MonitorReads
from .note_events import shared_notes
from .notes import read_notes
from .patches import read_patch
from .pipelines import PipelineReads
from .promotions import read_ledger, read_policy, read_promotions
from .runs import read_runs
from .states import read_states

_artifacts = msgspec.msgpack.Decoder(tuple[Artifact, ...]).decode


class Content(NamedTuple):
    """Counts that change only when what is shown of a kind may have changed."""

    runs: int
    commits: int
    pipelines: int
    logs: int
    models: int
    promotions: int
    checks: int
    data: int
    monitors: int
    infra: int
    notes: int


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


class Reader:
    """A project's cache, open for reading. One thread at a time; `interrupt` may come from any."""

    # names the source first, because the index of native ids begins with it
    _VISIBLE = "source IN (SELECT id FROM source WHERE NOT hidden)"

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self.connection = open_reader(path, shared=shared)
        self.logs = LogReads(self.connection)

    @cached_property
    def pipelines(self) -> PipelineReads:
        """What CI systems ran."""
        return PipelineReads(self.connection)

    @cached_property
    def models(self) -> ModelReads:
        """What model registries have."""
        return ModelReads(self.connection)

    @cached_property
    def checks(self) -> CheckReads:
        """What tools say of data."""
        return CheckReads(self.connection)

    @cached_property
    def datasets(self) -> DatasetReads:
        """Datasets and their versions: MLflow's and DVC's."""
        return DatasetReads(self.connection)

    @cached_property
    def monitors(self) -> MonitorReads:
        """What watches production."""
        return MonitorReads(self.connection)

    @cached_property
    def infra(self) -> InfraReads:
        """Infrastructure as code."""
        return InfraReads(self.connection)

    def notes(self, since: int = 0) -> list[Note]:
        """What people wrote to each other, as Git holds it, from `since` on, oldest first."""
        return read_notes(self.connection, since)

    def promotions(self) -> Promotions:
        """What Git says of promotions; empty where no source was asked."""
        return read_promotions(self.connection)

    def ledger(self, model: str, alias: str) -> tuple[LedgerEntry, ...]:
        """The assignments of one alias that Git has, oldest first. Both names exactly."""
        return read_ledger(self.connection, model, alias)

    def policy_text(self) -> PolicyText | None:
        """quarterdeck.toml as the remote's default branch has it; None before anybody looked."""
        return read_policy(self.connection)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def interrupt(self) -> None:
        """Stop the query that runs now, from another thread; it raises sqlite3.OperationalError there."""
        self.connection.interrupt()

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that is read inside is of one state of the cache, whatever the syncer writes meanwhile."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def data_version(self) -> int:
        """A number that changes when somebody else wrote (5 microseconds)."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def content(self) -> Content:
        """What has changed since it was asked last, by kind."""
        return Content(*self.connection.execute(f"SELECT {', '.join(Content._fields)} FROM content").fetchone())

    def source_states(self) -> list[SourceState]:
        """How each source of the settings is doing."""
        return read_states(self.connection)

    def experiments(self) -> list[ExperimentRow]:
        """All experiments of the sources in the settings, newest activity first."""
        return read_experiments(self.connection)

    def run_count(self, experiments: Sequence[int] | None) -> int:
        """How many runs these experiments have in the cache; None counts all."""
        if experiments is None:
            return int(self.connection.execute(f"SELECT count(*) FROM run WHERE {self._VISIBLE}").fetchone()[0])
        sql = f"SELECT count(*) FROM run WHERE experiment IN ({_marks(experiments)})"
        return int(self.connection.execute(sql, tuple(experiments)).fetchone()[0])

    def names(self, experiments: Sequence[int] | None) -> dict[str, list[str]]:
        """Names of metrics, params and tags by their kind, as the filter grammar wants them."""
        found: dict[str, list[str]] = {"metric": [], "param": [], "tag": []}
        for known in self.keys([row.rowid for row in self.experiments()] if experiments is None else experiments):
            found[known.kind].append(known.name)
        return found

    def newest_runs(self, experiments: Sequence[int] | None, limit: int) -> list[int]:
        """Row ids of the runs that started last."""
        if experiments is None:
            experiments = [row.rowid for row in self.experiments()]
        # one walk of the index an experiment: over all of them at once SQLite would sort every run
        sql = "SELECT started_at, id FROM run WHERE experiment = ? ORDER BY started_at DESC LIMIT ?"
        found = [row for one in experiments for row in self.connection.execute(sql, (one, limit))]
        found.sort(key=lambda row: row[0] if row[0] is not None else -(2**62), reverse=True)
        return [row[1] for row in found[:limit]]

    def keys(self, experiments: Sequence[int]) -> list[KeyCount]:
        """The names of metrics, params and tags in these experiments, in order of kind and name."""
        return read_keys(self.connection, experiments)

    def rowids(self, native_ids: Sequence[str]) -> list[int]:
        """Row ids of the runs with these native ids; unknown ones are left out."""
        sql = f"SELECT id FROM run WHERE {self._VISIBLE} AND native IN ({_marks(native_ids)})"
        return [row[0] for row in self.connection.execute(sql, tuple(native_ids))]

    def rowids_beginning(self, native: str, limit: int = 10) -> list[int]:
        """Row ids of the runs whose native id begins so, at most `limit`; none for the empty text."""
        if not native:
            return []
        sql = f"SELECT id FROM run WHERE {self._VISIBLE} AND native >= ? AND native < ? LIMIT ?"
        return [row[0] for row in self.connection.execute(sql, (native, native + "\U0010ffff", limit))]

    def rowids_named(self, name: str, limit: int = 10) -> list[int]:
        """Row ids of the runs of exactly this name, at most `limit`."""
        # by the index of names, which begins with the experiment
        sql = (
            "SELECT r.id FROM experiment e JOIN source s ON s.id = e.source AND NOT s.hidden"
            " JOIN run r ON r.experiment = e.id AND r.name = ? LIMIT ?"
        )
        return [row[0] for row in self.connection.execute(sql, (name, limit))]

    def runs(self, rowids: Sequence[int], names: Iterable[tuple[str, str]] | None = None) -> list[Run]:
        """The runs with these row ids, in the order asked; ids that are gone are left out.

        `names`: pairs of kind and name ("metric", "val_auc"); only these metrics, params and tags are read
        (a window of a table shows a dozen of what may be thousands). None reads everything, datasets too.
        """
        found = self.runs_by_rowid(rowids, names)
        return [found[rowid] for rowid in rowids if rowid in found]

    def runs_by_rowid(self, rowids: Sequence[int], names: Iterable[tuple[str, str]] | None = None) -> dict[int, Run]:
        """The same by their row ids."""
        return read_runs(self.connection, rowids, None if names is None else frozenset(names))

    def extremes(self, rowids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], Extreme]:
        """Smallest and largest by (row id, metric name), as far as they are known."""
        return read_extremes(self.connection, rowids, names)

    def series(self, rowid: int, name: str) -> Series | None:
        """The history of one metric of one run, None where it was never read."""
        return self.series_of((rowid,), (name,)).get((rowid, name))

    def series_of(self, rowids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], Series]:
        """Histories by (row id, metric name); those never read are left out. 10,000 points in a tenth of a ms."""
        return read_series(self.connection, rowids, names)

    def listing(self, rowid: int, folder: str) -> ArtifactListing | None:
        """One folder of a run's artifacts, None where it was never read."""
        row = self.connection.execute(
            "SELECT s.key, r.native, l.artifacts FROM listing l JOIN run r ON r.id = l.run"
            " JOIN source s ON s.id = r.source WHERE l.run = ? AND l.folder = ?",
            (rowid, folder),
        ).fetchone()
        if row is None:
            return None
        return ArtifactListing(source=row[0], run_id=row[1], folder=folder, artifacts=_artifacts(row[2]))

    def patch(self, source: str, commit: str, path: str) -> Patch | None:
        """What a commit changed in a file, None where nobody looked at it yet."""
        return read_patch(self.connection, source, commit, path)

    def artifact(self, rowid: int, path: str) -> ArtifactContent | None:
        """The beginning of one artifact file, None where it was never read."""
        return read_content(self.connection, rowid, path)

    def parent_of(self, native: str) -> str | None:
        """The native id of a run's parent; None for a root and for a run that the cache does not have."""
        row = self.connection.execute(
            f"SELECT parent FROM run WHERE {self._VISIBLE} AND native = ?", (native,)
        ).fetchone()
        return row[0] if row else None

    def children(self, native: str) -> list[int]:
        """Row ids of a run's children, oldest first."""
        rows = self.connection.execute("SELECT id FROM run WHERE parent = ? ORDER BY started_at, id", (native,))
        return [row[0] for row in rows]

    def commits(self, limit: int, before: int | None = None) -> list[Commit]:
        """The newest commits, or those before a time, without their changes."""
        return newest_commits(self.connection, limit, until=before)

    def commit(self, sha: str) -> Commit | None:
        """One commit with the paths that it touched. An abbreviated sha serves when only one begins so."""
        return read_commit(self.connection, sha)

    def commits_between(self, base: str, head: str) -> CommitsBetween | None:
        """What lies between two commits of one repository; None when the cache does not know both."""
        return commits_between(self.connection, base, head)

    def refs(self) -> list[Ref]:
        """Branch heads and tags of the sources in the settings."""
        rows = self.connection.execute(
            "SELECT s.key, g.name, g.kind, g.sha, g.at, g.watched FROM git_ref g"
            " JOIN source s ON s.id = g.source AND NOT s.hidden ORDER BY g.kind, g.name"
        )
        return [Ref(source=r[0], name=r[1], kind=r[2], sha=r[3], at=r[4], watched=bool(r[5])) for r in rows]

    def events(self, limit: int, since: int | None = None, until: int | None = None) -> list[Event]:
        """The newest events that the vendors' records tell, newest first.

        Commits, data that they changed, runs and pipelines that ended, versions that were registered, what the ledger
        says, thresholds that were crossed, alerts, and what people wrote. For the others, that no vendor tells, see
        `happened`.
        """
        low, high = since if since is not None else -(2**62), until if until is not None else 2**62
        found = [
            *run_events(self.connection, low, high, limit),
            *commit_events(self.connection, low, high, limit),
            *pipeline_events(self.connection, low, high, limit),
            *version_events(self.connection, low, high, limit),
            *ledger_events(self.connection, low, high, limit),
            *data_events(self.connection, low, high, limit),
            *threshold_events(self.connection, low, high, limit),
            *alert_events(self.connection, low, high, limit),
            *alert_ends(self.connection, low, high, limit),
            *{event.id: event for event in shared_notes(self.connection, low, high, limit)}.values(),
        ]
        return sorted(found, key=lambda event: event.at, reverse=True)[:limit]
