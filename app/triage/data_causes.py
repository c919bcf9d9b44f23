"""Changes of data on the path: other contents, and contents that should have come and did not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from ..comparison.data_facts import figures, is_told_apart, null_shares
from ..comparison.datasets import DataChange, data_changes
from ..lineage import By
from ..records import DatasetVersion, Evidence, Millis
from ..store.cause_reads import Came
from ..store.events import event_id
from .candidates import Candidate, few, written
from .case import Case
from .causes import is_code
from .said import said_of, share
from .upstream import Part, called_everywhere
from .window import HOUR, SKEW, Why, lasting

_SHORT: Final = 4
"""Signs of a digest in a title, at least."""
_SHORTEST: Final = 8
"""Signs by which two digests are taken for one."""
_GRAVE: Final = 1.1
_PLAIN: Final = 0.5
_UNKNOWN: Final = 0.7
_ROUTINE: Final = 0.75
_PAST: Final = 30
"""Versions among which the one is looked for that brought a change."""
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
    tracked: DatasetVersion | None = None
    """The same content as Git has it, where `after` is what a run logged: that one tells when, and by whom."""

    @property
    def brought(self) -> DatasetVersion:
        """What tells best when it came."""
        return self.after if self.tracked is None else self.tracked


def data_causes(case: Case) -> Iterator[Candidate]:
    """Contents that differ between the versions before and after, those that came in the window, and stale ones."""
    seen: set[tuple[str, str]] = set()
    for step in (*_carried(case), *_came(case)):
        if not any(name == step.name and _same(digest, step.after.digest) for name, digest in seen):
            seen |= {(step.name, step.after.digest), (step.name, step.brought.digest)}
            yield _changed(case, step)
    yield from _stale(case)


# -- which ----------------------------------------------------------------------------------------------------------


def _carried(case: Case) -> Iterator[Step]:
    """What the version that became bad was made of, and the one before it was not."""
    if not case.carries or case.good is None or case.bad is None:
        return
    old = case.good.names
    for name, parts in case.bad.names.items():
        before = old.get(name, [])
        known = {part.digest for part in before}
        tools = {part.tool for part in before}
        new = [part for part in parts if part.digest not in known and not is_code(part.called)]
        new = [part for part in new if part.tool in tools] or (new if len(new) == len(parts) else [])
        if new:
            yield from _step(case, new, before)
    if not case.bad.parts:
        yield from _tracked(case, case.good.commit, case.bad.commit)


def _tracked(case: Case, base: str | None, head: str | None) -> Iterator[Step]:
    """Of runs that logged no data: what Git tracked at their commits. 20 ms each."""
    if base is None or head is None or base == head:
        return
    at = case.reader.datasets.at_commit
    old = {one.version.name: one.version for one in at(base)}
    for after in (one.version for one in at(head)):
        before = old.get(after.name)
        if after.kind == "data" and before is not None and before.digest != after.digest and not is_code(after.name):
            name = case.outlook.identities.name_of("dvc", after.name) or after.name
            case.datasets.setdefault(name, "digest")
            case.called.setdefault(name, called_everywhere(case.outlook.identities, [name])[name] + (after.name,))
            version = case.reader.datasets.version
            new, former = (version(name, one.digest, case.outlook.identities) for one in (after, before))
            if new is not None:
                yield Step(name, "digest", former, new, is_carried=True)


def _step(case: Case, new: list[Part], old: list[Part]) -> Iterator[Step]:
    """One step, whichever tools tell of it: by what the run logged, with what Git says of that."""
    part = min(new, key=lambda one: one.tool != "mlflow")
    after = _version(case, part)
    if after is None:
        return
    former = next((one for one in old if one.called == part.called), next(iter(old), None))
    before = _version(case, former) if former is not None else None
    git = next((one for one in new if one.tool == "dvc" and one is not part), None)
    tracked = _version(case, git) if git is not None else None
    yield Step(part.name, part.by, before, after, is_carried=True, of=part.of, tracked=tracked)


def _version(case: Case, part: Part) -> DatasetVersion | None:
    return case.reader.datasets.version(part.called, part.digest, case.outlook.identities) or (
        case.reader.datasets.version(part.name, part.digest, case.outlook.identities)
    )


def _came(case: Case) -> Iterator[Step]:
    """Versions of data on the path that came in the window, or not long before it."""
    for name, by in case.datasets.items():
        told = case.reads.data_times(case.called[name], case.symptom.until + SKEW)
        fresh = [one for one in told if one.at >= case.symptom.reach]
        tracked = [one for one in fresh if one.is_tracked]
        used = [one for one in fresh if not one.is_tracked]
        for one in [*used, *(one for one in tracked if not any(_same(one.digest, other.digest) for other in used))][:4]:
            git = next((other for other in tracked if _same(one.digest, other.digest)), None)
            yield from _fresh(case, name, by if by != "id" else "digest", one, git if not one.is_tracked else None)


def _fresh(case: Case, name: str, by: By, one: Came, git: Came | None) -> Iterator[Step]:
    after = _came_version(case, name, one)
    if after is None or after.is_gone:
        return
    before = case.reader.datasets.before(after, case.outlook.identities)
    if before is None or before.digest != after.digest:
        tracked = _came_version(case, name, git) if git is not None else None
        yield Step(name, by, before, after, is_carried=False, tracked=tracked)


def _came_version(case: Case, name: str, one: Came) -> DatasetVersion | None:
    version, declared = case.reader.datasets.version, case.outlook.identities
    return version(name, one.digest, declared) or version(one.name, one.digest, declared)


def _same(one: str, other: str) -> bool:
    """Whether two digests are one: some tools keep the beginning only."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST and long.startswith(short)


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
    git = step.brought
    commits = frozenset({git.commit} if git.tracked is not None and git.commit else ())
    return Candidate(
        subject=subject, cause="data", kind="data", title=title, at=high, not_before=low,
        event="" if _is_dated_late(case, step) else _event(step),
        actor=_author(case, step), link=step.by, carrier=case.carrier if step.is_carried else None, commits=commits,
        names=frozenset({step.name, *(one.column for one in said if one.column), *_columns(changes)}),
        scripts=frozenset(_scripts(changes)), evidence=evidence,
        rules=tuple(_rules(case, step, changes, head, evidence)),
    )  # fmt: skip


