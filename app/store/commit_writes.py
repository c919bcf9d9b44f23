"""Writing commits, the paths that they touched, and refs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..records import Commit, Ref

INFRA = (".tf", ".tf.json", ".tfvars", ".tfvars.json", ".tofu", ".tofu.json")
"""How files of infrastructure as code end."""

_PATHS_HELD = 200_000
"""Distinct paths kept in memory; beyond that the dictionary starts anew."""


class CommitWriter:
    """Writes inside the caller's transaction; after a rollback the caller says `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the tables: a rollback may have undone it."""
        self._path_ids: dict[str, int] = {}

    def write(self, cursor: sqlite3.Cursor, source: int, commits: Sequence[Commit]) -> int:
        """Insert the commits that are not there yet (a commit never changes). Gives how many were new."""
        return sum(self._commit(cursor, source, commit) for commit in commits)

    def _commit(self, cursor: sqlite3.Cursor, source: int, commit: Commit) -> int:
        cursor.execute(
            "INSERT OR IGNORE INTO git_commit (source, sha, parents, author, email, authored_at, committed_at,"
            " subject, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source, commit.sha, " ".join(commit.parents), commit.author, commit.email, commit.authored_at,
                commit.committed_at, commit.subject, commit.body,
            ),
        )  # fmt: skip
        is_new = cursor.rowcount == 1
        if not is_new and not self._was_cut_off(cursor, source, commit):
            return 0
        row = cursor.execute("SELECT id FROM git_commit WHERE source = ? AND sha = ?", (source, commit.sha)).fetchone()[
            0
        ]
        changes = [
            (row, self._path(cursor, c.path), c.kind, self._path(cursor, c.old_path) if c.old_path else None)
            for c in commit.changes
        ]
        cursor.executemany("INSERT OR IGNORE INTO git_change VALUES (?, ?, ?, ?)", changes)
        is_infra = any(path.endswith(INFRA) for c in commit.changes for path in (c.path, c.old_path or ""))
        cursor.execute("UPDATE git_commit SET is_infra = ? WHERE id = ? AND is_infra != ?", (is_infra, row, is_infra))
        return 1

    @staticmethod
    def _was_cut_off(cursor: sqlite3.Cursor, source: int, commit: Commit) -> bool:
        """A shallow clone's last commit shows no parents, and every path as added, until the clone is deepened."""
        known = (source, commit.sha)
        row = cursor.execute("SELECT id, parents FROM git_commit WHERE source = ? AND sha = ?", known).fetchone()
        if row[1] == " ".join(commit.parents):
            return False
        cursor.execute("UPDATE git_commit SET parents = ? WHERE id = ?", (" ".join(commit.parents), row[0]))
        cursor.execute('DELETE FROM git_change WHERE "commit" = ?', (row[0],))
        return True

    def _path(self, cursor: sqlite3.Cursor, path: str) -> int:
        found = self._path_ids.get(path)
        if found is None:
            if len(self._path_ids) > _PATHS_HELD:
                self._path_ids.clear()
            cursor.execute(
                "INSERT OR IGNORE INTO git_path (path, is_infra) VALUES (?, ?)", (path, path.endswith(INFRA))
            )
            row = cursor.execute("SELECT id FROM git_path WHERE path = ?", (path,)).fetchone()
            found = self._path_ids[path] = int(row[0])
        return found

    @staticmethod
    def write_refs(cursor: sqlite3.Cursor, source: int, refs: Sequence[Ref]) -> bool:
        """Replace what is known of a source's branches and tags, writing only what differs. Gives whether it did."""
        columns = "SELECT kind, name, sha, at, watched FROM git_ref WHERE source = ?"
        old = {tuple(row) for row in cursor.execute(columns, (source,))}
        new = {(ref.kind, ref.name, ref.sha, ref.at, int(ref.watched)) for ref in refs}
        cursor.executemany(
            "DELETE FROM git_ref WHERE source = ? AND kind = ? AND name = ?",
            [(source, kind, name) for kind, name, *_ in old - new],
        )
        cursor.executemany(
            "INSERT OR REPLACE INTO git_ref (source, kind, name, sha, at, watched) VALUES (?, ?, ?, ?, ?, ?)",
            [(source, *row) for row in new - old],
        )
        return old != new
