"""A run in a process and session of its own: whoever asked for it may go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..errors import QuarterdeckError, SourceError
from ..git import canonical_url
from ..paths import make_private, state_dir
from ..settings import Settings
from ..settings.load import projects
from ..settings.whole import absolute_uri
from ..text import clip
from .kept import Kept
from .surroundings import TRACKING

PATIENCE: Final = 30.0
"""Seconds in which the new process has to write its record."""
_LOOK: Final = 0.05
_LARGEST_LOG: Final = 1 << 20
_started: list[subprocess.Popen[bytes]] = []


def start(settings: Settings, run_id: str, arguments: Sequence[str]) -> None:
    """Have `quarterdeck pipeline run` begin the run with that id, and wait until its record is there.

    Nothing happens when it is there already. Raises QuarterdeckError with what the process said when it began none,
    SourceError("unreachable") when it has not begun in time, and may do so yet.
    """
    kept = Kept(settings.project_key)
    if kept.read(run_id) is not None:
        return
    log = _log(settings)
    before = log.stat().st_size if log.exists() else 0
    process = begin(settings, run_id, arguments)
    deadline = time.monotonic() + PATIENCE
    while kept.read(run_id) is None:
        if process.poll() is not None and kept.read(run_id) is None:
            raise QuarterdeckError(_said(log, before) or "The run could not be started.")
        if time.monotonic() > deadline:
            raise SourceError(f"The run was started and did not begin within {PATIENCE:g} s: look later.")
        time.sleep(_LOOK)


def begin(settings: Settings, run_id: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the process and return at once. Raises OSError."""
    _started[:] = [process for process in _started if process.poll() is None]  # takes in those that have ended
    log = _log(settings)
    make_private(log.parent)
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            [*again(settings), "pipeline", "run", "--key", run_id, *arguments], stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, cwd="/", env=_environment(settings), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(output)
    _started.append(process)
    return process


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, in which a relative path of MLflow's means the same store wherever they stood who asked."""
    found = dict(os.environ)
    if named := settings.environment.get(TRACKING, "").strip():
        found[TRACKING] = absolute_uri(named, settings.root)
    return found


def _log(settings: Settings) -> Path:
    return state_dir() / f"{settings.project_key}.run.log"


def again(settings: Settings) -> list[str]:
    """The command line that leads another process to the same project."""
    words = [sys.executable, "-P", "-m", __name__.removesuffix(".runner.detached")]  # -P: as the syncer is started
    if settings.address:
        names = [one.name for one in projects() if canonical_url(one.url) == settings.repository]
        return [*words, "-p", names[0]] if names else words
    if settings.file is not None:
        return [*words, "--config", str(settings.file)]
    return [*words, "--project", str(settings.root)]


def _said(log: Path, start: int) -> str:
    """The last line that the process wrote."""
    with log.open("rb") as stream:
        stream.seek(start)
        lines = stream.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
    return clip(lines[-1], 500) if lines else ""
