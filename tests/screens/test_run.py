"""One run: its outline, the half beside it, what is asked for, and the ways on from it."""

from __future__ import annotations

from array import array
from math import inf, nan
from typing import Any

import pytest
from textual.pilot import Pilot

from quarterdeck.app.records import (
    Artifact,
    ArtifactContent,
    ArtifactListing,
    Batch,
    Change,
    Commit,
    Dataset,
    Metric,
    Series,
)  # fmt: skip
from quarterdeck.screens import run_view
from quarterdeck.screens.artifact import ArtifactScreen
from quarterdeck.screens.curve import CurveScreen
from quarterdeck.screens.curves import CurvesScreen
from quarterdeck.screens.run import RunScreen

MINUTE, HOUR = 60_000, 3_600_000
SIZES = [(80, 24), (120, 40), (200, 60)]
HOSTILE = [
    "[bold]x[/]", "esc \x1b[31mred\x1b[0m\x1b]0;t\x07", "x" * 4_000, "日本語の実験の名前" * 20, "שלום עולם",
    "مرحبا " * 30, "bidi \u202egnp.exe", "two\nlines\tand a tab", "e" + "\u0301" * 40,
    "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈", "",
]  # fmt: skip
RUN_0 = f"{0:032x}"


async def open_run(pilot: Pilot[Any], run_id: str) -> RunScreen:
    screen = RunScreen(pilot.app.deck, run_id)  # type: ignore[attr-defined]  # the app of the world
    await pilot.app.push_screen(screen)
    return screen


def series(key: str, values: list[float], run: str = RUN_0) -> Series:
    steps = array("q", range(len(values)))
    return Series(run, key, steps, array("q", [1_700_000_000_000 + 1_000 * s for s in steps]), array("d", values))


def wants(world: Any, kind: str) -> list[tuple[str, ...]]:
    return [want.keys for want in world.wants if want.kind == kind]


# -- the outline


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_is_shown_whole(world: Any, settled: Any, picture: Any, size: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        await open_run(pilot, RUN_0)
        text = "\n".join(await settled(pilot))
        await pilot.press("G")
        text += "\n".join(await settled(pilot))
        picture(app)
        for fact in (
            "brave-cod-214", "▶ running", "02:54 (10 m)", "by ann", "churn-train ›", "1f2c91a00", "Step 0", "val_auc",
            "0.9412", "orders@77ab01", "training", "team  growth", "MLmodel", "report.html", "48.2 kB",
        ):  # fmt: skip
            assert fact in text, fact


async def test_a_metric_says_last_best_min_and_max_with_their_steps(world: Any, settled: Any) -> None:
    world.fill()
    world.write(batch=Batch(histories=(series("val_auc", [0.5, 0.99, 0.2, 0.9412]), series("loss", [3.0, 0.1, 0.211]))))
    app = world.app()
    async with app.run_test(size=(200, 60)) as pilot:
        await open_run(pilot, RUN_0)
        lines = await settled(pilot)
        row = next(line for line in lines if line.lstrip(" ▸").startswith("val_auc"))
        assert row.split("│")[0].split()[-5:] == ["0.9412", "200", "0.9900@1", "0.2000@2", "0.9900@1"]
        title = next(line for line in lines if " metrics" in line)
        assert title.split("│")[0].split()[-8:] == ["last", "step", "best", "@step", "min", "@step", "max", "@step"]


@pytest.mark.parametrize("size", [(60, 20), *SIZES])
async def test_whatever_the_figures_are_no_two_columns_run_together(
    world: Any, settled: Any, make_run: Any, size: Any
) -> None:
    ends = {"epoch": [1.0, 4.0], "tiny": [4.447e-323, 0.5], "val_auc": [-1e308, 1e308], "small": [-0.00012345, -0.1]}
    steps = array("q", [9, 4 * 10**15])
    known = [Series(RUN_0, name, steps, array("q", [0, 1]), array("d", values)) for name, values in ends.items()]
    world.fill([make_run(0, metrics={name: Metric(value=ends[name][0], step=4 * 10**15) for name in ends})])
    world.write(batch=Batch(histories=tuple(known)))
    app = world.app()
    async with app.run_test(size=size) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        for row in screen.outline.entries:
            if row.kind == "metric":
                *cells, _ = pieces = [text for text, _ in screen._draw_row(row, screen.outline.size.width - 2) if text]
                assert "…" not in "".join(pieces[2:])
                assert all(one[-1] == " " or more[0] in " @" for one, more in zip(cells, pieces[1:], strict=True))


async def test_beside_the_outline_a_long_step_is_whole(world: Any, settled: Any, make_run: Any) -> None:
    far = Metric(value=1.0, step=4 * 10**15)
    world.fill([make_run(0, metrics={"loss": far})])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        assert "1 @4 000 000 000 000 000 " in "\n".join(await settled(pilot))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.5, inf, -inf, nan, 0.25], "2 infinite, 1 NaN points: in neither min nor max"),
        ([0.5, 0.25, nan], "1 NaN point: in neither min nor max"),
        ([0.5, 0.25, -inf], "1 infinite point: in neither min nor max"),
    ],
)
async def test_min_and_max_are_of_the_finite_values_and_the_others_are_counted(
    world: Any, settled: Any, values: list[float], said: str
) -> None:
    world.fill()
    world.write(batch=Batch(histories=(series("val_auc", values),)))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        whole = "\n".join(await settled(pilot))
        assert said in whole
        assert "0.5000 @0" in whole
        assert f"0.2500 @{values.index(0.25)}" in whole


