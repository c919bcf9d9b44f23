"""Events of commits. One that touches code of infrastructure is called so, and leads to the stacks of that code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ..records import Event, EventRef, Millis, Stack, Subject
from .events import event_id

CODE: Final = "infrastructure code changed"

COMMIT: Final = "c.id, s.key, c.sha, c.subject, c.author, c.committed_at, c.is_infra"

_COMMITS: Final = (
    f"SELECT {COMMIT} FROM git_commit AS c"
    " JOIN source AS s ON s.id = c.source AND NOT s.hidden WHERE c.committed_at >= ? AND c.committed_at < ?"
    " ORDER BY c.committed_at DESC, c.id LIMIT ?"
)
_PATHS: Final = (
    "SELECT p.path FROM git_change AS g JOIN git_path AS p ON p.id IN (g.path, g.old_path) AND p.is_infra"
    ' WHERE g."commit" = ?'
)
_stack = msgspec.msgpack.Decoder(Stack).decode


def commit_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Commits, newest first."""
    events = CommitEvents(connection)
    return (events.event(*row) for row in connection.execute(_COMMITS, (since, until, limit)))


class CommitEvents:
    """Makes events of rows of commits; reads the stacks once, when there is one to be told of."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._stacks: list[tuple[str, str]] | None = None

    def event(
        self, number: int, source: str, sha: str, subject: str, author: str, committed_at: Millis, is_infra: int
    ) -> Event:
        """The event of a commit, out of the columns of `COMMIT`. Its id is the same whatever it touches."""
        own = EventRef(subject=str(Subject(kind="commit", parts=(sha,))), role="code" if is_infra else "commit")
        return Event(
            id=event_id(source, "commit", sha), at=committed_at, kind=CODE if is_infra else "commit", title=subject,
            actor=author, strength="claimed", source=source,
            refs=(own, *self._stacks_of(number)) if is_infra else (own,),
        )  # fmt: skip

    def _stacks_of(self, commit: int) -> Iterator[EventRef]:
        if self._stacks is None:
            rows = self._connection.execute(
                "SELECT k.record FROM stack AS k JOIN source AS s ON s.id = k.source AND NOT s.hidden ORDER BY k.name"
            )
            self._stacks = [(stack.name, stack.folder.strip("/")) for stack in (_stack(row[0]) for row in rows)]
        paths = [row[0] for row in self._connection.execute(_PATHS, (commit,))] if self._stacks else []
        for name in stacks_of(paths, self._stacks):
            yield EventRef(subject=str(Subject(kind="resource", parts=(name,))), role="infrastructure")


def stacks_of(paths: Sequence[str], stacks: Sequence[tuple[str, str]]) -> list[str]:
    """The stacks, as (name, folder), whose code these paths are of: those with the deepest folder above a path."""
    found: dict[str, None] = {}
    for path in paths:
        above = [(len(folder), name) for name, folder in stacks if not folder or path.startswith(f"{folder}/")]
        deepest = max((depth for depth, _ in above), default=0)
        found |= dict.fromkeys(name for depth, name in above if depth == deepest)
    return [name for name, _ in stacks if name in found]
