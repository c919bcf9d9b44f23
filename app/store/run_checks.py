"""What data checks said in runs, for the runs of a window: a count an outcome, not the checks themselves."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ..records import Record

WORST_FIRST: Final = ("fail", "error", "warn", "pass", "skipped")
"""Which outcome stands for several. Checks that were skipped say nothing: with nothing else they are no green."""


LAST: Final = 32
"""Invocations of one run, or of one content, that are looked at: data that never changes is checked every night."""


class RunChecks(Record, frozen=True, kw_only=True):
    """What checks said in one run, or of one content of data: of each check the last word."""

    outcome: str
    """The worst of them."""
    outcomes: Mapping[str, int] = {}


def any_checks(connection: sqlite3.Connection) -> bool:
    """Whether any check ever spoke in a run, or named the content that it spoke of."""
    sql = (
        "SELECT 1 FROM check_invocation WHERE source IN (SELECT id FROM source WHERE NOT hidden)"
        " AND (run_id IS NOT NULL OR dataset_digest IS NOT NULL) LIMIT 1"
    )
    return connection.execute(sql).fetchone() is not None


def checks_of_runs(connection: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, RunChecks]:
    """What checks said in each of these MLflow runs, by native ids; runs without any are left out."""
    return _by(connection, "run_id", run_ids)


def checks_of_digests(connection: sqlite3.Connection, digests: Iterable[str]) -> dict[str, RunChecks]:
    """What checks said of data of each of these contents; those without any are left out."""
    return _by(connection, "dataset_digest", digests)


def _by(connection: sqlite3.Connection, column: str, wanted: Iterable[str]) -> dict[str, RunChecks]:
    # max() makes SQLite take the other columns from the row that it is of: the last word of each check
    sql = (
        "SELECT j.value, r.outcome, max(r.at) FROM json_each(?) AS j JOIN check_invocation AS i ON i.id IN"
        f" (SELECT n.id FROM check_invocation AS n WHERE n.{column} = j.value ORDER BY n.at DESC LIMIT {LAST})"
        " JOIN source AS s ON s.id = i.source AND NOT s.hidden JOIN check_result AS r ON r.invocation = i.id"
        " GROUP BY j.value, r.of_check"
    )
    bound = msgspec.json.encode([one for one in dict.fromkeys(wanted) if one]).decode()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for native, outcome, _ in connection.execute(sql, (bound,)):
        found[native][outcome] += 1
    return {
        native: RunChecks(outcome=min(outcomes, key=WORST_FIRST.index), outcomes=dict(outcomes))
        for native, outcomes in found.items()
    }
