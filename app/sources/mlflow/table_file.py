"""A SQLite file of MLflow's tables, opened `mode=ro`: it is never created and never migrated.

The stock client refuses every revision but its own. Every read transaction is short, because in SQLite's default mode a
reader holds up whoever is training into the same file. Blocking; one thread at a time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import quote

import msgspec

from ...errors import SourceError

T = TypeVar("T")

_PATIENCE: Final = 2.0
"""Seconds to wait for a writer."""


class TableFile:
    """An open store. Columns and tables that are missing, and any that came later, are lived with."""

    NEEDED: ClassVar[tuple[str, ...]]
    """Tables without which it is no store of MLflow's."""
    READ: ClassVar[tuple[str, ...]]
    """Further tables that are read where they are there."""

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        self.path = path
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise SourceError(
                f"{path.name} {what}: MLflow's SQLite file is expected at {path}, by the tracking address. "
                "Put it back, or correct the address: reading never creates it.",
                "misconfigured",
            )
        facts = path.stat()
        self.identity = (facts.st_dev, facts.st_ino)
        with self._explained():
            # autocommit, so that our own BEGIN is the only transaction; the source sees to one thread at a time
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip
        try:
            with self._explained():
                self._columns = self._introspect()
        except SourceError:
            self._connection.close()
            raise

    def _introspect(self) -> dict[str, frozenset[str]]:
        execute = self._connection.execute
        names = {row[0] for row in execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        if not names.issuperset(self.NEEDED):
            empty = "it is empty" if not names else "it has no tables of MLflow's"
            raise SourceError(f"{self.path} is not an MLflow store: {empty}.", "misconfigured")
        known = [name for name in (*self.NEEDED, *self.READ) if name in names]
        return {name: frozenset(row[1] for row in execute(f"PRAGMA table_info({name})")) for name in known}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def is_current(self) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            facts = self.path.stat()
        except OSError:
            return False
        return (facts.st_dev, facts.st_ino) == self.identity

    def data_version(self) -> int:
        """A number that changes when anybody else commits. 5 microseconds."""
        with self._explained():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def revision(self) -> str:
        """MLflow's schema revision, or nothing."""
        with self._explained():
            row = self._connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""

    def _column(self, table: str, prefix: str = "") -> Columns:
        return Columns(self._columns[table], prefix)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """All reads inside see one state of the file."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(self.path, error) from error

    def _decoded(self, read: Callable[[], T]) -> T:
        """What `read` gives. Bytes that are no UTF-8 are read the slow way round, with a mark where they were."""
        try:
            return read()
        except SourceError as error:
            if "decode" not in str(error.__cause__):
                raise
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            return read()
        finally:
            self._connection.text_factory = str


class Columns:
    """Column names as SQL, with a stand-in for those that this store does not have."""

    def __init__(self, known: frozenset[str], prefix: str) -> None:
        self._known = known
        self._prefix = prefix

    def __call__(self, name: str, otherwise: str = "NULL") -> str:
        """The column, or `otherwise`."""
        return f"{self._prefix}{name}" if name in self._known else otherwise


texts = msgspec.json.Decoder(dict[str, str]).decode


def as_json(values: Iterable[Any]) -> str:
    """Values for `json_each`."""
    return msgspec.json.encode(list(values)).decode()


def explain(path: Path, error: sqlite3.Error) -> SourceError:
    """What SQLite's error means for whoever wants to read this store."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return SourceError(f"{path} is locked by another program that writes to it: it is tried again.", "unreachable")
    if "not a database" in said or "malformed" in said:
        return SourceError(f"{path} is not a sound SQLite file ({said}).", "misconfigured")
    if "unable to open" in said or "readonly" in said or "permission" in said.lower():
        return SourceError(f"{path} cannot be opened: {_why_closed(path)}.", "forbidden")
    if "no such" in said:
        return SourceError(
            f"{path} changed its tables while it was read ({said}): it is tried again.", "not_understood"
        )
    return SourceError(f"{path} cannot be read: {said}.", "unreachable")


def _why_closed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        return (error.strerror or "it may not be read").lower()
    if head[18:20] == b"\x02\x02":
        return (
            "it is in WAL mode, and SQLite then needs to write beside it even for reading. Allow writing in its"
            " folder, or have its owner run PRAGMA journal_mode = DELETE"
        )
    return "its folder may not be read"
