"""metric:NAME: what was measured of the candidate, against a bound and against the version that the alias shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import NamedTuple

from ..records import Millis
from ..settings import Gate as Rule
from ..text import clip
from .ages import age_of
from .facts import Situation
from .gate import WORST_FIRST, Gate, GateState
from .measures import Measure, Measures, measures
from .words import NAME, called, difference, exact, figure, figures


class _Said(NamedTuple):
    """One finding of a gate: its state, and the words for it."""

    state: GateState
    words: str


class _Pair(NamedTuple):
    """What is judged: a value of the candidate, and the one of the champion that it is compared with."""

    mine: Measure
    theirs: Measure | None


def metric_gates(situation: Situation, rules: Sequence[Rule], now: Millis) -> Iterator[Gate]:
    """A gate for each metric of the policy; a second one for the same metric is called metric:NAME#2."""
    seen: dict[str, int] = {}
    for rule in rules:
        seen[rule.name] = count = seen.get(rule.name, 0) + 1
        yield _metric_gate(situation, rule, f"metric:{rule.name}{f'#{count}' if count > 1 else ''}", now)


def _metric_gate(situation: Situation, rule: Rule, name: str, now: Millis) -> Gate:
    gate = Gate(id=name, title="metric", state="missing", sentence="", bound=_bound(situation, rule))
    mine = measures(situation, situation.candidate, rule.name)
    if not mine.found:
        return gate.but(sentence=f"{clip(rule.name, NAME)}: {mine.trouble}")
    theirs = _theirs(situation, rule)
    judged = [_judged(gate, situation, rule, pair, theirs, now) for pair in _pairs(mine.found, theirs, rule)]
    return min(judged, key=lambda one: WORST_FIRST.index(one.state))


def _compares(rule: Rule) -> bool:
    return rule.same_dataset or rule.min_absolute_change is not None or rule.min_relative_change is not None


def _theirs(situation: Situation, rule: Rule) -> Measures | None:
    """What was measured of the champion; None where there is nothing to compare with, or no need to."""
    if situation.kind == "rollback" or situation.champion is None or not _compares(rule):
        return None
    return measures(situation, situation.champion, rule.name)


def _pairs(mine: Sequence[Measure], theirs: Measures | None, rule: Rule) -> list[_Pair]:
    """What is to be judged: values on the same data side by side; the worst of them decides."""
    if theirs is None or not theirs.found:
        return [_Pair(one, None) for one in mine]
    alike = [_Pair(one, other) for one in mine for other in theirs.found if _alike(one, other)]
    if alike:
        return alike
    if rule.same_dataset or len(mine) > 1 or len(theirs.found) > 1:
        return [_Pair(one, None) for one in mine]
    return [_Pair(mine[0], theirs.found[0])]


def _alike(one: Measure, other: Measure) -> bool:
    return bool(one.digests) and one.digests == other.digests


def _judged(gate: Gate, situation: Situation, rule: Rule, pair: _Pair, theirs: Measures | None, now: Millis) -> Gate:
    mine, other = pair
    said = [_threshold(rule, mine.value)]
    if theirs is not None:
        said.extend(_comparison(situation, rule, pair, theirs))
    elif situation.champion is None and situation.kind == "promotion" and _compares(rule):
        said.append(_Said("pass", "nothing to compare with yet"))
    said.extend(_Said(*found) for found in age_of(mine.at, rule.max_age, now))
    state = min((one.state for one in said), key=WORST_FIRST.index)
    sentence = ", ".join(one.words for one in said if one.words)
    evidence = (*mine.evidence, *(other.evidence if other else ()))
    return gate.but(
        state=state, sentence=f"{clip(rule.name, NAME)} {sentence}", value=mine.value,
        against=other.value if other else None, evidence=tuple(dict.fromkeys(evidence)), at=mine.at,
    )  # fmt: skip


def _threshold(rule: Rule, value: float) -> _Said:
    if not isfinite(value):
        return _Said("inconclusive", f"is {figure(value)}")
    if rule.threshold is None:
        return _Said("pass", figure(value))
    shown, bound = figures(value, rule.threshold)
    kept = value >= rule.threshold if rule.greater_is_better else value <= rule.threshold
    sign = ("≥" if kept else "<") if rule.greater_is_better else ("≤" if kept else ">")
    return _Said("pass" if kept else "fail", f"{shown} {sign} {bound}")


def _comparison(situation: Situation, rule: Rule, pair: _Pair, theirs: Measures) -> Iterator[_Said]:
    champion = called(situation.shows)
    if not theirs.found:
        yield _Said("inconclusive" if theirs.is_absent else "missing", f"of {champion}: {theirs.trouble}")
    elif pair.theirs is None:
        said = "data of one is not known" if _unknown(pair.mine, theirs) else f"other data than {champion}"
        yield _Said("inconclusive", said)
    elif not isfinite(pair.theirs.value):
        yield _Said("inconclusive", f"{champion} has {figure(pair.theirs.value)}")
    elif isfinite(pair.mine.value):
        yield from _changes(rule, pair.mine.value, pair.theirs.value, champion)
        yield _Said("pass", _data(pair.mine, pair.theirs))


def _unknown(mine: Measure, theirs: Measures) -> bool:
    return not mine.digests or not any(one.digests for one in theirs.found)


def _data(mine: Measure, theirs: Measure) -> str:
    if _alike(mine, theirs):
        return "same data"
    return "other data" if mine.digests and theirs.digests else "data not known"


def _changes(rule: Rule, value: float, before: float, champion: str) -> Iterator[_Said]:
    """The differences that are demanded, towards what is better. Figures are taken as the decimals that people read."""
    change = exact(value) - exact(before)
    gain = change if rule.greater_is_better else -change
    if rule.min_absolute_change is not None or rule.min_relative_change is None:
        least = exact(rule.min_absolute_change or 0)
        bound = least if rule.greater_is_better else -least
        kept = rule.min_absolute_change is None or gain >= least
        needs = "" if kept else f", needs {difference(bound)}"
        yield _Said("pass" if kept else "fail", f"{difference(change, bound)} on {champion}{needs}")
    if rule.min_relative_change is not None:
        yield _relative(rule, value, before, champion)


def _relative(rule: Rule, value: float, before: float, champion: str) -> _Said:
    if before == 0:
        return _Said("inconclusive", f"{champion} has 0, no change is relative to that")
    share = (exact(value) - exact(before)) / abs(exact(before)) * 100
    least = exact(rule.min_relative_change or 0) * 100
    bound = least if rule.greater_is_better else -least
    kept = share >= least if rule.greater_is_better else share <= bound
    needs = "" if kept else f", needs {difference(bound)} %"
    return _Said("pass" if kept else "fail", f"{difference(share, bound)} % on {champion}{needs}")


def _bound(situation: Situation, rule: Rule) -> str:
    """What the policy demands, in a line."""
    words = []
    sign = 1 if rule.greater_is_better else -1
    if rule.threshold is not None:
        words.append(f"{'≥' if rule.greater_is_better else '≤'} {figure(rule.threshold)}")
    if rule.min_absolute_change is not None:
        words.append(f"{difference(exact(rule.min_absolute_change) * sign)} on {clip(situation.alias, NAME)}")
    if rule.min_relative_change is not None:
        words.append(f"{difference(exact(rule.min_relative_change) * 100 * sign)} % on {clip(situation.alias, NAME)}")
    words += ["same data"] if rule.same_dataset else []
    words += [f"at most {rule.max_age} old"] if rule.max_age else []
    return ", ".join(words)
