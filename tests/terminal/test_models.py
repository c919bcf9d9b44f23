"""A walk through the models in the real program, over a cache that nobody syncs: lists, versions, what a key costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    Dataset,
    Experiment,
    Metric,
    ModelVersion,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.locks import SyncerLock

StartTerminal = Callable[..., Any]

REGISTRY = SourceSpec(key="r" * 16, kind="registry", name="models", address="http://127.0.0.1:9")
MLFLOW = SourceSpec(key="m" * 16, kind="mlflow", name="mlflow", address="http://127.0.0.1:9")
HOUR = 3_600_000
VERSIONS = 5_000
SETTINGS = '[project]\nname = "churn"\n\n[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n\n[metrics]\n' \
           "val_auc = { greater_is_better = true }\n"  # fmt: skip


def made(number: int, now: int) -> tuple[ModelVersion, Run]:
    """A version and the run that it is of."""
    at = now - (VERSIONS - number + 1) * HOUR
    run = Run(
        source=MLFLOW.key, id=f"{number:032x}", experiment_id="1", name=f"brave-cod-{number}", status="finished",
        started_at=at, ended_at=at + HOUR, user="ann", params={"lr": "0.01", "depth": str(number % 9)},
        metrics={"val_auc": Metric(value=0.5 + number / 20_000, step=1, at=at)}, git_commit=f"{number:040x}",
        datasets=(Dataset(name="orders", digest=f"{number % 7:04x}", context="training"),),
    )  # fmt: skip
    facts: dict[str, Any] = {"model": "churn", "created_at": at, "user": "ann", "run_id": run.id}
    return ModelVersion(source=REGISTRY.key, version=str(number), **facts), run


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[tuple[str | Path, ...]]:
    """Words that open a project whose cache has a model with 5,000 versions, and that no syncer touches."""
    folder, path, now = tmp_path / "churn", tmp_path / "cache.db", time.time_ns() // 1_000_000
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    models = [RegisteredModel(source=REGISTRY.key, name="churn", aliases={"champion": "4990", "challenger": "4999"})]
    models += [RegisteredModel(source=REGISTRY.key, name=f"model-{number:02}") for number in range(40)]
    with closing(Cache(path)) as cache:
        cache.declare([REGISTRY, MLFLOW])
        cache.write(MLFLOW.key, Batch(experiments=(Experiment(source=MLFLOW.key, id="1", name="churn"),)), now)
        for start in range(1, VERSIONS + 1, 500):
            versions, runs = zip(*(made(number, now) for number in range(start, start + 500)), strict=True)
            cache.write(MLFLOW.key, Batch(runs=runs), now)
            cache.write(REGISTRY.key, Batch(versions=versions), now)
        cache.write(REGISTRY.key, Batch(models=tuple(models), models_complete=True), now)
        for spec in (REGISTRY, MLFLOW):
            cache.save_state(
                SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                            last_ok_at=now, items=VERSIONS)
            )  # fmt: skip
    lock = SyncerLock.acquire(path)
    assert lock is not None
    yield ("--project", folder, "--cache", path)
    lock.release()


def test_from_the_models_to_a_version_its_run_and_back(
    terminal: StartTerminal, registered: tuple[str | Path, ...]
) -> None:
    program = terminal(*registered)
    program.wait_for("brave-cod-5000", "3 Models")
    program.press("3")
    program.wait_for("▸  churn", "v4990", "5 000 versions", "nobody saw how it came there")
    program.press("enter")
    program.wait_for("model churn   5 000 versions", "▸  v5000", "brave-cod-5000", "Δ v4990")
    program.press("G")
    program.wait_for("▸  v1 ", "brave-cod-1")
    program.press("g", "j", "enter")
    program.wait_for("churn › v4999", "against v4990, champion", "trained on unlike data")
    program.press("esc")
    program.wait_for("▸  v4999")
    program.press("=")
    program.wait_for("compare 2 runs", "brave-cod-4990")
    program.press("esc", "esc")
    program.wait_for("models   41")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("model/churn", "model churn   5 000 versions"),
        ("model/churn/17", "churn › v17"),
        ("alias/churn@champion", "churn › v4990"),
    ],
)
def test_a_model_is_opened_from_the_command_line(
    terminal: StartTerminal, registered: tuple[str | Path, ...], subject: str, said: str
) -> None:
    terminal(*registered, "open", subject).wait_for(said)


def test_a_cursor_move_costs_some_hundred_bytes_a_page_a_few_thousand_and_what_follows_the_cursor_fewer(
    terminal: StartTerminal, registered: tuple[str | Path, ...]
) -> None:
    program = terminal(*registered)
    program.press("3")
    program.wait_for("5 000 versions")
    program.settle(quiet=0.5)
    before = program.received
    moved = program.press("j")
    program.wait_for("no alias points at any of its versions")
    program.settle(quiet=0.5)
    assert 0 < moved <= 400
    assert program.received - before - moved <= 4_000
    program.press("g", "enter")
    program.wait_for("▸  v5000")
    program.settle(quiet=0.5)
    sent = [program.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
    assert program.press("pgdn") <= 8_192
