"""A key that does nothing where it is pressed is said so, once and calmly, on every screen."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import parse_subject
from quarterdeck.screens.frame import FrameScreen
from quarterdeck.screens.places import screens_at
from tests.screens import production

SAFE = frozenset("lBpouvbhte")
"""Letters that some screens have and others have not."""


async def said(app: Any, pilot: Any, settled: Any, key: str) -> str:
    """What stands on the lower rule after the key."""
    await pilot.press(key)
    return str((await settled(pilot))[-2])


@pytest.mark.parametrize("tab", "123456789")
async def test_on_every_main_screen_a_letter_does_something_or_is_said_to_do_nothing(
    stacked: Any, settled: Any, tab: str
) -> None:
    app = stacked.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(tab)
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, FrameScreen)
        for key in sorted(SAFE - screen.active_bindings.keys()):
            assert f"{key} does nothing here: ? lists the keys that do" in await said(app, pilot, settled, key)


@pytest.mark.parametrize(
    "subject", [f"series/{production.PRECISION.key}", "resource/serving", f"run/{3:032x}", "model/churn/14"]
)
async def test_on_a_page_a_letter_without_a_meaning_is_said_so_and_the_next_key_takes_the_sentence_away(
    stacked: Any, settled: Any, subject: str
) -> None:
    app = stacked.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await app.push_screen(screens_at(app.deck, parse_subject(subject))[-1])
        await settled(pilot)
        assert "Q does nothing here" in await said(app, pilot, settled, "Q")
        assert "does nothing" not in await said(app, pilot, settled, "j")


async def test_a_letter_that_is_typed_into_a_prompt_is_a_letter(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("slash", "Q")
        assert "does nothing" not in "\n".join(await settled(pilot))
        assert app.screen.prompt.value == "Q"


async def test_on_a_series_a_key_that_changes_nothing_any_more_says_why(stacked: Any, settled: Any) -> None:
    app = stacked.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await app.push_screen(screens_at(app.deck, parse_subject(f"series/{production.PRECISION.key}"))[-1])
        await settled(pilot)
        assert "the whole range is drawn already" in await said(app, pilot, settled, "z")
        assert "it is drawn as it was measured" in await said(app, pilot, settled, "less_than_sign")
        told = [await said(app, pilot, settled, "greater_than_sign") for _ in range(20)]
        assert "more than this is not smoothed" in told[-1]
