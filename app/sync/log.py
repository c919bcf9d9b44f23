"""The syncer's log: one file of bounded size in the state folder, without secrets.

An exception's own message may quote what a server sent or a URL with a token in it, so only those of a few
kinds, which speak of our code and not of data, are written; the frames are always.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import traceback
from pathlib import Path
from typing import Final

import msgspec

from ..paths import make_private, state_dir

LOGGER: Final = logging.getLogger("quarterdeck.sync")

_LARGEST: Final = 1_000_000
"""Bytes; the file before is kept once, as NAME.1."""

_HARMLESS: Final = (
    ArithmeticError, AttributeError, ImportError, IndexError, KeyError, NotImplementedError, RecursionError,
    RuntimeError, TypeError, msgspec.ValidationError, sqlite3.Error,
)  # fmt: skip


def log_file(project_key: str) -> Path:
    """Where the syncer of a project writes what happened."""
    return state_dir() / f"{project_key}.sync.log"


class LogFile(logging.FileHandler):
    """Appends to the log file (0600), and begins a new one when it has grown.

    `cap` is called on the syncer's own beat, because what child processes and C code print arrives by the same
    file without passing through here.
    """

    def __init__(self, path: Path) -> None:
        make_private(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.path = path
        form = logging.Formatter("%(asctime)sZ %(process)d %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        form.converter = time.gmtime
        self.setFormatter(form)

    def cap(self, largest: int = _LARGEST) -> None:
        """Put the file aside when it is larger than that; stdout and stderr follow where they went to it."""
        if self.path.exists() and self.path.stat().st_size <= largest:
            return
        followers = [stream for stream in (1, 2) if self._is_ours(stream)]
        self.acquire()
        try:
            self._begin_anew()
            for stream in followers:
                os.dup2(self._descriptor(), stream)
        finally:
            self.release()

    def _begin_anew(self) -> None:
        if self.stream is not None:
            self.stream.close()
        if self.path.exists():
            self.path.replace(self.path.with_name(self.path.name + ".1"))
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        self.stream = self._open()

    def _descriptor(self) -> int:
        if self.stream is None:
            self.stream = self._open()
        return self.stream.fileno()

    def _is_ours(self, stream: int) -> bool:
        try:
            return os.path.samestat(os.fstat(stream), os.fstat(self._descriptor()))
        except (OSError, ValueError):
            return False


def open_log(path: Path) -> LogFile:
    """Send the syncer's messages to that file. Close it with `close_log`."""
    handler = LogFile(path)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    return handler


def close_log(handler: LogFile) -> None:
    """End what `open_log` began."""
    LOGGER.removeHandler(handler)
    handler.close()


def account(error: BaseException) -> str:
    """Where an exception came from, with its causes, and without any data: fit for the log."""
    parts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        parts.append("".join(traceback.format_tb(cause.__traceback__)) + _named(cause))
        cause = cause.__cause__ or cause.__context__
    return "\n  caused by\n".join(parts)


def _named(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name}: {error}" if isinstance(error, _HARMLESS) else f"{name} (message left out: it may quote data)"
