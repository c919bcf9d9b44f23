"""The table whose first column stays: what is in sight, where the cursor goes, and how little a key repaints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from textual.app import App, ComposeResult

from quarterdeck.widgets.frozen_table import FrozenTable
from quarterdeck.widgets.line import Piece
from quarterdeck.widgets.palette import Palette

Picture = Callable[[Any], list[str]]


class Sections:
    """So many rows in sections of ten, in so many columns: cell `r3c1`."""

    def __init__(self, rows: int = 40, columns: int = 6) -> None:
        self._rows, self._columns = rows, columns

    def columns(self) -> int:
        return self._columns

    def title(self, column: int, width: int) -> tuple[Sequence[Piece], Sequence[Piece]]:
        return [(f"run {column}", "bright")], [("baseline" if column == 0 else "", "dim")]

    def wish(self) -> tuple[int, int]:
        return 12, 14

    def count(self) -> int:
        return self._rows

    def is_heading(self, row: int) -> bool:
        return row % 10 == 0

    def name(self, row: int) -> Sequence[Piece]:
        return [(f"section {row // 10}" if self.is_heading(row) else f"name {row}", "text")]

    def cell(self, row: int, column: int, width: int) -> Sequence[Piece]:
        return [(f"r{row}c{column}", "text")]

    def key(self, row: int) -> object:
        return row


class Shown(App[None]):
    def __init__(self, lines: Sections) -> None:
        super().__init__()
        self.lines = lines
        self.table = FrozenTable(Palette())

    def compose(self) -> ComposeResult:
        self.table.show(self.lines)
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()


@pytest.mark.parametrize(("width", "columns"), [(80, 3), (120, 6), (60, 3), (46, 3)])
async def test_the_first_column_and_two_more_are_always_in_sight(picture: Picture, width: int, columns: int) -> None:
    app = Shown(Sections())
    async with app.run_test(size=(width, 20)) as pilot:
        await pilot.pause()
        head = picture(app)[0]
        assert [f"run {at}" in head for at in range(6)] == [at < columns for at in range(6)]
        assert ("›" in head) == (columns < 6)


async def test_the_other_columns_scroll_and_the_first_stays(picture: Picture) -> None:
    app = Shown(Sections())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("l", "l", "right")
        lines = picture(app)
        assert [f"run {at}" in lines[0] for at in range(6)] == [True, False, True, True, False, False]
        assert "‹" in lines[0]
        assert [f"r1c{at}" in lines[3] for at in range(6)] == [True, False, True, True, False, False]
        assert app.table.hidden == (1, 2)
        await pilot.press("h", "h", "h", "h")
        assert app.table.column == 0


async def test_the_cursor_passes_over_headings(picture: Picture) -> None:
    app = Shown(Sections())
    async with app.run_test(size=(80, 20)) as pilot:
        assert app.table.row == 1
        await pilot.press(*"j" * 9)
        assert app.table.row == 11
        await pilot.press("k")
        assert app.table.row == 9
        await pilot.press("g", "k")
        assert app.table.row == 1
        assert "section 0" in picture(app)[2]
        await pilot.press("G")
        assert app.table.row == 39


async def test_brackets_go_from_section_to_section_with_the_heading_in_sight(picture: Picture) -> None:
    app = Shown(Sections())
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("right_square_bracket")
        assert app.table.row == 11
        assert "section 1" in picture(app)[2]
        await pilot.press("right_square_bracket", "j", "left_square_bracket")
        assert app.table.row == 21
        await pilot.press("left_square_bracket")
        assert app.table.row == 11


async def test_a_key_repaints_two_names_and_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Shown(Sections())
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        cells = 0
        refresh = FrozenTable.refresh

        def counted(self: FrozenTable, *regions: Any, **rest: Any) -> Any:
            nonlocal cells
            cells += sum(region.area for region in regions) if regions else 120 * 30
            return refresh(self, *regions, **rest)

        monkeypatch.setattr(FrozenTable, "refresh", counted)
        await pilot.press("j")
        assert cells < 2 * 50


async def test_the_cursor_stays_on_its_row_when_others_come() -> None:
    class Fewer(Sections):
        def key(self, row: int) -> object:
            return row + 5

    app = Shown(Sections())
    async with app.run_test(size=(80, 20)) as pilot:
        app.table.go_to(17)
        app.table.show(Fewer(30))
        await pilot.pause()
        assert app.table.row == 12


async def test_a_click_goes_to_the_cell_and_a_second_opens_it() -> None:
    opened: list[FrozenTable.Opened] = []

    class Clicked(Shown):
        def on_frozen_table_opened(self, event: FrozenTable.Opened) -> None:
            opened.append(event)

    app = Clicked(Sections())
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.click(FrozenTable, offset=(40, 5))
        assert (app.table.row, app.table.column, len(opened)) == (3, 1, 0)
        await pilot.click(FrozenTable, offset=(40, 5))
        assert len(opened) == 1


async def test_no_rows_say_what_to_do(picture: Picture) -> None:
    app = Shown(Sections(0, 2))
    async with app.run_test(size=(80, 20)) as pilot:
        app.table.say([("nothing differs", "text")])
        await pilot.press("j", "l", "right_square_bracket", "G")
        assert "nothing differs" in "\n".join(picture(app))
