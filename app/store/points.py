"""One metric of many runs against one param or tag of theirs: a point a run, as columns.

A million runs take two seconds on a thread, most of it inside SQLite; 100,000 a fifth of one. Interruptible.
"""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

from ..query import Field, Node, as_number, sql
from ..query.sql import Fragment
from . import sorting
from .labels import labels
from .runsets import RunSets, stream, visible

MOST: Final = 100_000
"""Points at most, those of the newest runs: more than a large terminal has dots, drawn in 50 ms."""

_BLOCK: Final = 20_000

ENDED, RUNNING, FAILED = 0, 1, 2
"""Kinds of points. Killed runs failed as far as a picture goes; deleted ones did what they did."""

_KINDS: Final = {"running": RUNNING, "scheduled": RUNNING, "failed": FAILED, "killed": FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The points, and how many runs have none."""

    runs: array[int]
    """Row ids."""
    xs: array[float]
    """The param as a number, or the place of its text in `categories`."""
    ys: array[float]
    kinds: bytes
    categories: tuple[str, ...] | None
    """The texts in order where not all are numbers, else None."""
    nan: int
    infinite: int
    without_param: int
    """Runs that have the metric and not the param."""
    older: int
    """Runs that pass and were not looked at, because there are more than MOST."""


def read_points(
    connection: sqlite3.Connection, *, experiments: Sequence[int] | None, where: Node | None, param: Field,
    metric: Field,
) -> Points:  # fmt: skip
    """The last values of a metric by a param, of the runs that pass."""
    sets = RunSets(connection, visible(connection, experiments))
    with sets.snapshot():
        members, older = _members(sets, where)
        known = labels(sets, param)
        found = _Collected()
        keys = sql.all_keys(metric, sets.experiments)
        text = f"SELECT run, value FROM metric WHERE key IN ({keys.text}) AND run < ?"
        rows = connection.execute(text, (*keys.parameters, sets.size))
        while block := rows.fetchmany(_BLOCK):
            for run, value in block:
                if members[run]:
                    found.add(run, value, known.codes[run])
        places, categories = _places({code: known.texts[code - 1] for code in set(found.codes)})
        xs = array("d", map(places.__getitem__, found.codes))
        kinds = _kinds(sets)
        return Points(
            runs=found.runs, xs=xs, ys=found.ys, kinds=bytes(map(kinds.__getitem__, found.runs)),
            categories=categories, nan=found.nan, infinite=found.infinite, without_param=found.without_param,
            older=older,
        )  # fmt: skip


class _Collected:
    """What becomes of the values."""

    def __init__(self) -> None:
        self.runs, self.codes, self.ys = array("q"), array("i"), array("d")
        self.nan = self.infinite = self.without_param = 0

    def add(self, run: int, value: float | None, code: int) -> None:
        """One value of one run."""
        if value is None:
            self.nan += 1
        elif not math.isfinite(value):
            self.infinite += 1
        elif not code:
            self.without_param += 1
        else:
            self.runs.append(run)
            self.codes.append(code)
            self.ys.append(value)


def _members(sets: RunSets, where: Node | None) -> tuple[bytes | bytearray, int]:
    """Whose points are looked at, and how many older ones are not."""
    chosen = sets.everything() if where is None else sets.of(where)
    members, number = sets.members(chosen), chosen.bit_count()
    if number <= MOST:
        return members, 0
    newest = bytearray(sets.size)
    left = MOST
    for block in stream(sets.connection, sorting.newest(sets.experiments, "1", -1)):
        for run in compress(block, map(members.__getitem__, block)):
            newest[run] = 1
            left -= 1
            if not left:
                return newest, number - MOST
        sets.pause()
    return newest, number - MOST + left


def _places(texts: Mapping[int, str]) -> tuple[dict[int, float], tuple[str, ...] | None]:
    """Where the text of each code stands on the axis."""
    numbers = {code: as_number(text) for code, text in texts.items()}
    finite = {code: number for code, number in numbers.items() if number is not None and math.isfinite(number)}
    if len(finite) == len(texts):
        return finite, None
    ordered = tuple(sorted(texts.values()))
    place = {text: float(at) for at, text in enumerate(ordered)}
    return {code: place[text] for code, text in texts.items()}, ordered


def _kinds(sets: RunSets) -> bytearray:
    kinds = bytearray(sets.size)
    scope = sql.scoped("experiment", sets.experiments)
    for status, kind in _KINDS.items():
        text = f"SELECT id FROM run INDEXED BY run_status WHERE {scope.text} AND status = ?"
        for block in stream(sets.connection, Fragment(text, (*scope.parameters, status))):
            for run in block:
                kinds[run] = kind
            sets.pause()
    return kinds