async def test_the_small_curve_goes_by_step_as_the_chart_does(world: Any, settled: Any) -> None:
    world.fill()
    steps, times = array("q", [0, 2, 1, 3]), array("q", range(4))
    unordered = Series(RUN_0, "loss", steps, times, array("d", [4.0, 3.0, 2.0, 1.0]))
    world.write(batch=Batch(histories=(unordered, series("val_auc", [4.0, 2.0, 3.0, 1.0]))))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        assert screen._curve_of("loss", 8) == screen._curve_of("val_auc", 8)


async def test_there_is_no_best_without_a_direction(world: Any, settled: Any) -> None:
    app = world.fill().app(better={})
    async with app.run_test(size=(200, 60)) as pilot:
        await open_run(pilot, RUN_0)
        assert not [line for line in await settled(pilot) if "best" in line]


async def test_values_that_are_no_numbers_are_states(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, f"{12:032x}")
        await settled(pilot)
        drawn = {row.name: screen._draw_row(row, 60) for row in screen.outline.entries if row.kind == "metric"}
        assert ("       NaN", "warn") in drawn["val_auc"]
        assert ("      +inf", "warn") in drawn["loss"]


async def test_the_machines_own_metrics_stand_last(world: Any, settled: Any, make_run: Any) -> None:
    names = ["system/cpu", "loss", "val_auc"]
    world.fill([make_run(0, metrics={name: Metric(value=1.0) for name in names})])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        assert [row.name for row in screen.outline.entries if row.kind == "metric"] == ["val_auc", "loss", "system/cpu"]


async def test_tab_goes_from_part_to_part(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        seen = []
        for _ in range(7):
            entry = screen.outline.entry()
            seen.append(entry.kind if entry else None)
            await pilot.press("tab")
        assert seen == ["metric", "param", "data", "commit", "folder", "tag", "metric"]


async def test_typing_narrows_the_page_and_escape_widens_it(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot, RUN_0)
        await settled(pilot)
        await pilot.press("slash", *"auc")
        await wait_for(pilot, "val_auc", "1 of 2", gone=["loss", "params", "artifacts"])
        await pilot.press("enter")
        await wait_for(pilot, "/auc", "Enter open")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("escape")
        await wait_for(pilot, "loss", "params", gone=["/auc"])
        await pilot.press("slash", *"zeppelin", "enter")
        await wait_for(pilot, "nothing here holds “zeppelin”")


async def test_a_run_of_two_thousand_metrics_asks_for_what_is_in_sight_only(
    world: Any, settled: Any, make_run: Any
) -> None:
    world.fill([make_run(0, metrics={f"m{index:04}": Metric(value=index / 7) for index in range(2_000)})])
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot, RUN_0)
        lines = await settled(pilot)
        assert "lines below" in lines[1]
        await pilot.press("G")
        lines = await settled(pilot)
        assert "lines below" not in lines[1]
        assert sum(map(len, wants(world, "extremes"))) <= 40
        assert not wants(world, "history")


