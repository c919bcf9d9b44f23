"""The lineage on the screen: where to start from, the walk through the tree, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import Batch, Subject
from quarterdeck.app.terminal import with_keys
from quarterdeck.screens import halves, lineage, page
from quarterdeck.screens.frame import FrameScreen
from quarterdeck.screens.keys import keymap
from quarterdeck.screens.lineage import LineageScreen

SIZE = (120, 40)
CHAMPION = Subject(kind="alias", parts=("churn", "champion"))


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(halves, "RESTS", 0.001)
    for module in (lineage, page):
        monkeypatch.setattr(module, "CHANGES_AT_MOST_EVERY", 0.001)


async def type_text(pilot: Any, text: str) -> None:
    names = {":": "colon", "/": "slash", "@": "at", " ": "space", "#": "number_sign", "-": "minus"}
    await pilot.press(*(names.get(sign, sign) for sign in text))


def here(lines: list[str]) -> str:
    """The row under the cursor, from its name on."""
    (line,) = [line for line in lines if line.startswith(" ▸ ")]
    return line[3:].lstrip("│├└─ ").split("│")[0].strip()


async def walk(pilot: Any, settled: Callable[..., Any], *keys: str) -> list[str]:
    """Press keys, each when the one before is answered."""
    lines: list[str] = await settled(pilot)
    for key in keys:
        await pilot.press(key)
        lines = await settled(pilot)
    return lines


async def test_from_who_holds_which_alias_to_all_that_the_champion_came_from(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "6")
        assert here(lines).startswith("churn@champion  v14")
        assert any("newest runs" in line for line in lines)
        lines = await walk(pilot, settled, "enter")
        whole = "\n".join(lines)
        assert "lineage of churn@champion" in lines[1]
        for said in ("version churn v14", "run eager-elk-211", "commit 4f2c91a", "data orders@51c2ee", "params 3"):
            assert said in whole
        assert "◌ tree state unknown" in whole
        assert "◌ serving unknown" in whole


async def test_a_thing_deeper_down_becomes_the_root_and_escape_leads_back_to_where_one_was(
    registry: Any, settled: Any
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "6", "enter", "G", "k")
        while not here(lines).startswith("run eager-elk-211"):
            lines = await walk(pilot, settled, "k")
        lines = await walk(pilot, settled, "w")
        assert "lineage of eager-elk-211" in lines[1]
        assert here(lines).startswith("run eager-elk-211")
        assert any("version churn v14" in line for line in lines)  # what came of it
        lines = await walk(pilot, settled, "escape")
        assert "lineage of churn@champion" in lines[1]
        assert here(lines).startswith("run eager-elk-211")
        lines = await walk(pilot, settled, "escape")
        assert "aliases" in "\n".join(lines)
        assert "looked at before" in "\n".join(lines)
        lines = await walk(pilot, settled, "escape")
        assert "experiment churn-train" in lines[1]  # where one came from


@pytest.mark.parametrize(
    ("keys", "about"),
    [
        ([], "lineage of brave-cod-214"),
        (["enter", "G"], "lineage of"),
        (["3"], "lineage of churn"),
        (["3", "enter", "j"], "lineage of churn v15"),
        (["3", "enter", "j", "enter"], "lineage of churn v15"),
        (["5"], "lineage of nightly-train #214"),
        (["5", "j", "j", "enter"], "lineage of"),
    ],
)
async def test_w_and_w_again_lead_there_from_every_row_and_page_and_escape_back(
    registry: Any, settled: Any, keys: list[str], about: str
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        before = await walk(pilot, settled, *keys)
        changed = await walk(pilot, settled, "w")
        assert changed[1].startswith(" what changed around ")
        lines = await walk(pilot, settled, "w")
        assert about in lines[1]
        assert await walk(pilot, settled, "escape") == changed
        assert await walk(pilot, settled, "escape") == before


async def test_enter_opens_what_is_here_and_escape_leads_back_to_the_tree(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await walk(pilot, settled, "w", "w", "j")
        tree = await settled(pilot)
        assert here(tree).startswith("commit 1f2c91a")
        lines = await walk(pilot, settled, "enter")
        assert lines[1].startswith(" commit 1f2c91a")
        assert await walk(pilot, settled, "escape") == tree


async def test_arrows_fold_and_unfold_and_go_where_they_point(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "w", "w", "j")
        assert not any("pipeline release" in line for line in lines)
        lines = await walk(pilot, settled, "right")
        assert any("pipeline release #213" in line for line in lines)
        lines = await walk(pilot, settled, "right")
        assert here(lines).startswith("pipeline")
        lines = await walk(pilot, settled, "left")
        assert here(lines).startswith("commit 1f2c91a")
        lines = await walk(pilot, settled, "left", "left")
        assert "folded" in here(lines)
        lines = await walk(pilot, settled, "left")
        assert here(lines).startswith("run brave-cod-214")
        lines = await walk(pilot, settled, "j", "space", "space")
        assert any("pipeline release #213" in line for line in lines)


async def test_one_way_and_the_other(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "3", "enter", "j", "w", "w", "t")
        whole = "\n".join(lines)
        assert "only what it came from" in whole
        assert "led to" not in whole
        lines = await walk(pilot, settled, "t")
        assert "came from" not in "\n".join(lines[3:])
        lines = await walk(pilot, settled, "t")
        assert "led to" in "\n".join(lines)


async def test_words_narrow_the_tree_and_escape_widens_it(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        whole = await walk(pilot, settled, "w", "w")
        await walk(pilot, settled, "slash")
        await type_text(pilot, "orders")
        lines = await walk(pilot, settled, "enter")
        assert any("data orders@77ab01" in line for line in lines)
        assert not any("commit 1f2c91a" in line for line in lines)
        assert await walk(pilot, settled, "escape") == whole


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (":lineage alias/churn@champion", "lineage of churn@champion"),
        (":lineage commit/4f2c91a", "lineage of 4f2c91a"),
        (":lineage commit/beef", "◌ the cache has no commit/beef"),
        (":lineage nothing", "“nothing” names nothing: write KIND/NAME"),
        (":lineage", "newest runs"),
        (":commit/4f2c91a", "commit 4f2c91a"),
        (":commit/beef", "▲ commit/beef: the cache knows nothing of this commit"),
    ],
)
async def test_it_is_asked_for_by_name(registry: Any, wait_for: Any, settled: Any, typed: str, said: str) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await type_text(pilot, typed)
        await pilot.press("enter")
        await wait_for(pilot, said)


async def test_what_is_new_is_drawn_and_the_cursor_stays(
    registry: Any, settled: Any, wait_for: Any, make_version: Any, models_source: Any
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await walk(pilot, settled, "w", "w", "j", "j")
        before = here(await settled(pilot))
        made = make_version(17, run_id=f"{0:032x}")
        registry.cache.write(models_source.key, Batch(versions=(made,)), registry.now)
        lines = await wait_for(pilot, "version churn v17")
        assert here(lines) == before


async def test_what_can_be_copied(registry: Any, settled: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await walk(pilot, settled, "6", "enter")
        copies = {copy.label: copy.text for copy in app.screen.copies()}
        assert copies["subject here"] == "alias/churn@champion"
        assert copies["command"] == "quarterdeck lineage alias/churn@champion"
        assert "└─ version churn v14" in copies["text"]


async def test_a_cache_without_anything_says_what_to_do(world: Any, settled: Any) -> None:
    async with world.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "6")
        assert "there is nothing to start from: no source is known here" in "\n".join(lines)
        lines = await walk(pilot, settled, "w")
        assert "nothing is known here that a tree could be drawn around" in "\n".join(lines)


async def test_the_lineage_is_of_the_thing_whichever_suspect_the_cursor_is_on(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "5", "w", "j", "j", "w")
        assert "lineage of nightly-train #214" in lines[1]


async def test_a_list_without_a_row_says_why_nothing_is_shown(world: Any, settled: Any) -> None:
    async with world.app().run_test(size=SIZE) as pilot:
        lines = await walk(pilot, settled, "w")
        assert "there is nothing here around which something could have changed" in "\n".join(lines)


@pytest.mark.parametrize("size", [(1, 1), (7, 2), (20, 5), (40, 10), (60, 12), (300, 4), (9, 80)])
async def test_every_size_is_borne(registry: Any, settled: Any, size: tuple[int, int]) -> None:
    async with registry.app().run_test(size=size) as pilot:
        await walk(
            pilot, settled, "6", "j", "enter", "G", "space", "left", "t", "w", "escape", "j", "enter", "G", "tab"
        )
        assert pilot.app.is_running


async def test_all_is_borne_in_other_colours(registry: Any, settled: Any) -> None:
    app = registry.app()
    async with app.run_test(size=(200, 50)) as pilot:
        lines = await walk(pilot, settled, "6", "enter", "j", "j")
        app._do_theme("light")
        assert await settled(pilot) == lines
        assert "joined by" in "\n".join(lines)


async def test_a_screen_of_its_own_leads_back_to_where_it_was_opened_from(registry: Any, settled: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        before = await settled(pilot)
        await app.push_screen(LineageScreen(app.deck, CHAMPION))
        assert "lineage of churn@champion" in (await settled(pilot))[1]
        assert await walk(pilot, settled, "0", "escape", "escape") == before


def test_its_keys_can_be_mapped_and_what_is_taken_is_refused() -> None:
    mapped = {"changes": "f8", "changes.lineage": "L", "tree.turn": "f9"}
    assert keymap(mapped, with_keys()) == mapped
    with pytest.raises(UsageError, match=r"the key of “lineage\.side”"):
        keymap({"lineage.root": "t"}, [LineageScreen, FrameScreen])
