"""`quarterdeck pipeline log`: what a job wrote."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import click

from ..channel import ask
from ..errors import QuarterdeckError, SourceError, UsageError
from ..logs.writing import has_times, written
from ..records import Job, Pipeline, Want
from ..settings import Settings
from ..store.logs import LogBlock, LogHead
from ..store.reading import Reader
from ..text import clip, shown
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, synced

_LOOK: Final = 0.1
"""Seconds between two looks at what the syncer has fetched so far."""
_QUIET: Final = 1.5
"""Seconds without anything new after which what there is is taken for all that there is."""
_LONGEST: Final = 60.0
"""Seconds that the first byte may take: a big log has to be packed by its server."""
_PATIENCE: Final = 5.0
"""The same where some of it is here already."""


@click.command("log", short_help="Print what a job wrote.")
@click.argument("job", metavar="JOB")
@click.option("--raw", is_flag=True, help="Byte for byte, escape sequences and all: only into files.")
@click.option("--timestamps", is_flag=True, help="With the time of each line, where the log has them.")
@click.option("--source", metavar="NAME", help="Which source has it, where two have the same id.")
@click.pass_obj
def log_command(options: Options, job: str, raw: bool, timestamps: bool, source: str | None) -> int:
    """Print the log of JOB: a job's id or its unambiguous beginning; of a pipeline, that of the job that failed.

    \b
      quarterdeck pipeline log 83419273 | less
      quarterdeck pipeline log pipeline/30433642
      quarterdeck pipeline log '#214'             by the number of its pipeline, where only one has it

    Colours stay where stdout is a terminal or FORCE_COLOR is set; whatever else a terminal would obey is left out.
    What is not in the cache is fetched. Exit status 3 where it cannot be had.
    """
    settings = settings_of(options)
    with synced(options, settings) as reader:
        if reader is None:
            return 1
        pipeline, found = _meant(reader, job, source)
        head = _fetched(options, settings, reader, pipeline, found)
        if head is None or head.lines <= head.first:
            raise SourceError(_none(head, found))
        _tell(head)
        _write(reader, head, raw, timestamps)
        if head.sentence:
            say(shown(head.sentence))
    return 0


def _meant(reader: Reader, written_as: str, source: str | None) -> tuple[Pipeline, Job]:
    """The job that is meant, and its pipeline."""
    kind, _, rest = written_as.partition("/")
    native = unquote(rest) if kind in ("job", "pipeline") and rest else written_as
    key = _key(reader, source)
    jobs = _jobs(reader, native, key) if kind != "pipeline" or not rest else []
    pipelines = _pipelines(reader, native, key) if not jobs and (kind != "job" or not rest) else []
    if len(jobs) == 1:
        return jobs[0]
    if len(jobs) > 1:
        raise UsageError(f"{len(jobs)} jobs begin with {shown(native)}: {_named([job.id for _, job in jobs])}.")
    if len(pipelines) > 1:
        words = "begin with" if pipelines[0].id.startswith(native) else "have the number"
        named = _named([one.id for one in pipelines])
        raise UsageError(f"{len(pipelines)} pipelines {words} {shown(native)}: {named}.")
    if not pipelines:
        raise QuarterdeckError(
            f"There is no job {clip(native, 80)} in the cache: `quarterdeck sync` reads what is new."
        )
    return pipelines[0], _telling(pipelines[0])


def _key(reader: Reader, source: str | None) -> str | None:
    if source is None:
        return None
    known = {state.name: state.source for state in reader.source_states()}
    if source not in known:
        raise UsageError(f"There is no source {clip(source, 60)}; there are {', '.join(map(shown, known))}.")
    return known[source]


def _jobs(reader: Reader, native: str, key: str | None) -> list[tuple[Pipeline, Job]]:
    exact = reader.pipelines.job(native, key)
    found = [exact] if exact is not None else reader.pipelines.jobs_beginning(native)
    rows = [(row, job) for rowid, job in found for row in reader.pipelines.rows([rowid])]
    return [(row.pipeline, job) for row, job in rows if key in (None, row.pipeline.source)]


def _pipelines(reader: Reader, native: str, key: str | None) -> list[Pipeline]:
    exact = reader.pipelines.find(native, key)
    begun = [exact] if exact is not None else reader.pipelines.beginning(native)
    rows = reader.pipelines.rows(begun or reader.pipelines.numbered(native))
    return [row.pipeline for row in rows if key in (None, row.pipeline.source)]


def _named(ids: list[str]) -> str:
    return ", ".join(clip(one, 60) for one in ids[:5]) + (" …" if len(ids) > 5 else "")


def _telling(pipeline: Pipeline) -> Job:
    """The job of a pipeline whose log is asked for: the last one that failed, or its only one."""
    jobs = pipeline.jobs
    if jobs is None:
        raise QuarterdeckError(f"The jobs of {shown(pipeline.name)} were not read yet: `quarterdeck sync` reads them.")
    attempt = max((job.attempt for job in jobs if job.status == "failed"), default=0)
    failed = [job for job in jobs if job.status == "failed" and job.attempt == attempt]
    failed.sort(key=lambda job: job.may_fail)
    if failed or len(jobs) == 1:
        return (failed or jobs)[0]
    words = _named([f"{job.id} ({job.name})" for job in jobs])
    raise UsageError(f"No job of {shown(pipeline.name)} {shown(pipeline.id)} failed; name one: {words}.")


def _fetched(options: Options, settings: Settings, reader: Reader, pipeline: Pipeline, job: Job) -> LogHead | None:
    """What the cache has of the log, after it was asked for where some of it may be missing."""
    head = reader.logs.head(pipeline.source, job.id, pipeline.id)
    if head is not None and head.is_whole and head.bytes:
        return head
    cache = cache_of(options, settings)
    want = Want(kind="log", source=pipeline.source, pipelines=(pipeline.id,), job=job.id)
    asked_at = time.time_ns() // 1_000_000
    if ask(cache, want):
        return _awaited(reader, pipeline, job, asked_at, head)
    _fetch(settings, cache, want)
    return reader.logs.head(pipeline.source, job.id, pipeline.id)


def _fetch(settings: Settings, cache: Path, want: Want) -> None:
    from ..sync.fetch import fetch_now  # half the program, for what the cache does not have

    if not fetch_now(settings, cache, want):
        say("A sync is under way: what follows is what was read before.")


def _awaited(reader: Reader, pipeline: Pipeline, job: Job, asked_at: int, head: LogHead | None) -> LogHead | None:
    """What the syncer brings: until all is there, or nothing more comes."""
    began = heard = time.monotonic()
    patience = _PATIENCE if head is not None and head.bytes else _LONGEST
    while True:
        found = reader.logs.head(pipeline.source, job.id, pipeline.id)
        now = time.monotonic()
        if found != head:
            head, heard = found, now
        answered = head is not None and head.asked_at >= asked_at
        if answered and head is not None and (head.is_whole or head.sentence or now - heard > _QUIET):
            return head
        if not answered and now - began > patience:
            return head
        time.sleep(_LOOK)


def _none(head: LogHead | None, job: Job) -> str:
    if head is not None and head.sentence:
        return shown(head.sentence)
    if head is not None and head.is_whole:
        return f"The job {shown(job.name)} wrote nothing."
    if job.started_at is None:
        return f"The job {shown(job.name)} is {job.status}: there is no log yet."
    return f"The log of {shown(job.name)} was asked for and did not come; `quarterdeck status` says how its source is."


def _tell(head: LogHead) -> None:
    if head.dropped:
        say(f"{head.dropped / 1e6:.1f} MB of it are not here: it is longer than what is kept.")


def _blocks(reader: Reader, rowid: int) -> Iterator[LogBlock]:
    for number in range(reader.logs.blocks(rowid)):
        block = reader.logs.block(rowid, number)
        if block is not None:
            yield block


def _write(reader: Reader, head: LogHead, raw: bool, timestamps: bool) -> None:
    blocks = _blocks(reader, head.rowid)
    if raw:
        for block in blocks:
            if not block.gap:
                sys.stdout.buffer.write(block.data)
        sys.stdout.buffer.flush()
        return
    if timestamps and not has_times(block.data for block in _blocks(reader, head.rowid)):
        say("This log has no times.")
    coloured = bool(os.environ.get("FORCE_COLOR") or (sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    last = ""
    for text in written((block.data for block in blocks), coloured=coloured, timed=timestamps):
        sys.stdout.write(text)
        last = text[-1:] or last
    if last != "\n":
        sys.stdout.write("\n")
