"""The bell, and the desktop's own notification, as what a terminal understands. Text in, escape sequences out.

There are three ways to ask a terminal for a notification, and some know two of them: only one is sent, or the
desktop would show the same twice. A terminal that knows none passes over it.

- OSC 9 `ESC ] 9 ; TEXT BEL`: iTerm2, which invented it; WezTerm, ghostty, Windows Terminal.
- OSC 777 `ESC ] 777 ; notify ; TITLE ; TEXT BEL`: urxvt, foot, and terminals made of VTE.
- OSC 99 `ESC ] 99 ; ; TEXT ESC \\`: kitty.

Inside tmux it is wrapped to pass through (`allow-passthrough`, off by default since 3.3: then tmux drops it, and
the bell remains, which tmux hands on by itself).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal

from .text import clip

BELL: Final = "\x07"
TITLE: Final = "quarterdeck"
LONGEST: Final = 200
"""Cells of a text. Desktops show a line or two of it, and some terminals drop a long sequence."""

Way = Literal["9", "777", "99"]


def ringing(text: str, wanted: Collection[str], environ: Mapping[str, str]) -> str:
    """What to send for a sentence: `wanted` holds "bell", "terminal", both or neither.

    No control character of the text reaches the terminal.
    """
    bell = BELL if "bell" in wanted else ""
    return bell + (notification(text, environ) if "terminal" in wanted else "")


def notification(text: str, environ: Mapping[str, str]) -> str:
    """The sequence that asks this terminal for a notification; "" where none can be asked for."""
    if environ.get("TERM", "") in ("", "dumb", "linux"):  # the console of Linux would print it
        return ""
    safe = clip(text, LONGEST)
    way = way_of(environ)
    if way == "777":
        # a semicolon would begin the next part
        made = f"\x1b]777;notify;{TITLE};{safe.replace(';', ',')}\x07"
    elif way == "99":
        made = f"\x1b]99;;{TITLE}: {safe}\x1b\\"
    else:
        # the title in front: a text that begins with a digit and a semicolon means something else (4; is progress)
        made = f"\x1b]9;{TITLE}: {safe}\x07"
    return _through_tmux(made) if environ.get("TMUX") else made


def way_of(environ: Mapping[str, str]) -> Way:
    """Which sequence the terminal is likely to know, by what it tells its programs of itself; else the oldest."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term:
        return "99"
    if program in ("iTerm.app", "WezTerm", "ghostty") or environ.get("WT_SESSION"):
        return "9"
    if term.startswith(("foot", "rxvt")) or environ.get("VTE_VERSION"):
        return "777"
    return "9"


def _through_tmux(sequence: str) -> str:
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"
