"""Changes of what things run on: applies, drift, and the code of stacks, by what is known to stand on each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from ..records import Commit, Event, Evidence, Millis, Stack, parse_subject
from ..store.state import State
from .candidates import Candidate, Link, few, written
from .case import Case
from .causes import Cause, cause_of_path
from .needs import bringing, moving, needs_of, shared
from .window import DAY, SKEW, Symptom, Why

_SERVING: Final = re.compile(r"serv|prod|infer|predict|api|endpoint|online|gateway", re.IGNORECASE)
_WITHOUT_DATA: Final = ("operational", "infrastructure", "alias", "run")
"""Troubles that no data brings."""
_OLDEST: Final[Millis] = 14 * DAY
"""So far back the last apply of a stack is looked for."""
_COMMITS: Final = 100
"""Commits of the stack in trouble that are looked at."""


class Joined(NamedTuple):
    """By what a stack is joined to what is wrong, and whether it brings data to it."""

    link: Link
    brings: bool = False
    rules: tuple[Why, ...] = ()


def infra_causes(case: Case) -> Iterator[Candidate]:
    """What was applied and what drifted: as events tell it, else as the stacks themselves do."""
    stacks, needs = case.stacks, needs_of(case)
    told: set[tuple[str, bool]] = set()
    for event in case.infra_events:
        name = stack_of_event(event)
        is_drift = event.kind == "infrastructure drifted"
        if name and not (_is_own(case, name) and _is_no_cause(case, event)):
            told.add((name, is_drift))
            yield _event(case, event, name, stacks.get(name), needs)
    for stack in stacks.values():
        if (stack.name, True) not in told and stack.status == "drifted" and not case.symptom.stack:
            yield from _drifted(case, stack, needs)
        at, is_own = stack.applied_at, _is_own(case, stack.name)
        if (stack.name, False) in told or at is None or (is_own and stack.status == "failed"):
            continue
        if case.symptom.reach <= at <= case.symptom.until + SKEW:
            yield _applied(case, stack, at, needs)


def stack_of_event(event: Event) -> str:
    """The stack that an event is about; "" where it says none."""
    found = (parse_subject(ref.subject) for ref in event.refs if ref.role in ("resource", "stack"))
    return next((one.parts[0] for one in found), "")


def is_failure(event: Event) -> bool:
    """Whether it tells of an apply that failed."""
    return event.kind == "infrastructure changed" and " apply failed" in event.title


def _is_own(case: Case, name: str) -> bool:
    return bool(name) and case.symptom.stack == name


def _is_no_cause(case: Case, event: Event) -> bool:
    """Of the stack in trouble: an apply that failed is what is wrong, and one that did not is when it was last good."""
    good = case.symptom.good_at
    was_good = event.kind == "infrastructure changed" and good is not None and event.at <= good
    return is_failure(event) or (case.symptom.family == "infrastructure" and was_good)


def since_applied(state: State, symptom: Symptom) -> Symptom:
    """Of a stack of which nobody says when it was last good: that was when it was last applied, as events tell."""
    if symptom.family != "infrastructure" or symptom.good_at is not None:
        return symptom
    events = state.walk_events(symptom.until - _OLDEST, symptom.until, ["infrastructure changed"])
    told = (one.event for one in events if stack_of_event(one.event) == symptom.stack and not is_failure(one.event))
    last = next((one.at for one in told), None)
    return symptom if last is None else replace(symptom, since=last, good_at=last)


def _event(case: Case, event: Event, name: str, stack: Stack | None, needs: Mapping[str, str]) -> Candidate:
    is_drift = event.kind == "infrastructure drifted"
    resources = [ref.subject for ref in event.refs if ref.role == "resource"]
    addresses = [parse_subject(one).parts[-1] for one in resources]
    own = Evidence(at=event.at, text=event.title, subject=f"event/{event.id}")
    evidence = (own, *(Evidence(text=parse_subject(one).parts[-1], subject=one) for one in resources[:5]))
    found = joined_by(case, name, stack, addresses, needs, evidence)
    return Candidate(
        subject=resources[0] if len(resources) == 1 else written("resource", name),
        cause=_cause("drift" if is_drift else "infrastructure", found), kind="infrastructure", title=event.title,
        at=event.at, not_before=event.not_before, actor=event.actor or "", event=event.id, link=found.link,
        names=frozenset({name, *resources}), evidence=evidence,
        rules=(Why(factor=1.05 if resources else 1.0, text=few(addresses) or event.title, evidence=evidence),
               *found.rules, *_elsewhere(case, stack, own)),
    )  # fmt: skip


def _cause(plain: Cause, found: Joined) -> Cause:
    return "data infrastructure" if found.brings else plain


def _applied(case: Case, stack: Stack, at: Millis, needs: Mapping[str, str]) -> Candidate:
    """The last apply of a stack, as it says itself, where no event tells of it."""
    whole = written("resource", stack.name)
    parts = [Evidence(text=one, subject=written("resource", stack.name, one)) for one in stack.applied]
    code = (
        [Evidence(text="the commit that was applied", subject=written("commit", stack.commit))] if stack.commit else []
    )
    evidence = (Evidence(at=at, text=f"{stack.name} was applied", subject=whole), *parts[:5], *code)
    found = joined_by(case, stack.name, stack, stack.applied, needs, evidence)
    return Candidate(
        subject=parts[0].subject if len(parts) == 1 else whole, cause=_cause("infrastructure", found),
        kind="infrastructure", title=f"{stack.name} applied", at=at, link=found.link,
        names=frozenset({stack.name, *(one.subject for one in parts)}), evidence=evidence,
        rules=(Why(factor=1.0, text=few(stack.applied) or f"{stack.tool} applied {stack.name}", evidence=evidence),
               *found.rules, *_elsewhere(case, stack, evidence[0])),
    )  # fmt: skip


def _drifted(case: Case, stack: Stack, needs: Mapping[str, str]) -> Iterator[Candidate]:
    """What a plan found changed outside of the code, and nobody saw when."""
    at = stack.planned_at or stack.read_at
    if at is None or (stack.applied_at or case.symptom.reach) > case.symptom.until + SKEW:
        return
    whole = case.reader.infra.stack(stack.name) or stack
    addresses = [one.address for one in whole.resources if one.drift]
    own = Evidence(at=at, text=f"{stack.name} drifted", subject=written("resource", stack.name))
    evidence = (own, *(Evidence(text=one, subject=written("resource", stack.name, one)) for one in addresses[:5]))
    told = f"{few(addresses)} changed outside of the code" if addresses else "it changed outside of the code"
    found = joined_by(case, stack.name, stack, addresses, needs, evidence)
    low = stack.applied_at if stack.applied_at is not None else min(case.symptom.reach, at)
    yield Candidate(
        subject=written("resource", stack.name, *addresses) if len(addresses) == 1 else own.subject,
        cause=_cause("drift", found), kind="infrastructure", title=f"{stack.name} drifted", at=at, not_before=low,
        link=found.link, names=frozenset({stack.name}), evidence=evidence,
        rules=(Why(factor=1.05 if addresses else 1.0, text=told, evidence=evidence),
               *found.rules, *_elsewhere(case, stack, own)),
    )  # fmt: skip


# -- by what it is joined -------------------------------------------------------------------------------------------


def joined_by(
    case: Case, name: str, stack: Stack | None, texts: Sequence[str], needs: Mapping[str, str],
    evidence: tuple[Evidence, ...],
) -> Joined:  # fmt: skip
    """By what the model, or whatever it is about, stands on a stack. `texts`: addresses of its resources, or files of
    its code, whose words may say what they bring where nobody else does."""
    model = case.symptom.model
    if case.symptom.stack:
        if case.symptom.stack == name:
            return Joined("id")
        return Joined("none", rules=(Why(factor=0.7, text=f"but {name} is another stack", evidence=evidence[:1]),))
    named = models_of(case, name, stack)
    if named and model:
        return Joined("declared" if model in named else "none")
    if model and model.casefold() in name.casefold():
        return Joined("name")
    if case.symptom.family in _WITHOUT_DATA:
        is_named = case.symptom.family == "operational" and _SERVING.search(name)
        return Joined("name" if is_named else "none" if named else "unknown")
    if named:
        told = f"but {name} serves {few(named)}, and nobody says that it brings data"
        return Joined("none", rules=(Why(factor=0.5, text=told, evidence=evidence[:1]),))
    return _by_words(name, texts, needs, evidence)


def models_of(case: Case, name: str, stack: Stack | None) -> tuple[str, ...]:
    """The models that stand on a stack, as the settings say."""
    return tuple(case.outlook.stacks.get(name, ())) or (stack.models if stack is not None else ())


def _by_words(name: str, texts: Sequence[str], needs: Mapping[str, str], evidence: tuple[Evidence, ...]) -> Joined:
    """Of a stack of which nobody says what stands on it: what its resources and itself are called."""
    if (found := shared(needs, (*texts, name))) is not None:
        text = f"{found[0]} is named after {found[1]}" if " " not in found[0] else f"it speaks of {found[1]}"
        return Joined("name", True, (Why(factor=1.25, text=text, evidence=evidence[:2]),))
    if brings := bringing((*texts, name)) or moving(texts):
        text = f"{brings} is of a kind that brings data"
        return Joined("unknown", True, (Why(factor=1.1, text=text, evidence=evidence[:2]),))
    return Joined("unknown")


def _elsewhere(case: Case, stack: Stack | None, own: Evidence) -> Iterator[Why]:
    here = case.outlook.environment
    if stack is None:
        return
    if here and stack.environment and stack.environment != here:
        yield Why(factor=0.15, text=f"but {stack.name} is {stack.environment}, not {here}", evidence=(own,))
    named = models_of(case, stack.name, stack)
    if case.symptom.model and named and case.symptom.model not in named:
        yield Why(factor=0.3, text=f"but {stack.name} serves {few(named)}", evidence=(own,))


# -- its code -------------------------------------------------------------------------------------------------------


def of_stack(
    case: Case, commit: Commit, paths: Iterable[str], needs: Mapping[str, str], own: tuple[Evidence, ...]
) -> tuple[Cause, Link, list[Why], str] | None:  # fmt: skip
    """What code of infrastructure is, by the stack in whose folder it lies; None where it lies in none's, and its names
    say nothing."""
    code = [path for path in paths if cause_of_path(path) == "infrastructure code"]
    stack = _stack_of(case, code)
    name = "" if stack is None else stack.name
    told = [commit.subject] if shared(needs, [commit.subject]) else []
    texts = [*code, *(_addresses(case, name) if name else ()), *told]
    if stack is None:
        is_silent = bool(case.symptom.stack) or case.symptom.family in _WITHOUT_DATA
        found = Joined("none") if is_silent else _by_words("", texts, needs, own)
        return ("data infrastructure code", found.link, list(found.rules), "") if found.brings else None
    found = joined_by(case, name, stack, texts, needs, own)
    named = models_of(case, name, stack)
    why = Why(factor=1.0, text=f"it is the code of {name}", evidence=own)
    if found.link == "none" and not case.symptom.stack:
        why = Why(factor=0.5, text=f"but it is the code of {name}, for {few(named)}", evidence=own)
        return "infrastructure code", "none", [why], name
    link: Link = "declared" if found.link == "id" else found.link
    cause: Cause = "data infrastructure code" if found.brings else "infrastructure code"
    return cause, link, [why, *found.rules], name


def _stack_of(case: Case, code: Sequence[str]) -> Stack | None:
    """The stack in whose folder most narrowly one of these files lies; of one whose folder nobody says, that which is
    called like a folder of the file."""
    found: dict[int, Stack] = {}
    for stack in case.stacks.values():
        folder = folder_of(case, stack)
        if folder and any(path.startswith(f"{folder}/") for path in code):
            found.setdefault(len(folder), stack)
        elif not folder and any(stack.name in path.split("/")[:-1] for path in code):
            found.setdefault(0, stack)
    return found[max(found)] if found else None


def folder_of(case: Case, stack: Stack) -> str:
    """Where its code lies in the repository; "" where nobody says."""
    return (case.outlook.folders.get(stack.name) or stack.folder).strip("/")


def _addresses(case: Case, name: str) -> list[str]:
    """The resources that changed with a stack in the window, else with its last apply: what its code was about."""
    refs = [ref for event in case.infra_events if stack_of_event(event) == name for ref in event.refs]
    told = [parse_subject(ref.subject).parts[-1] for ref in refs if ref.role == "resource"]
    return told or list(case.stacks[name].applied)


def own_code(case: Case) -> Iterator[tuple[Commit, str]]:
    """Of a stack in trouble: the commits that touched its code, and what is to be said of them."""
    stack = case.stacks.get(case.symptom.stack)
    folder = "" if stack is None else folder_of(case, stack)
    if stack is None or not folder:
        return
    symptom = case.symptom
    for commit in case.reader.infra.code_commits(folder, symptom.reach, symptom.until + SKEW, _COMMITS):
        was_tried = stack.commit is not None and commit.sha == stack.commit
        yield commit, f"{stack.name} was planned or applied with it" if was_tried else ""
