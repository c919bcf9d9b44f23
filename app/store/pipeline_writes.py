"""Writing pipelines and their jobs. What did not change costs one look and no write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from ..query import as_number
from ..records import Approval, CaseReport, CommitCheck, Deployment, Job, Millis, Pipeline, Step


class Extras(msgspec.Struct, frozen=True, array_like=True):
    """What comes with the jobs. Packed as an array: whatever is added stands at its end, so old rows stay readable."""

    report: CaseReport | None = None
    approvals: tuple[Approval, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    checks: tuple[CommitCheck, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_extras = msgspec.msgpack.Decoder(Extras).decode
_NO_EXTRAS: Final = Extras()

_AT_ONCE: Final = 500
"""Ids that are looked up by one statement."""

_HEAD: Final = (
    "name", "status", "raw_status", "number", "title", "branch", "commit", "event", "actor", "attempt", "url",
    "created_at", "started_at", "ended_at", "updated_at",
)  # fmt: skip
"""What a vendor's list says of a pipeline: fields of the record, and columns."""

_STEP: Final = Step.__struct_fields__


class _Known(NamedTuple):
    """A pipeline as the table has it."""

    id: int
    head: bytes
    jobs: bytes | None
    extras: bytes | None
    attempt: int
    status: str
    title: str
    actor: str
    started_at: Millis | None
    ended_at: Millis | None


