"""Pictures of the pipelines: the list, its groups, and the page of one, in each size and theme."""

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
def test_the_list(ci: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(ci.app(theme), size, "5", "j", "j")


@pytest.mark.parametrize("theme", ["ansi", "colour-blind"])
def test_the_list_in_other_colours(ci: Any, shot: Shot, theme: str) -> None:
    assert shot(ci.app(theme), (80, 24), "5", "j", "j")


@pytest.mark.parametrize("size", SIZES[:2])
def test_by_branch(ci: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(ci.app(), size, "5", "t")


@pytest.mark.parametrize("size", SIZES[:2])
def test_by_commit(ci: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(ci.app("light"), size, "5", "t", "t", "j")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_one_that_failed(ci: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(ci.app(theme), size, "5", "j", "j", "enter")


@pytest.mark.parametrize("size", SIZES[:2])
def test_one_that_waits_for_approval(ci: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(ci.app(), size, "5", "j", "enter")


def test_one_with_stages(ci: Any, shot: Shot) -> None:
    assert shot(ci.app(), (120, 40), "5", *"jjjjjjjjj", "enter")


def test_no_ci(world: Any, shot: Shot) -> None:
    assert shot(world.fill().app(), (80, 24), "5")


def test_the_runs_beside_their_pipelines(ci: Any, shot: Shot) -> None:
    assert shot(ci.app(), (120, 40), "j")


def test_a_run_and_the_pipelines_of_its_commit(ci: Any, shot: Shot) -> None:
    assert shot(ci.app(), (80, 24), "j", "enter")
