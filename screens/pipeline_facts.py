"""All that the cache knows of one pipeline, read at once: what the page, the pane and the details are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ..app.query import Compare, Field, Sort
from ..app.records import Commit, CommitsBetween, Pipeline, Run, SourceState
from ..app.store.order import RunOrder
from ..app.store.pipelines import PipelineRow
from ..app.store.reading import Reader
from ..widgets.strip import agreeing

RUNS = 12
"""Runs of its commit that are named ..."""

OTHERS = 20
"""... and other pipelines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Since when a pipeline is not green, and what lies between."""

    first: Pipeline
    """The first that was not green."""
    green: Pipeline | None = None
    """The last that was, before that."""
    commits: CommitsBetween | None = None
    """What the one has and the other has not, where the repository is known."""
    commit: Commit | None = None
    """That of the first bad one."""

    @property
    def is_same_commit(self) -> bool:
        """Whether the very commit that is bad was green before: not the code has changed."""
        return self.green is not None and bool(self.first.commit) and self.first.commit == self.green.commit


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFacts:
    """A pipeline, and what hangs on it."""

    pipeline: Pipeline
    rowid: int = 0
    source: str = ""
    """The label of its source."""
    usual: int | None = None
    state: SourceState | None = None
    commit: Commit | None = None
    broken: Broken | None = None
    others: Sequence[Pipeline] = ()
    """Other pipelines of its commit, newest first."""
    runs: Sequence[Run] = ()
    """Runs of its commit, newest first."""


def facts_of(reader: Reader, rowid: int, *, whole: bool = True) -> PipelineFacts | None:
    """What the cache knows of a pipeline; None when it has it no more. Without `whole`: no runs, no other pipelines."""
    rows = reader.pipelines.rows([rowid])
    if not rows:
        return None
    row = rows[0]
    read = row.pipeline
    pipeline = read if read.jobs is None else msgspec.structs.replace(read, jobs=agreeing(read))
    return PipelineFacts(
        pipeline=pipeline,
        rowid=rowid,
        source=row.source_name,
        usual=row.usual,
        state=next((state for state in reader.source_states() if state.source == pipeline.source), None),
        commit=reader.commit(pipeline.commit) if pipeline.commit else None,
        broken=broken(reader, rowid),
        others=_others(reader, row) if whole else (),
        runs=runs_of(reader, pipeline.commit) if whole else (),
    )


def broken(reader: Reader, rowid: int) -> Broken | None:
    """Since when the pipeline of this row is broken; None where it is not."""
    found = reader.pipelines.broke(rowid)
    if found is None:
        return None
    ids = [found.first_bad, *([found.last_green] if found.last_green is not None else [])]
    known = {row.rowid: row.pipeline for row in reader.pipelines.rows(ids)}
    first = known.get(found.first_bad)
    if first is None:
        return None
    commit = reader.commit(first.commit) if first.commit else None
    green = known.get(found.last_green) if found.last_green is not None else None
    return Broken(first=first, green=green, commits=found.commits, commit=commit)


def _others(reader: Reader, row: PipelineRow) -> list[Pipeline]:
    if not row.pipeline.commit:
        return []
    ids = [found for found in reader.pipelines.of_commit(row.pipeline.commit) if found != row.rowid][:OTHERS]
    return [other.pipeline for other in reader.pipelines.rows(ids)]


def runs_of(reader: Reader, sha: str | None, limit: int = RUNS) -> list[Run]:
    """The newest runs of a commit."""
    if not sha:
        return []
    where = Compare(Field("attribute", "git_commit"), "=", sha)
    order = RunOrder(
        reader.connection, experiments=None, where=where, sort=Sort(Field("attribute", "started_at"), True)
    )
    return reader.runs(order.first(limit))
