"""What the Watch asks of the cache: the few rows that say that something is wrong, wherever they stand among many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ..records import DataVersion, LoggedModel, Millis
from .watch_rows import CheckLine, FailedRuns, HeldVersion, PipelineLine, RunningRun, WaitingPipeline

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_ALWAYS: Final = 2**62

LOOKED_AT: Final = 200
"""The newest runs of an experiment among which a row of failures is looked for."""
_LOOSER: Final = "('loosened', 'removed')"

_logged = msgspec.msgpack.Decoder(LoggedModel).decode
_tracked = msgspec.msgpack.Decoder(DataVersion).decode
_tags = msgspec.json.Decoder(dict[str, str]).decode


class WatchReads:
    """Uses the reader's connection, on the reader's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # -- production ---------------------------------------------------------------------------------------------

    def model_names(self) -> frozenset[str]:
        """All registered models that are no prompts."""
        sql = f"SELECT name FROM registered_model WHERE {_VISIBLE} AND digest != x'' AND kind = 'model'"
        return frozenset(row[0] for row in self._connection.execute(sql))

    def registered(self, pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Those of these models and versions that a registry has; v14 is 14 as well."""
        sql = (
            "SELECT 1 FROM registered_model m JOIN model_version v ON v.model = m.id AND v.native IN (?, ?)"
            f" WHERE m.name = ? AND m.{_VISIBLE} LIMIT 1"
        )
        asked = ((pair, (pair[1], pair[1].removeprefix("v"), pair[0])) for pair in pairs)
        return frozenset(pair for pair, values in asked if self._connection.execute(sql, values).fetchone())

    def held_versions(self, aliases: Sequence[str]) -> list[HeldVersion]:
        """What these aliases point at, by model and alias. An alias a few look-ups."""
        rows = self._connection.execute(
            "SELECT s.key, m.name, a.alias, a.version, v.id IS NOT NULL, m.tags, coalesce(v.run_id, l.run_id), l.record"
            " FROM source s JOIN registered_model m ON m.source = s.id AND m.digest != x'' AND m.kind = 'model'"
            " JOIN model_alias a ON a.model = m.id AND a.alias IN (SELECT value FROM json_each(?))"
            " LEFT JOIN model_version v ON v.model = m.id AND v.native = a.version"
            f" LEFT JOIN logged_model l ON l.{_VISIBLE} AND l.native = v.model_id"
            " WHERE NOT s.hidden ORDER BY m.name, a.alias, s.id",
            (_json(aliases),),
        ).fetchall()
        used = self._used([row[6] for row in rows if row[6]])
        return [_held(row, *used.get(row[6], (None, ()))) for row in rows]

    def _used(self, runs: Iterable[str]) -> dict[str, tuple[int, tuple[tuple[str, str], ...]]]:
        """Experiment and data of these runs, by native id."""
        found: dict[str, tuple[int, dict[tuple[str, str], None]]] = {}
        sql = (
            "SELECT r.native, r.experiment, d.name, d.digest FROM run r LEFT JOIN run_dataset u ON u.run = r.id"
            f" LEFT JOIN dataset d ON d.id = u.dataset WHERE r.{_VISIBLE}"
            " AND r.native IN (SELECT value FROM json_each(?)) ORDER BY r.id, d.name, d.digest"
        )
        for native, experiment, name, digest in self._connection.execute(sql, (_json(dict.fromkeys(runs)),)):
            own = found.setdefault(native, (experiment, {}))[1]
            if name is not None:
                own[name, digest] = None
        return {native: (experiment, tuple(own)) for native, (experiment, own) in found.items()}

    def read_by_stage(self, path: str) -> list[str]:
        """The paths that the stage of DVC read which wrote the newest version of this one."""
        sql = f"SELECT record FROM data_version WHERE name = ? AND {_VISIBLE} ORDER BY at DESC, id LIMIT 1"
        row = self._connection.execute(sql, (path,)).fetchone()
        return [] if row is None else [part.path for part in _tracked(row[0]).deps]

    def appeared(self, names: Sequence[tuple[str, str]], limit: int) -> dict[str, list[Millis]]:
        """When the newest versions of a dataset appeared, newest first, by the tool that says so: dvc, mlflow.

        `names`: tool and name. Each tool has its own word on when: a commit, or the first run on it.
        """
        found: dict[str, list[Millis]] = {}
        for tool, sql in _APPEARED.items():
            own = [name for of, name in names if of == tool]
            times = {row[0] for name in own for row in self._connection.execute(sql, (name, limit))}
            if times:
                found[tool] = sorted(times, reverse=True)[:limit]
        return found

    # -- checks -------------------------------------------------------------------------------------------------

    def checks_in_trouble(self, now: Millis, since: Millis) -> tuple[list[CheckLine], int, Millis | None]:
        """The checks that fail, could not run, are silent by `now`, or were loosened or removed after `since`.

        With how many checks there are that were not removed, and when the next one falls silent. 2,000 in 2 ms.
        """
        columns = ", ".join(f"c.{name}" for name in _CHECK)
        rows = self._connection.execute(
            f"SELECT c.id, s.key, {columns}, c.dataset, coalesce(q.severity, '') FROM data_check c"
            " JOIN source s ON s.id = c.source AND NOT s.hidden LEFT JOIN check_rule q ON q.id = c.rule"
            " WHERE (c.removed_at IS NULL AND (c.outcome IN ('fail', 'error') OR c.due_at < ?1"
            f" OR (c.rule_change IN {_LOOSER} AND c.rule_changed_at > ?2))) OR c.removed_at > ?2 ORDER BY c.id",
            (now, since),
        )
        found = [_line(row) for row in rows]
        sql = f"SELECT count(*), min(CASE WHEN due_at >= ? THEN due_at END) FROM data_check WHERE {_VISIBLE}"
        total, due = self._connection.execute(f"{sql} AND removed_at IS NULL", (now,)).fetchone()
        return found, total, due

    def checks_that_spoke(self, runs: Iterable[str], digests: Iterable[str]) -> set[tuple[str, int]]:
        """Native id of a run or digest of data, and row id of each check that spoke in it or of it."""
        found: set[tuple[str, int]] = set()
        for column, values in (("run_id", runs), ("dataset_digest", digests)):
            sql = (
                f"SELECT DISTINCT i.{column}, r.of_check FROM json_each(?) AS j"
                f" JOIN check_invocation i ON i.{column} = j.value AND +i.{_VISIBLE}"
                " JOIN check_result r ON r.invocation = i.id"
            )
            found.update(self._connection.execute(sql, (_json(one for one in values if one),)))
        return found

    def newest_words(self, rowids: Iterable[int]) -> dict[int, str]:
        """What the newest result of each of these checks observed, else why it could not run."""
        sql = (
            "SELECT c.id, coalesce(nullif(r.observed, ''), r.message, '') FROM json_each(?) AS j"
            " JOIN data_check c ON c.id = j.value JOIN check_result r ON r.invocation = c.newest AND r.of_check = c.id"
        )
        return dict(self._connection.execute(sql, (_json(rowids),)).fetchall())

    # -- lines of production ------------------------------------------------------------------------------------

    def bad_share(self, series: str, after: Millis, until: Millis) -> float:
        """Of a line with an objective the share of what was not good between two times; 0 where there was nothing.

        A thousand points in 0.3 ms.
        """
        sql = (
            "SELECT coalesce(sum(p.total - p.value) / nullif(sum(p.total), 0), 0) FROM monitor m"
            f" JOIN monitor_point p ON p.monitor = m.id WHERE m.native = ? AND m.{_VISIBLE} AND p.at > ? AND p.at <= ?"
            " AND p.total >= 0 AND p.value IS NOT NULL"
        )
        return float(self._connection.execute(sql, (series, after, until)).fetchone()[0])

    # -- pipelines ----------------------------------------------------------------------------------------------

    def watched_branches(self) -> list[str]:
        """The branches that the settings' sources watch in Git; none where no Git is read."""
        sql = f"SELECT DISTINCT name FROM git_ref WHERE kind = 'branch' AND watched AND {_VISIBLE} ORDER BY name"
        return [row[0] for row in self._connection.execute(sql)]

    def red_pipelines(self, branches: Sequence[str], since: Millis) -> tuple[list[PipelineLine], int]:
        """The lines (source, name, branch) whose newest verdict after `since` is red, and how many lines there are."""
        rows = self._connection.execute(_LINES, (_json(branches),)).fetchall()
        found = [self._red(*row) for row in rows]
        lines = [line for line in found if line is not None and line.at > since]
        return lines, len(rows)

    def _red(self, source: int, name: str, branch: str) -> PipelineLine | None:
        line = "p.source = ? AND p.name = ? AND p.branch = ?"
        newest = self._connection.execute(f"{_OF_LINE} {line} {_VERDICT}", (source, name, branch)).fetchone()
        if newest is None or newest[2] != "failed":
            return None
        sql = f"SELECT p.at, p.id, coalesce(p.ended_at, p.at) FROM pipeline p WHERE {line} AND p.status = 'passed'"
        green = self._connection.execute(f"{sql} {_NEWEST}", (source, name, branch)).fetchone()
        after = green[:2] if green else (-_ALWAYS, 0)
        sql = f"{_OF_LINE} {line} AND p.status = 'failed' AND (p.at, p.id) > (?, ?) ORDER BY p.at, p.id LIMIT 1"
        first = self._connection.execute(sql, (source, name, branch, *after)).fetchone()
        return PipelineLine(
            source=newest[0], native=newest[1], name=name, number=newest[3], branch=branch, commit=newest[4],
            actor=newest[5], at=newest[6], first_native=first[1], first_at=first[6], first_commit=first[4],
            green_at=green[2] if green else None,
        )  # fmt: skip

    def waiting_pipelines(self, branches: Sequence[str], since: Millis) -> list[WaitingPipeline]:
        """Those that wait, are the newest of their line, and began after `since`."""
        sql = (
            'SELECT s.key, p.native, p.name, p.number, p.branch, p."commit", p.actor,'
            " coalesce(p.started_at, p.created_at, p.at) FROM pipeline w INDEXED BY pipeline_line"
            " JOIN pipeline p ON p.id = w.id JOIN source s ON s.id = p.source AND NOT s.hidden"
            " WHERE w.status = 'waiting' AND w.at > ?"
            " AND (w.branch = '' OR w.branch IN (SELECT value FROM json_each(?)))"
            " AND NOT EXISTS (SELECT 1 FROM pipeline n WHERE n.source = w.source AND n.name = w.name"
            " AND n.branch = w.branch AND (n.at, n.id) > (w.at, w.id)) ORDER BY w.at, w.id"
        )
        return [
            WaitingPipeline(**dict(zip(WaitingPipeline.__struct_fields__, row, strict=True)))
            for row in self._connection.execute(sql, (since, _json(branches)))
        ]

    # -- runs ---------------------------------------------------------------------------------------------------

    def failing_experiments(self, since: Millis) -> list[FailedRuns]:
        """The experiments whose newest run that came to an end failed, and did so after `since`."""
        sql = (
            "SELECT e.id, s.key, e.native, e.name FROM experiment e JOIN source s ON s.id = e.source AND NOT s.hidden"
            " WHERE e.lifecycle != 'deleted' AND (SELECT max(started_at) FROM run r WHERE r.experiment = e.id"
            " AND r.status = 'failed') > ? ORDER BY e.id"
        )
        found = []
        for experiment, source, native, name in self._connection.execute(sql, (since,)).fetchall():
            failed, finished_at = self._failed(experiment)
            if failed and (failed[0][2] or since + 1) > since:
                found.append(
                    FailedRuns(
                        source=source, experiment=experiment, experiment_id=native, name=name, runs=tuple(failed),
                        finished_at=finished_at,
                    )
                )  # fmt: skip
        return found

    def _failed(self, experiment: int) -> tuple[list[Any], Millis | None]:
        newest = (
            "SELECT status, native, name, ended_at, coalesce(user, ''), parent FROM run WHERE experiment = ?"
            " ORDER BY started_at DESC, id DESC LIMIT ?"
        )
        failed: list[Any] = []
        for status, *facts, parent in self._connection.execute(newest, (experiment, LOOKED_AT)):
            if parent is None and status == "failed":
                failed.append(tuple(facts))
            elif parent is None and status == "finished":
                return failed, facts[2]
        return failed, None

    def running_runs(self, since: Millis) -> list[RunningRun]:
        """The runs that began after `since` and run, with the newest of their metrics but for the machine's own."""
        sql = (
            "SELECT s.key, r.native, r.name, coalesce(r.user, ''), e.id, e.native, e.name, r.started_at,"
            " max(CASE WHEN k.name NOT LIKE 'system/%' THEN m.at END),"
            " coalesce(max(CASE WHEN k.name NOT LIKE 'system/%' THEN m.step END), 0)"
            # in this order: else the whole index is walked
            " FROM source s JOIN experiment e ON e.source = s.id CROSS JOIN run r INDEXED BY run_status"
            " ON r.experiment = e.id AND r.status = 'running' AND r.started_at > ?"
            " LEFT JOIN metric m ON m.run = r.id LEFT JOIN key k ON k.id = m.key"
            " WHERE NOT s.hidden GROUP BY r.id ORDER BY r.id"
        )
        return [
            RunningRun(**dict(zip(RunningRun.__struct_fields__, row, strict=True)))
            for row in self._connection.execute(sql, (since,))
        ]


_APPEARED: Final = {
    "dvc": f"SELECT at FROM data_version WHERE name = ? AND NOT is_gone AND {_VISIBLE} ORDER BY at DESC, id LIMIT ?",
    "mlflow": f"SELECT first_at FROM dataset WHERE name = ? AND {_VISIBLE} AND first_at IS NOT NULL"
    " ORDER BY first_at DESC, id LIMIT ?",
}
_CHECK: Final = (
    "native", "tool", "suite", "environment", "name", "outcome", "newest", "due_at", "checked_at", "first_failed_at",
    "first_failed_not_before", "rule_change", "rule_changed_at", "rule_changed_not_before", "rule_changed_commit",
    "removed_at",
)  # fmt: skip
_NEWEST: Final = "ORDER BY p.at DESC, p.id DESC LIMIT 1"
_VERDICT: Final = f"AND p.status IN ('passed', 'failed') {_NEWEST}"
_OF_LINE: Final = (
    'SELECT s.key, p.native, p.status, p.number, p."commit", p.actor, coalesce(p.ended_at, p.at) FROM pipeline p'
    " JOIN source s ON s.id = p.source WHERE"
)
_LINES: Final = (
    # leaps from one name to the next in the index, so that twenty thousand pipelines of ten names cost as ten
    "WITH RECURSIVE name (source, name) AS (SELECT s.id, (SELECT min(p.name) FROM pipeline p WHERE p.source = s.id)"
    " FROM source s WHERE NOT s.hidden UNION ALL SELECT n.source, (SELECT min(p.name) FROM pipeline p"
    " WHERE p.source = n.source AND p.name > n.name) FROM name n WHERE n.name IS NOT NULL),"
    " branch (name) AS (SELECT '' UNION SELECT value FROM json_each(?))"
    " SELECT n.source, n.name, b.name FROM name n CROSS JOIN branch b WHERE n.name IS NOT NULL AND EXISTS"
    " (SELECT 1 FROM pipeline p WHERE p.source = n.source AND p.name = n.name AND p.branch = b.name)"
    " ORDER BY n.source, n.name, b.name"
)


def _held(row: Sequence[Any], experiment: int | None, data: Sequence[tuple[str, str]]) -> HeldVersion:
    source, model, alias, version, is_known, tags, run_id, logged = row
    metrics = _logged(logged).metrics if logged else ()
    measured = {(one.dataset_name, one.dataset_digest or "") for one in metrics if one.dataset_name}
    return HeldVersion(
        source=source, model=model, alias=alias, version=version, is_known=bool(is_known), owner=_owner(_tags(tags)),
        run_id=run_id, experiment=experiment, data=tuple(dict.fromkeys((*data, *sorted(measured)))),
    )  # fmt: skip


def _owner(tags: Mapping[str, str]) -> str:
    return next((tags[name] for name in ("owner", "team") if tags.get(name)), "")


def _line(row: Sequence[Any]) -> CheckLine:
    rowid, source, *facts, dataset, severity = row
    own = dict(zip(_CHECK, facts, strict=True))
    return CheckLine(rowid=rowid, source=source, dataset=dataset, severity=severity, **own)


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
