"""What is kept of each local run: a folder with its record, its logs and its test reports, in the state folder.

    pipelines/<project>/<run>/run.json    the record, replaced as a whole whenever something changed
                              lock        held by the runner while it lives
                              cancel      somebody wants it to stop
                              01-test.log what the job wrote, byte for byte
    pipelines/<project>/lock              held by the one that runs its jobs now
                       /number            the last number that was given

The kernel lets go of a lock when its holder dies, however it dies: a run that is not over and that nobody holds was
cut off. A folder appears whole, with its lock held, or not at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from ..errors import StoreError, UsageError
from ..flock import try_lock
from ..paths import make_private, state_dir
from ..records import SETTLED, CaseReport, Millis, PipelineStatus, Record

KEEP: Final = 200
"""Runs that are kept of a project; older ones go when another is begun."""
LARGEST: Final = 2 * 1024**3
"""Bytes of all runs of a project together; the oldest above go as well. The newest stays whatever it has."""
LARGEST_RECORD: Final = 16 * 1024 * 1024
KILLED: Final = "The runner was killed."
_ABANDONED: Final = 3600.0
"""Seconds after which a folder that is neither in its place nor held is nobody's."""
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class LocalJob(Record, frozen=True, kw_only=True):
    """One job of a local run."""

    name: str
    run: str
    """What was run."""
    status: PipelineStatus = "queued"
    needs: tuple[str, ...] = ()
    exit_status: int | None = None
    """Of the shell; negative: the signal that ended it."""
    reason: str = ""
    """Why it did not pass, in a sentence."""
    started_at: Millis | None = None
    ended_at: Millis | None = None
    log: str = ""
    """The log's file in the run's folder."""
    report: CaseReport | None = None


class LocalRun(Record, frozen=True, kw_only=True):
    """One run of a local pipeline."""

    id: str
    name: str
    """The label of its `[[ci]]`."""
    number: int
    commit: str
    branch: str = ""
    title: str = ""
    """The first line of the commit's message."""
    event: str = "manual"
    actor: str = ""
    status: PipelineStatus = "queued"
    reason: str = ""
    only: tuple[str, ...] = ()
    """The jobs that were asked for; none: all."""
    rerun_of: str = ""
    created_at: Millis
    started_at: Millis | None = None
    ended_at: Millis | None = None
    updated_at: Millis
    jobs: tuple[LocalJob, ...] = ()
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Nothing more comes of it."""
        return self.status in SETTLED

    def job_id(self, job: LocalJob) -> str:
        """The job's id, which no other job of any run has."""
        return f"{self.id}.{job.name}"


class Hold:
    """A run's folder and its lock, for the one that runs it."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody wants it to stop."""
        return (self.folder / "cancel").exists()

    def write(self, run: LocalRun) -> None:
        """Put the record in place, in one piece. Raises OSError."""
        _write(self.folder, run)

    def close(self) -> None:
        """The runner is done."""
        os.close(self._lock)


