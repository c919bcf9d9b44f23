"""Groups of runs, driven with keys on a small cache: fold, sort, open a group, come back, copy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.app.store import groups as store
from quarterdeck.screens import groups
from quarterdeck.screens.groups import GroupRunsScreen, GroupsScreen

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "RESTS", 0.001)
    monkeypatch.setattr(groups, "CHANGES_AT_MOST_EVERY", 0.001)
    monkeypatch.setattr(groups, "REST_AFTER_A_FOLD", 0)


async def press(pilot: Any, settled: Any, *keys: str) -> list[str]:
    """Keys one after another; a text of several letters is typed."""
    lines: list[str] = []
    for key in keys:
        letters = list(key[1:]) if key.startswith("=") else [key]
        await pilot.press(*({" ": "space", ".": "full_stop"}.get(one, one) for one in letters))
        lines = await settled(pilot)
    return lines


def table(lines: list[str]) -> list[list[str]]:
    """The rows of the table by their cells, without the margin."""
    body = [line[4:] for line in lines[4:-3] if line.strip()]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in body]


async def test_f_offers_what_differs_with_its_number_of_values(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "f")
        offered = [line.strip(" ▸") for line in lines if "value" in line]
        assert [line.split()[0] for line in offered] == [
            "params.depth", "params.lr", "params.seed", "parent", "tags.team",
        ]  # fmt: skip
        assert "5 values" in offered[0]
        assert "the same in all" in offered[2]


async def test_a_fold_shows_how_many_and_mean_and_spread_of_each_metric(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "f", "=params.lr", "enter")
        assert isinstance(app.screen, GroupsScreen)
        assert "4 groups of 60 runs" in lines[1]
        assert [row[0] for row in table(lines)] == ["0.003", "2.0e-05", "0.01", "not logged"]
        assert "±" in table(lines)[0][3]


async def test_what_is_not_finite_is_marked_and_said_below_the_table(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "f", "=params.lr", "enter", "j", "j")
        row = next(line for line in lines if "▸" in line and "0.01 " in line)
        assert "▲" in row
        assert "val_auc in 18 of 20, 1 NaN left out" in lines[-3]
        assert "best 0.9412" in lines[-3]
        assert "finished" in lines[-3]


async def test_enter_opens_the_runs_of_the_group_and_escape_comes_back(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "slash", "=status:finished", "enter")
        lines = await press(pilot, settled, "f", "=params.lr", "enter", "enter")
        assert isinstance(app.screen, GroupRunsScreen)
        assert app.screen.filter == "status:finished and params.lr = '0.003'"
        assert app.screen.filter in lines[1]
        await press(pilot, settled, "escape")
        assert isinstance(app.screen, GroupsScreen)


async def test_a_filter_on_top_of_the_groups_own_is_taken_away_first(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter", "enter", "slash", "= and status:failed", "enter")
        assert app.screen.filter == "params.lr = '0.003' and status:failed"
        await press(pilot, settled, "escape")
        assert isinstance(app.screen, GroupRunsScreen)
        assert app.screen.filter == "params.lr = '0.003'"


async def test_runs_that_did_not_log_the_key_can_be_opened_too(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "f", "=params.lr", "enter", "G", "enter")
        assert app.screen.filter == "params.lr is null"
        assert "1 of 60" in lines[1]


async def test_children_fold_by_their_parents_name(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "colon", "=fold parent", "enter")
        app.screen.sort_by("n", descending=False)
        lines = await settled(pilot)
        parent = app.deck.reader.runs(app.deck.reader.rowids([f"{9:032x}"]))[0]
        assert table(lines)[0][:2] == [parent.name, "3"]
        await press(pilot, settled, "g", "enter")
        assert app.screen.filter == f"parent_id = '{9:032x}'"


async def test_several_keys_fold_together_and_are_ticked_the_next_time(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "space", "down", "space", "enter")
        assert app.screen.folded_by() == ["params.depth", "params.lr"]
        lines = await press(pilot, settled, "escape", "f")
        assert [line.split()[-3] for line in lines if "●" in line and "values" in line] == ["params.depth", "params.lr"]


async def test_groups_sort_by_mean_best_and_number(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter")
        screen = app.screen
        for key, expected in (("n", [20, 20, 19, 1]), ("params.lr", None), ("best.val_auc", None)):
            screen.sort_by(key, descending=True)
            rows = table(await settled(pilot))
            if expected:
                assert [int(row[1]) for row in rows] == expected
            elif key == "params.lr":
                assert [row[0] for row in rows] == ["0.01", "0.003", "2.0e-05", "not logged"]
            else:
                best = [screen._folded.groups[number].spreads for number in screen._folded.order[:3]]
                highs = [next(iter(spreads.values())).high for spreads in best]
                assert highs == sorted(highs, reverse=True)


async def test_how_groups_look_is_remembered_and_kept_as_a_view(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter", "S")
        assert app.screen.sort == ("metrics.val_auc", False)
        await press(pilot, settled, "colon", "=view save mine", "enter")
        await press(pilot, settled, "escape", "colon", "=fold depth", "enter")
        assert app.screen.folded_by() == ["params.depth"]
        lines = await press(pilot, settled, "colon", "=view mine", "enter")
        assert app.screen.folded_by() == ["params.lr"]
        assert app.screen.sort == ("metrics.val_auc", False)
        assert "lr" in lines[3]


async def test_the_table_is_copied_as_markdown_csv_and_json(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter")
        copies = {copy.label: copy.text for copy in app.screen.copies()}
        assert "| `2.0e-05` | 20 |" in copies["Markdown table"]
        assert copies["CSV"].splitlines()[0].startswith("params.lr,runs,states,val_auc count")
        made = json.loads(copies["JSON"])
        assert [one["by"]["params.lr"] for one in made] == ["0.003", "2.0e-05", "0.01", None]
        assert made[2]["metrics"]["val_auc"]["nan"] == 1
        best = app.deck.reader.runs(app.deck.reader.rowids([made[2]["metrics"]["val_auc"]["best_run"]]))[0]
        assert best.metrics["val_auc"].value == made[2]["metrics"]["val_auc"]["max"]


async def test_new_runs_reach_the_groups(world: Any, settled: Any, wait_for: Any, make_run: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter")
        world.write(make_run(200, params={"lr": "0.5"}))
        await wait_for(pilot, "5 groups of 61 runs", " 0.5 ")


async def test_too_many_groups_say_what_to_do(world: Any, settled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 2)
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = "\n".join(await press(pilot, settled, "f", "=params.lr", "enter"))
        assert "fold by something that repeats" in lines
        assert "f folds by something else" in lines


async def test_a_filter_without_a_match_says_so(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter", "slash", "=zeppelin", "enter")
        assert "no run is like zeppelin" in "\n".join(await settled(pilot))


async def test_nothing_to_fold_by_is_a_sentence(world: Any, settled: Any, mlflow: Any, make_run: Any) -> None:
    world.cache.declare([mlflow])
    world.write(make_run(1, params={}, tags={}))
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "neither params nor tags nor parents" in (await press(pilot, settled, "f"))[-2]


async def test_a_word_that_runs_do_not_fold_by_is_refused(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "colon", "=fold val_auc", "enter")
        assert "runs fold by params, tags and parent" in lines[-2]
