"""ledger: whether what the alias shows is what was written down last, and whether somebody else is at it."""

from __future__ import annotations

from typing import Final

from ..records import LedgerEntry, Millis
from ..text import clip
from .facts import Situation
from .gate import Gate
from .words import NAME, called, lasting, named

LIMIT: Final[Millis] = 120_000
"""How long an entry whose version the alias does not show is taken for work in progress."""
WRONG_CLOCK: Final[Millis] = 3_600_000
"""An entry that lies further in the future than this was made by a clock that is wrong."""


def ledger_gate(situation: Situation, now: Millis) -> Gate:
    """Judged by the highest entry. A promotion writes the next one, and only one of two can have that number."""
    gate = Gate(id="ledger", title="ledger", state="pass", sentence="")
    if situation.repository:
        return gate.but(state="missing", sentence=situation.repository)
    if not situation.entries:
        gate = gate.but(state="warn", sentence="first entry of the ledger")
    else:
        gate = _highest(gate, situation, situation.entries[-1], now)
    if situation.is_local and gate.state in ("pass", "warn"):
        return gate.but(state="warn", sentence=f"local record only: {gate.sentence}")
    return gate


def next_number(situation: Situation) -> int:
    """The number that the next entry takes."""
    return situation.entries[-1].number + 1 if situation.entries else 1


def _highest(gate: Gate, situation: Situation, entry: LedgerEntry, now: Millis) -> Gate:
    gate = gate.but(value=f"entry {entry.number}", at=entry.at or None)
    if entry.trouble:
        return gate.but(state="warn", sentence=f"{clip(entry.trouble, 200)} This replaces it", at=None)
    if entry.version == (situation.shows or ""):
        return gate.but(sentence=f"entry {entry.number} says {called(entry.version)}, and so it is")
    alias = clip(situation.alias, NAME)
    if entry.previous == situation.shows and now - LIMIT < entry.at <= now + WRONG_CLOCK:
        doing = (
            "taking back" if entry.kind == "cancel" else "rolling back to" if entry.kind == "rollback" else "promoting"
        )
        what = f"entry {entry.cancels}" if entry.kind == "cancel" else called(entry.version)
        said = f"{named(entry.by)} is {doing} {what} since {lasting(now - entry.at)}"
        return gate.but(state="fail", sentence=said)
    if entry.previous == situation.shows:
        said = f"entry {entry.number} of {named(entry.by)} was never finished, or undone outside; this replaces it"
        return gate.but(state="warn", sentence=said)
    where = f"{alias} is {called(situation.shows)}" if situation.shows else f"{alias} is gone"
    said = f"moved outside quarterdeck: {where}, entry {entry.number} says {called(entry.version)}"
    return gate.but(state="warn", sentence=said)
