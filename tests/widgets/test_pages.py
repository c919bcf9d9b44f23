"""A page of lines: moved through with the keys of a table, painted only where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from quarterdeck.widgets.line import Piece
from quarterdeck.widgets.pages import Pages
from quarterdeck.widgets.palette import Palette

Picture = Callable[[App[Any]], list[str]]


def lines(number: int) -> list[list[Piece]]:
    return [[(f"line {index}", "text")] for index in range(number)]


class Watched(Pages):
    def __init__(self, palette: Palette) -> None:
        self.painted: list[int | None] = []
        super().__init__(palette)

    def refresh(self, *regions: Region, **options: Any) -> Any:
        self.painted += [region.y for region in regions] if regions else [None]
        return super().refresh(*regions, **options)


class Book(App[None]):
    def compose(self) -> ComposeResult:
        yield Watched(Palette())

    @property
    def pages(self) -> Watched:
        return self.query_one(Watched)


@pytest.mark.parametrize(
    ("keys", "top"),
    [
        (["j"], 4),
        (["down", "k"], 0),
        (["up"], 0),
        (["G"], 90),
        (["end", "j"], 90),
        (["pagedown"], 9),
        (["space", "ctrl+f"], 18),
        (["G", "pageup"], 81),
        (["G", "g"], 0),
    ],
)
async def test_keys_scroll(keys: list[str], top: int, picture: Picture) -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(100))
        app.pages.focus()
        await pilot.press(*keys)
        assert app.pages.top == top
        assert picture(app)[0] == f"line {top}"


async def test_what_is_below_is_counted() -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(25))
        assert app.pages.below == 15
        app.pages.focus()
        await pilot.press("G")
        assert app.pages.below == 0


async def test_a_short_page_does_not_scroll(picture: Picture) -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(3))
        app.pages.focus()
        await pilot.press("G", "j", "pagedown")
        assert (app.pages.top, app.pages.below) == (0, 0)
        assert picture(app) == ["line 0", "line 1", "line 2", *[""] * 7]


async def test_only_lines_that_differ_are_painted() -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(50))
        await pilot.pause()
        app.pages.painted.clear()
        changed = lines(50)
        changed[3] = [("other", "text")]
        changed[40] = [("below the screen", "text")]
        app.pages.show(changed)
        assert app.pages.painted == [3]
        app.pages.painted.clear()
        app.pages.show(changed)
        assert app.pages.painted == []


async def test_fewer_lines_come_into_view_whole(picture: Picture) -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(50))
        app.pages.focus()
        await pilot.press("G")
        app.pages.show(lines(12))
        await pilot.pause()
        assert picture(app) == [f"line {index}" for index in range(2, 12)]


async def test_a_taller_screen_shows_more_above(picture: Picture) -> None:
    app = Book()
    async with app.run_test(size=(30, 10)) as pilot:
        app.pages.show(lines(50))
        app.pages.focus()
        await pilot.press("G")
        await pilot.resize_terminal(30, 20)
        await pilot.pause()
        assert picture(app) == [f"line {index}" for index in range(30, 50)]


async def test_a_line_that_is_too_long_is_cut(picture: Picture) -> None:
    app = Book()
    async with app.run_test(size=(10, 3)) as pilot:
        app.pages.show([[("界" * 30, "text")], [("\x1b[31m" * 9, "bad")], [("ab", "text"), ("\n", "dim")]])
        await pilot.pause()
        assert picture(app)[0] == "界界界界…"
