"""What Jenkins says of a build's tests, to a CaseReport. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...records import Case, CaseReport
from ...records.pipeline import LARGEST_MESSAGE, MOST_CASES


class CasePayload(msgspec.Struct, frozen=True, rename="camel"):
    """One test."""

    class_name: str | None = None
    name: str | None = None
    status: str = ""
    duration: float | None = None
    error_details: str | None = None
    error_stack_trace: str | None = None


class SuitePayload(msgspec.Struct, frozen=True):
    """Tests of one file."""

    name: str | None = None
    cases: list[CasePayload] = []


class ReportPayload(msgspec.Struct, frozen=True, rename="camel"):
    """testReport: of one build, or of the children of a matrix or Maven build."""

    fail_count: int | None = None
    pass_count: int | None = None
    skip_count: int | None = None
    suites: list[SuitePayload] | None = None
    child_reports: list[ChildPayload] | None = None


class ChildPayload(msgspec.Struct, frozen=True):
    """The report of one child of a matrix or Maven build."""

    result: ReportPayload | None = None


def report(payload: ReportPayload) -> CaseReport:
    """Counted by its tests; by what its header says where those are not told. Children are added up."""
    parts = list(_parts(payload))
    cases = [(suite, case) for part in parts for suite in part.suites or () for case in suite.cases]
    if not cases:
        return _claimed(parts)
    words = [_verdict(case) for _, case in cases]
    bad = [_case(suite, case) for (suite, case), word in zip(cases, words, strict=True) if word in ("failed", "errors")]
    return CaseReport(
        total=len(cases),
        passed=words.count("passed"),
        failed=words.count("failed"),
        errors=words.count("errors"),
        skipped=words.count("skipped"),
        failures=tuple(bad[:MOST_CASES]),
    )


def _parts(payload: ReportPayload) -> Iterable[ReportPayload]:
    yield payload
    for child in payload.child_reports or ():
        if child.result is not None:
            yield from _parts(child.result)


def _claimed(parts: list[ReportPayload]) -> CaseReport:
    passed = sum(one.pass_count or 0 for one in parts if not one.child_reports)
    failed = sum(one.fail_count or 0 for one in parts if not one.child_reports)
    skipped = sum(one.skip_count or 0 for one in parts if not one.child_reports)
    return CaseReport(total=passed + failed + skipped, passed=passed, failed=failed, skipped=skipped)


def _verdict(case: CasePayload) -> str:
    if case.status in ("PASSED", "FIXED"):
        return "passed"
    if case.status in ("FAILED", "REGRESSION"):
        return "failed"
    return "skipped" if case.status == "SKIPPED" else "errors"  # a word that we do not know is not green


def _case(suite: SuitePayload, case: CasePayload) -> Case:
    told = [text.strip() for text in (case.error_details, case.error_stack_trace) if text and text.strip()]
    if len(told) == 2 and told[1].startswith(told[0]):
        told = told[1:]
    return Case(
        name=case.name or "",
        suite=case.class_name or suite.name or "",
        message="\n".join(told)[:LARGEST_MESSAGE],
        seconds=case.duration,
    )
