"""Pictures of the checks: the list by dataset, flat and filtered, and the page of one, in each size and theme."""

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


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_the_list(checked: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(checked.app(theme), size, "4", "j", "j")


@pytest.mark.parametrize("theme", ["ansi", "colour-blind"])
def test_the_list_in_other_colours(checked: Any, shot: Shot, theme: str) -> None:
    assert shot(checked.app(theme), (120, 40), "4", "j", "j")


@pytest.mark.parametrize("size", SIZES[:2])
def test_a_flat_list(checked: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(checked.app(), size, "4", "t", "j")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_one_that_fails(checked: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(checked.app(theme), size, "4", "j", "j", "enter")


def test_its_history_with_a_result_unfolded(checked: Any, shot: Shot) -> None:
    assert shot(checked.app(), (120, 40), "4", "j", "j", "enter", "tab", "tab", "tab", "tab", "tab", "enter")


def test_no_checks(registry: Any, shot: Shot) -> None:
    assert shot(registry.app(), (80, 24), "4")
