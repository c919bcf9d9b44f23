"""`quarterdeck open`: pipelines, jobs, models, checks and what is watched; runs are in test_status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import terminal
from quarterdeck.app.records import (
    Alert,
    Batch,
    CheckResult,
    Experiment,
    Invocation,
    Job,
    ModelVersion,
    MonitorSeries,
    Pipeline,
    RegisteredModel,
    Resource,
    SourceSpec,
    SourceState,
    Stack,
    check_id,
)
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]

NOW = 1_773_000_000_000
JENKINS = SourceSpec(key="00000000000000aa", kind="jenkins", name="jenkins", address="https://jenkins.example")
REGISTRY = SourceSpec(key="00000000000000bb", kind="registry", name="models", address="http://mlflow.example")

GX = SourceSpec(key="00000000000000cc", kind="checks", name="gx", address="gx")
RESULT = CheckResult(name="not_null(id)", dataset="orders", outcome="fail")
INVOCATION = Invocation(source=GX.key, id="run 1/a", tool="dbt", at=NOW, results=(RESULT,))
CHECK = check_id(GX.key, INVOCATION, RESULT)
PROMETHEUS = SourceSpec(key="00000000000000dd", kind="prometheus", name="prometheus", address="https://prom.example")
TERRAFORM = SourceSpec(key="00000000000000ee", kind="infra", name="serving", address="/churn")
LATENCY = MonitorSeries(source=PROMETHEUS.key, key="4f2c91ab7d00e1aa", name="p95 latency", model="churn")


@pytest.fixture
def opened(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two pipelines in the cache, and what the terminal is opened with."""
    writer = Cache(cache)
    writer.declare([JENKINS, REGISTRY, GX])
    writer.write(GX.key, Batch(invocations=(INVOCATION,)), NOW)
    writer.declare([JENKINS, REGISTRY, GX, PROMETHEUS, TERRAFORM])
    alert = Alert(source=PROMETHEUS.key, fingerprint="ffff0000ffff0000", name="HighLatency", since=NOW)
    writer.write(PROMETHEUS.key, Batch(series=(LATENCY,), alerts=(alert,)), NOW)
    balancer = Resource(stack="serving", address="aws_lb.api", type="aws_lb", name="api")
    stack = Stack(source=TERRAFORM.key, name="serving", resources=(balancer,))
    writer.write(TERRAFORM.key, Batch(stacks=(stack,)), NOW)
    churn = RegisteredModel(source=REGISTRY.key, name="churn / eu", aliases={"champion": "1"})
    first = ModelVersion(source=REGISTRY.key, model="churn / eu", version="1")
    writer.write(REGISTRY.key, Batch(models=(churn,), versions=(first,)), NOW)
    job = Job(id="team/churn/main#14/2", name="test", status="failed")
    found = tuple(
        Pipeline(source=JENKINS.key, id=f"team/churn/main#{number}", name="team/churn/main", status="failed",
                 created_at=NOW, jobs=(job,) if number == 14 else ())
        for number in (14, 15)
    )  # fmt: skip
    writer.write(JENKINS.key, Batch(pipelines=found), NOW)
    writer.save_state(
        SourceState(source=JENKINS.key, kind="jenkins", name="jenkins", state="ok", last_ok_at=NOW, items=2)
    )
    writer.close()
    subjects: list[str] = []

    def open_terminal(settings: Any, *, subject: Any, **_: Any) -> int:
        subjects.append(str(subject))
        return 0

    monkeypatch.setattr(terminal, "open_terminal", open_terminal)
    return subjects


def test_a_pipeline_is_opened_by_its_id_and_by_its_beginning(call: Call, opened: list[str]) -> None:
    assert call("open", "pipeline/team%2Fchurn%2Fmain%2314").status == 0
    assert call("open", "pipeline/team%2Fchurn%2Fmain%2315").status == 0
    assert opened == ["pipeline/team%2Fchurn%2Fmain%2314", "pipeline/team%2Fchurn%2Fmain%2315"]


def test_a_beginning_that_several_have_is_refused_and_names_them(call: Call, opened: list[str]) -> None:
    said = call("open", "pipeline/team")
    assert said.status == 2
    assert "team/churn/main#14, team/churn/main#15" in said.err
    assert opened == []


def test_a_beginning_becomes_the_whole_id(call: Call, opened: list[str], cache: Path) -> None:
    writer = Cache(cache)
    writer.write(JENKINS.key, Batch(pipelines_gone=("team/churn/main#15",)), NOW)
    writer.close()
    assert call("open", "pipeline/team").status == 0
    assert opened == ["pipeline/team%2Fchurn%2Fmain%2314"]


def test_a_job_is_opened_by_its_id(call: Call, opened: list[str]) -> None:
    assert call("open", "job/team%2Fchurn%2Fmain%2314%2F2").status == 0
    assert opened == ["job/team%2Fchurn%2Fmain%2314%2F2"]


