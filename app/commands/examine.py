"""What `quarterdeck doctor` looks at. Each examination gives findings: how it is, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Final, Literal, NamedTuple

from .. import trust
from ..channel import read_holder
from ..errors import QuarterdeckError
from ..git import git_version
from ..paths import cache_dir, runtime_dir, state_dir
from ..settings import Settings
from ..store.files import open_reader
from ..store.mounts import file_system, is_network
from ..sync import syncer_alive
from ..sync.locks import program_version
from .options import Options
from .place import cache_of, state_of

LITTLE_ROOM: Final = 1 << 30
"""Bytes: a cache of a million runs takes one GB."""


class Finding(NamedTuple):
    """One thing that was looked at. `mend` is empty when it is ok."""

    check: str
    state: Literal["ok", "warn", "fail"]
    sentence: str
    mend: str = ""


def examine_program() -> Iterator[Finding]:
    """What runs here."""
    python = ".".join(map(str, sys.version_info[:3]))
    about = f"quarterdeck {program_version()}, Python {python}, SQLite {sqlite3.sqlite_version}"
    try:
        yield Finding("program", "ok", f"{about}, Git {git_version()}.")
    except QuarterdeckError as error:
        yield Finding("program", "fail", f"{about}; {error}", "Install Git 2.30 or newer.")


def examine_settings(settings: Settings) -> Iterator[Finding]:
    """Which settings hold, and whether they are trusted."""
    if settings.file is not None:
        yield Finding("settings", "ok", f"{settings.file}.")
    else:
        found = " ".join(settings.found) or f"nothing was found in {settings.root}."
        mend = "`quarterdeck init` writes one." if settings.has_source else ""
        yield Finding("settings", "ok", f"No settings file: {found}", mend)
    if trust.is_trusted(settings):
        yield Finding("trust", "ok", "The settings reach nowhere without your word.")
    else:
        yield Finding("trust", "warn", trust.sentence(settings), "`quarterdeck trust` shows it and asks.")


def examine_folders() -> Iterator[Finding]:
    """Whether the folders can be written, what they lie on and how much room there is."""
    for name, folder in (("cache", cache_dir()), ("state", state_dir()), ("runtime", runtime_dir())):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        kind, room = file_system(folder) or "an unknown file system", shutil.disk_usage(there).free
        about = f"{folder} on {kind}, {room / (1 << 30):.1f} GB free."
        if not os.access(there, os.W_OK):
            yield Finding(f"{name} folder", "fail", f"{there} cannot be written.", _variable(name, "a folder of yours"))
        elif name == "cache" and is_network(folder):
            mend = _variable(name, "a local folder") + " Until then one below /var/tmp is used."
            yield Finding(f"{name} folder", "warn", f"{about} WAL does not work there.", mend)
        elif room < LITTLE_ROOM and name != "runtime":
            yield Finding(f"{name} folder", "warn", about, "Make room: a cache of a million runs takes 1 GB.")
        else:
            yield Finding(f"{name} folder", "ok", about)


def _variable(name: str, what: str) -> str:
    return f"Let XDG_{'RUNTIME_DIR' if name == 'runtime' else f'{name.upper()}_HOME'} name {what}."


def examine_cache(options: Options, settings: Settings) -> Iterator[Finding]:
    """Whether the cache is whole. Reads all of it: some seconds for a million runs."""
    path = cache_of(options, settings)
    if not path.exists():
        mend = "`quarterdeck sync`, or open the terminal." if settings.has_source else ""
        yield Finding("cache", "warn", "Nothing is synced yet.", mend)
        return
    try:
        connection = open_reader(path, shared=options.cache is None and settings.personal.cache.path is not None)
        with closing(connection):
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except (QuarterdeckError, sqlite3.DatabaseError) as error:
        yield Finding("cache", "fail", str(error), "`quarterdeck sync` builds a new one.")
        return
    if said == "ok":
        yield Finding("cache", "ok", f"{path}, {path.stat().st_size / (1 << 20):.1f} MB, whole.")
    else:
        yield Finding(
            "cache", "fail", f"{path} is damaged: {said}.", f"Remove {path}: `quarterdeck sync` builds it again."
        )


def examine_state(settings: Settings) -> Iterator[Finding]:
    """Whether state.db opens, and what a crash left in its journal."""
    try:
        with state_of(settings) as state:
            begun, path = state.open_acts(), state.path
    except QuarterdeckError as error:
        yield Finding("state", "fail", str(error), "See the sentence: it is never rebuilt by itself.")
        return
    if begun:
        acts = ", ".join(f"{act.act} {act.subject}" for act in begun[:3])
        sentence = f"{len(begun)} acts have no outcome: {acts}."
        yield Finding("state", "warn", sentence, "The next `quarterdeck tag` asks the server what came of them.")
    else:
        yield Finding("state", "ok", f"{path}.")


def examine_syncer(options: Options, settings: Settings) -> Iterator[Finding]:
    """Who syncs this cache."""
    cache = cache_of(options, settings)
    holder = read_holder(cache)
    if holder is None or not syncer_alive(cache):
        yield Finding("syncer", "ok", "None runs now: a terminal starts one, `quarterdeck sync --install` keeps one.")
    elif holder.version != program_version():
        sentence = f"Process {holder.pid} is quarterdeck {holder.version}, this is {program_version()}."
        yield Finding("syncer", "warn", sentence, f"End it (`kill {holder.pid}`): a terminal starts a new one.")
    else:
        yield Finding("syncer", "ok", f"Process {holder.pid} on {holder.host}; it writes to {holder.log}.")


def examine_terminal() -> Iterator[Finding]:
    """What the terminal can show."""
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "")
    about = f"{kind or 'TERM is not set'}, {size.columns}x{size.lines}, {sys.stdout.encoding}."
    if not sys.stdout.isatty():
        yield Finding("terminal", "ok", "stdout is no terminal; nothing to look at.")
    elif kind in ("", "dumb"):
        yield Finding("terminal", "fail", about, "Set TERM to what your terminal is, as in xterm-256color.")
    elif "utf" not in sys.stdout.encoding.lower():
        yield Finding("terminal", "warn", about, "Use a UTF-8 locale, as in LANG=C.UTF-8; signs are ASCII until then.")
    elif size.columns < 80 or size.lines < 23:
        yield Finding("terminal", "warn", about, "Make it 80x24 or larger.")
    else:
        yield Finding("terminal", "ok", about)