def _rules(
    case: Case, step: Step, changes: tuple[DataChange, ...], head: list[str], evidence: tuple[Evidence, ...]
) -> Iterator[Why]:
    if head:
        yield Why(factor=_GRAVE, text=few(head), evidence=evidence)
    elif changes and _is_told(step):
        yield Why(factor=_PLAIN, text=f"but little differs: {few(one.words for one in changes)}", evidence=evidence)
    else:
        few_words = f": {few(one.words for one in changes)}" if changes else ""
        told = f"its content is another one, and nobody says much of it{few_words}"
        yield Why(factor=_UNKNOWN, text=told, evidence=evidence[:2])
    if not head and (usual := _usual(case, step.name)) is not None:
        told = f"but {step.name} changes every {lasting(usual)}"
        yield Why(factor=_ROUTINE, text=told, evidence=evidence[:1])
    if scripts := _scripts(changes):
        yield Why(factor=0.75, text=f"but {few(scripts)}, which makes it, changed too", evidence=evidence[:1])
    if _is_dated_late(case, step) and step.brought.tracked is not None:
        text = f"Git dates it after the run that was made of it, by {lasting((step.brought.at or 0) - case.bad_at)}"
        yield Why(factor=1.0, text=text, evidence=evidence[:1])
    if step.of:
        yield Why(factor=1.05, text=f"{step.of} was made of it", evidence=evidence[:1])
    if step.is_carried and (origin := _origin(case, step, changes)) is not None:
        subject = written("dataset", _called(origin.after), origin.after.digest)
        own = Evidence(at=origin.brought.at, text=f"{origin.name} {_digests(origin)}", subject=subject)
        yield Why(factor=1.0, text=f"that came with {own.text}", evidence=(own,))


def _origin(case: Case, step: Step, changes: tuple[DataChange, ...]) -> Step | None:
    """Of versions that lie further apart the one step between them that brought the worst of it: by this it is called
    elsewhere. None where they follow each other, or nobody can tell."""
    worst = next(((change.kind, change.name) for change in changes if is_grave(change)), None)
    if worst is None or step.before is None:
        return None
    is_tracked = step.after.tracked is not None
    told = case.reader.datasets.versions(step.name, case.outlook.identities, _PAST)
    past = [one for one in told if (one.tracked is not None) == is_tracked]  # each tool has a profile of its own
    ends = [next((at for at, one in enumerate(past) if _same(one.digest, end)), -1)
            for end in (step.after.digest, step.before.digest)]  # fmt: skip
    if ends[0] < 0 or ends[1] - ends[0] < 2:
        return None
    between = past[ends[0] : ends[1] + 1]
    found = [
        Step(step.name, step.by, before, after, is_carried=False)
        for after, before in pairwise(between)
        if any(is_grave(one) and (one.kind, one.name) == worst for one in data_changes(before, after))
    ]
    return found[0] if len(found) == 1 else None


