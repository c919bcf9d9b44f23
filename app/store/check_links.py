"""Which checks and which of their results belong to a run, a commit, a pipeline, a content or a name of data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from ..records import CheckResult, PastResult

Of: TypeAlias = Literal["run_id", "commit", "pipeline_id", "dataset_digest"]
"""What an invocation can be known by."""

LOOKED_AT: Final = 5_000
"""Results that are looked at for one run, commit, pipeline or content: a suite has hundreds of checks."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_texts = msgspec.json.encode


class Spoken(NamedTuple):
    """A result, and the row id of its check."""

    check: int
    past: PastResult


def results_of(connection: sqlite3.Connection, of: Of, values: Iterable[str]) -> list[Spoken]:
    """Of each check its newest result among these runs, commits, pipelines or digests; the newest first."""
    found: dict[int, Spoken] = {}
    for value in dict.fromkeys(values):
        for row in connection.execute(_sql(of), (value, LOOKED_AT)):
            spoken = _spoken(row)
            if spoken.check not in found or spoken.past.at > found[spoken.check].past.at:
                found[spoken.check] = spoken
    return sorted(found.values(), key=lambda one: (-one.past.at, one.check))


def _sql(of: Of) -> str:
    return (
        'SELECT r.of_check, c.native, i.native, r.at, c.name, c.dataset, c."column", r.outcome, u.severity,'
        " u.definition, u.expected, r.observed, r.failed_rows, r.total_rows, r.message, r.ordinal, i.interval,"
        ' i.interval_at, i."commit", i.run_id, i.pipeline_id, i.dataset_digest, i.origin'
        " FROM check_invocation i JOIN check_result r ON r.invocation = i.id JOIN data_check c ON c.id = r.of_check"
        f' LEFT JOIN check_rule u ON u.id = r.rule WHERE i."{of}" = ? AND +i.{_VISIBLE} ORDER BY i.at DESC LIMIT ?'
    )


def _spoken(row: Sequence[Any]) -> Spoken:
    result = CheckResult(
        name=row[4], dataset=row[5], column=row[6], outcome=row[7], severity=row[8] or "", definition=row[9] or "",
        expected=row[10], observed=row[11], failed_rows=row[12], total_rows=row[13], message=row[14] or "",
        ordinal=row[15] or 0,
    )  # fmt: skip
    past = PastResult(
        id=f"{row[1]}.{row[2]}", result=result, at=row[3], interval=row[16], interval_at=row[17], commit=row[18],
        run_id=row[19], pipeline_id=row[20], dataset_digest=row[21], origin=row[22], invocation=row[2],
    )  # fmt: skip
    return Spoken(row[0], past)


def checks_of_names(connection: sqlite3.Connection, names: Iterable[str], tool: str | None = None) -> list[int]:
    """Row ids of the checks of data that is called so, by one tool or by any; the last checked first."""
    wanted = [name for name in dict.fromkeys(names) if name]
    which = "" if tool is None else " AND s.tool = ?"
    sql = (
        "SELECT c.id FROM check_scope s INDEXED BY check_scope_dataset JOIN data_check c ON c.scope = s.id"
        f" WHERE s.dataset IN (SELECT value FROM json_each(?)){which} AND +s.{_VISIBLE}"
        " ORDER BY c.checked_at DESC, c.id LIMIT ?"
    )
    bound = (_texts(wanted).decode(), *([] if tool is None else [tool]), LOOKED_AT)
    return [row[0] for row in connection.execute(sql, bound)]


class Standing(NamedTuple):
    """How a check stands by its newest result."""

    outcome: str
    is_removed: bool


def standings(connection: sqlite3.Connection, checks: Iterable[int]) -> dict[int, Standing]:
    """How these checks stand, by their row ids."""
    sql = "SELECT id, outcome, removed_at IS NOT NULL FROM data_check WHERE id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(sql, (_texts(list(checks)).decode(),))
    return {rowid: Standing(outcome, bool(is_removed)) for rowid, outcome, is_removed in rows}
