"""Candidates weighed against each other, by written rules: docs/triage.md says each of them in words.

The score of one is a product: how readily such a change causes such a symptom, how near in time it is, by what it is
joined to it, and each rule that holds of it. Then candidates are joined to each other: what was carried is preferred to
what carried it, and a check that was loosened is worse when the data that it would have met came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from typing import Final

from msgspec.structs import replace

from ..records import Evidence, Millis, Suspect, SuspectStrength
from .candidates import LINKS, Candidate
from .case import Case
from .causes import FITS, WORDS
from .together import joined
from .window import DAY, Why, lasting, nearness

STRONG: Final = 0.6
POSSIBLE: Final = 0.27
"""Scores from which on a suspect is called so; below it is weak."""
FULL: Final = 1.2
"""The product that counts as a score of 1."""
WORTH: Final = 0.03
"""Below, something is not told as a suspect but counted among what else happened."""
ALIKE: Final = 3
"""Checks of one commit that are told as suspects."""
_RARELY: Final = 0.3
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
    return [(_suspect(case, one, whys[key]), one) for key, one in zip(keys, told, strict=True)]


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
    if one.lasts and 0 <= case.symptom.until - one.at <= _LASTING:
        text = f"it went on for {lasting(case.symptom.until - one.at)} until it became bad"
        return Why(factor=0.9, text=text, evidence=one.evidence[:1])
    if one.carrier is None:
        return replace(nearness(case.symptom, one.not_before, one.at), evidence=one.evidence[:1])
    told = nearness(
        case.symptom, one.carrier.not_before, one.carrier.at, how=f"{one.carrier.title} reached production"
    )  # fmt: skip
    own = Evidence(at=one.carrier.at, text=f"{one.carrier.title} reached production", subject=one.carrier.subject)
    return replace(told, evidence=(own, *one.evidence[:1]))


def _linked(case: Case, one: Candidate) -> Why:
    """The sentence of the link; what has none of its own says by what it is joined."""
    about = case.symptom.model or case.subject.parts[0]
    text = {
        "id": "", "digest": "", "declared": "the settings declare what joins it",
        "name": "only names join it", "none": f"but nothing joins it to {about}",
    }[one.link]  # fmt: skip
    if one.carrier is not None:
        text = f"carried by {one.carrier.title}" + (f", and {text}" if one.link == "name" else "")
    return Why(factor=LINKS[one.link], text=text, evidence=one.evidence[:1])


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
