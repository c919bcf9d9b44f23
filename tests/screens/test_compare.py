"""Compare: which runs, what differs, against which, with which curves; and what it looks like."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Batch, Change, Commit, Dataset, Metric, Point, Run, Series
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.screens import compare, compare_curves
from quarterdeck.screens.changes import Changed
from quarterdeck.screens.compare import CompareScreen

MINUTE, HOUR = 60_000, 3_600_000
SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40"), pytest.param((200, 60), id="200x60")]
IDS = [
    f"{word:0<32}" for word in ("4f2c91ab", "91ab3107", "20aa4d15", "88bd004e", "c0ffee12", "7a5e1d09", "b1a57", "5e7")
]
SHAS = [f"{index:x}c91a0e{index:033x}" for index in range(1, 9)]
SUBJECTS = ["Relax the null check of customer_id", "Add recency features", "Train on 90 days", "Fix the split"] * 2

Shot = Callable[..., bool]


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(compare, "RESTS", 0.001)
    monkeypatch.setattr(compare, "CHANGES_AT_MOST_EVERY", 0.001)


def make(make_run: Callable[..., Run], index: int) -> Run:
    """One of eight runs that differ in much; number 0 still runs, 2 has a NaN, 3 lacks a param, 4 a metric."""
    values = {
        "val_auc": 0.9412 - 0.0031 * (index * 5 % 7), "train_auc": 0.97 + 0.001 * index,
        "val_loss": 0.211 + 0.004 * (index * 3 % 8), "lr_now": 1.234e-05 * (index + 1),
        "grad_norm": math.nan if index == 2 else 1.5 + index, "n_rows": 181_234 + index % 2, "epochs": 200,
    }  # fmt: skip
    params = {
        "lr": ("0.01", "0.003", "2.0e-05")[index % 3], "max_depth": str(4 + index % 5), "seed": "7",
        "model": ("lightgbm", "xgboost")[index % 2], "dropout": "0.1",
        "features": f"s3://features/churn/2026-03/daily/v{10 + index}/all.parquet",
    }  # fmt: skip
    if index == 3:
        del params["dropout"]
    if index == 4:
        del values["lr_now"]
    run = make_run(index, params=params, git_commit=SHAS[index])
    return replace(
        run, id=IDS[index], status="running" if index == 0 else "finished" if index % 3 else "failed",
        ended_at=None if index == 0 else run.ended_at,
        metrics={name: Metric(value=value, step=200) for name, value in values.items()},
        datasets=(
            Dataset(name="orders", digest=("77ab01", "77ab01", "9c1e22")[index % 3], context="validation"),
            Dataset(name="orders", digest="51c2ee", context="training"),
        ),
    )  # fmt: skip


def curve(run: Run, name: str) -> Series:
    end = run.metrics[name].value
    turn = 0.3 if "auc" in name else -0.3
    started = run.started_at or 0
    points = [
        Point(
            step=step,
            at=started + step * 1000,
            value=end - turn * math.exp(-step / 40) + 0.004 * math.sin(step * end * 9),
        )
        for step in range(0, 201, 2)
    ]
    return Series.of(run.id, name, points)


def commits(source: str, now: int) -> tuple[Commit, ...]:
    """The runs' commits, each the parent of the one before."""
    return tuple(
        Commit(
            source=source, sha=sha, parents=tuple(SHAS[index + 1 : index + 2]), author=("Ann", "Bo")[index % 2],
            email="a@acme", subject=SUBJECTS[index], authored_at=now - index * HOUR, committed_at=now - index * HOUR,
            changes=(Change(kind="M", path="pipeline/train.py"), Change(kind="A", path=f"features/f{index}.py")),
        )
        for index, sha in enumerate(SHAS)
    )  # fmt: skip


@pytest.fixture
def eight(world: Any, make_run: Any, git: Any) -> Any:
    """A world of eight runs with two curves each, on a line of eight commits."""
    runs = [make(make_run, index) for index in range(8)]
    world.fill(runs)
    world.cache.write(git.key, Batch(commits=commits(git.key, world.now)), world.now)
    world.write(batch=Batch(histories=tuple(curve(run, name) for run in runs for name in ("val_auc", "val_loss"))))
    return world


