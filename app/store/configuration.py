"""Which commits changed params or configuration files, and which values where a lock of DVC tells them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from ..comparison.datasets import DataChange, params_changed
from ..records import Change, Commit, Millis, Record
from . import tracked_data

CONFIGURATION: Final = (
    "*params.yaml", "*params.yml", "*params.json", "*.toml", "*.ini", "*.cfg", "*config*.yaml", "*config*.yml",
    "*config*.json", "conf/*", "*/conf/*", "dvc.yaml", "*/dvc.yaml",
)  # fmt: skip
"""Paths, as SQLite's GLOB reads them: a star matches slashes too. Files that locks name params of count beside them."""

_MOST_STAGES: Final = 50
"""Stages of one commit whose params are compared."""


class ConfigurationChange(Record, frozen=True, kw_only=True):
    """A commit that changed configuration."""

    commit: Commit
    """Without its other changes."""
    changes: tuple[Change, ...]
    """Files of configuration that it touched, by path."""
    params: tuple[DataChange, ...] = ()
    """Values that stages of DVC were given from it on, where it brought data that was made with them."""


def configuration(
    connection: sqlite3.Connection, limit: int, before: Millis | None, patterns: Sequence[str]
) -> list[ConfigurationChange]:
    """The newest of them, newest first, or those before a time. Reads all paths: some 20 ms for 100,000."""
    tests = " OR ".join(["path GLOB ?"] * len(patterns)) or "0"
    paths = f"SELECT id FROM git_path WHERE {tests} OR path IN (SELECT path FROM params_file)"
    rows = connection.execute(
        "SELECT c.id, s.key, c.sha, c.parents, c.author, c.email, c.authored_at, c.committed_at, c.subject, c.body"
        " FROM git_commit c JOIN source s ON s.id = c.source AND NOT s.hidden"
        f' WHERE c.id IN (SELECT "commit" FROM git_change WHERE path IN ({paths})) AND c.committed_at < ?'
        " ORDER BY c.committed_at DESC, c.id LIMIT ?",
        (*patterns, 2**62 if before is None else before, limit),
    ).fetchall()
    return [
        ConfigurationChange(
            commit=Commit(
                source=row[1], sha=row[2], parents=tuple(row[3].split()), author=row[4], email=row[5],
                authored_at=row[6], committed_at=row[7], subject=row[8], body=row[9],
            ),
            changes=_changes(connection, row[0], patterns),
            params=_params(connection, row[2]),
        )
        for row in rows
    ]  # fmt: skip


def _changes(connection: sqlite3.Connection, commit: int, patterns: Sequence[str]) -> tuple[Change, ...]:
    tests = " OR ".join(["p.path GLOB ?"] * len(patterns)) or "0"
    rows = connection.execute(
        "SELECT g.kind, p.path, o.path FROM git_change g JOIN git_path p ON p.id = g.path"
        f' LEFT JOIN git_path o ON o.id = g.old_path WHERE g."commit" = ? AND ({tests}'
        " OR p.path IN (SELECT path FROM params_file)) ORDER BY p.path",
        (commit, *patterns),
    )
    return tuple(Change(kind=kind, path=path, old_path=old) for kind, path, old in rows)


def _params(connection: sqlite3.Connection, sha: str) -> tuple[DataChange, ...]:
    """Each value once, however many outputs of a stage say it."""
    stages = {(version.defined_in, version.stage): version for version in tracked_data.changed_by(connection, sha)}
    found: dict[str, DataChange] = {}
    for version in list(stages.values())[:_MOST_STAGES]:
        older = tracked_data.before(connection, version) if version.params else None
        for change in params_changed(older.params, version.params) if older is not None else ():
            found.setdefault(change.name, change)
    return tuple(found[name] for name in sorted(found))
