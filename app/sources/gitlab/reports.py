"""What GitLab read out of JUnit files -> CaseReport. Pure.

The summary says counts and costs little. The whole report names the cases, with their output, and may have tens of
megabytes: it is asked for only where something failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

import msgspec

from ...records import LARGEST_MESSAGE, MOST_CASES, Case, CaseReport

_BAD: Final = ("failed", "error")


class CasePayload(msgspec.Struct):
    """One test."""

    name: str | None = None
    classname: str | None = None
    status: str | None = None
    execution_time: float | None = None
    system_output: Any = None
    """A text, or whatever object the JUnit element became."""
    stack_trace: str | None = None


class SuitePayload(msgspec.Struct):
    """The tests of one job. `suite_error` says why its file could not be read."""

    name: str | None = None
    suite_error: str | None = None
    test_cases: list[CasePayload] | None = None


class TotalPayload(msgspec.Struct):
    """The counts of the summary."""

    count: int | None = None
    success: int | None = None
    failed: int | None = None
    skipped: int | None = None
    error: int | None = None


class SummaryPayload(msgspec.Struct):
    """`test_report_summary`."""

    total: TotalPayload | None = None
    test_suites: list[SuitePayload] | None = None


class ReportPayload(msgspec.Struct):
    """`test_report`."""

    test_suites: list[SuitePayload] | None = None


def summary(raw: SummaryPayload) -> CaseReport | None:
    """The counts as GitLab says them, and the suites that it could not read; None where there is neither."""
    total = raw.total or TotalPayload()
    unread = _unread(raw.test_suites or ())
    if not total.count and not unread:
        return None
    return CaseReport(
        total=total.count or 0,
        passed=total.success or 0,
        failed=total.failed or 0,
        errors=total.error or 0,
        skipped=total.skipped or 0,
        failures=unread[:MOST_CASES],
    )


def report(raw: ReportPayload) -> CaseReport | None:
    """The counts of the cases that are there, and those that failed; None where there is nothing."""
    suites = raw.test_suites or []
    cases = [(suite, case) for suite in suites for case in suite.test_cases or ()]
    failures = (_case(suite, case) for suite, case in cases if case.status in _BAD)
    kept = tuple(islice((*_unread(suites), *failures), MOST_CASES))
    if not cases and not kept:
        return None
    counts = Counter(case.status for _, case in cases)
    return CaseReport(
        total=len(cases),
        passed=counts["success"],
        failed=counts["failed"],
        errors=counts["error"],
        skipped=counts["skipped"],
        failures=kept,
    )


def _unread(suites: Iterable[SuitePayload]) -> tuple[Case, ...]:
    return tuple(
        Case(name=suite.name or "", suite=suite.name or "", message=suite.suite_error[:LARGEST_MESSAGE])
        for suite in suites
        if suite.suite_error
    )


def _case(suite: SuitePayload, raw: CasePayload) -> Case:
    said = raw.system_output or raw.stack_trace or ""
    message = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    return Case(
        name=raw.name or "",
        suite=raw.classname or suite.name or "",
        message=message[:LARGEST_MESSAGE],
        seconds=raw.execution_time,
    )
