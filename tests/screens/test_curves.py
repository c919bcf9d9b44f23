"""All curves of a run as a grid, and one of them on the whole screen."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from textual.pilot import Pilot

from quarterdeck.app.records import Batch, Metric, Series
from quarterdeck.screens.curve import CurveScreen
from quarterdeck.screens.curves import TALLEST, CurvesScreen

RUN_0 = f"{0:032x}"


def series(key: str, number: int = 20) -> Series:
    steps = array("q", range(number))
    return Series(RUN_0, key, steps, array("q", [1_000 * s for s in steps]), array("d", [s / 7 for s in steps]))


def fill(world: Any, make_run: Any, names: list[str], known: list[str]) -> None:
    world.fill([make_run(0, metrics={name: Metric(value=1.5, step=9) for name in names})])
    world.write(batch=Batch(histories=tuple(series(name) for name in known)))


async def open_curves(pilot: Pilot[Any]) -> CurvesScreen:
    screen = CurvesScreen(pilot.app.deck, RUN_0)  # type: ignore[attr-defined]  # the app of the world
    await pilot.app.push_screen(screen)
    return screen


def asked(world: Any) -> list[str]:
    return [key for want in world.wants if want.kind == "history" for key in want.keys]


@pytest.mark.parametrize(("size", "shape"), [((80, 24), (2, 2)), ((120, 40), (3, 4)), ((200, 60), (5, 6))])
async def test_there_are_as_many_charts_as_fit(
    world: Any, settled: Any, picture: Any, make_run: Any, size: Any, shape: Any
) -> None:
    names = [f"m{index:02}" for index in range(40)]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=size) as pilot:
        screen = await open_curves(pilot)
        lines = await settled(pilot)
        picture(app)
        across, down = shape
        assert len(screen.charts) == across * down
        assert f"1 to {across * down} of 40" in lines[1]
        assert min(chart.size.height for chart in screen.charts) >= 8
        assert min(chart.size.width for chart in screen.charts) >= 37
        whole = "\n".join(lines)
        assert all(name in whole for name in names[: across * down])
        assert names[across * down] not in whole


@pytest.mark.parametrize("size", [(30, 10), (60, 20), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 10, 13])
async def test_charts_share_the_room_out(world: Any, settled: Any, make_run: Any, size: Any, number: int) -> None:
    names = [f"m{index:02}" for index in range(number)]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=size) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        used = [chart for chart in screen.charts if chart.curves]
        tallest = 60 if len(used) == 1 else TALLEST
        assert all(min(8, size[1] - 5) <= chart.size.height <= tallest for chart in used)
        assert all(chart.size.width >= min(38, size[0] - 2) for chart in used)
        if len(used) == number:
            filled = sum((chart.size.width + 2) * (chart.size.height + 1) for chart in used)
            assert filled > 0.6 * size[0] * (size[1] - 4)


async def test_one_curve_fills_the_screen_and_a_long_name_is_whole(world: Any, settled: Any, make_run: Any) -> None:
    name = "evaluation/holdout/area_under_the_precision_recall_curve"
    fill(world, make_run, [name], [name])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_curves(pilot)
        lines = await settled(pilot)
        assert [chart.size for chart in screen.charts] == [(78, 19)]
        assert f"▸ {name} 2.714" in "\n".join(lines)


async def test_what_a_filter_leaves_has_all_the_room_and_gives_it_back(world: Any, settled: Any, make_run: Any) -> None:
    names = [f"m{index:02}" for index in range(40)]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        await pilot.press("x", "slash", *"m07")
        await settled(pilot)
        assert [chart.size for chart in screen.charts] == [(118, 35)]
        await pilot.press("escape")
        await settled(pilot)
        assert len(screen.charts) == 12
        assert {chart.axis for chart in screen.charts} == {"time"}
        await pilot.resize_terminal(200, 60)
        await settled(pilot)
        assert len(screen.charts) == 30
        assert {chart.axis for chart in screen.charts} == {"time"}


async def test_of_two_thousand_metrics_only_those_in_sight_are_read_and_asked_for(
    world: Any, settled: Any, make_run: Any
) -> None:
    names = [f"m{index:04}" for index in range(2_000)]
    fill(world, make_run, names, [])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        assert sorted(asked(world)) == names[:4]
        assert len(screen.charts) == 4
        await pilot.press("pagedown")
        await settled(pilot)
        assert sorted(asked(world)) == names[:8]
        await pilot.press("G")
        lines = await settled(pilot)
        assert "1 997 to 2 000 of 2 000" in lines[1]
        assert len(asked(world)) == 12


async def test_what_was_asked_for_arrives_by_itself(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss", "val_auc"], ["val_auc"])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_curves(pilot)
        await wait_for(pilot, "asked for …")
        assert asked(world) == ["loss"]
        world.write(batch=Batch(histories=(series("loss"),)))
        await wait_for(pilot, "loss 2.714", gone=["asked for …"])


async def test_arrows_go_from_chart_to_chart_and_over_the_edge(world: Any, settled: Any, make_run: Any) -> None:
    names = [f"m{index}" for index in range(7)]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_curves(pilot)
        seen = []
        for key in ("right", "down", "left", "down", "down", "up", "home", "end"):
            await pilot.press(key)
            lines = await settled(pilot)
            chosen = next(line.split("▸ ")[1].split()[0] for line in lines[3:-2] if "▸ " in line)
            seen.append((screen.chosen, chosen))
        assert seen == [(at, f"m{at}") for at in (1, 3, 2, 4, 6, 4, 0, 6)]


async def test_the_machines_metrics_stand_last_and_a_declared_one_first(
    world: Any, settled: Any, make_run: Any
) -> None:
    names = ["a", "system/cpu", "val_auc", "z"]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        assert screen.in_sight == ["val_auc", "a", "z", "system/cpu"]


async def test_typing_narrows_the_names(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss", "val_auc", "val_loss"], ["loss", "val_auc", "val_loss"])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_curves(pilot)
        await wait_for(pilot, "1 to 3 of 3")
        await pilot.press("slash", *"val")
        await wait_for(pilot, "1 to 2 of 2", "val_auc", "val_loss")
        await pilot.press("enter", "right", "enter")
        await wait_for(pilot, "› val_loss", "2 of 2")
        await pilot.press("escape", "escape")
        await wait_for(pilot, "1 to 3 of 3")
        await pilot.press("slash", *"zeppelin", "enter")
        await wait_for(pilot, "no metric is called “zeppelin”")


async def test_one_curve_is_one_of_one(world: Any, settled: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss"], ["loss"])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_curves(pilot)
        assert "curves   1 of 1 " in (await settled(pilot))[1]


async def test_axis_and_scale_hold_for_every_chart(world: Any, settled: Any, make_run: Any) -> None:
    fill(world, make_run, ["a", "b", "c"], ["a", "b", "c"])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        await pilot.press("x", "e", "greater_than_sign")
        await settled(pilot)
        assert {(chart.axis, chart.log_y, chart.smoothing) for chart in screen.charts} == {("time", True, 0.3)}


async def test_a_resize_makes_more_room_and_less(world: Any, settled: Any, make_run: Any) -> None:
    names = [f"m{index:02}" for index in range(40)]
    fill(world, make_run, names, names)
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_curves(pilot)
        await settled(pilot)
        for size, number in (((120, 40), 12), ((80, 24), 4), ((30, 10), 1)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            assert len(screen.charts) == number


async def test_a_run_without_metrics_says_so(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, [], [])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_curves(pilot)
        await wait_for(pilot, "this run has logged no metric")


# -- one curve


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_a_curve_alone_is_read_with_a_cursor(
    world: Any, wait_for: Any, settled: Any, picture: Any, make_run: Any, size: Any
) -> None:
    fill(world, make_run, ["loss"], ["loss"])
    app = world.app()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(CurveScreen(app.deck, RUN_0, "loss"))
        await wait_for(pilot, "20 points", "left and right read the curve")
        picture(app)
        await pilot.press("home", "right")
        await wait_for(pilot, "step 1 ", "0.1429", "after the first")
        picture(app)
        await pilot.press("escape")
        await wait_for(pilot, "left and right read the curve")
        await pilot.press("escape")
        assert not isinstance(app.screen, CurveScreen)


async def test_the_readout_of_a_smoothed_curve_says_both(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss"], ["loss"])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(CurveScreen(app.deck, RUN_0, "loss"))
        await pilot.press("end")
        await wait_for(pilot, "step 19   2.714   ", gone=["smoothed"])
        await pilot.press("greater_than_sign", "greater_than_sign")  # 0.6: debiased it lags 1.5 steps behind a rise
        await wait_for(pilot, "step 19   2.714, smoothed 2.500   ")
        await pilot.press("e")  # the mean of logarithms is a little lower, and the value below is a value still
        await wait_for(pilot, "2.714, smoothed 2.48")
        await pilot.press("less_than_sign", "less_than_sign")
        await wait_for(pilot, "step 19   2.714   ", gone=["smoothed"])


async def test_a_thinned_out_curve_is_asked_for_whole(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss"], [])
    thin = series("loss")
    world.write(batch=Batch(histories=(Series(RUN_0, "loss", thin.steps, thin.times, thin.values, "sampled"),)))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(CurveScreen(app.deck, RUN_0, "loss"))
        await wait_for(pilot, "thinned out")
        assert asked(world) == ["loss"]


async def test_a_metric_that_is_gone_says_so(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, make_run, ["loss"], [])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(CurveScreen(app.deck, RUN_0, "no\x1bmetric"))
        await wait_for(pilot, "the cache has no metric no\\u{1b}metric of this run")
