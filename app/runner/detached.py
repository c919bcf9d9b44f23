"""A run in a process and session of its own: whoever asked for it may go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from ..errors import QuarterdeckError
from ..git import canonical_url
from ..paths import make_private, state_dir
from ..settings import Settings
from ..settings.load import projects
from ..text import clip
from .kept import Kept

PATIENCE: Final = 30.0
"""Seconds in which the new process has to write its record."""
_LOOK: Final = 0.05
_LARGEST_LOG: Final = 1 << 20
_started: list[subprocess.Popen[bytes]] = []


def start(settings: Settings, run_id: str, arguments: Sequence[str]) -> None:
    """Have `quarterdeck pipeline run` begin the run with that id, and wait until its record is there.

    Nothing happens when it is there already. Raises QuarterdeckError with what the process said when it began none.
    """
    kept = Kept(settings.project_key)
    if kept.read(run_id) is not None:
        return
    log = make_private(state_dir()) / f"{settings.project_key}.run.log"
    flags = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    output = os.open(log, flags | (os.O_TRUNC if log.exists() and log.stat().st_size > _LARGEST_LOG else 0), 0o600)
    try:
        before = os.fstat(output).st_size
        process = _start([*again(settings), "pipeline", "run", "--key", run_id, *arguments], output)
        deadline = time.monotonic() + PATIENCE
        while kept.read(run_id) is None:
            if process.poll() is not None and kept.read(run_id) is None:
                raise QuarterdeckError(_said(output, before) or "The run could not be started.")
            if time.monotonic() > deadline:
                raise QuarterdeckError(
                    f"The run was started, and did not begin within {PATIENCE:g} s: look again later."
                )
            time.sleep(_LOOK)
    finally:
        os.close(output)


def again(settings: Settings) -> list[str]:
    """The command line that leads another process to the same project."""
    words = [sys.executable, "-P", "-m", __name__.removesuffix(".runner.detached")]  # -P: as the syncer is started
    if settings.address:
        names = [one.name for one in projects() if canonical_url(one.url) == settings.repository]
        return [*words, "-p", names[0]] if names else words
    if settings.file is not None:
        return [*words, "--config", str(settings.file)]
    return [*words, "--project", str(settings.root)]


def _start(command: Sequence[str], output: int) -> subprocess.Popen[bytes]:
    _started[:] = [process for process in _started if process.poll() is None]  # takes in those that have ended
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True
    )
    _started.append(process)
    return process


def _said(output: int, start: int) -> str:
    """The last line that the process wrote."""
    lines = os.pread(output, 1 << 16, start).decode("utf-8", "replace").strip().splitlines()
    return clip(lines[-1], 500) if lines else ""