async def opened(pilot: Any, settled: Any, marks: int, *keys: str) -> CompareScreen:
    """Mark the newest runs, compare them, press keys."""
    await settled(pilot)
    for key in ["space"] * marks + ["equals_sign"] * bool(marks) + list(keys):
        await pilot.press(key)
        await settled(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen), "\n".join(await settled(pilot))
    return screen


def to_code(screen: CompareScreen) -> None:
    place = screen._lines.place("code")
    assert place is not None
    screen.table.go_to(place)


def line(lines: Sequence[str], name: str) -> str:
    found = [one for one in lines if one.removeprefix(" ▸").strip().startswith(name)]
    assert len(found) == 1, (name, lines)
    return found[0]


# -- which runs


async def test_the_marked_runs_are_compared_with_the_oldest_in_front(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, settled, 3)
        assert [run.id for run in screen.compared.runs] == [IDS[2], IDS[1], IDS[0]]


async def test_the_baseline_of_the_experiment_stands_in_front(eight: Any, settled: Any) -> None:
    eight.tables.save_table("baseline/churn-train", {"run": IDS[1]})
    async with eight.app().run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, settled, 3)
        assert [run.id for run in screen.compared.runs] == [IDS[1], IDS[2], IDS[0]]


async def test_one_run_is_compared_with_the_baseline(eight: Any, settled: Any) -> None:
    eight.tables.save_table("baseline/churn-train", {"run": IDS[4]})
    async with eight.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")  # on the page of a run
        await settled(pilot)
        await pilot.press("equals_sign")
        await settled(pilot)
        assert [run.id for run in pilot.app.screen.compared.runs] == [IDS[4], IDS[0]]


