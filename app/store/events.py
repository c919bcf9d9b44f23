"""What the vendors' records tell of what happened: runs that ended, pipelines that came to an end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final, Literal

from ..records import Event, EventRef, Millis, Subject

VOUCHED: Final = ("github", "gitlab")
"""Kinds of sources that have seen the login of whoever they name."""

BEFORE: Final = (
    "(SELECT b.status FROM pipeline AS b INDEXED BY pipeline_line WHERE b.source = p.source AND b.name = p.name"
    " AND b.branch = p.branch AND (b.at, b.id) < (p.at, p.id) AND b.status IN ('passed', 'failed')"
    " ORDER BY b.at DESC, b.id DESC LIMIT 1)"
)
"""What the same pipeline on the same branch came to the time before, as far as that was a verdict."""
PIPELINE: Final = (
    's.key, s.kind, p.native, p.name, p.number, p.status, p.branch, p."commit", p.actor, p.attempt, p.ended_at,'
    f" {BEFORE}"
)
RUN: Final = "s.key, r.native, r.name, r.status, r.ended_at, r.user, r.git_commit"

_ENDED: Final = (
    f"SELECT {PIPELINE} FROM pipeline AS p INDEXED BY pipeline_ended"
    " JOIN source AS s ON s.id = p.source AND NOT s.hidden"
    " WHERE p.ended_at >= ? AND p.ended_at < ? AND p.status IN ('passed', 'failed', 'cancelled')"
    " ORDER BY p.ended_at DESC LIMIT ?"
)


def event_id(source: str, kind: str, native: str) -> str:
    """The id of an event: a hash of source key, kind and native key, so that it is the same wherever it is seen."""
    return blake2b("\0".join((source, kind, native)).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def run_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Runs that ended, newest first."""
    rows = connection.execute(
        f"SELECT {RUN} FROM run r"
        " JOIN source s ON s.id = r.source AND NOT s.hidden WHERE r.ended_at >= ? AND r.ended_at < ?"
        " AND r.status IN ('finished', 'failed', 'killed') ORDER BY r.ended_at DESC LIMIT ?",
        (since, until, limit),
    )
    return (run_event(*row) for row in rows)


def run_event(
    source: str, native: str, name: str, status: str, ended_at: Millis, user: str | None, commit: str | None
) -> Event:
    """A run that ended, out of the columns of `RUN`."""
    return Event(
        id=event_id(source, "run finished", native), at=ended_at, kind="run finished", title=f"{name} {status}",
        actor=user, strength="claimed" if user else None, source=source, refs=_refs("run", native, commit),
    )  # fmt: skip


def pipeline_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Pipelines that came to an end, newest first.

    One that failed after the last of its name on its branch passed broke it, and one that passed after a failure
    recovered it; any other finished. What was skipped did nothing.
    """
    return (pipeline_event(*row) for row in connection.execute(_ENDED, (since, until, limit)))


def pipeline_event(
    source: str, kind: str, native: str, name: str, number: str, status: str, branch: str, *rest: Any
) -> Event:
    """A pipeline that came to an end, out of the columns of `PIPELINE`."""
    commit, actor, attempt, ended_at, before = rest
    told = {("failed", "passed"): "pipeline broke", ("passed", "failed"): "pipeline recovered"}
    title = f"{name}{f' #{number}' if number else ''} {status}{f' on {branch}' if branch else ''}"
    known: Literal["forge", "claimed"] = "forge" if kind in VOUCHED else "claimed"
    return Event(
        # not by what it is called: an older pipeline may become known later, and a re-run is another end
        id=event_id(source, "pipeline", f"{native}#{attempt}"), at=ended_at,
        kind=told.get((status, before), "pipeline finished"), title=title, actor=actor or None,
        strength=known if actor else None, source=source, refs=_refs("pipeline", native, commit),
    )  # fmt: skip


def _refs(kind: str, native: str, commit: str | None) -> tuple[EventRef, ...]:
    own = EventRef(subject=str(Subject(kind=kind, parts=(native,))), role=kind)
    if not commit:
        return (own,)
    return own, EventRef(subject=str(Subject(kind="commit", parts=(commit,))), role="code")
