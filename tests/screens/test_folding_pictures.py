"""Pictures of groups and of points: a sweep over learning rates and depths, in each size and theme."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Metric, Run

SIZES = [
    pytest.param((80, 24), id="80x24"),
    pytest.param((120, 40), id="120x40"),
    pytest.param((200, 60), id="200x60"),
]
RATES = ("0.3", "0.1", "0.03", "0.01", "0.003", "0.001")

Shot = Callable[..., bool]


def a_sweep(make_run: Any, seeds: int = 4) -> list[Run]:
    """Runs over six rates, three depths and some seeds, with some that failed, run or gave no number."""
    made, number = [], 0
    for rate in RATES:
        for depth in (4, 6, 8):
            for seed in range(seeds):
                noise = math.sin(number * 12.9898) * 0.01
                auc = 0.93 - 0.03 * (math.log10(float(rate)) + 1.7) ** 2 - 0.002 * abs(depth - 6) + noise
                status = "failed" if number % 13 == 5 else "running" if number == 0 else "finished"
                made.append(
                    make_run(
                        number,
                        status=status,
                        params={"lr": rate, "depth": str(depth), "seed": str(seed), "model": ("xgb", "mlp")[depth > 6]},
                        metrics={
                            "val_auc": Metric(value=math.nan if number % 29 == 7 else auc),
                            "loss": Metric(value=0.5 - auc / 3),
                        },
                    )
                )
                number += 1
    return made


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Press keys, each when the one before is answered, and compare the picture with the one that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], *keys: str) -> bool:
        async def before(pilot: Any) -> None:
            await settled(pilot)
            for key in keys:
                await pilot.press(*({" ": "space"}.get(one, one) for one in (key[1:] if key[0] == "=" else [key])))
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_groups(world: Any, shot: Shot, make_run: Any, size: tuple[int, int], theme: str) -> None:
    app = world.fill(a_sweep(make_run)).app(theme)
    assert shot(app, size, "colon", "=fold lr depth", "enter", "j", "j")


@pytest.mark.parametrize("size", SIZES[:2])
def test_what_to_fold_by(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    assert shot(world.fill(a_sweep(make_run)).app(), size, "f", "down", "space")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_points(world: Any, shot: Shot, make_run: Any, size: tuple[int, int], theme: str) -> None:
    app = world.fill(a_sweep(make_run)).app(theme)
    assert shot(app, size, "colon", "=scatter lr val_auc", "enter", "down", "b", "down", "space", "left")


@pytest.mark.parametrize("size", SIZES[:2])
def test_points_over_words(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    assert shot(world.fill(a_sweep(make_run)).app(), size, "colon", "=scatter model val_auc", "enter")


@pytest.mark.parametrize("size", SIZES[:2])
def test_many_points(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    runs = [
        run if number % 40 else make_run(number, status="failed", params=run.params, metrics=run.metrics)
        for number, run in enumerate(a_sweep(make_run, seeds=60))
    ]
    assert shot(world.fill(runs).app(), size, "colon", "=scatter lr val_auc", "enter", "down")


def test_no_points(world: Any, shot: Shot, make_run: Any) -> None:
    app = world.fill(a_sweep(make_run)).app()
    assert shot(app, (80, 24), "slash", "=status:killed", "enter", "colon", "=scatter lr val_auc", "enter")
