"""A walk through lineage and datasets in the real program, over a cache that nobody syncs, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    CheckResult,
    Commit,
    Dataset,
    DataVersion,
    Experiment,
    Invocation,
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
GIT = SourceSpec(key="g" * 16, kind="git", name="git", address="/nowhere")
GX = SourceSpec(key="d" * 16, kind="checks", name="gx", address="gx")
HOUR = 3_600_000
RUNS = 3_000
SETTINGS = (
    '[project]\nname = "churn"\n\n[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n\n'
    '[[datasets]]\nname = "orders"\nis = ["mlflow:orders", "dvc:data/orders.csv", "gx:orders_asset"]\n'
)


def run(number: int, now: int) -> Run:
    """One of the many on the data of this week; every seventh was trained on other data."""
    at = now - (RUNS - number + 1) * 60_000
    return Run(
        source=MLFLOW.key, id=f"{number:032x}", experiment_id="1", name=f"brave-cod-{number}", status="finished",
        started_at=at, ended_at=at + 30_000, user="ann", params={"lr": "0.01"}, git_commit=f"{number % 3 + 1:040x}",
        datasets=(Dataset(name="orders", digest="51c2ee" if number % 7 == 0 else "77ab01", context="training"),),
    )  # fmt: skip


def commits(now: int) -> tuple[Commit, ...]:
    return tuple(
        Commit(
            source=GIT.key, sha=f"{number:040x}", parents=(), author="Bo", email="bo@acme", authored_at=now - HOUR,
            committed_at=now - number * HOUR, subject=f"Step {number}",
        )
        for number in (1, 2, 3)
    )  # fmt: skip


def tracked(now: int) -> tuple[DataVersion, ...]:
    return tuple(
        DataVersion(
            source=GIT.key, name="data/orders.csv", digest=digest, commit=f"{number:040x}", at=now - number * HOUR,
            size=12_000_000 + number, stage="prepare", defined_in="dvc.lock",
        )
        for number, digest in ((1, "77ab01"), (3, "51c2ee"))
    )  # fmt: skip


def checked(now: int) -> Invocation:
    results = (
        CheckResult(name="not_null(customer_id)", dataset="orders_asset", column="customer_id", outcome="fail",
                    observed="3.1 % null", expected="at most 1 %"),
        *(CheckResult(name=f"between({at})", dataset="orders_asset", outcome="pass") for at in range(40)),
    )  # fmt: skip
    return Invocation(
        source=GX.key, id="gx-1", tool="great_expectations", suite="orders", at=now - 2 * HOUR, is_whole=True,
        dataset_digest="77ab01", results=results,
    )  # fmt: skip


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[tuple[str | Path, ...]]:
    """Words that open a project whose data feeds thousands of runs and a champion, and that no syncer touches."""
    folder, path, now = tmp_path / "churn", tmp_path / "cache.db", time.time_ns() // 1_000_000
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    version = ModelVersion(
        source=REGISTRY.key, model="churn", version="14", created_at=now - HOUR, user="bo", run_id=f"{RUNS:032x}"
    )
    model = RegisteredModel(source=REGISTRY.key, name="churn", aliases={"champion": "14"})
    with closing(Cache(path)) as cache:
        cache.declare([REGISTRY, MLFLOW, GIT, GX])
        cache.write(GIT.key, Batch(commits=commits(now), data_versions=tracked(now)), now)
        cache.write(MLFLOW.key, Batch(experiments=(Experiment(source=MLFLOW.key, id="1", name="churn"),)), now)
        for start in range(1, RUNS + 1, 500):
            cache.write(MLFLOW.key, Batch(runs=tuple(run(number, now) for number in range(start, start + 500))), now)
        cache.write(REGISTRY.key, Batch(models=(model,), models_complete=True, versions=(version,)), now)
        cache.write(GX.key, Batch(invocations=(checked(now),)), now)
        for spec in (REGISTRY, MLFLOW, GIT, GX):
            cache.save_state(
                SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                            last_ok_at=now)
            )  # fmt: skip
    lock = SyncerLock.acquire(path)
    assert lock is not None
    yield ("--project", folder, "--cache", path)
    lock.release()


def test_from_the_champion_to_the_data_that_puts_it_at_risk_and_back(
    terminal: StartTerminal, joined: tuple[str | Path, ...]
) -> None:
    program = terminal(*joined)
    program.wait_for("brave-cod-3000")
    program.press("6")
    program.wait_for("▸ churn@champion", "not_null(customer_id)")
    program.press("enter")
    program.wait_for("lineage of churn@champion", "1 failing check upstream", "run brave-cod-3000", "orders@77ab01")
    program.type("/orders@77")
    program.press("enter", "G")
    program.wait_gone("params")
    program.press("esc")
    program.wait_for("params")
    program.type(":lineage dataset/orders@77ab01")
    program.press("enter")
    program.wait_for("churn@champion at risk", "✖ 1 failing check", "more runs")
    program.press("G", "k")
    program.press("G", "enter")
    program.wait_for("brave-cod-2980")
    program.press("esc")
    program.wait_for("lineage of churn@champion")


def test_from_the_datasets_to_what_differs_in_a_version_and_to_its_commit(
    terminal: StartTerminal, joined: tuple[str | Path, ...]
) -> None:
    program = terminal(*joined)
    program.wait_for("brave-cod-3000")
    program.type(":datasets")
    program.press("enter")
    program.wait_for("datasets   1", "▸  orders", "77ab01", "✖ 1 of 41", "churn@champion")
    program.press("enter")
    program.wait_for("data orders@77ab01", "from 51c2ee", "not_null(customer_id)", "churn v14", "champion")
    program.type("/0000001")
    program.press("enter")
    program.wait_for("made by", "Step 1")
    program.press("enter")
    program.wait_for("commit 0000000000", "51c2ee → 77ab01")
    program.press("w")
    program.wait_for("what changed around", "its content is another one")
    program.press("w")
    program.wait_for("lineage of data/orders.csv@77ab01", "churn@champion at risk")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("dataset/orders@77ab", "data orders@77ab01"),
        ("dataset/data%2Forders.csv@51c2ee", "data orders@51c2ee"),
        ("commit/" + f"{2:040x}", "Step 2"),
    ],
)
def test_a_thing_is_opened_from_the_command_line(
    terminal: StartTerminal, joined: tuple[str | Path, ...], subject: str, said: str
) -> None:
    terminal(*joined, "open", subject).wait_for(said)


def test_a_cursor_move_costs_some_hundred_bytes_a_page_a_few_thousand_and_what_follows_the_cursor_fewer(
    terminal: StartTerminal, joined: tuple[str | Path, ...]
) -> None:
    program = terminal(*joined, "open", "dataset/orders@77ab01")
    program.wait_for("data orders@77ab01", "brave-cod-2999", "churn@champion at risk")
    program.settle(quiet=0.5)
    sent = [program.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
    assert program.press("pgdn") <= 8_192
    program.press("w")
    program.wait_for("what changed around", "changes of")
    program.settle(quiet=0.5)
    sent = [program.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
    program.press("w")
    program.wait_for("lineage of")
    program.settle(quiet=0.5)
    sent = [program.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
    assert program.press("pgdn") <= 8_192
    program.press("left")
    program.settle(quiet=0.5)
    program.type(":datasets")
    program.press("enter")
    program.wait_for("datasets   1")


def test_what_stands_beside_the_tree_follows_the_cursor_for_a_few_thousand_bytes(
    terminal: StartTerminal, joined: tuple[str | Path, ...]
) -> None:
    program = terminal(*joined, size=(200, 50))
    program.wait_for("brave-cod-3000")
    program.type(":lineage dataset/orders@77ab01")
    program.press("enter")
    program.wait_for("more runs")
    program.settle(quiet=0.5)
    for key in ("j", "j", "k"):
        before = program.received
        moved = program.press(key)
        program.settle(quiet=0.5)
        assert 0 < moved <= 400
        assert program.received - before - moved <= 4_000
