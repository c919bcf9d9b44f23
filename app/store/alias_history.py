"""Where aliases were when: no registry keeps it, so each look is compared with the one before and moves are kept.

The comparison is with a table of its own in state.db, never with the cache: whether the cache was written, begun anew
or lost in between makes no difference, and a look that is told twice is one look.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from ..records import AliasMove, Event, EventRef, Millis, MoveReason, Record, Subject
from .events import event_id
from .state_file import StateFile, kept

Aliases: TypeAlias = Mapping[str, Mapping[str, str]]
"""Model -> alias -> version."""

_COLUMNS: Final = "id, source, model, alias, version, previous, reason, at, not_before"


class _Look(NamedTuple):
    """When a source's aliases were read for the first time, and when its last look began and was over."""

    first_at: Millis
    began: Millis
    at: Millis


class Held(Record, frozen=True, kw_only=True):
    """Which version an alias pointed at, at some time, as far as anybody looked."""

    source: str
    model: str
    alias: str
    version: str | None
    """None: there was no such alias, or it is not known."""
    knowledge: Literal["certain", "uncertain", "not looked"]
    """uncertain: it moved to `other` about then, or nobody looked since; not looked: nobody had looked yet."""
    other: str | None = None
    """Where the alias was found next, when it may have been there already."""
    known_from: Millis
    """When somebody looked at this source for the first time."""
    move: AliasMove | None = None
    """How it came there."""


def alias_tables(connection: sqlite3.Connection) -> None:
    """The migration that makes the tables."""
    for statement in (
        "CREATE TABLE alias_look (source TEXT PRIMARY KEY, first_at INTEGER NOT NULL, began INTEGER NOT NULL,"
        " at INTEGER NOT NULL)",
        "CREATE TABLE alias_seen (source TEXT NOT NULL, model TEXT NOT NULL, alias TEXT NOT NULL,"
        " version TEXT NOT NULL, is_gone INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (source, model, alias)) WITHOUT ROWID",
        "CREATE TABLE alias_move (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,"
        " model TEXT NOT NULL, alias TEXT NOT NULL, version TEXT, previous TEXT, reason TEXT NOT NULL,"
        " at INTEGER NOT NULL, not_before INTEGER)",
        "CREATE INDEX alias_move_of ON alias_move (model, alias, at)",
        "CREATE INDEX alias_move_at ON alias_move (at)",
    ):
        connection.execute(statement)


