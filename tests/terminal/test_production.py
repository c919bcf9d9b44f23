"""A walk through production, infrastructure and what happened in the real program, over a cache that nobody syncs."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Alert,
    Batch,
    Experiment,
    ModelVersion,
    MonitorSeries,
    RegisteredModel,
    Resource,
    Run,
    Samples,
    SourceSpec,
    SourceState,
    Stack,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.locks import SyncerLock

StartTerminal = Callable[..., Any]

PROMETHEUS = SourceSpec(key="p" * 16, kind="prometheus", name="prometheus", address="http://127.0.0.1:9")
TERRAFORM = SourceSpec(key="t" * 16, kind="infra", name="serving", address="/churn")
REGISTRY = SourceSpec(key="r" * 16, kind="registry", name="models", address="http://127.0.0.1:9")
MLFLOW = SourceSpec(key="m" * 16, kind="mlflow", name="mlflow", address="http://127.0.0.1:9")
MINUTE, HOUR = 60_000, 3_600_000
RUNS, MODELS = 4_000, 40
SETTINGS = '[project]\nname = "churn"\n\n[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n'


def line(model: int, name: str, **changes: Any) -> MonitorSeries:
    facts: dict[str, Any] = {"source": PROMETHEUS.key, "key": f"{model:08x}{abs(hash(name)) % 16**8:08x}", "name": name,
                             "model": f"model-{model}", "query": f"max({name})"}  # fmt: skip
    return MonitorSeries(**(facts | changes))


def points(series: MonitorSeries, now: int, value: Callable[[int], float]) -> Samples:
    """One a minute for two days."""
    times = array("q", range(now - 48 * HOUR, now - MINUTE, MINUTE))
    values = array("d", (value(number) for number in range(len(times))))
    return Samples(source=series.source, key=series.key, times=times, values=values)


def production(now: int) -> Batch:
    """Two lines for each of forty models; the precision of the first is too low since an hour."""
    latency = [line(number, "p95_latency", unit="ms", max=120.0) for number in range(MODELS)]
    precision = [line(number, "precision", kind="business", min=0.78, label_delay=HOUR) for number in range(MODELS)]
    good = 47 * 60
    samples = [points(one, now, lambda n: 100 + 9 * math.sin(n / 40)) for one in latency]
    samples += [points(one, now, lambda n, low=at == 0: 0.71 if low and n > good else 0.83)  # type: ignore[misc]  # a default argument
                for at, one in enumerate(precision)]  # fmt: skip
    alert = Alert(source=PROMETHEUS.key, fingerprint="f" * 16, name="PrecisionLow", model="model-0",
                  severity="critical", since=now - 20 * MINUTE, summary="precision below 0.78")  # fmt: skip
    return Batch(series=(*latency, *precision), series_complete=True, samples=tuple(samples), alerts=(alert,))


def infrastructure(now: int) -> Batch:
    """A stack of 900 resources of which 60 change."""
    found = tuple(
        Resource(stack="serving", address=f"aws_lb.api[{number}]", type="aws_lb", name="api",
                 action="update" if number < 60 else "no-op", changed=("tags",) if number < 60 else ())
        for number in range(900)
    )  # fmt: skip
    stack = Stack(source=TERRAFORM.key, name="serving", status="planned", planned_at=now - HOUR, resources=found)
    return Batch(stacks=(stack,), stacks_complete=True)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[str | Path, ...]]:
    """Words that open a project with all of that, and that no syncer touches."""
    folder, path, now = tmp_path / "churn", tmp_path / "cache.db", time.time_ns() // 1_000_000
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS)
    models = tuple(
        RegisteredModel(source=REGISTRY.key, name=f"model-{n}", aliases={"champion": "1"}) for n in range(MODELS)
    )
    versions = tuple(ModelVersion(source=REGISTRY.key, model=one.name, version="1") for one in models)
    runs = tuple(
        Run(source=MLFLOW.key, id=f"{number:032x}", experiment_id="1", name=f"run-{number}", status="finished",
            started_at=now - number * MINUTE - HOUR, ended_at=now - number * MINUTE, user="bo")
        for number in range(1, RUNS + 1)
    )  # fmt: skip
    with closing(Cache(path)) as cache:
        cache.declare([PROMETHEUS, TERRAFORM, REGISTRY, MLFLOW])
        cache.write(
            MLFLOW.key, Batch(experiments=(Experiment(source=MLFLOW.key, id="1", name="churn"),), runs=runs), now
        )
        cache.write(REGISTRY.key, Batch(models=models, models_complete=True, versions=versions), now)
        cache.write(PROMETHEUS.key, production(now), now)
        cache.write(TERRAFORM.key, infrastructure(now), now)
        for spec in (PROMETHEUS, TERRAFORM, REGISTRY, MLFLOW):
            cache.save_state(
                SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                            last_ok_at=now, items=1)
            )  # fmt: skip
    lock = SyncerLock.acquire(path)
    assert lock is not None
    yield ("--project", folder, "--cache", path)
    lock.release()


def test_from_production_to_a_series_an_alert_and_back(
    terminal: StartTerminal, watched: tuple[str | Path, ...]
) -> None:
    program = terminal(*watched)
    program.wait_for("7 Serving")
    program.press("7")
    program.wait_for("✖ model-0@champion v1", "PrecisionLow   firing", "0.7100 ✖", "at least")
    program.press("enter")
    program.wait_for("over its threshold", "lasts", "max(precision)")
    program.press("right")
    program.wait_for("0.7100   ✖ bad")
    program.press("esc", "esc", "j", "enter")
    program.wait_for("precision below 0.78", "what watches model-0")
    program.press("esc")
    program.wait_for("model-1@champion v1")


def test_from_a_stack_to_its_plan_and_a_resource(terminal: StartTerminal, watched: tuple[str | Path, ...]) -> None:
    program = terminal(*watched)
    program.wait_for("8 Infra")
    program.press("8")
    program.wait_for("○ planned", "~60", "aws_lb.api[0]")
    program.press("enter")
    program.wait_for("the plan  60 update   values are not kept", "~ tags")
    program.press("j", "enter")
    program.wait_for("serving › aws_lb.api[1]")
    program.press("esc", "esc")
    program.wait_for("○ planned")


def test_through_what_happened_to_its_end_and_to_what_it_speaks_of(
    terminal: StartTerminal, watched: tuple[str | Path, ...]
) -> None:
    program = terminal(*watched)
    program.wait_for("9 Events")
    program.press("9")
    program.wait_for("✖ alert firing", "run-1 finished")
    program.press("G")
    program.wait_for(f"run-{RUNS} finished")
    program.press("g")
    program.press("/")
    program.type("run-77")
    program.wait_for("run-77 finished", "run-777 finished")
    program.press("enter", "enter")
    program.wait_for("run-77 ")


@pytest.mark.parametrize(
    ("subject", "said"),
    [("alert/ffff", "what watches model-0"), ("resource/serving", "values are not kept")],
)
def test_what_is_watched_is_opened_from_the_command_line(
    terminal: StartTerminal, watched: tuple[str | Path, ...], subject: str, said: str
) -> None:
    terminal(*watched, "open", subject).wait_for(said)


@pytest.mark.parametrize(("tab", "said"), [("7", "0.7100 ✖"), ("8", "aws_lb.api[0]"), ("9", "run-1 finished")])
def test_a_cursor_move_costs_some_hundred_bytes_and_a_page_a_few_thousand(
    terminal: StartTerminal, watched: tuple[str | Path, ...], tab: str, said: str
) -> None:
    program = terminal(*watched)
    program.wait_for("7 Serving")
    program.press(tab)
    program.wait_for(said)
    program.settle(quiet=0.5)
    for key in "jjjk":
        assert 0 < program.press(key) <= 400
        before = program.received
        program.settle(quiet=0.5)
        assert program.received - before <= 4_000  # on 7 the curve of another line is drawn whole
    assert 0 < program.press("pgdn") <= 8_192


@pytest.mark.parametrize(("tab", "said"), [("7", "0.7100 ✖"), ("8", "aws_lb.api[0]"), ("9", "run-1 finished")])
def test_nothing_is_sent_while_nobody_touches_it(
    terminal: StartTerminal, watched: tuple[str | Path, ...], tab: str, said: str
) -> None:
    program = terminal(*watched)
    program.wait_for("7 Serving")
    program.press(tab)
    program.wait_for(said)
    program.settle(quiet=0.8)
    before = program.received
    program.settle(quiet=1.5)
    assert program.received == before
