"""A window on a list of pipelines: row ids in their order, heads of groups between them, and the few on the screen."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..app.query import Node, Sort
from ..app.store.pipeline_groups import By, PipelineGroup, pipeline_groups
from ..app.store.reading import Reader
from .pipeline_columns import Group, PipelineLine, names_piece

FIRST = 128
"""Ids of the first window: two pages of a tall terminal."""

PAGE = 32
"""Pipelines read at once, with their jobs: 7 ms where each has ten of six steps."""

_HELD = 16
"""Pages kept."""

Entry: TypeAlias = int | PipelineGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the list."""

    where: Node | None
    sort: Sort | None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An answer, or the first part of one."""

    entries: Sequence[Entry]
    matches: int
    """Pipelines that match; in groups those that are shown."""
    total: int
    complete: bool


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """The first window at once, then everything; groups whole."""
    reads = reader.pipelines
    total = reads.count(None)
    if question.by is not None:
        groups = pipeline_groups(reader.connection, question.where, question.by)
        entries: list[Entry] = []
        for group in groups:
            entries += [group, *(rowid for *_, rowid in group.members)]
        yield Listed(entries=entries, matches=len(entries) - len(groups), total=total, complete=True)
        return
    first = reads.ids(question.where, question.sort, FIRST)
    complete = len(first) < FIRST
    matches = len(first) if complete else total if question.where is None else reads.count(question.where)
    yield Listed(entries=first, matches=matches, total=total, complete=complete)
    if not complete:
        ids = reads.ids(question.where, question.sort)
        yield Listed(entries=ids, matches=len(ids), total=total, complete=True)


class PipelineRows:
    """The rows of the table."""

    def __init__(self, reader: Reader, answer: Listed, now: int) -> None:
        self._reader = reader
        self.entries = answer.entries
        self._count = len(answer.entries) if answer.complete else max(answer.matches, len(answer.entries))
        self._is_grouped = any(isinstance(entry, PipelineGroup) for entry in answer.entries[:1])
        self._now = now
        self._pages: dict[int, list[PipelineLine | None]] = {}

    def count(self) -> int:
        """How many rows there are, as far as is known."""
        return self._count

    def key(self, index: int) -> str | int | None:
        """The row id of a pipeline, the words of a group."""
        if not 0 <= index < len(self.entries):
            return None
        entry = self.entries[index]
        return entry if isinstance(entry, int) else f"{entry.by} {entry.name}"

    def depth(self, index: int) -> int:
        """Pipelines stand below the head of their group."""
        return int(self._is_grouped and index < len(self.entries) and isinstance(self.entries[index], int))

    def context(self, index: int) -> bool:
        """All of them match."""
        return False

    def rows(self, start: int, stop: int) -> list[PipelineLine | None]:
        """The rows of these indexes; None where the id is not known yet, or the pipeline is gone."""
        return [self._row(index) for index in range(start, stop)]

    def tick(self, now: int) -> None:
        """Tell the times of what was read already as they are now."""
        self._now = now
        for page in self._pages.values():
            page[:] = [replace(line, now=now) if line is not None else None for line in page]

    def _row(self, index: int) -> PipelineLine | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            if len(self._pages) >= _HELD:
                self._pages.clear()
            page = self._pages[index // PAGE] = self._read(index // PAGE * PAGE)
        at = index % PAGE
        return page[at] if at < len(page) else None

    def _read(self, start: int) -> list[PipelineLine | None]:
        entries = self.entries[start : start + PAGE]
        found = {
            row.rowid: row for row in self._reader.pipelines.rows([one for one in entries if isinstance(one, int)])
        }
        made: list[PipelineLine | None] = []
        for entry in entries:
            if isinstance(entry, PipelineGroup):
                made.append(PipelineLine(group=self._head(entry), now=self._now))
            elif (row := found.get(entry)) is not None:
                made.append(PipelineLine(pipeline=row.pipeline, usual=row.usual, source=row.source_name, now=self._now,
                                         indent=2 * self._is_grouped))  # fmt: skip
            else:
                made.append(None)
        return made

    def _head(self, group: PipelineGroup) -> Group:
        says = names_piece((name, status) for name, status, _ in group.members)
        if group.by == "commit":
            commit = self._reader.commit(group.name) if group.name else None
            says = f"{commit.author}: {commit.subject}" if commit is not None else group.title
        return Group(
            by=group.by, name=group.name, status=group.status, at=group.at, says=says, commit=group.commit or ""
        )  # fmt: skip
