"""Colours said only where they change.

Rich says both colours before each piece of text and takes them back behind it, which is 24 bytes for a word: more than
half of what a picture sends. The terminal keeps a colour until it gets another.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_PARTS: Final = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)|(\x1b\[[0-9;?]*[A-Za-ln-z])|(\x1b)")
_BLANK: Final = frozenset(" ")
_SEEN_ON_BLANKS: Final = frozenset({"4", "7", "9", "21", "53"})
"""Underlined, reversed, struck and the like: a blank shows them."""


class Pen(NamedTuple):
    """What the terminal writes with. Colours as their parameters; "": its own."""

    fore: str = ""
    back: str = ""
    rest: frozenset[str] = frozenset()
    """Bold and its like."""


_PLAIN: Final = Pen()


def sparing(text: str) -> str:
    """The same for a terminal that writes plainly before, with as little said of colours as shows the same.

    It ends writing plainly.
    """
    made: list[str] = []
    now = wanted = _PLAIN
    for said, words, moved, other in _PARTS.findall(text):
        if words:
            if now != wanted and words != "\n" and not _shows_no_difference(now, wanted, words):
                made.append(_from(now, wanted))
                now = wanted
            made.append(words)
        elif moved or other:  # a place to go to; what else begins so is text of a kind
            made.append(moved or other)
        else:
            wanted = _after(wanted, said)
    return "".join(made) if now == _PLAIN else "".join(made) + "\x1b[0m"


def _shows_no_difference(now: Pen, wanted: Pen, words: str) -> bool:
    """Blanks have a background, and nothing else."""
    return now.back == wanted.back and not (now.rest | wanted.rest) & _SEEN_ON_BLANKS and _BLANK.issuperset(words)


@lru_cache(maxsize=4096)
def _from(now: Pen, wanted: Pen) -> str:
    """What brings the terminal from one to the other."""
    if wanted == _PLAIN:
        return "\x1b[0m"
    if now.rest - wanted.rest or (now.fore and not wanted.fore) or (now.back and not wanted.back):
        return f"\x1b[0;{_said(_PLAIN, wanted)}m"
    return f"\x1b[{_said(now, wanted)}m"


def _said(now: Pen, wanted: Pen) -> str:
    parts = sorted(wanted.rest - now.rest)
    parts += [one for one, before in ((wanted.fore, now.fore), (wanted.back, now.back)) if one != before]
    return ";".join(parts)


@lru_cache(maxsize=4096)
def _after(pen: Pen, said: str) -> Pen:
    """The pen after these parameters of an escape sequence."""
    left = said.split(";")[::-1]
    while left:
        one = left.pop()
        if one in ("", "0"):
            pen = _PLAIN
        elif one in ("38", "48"):
            colour = _colour(one, left)
            pen = pen._replace(fore=colour) if one == "38" else pen._replace(back=colour)
        elif one in ("39", "49"):
            pen = pen._replace(fore="") if one == "39" else pen._replace(back="")
        elif len(one) > 1 and one[:-1] in ("3", "9"):
            pen = pen._replace(fore=one)
        elif len(one) > 1 and one[:-1] in ("4", "10"):
            pen = pen._replace(back=one)
        else:
            pen = pen._replace(rest=pen.rest | {one})
    return pen


def _colour(one: str, left: list[str]) -> str:
    """38;5;N or 38;2;R;G;B: its parameters, taken from what is left."""
    size = 2 if left[-1:] == ["5"] else 4
    return ";".join([one, *(left.pop() for _ in range(min(size, len(left))))])
