"""How lines of a log are written on the screen: their colours, their times, the titles of folded sections. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from ..app.logs import Line, Pattern, Section
from ..app.text import cells, clip
from .figures import count, span
from .line import Piece
from .status import glyph, sign
from .text_view import width_of

STAMP: Final = 9
"""Cells of a time."""
LONGEST: Final = 65_536
"""Cells of a line that can be scrolled to."""
_MOST_FOUND: Final = 200
"""Places of one line that are made bright."""
_ROLES: Final = {
    "red": "bad", "green": "good", "yellow": "warn", "blue": "accent", "magenta": "hue5", "cyan": "run", "grey": "dim",
    "bright": "bright",
}  # fmt: skip


def stamp(line: Line, zone: tzinfo) -> Piece:
    """The time that stood before a line, `21:40:07 `, or as much room."""
    return (f"{datetime.fromtimestamp(line.at / 1000, zone):%H:%M:%S} " if line.at is not None else " " * STAMP, "dim")


def title(section: Section, line: Line, room: int) -> list[Piece]:
    """A folded section: what it is, how many lines, how long it took, what went wrong in it."""
    name = section.name if section.kind == "step" and section.name else line.text.strip() or section.name
    said: list[Piece] = [(f"{count(section.last - section.first + 1)} lines", "dim")]
    if section.started_at is not None and section.ended_at is not None:
        said.append((f"   {span(section.ended_at - section.started_at)}", "dim"))
    if section.errors:
        said.append((f"   {glyph('failed')} {section.errors} error{'s' if section.errors > 1 else ''}", "bad"))
    signs: list[Piece] = [(f"{glyph(section.status)} ", sign(section.status).role)] if section.status else []
    room -= sum(cells(text) for text, _ in [*signs, *said]) + 3
    return [*signs, (f"{clip(name, max(8, room))}   ", "text"), *said]


def content(line: Line, header: Section | None, *, is_error: bool, pattern: Pattern | None) -> list[Piece]:
    """A line in its own colours; where it has none, in those of what it is. What was looked for is bright."""
    text = line.pieces[0][0] if line.pieces else ""
    role = "text"
    if header is not None or text.startswith(">  "):
        role = "bright"
    elif is_error or text.startswith("E  "):
        role = "bad"
    pieces = [] if header is None else _named(header, text)
    pieces += [(piece, _ROLES.get(colour, role)) for piece, colour in line.pieces]
    return pieces if pattern is None else _marked(pieces, pattern)


def _named(header: Section, text: str) -> list[Piece]:
    """The vendor's name of an open step before what its first line says."""
    if header.kind != "step" or not header.status:
        return []
    sign_of = (f"{glyph(header.status)} ", sign(header.status).role)
    return [sign_of] if header.name == text else [sign_of, (f"{clip(header.name, 40)}   ", "bright")]


def _marked(pieces: Sequence[Piece], pattern: Pattern) -> list[Piece]:
    text = "".join(piece for piece, _ in pieces)
    made: list[Piece] = []
    at = 0
    for start, end in pattern.spans(text[:LONGEST])[:_MOST_FOUND]:
        made += part(pieces, at, start)
        made.append((text[start:end], "found"))
        at = end
    return [*made, *part(pieces, at, None)] if at else list(pieces)


def character_at(text: str, cell: int) -> int:
    """The character that stands at a cell; that of a text which ends before is behind its last."""
    if text.isascii() or cell >= cells(text):
        return cell
    return width_of(text, cell)


def wrapped(text: str, width: int) -> list[int]:
    """The characters at which the rows of a line begin."""
    if text.isascii():
        return list(range(0, max(1, len(text)), width))
    starts, at = [0], width_of(text, width)
    while at < len(text):
        starts.append(at)
        at += width_of(text[at : at + width], width)
    return starts


def part(pieces: Sequence[Piece], start: int, end: int | None) -> list[Piece]:
    """The characters from `start` to `end`."""
    made: list[Piece] = []
    at = 0
    for text, role in pieces:
        low, high = max(0, start - at), len(text) if end is None else min(len(text), end - at)
        if low < high:
            made.append((text[low:high], role))
        at += len(text)
    return made
