"""Reading checks: windows by row id, datasets with what their checks say, the history of one, and what spoke where."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ..query import Node, Sort, check_sql, register_functions
from ..query.check_sql import FLAPPING, Terms
from ..records import Check, Identities, Limit, Millis, Outcome, PastResult, Record, RuleChange
from .check_folding import RANKS, REMOVED, SILENT
from .check_reading import AROUND, CHECK, FROM_RESULTS, PAST, past_result, read_check
from .check_rules import Rule, change_between

_limits = msgspec.msgpack.Decoder(tuple[Limit, ...]).decode

_VISIBLE: Final = "data_check.source IN (SELECT id FROM source WHERE NOT hidden)"

Where: TypeAlias = Literal["run", "pipeline", "commit", "digest"]
"""In or of what a check spoke: an MLflow run, a pipeline, a commit, a content of data."""
_WHERE: Final[Mapping[Where, str]] = {
    "run": "run_id", "pipeline": "pipeline_id", "commit": "commit", "digest": "dataset_digest",
}  # fmt: skip


class CheckRow(Record, frozen=True, kw_only=True):
    """A check as the cache knows it."""

    rowid: int
    check: Check
    then: PastResult | None = None
    """What it said in the run, commit or pipeline that was asked for, the last word of it; None of other reads."""


class Mark(Record, frozen=True, kw_only=True):
    """One result on the strip of a check."""

    at: Millis
    interval_at: Millis | None
    outcome: Outcome
    rule_change: RuleChange | None = None
    """The rule was another one in the result before."""


class CheckSummary(Record, frozen=True, kw_only=True):
    """How many checks there are that were not removed, and how they stand."""

    total: int = 0
    outcomes: Mapping[str, int] = {}
    """By their newest result, silent ones too."""
    silent: int = 0
    """That should have spoken since and did not ..."""
    overdue_passes: int = 0
    """... and those of them whose last word was that all is well, which says nothing of now."""
    flapping: int = 0
    removed: int = 0
    """Beside the total."""
    datasets: int = 0


class DatasetChecks(Record, frozen=True, kw_only=True):
    """A dataset with its checks: under its declared name where several tools' names are one."""

    dataset: str
    names: tuple[tuple[str, str], ...] = ()
    """Tool and name, as the tools of these checks call it."""
    total: int = 0
    outcomes: Mapping[str, int] = {}
    silent: int = 0
    overdue_passes: int = 0
    flapping: int = 0
    removed: int = 0
    tools: Mapping[str, int] = {}
    rank: int = REMOVED
    """How bad the worst of them is: 0 failed, 1 could not run, 2 warned, 3 silent, 4 skipped, 5 passed, 6 removed."""


class Complaint(Record, frozen=True, kw_only=True):
    """The newest run of a suite that is no good as such: it had no results, or a file that holds not all of them."""

    source: str
    source_name: str
    tool: str
    suite: str
    environment: str
    at: Millis
    sentence: str
    origin: str
    commit: str | None = None
    run_id: str | None = None


class _Line(Record, frozen=True, kw_only=True):
    """What grouping and ordering need of a check."""

    rowid: int
    tool: str
    named: str
    dataset: str
    outcome: str
    rank: int
    silent: bool
    flapping: bool


