"""candidate, direction and version: whether this version may be what the alias points at."""

from __future__ import annotations

from collections.abc import Iterator

from ..settings import Promotion
from ..text import clip
from .facts import Situation
from .gate import Gate
from .words import NAME, about, called, is_number


def alias_gates(situation: Situation, rules: Promotion | None) -> Iterator[Gate]:
    """What the policy demands of where the version stands now, and what the registry has to say of it."""
    if situation.kind == "promotion" and rules is not None and rules.candidate:
        yield _candidate(situation, rules.candidate)
    if situation.kind == "promotion" and rules is not None and rules.direction == "forward":
        yield _direction(situation)
    gate = _version(situation)
    is_stopped = gate.state == "pass" and _is_new(situation)
    yield gate.but(state="fail", sentence=_no_way_back(situation)) if is_stopped else gate


def _evidence(situation: Situation) -> tuple[str, ...]:
    return (about("model", situation.model, situation.candidate.name),) if situation.candidate.name else ()


def _candidate(situation: Situation, alias: str) -> Gate:
    holder = situation.holders.get(alias)
    gate = Gate(
        id="candidate", title="candidate", state="pass", value=holder, bound=f"holds {clip(alias, NAME)}",
        evidence=_evidence(situation), sentence=f"{called(situation.candidate.name)} is {clip(alias, NAME)}",
    )  # fmt: skip
    if trouble := situation.trouble(situation.source):
        return gate.but(state="missing", sentence=trouble)
    if holder is None:
        return gate.but(state="fail", sentence=f"no version is {clip(alias, NAME)}")
    if holder != situation.candidate.name:
        said = f"{called(situation.candidate.name)} is not {clip(alias, NAME)}: {called(holder)} is"
        return gate.but(state="fail", sentence=said)
    return gate


def _direction(situation: Situation) -> Gate:
    mine, shown = situation.candidate.name, situation.shows
    gate = Gate(
        id="direction", title="direction", state="pass", value=mine or None, bound="forward",
        evidence=_evidence(situation), sentence=f"forward from {called(shown)}",
    )  # fmt: skip
    if trouble := situation.trouble(situation.source):
        return gate.but(state="missing", sentence=trouble)
    if shown is None:
        return gate.but(sentence=f"no version is {clip(situation.alias, NAME)} yet")
    if not (is_number(mine) and is_number(shown)):
        said = f"{called(mine)} and {called(shown)} are no numbers: neither is the later"
        return gate.but(state="inconclusive", sentence=said)
    if int(mine) <= int(shown):
        said = f"{called(mine)} is not after {called(shown)}: only a rollback goes back"
        return gate.but(state="fail", sentence=said)
    return gate


def _is_new(situation: Situation) -> bool:
    """Whether a rollback would bring the alias to what it never showed, and so past the gates of a policy.

    What came before the version that it shows may have been there before anybody kept a ledger.
    """
    policy, name, shows = situation.policy, situation.candidate.name, situation.shows
    is_free = policy.rules is None and policy.text is not None and not policy.trouble
    if situation.kind != "rollback" or is_free or name in situation.shown:
        return False
    return shows is None or not (is_number(name) and is_number(shows) and int(name) < int(shows))


def _no_way_back(situation: Situation) -> str:
    alias, name = clip(situation.alias, NAME), called(situation.candidate.name)
    return f"{name} is not known to have been {alias}: only a promotion brings it there"


def _version(situation: Situation) -> Gate:
    name, known = situation.candidate.name, situation.candidate.known
    gate = Gate(
        id="version", title="version", state="pass", value=known.status if known else None, bound="ready",
        evidence=_evidence(situation), at=known.created_at if known else None, sentence=f"{called(name)} is ready",
    )  # fmt: skip
    if trouble := situation.trouble(situation.source):
        return gate.but(state="missing", sentence=trouble)
    if not name:
        going = "to go back to" if situation.kind == "rollback" else "to promote"
        return gate.but(state="missing", sentence=f"no version {going} is known")
    if known is None:
        return gate.but(
            state="missing", sentence=f"the registry has no {called(name)} of {clip(situation.model, NAME)}"
        )
    if situation.shows == name:
        return gate.but(state="fail", sentence=f"{called(name)} is {clip(situation.alias, NAME)} already")
    if known.status != "ready":
        word = clip(known.raw_status, NAME) if known.status == "unknown" else known.status
        return gate.but(state="fail", sentence=f"{called(name)} is {word or 'unknown'}: only a ready version will do")
    return gate
