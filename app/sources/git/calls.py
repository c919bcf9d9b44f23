"""The Git calls of one pass: blocking, and stopped from another thread all at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ...git import GitError, GitProcess

_PATIENCE: Final = 120.0
"""Seconds for a whole answer, or for a piece of a stream: `--not` reads much before it prints the first commit."""


class Calls:
    """Every Git that a pass has running. After `stop` none is started and the running ones are ended."""

    def __init__(self) -> None:
        self._running: set[GitProcess] = set()
        self._stopped = False

    def stop(self) -> None:
        """End what runs. Any thread may call it."""
        self._stopped = True
        for process in list(self._running):
            process.close()

    @contextlib.contextmanager
    def open(self, where: Path, args: tuple[str, ...], **options: Any) -> Iterator[GitProcess]:
        """A running Git; `options` are those of GitProcess. Raises GitError."""
        if self._stopped:
            raise GitError(f"git {args[0]} was not started in {where}: the sync was stopped.", "stopped")
        with GitProcess(where, args, **options) as process:
            self._running.add(process)
            try:
                yield process
            finally:
                self._running.discard(process)


class Repository:
    """One repository as a pass reads it: `where` is a folder of it, or with `exact` the repository itself."""

    def __init__(self, calls: Calls, where: Path, *, exact: bool = False) -> None:
        self.where = where
        self._calls = calls
        self._exact = exact

    def run(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Git's whole answer. Raises GitError."""
        with self.beside(*args, stdin=stdin) as process:
            return b"".join(process)

    def beside(self, *args: str, stdin: bytes | None = None) -> contextlib.AbstractContextManager[GitProcess]:
        """A Git that works while we do something else; its answer is short and read in the end."""
        return self._open(args, stdin, renew=False)

    def pieces(self, *args: str, stdin: bytes | None = None) -> Iterator[bytes]:
        """Git's answer as it comes. Raises GitError."""
        with self._open(args, stdin, renew=True) as process:
            yield from process

    def asked(self, *args: str) -> contextlib.AbstractContextManager[GitProcess]:
        """A Git that is asked, answer by answer, on its stdin."""
        return self._calls.open(self.where, args, timeout=_PATIENCE, renew=True, exact=self._exact, asks=True)

    def quiet(self, *args: str) -> bytes:
        """Git's answer, empty where its exit status 1 says that there is none. Raises GitError."""
        try:
            return self.run(*args)
        except GitError as error:
            if error.status != 1:
                raise
            return b""

    def _open(
        self, args: tuple[str, ...], stdin: bytes | None, *, renew: bool
    ) -> contextlib.AbstractContextManager[GitProcess]:
        return self._calls.open(self.where, args, timeout=_PATIENCE, renew=renew, exact=self._exact, stdin=stdin)
