"""Who syncs and who watches: two files beside the cache and `flock`.

`NAME.lock` is held exclusively by the one syncer of a cache and names it; `NAME.present` is held shared by every
open terminal. The kernel lets go of both when a process dies, however it dies, so what the files hold may be old
and does no harm. The files are never unlinked: two processes could then hold two locks of one name.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from pathlib import Path
from socket import gethostname
from types import TracebackType
from typing import Final

import msgspec

from ..channel import Holder, lock_file
from ..flock import is_at, try_lock
from ..paths import make_private
from ..store import schema

_TRIES: Final = 6
_PROBE_SECONDS: Final = 0.01
"""`syncer_alive` holds the lock shared for some microseconds; whoever wants it looks again after this."""


def presence_file(cache: Path) -> Path:
    """The file that open terminals hold."""
    return lock_file(cache).with_suffix(".present")


class SyncerLock:
    """The exclusive lock of a cache. Ends with the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, cache: Path) -> SyncerLock | None:
        """Take the lock, or None when somebody else syncs this cache. Raises StoreError, OSError."""
        path = lock_file(cache)
        if not path.parent.exists():
            make_private(path.parent)
        for _ in range(_TRIES):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if try_lock(descriptor, fcntl.LOCK_EX) and is_at(descriptor, path):
                os.ftruncate(descriptor, 0)  # who held it before must not be taken for us
                return cls(path, descriptor)
            os.close(descriptor)
            time.sleep(random.uniform(0.5, 1.5) * _PROBE_SECONDS)  # noqa: S311  spreads two starters, guards nothing
        return None

    def describe(self, *, socket: str = "", log: str = "") -> None:
        """Write who holds it, since when, where it listens and where its log is."""
        holder = Holder(
            pid=os.getpid(), host=gethostname(), version=program_version(), schema=schema.VERSION,
            started_at=time.time_ns() // 1_000_000, socket=socket, log=log,
        )  # fmt: skip
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(holder), 0)

    def is_ours(self) -> bool:
        """Whether the file of that name still is the one that we hold (somebody may have emptied the folder)."""
        return is_at(self._descriptor, self.path)

    def release(self) -> None:
        """Let the next one have it."""
        os.close(self._descriptor)


class Presence:
    """A terminal's shared lock: while it is held the syncer stays. A context manager; ends with the process."""

    def __init__(self, cache: Path) -> None:
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(presence_file(cache), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # a syncer's probe lasts microseconds
        except PermissionError:
            return  # a cache that a service account owns and keeps: its syncer does not wait for us

    def close(self) -> None:
        """Let the syncer see that we are gone."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Presence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def syncer_alive(cache: Path) -> bool:
    """Whether somebody syncs this cache right now. Some 20 microseconds."""
    return _is_held(lock_file(cache), fcntl.LOCK_SH)


def anybody_present(cache: Path) -> bool:
    """Whether a terminal is open on this cache."""
    return _is_held(presence_file(cache), fcntl.LOCK_EX)


def _is_held(path: Path, kind: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, kind)
    finally:
        os.close(descriptor)


def program_version() -> str:
    """The version of the installed program."""
    from importlib.metadata import (
        PackageNotFoundError,
        version,
    )  # 15 ms, which a terminal that only probes need not pay

    try:
        return version("quarterdeck")
    except PackageNotFoundError:  # run from the source, never installed
        return "not installed"
