"""Pictures of points: every point has a cell, none leaves the picture, whatever the figures are."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quarterdeck.widgets.braille import Layer
from quarterdeck.widgets.cloud import Cloud, Look, draw, sign_of, spans_far
from quarterdeck.widgets.status import use_ascii


def cloud(*points: tuple[float, float], kinds: bytes | None = None, **facts: object) -> Cloud:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Cloud(xs, ys, kinds if kinds is not None else bytes(len(points)), **facts)  # type: ignore[arg-type]  # as Cloud


def lines(drawn: object) -> list[str]:
    grid = drawn.grid  # type: ignore[attr-defined]  # a Drawn
    return [grid.line(y) for y in range(grid.height)]


FIGURES = st.one_of(
    st.floats(-100, 100),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 1e-300, 1.0, 1.0 + 2**-52]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(FIGURES, FIGURES), min_size=1, max_size=40),
    st.integers(20, 130),
    st.integers(5, 40),
    st.booleans(),
    st.booleans(),
)
@example([(0.0, 1.0), (0.0, 1.0000000000000002)], 20, 5, False, True)
@example([(2.2250738585e-313, 0.0)], 20, 5, False, False)
def test_every_point_that_an_axis_can_show_has_a_cell_within_the_picture(
    points: list[tuple[float, float]], width: int, height: int, log_x: bool, log_y: bool
) -> None:
    drawn = draw(cloud(*points), Look(log_x=log_x, log_y=log_y), width, height)
    assert all(len(line) == width for line in lines(drawn))
    area, hidden = drawn.placed.area, 0
    for point, (x, y) in enumerate(points):
        cell = drawn.placed.cell(point)
        if (log_x and x <= 0) or (log_y and y <= 0):
            assert cell is None
            hidden += 1
        else:
            assert cell is not None
            assert area.x <= cell[0] < area.x + area.width
            assert area.y <= cell[1] < area.y + area.height
    assert drawn.placed.hidden == hidden


def test_larger_figures_lie_further_to_the_right_and_higher() -> None:
    drawn = draw(cloud((1, 1), (2, 2), (3, 3)), Look(), 60, 20)
    cells = [drawn.placed.cell(point) for point in range(3)]
    assert cells[0] is not None
    assert cells[1] is not None
    assert cells[2] is not None
    assert cells[0][0] < cells[1][0] < cells[2][0]
    assert cells[0][1] > cells[1][1] > cells[2][1]


def test_points_of_one_place_stand_side_by_side() -> None:
    drawn = draw(cloud(*[(float(i % 3), 0.5) for i in range(15)]), Look(), 80, 20)
    assert len({drawn.placed.cell(point) for point in range(15)}) == 15
    again = draw(cloud(*[(float(i % 3), 0.5) for i in range(15)]), Look(), 80, 20)
    assert again.placed.columns == drawn.placed.columns


def test_each_kind_has_a_sign_and_is_counted_in_the_head() -> None:
    drawn = draw(cloud((1, 1), (2, 2), (3, 3), (4, 4), kinds=bytes([0, 1, 2, 2])), Look(best=0), 80, 20)
    head, body = lines(drawn)[0], "".join(lines(drawn)[1:])
    assert "★ best  ● 1 ended  ▶ 1 running  ✖ 2 failed" in head
    assert (body.count("★"), body.count("▶"), body.count("✖")) == (1, 1, 2)


def test_marked_baseline_and_best_lie_on_top_of_the_others() -> None:
    points = cloud((1, 1), (2, 2), (3, 3))
    look = Look(best=0, baseline=1, marked=frozenset({2}))
    body = "".join(lines(draw(points, look, 80, 20))[1:])
    assert all(sign in body for sign in "★◆*")
    assert [sign_of(points, look, point)[0] for point in range(3)] == ["★", "◆", "●"]


def test_many_points_are_dots_and_the_few_that_failed_keep_their_sign() -> None:
    chance = random.Random(1)
    points = [(chance.random(), chance.random()) for _ in range(5_000)]
    drawn = draw(cloud(*points, kinds=bytes([2] * 3 + [0] * 4_997)), Look(), 100, 30)
    body = "".join(lines(drawn)[1:])
    assert not drawn.placed.signs
    assert sum("\u2800" < sign <= "\u28ff" for sign in body) > 1_000
    assert 1 <= body.count("✖") <= 3


def test_a_few_numbers_are_named_as_they_are_and_words_by_their_names() -> None:
    axis = lines(draw(cloud((0.01, 1), (0.003, 2), (0.5, 1)), Look(log_x=True), 80, 20))[-1]
    assert axis.split() == ["0.003", "0.01", "0.5"]
    words = cloud((0, 1), (1, 2), categories=("\x1b[31mred", ""))
    axis = lines(draw(words, Look(), 80, 20))[-1]
    assert "\x1b" not in axis
    assert "\\u{1b}[31mred" in axis
    assert "(empty)" in axis


def test_what_a_log_axis_cannot_show_is_said() -> None:
    drawn = draw(cloud((0, 1), (-1, 2), (10, 3)), Look(log_x=True), 80, 20)
    assert "2 ≤ 0 not shown" in lines(drawn)[0]
    assert "log x" in lines(drawn)[0]


def test_a_log_axis_is_proposed_only_where_figures_span_far() -> None:
    assert spans_far([0.001, 0.2])
    assert not spans_far([0.01, 0.02])
    assert not spans_far([0.0, 1000.0])
    assert not spans_far([])


def test_a_terminal_of_plain_characters_gets_nothing_else() -> None:
    use_ascii(True)
    try:
        look = Look(best=0, baseline=1, marked=frozenset({2}))
        drawn = draw(cloud((1, 1), (2, 2), (3, 3), (4, 4), kinds=bytes([0, 0, 1, 2])), look, 80, 20)
        assert "".join(lines(drawn)).isascii()
    finally:
        use_ascii(False)


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (200, 60)])
def test_any_size_is_drawn(size: tuple[int, int]) -> None:
    drawn = draw(cloud((1, 1), (2, math.pi)), Look(), *size)
    assert drawn.grid.height == size[1]


@settings(max_examples=50, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 13), st.integers(0, 19)), max_size=60))
def test_sown_dots_are_the_dots_that_are_set_one_by_one(dots: set[tuple[int, int]]) -> None:
    one, many = Layer(7, 5), Layer(7, 5)
    for column, row in dots:
        one.run(column, row, row)
    many.sow(column * 20 + row for column, row in dots)
    assert many.bits == one.bits
    assert many.dots() == dots
