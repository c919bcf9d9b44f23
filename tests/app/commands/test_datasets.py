"""`quarterdeck datasets`: all data under its names, and the versions of one with what differs."""

from __future__ import annotations

from collections.abc import Callable
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
    Run,
    SourceSpec,
)
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]

NOW = 1_773_000_000_000
HOUR = 3_600_000
GIT = SourceSpec(key="00000000000000aa", kind="git", name="git", address="acme/churn")
RUNS = SourceSpec(key="00000000000000bb", kind="mlflow", name="mlflow", address="https://mlflow.example")
CHECKS = SourceSpec(key="00000000000000cc", kind="checks", name="gx", address="results")
FIRST, SECOND = "a" * 40, "b" * 40
DECLARED = '[[datasets]]\nname = "orders"\nis = ["mlflow:orders_table", "gx:orders", "dvc:data/orders.csv"]\n'


def tracked(digest: str, commit: str, at: int, **rest: Any) -> DataVersion:
    return DataVersion(source=GIT.key, name="data/orders.csv", digest=digest, commit=commit, at=at, **rest)


def run(native: str, at: int, data: Dataset) -> Run:
    return Run(
        source=RUNS.key, id=native, experiment_id="1", name=native, status="finished", started_at=at, datasets=(data,)
    )  # fmt: skip


@pytest.fixture
def filled(cache: Path, project: Path) -> None:
    """DVC brings two versions, runs use two, a check failed."""
    (project / "quarterdeck.toml").write_text(DECLARED)
    writer = Cache(cache)
    writer.declare([GIT, RUNS, CHECKS])
    commits = (Commit(
        source=GIT.key, sha=SECOND, parents=(FIRST,), author="ann", email="ann@acme.example", authored_at=NOW,
        committed_at=NOW, subject="More orders",
    ),)  # fmt: skip
    params = {"params.yaml:split": "0.2"}
    data = (
        tracked("d1" * 16, FIRST, NOW - 5 * HOUR, size=100, params=params | {"params.yaml:seed": "1"}),
        tracked(
            "d2" * 16, SECOND, NOW, size=250, params=params, stage="get", deps=(DataPart(path="raw", digest="r1"),)
        ),
    )
    writer.write(GIT.key, Batch(commits=commits, data_versions=data), NOW)
    profiles = ('{"num_rows": 10}', '{"num_rows": 12}')
    used = [
        Dataset(name="orders_table", digest=f"x{n}", profile=profile, schema='{"mlflow_colspec": []}')
        for n, profile in enumerate(profiles)
    ]
    runs = (run("r0", NOW - 4 * HOUR, used[0]), run("r1", NOW - 3 * HOUR, used[1]), run("r2", NOW - HOUR, used[1]))
    other = run("r3", NOW - 9 * HOUR, Dataset(name="[bold]users\x1b[31m", digest="u1"))
    experiment = Experiment(source=RUNS.key, id="1", name="e")
    writer.write(RUNS.key, Batch(experiments=(experiment,), runs=(*runs, other)), NOW)
    results = tuple(CheckResult(name=f"unique({n})", dataset="orders", outcome="pass") for n in "ab")
    failed = CheckResult(name="not_null(id)", dataset="orders", outcome="fail")
    writer.write(CHECKS.key, Batch(invocations=(
        Invocation(source=CHECKS.key, id="i", tool="great_expectations", at=NOW - 2 * HOUR, results=(*results, failed)),
    )), NOW)  # fmt: skip
    writer.close()


@pytest.mark.usefixtures("filled")
def test_datasets_come_under_their_declared_names_in_an_aligned_table(call: Call) -> None:
    said = call("datasets", "--columns", "name,tool,versions,digest,at,runs,rows,size,outcome")
    assert (said.status, said.err) == (0, "")
    assert [line.split() for line in said.out.splitlines()] == [
        ["name", "tool", "versions", "digest", "at", "runs", "rows", "size", "outcome"],
        ["orders", "dvc,", "great_expectations,", "mlflow", "4", "d2d2d2d2d2d2", "2026-03-08T20:00:00Z", "0", "250",
         "1", "fail,", "2", "pass"],
        ["[bold]users\\u{1b}[31m", "mlflow", "1", "u1", "2026-03-08T11:00:00Z", "1"],
    ]  # fmt: skip
    assert call("datasets").out == said.out


@pytest.mark.usefixtures("filled")
def test_a_filter_a_sort_and_a_limit_choose(call: Call) -> None:
    def names(*words: str) -> list[str]:
        return [line.split()[0] for line in call("datasets", "--columns", "name", *words).out.splitlines()[1:]]

    users = "[bold]users\\u{1b}[31m"
    assert names("--sort", "runs:desc") == [users, "orders"]
    assert names("--sort", "name:desc", "--limit", "1") == ["orders"]
    for text in (
        "outcome:fail",
        "tool:dvc",
        "declared",
        "size > 200",
        "data/orders.csv",
        "digest:d2d2",
        "versions = 4",
    ):
        assert names("--filter", text) == ["orders"], text
    for text in (
        "not declared",
        "runs = 1",
        "not has outcome",
        "tool = mlflow and not tool = dvc",
        "at < 2026-03-08T12:00Z",
    ):
        assert names("--filter", text) == [users], text
    assert call("datasets", "--filter", "gone or silent").err == "No dataset is like that.\n"
    said = call("datasets", "--filter", "nothing = 3")
    assert said.status == 2
    assert "name" in said.err


