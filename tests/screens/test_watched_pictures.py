"""Pictures of what is watched: production, infrastructure and what happened, in few sizes and both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck

SIZES = [
    pytest.param((80, 24), id="80x24"),
    pytest.param((120, 40), id="120x40"),
    pytest.param((200, 60), id="200x60"),
]

Shot = Callable[..., bool]


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Press keys, each when the one before is answered, and compare the picture with the one that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], *keys: str) -> bool:
        async def before(pilot: Any) -> None:
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


@pytest.mark.parametrize("size", SIZES)
def test_production(stacked: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(stacked.app(), size, "7")


def test_production_in_light(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app("light"), (120, 40), "7", "j")


@pytest.mark.parametrize("size", SIZES[:2])
def test_a_series_that_is_bad(stacked: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(stacked.app(), size, "7", "enter", "right")


def test_a_series_with_a_gap_and_a_budget_in_light(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app("light"), (200, 60), "7", "left", "enter")


def test_an_alert(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app(), (120, 40), "7", "j", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_infrastructure(stacked: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(stacked.app(), size, "8", "j", "j", "j")


def test_a_plan_as_a_diff(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app(), (120, 40), "8", "j", "j", "enter")


def test_a_plan_in_light(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app("light"), (80, 24), "8", "j", "j", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_what_happened(stacked: Any, shot: Shot, size: tuple[int, int]) -> None:
    now = stacked.now
    for hours in (9, 8, 6):
        stacked.tables.note_sync(now - hours * 3_600_000, 3_600_000)
    assert shot(stacked.app(), size, "9", "j", "j")


def test_what_happened_in_light(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app("light"), (120, 40), "9", "j")


def test_an_event(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app(), (120, 40), "9", "j", "j", "e")


def test_the_same_without_colours_of_our_own(stacked: Any, shot: Shot) -> None:
    assert shot(stacked.app("ansi"), (120, 40), "7")
