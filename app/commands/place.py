"""From the options to what a command works on: settings, cache, state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .boundary import say
from .options import Options

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store.reading import Reader
    from ..store.state import State

NO_SOURCE = "There is nothing to read here"
NAME_ONE = (
    "Work in a Git repository, set MLFLOW_TRACKING_URI, name a tracking_uri under [mlflow] in quarterdeck.toml, or "
    "look around in `quarterdeck demo`."
)
"""What helps where there is no source: every command that meets that says the same."""


def settings_of(options: Options) -> Settings:
    """The settings that the options lead to. Raises SettingsError."""
    from ..settings import load

    return load(directory=options.project, config=options.config, project=options.name)


def cache_of(options: Options, settings: Settings) -> Path:
    """The cache's file, which need not exist."""
    from ..store.files import cache_file

    return cache_file(options.cache or settings.personal.cache.path, settings.project_key)


def state_of(settings: Settings) -> State:
    """The project's state.db, made when there is none. Raises StoreError."""
    from ..store.state import State, state_file

    return State(state_file(settings.project_key))


@contextmanager
def synced(options: Options, settings: Settings) -> Iterator[Reader | None]:
    """The cache, open for reading; None, and a word on stderr, when no source was ever read into it.

    What SQLite says of a damaged cache in the middle of a read leaves as StoreError.
    """
    from ..store.files import unusable
    from ..store.reading import Reader

    path = cache_of(options, settings)
    if not path.exists():
        say(nothing_yet(settings))
        yield None
        return
    reader = Reader(path, shared=_is_shared(options, settings))
    try:
        if not _has_content(reader):
            say(nothing_yet(settings))
            yield None
        else:
            yield reader
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
    finally:
        reader.close()


def nothing_yet(settings: Settings) -> str:
    """Why nothing was synced, and the next thing that helps."""
    return "Nothing synced yet: run `quarterdeck sync`." if settings.has_source else f"{NO_SOURCE}. {NAME_ONE}"


def _has_content(reader: Reader) -> bool:
    """Whether a source was read whole, or a first sync that was cut off left something."""
    if any(state.last_ok_at for state in reader.source_states()):
        return True
    tables = ("run", "git_commit", "pipeline", "model_version", "check_invocation")
    rows = f"SELECT {' OR '.join(f'EXISTS (SELECT 1 FROM {table})' for table in tables)}"
    return bool(reader.connection.execute(rows).fetchone()[0])


def _is_shared(options: Options, settings: Settings) -> bool:
    """Only a person's own settings may name a cache that somebody else owns."""
    return options.cache is None and settings.personal.cache.path is not None
