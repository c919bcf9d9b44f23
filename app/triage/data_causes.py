"""Changes of data on the path: other contents, and contents that should have come and did not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from msgspec.structs import replace

from ..comparison.datasets import DataChange, data_changes
from ..lineage import By
from ..records import DatasetVersion, Evidence, Millis
from ..store.events import event_id
from .case import Candidate, Case, few, written
from .causes import is_code
from .said import said_of, share
from .upstream import Part
from .window import HOUR, SKEW, Why, lasting

_SHORT: Final = 4
"""Signs of a digest in a title, at least."""
_GRAVE: Final = 1.1
_PLAIN: Final = 0.5
_UNKNOWN: Final = 0.85
_ROUTINE: Final = 0.75
_STEADY: Final = 4
"""Versions by which a cadence is told."""


class Step(NamedTuple):
    """From one version of data to the next."""

    name: str
    by: By
    before: DatasetVersion | None
    after: DatasetVersion
    is_carried: bool
    of: str = ""
    """The data that was made of it."""


def data_causes(case: Case) -> Iterator[Candidate]:
    """Contents that differ between the versions before and after, those that came in the window, and stale ones."""
    seen: set[tuple[str, str]] = set()
    for step in (*_carried(case), *_came(case)):
        if (step.name, step.after.digest) not in seen:
            seen.add((step.name, step.after.digest))
            yield _changed(case, step)
    yield from _stale(case)


# -- which ----------------------------------------------------------------------------------------------------------


def _carried(case: Case) -> Iterator[Step]:
    """What the version that became bad was made of, and the one before it was not."""
    if not case.carries or case.good is None or case.bad is None:
        return
    old = case.good.names
    for name, parts in case.bad.names.items():
        before = {part.digest: part for part in old.get(name, ())}
        new = [part for part in parts if part.digest not in before and not is_code(part.called)]
        same_tool = [part for part in new if any(part.tool == one.tool for one in before.values())]
        for part in (same_tool or (new if not any(part.digest in before for part in parts) else []))[:2]:
            yield from _step(case, part, list(before.values()))


def _step(case: Case, part: Part, old: list[Part]) -> Iterator[Step]:
    after = _version(case, part)
    if after is None:
        return
    former = next((one for one in old if one.called == part.called), next(iter(old), None))
    before = _version(case, former) if former is not None else None
    yield Step(part.name, part.by, before, after, is_carried=True, of=part.of)


def _version(case: Case, part: Part) -> DatasetVersion | None:
    return case.reader.datasets.version(part.called, part.digest, case.outlook.identities) or (
        case.reader.datasets.version(part.name, part.digest, case.outlook.identities)
    )


def _came(case: Case) -> Iterator[Step]:
    """Versions of data on the path that came in the window, or not long before it."""
    for name, by in case.datasets.items():
        told = case.reads.data_times(case.called[name], case.symptom.until + SKEW)
        fresh = [one for one in told if one[0] >= case.symptom.reach]
        for _, called, digest in fresh[:3]:
            after = case.reader.datasets.version(called, digest, case.outlook.identities)
            if after is None or after.is_gone:
                continue
            before = case.reader.datasets.before(after, case.outlook.identities)
            if before is None or before.digest != after.digest:
                yield Step(name, by if by != "id" else "digest", before, after, is_carried=False)


# -- how ------------------------------------------------------------------------------------------------------------


def _changed(case: Case, step: Step) -> Candidate:
    low, high = _when(case, step)
    subject = written("dataset", _called(step.after), step.after.digest)
    title = f"{step.name} {_digests(step)}"
    own = Evidence(at=high, text=title, subject=subject)
    changes = data_changes(step.before, step.after) if step.before is not None else ()
    said = said_of(case, step.name, low if low is not None else high, step.before, step.after)
    grave = [change for change in changes if is_grave(change)]
    head = [_words(change) for change in grave] or [one.text for one in said if one.is_worse]
    evidence = (own, *_older(step), *(one.evidence for one in said))
    commits = frozenset({step.after.commit} if step.after.tracked is not None and step.after.commit else ())
    return Candidate(
        subject=subject, cause="data", kind="data", title=title, at=high, not_before=low, event=_event(step),
        actor=_author(case, step), link=step.by, carrier=case.carrier if step.is_carried else None, commits=commits,
        names=frozenset({step.name, *(one.column for one in said if one.column), *_columns(changes)}),
        rules=tuple(_rules(case, step, changes, head, evidence)), evidence=evidence,
    )  # fmt: skip


def _rules(
    case: Case, step: Step, changes: tuple[DataChange, ...], head: list[str], evidence: tuple[Evidence, ...]
) -> Iterator[Why]:
    if head:
        yield Why(factor=_GRAVE, text=few(head), evidence=evidence)
    elif changes:
        yield Why(factor=_PLAIN, text=f"but little differs: {few(one.words for one in changes)}", evidence=evidence)
    else:
        yield Why(factor=_UNKNOWN, text="its content is another one; nobody says in what", evidence=evidence[:2])
    if (usual := _usual(case, step.name)) is not None:
        told = f"but {step.name} changes every {lasting(usual)}"
        yield Why(factor=0.95 if head else _ROUTINE, text=told, evidence=evidence[:1])
    if step.of:
        yield Why(factor=1.05, text=f"{step.of} was made of it", evidence=evidence[:1])


def is_grave(change: DataChange) -> bool:
    """Whether a difference is one that people would look up at: a column that went or is of another type, a hundredth
    more of nulls, a fifth less or twice as many rows, a figure that is another by a third."""
    if change.kind == "column":
        return change.before is not None
    if change.kind == "null rate":
        return change.difference is not None and change.difference >= 0.01
    if change.before is None or change.after is None or change.difference is None:
        return False
    old = float(change.before)
    share = change.difference / abs(old) if old else 1.0
    if change.kind in ("rows", "size", "files"):
        return share <= -0.2 or share >= 1.0
    return change.kind == "figure" and abs(share) >= 0.33


def _words(change: DataChange) -> str:
    """`customer_id null 0 → 3.1 %`, which is what people look for; others as they are told elsewhere."""
    if change.kind != "null rate":
        return change.words
    return f"{change.name} null {share(float(change.before or 0))} → {share(float(change.after or 0))}"


def _columns(changes: tuple[DataChange, ...]) -> Iterator[str]:
    yield from (one.name for one in changes if one.kind in ("column", "null rate") and one.name)


def _when(case: Case, step: Step) -> tuple[Millis | None, Millis]:
    """Between which moments it changed: Git knows one, else the last use of the old and the first of the new."""
    checked = case.reads.digest_checked(step.after.digest)
    known = [at for at in (step.after.at, step.after.first_used_at, checked[0]) if at is not None]
    high = min(known, default=case.symptom.until)
    if step.after.tracked is not None and step.after.at is not None and step.after.at <= high:
        return None, step.after.at
    if step.before is None:
        return None, high
    last = case.reads.digest_checked(step.before.digest)
    old = [at for at in (step.before.at, step.before.last_used_at, last[1]) if at is not None and at <= high]
    return max(old, default=None), high


def _digests(step: Step) -> str:
    after = step.after.digest
    if step.before is None or not step.before.digest:
        return f"→ {after[:_SHORT]}"
    before = step.before.digest
    length = next((n for n in range(_SHORT, len(after)) if before[:n] != after[:n]), len(after))
    return f"{before[:length]} → {after[:length]}"


def _called(version: DatasetVersion) -> str:
    if version.tracked is not None:
        return version.tracked.name
    return next((one.name for one in version.said_by), version.name)


def _older(step: Step) -> Iterator[Evidence]:
    if step.before is not None and step.before.digest:
        subject = written("dataset", _called(step.before), step.before.digest)
        yield Evidence(at=step.before.at, text=f"{step.name} before", subject=subject)
    if step.after.commit is not None and step.after.tracked is not None:
        yield Evidence(
            at=step.after.at, text="the commit that brought it", subject=written("commit", step.after.commit)
        )


def _author(case: Case, step: Step) -> str:
    if step.after.tracked is None or step.after.commit is None:
        return ""
    commit = case.reader.commit(step.after.commit)
    return commit.author if commit is not None else ""


def _event(step: Step) -> str:
    one = step.after.tracked
    return "" if one is None else event_id(one.source, "data changed", f"{one.name}\0{one.commit}")


# -- what did not come ----------------------------------------------------------------------------------------------


def _usual(case: Case, name: str) -> Millis | None:
    """How far apart versions of it come, where there were some."""
    times = sorted({at for at, _, _ in case.reads.data_times(case.called.get(name, (name,)), case.symptom.until)})
    gaps = [later - one for one, later in pairwise(times)]
    return round(median(gaps)) if len(gaps) >= _STEADY - 1 and median(gaps) > 0 else None


def _stale(case: Case) -> Iterator[Candidate]:
    """Data of which versions used to come, and for a stretch before it was bad none did."""
    for name, by in case.datasets.items():
        told = case.reads.data_times(case.called[name], case.symptom.until)
        usual = _usual(case, name)
        if usual is None or not told:
            continue
        at, called, digest = told[0]
        if case.symptom.until - at <= 2 * usual + HOUR:
            continue
        own = Evidence(at=at, text=f"the last {name}", subject=written("dataset", called, digest))
        text = f"no new {name} for {lasting(case.symptom.until - at)}; it used to come every {lasting(usual)}"
        yield Candidate(
            subject=own.subject, cause="stale data", kind="data", title=f"no new {name}", at=at + usual,
            not_before=at, link="digest" if by == "id" else by, names=frozenset({name}),
            rules=(Why(factor=1.05, text=text, evidence=(own,)),), evidence=(own,),
        )  # fmt: skip


def with_rule(candidate: Candidate, rule: Why) -> Candidate:
    """The same, with one more rule that holds of it."""
    return replace(candidate, rules=(*candidate.rules, rule))
