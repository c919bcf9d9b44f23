"""How bad each signal is, by what it endangers: the one table. docs/watch.md shows it in words, and a test compares."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..records import SEVERITIES, Severity, SignalKind


class Rule(NamedTuple):
    """A line of the table."""

    kind: SignalKind
    case: str
    severity: Severity
    words: str
    """When it is so."""


RULES: Final = (
    Rule("threshold", "production", "critical", "a line of a version in production breaks its threshold"),
    Rule("threshold", "no model", "high", "a line of no registered model or version breaks its threshold"),
    Rule("threshold", "other", "low", "a line of a version that no production alias points at does"),
    Rule("burn", "urgent", "critical", "the budget of an objective burns so fast that somebody is to be woken"),
    Rule("burn", "slow", "high", "it burns faster than it lasts"),
    Rule("burn", "other", "low", "that of a version that no production alias points at burns"),
    Rule("alert", "critical", "critical", "an alert fires whose label says critical, page, fatal or emergency"),
    Rule("alert", "high", "high", "its label says error, high or major, or it has none"),
    Rule("alert", "warning", "medium", "its label says warning or minor"),
    Rule("alert", "info", "low", "its label says info, low or none"),
    Rule("alert", "other", "low", "it is of a model version that no production alias points at"),
    Rule("series stale", "production", "high", "a line of production has no new point for five steps"),
    Rule("series stale", "no number", "medium", "a line of production gives NaN for as long, or never gave a point"),
    Rule("alias vanished", "", "critical", "a production alias is gone, or points at a version that was deleted"),
    Rule("alias unexplained", "", "high", "a production alias stands where no entry of the ledger put it"),
    Rule("promoted with waiver", "", "medium", "a gate was waived for what was promoted in the last 7 days"),
    Rule("pipeline failed", "", "medium", "the newest verdict on a watched branch is red, and not a month old"),
    Rule("pipeline waits", "", "medium", "a pipeline there waits for more than 30 minutes"),
    Rule("check failing", "production", "high", "a check fails on data that a production alias feeds on"),
    Rule("check failing", "minor", "medium", "its tool calls it a warning"),
    Rule("check failing", "other", "low", "a check fails on other data"),
    Rule("check could not run", "production", "medium", "a check of production's data could not run"),
    Rule("check could not run", "other", "low", "one of other data could not"),
    Rule("check silent", "", "medium", "a check of production's data should have spoken and did not"),
    Rule("check loosened", "", "medium", "its rule was loosened, or it was taken away, in the last 7 days"),
    Rule("run failed", "production", "medium", "the newest run of the experiment that production came from failed"),
    Rule("run failed", "other", "low", "that of another experiment did, in the last 7 days"),
    Rule("run stuck", "production", "medium", "a run of the experiment that production came from logs nothing"),
    Rule("run stuck", "other", "low", "one of another experiment does"),
    Rule("drift", "production", "high", "a stack that a model in production is served from drifted"),
    Rule("drift", "other", "low", "another stack did"),
    Rule("apply failed", "production", "high", "plan or apply of such a stack failed"),
    Rule("apply failed", "other", "medium", "that of another stack did"),
    Rule("source trouble", "monitors", "high", "what watches production cannot be read"),
    Rule("source trouble", "other", "medium", "another source cannot"),
    Rule("source trouble", "limited", "low", "a source asks to be left alone for a while"),
    Rule(
        "data stale", "", "high", "data of production has no new version for twice its usual time, and longer than ever"
    ),
    Rule("no sync", "", "high", "nothing was read from anywhere for an hour"),
)
"""critical: a model in production is wrong or gone now; high: one is at risk; medium: work of the team stands still, or
production may be at risk unseen; low: it should be known."""

_BY: Final = {(rule.kind, rule.case): rule.severity for rule in RULES}


def severity(kind: SignalKind, case: str = "") -> Severity:
    """How bad a signal is in a case of the table."""
    return _BY[kind, case]


def rank(of: Severity) -> int:
    """0 is the worst."""
    return SEVERITIES.index(of)
