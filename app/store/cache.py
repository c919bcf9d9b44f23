"""The syncer's writes. One writer a cache, one thread, every batch in one transaction with its cursor."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from ..errors import StoreError
from ..records import Batch, KnownSeries, Record, SourceSpec, SourceState
from .artifact_contents import write_contents
from .check_news import newly_silent, write_silence
from .check_writes import CheckWriter, Remembered
from .commit_writes import CommitWriter
from .data_writes import write_data_versions
from .files import is_damage, next_generation, open_cache, remove_older
from .histories import known_series
from .infra_writes import write_infra
from .log_writes import KEPT as KEPT_OF_LOGS
from .log_writes import LogWriter, log_start
from .model_writes import ModelWriter
from .monitor_writes import settle_monitors, write_monitors
from .news import News, forget_news, read_news
from .note_writes import write_notes
from .patches import write_patches
from .pipeline_writes import PipelineWriter
from .promotion_writes import write_promotions
from .run_writes import RunWriter
from .states import STATE_COLUMNS, read_states
from .value_indexes import ValueIndexes

_SILENT_AT_ONCE: Final = 2_000
"""Checks of which one transaction notes that they fell silent: 40 ms."""


class Written(Record, frozen=True, kw_only=True):
    """What a batch changed."""

    runs_new: int = 0
    runs_changed: int = 0
    runs_gone: int = 0
    commits_new: int = 0
    pipelines_new: int = 0
    pipelines_changed: int = 0
    pipelines_gone: int = 0
    versions_new: int = 0
    versions_gone: int = 0
    results_new: int = 0


class Cache:
    """A project's cache, open for writing. A damaged file is left alone and the next generation begun."""

    def __init__(self, path: Path, *, logs: int = KEPT_OF_LOGS) -> None:
        self.path = path
        self.remembered: Remembered = lambda source, checks: ()
        """Where results of checks that this cache does not know yet are remembered."""
        self._logs = LogWriter(logs)
        self._open(path)

    def _open(self, path: Path) -> None:
        try:
            self.connection = open_cache(path)
            self.connection.execute("SELECT count(*) FROM source").fetchone()
        except (StoreError, sqlite3.Error) as error:
            cause = error.__cause__ if isinstance(error, StoreError) else error
            if not isinstance(cause, sqlite3.Error) or not is_damage(cause):
                raise
            path = next_generation(path)
            self.connection = open_cache(path)
        self.path = path
        remove_older(path)
        self._runs = RunWriter(self.connection)
        self._commits = CommitWriter(self.connection)
        self._pipelines = PipelineWriter()
        self._models = ModelWriter()
        self._checks = CheckWriter()
        self._indexes = ValueIndexes(self.connection)

    def rebuild(self) -> None:
        """Begin the next generation: what the vendors have is fetched again."""
        self.connection.close()
        self._open(next_generation(self.path))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection.cursor()
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._runs.forget()
            self._commits.forget()
            self._checks.forget()
            raise

    def declare(self, specs: Iterable[SourceSpec]) -> None:
        """These are the sources of the settings; any other that the cache knows is hidden, not mixed in."""
        with self._transaction() as cursor:
            cursor.execute("UPDATE source SET hidden = 1")
            cursor.executemany(
                "INSERT INTO source (key, kind, name, address) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, name = excluded.name,"
                " address = excluded.address, hidden = 0",
                [(spec.key, spec.kind, spec.name, spec.address) for spec in specs],
            )

    def cursor(self, source_key: str) -> dict[str, Any]:
        """Where the source stood at its last committed batch; empty before the first."""
        row = self.connection.execute("SELECT cursor FROM source WHERE key = ?", (source_key,)).fetchone()
        return msgspec.json.decode(row[0], type=dict[str, Any]) if row else {}

    def write(self, source_key: str, batch: Batch, now: int) -> Written:
        """Write a batch and the cursor that it advances, wholly or not at all. `now` in UTC milliseconds."""
        with self._transaction() as cursor:
            source = self._source(cursor, source_key)
            renamed = self._experiments(cursor, source, batch)
            new, changed = self._runs.write(cursor, source, batch.runs, now)
            points = self._runs.write_histories(cursor, source, batch.histories, now)
            points = self._runs.write_tails(cursor, source, batch.tails) or points
            self._runs.write_listings(cursor, source, batch.listings, now)
            write_contents(cursor, source, batch.contents, now)
            gone = self._runs.mark_gone(cursor, source, batch.runs_gone_unless_seen_since)
            commits = self._commits.write(cursor, source, batch.commits)
            refs = batch.refs is not None and self._commits.write_refs(cursor, source, batch.refs)
            ran = self._write_pipelines(cursor, source, batch, now)
            models = self._models.write(cursor, source, batch, now)
            checks = self._checks.write(cursor, source, source_key, batch.invocations, now, self.remembered)
            patches = write_patches(cursor, source, batch.patches, now)
            read = bool(points or batch.listings or batch.contents)
            self._count(
                cursor,
                runs=bool(new or changed or gone or read or renamed),
                commits=bool(commits or refs),
                pipelines=any(ran),
                logs=self._logs.write(cursor, source, batch.log_parts, now) or patches,
                models=models.changed,
                promotions=write_promotions(cursor, source, batch.promotions),
                data=write_data_versions(cursor, source, batch.data_versions),
                checks=checks.changed,
                monitors=write_monitors(cursor, source, batch, now),
                infra=write_infra(cursor, source, source_key, batch, now),
                notes=write_notes(cursor, source, batch.notes, batch.notes_more),
            )
            self._advance(cursor, source, batch)
        self._indexes.grown()
        return Written(
            runs_new=new, runs_changed=changed, runs_gone=gone, commits_new=commits,
            pipelines_new=ran[0], pipelines_changed=ran[1], pipelines_gone=ran[2],
            versions_new=models.new, versions_gone=models.gone, results_new=checks.new,
        )  # fmt: skip

    @staticmethod
    def _source(cursor: sqlite3.Cursor, key: str) -> int:
        row = cursor.execute("SELECT id FROM source WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise LookupError(f"source {key} was not declared")
        return int(row[0])

    def _experiments(self, cursor: sqlite3.Cursor, source: int, batch: Batch) -> bool:
        changed = self._runs.write_experiments(cursor, source, batch.experiments)
        if batch.experiments_complete:
            names = [experiment.id for experiment in batch.experiments]
            cursor.execute(
                "UPDATE experiment SET lifecycle = 'deleted' WHERE source = ? AND lifecycle != 'deleted'"
                f" AND native NOT IN ({', '.join('?' * len(names))})",
                (source, *names),
            )
            changed = changed or cursor.rowcount > 0
        return changed

    def _write_pipelines(self, cursor: sqlite3.Cursor, source: int, batch: Batch, now: int) -> tuple[int, int, int]:
        """How many pipelines were new, changed and gone."""
        new, changed = self._pipelines.write(cursor, source, batch.pipelines, now)
        return new, changed, self._pipelines.remove(cursor, source, batch.pipelines_gone)

    @staticmethod
    def _count(cursor: sqlite3.Cursor, **kinds: bool) -> None:
        """Raise the counts of these kinds of content, where they changed."""
        changed = [kind for kind, has_changed in kinds.items() if has_changed]
        if changed:
            cursor.execute(f"UPDATE content SET {', '.join(f'{kind} = {kind} + 1' for kind in changed)}")

    @staticmethod
    def _advance(cursor: sqlite3.Cursor, source: int, batch: Batch) -> None:
        if batch.cursor is not None:
            text = msgspec.json.encode(batch.cursor).decode()
            cursor.execute("UPDATE source SET cursor = ? WHERE id = ?", (text, source))

    def save_state(self, state: SourceState) -> None:
        """How a source is doing. The source must have been declared. A first sync that is over gets its indexes."""
        if state.last_ok_at is not None and state.items:
            self._indexes.make()
        values = [getattr(state, name) for name in STATE_COLUMNS]
        sets = ", ".join(f"{name} = ?" for name in STATE_COLUMNS)
        with self._transaction() as cursor:
            cursor.execute(f"UPDATE source SET {sets} WHERE key = ?", (*values, state.source))

    def states(self) -> list[SourceState]:
        """How each source of the settings was doing when last said."""
        return read_states(self.connection)

    def items(self, source_key: str) -> int:
        """How many runs, commits, pipelines, versions of models, results of checks, lines of production or stacks of
        this source the cache holds."""
        row = self.connection.execute(
            "SELECT (SELECT count(*) FROM run WHERE source = s.id)"
            " + (SELECT count(*) FROM git_commit WHERE source = s.id)"
            " + (SELECT count(*) FROM pipeline WHERE source = s.id)"
            " + (SELECT count(*) FROM model_version WHERE model IN"
            " (SELECT id FROM registered_model WHERE source = s.id))"
            " + (SELECT coalesce(sum(results), 0) FROM data_check WHERE source = s.id)"
            " + (SELECT count(*) FROM monitor WHERE source = s.id) + (SELECT count(*) FROM stack WHERE source = s.id)"
            " FROM source s WHERE key = ?",
            (source_key,),
        ).fetchone()
        return int(row[0]) if row else 0

    def known_series(
        self, source_key: str, run_ids: Sequence[str], names: Sequence[str], now: int
    ) -> list[KnownSeries]:
        """How far these histories are here, by native ids. Empty ones are left out."""
        return known_series(self.connection, source_key, run_ids, names, now)

    def log_start(self, source_key: str, pipeline: str, job: str, now: int) -> tuple[int, bool]:
        """How many bytes of a job's log are here, and whether that is all of it. Notes that somebody reads it."""
        return log_start(self.connection, source_key, pipeline, job, now)

    def news(self) -> News | None:
        """What state.db was not told yet: what turned of checks, what changed of stacks; None: nothing."""
        return read_news(self.connection)

    def forget_news(self, news: News) -> None:
        """State.db has them now."""
        with self._transaction() as cursor:
            forget_news(cursor, news)

    def note_silence(self, source_key: str, now: int) -> None:
        """This source was read by now: those of its checks that should have spoken and did not are news, once."""
        silent = newly_silent(self.connection, source_key, now)
        for start in range(0, len(silent), _SILENT_AT_ONCE):
            with self._transaction() as cursor:
                write_silence(cursor, source_key, silent[start : start + _SILENT_AT_ONCE], now)

    def tell_removals(self, now: int) -> bool:
        """Remove some of the checks that whole runs were without, in a short transaction; gives whether any were left.

        `write` leaves what it has no room for. Whoever comes after a kill finds it here.
        """
        if self.connection.execute("SELECT 1 FROM check_cover WHERE upto IS NOT NULL LIMIT 1").fetchone() is None:
            return False
        with self._transaction() as cursor:
            self._checks.tell_removals(cursor, now)
            self._count(cursor, checks=True)
        return True

    def settle(self, now: int) -> bool:
        """Do a little of what is owed to lines of production, in a short transaction; gives whether anything was.

        Turns by thresholds that changed, thinning, and removing points. Whoever comes after a kill finds it here.
        """
        with self._transaction() as cursor:
            changed = settle_monitors(cursor, now)
            self._count(cursor, monitors=bool(changed))
        return changed is not None

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
