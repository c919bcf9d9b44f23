"""How a sync is narrated: one line that changes on a terminal, a line now and then elsewhere. All on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Final, Protocol

from ..records import SourceState
from ..text import fit, shown
from .boundary import say

BAR_CELLS: Final = 20
LINE_SECONDS: Final = 10.0
"""Between two lines about one source where nobody watches them change."""


class Telling(Protocol):
    """Tells how the sources get on; a context manager."""

    def tell(self, state: SourceState) -> None:
        """A source's state changed."""

    def __enter__(self) -> Telling: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Bar:
    """One line for all sources, painted over itself and gone at the end."""

    def __init__(self) -> None:
        self._states: dict[str, SourceState] = {}

    def tell(self, state: SourceState) -> None:
        """Paint the line again."""
        self._states[state.source] = state
        line = "   ".join(progress(one) for one in self._states.values())
        room = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{fit(line, room)}\x1b[K")
        sys.stderr.flush()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._states:
            sys.stderr.write("\r\x1b[K")


class Lines:
    """A line about a source every ten seconds at most."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._began = time.monotonic()

    def tell(self, state: SourceState) -> None:
        """Say how far it is, unless that was said just now; how it ended is said by the command."""
        now = time.monotonic()
        if state.done is not None and now - self._told.get(state.source, self._began) >= LINE_SECONDS:
            self._told[state.source] = now
            say(progress(state))

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def progress(state: SourceState) -> str:
    """`mlflow ██████░░░░ 1 200 of 5 000`, or just the state when nothing is counted."""
    name = shown(state.name)
    if state.done is None:
        return f"{name} {state.state}"
    done = f"{state.done:,}".replace(",", " ")
    if not state.total:
        return f"{name} {done}"
    filled = min(BAR_CELLS, BAR_CELLS * state.done // state.total)
    total = f"{state.total:,}".replace(",", " ")
    return f"{name} {'█' * filled}{'░' * (BAR_CELLS - filled)} {done} of {total}"
