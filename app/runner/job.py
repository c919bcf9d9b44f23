"""One job: a shell in a session of its own, its output in its log as it comes, and nothing left running afterwards.

A guard, which is a shell that waits for a word, ends the job's processes when the runner itself is killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ..errors import QuarterdeckError

Why = Literal["exit", "timeout", "cancelled"]

TICK: Final = 0.2
"""Seconds between two looks at whether it should stop."""
GRACE: Final = 5.0
"""Seconds between TERM and KILL."""
LINGERING: Final = 1.0
"""Seconds that a job's children may go on writing when its shell has ended."""
LARGEST_LOG: Final = 512 * 1024 * 1024
"""Bytes of one log. What a job writes beyond is read and thrown away, so that it does not fill the disk."""
PIECE: Final = 1 << 16
_GUARD: Final = 'read -r word || { kill -s TERM -- "-$1"; sleep 5; kill -s KILL -- "-$1"; }'


class Ended(NamedTuple):
    """How a job ended."""

    why: Why
    status: int
    """The shell's exit status; negative: the signal."""
    dropped: int
    """Bytes that the log has no room for."""


class NotStartedError(QuarterdeckError):
    """The system gave no process for a job, or none to guard it."""


class Watched(NamedTuple):
    """What is asked and told while a job runs."""

    output: Callable[[bytes], None]
    tick: Callable[[], None]
    should_stop: Callable[[], bool]


def run_job(
    command: str, *, cwd: Path, environment: Mapping[str, str], log: Path, limit: float, watched: Watched
) -> Ended:
    """Run `command` with `sh -e -c`, without a terminal and without input, for at most `limit` seconds.

    Everything that it started and that stayed in its session is ended with it. Raises NotStartedError, and OSError
    where the log cannot be written (the job is ended then).
    """
    place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return _Job(command, cwd, environment, place, watched).finish(time.monotonic() + limit)
    finally:
        os.close(place)


class _Job:
    def __init__(self, command: str, cwd: Path, environment: Mapping[str, str], log: int, watched: Watched) -> None:
        self._log, self._watched = log, watched
        self._written = self._dropped = 0
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-e", "-c", command], cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, bufsize=0,
            )  # fmt: skip
        except (OSError, ValueError) as error:  # ValueError: a NUL in its words
            raise _not_started(error) from error
        try:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "quarterdeck-guard", str(self._shell.pid)], cwd="/", stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0,
            )  # fmt: skip
        except BaseException as error:
            self._abandon()
            if isinstance(error, OSError):
                raise _not_started(error) from error
            raise

    def finish(self, deadline: float) -> Ended:
        """Copy what it writes until it has ended, by itself or because we ended it."""
        try:
            why = self._follow(deadline)
            if why != "exit":
                self._end(signal.SIGTERM)
                self._wait_for_end()
            self._drain(LINGERING)
            return Ended(why, self._status(), self._dropped)
        finally:
            self._end(signal.SIGKILL)  # what is left of its group, whatever went wrong here
            self._shell.wait()
            self._dismiss()

    def _follow(self, deadline: float) -> Why:
        while self._shell.poll() is None:
            if self._watched.should_stop():
                return "cancelled"
            if time.monotonic() >= deadline:
                return "timeout"
            if not self._copy(min(TICK, max(deadline - time.monotonic(), 0))):
                self._watched.tick()
        return "exit"

    def _wait_for_end(self) -> None:
        """Copy until all of its group have ended, or the time is over. One may save its work and write nothing."""
        until = time.monotonic() + GRACE
        while time.monotonic() < until and self._lives():
            if self._copy(TICK) is None and self._shell.poll() is not None:
                time.sleep(TICK)  # nothing to read, and nobody of ours to wait for
            self._watched.tick()

    def _lives(self) -> bool:
        self._shell.poll()  # takes note of its end: until then its group is there
        try:
            os.killpg(self._shell.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # it became another user
        return True

    def _drain(self, seconds: float) -> None:
        """Copy until nobody can write any more, or the time is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._copy(min(TICK, seconds)) is not None:
            self._watched.tick()

    def _copy(self, wait: float) -> bool | None:
        """Copy a piece: True; False when there was none in `wait` seconds, None when there will be none."""
        pipe = self._shell.stdout
        assert pipe is not None
        if pipe.closed:
            self._rest(wait)
            return None
        if not select.select([pipe], [], [], wait)[0]:
            return False
        piece = os.read(pipe.fileno(), PIECE)
        if not piece:
            pipe.close()
            return None
        self._keep(piece)
        return True

    def _rest(self, wait: float) -> None:
        """The job closed its output and goes on: nothing to read, only an end to wait for."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._shell.wait(wait)

    def _keep(self, piece: bytes) -> None:
        room = max(LARGEST_LOG - self._written, 0)
        kept = memoryview(piece)[:room]
        self._dropped += len(piece) - len(kept)
        self._written += len(kept)
        while kept:
            kept = kept[os.write(self._log, kept) :]
        self._watched.output(piece)

    def _end(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._shell.pid, number)

    def _abandon(self) -> None:
        """End it at once: nobody would, were we killed."""
        self._end(signal.SIGKILL)
        self._shell.wait()
        if self._shell.stdout is not None:
            self._shell.stdout.close()

    def _status(self) -> int:
        """Of the shell, which is killed when it is still there."""
        if self._shell.poll() is None:
            self._end(signal.SIGKILL)
        return self._shell.wait()

    def _dismiss(self) -> None:
        for pipe in (self._shell.stdout, self._guard.stdin):
            with contextlib.suppress(OSError):
                if pipe is self._guard.stdin and pipe is not None:
                    pipe.write(b"done\n")
                if pipe is not None:
                    pipe.close()
        self._guard.wait()


def _not_started(error: OSError | ValueError) -> NotStartedError:
    reason = error.strerror if isinstance(error, OSError) else None
    return NotStartedError(f"It could not be started: {reason or error}.")
