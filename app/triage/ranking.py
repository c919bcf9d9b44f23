"""Candidates weighed against each other, by written rules: docs/triage.md says each of them in words.

The score of one is a product: how readily such a change causes such a symptom, how near in time it is, by what it is
joined to it, and each rule that holds of it. Then candidates are joined to each other: what was carried is preferred to
what carried it, and a check that was loosened is worse when the data that it would have met came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import Final

from msgspec.structs import replace

from ..records import Evidence, Millis, Suspect, SuspectStrength
from .candidates import LINKS, Candidate, Carrier, few
from .case import Case
from .causes import FITS, WORDS
from .together import CARRIERS, OPENED, joined
from .window import DAY, SKEW, SLID, Why, lasting, nearness, stayed_good

STRONG: Final = 0.6
POSSIBLE: Final = 0.27
"""Scores from which on a suspect is called so; below it is weak."""
FULL: Final = 1.2
"""The product that counts as a score of 1."""
WORTH: Final = 0.03
"""Below, something is not told as a suspect but counted among what else happened."""
ALIKE: Final = 3
"""Checks of one commit that are told as suspects."""
_BESIDE: Final = 3
"""Other changes of one subject that are told beside the likeliest."""
_JUDGED: Final = ("business", "operational")
"""Troubles of the version that is in force, and not of the alias that shows it."""
_RARELY: Final = 0.3
_CALLED: Final = {"series": "line"}
"""Kinds of subjects that people call otherwise."""
_TRUTHS: Final = frozenset({"data", "data code", "data infrastructure", "data infrastructure code"})
"""What may harm the truths by which predictions are judged, where no version carried it."""
_LASTING: Final[Millis] = 14 * DAY
"""What went on for longer was there while it was good."""


def ranked(case: Case, candidates: Iterable[Candidate]) -> list[tuple[Suspect, Candidate]]:
    """The suspects, the likeliest first; of equals the later one, then by kind and name. The order of the candidates
    makes no difference."""
    once = {(one.cause, one.subject, one.at): one for one in sorted(candidates, key=_order)}
    basic = {key: _own(case, one) for key, one in once.items()}
    scores = {key: _product(whys) * _fit(case, once[key]) for key, whys in basic.items()}
    more = joined(case, once, scores)
    whys = {key: [*basic[key], *more.get(key, ())] for key in once}
    worth = {key: _fit(case, one) * _product(whys[key]) for key, one in once.items()}
    order = sorted(once, key=lambda key: (-worth[key], -once[key].at, once[key].kind, once[key].subject))
    told = _few_alike([once[key] for key in order if worth[key] / FULL >= WORTH])
    keys = [(one.cause, one.subject, one.at) for one in told]
    found = [(_suspect(case, one, whys[key]), one) for key, one in zip(keys, told, strict=True)]
    return list(_once(case, found))


def _once(case: Case, found: Sequence[tuple[Suspect, Candidate]]) -> Iterator[tuple[Suspect, Candidate]]:
    """Each subject once, by what is likeliest of it, the others beside it: of an alias by the move that put the version
    in force which became bad."""
    same: dict[str, list[tuple[Suspect, Candidate]]] = {}
    for pair in found:
        same.setdefault(pair[0].subject, []).append(pair)
    for pair in found:
        suspect, candidate = lead = _lead(case, same[pair[0].subject])
        if pair is lead:
            beside = [one for one, _ in same[suspect.subject] if one.title != suspect.title]
            yield _with(suspect, beside[:_BESIDE]), candidate


def _lead(case: Case, same: Sequence[tuple[Suspect, Candidate]]) -> tuple[Suspect, Candidate]:
    at = None if case.moved is None or case.symptom.family not in _JUDGED else case.moved.at
    return next((pair for pair in same if pair[1].cause in CARRIERS and pair[1].at == at), same[0])


def _with(suspect: Suspect, others: Sequence[Suspect]) -> Suspect:
    if not others:
        return suspect
    evidence = dict.fromkeys((*suspect.evidence, *(item for one in others for item in one.evidence[:1])))
    told = f"of the same: {few(one.title for one in others)}"
    against = next((n for n, text in enumerate(suspect.reasons) if text.startswith("but ")), len(suspect.reasons))
    reasons = (*suspect.reasons[:against], told, *suspect.reasons[against:])
    return replace(suspect, reasons=reasons, evidence=tuple(evidence))


def _few_alike(found: Sequence[Candidate]) -> list[Candidate]:
    """Of checks that one commit changed the first few: 200 rules that were loosened at once are one change."""
    seen: Counter[tuple[str, frozenset[str]]] = Counter()
    kept = []
    for candidate in found:
        if candidate.kind == "check" and candidate.commits:
            seen[candidate.cause, candidate.commits] += 1
            if seen[candidate.cause, candidate.commits] > ALIKE:
                continue
        kept.append(candidate)
    return kept


def _order(one: Candidate) -> tuple[str, str, int, str]:
    return one.cause, one.subject, one.at, one.title


def _fit(case: Case, one: Candidate) -> float:
    return FITS[case.symptom.family, one.cause]


def _own(case: Case, one: Candidate) -> list[Why]:
    """The rules that hold of it by itself: its own ones, by what it is joined, when it was."""
    return [*one.rules, _linked(case, one), _near(case, one)]


def _near(case: Case, one: Candidate) -> Why:
    """When it could begin to harm: of what lasts from when it did, of what was carried from when it was in force."""
    symptom, first = case.symptom, one.at if one.not_before is None else min(one.not_before, one.at)
    if one.cause == "threshold":
        return Why(factor=1.0)  # whenever it moved, all points are judged by it since
    if one.lasts and 0 <= symptom.until - one.at <= _LASTING:
        text = f"it went on for {lasting(symptom.until - one.at)} until it became bad"
        is_new = one.at >= symptom.since - SKEW
        return Why(factor=1.0 if is_new else 0.9, text=text, evidence=one.evidence[:1])
    if one.carrier is None:
        told = _at_once(case, one) or nearness(symptom, one.not_before, one.at, is_predicted=one.cause not in _TRUTHS)
        return replace(told, evidence=one.evidence[:1])
    if symptom.is_wrong and first > symptom.until + SKEW:  # and yet a version in force then was made of it
        text = f"but it is dated {lasting(first - symptom.until)} after it was bad: a clock is wrong, or its date is"
        return Why(factor=SLID, text=text, evidence=one.evidence[:1])
    return _carried(case, one, one.carrier)


def _at_once(case: Case, one: Candidate) -> Why | None:
    """Of an alias that moved, of an apply that serving stands on, and of what measures: it is in force at once."""
    if one.cause == "evaluation":  # it is in force with the next evaluation, whenever that was predicted
        symptom = replace(case.symptom, since=case.symptom.since + case.symptom.delay, delay=0)
        good_for = case.good_for(one.at - case.symptom.delay)
        return stayed_good(symptom, one.not_before, one.at, good_for, how="it happened")
    is_applied = one.cause == "infrastructure" and case.symptom.family == "operational"
    if one.cause not in CARRIERS and not is_applied:
        return None
    known = case.in_force_at if one.cause == "version" else one.at
    return stayed_good(case.symptom, one.not_before, one.at, case.good_for(known), how="it happened")


def _carried(case: Case, one: Candidate, carrier: Carrier) -> Why:
    how = f"{carrier.title} reached production"
    known = case.in_force_at if carrier == case.carrier else carrier.at
    told = stayed_good(case.symptom, carrier.not_before, carrier.at, case.good_for(known), how=how)
    if one.cause in OPENED:  # what a check lets through comes with the next data as well as with a version
        told = max(told, nearness(case.symptom, one.not_before, one.at), key=lambda why: why.factor)
    own = Evidence(at=carrier.at, text=how, subject=carrier.subject)
    return replace(told, evidence=(own, *one.evidence[:1]))


def _linked(case: Case, one: Candidate) -> Why:
    """The sentence of the link; what has none of its own says by what it is joined."""
    text = {
        "id": "", "digest": "", "declared": "the settings declare what joins it",
        "name": "only names join it", "unknown": "but no settings say what stands on it",
        "none": f"but nothing joins it to {_called(case)}",
    }[one.link]  # fmt: skip
    if one.carrier is not None:
        text = f"carried by {one.carrier.title}" + (f", and {text}" if one.link == "name" else "")
    return Why(factor=LINKS[one.link], text=text, evidence=one.evidence[:1])


def _called(case: Case) -> str:
    """What it is about, as people call it: a name where it has one, and never the key by which we know it."""
    if case.symptom.model or case.check is not None:
        return case.symptom.model or ("" if case.check is None else case.check.name)
    is_named = case.subject.kind in ("model", "alias", "dataset", "resource", "source")
    return case.subject.parts[0] if is_named else f"this {_CALLED.get(case.subject.kind, case.subject.kind)}"


def _product(whys: Iterable[Why]) -> float:
    product = 1.0
    for why in whys:
        product *= why.factor
    return product


# -- as people read it ----------------------------------------------------------------------------------------------


def _suspect(case: Case, one: Candidate, whys: Sequence[Why]) -> Suspect:
    fit = _fit(case, one)
    score = min(1.0, fit * _product(whys) / FULL)
    told = _sentences(case, one, whys, fit)
    evidence = dict.fromkeys(item for why in told for item in why.evidence)
    return Suspect(
        subject=one.subject, strength=_strength(score), score=round(score, 4), kind=one.kind, title=one.title,
        at=one.at, not_before=one.not_before, actor=one.actor, reasons=tuple(why.text for why in told),
        evidence=tuple(dict.fromkeys((*one.evidence, *evidence))), event=one.event,
    )  # fmt: skip


def _strength(score: float) -> SuspectStrength:
    return "strong" if score >= STRONG else "possible" if score >= POSSIBLE else "weak"


def _sentences(case: Case, one: Candidate, whys: Sequence[Why], fit: float) -> list[Why]:
    """What it is first, then what speaks for it, then against, the weightiest first in each."""
    told = list(
        {why.text: replace(why, evidence=why.evidence or one.evidence[:1]) for why in whys if why.text}.values()
    )
    if fit < _RARELY:
        text = f"but that rarely changes {WORDS[case.symptom.family]}"
        told.append(Why(factor=max(fit, 0.01), text=text, evidence=one.evidence[:1]))
    against = sorted((why for why in told if is_against(why)), key=lambda why: why.factor)
    speaking = [why for why in told if not is_against(why)]
    head = speaking[:1] if one.rules and speaking and speaking[0].text == one.rules[0].text else []
    rest = sorted(speaking[len(head) :], key=lambda why: -abs(log(max(why.factor, 1e-9))))
    return [*head, *rest, *against]


def is_against(why: Why) -> bool:
    """Whether a sentence speaks against it, which it says itself."""
    return why.text.startswith("but ")
