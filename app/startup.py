"""What has to be so before Textual is imported. Import this first.

Textual reads its variables once. 400 frames a second: a key is painted 2 ms after it was pressed and not 16; there
is no frame without a change. No animation: one page down would send 85 KB. No Kitty keys: the probe leaks letters
in web terminals. 256 colours: see widgets/palette.
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("TEXTUAL_FPS", "400")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
if "256" in os.environ.get("TERM", "") or "COLORTERM" in os.environ:
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "256")

# what is imported lives as long as the process: to search it for garbage while it is made costs 30 ms of the start
gc.disable()


def is_over() -> None:
    """The first screen is painted. What there is until now is never looked at again by the collector."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)  # opening a screen makes some 30 000 objects: no looking for garbage in the middle
    gc.enable()


def tidy() -> None:
    """Let go of what closed screens left, between keys: all at once, after a hundred of them, it would take 0.2 s."""
    gc.collect(1)
