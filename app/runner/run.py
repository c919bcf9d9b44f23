"""A run from its first record to its last: queue, work tree, one job after the other, and what came of each."""

from __future__ import annotations

import contextlib
import errno
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from .. import trust
from ..errors import QuarterdeckError, RefusedError, StoreError
from ..git import GitError
from ..records import CaseReport, Millis, PipelineStatus
from ..records.ids import ulid
from ..settings import Job, Settings, seconds
from ..text import clip
from .checkout import Chosen, StoppedError, make_tree, remove_tree, tree_folder
from .job import LARGEST_LOG, TICK, Ended, NotStartedError, Watched, run_job
from .kept import Hold, Kept, LocalJob, LocalRun
from .listening import Listener
from .local import Local, in_order
from .reports import Stamps, collect, stamps
from .surroundings import environment, folder_in

TIMEOUT: Final = 86_400.0
"""Seconds of a job that says none of its own."""


def now() -> Millis:
    """This moment."""
    return time.time_ns() // 1_000_000


def run(
    settings: Settings,
    local: Local,
    chosen: Chosen,
    *,
    only: Sequence[str] = (),
    key: str | None = None,
    event: str = "manual",
    rerun_of: str = "",
    actor: str = "",
    listener: Listener | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], Millis] = now,
    extra: Mapping[str, str] | None = None,
) -> LocalRun:
    """Run the jobs of `local` on the commit, one after the other, in one clean work tree; gives the record.

    `only`: these jobs and what they need. `key` is the id of the run: one with that id that was begun before is given
    as it is, and nothing is run. While another run of the project is at work this one waits. A job that fails, and a
    work tree that cannot be made, are told by the record. `extra` is added to the environment of the jobs.
    Raises UsageError, UntrustedError, RefusedError (from within a job), StoreError (the disk is full),
    BrokenPipeError (of the listener). The record of a run that ends so is failed and says why.
    """
    trust.check_trusted(settings, local.section)
    jobs = in_order(local.ci.jobs, only)
    kept = Kept(settings.project_key)
    if (outer := settings.environment.get("QUARTERDECK_PIPELINE", "")) and kept.is_alive(outer):
        raise RefusedError("This is a job of a local pipeline of the same project: the run would wait for itself.")
    run_id = key or ulid(clock())

    def record(number: int) -> LocalRun:
        at = clock()
        return LocalRun(
            id=run_id, name=local.name, number=number, commit=chosen.sha, branch=chosen.branch, title=chosen.title,
            event=event, actor=actor, only=tuple(only), rerun_of=rerun_of, created_at=at, updated_at=at,
            jobs=tuple(_record(place, job) for place, job in enumerate(jobs, 1)),
        )  # fmt: skip

    try:
        hold = kept.begin(run_id, record)
        if hold is None:
            return kept.read(run_id) or record(0)
        with contextlib.closing(hold):
            first = kept.read(run_id)
            assert first is not None
            work = _Work(settings, chosen, kept, hold, first, listener or Listener(), should_stop, clock, extra or {})
            return work.done(jobs)
    except BrokenPipeError:
        raise  # of the listener: no record is a pipe
    except OSError as error:
        raise StoreError(_broken(kept.folder, error)) from error


def _record(place: int, job: Job) -> LocalJob:
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", job.name)[:60]
    return LocalJob(name=job.name, run=job.run, needs=job.needs, log=f"{place:02}-{slug}.log")


