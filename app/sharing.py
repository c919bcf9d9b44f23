"""While a terminal is open, what was written and could not be shared is shared as soon as it can be.

A thread of its own, which looks into state.db once a minute (a millisecond) and does nothing where nothing waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import QuarterdeckError
from .records import Millis
from .store.state import State

if TYPE_CHECKING:
    from .noting import Noting

FIRST: Final = 5.0
"""Seconds until the first look, which the first paint does not wait for."""
EVERY: Final = 60.0
"""Seconds between two looks."""


class Sharing:
    """A context manager. `noting` opens what has notes shared, `fetched_at` tells when the remote was fetched last."""

    def __init__(
        self, state: Path, noting: Callable[[], Noting], fetched_at: Callable[[], Millis | None], *,
        first: float = FIRST, every: float = EVERY,
    ) -> None:  # fmt: skip
        self._state = state
        self._open = noting
        self._fetched_at = fetched_at
        self._pause, self._every = first, every
        self._noting: Noting | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="notes", daemon=True)

    def __enter__(self) -> Sharing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _serve(self) -> None:
        begins = True
        while not self._ended.wait(self._pause):
            self._pause = self._every
            try:
                self._look(begins)
                begins = False
            except QuarterdeckError:
                continue  # state.db is busy, or the disk full: the next minute may be better

    def _look(self, begins: bool) -> None:
        with State(self._state) as state:
            waits = bool(state.unshared_notes())
        if waits:
            self._noting = self._noting or self._open()
            self._noting.share_again(self._fetched_at(), begins=begins)