def _scripts(changes: tuple[DataChange, ...]) -> list[str]:
    """Code among what the stage read that wrote it, where that is another one."""
    return [change.name for change in changes if change.kind == "dep" and is_code(change.name)]


def _is_told(step: Step) -> bool:
    """Whether both profiles say more than how much there is: else that little differs says nothing."""
    both = (step.before, step.after)
    return all(
        one is not None and (null_shares(told := figures(one.profile)) or any(not is_told_apart(key) for key in told))
        for one in both
    )


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
    git = step.brought
    if git.tracked is not None and git.at is not None and not _is_dated_late(case, step):
        return None, git.at
    checked = case.reads.digest_checked(step.after.digest)
    known = [at for at in (step.after.at, step.after.first_used_at, checked[0]) if at is not None]
    if _is_dated_late(case, step) and case.bad is not None:
        known = [*(at for at in known if at <= case.bad.at), case.bad.at]
    high = min(known, default=case.symptom.until)
    if step.before is None:
        return None, high
    last = case.reads.digest_checked(step.before.digest)
    old = [at for at in (step.before.at, step.before.last_used_at, last[1]) if at is not None and at <= high]
    return max(old, default=None), high


def _is_dated_late(case: Case, step: Step) -> bool:
    """Whether Git dates it after the run that was made of it: a clock is wrong, or it was committed afterwards."""
    at = step.brought.at
    return step.is_carried and case.bad is not None and at is not None and at > case.bad.at + SKEW


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
    git = step.brought
    if step.tracked is not None:
        yield Evidence(
            at=git.at, text=f"{step.name} as Git has it", subject=written("dataset", _called(git), git.digest)
        )
    if git.commit is not None and git.tracked is not None:
        yield Evidence(at=git.at, text="the commit that brought it", subject=written("commit", git.commit))


def _author(case: Case, step: Step) -> str:
    if step.brought.tracked is None or step.brought.commit is None:
        return ""
    commit = case.reader.commit(step.brought.commit)
    return commit.author if commit is not None else ""


def _event(step: Step) -> str:
    one = step.brought.tracked
    return "" if one is None else event_id(one.source, "data changed", f"{one.name}\0{one.commit}")


# -- what did not come ----------------------------------------------------------------------------------------------


def _times(case: Case, name: str) -> list[Came]:
    """When versions of it came, newest first: by Git where that tells of enough, else by the first runs on them."""
    told = case.reads.data_times(case.called.get(name, (name,)), case.symptom.until)
    tracked = [one for one in told if one.is_tracked]
    return tracked if len(tracked) >= _STEADY else [one for one in told if not one.is_tracked]


def _usual(case: Case, name: str) -> Millis | None:
    """How far apart versions of it come, where there were some, and most of the gaps between them are alike."""
    times = sorted({one.at for one in _times(case, name)})
    gaps = [later - one for one, later in pairwise(times)]
    usual = round(median(gaps)) if len(gaps) >= _STEADY - 1 else 0
    alike = [gap for gap in gaps if usual / 2 <= gap <= 2 * usual]
    return usual if usual > 0 and len(alike) >= _STEADY - 1 else None


def _stale(case: Case) -> Iterator[Candidate]:
    """Data of which versions used to come, and for a stretch before it was bad none did."""
    if case.symptom.family == "silence" and case.subject.kind in ("dataset", "model", "alias"):
        return  # that is what is asked about
    for name, by in case.datasets.items():
        told, usual = _times(case, name), _usual(case, name)
        if usual is None or case.symptom.until - told[0][0] <= 2 * usual + HOUR:
            continue
        at, called, digest, _ = told[0]
        own = Evidence(at=at, text=f"the last {name}", subject=written("dataset", called, digest))
        text = f"no new {name} for {lasting(case.symptom.until - at)}; it used to come every {lasting(usual)}"
        yield Candidate(
            subject=own.subject, cause="stale data", kind="data", title=f"no new {name}", at=at + usual,
            not_before=at, lasts=True, link="digest" if by == "id" else by, names=frozenset({name}),
            rules=(Why(factor=1.05, text=text, evidence=(own,)), *_only_used(told[0][3], own)), evidence=(own,),
        )  # fmt: skip


def _only_used(is_tracked: bool, own: Evidence) -> Iterator[Why]:
    if not is_tracked:
        yield Why(factor=0.6, text="but only runs tell of it, and it may be there without one", evidence=(own,))
