"""data:PATTERN: what was checked of the candidate's data. Not known, or joined by a name alone, never passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Final, NamedTuple

from ..records import CheckResult, Millis
from ..settings import RequiredChecks
from ..text import clip
from .ages import age_of
from .facts import DataCheck, Situation
from .gate import WORST_FIRST, Gate, GateState
from .words import NAME, SKEW, called, lasting, listed

_STATES: Final[dict[str, tuple[GateState, str]]] = {
    "pass": ("pass", "pass"), "warn": ("warn", "warn"), "fail": ("fail", "fail"),
    "error": ("inconclusive", "could not run"), "skipped": ("missing", "skipped"),
}  # fmt: skip
"""What could not run proves nothing either way; any word that is not here is missing."""
_WELL: Final = ("pass", "warn")
_OWN: Final = frozenset({"id", "digest", "commit"})
"""Links by which a result is of the candidate's own data: whatever was checked since takes nothing from it."""
MOST_NOTES: Final = 3


class _Said(NamedTuple):
    """What one check means for the gate: the word that is counted, and the reason where the word is not enough."""

    found: DataCheck
    state: GateState
    word: str
    why: str = ""


def data_gates(situation: Situation, rules: RequiredChecks, now: Millis) -> Iterator[Gate]:
    """A gate for each pattern of data checks that must have passed."""
    for pattern in dict.fromkeys(rules.data):
        yield _gate(situation, pattern, rules.max_age, now)


def fits(found: DataCheck, pattern: str) -> bool:
    """Whether a pattern names a check: by dataset (as tool or team call it), suite, name, dataset.name, suite.name."""
    name = found.check.name
    whole = [word for word in (found.check.dataset, found.dataset, found.check.suite) if word]
    words = [name, *whole, *(f"{word}.{name}" for word in whole)]
    return pattern in words or any(fnmatchcase(word, pattern) for word in words)


def _gate(situation: Situation, pattern: str, max_age: str | None, now: Millis) -> Gate:
    bound = f"{pattern} passed" if max_age is None else f"{pattern} passed, at most {max_age} old"
    gate = Gate(id=f"data:{pattern}", title="data", state="missing", sentence="", bound=bound)
    fitting = [one for one in situation.data if fits(one, pattern)]
    counting = [one for one in fitting if _is_of_environment(one, situation.policy.environment)]
    why = _trouble(situation) or ("" if counting else _nothing(situation, fitting))
    if why:
        return gate.but(sentence=f"{clip(pattern, NAME)}: {why}")
    said = sorted((_said(situation, one, max_age, now) for one in counting), key=_worst_first)
    state, sentence = said[0].state, _sentence(said)
    if state in _WELL and (unread := _unread(situation)):
        state, sentence = "missing", unread
    return gate.but(
        state=state, sentence=f"{clip(pattern, NAME)}: {sentence}", value=_value(said),
        at=min(one.found.at for one in said), evidence=tuple(dict.fromkeys(one.found.subject for one in said)),
        notes=tuple(_notes(said)),
    )  # fmt: skip


def _worst_first(one: _Said) -> tuple[int, str, str]:
    return WORST_FIRST.index(one.state), one.found.check.name, one.found.subject


def _is_of_environment(one: DataCheck, wanted: str) -> bool:
    """Somebody's own last run is not production's, on the same commit neither: only the content of the data and the
    candidate's own run stand above environments."""
    return one.by in ("id", "digest") or one.check.environment == wanted


# -- one check


def _said(situation: Situation, one: DataCheck, max_age: str | None, now: Millis) -> _Said:
    if one.by == "name":
        where = clip(one.check.dataset, NAME)
        return _Said(
            one, "missing", "by name alone", f"{where} is joined by its name alone: declare it in [[datasets]]"
        )
    if trouble := situation.trouble(one.check.source):
        return _Said(one, "missing", "not known", trouble)
    if one.by not in _OWN and one.check.removed_at is not None:
        return _Said(one, "missing", "removed", "it was removed from its suite")
    if one.complaint:
        return _Said(one, "missing", "no result", f"not in the last run: {clip(one.complaint, 4 * NAME)}")
    due = None if one.by in _OWN or one.outcome not in _WELL else one.check.silent_since(now)
    if due is not None:
        return _Said(one, "stale", "silent", f"nothing was said for {lasting(now - due)}")
    state, word = _STATES.get(one.outcome, ("missing", one.outcome))
    if state in _WELL and (old := _age(one.at, max_age, now)) is not None:
        return _Said(one, old[0], "too old" if old[0] == "stale" else "not dated", old[1])
    return _Said(one, state, word)


