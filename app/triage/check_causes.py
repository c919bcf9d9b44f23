"""Checks on the path that were loosened, taken away, fell silent or began to fail before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, TypeAlias

from ..comparison.data_facts import parsed
from ..lineage import By
from ..records import Check, Commit, Evidence, Millis, PastResult
from ..store.checks import CheckRow
from ..store.model_events import called
from .candidates import Candidate, few, written
from .case import Case
from .causes import cause_of_path
from .said import share
from .window import DAY, HOUR, SKEW, Why

_MOST: Final = 200
_RESULTS: Final = 40
_ALIKE: Final = 20
"""Checks that turned with one run of a suite, or never: of more of them no more is learnt."""
_BACK: Final = 14 * DAY
"""So long before a rule was first seen changed the commit may lie that changed it."""
_ELSEWHERE: Final = 0.15
"""What a result of another environment counts."""
_RULES: Final = {
    "loosened": "rule loosened", "tightened": "rule tightened", "changed": "rule changed", "removed": "rule removed",
    "returned": "rule tightened",
}  # fmt: skip
_Around: TypeAlias = tuple[PastResult | None, PastResult | None]
"""The last result before a rule was seen changed, and the first with the new one."""


def check_causes(case: Case) -> Iterator[Candidate]:
    """All turns of checks of data on the path, of each check the last of a kind."""
    since, until = case.provenance_since, case.symptom.until + SKEW
    rowids = case.reads.checks_turned(case.all_called(), since, until, _MOST)
    rows = {row.rowid: row for row in case.reader.checks.rows(rowids)}
    own = case.check
    if own is not None and (rowid := case.reader.checks.find(own.id)) is not None:
        rows |= {row.rowid: row for row in case.reader.checks.rows([rowid])}
    alike: Counter[tuple[str | None, Millis | None, str | None]] = Counter()
    for row in rows.values():
        one = row.check
        key = (one.rule_change, one.rule_changed_at, one.rule_changed_commit)
        alike[key] += 1
        if alike[key] <= _ALIKE or one is own:
            yield from _of_one(case, row, since, until)


def _of_one(case: Case, row: CheckRow, since: Millis, until: Millis) -> Iterator[Candidate]:
    check = row.check
    is_own = case.check is not None and case.check.id == check.id
    link = "id" if is_own else _link(case, check)
    if link is None:
        return
    changed = check.removed_at if check.rule_change == "removed" else check.rule_changed_at
    if check.rule_change is not None and changed is not None and since <= changed <= until:
        yield _rule(case, row, link, changed)
    elif check.removed_at is not None and since <= check.removed_at <= until:
        yield _rule(case, row, link, check.removed_at)
    if is_own:
        return
    if check.first_failed_at is not None and since <= check.first_failed_at <= until:
        yield _failing(case, check, link)
    due = None if check.usual is None else check.checked_at + 2 * check.usual + HOUR
    if due is not None and check.removed_at is None and since <= due <= min(until, case.now):
        yield _silent(case, check, link, due)


def _link(case: Case, check: Check) -> By | None:
    """By what it is known that the check speaks of data on the path; None where it does not."""
    declared = case.outlook.identities.name_of(check.tool, check.dataset)
    name = declared or check.dataset
    if name not in case.datasets:
        return None
    if check.dataset_digest and any(part.digest == check.dataset_digest for part in case.parts):
        return "digest"
    return "declared" if declared else "name"


def _environment(case: Case, check: Check, own: Evidence) -> Iterator[Why]:
    here = case.outlook.environment
    if here and check.environment and check.environment != here:
        yield Why(factor=_ELSEWHERE, text=f"but it is of {check.environment}, not of {here}", evidence=(own,))


def _late(case: Case, at: Millis, own: Evidence) -> Iterator[Why]:
    """What a check lets pass after a version was trained is not in that version."""
    bad = case.bad
    if case.symptom.family == "business" and bad is not None and at > bad.at + SKEW:
        told = f"but {called(bad.version)} had been trained before"
        yield Why(factor=0.5, text=told, evidence=(own,))


# -- rules ----------------------------------------------------------------------------------------------------------


def _rule(case: Case, row: CheckRow, link: By, seen_at: Millis) -> Candidate:
    check = row.check
    change = "removed" if check.removed_at is not None and check.rule_change is None else check.rule_change or "changed"
    low = check.rule_changed_not_before if change != "removed" else check.checked_at
    commit = _commit(case, check, low, seen_at)
    at, not_before = (seen_at, low) if commit is None else (commit.committed_at, None)
    around = _around(case, row, seen_at)
    cause = "rule loosened" if change == "changed" and _was_opened(*around) else _RULES[change]
    told = "removed" if change == "removed" else f"rule {change}"
    where = f" in {commit.sha[:7]}" if commit is not None else ""
    own = Evidence(at=seen_at, text=f"{check.name} {told}", subject=_newest(check))
    code = (
        []
        if commit is None
        else [Evidence(at=commit.committed_at, text=commit.subject, subject=written("commit", commit.sha))]
    )
    evidence = (own, *code)
    return Candidate(
        subject=written("check", check.id), cause=cause, kind="check", title=f"{check.name} {told}{where}",
        at=at, not_before=not_before, actor=commit.author if commit else "", link=link,
        carrier=case.carrier if _is_carried(case, at) else None, names=_names(case, check),
        commits=frozenset({commit.sha} if commit else ()), evidence=evidence,
        rules=tuple(_rules(case, row, change, seen_at, around, evidence)),
    )  # fmt: skip


def _rules(
    case: Case, row: CheckRow, change: str, seen_at: Millis, around: _Around, evidence: tuple[Evidence, ...]
) -> Iterator[Why]:
    check = row.check
    limits = _limits(check)
    words = limits or ("nothing asserts this any more" if change == "removed" else f"the rule asks {_asks(change)}")
    yield Why(factor=1.0, text=words, evidence=evidence)
    before, after = around
    if before is not None and after is not None and change in ("loosened", "changed"):
        said = (*evidence, Evidence(at=before.at, text=_word(before), subject=written("result", before.id)))
        if _was_opened(before, after):
            yield Why(factor=1.25, text=f"it failed until the rule was {change}, and passed with it", evidence=said)
    if after is not None and change == "loosened" and not _is_bad(after):
        worst = max((one.result.failing_share or 0.0 for one in _since(case, row, seen_at)), default=0.0)
        if worst > ((before.result.failing_share or 0.0) if before is not None else 0.0):
            yield Why(factor=1.05, text=f"{share(worst)} of the rows break it since, and it passes", evidence=evidence)
    yield from _environment(case, check, evidence[0])
    yield from _late(case, seen_at, evidence[0])


def _asks(change: str) -> str:
    return {"loosened": "less now", "tightened": "more now", "returned": "for it again"}.get(change, "something else")


def _limits(check: Check) -> str:
    """`mostly 0.99 → 0.95`: what differs of two rules that are written as objects, else both."""
    before, after = check.rule_before, check.newest.definition
    if not before or not after or before == after:
        return ""
    old, new = parsed(before), parsed(after)
    if isinstance(old, dict) and isinstance(new, dict):
        differ = [key for key in sorted({*old, *new}, key=str) if old.get(key) != new.get(key)]
        return few(f"{key} {old.get(key, 'none')} → {new.get(key, 'none')}" for key in differ)
    return f"{_short(before)} → {_short(after)}"


def _short(definition: str, most: int = 40) -> str:
    return definition if len(definition) <= most else f"{definition[: most - 1]}…"


def _commit(case: Case, check: Check, low: Millis | None, seen_at: Millis) -> Commit | None:
    """The commit that changed the rule: its own where that touched files of checks, else the last before that did."""
    named = case.commit(check.rule_changed_commit) if check.rule_changed_commit else None
    if named is not None and any(cause_of_path(path) == "check code" for path in case.paths(named.sha)):
        return named
    since = max(low if low is not None else 0, seen_at - _BACK) - DAY
    return case.last_commit("check code", since, seen_at + SKEW) or named


def _was_opened(before: PastResult | None, after: PastResult | None) -> bool:
    """Whether it failed by the old rule and not by the new one."""
    return before is not None and after is not None and _is_bad(before) and not _is_bad(after)


def _around(case: Case, row: CheckRow, at: Millis) -> _Around:
    """The last result before a rule was seen changed, and the first with the new one."""
    history = case.reader.checks.history(row.rowid, _RESULTS)
    before = next((one for one in history if one.at < at), None)
    return before, next((one for one in reversed(history) if one.at >= at), None)


def _since(case: Case, row: CheckRow, at: Millis) -> list[PastResult]:
    return [one for one in case.reader.checks.history(row.rowid, _RESULTS) if one.at >= at]


def _is_bad(one: PastResult) -> bool:
    return one.result.outcome in ("fail", "error")


def _word(one: PastResult) -> str:
    return f"{one.result.name} {one.result.outcome}{f': {one.result.observed}' if one.result.observed else ''}"


def _is_carried(case: Case, at: Millis) -> bool:
    """Whether it happened between the making of both versions."""
    good, bad = case.good, case.bad
    return case.carries and good is not None and bad is not None and good.at <= at <= bad.at + SKEW


def _names(case: Case, check: Check) -> frozenset[str]:
    name = case.outlook.identities.name_of(check.tool, check.dataset) or check.dataset
    return frozenset({name, check.column} - {""})


def _newest(check: Check) -> str:
    return written("result", check.newest_id)


# -- verdicts -------------------------------------------------------------------------------------------------------


def _failing(case: Case, check: Check, link: By) -> Candidate:
    at = check.first_failed_at or check.checked_at
    own = Evidence(at=at, text=f"{check.name}: {check.newest.observed or check.newest.outcome}", subject=_newest(check))
    told = "could not run" if check.newest.outcome == "error" else "began to fail"
    words = f"{check.newest.observed or check.newest.message or told}"
    return Candidate(
        subject=written("check", check.id), cause="check failing", kind="check", title=f"{check.name} {told}", at=at,
        not_before=check.first_failed_not_before, link=link, names=_names(case, check),
        carrier=case.carrier if _is_carried(case, at) else None, evidence=(own,),
        rules=(Why(factor=0.6 if check.newest.outcome == "error" else 1.0, text=words, evidence=(own,)),
               *_environment(case, check, own), *_late(case, at, own)),
    )  # fmt: skip


def _silent(case: Case, check: Check, link: By, due: Millis) -> Candidate:
    own = Evidence(at=check.checked_at, text=f"{check.name}: its last word", subject=_newest(check))
    return Candidate(
        subject=written("check", check.id), cause="check silent", kind="check", title=f"{check.name} fell silent",
        at=due, not_before=check.checked_at, link=link, names=_names(case, check), evidence=(own,),
        carrier=case.carrier if _is_carried(case, due) else None,
        rules=(Why(factor=1.0, text="nobody looked at that data any more", evidence=(own,)),
               *_environment(case, check, own), *_late(case, due, own)),
    )  # fmt: skip
