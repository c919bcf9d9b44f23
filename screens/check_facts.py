"""All that the cache knows of one check, read at once: what its page is written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..app.records import (
    Check,
    Commit,
    CommitsBetween,
    Identities,
    Millis,
    PastResult,
    Pipeline,
    RuleChange,
    Run,
    SourceState,
)
from ..app.store.checks import CheckRow
from ..app.store.reading import Reader
from .check_feeds import Feeding

HISTORY = 200
"""Results of the history that are read."""

SUSPECTS = 20
"""Commits between two results that are named."""

NAMED = 60
"""Commits, runs and pipelines of the history whose names are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """A check, and what hangs on it."""

    check: Check
    rowid: int
    past: Sequence[PastResult] = ()
    """Newest first."""
    changes: Mapping[Millis, RuleChange] = field(default_factory=dict)
    """When a result was the first of another rule."""
    failed: PastResult | None = None
    """The first of the failure that lasts ..."""
    passed: PastResult | None = None
    """... and the last that passed."""
    between: CommitsBetween | None = None
    """What lies between their commits, where the repository is known."""
    while_failing: Sequence[Commit] = ()
    """Where a commit of theirs is not known: those made after the one and before the other, newest first."""
    while_changing: Sequence[Commit] = ()
    """The same between the results that showed one rule and the next; one more than SUSPECTS where there are more."""
    is_data_known: bool = False
    """Whether a run or DVC knows the content that was checked last."""
    commits: Mapping[str, Commit] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    state: SourceState | None = None
    feeding: Feeding | None = None
    """Who feeds on the data; None while nobody has looked."""

    @property
    def is_cut(self) -> bool:
        """Whether there are older results than those that were read."""
        return len(self.past) < self.check.results


def facts_of(
    reader: Reader, check_id: str, now: Millis, identities: Identities, feeding: Feeding | None = None
) -> CheckFacts | None:  # fmt: skip
    """The check of this id; None where the cache has none."""
    reads = reader.checks
    rowid = reads.find(check_id)
    rows = reads.rows([rowid]) if rowid is not None else []
    if rowid is None or not rows:
        return None
    check = rows[0].check
    past = reads.history(rowid, HISTORY)
    marks = reads.outcomes([rowid], past[-1].at if past else now, now + 1).get(rowid, ())
    failed = _at(reader, rows[0], past, check.first_failed_at)
    passed = _at(reader, rows[0], past, check.last_passed_at)
    shas = [check.commit, check.first_failed_commit, check.last_passed_commit, check.rule_changed_commit]
    some = past[:NAMED]
    return CheckFacts(
        check=check, rowid=rowid, past=past,
        changes={mark.at: mark.rule_change for mark in marks if mark.rule_change is not None},
        failed=failed, passed=passed,
        between=_between(reader, passed, failed),
        while_failing=_in_time(
            reader, check.first_failed_not_before, check.first_failed_at, check.first_failed_commit
        ),
        while_changing=_in_time(
            reader, check.rule_changed_not_before, check.rule_changed_at, check.rule_changed_commit
        ),
        is_data_known=_is_known(reader, check, identities),
        commits=_commits(reader, [*shas, *(one.commit for one in some)]),
        runs=_runs(reader, (one.run_id for one in some)),
        pipelines=_pipelines(reader, (one.pipeline_id for one in some)),
        state=next((state for state in reader.source_states() if state.source == check.source), None), feeding=feeding,
    )  # fmt: skip


def _at(reader: Reader, row: CheckRow, past: Sequence[PastResult], at: Millis | None) -> PastResult | None:
    """The result of this moment, also where it is older than what was read."""
    if at is None:
        return None
    found = next((one for one in past if one.at == at), None)
    if found is not None:
        return found
    older = reader.checks.history(row.rowid, 1, at + 1)
    return older[0] if older and older[0].at == at else None


def _between(reader: Reader, passed: PastResult | None, failed: PastResult | None) -> CommitsBetween | None:
    if passed is None or failed is None or not passed.commit or not failed.commit:
        return None
    return reader.commits_between(passed.commit, failed.commit)


def _in_time(reader: Reader, since: Millis | None, until: Millis | None, commit: str | None) -> Sequence[Commit]:
    """Commits by their time alone, where nothing tells of which commit a result was."""
    if commit or since is None or until is None:
        return ()
    return [one for one in reader.commits(SUSPECTS + 1, until) if one.committed_at >= since]


def _is_known(reader: Reader, check: Check, identities: Identities) -> bool:
    if not check.dataset or not check.dataset_digest:
        return False
    name = identities.name_of(check.tool, check.dataset) or check.dataset
    return reader.datasets.version(name, check.dataset_digest, identities) is not None


def _commits(reader: Reader, shas: Iterable[str | None]) -> dict[str, Commit]:
    return {sha: commit for sha in dict.fromkeys(shas) if sha and (commit := reader.commit(sha)) is not None}


def _runs(reader: Reader, ids: Iterable[str | None]) -> dict[str, Run]:
    wanted = list(dict.fromkeys(one for one in ids if one))
    return {run.id: run for run in reader.runs(reader.rowids(wanted), ())} if wanted else {}


def _pipelines(reader: Reader, ids: Iterable[str | None]) -> dict[str, Pipeline]:
    reads = reader.pipelines
    rowids = [rowid for one in dict.fromkeys(ids) if one and (rowid := reads.find(one)) is not None]
    return {row.pipeline.id: row.pipeline for row in reads.rows(rowids)}
