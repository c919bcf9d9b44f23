"""`quarterdeck lineage`: a tree for eyes, links for scripts."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    CheckResult,
    Commit,
    DataPart,
    Dataset,
    DataVersion,
    Experiment,
    Invocation,
    Job,
    ModelVersion,
    MonitorSeries,
    Pipeline,
    RegisteredModel,
    Run,
    Samples,
    SourceSpec,
    SourceState,
    series_key,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.text import cells

NOW = 0
"""Milliseconds; the present when a test begins. Modules are read half an hour before their turn."""
SHA = "4f2c91a" + "0" * 33
KINDS = {"g": "git", "m": "mlflow", "r": "registry", "c": "github", "d": "checks"}
DATASETS = '\n[[datasets]]\nname = "orders"\nis = ["mlflow:orders", "dvc:data/orders.csv", "gx:orders_asset"]\n'


@pytest.fixture(autouse=True)
def the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "NOW", time.time_ns() // 1_000_000)


@pytest.fixture
def filled(project: Path, cache: Path) -> Path:
    """The world of the sketch: champion v14, its run, commit, data and a check that fails."""
    settings = project / "quarterdeck.toml"
    settings.write_text(settings.read_text() + DATASETS)
    with closing(Cache(cache)) as writer:
        writer.declare([SourceSpec(key=key, kind=kind, name=kind, address="a") for key, kind in KINDS.items()])
        for key, kind in KINDS.items():
            writer.save_state(SourceState(source=key, kind=kind, name=kind, state="ok", last_ok_at=NOW))
            writer.write(key, what_is_known()[key], NOW)
    return cache


def run(number: str, **rest: Any) -> Run:
    facts: dict[str, Any] = {
        "source": "m", "id": number, "experiment_id": "1", "name": f"brave-cod-{number}", "status": "finished",
        "user": "bo", "git_commit": SHA, "datasets": (Dataset(name="orders", digest="77ab", context="training"),),
    }  # fmt: skip
    return Run(**(facts | rest))


def version(number: str, run_id: str) -> ModelVersion:
    return ModelVersion(source="r", model="churn", version=number, run_id=run_id)


def what_is_known() -> dict[str, Batch]:
    """By source."""
    return {
        "g": Batch(
            commits=(
                Commit(
                    source="g", sha=SHA, parents=(), author="bo", email="bo@example.com", authored_at=1, committed_at=1,
                    subject="relax null check",
                ),
            ),
            data_versions=(
                DataVersion(
                    source="g", name="data/orders.csv", digest="b2" * 16, commit=SHA, at=1, stage="prepare",
                    deps=(DataPart(path="raw/orders.csv", digest="36973f5" + "0" * 25),),
                ),
            ),
        ),
        "m": Batch(
            experiments=(Experiment(source="m", id="1", name="churn"),),
            runs=(
                run("213", params={"lr": "0.1", "depth": "3"}),
                run("214", params={"lr": "0.2", "depth": "4", "seed": "1"}),
            ),
        ),
        "r": Batch(
            models=(RegisteredModel(source="r", name="churn", aliases={"champion": "14"}),),
            versions=(version("13", "213"), version("14", "214")),
        ),
        "c": Batch(
            pipelines=(
                Pipeline(
                    source="c", id="1", name="ci", status="passed", commit=SHA,
                    jobs=tuple(Job(id=name, name=name, status="passed") for name in ("data", "test", "train")),
                ),
            )
        ),
        "d": Batch(
            invocations=(
                Invocation(
                    source="d", id="i1", tool="great_expectations", suite="nightly", at=NOW - 10_800_000,
                    results=(CheckResult(name="not_null(customer_id)", dataset="orders_asset", outcome="fail"),),
                ),
            )
        ),
    }  # fmt: skip


def test_the_tree_is_the_one_of_the_sketch(filled: Path, call: Callable[..., Any]) -> None:
    said = call("lineage", "alias/churn@champion")
    assert said.status == 0, said.err
    assert said.out.splitlines() == [
        " churn@champion v14                           ✖ 1 failing check upstream",
        " ├─ run brave-cod-214  bo",
        ' │  ├─ commit 4f2c91a "relax null check"  bo  ● ci 3 jobs',
        " │  │    tree state unknown",
        " │  ├─ data orders@77ab (digest)  training    ✖ not_null(customer_id) since 3 h",
        " │  │  └─ dvc stage prepare → data/orders.csv@b2b2b2b (declared)",
        " │  │     └─ dvc raw/orders.csv@36973f5 (digest)",
        " │  └─ params 3 · 3 differ from v13",
        " ├─ ◌ who moved it here is not known",
        " └→ ◌ serving unknown: no monitor is read",
    ]
    assert max(cells(line) for line in said.out.splitlines()) <= 80


def test_json_has_every_link_with_what_proves_it(filled: Path, call: Callable[..., Any]) -> None:
    told = call("lineage", "alias/churn@champion", "--json").json
    assert told["subject"] == "alias/churn@champion"
    links = {(link["from"], link["to"]): (link["kind"], link["by"], link["known"]) for link in told["links"]}
    assert links["run/214", "model/churn/14"] == ("registered", "id", True)
    assert links[f"commit/{SHA}", "run/214"] == ("ran", "digest", True)
    assert links[f"dataset/data%2Forders.csv@{'b2' * 16}", "dataset/orders@77ab"] == ("same", "declared", True)
    assert links["alias/churn@champion", "unknown"] == ("served", "name", False)
    assert len(told["failing"]) == 1


def test_data_leads_to_the_aliases_at_risk(filled: Path, call: Callable[..., Any]) -> None:
    told = call("lineage", "dataset/orders@77ab", "--json").json
    assert told["at_risk"] == ["alias/churn@champion"]


def test_how_far_and_how_many_can_be_said(filled: Path, call: Callable[..., Any]) -> None:
    near = call("lineage", "alias/churn@champion", "--depth", "1").out
    assert "commit" not in near
    few = call("lineage", "dataset/orders@77ab", "--limit", "1").out
    assert "… and 1 more run\n" in few


def test_with_exit_code_a_check_that_fails_upstream_is_one(filled: Path, call: Callable[..., Any]) -> None:
    assert call("lineage", "alias/churn@champion", "--exit-code").status == 1
    assert call("lineage", "pipeline/1", "--exit-code").status == 0


def test_what_the_cache_does_not_have_is_said_in_a_sentence(filled: Path, call: Callable[..., Any]) -> None:
    said = call("lineage", "run/none")
    assert (said.status, said.out) == (1, "")
    assert "There is no run/none in the cache; `quarterdeck sync` reads what is new." in said.err


def test_a_kind_without_a_lineage_is_a_mistake_of_use(filled: Path, call: Callable[..., Any]) -> None:
    said = call("lineage", "source/x")
    assert said.status == 2
    assert "There is no lineage of source/x" in said.err


def test_before_the_first_sync_it_says_what_to_do(call: Callable[..., Any]) -> None:
    said = call("lineage", "run/1")
    assert said.status == 1
    assert "NOTHING".casefold() in said.err.casefold()


def test_what_is_served_is_told_by_the_lines_of_the_version(filled: Path, call: Callable[..., Any]) -> None:
    def line(name: str, value: float, **facts: Any) -> tuple[MonitorSeries, Samples]:
        series = MonitorSeries(source="p", key=series_key("p", name, facts), name=name, looked_at=NOW, **facts)
        points = Samples(source="p", key=series.key, times=array("q", [NOW]), values=array("d", [value]))
        return series, points

    lines = [
        line("p95 latency", 111.0, unit="ms", max=120.0, model="churn", version="14"),
        line("precision", 0.71, min=0.78, model="churn"),
        line("precision", 0.1, min=0.78, model="churn", version="13"),
    ]
    with closing(Cache(filled)) as writer:
        writer.declare([SourceSpec(key=key, kind=kind, name=kind, address="a") for key, kind in KINDS.items()]
                       + [SourceSpec(key="p", kind="prometheus", name="prometheus", address="a")])  # fmt: skip
        batch = Batch(series=tuple(one for one, _ in lines), samples=tuple(points for _, points in lines))
        writer.write("p", batch, NOW)
    said = call("lineage", "alias/churn@champion")
    last = said.out.splitlines()[-1]
    assert last.startswith(" └→ serving churn (name)  precision 0.71")
    assert "✖ bad since" in last
    told = call("lineage", "alias/churn@champion", "--json").json
    served = [link for link in told["links"] if link["kind"] == "served"]
    assert [(link["to"], link["known"]) for link in served] == [
        (f"series/{series.key}", True) for series in (lines[1][0], lines[0][0])
    ]  # fmt: skip
    with closing(Cache(filled)) as writer:
        writer.declare([SourceSpec(key=key, kind=kind, name=kind, address="a") for key, kind in KINDS.items()]
                       + [SourceSpec(key="p", kind="prometheus", name="prometheus", address="a")])  # fmt: skip
        writer.write("p", Batch(series=(lines[2][0],), series_complete=True), NOW)
    assert (
        call("lineage", "alias/churn@champion").out.splitlines()[-1] == " └→ ◌ serving unknown: no line of v14 is read"
    )
