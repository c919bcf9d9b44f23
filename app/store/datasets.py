"""Datasets and their versions, as all tools tell them: windows, newest first, never all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ..comparison.data_facts import figures, rows_of, size_of
from ..records import RUNS_COUNTED, DatasetName, DatasetVersion, DataVersion, Identities
from . import tracked_data
from .configuration import CONFIGURATION, ConfigurationChange, configuration
from .dataset_names import DatasetRow, called, dataset_names, names_of
from .tracked_data import TrackedData

COUNTED: Final = 10_000
"""Versions of one dataset that are counted: at this number it means or more."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_USED: Final = (
    "SELECT d.digest, d.source_type, d.origin, d.schema, d.profile, d.first_at, d.last_at,"
    " f.native, f.git_commit, l.native FROM dataset d LEFT JOIN run f ON f.id = d.first_run"
    f" LEFT JOIN run l ON l.id = d.last_run WHERE d.{_VISIBLE} AND d.name = ?"
)
_TRACKED: Final = f"SELECT record FROM data_version WHERE {_VISIBLE} AND name = ?"


class DatasetReads:
    """Datasets of the sources in the settings. Uses the reader's connection, on the reader's thread.

    `identities` says which names are one dataset. A name that nobody declared stands for all tools' data of that name.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def names(self, identities: Identities, *, outputs: bool = False) -> list[DatasetRow]:
        """All datasets, the one last heard of first; `outputs`: the models that DVC tracks as well. 25 µs a name."""
        return dataset_names(self._connection, identities, outputs=outputs)

    def row(self, name: str, identities: Identities) -> DatasetRow | None:
        """The dataset of a name: a declared one, a tool's own, or one that is declared to be another; else None."""
        rows = {row.name: row for row in self.names(identities, outputs=True)}
        if name in rows:
            return rows[name]
        return next((row for row in rows.values() if any(part.name == name for part in row.said_by)), None)

    def count(self, name: str, identities: Identities) -> int:
        """How many versions there are, as far as COUNTED; one that several tools know is counted with each of them."""
        total = 0
        for tool, table in (("dvc", "data_version"), ("mlflow", "dataset")):
            for part in names_of(name, tool, identities):
                sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE name = ? AND {_VISIBLE} LIMIT ?)"
                total += self._connection.execute(sql, (part.name, COUNTED)).fetchone()[0]
        return min(total, COUNTED)

    def versions(self, name: str, identities: Identities, limit: int = 50, skip: int = 0) -> list[DatasetVersion]:
        """Its versions, newest first: those of DVC by when they were committed, others by the first run on them.

        What returns to a former digest is a version again; what both know by one digest is one version.
        """
        end = skip + limit
        found = _without_repeats(self._tracked(name, identities, "ORDER BY at DESC, id LIMIT ?", (end,)))
        used = self._used(name, identities, "ORDER BY d.first_at DESC, d.id LIMIT ?", (end,))
        both = [*found, *(version for version in used if not self._is_tracked(version, identities))]
        both.sort(key=lambda version: (version.at is None, -(version.at or 0)))
        return [self._with_runs(version, identities) for version in both[skip:end]]

    def version(self, name: str, digest: str, identities: Identities) -> DatasetVersion | None:
        """The version of a digest, or of its beginning where only one begins so; the newest where it came twice."""
        found = self._of_digest(name, digest, digest, identities)
        if not found and digest:
            found = self._of_digest(name, digest, digest + "\U0010ffff", identities)
        return found[0] if len({version.digest for version in found}) == 1 else None

    def _of_digest(self, name: str, low: str, high: str, identities: Identities) -> list[DatasetVersion]:
        which = "AND digest >= ? AND digest <= ?"
        tracked = self._tracked(name, identities, f"{which} ORDER BY at DESC, id LIMIT 2", (low, high))
        found = tracked or self._used(name, identities, "AND d.digest >= ? AND d.digest <= ? LIMIT 2", (low, high))
        return [self._with_runs(version, identities) for version in found]

    def before(self, version: DatasetVersion, identities: Identities) -> DatasetVersion | None:
        """The version before that one, which it is compared with; None for the first."""
        if version.tracked is not None:
            older = tracked_data.before(self._connection, version.tracked)
            return None if older is None else self._with_runs(_of_dvc(older, version.name, identities), identities)
        older_used = self._used(
            version.name, identities, "AND d.first_at < ? ORDER BY d.first_at DESC, d.id LIMIT 1", (version.at,)
        )
        newest = max(older_used, key=lambda one: one.at or 0, default=None)
        return None if newest is None else self._with_runs(newest, identities)

    def changed_by(self, sha: str) -> list[DataVersion]:
        """What a commit brought, by name. The whole sha."""
        return tracked_data.changed_by(self._connection, sha)

    def at_commit(self, sha: str) -> list[TrackedData]:
        """What DVC tracked at a commit, by name, and how well that is known. The whole sha."""
        return tracked_data.at_commit(self._connection, sha)

    def written_from(self, digest: str) -> list[DataVersion]:
        """What stages of DVC wrote that read this content, newest first."""
        return tracked_data.written_from(self._connection, digest)

    def configuration(
        self, limit: int = 50, before: int | None = None, patterns: Sequence[str] = CONFIGURATION
    ) -> list[ConfigurationChange]:
        """Commits that changed params or configuration, newest first, or those before a time."""
        return configuration(self._connection, limit, before, patterns)

    # -- one tool's word ------------------------------------------------------------------------------------------

    def _tracked(
        self, name: str, identities: Identities, rest: str, bound: tuple[Any, ...]
    ) -> list[DatasetVersion]:  # fmt: skip
        return [
            _of_dvc(tracked_data.decode(record), name, identities)
            for part in names_of(name, "dvc", identities)
            for (record,) in self._connection.execute(f"{_TRACKED} {rest}", (part.name, *bound))
        ]

    def _used(
        self, name: str, identities: Identities, rest: str, bound: tuple[Any, ...]
    ) -> list[DatasetVersion]:  # fmt: skip
        found: dict[str, DatasetVersion] = {}
        for part in names_of(name, "mlflow", identities):
            for row in self._connection.execute(f"{_USED} {rest}", (part.name, *bound)).fetchall():
                version = _of_runs(row, name, part)
                other = found.get(version.digest)
                found[version.digest] = version if other is None else _joined(other, version)
        return list(found.values())

    def _with_runs(self, version: DatasetVersion, identities: Identities) -> DatasetVersion:
        """With how many runs were on the same content, and what MLflow says of it, by DVC's digest too."""
        if version.is_gone:
            return version
        if version.tracked is not None:
            for used in self._used(version.name, identities, "AND d.digest = ?", (version.digest,)):
                version = _joined(version, used)
        return msgspec.structs.replace(version, runs=self._runs(version, identities))

    def _runs(self, version: DatasetVersion, identities: Identities) -> int:
        names = [part.name for part in names_of(version.name, "mlflow", identities)]
        used = (
            f"SELECT DISTINCT u.run FROM dataset d JOIN run_dataset u ON u.dataset = d.id WHERE d.{_VISIBLE}"
            f" AND d.name IN ({', '.join('?' * len(names))}) AND d.digest = ? LIMIT ?"
        )
        sql = f"SELECT count(*) FROM ({used})"
        return int(self._connection.execute(sql, (*names, version.digest, RUNS_COUNTED)).fetchone()[0])

    def _is_tracked(self, version: DatasetVersion, identities: Identities) -> bool:
        """Whether DVC knows the same content by the same digest: it tells of it then, perhaps in another window."""
        own = {part.name for part in names_of(version.name, "dvc", identities)}
        sql = f"SELECT name FROM data_version WHERE digest = ? AND {_VISIBLE}"
        return any(name in own for (name,) in self._connection.execute(sql, (version.digest,)))


