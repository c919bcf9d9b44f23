"""`quarterdeck compare`: which runs are meant, what is said of them, and in which forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.records import Batch, Change, Commit, Dataset, Metric, Run, SourceSpec
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]
MakeRun = Callable[..., Run]
Fill = Callable[..., None]

GIT = SourceSpec(key="g" * 16, kind="git", name="git", address="/home/ann/churn")


def with_id(run: Run, native: str) -> Run:
    return replace(run, id=native)


def commit(sha: str, *parents: str) -> Commit:
    return Commit(
        source=GIT.key, sha=sha * 10, parents=tuple(parent * 10 for parent in parents), author="Ann", email="a@b",
        authored_at=int(sha, 16) % 1000, committed_at=int(sha, 16) % 1000, subject=f"commit {sha}",
        changes=(Change(kind="M", path=f"{sha}.py"),),
    )  # fmt: skip


@pytest.fixture
def two(fill: Fill, make_run: MakeRun, project: Path) -> None:
    """Two runs: another lr, better, on other validation data."""
    (project / "quarterdeck.toml").write_text(
        '[project]\nname = "churn"\n[metrics]\nauc = {greater_is_better = true}\n'
    )
    facts = {"user": "ann", "ended_at": 1_773_000_100_000}
    for_both = {"depth": "6", "lr": "0.1"}
    fill(
        make_run(
            1, params=for_both, metrics={"auc": Metric(value=0.9)}, git_commit="aaaa" * 10,
            datasets=(Dataset(name="orders", digest="77ab", context="validation"),), **facts,
        ),
        make_run(
            2, params=for_both | {"lr": "0.2"}, metrics={"auc": Metric(value=0.925)}, git_commit="bbbb" * 10,
            datasets=(Dataset(name="orders", digest="9c1e", context="validation"),), **facts,
        ),
    )  # fmt: skip


def test_what_differs_is_a_table_and_what_to_know_is_narrated(call: Call, two: None) -> None:
    said = call("compare", "run-1", "run-2")
    assert said.status == 0
    assert said.err == ("Metrics are not like for like: validation data orders@77ab in 1 run, orders@9c1e in 1.\n")
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == ["run-1", "run-2"]
    assert ["params.lr", "0.1", "0.2"] in lines
    assert ["metrics.auc", "0.9000", "0.9250", "+0.02500", "(best)"] in lines
    assert "depth" not in said.out


def test_how_long_a_run_took_is_in_the_words_of_the_screen(call: Call, fill: Fill, make_run: MakeRun) -> None:
    began = make_run(1).started_at or 0
    runs = [make_run(1, ended_at=began + 489_710), make_run(2, started_at=began, ended_at=began + 3_000_000)]
    fill(*runs)
    lines = [line.split("  ") for line in call("compare", "run-1", "run-2").out.splitlines()]
    assert ["took", "8 m 09 s", "50 m 00 s"] in [[cell.strip() for cell in line if cell] for line in lines]
    assert "| took | 8 m 09 s | 50 m 00 s |" in call("compare", "run-1", "run-2", "--markdown").out
    rows = call("compare", "run-1", "run-2", "--json").json["rows"]
    assert [row["values"] for row in rows if row["name"] == "took"] == [[489.71, 3000.0]]


@pytest.mark.parametrize(
    ("flags", "said"),
    [(["--csv", "--json"], "--json and --csv"), (["--json", "--markdown", "--csv"], "--json and --csv and --markdown")],
)
def test_one_form_is_printed_and_not_one_of_two_at_random(call: Call, two: None, flags: list[str], said: str) -> None:
    answer = call("compare", "run-1", "run-2", *flags)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == f"{said} cannot be printed at once: say one of them.\n"


def test_a_long_name_leaves_its_figures_in_their_column(call: Call, fill: Fill, make_run: MakeRun) -> None:
    long = "system/gpu_0_power_usage_percentage_of_what_it_may_draw"
    fill(*(make_run(n, metrics={long: Metric(value=n + 0.5), "auc": Metric(value=n + 0.25)}) for n in (1, 2)))
    lines = call("compare", "run-1", "run-2").out.splitlines()
    (name,) = (line for line in lines if line.startswith(f"metrics.{long}"))
    (auc,) = (line for line in lines if line.startswith("metrics.auc"))
    assert name.index("1.500") == auc.index("1.250") == lines[0].index("run-1")


def test_all_shows_what_is_the_same_too(call: Call, two: None) -> None:
    lines = [line.split() for line in call("compare", "run-1", "run-2", "--all").out.splitlines()]
    assert ["params.depth", "6", "6"] in lines


def test_json_is_exact_and_measured_against_the_first(call: Call, two: None) -> None:
    found = call("compare", "run-2", "run-1", "--json").json
    rows = {(row["kind"], row["name"]): row for row in found["rows"]}
    assert found["baseline"] == f"{2:032x}"
    assert [run["name"] for run in found["runs"]] == ["run-2", "run-1"]
    assert rows["metric", "auc"] == {
        "kind": "metric", "name": "auc", "shown": "auc", "differs": True, "values": [0.925, 0.9],
        "differences": [None, pytest.approx(-0.025)], "greater_is_better": True, "best": [f"{2:032x}"],
    }  # fmt: skip
    assert rows["param", "lr"]["values"] == ["0.2", "0.1"]
    assert ("param", "depth") not in rows


def test_the_commits_between_are_in_the_json(call: Call, two: None, cache: Path) -> None:
    writer = Cache(cache)
    writer.declare([GIT, SourceSpec(key="0123456789abcdef", kind="mlflow", name="mlflow", address="")])
    writer.write(GIT.key, Batch(commits=(commit("bbbb", "cccc"), commit("cccc", "aaaa"), commit("aaaa"))), 1)
    writer.close()
    between = call("compare", "run-1", "run-2", "--json").json["code"][1]["between"]
    assert [one["subject"] for one in between["ahead"]] == ["commit cccc", "commit bbbb"]
    assert between["behind"] == []
    assert between["complete"]
    assert [one["path"] for one in between["changes"]] == ["bbbb.py", "cccc.py"]


def test_markdown_and_csv_carry_the_same_rows(call: Call, two: None) -> None:
    table = call("compare", "run-1", "run-2", "--markdown").out
    assert "| `lr` | `0.1` | `0.2` |" in table
    assert "| `auc` ↑ | 0.9 | **0.925** (+0.025) |" in table
    rows = list(csv.reader(io.StringIO(call("compare", "run-1", "run-2", "--csv").out)))
    assert rows[0][4:] == ["run-1", "run-2"]
    assert ["param", "lr", "yes", "", "0.1", "0.2"] in rows
    assert ["metric", "auc", "yes", "greater", "0.9", "0.925"] in rows


def test_a_run_is_named_by_its_id_by_the_beginning_of_it_or_by_its_name(
    call: Call, fill: Fill, make_run: MakeRun
) -> None:
    fill(
        with_id(make_run(1, name="bb"), "aa11"),
        with_id(make_run(2, name="odd"), "aa22"),
        with_id(make_run(3, name="aa11"), "bb33"),
    )
    for words, ids in [
        (("aa11", "odd"), ["aa11", "aa22"]),  # an id before a name
        (("aa2", "aa1"), ["aa22", "aa11"]),
        (("bb", "odd"), ["bb33", "aa22"]),  # the beginning of an id before a name
    ]:
        assert [run["id"] for run in call("compare", *words, "--json").json["runs"]] == ids


def test_a_name_that_fits_several_runs_is_refused_with_their_ids(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(
        with_id(make_run(1, name="twin"), "aa11"),
        with_id(make_run(2, name="twin"), "bb22"),
        with_id(make_run(3), "cc33"),
    )
    said = call("compare", "twin", "cc33")
    assert (said.status, said.out) == (2, "")
    assert said.err == "“twin” fits more than one run: aa11, bb22. Say more of the id.\n"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["run-1"], 2, "1 run cannot be compared: name 2 to 8.\n"),
        ([f"run-{n}" for n in range(9)], 2, "9 runs cannot be compared: name 2 to 8.\n"),
        (["run-1", "gone"], 1, "There is no run “gone” in the cache. `quarterdeck runs` lists them.\n"),
        (["run-1", f"{1:032x}"], 2, "“run-1” is named twice: a run is not compared with itself.\n"),
    ],
)
def test_what_cannot_be_compared_is_said(call: Call, two: None, words: list[str], status: int, sentence: str) -> None:
    said = call("compare", *words)
    assert (said.status, said.out, said.err) == (status, "", sentence)


def test_an_empty_cache_says_what_to_do(call: Call) -> None:
    said = call("compare", "a", "b")
    assert (said.status, said.out) == (1, "")
    assert said.err.endswith("There is no run to compare.\n")


def test_runs_that_differ_in_nothing_are_said_to(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1), make_run(2, started_at=make_run(1).started_at))
    said = call("compare", "run-1", "run-2")
    assert said.err == "These runs differ in nothing. --all shows what is the same.\n"
    assert said.out.splitlines()[1].split() == ["run", f"{1:032x}", f"{2:032x}"]
