"""A check and its results out of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..records import Check, CheckResult, Limit, PastResult

_limits = msgspec.msgpack.Decoder(tuple[Limit, ...]).decode

CHECK: Final = (
    "id", "native", "tool", "suite", "environment", "dataset", "column", "name", "checked_at", "results",
    "first_failed_at", "first_failed_not_before", "first_failed_commit", "last_passed_at", "last_passed_commit",
    "flips", "usual", "rule_change", "rule_changed_at", "rule_changed_not_before", "rule_changed_commit", "removed_at",
)  # fmt: skip
"""Columns of a check; but for the first two they are fields of the record."""
PAST: Final = (
    'i.native, i.at, i.interval, i.interval_at, i."commit", i.run_id, i.pipeline_id, i.dataset_digest, i.origin,'
    " r.outcome, r.observed, r.failed_rows, r.total_rows, r.message, r.ordinal, q.definition, q.limits, q.severity,"
    ' q.expected, c.name, c.dataset, c."column", c.native'
)
AROUND: Final = (
    "JOIN check_invocation AS i ON i.id = r.invocation JOIN data_check AS c ON c.id = r.of_check"
    " LEFT JOIN check_rule AS q ON q.id = r.rule"
)
"""What PAST reads of, beside the result `r`."""
FROM_RESULTS: Final = f"FROM check_result AS r {AROUND}"


def read_check(row: Sequence[Any]) -> Check:
    """Out of CHECK, the source's key and label, the definition of the rule before, and PAST of the newest result."""
    facts = dict(zip(CHECK[2:], row[2 : len(CHECK)], strict=True))
    source, source_name, before, *past = row[len(CHECK) :]
    newest = past_result(past)
    return Check(
        source=source, source_name=source_name, id=row[1], newest=newest.result, newest_id=newest.id,
        interval=newest.interval, interval_at=newest.interval_at, commit=newest.commit, run_id=newest.run_id,
        pipeline_id=newest.pipeline_id, dataset_digest=newest.dataset_digest, origin=newest.origin,
        rule_before=before or "", **facts,
    )  # fmt: skip


def past_result(row: Sequence[Any]) -> PastResult:
    """Out of PAST."""
    invocation, at, interval, interval_at, commit, run, pipeline, digest, origin, outcome, observed, *rest = row
    failed, total, message, ordinal, definition, limits, severity, expected, name, dataset, column, check = rest
    return PastResult(
        id=f"{check}.{invocation}", at=at, interval=interval, interval_at=interval_at, commit=commit, run_id=run,
        pipeline_id=pipeline, dataset_digest=digest, origin=origin, invocation=invocation,
        result=CheckResult(
            name=name, dataset=dataset, column=column, outcome=outcome, severity=severity or "",
            definition=definition or "", limits=_limits(limits) if limits else (), observed=observed, expected=expected,
            failed_rows=failed, total_rows=total, message=message or "", ordinal=ordinal or 0,
        ),
    )  # fmt: skip
