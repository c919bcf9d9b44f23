"""News of what lies under another screen: painted when it comes back, and not over what is looked at."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from textual._compositor import Compositor

from quarterdeck.app.records import Batch, Metric, Series
from quarterdeck.screens.curve import CurveScreen
from quarterdeck.screens.run import RunScreen

RUN_0 = f"{0:032x}"


def series(number: int) -> Series:
    steps = array("q", range(number))
    return Series(RUN_0, "loss", steps, array("q", [1_000 * s for s in steps]), array("d", [s / 7 for s in steps]))


def log(world: Any, make_run: Any, number: int) -> None:
    """The run, and so many points of its loss."""
    metric = Metric(value=(number - 1) / 7, step=number - 1, at=1_000 * number)
    world.write(make_run(0, status="running", ended_at=None, metrics={"loss": metric}))
    world.write(batch=Batch(histories=(series(number),)))


async def test_a_new_point_of_a_curve_does_not_paint_the_whole_screen(
    world: Any, wait_for: Any, settled: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill([make_run(0)])
    log(world, make_run, 40)
    painted: list[str] = []
    whole = Compositor.render_full_update

    def counted(compositor: Compositor, simplify: bool = False) -> Any:
        painted.append("whole")
        return whole(compositor, simplify)

    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await app.push_screen(RunScreen(app.deck, RUN_0))
        await wait_for(pilot, "loss", "39")
        await app.push_screen(CurveScreen(app.deck, RUN_0, "loss"))
        await wait_for(pilot, "@39")
        await settled(pilot)
        monkeypatch.setattr(Compositor, "render_full_update", counted)
        log(world, make_run, 41)
        await wait_for(pilot, "@40")
        await settled(pilot)
        assert painted == []
        await pilot.press("escape")
        lines = await wait_for(pilot, "5.714")
        assert painted
        assert any("loss" in line and "40" in line for line in lines)
