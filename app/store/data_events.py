"""Events of data: versions that a commit brought."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ..records import DataVersion, Event, EventRef, Millis, Subject
from . import tracked_data
from .events import event_id

_MANY: Final = 10
"""Names that one commit may change as events of their own; of more there is one for all."""
_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"

_CHANGED: Final = (
    'SELECT DISTINCT "commit", at, source FROM data_version INDEXED BY data_version_at'
    f" WHERE at >= ? AND at < ? AND kind = 'data' AND {_VISIBLE} ORDER BY at DESC LIMIT ?"
)
_OF_ONE: Final = (
    "SELECT record, (SELECT c.author FROM git_commit c WHERE c.sha = ?1 LIMIT 1)"
    " FROM data_version WHERE \"commit\" = ?1 AND source = ?2 AND kind = 'data' ORDER BY name LIMIT ?3"
)
_HOW_MANY: Final = "SELECT count(*) FROM data_version WHERE \"commit\" = ? AND source = ? AND kind = 'data'"


def data_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Data that changed, newest first. Metrics, plots and models that DVC tracks as well are not told here."""
    return islice(_events(connection, since, until, limit), limit)


def _events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    for commit, _, source in connection.execute(_CHANGED, (since, until, limit)):
        rows = connection.execute(_OF_ONE, (commit, source, _MANY + 1)).fetchall()
        versions = [(tracked_data.decode(record), author) for record, author in rows]
        if len(versions) <= _MANY:
            yield from (_event(version, author) for version, author in versions)
        else:
            number = connection.execute(_HOW_MANY, (commit, source)).fetchone()[0]
            yield _many([version for version, _ in versions[:_MANY]], versions[0][1], number)


def _event(version: DataVersion, author: str | None) -> Event:
    now = "is tracked no more" if version.is_gone else f"is now {version.digest[:7]}"
    return Event(
        id=event_id(version.source, "data changed", f"{version.name}\0{version.commit}"), at=version.at,
        kind="data changed", title=f"{version.name} {now}", actor=author, strength="claimed" if author else None,
        source=version.source, refs=(*_data_ref(version), _commit_ref(version.commit)),
    )  # fmt: skip


def _many(some: list[DataVersion], author: str | None, number: int) -> Event:
    first = some[0]
    return Event(
        id=event_id(first.source, "data changed", first.commit), at=first.at, kind="data changed",
        title=f"{first.name} and {number - 1} more changed", actor=author, strength="claimed" if author else None,
        source=first.source,
        refs=(*(ref for version in some for ref in _data_ref(version)), _commit_ref(first.commit)),
    )  # fmt: skip


def _data_ref(version: DataVersion) -> tuple[EventRef, ...]:
    if version.is_gone:
        return ()
    return (EventRef(subject=str(Subject(kind="dataset", parts=(version.name, version.digest))), role="data"),)


def _commit_ref(sha: str) -> EventRef:
    return EventRef(subject=str(Subject(kind="commit", parts=(sha,))), role="code")
