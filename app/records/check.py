"""What tools say of data and models: one vocabulary for Great Expectations, dbt, Soda, Evidently, Pointblank, pandera
and JUnit. A tool's run over its checks is an invocation; what one check said in it is a result."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, TypeAlias

from .record import Millis, Record

Outcome: TypeAlias = Literal["pass", "warn", "fail", "error", "skipped"]
"""error: it could not run, which says nothing about the data. skipped: nobody wanted it to."""
OUTCOMES: tuple[str, ...] = ("pass", "warn", "fail", "error", "skipped")

CheckTool: TypeAlias = Literal["great_expectations", "dbt", "soda", "evidently", "pointblank", "pandera", "junit"]

RuleChange: TypeAlias = Literal["loosened", "tightened", "changed", "removed", "returned"]
"""changed: another rule, of which nobody can say whether it asks more or less. returned: it was removed before."""


class Limit(Record, frozen=True, kw_only=True):
    """One number that a rule demands, and which way of it is the stricter one."""

    name: str
    """As the tool calls it: mostly, max_value, warn_if, severity ..."""
    value: float
    strict: Literal["higher", "lower"]


class CheckResult(Record, frozen=True, kw_only=True):
    """What one check said in one invocation. Texts hold no value of the data itself: see sources/checks/masking.py."""

    name: str
    """What it asserts, short: not_null(customer_id). No number of the rule is in it: the rule may change, it stays."""
    dataset: str = ""
    """The table, asset or schema that was checked, as the tool names it; "" where it does not."""
    column: str = ""
    outcome: Outcome
    severity: str = ""
    """The tool's own word, "" where it has none."""
    definition: str = ""
    """The rule in one canonical line: equal texts are equal rules."""
    limits: tuple[Limit, ...] = ()
    """The numbers in the rule by which it is told whether it was loosened."""
    observed: str | None = None
    """3.1 % null; 26 h. Aggregates, never a value out of a row."""
    expected: str | None = None
    """What would have passed: at most 1 %."""
    failed_rows: int | None = None
    total_rows: int | None = None
    message: str = ""
    """Why it could not run, or what else the tool said; masked."""
    ordinal: int = 0
    """Tells checks apart that are alike in all that makes a check's id: the second of them has 1."""

    @property
    def failing_share(self) -> float | None:
        """Failed rows among all, 0 to 1; None where one of them is not known."""
        if self.failed_rows is None or not self.total_rows:
            return None
        return self.failed_rows / self.total_rows

    @property
    def definition_hash(self) -> str | None:
        """12 hex digits of the rule; None where the tool does not tell the rule."""
        return blake2b(self.definition.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest() if (
            self.definition
        ) else None  # fmt: skip


class Invocation(Record, frozen=True, kw_only=True):
    """One run of a tool over its checks, as a file or report that it left. The cache keeps each once."""

    source: str
    """Key of the source; a reader leaves it "" and whoever fetched the file fills it in."""
    id: str
    """The tool's own id where it is unique, else the hash of the content: the same file twice is one invocation."""
    tool: CheckTool
    version: str = ""
    """Of the tool, or of its format."""
    suite: str = ""
    environment: str = ""
    """Of the settings, else as the tool names its target. Somebody's own last run is not production's."""
    at: Millis
    """When the data was checked."""
    interval: str = ""
    """The data interval that was checked, as written by the tool: 2026-11-18, or a longer one."""
    interval_at: Millis | None = None
    """When that interval begins; None where the tool names none."""
    origin: str = ""
    """Where it was read: a path in the work tree, or of an artifact."""
    commit: str | None = None
    run_id: str | None = None
    """The MLflow run whose artifact it is, or that the tool names."""
    pipeline_id: str | None = None
    dataset_digest: str | None = None
    """Content of the data that was checked, where the tool or the run says so."""
    is_whole: bool = False
    """It holds every check of its suite: one that is not in it was removed. Else it was only not asked for."""
    complaint: str = ""
    """What is wrong with the file as such, in a sentence: no results, results that the tool leaves out ..."""
    results: tuple[CheckResult, ...] = ()


class Check(Record, frozen=True, kw_only=True):
    """A check over its results: the newest of them, and what the ones before say about it."""

    source: str
    source_name: str = ""
    id: str
    tool: CheckTool
    suite: str
    name: str
    dataset: str
    column: str
    environment: str
    newest: CheckResult
    newest_id: str
    """Of the newest result, for result/ID: `<check id>.<invocation id>`."""
    checked_at: Millis
    interval: str = ""
    interval_at: Millis | None = None
    commit: str | None = None
    run_id: str | None = None
    pipeline_id: str | None = None
    dataset_digest: str | None = None
    origin: str = ""
    results: int = 1
    """How many there are in the cache."""
    first_failed_at: Millis | None = None
    """Of the failure that lasts: when it was first seen (fail or error); None while it passes."""
    first_failed_not_before: Millis | None = None
    """The result before that one: the truth lies between."""
    first_failed_commit: str | None = None
    last_passed_at: Millis | None = None
    last_passed_commit: str | None = None
    flips: int = 0
    """How often it turned between good and bad in its last 20 results: four or more is flapping."""
    usual: int | None = None
    """Milliseconds between its results, the median of the last 20; None with fewer than three."""
    rule_change: RuleChange | None = None
    """The last one ..."""
    rule_changed_at: Millis | None = None
    """... when it was first seen ..."""
    rule_changed_not_before: Millis | None = None
    """... the result before it ..."""
    rule_changed_commit: str | None = None
    """... and the commit of the invocation that showed it."""
    rule_before: str = ""
    """The definition before it."""
    removed_at: Millis | None = None
    """A whole invocation of its suite was first without it."""

    def silent_since(self, now: Millis) -> Millis | None:
        """When it should have said something and did not; None while it is not overdue, and for one that was removed.

        Overdue is twice its usual interval and an hour. With no usual interval nobody can say.
        """
        if self.usual is None or self.removed_at is not None:
            return None
        due = self.checked_at + 2 * self.usual + 3_600_000
        return due if now > due else None


class PastResult(Record, frozen=True, kw_only=True):
    """One result of a check's history, with what matters of its invocation."""

    id: str
    """For result/ID."""
    result: CheckResult
    at: Millis
    interval: str = ""
    interval_at: Millis | None = None
    commit: str | None = None
    run_id: str | None = None
    pipeline_id: str | None = None
    dataset_digest: str | None = None
    origin: str = ""
    invocation: str = ""


def check_id(source: str, invocation: Invocation, result: CheckResult) -> str:
    """Who a check is: 16 hex digits of all that stays when its rule is changed."""
    words = (
        source, invocation.tool, invocation.suite, invocation.environment, result.dataset, result.column, result.name,
        str(result.ordinal),
    )  # fmt: skip
    return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
