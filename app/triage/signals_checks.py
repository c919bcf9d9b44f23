"""Checks that fail, could not run, are silent or were loosened on data that production feeds on; failures elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..records import EventRef, Millis, Severity, Signal, SignalKind
from ..store.reading import Reader
from ..store.watch_reads import WatchReads
from ..store.watch_rows import CheckLine, HeldVersion
from .clocks import Clocks, until
from .outlook import Outlook
from .production import Production, endangered, feeding, model_group, refs_to
from .severity import rank, severity
from .signs import Found, Sign, earliest, ref, written

LOOSENED_FOR: Final = 7 * 86_400_000
"""Milliseconds for which it is told that a rule was loosened or taken away."""
MOST: Final = 20
"""Checks of one dataset and one kind of trouble that are told one by one; the others are counted."""
_MINOR: Final = frozenset({"warning", "warn", "info", "low", "minor"})
_KINDS: Final[Mapping[SignalKind, str]] = {
    "check failing": "fails", "check could not run": "could not run", "check silent": "is silent",
    "check loosened": "was loosened",
}  # fmt: skip


class Trouble(NamedTuple):
    """One thing that is wrong with a check."""

    kind: SignalKind
    check: CheckLine
    since: Millis
    not_before: Millis | None
    dataset: str
    eaters: tuple[HeldVersion, ...]
    state: str
    severity: Severity


def look_at_checks(reader: Reader, production: Production, outlook: Outlook, known: Clocks, now: Millis) -> Found:
    """What the cache says of all checks."""
    reads = WatchReads(reader.connection)
    lines, total, due = reads.checks_in_trouble(now, now - LOOSENED_FOR)
    troubles = check_troubles(lines, production, outlook, known, now)
    said = reads.newest_words({one.check.rowid for one in _told(troubles) if one.eaters})
    moments = (at + LOOSENED_FOR for line in lines if (at := line.rule_changed_at or line.removed_at) is not None)
    # of what is counted beside, `due` may be of a check that concerns nobody: then a look finds what it had
    return Found(
        signs=tuple(check_signs(troubles, said)), due=earliest((*moments, None if due is None else due + 1), now),
        watched=(("checks", total),),
    )  # fmt: skip


def check_troubles(
    lines: Iterable[CheckLine], production: Production, outlook: Outlook, known: Clocks, now: Millis
) -> list[Trouble]:
    """What is wrong with these checks. Those of another environment say nothing here.

    A check whose source was not read since is not silent: it was not heard.
    """
    found: list[Trouble] = []
    for line in lines:
        if outlook.environment and line.environment not in ("", outlook.environment):
            continue
        name = outlook.identities.name_of(line.tool, line.dataset) or line.dataset
        eaters = production.eaters(line.tool, line.dataset, line.rowid)
        found += _troubles(line, name, eaters, until(known, line.source, now), now)
    return found


def _troubles(
    line: CheckLine, dataset: str, eaters: tuple[HeldVersion, ...], heard_until: Millis, now: Millis
) -> Iterator[Trouble]:
    is_minor = line.severity.casefold() in _MINOR
    if line.removed_at is not None:
        if eaters:
            level = severity("check loosened")
            yield Trouble("check loosened", line, line.removed_at, None, dataset, eaters, "removed", level)
        return
    if line.outcome in ("fail", "error"):
        kind: SignalKind = "check failing" if line.outcome == "fail" else "check could not run"
        case = "other" if not eaters else "minor" if is_minor and line.outcome == "fail" else "production"
        since = line.first_failed_at if line.first_failed_at is not None else line.checked_at
        state = "fails" if line.outcome == "fail" else "could not run"
        yield Trouble(kind, line, since, line.first_failed_not_before, dataset, eaters, state, severity(kind, case))
    if eaters and line.due_at is not None and line.due_at < heard_until:
        level = severity("check silent")
        yield Trouble("check silent", line, line.due_at, line.checked_at, dataset, eaters, "silent", level)
    at = line.rule_changed_at
    if eaters and line.rule_change == "loosened" and at is not None and now - LOOSENED_FOR < at:
        level = severity("check loosened")
        before = line.rule_changed_not_before
        yield Trouble("check loosened", line, at, before, dataset, eaters, "loosened", level)


# -- as signals ---------------------------------------------------------------------------------------------------

_Sorted = dict[tuple[str, str, tuple[HeldVersion, ...]], list[Trouble]]


def _sorted(troubles: Iterable[Trouble]) -> _Sorted:
    """By dataset, kind, and who feeds on it; the gravest first, then what began first."""
    of: _Sorted = defaultdict(list)
    for one in troubles:
        of[one.dataset or f"{one.check.tool} {one.check.suite}", one.kind, one.eaters].append(one)
    for own in of.values():
        own.sort(key=lambda one: (rank(one.severity), one.since, one.check.native))
    return of


def _told(troubles: Iterable[Trouble]) -> list[Trouble]:
    return [one for own in _sorted(troubles).values() for one in own[:MOST]]


def check_signs(troubles: Sequence[Trouble], said: Mapping[int, str]) -> Iterator[Sign]:
    """The signals of these: one a check where production feeds on the data, else one a dataset.

    `said`: what the newest result of a check observed, by row id.
    """
    for (dataset, _, eaters), own in _sorted(troubles).items():
        if not eaters:
            yield _of_many(dataset, own, eaters)
            continue
        yield from (_of_one(dataset, one, said.get(one.check.rowid, "")) for one in own[:MOST])
        if len(own) > MOST:
            yield _of_many(dataset, own[MOST:], eaters)


def _of_one(dataset: str, one: Trouble, said: str) -> Sign:
    whose = f"{dataset}  {one.check.name}"
    what = {"removed": "is no longer checked"}.get(one.state, _KINDS[one.kind])
    title = f"{whose} {what}{f': {said}' if said and one.state in ('fails', 'could not run') else ''}"
    return _sign(dataset, one, title, [one], _why(one))


def _of_many(dataset: str, own: Sequence[Trouble], eaters: tuple[HeldVersion, ...]) -> Sign:
    if len(own) == 1:
        return _of_one(dataset, own[0], "")
    verb = {"check failing": "fail", "check silent": "are silent", "check loosened": "were loosened"}.get(own[0].kind)
    others = "more checks" if eaters else "checks"
    return _sign(dataset, own[0], f"{dataset}  {len(own)} {others} {verb or 'could not run'}", own[:MOST], _why(own[0]))


def _why(one: Trouble) -> str:
    who = f"said by {' '.join(filter(None, (one.check.tool, one.check.suite)))}"
    if not one.eaters:
        return f"no model in production is known to feed on it; {who}"
    return f"{feeding(one.eaters)} on it; {who}"


def _sign(dataset: str, lead: Trouble, title: str, own: Sequence[Trouble], reason: str) -> Sign:
    refs: list[EventRef] = [ref("check", one.check.native) for one in own]
    if lead.kind == "check loosened" and lead.check.rule_changed_commit:
        refs.append(ref("commit", lead.check.rule_changed_commit, role="code"))
    signal = Signal(
        kind=lead.kind, subject=written("check", lead.check.native), severity=lead.severity, since=lead.since,
        not_before=lead.not_before, title=title, reason=reason, state=lead.state,
        refs=(*refs, *refs_to(lead.eaters)), **endangered(lead.eaters),
    )  # fmt: skip
    area = "data" if lead.eaters else "other data"
    joins = tuple(model_group(one) for one in lead.eaters)
    return Sign(signal, (area, dataset), joins=joins, source=lead.check.source)
