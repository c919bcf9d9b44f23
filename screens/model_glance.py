"""How the gates of each model's challenger stand, in a cell. Read while nobody types: 2 ms a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..app.promotion import Plan, plan_of, read_situation
from ..app.promotion.gate import LATE
from ..app.records import Actor
from ..app.store.models import ModelRow
from ..app.store.reading import Reader
from ..app.store.state import State
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .model_facts import rules_of
from .model_words import version_name

NOBODY: Final = Actor(name="whoever looks at a list")
"""Who asks: a list does not say who may promote, so nobody's approval is left out as that of whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A challenger and its gates."""

    version: str
    failing: int = 0
    """Gates that stop it: that it fails ..."""
    open: int = 0
    """... or of which nobody can tell."""
    approvals: int = 0
    """Approvals that are still needed."""


def glance_of(plan: Plan) -> Glance:
    """What a plan comes to. Without freeze and ledger: those are of the moment in which it is done."""
    stopping = [gate for gate in plan.gates if gate.blocks and gate.id not in LATE]
    failing = sum(gate.state == "fail" for gate in stopping)
    return Glance(
        version=plan.to_version, failing=failing, open=len(stopping) - failing, approvals=approvals_needed(plan)
    )


def approvals_needed(plan: Plan) -> int:
    """How many more people have to agree; none where the policy asks nobody."""
    gate = plan.gate("approval")
    if gate is None or not gate.blocks:
        return 0
    have, _, of = str(gate.value).partition(" of ")
    return max(1, int(of) - int(have)) if have.isdigit() and of.isdigit() else 1


def glance_piece(glance: Glance | None) -> Piece:
    """`v14 ✖ 2 failed`, `v14 ◌ 1 unknown`, `v14 ‖ 1 approval`, `v14 ● all pass`; "" without a challenger."""
    if glance is None:
        return "", "dim"
    name = version_name(glance.version)
    if glance.failing:
        more = f" +{glance.open}{glyph('unknown')}" if glance.open else ""
        return f"{name} {glyph('failed')} {glance.failing} failed{more}", "bad"
    if glance.open:
        return f"{name} {glyph('unknown')} {glance.open} unknown", "dim"
    if glance.approvals:
        several = "s" if glance.approvals > 1 else ""
        return f"{name} {glyph('waiting')} {glance.approvals} approval{several}", sign("waiting").role
    return f"{name} {glyph('passed')} all pass", "good"


class Glances:
    """Those that were read, by row id of the model. What has changed stands until it was read again."""

    def __init__(self) -> None:
        self._known: dict[int, Glance | None] = {}
        self._fresh: set[int] = set()

    def __contains__(self, rowid: int) -> bool:
        return rowid in self._known

    def get(self, rowid: int) -> Glance | None:
        """None where there is no challenger, or it was not read yet."""
        return self._known.get(rowid)

    def forget(self) -> None:
        """What they were read from has changed, or time has passed."""
        self._fresh.clear()

    def waiting(self, rows: Iterable[ModelRow]) -> list[ModelRow]:
        """Those of these models that are to be read."""
        return [row for row in rows if row.rowid not in self._fresh]

    def read(self, rows: Iterable[ModelRow], reader: Reader, state: State, now: int) -> None:
        """Read these."""
        text = reader.policy_text()
        for row in rows:
            rules = rules_of(text, row.model.name)
            is_there = rules is not None and bool(rules.candidate) and rules.candidate in row.model.aliases
            self._known[row.rowid] = _read(row, rules.to, reader, state, now) if rules and is_there else None
            self._fresh.add(row.rowid)


def _read(row: ModelRow, alias: str, reader: Reader, state: State, now: int) -> Glance | None:
    model = row.model
    situation = read_situation(reader, model.name, alias, actor=NOBODY, source=model.source, state=state)
    candidate = situation.candidate.name
    if not candidate or candidate == situation.shows:
        return None  # whoever is challenger holds the alias already
    return glance_of(plan_of(situation, now))
