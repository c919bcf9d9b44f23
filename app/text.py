"""The one way in and out for foreign text.

A run, a branch or an error may be called anything. `shown` gives the form in which it may reach a cell,
stdout, the clipboard or a web hook: one printable line in which two different names never look the same by an
invisible character. Whatever is not drawn, moves the cursor or turns the reading direction is written as
`\\u{1b}`. The exact text is kept beside it; acts and `--json` use that one.

Widths are terminal cells, taken from Python's own Unicode tables and not from rich (this module runs
headless); a test holds them equal to `rich.cells` for everything that `shown` can give. Where terminals
disagree about a width (emoji variation and skin tone, signs that Unicode 16 made wide, private use, what is
newer than this Python), the character is escaped: a row off by one cell is worse than an odd name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MARKS = 4
"""Combining marks that one character may carry. Vietnamese needs 2, Hebrew 3; a thousand are an attack."""

_ELLIPSIS = "…"
_CALLS = re.compile(r"(?<!\w)@(?=\w)")
_WEB = re.compile(r"\b(www)\.", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()!|~$]|^[#+\-=]|(?<=\d)\.(?=\s|$)")
_UNSAFE = -1
_JAMO = (
    (0x1160, 0x11FF),
    (0xD7B0, 0xD7FB),
)  # vowels and finals: drawn into the cells of the syllable's first
_DISPUTED = (
    (0x034F, 0x034F),  # combining grapheme joiner: drawn by nobody
    (0x115F, 0x1160),  # Hangul fillers: letters without ink
    (0x3164, 0x3164),
    (0xFFA0, 0xFFA0),
    (0x17B4, 0x17B5),  # Khmer vowels without ink
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0xFE00, 0xFE0F),  # variation selectors: an emoji takes one cell here, two there
    (0xE0100, 0xE01EF),
    (0x1F3FB, 0x1F3FF),  # skin tones: none or two cells
    (0x2630, 0x2637),  # one cell until Unicode 15, two since 16
    (0x268A, 0x268F),
    (0x4DC0, 0x4DFF),
    (0x1D300, 0x1D356),
    (0x1D360, 0x1D376),
)


def shown(exact: str) -> str:
    """The form of a foreign text that is safe to print: one line, no control, no invisible character.

    Injective: different texts give different forms (a literal `\\u{` is escaped too). Lone surrogates, byte
    order marks, bidirectional controls and line breaks come out as `\\u{..}`, so do combining marks without
    a character to stand on and those beyond `MARKS`. Any length; time is linear.
    """
    return _escaped(exact.replace("\\u{", "\\u{5c}u{"))


def one_line(exact: str) -> str:
    """A text of several lines as one: each run of line breaks and tabs is a space, the rest as `shown`."""
    return shown(re.sub(r"\s*[\r\n\t\v\f\x85\u2028\u2029]\s*", " ", exact.strip()))


def safe_lines(text: str) -> str:
    """A text of several lines on its way out (the clipboard): line breaks stay, what else a terminal would obey goes.

    Printable text is given as it is, tabs and all controls come out as `\\u{..}`; the result is valid UTF-8.
    """
    return "\n".join(_escaped(line) for line in text.replace("\r\n", "\n").split("\n"))


def unlinked(text: str) -> str:
    """A text in which no chat and no forge finds an address to link to or somebody to call.

    An `@` that begins a word, the colon of an address and the dot of `www.` become their wide twins, which look the
    same to people. What is left is as it was.
    """
    text = _CALLS.sub("＠", text).replace("://", "：//")
    return _WEB.sub(r"\1．", text)


def markdown(exact: str) -> str:
    """Somebody's words as one line of Markdown in which they are words: no markup, no link, no mention."""
    return _MARKUP.sub(r"\\\g<0>", unlinked(one_line(exact))).replace("&", "&amp;")


def cells(text: str) -> int:
    """Terminal cells that a shown text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(max(_width(character), 0) for character in text)


def fit(text: str, width: int) -> str:
    """A shown text in at most `width` cells, cut with "…" where it is longer.

    Never half a wide character, never a mark without its character. What is not safe in `text` is
    escaped here as well. Only the beginning of a long text is looked at.
    """
    if width <= 0:
        return ""
    head = _escaped(text[: _characters(width)])
    if cells(head) <= width:
        return head  # all of it: had anything been left off, the head alone were wider
    if head.isascii():
        return head[: width - 1] + _ELLIPSIS
    used = 0
    for position, character in enumerate(head):
        used += _width(character)
        if used >= width:
            return head[:position] + _ELLIPSIS
    return head


def clip(exact: str, width: int) -> str:
    """`fit(shown(exact), width)` without reading more of a megabyte than is seen."""
    return fit(shown(exact[: _characters(width)]), width)


def pad(text: str, width: int, right: bool = False) -> str:
    """A shown text in exactly `width` cells: cut, or filled with spaces, on the left if `right`."""
    fitted = fit(text, width)
    spaces = " " * (width - cells(fitted))
    return spaces + fitted if right else fitted + spaces


def _characters(width: int) -> int:
    # a shown text of that many characters is wider than `width`: a cell holds a character and its marks
    return max(width + 1, 0) * (MARKS + 1)


def _escaped(text: str) -> str:
    """Escape what is not safe and leave the backslashes alone, so that a safe text stays as it is."""
    if text.isascii() and text.isprintable():
        return text
    safe, marks = [], MARKS  # a mark at the very beginning would stand on the cell before
    for character in text:
        width = _width(character)
        marks = marks + 1 if width == 0 else 0
        if width == _UNSAFE or marks > MARKS:
            character, marks = f"\\u{{{ord(character):x}}}", MARKS
        safe.append(character)
    return "".join(safe)


@lru_cache(maxsize=8192)
def _width(character: str) -> int:
    """Cells of one character: 0, 1 or 2, or -1 for what must be escaped."""
    code = ord(character)
    if any(first <= code <= last for first, last in _DISPUTED):
        return _UNSAFE
    category = unicodedata.category(character)
    if category[0] == "M" or any(first <= code <= last for first, last in _JAMO):
        return 0
    if not character.isprintable() and category != "Zs":  # no-break and ideographic spaces are plain to see
        return _UNSAFE
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
