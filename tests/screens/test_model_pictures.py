"""Pictures of the models: the list, the versions of one, and the page of a version."""

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
def test_the_list(registry: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(registry.app(), size, "3")


def test_the_list_in_light_colours_on_a_model_that_somebody_moved_past_the_ledger(registry: Any, shot: Shot) -> None:
    assert shot(registry.app("light"), (120, 40), "3", "j", "j")


@pytest.mark.parametrize("size", SIZES)
def test_the_versions_of_a_model(registry: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(registry.app(), size, "3", "enter", "j")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_a_candidate_against_the_champion(registry: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(registry.app(theme), size, "3", "enter", "j", "enter")


def test_no_registry(world: Any, shot: Shot) -> None:
    assert shot(world.fill().app(), (80, 24), "3")
