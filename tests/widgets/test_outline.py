"""A page with a cursor on its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from quarterdeck.widgets.line import Piece
from quarterdeck.widgets.outline import Outline
from quarterdeck.widgets.palette import Palette


@dataclass(frozen=True)
class Entry:
    id: str
    text: str = ""
    is_row: bool = True
    is_heading: bool = False


def entries(number: int, parts: int = 3) -> list[Entry]:
    """So many parts of so many rows."""
    made = []
    for part in range(parts):
        made += [Entry(f"gap{part}", "", False), Entry(f"h{part}", f"part {part}", False, True)]
        made += [Entry(f"{part}.{row}", f"row {part}.{row}") for row in range(number)]
    return made


class OutlineApp(App[None]):
    def __init__(self, shown: list[Entry]) -> None:
        super().__init__()
        self.shown = shown
        self.drawn: list[str] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield Outline[Entry](Palette(), self.draw)

    def draw(self, entry: Entry, width: int) -> list[Piece]:
        self.drawn.append(entry.id)
        return [(entry.text, "text"), ("  more", "dim")] if entry.is_row else [(entry.text, "bright")]

    def on_mount(self) -> None:
        self.outline.show(self.shown)
        self.outline.focus()

    def on_outline_opened(self) -> None:
        entry = self.outline.entry()
        self.opened.append(entry.id if entry else "")

    @property
    def outline(self) -> Outline[Any]:
        return self.query_one(Outline)


@pytest.mark.parametrize(
    ("keys", "here"),
    [
        ([], "0.0"), (["j"], "0.1"), (["j"] * 5, "1.0"), (["j", "k", "k"], "0.0"), (["G"], "2.4"), (["G", "g"], "0.0"),
        (["tab"], "1.0"), (["tab", "tab"], "2.0"), (["tab"] * 3, "0.0"), (["shift+tab"], "2.0"),
        (["right_square_bracket"], "1.0"),
        (["pagedown"], "1.2"), (["pagedown", "pageup"], "0.0"), (["G", "j"], "2.4"),
    ],
)  # fmt: skip
async def test_keys_lead_from_row_to_row(keys: list[str], here: str) -> None:
    app = OutlineApp(entries(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press(*keys)
        entry = app.outline.entry()
        assert entry is not None
        assert entry.id == here
        assert app.outline.top <= app.outline.cursor < app.outline.top + 10


async def test_the_first_row_brings_what_stands_above_it_into_sight() -> None:
    app = OutlineApp(entries(30))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("G", *["k"] * 120)
        assert app.outline.top == 0


async def test_only_lines_in_sight_are_drawn() -> None:
    app = OutlineApp(entries(2_000, 1))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("j", "j")
        assert len(set(app.drawn)) <= 30
        await pilot.press("G")
        assert len(set(app.drawn)) <= 60


async def test_the_cursor_stays_on_its_row_when_rows_come_before_it() -> None:
    app = OutlineApp(entries(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("j", "j")
        app.outline.show([Entry("new", "row new"), *app.shown])
        entry = app.outline.entry()
        assert entry is not None
        assert entry.id == "0.2"
        app.outline.show([])
        assert app.outline.entry() is None
        await pilot.press("j", "G", "g", "tab", "pagedown")


async def test_only_lines_that_differ_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OutlineApp(entries(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        sent: list[Region] = []
        monkeypatch.setattr(app.outline, "refresh", lambda *regions, **_: sent.extend(regions))
        app.outline.show(list(app.shown))
        assert sent == []
        changed = [Entry(e.id, "changed", e.is_row, e.is_heading) if e.id == "0.1" else e for e in app.shown]
        app.outline.show(changed)
        assert sent == [Region(0, 3, 40, 1)]


async def test_a_move_sends_two_names_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OutlineApp(entries(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        sent: list[Region] = []
        monkeypatch.setattr(app.outline, "refresh", lambda *regions, **_: sent.extend(regions))
        app.outline.action_move(1)
        assert sent == [Region(0, 2, 10, 1), Region(0, 3, 10, 1)]


async def test_a_click_goes_there_and_a_second_one_opens() -> None:
    app = OutlineApp(entries(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.click(Outline, offset=(5, 4))
        assert app.outline.cursor == 4
        await pilot.click(Outline, offset=(5, 4))
        await pilot.pause()
        assert app.opened == ["0.2"]
        await pilot.click(Outline, offset=(5, 1))  # a heading is no row
        assert app.outline.cursor == 4


class TreeApp(OutlineApp):
    def draw(self, entry: Entry, width: int) -> list[Piece]:
        return [("├─ ", "rule"), (entry.text, "text"), ("  more", "dim")]


async def test_the_cursor_leaves_the_lines_of_a_tree_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TreeApp([Entry("a", "run a"), Entry("b", "run b")])
    async with app.run_test(size=(40, 4)) as pilot:
        await pilot.pause()
        here, below = (app.outline.render_line(y) for y in (0, 1))
        assert (here.text.rstrip(), below.text.rstrip()) == (" ▸ ├─ run a  more", "   ├─ run b  more")
        guide, name = (next(part for part in here if text in part.text) for text in ("├─", "run a"))
        assert guide.style != name.style
        assert name.text == "run a"
        sent: list[Region] = []
        monkeypatch.setattr(app.outline, "refresh", lambda *regions, **_: sent.extend(regions))
        app.outline.action_move(1)
        assert sent == [Region(0, 0, 11, 1), Region(0, 1, 11, 1)]
