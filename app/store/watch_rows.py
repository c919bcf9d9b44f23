"""What the Watch reads of the cache, as rows."""

from __future__ import annotations

from ..records import Millis, Outcome, Record, RuleChange


class HeldVersion(Record, frozen=True, kw_only=True):
    """A version that an alias points at, and the run and data that it was made of."""

    source: str
    model: str
    alias: str
    version: str
    is_known: bool
    """The registry has the version."""
    owner: str = ""
    """As the model's tags name one."""
    run_id: str | None = None
    experiment: int | None = None
    """Row id of the run's experiment."""
    data: tuple[tuple[str, str], ...] = ()
    """Name and digest of what the run used and the model was measured on, as MLflow has it; the digest may be ""."""


class CheckLine(Record, frozen=True, kw_only=True):
    """What there is to know of a check before it is read."""

    rowid: int
    source: str
    native: str
    tool: str
    suite: str
    environment: str
    dataset: str
    name: str
    outcome: Outcome
    severity: str
    """The tool's own word."""
    newest: int
    due_at: Millis | None
    checked_at: Millis
    first_failed_at: Millis | None
    first_failed_not_before: Millis | None
    rule_change: RuleChange | None
    rule_changed_at: Millis | None
    rule_changed_not_before: Millis | None
    rule_changed_commit: str | None
    removed_at: Millis | None


class PipelineLine(Record, frozen=True, kw_only=True):
    """The newest verdict of a pipeline of one name on one branch, where that is red."""

    source: str
    native: str
    name: str
    number: str
    branch: str
    commit: str | None
    actor: str
    at: Millis
    """When that one ended."""
    first_native: str
    """The first that failed after the last green ..."""
    first_at: Millis
    """... when that ended ..."""
    first_commit: str | None
    green_at: Millis | None
    """... and when the last green one did."""


class WaitingPipeline(Record, frozen=True, kw_only=True):
    """A pipeline that waits."""

    source: str
    native: str
    name: str
    number: str
    branch: str
    commit: str | None
    actor: str
    since: Millis


class FailedRuns(Record, frozen=True, kw_only=True):
    """The newest runs of an experiment, which failed one after the other."""

    source: str
    experiment: int
    experiment_id: str
    name: str
    runs: tuple[tuple[str, str, Millis | None, str], ...]
    """Id, name, end and user of each, the newest first; those that are part of another run do not count."""
    finished_at: Millis | None = None
    """When the last one before them finished, as far as that was looked for."""


class RunningRun(Record, frozen=True, kw_only=True):
    """A run that its server calls running, and what it logged last. Times of metrics are those of its machine."""

    source: str
    native: str
    name: str
    user: str
    experiment: int
    experiment_id: str
    experiment_name: str
    started_at: Millis
    newest_at: Millis | None
    steps: int
