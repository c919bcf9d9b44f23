"""The metrics of a run's outline: a table whose columns depend on the room. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..app.records import Extreme, Metric
from ..app.text import cells, clip, pad
from ..widgets.figures import count_in, figure_in
from ..widgets.line import Piece
from .run_facts import is_system

if TYPE_CHECKING:
    from .run_outline import Ink, Row

CURVE = 8
"""Cells of the small curve in a metric's row, at least."""

VALUE, WITH_STEP = 11, 18
"""Cells of best, min or max: the value alone, and with the step at which it was reached."""

FIGURE, STEP = 10, 8
"""Cells of a figure and of a step: one of them stays empty, so that no two columns run together."""

LONGEST_STEP = 12
"""Cells that the column of steps takes at most: what is longer is written with a power of ten."""


@dataclass(frozen=True, slots=True)
class Table:
    """Which columns of the metrics have room, from the left: the small curve, then best, min and max."""

    name: int
    curve: int
    step: int
    bounds: tuple[tuple[str, int], ...]
    """best, min or max, and the cells for it: VALUE or WITH_STEP."""

    @classmethod
    def of(cls, width: int, ink: Ink, *, system: bool) -> Table:
        """Best before the curve, the curve before steps, then min and max; what is left makes them wider."""
        longest = ink.longest_system if system else ink.longest_metric
        name = min(max(12, longest), 40, max(12, width - VALUE - FIGURE - ink.step - 2))
        room = width - name - FIGURE - ink.step - 2  # last and step
        has_best = ink.has_best and not system
        words = [*(["best"] if has_best else []), "min", "max"]
        bounds = {words[0]: VALUE} if has_best and room >= VALUE else {}
        room -= sum(bounds.values())
        curve = CURVE if room >= CURVE + 2 else 0
        room -= curve + 2 if curve else 0
        for word in words:
            taken = WITH_STEP if room + bounds.get(word, 0) >= WITH_STEP else VALUE if room >= VALUE else 0
            if taken > bounds.get(word, 0):
                room -= taken - bounds.get(word, 0)
                bounds[word] = taken
        wider = min(max(0, room), 16 - CURVE) if curve else 0
        return cls(name + min(room - wider, 4), curve + wider, ink.step, tuple(bounds.items()))


def titles(row: Row, width: int, ink: Ink) -> list[Piece]:
    """What stands above the columns."""
    table = Table.of(width - 2, ink, system=row.name == "system")
    used = cells(row.name) + (cells(row.note) + 2 if row.note else 0)
    # a heading stands two cells left of its rows
    lead = " " * max(1, table.name + 2 - used + (table.curve + 2 if table.curve else 0))
    words = "".join(f"{word:>10}{' @step  ' if taken == WITH_STEP else ' '}" for word, taken in table.bounds)
    return [(f"{lead}{'last':>{FIGURE}}{'step':>{table.step}}  {words}".rstrip(), "dim")]


def metric_pieces(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A metric in `width` cells."""
    metric, table = row.thing, Table.of(width, ink, system=is_system(row.name))
    assert isinstance(metric, Metric)
    role = "text" if metric.state == "finite" else "warn"
    made: list[Piece] = [(clip(row.name, table.name), "text")]
    made.append((" " * (table.name - cells(made[0][0])), "text"))
    if table.curve:
        made.append((f"  {pad(ink.curve(row.name, table.curve), table.curve)}", "hue0"))
    made.append((f"{figure_in(metric.value, FIGURE - 1):>{FIGURE}}", role))
    made.append((f"{count_in(metric.step, table.step - 1):>{table.step}}  ", "dim"))
    known = ink.facts.extremes.get(row.name)
    for word, taken in table.bounds:
        made += _bound(known, word, taken, ink.better.get(row.name))
    return made


def bound(known: Extreme | None, word: str, better: bool | None, room: tuple[int, int] = (12, 26)) -> tuple[str, str]:
    """The value of best, min or max as it is known, and its step: "…" while asked for, "–" where there is none.

    `room`: characters that value and step may have; as it is given, every one has its room.
    """
    if word == "best":
        if better is None:
            return "", ""
        word = "max" if better else "min"
    if known is None or known.history == "unread":
        return "…", ""
    value, step = (known.min, known.min_step) if word == "min" else (known.max, known.max_step)
    if value is None:
        return "–", ""
    # a thinned out history may have missed the smallest and the largest
    unsure = "" if known.history == "complete" else "≤" if word == "min" else "≥"
    written = unsure + figure_in(value, room[0] - len(unsure))
    return written, "" if step is None else count_in(step, room[1])


def _bound(known: Extreme | None, word: str, taken: int, better: bool | None) -> list[Piece]:
    value, step = bound(known, word, better, (FIGURE - 1, STEP - 1))
    role = "bright" if word == "best" else "text"
    if taken < WITH_STEP:
        return [(f"{value:>{taken - 1}} ", role)]
    return [(f"{value:>{FIGURE}}", role), (pad(f"@{step}" if step else "", taken - FIGURE), "dim")]
