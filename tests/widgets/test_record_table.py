"""The table: any length, the cursor stays on its row, and only what differs is painted."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from quarterdeck.widgets.palette import Palette
from quarterdeck.widgets.record_table import MARGIN, Column, RecordTable

Picture = Callable[[App[Any]], list[str]]


@dataclass(frozen=True)
class Ship:
    """A record as good as any."""

    name: str
    crew: int = 0


NAME = Column[Ship](key="name", title="name", cell=lambda ship: (ship.name, "text"), width=10, rank=0, grow=True)
CREW = Column[Ship](key="crew", title="crew", cell=lambda ship: (str(ship.crew), "dim"), width=6, right=True, rank=1)
NOTE = Column[Ship](key="note", title="note", cell=lambda ship: ("aye", "dim"), width=20, rank=9)


class Fleet:
    """Rows out of a list; counts what is asked of it."""

    def __init__(self, ships: Sequence[Ship | None], depths: Sequence[int] = (), context: Sequence[int] = ()) -> None:
        self.ships, self.depths, self.contexts = ships, depths, context
        self.asked: list[int] = []

    def count(self) -> int:
        return len(self.ships)

    def rows(self, start: int, stop: int) -> list[Ship | None]:
        self.asked += range(start, stop)
        return list(self.ships[start:stop])

    def key(self, index: int) -> str | None:
        ship = self.ships[index] if 0 <= index < len(self.ships) else None
        return ship.name if ship else None

    def depth(self, index: int) -> int:
        return self.depths[index] if self.depths else 0

    def context(self, index: int) -> bool:
        return index in self.contexts


class Million:
    """A million rows that are made when they are asked for."""

    asked = 0

    def count(self) -> int:
        return 1_000_000

    def rows(self, start: int, stop: int) -> list[Ship | None]:
        self.asked += stop - start
        return [Ship(f"ship-{index}", index) for index in range(start, stop)]

    def key(self, index: int) -> int:
        return index

    def depth(self, index: int) -> int:
        return 0

    def context(self, index: int) -> bool:
        return False


class Watched(RecordTable[Ship]):
    """A table that writes down what is painted: lines of the screen, or None for all of them."""

    def __init__(self, palette: Palette) -> None:
        self.painted: list[int | None] = []
        super().__init__(palette)

    def refresh(self, *regions: Region, **options: Any) -> Any:
        self.painted += [region.y for region in regions] if regions else [None]
        return super().refresh(*regions, **options)


class Harbour(App[None]):
    """One table, full screen."""

    def __init__(self, columns: Sequence[Column[Ship]] = (NAME, CREW)) -> None:
        super().__init__()
        self.table = Watched(Palette())
        self.columns = columns
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_columns(self.columns, None)
        self.table.focus()

    def on_record_table_moved(self) -> None:
        self.told.append("moved")

    def on_record_table_opened(self) -> None:
        self.told.append("opened")


def fleet(number: int) -> list[Ship | None]:
    return [Ship(f"ship-{index:03}", index) for index in range(number)]


async def show(pilot: Pilot[None], rows: Any, *, keep: bool = False) -> Watched:
    app = pilot.app
    assert isinstance(app, Harbour)
    await pilot.pause()
    app.table.show(rows, keep=keep)
    await pilot.pause()
    app.table.painted.clear()
    app.told.clear()
    return app.table


# -- moving


@pytest.mark.parametrize(
    ("keys", "lands"),
    [
        (["j"], 1),
        (["down", "down", "k"], 1),
        (["k"], 0),
        (["up"], 0),
        (["G"], 99),
        (["end", "j"], 99),
        (["G", "g"], 0),
        (["G", "home"], 0),
        (["pagedown"], 8),
        (["ctrl+f", "ctrl+f"], 16),
        (["pagedown", "pagedown", "pageup"], 8),
        (["G", "pageup"], 91),
        (["ctrl+b"], 0),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], lands: int, picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press(*keys)
        assert table.cursor == lands
        assert [line for line in picture(app) if "▸" in line] == [
            line for line in picture(app) if f"ship-{lands:03}" in line
        ]


async def test_the_cursor_never_leaves_the_screen_or_the_rows() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await show(pilot, Fleet([]))
        acts: dict[str, Callable[[], None]] = {
            "down": lambda: table.action_move(1),
            "up": lambda: table.action_move(-1),
            "page down": lambda: table.action_page(1),
            "page up": lambda: table.action_page(-1),
            "top": table.action_top,
            "bottom": table.action_bottom,
            "mark": table.toggle_mark,
            "shrink": lambda: table.show(Fleet(fleet(table._count // 2)), keep=True),
        }

        @given(st.lists(st.sampled_from(sorted(acts)), max_size=30), st.integers(0, 40))
        def stays(chosen: list[str], number: int) -> None:
            table.show(Fleet(fleet(number)), keep=False)
            for act in chosen:
                acts[act]()
                number = table._count
                assert 0 <= table.cursor <= max(0, number - 1)
                assert not number or table.cursor in table.window
                assert 0 <= table.top <= max(0, number - 7)

        stays()


async def test_going_up_and_down_within_the_screen_paints_two_names_only() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press("j")
        assert table.painted == [1, 2]
        assert app.told == ["moved"]


async def test_a_key_that_moves_nothing_paints_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press("k")
        assert table.painted == []
        assert app.told == []


async def test_at_the_edge_half_a_page_comes_in_at_once(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 11)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press(*["j"] * 9)
        assert table.top == 0
        await pilot.press("j")
        assert (table.cursor, table.top) == (10, 6)
        assert "ship-006" in picture(app)[1]
        assert "ship-015" in picture(app)[10]


async def test_a_page_keeps_one_line_of_the_last_one(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        await show(pilot, Fleet(fleet(100)))
        last = picture(app)[-1]
        await pilot.press("pagedown")
        assert picture(app)[1].replace("▸", " ") == last


async def test_a_click_goes_to_a_row_and_another_opens_it() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.click(table, offset=(8, 4))
        assert table.cursor == 3
        await pilot.click(table, offset=(8, 4))
        assert app.told[-1] == "opened"


async def test_a_click_below_the_last_row_does_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(2)))
        await pilot.click(table, offset=(8, 7))
        assert (table.cursor, app.told) == (0, [])


# -- a million rows


async def test_a_million_rows_are_read_a_screen_at_a_time(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 24)) as pilot:
        rows = Million()
        table = await show(pilot, rows)
        await pilot.press("G", "pageup", "g", "pagedown", "G")
        assert table.cursor == 999_999
        assert "ship-999999" in picture(app)[-1]
        assert rows.asked < 30 * 8


async def test_coming_back_after_new_data_at_a_million_rows_looks_near_by_only() -> None:
    class Changed(Million):
        asked_keys = 0

        def key(self, index: int) -> int:
            self.asked_keys += 1
            return index + 1_000_000

    app = Harbour()
    async with app.run_test(size=(40, 24)) as pilot:
        await show(pilot, Million())
        await pilot.press("G")
        changed = Changed()
        table = await show(pilot, changed, keep=True)
        assert changed.asked_keys < 1_000
        assert table.cursor == 999_999


# -- new data


async def test_only_the_line_that_differs_is_painted_again(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        ships = [*ships[:4], Ship("ship-004", 777), *ships[5:]]
        table.show(Fleet(ships), keep=True)
        assert table.painted == [5]
        await pilot.pause()
        assert "777" in picture(app)[5]


async def test_the_same_data_again_paint_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        table.show(Fleet(fleet(100)), keep=True)
        assert table.painted == []


async def test_a_change_below_the_screen_paints_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        table.show(Fleet([*ships[:50], Ship("new"), *ships[50:]]), keep=True)
        assert table.painted == []


async def test_the_cursor_goes_with_its_row_when_rows_come_in_above(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        await pilot.press("pagedown", "j")
        before = next(y for y, line in enumerate(picture(app)) if "▸" in line)
        table.show(Fleet([Ship("new-1"), Ship("new-2"), *ships]), keep=True)
        await pilot.pause()
        row = table.row()
        assert row is not None
        assert row.name == "ship-009"
        after = next(y for y, line in enumerate(picture(app)) if "▸" in line)
        assert after == before  # the row stays where the eye is


async def test_at_the_very_top_what_is_new_comes_into_sight(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        table.show(Fleet([Ship("new-1"), *ships]), keep=True)
        await pilot.pause()
        assert table.key_here() == "ship-000"
        assert "new-1" in picture(app)[1]
        assert "▸" in next(line for line in picture(app) if "ship-000" in line)


async def test_a_row_that_is_pushed_off_the_screen_takes_the_screen_along(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        table.show(Fleet([*(Ship(f"new-{index}") for index in range(20)), *ships]), keep=True)
        await pilot.pause()
        assert table.key_here() == "ship-000"
        assert "▸" in next(line for line in picture(app) if "ship-000" in line)


async def test_the_titles_come_with_the_first_row(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet([]))
        table.say([("nothing yet", "text")])
        await pilot.pause()
        assert "name" not in picture(app)[0]
        table.show(Fleet(fleet(1)), keep=True)
        await pilot.pause()
        assert picture(app)[0].split() == ["name", "crew"]
        assert [line for line in picture(app) if "nothing yet" in line] == []


async def test_a_row_that_is_gone_leaves_the_cursor_where_it_was() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(100)
        table = await show(pilot, Fleet(ships))
        await pilot.press("j", "j", "j")
        table.show(Fleet([*ships[:3], *ships[4:]]), keep=True)
        assert (table.cursor, table.key_here()) == (3, "ship-004")


async def test_fewer_rows_than_the_cursor_stands_at_take_it_to_the_last() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press("G")
        table.show(Fleet(fleet(3)), keep=True)
        assert (table.cursor, table.top) == (2, 0)


async def test_no_rows_at_all_do_no_harm(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press("G")
        table.show(Fleet([]), keep=True)
        table.say([("nothing here", "text"), ("\n", "text"), ("press r", "dim")])
        await pilot.press("j", "k", "G", "g", "pagedown", "pageup")
        assert (table.cursor, table.top, table.row(), table.key_here()) == (0, 0, None, None)
        assert [line.strip() for line in picture(app) if line] == ["nothing here", "press r"]


async def test_new_rows_without_keep_begin_at_the_top() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(100)))
        await pilot.press("G")
        table.show(Fleet(fleet(100)), keep=False)
        assert (table.cursor, table.top) == (0, 0)


async def test_rows_that_are_not_known_yet_are_awaited(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet([Ship("known"), None, None]))
        assert [line.strip() for line in picture(app)[2:4]] == ["…", "…"]
        await pilot.press("j")
        assert table.row() is None


# -- marks


async def test_a_mark_belongs_to_the_row_and_not_to_its_place(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        ships = fleet(20)
        table = await show(pilot, Fleet(ships))
        table.toggle_mark()
        table.toggle_mark()
        assert (table.marked, table.cursor) == ({"ship-000", "ship-001"}, 2)
        table.show(Fleet(list(reversed(ships))[-5:]), keep=True)
        await pilot.pause()
        assert [line.split()[-2] for line in picture(app) if "*" in line] == ["ship-001", "ship-000"]


async def test_a_second_mark_takes_the_first_away_and_the_last_row_can_be_marked(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(2)))
        await pilot.press("j")
        table.toggle_mark()
        assert table.marked == {"ship-001"}
        table.toggle_mark()
        assert table.marked == set()


async def test_the_key_of_a_row_may_be_zero() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Million())
        table.toggle_mark()
        assert table.marked == {0}


async def test_clearing_no_marks_paints_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 10)) as pilot:
        table = await show(pilot, Fleet(fleet(9)))
        table.clear_marks()
        assert table.painted == []
        table.toggle_mark()
        table.clear_marks()
        assert table.marked == set()


# -- columns


async def test_the_lowest_in_rank_leave_first_when_it_gets_narrow(picture: Picture) -> None:
    app = Harbour([NAME, NOTE, CREW])
    async with app.run_test(size=(80, 6)) as pilot:
        await show(pilot, Fleet(fleet(3)))
        assert picture(app)[0].split() == ["name", "note", "crew"]
        await pilot.resize_terminal(30, 6)
        await pilot.pause()
        assert picture(app)[0].split() == ["name", "crew"]
        await pilot.resize_terminal(16, 6)
        await pilot.pause()
        assert picture(app)[0].split() == ["name"]
        await pilot.resize_terminal(80, 6)
        await pilot.pause()
        assert picture(app)[0].split() == ["name", "note", "crew"]


async def test_the_sorted_column_wears_an_arrow(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 6)) as pilot:
        table = await show(pilot, Fleet(fleet(3)))
        table.set_columns([NAME, CREW], ("crew", True))
        await pilot.pause()
        assert "crew ↓" in picture(app)[0]
        table.set_columns([NAME, CREW], ("name", False))
        await pilot.pause()
        assert "name ↑" in picture(app)[0]
        assert "crew ↓" not in picture(app)[0]


@pytest.mark.parametrize(
    ("title", "right", "seen"),
    [("val_auc", True, " val_auc ↓"), ("validation", True, " valida… ↓"), ("val_auc", False, "  val_a… ↓")],
)
async def test_a_title_is_cut_before_the_arrow_is(title: str, right: bool, seen: str, picture: Picture) -> None:
    metric = dataclasses.replace(CREW, title=title, width=8, right=right)
    app = Harbour([NAME, metric, NOTE])
    async with app.run_test(size=(80, 6)) as pilot:
        table = await show(pilot, Fleet(fleet(3)))
        table.set_columns([NAME, metric, NOTE], ("crew", True))
        await pilot.pause()
        assert seen + "  note" in picture(app)[0]


async def test_the_same_columns_again_paint_nothing() -> None:
    app = Harbour()
    async with app.run_test(size=(40, 6)) as pilot:
        table = await show(pilot, Fleet(fleet(3)))
        table.set_columns([NAME, CREW], None)
        assert table.painted == []


async def test_children_are_set_below_their_parents_and_context_is_dim(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 6)) as pilot:
        rows = Fleet([Ship("flag"), Ship("boat"), Ship("dinghy")], depths=[0, 1, 2], context=[0])
        table = await show(pilot, rows)
        names = [line[MARGIN:].split("  0")[0].rstrip() for line in picture(app)[1:4]]
        assert names == ["flag", "└ boat", "  └ dinghy"]
        await pilot.press("j")
        strip = app.screen._compositor.render_strips()[1]
        style = next(segment.style for segment in strip if "flag" in segment.text)
        assert style is not None
        assert style.color == table._palette.styles["dim"].color


# -- hostile cells


def is_safe(text: str) -> bool:
    """Nothing that moves the cursor or cannot be seen; spaces of other widths than one are plain to see."""
    return all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in text)


HOSTILE = [
    "[bold]x[/]", "\x1b[31mred\x1b[0m", "a\nb\tc", "\u202egnihtemos", "日本語の実験結果その一", "e\u0301" * 30,
    "\x00\x07", "👩\u200d👩\u200d👧", "שלום", "\ud800", "x" * 4_000, "界" * 4_000, "\u0301\u0301", "", "각각",
]  # fmt: skip


@pytest.mark.parametrize("size", [(12, 20), (37, 20), (80, 24), (121, 30)])
async def test_no_text_breaks_the_lines(size: tuple[int, int], picture: Picture) -> None:
    crew = dataclasses.replace(CREW, cell=lambda ship: (ship.name[::-1], "bad"))
    app = Harbour([NAME, crew, NOTE])
    async with app.run_test(size=size) as pilot:
        table = await show(pilot, Fleet([Ship(name) for name in HOSTILE], depths=[index % 9 for index in range(15)]))
        await pilot.press("j", "j")
        table.toggle_mark()
        for _ in HOSTILE:
            await pilot.press("j")
            lines = picture(app)  # asserts the width of each line
            assert all(is_safe(line) for line in lines)


async def test_markup_in_a_cell_is_only_text(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(60, 6)) as pilot:
        await show(pilot, Fleet([Ship("[red]x[/]")]))
        assert "[red]x[/]" in picture(app)[1]


@pytest.mark.parametrize("width", [8, 23, 60])
async def test_every_line_fills_the_width_for_any_name(width: int) -> None:
    app = Harbour()
    async with app.run_test(size=(width, 10)) as pilot:
        table = await show(pilot, Fleet([]))

        @given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE)), min_size=1, max_size=8))
        def fills(names: list[str]) -> None:
            table.show(Fleet([Ship(name) for name in names]), keep=False)
            table.action_move(1)
            for y in range(10):
                text = "".join(segment.text for segment in table.render_line(y))
                assert cell_len(text) == width
                assert is_safe(text)

        fills()


async def test_blanks_that_align_a_line_of_the_message_cut_nothing(picture: Picture) -> None:
    app = Harbour()
    async with app.run_test(size=(40, 12)) as pilot:
        table = await show(pilot, Fleet([]))
        table.say([("[[ci]]".ljust(60), "accent"), ("\n", "text"), ("x" * 60, "accent")])
        await pilot.pause()
        begun, cut = (line.strip() for line in picture(app) if line)
        assert begun == "[[ci]]"
        assert cut.endswith("…")
