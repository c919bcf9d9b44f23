"""A terminal that is too small says so, breaks nothing, and is as before when it grows again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.screens.deck_line import TABS

Settled = Callable[..., Any]
SMALL = {(20, 5): "80x24+, is 20x5", (40, 10): "80x24 or more, this is 40x10"}


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize(
    "keys", [[], ["j", "G", "space", "t"], ["enter", "G", "pageup"], ["slash", "a"], ["s", "down"], ["question_mark"]]
)
async def test_a_terminal_that_is_too_small_says_so_on_every_screen_and_grows_back(
    size: tuple[int, int], keys: list[str], world: Any, settled: Settled
) -> None:
    async with world.fill().app().run_test(size=(80, 24)) as pilot:
        before = await settled(pilot)
        await pilot.resize_terminal(*size)
        await pilot.press(*keys)
        lines = await settled(pilot)
        assert lines[0].strip() == SMALL[size]
        assert len(lines) == size[1]
        await pilot.press(*["escape"] * (len(keys) > 0))
        await pilot.resize_terminal(80, 24)
        lines = await settled(pilot)
        assert lines[0] == before[0]
        assert "80x24" not in "\n".join(lines)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 2), (20, 5), (40, 10), (300, 4), (9, 80)])
async def test_every_size_is_borne_with_any_screen_open(size: tuple[int, int], world: Any, settled: Settled) -> None:
    async with world.fill().app().run_test(size=size) as pilot:
        await settled(pilot)
        for keys in (
            ["j", "pagedown", "t", "space"],
            ["s", "down", "escape"],
            ["slash", "x", "escape"],
            ["enter", "G"],
        ):
            await pilot.press(*keys)
            await settled(pilot)
        assert pilot.app.is_running


@pytest.mark.parametrize("size", [(60, 12), (80, 23)])
async def test_where_there_is_room_nothing_is_said(size: tuple[int, int], world: Any, settled: Settled) -> None:
    async with world.fill().app().run_test(size=size) as pilot:
        assert "80x24" not in "\n".join(await settled(pilot))


async def test_a_narrow_screen_keeps_what_to_do(world: Any, settled: Settled, state_of: Any, mlflow: Any) -> None:
    sentence = (
        "https://mlflow.acme.example:5000/a/long/path knows no such address (404): check the path in the settings."
    )
    world.fill().states(state_of(mlflow, "misconfigured", sentence=sentence))
    async with world.app().run_test(size=(80, 24)) as pilot:
        lines = await settled(pilot)
    assert "check the path in the settings." in "\n".join(lines)


async def test_the_watch_tells_how_many_sources_answer_beside_its_tabs_and_the_zone_where_nothing_else_fits(
    world: Any, settled: Settled
) -> None:
    world.fill()
    async with world.app().run_test(size=(120, 40)) as pilot:
        await pilot.press("1")
        assert "2 of 2   UTC" in (await settled(pilot))[0]
        pilot.app.deck.areas = dict.fromkeys(("watch", "checks", "serving", "infra"), "failed")
        pilot.app.screen.write_frame()
        top = (await settled(pilot))[0]
        assert "8 Infra ✖ 9 Events " in top
        assert top.endswith("● 2 of 2   UTC")
        pilot.app.deck.areas = dict.fromkeys([mode for _, _, mode in TABS], "failed")
        pilot.app.screen.write_frame()
        top = (await settled(pilot))[0]
        assert "9 Events ✖" in top
        assert top.endswith(" UTC")
