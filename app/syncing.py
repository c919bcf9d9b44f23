"""The terminal's side of the syncer: keep one alive, ask it for things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .records import Want
from .store.files import cache_file

if TYPE_CHECKING:
    from .settings import Settings
    from .sync import Keeper, Presence


class Syncing:
    """Every call blocks, for up to half a second when a syncer is stopped, and may run on a thread."""

    def __init__(
        self, settings: Settings, chosen: Path | None, cache: Path, again: Callable[[], Sequence[str]]
    ) -> None:
        self._settings = settings
        self._chosen = chosen
        self._cache = cache
        self._again = again
        self._keeper: Keeper | None = None
        self._presence: Presence | None = None

    def newest_cache(self) -> Path:
        """The newest generation of the cache."""
        return cache_file(self._chosen, self._settings.project_key)

    def care(self) -> None:
        """Hold the shared lock, and start a syncer where none is alive."""
        from .sync import Presence, keep_syncer  # 30 ms that the first paint does not wait for

        if self._keeper is None:
            self._presence = Presence(self._cache)
            self._keeper = keep_syncer(self._cache, self._settings.project_key, self._again())
        self._keeper.look()

    def ask(self, want: Want) -> None:
        """Pass a want on to the syncer; none listening means that nothing new comes, which the ages show."""
        from .channel import ask

        ask(self.newest_cache(), want)

    def sync_now(self) -> None:
        """Ask for a pass; the states tell how it went."""
        from .channel import request_pass

        request_pass(self.newest_cache())

    def leave(self) -> None:
        """Let the syncer see that this terminal is gone."""
        if self._presence is not None:
            self._presence.close()