class AliasHistory(StateFile):
    """The part of state.db that remembers aliases. Texts that are no UTF-8 are kept as the cache keeps them."""

    def observe_aliases(
        self,
        source: str,
        models: Aliases,
        gone_versions: Iterable[tuple[str, str]],
        now: Millis,
        began: Millis | None = None,
        *,
        is_complete: bool = True,
    ) -> list[AliasMove]:
        """Somebody looked, between `began` (None: `now`) and `now`: keeps and gives what moved since the look before.

        `models` are all that the source has, unless it is said to be a part: then only those in it are compared.
        `gone_versions`: versions, as (model, version), that the registry said it has no more: told before or with the
        look that misses their alias, they tell that the alias went with its version.
        """
        seen_now = {kept(model): _kept_all(aliases) for model, aliases in models.items()}
        gone = [(kept(model), kept(version)) for model, version in gone_versions]
        with self._transaction():
            self._mark_gone(source, gone)
            self._insert_events(_left_behind(source, seen_now, gone, now))
            look = self._look(source)
            if look is None and not is_complete:
                return []  # what is not looked at whole says nothing of what was there before
            moves = list(self._moves(source, seen_now, look, now, is_complete))
            self._keep_moves(moves, seen_now)
            if is_complete:
                self._keep_look(source, look, now, now if began is None else min(began, now))
        return moves

    def alias_moves(
        self,
        model: str | None = None,
        alias: str | None = None,
        since: Millis = 0,
        until: Millis | None = None,
        limit: int | None = None,
    ) -> list[AliasMove]:
        """The moves of an alias, of a model's aliases or of all, from `since` until before `until`, newest first."""
        names = {"model = ?": model, "alias = ?": alias}
        tests: dict[str, object] = {test: kept(name) for test, name in names.items() if name is not None}
        tests |= {"at >= ?": since} | ({} if until is None else {"at < ?": until})
        sql = f"SELECT {_COLUMNS} FROM alias_move WHERE {' AND '.join(tests)} ORDER BY number DESC LIMIT ?"
        return [_move(row) for row in self._rows(sql, *tests.values(), -1 if limit is None else limit)]

    def alias_at(self, model: str, alias: str, at: Millis, source: str | None = None) -> Held | None:
        """Where an alias was at that time; None when nobody ever saw it. Of several sources the one first looked at."""
        found = [held for held in self.aliases_at(at, model, alias) if source in (None, held.source)]
        return min(found, key=lambda held: held.known_from, default=None)

    def aliases_at(self, at: Millis, model: str | None = None, alias: str | None = None) -> list[Held]:
        """Where each alias that was ever seen was at that time, by model and alias; those that were nowhere too."""
        of: dict[tuple[str, str, str], list[AliasMove]] = defaultdict(list)
        for move in reversed(self.alias_moves(model, alias)):
            of[move.model, move.alias, move.source].append(move)
        looks = {key: look for key in {key[2] for key in of} if (look := self._look(key)) is not None}
        return [_held(of[key], looks[key[2]], at) for key in sorted(of) if key[2] in looks]

    def aliases_known_from(self) -> dict[str, Millis]:
        """When each source's aliases were looked at for the first time."""
        return dict(self._rows("SELECT source, first_at FROM alias_look"))

    # Inside the transaction of a look.

    def _look(self, source: str) -> _Look | None:
        rows = self._rows("SELECT first_at, began, at FROM alias_look WHERE source = ?", source)
        return _Look(*rows[0]) if rows else None

    def _mark_gone(self, source: str, gone: Iterable[tuple[str, str]]) -> None:
        self._db.executemany(
            "UPDATE alias_seen SET is_gone = 1 WHERE source = ? AND model = ? AND version = ?",
            [(source, model, version) for model, version in gone],
        )

    def _moves(
        self, source: str, models: Aliases, look: _Look | None, now: Millis, is_complete: bool
    ) -> Iterator[AliasMove]:
        """What differs from what was last seen."""
        rows = self._rows("SELECT model, alias, version, is_gone FROM alias_seen WHERE source = ?", source)
        before = {(model, alias): (version, is_gone) for model, alias, version, is_gone in rows}
        not_before = None if look is None else min(look.began, now)

        def moved(model: str, alias: str, version: str | None, previous: str | None, reason: MoveReason) -> AliasMove:
            facts = (source, model, alias, version, previous, now)
            return AliasMove(
                id=_id(facts), source=source, model=model, alias=alias, version=version, previous=previous,
                reason=reason, at=now, not_before=not_before,
            )  # fmt: skip

        for model, aliases in models.items():
            for alias, version in aliases.items():
                previous = before.get((model, alias), (None, 0))[0]
                if previous is None:
                    yield moved(model, alias, version, None, "first seen" if look is None else "set")
                elif previous != version:
                    yield moved(model, alias, version, previous, "moved")
        for (model, alias), (previous, is_gone) in before.items():
            if alias not in models.get(model, {}) and (is_complete or model in models):
                is_vanished = is_gone or model not in models
                yield moved(model, alias, None, previous, "vanished" if is_vanished else "removed")

    def _keep_moves(self, moves: Sequence[AliasMove], models: Aliases) -> None:
        rows = [[getattr(move, name) for name in _COLUMNS.split(", ")] for move in moves]
        self._db.executemany(f"INSERT OR IGNORE INTO alias_move ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.executemany(
            "DELETE FROM alias_seen WHERE source = ? AND model = ? AND alias = ?",
            [(move.source, move.model, move.alias) for move in moves],
        )
        self._db.executemany(
            "INSERT INTO alias_seen (source, model, alias, version) VALUES (?, ?, ?, ?)",
            [(move.source, move.model, move.alias, move.version) for move in moves if move.version is not None],
        )
        self._insert_events(event for move in moves for event in _alike(move, models))

    def _insert_events(self, events: Iterable[Event]) -> None:
        """Those whose id is known stay as they were first seen."""
        rows = [(event.id, event.at, msgspec.json.encode(event).decode()) for event in events]
        self._db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)

    def _keep_look(self, source: str, look: _Look | None, now: Millis, began: Millis) -> None:
        # what is still there was not deleted after all
        self._db.execute("UPDATE alias_seen SET is_gone = 0 WHERE source = ? AND is_gone", (source,))
        first = now if look is None else look.first_at
        self._db.execute("INSERT OR REPLACE INTO alias_look VALUES (?, ?, ?, ?)", (source, first, began, now))


