"""The page of a version."""

from __future__ import annotations

from typing import Any

import msgspec
from textual.pilot import Pilot

from quarterdeck.app.records import Subject, Want
from quarterdeck.screens.pipeline import PipelineScreen

from .registries import REGISTRY, SIZE, row_of, type_text, write


async def open_version(pilot: Pilot[Any], wait_for: Any, version: str) -> list[str]:
    pilot.app.open_subject(Subject(kind="model", parts=("churn", version)))  # type: ignore[attr-defined]  # our app
    found: list[str] = await wait_for(pilot, f"churn › v{version}")
    return found


async def test_a_candidate_is_told_against_the_champion(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        lines = await wait_for(pilot, "+1 −1 commits, 2 files touched")
        assert "● ready   challenger   registered 13 mar 13:07 (14 h)   by cy" in lines[3]
        assert "trained on unlike data: orders is 77ab01 in v15, 51c2ee in v14" in "\n".join(lines)
        assert "whether they saw the same evaluation data is not known: v14 names none" in "\n".join(lines)
        assert row_of(lines, "val_auc ↑").split()[-5:] == ["0.9402", "0.8947", "+0.0455", "●", "better"]
        assert "not measured" in row_of(lines, "p95_latency_ms")
        assert row_of(lines, "   lr ").split() == ["lr", "2.0e-05", "was", "0.01"]
        assert "▲ differs" in row_of(lines, "   training orders ")
        assert "+ 3f2c91a   Step 2  Ann  2 h" in "\n".join(lines)


async def test_the_champion_is_told_against_the_one_before_it(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "14")
        lines = await wait_for(pilot, "against v13, champion before", "copied from     churn-staging v7")
        assert "▲ worse" in row_of(lines, "val_auc ↑")
        assert "stage Production" in lines[3]


async def test_the_ledger_and_the_aliases_of_a_version_are_named(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=(120, 60)) as pilot:
        await open_version(pilot, wait_for, "13")
        lines = await wait_for(pilot, "ledger", "aliases over time")
        assert "champion #3  v13 → v14   promotion   bo signed   9 h" in row_of(lines, "champion #3")
        assert "v11 → v13   promotion   bo signed   3 d   better on the same data" in row_of(lines, "champion #2")
        lines = lines[lines.index(" aliases over time") :]
        assert row_of(lines, "   shadow   ").split() == ["shadow", "since", "2", "h"]
        assert row_of(lines, "   champion   ").split() == ["champion", "since", "3", "d", "bo", "signed"]


async def test_enter_tells_an_entry_of_the_ledger_whole(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "13")
        app.screen.outline.go_to(("entry", f"champion 2 {2:040x}"))
        await pilot.press("enter")
        await wait_for(pilot, "champion #2  promotion", "bo <bo@acme> (signed)", "ann (forge)", "ML-214", "gates then")


async def test_the_pipelines_of_its_commit_are_named_and_opened(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        app.screen.outline.action_bottom()
        await wait_for(pilot, "nightly-train #210", "✖ failed")
        row = next(one for one in app.screen.outline.entries if one.kind == "pipeline")
        app.screen.outline.go_to(row.id)
        await pilot.press("enter")
        await wait_for(pilot, "github › nightly-train #210")
        assert isinstance(app.screen, PipelineScreen)


async def test_the_version_that_it_is_measured_against_is_opened(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        app.screen.outline.go_to(("version", "champion"))
        await pilot.press("enter")
        await wait_for(pilot, "churn › v14")


async def test_a_logged_model_has_its_metrics_with_their_data(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=(160, 40)) as pilot:
        await open_version(pilot, wait_for, "15")
        app.screen.outline.go_to(("logged", "m-0000000000000015"))
        await wait_for(pilot, "0.9402  @200   on orders@9c1e02", "xgboost", "trees")


async def test_a_logged_model_that_nobody_read_is_asked_for_once(
    registry: Any, wait_for: Any, make_version: Any
) -> None:
    write(registry, versions=(make_version(12, model_id="m-12"),))
    async with registry.app().run_test(size=(120, 60)) as pilot:
        await open_version(pilot, wait_for, "12")
        await wait_for(pilot, "m-12", "asked for …")
        write(registry, versions=(make_version(11, description="news"),))
        await wait_for(pilot, "m-12")
    assert [want for want in registry.wants if want.kind == "model"] == [
        Want(kind="model", source=REGISTRY, model="churn", keys=("12",))
    ]


async def test_a_version_that_is_not_ready_and_has_no_run_says_both(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "16")
        await wait_for(
            pilot, "▲ this version is pending: it cannot be promoted", "◌ v16 names no run", "it names no run"
        )


async def test_a_run_that_the_cache_does_not_have_is_missing_and_not_the_same(
    registry: Any, wait_for: Any, make_version: Any
) -> None:
    write(registry, versions=(make_version(12, run_id="f" * 32),))
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "12")
        await wait_for(pilot, "◌ the run of v12 (ffffffff…) is not in the cache: r asks the syncer")


async def test_the_page_is_narrowed_and_escape_shows_all_again(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        await pilot.press("slash")
        await type_text(pilot, "auc")
        await wait_for(pilot, "val_auc", gone=["source run", "p95_latency_ms"])
        await pilot.press("enter", "escape")
        await wait_for(pilot, "p95_latency_ms")
        await pilot.press("escape")
        await wait_for(pilot, "16 versions")


async def test_what_is_under_the_cursor_can_be_copied_and_the_version_too(registry: Any, wait_for: Any) -> None:
    app = registry.app()
    async with app.run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        app.screen.outline.go_to(("tag", "ticket"))
        await pilot.press("y")
        await wait_for(pilot, "ML-230", "models:/churn/15", "models:/churn@challenger", "Markdown")


async def test_the_link_of_a_version_is_its_page(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        await pilot.press("o")
        await wait_for(pilot, "http://mlflow.acme:5000/#/models/churn/versions/15")


async def test_equals_compares_the_version_with_what_it_is_measured_against(registry: Any, wait_for: Any) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "15")
        await pilot.press("equals_sign")
        await wait_for(pilot, "compare 2 runs", "eager-elk-211", "plain-fox-212")


async def test_what_changes_of_a_version_is_shown_and_a_deleted_one_says_what_to_do(
    registry: Any, wait_for: Any, make_version: Any
) -> None:
    async with registry.app().run_test(size=SIZE) as pilot:
        await open_version(pilot, wait_for, "12")
        write(registry, versions=(msgspec.structs.replace(make_version(12), description="it was mended"),))
        await wait_for(pilot, "it was mended")
        write(registry, versions_gone=(("churn", "12"),))
        await wait_for(pilot, "the cache has no version v12 of churn", "r asks the syncer")
        await pilot.press("r")
        await wait_for(pilot, "asked the syncer for a pass")
    assert Want(kind="model", source=REGISTRY, model="churn", keys=("12",)) in registry.wants
