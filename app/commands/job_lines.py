"""How a local run is narrated on stderr: on a terminal with the jobs' output as it comes, else a line a job."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from ..exact import span
from ..records import PipelineStatus
from ..runner import Chosen, Listener, LocalJob, LocalRun
from ..runner.told import called
from ..text import cells, clip, fit
from .boundary import say

TAIL: Final = 20
"""Lines of a failed job's log that are repeated where nobody saw them come."""
WIDEST: Final = 200
"""Cells of such a line that are repeated."""
SILENCE: Final = 2.0
"""Seconds without a line after which the time is told that a job has taken."""
LONGEST: Final = 1 << 16
"""Bytes of a line after which it is told, whole or not."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_SIGNS: Final[dict[PipelineStatus, str]] = {"passed": "●", "failed": "✖", "cancelled": "–", "skipped": "–"}


class JobLines(Listener):
    """A line when a job begins and one when it ends; of a failed one the end of its log."""

    def __init__(self, changed: Callable[[LocalRun], None] = lambda run: None) -> None:
        self._changed = changed
        self._chosen: Chosen | None = None
        self._run: LocalRun | None = None
        self._tail: deque[tuple[bytes, int]] = deque(maxlen=TAIL)
        self._rest = b""
        self._goes_on = False

    def about(self, chosen: Chosen) -> None:
        """The commit that will be run."""
        self._chosen = chosen

    def cut_off(self, run: LocalRun) -> None:
        """Say which run turned out to be dead."""
        say(f"Pipeline {clip(called(run), 60)} #{run.number} of {run.commit[:9]} was cut off: its runner was killed.")

    def queued(self, run: LocalRun, behind: LocalRun | None) -> None:
        """Say whom it waits for."""
        other = f"{clip(called(behind), 60)} #{behind.number} is running" if behind else "another pipeline is running"
        say(f"Waiting: {other} in this project. Ctrl+C gives up.")
        self._changed(run)

    def began(self, run: LocalRun) -> None:
        """Say what runs."""
        self._run = run
        jobs = f"{len(run.jobs)} jobs" if len(run.jobs) != 1 else "1 job"
        branch = f" on {clip(run.branch, 40)}" if run.branch else ""
        say(f"{clip(called(run), 60)} #{run.number}: {jobs} at {run.commit[:9]}{branch}, {clip(run.title, 80)}")
        if self._chosen is not None and (count := self._chosen.left_out):
            files = "1 file is" if count == 1 else f"{count} files are"
            say(f"Not committed and left out: {files} changed or new in the work tree.")
        self._changed(run)

    def job_began(self, job: LocalJob) -> None:
        """Forget what the one before wrote."""
        self._tail.clear()
        self._rest, self._goes_on = b"", False
        self._tell()

    def output(self, data: bytes) -> None:
        """Take lines from what comes, a piece at a time."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
            self._goes_on = False
        if len(self._rest) > LONGEST:
            self._take(self._rest)
            self._rest, self._goes_on = b"", True

    def job_ended(self, job: LocalJob) -> None:
        """Say how it ended."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        self._tell_tail(job)
        took = f"  {span(job.ended_at - job.started_at)}" if job.ended_at and job.started_at else ""
        reason = f"  {job.reason}" if job.reason else ""
        self._tell()
        say(f"{_SIGNS.get(job.status, '◌')} {clip(job.name, 40)} {job.status}{took}{reason}{_counted(job)}")

    def ended(self, run: LocalRun) -> None:
        """Say how all of it ended, and how to read more."""
        took = f" in {span(run.ended_at - run.started_at)}" if run.ended_at and run.started_at else ""
        reason = f": {run.reason}" if run.reason else ""
        say(f"{_SIGNS.get(run.status, '◌')} {clip(called(run), 60)} #{run.number} {run.status}{took}{reason}")
        for job in run.jobs:
            if job.status == "failed" and job.started_at is not None:
                say(f"  Whole log: quarterdeck pipeline log {clip(run.job_id(job), 120)}")
        self._changed(run)

    def _tell(self) -> None:
        if self._run is not None:
            self._changed(self._run)

    def _take(self, line: bytes) -> None:
        self._continued(line) if self._goes_on else self._line(line)

    def _line(self, line: bytes) -> None:
        self._tail.append((line, len(line)))  # drawn only if it is told: a job may write a million

    def _continued(self, line: bytes) -> None:
        """More of the last line, which has no end yet: of a bar the last state counts, else the beginning."""
        before, length = self._tail[-1]
        self._tail[-1] = (line if b"\r" in line else before, length + len(line))

    def _tell_tail(self, job: LocalJob) -> None:
        if job.status == "failed":
            for line, length in self._tail:
                say(f"  {_excerpt(line, length)}")


class Live(JobLines):
    """On a terminal: every line as it comes, and how long a job has been silent."""

    _began = _since = _shown = 0.0
    _is_waiting = False

    def tick(self) -> None:
        """Say that it is still at work, once a second."""
        now = time.monotonic()
        if now - self._since >= SILENCE and now - self._shown >= 1.0:
            self._shown, self._is_waiting = now, True
            sys.stderr.write(f"\r  … {span(int(now - self._began) * 1000)}\x1b[K")
            sys.stderr.flush()

    def job_began(self, job: LocalJob) -> None:
        """Say which one begins."""
        super().job_began(job)
        self._began = self._since = time.monotonic()
        say(f"▶ {clip(job.name, 40)}  {clip(job.run, 100)}")

    def job_ended(self, job: LocalJob) -> None:
        """Say how it ended, in place of how long it takes."""
        self._wipe()
        super().job_ended(job)

    def _wipe(self) -> None:
        if self._is_waiting:
            sys.stderr.write("\r\x1b[K")
            self._is_waiting = False

    def _line(self, line: bytes) -> None:
        self._wipe()
        self._since = time.monotonic()
        room = max(shutil.get_terminal_size().columns - 3, 20)
        sys.stderr.write(f"  {fit(_drawn(line), room)}\n")
        sys.stderr.flush()

    def _continued(self, line: bytes) -> None:
        self._since = time.monotonic()
        if b"\r" in line:
            self._line(line)

    def _tell_tail(self, job: LocalJob) -> None:
        return  # it was seen as it came


def _drawn(line: bytes) -> str:
    """A line as a terminal would leave it: without colours, after its last carriage return, tabs as spaces."""
    text = line.decode("utf-8", "replace").rstrip("\r")
    return _COLOURS.sub("", text.rpartition("\r")[2]).expandtabs(8)


def _excerpt(line: bytes, length: int) -> str:
    """The beginning of a line, and how long it is where that is not all: a log may be one line of megabytes."""
    drawn = _drawn(line)
    if cells(drawn) <= WIDEST:
        return drawn
    size = f"{length / 1e6:.1f} MB" if length >= 1e6 else f"{max(1, length // 1000)} kB"
    return f"{fit(drawn, WIDEST)} {size}"


def _counted(job: LocalJob) -> str:
    report = job.report
    return f"  {report.passed} of {report.total} tests passed" if report is not None and report.total else ""
