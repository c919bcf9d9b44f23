"""Where the cache's file is, and how it is opened.

A rebuild or a new schema is a new file, `<project key>.s<schema>.g<generation>.db`, and an open file is never
renamed: an old reader would share the new file's `-wal`. WAL does not work on network file systems, so there a
local folder is used instead.
"""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Final

from ..errors import StoreError
from ..paths import cache_dir, make_private
from . import schema
from .mounts import is_network

_DAMAGE: Final = ("malformed", "not a database", "disk image", "database corruption")


def cache_file(chosen: Path | None, project_key: str) -> Path:
    """The newest generation of a project's cache; it need not exist yet.

    `chosen` is `--cache` or `[cache] path`: a folder, or a file that is used as it is (its later
    generations are FILE.g2, FILE.g3 ...). Creates the folder, 0700.
    """
    if chosen is not None and not chosen.is_dir():
        return _newest(chosen, chosen.name, "")
    folder = local_folder(chosen or cache_dir())
    if chosen is None or not folder.is_dir():
        make_private(folder)
    stem = f"{project_key}.s{schema.VERSION}"
    return _newest(folder / f"{stem}.g1.db", stem, ".db")


def _newest(first: Path, stem: str, ending: str) -> Path:
    pattern = re.compile(rf"{re.escape(stem)}\.g(\d+){re.escape(ending)}")
    found = [(int(m[1]), path) for path in first.parent.glob(f"{stem}.g*") if (m := pattern.fullmatch(path.name))]
    return max(found, default=(1, first))[1]


def next_generation(path: Path) -> Path:
    """The name that the cache gets after this one."""
    match = re.fullmatch(r"(?P<stem>.*)\.g(?P<n>\d+)(?P<end>\.db|)", path.name)
    if match is None:
        return path.with_name(f"{path.name}.g2")
    return path.with_name(f"{match['stem']}.g{int(match['n']) + 1}{match['end']}")


def local_folder(folder: Path) -> Path:
    """The folder itself, or one on this machine where it lies on a network file system."""
    if not is_network(folder):
        return folder
    return Path("/var/tmp") / f"quarterdeck-{os.geteuid()}"  # noqa: S108  the one place that survives and is local; made 0700


def open_cache(path: Path) -> sqlite3.Connection:
    """The syncer's connection; makes the file when there is none. Raises StoreError."""
    if not path.parent.exists():
        make_private(path.parent)
    _refuse_foreign(path)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.executescript(
        # 64 MB of pages and a lazy checkpoint: a first sync inserts into many trees at once
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
        "PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
    )
    connection.execute("BEGIN IMMEDIATE")  # two that make the file at once: one waits and finds it made
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found == 0:
            for statement in schema.TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    _refuse_other_schema(found or schema.VERSION, path)


def open_reader(path: Path, *, shared: bool = False) -> sqlite3.Connection:
    """A reader's connection: cannot write, cannot create. Raises StoreError.

    `shared`: the settings name this cache as one that a service account owns, so another owner is expected.
    """
    if not shared:
        _refuse_foreign(path)
    try:
        connection = sqlite3.connect(
            f"file:{_escaped(path)}?mode=ro",
            uri=True,
            isolation_level=None,
            timeout=5,
            check_same_thread=False,
        )
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
    _refuse_other_schema(found, path)
    return connection


def _escaped(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _refuse_foreign(path: Path) -> None:
    if path.exists() and path.stat().st_uid != os.geteuid():
        raise StoreError(
            f"The cache {path} belongs to another user, so it is not used. Name it under [cache] path in your own"
            " settings if it is meant to be shared, or give --cache another file."
        )


def _refuse_other_schema(found: int, path: Path) -> None:
    if found != schema.VERSION:
        age = "a newer" if found > schema.VERSION else "another"
        raise StoreError(
            f"The cache {path} was made by {age} quarterdeck (schema {found}, this one reads {schema.VERSION})."
            " Leave --cache out, or give it another file."
        )


def is_damage(error: sqlite3.Error) -> bool:
    """SQLite says that the file itself is broken, so a new generation is due."""
    return isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in _DAMAGE)


def unusable(path: Path, error: sqlite3.Error) -> StoreError:
    """What to tell somebody whose cache SQLite refuses."""
    if is_damage(error):
        return StoreError(f"The cache {path} is damaged ({error}). `quarterdeck sync` builds a new one.")
    if not path.exists():
        return StoreError(f"There is no cache yet at {path}. `quarterdeck sync` makes it.")
    return StoreError(f"The cache {path} cannot be opened: {error}.")


def remove_older(path: Path) -> None:
    """Unlink the generations before this one. Whoever has one open keeps reading it until they look again."""
    match = re.fullmatch(r"(?P<stem>.*)\.g(?P<n>\d+)(?P<end>\.db|)", path.name)
    for number in range(1, int(match["n"]) if match else 1):
        assert match is not None
        old = path.with_name(f"{match['stem']}.g{number}{match['end']}")
        first = path.with_name(match["stem"]) if number == 1 and not match["end"] else old
        for ending in ("", "-wal", "-shm"):
            first.with_name(first.name + ending).unlink(missing_ok=True)
