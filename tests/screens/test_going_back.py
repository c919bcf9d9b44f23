"""Going back: where `q` and Escape lead, and where the program ends."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Subject
from quarterdeck.screens.run import RunScreen
from quarterdeck.screens.runs import RunsScreen
from tests.screens.conftest import Settle, World, make_run


def here(pilot: Pilot[int]) -> str:
    """The name of the screen in sight."""
    return type(pilot.app.screen).__name__.removesuffix("Screen")


def has_ended(pilot: Pilot[int]) -> bool:
    return pilot.app._exit


@pytest.fixture
def app(world: World) -> Quarterdeck:
    """The application, opened on the Watch."""
    return world.fill().app(opens_on="watch")


async def test_q_ends_where_one_began_and_escape_never_does(app: Quarterdeck, settled: Settle) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("escape", "escape", "backspace")
        assert (here(pilot), has_ended(pilot)) == ("Watch", False)
        await pilot.press("q")
        assert has_ended(pilot)


@pytest.mark.parametrize("key", ["q", "escape", "backspace"])
async def test_from_a_tab_that_a_digit_opened_one_goes_back_to_where_one_came_from(
    app: Quarterdeck, settled: Settle, key: str
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2", "3")
        await settled(pilot)
        assert here(pilot) == "Models"
        await pilot.press(key)
        await settled(pilot)
        assert here(pilot) == "Runs"
        await pilot.press(key)
        await settled(pilot)
        assert (here(pilot), has_ended(pilot)) == ("Watch", False)
        await pilot.press(key)
        assert has_ended(pilot) == (key == "q")


async def test_one_goes_back_to_the_page_that_was_open_and_not_only_to_its_list(
    app: Quarterdeck, settled: Settle
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2", "j", "enter")
        await settled(pilot)
        run = app.screen
        assert isinstance(run, RunScreen)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("colon", *"sources", "enter", "q", "q")
        await settled(pilot)
        assert app.screen is run
        assert any("metrics" in line for line in await settled(pilot))
        await pilot.press("q")
        await settled(pilot)
        assert here(pilot) == "Runs"


async def test_going_round_among_tabs_does_not_make_the_way_back_longer(app: Quarterdeck, settled: Settle) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press(*"2323232")
        await settled(pilot)
        await pilot.press("q")
        await settled(pilot)
        assert (here(pilot), has_ended(pilot)) == ("Watch", False)


async def test_back_at_the_first_screen_there_is_nowhere_else_to_go(app: Quarterdeck, settled: Settle) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2", "enter", "1")
        await settled(pilot)
        await pilot.press("q")
        assert has_ended(pilot)


async def test_what_a_command_opened_leads_back(app: Quarterdeck, settled: Settle) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"events", "enter")
        await settled(pilot)
        assert here(pilot) == "Events"
        await pilot.press("q")
        await settled(pilot)
        assert (here(pilot), has_ended(pilot)) == ("Watch", False)


async def test_a_page_that_was_left_shows_what_came_in_the_meantime(
    app: Quarterdeck, world: World, settled: Settle
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2", "enter")
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        world.write(make_run(0, status="finished", tags={"team": "risk"}))
        await settled(pilot)
        await pilot.press("q")
        assert any("risk" in line for line in await settled(pilot))


async def test_q_on_the_page_that_one_opened_with_ends_and_escape_shows_its_list(world: World, settled: Settle) -> None:
    app = world.fill().app(opens_on="watch")
    app._subject = Subject(kind="run", parts=(f"{0:032x}",))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)
        await pilot.press("3", "q")
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)
        await pilot.press("q")
        assert has_ended(pilot)


async def test_escape_leads_from_the_page_that_one_opened_with_to_its_list(world: World, settled: Settle) -> None:
    app = world.fill().app(opens_on="watch")
    app._subject = Subject(kind="run", parts=(f"{0:032x}",))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, RunsScreen)


async def test_the_line_of_keys_names_escape_only_where_it_leads_back(app: Quarterdeck, settled: Settle) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        assert "Esc back" in (await settled(pilot))[-1]


async def test_the_lineage_that_one_opened_with_names_no_way_back(world: World, settled: Settle) -> None:
    app = world.fill().app(opens_on="lineage")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "Esc back" not in (await settled(pilot))[-1]