class Kept:
    """The runs of one project. Nothing is made before the first one."""

    def __init__(self, project_key: str) -> None:
        self.folder = state_dir() / "pipelines" / project_key

    def ids(self) -> list[str]:
        """All runs, the newest first, as far as their ids tell."""
        try:
            with os.scandir(self.folder) as entries:
                return sorted((one.name for one in entries if _ID.fullmatch(one.name) and one.is_dir()), reverse=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be read: {error.strerror}.") from error

    def newest(self) -> list[LocalRun]:
        """All records, the newest first. One that cannot be read is passed over."""
        found = [run for name in self.ids() if (run := self.read(name)) is not None]
        return sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)

    def read(self, run_id: str) -> LocalRun | None:
        """One record as it is; None where there is none. A run that was cut off is told as one."""
        if not _ID.fullmatch(run_id):
            return None
        folder = self.folder / run_id
        is_held = _is_held(folder / "lock")  # first: one that ends in between has written its record before
        run = _read(folder)
        return run if run is None or run.is_over or is_held else cut_off(run, _last_sign(folder))

    def changed_at(self, run_id: str) -> int:
        """Nanoseconds: differs whenever the record was written, 0 where there is none."""
        try:
            return (self.folder / run_id / "run.json").stat().st_mtime_ns
        except OSError:
            return 0

    def is_alive(self, run_id: str) -> bool:
        """Whether its runner lives."""
        return bool(_ID.fullmatch(run_id)) and _is_held(self.folder / run_id / "lock")

    def file(self, run_id: str, name: str) -> Path:
        """A file of a run, by the name that its record says. Raises StoreError for a name that leads elsewhere."""
        if not _ID.fullmatch(run_id) or not name or "/" in name or name.startswith("."):
            raise StoreError("The record of this run names a file that cannot be one of its own.")
        return self.folder / run_id / name

    def ask_to_stop(self, run_id: str) -> bool:
        """Ask the runner of a run to stop it; False when nobody runs it. Raises OSError."""
        if not self.is_alive(run_id):
            return False
        os.close(os.open(self.folder / run_id / "cancel", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        return True

    def begin(self, run_id: str, record: Callable[[int], LocalRun]) -> Hold | None:
        """Make the folder of a new run; `record` gives its record from its number. None: it was begun before.

        Raises UsageError for an id that cannot be one, OSError.
        """
        if not _ID.fullmatch(run_id):
            raise UsageError("The key of a run is made of letters, digits, - and _: 64 at most.")
        make_private(self.folder)
        if (self.folder / run_id).exists():
            return None
        fresh = self.folder / f".{run_id}.{os.getpid()}"
        fresh.mkdir(mode=0o700)
        lock = os.open(fresh / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else knows the file yet
            _write(fresh, record(self._next_number()))
            fresh.rename(self.folder / run_id)
        except BaseException as error:
            os.close(lock)
            shutil.rmtree(fresh, ignore_errors=True)
            if isinstance(error, OSError) and (self.folder / run_id).exists():
                return None  # another process with the same key was faster
            raise
        return Hold(self.folder / run_id, lock)

    @contextlib.contextmanager
    def turn(self, wait: Callable[[], bool]) -> Iterator[bool]:
        """Hold the project's one place to run jobs in; `wait` is called while another holds it, False gives up."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not (has_it := try_lock(lock, fcntl.LOCK_EX)) and wait():
                pass
            yield has_it
        finally:
            os.close(lock)

    def running(self) -> LocalRun | None:
        """The run whose jobs run now."""
        return next((run for run in self.newest() if run.status == "running"), None)

    def tidy(self) -> list[LocalRun]:
        """Write down what was cut off, and remove the oldest above KEEP and LARGEST. Gives those cut off. OSError."""
        late: list[LocalRun] = []
        for name in self.ids():
            written, told = _read(self.folder / name), self.read(name)
            if told is not None and written != told and told.is_over and not self.is_alive(name):
                _write(self.folder / name, told)
                late.append(told)
        self._make_room()
        self._sweep()
        return late

    def _make_room(self) -> None:
        taken = 0
        for place, run in enumerate(run for run in self.newest() if run.is_over):
            taken += _size(self.folder / run.id)
            if place >= KEEP or (place and taken > LARGEST):
                self.remove(run.id)

    def _sweep(self) -> None:
        """Take away what a kill left of a folder on its way in or out."""
        for path in self.folder.glob(".*"):
            if path.is_dir() and not _is_held(path / "lock") and time.time() - path.stat().st_mtime > _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)

    def remove(self, run_id: str) -> None:
        """Forget a run. Its folder leaves its place first, so that no half of it is ever read."""
        gone = self.folder / f".{run_id}.gone"
        with contextlib.suppress(OSError):
            (self.folder / run_id).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _next_number(self) -> int:
        place = os.open(self.folder / "number", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX)  # held for microseconds
            said = os.pread(place, 20, 0).strip()
            number = (int(said) if said.isdigit() else 0) + 1
            os.pwrite(place, b"%d\n" % number, 0)
        finally:
            os.close(place)
        return number


def cut_off(run: LocalRun, at: Millis) -> LocalRun:
    """The record of a run whose runner is gone, which last gave a sign of life at `at`."""
    return msgspec.structs.replace(
        run,
        status="failed",
        reason=f"{KILLED} Run it again.",
        ended_at=at,
        jobs=tuple(_cut(job, at) for job in run.jobs),
    )


def _cut(job: LocalJob, at: Millis) -> LocalJob:
    if job.status == "running":
        return msgspec.structs.replace(job, status="failed", reason=KILLED, ended_at=at)
    if job.status in SETTLED:
        return job
    return msgspec.structs.replace(job, status="skipped", reason=f"{KILLED} This job had not begun.")


def _last_sign(folder: Path) -> Millis:
    """When something was written last: the best that is known of when the runner died."""
    times = [0]
    with contextlib.suppress(OSError):
        times += [path.stat().st_mtime_ns for path in folder.iterdir()]
    return max(times) // 1_000_000


def _size(folder: Path) -> int:
    """Bytes of its files."""
    with contextlib.suppress(OSError):
        return sum(path.lstat().st_size for path in folder.iterdir())
    return 0


def _read(folder: Path) -> LocalRun | None:
    try:
        with (folder / "run.json").open("rb") as stream:
            return msgspec.json.decode(stream.read(LARGEST_RECORD), type=LocalRun)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(folder: Path, run: LocalRun) -> None:
    fresh = folder / "run.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as stream:  # noqa: PTH123  # a descriptor, so that the mode is ours
        stream.write(msgspec.json.encode(run))
        stream.flush()
        os.fsync(stream.fileno())  # else a power cut may leave an empty file under the name
    fresh.replace(folder / "run.json")


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
