"""Reading pipelines: windows by row id, what broke since the last green, and how a commit does."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Any, Final

from ..query import Field, Node, Sort, pipeline_sql, register_functions
from ..records import CommitsBetween, Job, Millis, Pipeline, Record
from .between import commits_between
from .pipeline_writes import JOB, read_extras, read_job

WORST_FIRST: Final = ("failed", "unknown", "cancelled", "waiting", "running", "queued", "passed", "skipped")
"""Which status stands for several: a failure that is known outweighs what still runs, and no word that we do not know
is outweighed by a green one."""

USUAL_OF: Final = 20
"""Passed runs whose median duration is the usual one ..."""
USUAL_FROM: Final = 3
"""... and how many of them a branch of its own needs; with fewer all branches count."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_NEWEST: Final = "at DESC, id DESC"
_DEFAULT: Final = Sort(Field("pipeline", "created_at"), True)

_COLUMNS: Final = (
    'p.id, s.key, p.native, p.name, p.status, p.raw_status, p.number, p.title, p.branch, p."commit", p.event, p.actor,'
    " p.attempt, p.url, p.created_at, p.started_at, p.ended_at, p.updated_at, p.jobs IS NOT NULL, p.extras, s.name,"
    " p.changed_at, p.source"
)


class PipelineRow(Record, frozen=True, kw_only=True):
    """A pipeline as the cache knows it."""

    rowid: int
    pipeline: Pipeline
    source_name: str
    """The label of its source."""
    usual: int | None = None
    """Milliseconds that it takes when it passes: the median of the last 20 whole runs of the same name on the same
    branch, or on all branches where that one has not three; None before the first."""
    changed_at: Millis
    """When the cache last learnt something new of it."""


class CommitChecks(Record, frozen=True, kw_only=True):
    """What pipelines say of one commit: of each name the newest."""

    status: str
    """The worst of them; see WORST_FIRST."""
    passed: int = 0
    failed: int = 0
    running: int = 0
    """That did not come to an end: queued and waiting ones too."""
    names: tuple[str, ...] = ()
    """Of the pipelines, the worst first."""
    rowids: tuple[int, ...] = ()
    """The pipelines themselves, in the same order."""


class Breakage(Record, frozen=True, kw_only=True):
    """Since when a pipeline of this name on this branch is not green."""

    first_bad: int
    """Row id of the first that failed after the last green ..."""
    last_green: int | None = None
    """... and of the one that passed before it; None where the cache has none."""
    commits: CommitsBetween | None = None
    """What lies between their commits; None when Git's history of both is not here."""


