"""The Runs screen, driven with keys on a small cache whose clock stands still."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from quarterdeck.screens.run import RunScreen
from quarterdeck.screens.runs import RunsScreen


def rows(lines: list[str]) -> list[str]:
    """The names on the screen, from the top: the lines between title and lower rule."""
    body = [line for line in lines[4:-2] if line.strip()]
    return [line[4:].split("  ")[0].strip(" └") for line in body]


def name_here(lines: list[str]) -> str:
    return next(line for line in lines if "▸" in line).split("▸", 1)[1].lstrip(" *").split("  ")[0].lstrip("└ ")


async def type_text(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*({" ": "space"}.get(sign, sign) for sign in text))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_first_screen_shows_the_newest_runs(world: Any, settled: Any, picture: Any, size: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        lines = await settled(pilot)
        assert picture(app) == lines
        assert "churn-train" in lines[1]
        assert "60 runs" in lines[1]
        assert "mlflow ● now" in lines[1]
        assert rows(lines)[:3] == ["brave-cod-214", "calm-ox-213", "plain-fox-212"]
        assert name_here(lines) == "brave-cod-214"


async def test_a_metric_that_never_was_a_number_says_so(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        line = next(line for line in await settled(pilot) if "shy-yak-202" in line)
        assert "NaN" in line
        assert "+inf" in line


async def test_the_metric_with_a_declared_direction_comes_first(world: Any, settled: Any) -> None:
    app = world.fill().app(better={"loss": False})
    async with app.run_test(size=(120, 40)) as pilot:
        title = (await settled(pilot))[3]
        assert title.index("loss") < title.index("val_auc")


async def test_params_that_are_the_same_everywhere_are_no_column(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        title = (await settled(pilot))[3]
        assert "depth" in title
        assert "seed" not in title


# -- filter


async def test_a_filter_follows_the_typing_and_counts(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "status:failed")
        lines = await wait_for(pilot, "9 of 60")
        assert all("✖ failed" in line for line in lines[4:12])
        await pilot.press("enter")
        lines = await wait_for(pilot, "status:failed", "? all")
        assert "status:failed" in lines[1]


async def test_a_filter_of_metrics_and_words_of_the_grammar(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "metrics.val_auc > 0.94 and user = 'ann'")
        await pilot.press("enter")
        lines = await wait_for(pilot, "of 60")
        shown = [line for line in lines[4:-2] if line.strip()]
        assert shown
        assert all("0.94" in line and "ann" in line for line in shown)


async def test_half_a_name_of_the_grammar_does_not_empty_the_table(world: Any, settled: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "metrics.va")
        lines = await settled(pilot)
        assert len(rows(lines)) > 20


async def test_a_mistake_is_said_with_its_column_and_what_is_shown_stays(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "status:failed )")
        lines = await wait_for(pilot, "▲ at 15:")
        assert "9 of 60" in lines[1]
        await pilot.press("enter")
        lines = await wait_for(pilot, "▲ at 15:")
        assert app.screen.prompt.display  # a filter that cannot be read is not taken


async def test_a_filter_that_is_not_finished_is_no_mistake_yet(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "user = 'ann' and ")
        lines = await wait_for(pilot, " … ")
        assert "▲" not in "\n".join(lines[-2:])


async def test_escape_brings_back_what_was_there(world: Any, settled: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "brave")
        await wait_for(pilot, "of 60")
        await pilot.press("escape")
        lines = await wait_for(pilot, "60 runs", "? all")
        assert rows(lines)[1] == "calm-ox-213"


async def test_escape_takes_the_filter_then_the_marks_and_never_the_program(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("space")
        await pilot.press("slash")
        await type_text(pilot, "brave")
        await pilot.press("enter")
        await wait_for(pilot, "of 60", "1 marked")
        await pilot.press("escape")
        await wait_for(pilot, "60 runs", "1 marked")
        await pilot.press("escape")
        await wait_for(pilot, "60 runs", gone=["marked"])
        await pilot.press("escape", "escape", "backspace")
        await wait_for(pilot, "60 runs")
        assert app.is_running


async def test_a_filter_without_a_match_says_so_and_what_to_do(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("slash")
        await type_text(pilot, "zeppelin")
        await pilot.press("enter")
        lines = await wait_for(pilot, "no run is like zeppelin", "Esc takes the filter away")
        assert "0 of 60" in lines[1]
        await pilot.press("enter")
        await wait_for(pilot, "nothing here to open")


# -- sort, columns, views


async def test_a_sort_by_a_metric_begins_with_the_largest(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("s")
        await wait_for(pilot, "sort by")
        await type_text(pilot, "val_auc")
        await pilot.press("enter")
        lines = await wait_for(pilot, "val_auc ↓", "by val_auc ↓", gone=["sort by"])
        values = [float(line[4:].split()[-6]) for line in lines[4:12] if len(line.split()) > 9]
        assert values == sorted(values, reverse=True)
        assert "0.9412" in lines[4]
        await pilot.press("S")
        await wait_for(pilot, "val_auc ↑")


async def test_runs_without_the_value_come_last_either_way(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 70)) as pilot:
        await wait_for(pilot, "60 runs")
        for direction in ("desc", "asc"):
            app.screen.sort_by("metrics.val_auc", direction == "desc")
            lines = await settled(pilot)
            last = rows(lines)[-3:]
            assert set(last) == {"bold-bee-201", "proud-ox-199", "shy-yak-202"}, direction


async def test_chosen_columns_come_in_the_order_of_ticking_and_are_kept(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("c")
        await wait_for(pilot, "Space ticks")
        await type_text(pilot, "seed")
        await pilot.press("space", "enter")
        lines = await wait_for(pilot, "seed", gone=["Space ticks"])
        assert "seed" in lines[3]
    again = world.app()
    async with again.run_test(size=(120, 40)) as pilot:
        lines = await wait_for(pilot, "60 runs")
        assert "seed" in lines[3]


async def test_a_view_keeps_filter_sort_and_experiment(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("v")
        await wait_for(pilot, "no view is saved yet")
        await pilot.press("slash")
        await type_text(pilot, "status:failed")
        await pilot.press("enter")
        await wait_for(pilot, "9 of 60", "? all")
        await pilot.press("colon")
        await type_text(pilot, "view save broken")
        await pilot.press("enter")
        await wait_for(pilot, "kept as view broken")
        await pilot.press("escape")
        await wait_for(pilot, "60 runs")
        await pilot.press("right_square_bracket")
        await wait_for(pilot, "uplift", "3 runs")
        await pilot.press("v")
        await wait_for(pilot, "broken", "status:failed")
        await pilot.press("enter")
        await wait_for(pilot, "churn-train", "9 of 60")


# -- experiments, tree, marks


async def test_another_experiment_is_two_keys_away(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("e")
        await wait_for(pilot, "uplift", "3 runs", "all experiments", "63 runs")
        await type_text(pilot, "upl")
        await pilot.press("enter")
        lines = await wait_for(pilot, "probe-0", gone=["Esc leaves"])
        assert rows(lines) == ["probe-0", "probe-1", "probe-2"]


async def test_one_run_of_an_experiment_is_one_run(world: Any, make_run: Any, wait_for: Any) -> None:
    app = world.fill([make_run(0)]).app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await pilot.press("e")
        lines = await wait_for(pilot, "Esc leaves", "4 runs")
        assert "1 run  mlflow" in next(line for line in lines if "▸" in line and "mlflow" in line)


async def test_all_experiments_are_shown_together(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("e", "down", "down", "enter")
        await wait_for(pilot, "all experiments", "63 runs", "probe-0", gone=["Esc leaves"])


async def test_a_tree_sets_children_below_their_parent_also_in_a_filter(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("t")
        lines = await wait_for(pilot, "└ shy-owl-210")
        at = next(y for y, line in enumerate(lines) if "calm-fox-205" in line)
        assert ["└" in line for line in lines[at : at + 5]] == [False, True, True, True, False]
        await pilot.press("slash")
        await type_text(pilot, "name = 'shy-owl-210'")
        await pilot.press("enter")
        lines = await wait_for(pilot, "1 of 60", "? all")
        assert rows(lines) == ["calm-fox-205", "shy-owl-210"]  # the parent of a match stays


async def test_marks_are_counted_and_stay_with_their_runs(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("space", "space")
        await wait_for(pilot, "2 marked")
        await pilot.press("S")
        await wait_for(pilot, "age ↑")
        await pilot.press("S")
        lines = await wait_for(pilot, "age ↓", "brave-cod-214")
        assert sum("* " in line[:5] for line in lines[4:-2]) == 2


# -- opening


@pytest.mark.parametrize("back", ["escape", "q", "backspace"])
async def test_enter_opens_the_run_and_three_keys_come_back(world: Any, wait_for: Any, back: str) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("j", "enter")
        await wait_for(pilot, "churn-train › calm-ox-213")
        assert isinstance(app.screen, RunScreen)
        await pilot.press(back)
        lines = await wait_for(pilot, "60 runs")
        assert isinstance(app.screen, RunsScreen)
        assert name_here(lines) == "calm-ox-213"


async def test_q_at_the_root_ends_with_status_0(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 0


async def test_the_pane_beside_the_table_follows_the_cursor(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(200, 60)) as pilot:
        await wait_for(pilot, "60 runs", "brave-cod-214  ▶ running")
        await pilot.press("j", "j")
        await wait_for(pilot, "plain-fox-212  ✖ failed")
        await pilot.resize_terminal(120, 40)
        await wait_for(pilot, "60 runs", gone=["plain-fox-212  ✖ failed"])


# -- news


async def test_a_new_run_appears_and_the_cursor_stays_on_its_row(world: Any, wait_for: Any, make_run: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("j", "j")
        world.write(make_run(0, id="f" * 32, name="newcomer", started_at=world.now))
        lines = await wait_for(pilot, "newcomer", "61 runs")
        assert name_here(lines) == "plain-fox-212"


async def test_new_metrics_of_a_run_are_shown(world: Any, wait_for: Any, make_run: Any) -> None:
    from quarterdeck.app.records import Metric

    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        world.write(make_run(1, metrics={"val_auc": Metric(value=0.7777, step=300)}))
        await wait_for(pilot, "0.7777")


async def test_a_rename_of_an_experiment_is_seen(world: Any, wait_for: Any, experiment: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        world.write(experiments=[experiment(name="churn-reborn")])
        await wait_for(pilot, "churn-reborn")


async def test_the_first_runs_of_all_come_into_an_empty_screen(
    world: Any, wait_for: Any, make_run: Any, state_of: Any, mlflow: Any
) -> None:
    world.cache.declare([mlflow])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "reading the runs for the first time")
        world.write(*[make_run(index) for index in range(5)])
        world.states(state_of(mlflow, "never", last_ok_at=None, done=5, total=60))
        lines = await wait_for(pilot, "5 runs", "mlflow ▶ 5 of 60", "val_auc")
        assert rows(lines)[0] == "brave-cod-214"


async def test_ages_go_on_while_nobody_presses_a_key(
    world: Any, wait_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quarterdeck.app import main

    monkeypatch.setattr(main, "TIME_PASSES", 0.25)
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "mlflow ● now", " 10 m ")
        world.now += 60 * 60_000
        await wait_for(pilot, "mlflow ▲ stale 1 h", "  1 h ")


# -- commands


async def test_an_unknown_command_names_the_nearest(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("colon")
        await type_text(pilot, "experimnet x")
        await pilot.press("enter")
        await wait_for(pilot, "there is no command :experimnet; did you mean :experiment?")


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("experiment upl", "probe-0"),
        ("sort metrics.loss:asc", "loss ↑"),
        ("sort nonsense", "there is no column nonsense to sort by"),
        ("filter status:failed", "9 of 60"),
        ("run/" + "0" * 32, "churn-train › brave-cod-214"),
        ("run/nobody", "the cache has no run nobody"),
        ("experiment/2", "probe-0"),
        ("experiment/abc", "the cache has no such experiment; e on Runs lists them"),
        ("sources", "2 of 2 well"),
        ("refresh", "asked the syncer for a pass"),
        ("view nothing", "there is no view nothing"),
        ("theme nothing", "there is no theme nothing; there are dark, light"),
        ("experiment nothing", "0 experiments are called nothing"),
        ("model/", "names nothing"),
    ],
)
async def test_commands(world: Any, wait_for: Any, command: str, shows: str) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("colon")
        await type_text(pilot, command)
        await pilot.press("enter")
        await wait_for(pilot, shows)


async def test_refresh_asks_for_a_pass(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("r")
        await wait_for(pilot, "asked the syncer for a pass")
        assert world.passes == ["pass"]


async def test_help_lists_the_keys_and_runs_what_is_chosen(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("question_mark")
        await wait_for(pilot, "keys", "Filter in the grammar, live")
        await type_text(pilot, "children below")
        await pilot.press("enter")
        await wait_for(pilot, "└ shy-owl-210")


async def test_a_theme_changes_every_colour_at_once(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs")
        await pilot.press("colon")
        await type_text(pilot, "theme light")
        await pilot.press("enter")
        await settled(pilot)
        for strip in app.screen._compositor.render_strips():
            backgrounds = {part.style.bgcolor.name for part in strip if part.style and part.style.bgcolor}
            assert backgrounds <= {"#ffffff", "#dadada"}, "".join(part.text for part in strip)


async def test_a_text_pasted_outside_a_field_is_dropped(world: Any, settled: Any) -> None:
    from textual.events import Paste

    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        before = await settled(pilot)
        app.post_message(Paste("qqq:quit\n"))
        assert await settled(pilot) == before


# -- what is on the screen is asked for


async def test_minimum_and_maximum_are_asked_for_what_is_on_the_screen(world: Any, settled: Any) -> None:
    world.fill()
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert world.wants == []
        screen = app.screen
        screen.keys = ["name", "metrics.val_auc.max"]
        screen.set_columns()
        screen.reload(keep=True)
        lines = await settled(pilot)
        assert "0.9412" in lines[4]  # its history is known
        assert "…" in lines[5]
        while not world.wants:
            await pilot.pause(0.01)
        want = world.wants[-1]
        assert (want.kind, want.keys) == ("extremes", ("val_auc",))
        assert f"{0:032x}" not in want.run_ids  # known already
        assert f"{1:032x}" in want.run_ids
        assert len(want.run_ids) < 20
