"""How many keys lie between opening the program and the evidence of the true cause, on the real program at 80x24."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..terminal import QUARTERDECK, Terminal, TerminalTimeoutError
from .clock import SECOND
from .measure import Judged
from .prometheus import Prometheus
from .site import gone_by, kept, surroundings

SIZE: Final = (80, 24)
_CURSOR: Final = "▸"
_MOST: Final = 40
"""Keys after which it is given up."""
_PATIENCE: Final = 60.0


class NoWayError(Exception):
    """The evidence was not reached; why, and the screen."""


def keys_to_evidence(judged: Judged, root: Path) -> int:
    """Press keys until the evidence of the first right suspect stands on the screen; gives how many. NoWayError."""
    folder = root / judged.world.name
    told = kept(folder)
    ranks = [rank for rank in (judged.rank, judged.second) if rank is not None]
    if not ranks:
        raise NoWayError("the cause is not among the suspects")
    subject, _, title = judged.suspects[min(ranks) - 1].partition("  ")
    server = Prometheus(told.score, lambda: told.now) if told.score.port else None
    argv = (*QUARTERDECK, "--project", folder / "project")
    begun = time.monotonic()
    try:
        with Terminal(*argv, size=SIZE, cwd=folder / "project", env=surroundings(folder, told.now)) as terminal:
            return _walk(terminal, judged.attention, title, subject)
    except TerminalTimeoutError as error:
        raise NoWayError(str(error)) from error
    finally:
        if server is not None:
            server.close()
        gone_by(folder, round(1000 * (time.monotonic() - begun)) + SECOND)


def _walk(terminal: Terminal, attention: str, title: str, subject: str) -> int:
    terminal.wait_for(_head(attention), deadline=_PATIENCE)
    terminal.settle(quiet=1.5, deadline=_PATIENCE)
    pressed = _down_to(terminal, _head(attention))
    terminal.settle(quiet=0.5, deadline=5)
    try:
        pressed += _down_to(terminal, _head(title), most=5)
    except NoWayError:  # not among the first, which the list shows: all are behind Enter
        return _by_its_page(terminal, attention, title, subject)
    return pressed + _open(terminal, subject, title)


def _by_its_page(terminal: Terminal, attention: str, title: str, subject: str) -> int:
    terminal.press("g")
    pressed = _down_to(terminal, _head(attention))
    terminal.press("enter")
    terminal.settle(quiet=1.0, deadline=5)
    return pressed + 1 + _down_to(terminal, _head(title)) + _open(terminal, subject, title)


def _down_to(terminal: Terminal, words: str, most: int = _MOST) -> int:
    """Press Down until the row under the cursor has the words; gives how often."""
    for pressed in range(most + 1):
        here = _row(terminal)
        if words in here:
            return pressed
        terminal.press("down")
        with suppress(TerminalTimeoutError):  # at the end of the list, nothing moves
            terminal.wait_until(partial(_has_left, terminal, here), "the cursor to move", deadline=2)
    raise NoWayError(f"no row of {words!r}. The screen:\n{terminal.text}")


def _has_left(terminal: Terminal, row: str) -> bool:
    return _row(terminal) != row


def _row(terminal: Terminal) -> str:
    """The row under the cursor."""
    return next((line for line in terminal.lines if _CURSOR in line), "")


def _open(terminal: Terminal, subject: str, title: str) -> int:
    was = terminal.text
    terminal.press("enter")
    words = evidence(subject, title)

    def is_there() -> bool:
        return terminal.text != was and any(word in line for line in terminal.lines[:6] for word in words)

    terminal.wait_until(is_there, f"one of {words} at the top of a page", deadline=15)
    return 1


def evidence(subject: str, title: str) -> tuple[str, ...]:
    """What the head of a subject's page shows of it: any of these."""
    kind, _, rest = subject.partition("/")
    parts = [unquote(part) for part in rest.replace("@", "/").split("/")]
    if kind in ("commit", "dataset"):
        return (parts[-1][:7],)
    if kind == "alias":
        return (f"{parts[0]}@{parts[1]}", f" {parts[0]} ")
    if kind in ("resource", "model"):
        return (parts[-1], parts[0])
    return (parts[-1][:8], title.partition(" ")[0])


def _head(title: str) -> str:
    """As much of a title as stands on a narrow screen whatever else is in its row."""
    return title[:24].rstrip()