async def test_when_the_first_rows_have_come_the_next_in_sight_are_asked_for_without_a_key(
    world: Any, settled: Any, make_run: Any
) -> None:
    names = [f"m{index:04}" for index in range(2_000)]
    world.fill([make_run(0, metrics={name: Metric(value=index / 7) for index, name in enumerate(names)})])
    app = world.app()
    async with app.run_test(size=(200, 60)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        assert wants(world, "extremes") == [tuple(names[:40])]
        world.write(batch=Batch(histories=tuple(series(name, [0.0, 1.0]) for name in names[:40])))
        await settled(pilot)
        in_sight = [row.name for row in screen.outline.window if row.kind == "metric"]
        assert len(in_sight) > 40
        assert sum(wants(world, "extremes"), ()) == tuple(in_sight)


async def test_a_run_with_nothing_says_so_in_every_part(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, f"{13:032x}")
        text = "\n".join(await settled(pilot))
        for fact in ("by nobody named", "◌ no commit was logged", "◌ no dataset was logged", "none logged"):
            assert fact in text, fact


async def test_a_run_that_the_cache_does_not_know_says_so(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot, "no\x1bbody")
        await wait_for(pilot, "the cache has no run no\\u{1b}body", "r asks the syncer")


@pytest.mark.parametrize("size", [(60, 20), *SIZES])
async def test_a_hostile_run_does_not_break_its_page(
    world: Any, settled: Any, picture: Any, make_run: Any, size: Any
) -> None:
    odd = {f"{text[:200]}{index}": text for index, text in enumerate(HOSTILE)}
    runs = [
        make_run(
            index, name=text, user=text, params=odd, tags=odd, git_commit=text or None,
            metrics={key: Metric(value=1.5) for key in odd},
            datasets=(Dataset(name=text, digest=text, context=text, profile=text, schema=text, origin=text),),
        )
        for index, text in enumerate(HOSTILE)
    ]  # fmt: skip
    app = world.fill(runs).app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        picture(app)
        for index in range(len(HOSTILE)):
            await open_run(pilot, f"{index:032x}")
            for key in ("pagedown", "tab", "tab", "tab", "G"):
                await pilot.press(key)
                await settled(pilot)
                assert all("\x1b" not in line for line in picture(app))
            await pilot.press("q")


# -- what is asked for


async def test_what_nobody_read_yet_is_asked_for_once(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, f"{1:032x}")
        lines = await settled(pilot)
        assert "asked for …" in "\n".join(lines)
        world.write(batch=Batch())
        await settled(pilot)
        assert sorted((want.kind, want.keys) for want in world.wants) == [
            ("artifacts", ("",)),
            ("extremes", ("val_auc", "loss")),
            ("history", ("val_auc",)),
        ]


async def test_what_was_asked_for_comes_in_by_itself(world: Any, wait_for: Any, mlflow: Any) -> None:
    app = world.fill().app()
    run = f"{1:032x}"
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, run)
        await wait_for(pilot, "asked for …")
        empty = ArtifactListing(source=mlflow.key, run_id=run, folder="", artifacts=())
        world.write(batch=Batch(listings=(empty,), histories=(series("val_auc", [0.1, 0.9], run),)))
        await wait_for(pilot, "none under the run", "2 points, steps 0 to 1", gone=["asked for …"])


async def test_news_is_asked_for_while_a_run_runs_and_is_looked_at(
    world: Any, wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_view, "NEWS", 0.01)
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, f"{1:032x}")  # it has finished
        await settled(pilot)
        assert not wants(world, "run")
        await open_run(pilot, RUN_0)
        await wait_for(pilot, "21 points")
        while not wants(world, "run"):
            await pilot.pause(0.01)
        assert ("val_auc",) in wants(world, "history")


