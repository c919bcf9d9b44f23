"""A window on a list of registered models: row ids in their order, and the few that are on the screen."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..app.query import Field, Node, Sort
from ..app.records import ModelKind
from ..app.store.reading import Reader
from .alias_history import History, current
from .model_columns import ModelLine
from .model_glance import Glances

PAGE = 32
"""Models read at once, with where their aliases are: a few milliseconds."""

NEWEST: Final = Field("version", "version")
"""What the column of the newest version is sorted by."""

_HELD = 16
"""Pages kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the list."""

    where: Node | None
    sort: Sort | None
    kind: ModelKind = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The answer."""

    ids: Sequence[int]
    total: int
    """Without the filter."""
    others: int = 0
    """Prompts beside models, models beside prompts: they are listed apart."""


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """All at once: there are hundreds, and ids are small."""
    reads, kind, sort = reader.models, question.kind, question.sort
    # by its newest version either way; the grammar's own word for ascending is the smallest of several
    is_newest = sort is not None and sort.field == NEWEST and not sort.descending
    ids = reads.ids(question.where, Sort(NEWEST, True) if is_newest else sort, kind=kind)
    ids = ids[::-1] if is_newest else ids
    total = len(ids) if question.where is None else len(reads.ids(None, kind=kind))
    yield Listed(ids=ids, total=total, others=len(reads.ids(None, kind="prompt" if kind == "model" else "model")))


class ModelRows:
    """The rows of the table."""

    def __init__(
        self, reader: Reader, history: History, ids: Sequence[int], glances: Glances, now: int, version: int = 4,
        areas: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`version`: cells of the widest version, so that what stands beside one is aligned; `areas`: how what needs
        attention stands, that of a model under `model/NAME`."""
        self._areas = areas or {}
        self._version = version
        self._reader = reader
        self._history = history
        self._glances = glances
        self._now = now
        self._pages: dict[int, list[ModelLine | None]] = {}
        self.ids = ids

    def count(self) -> int:
        """How many rows there are."""
        return len(self.ids)

    def key(self, index: int) -> int | None:
        """The row id of the model."""
        return self.ids[index] if 0 <= index < len(self.ids) else None

    def depth(self, index: int) -> int:
        """A flat list."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False

    def rows(self, start: int, stop: int) -> list[ModelLine | None]:
        """The rows of these indexes; None for a model that is gone."""
        return [self._row(index) for index in range(start, stop)]

    def _row(self, index: int) -> ModelLine | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            if len(self._pages) >= _HELD:
                self._pages.clear()
            page = self._pages[index // PAGE] = self._read(index // PAGE * PAGE)
        at = index % PAGE
        return page[at] if at < len(page) else None

    def _read(self, start: int) -> list[ModelLine | None]:
        ids = self.ids[start : start + PAGE]
        found = {row.rowid: row for row in self._reader.models.rows(ids)}
        return [
            ModelLine(
                row=row, lanes=current(self._history.lanes(row.model)), glance=self._glances.get(rowid),
                is_judged=rowid in self._glances, now=self._now, version=self._version,
                status=self._areas.get(f"model/{row.model.name}", ""),
            )
            if (row := found.get(rowid)) is not None
            else None
            for rowid in ids
        ]  # fmt: skip
