"""Locks on files that end with the process that holds them, however it ends (flock(2))."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock of that kind (`fcntl.LOCK_SH`, `fcntl.LOCK_EX`) if nobody's stands against it; never waits."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the file of that name still is the one that is open: whoever held it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