async def test_a_new_point_changes_the_curve_and_leaves_the_rest(world: Any, wait_for: Any, settled: Any) -> None:
    world.fill()
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        before = await wait_for(pilot, "21 points")
        await settled(pilot)
        world.write(batch=Batch(histories=(series("val_auc", [0.5 + 0.01 * at for at in range(30)]),)))
        after = await wait_for(pilot, "30 points")
        left = [line.split("│")[0].rstrip() for line in before if " params" in line or " depth" in line]
        assert left == [line.split("│")[0].rstrip() for line in after if " params" in line or " depth" in line]


# -- beside the outline


async def test_the_detail_of_a_dataset_names_its_columns_and_who_else_used_it(
    world: Any, wait_for: Any, make_run: Any
) -> None:
    data = Dataset(
        name="orders", digest="77ab01", context="training", origin='{"uri": "s3://orders.parquet"}',
        schema='{"mlflow_colspec": [{"type": "double", "name": "amount", "required": false}]}',
        profile='{"num_rows": 1507, "null_count": {}}',
    )  # fmt: skip
    world.fill([make_run(0, datasets=(data,)), make_run(1, datasets=(data,)), make_run(2, datasets=())])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        await pilot.press("tab", "tab")
        lines = await wait_for(
            pilot, "s3://orders.parquet", "1 507", "amount", "double", "may be missing", "3 other runs"
        )
        text = "\n".join(lines)
        assert "calm-ox-213" in text
        assert "plain-fox-212" not in text


async def test_the_detail_of_a_commit_is_its_whole_message_with_the_files(
    world: Any, wait_for: Any, make_run: Any, git: Any
) -> None:
    sha = "c0ffee" + "0" * 34
    commit = Commit(
        source=git.key, sha=sha, parents=(), author="Ann", email="ann@acme", authored_at=world.now - HOUR,
        committed_at=world.now - HOUR, subject="Relax the null check", body="Because payments\nare late on Mondays.",
        changes=(Change(kind="M", path="train.py"), Change(kind="R", path="new.py", old_path="old.py")),
    )  # fmt: skip
    world.fill([make_run(0, git_commit=sha)])
    world.cache.write(git.key, Batch(commits=(commit,)), world.now)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        await pilot.press("tab", "tab", "tab")
        await wait_for(
            pilot, "Because payments", "are late on Mondays.", "Ann <ann@acme>", "M train.py", "R new.py  from old.py",
            "tree state  unknown",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "said"),
    [("true", "changes that were not committed"), ("false", "tree state  clean"), ("", "tree state  unknown")],
)
async def test_the_state_of_the_tree_is_said_where_it_is_known(
    world: Any, wait_for: Any, make_run: Any, tag: str, said: str
) -> None:
    world.fill([make_run(0, tags={"mlflow.source.git.dirty": tag})])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        await pilot.press("tab", "tab", "tab")
        await wait_for(pilot, said)


async def test_a_commit_that_is_not_known_is_not_made_up(world: Any, wait_for: Any, make_run: Any) -> None:
    world.fill([make_run(0, git_commit="dead" * 10)])
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        await pilot.press("tab", "tab", "tab")
        await wait_for(pilot, "not on a branch that is watched", "tree state  unknown")


async def test_a_text_artifact_is_read_beside_the_outline_and_an_image_is_not_fetched(
    world: Any, wait_for: Any, settled: Any, mlflow: Any
) -> None:
    world.fill()
    files = (Artifact(path="notes.md", is_dir=False, size=9), Artifact(path="roc.png", is_dir=False, size=48_000))
    world.write(batch=Batch(listings=(ArtifactListing(source=mlflow.key, run_id=RUN_0, folder="", artifacts=files),)))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        screen.outline.go_to(("file", "notes.md"))
        await wait_for(pilot, "asked for …")
        assert wants(world, "artifact") == [("notes.md",)]
        content = ArtifactContent(source=mlflow.key, run_id=RUN_0, path="notes.md", data=b"# all \x1b[1mgood\n", size=9)
        world.write(batch=Batch(contents=(content,)))
        await wait_for(pilot, "# all \\u{1b}[1mgood")
        await pilot.press("j")
        await wait_for(pilot, "png file, 48.0 kB", "shows where it is")
        assert wants(world, "artifact") == [("notes.md",)]