class CheckReads:
    """Checks of the sources in the settings. Uses the reader's connection, on the reader's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        register_functions(connection)

    # -- lists --------------------------------------------------------------------------------------------------

    def ids(
        self, where: Node | None = None, sort: Sort | None = None, *, now: Millis, identities: Identities | None = None,
        limit: int | None = None,
    ) -> list[int]:  # fmt: skip
        """Row ids of those that pass at that time.

        Datasets with trouble first and in them the worst first, unless `sort` says otherwise; without a value last.
        """
        if sort is None:
            lines = self._lines(where, now, identities)
            worst = _worst(lines)
            lines.sort(key=lambda line: (worst[line.dataset], line.dataset, line.rank))
            return [line.rowid for line in lines[:limit]]
        terms = Terms(now, identities)
        test, key = check_sql.test(where, terms), check_sql.value(sort.field, terms)
        sql = (
            f"SELECT id FROM data_check WHERE {_VISIBLE} AND {test.text}"
            f" ORDER BY ({key}) IS NULL, {key}{' DESC' if sort.descending else ''}, rank, dataset, name, id LIMIT ?"
        )
        rows = self._connection.execute(sql, (*test.parameters, -1 if limit is None else limit))
        return [row[0] for row in rows]

    def count(self, where: Node | None = None, *, now: Millis, identities: Identities | None = None) -> int:
        """How many pass, removed ones too."""
        test = check_sql.test(where, Terms(now, identities))
        sql = f"SELECT count(*) FROM data_check WHERE {_VISIBLE} AND {test.text}"
        return int(self._connection.execute(sql, test.parameters).fetchone()[0])

    def summary(self, where: Node | None, now: Millis, identities: Identities | None = None) -> CheckSummary:
        """How those stand that pass."""
        lines = self._lines(where, now, identities)
        here = [line for line in lines if line.rank != REMOVED]
        return CheckSummary(
            total=len(here), outcomes=dict(Counter(line.outcome for line in here)), silent=_count(here, "silent"),
            overdue_passes=sum(line.silent and line.outcome == "pass" for line in here),
            flapping=_count(here, "flapping"), removed=len(lines) - len(here),
            datasets=len({line.dataset for line in here}),
        )  # fmt: skip

    def groups(self, where: Node | None, now: Millis, identities: Identities | None = None) -> list[DatasetChecks]:
        """The datasets of those that pass, in the order in which `ids` has them."""
        of: dict[str, list[_Line]] = defaultdict(list)
        for line in self._lines(where, now, identities):
            of[line.dataset].append(line)
        return sorted((_group(name, lines) for name, lines in of.items()), key=lambda one: (one.rank, one.dataset))

    def _lines(self, where: Node | None, now: Millis, identities: Identities | None) -> list[_Line]:
        test = check_sql.test(where, Terms(now, identities))
        sql = (
            "SELECT id, tool, dataset, outcome, rank, coalesce(due_at < ?, 0), removed_at IS NULL AND flips >= ?"
            f' FROM data_check WHERE {_VISIBLE} AND {test.text} ORDER BY name, "column", id'
        )
        known = Identities() if identities is None else identities
        return [
            _Line(
                rowid=rowid, tool=tool, named=dataset, dataset=known.name_of(tool, dataset) or dataset, outcome=outcome,
                rank=min(rank, SILENT) if silent and rank != REMOVED else rank, silent=bool(silent),
                flapping=bool(flapping),
            )
            for rowid, tool, dataset, outcome, rank, silent, flapping in self._connection.execute(
                sql, (now, FLAPPING, *test.parameters)
            )
        ]  # fmt: skip

    # -- checks -------------------------------------------------------------------------------------------------

    def rows(self, rowids: Sequence[int]) -> list[CheckRow]:
        """The checks with these row ids, in the order asked; those that are gone are left out."""
        own = ", ".join(f'data_check."{name}"' for name in CHECK)
        sql = (
            f"SELECT {own}, s.key, s.name, b.definition, {PAST} FROM data_check JOIN source AS s"
            " ON s.id = data_check.source JOIN check_result AS r ON r.of_check = data_check.id"
            " AND r.at = data_check.checked_at AND r.invocation = data_check.newest"
            " JOIN check_invocation AS i ON i.id = r.invocation JOIN data_check AS c ON c.id = data_check.id"
            " LEFT JOIN check_rule AS q ON q.id = r.rule LEFT JOIN check_rule AS b ON b.id = data_check.rule_before"
            " WHERE data_check.id IN (SELECT value FROM json_each(?))"
        )
        found = {row[0]: row for row in self._connection.execute(sql, (_json(rowids),))}
        return [CheckRow(rowid=rowid, check=read_check(found[rowid])) for rowid in rowids if rowid in found]

    def find(self, check_id: str) -> int | None:
        """Row id of the check with this id."""
        sql = f"SELECT id FROM data_check WHERE native = ? AND {_VISIBLE} LIMIT 1"
        row = self._connection.execute(sql, (check_id,)).fetchone()
        return row[0] if row else None

    def beginning(self, prefix: str, limit: int = 10) -> list[int]:
        """Row ids of those whose id begins so, at most `limit`; none for the empty text."""
        if not prefix:
            return []
        sql = f"SELECT id FROM data_check WHERE native >= ? AND native < ? AND +{_VISIBLE} LIMIT ?"
        return [row[0] for row in self._connection.execute(sql, (prefix, prefix + "\U0010ffff", limit))]

    def of_datasets(self, names: Iterable[tuple[str, str]]) -> list[CheckRow]:
        """The checks of these datasets, as pairs of tool and the tool's name; the tool "" is any. The worst first."""
        pairs = list(dict.fromkeys(names))
        sql = (
            "SELECT c.id FROM check_scope AS p JOIN data_check AS c ON c.scope = p.id"
            " JOIN source AS s ON s.id = c.source AND NOT s.hidden"
            " WHERE p.dataset IN (SELECT value FROM json_each(?)) ORDER BY c.rank, c.name, c.id"
        )
        found = self.rows([row[0] for row in self._connection.execute(sql, (_json([name for _, name in pairs]),))])
        wanted = set(pairs)
        return [row for row in found if {("", row.check.dataset), (row.check.tool, row.check.dataset)} & wanted]

    # -- by where they spoke ------------------------------------------------------------------------------------

    def of_run(self, run_id: str, limit: int | None = None) -> list[CheckRow]:
        """The checks that spoke in this MLflow run, by its native id, with what they said in it last: worst first."""
        return self.spoke("run", run_id, limit)

    def of_pipeline(self, pipeline_id: str, limit: int | None = None) -> list[CheckRow]:
        """The checks that spoke in this pipeline."""
        return self.spoke("pipeline", pipeline_id, limit)

    def of_commit(self, sha: str, limit: int | None = None) -> list[CheckRow]:
        """The checks that spoke of this commit. An abbreviated sha finds all that begin so."""
        return self.spoke("commit", sha, limit)

    def of_digest(self, digest: str, limit: int | None = None) -> list[CheckRow]:
        """The checks that spoke of data of this content; none for the empty text."""
        return self.spoke("digest", digest, limit)

    def said(self, where: Where, native: str) -> dict[int, Outcome]:
        """How those that spoke there stood, by row id, by their last word there. 6,000 words in 10 ms."""
        return {rowid: outcome for rowid, (outcome, _) in self._said(where, native).items()}

    def spoke(
        self, where: Where, native: str, limit: int | None = None, among: Collection[int] | None = None
    ) -> list[CheckRow]:
        """The checks that spoke there with their last word there, the worst first; `among`: only these row ids."""
        said = self._said(where, native)
        chosen = [rowid for rowid in said if among is None or rowid in among]
        chosen.sort(key=lambda rowid: (RANKS[said[rowid][0]], rowid))
        pairs = [(rowid, said[rowid][1]) for rowid in chosen[:limit]]
        sql = (
            f"SELECT r.of_check, {PAST} FROM json_each(?) AS j CROSS JOIN check_result AS r ON"
            f" r.of_check = json_extract(j.value, '$[0]') AND r.invocation = json_extract(j.value, '$[1]') {AROUND}"
        )
        then = {row[0]: past_result(row[1:]) for row in self._connection.execute(sql, (_json(pairs),))}
        rows = self.rows([rowid for rowid, _ in pairs])
        return [msgspec.structs.replace(row, then=then.get(row.rowid)) for row in rows]

    def _said(self, where: Where, native: str) -> dict[int, tuple[Outcome, int]]:
        """By check: outcome and invocation of its last word."""
        column = f'i."{_WHERE[where]}"'
        test, bound = f"{column} = ?", [native]
        if where == "commit":
            test, bound = f"{column} >= ? AND {column} < ?", [native, native + "g"]
        sql = (
            "SELECT r.of_check, r.outcome, r.invocation FROM check_invocation AS i"
            " JOIN source AS s ON s.id = i.source AND NOT s.hidden"
            f" CROSS JOIN check_result AS r ON r.invocation = i.id WHERE {test} ORDER BY i.at, i.native"
        )
        rows = self._connection.execute(sql, bound) if native else ()
        return {rowid: (outcome, invocation) for rowid, outcome, invocation in rows}  # a later one takes its place

    # -- results ------------------------------------------------------------------------------------------------

    def history(self, rowid: int, limit: int = 200, before: Millis | None = None) -> list[PastResult]:
        """The results of a check, newest first; those of `before` a time only where that is given."""
        sql = f"SELECT {PAST} {FROM_RESULTS} WHERE r.of_check = ? AND r.at < ? ORDER BY r.at DESC, i.native DESC"
        rows = self._connection.execute(f"{sql} LIMIT ?", (rowid, 2**62 if before is None else before, limit))
        return [past_result(row) for row in rows]

    def result(self, check_id: str, invocation_id: str) -> PastResult | None:
        """One result; both ids exactly."""
        sql = (
            f"SELECT {PAST} {FROM_RESULTS} JOIN source AS s ON s.id = c.source AND NOT s.hidden"
            " WHERE c.native = ? AND i.source = c.source AND i.native = ? LIMIT 1"
        )
        row = self._connection.execute(sql, (check_id, invocation_id)).fetchone()
        return None if row is None else past_result(row)

    def outcomes(self, rowids: Sequence[int], since: Millis, until: Millis) -> dict[int, list[Mark]]:
        """The results of these checks from `since` until before `until`, oldest first; those without any too."""
        sql = (
            "SELECT r.of_check, r.at, i.interval_at, r.outcome, r.rule FROM check_result AS r"
            " JOIN check_invocation AS i ON i.id = r.invocation WHERE r.of_check IN (SELECT value FROM json_each(?))"
            " AND r.at >= ? AND r.at < ? ORDER BY r.of_check, r.at, i.native"
        )
        rows = self._connection.execute(sql, (_json(rowids), since, until)).fetchall()
        last = self._rules_before(rowids, since)
        rules = self._rules({row[4] for row in rows} | set(last.values()))
        found: dict[int, list[Mark]] = {rowid: [] for rowid in rowids}
        for rowid, at, interval_at, outcome, number in rows:
            rule = rules[number]
            change = change_between(rules[last[rowid]], rule) if rowid in last else None
            found[rowid].append(Mark(at=at, interval_at=interval_at, outcome=outcome, rule_change=change))
            if rule.definition:
                last[rowid] = number
        return found

    def _rules_before(self, rowids: Sequence[int], at: Millis) -> dict[int, int]:
        sql = (
            "SELECT j.value, (SELECT r.rule FROM check_result AS r JOIN check_rule AS q ON q.id = r.rule"
            " AND q.definition != '' WHERE r.of_check = j.value AND r.at < ? ORDER BY r.at DESC LIMIT 1)"
            " FROM json_each(?) AS j"
        )
        rows = self._connection.execute(sql, (at, _json(rowids)))
        return {rowid: rule for rowid, rule in rows if rule is not None}

    def _rules(self, numbers: Iterable[int]) -> dict[int, Rule]:
        sql = "SELECT id, definition, limits FROM check_rule WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(sql, (_json(list(numbers)),))
        found = {number: Rule(text, _limits(limits) if limits else ()) for number, text, limits in rows}
        return defaultdict(Rule, found)

    # -- what is wrong with what was read -----------------------------------------------------------------------

    def complaints(self) -> list[Complaint]:
        """The suites whose newest run is no good as such, newest first."""
        sql = (
            "SELECT s.key, s.name, i.tool, i.suite, i.environment, i.at, i.complaint, i.origin,"
            ' i."commit", i.run_id'
            " FROM check_invocation AS i JOIN source AS s ON s.id = i.source AND NOT s.hidden WHERE i.complaint != ''"
            " AND NOT EXISTS (SELECT 1 FROM check_invocation AS n WHERE n.source = i.source AND n.tool = i.tool"
            " AND n.suite = i.suite AND n.environment = i.environment AND n.at > i.at) ORDER BY i.at DESC, i.id"
        )
        names = (
            "source",
            "source_name",
            "tool",
            "suite",
            "environment",
            "at",
            "sentence",
            "origin",
            "commit",
            "run_id",
        )
        return [Complaint(**dict(zip(names, row, strict=True))) for row in self._connection.execute(sql)]


def _json(values: Sequence[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _count(lines: Iterable[_Line], name: str) -> int:
    return sum(getattr(line, name) for line in lines)


def _worst(lines: Iterable[_Line]) -> dict[str, int]:
    worst: dict[str, int] = {}
    for line in lines:
        worst[line.dataset] = min(line.rank, worst.get(line.dataset, REMOVED))
    return worst


def _group(name: str, lines: Sequence[_Line]) -> DatasetChecks:
    here = [line for line in lines if line.rank != REMOVED]
    return DatasetChecks(
        dataset=name, names=tuple(sorted({(line.tool, line.named) for line in lines})), total=len(here),
        outcomes=dict(Counter(line.outcome for line in here)), silent=_count(here, "silent"),
        overdue_passes=sum(line.silent and line.outcome == "pass" for line in here), flapping=_count(here, "flapping"),
        removed=len(lines) - len(here), tools=dict(Counter(line.tool for line in here).most_common()),
        rank=min(line.rank for line in lines),
    )  # fmt: skip
