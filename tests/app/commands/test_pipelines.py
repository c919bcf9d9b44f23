"""`quarterdeck pipelines`: what CI ran, as a table that is safe to look at and JSON that is exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.commands.printing import Head, _widths
from quarterdeck.app.records import Batch, CaseReport, Job, Pipeline, SourceSpec, SourceState, Step
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]
Fill = Callable[..., None]

NOW = 1_773_000_000_000
GITHUB = SourceSpec(key="00000000000000aa", kind="github", name="gh", address="https://api.github.example")


@pytest.fixture
def fill(cache: Path) -> Fill:
    """Write pipelines into the cache, as the syncer does."""

    def filled(*pipelines: Pipeline, last_ok_at: int | None = NOW) -> None:
        writer = Cache(cache)
        writer.declare([GITHUB])
        writer.write(GITHUB.key, Batch(pipelines=pipelines), NOW)
        writer.save_state(
            SourceState(
                source=GITHUB.key, kind="github", name="gh", state="ok" if last_ok_at else "unreachable",
                last_ok_at=last_ok_at, items=len(pipelines), sentence="" if last_ok_at else "gh is down: wait.",
            )
        )  # fmt: skip
        writer.close()

    return filled


def ran(nth: int, status: str = "passed", **rest: Any) -> Pipeline:
    """The nth pipeline, of two minutes and a bit."""
    at = NOW + nth * 3_600_000
    facts: dict[str, Any] = {
        "id": str(nth), "name": "ci", "status": status, "raw_status": status, "number": str(200 + nth),
        "branch": "main",
        "commit": f"{nth:040x}", "event": "push", "actor": "ann", "created_at": at, "started_at": at,
        "ended_at": at + 125_000,
    }  # fmt: skip
    return Pipeline(source=GITHUB.key, **(facts | rest))


def test_the_newest_come_first_in_an_aligned_table(call: Call, fill: Fill) -> None:
    fill(ran(1), ran(2, "failed", branch="fix/leak"))
    said = call("pipelines", "--columns", "id,name,number,status,branch,duration")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "id  name  number  status  branch    duration",
        "2   ci    202     failed  fix/leak  2 m 05 s",
        "1   ci    201     passed  main      2 m 05 s",
    ]


def test_a_filter_a_sort_and_a_limit_choose(call: Call, fill: Fill) -> None:
    fill(ran(1, "failed"), ran(2), ran(3, "failed", branch="side"), ran(4, "failed", ended_at=NOW + 4 * 3_600_000 + 9))
    chosen = ("--filter", "status:failed branch:main", "--sort", "duration", "--columns", "id")
    assert call("pipelines", *chosen).out.split() == ["id", "4", "1"]
    assert call("pipelines", *chosen, "--limit", "1").out.split() == ["id", "4"]
    assert call("pipelines", "--limit", "0").out == ""


def test_json_has_every_field_and_exact_strings(call: Call, fill: Fill) -> None:
    odd = "[bold]x[/]\x1b[31m \u202e"
    step = Step(name="Set up", status="passed", raw_status="success", started_at=NOW, ended_at=NOW + 250)
    train = Job(id="j/1", name=odd, status="failed", raw_status="timed_out", started_at=NOW, steps=(step,))
    fill(ran(1, "failed", name=odd, jobs=(train,), report=CaseReport(total=2, passed=1, failed=1)), ran(2, commit=None))
    said = call("pipelines", "--json", "--sort", "created_at")
    assert said.out.isascii()
    first, second = said.json
    assert (first["id"], first["subject"], first["source"], first["name"]) == ("1", "pipeline/1", "gh", odd)
    assert (first["status"], first["raw_status"], first["branch"], first["attempt"]) == ("failed", "failed", "main", 1)
    assert first["created_at"] == "2026-03-08T21:00:00Z"
    (job,) = first["jobs"]
    assert (job["id"], job["name"], job["raw_status"], job["ended_at"]) == ("j/1", odd, "timed_out", None)
    assert [(one["name"], one["status"], one["ended_at"]) for one in job["steps"]] == [
        ("Set up", "passed", "2026-03-08T20:00:00.250Z")
    ]
    assert (second["commit"], second["jobs"]) == (None, None)


def test_the_table_is_safe_whatever_pipelines_are_called(call: Call, fill: Fill) -> None:
    fill(*(ran(n, name=odd) for n, odd in enumerate(["\x1b[31mred", "two\nlines", "a\u202eb", "nul\0"])))
    said = call("pipelines", "--columns", "name,status")
    assert len(said.out.splitlines()) == 5
    assert not set(said.out) & {"\x1b", "\0", "\u202e", "\t"}


def test_columns_speak_of_jobs_and_of_what_is_usual(call: Call, fill: Fill) -> None:
    jobs = (Job(id="1", name="data", status="passed"), Job(id="2", name="train", status="failed", stage="build"))
    fill(ran(1, "failed", jobs=jobs), *(ran(n) for n in range(2, 6)))
    said = call("pipelines", "--columns", "job,job.failed,stage,usual", "--filter", "job.failed:train")
    assert said.out.splitlines()[1] == "data, train  train       build  2 m 05 s"


def test_what_there_is_none_of_is_said(call: Call, fill: Fill, project: Path) -> None:
    fill(ran(1))
    said = call("pipelines", "--filter", "branch:nowhere")
    assert (said.status, said.out, said.err) == (0, "", "No pipeline is like that.\n")
    assert call("pipelines", "--filter", "branch:nowhere", "--json").json == []


def test_a_source_that_was_never_read_says_why(call: Call, fill: Fill) -> None:
    fill(ran(1), last_ok_at=None)
    assert call("pipelines", "--filter", "nothing").err == "gh was never read: gh is down: wait.\n"


def test_nothing_synced_is_an_empty_list_and_a_word(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    said = call("pipelines", "--json")
    assert (said.status, said.json, said.err) == (0, [], "Nothing synced yet: run `quarterdeck sync`.\n")


def test_without_a_source_of_pipelines_the_settings_are_named(call: Call, cache: Path) -> None:
    writer = Cache(cache)
    writer.declare([SourceSpec(key="g", kind="git", name="git", address="")])
    writer.save_state(SourceState(source="g", kind="git", name="git", state="ok", last_ok_at=NOW))
    writer.close()
    assert call("pipelines").err == "No source of pipelines is in the settings: [[ci]] names one.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--filter", "brnach:main"), "Did you mean “branch”? There are id, name"),
        (("--filter", "ci status:faild"), "\n  ci status:faild\n            ^\n"),
        (("--sort", "metrics.auc"), "--sort: “metrics.auc” is no field of a pipeline."),
        (("--columns", "job.nmae"), "--columns: A job has name, id, status, raw_status, stage, failed, not “nmae”."),
    ],
)
def test_a_mistake_is_a_sentence_and_status_2(call: Call, fill: Fill, words: tuple[str, ...], said: str) -> None:
    fill(ran(1))
    ended = call("pipelines", *words)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err


def test_many_pipelines_come_a_window_at_a_time(call: Call, fill: Fill) -> None:
    fill(*(ran(n) for n in range(450)))
    assert [one["id"] for one in call("pipelines", "--json").json] == [str(n) for n in reversed(range(450))]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_a_narrow_terminal_loses_columns_and_never_a_part_of_an_id_or_a_figure(columns: int) -> None:
    heads = [Head("id", whole=True), Head("name"), Head("took", right=True), Head("usual", right=True)]
    row = ["01M7T1VST51Q1DNWSNEPMFTJSE", "nightly-train-on-everything", "1 h 02 m 05 s", "59 m 10 s"]
    widths = _widths(heads, [row], columns)
    assert widths[0] == len(row[0])
    assert sum(widths) + 2 * (len(widths) - 1) <= columns
    assert widths[2:] == [len(row[2]), len(row[3])][: len(widths) - 2]
