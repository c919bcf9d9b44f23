"""The clipboard of whoever sits before the terminal, which may be at the other end of an SSH line.

Inside tmux, tmux is asked to pass a text on (`load-buffer -w`, since tmux 3.2): its `set-clipboard external`, the
default, drops the escape sequence of a program inside it. Elsewhere the terminal itself is asked, by OSC 52. Neither
tells whether the clipboard has taken it, so the text is to be shown as well.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import Final

from .errors import QuarterdeckError
from .text import safe_lines

TEXT_MOST: Final = 74_994
"""Bytes of text that OSC 52 is trusted with. Terminals such as hterm take sequences of 100,000 bytes, of which the
frame needs 8, and base64 makes four bytes of three; what is longer they drop without a word."""

TMUX_SECONDS: Final = 3.0


def copy(text: str, environ: Mapping[str, str], send: Callable[[str], object]) -> str:
    """Put a text on the clipboard; gives the way it took: `tmux` or `OSC 52`. Blocks for TMUX_SECONDS at most.

    `send` sends the terminal a text by OSC 52; nothing in it can end the sequence, which is base64. Raises
    QuarterdeckError with the reason when the text cannot be put there.
    """
    safe = safe_lines(text)
    if environ.get("TMUX"):
        _to_tmux(safe.encode(), environ)
        return "tmux"
    size = len(safe.encode())
    if size > TEXT_MOST:
        raise QuarterdeckError(
            f"{size / 1000:.0f} kB are more than terminals take by OSC 52 ({TEXT_MOST / 1000:.0f} kB)."
        )
    send(safe)
    return "OSC 52"


def _to_tmux(data: bytes, environ: Mapping[str, str]) -> None:
    # a session of its own: Ctrl-C in the terminal must not reach it half-way
    try:
        subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],  # noqa: S607  the tmux that this runs in is the one on the PATH
            input=data, env=dict(environ), capture_output=True, timeout=TMUX_SECONDS, check=True,
            start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise QuarterdeckError("This runs inside tmux, and there is no `tmux` on the PATH to hand it to.") from error
    except subprocess.TimeoutExpired as error:
        raise QuarterdeckError(f"tmux did not take it within {TMUX_SECONDS:.0f} s.") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or f"exit status {error.returncode}"
        raise QuarterdeckError(f"tmux did not take it: {said}") from error
