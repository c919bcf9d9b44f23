"""A grid of cells: where two of them differ, and wide characters on it."""

from __future__ import annotations

from quarterdeck.widgets.grid import Grid


def test_changes_are_where_cells_differ() -> None:
    one, other = Grid(60, 3), Grid(60, 3)
    for grid in (one, other):
        grid.put(0, 0, "a" * 60, "text")
    other.put(2, 0, "bb", "text")
    other.put(50, 0, "a", "bad")
    assert list(other.changes(one)) == [(0, 2, 2), (0, 50, 1)]
    assert list(one.changes(one)) == []


def test_a_change_takes_wide_characters_whole() -> None:
    one, other = Grid(10, 1), Grid(10, 1)
    one.put(2, 0, "界", "text")
    other.put(3, 0, "x", "text")
    assert list(other.changes(one)) == [(0, 2, 2)]


def test_a_wide_character_moves_on_rather_than_stand_on_two_stripes() -> None:
    grid = Grid(20, 1, stripe=4)
    grid.put(1, 0, "界界界", "text")
    assert grid.texts[0][:9] == [" ", "界", "", " ", "界", "", "界", "", " "]
    grid.put(18, 0, "x界", "text")
    assert len(grid.texts[0]) == 20


def test_a_colour_alone_is_a_change_but_not_of_a_blank() -> None:
    one, other = Grid(4, 1), Grid(4, 1)
    one.put(0, 0, "a ", "text")
    other.put(0, 0, "a", "bad")
    assert list(other.changes(one)) == [(0, 0, 1)]
