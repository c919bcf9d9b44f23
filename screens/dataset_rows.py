"""The list of datasets: read on a thread, the names at once, then what the checks say, the versions and who is fed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..app.query import Node
from ..app.records import Dataset, Identities
from ..app.store.dataset_lists import ListedDataset, matches_dataset
from ..app.store.models import ModelRow
from ..app.store.reading import Reader
from .dataset_columns import DatasetLine, sort_key

AT_ONCE = 64
"""Datasets whose versions are read before what is known is shown: some ten milliseconds."""

EXACT = 30
"""Versions of one dataset that are told apart to be counted."""

READ = 2_000
"""Datasets whose versions are read; of further ones the names, their age and their checks are known."""

MODELS = 200
"""Models of whose aliases it is looked up what they were trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the cache."""

    identities: Identities
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The answer, or a part of it."""

    lines: Sequence[DatasetLine]
    is_whole: bool = False


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """The names with what the checks say; then the rest, some at a time."""
    identities, now = question.identities, question.now
    checks = {one.dataset: one for one in reader.checks.groups(None, now, identities)}
    lines = [DatasetLine(row=row, now=now, checks=checks.get(row.name)) for row in reader.datasets.names(identities)]
    lines.sort(key=_trouble)
    yield Listed(lines=tuple(lines))
    fed = feeds(reader, identities)
    lines = [replace(line, feeds=tuple(fed.get(line.row.name, ()))) for line in lines]
    for start in range(0, min(len(lines), READ), AT_ONCE):
        stop = min(start + AT_ONCE, READ)
        lines[start:stop] = [_with_versions(reader, line, identities) for line in lines[start:stop]]
        yield Listed(lines=tuple(lines), is_whole=stop >= min(len(lines), READ))
    if not lines:
        yield Listed(lines=(), is_whole=True)


def _trouble(line: DatasetLine) -> tuple[int, int]:
    """Trouble first: failed, could not run, warned; then the one last heard of."""
    rank = line.checks.rank if line.checks is not None else 9
    return (rank if rank <= 2 else 3, -(line.row.at or 0))


def _with_versions(reader: Reader, line: DatasetLine, identities: Identities) -> DatasetLine:
    reads, name = reader.datasets, line.row.name
    number = reads.count(name, identities)
    # what two tools know by one digest is counted twice: where there are few, they are told apart
    is_exact = number <= EXACT and {"mlflow", "dvc"} <= set(line.row.tools)
    found = reads.versions(name, identities, EXACT if is_exact else 1)
    return replace(line, newest=next(iter(found), None), versions=len(found) if is_exact else number)


def feeds(reader: Reader, identities: Identities) -> Mapping[str, list[str]]:
    """The aliases by the datasets that the version which they show was trained or measured on."""
    rows = reader.models.rows(reader.models.ids(None, kind="model")[:MODELS])
    held = [(f"{row.model.name}@{alias}", run) for row in rows for alias, run in _runs(reader, row)]
    datasets = reader.runs_by_rowid(list({run for _, run in held}), ())
    found: dict[str, list[str]] = defaultdict(list)
    for alias, run in held:
        for name in _names(datasets[run].datasets if run in datasets else (), identities):
            found[name].append(alias)
    return found


def _runs(reader: Reader, row: ModelRow) -> Iterator[tuple[str, int]]:
    """Its aliases with the row ids of the runs, the champion first."""
    for alias, version in sorted(row.model.aliases.items(), key=lambda one: (one[0] != "champion", one[0])):
        found = reader.models.version(row.model.name, version, row.model.source)
        if found is not None and found.run is not None:
            yield alias, found.run


def _names(datasets: Iterable[Dataset], identities: Identities) -> list[str]:
    return list(dict.fromkeys(identities.name_of("mlflow", data.name) or data.name for data in datasets))


# -- filter and order ---------------------------------------------------------------------------------------------


def matches(line: DatasetLine, where: Node | None) -> bool:
    """Whether a dataset passes a filter of the vocabulary DATASETS. Of versions that were not read nothing is true."""
    return where is None or matches_dataset(where, _as_listed(line))


def _as_listed(line: DatasetLine) -> ListedDataset:
    checks = line.checks
    return ListedDataset(
        row=line.row, newest=line.newest, versions=line.versions or 0,
        outcomes=checks.outcomes if checks is not None else {}, silent=checks.silent if checks is not None else 0,
    )  # fmt: skip


def ordered(lines: Sequence[DatasetLine], where: Node | None, sort: tuple[str, bool]) -> list[DatasetLine]:
    """Those that match, in their order; the order that they were read in is trouble first."""
    found = [line for line in lines if matches(line, where)]
    if sort != ("outcome", False):
        found.sort(key=sort_key(sort[0]), reverse=sort[1])
    return found


class DatasetRows:
    """The rows of the table."""

    def __init__(self, lines: Sequence[DatasetLine]) -> None:
        self.lines = lines

    def count(self) -> int:
        """How many there are."""
        return len(self.lines)

    def rows(self, start: int, stop: int) -> Sequence[DatasetLine | None]:
        """These datasets."""
        return self.lines[start:stop]

    def key(self, index: int) -> str | None:
        """The name of the dataset."""
        return self.lines[index].row.name if 0 <= index < len(self.lines) else None

    def depth(self, index: int) -> int:
        """A flat list."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False