def _age(at: Millis, max_age: str | None, now: Millis) -> tuple[GateState, str] | None:
    """What of its age speaks against a result. One from the future hides all that come until then, however old they
    may be."""
    if at > now + SKEW:
        return "inconclusive", "it is dated in the future"
    return next(age_of(at, max_age, now), None)


# -- all of them


def _sentence(said: Sequence[_Said]) -> str:
    """`40 pass, 1 warn  not_null(customer_id)`; where the words do not tell what to do, the worst of it in full."""
    worst = said[0]
    if worst.state == "pass":
        return _counted(said)
    if worst.why:
        others = sum(one.state == worst.state for one in said) - 1
        also = f", and {others} more" if others else ""
        return f"{clip(worst.found.check.name, NAME)}: {worst.why}{also}"
    names = [clip(one.found.check.name, NAME) for one in said if one.state != "pass"]
    return f"{_counted(said)}  {listed(dict.fromkeys(names), 40)}"


def _counted(said: Iterable[_Said]) -> str:
    """Passed ones first, then the worst."""
    counts = Counter(one.word for one in said)
    words = ["pass", *(word for word in counts if word != "pass")]
    return ", ".join(f"{counts[word]} {word}" for word in words if counts[word])


def _value(said: Sequence[_Said]) -> str:
    """As a plan keeps it: how many passed, each that did not by its subject, and by which rules. No times."""
    passed = sum(one.word == "pass" for one in said)
    others = sorted(f"{one.found.subject} {one.word}" for one in said if one.word != "pass")
    return ", ".join([*([f"{passed} pass"] if passed else []), *others, *_rules(said)])


def _rules(said: Iterable[_Said]) -> Iterator[str]:
    """All rules as one word: who loosens one to have it pass has what was approved before approved anew."""
    rules = sorted((one.found.check.id, rule) for one in said if (rule := one.found.result.definition_hash))
    if rules:
        yield f"rules {blake2b(repr(rules).encode(), digest_size=6).hexdigest()}"


def _notes(said: Iterable[_Said]) -> Iterator[str]:
    """What the worst of them found."""
    bad = [one for one in said if one.state != "pass"]
    for one in bad[:MOST_NOTES]:
        told = one.why or _found(one.found.result)
        yield f"{clip(one.found.check.name, 2 * NAME)}: {one.word}" + (f", {clip(told, 4 * NAME)}" if told else "")
    if len(bad) > MOST_NOTES:
        yield f"{len(bad) - MOST_NOTES} more data checks did not pass"


def _found(result: CheckResult) -> str:
    """`78 of 2546 rows, allowed 1 %`: what a check observed against what it expected, else what it said."""
    if result.outcome in ("error", "skipped") and result.message:
        return result.message
    observed = result.observed or ""
    if result.failed_rows is not None and observed in ("", str(result.failed_rows)):
        of = f" of {result.total_rows}" if result.total_rows is not None else ""
        observed = f"{result.failed_rows}{of} rows"
    expected = f"expected {result.expected}".replace("expected at most ", "allowed ", 1) if result.expected else ""
    return ", ".join(word for word in (observed, expected) if word) or result.message


# -- nothing


def _unread(situation: Situation) -> str:
    """Why there may be checks that nobody here has read: a source was never read whole. Nothing to read is read."""
    for key, state in situation.sources.items():
        is_empty = state.state == "never" and state.sentence
        if state.kind == "checks" and state.last_ok_at is None and not is_empty:
            return situation.trouble(key) or f"{clip(state.name, NAME)}: it was never read whole"
    return ""


def _trouble(situation: Situation) -> str:
    """Why what is known of the candidate's data does not count now; "" where it does."""
    run = situation.candidate.run
    if run is None:
        return ""
    if run.status == "deleted":
        return f"the run of {called(situation.candidate.name)} was deleted"
    return situation.trouble(run.source)


def _nothing(situation: Situation, fitting: Sequence[DataCheck]) -> str:
    """Why no check counts."""
    if fitting:
        elsewhere = listed(dict.fromkeys(clip(one.check.environment, NAME) or "no environment" for one in fitting))
        wanted = clip(situation.policy.environment, NAME)
        said = f"the policy's is {wanted}" if wanted else "[project] environment of the policy names none"
        return f"checked in {elsewhere} only; {said}"
    sources = [key for key, state in situation.sources.items() if state.kind == "checks"]
    if not sources:
        return "no [[checks]] are in the settings"
    if trouble := next(filter(None, map(situation.trouble, sources)), ""):
        return trouble
    run = situation.candidate.run
    if run is None:
        return f"the run of {called(situation.candidate.name)} is not known, and so is its data"
    if not run.datasets:
        return "no check is of this run or commit, and the run logged no dataset"
    return f"nothing that was checked speaks for the data of {called(situation.candidate.name)}"