@pytest.mark.usefixtures("filled")
def test_json_has_every_field_and_exact_strings(call: Call) -> None:
    orders, users = call("datasets", "--json").json
    assert (users["name"], users["shown"]) == ("[bold]users\x1b[31m", "[bold]users\\u{1b}[31m")
    assert (orders["tools"], orders["declared"], orders["count"]) == (["dvc", "great_expectations", "mlflow"], True, 4)
    assert {"tool": "dvc", "name": "data/orders.csv", "by": "declared"} in orders["identities"]
    assert orders["checks"] == {"fail": 1, "pass": 2}
    assert [version["digest"] for version in orders["versions"]] == ["d2" * 16, "x1", "x0", "d1" * 16]
    newest, used, *_ = orders["versions"]
    assert newest["subject"] == f"dataset/orders@{'d2' * 16}"
    assert (newest["commit"], newest["at"], newest["stage"]) == (SECOND, "2026-03-08T20:00:00Z", "get")
    assert newest["deps"] == [{"path": "raw", "digest": "r1"}]
    assert (used["runs"], used["first_run"], used["last_run"], used["rows"]) == (2, "r1", "r2", 12)
    assert (used["schema"], used["profile"]) == ({"mlflow_colspec": []}, {"num_rows": 12})
    assert used["changes"] == [{"kind": "rows", "name": "", "before": "10", "after": "12", "difference": 2}]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["orders", "data/orders.csv"])
def test_the_versions_of_one_say_what_differs_from_the_one_before(call: Call, name: str) -> None:
    said = call("datasets", name)
    assert (said.status, said.err) == (0, "")
    newest, *_, oldest = said.out.splitlines()[1:]
    assert newest.split()[:4] == ["2026-03-08T20:00:00Z", "d2d2d2d2d2d2", "dvc", "bbbbbbb"]
    assert newest.endswith("size 100 → 250; dep raw none → r1; param params.yaml:seed 1 → none")
    assert oldest.split() == ["2026-03-08T15:00:00Z", "d1d1d1d1d1d1", "dvc", "aaaaaaa", "0", "100"]
    assert len(call("datasets", name, "--limit", "2").out.splitlines()) == 3
    versions = call("datasets", name, "--json").json
    assert [change["kind"] for change in versions[0]["changes"]] == ["size", "dep", "param"]


@pytest.mark.usefixtures("filled")
def test_what_is_not_there_is_said(call: Call) -> None:
    said = call("datasets", "nothing")
    assert (said.status, said.out) == (1, "")
    assert "There is no dataset “nothing” in the cache" in said.err
    assert "--filter has no effect beside the name" in call("datasets", "orders", "--filter", "tool:dvc").err


def test_without_a_cache_there_is_nothing(call: Call) -> None:
    assert call("datasets", "--json").json == []


@pytest.mark.usefixtures("filled")
def test_data_that_changed_is_among_the_events(call: Call) -> None:
    changed = [event for event in call("events", "--json").json if event["kind"] == "data changed"]
    assert [(event["title"], event["actor"]) for event in changed] == [
        ("data/orders.csv is now d2d2d2d", "ann"), ("data/orders.csv is now d1d1d1d", None),
    ]  # fmt: skip
    assert changed[0]["refs"][1] == {"subject": f"commit/{SECOND}", "role": "code"}


@pytest.mark.usefixtures("filled")
def test_init_proposes_in_a_comment_what_several_tools_may_know(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").unlink()
    said = call("init")
    assert said.status == 0
    assert "datasets that several tools may know: 1" in said.err
    text = (project / "quarterdeck.toml").read_text().partition("\n# Next steps.")[0]
    proposed = text.partition("# [[datasets]]")[2].splitlines()
    assert proposed[1:] == ['# name = "orders"', '# is = ["dvc:data/orders.csv", "great_expectations:orders"]']
    assert load(directory=project).datasets == ()
    told = "# Names that end alike. Take the marks away where they are one dataset.\n"
    (project / "quarterdeck.toml").write_text(text.replace(told, "").replace("# ", ""))
    assert load(directory=project).datasets[0].same == ("dvc:data/orders.csv", "great_expectations:orders")


@pytest.mark.usefixtures("filled")
def test_init_bears_a_cache_that_cannot_be_read(call: Call, project: Path, cache: Path) -> None:
    (project / "quarterdeck.toml").unlink()
    cache.write_bytes(b"x" * 8192)
    for beside in ("-wal", "-shm"):
        cache.with_name(cache.name + beside).unlink(missing_ok=True)
    assert call("init").status == 0
    assert "datasets" not in (project / "quarterdeck.toml").read_text()
