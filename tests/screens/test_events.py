"""Events with Textual's pilot: the list, its filter, news that come at the top, the page of one."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Batch
from quarterdeck.screens.alert import AlertScreen
from quarterdeck.screens.event import EventScreen
from quarterdeck.screens.events import EventsScreen

MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def walk(settled: Any) -> Any:
    """Press keys from the list of events on; gives what is on the screen in the end."""

    async def go(pilot: Any, *keys: str) -> str:
        for key in ("9", *keys):
            await pilot.press(key)
            await settled(pilot)
        return "\n".join(await settled(pilot))

    return go


async def test_everything_stands_newest_first_with_kind_and_who(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(160, 40)) as pilot:
        text = await walk(pilot)
        assert isinstance(pilot.app.screen, EventsScreen)
        assert text.index("Step 0") < text.index("ChurnPrecisionLow") < text.index("precision of churn is")
        assert "~ infrastructure code changed  Two more workers" in text
        assert "bo signed" in text
        assert "Ann claimed" in text
        assert "13 mar 21:35–21:40   ✖ threshold crossed" in text


async def test_the_filter_is_of_the_grammar_and_live(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "slash", *'kind:"alert firing"')
        assert "ChurnPrecisionLow" in text
        assert "Step 0" not in text
        await pilot.press("enter")
        text = await walk(pilot, "escape", "slash", *"actor:nobody", "enter")
        assert "nothing that happened is like actor:nobody" in text


async def test_a_filter_that_cannot_be_read_says_where(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        assert "▲ at" in await walk(pilot, "slash", *"nosuch:x", "enter")


async def test_enter_opens_what_it_speaks_of_and_e_the_event_itself(stacked: Any, walk: Any, settled: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "slash", *'kind:"alert firing"', "enter", "enter")
        assert isinstance(pilot.app.screen, AlertScreen)
        await pilot.press("escape", "e")
        text = "\n".join(await settled(pilot))
        assert isinstance(pilot.app.screen, EventScreen)
        assert "speaks of  2" in text
        assert "nobody is named" in text
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, AlertScreen)


async def test_an_event_says_how_well_it_is_known_who_did_it(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "slash", *"kind:promotion", "enter", "e")
        assert "signed: verified against the allowed signers" in text


async def test_a_stretch_without_a_sync_is_a_row_and_says_why_times_are_ranges(
    stacked: Any, walk: Any, settled: Any
) -> None:
    now = stacked.now
    for hours in (9, 8, 6):
        stacked.tables.note_sync(now - hours * HOUR, HOUR)
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot)
        assert "▲ no sync 13 mar 19:07–21:07: times in it are ranges" in text
        assert "no sync" not in await walk(pilot, "slash", *"kind:commit", "enter")


async def test_new_events_come_in_at_the_top_and_the_cursor_stays_on_its_own(
    stacked: Any, walk: Any, wait_for: Any, make_run: Any
) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "j", "j")
        table = pilot.app.screen.table
        key = table.key_here()
        facts = {"status": "finished", "started_at": stacked.now - HOUR}
        stacked.write(*(make_run(index, id=f"{5000 + index:032x}", ended_at=stacked.now - index, **facts)
                        for index in range(40)))  # fmt: skip
        text = "\n".join(await wait_for(pilot, "186"))
        assert table.key_here() == key
        assert "ChurnPrecisionLow" in text or table.cursor == 42


async def test_the_last_event_is_a_key_away_and_the_cursor_keeps_it_when_something_comes(
    stacked: Any, walk: Any, wait_for: Any, make_run: Any
) -> None:
    async with stacked.app().run_test(size=(80, 24)) as pilot:
        await walk(pilot, "G")
        table = pilot.app.screen.table
        key, row = table.key_here(), table.cursor - table.top
        stacked.write(make_run(1, id="f" * 32, name="late", ended_at=stacked.now))
        await wait_for(pilot, "147")
        assert (table.key_here(), table.cursor - table.top) == (key, row)


async def test_copies_are_those_of_the_events_here_or_marked(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "slash", *"kind:alert", "enter")
        assert [copy.label for copy in pilot.app.screen.copies()][-2:] == ["Markdown", "JSON"]
        await pilot.press("escape", "space", "space")
        assert "ids" in [copy.label for copy in pilot.app.screen.copies()]
        assert pilot.app.screen.subject_here() is not None


async def test_commands_and_subjects_lead_there(stacked: Any, walk: Any, wait_for: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot)
        native = pilot.app.screen.table.key_here()
        await pilot.press("2")
        await pilot.press("colon", *"events kind:promotion", "enter")
        await wait_for(pilot, "champion of churn: v11", gone=["Step 0"])
        await pilot.press("colon", *f"event/{native}", "enter")
        await wait_for(pilot, "speaks of")
        await pilot.press("colon", *"event/ffffffffffffffff", "enter")
        await wait_for(pilot, "nothing that is known here has this id")


async def test_where_nothing_happened_it_says_what_will_appear(world: Any, walk: Any) -> None:
    async with world.app().run_test(size=(80, 24)) as pilot:
        assert "nothing is known to have happened" in await walk(pilot)


async def test_an_event_without_a_screen_for_what_it_speaks_of_is_opened_itself(
    stacked: Any, walk: Any, settled: Any
) -> None:
    stacked.cache.write("m" * 16, Batch(runs=()), stacked.now)
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "slash", *'kind:"data changed"', "enter", "enter")
        assert isinstance(pilot.app.screen, EventsScreen)
        assert "there is nothing here to open" in "\n".join(await settled(pilot))


async def test_a_page_of_an_event_says_its_title_whole_however_narrow(stacked: Any, walk: Any) -> None:
    app = stacked.app()
    async with app.run_test(size=(60, 24)) as pilot:
        await walk(pilot, "slash", *"kind:promotion", "enter", "e")
        assert isinstance(app.screen, EventScreen)
        facts = app.screen.facts
        assert facts is not None
        title = facts.event.title
        told = [str(row.thing) for row in app.screen.rows(facts, 24) if row.kind == "title"]
        assert " ".join(told) == title
        assert len(told) > 1