class PipelineReads:
    """Pipelines of the sources in the settings. Uses the reader's connection, on the reader's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        register_functions(connection)

    def ids(self, where: Node | None, sort: Sort | None = None, limit: int | None = None) -> list[int]:
        """Row ids of those that pass, newest first unless `sort` says otherwise; without a value last."""
        test = pipeline_sql.test(where)
        order, bound = _NEWEST, tuple[object, ...]()
        if sort is not None and sort != _DEFAULT:
            key = pipeline_sql.value(sort.field, largest=sort.descending)
            order = f"({key.text}) IS NULL, {key.text}{' DESC' if sort.descending else ''}, {_NEWEST}"
            bound = (*key.parameters, *key.parameters)
        # the sign keeps SQLite from reading a source at a time and sorting: the index of times is in order already
        sql = f"SELECT id FROM pipeline WHERE +{_VISIBLE} AND {test.text} ORDER BY {order} LIMIT ?"
        rows = self._connection.execute(sql, (*test.parameters, *bound, -1 if limit is None else limit))
        return [row[0] for row in rows]

    def count(self, where: Node | None = None) -> int:
        """How many pass."""
        test = pipeline_sql.test(where)
        sql = f"SELECT count(*) FROM pipeline WHERE {_VISIBLE} AND {test.text}"
        return int(self._connection.execute(sql, test.parameters).fetchone()[0])

    def rows(self, rowids: Sequence[int]) -> list[PipelineRow]:
        """The pipelines with these row ids, with their jobs, in the order asked; those that are gone are left out."""
        ids = tuple(rowids)
        sql = (
            f"SELECT {_COLUMNS} FROM pipeline p JOIN source s ON s.id = p.source"
            f" WHERE p.id IN ({', '.join('?' * len(ids))})"
        )
        found = {row[0]: row for row in self._connection.execute(sql, ids)}
        jobs = self._jobs([rowid for rowid, row in found.items() if row[18]])
        usual: dict[tuple[int, str, str], int | None] = {}
        for row in found.values():
            line = (row[22], row[3], row[8])
            if line not in usual:
                usual[line] = self._usual(*line)
        return [
            _pipeline_row(found[rowid], jobs, usual[found[rowid][22], found[rowid][3], found[rowid][8]])
            for rowid in ids
            if rowid in found
        ]

    def _jobs(self, rowids: Sequence[int]) -> dict[int, list[Job]]:
        found: dict[int, list[Job]] = defaultdict(list)
        sql = (
            f"SELECT pipeline, native, needs, steps, {', '.join(JOB)} FROM job"
            f" WHERE pipeline IN ({', '.join('?' * len(rowids))}) ORDER BY id"
        )
        for row in self._connection.execute(sql, tuple(rowids)):
            found[row[0]].append(read_job(row[1], row[2], row[3], row[4:]))
        return found

    def _usual(self, source: int, name: str, branch: str) -> int | None:
        passed = "status = 'passed' AND attempt = 1 AND ended_at >= started_at ORDER BY at DESC LIMIT ?"
        sql = f"SELECT ended_at - started_at FROM pipeline WHERE source = ? AND name = ? AND branch = ? AND {passed}"
        spans = self._connection.execute(sql, (source, name, branch, USUAL_OF)).fetchall()
        if len(spans) < USUAL_FROM:
            sql = f"SELECT ended_at - started_at FROM pipeline WHERE source = ? AND name = ? AND {passed}"
            spans = self._connection.execute(sql, (source, name, USUAL_OF)).fetchall()
        return median_low(row[0] for row in spans) if spans else None

    # -- one of them --------------------------------------------------------------------------------------------

    def find(self, native: str, source: str | None = None) -> int | None:
        """Row id of the pipeline with this id of its vendor's; of several sources' the newest."""
        which, bound = _of_source(source)
        sql = f"SELECT id FROM pipeline WHERE {which} AND native = ? ORDER BY {_NEWEST} LIMIT 1"
        row = self._connection.execute(sql, (*bound, native)).fetchone()
        return row[0] if row else None

    def beginning(self, native: str, limit: int = 10, *, source: str | None = None) -> list[int]:
        """Row ids of those whose id begins so, at most `limit`, of one source or of all; none for the empty text."""
        if not native:
            return []
        which, bound = _of_source(source)
        sql = f"SELECT id FROM pipeline WHERE {which} AND native >= ? AND native < ? LIMIT ?"
        return [row[0] for row in self._connection.execute(sql, (*bound, native, native + "\U0010ffff", limit))]

    def numbered(self, written: str, limit: int = 10, *, source: str | None = None) -> list[int]:
        """Row ids of those with this number, `10` or `#10`, the newest first; none where it is no number."""
        number = written.removeprefix("#")
        if not (number.isascii() and number.isdigit()):
            return []
        which, bound = _of_source(source)
        sql = f"SELECT id FROM pipeline WHERE {which} AND number = ? ORDER BY {_NEWEST} LIMIT ?"
        return [row[0] for row in self._connection.execute(sql, (*bound, number, limit))]

    def job(self, native: str, source: str | None = None) -> tuple[int, Job] | None:
        """The job with this id of its vendor's, and the row id of its pipeline; of several the newest pipeline's."""
        which, bound = _of_source(source)
        columns = ", ".join(f"j.{name}" for name in JOB)
        sql = (
            f"SELECT j.pipeline, j.native, j.needs, j.steps, {columns} FROM job j JOIN pipeline p ON p.id = j.pipeline"
            f" WHERE j.native = ? AND +{which} ORDER BY p.at DESC, p.id DESC LIMIT 1"
        )
        row = self._connection.execute(sql, (native, *bound)).fetchone()
        return (row[0], read_job(row[1], row[2], row[3], row[4:])) if row else None

    def jobs_beginning(self, native: str, limit: int = 10) -> list[tuple[int, Job]]:
        """The jobs whose id begins so and the row ids of their pipelines, at most `limit`; none for the empty text."""
        if not native:
            return []
        columns = ", ".join(f"j.{name}" for name in JOB)
        sql = (
            f"SELECT j.pipeline, j.native, j.needs, j.steps, {columns} FROM job j JOIN pipeline p ON p.id = j.pipeline"
            f" WHERE j.native >= ? AND j.native < ? AND +{_VISIBLE} ORDER BY p.at DESC, p.id DESC, j.id LIMIT ?"
        )
        rows = self._connection.execute(sql, (native, native + "\U0010ffff", limit))
        return [(row[0], read_job(row[1], row[2], row[3], row[4:])) for row in rows]

    # -- by commit ----------------------------------------------------------------------------------------------

    def of_commit(self, sha: str) -> list[int]:
        """Row ids of what ran on this commit, newest first. An abbreviated sha finds all that begin so."""
        if not sha:
            return []
        sql = (
            'SELECT id FROM pipeline INDEXED BY pipeline_commit WHERE "commit" >= ? AND "commit" < ?'
            f" AND +{_VISIBLE} ORDER BY {_NEWEST}"
        )
        return [row[0] for row in self._connection.execute(sql, (sha, sha + "g"))]

    def of_commits(self, shas: Iterable[str]) -> dict[str, CommitChecks]:
        """What pipelines say of each of these commits, in full; those without any are left out."""
        wanted = tuple(dict.fromkeys(shas))
        sql = (
            'SELECT "commit", source, name, status, id FROM pipeline INDEXED BY pipeline_commit'
            f' WHERE "commit" IN ({", ".join("?" * len(wanted))}) AND +{_VISIBLE} ORDER BY at, id'
        )
        newest: dict[str, dict[tuple[int, str], tuple[str, int]]] = defaultdict(dict)
        for sha, source, name, status, rowid in self._connection.execute(sql, wanted):
            newest[sha][source, name] = (status, rowid)  # a later one takes the place of an earlier
        return {sha: _checks(of) for sha, of in newest.items()}

    # -- since when ---------------------------------------------------------------------------------------------

    def last_green(self, rowid: int) -> int | None:
        """Row id of the last that passed before this one, of the same name on the same branch."""
        line = self._line(rowid)
        return None if line is None else self._passed_before(*line, own=False)

    def broke(self, rowid: int) -> Breakage | None:
        """Where the trouble began that this one stands in; None when nothing failed since the last green."""
        line = self._line(rowid)
        if line is None:
            return None
        green = self._passed_before(*line, own=True)
        since = self._connection.execute("SELECT at, id FROM pipeline WHERE id = ?", (green,)).fetchone()
        sql = (
            "SELECT id FROM pipeline WHERE source = ? AND name = ? AND branch = ? AND (at, id) <= (?, ?)"
            " AND (at, id) > (?, ?) AND status = 'failed' ORDER BY at, id LIMIT 1"
        )
        bad = self._connection.execute(sql, (*line, *(since or (-(2**62), 0)))).fetchone()
        if bad is None:
            return None
        return Breakage(first_bad=bad[0], last_green=green, commits=self._between(green, bad[0]))

    def _line(self, rowid: int) -> tuple[Any, ...] | None:
        sql = "SELECT source, name, branch, at, id FROM pipeline WHERE id = ?"
        found: tuple[Any, ...] | None = self._connection.execute(sql, (rowid,)).fetchone()
        return found

    def _passed_before(self, source: int, name: str, branch: str, at: Millis, rowid: int, *, own: bool) -> int | None:
        sql = (
            "SELECT id FROM pipeline WHERE source = ? AND name = ? AND branch = ?"
            f" AND (at, id) {'<=' if own else '<'} (?, ?) AND status = 'passed' ORDER BY {_NEWEST} LIMIT 1"
        )
        row = self._connection.execute(sql, (source, name, branch, at, rowid)).fetchone()
        return row[0] if row else None

    def _between(self, green: int | None, bad: int) -> CommitsBetween | None:
        sql = 'SELECT "commit" FROM pipeline WHERE id = ?'
        ends = [self._connection.execute(sql, (one,)).fetchone() for one in (green, bad)]
        if not all(row and row[0] for row in ends):
            return None
        return commits_between(self._connection, ends[0][0], ends[1][0])

    # -- what there is ------------------------------------------------------------------------------------------

    def branches(self) -> list[str]:
        """The branches that anything ran on, the last used first."""
        return self._distinct("branch")

    def names(self) -> list[str]:
        """The names of pipelines, the last that ran first."""
        return self._distinct("name")

    def _distinct(self, column: str) -> list[str]:
        sql = (
            f"SELECT {column} FROM pipeline INDEXED BY pipeline_line WHERE +{_VISIBLE} AND {column} != ''"
            f" GROUP BY {column} ORDER BY max(at) DESC, {column}"
        )
        return [row[0] for row in self._connection.execute(sql)]

    def statuses(self) -> dict[str, int]:
        """How many there are of each status that occurs."""
        sql = f"SELECT status, count(*) FROM pipeline INDEXED BY pipeline_line WHERE +{_VISIBLE} GROUP BY status"
        return dict(self._connection.execute(sql).fetchall())


def _of_source(key: str | None) -> tuple[str, tuple[str, ...]]:
    if key is None:
        return _VISIBLE, ()
    return "source IN (SELECT id FROM source WHERE NOT hidden AND key = ?)", (key,)


def _pipeline_row(row: Sequence[Any], jobs: dict[int, list[Job]], usual: int | None) -> PipelineRow:
    more = read_extras(row[19])
    pipeline = Pipeline(
        source=row[1], id=row[2], name=row[3], status=row[4], raw_status=row[5], number=row[6], title=row[7],
        branch=row[8], commit=row[9], event=row[10], actor=row[11], attempt=row[12], url=row[13], created_at=row[14],
        started_at=row[15], ended_at=row[16], updated_at=row[17], jobs=tuple(jobs.get(row[0], ())) if row[18] else None,
        report=more.report, approvals=more.approvals, deployments=more.deployments, checks=more.checks,
    )  # fmt: skip
    return PipelineRow(rowid=row[0], pipeline=pipeline, source_name=row[20], usual=usual, changed_at=row[21])


def _rank(status: str) -> int:
    return WORST_FIRST.index(status if status in WORST_FIRST else "unknown")


def _checks(newest: dict[tuple[int, str], tuple[str, int]]) -> CommitChecks:
    found = sorted((_rank(status), name, rowid) for (_, name), (status, rowid) in newest.items())
    statuses = [WORST_FIRST[place] for place, _, _ in found]
    return CommitChecks(
        status=statuses[0], passed=statuses.count("passed"), failed=statuses.count("failed"),
        running=sum(statuses.count(word) for word in ("running", "queued", "waiting")),
        names=tuple(name for _, name, _ in found), rowids=tuple(rowid for *_, rowid in found),
    )  # fmt: skip
