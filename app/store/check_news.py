"""What turned of checks, as news for state.db.

Beside each event go the two results around it, so that a cache that is built anew still knows since when a check
fails, though a tool like dbt has overwritten the file that said so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from ..exact import span
from ..records import CheckResult, Event, EventRef, Invocation, Limit, Millis, Subject
from .check_folding import Told
from .check_history import Key, Turn
from .check_rules import Rule
from .events import event_id
from .news import Kept, leave_events, leave_news

HEAD: Final = (
    "native", "tool", "version", "suite", "environment", "at", "interval", "interval_at", "origin", "commit", "run_id",
    "pipeline_id", "dataset_digest",
)  # fmt: skip
"""Columns of an invocation that are fields too; `native` is its id."""
RESULT: Final = ("outcome", "observed", "failed_rows", "total_rows", "message", "ordinal")
_JOINED: Final = (
    f"SELECT {', '.join(f'i.{chr(34)}{name}{chr(34)}' for name in HEAD)}, {', '.join(f'r.{name}' for name in RESULT)},"
    ' q.definition, q.limits, q.severity, q.expected, c.name, c.dataset, c."column"'
    " FROM check_result AS r JOIN data_check AS c ON c.id = r.of_check"
    " JOIN check_invocation AS i ON i.id = r.invocation LEFT JOIN check_rule AS q ON q.id = r.rule"
    " WHERE r.of_check = ? AND r.at = ? AND i.native = ?"
)

_encode = msgspec.msgpack.Encoder().encode
_limits = msgspec.msgpack.Decoder(tuple[Limit, ...]).decode


def write_news(
    cursor: sqlite3.Cursor, source: str, told: Iterable[Told], rule: Callable[[sqlite3.Cursor, int], Rule], now: Millis
) -> None:
    """Leave word of these. `source` is the key; `rule` reads one by its number."""
    read = lru_cache(maxsize=None)(lambda check, key: _result(cursor, check, key))
    rows: list[tuple[str, bytes]] = []
    kept: dict[tuple[str, str], bytes] = {}
    for one in told:
        if one.is_wrong:
            rows.append(("wrong", turn_id(source, one.check.native, one.turn).encode()))
            continue
        around = [item for item in (one.turn.before, one.turn.item) if item is not None]
        found = [read(one.check.id, item.key) for item in around]
        for item, invocation in zip(around, found, strict=True):
            kept[one.check.native, item.id] = _encode(Kept(one.check.native, invocation))
        shown = found[-1] if one.turn.item is not None else _cover(cursor, found[-1], one, source)
        rules = [rule(cursor, item.rule) for item in around]
        rows.append(("event", _encode(_turn_event(source, one.check.native, one.turn, shown, rules, now))))
    rows += (("kept", record) for record in kept.values())
    leave_news(cursor, source, rows)


def newly_silent(connection: sqlite3.Connection, source: str, now: Millis) -> list[tuple[Any, ...]]:
    """The checks of this source that are overdue by now and of which that was not told yet; for `write_silence`."""
    sql = (
        "SELECT c.id, c.native, i.native, c.due_at, c.checked_at, c.usual, c.name, c.dataset, c.environment"
        " FROM source AS s JOIN data_check AS c ON c.source = s.id AND c.due_at < ? AND c.silent_noted IS NOT c.due_at"
        " JOIN check_invocation AS i ON i.id = c.newest WHERE s.key = ?"
    )
    return connection.execute(sql, (now, source)).fetchall()


def write_silence(cursor: sqlite3.Cursor, source: str, silent: Sequence[tuple[Any, ...]], now: Millis) -> None:
    """Leave word of these, once."""
    leave_events(cursor, source, (_silence(source, now, *row[1:]) for row in silent))
    cursor.executemany("UPDATE data_check SET silent_noted = due_at WHERE id = ?", [(row[0],) for row in silent])


def turn_id(source: str, check: str, turn: Turn) -> str:
    """The id of a turn's event: which check, which invocation, and what."""
    return event_id(source, event_kind(turn.kind), f"{check}.{turn.at[1]}")


def event_kind(kind: str) -> str:
    """How a turn is called among the events."""
    return f"check {kind}" if kind in ("began to fail", "recovered", "fell silent") else f"check's rule {kind}"


def _usual(milliseconds: Millis) -> str:
    """`24 h`: to the minute only where that tells something."""
    return span(milliseconds).removesuffix(" 00 m").removesuffix(" 0 h")


