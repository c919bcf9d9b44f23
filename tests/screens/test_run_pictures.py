"""Pictures of one run: its outline with each kind of detail, its curves as a grid and alone, and its files."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import exp, nan, sin
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
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
)
from quarterdeck.screens.artifact import ArtifactScreen
from quarterdeck.screens.curve import CurveScreen
from quarterdeck.screens.curves import CurvesScreen
from quarterdeck.screens.run import RunScreen

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
ALL_SIZES = [*SIZES, pytest.param((200, 60), id="200x60")]
HOUR = 3_600_000
SHA = "c0ffee4f2c91a" + "0" * 27
HOSTILE = [
    "[bold]x[/]", "esc \x1b[31mred\x1b[0m\x1b]0;t\x07", "x" * 4_000, "日本語の実験の名前" * 20, "שלום עולם", "مرحبا",
    "bidi \u202egnp.exe", "two\nlines\tand a tab", "e" + "\u0301" * 40, "👩\u200d👩\u200d👧", "",
]  # fmt: skip
STEPS = 200


def _noise(step: int) -> float:
    """Something that looks like noise and is the same each time."""
    return sin(step * 12.9898) * sin(step * 78.233)


CURVES: dict[str, Callable[[int], float]] = {
    "val_auc": lambda s: 0.94 - 0.3 * exp(-s / 40) + 0.006 * _noise(s),
    "val_loss": lambda s: 0.21 + 0.6 * exp(-s / 30) + 0.01 * _noise(s) + (0.5 if s == 120 else 0.0),
    "train_loss": lambda s: 0.18 + 0.7 * exp(-s / 25) + 0.004 * _noise(s),
    "learning_rate": lambda s: 0.01 * (1 - s / STEPS) ** 2,
    "grad_norm": lambda s: nan if 90 <= s < 97 else 2 + abs(_noise(s)) * exp(-s / 80),
    "recall": lambda s: 0.7 - 0.2 * exp(-s / 20) + 0.02 * _noise(s),
    "system/cpu_utilization_percentage": lambda s: 97 - (60 if s % 37 == 0 else 0) + _noise(s),
    "system/gpu_0_memory_usage_megabytes": lambda s: 11_000 + (900 if s > 60 else 0),
}


def histories(run_id: str) -> tuple[Series, ...]:
    steps = range(STEPS + 1)
    times = array("q", [1_773_450_000_000 + 4_000 * step for step in steps])
    return tuple(
        Series(run_id, name, array("q", steps), times, array("d", map(curve, steps))) for name, curve in CURVES.items()
    )


@pytest.fixture
def rich(world: Any, make_run: Any, git: Any, mlflow: Any) -> Any:
    """A world whose newest run has everything, and runs, and whose others lack this and that."""
    metrics = {name: Metric(value=curve(STEPS), step=STEPS, at=world.now - 20_000) for name, curve in CURVES.items()}
    schema = ", ".join(
        f'{{"type": "{kind}", "name": "{name}", "required": {needed}}}'
        for name, kind, needed in (
            ("customer_id", "string", "true"), ("plan", "string", "true"), ("tenure_months", "long", "true"),
            ("last_order", "datetime", "false"), ("churned", "boolean", "true"),
        )
    )  # fmt: skip
    orders = Dataset(
        name="orders", digest="77ab01f2", context="training", source_type="local",
        origin='{"uri": "s3://acme/orders/2026-03.parquet"}', schema=f'{{"mlflow_colspec": [{schema}]}}',
        profile='{"num_rows": 1507223, "num_elements": 7536115, "null_count": {"plan": 3}}',
    )  # fmt: skip
    live = make_run(
        0, status="running", ended_at=None, metrics=metrics, git_commit=SHA, datasets=(orders,),
        params={"lr": "0.01", "depth": "8", "seed": "7", "optimizer": "adamw", "layers": "[64, 64, 32]"},
        tags={"team": "growth", "mlflow.note.content": "Wider, on March", "mlflow.source.name": "train.py"},
    )  # fmt: skip
    failed = make_run(
        2, metrics={"val_auc": Metric(value=nan, step=31), "loss": Metric(value=float("inf"), step=31)},
        tags={"mlflow.note.content": "CUDA out of memory at step 31"}, datasets=(orders,),
    )  # fmt: skip
    nothing = make_run(3, metrics={}, params={}, tags={}, datasets=(), git_commit=None, user=None)
    children = [make_run(at, parent_id=f"{9:032x}", datasets=(orders,)) for at in (4, 5, 6)]
    world.fill([live, make_run(1, datasets=(orders,)), failed, nothing, *children, *map(make_run, range(7, 30))])
    commit = Commit(
        source=git.key, sha=SHA, parents=(), author="Ann Okafor", email="ann@acme.example",
        authored_at=world.now - 9 * HOUR, committed_at=world.now - 9 * HOUR, subject="Relax the null check on payments",
        body="Payments of the last days arrive late on Mondays, and the\ncheck held back every training since.",
        changes=(
            Change(kind="M", path="pipeline/train.py"), Change(kind="A", path="features/recency.py"),
            Change(kind="R", path="features/orders.py", old_path="features/order.py"),
            Change(kind="D", path="features/legacy.py"),
        ),
    )  # fmt: skip
    world.cache.write(git.key, Batch(commits=(commit,)), world.now)
    table = b"threshold,precision,recall,support\n" + b"".join(
        b"0.%02d,0.%04d,0.%04d,%d\n" % (at, 4_000 + 57 * at, 9_900 - 88 * at, 150_700 - 1_200 * at)
        for at in range(5, 100, 5)
    )
    report = b"# Report\n\n**Better** than last week's on every plan but one:\n\n- basic   +0.003\n- family  -0.002\n"
    files = {
        "curve.csv": table,
        "report.md": report,
        "roc.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0",
    }
    entries = tuple(Artifact(path=path, is_dir=False, size=len(data)) for path, data in files.items())
    world.write(
        batch=Batch(
            histories=histories(live.id),
            listings=(
                ArtifactListing(
                    source=mlflow.key,
                    run_id=live.id,
                    folder="",
                    artifacts=(Artifact(path="model", is_dir=True), *entries),
                ),
            ),
            contents=tuple(
                ArtifactContent(source=mlflow.key, run_id=live.id, path=path, data=data, size=len(data))
                for path, data in files.items()
            ),
        )
    )
    return world


Shot = Callable[..., bool]


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Open a screen, press keys, each when the one before is answered, and compare with the picture that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], screen: Any, *keys: str, row: Any = None) -> bool:
        async def before(pilot: Any) -> None:
            await settled(pilot)
            await app.push_screen(screen)
            await settled(pilot)
            if row is not None:
                assert screen.outline.go_to(row)
                await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


RUN_0 = f"{0:032x}"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_a_run_that_runs(rich: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    app = rich.app(theme, better={"val_auc": True, "val_loss": False})
    assert shot(app, size, RunScreen(app.deck, RUN_0), "j")


def test_a_run_that_runs_in_the_terminals_own_colours(rich: Any, shot: Shot) -> None:
    app = rich.app("ansi")
    assert shot(app, (120, 40), RunScreen(app.deck, RUN_0))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(("metric", "grad_norm"), id="nan"),
        pytest.param(("data", "orders\0" + "77ab01f2\0training"), id="data"),
        pytest.param(("commit", SHA), id="commit"),
        pytest.param(("file", "curve.csv"), id="table"),
        pytest.param(("file", "report.md"), id="text"),
        pytest.param(("file", "roc.png"), id="image"),
    ],
)
def test_beside_the_outline(rich: Any, shot: Shot, row: tuple[str, str]) -> None:
    app = rich.app()
    assert shot(app, (120, 40), RunScreen(app.deck, RUN_0), row=row)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "index", [pytest.param(2, id="failed"), pytest.param(3, id="nothing"), pytest.param(9, id="parent")]
)
def test_other_runs(rich: Any, shot: Shot, size: tuple[int, int], index: int) -> None:
    app = rich.app()
    assert shot(app, size, RunScreen(app.deck, f"{index:032x}"), "G")


@pytest.mark.parametrize("size", ALL_SIZES)
def test_a_hostile_run(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    odd = {f"{text[:60]}{index}": text for index, text in enumerate(HOSTILE)}
    run = make_run(
        0, name=HOSTILE[1], user=HOSTILE[6], params=odd, tags=odd, metrics={key: Metric(value=1.5) for key in odd},
        datasets=(Dataset(name=HOSTILE[7], digest=HOSTILE[1], context=HOSTILE[3], profile=HOSTILE[0]),),
    )  # fmt: skip
    app = world.fill([run]).app()
    assert shot(app, size, RunScreen(app.deck, RUN_0), "tab", "j", "j")


@pytest.mark.parametrize("size", SIZES)
def test_a_narrowed_run(rich: Any, shot: Shot, size: tuple[int, int]) -> None:
    app = rich.app()
    assert shot(app, size, RunScreen(app.deck, RUN_0), "slash", *"loss")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_all_curves(rich: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    app = rich.app(theme)
    assert shot(app, size, CurvesScreen(app.deck, RUN_0), "right")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_one_curve(rich: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    app = rich.app(theme, better={"val_auc": True, "val_loss": False})
    screen = CurveScreen(app.deck, RUN_0, "val_loss", list(CURVES))
    assert shot(app, size, screen, *["left"] * 30, "greater_than_sign", "greater_than_sign")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["curve.csv", "report.md", "roc.png", "asked-for.txt"])
def test_a_file(rich: Any, shot: Shot, size: tuple[int, int], path: str) -> None:
    app = rich.app()
    assert shot(app, size, ArtifactScreen(app.deck, RUN_0, path))


def test_a_link(rich: Any, shot: Shot) -> None:
    app = rich.app()
    assert shot(app, (80, 24), RunScreen(app.deck, RUN_0), "o")


def test_the_pane_beside_the_runs_says_what_differs_from_the_baseline(
    rich: Any, snap_compare: Any, settled: Any
) -> None:
    rich.tables.save_table("baseline/churn-train", {"run": f"{1:032x}"})

    async def before(pilot: Any) -> None:
        await settled(pilot)

    assert snap_compare(rich.app(), terminal_size=(200, 60), run_before=before)
