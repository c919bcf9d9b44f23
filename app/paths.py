"""Where quarterdeck keeps its things: the XDG folders, as platformdirs knows them on each system.

Config holds what a person writes, cache what a vendor can give again, state what nobody can give again, and
runtime what ends with the login (sockets, locks). Nothing here creates a folder except `make_private`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from pathlib import Path

import platformdirs

from .errors import StoreError

NAME = "quarterdeck"


def config_dir() -> Path:
    """`$XDG_CONFIG_HOME/quarterdeck`: personal settings and the list of projects."""
    return platformdirs.user_config_path(NAME, appauthor=False)


def site_config_dir() -> Path:
    """`/etc/quarterdeck`: projects that an administrator lists for everybody on this machine."""
    return Path("/etc") / NAME


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/quarterdeck`: the cache files and the mirrors."""
    return platformdirs.user_cache_path(NAME, appauthor=False)


def mirror_dir(canonical_url: str) -> Path:
    """The bare mirror of a remote: one for all clones of one repository. It need not exist."""
    name = hashlib.blake2b(canonical_url.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return cache_dir() / "mirrors" / f"{name}.git"


def state_dir() -> Path:
    """`$XDG_STATE_HOME/quarterdeck`: state.db, trust, the syncer's log."""
    return platformdirs.user_state_path(NAME, appauthor=False)


def runtime_dir() -> Path:
    """`$XDG_RUNTIME_DIR/quarterdeck`; without it, or where it is not private, the system's place for us.

    Raises StoreError when that place belongs to somebody else.
    """
    try:
        with warnings.catch_warnings():  # platformdirs warns on stderr, under the terminal's picture
            warnings.simplefilter("ignore")
            return platformdirs.user_runtime_path(NAME, appauthor=False)
    except PermissionError as error:
        raise StoreError(f"No private runtime folder: {error}. Set XDG_RUNTIME_DIR to one of your own.") from error


def make_private(path: Path) -> Path:
    """Create the folder, and what is missing above it, for this user alone (0700), and return it.

    A folder of quarterdeck's own that others may enter is closed to them; one that the user chose keeps its
    mode (`--cache /tmp/x.db` as root must not close /tmp). Raises StoreError when it
    belongs to somebody else (anybody may create a name below /tmp before we do) or cannot be made.
    """
    try:
        _make_folders(path)
        found = path.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise StoreError(f"{path} is in the way: quarterdeck needs a folder of that name.")
        if found.st_uid != os.geteuid():
            raise StoreError(f"{path} belongs to another user (uid {found.st_uid}): it is not used.")
        if found.st_mode & 0o077 and _is_ours(path):
            path.chmod(0o700)
    except OSError as error:
        raise StoreError(f"The folder {path} cannot be made: {error.strerror or error}.") from error
    return path


def _is_ours(path: Path) -> bool:
    return any(part.startswith(NAME) for part in path.parts[-2:])


def _make_folders(path: Path) -> None:
    # Path.mkdir(parents=True) gives only the last folder the mode that is asked for
    if not path.parent.exists():
        _make_folders(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
