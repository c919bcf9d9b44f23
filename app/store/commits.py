"""Reading commits: the newest of them, and one with the paths that it touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from ..records import Change, Commit, Millis

COMMIT: Final = (
    "SELECT c.id, s.key, c.sha, c.parents, c.author, c.email, c.authored_at, c.committed_at, c.subject, c.body"
    " FROM git_commit c JOIN source s ON s.id = c.source AND NOT s.hidden "
)


def newest_commits(
    connection: sqlite3.Connection, limit: int, *, since: Millis | None = None, until: Millis | None = None
) -> list[Commit]:
    """The newest commits, from `since` until before `until` where these are given, without their changes."""
    tests = {"c.committed_at >= ?": since, "c.committed_at < ?": until}
    given = {test: at for test, at in tests.items() if at is not None}
    where = f"WHERE {' AND '.join(given)} " if given else ""
    sql = f"{COMMIT}{where}ORDER BY c.committed_at DESC, c.id LIMIT ?"
    return [commit_of(row) for row in connection.execute(sql, (*given.values(), limit))]


def read_commit(connection: sqlite3.Connection, sha: str) -> Commit | None:
    """One commit with the paths that it touched. An abbreviated sha serves when only one begins so."""
    rows = connection.execute(
        f"{COMMIT}WHERE c.sha >= ? AND c.sha < ? ORDER BY c.sha LIMIT 2", (sha, sha + "g")
    ).fetchall()
    if not rows or (len(rows) > 1 and rows[0][2] != sha):
        return None
    changes = connection.execute(
        "SELECT g.kind, p.path, o.path FROM git_change g JOIN git_path p ON p.id = g.path"
        ' LEFT JOIN git_path o ON o.id = g.old_path WHERE g."commit" = ? ORDER BY p.path',
        (rows[0][0],),
    )
    found = [Change(kind=kind, path=path, old_path=old) for kind, path, old in changes]
    return commit_of(rows[0], tuple(found))


def commit_of(row: Sequence[Any], changes: tuple[Change, ...] = ()) -> Commit:
    """A commit out of the columns of `COMMIT`."""
    return Commit(
        source=row[1], sha=row[2], parents=tuple(row[3].split()), author=row[4], email=row[5], authored_at=row[6],
        committed_at=row[7], subject=row[8], body=row[9], changes=changes,
    )  # fmt: skip