async def test_one_run_without_a_baseline_says_what_to_mark(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("equals_sign")
        assert "mark 2 to 8 runs with Space, then = compares them" in "\n".join(await settled(pilot))


async def test_more_runs_than_an_eye_tells_apart_are_refused(world: Any, settled: Any) -> None:
    async with world.fill().app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press(*["space"] * 9, "equals_sign")
        assert "9 runs are marked: 8 can be told apart at once" in "\n".join(await settled(pilot))


async def test_runs_of_two_experiments_are_compared(world: Any, make_run: Any, experiment: Any, settled: Any) -> None:
    world.cache.declare([])
    world.fill([make_run(0)])
    async with world.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        runs = world.app().deck.reader.runs(world.app().deck.reader.rowids([f"{0:032x}", f"{1000:032x}"]))
        pilot.app.push_screen(CompareScreen(pilot.app.deck, runs))
        lines = await settled(pilot)
        assert "2 runs of 2 experiments" in lines[1]
        assert "churn-train" in line(lines, "experiment")
        assert "uplift" in line(lines, "experiment")


# -- what differs


async def test_only_what_differs_is_shown_until_d_is_pressed(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        await opened(pilot, settled, 3)
        before = "\n".join(await settled(pilot))
        assert "max_depth" in before
        assert "seed" not in before
        await pilot.press("d")
        assert "seed" in "\n".join(await settled(pilot))
        await pilot.press("d")
        assert "seed" not in "\n".join(await settled(pilot))


async def test_figures_are_measured_against_the_baseline_and_the_best_is_marked(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        await opened(pilot, settled, 3)
        lines = await settled(pilot)
        assert line(lines, "val_auc ↑").split() == ["val_auc", "↑", "0.9319", "0.9257", "−0.0062", "✓0.9412", "+0.0093"]
        assert line(lines, "grad_norm").split() == ["grad_norm", "NaN", "2.500", "1.500"]
        assert line(lines, "lr ").split() == ["lr", "2.0e-05", "0.003", "↑", "0.01", "↑"]


async def test_long_texts_that_begin_alike_are_told_apart_by_their_ends(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(80, 40)) as pilot:
        await opened(pilot, settled, 3)
        said = line(await settled(pilot), "features").split()
        assert len({*said}) == 4
        assert all("v1" in one for one in said[1:])


async def test_unlike_data_is_said_before_the_figures(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 40)) as pilot:
        await opened(pilot, settled, 3)
        lines = await settled(pilot)
        assert lines[3] == (
            " ▲ metrics are not like for like: validation data orders@77ab01 in 2 runs, orders@9c1e22 in 1"
        )


async def test_runs_that_differ_in_nothing_say_so(world: Any, make_run: Any, settled: Any) -> None:
    facts = {"name": "twin", "started_at": world.now, "ended_at": world.now, "user": "ann", "git_commit": None}
    same = {"params": {}, "tags": {}, "metrics": {}, "datasets": (), "status": "finished"}
    world.fill([make_run(index, **facts, **same) for index in range(2)])
    async with world.app().run_test(size=(120, 40)) as pilot:
        await opened(pilot, settled, 2, "j", "k", "enter", "escape", "equals_sign")
        assert "these runs differ in nothing: d shows what is the same" in "\n".join(await settled(pilot))


async def test_a_slash_narrows_the_rows_by_name(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3, "slash", *"auc", "enter")
        names = [row.name for at in range(screen.table._count) if (row := screen._lines.row(at))]
        assert names == ["val_auc", "train_auc"]
        await pilot.press("escape")
        await settled(pilot)
        assert screen._lines.place("param") is not None
        assert pilot.app.screen is screen


# -- who is measured against whom


async def test_b_measures_against_the_run_in_the_column(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3, "l", "l", "b")
        assert [run.id for run in screen.compared.runs] == [IDS[0], IDS[2], IDS[1]]
        lines = await settled(pilot)
        assert line(lines, "val_auc ↑").split()[2:5] == ["✓0.9412", "0.9319", "−0.0093"]
        assert "−2" in line(lines, "commit")


async def test_a_run_keeps_its_mark_when_columns_move(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3)
        marks = {run.id: hue for run, hue in zip(screen.compared.runs, screen._lines.hues, strict=True)}
        await pilot.press("l", "l", "b", "l", "x")
        await settled(pilot)
        for run, hue in zip(screen.compared.runs, screen._lines.hues, strict=True):
            assert marks[run.id] == hue
        assert {curve.hue for curve in screen.chart.curves} == {marks[run.id] for run in screen.compared.runs}


async def test_x_takes_a_run_out_down_to_two(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3, "x")
        assert [run.id for run in screen.compared.runs] == [IDS[1], IDS[0]]
        await pilot.press("x")
        assert "two runs are the fewest" in "\n".join(await settled(pilot))


async def test_enter_opens_the_run_of_the_column(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        await opened(pilot, settled, 3, "l")
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.screen.run_id == IDS[1]


# -- code


async def test_the_commits_and_files_between_stand_below_the_row_of_the_commit(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3)
        to_code(screen)
        await pilot.press("l", "l")
        text = "\n".join(await settled(pilot))
        assert "2 that the baseline has not   3 files touched   tree state unknown" in text
        assert "Relax the null check of customer_id" in text
        assert "Add recency features" in text
        assert "A features/f0.py" in text
        assert "M pipeline/train.py" in text


async def test_commits_that_nobody_knows_are_said_to_be_unknown(world: Any, make_run: Any, settled: Any) -> None:
    world.fill([make_run(0, git_commit="f" * 40), make_run(1, git_commit="e" * 40), make_run(2, git_commit=None)])
    async with world.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 2)
        to_code(screen)
        await pilot.press("l")
        text = "\n".join(await settled(pilot))
        assert "the cache does not know both commits, or they are of two repositories" in text


async def test_a_run_without_a_commit_is_named(world: Any, make_run: Any, settled: Any) -> None:
    world.fill([make_run(0), make_run(1, git_commit=None)])
    async with world.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 2)
        to_code(screen)
        await pilot.press("l")
        assert "no commit was logged for calm-ox-213" in "\n".join(await settled(pilot))


# -- curves


async def test_curves_of_the_metric_under_the_cursor_are_overlaid(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3)
        assert (screen.chart.title, len(screen.chart.curves)) == ("val_auc", 3)
        await pilot.press("slash", *"val_loss", "enter")
        await settled(pilot)
        assert (screen.chart.title, len(screen.chart.curves)) == ("val_loss", 3)
        assert eight.wants == [want for want in eight.wants if want.keys != ("val_loss",) or want.run_ids == (IDS[0],)]


async def test_curves_that_are_not_cached_are_asked_for_once_and_arrive(
    eight: Any, settled: Any, wait_for: Any
) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3, "slash", *"grad", "enter")
        lines = await wait_for(pilot, "asked for the curves …")
        asked = [want for want in eight.wants if want.keys == ("grad_norm",)]
        assert [(want.kind, want.run_ids) for want in asked] == [("history", (IDS[2], IDS[1], IDS[0]))]
        assert "grad_norm" in "\n".join(lines)
        runs = [run for run in screen.compared.runs if run.id != IDS[2]]
        eight.write(batch=Batch(histories=tuple(curve(run, "grad_norm") for run in runs)))
        await wait_for(pilot, "step", gone=["asked for the curves"])
        assert {one.series.run_id for one in screen.chart.curves} == {IDS[0], IDS[1]}
        await pilot.press("k", "j")
        await settled(pilot)
        again = [want for want in eight.wants if want.keys == ("grad_norm",)][1:]
        assert all(want.run_ids == (IDS[0],) for want in again)  # only what still grows


