"""One line of a log: what a terminal would be left with, its colours by name. Whatever else it would obey is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..records import Millis
from ..text import cells, shown
from . import stamps

COLOURS: Final = ("red", "green", "yellow", "blue", "magenta", "cyan", "grey", "bright")
"""Names of colours; "" is the terminal's own."""
_EIGHT: Final = ("grey", "red", "green", "yellow", "blue", "magenta", "cyan", "")
_STEPS: Final = (0, 95, 135, 175, 215, 255)

# control sequences, titles and the like, single escapes; none of them spans lines
_ESCAPE: Final = r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
_SEQUENCE: Final = re.compile(_ESCAPE)
_ESCAPES: Final = re.compile(_ESCAPE.encode())
_SECTION: Final = re.compile(rb"section_(?:start|end):\d+:[^\r\n\x1b]*\r?(?:\x1b\[0K)?")
_MARKER: Final = re.compile(r"##\[(group|endgroup|error|warning|notice|debug|command|section)\]|\[command\]")
_UNSEEN: Final = dict.fromkeys([*range(0x09), *range(0x0A, 0x1B), *range(0x1C, 0x20), 0x7F])
_MARKED: Final = {"error": "red", "warning": "yellow", "notice": "blue", "debug": "grey", "command": "blue"}


class Line(NamedTuple):
    """A line as it is shown."""

    number: int
    """Its number, from 0, of all that the log ever had."""
    pieces: tuple[tuple[str, str], ...]
    """Text that is safe to show, and its colour."""
    at: Millis | None = None
    """The time that stood before it."""
    marker: str = ""
    """What GitHub calls it: group, endgroup, error, warning, command ..."""
    size: int = 0
    """Bytes of the whole line ..."""
    is_cut: bool = False
    """... of which some are not in `pieces`, on the right."""

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _ in self.pieces)


def parse_line(raw: bytes, number: int = 0, *, left: int = 0, width: int = 4096, size: int | None = None) -> Line:
    """A line without its line break, in the cells from `left` on, at most `width` of them.

    Of what was written over by a carriage return (a progress bar) the last state is left. Colours of foregrounds are
    kept, any other escape sequence is dropped. `size`: bytes of the whole line, where `raw` is its beginning.
    """
    at, body = stamps.split(raw)
    body = _last_state(_SECTION.sub(b"", body) if b"section_" in body else body)
    text = body.decode("utf-8", "backslashreplace")
    marker = ""
    if "[" in text[:2] or "##[" in text[:200]:
        text, marker = _without_marker(text)
    found = list(_crop(_coloured(text, _MARKED.get(marker, "")), left, width + 1))
    over = sum(cells(piece) for piece, _ in found) > width
    pieces = tuple(_crop(iter(found), 0, width)) if over else tuple(found)
    whole = len(raw) if size is None else size
    return Line(number, pieces, at, marker, whole, over or whole > len(raw))


def plain(data: bytes, *, timed: bool = False) -> bytes:
    """Whole lines without escape sequences and, unless `timed`, without times; line breaks stay where they are."""
    if b"\x1b" in data:
        data = _ESCAPES.sub(b"", data)
    return data if timed else stamps.STAMPS.sub(b"", data)


def _last_state(body: bytes) -> bytes:
    body = body.rstrip(b"\r")
    while b"\r" in body:
        before, _, last = body.rpartition(b"\r")
        if _ESCAPES.sub(b"", last).strip():
            return last
        body = before.rstrip(b"\r")
    return body


def _without_marker(text: str) -> tuple[str, str]:
    """GitHub's marker off the beginning of a line, colours before it or not."""
    head = _SEQUENCE.sub("", text[:400])
    found = _MARKER.match(head)
    if found is None:
        return text, ""
    return text.replace(found.group(), "", 1), found.group(1) or "command"


def _coloured(text: str, colour: str) -> Iterator[tuple[str, str]]:
    """Runs of one colour, without escapes, tabs and controls. `colour`: of what has none of its own."""
    at, own, column = 0, colour, 0
    if "\x1b" in text:
        for found in _SEQUENCE.finditer(text):
            if found.start() > at:
                piece = _visible(text[at : found.start()], column)
                column += len(piece)
                yield piece, own
            if found.group(2) == "m":
                own = _after(found.group(1) or "", own, colour)
            at = found.end()
    if at < len(text):
        yield _visible(text[at:] if at else text, column), own


def _visible(text: str, column: int) -> str:
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = (" " * (column % 8) + text).expandtabs()[column % 8 :]
    return shown(text.translate(_UNSEEN))


def _after(codes: str, own: str, default: str) -> str:
    """The colour after a sequence of SGR codes such as `1;31`."""
    numbers = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", codes)[:32]]
    at = 0
    while at < len(numbers):
        code = numbers[at]
        if code in (38, 48):
            colour, at = _extended(numbers, at)
            own = colour if code == 38 else own
            continue
        own = _simple(code, own, default)
        at += 1
    return own


def _simple(code: int, own: str, default: str) -> str:
    if code in (0, 39):
        return default
    if code == 1:
        return own or "bright"
    if code == 2:
        return own or "grey"
    if code == 22:
        return default if own in ("bright", "grey") else own
    if 30 <= code <= 37:
        return _EIGHT[code - 30]
    if 90 <= code <= 97:
        return "bright" if code == 97 else _EIGHT[code - 90]
    return own


def _extended(numbers: list[int], at: int) -> tuple[str, int]:
    """`38;5;N` and `38;2;R;G;B` as the nearest name, and where the next code stands."""
    kind = numbers[at + 1] if at + 1 < len(numbers) else 0
    if kind == 5 and at + 2 < len(numbers):
        return _of_256(numbers[at + 2]), at + 3
    if kind == 2 and at + 4 < len(numbers):
        return _nearest(*numbers[at + 2 : at + 5]), at + 5
    return "", len(numbers)


def _of_256(number: int) -> str:
    if number < 16:
        return "bright" if number == 15 else _EIGHT[number % 8]
    if number >= 232:
        return "grey" if number < 248 else ""
    cube = min(number, 231) - 16
    return _nearest(_STEPS[cube // 36], _STEPS[cube // 6 % 6], _STEPS[cube % 6])


def _nearest(red: int, green: int, blue: int) -> str:
    low, high = min(red, green, blue), max(red, green, blue)
    if high - low < 48:
        return "grey" if high < 160 else ""
    middle = (low + high) / 2
    return _EIGHT[(red > middle) + 2 * (green > middle) + 4 * (blue > middle)]


def _crop(pieces: Iterator[tuple[str, str]], left: int, width: int) -> Iterator[tuple[str, str]]:
    """The cells from `left` on, `width` of them; a wide character that is cut in two is left out."""
    at, end = 0, left + width
    for text, colour in pieces:
        if at >= end:
            return
        if text.isascii():
            kept, taken = text[max(0, left - at) : end - at], len(text)
        else:
            kept, taken = _cropped(text, left - at, end - at)
        at += taken
        if kept:
            yield kept, colour


def _cropped(text: str, left: int, right: int) -> tuple[str, int]:
    """The cells from `left` to `right`, and how many the whole takes; half a wide character is a space."""
    kept: list[str] = []
    at = 0
    for character in text:
        wide = cells(character)
        if wide and at < left < at + wide:
            kept.append(" ")
        elif (left < at + wide <= right) or (wide == 0 and kept):
            kept.append(character)
        at += wide
        if at > right:
            break
    return "".join(kept), at