@pytest.mark.parametrize(("subject", "sentence"), [
    ("pipeline/nope", "There is no pipeline/nope in the cache. Pipelines are named by"),
    ("job/nope", "There is no job/nope in the cache. Jobs are named by"),
])  # fmt: skip
def test_what_is_not_there_is_said(call: Call, opened: list[str], subject: str, sentence: str) -> None:
    said = call("open", subject)
    assert said.status == 1
    assert sentence in said.err
    assert opened == []


@pytest.mark.parametrize(
    "subject", ["model/churn%20%2F%20eu", "model/churn%20%2F%20eu/1", "alias/churn%20%2F%20eu@champion"]
)
def test_a_model_a_version_and_an_alias_are_opened(call: Call, opened: list[str], subject: str) -> None:
    assert call("open", subject).status == 0
    assert opened == [subject]


def test_an_experiment_is_opened_by_its_id_and_one_that_is_not_there_is_said(
    call: Call, opened: list[str], cache: Path
) -> None:
    writer = Cache(cache)
    writer.write(REGISTRY.key, Batch(experiments=(Experiment(source=REGISTRY.key, id="3", name="churn-train"),)), NOW)
    writer.close()
    assert call("open", "experiment/3").status == 0
    assert opened == ["experiment/3"]
    said = call("open", "experiment/4")
    assert said.status == 1
    assert "There is no experiment/4 in the cache. Experiments are named by their whole id" in said.err


@pytest.mark.parametrize("subject", ["model/uplift", "model/churn%20%2F%20eu/2", "alias/churn%20%2F%20eu@nobody"])
def test_one_that_is_not_in_the_cache_is_refused_and_says_how_they_are_named(
    call: Call, opened: list[str], subject: str
) -> None:
    said = call("open", subject)
    assert said.status == 1
    assert f"There is no {subject} in the cache. `quarterdeck models` lists models and aliases" in said.err
    assert opened == []


@pytest.mark.parametrize(
    ("subject", "whole"),
    [
        (f"series/{LATENCY.key}", f"series/{LATENCY.key}"),
        (f"series/{LATENCY.key[:8]}", f"series/{LATENCY.key}"),
        ("alert/ffff", "alert/ffff0000ffff0000"),
        ("resource/serving", "resource/serving"),
        ("resource/serving/aws_lb.api", "resource/serving/aws_lb.api"),
    ],
)
def test_what_is_watched_and_what_it_stands_on_is_opened(
    call: Call, opened: list[str], subject: str, whole: str
) -> None:
    assert call("open", subject).status == 0
    assert opened == [whole]


@pytest.mark.parametrize("subject", ["series/zz", "alert/zz", "resource/nope", "resource/serving/nope", "event/zz"])
def test_what_nobody_watches_is_not_opened(call: Call, opened: list[str], subject: str) -> None:
    said = call("open", subject)
    assert said.status == 1
    assert f"There is no {subject} in the cache." in said.err
    assert opened == []


def test_an_event_is_opened_by_its_id(call: Call, opened: list[str]) -> None:
    (event, *_) = json.loads(call("events", "--json").out)
    assert call("open", f"event/{event['id']}").status == 0
    assert opened == [f"event/{event['id']}"]


def test_a_check_is_opened_by_its_id_and_by_its_beginning(call: Call, opened: list[str]) -> None:
    assert call("open", f"check/{CHECK}").status == 0
    assert call("open", f"check/{CHECK[:6]}").status == 0
    assert opened == [f"check/{CHECK}"] * 2


def test_a_result_is_opened_by_its_whole_id(call: Call, opened: list[str]) -> None:
    assert call("open", f"result/{CHECK}.run%201%2Fa").status == 0
    assert opened == [f"result/{CHECK}.run%201%2Fa"]


@pytest.mark.parametrize("subject", ["check/nothing", f"result/{CHECK}", f"result/{CHECK}.run%202"])
def test_a_check_or_a_result_that_the_cache_does_not_have_is_said_so(
    call: Call, opened: list[str], subject: str
) -> None:
    said = call("open", subject)
    assert said.status == 1
    assert f"There is no {subject} in the cache" in said.err
    assert "`quarterdeck checks --json`" in said.err


def test_what_needs_attention_is_opened_as_a_chat_says_it(call: Call, opened: list[str]) -> None:
    (first, *_) = json.loads(call("triage", "--json").out)
    written = f"attention/{first['id']}"
    said = call("open", written)
    assert (said.status, opened) == (0, [written])
    said = call("open", "attention/ffff")
    assert said.status == 1
    assert "There is no attention/ffff" in said.err
    assert "`quarterdeck triage` lists it" in said.err
