"""The project's own command that makes or fetches results. Whoever calls this has seen to it that it is trusted.

checks/<source>/lock       held while it runs, by the syncer or by `quarterdeck check run`
               /last.json  how it went the last time
               /<time>.out what it printed, where nothing else says where its results are

The same of infra/<source>, but for what was printed: it holds secrets, so what may be kept of it is read at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

from ...errors import StoreError
from ...flock import try_lock
from ...paths import make_private
from ...records import Millis, Record
from ...runner.job import NotStartedError, Watched, run_job
from ...runner.surroundings import clean_environment
from ...settings import Settings, seconds
from ...text import clip
from .masking import masked
from .tree import Candidate

LIMIT: Final = 600.0
"""Seconds that it may take."""
LARGEST: Final = 64 * 1024 * 1024
"""Bytes that it may print where that is the file of results."""
KEPT: Final = 5
"""Outputs that are kept."""
_TAIL: Final = 16_384


class Ran(Record, frozen=True, kw_only=True):
    """How a run of the command went."""

    started_at: Millis
    ended_at: Millis
    status: int = 0
    """Exit status; negative: the signal."""
    why: str = "exit"
    """exit, timeout, cancelled, too_much (printed), or not_started."""
    said: str = ""
    """The last line of its standard error, masked."""


class Runs(Protocol):
    """A section of the settings that has a command."""

    @property
    def command(self) -> tuple[str, ...]:
        """Its words."""

    @property
    def every(self) -> str | None:
        """How often the syncer runs it."""


class Command:
    """The command of one section. `folder` is where its records are kept, and what it printed."""

    def __init__(
        self, settings: Settings, section: Runs, folder: Path, *, prints: bool,
        take: Callable[[Path, Ran], None] | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """`prints`: what it prints is the file of results; `take` reads it there and then, and no output is kept."""
        self._settings, self._section, self._take, self._clock = settings, section, take, clock
        self.folder, self.prints = folder, prints

    @property
    def words(self) -> str:
        """It as it would be typed."""
        return clip(shlex.join(self._section.command), 80)

    def is_due(self) -> bool:
        """Whether the syncer is to run it now."""
        if self._section.every is None or self._settings.address:
            return False
        last = self.last()
        return (
            last is None
            or last.why == "cancelled"
            or self._now() - last.started_at >= seconds(self._section.every) * 1000
        )

    def last(self) -> Ran | None:
        """How it went the last time; None where it never ran, or nobody knows."""
        try:
            return msgspec.json.decode((self.folder / "last.json").read_bytes(), type=Ran)
        except (OSError, msgspec.MsgspecError):
            return None

    def run(
        self, *, output: Callable[[bytes], None] = lambda piece: None, tick: Callable[[], None] = lambda: None,
        should_stop: Callable[[], bool] = lambda: False, wait: Callable[[], bool] = lambda: False,
    ) -> Ran | None:  # fmt: skip
        """Run it once. Blocking; None, when another process runs it and `wait` (called while it does) gives up.

        `output` is told what it writes and is not the file of results. Raises StoreError when there is no place for
        its output.
        """
        try:
            make_private(self.folder)
            with self._turn(wait) as has_it:
                return self._run(output, tick, should_stop) if has_it else None
        except OSError as error:
            why = error.strerror or str(error)
            raise StoreError(f"What `{self.words}` says cannot be kept in {self.folder}: {why}.") from error

    async def run_beside(self) -> None:
        """Run it on a thread; whoever gives this up ends the command. Raises StoreError."""
        stopped = threading.Event()
        running = asyncio.ensure_future(asyncio.to_thread(self.run, should_stop=stopped.is_set))
        try:
            await asyncio.shield(running)
        finally:
            stopped.set()
            if not running.done():
                with contextlib.suppress(StoreError):
                    await running

    @contextlib.contextmanager
    def _turn(self, wait: Callable[[], bool]) -> Iterator[bool]:
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not (has_it := try_lock(lock, fcntl.LOCK_EX)) and wait():
                pass
            yield has_it
        finally:
            os.close(lock)

    def _run(self, output: Callable[[bytes], None], tick: Callable[[], None], should_stop: Callable[[], bool]) -> Ran:
        started = self._now()
        for left in self.folder.glob(".*.new"):  # by one that was killed
            left.unlink(missing_ok=True)
        if missing := self._missing():
            return self._keep(None, self._not_started(started, missing))
        fresh = self.folder / f".{started}.new"
        printing = _Printing(fresh, output, should_stop)
        try:
            ended = run_job(
                self._line(fresh), cwd=self._settings.root, environment=clean_environment(self._settings),
                log=Path(os.devnull), limit=LIMIT, watched=Watched(printing.hear, tick, printing.stops),
            )  # fmt: skip
        except NotStartedError as error:
            return self._keep(fresh, self._not_started(started, str(error)))
        why = "too_much" if printing.is_too_much() else ended.why
        ran = Ran(started_at=started, ended_at=self._now(), status=ended.status, why=why, said=printing.last_line())
        return self._keep(fresh, ran)

    def _line(self, fresh: Path) -> str:
        """It as a shell takes it; what it prints goes to `fresh` where that is the file of results."""
        return f"exec {shlex.join(self._section.command)}" + (f" >{shlex.quote(str(fresh))}" if self.prints else "")

    def _not_started(self, started: Millis, why: str) -> Ran:
        return Ran(started_at=started, ended_at=self._now(), status=127, why="not_started", said=why)

    def _missing(self) -> str:
        """Why there is no such program; "" where there is one."""
        program = self._section.command[0]
        place = self._settings.root / program if "/" in program else program
        if shutil.which(place, path=self._settings.environment.get("PATH")) is not None:
            return ""
        where = f"in {self._settings.root}" if "/" in program else "on the PATH"
        return f"There is no program {clip(program, 60)} {where}."

    def _keep(self, fresh: Path | None, ran: Ran) -> Ran:
        """Put the output and the record in place. An output that was cut off is none."""
        if fresh is not None:
            if _size(fresh) and ran.why == "exit":
                self._take_over(fresh, ran)
            fresh.unlink(missing_ok=True)
        for old in self.outputs()[KEPT:]:
            old.unlink(missing_ok=True)
        draft = self.folder / "last.new"
        draft.write_bytes(msgspec.json.encode(ran))
        draft.replace(self.folder / "last.json")
        return ran

    def _take_over(self, fresh: Path, ran: Ran) -> None:
        if self._take is None:
            fresh.replace(self.folder / f"{ran.started_at}.out")
            return
        try:
            self._take(fresh, ran)
        finally:
            fresh.unlink(missing_ok=True)

    def outputs(self) -> list[Path]:
        """What it printed the last times, the newest first."""
        try:
            found = [path for path in self.folder.glob("*.out") if path.stem.isdecimal()]
        except OSError:
            return []
        return sorted(found, key=lambda path: int(path.stem), reverse=True)

    def _now(self) -> Millis:
        return int(self._clock() * 1000)


class _Printing:
    """What a command prints while it runs: the end of what it says, and whether its file of results grew too large."""

    def __init__(self, fresh: Path, output: Callable[[bytes], None], should_stop: Callable[[], bool]) -> None:
        self._fresh, self._output, self._should_stop = fresh, output, should_stop
        self._tail = bytearray()
        self._was_too_much = False

    def hear(self, piece: bytes) -> None:
        self._tail.extend(piece)
        del self._tail[:-_TAIL]
        self._output(piece)

    def is_too_much(self) -> bool:
        self._was_too_much = self._was_too_much or _size(self._fresh) > LARGEST
        return self._was_too_much

    def stops(self) -> bool:
        return self.is_too_much() or self._should_stop()

    def last_line(self) -> str:
        return _last_line(bytes(self._tail))


class Printed:
    """What a command printed, as a Finder of files."""

    closed = ""

    def __init__(self, command: Command) -> None:
        self._command = command

    def look(self) -> list[Candidate]:
        """The outputs that are kept, the newest first."""
        found: list[Candidate] = []
        for path in self._command.outputs():
            with contextlib.suppress(OSError):
                facts = path.lstat()
                stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
                found.append(Candidate(path.name, str(path), *stamp, called=self._command.words))
        return found


def complaint(words: str, ran: Ran, *, wrote: bool, all_passed: bool) -> str:
    """What is wrong with a run of the command; "" when all is well. Tools end with 1 where a check failed.

    `wrote`: results came of it. `all_passed`: in those that did, nothing failed.
    """
    said = f" It said: {ran.said}" if ran.said else ""
    if ran.why == "not_started":
        return f"`{words}` cannot be started. {ran.said}"
    if ran.why == "timeout":
        return f"`{words}` took longer than {LIMIT / 60:.0f} minutes and was ended.{said}"
    if ran.why == "too_much":
        return f"`{words}` printed more than {LARGEST >> 20} MB and was ended."
    if ran.why == "cancelled":
        return f"`{words}` was cancelled."
    how = f"was ended by signal {-ran.status}" if ran.status < 0 else f"ended with exit status {ran.status}"
    if not wrote:
        return f"`{words}` {how} and wrote no results.{said}"
    if ran.status and all_passed:
        return f"`{words}` {how}, though nothing failed in the results that it wrote.{said}"
    return ""


def _last_line(tail: bytes) -> str:
    lines = [line for line in tail.decode("utf-8", "replace").replace("\r", "\n").split("\n") if line.strip()]
    return masked(lines[-1]) if lines else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