async def test_curves_of_a_run_that_goes_on_are_asked_for_again(
    eight: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (compare, compare_curves):
        monkeypatch.setattr(module, "FOLLOWED_EVERY", 0.02)
    async with eight.app().run_test(size=(120, 60)) as pilot:
        await opened(pilot, settled, 2)
        while len([want for want in eight.wants if want.run_ids == (IDS[0],)]) < 3:
            await pilot.pause(0.01)


async def test_enter_on_a_metric_gives_its_curves_the_screen_and_escape_gives_it_back(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, settled, 8, "G", "enter")
        assert "aside" not in (await settled(pilot))[1]
        assert screen.chart.size.height > 30
        assert screen.chart.has_focus
        await pilot.press("escape")
        await settled(pilot)
        assert screen.chart.size.height < 15
        assert screen.table.has_focus
        assert "4 more runs aside" in (await settled(pilot))[1]
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is not screen


async def test_the_line_of_keys_says_whose_they_are(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 40)) as pilot:
        await opened(pilot, settled, 3)
        assert "x take out" in (await settled(pilot))[-1]
        await pilot.press("tab")
        assert "x axis" in (await settled(pilot))[-1]
        await pilot.press("escape")
        assert "x take out" in (await settled(pilot))[-1]


# -- news


async def test_a_new_figure_arrives_while_it_is_looked_at(
    eight: Any, settled: Any, wait_for: Any, make_run: Any
) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        await opened(pilot, settled, 2)
        run = make(make_run, 0)
        eight.write(replace(run, metrics=dict(run.metrics) | {"val_auc": Metric(value=0.9999, step=300)}))
        await wait_for(pilot, "✓0.9999")


async def test_a_run_that_was_deleted_meanwhile_says_so(eight: Any, settled: Any, wait_for: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 3)
        keep = [run for run in screen.compared.runs if run.id != IDS[1]]
        eight.now += 1000
        eight.write(batch=Batch(runs=tuple(keep), runs_gone_unless_seen_since=eight.now))
        await wait_for(pilot, "– deleted")


