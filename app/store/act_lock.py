"""Who carries out the acts of a batch: a lock file beside state.db, held by that process while it lives.

The kernel lets go of a lock when its holder dies, however it dies: an open act whose batch nobody holds was cut off.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..flock import is_at, try_lock

TRIES: Final = 20
BETWEEN: Final = 0.01
"""Seconds. `is_held` holds the lock shared for microseconds; whoever wants it looks again after this."""


def lock_path(state: Path, batch: str) -> Path:
    """The lock file of a batch. It goes when its batch is done with."""
    return state.with_name(f"{state.name}.{batch}.act")


@contextmanager
def held(state: Path, batch: str) -> Iterator[bool]:
    """Hold the batch while the block runs; gives False when another process does. Raises OSError."""
    path = lock_path(state, batch)
    descriptor = _acquired(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def is_held(state: Path, batch: str) -> bool:
    """Whether a living process carries the batch out right now. Some 20 microseconds."""
    try:
        descriptor = os.open(lock_path(state, batch), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _acquired(path: Path) -> int | None:
    for _ in range(TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if try_lock(descriptor, fcntl.LOCK_EX) and is_at(descriptor, path):
            return descriptor
        os.close(descriptor)
        time.sleep(BETWEEN)
    return None
