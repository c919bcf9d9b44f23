"""All that the cache knows around a commit: what it changed, what ran on it, what was made of it. Read on a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from ..app.comparison.datasets import DataChange
from ..app.records import Change, Check, Commit, DataVersion, Pipeline, Run
from ..app.store import tracked_data
from ..app.store.reading import Reader
from .pipeline_facts import runs_of

RUNS = 30
"""Runs that are named."""

PIPELINES = 30
"""Pipelines that are named."""

CHECKS = 200
"""Checks that are named."""

DATA = 60
"""Versions of data that are named."""

AT_ONCE = 5
"""Commits of one millisecond among which this one is looked for."""

CONFIGURATION: Final = frozenset({".yaml", ".yml", ".toml", ".cfg", ".ini", ".json", ".env", ".conf", ".lock"})
"""Endings of files that configure something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """A commit, and what hangs on it."""

    sha: str
    commit: Commit | None = None
    """None for one that is not on a branch that is watched."""
    pipelines: Sequence[Pipeline] = ()
    runs: Sequence[Run] = ()
    more_runs: bool = False
    """There are more than those that are named."""
    data: Sequence[DataVersion] = ()
    """Versions of data that it brought."""
    before: dict[str, str] = field(default_factory=dict)
    """The digest that each of these names had before."""
    params: Sequence[DataChange] = ()
    """Values that stages were given otherwise from it on."""
    checks: Sequence[Check] = ()
    """Seen at it, the worst first."""
    more_checks: int = 0

    @property
    def configuration(self) -> list[Change]:
        """The files among its changes that configure something."""
        return [change for change in self.commit.changes if is_configuration(change.path)] if self.commit else []

    @property
    def others(self) -> list[Change]:
        """The other files."""
        return [change for change in self.commit.changes if not is_configuration(change.path)] if self.commit else []


def is_configuration(path: str) -> bool:
    """Whether a file sets params or configures something, by its name."""
    return PurePosixPath(path).suffix in CONFIGURATION and not path.endswith(("package-lock.json", "poetry.lock"))


def commit_facts(reader: Reader, sha: str) -> CommitFacts | None:
    """What is known of a commit, also where only runs or pipelines name it; None where nobody does."""
    commit = reader.commit(sha)
    whole = commit.sha if commit is not None else sha
    pipelines = reader.pipelines.rows(reader.pipelines.of_commit(whole)[:PIPELINES])
    runs = runs_of(reader, whole, RUNS + 1)
    if commit is None and not pipelines and not runs:
        return None
    data = reader.datasets.changed_by(whole)[:DATA]
    checks = [row.check for row in reader.checks.of_commit(whole, CHECKS)]
    number = len(reader.checks.said("commit", whole)) if len(checks) == CHECKS else len(checks)
    return CommitFacts(
        sha=whole, commit=commit, pipelines=[row.pipeline for row in pipelines], runs=runs[:RUNS],
        more_runs=len(runs) > RUNS, data=data, before=_before(reader, data), params=_params(reader, commit),
        checks=checks, more_checks=number - len(checks),
    )  # fmt: skip


def _before(reader: Reader, data: Sequence[DataVersion]) -> dict[str, str]:
    """The digest that each name had before, where it had one."""
    older = ((one.name, tracked_data.before(reader.connection, one)) for one in data)
    return {name: one.digest for name, one in older if one is not None and one.digest}


def _params(reader: Reader, commit: Commit | None) -> tuple[DataChange, ...]:
    """Which values it changed, as far as a lock of DVC tells."""
    if commit is None:
        return ()
    found = reader.datasets.configuration(limit=AT_ONCE, before=commit.committed_at + 1)
    return next((one.params for one in found if one.commit.sha == commit.sha), ())
