"""How state.db is opened and kept: one file, several processes, copied before a migration and never rebuilt."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from ..errors import StoreError
from ..paths import make_private
from .mounts import is_network

BUSY_SECONDS: Final = 10.0

Migration: TypeAlias = Callable[[sqlite3.Connection], None]

_making: Final = threading.Lock()
"""Held while the file is made, so that no other thread has it open by then."""


class StateFile:
    """The file, open for reading and writing. One connection: each thread opens its own. Methods raise StoreError.

    Migration number n brings a file of schema n-1 to n.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self._migrations = migrations
        with _making:
            _make_file(path)
        with self._guarded():
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with self._guarded():
                _choose_journal(self._db, "DELETE" if is_network(path) else "WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._migrate()
        except StoreError:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _migrate(self) -> None:
        if self._version() < len(self._migrations):
            self._back_up()
            with self._transaction():  # another process may have done it since: read the version again
                for number in range(self._version(), len(self._migrations)):
                    self._migrations[number](self._db)
                    self._db.execute(f"PRAGMA user_version = {number + 1}")
        if self._version() > len(self._migrations):
            raise StoreError(
                f"{self.path} was written by a newer quarterdeck (its schema is {self._version()},"
                f" this program knows {len(self._migrations)}). Nothing was changed: use the newer program."
            )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _back_up(self) -> None:
        """Copy the file beside itself, unless it is new."""
        version = self._version()
        if version == 0:
            return
        copy = self.path.with_name(f"{self.path.name}.schema{version}.{time.time_ns() // 1_000_000}.backup")
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        target = sqlite3.connect(copy)
        try:
            self._db.backup(target)
        finally:
            target.close()

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._guarded():
            return self._db.execute(query, values).fetchall()

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        with self._guarded():
            return self._db.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")  # takes the write lock now: what is read inside stays true
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(_sentence(self.path, error)) from error


def _make_file(path: Path) -> None:
    """Make the folder 0700 and the file 0600 before SQLite could make them as the umask likes.

    A file that is there is not opened: closing any descriptor of it would drop the locks that SQLite holds for this
    whole process, and another process would then take the log away from under an open connection
    (sqlite.org/howtocorrupt.html, section 2.2).
    """
    try:
        make_private(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(f"The state file {path} cannot be opened: {error.strerror}.") from error
    if path.stat().st_uid != os.geteuid():
        raise StoreError(f"The state file {path} belongs to another user: it is not used.")


def _choose_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Change the journal mode if need be. SQLite does not wait for others here, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0].upper() != mode:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _sentence(path: Path, error: sqlite3.DatabaseError) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"The state file {path} is damaged ({error}). It is never rebuilt: {_way_back(path)}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The state file {path} is held by another process for more than {BUSY_SECONDS:.0f} s: try again."
    if code == sqlite3.SQLITE_FULL:
        return f"The disk that holds the state file {path} is full."
    return f"The state file {path} cannot be used: {error}."


def _way_back(path: Path) -> str:
    copies = sorted(path.parent.glob(f"{path.name}.*.backup"), key=lambda copy: copy.stat().st_mtime)
    if copies:
        return f"put the copy {copies[-1]} in its place, or move it away to begin anew."
    return "there is no copy of it; bring it back from your own backup, or move it away to begin anew."


def kept(text: str) -> str:
    """A text that SQLite takes: undecodable characters as Python escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
