"""The columns of a table of versions. Cells are pure functions of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from math import isfinite
from typing import Final

from ..app.records import Dataset, ModelVersion
from ..app.text import cells, clip, one_line
from ..widgets.figures import age, figure, lead, moment
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign, worded
from .model_facts import Deciding
from .model_words import version_name
from .pipeline_columns import short
from .version_rows import METRIC, VersionLine

Cell = Callable[[VersionLine], Piece]

UNSORTED: Final = ("delta", "data", "ci", "commit", "origin", "model_id")
"""Columns by which there is no order."""

WORDED = 100
"""Columns of a terminal from which on a difference says in a word whether it is better."""


def _version(line: VersionLine) -> Piece:
    return version_name(line.row.version.version), "bright" if line.is_champion else "text"


def _aliases(line: VersionLine) -> Piece:
    # neighbours of one colour are sent as one: a page of versions is 8 kB
    return ", ".join(clip(alias, 16) for alias in line.row.aliases), "accent" if line.row.aliases else "text"


def _status(line: VersionLine) -> Piece:
    return worded(line.row.version.status)


def metric_piece(line: VersionLine) -> Piece:
    """The deciding metric."""
    if line.value is None:
        return glyph("unknown"), "dim"
    return figure(line.value), "text" if isfinite(line.value) else "warn"


def lead_piece(line: VersionLine, *, worded: bool) -> Piece:
    """`+0.0031 better`, `base` for the champion itself; without the word where there is no room."""
    if line.is_champion:
        return "base" + "       " * worded, "dim"
    value, base = line.value, line.base
    if value is None or base is None or not (isfinite(value) and isfinite(base)):
        return "", "dim"
    if value == base:
        return "=" + "       " * worded, "dim"
    is_better = (value > base) == line.greater_is_better
    word = (" better" if is_better else " worse ") if worded else ""
    return f"{lead(value, base)}{word}", "good" if is_better else "warn"


def data_name(data: Dataset) -> str:
    """A dataset as a cell has room for it: `orders@77ab`."""
    return f"{clip(data.name, 11)}@{clip(data.digest, 60)[:4]}"


def _data(line: VersionLine) -> Piece:
    datasets = line.run.datasets if line.run is not None else ()
    if not datasets:
        return glyph("missing"), "dim"
    first = next((one for one in datasets if one.context in ("training", "train")), datasets[0])
    more = f" +{len(datasets) - 1}" if len(datasets) > 1 else ""
    return data_name(first) + more, "dim"


def _ci(line: VersionLine) -> Piece:
    if line.checks is None:
        return "", "text"
    several = f" {line.checks.failed}" if line.checks.failed > 1 else ""
    return glyph(line.checks.status) + several, sign(line.checks.status).role


def _run(line: VersionLine) -> Piece:
    version = line.row.version
    if line.run is not None:
        return clip(line.run.name or line.run.id, 30), "dim"
    return (clip(version.run_id, 8) if version.run_id else glyph("missing")), "dim"


def _text(get: Callable[[ModelVersion], str | None], width: int) -> Cell:
    return lambda line: (clip(get(line.row.version) or "", width), "dim")


def _time(get: Callable[[ModelVersion], int | None], zone: tzinfo) -> Cell:
    return lambda line: (moment(get(line.row.version), line.now, zone), "text")


def fixed(zone: tzinfo = UTC) -> dict[str, Column[VersionLine]]:
    """The columns that every version has, by their word in the filter."""
    made: tuple[Column[VersionLine], ...] = (
        Column(key="version", title="version", cell=_version, width=9, rank=0),
        Column(key="alias", title="aliases", cell=_aliases, width=10, rank=1, grow=True, most=14),
        Column(key="status", title="status", cell=_status, width=9, rank=1),
        Column(key="created_at", title="age", cell=lambda line: (age(line.row.version.created_at, line.now), "text"),
               width=5, right=True, rank=1),
        Column(key="user", title="user", cell=_text(lambda one: one.user, 12), width=6, rank=3),
        Column(key="run_id", title="run", cell=_run, width=16, rank=4, grow=True, most=14),
        Column(key="data", title="data", cell=_data, width=14, rank=5),
        Column(key="ci", title="ci", cell=_ci, width=3, rank=4),
        Column(key="commit", title="commit", cell=lambda line: (short(line.commit), "dim"), width=7, rank=5),
        Column(key="stage", title="stage", cell=_text(lambda one: one.stage, 12), width=10, rank=6),
        Column(key="updated_at", title="updated", cell=_time(lambda one: one.updated_at, zone), width=12, right=True,
               rank=7),
        Column(key="description", title="description",
               cell=lambda line: (one_line(line.row.version.description[:200]), "dim"), width=20, rank=7, grow=True,
               most=60),
        Column(key="origin", title="from", cell=_text(lambda one: one.origin, 60), width=20, rank=8),
        Column(key="model_id", title="logged model", cell=_text(lambda one: one.model_id, 40), width=14, rank=8),
    )  # fmt: skip
    return {column.key: column for column in made}


def column(
    key: str, zone: tzinfo = UTC, width: int = 80, need: Mapping[str, int] | None = None,
    deciding: Deciding | None = None, champion: str = "", *, chosen: bool = False,
) -> Column[VersionLine] | None:  # fmt: skip
    """The column of a word; None for no such word, and of a metric that is not the deciding one.

    `champion`: the version that the others are measured against.
    """
    wide = need or {}
    found = fixed(zone).get(key) or _measured(key, width, deciding, champion)
    kind, _, name = key.partition(".")
    if found is None and kind == "tags" and name:
        cell: Cell = lambda line: (clip(line.row.version.tags.get(name, ""), 24), "dim")  # noqa: E731  one of many cells
        found = Column(key=key, title=clip(name, 14), cell=cell, width=10, rank=6)
    if found is None:
        return None
    found = replace(found, width=wide.get(key, found.width))
    return replace(found, rank=min(found.rank, 1)) if chosen else found


def _measured(key: str, width: int, deciding: Deciding | None, champion: str) -> Column[VersionLine] | None:
    """The deciding metric, and how far each version is from the champion in it."""
    if deciding is None:
        return None
    if key == f"{METRIC}{deciding.name}":
        title = f"{clip(deciding.name, 16)} {'↑' if deciding.greater_is_better else '↓'}"
        return Column(key=key, title=title, cell=metric_piece, width=max(8, cells(title)), right=True, rank=1)
    if key == "delta" and champion:
        is_worded = width >= WORDED
        return Column(
            key=key, title=f"Δ {version_name(champion)}", rank=2, right=True, width=15 if is_worded else 8,
            cell=lambda line: lead_piece(line, worded=is_worded),
        )  # fmt: skip
    return None


def needed(lines: Iterable[VersionLine], keys: Iterable[str]) -> dict[str, int]:
    """Cells that names and the like need for these lines."""
    known = list(lines)
    bounds = {"alias": (7, 20), "user": (4, 12), "run_id": (8, 16), "data": (8, 19), "version": (9, 12)}
    made = fixed()
    return {
        key: max(least, *(min(most, cells(made[key].cell(line)[0])) for line in known))
        for key, (least, most) in bounds.items()
        if key in keys and known
    }


def propose(lines: Iterable[VersionLine], deciding: Deciding | None, *, has_champion: bool) -> list[str]:
    """Columns for those who did not arrange them; the stage where some version has one."""
    known = list(lines)
    measured = [f"{METRIC}{deciding.name}", *(["delta"] if has_champion else [])] if deciding is not None else []
    stage = ["stage"] if any(line.row.version.stage for line in known) else []
    ci = ["ci"] if any(line.checks is not None for line in known) else []
    # colours beside colours: see `_aliases`
    return ["version", "alias", "status", *ci, "created_at", *measured, "user", "run_id", "data", "commit", *stage]