def _of_dvc(tracked: DataVersion, name: str, identities: Identities) -> DatasetVersion:
    return DatasetVersion(
        name=name, digest=tracked.digest, said_by=(called("dvc", tracked.name, identities),), at=tracked.at,
        commit=tracked.commit, tracked=tracked, size=tracked.size, files=tracked.files, is_gone=tracked.is_gone,
    )  # fmt: skip


def _of_runs(row: Sequence[Any], name: str, part: DatasetName) -> DatasetVersion:
    digest, source_type, origin, schema, profile, first_at, last_at, first, commit, last = row
    numbers = figures(profile)
    return DatasetVersion(
        name=name, digest=digest, said_by=(part,), at=first_at, commit=commit, first_run=first, first_used_at=first_at,
        last_run=last, last_used_at=last_at, size=size_of(numbers), rows=rows_of(numbers), schema=schema,
        profile=profile, source_type=source_type, origin=origin,
    )  # fmt: skip


def _without_repeats(versions: Iterable[DatasetVersion]) -> list[DatasetVersion]:
    """Newest first, without those that bring what was there already: a commit that was picked to another branch."""
    found: list[DatasetVersion] = []
    for version in versions:
        if found and (found[-1].digest, found[-1].said_by) == (version.digest, version.said_by):
            found.pop()
        found.append(version)
    return found


def _joined(one: DatasetVersion, other: DatasetVersion) -> DatasetVersion:
    """The same content by two tools, or by two servers."""
    uses = [(v.first_used_at, v.first_run) for v in (one, other) if v.first_used_at is not None]
    lasts = [(v.last_used_at, v.last_run) for v in (one, other) if v.last_used_at is not None]
    first, last = min(uses, default=(None, None)), max(lasts, default=(None, None))
    keep = {name: _either(one, other, name) for name in _FACTS}
    times = [v.at for v in (one, other) if v.at is not None]
    return msgspec.structs.replace(
        one, said_by=tuple(dict.fromkeys((*one.said_by, *other.said_by))),
        at=one.at if one.tracked else min(times, default=None), first_used_at=first[0], first_run=first[1],
        last_used_at=last[0], last_run=last[1], **keep,
    )  # fmt: skip


_FACTS: Final = ("commit", "size", "files", "rows", "schema", "profile", "source_type", "origin")


def _either(one: DatasetVersion, other: DatasetVersion, name: str) -> Any:
    known = getattr(one, name)
    return getattr(other, name) if known is None else known
