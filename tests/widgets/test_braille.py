"""Dots in cells: they stand where they were put, and a layer hides what is below it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.widgets.braille import PLAIN, Canvas, Layer
from quarterdeck.widgets.status import use_ascii

RUNS = st.lists(st.tuples(st.integers(-2, 12), st.integers(-5, 25), st.integers(-5, 25)), max_size=12)


@pytest.fixture
def ascii_terminal() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


def layer(*runs: tuple[int, int, int], width: int = 5, height: int = 5) -> Layer:
    made = Layer(width, height)
    for run in runs:
        made.run(*run)
    return made


@given(RUNS)
def test_a_run_sets_its_dots_and_no_others(runs: list[tuple[int, int, int]]) -> None:
    expected = {
        (column, row)
        for column, top, bottom in runs
        for row in range(top, bottom + 1)
        if 0 <= column < 10 and 0 <= row < 20
    }
    assert layer(*runs).dots() == expected


def test_dots_are_drawn_as_unicode_has_them() -> None:
    canvas = Canvas(2, 1)
    canvas.lay(layer((0, 0, 3), (3, 3, 3), width=2, height=1), 1)
    assert canvas.row(0) == (["⡇", "⢀"], b"\1\1")


def test_a_cell_without_dots_is_blank_and_nobodys() -> None:
    canvas = Canvas(1, 2)
    canvas.lay(layer((0, 0, 0), width=1, height=2), 7)
    assert canvas.row(1) == ([" "], b"\0")


def test_the_upper_layer_hides_the_cells_that_it_draws_in_and_leaves_the_others() -> None:
    canvas = Canvas(2, 1)
    canvas.lay(layer((0, 0, 3), (2, 0, 0), width=2, height=1), 1)
    canvas.lay(layer((1, 2, 2), width=2, height=1), 2)
    assert canvas.row(0) == (["⠠", "⠁"], b"\2\1")


@given(RUNS, RUNS)
def test_no_dot_of_the_upper_layer_is_lost(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]) -> None:
    canvas, top = Canvas(5, 5), layer(*other)
    canvas.lay(layer(*one), 1)
    canvas.lay(top, 2)
    drawn = Layer(5, 5)
    drawn.bits = bytearray(bits if owner == 2 else 0 for bits, owner in zip(canvas.bits, canvas.owners, strict=True))
    assert drawn.dots() == top.dots()


@pytest.mark.usefixtures("ascii_terminal")
def test_a_terminal_without_braille_gets_plain_characters() -> None:
    canvas = Canvas(4, 1)
    canvas.lay(layer((0, 0, 0), (1, 0, 0), (2, 3, 3), (3, 0, 0), (4, 0, 3), (6, 0, 0), (7, 3, 3), width=4, height=1), 1)
    assert canvas.row(0)[0] == ["'", "/", "|", "\\"]


def test_every_pattern_has_a_plain_character() -> None:
    assert all(len(sign) == 1 and sign.isascii() for sign in PLAIN)
    assert [byte for byte, sign in enumerate(PLAIN) if sign == " "] == [0]
