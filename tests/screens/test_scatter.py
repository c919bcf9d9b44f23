"""Points of a metric against a param, driven with keys on a small cache."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Metric
from quarterdeck.screens import scatter
from quarterdeck.screens.run import RunScreen
from quarterdeck.screens.runs import RunsScreen
from quarterdeck.screens.scatter import ScatterScreen

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scatter, "CHANGES_AT_MOST_EVERY", 0.001)
    monkeypatch.setattr(scatter, "REST_AFTER_A_LOOK", 0)


async def press(pilot: Any, settled: Any, *keys: str) -> list[str]:
    """Keys one after another; a text of several letters is typed."""
    lines: list[str] = []
    for key in keys:
        letters = list(key[1:]) if key.startswith("=") else [key]
        await pilot.press(*({" ": "space", ".": "full_stop"}.get(one, one) for one in letters))
        lines = await settled(pilot)
    return lines


async def opened(pilot: Any, settled: Any, words: str) -> list[str]:
    await settled(pilot)
    return await press(pilot, settled, "colon", f"=scatter {words}", "enter")


def told(lines: list[str]) -> str:
    return lines[-3]


async def test_h_asks_for_param_and_metric_those_that_matter_first(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "h")
        assert "params.depth" in next(line for line in lines if "▸" in line and "value" in line)
        lines = await press(pilot, settled, "down", "enter")
        assert "metrics.val_auc" in next(line for line in lines if "▸" in line and "metrics" in line)
        lines = await press(pilot, settled, "enter")
        assert isinstance(app.screen, ScatterScreen)
        assert "val_auc against lr   57 runs" in lines[1]


async def test_h_lists_what_varies_and_the_rest_when_it_is_typed_for(world: Any, settled: Any, make_run: Any) -> None:
    same = {f"same{n:03}": "1" for n in range(200)}
    app = world.fill([make_run(n, params={"lr": str(n), "depth": str(n % 2)} | same, tags={}) for n in range(4)]).app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "h")
        assert "points: which param 200 more when typed for" in "\n".join(lines)
        assert len([line for line in lines if "params." in line and " values" in line]) == 2
        assert "one value" not in "\n".join(lines)
        lines = await press(pilot, settled, "=same17")
        assert "params.same170" in "\n".join(lines)
        assert "when typed for" not in "\n".join(lines)


async def test_h_lists_all_where_nothing_varies(world: Any, settled: Any, make_run: Any) -> None:
    app = world.fill([make_run(0, params={"lr": "1"}, tags={})]).app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = await press(pilot, settled, "h")
        assert "params.lr" in "\n".join(lines)


async def test_the_cursor_begins_at_the_best_run_and_tells_of_it(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await opened(pilot, settled, "depth val_auc")
        assert "val_auc 0.9412   place 1 of 57" in told(lines)
        assert app.screen.run_here().name in told(lines)
        assert any("★" in line for line in lines)


async def test_runs_without_a_figure_are_counted_in_words(world: Any, settled: Any, make_run: Any) -> None:
    infinite = make_run(80, metrics={"val_auc": Metric(value=float("-inf"))})
    app = world.fill().app()
    world.write(infinite, make_run(81, params={}))
    async with app.run_test(size=SIZE) as pilot:
        head = (await opened(pilot, settled, "lr val_auc"))[3]
        assert "1 NaN" in head
        assert "1 infinite" in head
        assert "1 without lr" in head


async def test_left_and_right_go_by_the_param_up_and_down_by_the_metric(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        plot = app.screen.scatter
        xs, ys = plot._cloud.xs, plot._cloud.ys
        await press(pilot, settled, "home")
        seen = [plot.cursor]
        for _ in range(len(xs) - 1):
            await pilot.press("right")
            seen.append(plot.cursor)
        assert [xs[point] for point in seen] == sorted(xs)
        await press(pilot, settled, "G")
        seen = [plot.cursor]
        for _ in range(len(ys) - 1):
            await pilot.press("up")
            seen.append(plot.cursor)
        assert [ys[point] for point in seen] == sorted(ys)


async def test_enter_opens_the_run_under_the_cursor_and_escape_comes_back(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        here = app.screen.run_here().id
        await press(pilot, settled, "enter")
        assert isinstance(app.screen, RunScreen)
        assert app.screen.run_id == here
        await press(pilot, settled, "escape")
        assert isinstance(app.screen, ScatterScreen)
        await press(pilot, settled, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_space_marks_runs_and_acts_take_the_marked(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        here = app.screen.run_here()
        lines = await press(pilot, settled, "space", "down", "space")
        assert "2 marked" in lines[1]
        assert here in app.screen.chosen_runs()
        assert len(app.screen.chosen_runs()) == 2
        await press(pilot, settled, "space")
        assert app.screen.chosen_runs() == [here]


async def test_the_baseline_has_a_sign_of_its_own(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        lines = await press(pilot, settled, "down", "b")
        assert "◆ baseline" in lines[3]
        assert "baseline" in told(lines)


async def test_a_log_axis_is_proposed_where_values_span_far_and_x_turns_it(
    world: Any, settled: Any, make_run: Any
) -> None:
    app = world.fill([make_run(i, params={"lr": f"1e-{i}", "depth": str(i + 1)}) for i in range(5)]).app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await opened(pilot, settled, "lr val_auc")
        assert "log x" in lines[3]
        lines = await press(pilot, settled, "x")
        assert "log x" not in lines[3]
        lines = await press(pilot, settled, "e")
        assert "log y" in lines[3]
        await press(pilot, settled, "escape")
        assert "log x" not in (await opened(pilot, settled, "depth val_auc"))[3]


async def test_words_stand_side_by_side_with_their_names(world: Any, settled: Any, make_run: Any) -> None:
    kinds = ("xgb", "mlp", "linear")
    app = world.fill([make_run(i, params={"model": kinds[i % 3]}) for i in range(12)]).app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await opened(pilot, settled, "model val_auc")
        axis = next(line for line in lines if "xgb" in line)
        assert axis.split() == ["linear", "mlp", "xgb"]
        assert "is no number" in (await press(pilot, settled, "x"))[-2]


async def test_nothing_to_plot_says_what_to_do(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "slash", "=status:scheduled", "enter")
        said = "\n".join(await opened(pilot, settled, "lr val_auc"))
        assert "no run has both params.lr and a figure for val_auc" in said
        assert "Esc goes back, where / changes the filter" in said


async def test_a_new_run_appears_among_the_points(world: Any, settled: Any, wait_for: Any, make_run: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        await press(pilot, settled, "down")
        here = app.screen.run_here()
        world.write(make_run(200))
        await wait_for(pilot, "58 runs")
        assert app.screen.run_here() == here


async def test_words_that_make_no_picture_are_refused(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        assert "say a param or a tag first" in (await opened(pilot, settled, "val_auc lr"))[-2]


async def test_minima_and_maxima_are_no_points(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await opened(pilot, settled, "lr metrics.val_auc.max")
        assert "points show the last value of a metric" in lines[-2]


async def test_groups_lead_to_points_by_their_key(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, settled, "f", "=params.lr", "enter", "h", "enter", "enter")
        assert isinstance(app.screen, ScatterScreen)
        assert app.screen._param.name == "lr"
        assert app.screen._metric.name == "val_auc"


async def test_a_move_of_the_cursor_sends_few_cells(world: Any, settled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, settled, "depth val_auc")
        plot = app.screen.scatter
        sent: list[Any] = []
        whole = type(plot).refresh

        def noted(self: Any, *regions: Any, **options: Any) -> Any:
            sent.extend(regions or ["all"])
            return whole(self, *regions, **options)

        monkeypatch.setattr(type(plot), "refresh", noted)
        await pilot.press("left")
        assert 0 < len(sent) <= 6
        assert all(region.area == 1 for region in sent)
