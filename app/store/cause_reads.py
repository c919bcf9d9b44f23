"""What the search for a cause asks of the cache: windows by index, and how rare a change is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from ..records import Commit, Deployment, Millis
from .commits import newest_commits
from .pipeline_writes import read_extras

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
MOST_PATHS: Final = 60
"""Files of one commit of which it is asked how often they change."""
_BROKE: Final = (
    "SELECT p.id, (SELECT b.id FROM pipeline AS b INDEXED BY pipeline_line WHERE b.source = p.source"
    " AND b.name = p.name AND b.branch = p.branch AND (b.at, b.id) < (p.at, p.id) AND b.status IN ('passed', 'failed')"
    " ORDER BY b.at DESC, b.id DESC LIMIT 1) AS before"
    " FROM pipeline AS p INDEXED BY pipeline_ended JOIN source AS s ON s.id = p.source AND NOT s.hidden"
    " WHERE p.ended_at >= ? AND p.ended_at < ? AND p.status = 'failed' ORDER BY p.ended_at DESC LIMIT ?"
)


class Broke(NamedTuple):
    """A pipeline that failed when the one before it on its branch had passed: row ids of both."""

    rowid: int
    before: int


class Ran(NamedTuple):
    """A run of a pipeline."""

    source: str
    name: str
    branch: str
    native: str
    at: Millis
    """When it ended."""


class Deployed(NamedTuple):
    """What a pipeline put into an environment."""

    pipeline: str
    """Its native id ..."""
    name: str
    branch: str
    actor: str
    commit: str
    at: Millis
    environment: str


class Touched(NamedTuple):
    """How a file changed before."""

    times: int
    """How often within the time that was asked about ..."""
    last_at: Millis | None
    """... and when last, in all of its history that is known."""


class Came(NamedTuple):
    """A version of data, and since when it is known."""

    at: Millis
    name: str
    digest: str
    is_tracked: bool
    """Git tells of it: then that is when it was committed."""


_TRACKED: Final = (
    f"SELECT at, name, digest FROM data_version WHERE name = ? AND at < ? AND NOT is_gone AND {_VISIBLE}"
    " ORDER BY at DESC, id LIMIT ?"
)
_USED: Final = (
    f"SELECT first_at, name, digest FROM dataset WHERE name = ? AND first_at < ? AND {_VISIBLE}"
    " ORDER BY first_at DESC, id LIMIT ?"
)


class CauseReads:
    """Reads over a reader's connection, on its thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # -- commits ------------------------------------------------------------------------------------------------

    def commits(self, since: Millis, until: Millis, limit: int) -> list[Commit]:
        """The newest commits of a window, without their changes."""
        return newest_commits(self._connection, limit, since=since, until=until)

    def paths_of(self, shas: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The files that each of these commits touched, by name; those of merges are none."""
        found: dict[str, set[str]] = {}
        sql = (
            'SELECT c.sha, p.path FROM git_commit c JOIN git_change g ON g."commit" = c.id JOIN git_path p'
            f" ON p.id = g.path WHERE c.sha IN (SELECT value FROM json_each(?)) AND c.{_VISIBLE}"
        )
        for sha, path in self._connection.execute(sql, (_json(dict.fromkeys(shas)),)):
            found.setdefault(sha, set()).add(path)
        return {sha: tuple(sorted(paths)) for sha, paths in found.items()}

    def touched(self, paths: Sequence[str], before: Millis, since: Millis) -> Touched:
        """Of the file among these that changes most often: how often from `since` until before a commit's time."""
        sql = (
            "SELECT sum(c.committed_at >= ?), max(c.committed_at) FROM git_path p JOIN git_change g ON g.path = p.id"
            f' JOIN git_commit c ON c.id = g."commit" AND c.{_VISIBLE} WHERE p.path = ? AND c.committed_at < ?'
        )
        found = [
            self._connection.execute(sql, (since, path, before)).fetchone()
            for path in paths[:MOST_PATHS]
        ]  # fmt: skip
        return Touched(
            max((row[0] or 0 for row in found), default=0),
            max((row[1] for row in found if row[1] is not None), default=None),
        )

    def finished_before(self, rowid: int) -> int | None:
        """Row id of the last run of the same experiment that finished and began before this one."""
        row = self._connection.execute(
            "SELECT b.id FROM run r JOIN run b INDEXED BY run_status ON b.experiment = r.experiment"
            " AND b.status = 'finished' AND b.started_at < r.started_at WHERE r.id = ?"
            " ORDER BY b.started_at DESC, b.id LIMIT 1",
            (rowid,),
        ).fetchone()
        return row[0] if row else None

    # -- pipelines ----------------------------------------------------------------------------------------------

    def broke(self, since: Millis, until: Millis, limit: int) -> list[Broke]:
        """The pipelines that broke in a window, newest first: `limit` are looked at."""
        rows = self._connection.execute(_BROKE, (since, until, limit)).fetchall()
        status = "SELECT status FROM pipeline WHERE id = ?"
        return [
            Broke(rowid, before)
            for rowid, before in rows
            if before is not None and self._connection.execute(status, (before,)).fetchone() == ("passed",)
        ]

    def recovered_after(self, rowid: int) -> Millis | None:
        """When the first of its name and branch passed after this one."""
        row = self._connection.execute(
            "SELECT b.ended_at FROM pipeline AS p JOIN pipeline AS b INDEXED BY pipeline_line ON b.source = p.source"
            " AND b.name = p.name AND b.branch = p.branch AND (b.at, b.id) > (p.at, p.id) AND b.status = 'passed'"
            " WHERE p.id = ? ORDER BY b.at, b.id LIMIT 1",
            (rowid,),
        ).fetchone()
        return row[0] if row else None

    def deployed(self, since: Millis, until: Millis, limit: int) -> list[Deployed]:
        """What was put anywhere in a window, newest first."""
        rows = self._connection.execute(
            'SELECT p.native, p.name, p.branch, p.actor, p."commit", p.ended_at, p.extras FROM pipeline AS p'
            " INDEXED BY pipeline_ended JOIN source AS s ON s.id = p.source AND NOT s.hidden"
            " WHERE p.ended_at >= ? AND p.ended_at < ? AND p.extras IS NOT NULL ORDER BY p.ended_at DESC LIMIT ?",
            (since, until, limit),
        )
        return [
            Deployed(native, name, branch, actor, one.commit or commit, one.at or at, one.environment)
            for native, name, branch, actor, commit, at, extras in rows
            for one in _passed(extras)
            if one.commit or commit
        ]

    def deployed_before(self, name: str, environment: str, before: Millis, limit: int = 200) -> str | None:
        """The commit that a pipeline of this name had put into an environment last, before a time."""
        rows = self._connection.execute(
            "SELECT \"commit\", extras FROM pipeline WHERE name = ? AND status = 'passed' AND ended_at < ?"
            f" AND extras IS NOT NULL AND {_VISIBLE} ORDER BY ended_at DESC LIMIT ?",
            (name, before, limit),
        )
        found = (one.commit or commit for commit, extras in rows for one in _passed(extras, environment))
        return next((commit for commit in found if commit), None)

    def pipelines_of_checks(self, dataset: str, limit: int = 20) -> list[str]:
        """Names of the pipelines that left results of checks of data that is called so."""
        rows = self._connection.execute(
            "SELECT DISTINCT p.name FROM check_scope AS c JOIN data_check AS d ON d.scope = c.id"
            " JOIN check_invocation AS i ON i.id = d.newest AND i.pipeline_id IS NOT NULL"
            f" JOIN pipeline AS p ON p.native = i.pipeline_id AND p.{_VISIBLE} WHERE c.dataset = ? AND +c.{_VISIBLE}"
            " LIMIT ?",
            (dataset, limit),
        )
        return [row[0] for row in rows]

    def ran(self, since: Millis, until: Millis, limit: int) -> list[Ran]:
        """The pipelines that ended in a window, whichever way, newest first."""
        rows = self._connection.execute(
            "SELECT s.key, p.name, p.branch, p.native, p.ended_at FROM pipeline AS p INDEXED BY pipeline_ended"
            " JOIN source AS s ON s.id = p.source AND NOT s.hidden WHERE p.ended_at >= ? AND p.ended_at < ?"
            " ORDER BY p.ended_at DESC, p.native LIMIT ?",
            (since, until, limit),
        )
        return [Ran(*row) for row in rows]

    # -- checks and data ----------------------------------------------------------------------------------------

    def checks_turned(self, datasets: Iterable[str], since: Millis, until: Millis, limit: int) -> list[int]:
        """Row ids of checks of these datasets, by the tools' names, that have another rule, were removed, began to
        fail or fell silent in a window: `limit` of them, what was told last first."""
        rows = self._connection.execute(
            "SELECT d.id FROM check_scope AS c JOIN data_check AS d ON d.scope = c.id"
            f" WHERE c.dataset IN (SELECT value FROM json_each(?1)) AND c.{_VISIBLE}"
            " AND (d.rule_changed_at BETWEEN ?2 AND ?3 OR d.removed_at BETWEEN ?2 AND ?3"
            " OR d.first_failed_at BETWEEN ?2 AND ?3 OR d.due_at BETWEEN ?2 AND ?3)"
            " ORDER BY d.rank, d.checked_at DESC, d.native LIMIT ?4",
            (_json(dict.fromkeys(datasets)), since, until, limit),
        )
        return [row[0] for row in rows]

    def checks_telling(self, datasets: Iterable[str], limit: int) -> list[int]:
        """Row ids of checks of these datasets whose newest result is no good or found rows that are, worst first."""
        rows = self._connection.execute(
            "SELECT d.id FROM check_scope AS c JOIN data_check AS d ON d.scope = c.id"
            f" WHERE c.dataset IN (SELECT value FROM json_each(?)) AND c.{_VISIBLE}"
            " AND (d.failed_rows > 0 OR d.outcome IN ('fail', 'warn'))"
            " ORDER BY d.rank, d.failed_rows DESC, d.native LIMIT ?",
            (_json(dict.fromkeys(datasets)), limit),
        )
        return [row[0] for row in rows]

    def digest_checked(self, digest: str) -> tuple[Millis | None, Millis | None]:
        """When data of this content was checked first and last."""
        sql = f"SELECT min(at), max(at) FROM check_invocation WHERE dataset_digest = ? AND {_VISIBLE}"
        row = self._connection.execute(sql, (digest,)).fetchone()
        return row[0], row[1]

    def data_times(self, names: Iterable[str], until: Millis, limit: int = 30) -> list[Came]:
        """When versions of these datasets came, before a time, newest first; by Git, and by their first use."""
        found: list[Came] = []
        for name in dict.fromkeys(names):
            for sql, is_tracked in ((_TRACKED, True), (_USED, False)):
                rows = self._connection.execute(sql, (name, until, limit))
                found += (Came(at, called, digest, is_tracked) for at, called, digest in rows)
        return sorted(found, reverse=True)[:limit]


def _passed(extras: bytes | None, environment: str | None = None) -> list[Deployment]:
    found = read_extras(extras).deployments
    return [one for one in found if one.status == "passed" and environment in (None, one.environment)]


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
