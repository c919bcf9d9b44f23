"""The columns of the list of infrastructure. Cells are pure functions of a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..app.text import cells, clip, fit, one_line, pad
from ..widgets.figures import age, count
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign, worded
from .infra_rows import InfraLine
from .infra_words import (
    action_piece,
    changes_said,
    commit_said,
    counts_role,
    counts_said,
    drift_said,
    in_short,
    is_newer,
    is_still,
    status_weight,
)

NAME: Final = 22
ACTION: Final = 12


def _name(line: InfraLine) -> Piece:
    return f"{'▾' if line.is_open else '▸'} {clip(line.stack.name, 40)}", "bright"


def _status(line: InfraLine) -> Piece:
    return worded(line.stack.status)


def _plan(line: InfraLine) -> Piece:
    return counts_said(line.held.counts, line.stack.status), counts_role(line.held.counts)


def _drift(line: InfraLine) -> Piece:
    return drift_said(line.held.counts), "warn"


def _planned(line: InfraLine) -> Piece:
    return age(line.stack.planned_at, line.now) or glyph("missing"), "text"


def _applied(line: InfraLine) -> Piece:
    return age(line.stack.applied_at, line.now), "dim"


def _code(line: InfraLine) -> Piece:
    """The last commit of its code; one that came after the plan is pointed at."""
    said = commit_said(line.held.commit, line.now)
    if is_newer(line.held.commit, line.stack):
        return f"{glyph('stale')} newer {said}", "warn"
    return said, "dim"


def _models(line: InfraLine) -> Piece:
    return ", ".join(clip(name, 24) for name in line.stack.models), "text"


def _text(get: Callable[[InfraLine], str]) -> Callable[[InfraLine], Piece]:
    return lambda line: (clip(get(line), 60), "dim")


COLUMNS: Final[Mapping[str, Column[InfraLine]]] = {
    column.key: column
    for column in (
        Column(key="name", title="stack", cell=_name, width=NAME, rank=0, grow=True, most=14),
        Column(key="status", title="status", cell=_status, width=10, rank=1),
        Column(key="plan", title="plan", cell=_plan, width=12, rank=1),
        Column(key="drift", title="drift", cell=_drift, width=5, rank=2),
        Column(key="planned", title="planned", cell=_planned, width=7, right=True, rank=3),
        Column(key="code", title="code", cell=_code, width=24, rank=4, grow=True, most=14),
        Column(key="models", title="serves", cell=_models, width=16, rank=5, grow=True, most=20),
        Column(key="applied", title="applied", cell=_applied, width=7, right=True, rank=6),
        Column(key="environment", title="env", cell=_text(lambda line: line.stack.environment), width=8, rank=7),
        Column(key="tool", title="tool", cell=_text(lambda line: f"{line.stack.tool} {line.stack.version}"), width=18,
               rank=8),
        Column(key="folder", title="folder", cell=_text(lambda line: line.stack.folder or "."), width=16, rank=8),
    )
}  # fmt: skip

USUAL: Final = ("name", "status", "plan", "drift", "planned", "code", "models", "applied")


def column(key: str, *, chosen: bool = False) -> Column[InfraLine] | None:
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    made = COLUMNS.get(key)
    return replace(made, rank=min(made.rank, 1)) if made is not None and chosen else made


def sort_key(key: str) -> Callable[[Any], Any]:
    """What stacks (`Held`) are sorted by, ascending."""
    by: dict[str, Callable[[Any], Any]] = {
        "name": lambda held: held.stack.name.casefold(),
        "status": lambda held: status_weight(held.stack),
        "drift": lambda held: held.counts.get("drift", 0),
        "plan": lambda held: sum(held.counts.get(one, 0) for one in ("create", "update", "delete", "replace")),
        "planned": lambda held: -(held.stack.planned_at or 0),
        "applied": lambda held: -(held.stack.applied_at or 0),
        "code": lambda held: -(held.commit.committed_at if held.commit is not None else 0),
        "models": lambda held: held.stack.models,
    }
    return by.get(key, by["name"])


# -- lines across all columns -------------------------------------------------------------------------------------


def across(line: InfraLine, room: int, first: int) -> list[Piece] | None:
    """What a line says that is no stack, in `room` cells; None for a stack."""
    match line.kind:
        case "stack":
            return None
        case "gap":
            return []
        case "error":
            return [(f"    {glyph('failed')} ", "bad"), (fit(one_line(line.text[:400]), room - 6), "text")]
        case "complaint":
            return [(f"    {glyph('missing')} ", "warn"), (fit(one_line(line.text[:400]), room - 6), "warn")]
        case "fold":
            mark = "▾" if line.is_open else "▸"
            return [(f"  {mark} {count(line.number)} unchanged", "dim")]
        case _:
            return _resource(line, room)


def _resource(line: InfraLine, room: int) -> list[Piece]:
    """`  ± aws_lb.api["eu"]            replace   subnets forces it, tags; outside: tags`."""
    one = line.resource
    assert one is not None
    if is_still(one):
        return [(f"      {clip(one.address, max(8, room - 6))}", "dim")]
    word, role = action_piece(one)
    mark, said = word[0], in_short(one)
    # what drifted and is to be changed back says both
    outside = f"{glyph('drifted')} " if one.drift and one.action != "no-op" else ""
    wide = max(16, min(44, room * 2 // 5))
    name = f"    {mark} {pad(clip(one.address, wide), wide)}"
    told = pad(f"{outside}{said}", ACTION)
    left = max(0, room - cells(name) - cells(told) - 4)
    secret = "   some of it is secret" if one.is_sensitive else ""
    return [(name, role), (f"  {told}", role if sign(one.action).role == "bad" else "text"),
            (fit(f"  {changes_said(one)}{secret}", left), "dim")]  # fmt: skip
