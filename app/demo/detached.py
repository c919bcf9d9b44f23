"""Starts and stops the trainer: a process of its own session that outlives whoever started it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .build import clean_environment, is_built
from .world import FOLDER


def start_trainer(directory: Path) -> None:
    """Let the live run of a demo world go on, unless a trainer is at it already. Returns at once."""
    home = directory.expanduser().resolve()
    if not is_built(home) or trainer_pid(home) is not None:
        return
    command = [sys.executable, "-m", f"{__package__}.trainer", str(home)]
    with (home / FOLDER / "trainer.log").open("ab") as log:
        # the shell ends at once, so that the trainer is nobody's child here and leaves no zombie behind
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command], check=False, cwd="/", env=clean_environment(),
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip


def stop_trainer(directory: Path) -> None:
    """Tell the trainer of a demo world to end its run and itself. Returns at once."""
    home = directory.expanduser().resolve()
    pid = trainer_pid(home) if is_built(home) else None
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def trainer_pid(home: Path) -> int | None:
    """The process that trains in a world, or None. Raises FileNotFoundError where there is no world."""
    with only_trainer(home) as lock:
        if lock is not None:
            return None
    with contextlib.suppress(OSError, ValueError):
        return int((home / FOLDER / "trainer.lock").read_text())
    return None


@contextlib.contextmanager
def only_trainer(home: Path) -> Iterator[int | None]:
    """The lock that one trainer holds, as a file descriptor; None when another has it."""
    lock = os.open(home / FOLDER / "trainer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
    except BlockingIOError:
        yield None
    finally:
        os.close(lock)
