"""The gates of a plan as rows: what stops it first, what warns, and what passed folded into one. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ..app.promotion import Gate, Plan, ordered
from ..widgets.line import Piece

FOLD: Final = "passed"
"""Names the row of those that passed: no gate is called so."""

More = Callable[[Gate], Sequence[Sequence[Piece]]]
"""What an unfolded gate says besides, in lines."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the gates."""

    kind: Literal["gate", "fold", "more", "note", "gap", "remark"]
    """more: what an unfolded gate says besides; note: what is to be known of the plan; remark: what stands where there
    is no plan."""
    name: str = ""
    gate: Gate | None = None
    passed: tuple[Gate, ...] = ()
    """Of the row that stands for those that passed."""
    is_open: bool = False
    """What it folds is shown below it."""
    pieces: tuple[Piece, ...] = ()
    """Of what is no gate."""

    @property
    def id(self) -> Hashable:
        """What names it across plans."""
        return self.kind, self.name

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind in ("gate", "fold")

    @property
    def is_heading(self) -> bool:
        """No part begins here."""
        return False


def rows_of(plan: Plan, unfolded: Collection[str], more: More) -> list[Row]:
    """All gates of a plan. `unfolded`: ids of the gates, and `passed`, whose rest is shown."""
    in_order = ordered(plan.gates)
    passed = tuple(gate for gate in in_order if gate.state == "pass")
    rows = [row for gate in in_order if gate.state != "pass" for row in _rows_of(gate, unfolded, more)]
    if passed:
        is_open = FOLD in unfolded
        rows.append(Row("fold", FOLD, passed=passed, is_open=is_open))
        rows += [row for gate in passed if is_open for row in _rows_of(gate, unfolded, more)]
    return [*rows, *_notes(plan, rows)]


def _rows_of(gate: Gate, unfolded: Collection[str], more: More) -> Iterator[Row]:
    is_open = gate.id in unfolded
    yield Row("gate", gate.id, gate=gate, is_open=is_open)
    if is_open:
        for at, line in enumerate(more(gate)):
            yield Row("more", f"{gate.id} {at}", pieces=tuple(line))


def _notes(plan: Plan, rows: Sequence[Row]) -> Iterator[Row]:
    """What stands under no gate that is unfolded: it is seen, whatever is folded."""
    told = {row.name for row in rows if row.is_open}
    notes = [(gate.title, note) for gate in plan.gates if gate.id not in told for note in gate.notes]
    of_gates = {note for gate in plan.gates for note in gate.notes}
    notes += [("sources", note) for note in plan.notes if note not in of_gates]
    if notes:
        yield Row("gap", "notes")
    for name, note in dict.fromkeys(notes):
        yield Row("note", f"{name} {note}", pieces=((name, "dim"), (note, "dim")))
