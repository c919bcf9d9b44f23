"""Pictures of the lineage, of the datasets, and of the pages of a version of data and of a commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Identities, parse_subject
from quarterdeck.screens import datasets, halves, lineage, page
from tests.screens import data_world

SIZES = [
    pytest.param((80, 24), id="80x24"),
    pytest.param((120, 40), id="120x40"),
    pytest.param((200, 60), id="200x60"),
]

Shot = Callable[..., bool]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(halves, "RESTS", 0.001)
    for module in (lineage, page, datasets):
        monkeypatch.setattr(module, "CHANGES_AT_MOST_EVERY", 0.001)


@pytest.fixture
def data(checked: Any, make_run: Any) -> Any:
    """The small world with data in it."""
    data_world.fill(checked, make_run)
    return checked


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Give a command, press keys, each when the one before is answered, and compare with the picture that is kept."""

    def take(
        world: Any, size: tuple[int, int], command: str, *keys: str, theme: str = "dark", is_declared: bool = True
    ) -> bool:
        declared = data_world.ORDERS if is_declared else Identities()
        app: Quarterdeck = world.app(theme, identities=declared)

        async def before(pilot: Any) -> None:
            await settled(pilot)
            word, _, argument = command.partition(" ")
            app.open_subject(parse_subject(argument)) if word == "open" else getattr(app, f"_do_{word}")(argument)
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


CHAMPION = "lineage alias/churn@champion"


@pytest.mark.parametrize("size", SIZES)
def test_all_that_a_champion_came_from(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, CHAMPION, "j", "j")


@pytest.mark.parametrize("theme", ["light", "ansi"])
def test_the_same_in_other_colours(data: Any, shot: Shot, theme: str) -> None:
    assert shot(data, (120, 40), CHAMPION, "j", "j", theme=theme)


@pytest.mark.parametrize("size", SIZES)
def test_whom_a_version_of_data_puts_at_risk(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, "lineage dataset/orders@51c2ee", "j")


def test_a_commit_with_what_was_said_of_it_unfolded(data: Any, shot: Shot) -> None:
    assert shot(data, (80, 24), "lineage run/" + f"{2:032x}", "tab", "tab", "right")


@pytest.mark.parametrize("size", SIZES)
def test_where_to_start_from(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, "lineage")


def test_nothing_to_start_from(world: Any, shot: Shot) -> None:
    assert shot(world, (80, 24), "lineage")


@pytest.mark.parametrize("size", SIZES)
def test_the_datasets(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, "datasets")


def test_the_datasets_in_light_colours(data: Any, shot: Shot) -> None:
    assert shot(data, (120, 40), "datasets", "j", theme="light")


def test_no_dataset(world: Any, shot: Shot) -> None:
    assert shot(world, (80, 24), "datasets", is_declared=False)


@pytest.mark.parametrize("size", SIZES)
def test_what_differs_in_a_version(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, "datasets", "enter", "j")


def test_columns_and_nulls_that_differ_in_light_colours(data: Any, shot: Shot) -> None:
    assert shot(data, (120, 40), "datasets features", "enter", theme="light")


@pytest.mark.parametrize("size", SIZES)
def test_a_commit(data: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(data, size, "open commit/1f2c91a", "j")
