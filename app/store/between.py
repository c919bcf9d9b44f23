"""What lies between two commits: a walk over their parents, newest first, until both histories have joined."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Final, NamedTuple

from ..records import Change, Commit, CommitsBetween

MOST: Final = 2_000
"""Commits that one walk reads: some 20 ms."""

_BASE, _HEAD, _BOTH = 1, 2, 3

_ROW = (
    "SELECT c.id, c.source, c.sha, c.parents, c.committed_at FROM git_commit c"
    " JOIN source s ON s.id = c.source AND NOT s.hidden "
)


class _Node(NamedTuple):
    rowid: int
    source: int
    sha: str
    parents: str
    at: int


def commits_between(connection: sqlite3.Connection, base: str, head: str) -> CommitsBetween | None:
    """The commits of either history that are not in the other, and the paths that they touched.

    Abbreviated shas serve when only one commit begins so. None when the cache does not know both, or not in one
    repository. At most MOST commits are walked; `complete` says whether that was enough. As in Git's own walk,
    committers' clocks that disagree may count a shared commit to one side.
    """
    ends = _resolve(connection, base), _resolve(connection, head)
    if ends[0] is None or ends[1] is None or ends[0].source != ends[1].source:
        return None
    flags, rowids, complete = _walk(connection, ends[0], ends[1])
    ahead = [rowids[sha] for sha, of in flags.items() if of == _HEAD and sha in rowids]
    behind = [rowids[sha] for sha, of in flags.items() if of == _BASE and sha in rowids]
    return CommitsBetween(
        base=ends[0].sha, head=ends[1].sha, ahead=_commits(connection, ahead), behind=_commits(connection, behind),
        changes=_changes(connection, [*ahead, *behind]), complete=complete,
    )  # fmt: skip


def _resolve(connection: sqlite3.Connection, sha: str) -> _Node | None:
    rows = connection.execute(f"{_ROW}WHERE c.sha >= ? AND c.sha < ? ORDER BY c.sha LIMIT 2", (sha, sha + "g"))
    found = [_Node(*row) for row in rows]
    return found[0] if found and (len(found) == 1 or found[0].sha == sha) else None


def _walk(connection: sqlite3.Connection, base: _Node, head: _Node) -> tuple[dict[str, int], dict[str, int], bool]:
    """From which ends each commit is reached, the row ids, and whether nothing was left to walk."""
    flags = {base.sha: _BASE}
    flags[head.sha] = flags.get(head.sha, 0) | _HEAD
    nodes = {base.sha: base, head.sha: head}
    heap = [(-node.at, sha) for sha, node in nodes.items()]
    heap.sort()
    complete = True
    while heap and any(flags[sha] != _BOTH for _, sha in heap):
        sha = heappop(heap)[1]
        for parent in nodes[sha].parents.split():
            if flags.get(parent, 0) | flags[sha] == flags.get(parent, 0):
                continue
            flags[parent] = flags.get(parent, 0) | flags[sha]
            if parent not in nodes and not _learn(connection, nodes, parent, base.source):
                complete = False  # a shallow clone ends here, or the walk has gone far enough
                continue
            heappush(heap, (-nodes[parent].at, parent))
    return flags, {sha: node.rowid for sha, node in nodes.items()}, complete


def _learn(connection: sqlite3.Connection, nodes: dict[str, _Node], sha: str, source: int) -> bool:
    if len(nodes) >= MOST:
        return False
    row = connection.execute(f"{_ROW}WHERE c.sha = ? AND c.source = ?", (sha, source)).fetchone()
    if row is not None:
        nodes[sha] = _Node(*row)
    return row is not None


def _commits(connection: sqlite3.Connection, rowids: Sequence[int]) -> tuple[Commit, ...]:
    rows = connection.execute(
        "SELECT s.key, c.sha, c.parents, c.author, c.email, c.authored_at, c.committed_at, c.subject, c.body"
        f" FROM git_commit c JOIN source s ON s.id = c.source WHERE c.id IN ({_marks(rowids)})"
        " ORDER BY c.committed_at DESC, c.id",
        tuple(rowids),
    )
    return tuple(
        Commit(
            source=row[0], sha=row[1], parents=tuple(row[2].split()), author=row[3], email=row[4], authored_at=row[5],
            committed_at=row[6], subject=row[7], body=row[8],
        )
        for row in rows
    )  # fmt: skip


def _changes(connection: sqlite3.Connection, rowids: Sequence[int]) -> tuple[Change, ...]:
    rows: Iterable[tuple[str, str, str | None]] = connection.execute(
        'SELECT g.kind, p.path, o.path FROM git_change g JOIN git_commit c ON c.id = g."commit"'
        " JOIN git_path p ON p.id = g.path LEFT JOIN git_path o ON o.id = g.old_path"
        f' WHERE g."commit" IN ({_marks(rowids)}) ORDER BY c.committed_at, c.id',
        tuple(rowids),
    )
    last = {path: Change(kind=kind, path=path, old_path=old) for kind, path, old in rows}
    return tuple(last[path] for path in sorted(last))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
