"""Versions of data that DVC tracks: what a commit brought, what held at a commit, what was written from what."""

from __future__ import annotations

import sqlite3
from heapq import heappop, heappush
from typing import Final

import msgspec

from ..records import DataVersion, Millis, Record

_WALKED: Final = 2_000
"""Commits behind the one that is asked for: some 20 ms. What lies further back is told by its time."""
MOST: Final = 1_000
"""Names, or versions, that one answer holds."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_LEAP: Final = (
    "WITH RECURSIVE one (name) AS (SELECT min(name) FROM data_version UNION ALL"
    " SELECT (SELECT min(name) FROM data_version WHERE name > one.name) FROM one WHERE one.name IS NOT NULL LIMIT ?)"
    " SELECT name FROM one WHERE name IS NOT NULL"
)
decode = msgspec.msgpack.Decoder(DataVersion).decode


class TrackedData(Record, frozen=True, kw_only=True):
    """What a name held at a commit."""

    version: DataVersion
    is_certain: bool = True
    """The commit that brought it was met in the history; else it is the last one before it by time."""


def changed_by(connection: sqlite3.Connection, sha: str) -> list[DataVersion]:
    """What the commit brought, by name; at most MOST. The whole sha."""
    sql = f'SELECT record FROM data_version WHERE "commit" = ? AND {_VISIBLE} ORDER BY name LIMIT ?'
    return [decode(record) for (record,) in connection.execute(sql, (sha, MOST))]


def written_from(connection: sqlite3.Connection, digest: str) -> list[DataVersion]:
    """What stages wrote that read this content, newest first; at most MOST."""
    sql = (
        "SELECT v.record FROM data_part p JOIN data_version v ON v.id = p.version"
        f" WHERE p.digest = ? AND v.{_VISIBLE} ORDER BY v.at DESC, v.id LIMIT ?"
    )
    return [decode(record) for (record,) in connection.execute(sql, (digest, MOST))]


def before(connection: sqlite3.Connection, version: DataVersion) -> DataVersion | None:
    """The version of the same name before that one, in time."""
    row = connection.execute(
        f'SELECT at, id FROM data_version WHERE name = ? AND "commit" = ? AND {_VISIBLE}',
        (version.name, version.commit),
    ).fetchone()
    if row is None:
        return None
    found = connection.execute(
        f"SELECT record FROM data_version WHERE name = ?1 AND {_VISIBLE} AND (at < ?2 OR (at = ?2 AND id > ?3))"
        " ORDER BY at DESC, id LIMIT 1",
        (version.name, *row),
    ).fetchone()
    return decode(found[0]) if found else None


def at_commit(connection: sqlite3.Connection, sha: str) -> list[TrackedData]:
    """What all names held at a commit, by name; those that were gone by then are left out. The whole sha."""
    start = connection.execute(
        f"SELECT source, committed_at FROM git_commit WHERE sha = ? AND {_VISIBLE}", (sha,)
    ).fetchone()
    if start is None:
        return []
    source, at = start
    behind, horizon = _behind(connection, source, sha)
    names = [name for (name,) in connection.execute(_LEAP, (MOST,))]
    found = (_held(connection, source, name, at, behind, horizon) for name in names)
    return [one for one in found if one is not None and not one.version.is_gone]


def _behind(connection: sqlite3.Connection, source: int, sha: str) -> tuple[set[str], Millis | None]:
    """The commits that a commit is built on, itself among them; the time before which they are not known, if any."""
    read = "SELECT parents, committed_at FROM git_commit WHERE source = ? AND sha = ?"
    parents: dict[str, str] = {}
    heap: list[tuple[Millis, str]] = []

    def learn(one: str) -> None:
        row = connection.execute(read, (source, one)).fetchone() if one not in parents else None
        if row is not None:
            parents[one] = row[0]
            heappush(heap, (-row[1], one))

    learn(sha)
    while heap and len(parents) <= _WALKED:
        for parent in parents[heappop(heap)[1]].split():
            learn(parent)
    return set(parents), -heap[0][0] if heap else None


def _held(
    connection: sqlite3.Connection, source: int, name: str, at: Millis, behind: set[str], horizon: Millis | None
) -> TrackedData | None:
    """The newest version that the commit is built on; beyond the horizon the newest by time."""
    sql = (
        'SELECT "commit", at, record FROM data_version WHERE name = ? AND at <= ? AND source = ?'
        " ORDER BY at DESC, id LIMIT ?"
    )
    for commit, time, record in connection.execute(sql, (name, at, source, _WALKED)):
        if commit in behind:
            return TrackedData(version=decode(record))
        if horizon is not None and time < horizon:
            return TrackedData(version=decode(record), is_certain=False)
    return None