def _kept_all(aliases: Mapping[str, str]) -> dict[str, str]:
    return {kept(alias): kept(version) for alias, version in aliases.items()}


def _id(facts: tuple[object, ...]) -> str:
    return blake2b("\0".join(map(str, facts)).encode(), digest_size=8).hexdigest()


def _move(row: Sequence[Any]) -> AliasMove:
    return AliasMove(**dict(zip(_COLUMNS.split(", "), row, strict=True)))


def _left_behind(source: str, models: Aliases, gone: Iterable[tuple[str, str]], now: Millis) -> Iterator[Event]:
    """Aliases that still point at a version that was deleted: MLflow 2 leaves them there. Each is told once."""
    for model, version in gone:
        for alias, shown in models.get(model, {}).items():
            if shown == version:
                ref = EventRef(subject=str(Subject(kind="alias", parts=(model, alias))), role="alias")
                yield Event(
                    id=event_id(source, "alias left behind", f"{model}\0{alias}\0{version}"), at=now, seen_at=now,
                    kind="alias moved", title=f"{alias} of {model} points at v{version}, which was deleted",
                    source=source, refs=(ref,),
                )  # fmt: skip


def _alike(move: AliasMove, models: Aliases) -> Iterator[Event]:
    """Somebody gave a model a second alias that differs from another by case only: told once for each such word."""
    if move.version is None or move.previous is not None:
        return
    aliases = models[move.model]
    alike = sorted(alias for alias in aliases if alias.casefold() == move.alias.casefold())
    if len(alike) > 1:
        where = ", ".join(f"v{aliases[alias]}" for alias in alike)
        yield Event(
            id=event_id(move.source, "alias case", f"{move.model}\0{move.alias.casefold()}"), at=move.at,
            kind="alias moved", title=f"{' and '.join(alike)} of {move.model} differ by case only: {where}",
            not_before=move.not_before, seen_at=move.at, source=move.source,
            refs=tuple(
                EventRef(subject=str(Subject(kind="alias", parts=(move.model, alias))), role="alias") for alias in alike
            ),
        )  # fmt: skip


def _held(moves: Sequence[AliasMove], look: _Look, at: Millis) -> Held:
    """Out of all moves of one alias, oldest first."""
    before = next((move for move in reversed(moves) if move.at <= at), None)
    after = next((move for move in moves if move.at > at), None)
    is_between = after is not None and (after.not_before is None or after.not_before < at)
    knowledge: Literal["certain", "uncertain", "not looked"] = "certain"
    if at < look.first_at:
        knowledge, before, after = "not looked", None, None
    elif is_between or at > look.began:
        knowledge = "uncertain"
    return Held(
        source=moves[0].source, model=moves[0].model, alias=moves[0].alias, knowledge=knowledge,
        version=before.version if before is not None else None,
        other=after.version if after is not None and is_between else None, known_from=look.first_at, move=before,
    )  # fmt: skip
