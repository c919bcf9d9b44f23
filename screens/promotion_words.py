"""What a promotion asks to be typed, what stops it and what to do then, and what became of it. Pure functions."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from ..app.deeds import was_refused
from ..app.promotion import Gate, Plan, Situation, ordered
from ..app.promotion.words import called, is_number
from ..app.records import LedgerEntry
from ..app.store.state import Act
from ..app.text import cells, clip, shown
from ..widgets.figures import moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .promotion_asks import Say
from .promotion_lines import labelled
from .run_details import Lines, Sight, wrap

LONGEST: Final = 40
"""Cells of a name that somebody is asked to type."""


# -- what is typed ----------------------------------------------------------------------------------------------


class Word(NamedTuple):
    """What is typed to confirm."""

    text: str
    is_name: bool = True
    """It is the model's name; else that is none that can be typed, and the version stands for it."""


def word_of(plan: Plan) -> Word:
    """The model's name as it is shown; the version where that cannot be typed, else the plan's id."""
    if can_be_typed(plan.model):
        return Word(plan.model)
    return Word(plan.to_version if can_be_typed(plan.to_version) else plan.short, is_name=False)


def can_be_typed(name: str) -> bool:
    """Whether what is shown of a name is the name, and a person can type it as they see it."""
    is_plain = shown(name) == name and cells(name) == len(name) and name == " ".join(name.split(" ")).strip()
    return bool(name) and is_plain and len(name) <= LONGEST and "  " not in name


def is_typed(word: Word, typed: str) -> bool:
    """Whether this is it, letter by letter."""
    return unicodedata.normalize("NFC", typed.strip()) == unicodedata.normalize("NFC", word.text)


def prompt_pieces(plan: Plan) -> list[Piece]:
    """`type churn to promote: `."""
    word = word_of(plan)
    does = "roll back" if plan.kind == "rollback" else "promote"
    why = "" if word.is_name else " (its name cannot be typed)"
    what = "" if word.is_name else ("the version " if word.text == plan.to_version else "the plan ")
    return [(f" type {what}", "dim"), (word.text, "accent"), (f" to {does}{why}: ", "dim")]


# -- what stops it ----------------------------------------------------------------------------------------------


def blocked_pieces(plan: Plan, situation: Situation, say: Say, width: int) -> list[Piece]:
    """What stops it, and what to do."""
    step = f"   {next_step(plan, situation, say)}"
    room = width - 11 - cells(step)
    blocked: list[Piece] = [(" blocked: ", "bad"), (clip(plan.blocked, max(room, 24)), "text")]
    return [*blocked, (step, "dim")] if room >= 24 else blocked


def next_step(plan: Plan, situation: Situation, say: Say) -> str:
    """What to do about the gate that stops it first."""
    gate = next((gate for gate in ordered(plan.gates) if gate.blocks), None)
    if gate is None:
        return ""
    if not situation.well_known:
        return "r asks again   :sources says more"
    if situation.shows == situation.candidate.name:
        return "it is there already: nothing is left to do"
    if gate.id == "approval":
        return _agreed(situation, say)
    if gate.id == "policy":
        return _written(gate, situation)
    return _STEPS.get(gate.family, "Enter shows by what")


_STEPS: Final = {
    "version": "3 lists its versions, p on one promotes it", "candidate": "3 lists its versions, p on one promotes it",
    "direction": "B rolls back", "ci": "Enter opens it, R runs it again", "freeze": "a rollback is not held up: B",
    "ledger": "r looks again",
}  # fmt: skip


def _written(gate: Gate, situation: Situation) -> str:
    where = situation.policy.text
    if gate.state == "fail" and where is not None:
        return f"mend {clip(where.path, 30)} on {clip(where.branch, 20)}"
    return "r reads the repository"


def _agreed(situation: Situation, say: Say) -> str:
    if situation.is_local:
        return "others need a Git remote to agree in"
    return {"ask": "A asks for it", "approve": "A approves it"}.get(say.does, say.hint or "Enter says whose")


def changed_words(changes: Sequence[str], was_typed: bool) -> str:
    """What is different since somebody began to read: what became of a gate before by what it was judged."""
    told = sorted(changes, key=lambda change: change.endswith("by other evidence"))
    more = f" and {len(told) - 2} more" if len(told) > 2 else ""
    said = "; ".join(told[:2]) or "it was made anew"
    return f"the plan changed: {said}{more}{'. Type it again' if was_typed else ''}"


# -- what becomes of it -----------------------------------------------------------------------------------------

Step = Literal["ledger", "alias", "read back", "evidence"]
STEPS: Final[tuple[Step, ...]] = ("ledger", "alias", "read back", "evidence")

_AT: Final[Mapping[str, tuple[int, bool]]] = {
    "ledger": (0, False), "push": (0, False), "pushed": (0, True), "alias": (1, False), "set": (1, True),
    "read back": (2, False), "evidence": (3, False), "end": (3, True),
}  # fmt: skip
"""Point of the journal -> the step, and whether it is done."""


def is_promotion(act: Act) -> bool:
    """Whether an act of the journal moves an alias."""
    return act.act in ("promote", "rollback")


