"""A window on the versions of a model: row ids in their order, and the few that are on the screen."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..app.promotion.situation import COMMIT_TAGS
from ..app.query import Field, Node, matches_version, version_values
from ..app.records import Run
from ..app.store.models import VersionRow
from ..app.store.pipelines import CommitChecks
from ..app.store.reading import Reader
from .model_facts import ModelFacts

PAGE = 64
"""Versions read at once, with their runs and what ran on their commits: some three milliseconds."""

READ_AT_ONCE = 500
"""Versions read at once for a filter or an order that no index serves."""

_HELD = 12
"""Pages kept."""

METRIC: Final = "metrics."
"""What the word of the column of a metric begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version as the table holds it."""

    row: VersionRow
    run: Run | None = None
    """That made it, with its data and the deciding metric only."""
    value: float | None = None
    """The deciding metric."""
    base: float | None = None
    """What the champion has of it."""
    checks: CommitChecks | None = None
    """What ran on its commit."""
    is_champion: bool = False
    greater_is_better: bool | None = None
    now: int = 0

    @property
    def commit(self) -> str | None:
        """Its run's, else the one that a tag of it names."""
        return commit_of(self.row, self.run)


def commit_of(row: VersionRow, run: Run | None) -> str | None:
    """The commit of a version: its run's, else the one that a tag of it names."""
    named = (run.git_commit if run is not None else None, *(row.version.tags.get(tag) for tag in COMMIT_TAGS))
    return next((sha for sha in named if sha), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the versions of a model."""

    model: int
    """Its row id."""
    where: Node | None = None
    by: Field | None = None
    """What they are ordered by; None: by number."""
    descending: bool = True
    values: Mapping[int, float] = field(default_factory=dict)
    by_metric: bool = False
    """Order by `values`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The answer."""

    ids: Sequence[int]
    total: int


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """By number in a few milliseconds; what has to look at every version takes ten for a thousand."""
    asks_each = question.where is not None or question.by is not None
    plain = not question.by_metric and question.by is None
    ids = reader.models.version_ids(question.model, descending=question.descending or not plain)
    total = len(ids)
    if asks_each:
        ids = _looked_at(reader, ids, question)
    if question.by_metric:
        ids = _ordered(ids, question.values, question.descending)
    yield Listed(ids=ids, total=total)


def _looked_at(reader: Reader, ids: Sequence[int], question: Question) -> list[int]:
    """Those that match, in the order of a field."""
    keys: dict[int, Any] = {}
    kept: list[int] = []
    for start in range(0, len(ids), READ_AT_ONCE):
        for row in reader.models.versions(ids[start : start + READ_AT_ONCE]):
            if question.where is None or matches_version(question.where, row.version, row.aliases):
                kept.append(row.rowid)
                if question.by is not None and (found := version_values(question.by, row.version, row.aliases)):
                    keys[row.rowid] = found[0]
    return _ordered(kept, keys, question.descending) if question.by is not None else kept


def _ordered(ids: Sequence[int], keys: Mapping[int, Any], descending: bool) -> list[int]:
    """By a key, those without one (and NaN) last; what is equal stays newest first."""
    there = [one for one in ids if one in keys and keys[one] == keys[one]]
    without = [one for one in ids if one not in keys or keys[one] != keys[one]]
    return [*sorted(there, key=lambda one: keys[one], reverse=descending), *without]


def read_lines(reader: Reader, ids: Sequence[int], facts: ModelFacts, now: int) -> list[VersionLine]:
    """These versions, with what their columns need; those that are gone are left out."""
    return list(_lines(reader, reader.models.versions(ids), facts, now))


def _lines(reader: Reader, rows: Sequence[VersionRow], facts: ModelFacts, now: int) -> Iterator[VersionLine]:
    runs = reader.runs_by_rowid([row.run for row in rows if row.run is not None], ())
    commits = {row.rowid: commit_of(row, runs.get(row.run or 0)) for row in rows}
    checks = reader.pipelines.of_commits({sha for sha in commits.values() if sha}) if any(commits.values()) else {}
    champion = facts.champion.rowid if facts.champion is not None else None
    for row in rows:
        yield VersionLine(
            row=row, run=runs.get(row.run or 0), value=facts.values.get(row.rowid), base=facts.base,
            checks=checks.get(commits[row.rowid] or ""), is_champion=row.rowid == champion, now=now,
            greater_is_better=facts.deciding.greater_is_better if facts.deciding is not None else None,
        )  # fmt: skip


class VersionRows:
    """The rows of the table."""

    def __init__(self, reader: Reader, ids: Sequence[int], facts: ModelFacts, now: int) -> None:
        self._reader = reader
        self._facts = facts
        self._now = now
        self._pages: dict[int, list[VersionLine | None]] = {}
        self.ids = ids

    def count(self) -> int:
        """How many rows there are."""
        return len(self.ids)

    def key(self, index: int) -> int | None:
        """The row id of the version."""
        return self.ids[index] if 0 <= index < len(self.ids) else None

    def depth(self, index: int) -> int:
        """A flat list."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False

    def rows(self, start: int, stop: int) -> list[VersionLine | None]:
        """The rows of these indexes; None for a version that is gone."""
        return [self._row(index) for index in range(start, stop)]

    def _row(self, index: int) -> VersionLine | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            if len(self._pages) >= _HELD:
                self._pages.clear()
            page = self._pages[index // PAGE] = self._read(index // PAGE * PAGE)
        at = index % PAGE
        return page[at] if at < len(page) else None

    def _read(self, start: int) -> list[VersionLine | None]:
        ids = self.ids[start : start + PAGE]
        found = {line.row.rowid: line for line in read_lines(self._reader, ids, self._facts, self._now)}
        return [found.get(rowid) for rowid in ids]


def known(lines: Iterable[VersionLine | None]) -> list[VersionLine]:
    """Those that are there."""
    return [line for line in lines if line is not None]
