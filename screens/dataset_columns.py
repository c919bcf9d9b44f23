"""The columns of the list of datasets. Cells are pure functions of a line.

Only what wants to be seen has a colour of its own: each change of colour is 40 bytes on every line of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..app.records import DatasetVersion
from ..app.store.checks import DatasetChecks
from ..app.store.dataset_names import DatasetRow
from ..app.text import cells, clip, shown
from ..widgets.figures import age, count, size
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign
from .check_words import tool

NAME = 16
"""Cells of a dataset's name, at least."""

BY_RANK: Final = ("fail", "error", "warn", "silent", "skipped", "pass", "removed")
"""How the worst check stands, by the rank that the cache gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetLine:
    """A dataset as the table holds it."""

    row: DatasetRow
    newest: DatasetVersion | None = None
    versions: int | None = None
    """None before it was read."""
    checks: DatasetChecks | None = None
    feeds: tuple[str, ...] | None = None
    """Aliases whose version was trained on it, as churn@champion; None before they were read."""
    now: int = 0

    @property
    def is_read(self) -> bool:
        """Whether its versions are known."""
        return self.versions is not None


Cell = Callable[[DatasetLine], Piece]

UNREAD: Final[Piece] = ("…", "dim")


def _name(line: DatasetLine) -> Piece:
    return clip(line.row.name, 60), "text"


def _checks(line: DatasetLine) -> Piece:
    """The worst, and how many stand so: `✖ 2 of 41`."""
    checks = line.checks
    if checks is None or not checks.total:
        return "", "text"
    worst = BY_RANK[min(checks.rank, len(BY_RANK) - 1)]
    number = checks.silent if worst == "silent" else checks.outcomes.get(worst, checks.total)
    word = f"{glyph(worst)} {count(number)}"
    return (word if number == checks.total else f"{word} of {count(checks.total)}"), sign(worst).role


def _digest(line: DatasetLine) -> Piece:
    if line.newest is None:
        return (glyph("missing"), "dim") if line.is_read else UNREAD
    return ("gone", "dim") if line.newest.is_gone else (clip(line.newest.digest, 12), "text")


def _age(line: DatasetLine) -> Piece:
    return age(line.newest.at if line.newest is not None else line.row.at, line.now), "text"


def _commit(line: DatasetLine) -> Piece:
    return shown((line.newest.commit or "")[:7]) if line.newest is not None else "", "dim"


def _versions(line: DatasetLine) -> Piece:
    return (count(line.versions) if line.versions is not None else "…"), "text"


def _runs(line: DatasetLine) -> Piece:
    return (count(line.newest.runs) if line.newest is not None else "" if line.is_read else "…"), "text"


def _feeds(line: DatasetLine) -> Piece:
    if line.feeds is None:
        return UNREAD
    if not line.feeds:
        return "", "text"
    more = f" +{len(line.feeds) - 1}" if len(line.feeds) > 1 else ""
    is_bad = line.checks is not None and line.checks.rank <= 1
    return f"{clip(line.feeds[0], 30)}{more}", "warn" if is_bad else "text"


def _tools(line: DatasetLine) -> Piece:
    return " ".join(tool(name) for name in line.row.tools), "text"


def _declared(line: DatasetLine) -> Piece:
    return ("declared" if line.row.is_declared else "by name"), "dim"


def _size(line: DatasetLine) -> Piece:
    return size(line.newest.size) if line.newest is not None else "", "text"


def _rows(line: DatasetLine) -> Piece:
    return count(line.newest.rows) if line.newest is not None and line.newest.rows is not None else "", "text"


COLUMNS: Final[Mapping[str, Column[DatasetLine]]] = {
    column.key: column
    for column in (
        Column(key="name", title="dataset", cell=_name, width=NAME, rank=0, grow=True, most=30),
        Column(key="outcome", title="checks", cell=_checks, width=10, rank=2),
        Column(key="digest", title="newest", cell=_digest, width=12, rank=1),
        Column(key="at", title="age", cell=_age, width=5, right=True, rank=2),
        Column(key="commit", title="commit", cell=_commit, width=7, rank=6),
        Column(key="versions", title="versions", cell=_versions, width=8, right=True, rank=4),
        Column(key="runs", title="runs", cell=_runs, width=6, right=True, rank=4),
        Column(key="feeds", title="feeds", cell=_feeds, width=20, rank=3),
        Column(key="size", title="size", cell=_size, width=8, right=True, rank=8),
        Column(key="rows", title="rows", cell=_rows, width=10, right=True, rank=8),
        Column(key="tool", title="known by", cell=_tools, width=20, rank=5),
        Column(key="declared", title="identity", cell=_declared, width=8, rank=9),
    )
}  # fmt: skip


def column(key: str, *, chosen: bool = False) -> Column[DatasetLine] | None:
    """The column of a word; None for no such word. One that the user chose leaves only when there is no other."""
    made = COLUMNS.get(key)
    return replace(made, rank=min(made.rank, 1)) if made is not None and chosen else made


def sort_key(key: str) -> Callable[[DatasetLine], Any]:
    """What lines are sorted by, ascending: those of which it is not known come after the others."""
    by: dict[str, Callable[[DatasetLine], Any]] = {
        "name": lambda line: line.row.name.casefold(),
        "outcome": lambda line: line.checks.rank if line.checks is not None else len(BY_RANK),
        "at": lambda line: line.row.at or 0,
        "versions": lambda line: line.versions or 0,
        "runs": lambda line: line.newest.runs if line.newest is not None else 0,
        "size": lambda line: (line.newest.size or 0) if line.newest is not None else 0,
        "rows": lambda line: (line.newest.rows or 0) if line.newest is not None else 0,
        "feeds": lambda line: len(line.feeds or ()),
    }
    return by.get(key) or (lambda line: COLUMNS[key].cell(line)[0])


def widest_name(lines: list[DatasetLine]) -> int:
    """Cells of the longest name."""
    return max((cells(clip(line.row.name, 40)) for line in lines), default=NAME)
