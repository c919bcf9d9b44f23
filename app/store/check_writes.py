"""Writing what tools said of data. The same invocation twice changes nothing, and a part of one adds to the others."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from ..records import CheckResult, Invocation, Limit, Millis, RuleChange, check_id
from .check_folding import RESULT, Folding, Known, known_check
from .check_history import Item
from .check_news import write_news
from .check_rules import Rule, change_between
from .check_splice import Splices
from .writable import encode, writable

Remembered = Callable[[str, Sequence[str]], Iterable[Invocation]]
"""Key of a source and ids of checks -> the results of these that state.db has kept, each in an invocation."""

_HEAD: Final = (
    "tool", "version", "suite", "environment", "at", "interval", "interval_at", "origin", "commit", "run_id",
    "pipeline_id", "dataset_digest", "is_whole", "complaint",
)  # fmt: skip
"""Fields of an invocation that are columns under the same name."""
_COLUMNS: Final = ", ".join(f'"{name}"' for name in _HEAD)
_RULE: Final = RESULT.index("rule")
_AT, _COMMIT, _WHOLE = (_HEAD.index(name) for name in ("at", "commit", "is_whole"))

_REMEMBERED: Final = 50_000
"""Rules and checks that are remembered: some 20 MB at most."""

_limits = msgspec.msgpack.Decoder(tuple[Limit, ...]).decode


class ChecksWritten(NamedTuple):
    """How many results were new, and whether anything changed at all."""

    new: int = 0
    changed: bool = False


class _Said(NamedTuple):
    """One result on its way into the table."""

    invocation: Invocation
    number: int
    """Row id of the invocation."""
    result: CheckResult
    is_kept: bool


class CheckWriter:
    """Writes inside the caller's transaction. Remembers rules and scopes by their rows until told to `forget`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """The transaction was rolled back: the rows that it made are not there."""
        self._ids: dict[tuple[Any, ...], str] = {}
        self._rules: dict[tuple[Any, ...], int] = {}
        self._known_rules: dict[int, Rule] = {}
        self._scopes: dict[tuple[Any, ...], int] = {}
        self._splices = Splices()

    def write(
        self, cursor: sqlite3.Cursor, source: int, key: str, invocations: Iterable[Invocation], now: Millis,
        remembered: Remembered = lambda source, checks: (),
    ) -> ChecksWritten:  # fmt: skip
        """Write these, fold their checks, and leave word of what turned for state.db.

        A check that is new here gets the results that were kept of it. One invocation may come in parts, the last of
        which alone is whole: then what is not in any of them is removed. Of removals that there is no room for
        `tell_removals` tells; those that an earlier batch has left are told before anything else.
        """
        written = ChecksWritten()
        for some in _apart(writable(one) for one in invocations):
            new, changed = self._write(cursor, source, key, some, now, remembered)
            written = ChecksWritten(written.new + new, written.changed or changed)
        return written

    def _write(
        self, cursor: sqlite3.Cursor, source: int, key: str, found: Sequence[Invocation], now: Millis,
        remembered: Remembered,
    ) -> ChecksWritten:  # fmt: skip
        while self.tell_removals(cursor, now):
            pass
        folding = self._folding(cursor, source)
        heads = [self._head(cursor, source, one, folding) for one in found]
        said: dict[str, dict[str, _Said]] = defaultdict(dict)
        for one, (number, _) in zip(found, heads, strict=True):
            for result in one.results:
                said[self._id(key, one, result)][one.id] = _Said(one, number, result, False)
        new = self._results(cursor, source, key, said, folding, remembered)
        for one, (number, _) in zip(found, heads, strict=True):
            if one.is_whole:
                self._cover(cursor, source, one, number, folding)
        write_news(cursor, key, folding.told, self._rule, now)
        return ChecksWritten(new, bool(new or folding.told or any(changed for _, changed in heads)))

    def tell_removals(self, cursor: sqlite3.Cursor, now: Millis) -> bool:
        """Remove some of the checks of one source that whole runs were without; gives whether there were any left."""
        owed = (
            "SELECT s.id, s.key FROM check_cover AS c INDEXED BY check_cover_open JOIN check_scope AS p"
            " ON p.id = c.scope JOIN source AS s ON s.id = p.source WHERE c.upto IS NOT NULL LIMIT 1"
        )
        row = cursor.execute(owed).fetchone()
        if row is None:
            return False
        folding = self._folding(cursor, row[0])
        folding.go_on()
        write_news(cursor, row[1], folding.told, self._rule, now)
        return True

    def _folding(self, cursor: sqlite3.Cursor, source: int) -> Folding:
        return Folding(cursor, source, lambda one, other: self._change(cursor, one, other), self._splices)

    # -- invocations --------------------------------------------------------------------------------------------

    def _head(self, cursor: sqlite3.Cursor, source: int, one: Invocation, folding: Folding) -> tuple[int, bool]:
        """Row id of an invocation, and whether that row is new or another than it was."""
        sql = f"SELECT id, {_COLUMNS} FROM check_invocation WHERE source = ? AND native = ?"
        before = cursor.execute(sql, (source, one.id)).fetchone()
        head = [getattr(one, name) for name in _HEAD]
        if before is None:
            return _insert_head(cursor, source, one.id, head), True
        number, *known = before
        head[_WHOLE] = int(one.is_whole or known[_WHOLE])  # an earlier part of a whole one says no more than itself
        if known == head:
            return number, False
        if known[_AT] == head[_AT] and known[_COMMIT] == head[_COMMIT]:
            _update_head(cursor, number, head)
        else:
            self._move(cursor, number, head, folding)
        return number, True

    @staticmethod
    def _move(cursor: sqlite3.Cursor, number: int, head: Sequence[Any], folding: Folding) -> None:
        """Another time, or another commit: what it has told of checks, also of those that it was without, is told
        again."""
        sql = (
            "SELECT c.id, c.native, c.scope, c.history FROM data_check AS c WHERE c.id IN"
            " (SELECT r.of_check FROM check_result AS r WHERE r.invocation = ?) OR c.scope IN"
            " (SELECT v.scope FROM check_cover AS v WHERE v.invocation = ?)"
        )
        checks = [known_check(row) for row in cursor.execute(sql, (number, number)).fetchall()]
        before = [(known, folding.items_of(known.id)) for known in checks if known.history is not None]
        arounds = folding.arounds(known.scope for known, _ in before)
        _update_head(cursor, number, head)
        for table in ("check_result", "check_cover"):
            cursor.execute(f"UPDATE {table} SET at = ? WHERE invocation = ?", (head[_AT], number))
        folding.again(before, arounds)

    def _cover(self, cursor: sqlite3.Cursor, source: int, one: Invocation, number: int, folding: Folding) -> None:
        """The last part of a whole invocation is in: of each dataset that it speaks of it holds every check."""
        sql = (
            "SELECT DISTINCT c.scope FROM check_result AS r JOIN data_check AS c ON c.id = r.of_check"
            " WHERE r.invocation = ?"
        )
        for (scope,) in cursor.execute(sql, (number,)).fetchall():
            folding.cover(scope, number, (one.at, one.id))

    # -- results ------------------------------------------------------------------------------------------------

    def _results(
        self, cursor: sqlite3.Cursor, source: int, key: str, said: dict[str, dict[str, _Said]], folding: Folding,
        remembered: Remembered,
    ) -> int:  # fmt: skip
        """Write those that differ from what is there; gives how many are new."""
        known = _known(cursor, source, list(said))
        fresh = [native for native in said if native not in known]
        self._remember(cursor, source, key, said, remembered(key, fresh) if fresh else ())
        known |= self._make(cursor, source, {native: next(iter(said[native].values())) for native in fresh})
        changes: list[tuple[Known, list[Item]]] = []
        rows: dict[tuple[int, str], tuple[Any, ...]] = {}
        new = 0
        for native, of in said.items():
            check = known[native]
            items = []
            for one in of.values():
                row = self._row(cursor, check.id, one)
                before = _before(cursor, check, row, one.invocation.id)
                if before != row:
                    rows[check.id, one.invocation.id] = row
                    items.append(_item(one, row))
                    new += before is None
            if items:
                changes.append((check, items))
        folding.add(changes, rows)
        return new

    def _remember(
        self, cursor: sqlite3.Cursor, source: int, key: str, said: dict[str, dict[str, _Said]],
        kept: Iterable[Invocation],
    ) -> None:  # fmt: skip
        """Put what state.db has of these checks beside what a source says of them, which goes before it."""
        for one in map(writable, kept):
            sql = 'SELECT id, at, "commit" FROM check_invocation WHERE source = ? AND native = ?'
            row = cursor.execute(sql, (source, one.id)).fetchone()
            if row is None:
                number = _insert_head(cursor, source, one.id, [getattr(one, name) for name in _HEAD])
            else:
                number = row[0]
                one = msgspec.structs.replace(one, at=row[1], commit=row[2])  # as the source says now
            for result in one.results:
                of = said.get(check_id(key, one, result))
                if of is not None:
                    of.setdefault(one.id, _Said(one, number, result, True))

    def _make(self, cursor: sqlite3.Cursor, source: int, fresh: Mapping[str, _Said]) -> dict[str, Known]:
        first = cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM data_check").fetchone()[0]
        made = {
            native: Known(number, native, self._scope(cursor, source, one))
            for number, (native, one) in enumerate(fresh.items(), first)
        }
        cursor.executemany(
            "INSERT INTO data_check (id, source, native, scope, tool, suite, environment, dataset, \"column\", name)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    made[native].id, source, native, made[native].scope, one.invocation.tool, one.invocation.suite,
                    one.invocation.environment, one.result.dataset, one.result.column, one.result.name,
                )
                for native, one in fresh.items()
            ],
        )  # fmt: skip
        return made

    def _row(self, cursor: sqlite3.Cursor, check: int, one: _Said) -> tuple[Any, ...]:
        result = one.result
        return (
            check, one.invocation.at, one.number, result.outcome, self._rule_id(cursor, result), result.observed,
            result.failed_rows, result.total_rows, result.message or None, result.ordinal or None,
            1 if one.is_kept else None,
        )  # fmt: skip

    def _id(self, key: str, one: Invocation, result: CheckResult) -> str:
        """`check_id`, remembered: to hash each anew takes six times as long."""
        words = (
            key, one.tool, one.suite, one.environment, result.dataset, result.column, result.name, result.ordinal,
        )  # fmt: skip
        found = self._ids.get(words)
        if found is None:
            if len(self._ids) >= _REMEMBERED:
                self._ids.clear()
            found = self._ids[words] = check_id(key, one, result)
        return found

    # -- what results share -------------------------------------------------------------------------------------

    def _scope(self, cursor: sqlite3.Cursor, source: int, one: _Said) -> int:
        of = one.invocation
        key = (source, of.tool, of.suite, of.environment, one.result.dataset)
        if key not in self._scopes:
            cursor.execute(
                "INSERT OR IGNORE INTO check_scope (source, tool, suite, environment, dataset) VALUES (?, ?, ?, ?, ?)",
                key,
            )
            where = "source = ? AND tool = ? AND suite = ? AND environment = ? AND dataset = ?"
            self._scopes[key] = cursor.execute(f"SELECT id FROM check_scope WHERE {where}", key).fetchone()[0]
        return self._scopes[key]

    def _rule_id(self, cursor: sqlite3.Cursor, result: CheckResult) -> int:
        """The number of what a result repeats of its rule; 0 where it says nothing of it."""
        key = (result.definition, result.limits, result.severity, result.expected)
        found = self._rules.get(key)
        if found is None:
            if len(self._rules) >= _REMEMBERED:
                self._rules.clear()
            found = self._rules[key] = 0 if key == ("", (), "", None) else _write_rule(cursor, key)
        return found

    def _rule(self, cursor: sqlite3.Cursor, number: int) -> Rule:
        if number not in self._known_rules:
            sql = "SELECT definition, limits FROM check_rule WHERE id = ?"
            row = cursor.execute(sql, (number,)).fetchone()
            self._known_rules[number] = Rule() if row is None else Rule(row[0], _limits(row[1]) if row[1] else ())
        return self._known_rules[number]

    def _change(self, cursor: sqlite3.Cursor, one: int, other: int) -> RuleChange | None:
        return None if one == other else change_between(self._rule(cursor, one), self._rule(cursor, other))


