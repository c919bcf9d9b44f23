"""An experiment that is spoken of is shown as the list of its runs."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import parse_subject
from quarterdeck.screens.places import root_of, screens_at
from quarterdeck.screens.runs import RunsScreen
from quarterdeck.screens.watch import WatchScreen


@pytest.mark.parametrize("command", ["experiment/2", "experiment upl"])
async def test_from_any_screen_a_command_leads_to_the_runs_of_an_experiment(
    world: Any, wait_for: Any, command: str
) -> None:
    app = world.fill().app(opens_on="watch")
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "Watch")
        await pilot.press("colon", *("slash" if key == "/" else "space" if key == " " else key for key in command))
        await pilot.press("enter")
        await wait_for(pilot, "experiment uplift", "probe-0")
        assert isinstance(app.screen, RunsScreen)
        assert len(app.screen_stack) == 2


async def test_the_terminal_opens_on_the_runs_of_an_experiment(world: Any, wait_for: Any) -> None:
    deck = world.fill().app(opens_on="watch").deck
    app = Quarterdeck(deck, world.path, subject=parse_subject("experiment/2"))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "experiment uplift", "probe-0")
        assert len(app.screen_stack) == 2
    assert root_of(parse_subject("experiment/2"), "watch") == "runs"


async def test_from_a_page_it_is_opened_above_and_escape_leads_back(world: Any, wait_for: Any) -> None:
    app = world.fill().app(opens_on="watch")
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "Watch")
        [screen] = screens_at(app.deck, parse_subject("experiment/2"))
        await app.push_screen(screen)
        await wait_for(pilot, "experiment uplift", "probe-0")
        await pilot.press("escape")
        assert isinstance(app.screen, WatchScreen)
