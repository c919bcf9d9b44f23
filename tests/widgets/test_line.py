"""One line is exactly as wide as it should be, whatever stands on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.strip import Strip

from quarterdeck.widgets.line import Line, Piece, drawn, segments
from quarterdeck.widgets.palette import ROLES, Palette

PALETTE = Palette()
HARD = [
    "\x1b[31mred", "\x00", "a\tb", "two\nlines", "\u202eevil", "日本語の名前", "e" + "\u0301" * 40, "\u200d👩‍👩‍👧",
    "\ud800", "שלום עולם", "مرحبا", "[bold]x[/]", "각", "🏳️‍🌈", "\u0301", "x" * 4_000, "界" * 2_000,
]  # fmt: skip
texts = st.one_of(st.text(max_size=30), st.sampled_from(HARD), st.text("ab 界e\u0301", max_size=30))
pieces = st.lists(st.tuples(texts, st.sampled_from([*ROLES, "unknown"])), max_size=6)


def width_of(strip: Strip) -> int:
    return sum(cell_len(segment.text) for segment in strip)


@given(pieces, st.integers(0, 120))
def test_a_strip_is_exactly_as_wide_as_asked_for(line: list[Piece], width: int) -> None:
    strip = drawn(line, width, PALETTE.styles)
    assert width_of(strip) == width
    assert strip.cell_length == width


@given(pieces, st.integers(0, 120))
def test_nothing_on_a_line_moves_the_cursor(line: list[Piece], width: int) -> None:
    text = "".join(segment.text for segment in drawn(line, width, PALETTE.styles))
    assert text.replace("\u00a0", " ").isprintable()  # the space that does not break is drawn as a space


@given(pieces, st.integers(0, 120))
def test_the_cells_told_are_the_cells_taken(line: list[Piece], width: int) -> None:
    found, used = segments(line, width, PALETTE.styles)
    assert used == sum(cell_len(segment.text) for segment in found) <= width


def test_neighbours_of_one_colour_are_one_segment() -> None:
    found, _ = segments([("a", "dim"), ("b", "dim"), ("c", "text")], 10, PALETTE.styles)
    assert [segment.text for segment in found] == ["ab", "c"]


class OneLine(App[None]):
    def __init__(self, fill: str = " ") -> None:
        super().__init__()
        self.line = Line(PALETTE, fill=fill)

    def compose(self) -> ComposeResult:
        yield self.line


def text_of(app: App[Any]) -> str:
    return "".join(segment.text for segment in app.screen._compositor.render_strips()[0])


async def test_left_and_right_stand_at_their_ends() -> None:
    app = OneLine("─")
    async with app.run_test(size=(20, 3)) as pilot:
        app.line.show([("left", "text")], [("right", "dim")])
        await pilot.pause()
        assert text_of(app) == "left───────────right"


@pytest.mark.parametrize("fill", [" ", "─"])
async def test_the_right_gives_way_when_it_is_tight(fill: str) -> None:
    app = OneLine(fill)
    async with app.run_test(size=(12, 3)) as pilot:
        app.line.show([("on the left", "text")], [("right", "dim")])
        await pilot.pause()
        assert text_of(app) == "on the left" + fill


async def test_a_line_that_says_the_same_again_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneLine()
    async with app.run_test(size=(20, 3)) as pilot:
        app.line.show([("same", "text")])
        await pilot.pause()
        painted: list[object] = []
        monkeypatch.setattr(app.line, "refresh", lambda *regions, **_: painted.append(regions))
        app.line.show([("same", "text")], [])
        assert painted == []
        app.line.show([("other", "text")])
        assert painted == [()]
