"""The syncer: the process that reads the sources and writes the cache, and how terminals keep it alive.

What a terminal needs is here and imports next to nothing. A pass is `once.sync_now` (or `once.sync_once` under a
lock that the caller holds), the syncer itself `watch.sync_watch`.
"""

from __future__ import annotations

from .life import Installed, Keeper, install, keep_syncer, same_project, start_syncer
from .locks import Presence, syncer_alive

__all__ = [
    "Installed",
    "Keeper",
    "Presence",
    "install",
    "keep_syncer",
    "same_project",
    "start_syncer",
    "syncer_alive",
]
