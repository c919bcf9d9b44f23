"""The data of two versions side by side, and sentences on whether their figures are like for like. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ..app.comparison import Comparison
from ..app.records import Run
from ..app.text import clip, shown
from ..widgets.status import glyph

NAMED = 2
"""Datasets that a sentence names; the others are counted."""

DIGEST = 12
"""Cells of a digest."""


class DataRow(NamedTuple):
    """One dataset in one context, and what either version has of it."""

    context: str
    name: str
    mine: str | None
    """Its digest; None where this version has none of that name there."""
    theirs: str | None
    is_told: bool
    """Whether both name any data in this context: if not, nothing is known of the one that does not."""

    @property
    def title(self) -> str:
        """`training orders`"""
        return " ".join(part for part in (self.context or "no context", self.name) if part)


def data_rows(compared: Comparison) -> list[DataRow]:
    """Every dataset of the two, `compared` having the other version first."""
    theirs, mine = (_by_place(run) for run in compared.runs)
    contexts = [{context for context, _ in found} for found in (theirs, mine)]
    return [
        DataRow(place[0], place[1], mine.get(place), theirs.get(place), all(place[0] in one for one in contexts))
        for place in sorted({*theirs, *mine})
    ]


def _by_place(run: Run) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], set[str]] = {}
    for data in run.datasets:
        found.setdefault((data.context or "", data.name), set()).add(data.digest)
    return {place: ", ".join(sorted(digests)) for place, digests in found.items()}


def data_verdict(row: DataRow) -> tuple[str, str]:
    """`same`, `differs`, or `unknown` where one of them names no data, with its role."""
    if not row.is_told:
        return f"{glyph('unknown')} unknown", "dim"
    return ("= same", "good") if row.mine == row.theirs else (f"{glyph('stale')} differs", "warn")


def data_sentences(rows: Sequence[DataRow], own: str, other: str) -> Iterator[str]:
    """Whether figures are like for like; nothing where all data is the same."""
    if not rows:
        yield f"metrics may not be like for like: neither {own} nor {other} names its data"
    for context, group in groupby(rows, key=lambda row: row.context):
        some = list(group)
        said = f"{clip(context, 24)} data" if context else "data without a context"
        if not some[0].is_told:
            without = own if all(row.mine is None for row in some) else other
            yield f"whether they saw the same {said} is not known: {without} names none"
        elif unlike := [row for row in some if row.mine != row.theirs]:
            trained = "trained on unlike data" if is_training(context) else f"metrics are not like for like: {said}"
            yield f"{trained}: {_listed(unlike, own, other)}"


def _listed(rows: Iterable[DataRow], own: str, other: str) -> str:
    found = [_told(row, own, other) for row in rows]
    more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return "; ".join(found[:NAMED]) + more


def _told(row: DataRow, own: str, other: str) -> str:
    name = shown(row.name[:24])
    if row.mine is None or row.theirs is None:
        return f"{name} only in {other if row.mine is None else own}"
    return f"{name} is {clip(row.mine, DIGEST)} in {own}, {clip(row.theirs, DIGEST)} in {other}"


def is_training(context: str) -> bool:
    """Whether data was there to learn from."""
    return context.casefold().startswith("train")
