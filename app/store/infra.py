"""Reading infrastructure as code: stacks, their resources, and the commits that changed the code."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import msgspec

from ..records import Commit, Millis, Resource, Stack
from .commits import COMMIT, commit_of

_stack = msgspec.msgpack.Decoder(Stack).decode
_resource = msgspec.msgpack.Decoder(Resource).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode

_FROM: Final = "FROM stack AS k JOIN source AS s ON s.id = k.source AND NOT s.hidden"


class InfraReads:
    """What the cache has of stacks. Those of hidden sources are not shown."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def stacks(self, *, resources: bool = False) -> list[Stack]:
        """All stacks by name, without their resources unless these are asked for."""
        rows = self._connection.execute(f"SELECT k.id, s.key, k.read_at, k.record {_FROM} ORDER BY k.name, k.id")
        return [self._whole(*row) if resources else _plain(*row[1:]) for row in rows.fetchall()]

    def counts(self, stack: str) -> dict[str, int]:
        """`Stack.counts` of a stack; empty where there is none of that name."""
        row = self._connection.execute(f"SELECT k.counts {_FROM} WHERE k.name = ? LIMIT 1", (stack,)).fetchone()
        return _counts(row[0]) if row else {}

    def stack(self, name: str) -> Stack | None:
        """One stack with its resources."""
        sql = f"SELECT k.id, s.key, k.read_at, k.record {_FROM} WHERE k.name = ? ORDER BY k.id LIMIT 1"
        row = self._connection.execute(sql, (name,)).fetchone()
        return self._whole(*row) if row else None

    def resource(self, stack: str, address: str) -> Resource | None:
        """One resource, by its address exactly."""
        sql = f"SELECT r.record {_FROM} JOIN resource AS r ON r.stack = k.id AND r.address = ? WHERE k.name = ? LIMIT 1"
        row = self._connection.execute(sql, (address, stack)).fetchone()
        return _resource(row[0]) if row else None

    def code_commits(self, folder: str, since: Millis, until: Millis, limit: int) -> list[Commit]:
        """The commits from `since` until before `until` that touched code of infrastructure under a folder of the
        repository ("": anywhere), newest first, without their changes."""
        under = folder.strip("/")
        inside = (
            " AND EXISTS (SELECT 1 FROM git_change AS g JOIN git_path AS p ON p.id IN (g.path, g.old_path)"
            ' WHERE g."commit" = c.id AND p.is_infra AND p.path >= ? AND p.path < ?)'
        )
        sql = (
            f"{COMMIT.replace('git_commit c', 'git_commit c INDEXED BY git_commit_infra')}"
            f" WHERE c.is_infra AND c.committed_at >= ? AND c.committed_at < ?{inside if under else ''}"
            " ORDER BY c.committed_at DESC, c.id LIMIT ?"
        )
        bounds = (f"{under}/", f"{under}0") if under else ()  # 0 is the character after the slash
        return [commit_of(row) for row in self._connection.execute(sql, (since, until, *bounds, limit))]

    def _whole(self, number: int, source: str, read_at: Millis | None, record: bytes) -> Stack:
        sql = "SELECT record FROM resource WHERE stack = ? ORDER BY place"
        found = tuple(_resource(row[0]) for row in self._connection.execute(sql, (number,)))
        return msgspec.structs.replace(_plain(source, read_at, record), resources=found)


def _plain(source: str, read_at: Millis | None, record: bytes, *_: Any) -> Stack:
    return msgspec.structs.replace(_stack(record), source=source, read_at=read_at)
