"""The Watch with Textual's pilot: the list, the page of an attention, taking it on, notes, and calm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from quarterdeck.app.triage import sight_to_json
from quarterdeck.screens import halves, page, watch
from quarterdeck.screens.attention import AttentionScreen, ChangesScreen
from quarterdeck.screens.events import EventsScreen
from quarterdeck.screens.lineage import LineageScreen
from quarterdeck.screens.log import LogScreen
from quarterdeck.screens.pipeline import PipelineScreen
from quarterdeck.screens.promotion import PromotionScreen
from quarterdeck.screens.sources import SourcesScreen
from quarterdeck.screens.watch import WatchScreen
from tests.screens import checking, production
from tests.screens.conftest import CI, GIT, GITLAB, MLFLOW, REGISTRY
from tests.screens.writing import Writing

WIDE = (120, 40)


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(halves, "RESTS", 0.001)
    monkeypatch.setattr(page, "CHANGES_AT_MOST_EVERY", 0.001)


@pytest.fixture
def troubled(checked: Any) -> Any:
    """The small world with checks that fail and a production whose precision fell."""
    production.fill(checked, (GIT, MLFLOW, CI, GITLAB, REGISTRY, checking.GX, checking.DBT))
    return checked


@pytest.fixture
def on_watch(settled: Any) -> Any:
    """The app on the Watch of a world, at rest."""

    class Opened:
        def __init__(self, world: Any, size: tuple[int, int] = WIDE, **more: Any) -> None:
            self.app = world.app(**more)
            self._run = self.app.run_test(size=size)

        async def __aenter__(self) -> Any:
            self.pilot = await self._run.__aenter__()
            await self.press("1")
            return self

        async def __aexit__(self, *error: object) -> None:
            await self._run.__aexit__(*error)

        async def press(self, *keys: str) -> str:
            for key in keys:
                await self.pilot.press(key)
                await settled(self.pilot)
            return "\n".join(await settled(self.pilot))

    return Opened


async def test_the_worst_stands_first_with_its_curve_suspects_and_way_back(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        text = await opened.press()
        assert isinstance(opened.app.screen, WatchScreen)
        first, curve, *rest = text.splitlines()[3:]
        assert "✖ churn@champion v14  precision 0.7117, floor 0.78" in first
        assert "since 13 mar 21:40 (5 h)" in first
        assert "┊v14" in curve
        assert "labels until 02:05" in curve
        assert any("strong " in line and " params " in line for line in rest)
        assert "way back: v13, champion 2 d" in text
        assert "● 8 of 8" in text
        assert "all answered within 5 m" in text


async def test_at_80_columns_what_is_broken_comes_before_since_when_and_whose(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled, (80, 24)) as opened:
        text = await opened.press()
        assert "churn@champion v14  precision 0.7117, floor 0.78" in text
        assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


async def test_enter_opens_all_the_evidence_and_enter_again_what_a_suspect_points_at(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled) as opened:
        text = await opened.press("enter")
        assert isinstance(opened.app.screen, AttentionScreen)
        assert "what may have caused it" in text
        assert "+ lr 0.003 → 0.01, depth 8 → 7" in text
        text = await opened.press("enter")
        assert not isinstance(opened.app.screen, AttentionScreen)
        assert "eager-elk-211" in text
        await opened.press("escape", "escape")
        assert isinstance(opened.app.screen, WatchScreen)


async def test_a_suspect_is_opened_from_the_watch_in_two_keys(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        assert "eager-elk-211" in await opened.press("down", "enter")


async def test_b_opens_the_plan_of_the_way_back(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.pilot.press("B")
        await opened.pilot.pause()
        screen = opened.app.screen
        assert isinstance(screen, PromotionScreen)
        assert (screen.wanted.model, screen.wanted.version, screen.wanted.kind) == ("churn", "13", "rollback")


async def test_l_opens_the_log_of_what_failed_and_says_where_none_is_known(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        text = await opened.press("l")
        assert "no log is known for this" in text
        assert "l log" not in text.splitlines()[-1]
        text = await opened.press("G", "k")
        assert "l log" in text.splitlines()[-1]
        text = await opened.press("l")
        assert isinstance(opened.app.screen, LogScreen | PipelineScreen), text


async def test_t_folds_what_is_unfolded_and_unfolds_the_rest(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        assert "way back: v13" not in await opened.press("t")
        assert "way back: v13" in await opened.press("t")


async def test_what_somebody_took_on_is_folded_away_and_comes_back_when_it_is_let_go(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled) as opened:
        opened.app.deck.noting = lambda: Writing(troubled)
        text = await opened.press("a")
        assert " ▸ – churn@champion v14  precision 0.7117" in text
        assert "ann has it" in text
        text = await opened.press("k", "enter", "enter")
        assert "1 acknowledged, folded" in text
        assert "precision 0.7117" not in text
        text = await opened.press("enter", "j", "a")
        assert "acknowledged" not in text
        assert "✖ churn@champion v14" in text


async def test_a_second_press_lets_go_of_the_same_and_takes_on_nothing_else(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        opened.app.deck.noting = lambda: Writing(troubled)
        assert "1 acknowledged" in await opened.press("a")
        assert "acknowledged" not in await opened.press("a")


async def test_a_note_can_follow_at_once_on_what_was_taken_on_and_names_it(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        opened.app.deck.noting = lambda: Writing(troubled)
        text = await opened.press("a", "m")
        assert "a note on churn@champion v14  precision 0.7117, floor 0.78, for the team" in text
        await opened.press(*"q2", "enter")
        taken = next(one for one in opened.app.screen.facts.sight.attentions if one.is_quiet)
        [note] = [note for note in troubled.tables.own_notes() if note.kind == "note"]
        assert (note.subject, note.text) == (f"attention/{taken.id}", "q2")


async def test_a_note_on_what_is_here_is_written_down_and_stands_on_its_page(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        opened.app.deck.noting = lambda: Writing(troubled)
        await opened.press("enter", "g", "m")
        await opened.press(*"asked bo".replace(" ", "~").replace("~", "_"), "enter")
        [note] = troubled.tables.own_notes()
        assert (note.kind, note.text) == ("note", "asked_bo")


async def test_a_key_that_does_nothing_on_the_page_of_an_attention_is_not_named_there(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled) as opened:
        keys = (await opened.press("enter")).splitlines()[-1]
        assert "l log" not in keys
        assert "B roll back" in keys
        await opened.press("escape", "2")
        keys = (await opened.press("w")).splitlines()[-1]
        assert "m note" in keys
        assert "a mine" not in keys
        assert "B roll back" not in keys


async def test_the_title_of_an_attention_is_whole_where_there_is_room(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("enter")
        screen = opened.app.screen
        title = f"{screen.facts.attention.title}, and what follows from that, whole"
        screen.facts = replace(screen.facts, attention=msgspec.structs.replace(screen.facts.attention, title=title))
        screen.write_frame()
        assert title in (await opened.press()).splitlines()[1]


async def test_enter_on_what_happened_besides_lists_it(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("enter")
        screen = opened.app.screen
        [kind, number] = screen.facts.changes.others[0]
        screen.outline.go_to(("other", kind))
        text = await opened.press("enter")
        assert isinstance(opened.app.screen, EventsScreen)
        assert f'kind:"{kind}" at >= ' in text
        assert len([line for line in text.splitlines()[4:-2] if kind[:12] in line]) >= number
        await opened.press("q")
        assert opened.app.screen is screen


async def test_w_says_what_changed_around_anything_and_w_again_draws_its_lineage(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("4", "w")
        assert isinstance(opened.app.screen, ChangesScreen)
        await opened.press("w")
        assert isinstance(opened.app.screen, LineageScreen)


async def test_filtering_narrows_to_what_holds_the_words(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("slash")
        text = await opened.press(*"uplift", "enter")
        assert "uplift@champion" in text
        assert "churn@champion v14" not in text


async def test_a_key_is_found_by_the_word_that_the_line_of_keys_has_for_it_and_told_whole(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled, size=(80, 24)) as opened:
        await opened.press("question_mark")
        text = await opened.press(*"roll")
        assert "Roll back: open the plan of the way back of the model in trouble" in text
        await opened.press(*["backspace"] * 4)
        text = " ".join((await opened.press(*"mine")).split())
        assert "Mine: take on what needs attention here: it is quiet until it changes; again lets go of it" in text


async def test_a_filter_of_the_watch_is_that_of_triage(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("slash")
        text = await opened.press(*"model:uplift", "enter")
        assert "uplift@champion" in text
        assert "churn@champion v14" not in text
        await opened.press("escape", "slash")
        assert "churn@champion v14" in await opened.press(*"severity:critical churn", "enter")


async def test_a_filter_that_cannot_be_read_says_where_and_hides_nothing(on_watch: Any, troubled: Any) -> None:
    async with on_watch(troubled) as opened:
        await opened.press("slash")
        text = await opened.press(*"loss > 1", "enter")
        assert "at 1: " in text
        assert "churn@champion v14" in text


async def test_what_the_syncer_kept_is_painted_before_anything_is_looked_at(
    on_watch: Any, troubled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_watch(troubled) as opened:
        facts = opened.app.screen.facts
    troubled.tables.keep_sight(sight_to_json(facts.sight, facts.changes), facts.sight.at)
    monkeypatch.setattr(watch, "reading", lambda *_: lambda reader: None)
    kept = WatchScreen(troubled.app().deck)
    assert kept.facts is not None
    assert kept.facts.is_kept
    assert list(kept.facts.strips) == list(facts.strips)[:4]  # a sentence would stand there, and then a curve
    assert [one.id for one in kept.facts.sight.attentions] == [one.id for one in facts.sight.attentions]


async def test_an_attention_is_opened_by_its_id_whether_the_syncer_saw_it_or_nobody_did(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled) as opened:
        (attention, *_) = opened.app.screen.facts.sight.attentions
        await _written(opened, f"attention/{attention.id}")
        assert type(opened.app.screen) is ChangesScreen
        assert attention.title in await opened.press()
        troubled.tables.keep_sight(sight_to_json(opened.app.screen_stack[1].facts.sight, {}), troubled.now)
        await opened.press("escape")
        await _written(opened, f"attention/{attention.id}")
        assert type(opened.app.screen) is AttentionScreen


async def test_one_that_is_over_says_so_and_a_source_and_the_project_have_a_screen(
    on_watch: Any, troubled: Any
) -> None:
    async with on_watch(troubled) as opened:
        assert "this needs no attention any more" in await _written(opened, "attention/ffff")
        await opened.press("escape")
        await _written(opened, f"source/{MLFLOW.key}")
        assert isinstance(opened.app.screen, SourcesScreen)
        await opened.press("escape")
        await _written(opened, "project/churn")
        assert isinstance(opened.app.screen, WatchScreen)
        assert "here is churn" in await _written(opened, "project/other")


async def _written(opened: Any, command: str) -> str:
    """What stands there when this was written after a colon."""
    await opened.pilot.press(":")
    opened.app.screen.prompt.value = command
    return str(await opened.press("enter"))


async def test_until_somebody_moves_the_cursor_stays_on_the_worst_whatever_comes_above_it(
    on_watch: Any, checked: Any
) -> None:
    async with on_watch(checked) as opened:
        before = opened.app.screen.attention_here()
        production.fill(checked, (GIT, MLFLOW, CI, GITLAB, REGISTRY, checking.GX, checking.DBT))
        opened.app.screen.read()
        await opened.press()
        worst = opened.app.screen.facts.sight.attentions[0]
        assert opened.app.screen.attention_here().id == worst.id != before.id
        await opened.press("down", "down")
        chosen = opened.app.screen.outline.entry().id
        opened.app.screen.read()
        await opened.press()
        assert opened.app.screen.outline.entry().id == chosen