class PipelineWriter:
    """Writes inside the caller's transaction. Remembers nothing between two of them."""

    def write(self, cursor: sqlite3.Cursor, source: int, pipelines: Sequence[Pipeline], now: Millis) -> tuple[int, int]:
        """Insert new pipelines and rewrite what changed of others. Gives how many were new and changed.

        One whose jobs are None came from a list. It keeps the jobs, tests and deployments of the same attempt, and
        the approvals while its status is the same; of a later attempt they are forgotten. So it is with the title,
        who began it, and its times, where the list says nothing of them (GitLab's does not). Checks are its commit's:
        they are kept until others come.
        """
        latest = {pipeline.id: pipeline for pipeline in map(_writable, pipelines)}
        known = self._known(cursor, source, list(latest))
        changes = [self._one(cursor, source, known.get(native), one, now) for native, one in latest.items()]
        return changes.count("new"), changes.count("changed")

    @staticmethod
    def remove(cursor: sqlite3.Cursor, source: int, natives: Iterable[str]) -> int:
        """The vendor has these no more. Gives how many of them there were."""
        ids = [(source, storable(native)) for native in natives]
        cursor.executemany(
            "DELETE FROM job WHERE pipeline = (SELECT id FROM pipeline WHERE source = ? AND native = ?)", ids
        )
        cursor.executemany("DELETE FROM pipeline WHERE source = ? AND native = ?", ids)
        return max(0, cursor.rowcount)

    @staticmethod
    def _known(cursor: sqlite3.Cursor, source: int, natives: Sequence[str]) -> dict[str, _Known]:
        known: dict[str, _Known] = {}
        for start in range(0, len(natives), _AT_ONCE):
            some = natives[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            sql = (
                "SELECT native, id, head, jobs, extras, attempt, status, title, actor, started_at, ended_at"
                f" FROM pipeline WHERE source = ? AND native IN ({marks})"
            )
            known.update((row[0], _Known(*row[1:])) for row in cursor.execute(sql, (source, *some)))
        return known

    def _one(self, cursor: sqlite3.Cursor, source: int, known: _Known | None, pipeline: Pipeline, now: Millis) -> str:
        pipeline = _completed(known, pipeline)
        head = _digest([getattr(pipeline, name) for name in _HEAD])
        jobs = _digest(pipeline.jobs) if pipeline.jobs is not None else _kept_jobs(known, pipeline)
        extras = _written_extras(known, pipeline)
        if known is not None and (known.head, known.jobs, known.extras) == (head, jobs, extras):
            return "same"
        row = (*_columns(pipeline), now, head, jobs, extras)
        if known is None:
            number = _insert(cursor, source, pipeline.id, row)
            _write_jobs(cursor, number, pipeline.jobs or ())
            return "new"
        _update(cursor, known.id, row)
        if jobs != known.jobs:
            cursor.execute("DELETE FROM job WHERE pipeline = ?", (known.id,))
            _write_jobs(cursor, known.id, pipeline.jobs or ())
        return "changed"


def _digest(what: Any) -> bytes:
    return blake2b(_encode(what), digest_size=8).digest()


def _writable(pipeline: Pipeline) -> Pipeline:
    """The same, unless a text in it cannot be written: UTF-8 has no halves of a surrogate pair."""
    try:
        _encode(pipeline)
    except UnicodeEncodeError:
        return msgspec.convert(_storable(msgspec.to_builtins(pipeline)), Pipeline)
    return pipeline


def storable(text: str) -> str:
    """A text as it can be kept: half a surrogate pair is written out, `\\ud800`."""
    return text.encode("utf-8", "backslashreplace").decode()


def _storable(what: Any) -> Any:
    if isinstance(what, str):
        return storable(what)
    if isinstance(what, dict):
        return {name: _storable(value) for name, value in what.items()}
    return [_storable(one) for one in what] if isinstance(what, list | tuple) else what


def _completed(known: _Known | None, pipeline: Pipeline) -> Pipeline:
    """A pipeline of a list, with what lists may leave out. An end is kept as long as the status is the same.

    Attempts only rise: a list that says a lower one says nothing of them (Airflow's does not).
    """
    if known is None or pipeline.jobs is not None or known.attempt < pipeline.attempt:
        return pipeline
    ended = known.ended_at if known.status == pipeline.status else None
    return msgspec.structs.replace(
        pipeline,
        attempt=known.attempt,
        title=pipeline.title or known.title,
        actor=pipeline.actor or known.actor,
        started_at=pipeline.started_at if pipeline.started_at is not None else known.started_at,
        ended_at=pipeline.ended_at if pipeline.ended_at is not None else ended,
    )


def _kept_jobs(known: _Known | None, pipeline: Pipeline) -> bytes | None:
    return known.jobs if known is not None and known.attempt == pipeline.attempt else None


def _written_extras(known: _Known | None, pipeline: Pipeline) -> bytes | None:
    said = Extras(pipeline.report, pipeline.approvals, pipeline.deployments, pipeline.checks)
    if known is not None and known.extras:
        is_listed = pipeline.jobs is None and known.attempt == pipeline.attempt
        waits = known.status == pipeline.status
        if is_listed and waits and said == _NO_EXTRAS:
            return known.extras
        said = _kept(read_extras(known.extras), said, is_listed=is_listed, waits=waits)
    return None if said == _NO_EXTRAS else _encode(said)


def _kept(before: Extras, said: Extras, *, is_listed: bool, waits: bool) -> Extras:
    checks = said.checks or before.checks
    if not is_listed:
        return msgspec.structs.replace(said, checks=checks)
    approvals = said.approvals or (before.approvals if waits else ())
    return Extras(said.report or before.report, approvals, said.deployments or before.deployments, checks)


def read_extras(packed: bytes | None) -> Extras:
    """Tests, approvals, deployments and checks out of the column."""
    return _extras(packed) if packed else _NO_EXTRAS


def _columns(pipeline: Pipeline) -> Iterator[Any]:
    yield from (getattr(pipeline, name) for name in _HEAD)
    yield as_number(pipeline.number)
    times = (pipeline.created_at, pipeline.started_at, pipeline.ended_at, pipeline.updated_at)
    yield next((at for at in times if at is not None), 0)


_SET: Final = (*(f'"{name}"' for name in _HEAD), "number_value", "at", "changed_at", "head", "jobs", "extras")


def _insert(cursor: sqlite3.Cursor, source: int, native: str, row: tuple[Any, ...]) -> int:
    marks = ", ".join("?" * (len(_SET) + 2))
    cursor.execute(f"INSERT INTO pipeline (source, native, {', '.join(_SET)}) VALUES ({marks})", (source, native, *row))
    assert cursor.lastrowid is not None  # an INSERT that did not raise has one
    return cursor.lastrowid


def _update(cursor: sqlite3.Cursor, number: int, row: tuple[Any, ...]) -> None:
    sets = ", ".join(f"{name} = ?" for name in _SET)
    cursor.execute(f"UPDATE pipeline SET {sets} WHERE id = ?", (*row, number))


JOB: Final = (
    "name", "status", "raw_status", "stage", "attempt", "queued_at", "started_at", "ended_at", "url", "is_manual",
    "may_fail", "reason",
)  # fmt: skip
"""Fields of a job that are columns under the same name."""


def _write_jobs(cursor: sqlite3.Cursor, pipeline: int, jobs: Sequence[Job]) -> None:
    marks = ", ".join("?" * (len(JOB) + 4))
    cursor.executemany(
        f"INSERT INTO job (pipeline, native, needs, steps, {', '.join(JOB)}) VALUES ({marks})",
        [
            (
                pipeline, job.id, _encode(job.needs) if job.needs else None, _packed(job.steps),
                *(getattr(job, name) for name in JOB),
            )
            for job in jobs
        ],
    )  # fmt: skip


def _packed(steps: Sequence[Step]) -> bytes | None:
    """As rows without names: ten jobs of ten steps are 5 kB so, with names 17."""
    return _encode([[getattr(step, name) for name in _STEP] for step in steps]) if steps else None


_needs = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_rows = msgspec.msgpack.Decoder(list[list[Any]]).decode


def read_job(native: str, needs: bytes | None, steps: bytes | None, values: Sequence[Any]) -> Job:
    """A job out of its columns; `values` in the order of JOB."""
    facts = dict(zip(JOB, values, strict=True))
    facts |= {"is_manual": bool(facts["is_manual"]), "may_fail": bool(facts["may_fail"])}
    found = [Step(**dict(zip(_STEP, row, strict=True))) for row in _rows(steps)] if steps else ()
    return Job(id=native, needs=_needs(needs) if needs else (), steps=tuple(found), **facts)
