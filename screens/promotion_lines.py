"""The lines of a promotion, drawn: what it is, both versions, gates, and what would be done. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..app.promotion import Gate, Plan, Situation
from ..app.promotion.words import called
from ..app.text import cells, clip, fit, pad
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .promotion_rows import Row

LABEL: Final = 11
"""Cells of a label such as `will do`, with the space before it."""

NAME, WORD, RIGHT = 11, 13, 10
"""Cells of a gate's glyph and name, of the word for its state, and of what stands at its right."""

LONGEST: Final = 44
"""Cells that the names of model and alias get at least."""

WORDED: Final = 96
"""Cells from which on the state of a gate is said in a word as well: below, its glyph and its place say it."""

BOUND: Final = 28
"""Cells that what is demanded needs, to stand beside what was found."""

_SAME_SIGN: Final = {"stale": "missing"}
"""Evidence that is too old is as good as none; a source that is stale looks otherwise."""

_SAID_FIRST: Final = ("metric", "data", "ci", "approval", "freeze")
"""Of the gates that passed: what tells most comes first."""


def gate_sign(gate: Gate) -> tuple[str, str]:
    """Glyph and role of a gate."""
    status = _SAME_SIGN.get(gate.state, gate.state)
    if gate.state not in ("pass", "waived") and not gate.binds:
        status = "warn"  # it stops nothing
    return glyph(status), sign(status).role


def title_pieces(plan: Plan, situation: Situation, width: int) -> list[Piece]:
    """`promote churn → champion   plan 7f3a   policy 20aa4d1 on origin/main`."""
    told = [("   plan ", "dim"), (plan.short, "accent"), *policy_pieces(situation)]
    room = width - line_cells(told) - 14  # what does not fit is cut at the end: the names matter most
    return [*named_pieces(plan.model, plan.alias, plan.kind, max(room, LONGEST)), *told]


def named_pieces(model: str, alias: str, kind: str, room: int) -> list[Piece]:
    """What is to be done to what."""
    alias = clip(alias, max(8, room // 3))
    model = clip(model, max(8, room - cells(alias)))
    if kind == "rollback":
        return [(" roll back ", "warn"), (f"{model}@{alias}", "bright")]
    return [(" promote ", "dim"), (f"{model} → {alias}", "bright")]


def policy_pieces(situation: Situation) -> list[Piece]:
    """Which policy is asked, or that none is known."""
    policy = situation.policy
    if policy.text is None:
        return [("   policy not read yet", "warn")]
    where = f"{policy.text.commit[:7]} on {clip(policy.text.branch, 24)}".strip()
    if policy.rules is None and not policy.trouble:
        return [("   no policy ", "warn"), (f"at {where}", "dim")]
    role = "bad" if policy.trouble else "dim"
    only = ", local only" if policy.text.is_local else ""
    return [("   policy ", "dim"), (f"{where}{only}", role)]


# -- gates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ink:
    """What gates are drawn with."""

    rows: Sequence[Row]
    now: int
    hints: dict[str, str]
    """What a key does about a gate, by its id: it stands where the age would."""

    @cached_property
    def longest(self) -> int:
        """Cells of the longest sentence of the gates that are shown."""
        return max((cells(row.gate.sentence) for row in self.rows if row.gate is not None), default=20)


def draw(row: Row, width: int, ink: Ink | None) -> list[Piece]:
    """A row in `width` cells."""
    if row.kind == "gap" or ink is None:
        return list(row.pieces)
    if row.kind == "fold":
        return _fold(row, width)
    if row.gate is not None:
        return _gate(row, row.gate, width, ink)
    if row.kind == "note":
        (name, _), (note, role) = row.pieces
        return [(f"    {pad(name, NAME)} ", "dim"), (fit(note, width - NAME - 5), role)]
    return [("  ", "dim"), *row.pieces]


def _gate(row: Row, gate: Gate, width: int, ink: Ink) -> list[Piece]:
    mark, role = gate_sign(gate)
    passed = gate.state == "pass"
    made: list[Piece] = [(f"{mark} {pad(gate.title, NAME)}", role)]
    if width >= WORDED:
        made.append((f" {pad(gate.state, WORD - 1)}", role if gate.blocks else "dim"))
    room = width - sum(cells(text) for text, _ in made) - 1
    right = ink.hints.get(gate.id) or age(gate.at, ink.now)
    side = max(RIGHT - 4, cells(right)) + 1 if room >= 40 else 0
    said = fit(gate.sentence, room - side)
    made.append((f" {said}", "dim" if passed else "text"))
    left = room - side - cells(said)
    begins = max(0, ink.longest - cells(said)) + 3
    if gate.bound and room - side - ink.longest - 3 >= BOUND and left > begins:
        made.append((" " * begins + fit(gate.bound, left - begins), "dim"))
        left -= cells(made[-1][0])
    made.append((" " * left + pad(right, side, right=True), "accent" if gate.id in ink.hints else "dim"))
    return made


def _fold(row: Row, width: int) -> list[Piece]:
    """Those that passed in one line, what tells most first."""
    number = len(row.passed)
    head = pad(f"{glyph('pass')} {number} passed", NAME + 2)
    room = width - cells(head) - 1
    if row.is_open:
        return [(head, "good"), (f" {'Left folds them again'[:room]}", "dim")]
    order = {name: at for at, name in enumerate(_SAID_FIRST)}
    told = sorted(row.passed, key=lambda gate: order.get(gate.family, len(order)))
    said = " · ".join(gate.sentence for gate in told if gate.id != "policy") or "the policy was read"
    return [(head, "good"), (f" {fit(said, room)}", "dim")]


# -- what would be done -----------------------------------------------------------------------------------------


def labelled(label: str, text: str, width: int, role: str = "text") -> list[Piece]:
    """A line that begins with a label."""
    return [(pad(f" {label}", LABEL), "dim"), (fit(text, max(0, width - LABEL - 1)), role)]


def will_lines(plan: Plan, width: int, *, compact: bool = False) -> list[list[Piece]]:
    """Exactly what would be done, in that order. `compact`: in one line."""
    if not plan.to_version or plan.to_version == plan.from_version:
        already = f"{called(plan.to_version)} is {clip(plan.alias, 24)} already"
        return [labelled("will do", f"nothing: {already if plan.to_version else 'no version is known'}", width, "dim")]
    if compact:
        return [labelled("will do", " · ".join(plan.calls), width)]
    return [labelled("" if at else "will do", call, width) for at, call in enumerate(plan.calls)]


def way_back_line(plan: Plan, width: int) -> list[Piece]:
    """How it is taken back."""
    if not plan.to_version or plan.to_version == plan.from_version:
        return labelled("way back", "none is needed", width, "dim")
    if plan.kind == "rollback":
        told = f"promote {called(plan.from_version)} again, by its gates" if plan.from_version else "none is needed"
    elif plan.from_version is None:
        told = f"none: no version is {clip(plan.alias, 24)} now"
    else:
        told = f"B, any time: {called(plan.from_version)}"
    return labelled("way back", told, width, "dim")


def line_cells(pieces: Sequence[Piece]) -> int:
    """Cells of some pieces."""
    return sum(cells(text) for text, _ in pieces)
