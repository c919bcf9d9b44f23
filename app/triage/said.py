"""What checks said of data before it changed and since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..records import Check, CheckResult, DatasetVersion, Evidence, Millis, PastResult, Record
from ..store.checks import CheckRow
from .candidates import written
from .case import Case

_CHECKS: Final = 30
"""Checks of a dataset whose results are looked at."""
_RESULTS: Final = 12
"""Results of each."""
_MORE: Final = 0.002
"""Failing rows among all that are news."""


class Said(Record, frozen=True, kw_only=True):
    """A check, by its last result on the old content and its first on the new."""

    text: str
    """`customer_id null 0 → 3.1 %`"""
    column: str
    is_worse: bool
    evidence: Evidence


def said_of(
    case: Case, name: str, changed_at: Millis, before: DatasetVersion | None = None, after: DatasetVersion | None = None
) -> list[Said]:
    """The checks of a dataset that found something else since, the gravest first."""
    digests = {} if after is None else {after.digest: True}
    if before is not None:
        digests.setdefault(before.digest, False)
    rowids = case.reads.checks_telling(case.called.get(name, (name,)), _CHECKS)
    found = [_said(case, row, changed_at, digests) for row in case.reader.checks.rows(rowids)]
    return sorted((one for one in found if one is not None), key=lambda one: (not one.is_worse, one.text))[:4]


def _said(case: Case, row: CheckRow, changed_at: Millis, digests: Mapping[str, bool]) -> Said | None:
    history = case.reader.checks.history(row.rowid, _RESULTS, case.now + 1)
    is_new = [_is_new(one, changed_at, digests) for one in history]
    if True not in is_new or False not in is_new:
        return None
    after = history[len(is_new) - 1 - is_new[::-1].index(True)]
    before = next((one for one, new in zip(history, is_new, strict=True) if not new and one.at < after.at), None)
    told = _difference(row.check, before.result, after.result) if before is not None else None
    if told is None:
        return None
    evidence = Evidence(
        at=after.at, text=f"{row.check.name}: {after.result.observed or after.result.outcome}",
        subject=written("result", after.id),
    )  # fmt: skip
    return Said(text=told[0], column=row.check.column, is_worse=told[1], evidence=evidence)


def _difference(check: Check, before: CheckResult, after: CheckResult) -> tuple[str, bool] | None:
    """In words, and whether it is worse: by the share of rows that fail, else by how many, else by the verdict."""
    called = check.column or check.name
    is_null = "null" in check.name.casefold()
    word, end = ("null ", "") if is_null else ("", " fail")
    old, new = before.failing_share, after.failing_share
    if old is not None and new is not None:
        return None if abs(new - old) < _MORE else (f"{called} {word}{share(old)} → {share(new)}{end}", new > old)
    if before.failed_rows is not None and after.failed_rows is not None:
        few, many = sorted((before.failed_rows, after.failed_rows))
        rows = f"{called} {word}{before.failed_rows} → {after.failed_rows} rows{end}"
        return None if many <= 1.1 * few else (rows, after.failed_rows > before.failed_rows)
    bad = [one.outcome in ("fail", "warn") for one in (before, after)]
    if bad[0] == bad[1]:
        return None
    return f"{check.name} {after.observed or after.outcome}", bad[1]


def _is_new(one: PastResult, changed_at: Millis, digests: Mapping[str, bool]) -> bool:
    """Whether a result speaks of the new content: by its digest where it names one of the two, else by time."""
    return digests.get(one.dataset_digest or "", one.at >= changed_at)


def share(of_one: float) -> str:
    """`3.1 %`"""
    return "0" if of_one == 0 else f"{100 * of_one:.2g} %"
