"""Events of registered models: versions that were registered, what the ledger says, and aliases that moved."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from ..records import AliasMove, Event, EventRef, LedgerEntry, Millis, Subject
from .events import event_id
from .explanations import Explanation
from .promotions import entries_between

_KINDS: Final = {"promotion": "promotion", "rollback": "rollback", "cancel": "promotion cancelled"}

_REGISTERED: Final = (
    "SELECT s.key, m.name, v.native, v.created_at, v.user, v.run_id"
    " FROM model_version AS v INDEXED BY model_version_made JOIN registered_model AS m ON m.id = v.model"
    " AND m.kind = 'model' JOIN source AS s ON s.id = m.source AND NOT s.hidden"
    " WHERE v.created_at >= ? AND v.created_at < ? ORDER BY v.created_at DESC LIMIT ?"
)


def version_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """Versions that were registered, newest first."""
    for source, model, version, at, user, run in connection.execute(_REGISTERED, (since, until, limit)):
        yield Event(
            id=event_id(source, "version registered", f"{model}\0{version}"), at=at, kind="version registered",
            title=f"{model} {called(version)} registered", actor=user, strength="claimed" if user else None,
            source=source, refs=(_version_ref(model, version), *_refs("run", "run", run)),
        )  # fmt: skip


def ledger_events(connection: sqlite3.Connection, since: Millis, until: Millis, limit: int) -> Iterator[Event]:
    """What the ledgers in Git say, newest first. An entry that cannot be read says nothing of when."""
    entries = entries_between(connection, since, until, limit)
    return (entry_event(entry) for entry in entries if not entry.trouble)


def entry_event(entry: LedgerEntry) -> Event:
    """An entry of a ledger as an event."""
    after, previous = entry.version or None, entry.previous
    change = _change(entry.alias, entry.model, previous, after)
    if entry.cancels is not None:
        change = f"{entry.alias} of {entry.model}: entry {entry.cancels} is taken back, {_named(after)}"
    return Event(
        id=event_id(entry.source, "ledger", f"{entry.model}\0{entry.alias}\0{entry.number}\0{entry.id}"), at=entry.at,
        kind=_KINDS[entry.kind], title=f"{change}{f': {entry.reason}' if entry.reason else ''}", actor=entry.by.name,
        strength=entry.by.strength, source=entry.source or None,
        refs=_alias_refs(entry.model, entry.alias, after, previous)
        + _refs("commit", "code", entry.commit),
    )  # fmt: skip


def move_event(move: AliasMove, why: Explanation) -> Event:
    """An alias that was found elsewhere, with who moved it where the ledger explains that."""
    by = None if why.entry is None else why.entry.by
    return Event(
        id=event_id(move.source, "alias moved", move.id), at=move.at, kind="alias moved",
        title=move_title(move) + _unexplained(why), not_before=move.not_before, seen_at=move.at,
        actor=None if by is None else by.name, strength=None if by is None else by.strength, source=move.source,
        refs=_alias_refs(move.model, move.alias, move.version, move.previous),
    )  # fmt: skip


def move_title(move: AliasMove) -> str:
    """`champion of churn: v13 → v14`"""
    if move.version is None:
        previous = called(move.previous or "")
        how = f"{previous} was deleted" if move.reason == "vanished" else f"it was taken from {previous}"
        return f"{move.alias} of {move.model} is gone: {how}"
    return _change(move.alias, move.model, move.previous, move.version)


def called(version: str) -> str:
    """How people call a version: v14; one that begins with no digit is called as it is."""
    return f"v{version}" if version[:1].isdigit() else version


def _change(alias: str, model: str, previous: str | None, version: str | None) -> str:
    before = "" if previous is None else f"{called(previous)} → "
    return f"{alias} of {model}: {before}{_named(version)}"


def _named(version: str | None) -> str:
    return "none" if version is None else called(version)


def _unexplained(why: Explanation) -> str:
    told = {"unexplained": "", "not so far": " so far"}.get(why.verdict)
    return "" if told is None else f"; no entry of the ledger explains it{told}"


def _alias_refs(model: str, alias: str, version: str | None, previous: str | None) -> tuple[EventRef, ...]:
    own = EventRef(subject=str(Subject(kind="alias", parts=(model, alias))), role="alias")
    after = () if version is None else (_version_ref(model, version),)
    before = () if previous is None or previous == version else (_version_ref(model, previous, "previous"),)
    return (own, *after, *before)


def _version_ref(model: str, version: str, role: str = "version") -> EventRef:
    return EventRef(subject=str(Subject(kind="model", parts=(model, version))), role=role)


def _refs(kind: str, role: str, native: str | None) -> tuple[EventRef, ...]:
    return (EventRef(subject=str(Subject(kind=kind, parts=(native,))), role=role),) if native else ()