async def test_a_new_cache_without_the_runs_leaves_what_was_read(
    eight: Any, settled: Any, wait_for: Any, tmp_path: Path
) -> None:
    with closing(Cache(tmp_path / "key.s1.g1.db")) as cache, closing(Reader(cache.path)) as empty:
        async with eight.app().run_test(size=(120, 60)) as pilot:
            screen = await opened(pilot, settled, 3)
            screen.deck.reader = empty
            screen.cache_changed(Changed(runs=True))
            await wait_for(pilot, "the cache has none of these runs now", "✓0.9412")
            await pilot.press("l", "b", "x", "d")
            await settled(pilot)
            assert [run.id for run in screen.compared.runs] == [IDS[2], IDS[0]]


async def test_what_is_on_the_screen_can_be_copied_in_four_forms(eight: Any, settled: Any) -> None:
    async with eight.app().run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, settled, 2)
        found = {copy.label: copy.text for copy in screen.copies()}
        assert list(found) == ["Markdown", "CSV", "JSON", "command"]
        assert found["command"] == f"quarterdeck compare {IDS[1]} {IDS[0]}"
        assert "`max_depth`" in found["Markdown"]


async def test_hostile_names_break_no_line(world: Any, make_run: Any, settled: Any, picture: Any) -> None:
    odd = [
        "esc \x1b[31m",
        "日本語の実験の名前" * 9,
        "x" * 4_000,
        "e" + "\u0301" * 40,
        "[bold]x[/]",
        "",
        "\u202egnp",
        "👩\u200d👧",
    ]
    runs = [
        make_run(
            index, name=text, user=text, params={text: text, "p": text}, tags={text: text}, git_commit=text or None,
            metrics={text: Metric(value=index)}, datasets=(Dataset(name=text, digest=text, context=text),),
        )
        for index, text in enumerate(odd)
    ]  # fmt: skip
    world.fill(runs)
    async with world.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot, settled, 8)
        for key in ["d", *["j", "l"] * 12, "G", "k", "k"]:
            await pilot.press(key)
            await settled(pilot)
            picture(pilot.app)


# -- pictures


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Compare the newest runs, press keys, and compare the picture with the one that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], marks: int, *keys: str) -> bool:
        async def before(pilot: Any) -> None:
            await opened(pilot, settled, marks, *keys)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_three_runs(eight: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(eight.app(theme), size, 3)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_eight_runs_at_their_metrics(eight: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(eight.app(theme), size, 8, "G", "left_square_bracket", "right_square_bracket", "l", "l", "l")


@pytest.mark.parametrize("theme", ["colour-blind", "ansi"])
def test_in_other_colours(eight: Any, shot: Shot, theme: str) -> None:
    assert shot(eight.app(theme), (120, 40), 3, "G")


@pytest.mark.parametrize("size", SIZES)
def test_the_code_between_two_runs(eight: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(eight.app(), size, 5, *["right_square_bracket"] * 3, "l", "l")


@pytest.mark.parametrize("size", SIZES)
def test_everything_narrowed(eight: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(eight.app(), size, 3, "d", "slash", *"a", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_curves_over_the_whole_screen(eight: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(eight.app(), size, 8, "slash", *"val_auc", "enter", "enter")


# -- as a word


async def test_runs_are_compared_by_their_ids(world: Any, make_run: Any, wait_for: Any, settled: Any) -> None:
    app = world.fill([make(make_run, index) for index in range(3)]).app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"compare", "space", *"20aa4d15", "space", *"4f2c", "enter")
        await wait_for(pilot, "max_depth")
        assert isinstance(app.screen, CompareScreen)
        assert [run.id for run in app.screen._held.runs] == [IDS[2], IDS[0]]


@pytest.mark.parametrize(
    ("words", "said"),
    [("4f2c", "name 2 to 8 runs"), ("4f2c 4f2c", "name 2 to 8 runs"), ("4f2c gone", "there is no run gone")],
)
async def test_what_cannot_be_compared_as_a_word_is_said(
    world: Any, make_run: Any, wait_for: Any, settled: Any, words: str, said: str
) -> None:
    app = world.fill([make(make_run, index) for index in range(3)]).app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"compare", "space", *({" ": "space"}.get(one, one) for one in words), "enter")
        await wait_for(pilot, said)