def step_pieces(act: Act, *, is_alive: bool = True) -> list[Piece]:
    """`ledger ● 12 pushed   alias ▶   read back ○   evidence ○`."""
    point = str(act.intent.get("point", "")) or ("end" if act.intent.get("accepted") else "")
    if act.state == "done":
        point = "end"
    elif act.state in ("failed", "unknown") and "point" not in act.intent:
        return []  # it came to no step, or its sentence says more than they do
    if not point:
        return _before_steps(act, is_alive=is_alive)
    at, is_done = _AT.get(point, (0, False))
    made: list[Piece] = [(" ", "text")]
    for number, step in enumerate(STEPS):
        status = _status(act, number, at, is_done=is_done, is_alive=is_alive)
        made += [(f"{step} ", "text" if number <= at else "dim"), (glyph(status), sign(status).role)]
        made.append((f"{_with_what(act, step, status)}   ", "dim"))
    return made


def _before_steps(act: Act, *, is_alive: bool) -> list[Piece]:
    """Nothing was written yet."""
    if not is_alive:
        return [(f" {glyph('stale')} ", "warn"), ("it was asked for, and nobody carries it out", "text")]
    doing = "reading the evidence anew" if act.state == "asked" else "making the plan anew"
    return [(f" {glyph('running')} ", "run"), (f"{doing} …", "text")]


def _status(act: Act, number: int, at: int, *, is_done: bool, is_alive: bool) -> str:
    if act.state == "done" or number < at or (number == at and is_done):
        return "passed"
    if act.state in ("failed", "unknown"):
        return ("failed" if act.state == "failed" else "unknown") if number == at else "skipped"
    if number > at + (1 if is_done else 0):
        return "queued"
    return "running" if is_alive else "stale"


def _with_what(act: Act, step: Step, status: str) -> str:
    if step == "ledger" and status == "passed":
        number = number_of(act)
        return f" {number} pushed" if number else ""
    if step == "alias" and status in ("running", "passed"):
        return f" {clip(called(act.intent.get('version')), 16)}"
    return ""


def number_of(act: Act) -> int | None:
    """Number of the entry that the act wrote, as far as the journal knows."""
    told = (act.outcome or {}).get("read_back") or {}
    found = told.get("number") if told.get("number") is not None else act.intent.get("number")
    if found is None and act.intent.get("point") in ("push", "pushed"):
        found = act.intent.get("detail")
    return int(found) if found is not None and is_number(str(found)) else None


def outcome_lines(act: Act, entry: LedgerEntry | None, who: str, sight: Sight, most: int) -> Lines:
    """What became of it: its sentence in full, the record, and the way back. `who`: whoever acts here, in words."""
    word, role = _OUTCOMES[_outcome(act)]
    sentence = shown(str((act.outcome or {}).get("sentence", "")))
    wrapped = wrap(sentence, max(20, sight.width - 12)) or ["–"]
    lines: Lines = []
    for at, piece in enumerate(wrapped[: max(1, most - 2)]):
        lines.append(labelled("" if at else word, piece, sight.width))
    lines[0][0] = (lines[0][0][0], role)
    if act.state == "done":
        lines.append(labelled("record", record_words(act, entry, who, sight), sight.width))
    lines.append(labelled("way back", _way_back(act), sight.width, "dim"))
    return lines


_OUTCOMES: Final = {
    "done": ("done", "good"), "refused": ("refused", "bad"), "failed": ("failed", "bad"), "unknown": ("unknown", "warn")
}  # fmt: skip


def _outcome(act: Act) -> str:
    if act.state == "failed" and was_refused(act):
        return "refused"
    return act.state if act.state in _OUTCOMES else "unknown"


def record_words(act: Act, entry: LedgerEntry | None, who: str, sight: Sight) -> str:
    """`entry 12   v13 → v14   ann (signed)   03:10   better on small stores`."""
    intent = act.intent
    number = entry.number if entry is not None else number_of(act)
    by = f"{entry.by.name} ({entry.by.strength})" if entry is not None else who
    at = entry.at if entry is not None else act.begun_at or act.at
    said = [f"entry {number}" if number else "", f"{called(intent.get('from'))} → {called(intent.get('version'))}",
            clip(by, 32), moment(at, sight.now, sight.zone), clip(str(intent.get("ticket", "")), 20),
            clip(str(intent.get("reason", "")), 80)]  # fmt: skip
    return "   ".join(part for part in said if part)


def _way_back(act: Act) -> str:
    before = act.intent.get("from")
    if act.state == "unknown":
        return ":acts says what is found out; r looks at it anew"
    if act.state != "done":
        return "none is needed: r makes the plan anew"
    if act.act == "rollback":
        return f"promote {called(before)} again, by its gates" if before else "none is needed"
    return f"B or u, any time: {called(before)}" if before else "none: it was the first"


# -- a plan that was confirmed ----------------------------------------------------------------------------------


def told_gates(intent: Mapping[str, Any], text: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The gates of the text of a plan that somebody confirmed elsewhere: what they were, without sentences."""
    made = []
    for told in text.get("gates", ()):
        name, value = str(told.get("id", "")), told.get("value")
        family, _, rest = name.partition(":")
        said = " ".join(part for part in (rest, "" if value is None else str(value)) if part) or str(told.get("state"))
        made.append(
            Gate(id=name, title=family, state=told.get("state", "missing"), sentence=clip(said, 80),
                 evidence=tuple(told.get("evidence", ())))
        )  # fmt: skip
    return tuple(made)