def _broken(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: records and logs of pipelines are kept in {folder}. Make room and run it again."
    return f"Records and logs of pipelines cannot be kept in {folder}: {error.strerror or error}."


class _Work:
    """One run under way. `self.run` always is what the record on disk says."""

    def __init__(
        self, settings: Settings, chosen: Chosen, kept: Kept, hold: Hold, first: LocalRun, listener: Listener,
        should_stop: Callable[[], bool], clock: Callable[[], Millis], extra: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._settings, self._chosen, self._kept, self._hold = settings, chosen, kept, hold
        self.run, self._listener, self._asked, self._clock = first, listener, should_stop, clock
        self._extra = extra
        self._is_queued = False

    def done(self, jobs: Sequence[Job]) -> LocalRun:
        """Wait for our turn, run the jobs and give the last record."""
        reason = ""
        try:
            with self._kept.turn(self._wait) as has_it:
                if not has_it:
                    raise StoppedError
                reason = self._work(jobs)
        except StoppedError:
            self._finish("cancelled", "")
        except BaseException as error:  # else its record would say that the runner was killed
            with contextlib.suppress(OSError):  # it does say so where nothing can be written
                self._give_up(self._why(error))
            raise
        else:
            failed = any(job.status != "passed" for job in self.run.jobs)
            self._finish("failed" if failed else "passed", reason)
        self._listener.ended(self.run)
        return self.run

    def _wait(self) -> bool:
        if not self._is_queued:
            self._is_queued = True
            self._listener.queued(self.run, self._kept.running())
        time.sleep(TICK)
        return not self._stops()

    def _stops(self) -> bool:
        return self._asked() or self._hold.is_cancelled

    def _work(self, jobs: Sequence[Job]) -> str:
        """Run all jobs; gives why none was run, or an empty text."""
        for late in self._kept.tidy():
            self._listener.cut_off(late)
        self._clear_trees()
        self._write(status="running", started_at=self._clock())
        tree = tree_folder(self._settings.project_key) / self.run.id
        try:
            if complaint := self._make_tree():
                return complaint
            self._listener.began(self.run)
            for place, job in enumerate(jobs):
                self._one(place, job, folder_in(self._settings, tree))
        finally:
            remove_tree(tree)
        return ""

    def _make_tree(self) -> str:
        """Make the work tree; gives why there is none, or an empty text."""
        try:
            make_tree(self._settings, self._chosen, self.run.id, self._stops)
        except (GitError, StoreError) as error:
            return f"No work tree could be made. {error}"
        except OSError as error:
            place = tree_folder(self._settings.project_key)
            return f"No work tree could be made in {place}: {error.strerror or error}."
        return ""

    def _clear_trees(self) -> None:
        """Take away the work trees of runs that were killed, as far as that is possible."""
        with contextlib.suppress(OSError):
            for tree in list(tree_folder(self._settings.project_key).iterdir()):
                if not self._kept.is_alive(tree.name):
                    remove_tree(tree)

    def _one(self, place: int, job: Job, folder: Path) -> None:
        if self._stops():
            raise StoppedError
        passed = {one.name for one in self.run.jobs if one.status == "passed"}
        if missing := [name for name in job.needs if name not in passed]:
            self._job(place, status="skipped", reason=f"“{clip(missing[0], 60)}” did not pass.")
        else:
            self._job(place, status="running", started_at=self._clock())
            self._listener.job_began(self.run.jobs[place])
            self._execute(place, job, folder)
        self._listener.job_ended(self.run.jobs[place])

    def _execute(self, place: int, job: Job, folder: Path) -> None:
        log = self._kept.file(self.run.id, self.run.jobs[place].log)
        limit = seconds(job.timeout) if job.timeout else TIMEOUT
        if not folder.is_dir():
            self._over(place, "failed", "The folder of quarterdeck.toml is not there at this commit.")
            return
        before = stamps(folder, job.junit) if job.junit else {}
        variables = {**environment(self._settings, self.run.id, self.run.commit), **self._extra}
        try:
            ended = run_job(
                job.run, cwd=folder, environment=variables, log=log, limit=limit,
                watched=Watched(self._listener.output, self._listener.tick, self._stops),
            )  # fmt: skip
        except NotStartedError as error:
            _note(log, str(error))
            self._over(place, "failed", str(error))
            return
        status, reason, report = _outcome(ended, job, folder, before)
        _close(log, ended, reason)
        self._over(place, status, reason, ended.status, report)
        if ended.why == "cancelled":
            raise StoppedError

    def _over(
        self, place: int, status: PipelineStatus, reason: str, exit_status: int | None = None,
        report: CaseReport | None = None,
    ) -> None:  # fmt: skip
        self._job(place, status=status, reason=reason, exit_status=exit_status, report=report, ended_at=self._clock())

    def _finish(self, status: PipelineStatus, reason: str) -> None:
        """The last record. What was not begun never will be."""
        left = "It was cancelled." if status == "cancelled" else reason
        jobs = tuple(
            msgspec.structs.replace(job, status="skipped", reason=left) if job.status == "queued" else job
            for job in self.run.jobs
        )
        self._write(status=status, reason=reason, jobs=jobs, ended_at=self._clock())

    def _why(self, error: BaseException) -> str:
        """Why nothing more came of it. What an unknown error says may be a secret."""
        if isinstance(error, QuarterdeckError):
            return str(error)
        if isinstance(error, BrokenPipeError):
            return "Nobody read any more what was said of it."
        if isinstance(error, OSError):
            return _broken(self._kept.folder, error)
        if isinstance(error, Exception):
            return f"quarterdeck failed unexpectedly ({type(error).__name__})."
        return "It was interrupted."

    def _give_up(self, reason: str) -> None:
        for place, job in enumerate(self.run.jobs):
            if job.status == "running":
                self._over(place, "failed", reason)
        self._finish("failed", reason)

    def _job(self, place: int, **changes: object) -> None:
        jobs = list(self.run.jobs)
        jobs[place] = msgspec.structs.replace(jobs[place], **changes)
        self._write(jobs=tuple(jobs))

    def _write(self, **changes: object) -> None:
        self.run = msgspec.structs.replace(self.run, updated_at=self._clock(), **changes)
        self._hold.write(self.run)


def judged(ended: Ended, job: Job) -> tuple[PipelineStatus, str]:
    """What the end of a job means."""
    if ended.why == "timeout":
        return "failed", f"It took longer than {job.timeout or '24h'} and was ended."
    if ended.why == "cancelled":
        return "cancelled", "It was cancelled."
    if ended.status == 0:
        return "passed", ""
    if ended.status < 0:
        return "failed", f"It was ended by signal {-ended.status}."
    return "failed", f"Exit status {ended.status}."


def _outcome(ended: Ended, job: Job, folder: Path, before: Stamps) -> tuple[PipelineStatus, str, CaseReport | None]:
    """What the end of a job means, by the reports that it wrote too."""
    status, reason = judged(ended, job)
    if not job.junit or ended.why != "exit":
        return status, reason, None
    report, complaint = collect(folder, job.junit, before)
    return ("failed", f"{reason} {complaint}".strip(), report) if complaint else (status, reason, report)


def _close(log: Path, ended: Ended, reason: str) -> None:
    """Say at the end of the log what the job itself could not."""
    if ended.dropped:
        reason = f"{reason} The log was cut after {LARGEST_LOG >> 20} MB: {ended.dropped} bytes are missing.".strip()
    elif ended.why == "exit" and ended.status >= 0:
        return
    _note(log, reason)


def _note(log: Path, reason: str) -> None:
    with log.open("ab") as stream:
        stream.write(f"\nquarterdeck: {reason}\n".encode())
