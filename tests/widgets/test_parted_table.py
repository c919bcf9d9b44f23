"""A table with lines that go across, remarks that the cursor passes, and cells of several colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from textual.app import App, ComposeResult

from quarterdeck.widgets.line import Piece
from quarterdeck.widgets.palette import Palette
from quarterdeck.widgets.parted_table import PartedColumn, PartedTable
from quarterdeck.widgets.record_table import Column


@dataclass(frozen=True)
class Ship:
    name: str
    kind: str = "ship"


FLEET = [
    Ship("squadron one", "head"), Ship("argo"), Ship("argo leaks", "remark"), Ship("beagle"),
    Ship("squadron two", "head"), Ship("nina"), Ship("nina is slow", "remark"),
]  # fmt: skip
NAME = Column[Ship](key="name", title="name", cell=lambda ship: (ship.name, "text"), width=10, rank=0)
FLAGS = PartedColumn[Ship](
    key="flags", title="1 2", cell=lambda ship: ("", "text"), width=3, rank=1,
    parts=lambda ship: [("● ", "good"), ("✖", "bad")],
)  # fmt: skip


class Rows:
    def count(self) -> int:
        return len(FLEET)

    def rows(self, start: int, stop: int) -> list[Ship]:
        return FLEET[start:stop]

    def key(self, index: int) -> str | None:
        return FLEET[index].name if 0 <= index < len(FLEET) else None

    def depth(self, index: int) -> int:
        return 0

    def context(self, index: int) -> bool:
        return False


def across(ship: Ship, width: int, first: int) -> Sequence[Piece] | None:
    if ship.kind == "ship":
        return None
    return [(f"{ship.name} ".ljust(first), "bright"), ("=" * (width - max(first, len(ship.name) + 1)), "dim")]


class Harbour(App[None]):
    def compose(self) -> ComposeResult:
        yield PartedTable[Ship](Palette(), across, lambda ship: ship.kind == "remark")

    @property
    def table(self) -> PartedTable[Ship]:
        return self.query_one(PartedTable)

    def on_mount(self) -> None:
        self.table.set_columns([NAME, FLAGS], ("name", False))
        self.table.show(Rows(), keep=False)
        self.table.focus()


def lines(app: App[Any]) -> list[str]:
    return ["".join(part.text for part in strip).rstrip() for strip in app.screen._compositor.render_strips()]


async def test_a_head_goes_across_all_columns_and_a_cell_has_several_colours() -> None:
    app = Harbour()
    async with app.run_test(size=(30, 12)) as pilot:
        await pilot.pause()
        drawn = lines(app)
        assert drawn[0] == "    name ↑      1 2"
        assert drawn[1] == " ▸  squadron one " + "=" * 12
        assert drawn[2] == "    argo        ● ✖"
        assert [segment.style for segment in app.table.render_line(2) if "✖" in segment.text] == [
            Palette().styles["bad"]
        ]


@pytest.mark.parametrize(
    ("keys", "here"),
    [
        ("j", "argo"), ("jj", "beagle"), ("jjk", "argo"), ("G", "nina"), ("jjjjjjj", "nina"), ("Gk", "squadron two"),
        ("Gg", "squadron one"),
    ],
)  # fmt: skip
async def test_the_cursor_passes_over_remarks(keys: str, here: str) -> None:
    app = Harbour()
    async with app.run_test(size=(30, 12)) as pilot:
        await pilot.press(*keys)
        row = app.table.row()
        assert row is not None
        assert row.name == here


async def test_a_row_that_is_longer_than_its_column_is_lit_and_darkened_whole() -> None:
    app = Harbour()
    async with app.run_test(size=(30, 12)) as pilot:
        await pilot.press("j")
        name = app.table.render_line(1)._segments[0]
        assert "squadron one" in name.text
        assert name.style == Palette().styles["bright"]
