"""Colours that are said only where they change: a terminal shows the same."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.widgets.pen import sparing

SIZE = (24, 4)

colours = st.sampled_from(["", "31", "97", "39", "38;5;75", "38;5;251", "38;2;1;2;3", "42", "49", "48;5;234", "104"])
marks = st.sampled_from(["", "1", "4", "7", "3", "9"])
words = st.sampled_from([" ", "   ", "a", "⣠⠞", "x y", "漢", "\n"])
moves = st.builds(lambda y, x: f"\x1b[{y};{x}H", st.integers(1, 4), st.integers(1, 24)) | st.just("\x1b[?25l")


def styled(mark: str, fore: str, back: str, text: str) -> str:
    said = ";".join(part for part in (mark, fore, back) if part)
    return f"\x1b[{said}m{text}\x1b[0m" if said else text


pieces = st.builds(styled, marks, colours, colours, words) | moves | words


def cells(text: str) -> list[object]:
    """What a terminal shows of it. Of a blank the colour of what is not written on it is nobody's to see."""
    screen = pyte.Screen(*SIZE)
    pyte.Stream(screen).feed(text)
    plain = [[screen.buffer[y][x] for x in range(SIZE[0])] for y in range(SIZE[1])]
    return [
        one._replace(fg="", bold=False, italics=False)
        if one.data == " " and not (one.underscore or one.reverse or one.strikethrough)
        else one
        for line in plain
        for one in line
    ]


@given(st.lists(pieces, max_size=12).map("".join))
def test_a_terminal_shows_the_same(text: str) -> None:
    found = sparing(text)
    assert cells(found) == cells(text)
    assert cells(f"{found}\x1b[1;1Hafter") == cells(f"{text}\x1b[1;1Hafter")
    assert len(found) <= len(text)


@pytest.mark.parametrize(("text", "said"), [
    ("plain", "plain"),
    ("\x1b[31;42mred\x1b[0m", "\x1b[31;42mred\x1b[0m"),
    ("\x1b[38;5;75;48;5;234ma\x1b[0m\x1b[38;5;99;48;5;234mb\x1b[0m", "\x1b[38;5;75;48;5;234ma\x1b[38;5;99mb\x1b[0m"),
    ("\x1b[31;42ma\x1b[0m\x1b[2;3H\x1b[31;42mb\x1b[0m", "\x1b[31;42ma\x1b[2;3Hb\x1b[0m"),
    ("\x1b[31;42ma\x1b[0m\x1b[37;42m  \x1b[0m\x1b[31;42mb\x1b[0m", "\x1b[31;42ma  b\x1b[0m"),
    ("\x1b[1;31;42ma\x1b[0m\x1b[31;42mb\x1b[0m", "\x1b[1;31;42ma\x1b[0;31;42mb\x1b[0m"),
    ("\x1b[31ma\x1b[0mb", "\x1b[31ma\x1b[0mb"),
], ids=["plain", "one", "of one background", "elsewhere", "blanks between", "bold before", "plain behind"])  # fmt: skip
def test_a_colour_is_said_where_it_changes(text: str, said: str) -> None:
    assert sparing(text) == said