# -- the ways on


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_enter_on_a_metric_gives_its_chart_the_screen(world: Any, wait_for: Any, settled: Any, size: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        await open_run(pilot, RUN_0)
        await settled(pilot)
        await pilot.press("enter")
        await wait_for(pilot, "1 of 2", "21 points")
        assert isinstance(app.screen, CurveScreen)
        await pilot.press("left")
        await wait_for(pilot, "step 200", "0.9412")
        await pilot.press("pagedown")
        await wait_for(pilot, "2 of 2", "loss")
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_f_shows_all_curves(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, RUN_0)
        await settled(pilot)
        await pilot.press("f")
        await wait_for(pilot, "1 to 2 of 2")
        assert isinstance(app.screen, CurvesScreen)


async def test_enter_leads_to_children_and_the_way_back(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, f"{9:032x}")
        await wait_for(pilot, "children  3", "shy-owl-210", "bold-yak-209")
        screen.outline.go_to(("child", f"{5:032x}"))
        await wait_for(pilot, "Enter opens it")
        await pilot.press("enter")
        await wait_for(pilot, "churn-train › bold-yak-209", "parent")
        await pilot.press("escape")
        await wait_for(pilot, "children  3")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_enter_on_anything_else_opens_what_is_known_of_it(
    world: Any, wait_for: Any, settled: Any, size: Any
) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        screen.outline.go_to(("commit", screen.facts.run.git_commit if screen.facts else ""))
        await pilot.press("enter")
        await wait_for(
            pilot, "commit 1f2c91a", "features/recency.py", "as brave-cod-214 ran it", "tree state", "unknown"
        )
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)


async def test_a_folder_is_opened_and_closed(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        screen.outline.go_to(("folder", "model"))
        await wait_for(pilot, "▾ model/", "MLmodel")
        await pilot.press("enter")
        await wait_for(pilot, "▸ model/", gone=["MLmodel"])


async def test_enter_on_a_file_reads_it(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        screen.outline.go_to(("file", "report.html"))
        await pilot.press("enter")
        await wait_for(pilot, "brave-cod-214 › report.html", "asked for …")
        assert isinstance(app.screen, ArtifactScreen)
        assert ("report.html",) in wants(world, "artifact")


async def test_o_shows_the_address_of_the_run(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot, RUN_0)
        await settled(pilot)
        await pilot.press("o")
        await wait_for(pilot, f"http://mlflow.acme:5000/#/experiments/1/runs/{RUN_0}")
        links = {part.style.link for strip in app.screen._compositor.render_strips() for part in strip if part.style}
        assert f"http://mlflow.acme:5000/#/experiments/1/runs/{RUN_0}" in links
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_o_on_the_list_shows_the_address_of_the_run_under_the_cursor(
    world: Any, wait_for: Any, settled: Any
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("j", "o")
        await wait_for(pilot, f"http://mlflow.acme:5000/#/experiments/1/runs/{1:032x}")
        await pilot.press("escape")
        app.deck.states = []
        await pilot.press("o")
        await wait_for(pilot, "its source is no server")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("param", "lr"), "lr=0.01"),
        (("metric", "val_auc"), "0.9412"),
        (("commit", "1f2c91a" + f"{1:033x}"), "1f2c91a" + f"{1:033x}"),
        (("file", "report.html"), f"runs:/{RUN_0}/report.html"),
    ],
)
async def test_what_is_under_the_cursor_can_be_copied(
    world: Any, settled: Any, row: tuple[str, str], text: str
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_run(pilot, RUN_0)
        await settled(pilot)
        assert screen.outline.go_to(row)
        assert text in [copy.text for copy in screen.copies()]
        assert RUN_0 in [copy.text for copy in screen.copies()]
