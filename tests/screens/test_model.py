"""The versions of a model."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.store.models import ModelReads
from quarterdeck.screens.model import ModelScreen
from quarterdeck.screens.models import ModelsScreen
from quarterdeck.screens.run import RunScreen
from quarterdeck.screens.version import VersionScreen

from .registries import SIZE, churn, row_of, type_text, write


async def test_enter_leads_to_the_versions_to_one_of_them_to_its_run_and_back(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        await wait_for(pilot, "model churn   16 versions", "▸  v16")
        assert isinstance(app.screen, ModelScreen)
        await pilot.press("j", "enter")
        await wait_for(pilot, "churn › v15")
        assert isinstance(app.screen, VersionScreen)
        app.screen.outline.go_to(("run", f"{2:032x}"))
        await pilot.press("enter")
        await wait_for(pilot, "churn-train › plain-fox-212")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("escape", "escape")
        await wait_for(pilot, "▸  v15")
        await pilot.press("escape")
        await wait_for(pilot, "models   3")
        assert isinstance(app.screen, ModelsScreen)


async def test_a_row_tells_a_version_by_what_decides_and_how_far_it_is_from_the_champion(
    registry: Any, settled: Any
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        lines = await settled(pilot)
        title = row_of(lines, "version ↓")
        assert title.split() == [
            "version", "↓", "aliases", "status", "ci", "age", "val_auc", "↑", "Δ", "v14", "user", "run", "data",
            "commit",
        ]  # fmt: skip
        assert row_of(lines, "    v15  ").split()[:8] == [
            "v15", "challenger", "●", "ready", "✖", "14", "h", "0.9402"
        ]  # fmt: skip
        assert "+0.0455 better" in row_of(lines, "    v15 ")
        assert "base" in row_of(lines, "    v14 ")
        assert "−0.0031 worse" in row_of(lines, "    v7 ")
        assert "○ pending" in row_of(lines, "▸  v16")
        assert "✖ failed" in row_of(lines, "    v9 ")


async def test_its_aliases_over_time_stand_on_top(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        lines = await settled(pilot)
        assert lines[3] == " Who leaves in the next 90 days."
        assert lines[4].startswith(" val_auc ↑ ▃▇×▆▁▃▅█▂▅▇▁█ last 0.9402")
        assert lines[5].startswith(" champion ")
        assert lines[6].startswith(" challenger ")
        assert lines[8].split() == ["5", "mar", "03:07", "now"]


async def test_five_thousand_versions_are_read_by_windows(
    registry: Any, settled: Any, wait_for: Any, make_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(registry, versions=tuple(make_version(number, run_id=None) for number in range(17, 5017)))
    read: list[int] = []
    whole = ModelReads.versions

    def counted(self: ModelReads, rowids: Any) -> Any:
        read.append(len(rowids))
        return whole(self, rowids)

    monkeypatch.setattr(ModelReads, "versions", counted)
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        await wait_for(pilot, "model churn   5 016 versions", "▸  v5016")
        await settled(pilot)
        assert max(read) <= 64
        await pilot.press("G")
        await wait_for(pilot, "▸  v1 ")
        await pilot.press("g", "pagedown")
        await settled(pilot)
        assert max(read) <= 64
        assert sum(read) < 1500


async def test_versions_are_sorted_by_the_metric_and_by_what_has_to_be_looked_at(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        await wait_for(pilot, "▸  v16")
        app.screen.sort_by("metrics.val_auc")
        await wait_for(pilot, "by val_auc ↓", "▸  v15")
        await pilot.press("G")
        await wait_for(pilot, "▸  v2 ")  # one that has no value stands last
        app.screen.sort_by("user")
        lines = await wait_for(pilot, "user ↑")
        assert row_of(lines, "▸  v14").split()[-5] == "ann" or "ann" in row_of(lines, "▸  v14")
        app.screen.sort_by("delta")
        await wait_for(pilot, "versions have no order by delta")


async def test_versions_are_filtered_in_the_grammar(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter", "slash")
        await type_text(pilot, "status:ready version > 13")
        await wait_for(pilot, "2 of 16 versions", "v15", "v14", gone=["v16  "])
        await pilot.press("enter", "escape")
        await wait_for(pilot, "▸  v16")
        await pilot.press("slash")
        await type_text(pilot, "nobody")
        await wait_for(pilot, "no version is like nobody")


async def test_the_marked_versions_are_compared_the_champion_first(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter", "j", "space", "space", "space")
        await wait_for(pilot, "3 marked")
        await pilot.press("equals_sign")
        await wait_for(pilot, "compare 3 runs")
        assert [run.name for run in app.screen.compared.runs] == ["eager-elk-211", "plain-fox-212", "shy-owl-210"]


async def test_one_version_is_compared_with_the_champion(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter", "j")
        await wait_for(pilot, "▸  v15")
        await pilot.press("equals_sign")
        await wait_for(pilot, "compare 2 runs", "eager-elk-211", "plain-fox-212")


async def test_a_version_without_a_run_cannot_be_compared_and_says_so(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        await wait_for(pilot, "▸  v16")
        await pilot.press("equals_sign")
        await wait_for(pilot, "the cache has no run of v16: it names none")


async def test_beside_a_wide_table_stands_how_the_version_differs(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=(200, 50)) as pilot:
        await pilot.press("3", "enter", "j")
        await wait_for(
            pilot, "│ churn v15", "│ ▲ trained on unlike data: orders is 77ab01 in v15", "against v14, champion",
            "│ code  3f2c91a, was 4f2c91a",
        )  # fmt: skip


async def test_the_marked_versions_are_copied_and_asked_for(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter", "j", "space", "space")
        await wait_for(pilot, "2 marked")
        await pilot.press("y")
        await wait_for(pilot, "models:/churn/15", "models:/churn/14", "URIs by alias")
        await pilot.press("escape", "r")
        await wait_for(pilot, "asked the syncer for a pass")
    (want,) = [want for want in registry.wants if want.kind == "model" and want.keys]
    assert (want.model, sorted(want.keys)) == ("churn", ["14", "15"])


async def test_new_versions_and_moved_aliases_come_into_a_list_that_is_open(
    registry: Any, wait_for: Any, make_version: Any
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await pilot.press("3", "enter")
        await wait_for(pilot, "▸  v16")
        write(registry, versions=(make_version(17, run_id=f"{0:032x}"),), models=(churn(champion="15"),))
        await wait_for(pilot, "17 versions", "v17", "Δ v15")
