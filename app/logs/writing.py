"""A log on its way out: whole lines as text, with colours where they are wanted, and nothing else that is obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..records import Millis
from . import stamps
from .line import parse_line

_CODES: Final = {
    "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36", "grey": "90",
    "bright": "1",
}  # fmt: skip
_LONGEST: Final = 1_000_000
"""Bytes of a line that are held to see what a progress bar wrote over; what is longer goes out in pieces."""


def written(blocks: Iterable[bytes], *, coloured: bool = False, timed: bool = False) -> Iterator[str]:
    """Pieces of a log, in their order -> text with line breaks. A few megabytes at most are held.

    `timed`: the times that stood before the lines stay there.
    """
    rest = b""
    for block in blocks:
        data = rest + block
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONGEST:
            end = len(data)
        rest = data[end:]
        if end:
            yield _text(data[:end], coloured, timed)
    if rest:
        yield _text(rest, coloured, timed)


def has_times(blocks: Iterable[bytes]) -> bool:
    """Whether a time stands before a line; a log without any is read to its end for that."""
    return any(stamps.STAMPS.search(block) for block in blocks)


def _text(data: bytes, coloured: bool, timed: bool) -> str:
    if _is_plain(data, timed):
        return data.decode("ascii")
    ended = data.endswith(b"\n")
    lines = data[: -1 if ended else None].split(b"\n")
    text = "\n".join(_line(raw, coloured, timed) for raw in lines)
    return text + "\n" if ended else text


def _is_plain(data: bytes, timed: bool) -> bool:
    """Printable ASCII with line breaks, of which nothing is taken away: at the speed of C."""
    if not data.isascii() or b"##[" in data or b"section_" in data:
        return False
    if not timed and stamps.STAMPS.search(data):
        return False
    return data.decode("ascii").replace("\n", "").isprintable()


def _line(raw: bytes, coloured: bool, timed: bool) -> str:
    line = parse_line(raw, width=2 * len(raw) + 80)
    text = "".join(_piece(piece, colour) for piece, colour in line.pieces) if coloured else line.text
    return f"{_stamp(line.at)}{text}" if timed and line.at is not None else text


def _stamp(at: Millis) -> str:
    from ..exact import iso

    return f"{iso(at)} "


def _piece(text: str, colour: str) -> str:
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if colour in _CODES else text
