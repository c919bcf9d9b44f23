"""Notices that the settings, or what is trusted, changed on disk."""

from __future__ import annotations

from pathlib import Path

from ..paths import config_dir, site_config_dir, state_dir
from ..settings import FILE, Settings

_Mark = tuple[int, int, int] | None


class Watched:
    """The files that decide what is synced, as they were when this was made.

    `before` is what was watched until now: what changes while the settings are being loaded is then seen next time.
    """

    def __init__(self, settings: Settings, before: Watched | None = None) -> None:
        self._marks = {path: _mark(path) for path in watched_files(settings)}
        if before is not None:
            self._marks |= {path: mark for path, mark in before._marks.items() if path in self._marks}

    def changed(self) -> bool:
        """Whether any of them is another one since the last time this was asked. A `stat` for each."""
        before, self._marks = self._marks, {path: _mark(path) for path in self._marks}
        return before != self._marks


def watched_files(settings: Settings) -> tuple[Path, ...]:
    """Every file that `settings.load` and `trust.is_trusted` read, whether it exists or not.

    A project without a checkout has its settings in its mirror, where a fetch moves them.
    """
    own = (
        config_dir() / "config.toml",
        config_dir() / "projects.toml",
        site_config_dir() / "projects.toml",
        state_dir() / "trust.json",
    )
    if settings.address:
        branch = ("HEAD", "packed-refs", "FETCH_HEAD")
        return (*own, *(settings.root / name for name in branch))
    return (*own, settings.file or settings.root / FILE)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
