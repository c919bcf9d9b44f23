"""What candidates say of each other: what carried what, what would have met what, what is only a trace of another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from .candidates import Candidate
from .case import Case
from .window import DAY, SKEW, Why

Key: TypeAlias = tuple[str, str, int]
Known: TypeAlias = Mapping[Key, Candidate]

OPENED: Final = frozenset({"rule loosened", "rule removed", "rule changed", "check silent"})
"""What lets bad data through ..."""
CARRIERS: Final = frozenset({"promotion", "alias", "rollback", "version"})
"""... and what brings a version into force."""
_FRESH: Final = re.compile(r"fresh|recen|stale|\bage\b|delay|latest|row_count|volume|max_timestamp", re.IGNORECASE)
"""What a check of when data came, or how much, is called."""
_GRAVE: Final = 1.05
"""A change of data whose first rule counts for so much is one that people would look up at."""
_EXPLAINS: Final = 0.45
"""What a change that was carried must be worth to explain what carried it ..."""
_EXPLAINS_ODD: Final = 0.9
"""... and where there is something odd about that itself: then it is an answer of its own."""


def joined(case: Case, known: Known, scores: Mapping[Key, float]) -> dict[Key, list[Why]]:
    """The rules that hold of candidates because of others."""
    found: dict[Key, list[Why]] = {}
    for rules in (_met, _first_since, _params, _made_of, _told, _brought, _halted, _applied, _late):
        for key, why in rules(case, known):
            found.setdefault(key, []).append(why)
    worth = dict(scores)
    for key, whys in found.items():
        for why in whys:
            worth[key] *= why.factor
    for key, why in _carried(known, worth):
        found.setdefault(key, []).append(why)
    return found


def _of(known: Known, *causes: str) -> list[tuple[Key, Candidate]]:
    return [(key, one) for key, one in known.items() if one.cause in causes]


def _met(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """A check of data that changed, which was loosened before or since: it would have met it."""
    grave = [(key, one) for key, one in _of(known, "data") if one.rules and one.rules[0].factor >= _GRAVE]
    for key, check in _of(known, *OPENED):
        both = [(data_key, data, sorted((data.names & check.names) - set(case.datasets))) for data_key, data in grave
                if data.names & check.names]  # fmt: skip
        if not both:
            continue
        data_key, data, columns = min(both, key=lambda one: (not one[2], one[1].carrier is None, one[0]))
        told = f"{data.title} came while it could not meet {columns[0] if columns else 'that'}"
        why = Why(factor=1.15 if columns else 1.05, text=told, evidence=(*data.evidence[:1], *check.evidence[:2]))
        yield key, why
        if columns:
            text = f"it would have failed {check.title.partition(' ')[0]} before that changed"
            yield data_key, Why(factor=1.04, text=text, evidence=check.evidence[:2])


def _first_since(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """The first data since a rule of it was loosened, carried by a version: whatever profiles tell, nobody looked."""
    carried = [(key, one) for key, one in _of(known, "data") if one.carrier is not None]
    for _, check in _of(known, "rule loosened", "rule removed"):
        since = [(key, one) for key, one in carried if one.at >= check.at - SKEW and one.names & check.names]
        key, data = min(since, key=lambda pair: (pair[1].at, pair[0]), default=(None, None))
        if key is None or data is None or not data.rules or data.rules[0].factor >= 1:
            continue
        text = f"it is the first that came since {check.title.partition(' ')[0]} lets more through"
        yield key, Why(factor=1.5, text=text, evidence=check.evidence[:1])


def _params(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """A commit of params, where both runs say what they were given."""
    good, bad = case.good, case.bad
    told = [one for _, one in _of(known, "params") if any(item.subject.startswith("run/") for item in one.evidence)]
    if good is None or bad is None or not (good.run and bad.run and good.run.params and bad.run.params):
        return
    for key, one in _of(known, "params"):
        if one.subject.startswith("commit/") and one.carrier is not None and not told:
            text = "but both runs were given the same params"
            yield key, Why(factor=0.4, text=text, evidence=one.evidence[:1])


def _made_of(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """Data that was made of other data that changed too."""
    changed = {name: one for _, one in _of(known, "data") for name in sorted(one.names & set(case.datasets))}
    above = {part.of: part.name for part in case.parts if part.of and part.name in changed and part.of != part.name}
    for key, one in _of(known, "data"):
        name = next((name for name in sorted(one.names) if name in above), None)
        if name is not None and changed[above[name]] is not one:
            root = changed[above[name]]
            text = f"but it was made of {above[name]}, and that changed: {root.title}"
            yield key, Why(factor=0.6, text=text, evidence=root.evidence[:1])


def _told(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """A check that fails says what is wrong with data rather than why."""
    data = [one for _, one in _of(known, "data", "stale data")]
    for key, one in _of(known, "check failing"):
        root = next((other for other in data if other.names & one.names), None)
        if root is not None:
            text = f"but it says what {root.title} brought, and not why"
            yield key, Why(factor=0.6, text=text, evidence=root.evidence[:1])


def _brought(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """Data that did not come because a pipeline broke."""
    broken = [(key, one) for key, one in _of(known, "pipeline broke") if one.link != "none"]
    broken = broken or _of(known, "pipeline broke")[:1]
    for key, stale in _of(known, "stale data"):
        for other, one in broken:
            if (stale.not_before or stale.at) - SKEW <= one.at <= stale.at + DAY:
                text = f"{stale.title} since, which it may have brought"
                yield other, Why(factor=1.25, text=text, evidence=stale.evidence[:1])
                yield key, Why(factor=0.8, text=f"but {one.title} then", evidence=one.evidence[:1])
                break


def _halted(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """A pipeline that runs no more since a commit of its schedule."""
    causes = [one for _, one in _of(known, "ci") if one.link == "declared"]
    for key, one in _of(known, "pipeline broke"):
        cause = next((other for other in causes if one.evidence[0] in other.evidence_of_rules), None)
        if cause is not None:
            yield key, Why(factor=0.6, text=f"but {cause.title} since", evidence=cause.evidence[:1])


def _applied(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """Code of infrastructure that was applied since, with its own stack where it is known to be of one."""
    applied = [one for _, one in _of(known, "infrastructure", "data infrastructure")]
    for key, code in _of(known, "infrastructure code", "data infrastructure code"):
        of = code.names & case.stacks.keys()
        later = (one for one in applied if -SKEW <= one.at - code.at <= 7 * DAY and (not of or of & one.names))
        carrier = min(later, key=lambda one: (one.at, one.subject), default=None)
        if carrier is not None:
            text = f"but it was {carrier.title} that put it to work"
            yield key, Why(factor=0.7, text=text, evidence=carrier.evidence[:1])


def _late(case: Case, known: Known) -> Iterator[tuple[Key, Why]]:
    """A check of how fresh data is, or how much: what did not come is nearer to it than what did."""
    if case.check is None or not _FRESH.search(case.check.name):
        return
    late = _of(known, "stale data", "pipeline broke", "data infrastructure", "data infrastructure code")
    late += [(key, one) for key, one in _of(known, "ci") if one.link == "declared"]
    for key, one in late:
        text = f"{case.check.name} is about what should have come"
        yield key, Why(factor=1.3, text=text, evidence=one.evidence[:1])
    for key, one in _of(known, "data"):
        yield key, Why(factor=0.6, text=f"but {case.check.name} is about what did not come", evidence=one.evidence[:1])


def _carried(known: Known, worth: Mapping[Key, float]) -> Iterator[tuple[Key, Why]]:
    """What only brought the change that explains it."""
    for key, one in known.items():
        if one.cause not in CARRIERS:
            continue
        brought = [
            (worth[other], known[other].title, other)
            for other in known
            if (carrier := known[other].carrier) is not None and (carrier.subject, carrier.at) == (one.subject, one.at)
        ]
        if not brought:
            continue
        best, title, other = max(brought)
        least = _EXPLAINS_ODD if _is_odd(one) else _EXPLAINS
        if best >= least:
            factor = 0.4 if one.cause != "alias" else 0.55
            yield (
                key,
                Why(
                    factor=factor, text=f"but what it carried explains it: {title}", evidence=known[other].evidence[:1]
                ),
            )


def _is_odd(one: Candidate) -> bool:
    """Whether there is something about the move itself: gates unmet, nobody who explains it, a worse version."""
    return any(rule.factor > 1 for rule in one.rules)
