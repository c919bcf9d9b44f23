"""All that the cache knows around a version of a dataset, and what differs from the one before. Read on a thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..app.comparison.datasets import DataChange, data_changes
from ..app.lineage import Node, trace
from ..app.records import Check, Commit, DatasetVersion, DataVersion, Identities, Run, Subject, parse_subject
from ..app.store.checks import CheckRow
from ..app.store.configuration import ConfigurationChange
from ..app.store.dataset_names import DatasetRow
from ..app.store.models import VersionRow
from ..app.store.reading import Reader
from .check_words import STANDINGS, standing
from .lineage_lines import champions_first

NAMED = 30
"""Versions of it, and runs on it, that are named at first."""

CHECKS = 200
"""Checks of its very content that are read: a folder may have thousands."""

TRAINED = 30
"""Versions of models that are named."""

CHANGED = 20
"""Commits that changed configuration since the version before that are looked at."""

By: TypeAlias = Literal["digest", "declared", "name"]
TOOLS_WITHOUT_CHECKS = ("mlflow", "dvc")


@dataclass(frozen=True, slots=True)
class CheckOf:
    """A check, and by what it speaks of this version."""

    check: Check
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """A version of a dataset, and what hangs on it."""

    name: str
    row: DatasetRow | None = None
    version: DatasetVersion | None = None
    """None where no tool tells a version, only that there is such a dataset."""
    before: DatasetVersion | None = None
    changes: Sequence[DataChange] = ()
    """What differs from the one before."""
    checks: Sequence[CheckOf] = ()
    """The worst first."""
    runs: Sequence[Run] = ()
    more_runs: int = 0
    """Further ones ..."""
    at_least: bool = False
    """... or more than so many."""
    trained: Sequence[VersionRow] = ()
    """Versions of models that were made by these runs."""
    at_risk: Sequence[str] = ()
    """Aliases that show what came of it, as churn@champion."""
    written: Sequence[DataVersion] = ()
    """What stages of DVC wrote from it."""
    commit: Commit | None = None
    """That brought it."""
    configuration: Sequence[ConfigurationChange] = ()
    """Commits that changed params or configuration since the version before, newest first."""
    versions: Sequence[DatasetVersion] = ()
    total: int = 0

    @property
    def digest(self) -> str:
        """Of the version; "" where there is none."""
        return self.version.digest if self.version is not None else ""


def dataset_facts(
    reader: Reader, name: str, digest: str, identities: Identities, *, now: int, limit: int = NAMED
) -> DatasetFacts | None:
    """What is known of a version, by its digest or the beginning of it; of the newest for "". None for no such one."""
    reads = reader.datasets
    row = reads.row(name, identities)
    known = row.name if row is not None else name
    versions = reads.versions(known, identities, limit)
    newest = next((one for one in versions if not one.is_gone), None)
    version = reads.version(known, digest, identities) if digest else newest
    if version is None and (digest or row is None):
        return None
    # the count has what two tools know by one digest twice: it is asked for where the list has not all of them
    total = reads.count(known, identities) if len(versions) == limit else len(versions)
    checks = sorted(_checks(reader, row, version), key=lambda one: STANDINGS.index(standing(one.check, now)))
    facts = DatasetFacts(name=known, row=row, version=version, versions=versions, total=total, checks=checks)
    return facts if version is None else _of_version(reader, facts, version, identities, now, limit)


def _of_version(
    reader: Reader, facts: DatasetFacts, version: DatasetVersion, identities: Identities, now: int, limit: int
) -> DatasetFacts:
    reads = reader.datasets
    before = reads.before(version, identities)
    subject = Subject(kind="dataset", parts=(facts.name, version.digest))
    lineage = trace(reader, subject, identities, now=now, limit=limit)
    nodes = [node for node in lineage.downstream if node.kind == "run"] if lineage is not None else []
    runs = [run for node in nodes for run in reader.runs(reader.rowids([_native(node)]), names=())]
    return replace(
        facts, before=before, runs=runs, more_runs=lineage.more if lineage is not None else 0,
        at_least=lineage is not None and lineage.at_least,
        at_risk=[_alias(one) for one in champions_first(lineage.at_risk)] if lineage is not None else (),
        changes=data_changes(before, version) if before is not None and not before.is_gone else (),
        trained=list(_trained(reader, nodes))[:TRAINED], written=reads.written_from(version.digest),
        commit=reader.commit(version.commit) if version.commit else None,
        configuration=list(_configured(reader, before, version)),
    )  # fmt: skip


def _native(node: Node) -> str:
    return parse_subject(node.subject).parts[0]


def _alias(subject: str) -> str:
    return "@".join(parse_subject(subject).parts)


def _trained(reader: Reader, nodes: Iterable[Node]) -> Iterator[VersionRow]:
    """The versions that were registered of these runs, those that an alias points at first."""
    found = (below for node in nodes for below in node.walk() if below.kind == "version" and below.is_known)
    names = dict.fromkeys(parse_subject(node.subject).parts for node in found)
    rows = [row for name, version in names if (row := reader.models.version(name, version)) is not None]
    yield from sorted(rows, key=lambda row: not row.aliases)


def _checks(reader: Reader, row: DatasetRow | None, version: DatasetVersion | None) -> Iterator[CheckOf]:
    """Those that checked this very content, then those of the dataset by what it is called."""
    seen: set[int] = set()
    for by, one in _rows(reader, row, version):
        if one.rowid not in seen:
            seen.add(one.rowid)
            yield CheckOf(one.check, by)


def _rows(reader: Reader, row: DatasetRow | None, version: DatasetVersion | None) -> Iterator[tuple[By, CheckRow]]:
    if version is not None and version.digest:
        yield from (("digest", one) for one in reader.checks.of_digest(version.digest, CHECKS))
    for part in row.said_by if row is not None else ():
        if part.tool not in TOOLS_WITHOUT_CHECKS:
            yield from ((part.by, one) for one in reader.checks.of_datasets([(part.tool, part.name)]))


def _configured(
    reader: Reader, before: DatasetVersion | None, version: DatasetVersion
) -> Iterator[ConfigurationChange]:
    """Commits that changed configuration after the version before, up to this one."""
    if before is None or before.at is None or version.at is None:
        return
    for change in reader.datasets.configuration(limit=CHANGED, before=version.at + 1):
        if change.commit.committed_at <= before.at:
            return
        yield change
