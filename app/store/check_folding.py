"""What new results make of the checks that the cache has: histories folded, rows rewritten, turns told."""

from __future__ import annotations

import sqlite3
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ..records import RuleChange
from .check_history import Around, History, Item, Key, Turn, appended, due, ending, folded, prepended
from .check_packing import packed, unpacked
from .check_splice import Newer, Splices, spliced

RANKS: Final[Mapping[str, int]] = {"fail": 0, "error": 1, "warn": 2, "skipped": 4, "pass": 5}
"""How bad a check is by its newest result, 0 the worst. 3 is for one that is silent, which a clock tells."""
SILENT: Final = 3
REMOVED: Final = 6

RESULT: Final = (
    "of_check", "at", "invocation", "outcome", "rule", "observed", "failed_rows", "total_rows", "message", "ordinal",
    "is_kept",
)  # fmt: skip
"""The columns of a result, in order."""

_SET: Final = (
    "history", "results", "checked_at", "first_failed_at", "first_failed_not_before", "first_failed_commit",
    "last_passed_at", "last_passed_commit", "flips", "usual", "due_at", "rule_change", "rule_changed_at",
    "rule_changed_not_before", "rule_changed_commit", "rule_before", "removed_at", "outcome", "rank",
)  # fmt: skip
_SAID: Final = ("newest", "rule", "failed_rows", "total_rows")
"""What is not in the history: of the newest result."""
_SETS: Final = ", ".join(f"{name} = ?" for name in _SET)
_REWRITE: Final = f"UPDATE data_check SET {_SETS}, {', '.join(f'{name} = ?' for name in _SAID)} WHERE id = ?"
_REWRITE_OLDER: Final = (
    f"UPDATE data_check SET {_SETS}, ({', '.join(_SAID)}) = (SELECT r.invocation, r.rule, r.failed_rows, r.total_rows"
    " FROM check_result AS r JOIN check_invocation AS i ON i.id = r.invocation WHERE r.of_check = data_check.id"
    " AND r.at = ? AND i.native = ?) WHERE id = ?"
)
"""The same where the newest result is one that the table had already."""
_OF_ROW: Final = tuple(RESULT.index(name) for name in ("invocation", "rule", "failed_rows", "total_rows"))


FOLDS: Final = 1_000
"""Checks that one transaction folds: each costs up to 0.13 ms, with what there is to tell of it."""
_ITEMS_OF_A_FOLD: Final = 8
"""So many results that are read again cost as much as a fold."""

_NEVER: Final = 2**62

_INSERT: Final = f"INSERT OR REPLACE INTO check_result ({', '.join(RESULT)}) VALUES ({', '.join('?' * len(RESULT))})"


class Known(NamedTuple):
    """A check as the cache has it; without a history it is new."""

    id: int
    native: str
    scope: int
    history: History | None = None


class Told(NamedTuple):
    """A turn of a check; or one that was told and is none after all."""

    check: Known
    turn: Turn
    is_wrong: bool = False


def known_check(row: Sequence[Any]) -> Known:
    """A check out of its columns id, native, scope and history."""
    return Known(row[0], row[1], row[2], None if row[3] is None else unpacked(row[3]))