def _silence(
    source: str, now: Millis, check: str, invocation: str, due_at: Millis, checked_at: Millis, usual: Millis, *name: str
) -> Event:
    """It should have spoken by `due_at`, and was last heard in that invocation."""
    kind = event_kind("fell silent")
    return Event(
        id=event_id(source, kind, f"{check}.{invocation}"), at=due_at, not_before=checked_at, seen_at=now, kind=kind,
        title=f"{_named(*name)} fell silent; it usually speaks every {_usual(usual)}", source=source,
        refs=(_ref("check", check, role="subject"), _ref("result", f"{check}.{invocation}")),
    )  # fmt: skip


def _turn_event(
    source: str, check: str, turn: Turn, shown: Invocation, rules: Sequence[Rule], now: Millis
) -> Event:  # fmt: skip
    return Event(
        id=turn_id(source, check, turn), at=turn.at[0], not_before=None if turn.before is None else turn.before.at,
        seen_at=now, kind=event_kind(turn.kind), title=_title(turn, shown, rules), source=source,
        refs=tuple(_refs(check, turn, shown)),
    )  # fmt: skip


def _named(name: str, dataset: str, environment: str) -> str:
    """How a check is called in a title: `not_null(id) of orders (prod)`."""
    return f"{name}{f' of {dataset}' if dataset else ''}{f' ({environment})' if environment else ''}"


def _title(turn: Turn, shown: Invocation, rules: Sequence[Rule]) -> str:
    result = shown.results[0]
    check = _named(result.name, result.dataset, shown.environment)
    if turn.kind == "began to fail":
        verdict, why = ("could not run", result.message) if result.outcome == "error" else ("failed", result.observed)
        return f"{check} {verdict}{f': {why}' if why else ''}"
    if turn.kind in ("recovered", "removed", "returned"):
        told = {"recovered": "passes again", "removed": "is no longer checked", "returned": "is checked again"}
        return f"{check} {told[turn.kind]}"
    return f"{check}: rule {turn.kind}{_limits_told(*rules)}"


def _limits_told(before: Rule, after: Rule) -> str:
    """`, mostly 0.99 → 0.97`: the limits that differ, where both have them."""
    old = {limit.name: limit.value for limit in before.limits}
    told = [
        f"{limit.name} {old[limit.name]:.12g} → {limit.value:.12g}"
        for limit in after.limits
        if limit.name in old and old[limit.name] != limit.value
    ]
    return "".join(f", {one}" for one in told)


def _refs(check: str, turn: Turn, shown: Invocation) -> Iterator[EventRef]:
    yield _ref("check", check, role="subject")
    if turn.item is not None:
        yield _ref("result", f"{check}.{turn.item.id}")
    facts = {"commit": shown.commit, "run": shown.run_id, "pipeline": shown.pipeline_id}
    yield from (
        _ref(kind, native, role="code" if kind == "commit" else kind) for kind, native in facts.items() if native
    )
    dataset = shown.results[0].dataset
    if dataset and shown.dataset_digest:
        yield _ref("dataset", dataset, shown.dataset_digest)


def _ref(kind: str, *parts: str, role: str = "") -> EventRef:
    return EventRef(subject=str(Subject(kind=kind, parts=parts)), role=role or kind)


def _result(cursor: sqlite3.Cursor, check: int, key: Key) -> Invocation:
    row = cursor.execute(_JOINED, (check, *key)).fetchone()
    return read_one(row)


def read_one(row: Sequence[Any]) -> Invocation:
    """An invocation with one result, out of the columns that `_JOINED` selects."""
    native, *head = row[: len(HEAD)]
    outcome, observed, failed, total, message, ordinal = row[len(HEAD) : len(HEAD) + len(RESULT)]
    definition, limits, severity, expected, name, dataset, column = row[len(HEAD) + len(RESULT) :]
    result = CheckResult(
        name=name, dataset=dataset, column=column, outcome=outcome, observed=observed, failed_rows=failed,
        total_rows=total, message=message or "", ordinal=ordinal or 0, definition=definition or "",
        limits=_limits(limits) if limits else (), severity=severity or "", expected=expected,
    )  # fmt: skip
    return Invocation(source="", id=native, **dict(zip(HEAD[1:], head, strict=True)), results=(result,))


def _cover(cursor: sqlite3.Cursor, last: Invocation, told: Told, source: str) -> Invocation:
    """The run that was without the check, with the last result of that."""
    columns = ", ".join(f'"{name}"' for name in HEAD)
    sql = (
        f"SELECT {columns} FROM check_invocation WHERE native = ?"
        " AND source = (SELECT s.id FROM source AS s WHERE s.key = ?)"
    )
    native, *head = cursor.execute(sql, (told.turn.at[1], source)).fetchone()
    return Invocation(source="", id=native, **dict(zip(HEAD[1:], head, strict=True)), results=last.results)
