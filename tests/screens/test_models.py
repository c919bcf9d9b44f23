"""The list of registered models, and the ways to one."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import RegisteredModel, Subject, Want
from quarterdeck.screens.compare import CompareScreen

from .registries import HOUR, REGISTRY, SIZE, churn, row_of, type_text, write

# -- the list


async def test_three_leads_to_the_models_and_two_back_to_the_runs(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await pilot.press("3")
        await wait_for(pilot, "▸  churn", "uplift", gone=["brave-cod-214"])
        await pilot.press("j", "2")
        await wait_for(pilot, "brave-cod-214", gone=["uplift"])
        await pilot.press("3")
        await wait_for(pilot, "▸  fraud-score-of-card-payments")


async def test_a_row_says_who_holds_an_alias_since_when_and_who_put_it_there(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        lines = await settled(pilot)
        assert lines[3].split() == ["model", "↑", "champion", "challenger", "gates", "newest", "versions", "source"]
        assert "v14   9 h  bo signed" in row_of(lines, "▸  churn")
        assert row_of(lines, "▸  churn").split()[-3:] == ["v16", "16", "models"]
        assert "models ● now" in lines[1]


async def test_an_alias_that_was_moved_past_the_ledger_is_marked_with_a_word(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        assert "v2    2 d  ? unexplained" in row_of(await settled(pilot), " uplift")


async def test_the_gates_of_the_challenger_are_read_when_the_keys_rest(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        lines = await wait_for(pilot, "v15 ✖ 1 failed")
        assert row_of(lines, " uplift").count("●") == 0  # nobody challenges its champion


async def test_a_narrow_terminal_keeps_who_holds_the_aliases_and_the_gates(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        lines = await wait_for(pilot, "v15 ✖ 1 failed")
        assert lines[3].split() == ["model", "↑", "champion", "challenger", "gates"]


async def test_prompts_are_listed_apart(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "models   3   and 1 prompt: :prompts", gone=["summarise"])
        await pilot.press("t")
        await wait_for(pilot, "prompts   1   and 3 models: :models", "summarise", gone=["uplift"])
        await type_text(pilot, ":models")
        await pilot.press("enter")
        await wait_for(pilot, "uplift", gone=["summarise"])


async def test_the_prompts_have_a_word_of_their_own(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await type_text(pilot, ":prompts")
        await pilot.press("enter")
        await wait_for(pilot, "summarise", gone=["churn  16"])


async def test_the_filter_is_the_grammar_of_models_and_follows_what_is_typed(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "slash")
        await type_text(pilot, "alias:challenger or tags.team:risk")
        await wait_for(pilot, "2 of 3", "▸  churn", " uplift", gone=["fraud"])
        await pilot.press("enter", "escape")
        await wait_for(pilot, "fraud")


async def test_a_mistake_in_the_filter_is_told_with_its_column(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "slash")
        await type_text(pilot, "alais:x ")
        await wait_for(pilot, "▲ at 1: “alais” is no field of a model. Did you mean “alias”?")


async def test_they_are_sorted_by_what_the_cache_knows_of_them(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        app.screen.sort_by("version")
        await wait_for(pilot, "newest ↓", "by version ↓", "▸  churn")
        await pilot.press("S")
        await wait_for(pilot, "newest ↑", "▸  fraud-score-of-card-payments")
        app.screen.sort_by("alias.champion")
        await wait_for(pilot, "there is no order by alias.champion: /alias:NAME lists those that have an alias")


async def test_columns_and_views_are_kept(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        app.screen._take_columns(["name", "alias.shadow", "tags.team", "description"])
        await wait_for(pilot, "shadow", "Who leaves in the next 90 days.", "growth", gone=["newest"])
        await type_text(pilot, ":view save mine")
        await pilot.press("enter")
        await wait_for(pilot, "kept as view mine")
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "Who leaves in the next 90 days.", gone=["newest"])


async def test_below_the_table_the_model_under_the_cursor_is_told(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        lines = await wait_for(pilot, "churn  16 versions   val_auc ↑ ▃▇×▆▁▃▅█▂▅▇▁█ last 0.9402, champion 0.8947")
        assert row_of(lines, "┊──v13─").rstrip().endswith("┊v14    9 h  bo signed")
        assert row_of(lines, " v15  ●").split() == [
            "v15", "●", "ready", "14", "h", "cy", "0.9402", "+0.0455", "better", "challenger", "plain-fox-212"
        ]  # fmt: skip
        await pilot.press("j", "j")
        await wait_for(pilot, "uplift  2 versions", "‹──v1─", "┊──?v2─", gone=["16 versions"])


async def test_beside_a_wide_table_it_has_a_pane_of_its_own(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=(200, 50)) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "│ churn  16 versions", "│ champion  ", "│ v1   ● ready")


async def test_news_are_shown_and_the_cursor_stays(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "j")
        await wait_for(pilot, "▸  fraud")
        aliases = {"churn": {"champion": "16", "challenger": "15"}}
        registry.tables.observe_aliases(REGISTRY, aliases, (), registry.now, is_complete=False)
        write(registry, models=(churn(champion="16", challenger="15"),))
        await wait_for(pilot, "v16   now  ? unexplained so far", "▸  fraud")


async def test_the_marked_models_or_the_one_here_can_be_copied(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        await pilot.press("y")
        await wait_for(pilot, "models:/churn@champion", "quarterdeck open model/churn", "URI of challenger", "JSON")
        await pilot.press("escape", "space", "space")
        await wait_for(pilot, "2 marked")
        await pilot.press("y")
        await wait_for(pilot, "names", "churn fraud-score-of-card-payments", "2 lines")
        await pilot.press("escape", "r")
        await wait_for(pilot, "asked the syncer for a pass")
    assert {want.model for want in registry.wants if want.kind == "model"} >= {"churn", "fraud-score-of-card-payments"}


async def test_what_was_unexplained_so_far_is_told_anew_when_the_repository_was_read(
    registry: Any, wait_for: Any, state_of: Any, git: Any
) -> None:
    app = registry.app()
    registry.states(state_of(git, last_ok_at=registry.now - 3 * 24 * HOUR))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "v2    2 d  ? unexplained so far")
        registry.states(state_of(git))
        app.screen.time_passed()
        await wait_for(pilot, "v2    2 d  ? unexplained", gone=["so far"])


async def test_the_link_is_the_page_in_mlflows_own_interface(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        await pilot.press("o")
        await wait_for(pilot, "http://mlflow.acme:5000/#/models/churn")


async def test_a_registry_that_is_not_mlflows_has_no_page(
    registry: Any, wait_for: Any, state_of: Any, models_source: Any
) -> None:
    registry.states(state_of(models_source, name="kubeflow-models"))
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        await pilot.press("o")
        await wait_for(pilot, "its registry is no server with pages: there is no address to open")


async def test_refresh_asks_for_the_model_under_the_cursor(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "▸  churn")
        await pilot.press("r")
        await wait_for(pilot, "asked the syncer for a pass")
    assert registry.passes == ["pass"]
    assert Want(kind="model", source=REGISTRY, model="churn") in registry.wants


async def test_equals_compares_whoever_challenges_with_the_champion(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "16 versions")
        await pilot.press("equals_sign")
        await wait_for(pilot, "compare 2 runs", "eager-elk-211", "plain-fox-212")
        assert isinstance(app.screen, CompareScreen)


async def test_where_no_version_is_in_use_nothing_can_be_compared(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "j")
        await wait_for(pilot, "no alias points at any of its versions")
        await pilot.press("equals_sign")
        await wait_for(pilot, "no alias says which version is in use: there is nothing to compare with")


# -- where there is none


async def test_without_a_registry_it_says_how_to_name_one(world: Any, wait_for: Any) -> None:
    async with world.fill().app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "no model registry is known here", 'tracking_uri = "http://127.0.0.1:5000"')


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"state": "never", "last_ok_at": None}, ["reading the registered models for the first time …"]),
        ({"state": "unreachable", "last_ok_at": None, "sentence": "Nobody answers."},
         ["models could not be read yet", "Nobody answers.", "`quarterdeck doctor` tries each"]),
        ({"state": "untrusted", "last_ok_at": None, "sentence": "Not agreed to."}, ["`quarterdeck trust` shows"]),
        ({"state": "ok"}, ["no model is registered yet", "r looks again"]),
    ],
)  # fmt: skip
async def test_an_empty_list_says_why_and_what_to_do(
    world: Any, wait_for: Any, state_of: Any, models_source: Any, mlflow: Any, git: Any, state: Any, said: list[str]
) -> None:
    world.fill()
    world.cache.declare([git, mlflow, models_source])
    world.states(state_of(models_source, **state))
    async with world.app().run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, *said)


async def test_a_filter_that_nothing_passes_says_how_to_leave_it(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "slash")
        await type_text(pilot, "nothing-like-it")
        await wait_for(pilot, "no model is like nothing-like-it", "Esc takes the filter away")


# -- from elsewhere


async def test_a_run_names_what_it_was_registered_as_and_leads_there(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        app.open_subject(Subject(kind="run", parts=(f"{3:032x}",)))
        await wait_for(pilot, "registered as", "churn v14")
        app.screen.outline.go_to(("version", "churn 14"))
        await wait_for(pilot, "aliases     champion")
        await pilot.press("enter")
        await wait_for(pilot, "churn › v14")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (":model/churn", "model churn   16 versions"),
        (":model/churn/15", "churn › v15"),
        (":alias/churn@champion", "churn › v14"),
        (":model/nothing", "▲ model/nothing: the cache has no model of this name; `quarterdeck models` lists them"),
        (":alias/churn@nobody", "▲ alias/churn@nobody: this model has no such alias"),
        (":experiment/2", "experiment uplift"),
    ],
)
async def test_a_thing_is_opened_by_its_name(registry: Any, wait_for: Any, typed: str, said: str) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await type_text(pilot, typed)
        await pilot.press("enter")
        await wait_for(pilot, said)


async def test_all_is_borne_in_other_colours_and_in_small_terminals(registry: Any, settled: Any) -> None:
    app = registry.app()
    async with app.run_test(size=(60, 12)) as pilot:
        for key in ("3", "enter", "j", "enter"):
            await pilot.press(key)
            await settled(pilot)
            app._do_theme("light")
            await settled(pilot)
        await pilot.resize_terminal(200, 50)
        await settled(pilot)
        await pilot.press("escape")
        assert "│ churn v15" in "\n".join(await settled(pilot))


@pytest.mark.parametrize("size", [(1, 1), (7, 2), (20, 5), (40, 10), (300, 4), (9, 80)])
async def test_every_size_is_borne(registry: Any, settled: Any, size: tuple[int, int]) -> None:
    async with registry.app().run_test(size=size) as pilot:
        for key in ("3", "j", "k", "enter", "j", "enter", "G", "tab"):
            await pilot.press(key)
            await settled(pilot)
        assert pilot.app.is_running


async def test_hostile_names_are_shown_and_obeyed_by_nobody(registry: Any, settled: Any, make_version: Any) -> None:
    name, alias = "\x1b[31mchurn\u202e[bold]" + "長" * 60, "cham[/]pion\u200b" * 3
    model = RegisteredModel(source=REGISTRY, name=name, aliases={alias: "9\x07"}, description="a\x1b]0;b\nc" * 40)
    version = make_version(
        9, name, version="9\x07", user="\x1b[1m", description="\x1b[2J" * 9, stage="\x9b1m", raw_status="\x1b",
        tags={"\x1b": "\x1b[5m"}, origin="runs:/\x1b", copied_from=("\x1b", "\x1b"), status="unknown",
    )  # fmt: skip
    write(registry, models=(model,), versions=(version,))
    registry.tables.observe_aliases(REGISTRY, {name: {alias: "9\x07"}}, (), registry.now, is_complete=False)
    async with registry.app().run_test(size=(200, 50)) as pilot:
        for key in ("3", "g", "enter", "enter", "G", "y", "escape"):
            await pilot.press(key)
            lines = await settled(pilot)
            assert all(sign.isprintable() for sign in "".join(lines))
