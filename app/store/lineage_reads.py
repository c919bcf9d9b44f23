"""What lineage asks of the cache: the few that matter of what may be a hundred thousand, and how many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from ..records import Dataset, DataVersion

LOOKED_AT: Final = 1_000
"""Runs that are put in order of time, of the first and of the last that were written: what a sync writes first is the
newest, and what it writes later is newer still, so the newest are at one of the ends."""
SHORT_LOOK: Final = 50
"""The same where it is only asked which commits they ran on."""
SAME: Final = 200
"""Records of one digest that are read: each server of a project has one."""
MOST_COMMITS: Final = 1_000
"""Commits that are walked to find which version of data a commit has: some 10 ms."""

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_version = msgspec.msgpack.Decoder(DataVersion).decode
_tags = msgspec.json.Decoder(dict[str, str]).decode
_SHORTEST: Final = 7
"""Digits of an abbreviated commit, at least."""


class Some(NamedTuple):
    """The first of many, and how many."""

    rowids: list[int]
    total: int


class KnownData(NamedTuple):
    """A version of data as a tracking server has it: row ids of its records, one for each server."""

    rowids: tuple[int, ...]
    data: Dataset


class _Step(NamedTuple):
    """A commit that a walk comes by; one that is not in the history has no parents."""

    parents: tuple[str, ...]
    at: int


class RunsOf(NamedTuple):
    """A set of runs: how they are listed, and how it is told of one run that it belongs to them."""

    listed: str
    """SQL of their row ids as `run`, with {order} for which end comes first."""
    counted: str
    belongs: str
    """A test on `r`."""
    bound: str
    """The one parameter of each."""


def runs_on(datasets: Sequence[int]) -> RunsOf:
    """The runs that used any of these datasets."""
    among = "dataset IN (SELECT value FROM json_each(?))"
    # of one dataset they come in order, and those that used it twice stand beside each other
    one = "(SELECT DISTINCT run FROM run_dataset WHERE dataset = (SELECT value FROM json_each(?)))"
    return RunsOf(
        f"SELECT run FROM run_dataset WHERE {among} ORDER BY run {{order}}",
        f"SELECT count(*) FROM {one}"
        if len(datasets) == 1
        else f"SELECT count(DISTINCT run) FROM run_dataset WHERE {among}",
        f"EXISTS (SELECT 1 FROM run_dataset u WHERE u.run = r.id AND u.{among})",
        _json(datasets),
    )


def runs_at(commits: Iterable[str]) -> RunsOf:
    """The runs on any of these commits, as they wrote them."""
    among = "git_commit IN (SELECT value FROM json_each(?))"
    return RunsOf(
        f"SELECT id AS run FROM run INDEXED BY run_commit WHERE {among} ORDER BY id {{order}}",
        f"SELECT count(*) FROM run INDEXED BY run_commit WHERE {among}",
        f"r.{among}",
        _json(commits),
    )


def runs_in(experiment: int) -> RunsOf:
    """The runs of an experiment, by its row id."""
    among = "experiment IN (SELECT value FROM json_each(?))"
    return RunsOf(
        f"SELECT id AS run FROM run WHERE {among} ORDER BY started_at {{order}}",
        f"SELECT count(*) FROM run WHERE {among}",
        f"r.{among}",
        _json([experiment]),
    )


def runs_below(run_id: str) -> RunsOf:
    """The children of a run."""
    among = "parent IN (SELECT value FROM json_each(?))"
    return RunsOf(
        f"SELECT id AS run FROM run WHERE {among} ORDER BY id {{order}}",
        f"SELECT count(*) FROM run WHERE {among}",
        f"r.{among}",
        _json([run_id]),
    )


class LineageReads:
    """Reads over a reader's connection, on its thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._steps: dict[str, _Step] = {}

    # -- runs ---------------------------------------------------------------------------------------------------

    def telling_runs(self, of: RunsOf, limit: int) -> Some:
        """Row ids of those that tell most: behind an alias, then running, then the newest; and how many there are."""
        total = int(self._connection.execute(of.counted, (of.bound,)).fetchone()[0])
        if not total:
            return Some([], 0)
        first = [*self._behind_aliases(of, limit), *self._running(of, limit), *self._newest(of, limit)]
        return Some(list(dict.fromkeys(first))[:limit], total)

    def commits_on(self, of: RunsOf, limit: int) -> list[str]:
        """The commits of the newest of them, as far as a short look tells."""
        ends = " UNION ".join(f"SELECT * FROM ({of.listed.format(order=way)} LIMIT ?)" for way in ("DESC", "ASC"))
        sql = f"SELECT r.git_commit FROM ({ends}) AS f JOIN run r ON r.id = f.run WHERE r.git_commit IS NOT NULL"
        bound = (of.bound, SHORT_LOOK, of.bound, SHORT_LOOK)
        rows = self._connection.execute(f"{sql} AND r.{_VISIBLE} ORDER BY r.started_at DESC, r.id", bound)
        return list(dict.fromkeys(row[0] for row in rows))[:limit]

    def running(self, of: RunsOf) -> int:
        """How many of them run now."""
        return len(self._running(of, -1))

    def _newest(self, of: RunsOf, limit: int) -> list[int]:
        ends = " UNION ".join(f"SELECT * FROM ({of.listed.format(order=way)} LIMIT ?)" for way in ("DESC", "ASC"))
        sql = f"SELECT r.id FROM ({ends}) AS f JOIN run r ON r.id = f.run WHERE r.{_VISIBLE} AND r.status != 'deleted'"
        rows = self._connection.execute(
            f"{sql} ORDER BY r.started_at DESC, r.id LIMIT ?", (of.bound, LOOKED_AT, of.bound, LOOKED_AT, limit)
        )
        return [row[0] for row in rows]

    def _running(self, of: RunsOf, limit: int) -> list[int]:
        sql = (
            "SELECT r.id FROM source s JOIN experiment e ON e.source = s.id"
            " JOIN run r INDEXED BY run_status ON r.experiment = e.id AND r.status = 'running'"
            f" WHERE NOT s.hidden AND {of.belongs} ORDER BY r.started_at DESC LIMIT ?"
        )
        return [row[0] for row in self._connection.execute(sql, (of.bound, limit))]

    def _behind_aliases(self, of: RunsOf, limit: int) -> list[int]:
        """The runs whose versions an alias points at. An alias a look-up: there are few of them."""
        sql = (
            "SELECT DISTINCT r.id FROM source s JOIN registered_model m ON m.source = s.id"
            " JOIN model_alias a ON a.model = m.id JOIN model_version v ON v.model = m.id AND v.native = a.version"
            f" LEFT JOIN logged_model l ON l.{_VISIBLE} AND l.native = v.model_id"
            f" JOIN run r ON r.{_VISIBLE} AND r.native = coalesce(v.run_id, l.run_id)"
            f" WHERE NOT s.hidden AND {of.belongs} ORDER BY r.started_at DESC LIMIT ?"
        )
        return [row[0] for row in self._connection.execute(sql, (of.bound, limit))]

    def written_as(self, sha: str) -> tuple[str, ...]:
        """A commit as runs may have written it: in full or abbreviated, where that is no other commit as well."""
        found = [sha]
        for length in range(_SHORTEST, len(sha)):
            beginning = sha[:length]
            sql = "SELECT DISTINCT sha FROM git_commit WHERE sha >= ? AND sha < ? LIMIT 2"
            if self._connection.execute(sql, (beginning, beginning + "g")).fetchall() == [(sha,)]:
                found.append(beginning)
        return tuple(found)

    # -- data ---------------------------------------------------------------------------------------------------

    def data(self, name: str, digest: str) -> KnownData | None:
        """A version of data by the name and digest that a tracking server knows it by."""
        return next((one for one in self.data_of_digest(digest) if one.data.name == name), None)

    def data_of_digest(self, digest: str) -> list[KnownData]:
        """All that have this digest, whatever they are called."""
        if not digest:
            return []
        return self._data("digest = ? ORDER BY d.id LIMIT ?", digest)

    def data_called(self, names: Iterable[str], limit: int) -> tuple[list[KnownData], int]:
        """Versions of the datasets of these names, the newest first, `limit` of each; and how many there are."""
        found: dict[int, None] = {}
        total = 0
        for name in dict.fromkeys(names):
            sql = "FROM dataset d INDEXED BY dataset_name WHERE d.name = ?"
            total += self._connection.execute(f"SELECT count(*) {sql}", (name,)).fetchone()[0]
            newest = f"SELECT d.id {sql} ORDER BY d.first_at DESC, d.id LIMIT ?"
            found |= dict.fromkeys(row[0] for row in self._connection.execute(newest, (name, limit)))
        return [one for rowid in found for one in self._data("id = ? LIMIT ?", rowid)], total

    def _data(self, which: str, *bound: object) -> list[KnownData]:
        sql = (
            "SELECT d.id, d.name, d.digest, d.source_type, d.origin, d.schema, d.profile FROM dataset d"
            f" JOIN source s ON s.id = d.source AND NOT s.hidden WHERE d.{which}"
        )
        rows: dict[tuple[str, str], list[tuple[int, Dataset]]] = {}
        for rowid, name, digest, kind, origin, schema, profile in self._connection.execute(sql, (*bound, SAME)):
            data = Dataset(
                name=name, digest=digest, source_type=kind, origin=origin, schema=schema, profile=profile
            )  # fmt: skip
            rows.setdefault((name, digest), []).append((rowid, data))
        return [KnownData(tuple(rowid for rowid, _ in same), same[0][1]) for same in rows.values()]

    # -- data that Git tells of ---------------------------------------------------------------------------------

    def tracked(self, name: str, digest: str) -> DataVersion | None:
        """A version of tracked data, as the last commit that brought it says it."""
        return next(iter(self._tracked("name = ? AND t.digest = ?", 1, name, digest)), None)

    def tracked_of_digest(self, digest: str, limit: int) -> list[DataVersion]:
        """Tracked data of this content, whatever it is called, the newest first."""
        return self._tracked("digest = ?", limit, digest) if digest else []

    def newest_tracked(self, name: str, limit: int, until: int = 2**62) -> list[DataVersion]:
        """The versions of one path, the newest first; those where it is tracked no more are among them."""
        return self._tracked("name = ? AND t.at <= ?", limit, name, until)

    def brought_by(self, commit: str, limit: int) -> list[DataVersion]:
        """What a commit says that tracked data holds from it on."""
        return self._tracked('"commit" = ?', limit, commit)

    def made_of(self, digest: str, limit: int) -> list[DataVersion]:
        """What stages wrote that read this content, the newest first."""
        among = "id IN (SELECT version FROM data_part WHERE digest = ?)"
        return self._tracked(among, limit, digest) if digest else []

    def _tracked(self, which: str, limit: int, *bound: object) -> list[DataVersion]:
        rows = self._connection.execute(
            "SELECT t.record FROM data_version t JOIN source s ON s.id = t.source AND NOT s.hidden"
            f" WHERE t.{which} ORDER BY t.at DESC, t.id LIMIT ?",
            (*bound, limit),
        )
        return [_version(row[0]) for row in rows]

    def first_met(self, sha: str, wanted: Collection[str]) -> str | None:
        """The first of these commits on the way back from another, itself included; None where none was met."""
        met = {sha}
        heap = [(0, sha)]
        while heap and len(met) < MOST_COMMITS:
            _, one = heappop(heap)
            if one in wanted:
                return one
            for parent in self._walked_to(one).parents:
                if parent not in met:
                    met.add(parent)
                    heappush(heap, (-self._walked_to(parent).at, parent))
        return None

    def _walked_to(self, sha: str) -> _Step:
        """A commit on the way, which is kept: walks from several commits meet soon."""
        step = self._steps.get(sha)
        if step is None:
            sql = "SELECT parents, committed_at FROM git_commit WHERE sha = ? LIMIT 1"
            row = self._connection.execute(sql, (sha,)).fetchone()
            step = self._steps[sha] = _Step(tuple(row[0].split()), row[1]) if row else _Step((), 0)
        return step

    # -- versions -----------------------------------------------------------------------------------------------

    def versions_of_run(self, run_id: str, limit: int) -> Some:
        """What was registered of a run, or of a model that it logged: row ids, the newest first."""
        made = (
            "SELECT v.id, v.created_at FROM model_version v INDEXED BY model_version_run JOIN registered_model m"
            f" ON m.id = v.model AND +m.{_VISIBLE} WHERE v.run_id = ? UNION"
            " SELECT v.id, v.created_at FROM logged_model l INDEXED BY logged_model_run JOIN model_version v INDEXED BY"
            " model_version_logged ON v.model_id = l.native JOIN registered_model m"
            f" ON m.id = v.model AND +m.{_VISIBLE} WHERE l.run_id = ? AND +l.{_VISIBLE}"
        )
        rows = self._connection.execute(f"{made} ORDER BY 2 DESC, 1 DESC", (run_id, run_id)).fetchall()
        return Some([row[0] for row in rows[:limit]], len(rows))

    def copies_of(self, model: str, version: str, limit: int) -> Some:
        """The versions that say that they are copies of this one."""
        rows = self._connection.execute(
            "SELECT v.id FROM model_version v INDEXED BY model_version_copied JOIN registered_model m"
            f" ON m.id = v.model AND +m.{_VISIBLE} WHERE v.copied_model = ? AND v.copied_version = ?"
            " ORDER BY v.created_at DESC, v.id DESC",
            (model, version),
        ).fetchall()
        return Some([row[0] for row in rows[:limit]], len(rows))

    def versions_of_model(self, model: int, limit: int) -> Some:
        """Those of a model that an alias points at, then the newest; and how many it has."""
        held = (
            "SELECT v.id FROM model_version v WHERE v.model = ? AND v.native IN (SELECT version FROM model_alias"
            " WHERE model = v.model) ORDER BY v.number DESC LIMIT ?"
        )
        newest = "SELECT v.id FROM model_version v WHERE v.model = ? ORDER BY v.number DESC, v.id DESC LIMIT ?"
        found = [row[0] for sql in (held, newest) for row in self._connection.execute(sql, (model, limit))]
        total = self._connection.execute("SELECT count(*) FROM model_version WHERE model = ?", (model,)).fetchone()[0]
        return Some(list(dict.fromkeys(found))[:limit], int(total))

    def versions_tagged(self, commit: str, tags: Iterable[str], limit: int) -> list[int]:
        """Those without a run that carry a commit in one of these tags, the newest first. Reads all versions' tags."""
        rows = self._connection.execute(
            "SELECT v.id, v.tags FROM model_version v JOIN registered_model m ON m.id = v.model"
            f" WHERE m.{_VISIBLE} AND v.run_id IS NULL AND instr(v.tags, ?) ORDER BY v.created_at DESC, v.id DESC",
            (commit,),
        )
        named = (rowid for rowid, text in rows if commit in map(_tags(text).get, tags))
        return list(islice(named, limit))

    def version_before(self, model: int, version: int) -> int | None:
        """Row id of the version that comes before another by number and age."""
        row = self._connection.execute(
            "SELECT b.id FROM model_version v JOIN model_version b ON b.model = v.model AND b.id != v.id"
            " AND (b.number, b.created_at, b.id) < (v.number, v.created_at, v.id)"
            " WHERE v.id = ? AND v.model = ? ORDER BY b.number DESC, b.created_at DESC, b.id DESC LIMIT 1",
            (version, model),
        ).fetchone()
        return row[0] if row else None


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
