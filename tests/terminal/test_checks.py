"""A walk through the checks in the real program, over a cache that nobody syncs: list, page, what a key costs."""

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
    Dataset,
    Experiment,
    Invocation,
    Limit,
    ModelVersion,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
    check_id,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.locks import SyncerLock

StartTerminal = Callable[..., Any]

GX = SourceSpec(key="d" * 16, kind="checks", name="gx", address="gx/uncommitted/validations")
MLFLOW = SourceSpec(key="m" * 16, kind="mlflow", name="mlflow", address="http://127.0.0.1:9")
REGISTRY = SourceSpec(key="r" * 16, kind="registry", name="models", address="http://127.0.0.1:9")
HOUR = 3_600_000
DAY = 24 * HOUR
CHECKS, DAYS, TABLES = 400, 12, 8
SETTINGS = (
    '[project]\nname = "churn"\n\n[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n\n[[checks]]\n'
    'kind = "great_expectations"\nname = "gx"\npaths = ["none/*.json"]\n'
)


def result(number: int, days_ago: int) -> CheckResult:
    """Every third check of the first table fails since a few days; the rule of every fourth was loosened."""
    table = number % TABLES
    share = 0.031 if table == 0 and number % 3 == 0 and days_ago <= number % 7 else 0.0
    mostly = 0.95 if table == 0 and number % 4 == 0 and days_ago < 5 else 0.99
    return CheckResult(
        name=f"not_null(column_{number})", dataset="orders" if table == 0 else f"shop.table_{table}",
        column=f"column_{number}", outcome="fail" if share else "pass", observed=f"{100 * share:.3g} % null",
        expected="at most 1 %", failed_rows=int(share * 41_000), total_rows=41_000,
        definition=f"not_null column_{number} mostly={mostly}",
        limits=(Limit(name="mostly", value=mostly, strict="higher"),),
    )  # fmt: skip


def invocation(days_ago: int, midnight: int) -> Invocation:
    """All checks of one day, checked two hours after it."""
    begins = midnight - (days_ago + 1) * DAY
    return Invocation(
        source=GX.key, id=f"run-{days_ago}", tool="great_expectations", suite="nightly", environment="prod",
        at=begins + DAY, interval=time.strftime("%Y-%m-%d", time.gmtime(begins / 1000)), interval_at=begins,
        commit=f"{days_ago:040x}", dataset_digest="77ab", run_id="0" * 32 if days_ago == 0 else None,
        results=tuple(result(number, days_ago) for number in range(CHECKS)),
    )  # fmt: skip


def models(now: int) -> Batch:
    """A champion whose run was trained on the data that is checked."""
    facts: dict[str, Any] = {"model": "churn", "created_at": now - DAY, "run_id": "0" * 32}
    return Batch(
        models=(RegisteredModel(source=REGISTRY.key, name="churn", aliases={"champion": "14"}),), models_complete=True,
        versions=(ModelVersion(source=REGISTRY.key, version="14", **facts),),
    )  # fmt: skip


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[tuple[str | Path, ...]]:
    """Words that open a project whose cache has 4,800 results of 400 checks, and that no syncer touches."""
    folder, path, now = tmp_path / "churn", tmp_path / "cache.db", time.time_ns() // 1_000_000
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    run = Run(
        source=MLFLOW.key, id="0" * 32, experiment_id="1", name="brave-cod-214", status="finished",
        started_at=now - DAY, ended_at=now - HOUR,
        datasets=(Dataset(name="orders", digest="77ab", context="training"),),
    )  # fmt: skip
    with closing(Cache(path)) as cache:
        cache.declare([GX, MLFLOW, REGISTRY])
        experiments = (Experiment(source=MLFLOW.key, id="1", name="churn"),)
        cache.write(MLFLOW.key, Batch(experiments=experiments, runs=(run,)), now)
        cache.write(REGISTRY.key, models(now), now)
        for days_ago in range(DAYS - 1, -1, -1):
            cache.write(GX.key, Batch(invocations=(invocation(days_ago, now // DAY * DAY),)), now)
        for spec in (GX, MLFLOW, REGISTRY):
            cache.save_state(
                SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                            last_ok_at=now, items=CHECKS)
            )  # fmt: skip
    lock = SyncerLock.acquire(path)
    assert lock is not None
    yield ("--project", folder, "--cache", path)
    lock.release()


ID = check_id(GX.key, invocation(0, 0), result(24, 0))


def test_from_the_checks_to_one_of_them_its_run_and_back(
    terminal: StartTerminal, checked: tuple[str | Path, ...]
) -> None:
    program = terminal(*checked)
    program.wait_for("brave-cod-214", "4 Checks")
    program.press("4")
    program.wait_for("checks · prod · 400 in 8 datasets", "▾ orders", "feeds churn@champion v14", "3.1 % null, allowed")
    program.press("G")
    program.wait_for("shop.table_1 50 ●")
    program.press("/")
    program.type("column_24")
    program.wait_for("✖ not_null(column_24)", "rule loosened")
    program.press("enter", "j", "enter")
    program.wait_for("orders › not_null(column_24)", "mostly=0.99", "churn@champion")
    program.press("G")
    program.wait_for("history", "rule loosened: mostly 0.99 → 0.95")
    program.press("esc", "esc")
    program.wait_for("400 in 8 datasets", "▾ orders")
    program.press("t")
    program.wait_for("by outcome")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (f"check/{ID}", "orders › not_null(column_24)"),
        (f"check/{ID[:10]}", "orders › not_null(column_24)"),
        (f"result/{ID}.run-3", "orders › not_null(column_24)"),
    ],
)
def test_a_check_is_opened_from_the_command_line(
    terminal: StartTerminal, checked: tuple[str | Path, ...], subject: str, said: str
) -> None:
    terminal(*checked, "open", subject).wait_for(said)


def test_what_is_no_check_is_said_so(terminal: StartTerminal, checked: tuple[str | Path, ...]) -> None:
    terminal(*checked, "open", "check/ffff").wait_for("There is no check/ffff in the cache")


def test_a_cursor_move_costs_some_hundred_bytes_and_a_page_a_few_thousand(
    terminal: StartTerminal, checked: tuple[str | Path, ...]
) -> None:
    program = terminal(*checked)
    program.press("4")
    program.wait_for("400 in 8 datasets", "feeds churn@champion")
    program.settle(quiet=0.5)
    before = program.received
    moved = program.press("j")
    program.settle(quiet=0.5)
    assert 0 < moved <= 400
    assert program.received - before - moved <= 4_000
    sent = [program.press(key) for key in "jkjk"]
    assert all(0 < number <= 400 for number in sent), sent
    program.settle(quiet=0.5)
    assert program.press("pgdn") <= 8_192
    program.press("t")
    program.wait_for("by outcome")
    program.settle(quiet=0.5)
    assert 0 < program.press("pgdn") <= 8_192
    program.settle(quiet=0.5)
    assert 0 < program.press("j") <= 400


def test_nothing_is_sent_while_nobody_touches_it(terminal: StartTerminal, checked: tuple[str | Path, ...]) -> None:
    program = terminal(*checked)
    program.press("4")
    program.wait_for("400 in 8 datasets", "feeds churn@champion")
    program.settle(quiet=0.5)
    before = program.received
    program.settle(quiet=1.5)
    assert program.received == before