def _apart(invocations: Iterable[Invocation]) -> Iterator[list[Invocation]]:
    """Runs of them in which each id has one time and one commit: two files may tell of one invocation differently, and
    the later word is of all of its results."""
    some: list[Invocation] = []
    heads: dict[str, tuple[Any, ...]] = {}
    for one in invocations:
        if heads.get(one.id, (one.at, one.commit)) != (one.at, one.commit):
            yield some
            some, heads = [], {}
        heads[one.id] = (one.at, one.commit)
        some.append(one)
    if some:
        yield some


def _insert_head(cursor: sqlite3.Cursor, source: int, native: str, head: Sequence[Any]) -> int:
    marks = ", ".join("?" * (len(_HEAD) + 2))
    cursor.execute(
        f"INSERT INTO check_invocation (source, native, {_COLUMNS}) VALUES ({marks})", (source, native, *head)
    )
    assert cursor.lastrowid is not None  # an INSERT that did not raise has one
    return cursor.lastrowid


def _update_head(cursor: sqlite3.Cursor, number: int, head: Sequence[Any]) -> None:
    sets = ", ".join(f'"{name}" = ?' for name in _HEAD)
    cursor.execute(f"UPDATE check_invocation SET {sets} WHERE id = ?", (*head, number))


def _write_rule(cursor: sqlite3.Cursor, key: tuple[Any, ...]) -> int:
    definition, limits, severity, expected = key
    digest = blake2b(encode(key), digest_size=12).digest()
    row = (digest, definition, encode(limits) if limits else None, severity, expected)
    cursor.execute(
        "INSERT OR IGNORE INTO check_rule (digest, definition, limits, severity, expected) VALUES (?, ?, ?, ?, ?)", row
    )
    return int(cursor.execute("SELECT id FROM check_rule WHERE digest = ?", (digest,)).fetchone()[0])


def _known(cursor: sqlite3.Cursor, source: int, natives: Sequence[str]) -> dict[str, Known]:
    sql = (
        "SELECT id, native, scope, history FROM data_check WHERE source = ?"
        " AND native IN (SELECT value FROM json_each(?))"
    )
    rows = cursor.execute(sql, (source, msgspec.json.encode(natives).decode()))
    return {row[1]: known_check(row) for row in rows}


def _before(cursor: sqlite3.Cursor, check: Known, row: tuple[Any, ...], invocation: str) -> tuple[Any, ...] | None:
    """The row as the table has it. One that is newer or older than all of its check is not looked for."""
    history = check.history
    if history is None or row[1] > history.newest.at or row[1] < history.oldest.at:
        return None
    sql = f"SELECT {', '.join(RESULT)} FROM check_result WHERE of_check = ? AND at = ? AND invocation = ?"
    found: tuple[Any, ...] | None = cursor.execute(sql, row[:3]).fetchone()
    return found


def _item(one: _Said, row: tuple[Any, ...]) -> Item:
    rule = row[_RULE] if one.result.definition else 0
    return Item(one.invocation.at, one.invocation.id, one.result.outcome, rule, one.invocation.commit, one.is_kept)