class Folding:
    """The folding of one transaction. `change` says what became of a rule between two of their numbers."""

    def __init__(
        self, cursor: sqlite3.Cursor, source: int, change: Callable[[int, int], RuleChange | None], splices: Splices
    ) -> None:  # fmt: skip
        self._cursor = cursor
        self._source = source
        self._change = change
        self._splices = splices
        self._covers: dict[int, list[Key]] = {}
        self._arounds: dict[int, Around] = {}
        self._rows: dict[tuple[int, str], Sequence[Any]] = {}
        self._room: float = FOLDS
        self.told: list[Told] = []
        """What there is to tell, in the order in which it was found."""

    def add(self, changes: Iterable[tuple[Known, list[Item]]], rows: Mapping[tuple[int, str], Sequence[Any]]) -> None:
        """Results that are new to checks, or other than they were.

        As items, and as rows for the table by check and invocation.
        """
        self._rows.update(rows)
        # some is left over: covers that take no check away, as almost all do, need no transaction of their own
        self._room = max(self._room - len(rows), FOLDS / 10)
        changes = [(known, sorted(items, key=_key) if len(items) > 1 else items) for known, items in changes]
        between = {known.id: self._beside(known, items) for known, items in changes if not _is_at_an_end(known, items)}
        self._cursor.executemany(_INSERT, rows.values())
        folds = [(known, self._with(known, items, between.get(known.id))) for known, items in changes]
        self._rewrite(folds)

    def arounds(self, scopes: Iterable[int]) -> dict[int, Around]:
        """What lies around the items of these scopes as it is now, for `again`."""
        return {scope: Around(self._change, tuple(self._covers_of(scope))) for scope in set(scopes)}

    def again(self, checks: Iterable[tuple[Known, list[Item]]], arounds: Mapping[int, Around]) -> None:
        """The tables were changed below these checks, which had those items, and those runs around them, before."""
        self._covers.clear()
        self._arounds.clear()
        self._splices.clear()
        self._rewrite(
            [
                (known, self._refolded(known, before, self.items_of(known.id), arounds[known.scope]))
                for known, before in checks
            ]
        )

    def cover(self, scope: int, invocation: int, key: Key) -> None:
        """This run held every check of the scope, and its results are all in the table.

        Of as many checks as there is room for it is told that they were not in it; `go_on` does the others.
        """
        self._cursor.execute(
            "INSERT OR IGNORE INTO check_cover (scope, at, invocation, upto) VALUES (?, ?, ?, 0)",
            (scope, key[0], invocation),
        )
        if self._cursor.rowcount:
            self.go_on(scope)

    def go_on(self, scope: int | None = None) -> bool:
        """Tell of the removals that are not told yet, as far as there is room; gives whether all of them are.

        Of one scope, None: of all of the source. A cover begins when the one before it is done: each check is folded
        by covers of which it was told, and by this one.
        """
        sql = (
            "SELECT c.scope, c.invocation, c.at, i.native, c.upto FROM check_cover AS c INDEXED BY check_cover_open"
            " JOIN check_invocation AS i ON i.id = c.invocation JOIN check_scope AS p ON p.id = c.scope"
            " WHERE c.upto IS NOT NULL AND p.source = ? AND c.scope = coalesce(?, c.scope)"
            " ORDER BY c.scope, c.upto = 0, c.at, i.native LIMIT 1"
        )
        while (row := self._cursor.execute(sql, (self._source, scope)).fetchone()) is not None:
            if self._room <= 0:
                return False
            of, invocation, at, native, upto = row
            self._cover_some(of, invocation, (at, native), upto)
        return True

    def _cover_some(self, scope: int, invocation: int, key: Key, upto: int) -> None:
        """Go on with one cover, which is none of those around before it is begun."""
        covers = self._covers_of(scope)
        before = Around(self._change, tuple(one for one in covers if one != key))
        if key not in covers:
            insort(covers, key)
        some, last = self._some_lacking(scope, invocation, key, upto)
        self._cursor.execute(
            "UPDATE check_cover SET upto = ? WHERE scope = ? AND at = ? AND invocation = ?",
            (last, scope, key[0], invocation),
        )
        after = self._around(scope)
        self._rewrite([(known, self._covered(known, history, before, after, key)) for known, history in some])

    def items_of(self, check: int, until: Key | None = None) -> list[Item]:
        """All that the table has of a check, in order; or what comes before a key."""
        rows = self._cursor.execute(
            "SELECT r.at, i.native, r.outcome, CASE WHEN q.definition != '' THEN r.rule ELSE 0 END, i.\"commit\","
            " r.is_kept IS NOT NULL FROM check_result AS r JOIN check_invocation AS i ON i.id = r.invocation"
            " LEFT JOIN check_rule AS q ON q.id = r.rule WHERE r.of_check = ? AND r.at <= ? ORDER BY r.at, i.native",
            (check, _NEVER if until is None else until[0]),
        )
        items = [Item(at, native, said, rule, commit, bool(kept)) for at, native, said, rule, commit, kept in rows]
        return items if until is None else [item for item in items if item.key < until]

    # -- the three ways to fold ---------------------------------------------------------------------------------

    def _beside(self, known: Known, items: list[Item]) -> tuple[list[Item], Newer | None]:
        """What the table has before and beside these items; all that it has, where nothing newer is remembered."""
        newer = self._splices.newer(known.id, known.history, items)
        return self.items_of(known.id, None if newer is None else newer.first), newer

    def _between(self, known: Known, items: list[Item], before: list[Item], newer: Newer | None) -> History:
        """With items that are neither all newer nor all older than what there is."""
        first, around = items[0].key, self._around(known.scope)
        after = sorted({item.key: item for item in (*before, *items)}.values(), key=_key)
        middle = [item for item in after if item.key >= first]
        if newer is None:
            history = self._refolded(known, before, after)
            self._splices.remember(known.id, Newer(first, folded(middle, around)[0], history))
            return history
        older, beside = [item for item in before if item.key < first], [item for item in before if item.key >= first]
        _, told = spliced(older, beside, newer.history, around)
        history, turns = spliced(older, middle, newer.history, around)
        self._compare(known, told, turns)
        behind, _ = spliced((), middle, newer.history, around)
        self._splices.remember(known.id, Newer(first, behind, history))
        return history

    def _with(self, known: Known, items: list[Item], beside: tuple[list[Item], Newer | None] | None) -> History:
        if beside is not None:
            return self._between(known, items, *beside)
        around, history = self._around(known.scope), known.history
        if history is None:
            history, turns = folded(items, around)
            return self._tell(known, history, turns, [], around)
        ended = ending(history, around)
        if items[-1].key < history.oldest.key:
            turns, wrong = [], []
            for item in reversed(items):
                history, new, no_more = prepended(item, history, around)
                turns += new
                wrong += no_more
            return self._tell(known, history, [turn for turn in turns if turn not in wrong], wrong + ended, around)
        turns = []
        for item in items:
            history, new = appended(history, item, around)
            turns += new
        return self._tell(known, history, turns, ended, around)

    def _refolded(self, known: Known, before: list[Item], after: list[Item], old: Around | None = None) -> History:
        around = self._around(known.scope)
        _, told = self._whole(before, old or around)
        history, turns = self._whole(after, around)
        self._compare(known, told, turns)
        return history

    def _covered(self, known: Known, history: History, before: Around, after: Around, key: Key) -> History:
        if history.newest.key < key:
            self._compare(known, ending(history, before), ending(history, after))
            return history
        items = self.items_of(known.id)
        return self._refolded(known, items, items, before)

    @staticmethod
    def _whole(items: Sequence[Item], around: Around) -> tuple[History, list[Turn]]:
        history, turns = folded(items, around)
        return history, turns + ending(history, around)

    def _tell(self, known: Known, history: History, turns: list[Turn], wrong: list[Turn], around: Around) -> History:
        self._compare(known, wrong, turns + ending(history, around))
        return history

    def _compare(self, known: Known, told: Sequence[Turn], turns: Sequence[Turn]) -> None:
        if not told and not turns:
            return
        before = set(told)
        self.told += (Told(known, turn) for turn in turns if turn not in before)
        true = {(turn.kind, turn.at[1]) for turn in turns}  # by what an event is known
        self.told += (Told(known, turn, is_wrong=True) for turn in before if (turn.kind, turn.at[1]) not in true)

    # -- around -------------------------------------------------------------------------------------------------

    def _around(self, scope: int) -> Around:
        found = self._arounds.get(scope)
        if found is None:
            found = self._arounds[scope] = Around(self._change, self._covers_of(scope))
        return found

    def _covers_of(self, scope: int) -> list[Key]:
        if scope not in self._covers:
            rows = self._cursor.execute(
                "SELECT c.at, i.native FROM check_cover AS c JOIN check_invocation AS i ON i.id = c.invocation"
                " WHERE c.scope = ? AND c.upto IS NOT 0 ORDER BY c.at, i.native",
                (scope,),
            )
            self._covers[scope] = [(at, native) for at, native in rows]
        return self._covers[scope]

    def _some_lacking(
        self, scope: int, invocation: int, key: Key, upto: int
    ) -> tuple[list[tuple[Known, History]], int | None]:
        """The checks of a scope after `upto` that a run was without, but for those that were gone before it.

        As many as there is room for, with the last; None where these are all.
        """
        rows = self._cursor.execute(
            "SELECT c.id, c.native, c.scope, c.history FROM data_check AS c WHERE c.scope = ? AND c.id > ?"
            " AND (c.removed_at IS NULL OR c.removed_at >= ?) AND NOT EXISTS"
            " (SELECT 1 FROM check_result AS r WHERE r.invocation = ? AND r.of_check = c.id) ORDER BY c.id",
            (scope, upto, key[0], invocation),
        )
        found: list[tuple[Known, History]] = []
        for row in rows:
            known = known_check(row)
            history = known.history
            if history is None or history.oldest.key >= key:
                continue
            found.append((known, history))
            self._room -= 1 if history.newest.key < key else 1 + history.count / _ITEMS_OF_A_FOLD
            if self._room <= 0:
                return found, known.id
        return found, None

    # -- rows ---------------------------------------------------------------------------------------------------

    def _rewrite(self, folds: Sequence[tuple[Known, History]]) -> None:
        self._hear(folds)
        fresh, older = [], []
        for known, history in folds:
            row = self._rows.get((known.id, history.newest.id))
            facts = self._row(history, known.scope)
            if row is None:
                older.append((*facts, *history.newest.key, known.id))
            else:
                fresh.append((*facts, *(row[place] for place in _OF_ROW), known.id))
        self._cursor.executemany(_REWRITE, fresh)
        self._cursor.executemany(_REWRITE_OLDER, older)

    def _hear(self, folds: Sequence[tuple[Known, History]]) -> None:
        """Of a check that was called silent and was not, since what it said in time came late, that is not true."""
        spoke = {known.id: (known, known.history, history.newest.at) for known, history in folds if known.history}
        sql = (
            "SELECT id, silent_noted FROM data_check WHERE silent_noted IS NOT NULL"
            " AND id IN (SELECT value FROM json_each(?))"
        )
        for number, noted in self._cursor.execute(sql, (msgspec.json.encode(list(spoke)).decode(),)).fetchall():
            known, before, at = spoke[number]
            if before is not None and before.newest.at < at <= noted:
                self.told.append(Told(known, Turn("fell silent", before.newest.key, None), is_wrong=True))

    def _row(self, history: History, scope: int) -> tuple[Any, ...]:
        gone = self._around(scope).cover(history.newest.key)
        failing: tuple[Any, ...] = (None, None, None)
        if history.is_failing and history.since is not None:
            before = history.before
            failing = (history.since.at, None if before is None else before.at, history.since.commit)
        passed = (None, None) if history.passed is None else (history.passed.at, history.passed.commit)
        usual, outcome = history.usual, history.newest.outcome
        return (
            packed(history), history.count, history.newest.at, *failing, *passed, history.flips, usual,
            due(history.newest, usual) if gone is None else None, *self._change_of(history, gone),
            None if gone is None else gone[0], outcome, RANKS[outcome] if gone is None else REMOVED,
        )  # fmt: skip

    def _change_of(self, history: History, gone: Key | None) -> tuple[Any, ...]:
        if gone is not None:
            sql = 'SELECT "commit" FROM check_invocation WHERE source = ? AND native = ?'
            row = self._cursor.execute(sql, (self._source, gone[1])).fetchone()
            told = history.last_rule.rule if history.last_rule is not None else 0
            return "removed", gone[0], history.newest.at, row[0] if row else None, told
        change = history.change
        if change is None:
            return None, None, None, None, 0
        return change.kind, change.item.at, change.before.at, change.item.commit, change.before.rule


def _key(item: Item) -> Key:
    return item.key


def _is_at_an_end(known: Known, items: Sequence[Item]) -> bool:
    """Whether they are all newer, or all older, than what the check has."""
    history = known.history
    if history is None or items[0].at > history.newest.at:
        return True
    return items[0].key > history.newest.key or items[-1].key < history.oldest.key
