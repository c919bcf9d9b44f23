"""The baseline of an experiment, and the column of differences to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from quarterdeck.app.records import Dataset, Extreme, Metric, Run
from quarterdeck.screens.baseline import KEY, difference_cell, has_unlike, kept_under, lead_words, with_difference
from quarterdeck.screens.run_columns import RunRow, column

AUC = "metrics.val_auc"


def a_row(value: float | None, *, id: str = "a", data: str = "77ab", base: RunRow | None = None) -> RunRow:
    metrics = {} if value is None else {"val_auc": Metric(value=value)}
    datasets = (Dataset(name="orders", digest=data, context="training"),)
    run = Run(
        source="m", id=id, experiment_id="1", name=id, status="finished", metrics=metrics, datasets=datasets
    )  # fmt: skip
    return RunRow(run=run, base=base)


BASE = a_row(0.9381, id="base")


@pytest.mark.parametrize(
    ("row", "greater", "cell"),
    [
        (a_row(0.9412, base=BASE), True, ("+0.0031", "good")),
        (a_row(0.9102, base=BASE), True, ("−0.0279", "text")),
        (a_row(0.9102, base=BASE), False, ("−0.0279", "good")),
        (a_row(0.9412, base=BASE), None, ("+0.0031", "text")),
        (a_row(0.9381, base=BASE), True, ("0", "text")),
        (a_row(0.9381, id="base", base=BASE), True, ("base", "text")),
        (a_row(0.9412, data="51c2", base=BASE), True, ("≠data +0.0031", "dim")),
        (a_row(None, base=BASE), True, ("", "dim")),
        (a_row(math.nan, base=BASE), True, ("–", "text")),
        (a_row(0.9412), True, ("", "text")),
    ],
    ids=[
        "better",
        "worse",
        "less is better",
        "no direction",
        "equal",
        "itself",
        "unlike data",
        "absent",
        "NaN",
        "none",
    ],
)
def test_the_cell_of_the_difference(row: RunRow, greater: bool | None, cell: tuple[str, str]) -> None:
    assert difference_cell(AUC, greater, wide=True)(row) == cell


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (0.9412, 0.9381, "+0.0031"),
        (0.94120001, 0.9412, "+1.0e-08"),
        (1234.5, 1234.0, "+5.0e-01"),
        (120.0, 100.0, "+20"),
        (2.0e-05, 1.0e-05, "+1.0e-05"),
        (9_999_999.0, 1.0, "+9999998"),
        (-1e300, 1e300, "−2.0e+300"),
        (math.inf, 1.0, "+inf"),
        (1.0, math.inf, "-inf"),
        (math.inf, math.inf, "–"),
        (1.0, math.nan, "–"),
    ],
)
def test_a_difference_is_as_exact_as_the_figures_beside_it(mine: float, theirs: float, said: str) -> None:
    assert lead_words(mine, theirs) == said


def test_a_narrow_cell_says_that_the_data_is_unlike_instead_of_the_difference() -> None:
    assert difference_cell(AUC, True, wide=False)(a_row(0.9412, data="51c2", base=BASE)) == ("≠data", "dim")


def with_extremes(row: RunRow, **extremes: Extreme) -> RunRow:
    found: Mapping[str, Extreme] = extremes
    return RunRow(run=row.run, base=row.base, extremes=found)


def test_the_difference_of_a_maximum_is_between_maxima_and_waits_for_them() -> None:
    base = with_extremes(BASE, val_auc=Extreme(min=0.5, max=0.95, history="complete"))
    cell = difference_cell(f"{AUC}.max", True, wide=True)
    row = with_extremes(a_row(0.9, base=base), val_auc=Extreme(min=0.5, max=0.97, history="complete"))
    assert cell(row) == ("+0.0200", "good")
    assert cell(a_row(0.9, base=base)) == ("…", "dim")


@pytest.mark.parametrize(
    ("sort", "better", "after"),
    [
        ("metrics.loss", {"val_auc": True}, "metrics.loss"),
        ("started_at", {"val_auc": True}, AUC),
        ("started_at", {"absent": True, "val_auc": True}, AUC),
        ("started_at", {}, "metrics.loss"),
        ("metrics.hidden", {"val_auc": True}, AUC),
    ],
)
def test_it_stands_right_of_the_metric_sorted_by_else_of_the_first_declared(
    sort: str, better: Mapping[str, bool], after: str
) -> None:
    columns = [made for key in ("name", "metrics.loss", AUC, "user") if (made := column(key))]
    keys = [made.key for made in with_difference(columns, sort, better, wide=True)]
    assert keys.index(KEY) == keys.index(after) + 1
    assert len(keys) == 5


def test_without_a_metric_there_is_no_difference() -> None:
    columns = [made for key in ("name", "user") if (made := column(key))]
    assert with_difference(columns, "name", {}, wide=True) == columns


def test_unlike_data_is_seen_in_a_sample() -> None:
    assert has_unlike([a_row(1, data="51c2").run], BASE)
    assert not has_unlike([a_row(1).run], BASE)
    assert not has_unlike([a_row(1, data="51c2").run], None)


# -- on the screen


def title_of(lines: list[str]) -> str:
    return next(line for line in lines if "status" in line and "age" in line)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_b_makes_a_baseline_and_takes_it_away(world: Any, settled: Any, size: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        lines = await settled(pilot)
        assert "Δ base" not in title_of(lines)
        await pilot.press("j", "b")
        lines = await settled(pilot)
        assert "calm-ox-213 is the baseline of churn-train now" in lines[-2]
        title = title_of(lines)
        assert title.index("val_auc") < title.index("Δ base")
        at = title.index("Δ base") + len("Δ base")
        line = next(line for line in lines if "calm-ox-213" in line and "▸" in line)
        assert line[:at].endswith("base")
        assert "+0.0124" in next(line for line in lines if "proud-cod-207" in line)
        assert "≠data" in next(line for line in lines if "brave-cod-214" in line and "running" in line)
        assert world.tables.get_table(kept_under("churn-train")) == {"run": f"{1:032x}"}
        await pilot.press("b")
        lines = await settled(pilot)
        assert "calm-ox-213 is the baseline no more" in lines[-2]
        assert "Δ base" not in title_of(lines)


async def test_the_baseline_is_named_and_belongs_to_its_experiment(world: Any, settled: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j", "b")
        assert "base calm-ox-213" in (await settled(pilot))[1]
        await pilot.press("right_square_bracket")
        lines = await wait_for(pilot, "uplift")
        assert "Δ base" not in title_of(await settled(pilot))
        await pilot.press("left_square_bracket")
        await wait_for(pilot, "base calm-ox-213", "Δ base")
    again = world.app()
    async with again.run_test(size=(120, 40)) as pilot:
        lines = await settled(pilot)
        assert "base calm-ox-213" in lines[1]


async def test_the_difference_follows_the_sort(world: Any, settled: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("b", "colon", *"sort", "space", *"loss", "enter")
        title = title_of(await wait_for(pilot, "by loss"))
        assert title.index("loss") < title.index("Δ base")
        assert title.index("val_auc") < title.index("loss ↓")


async def test_b_on_the_page_of_a_run_is_seen_in_the_list(world: Any, settled: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await wait_for(pilot, "›")
        await pilot.press("b")
        lines = await wait_for(pilot, "brave-cod-214 is the baseline of churn-train")
        assert "baseline" in lines[1]
        await pilot.press("escape")
        await wait_for(pilot, "base brave-cod-214", "Δ base")


async def test_rows_that_did_not_change_are_not_drawn_again(
    world: Any, settled: Any, wait_for: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j", "b")
        await settled(pilot)
        drawn: list[Any] = []
        refresh = app.screen.table.refresh

        def counted(*regions: Any) -> None:
            drawn.extend(regions or [None])
            refresh(*regions)

        monkeypatch.setattr(app.screen.table, "refresh", counted)
        changed = {"val_auc": Metric(value=0.9555, step=201), "loss": Metric(value=0.2, step=201)}
        world.write(make_run(0, status="running", ended_at=None, metrics=changed))
        await wait_for(pilot, "0.9555")
        assert [region.y for region in drawn] == [1]
