"""What checks said of data before it changed and since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..records import DatasetVersion, Evidence, Millis, PastResult, Record
from ..store.checks import CheckRow
from .case import Case, written

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
    old, new = (before.result.failing_share if before else None), after.result.failing_share
    if old is None or new is None or abs(new - old) < _MORE:
        return None
    called = row.check.column or row.check.name
    is_null = "null" in row.check.name.casefold()
    return Said(
        text=f"{called} {'null ' if is_null else ''}{share(old)} → {share(new)}{'' if is_null else ' fail'}",
        column=row.check.column, is_worse=new > old,
        evidence=Evidence(
            at=after.at, text=f"{row.check.name}: {after.result.observed or share(new)}",
            subject=written("result", after.id),
        ),
    )  # fmt: skip


def _is_new(one: PastResult, changed_at: Millis, digests: Mapping[str, bool]) -> bool:
    """Whether a result speaks of the new content: by its digest where it names one of the two, else by time."""
    return digests.get(one.dataset_digest or "", one.at >= changed_at)


def share(of_one: float) -> str:
    """`3.1 %`"""
    return "0" if of_one == 0 else f"{100 * of_one:.2g} %"
