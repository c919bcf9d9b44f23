"""`quarterdeck checks`: what tools say of the data, as a table that is safe to look at and JSON that is exact."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Batch, CheckResult, Invocation, SourceSpec, SourceState
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]
Fill = Callable[..., None]

HOUR = 3_600_000
NOW = 0
"""Milliseconds; the present when a test begins. Modules are read half an hour before their turn."""
GX = SourceSpec(key="00000000000000cc", kind="checks", name="gx", address="gx/")
FIELDS = (
    "id tool suite name shown dataset column outcome severity environment data_interval definition_hash observed"
    " expected failed_rows total_rows checked_at commit run_id pipeline_id first_failed_at last_passed_at silent_since"
).split()


@pytest.fixture(autouse=True)
def the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "NOW", time.time_ns() // 1_000_000)


@pytest.fixture
def fill(cache: Path) -> Fill:
    """Write invocations into the cache, as the syncer does."""

    def filled(*invocations: Invocation, last_ok_at: int | None = NOW) -> None:
        writer = Cache(cache)
        writer.declare([GX])
        writer.write(GX.key, Batch(invocations=invocations), NOW)
        writer.save_state(
            SourceState(
                source=GX.key, kind="checks", name="gx", state="ok" if last_ok_at else "not_understood",
                last_ok_at=last_ok_at, sentence="" if last_ok_at else "gx/1.json cannot be read: it is cut.",
            )
        )  # fmt: skip
        writer.close()

    return filled


def result(name: str, outcome: str = "pass", **facts: Any) -> CheckResult:
    return CheckResult(name=name, outcome=outcome, **({"dataset": "orders"} | facts))  # type: ignore[arg-type]  # real ones


def ran(hours_ago: int, *results: CheckResult, **facts: Any) -> Invocation:
    facts = {"id": f"{hours_ago}", "tool": "great_expectations", "suite": "orders"} | facts
    return Invocation(source=GX.key, at=(NOW - hours_ago * HOUR) // 1000 * 1000, results=results, **facts)


def test_datasets_in_trouble_come_first_in_an_aligned_table(call: Call, fill: Fill) -> None:
    fill(
        ran(
            2, result("unique(id)", dataset="customers"), result("unique(id)"),
            result("not_null(id)", "fail", observed="3.1 % null", expected="at most 1 %"),
        )
    )  # fmt: skip
    said = call("checks", "--columns", "outcome,name,dataset,age,observed,expected")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "outcome  name          dataset    age  observed    expected",
        "fail     not_null(id)  orders     2 h  3.1 % null  at most 1 %",
        "pass     unique(id)    orders     2 h",
        "pass     unique(id)    customers  2 h",
    ]


def test_a_filter_a_sort_and_a_limit_choose(call: Call, fill: Fill) -> None:
    fill(ran(1, *(result(f"c{n}", "fail", failed_rows=n, total_rows=10) for n in range(4)), result("ok")))
    chosen = ("--filter", "outcome:fail share > 0.05", "--sort", "failed_rows:desc", "--columns", "name,share")
    assert call("checks", *chosen).out.split("\n")[1:4] == ["c3     30 %", "c2     20 %", "c1     10 %"]
    assert call("checks", *chosen, "--limit", "1").out.split("\n")[1:] == ["c3     30 %", ""]
    assert call("checks", "--limit", "0").out == ""


def test_json_has_every_field_and_exact_strings(call: Call, fill: Fill) -> None:
    odd = "[bold]x[/]\x1b[31m \u202e"
    failed = result(
        odd, "fail", column="id", severity="critical", definition="not_null(id)", failed_rows=31, total_rows=1000
    )
    facts = {"environment": "prod", "interval": "2026-03-07", "commit": "4f2c", "run_id": "r", "pipeline_id": "p"}
    fill(ran(3, result(odd, column="id"), environment="prod"), ran(2, failed, **facts))
    said = call("checks", "--json")
    assert said.out.isascii()
    [one] = said.json
    assert set(FIELDS) <= set(one)
    assert (one["name"], one["tool"], one["suite"], one["dataset"]) == (odd, "great_expectations", "orders", "orders")
    assert (one["outcome"], one["severity"], one["environment"]) == ("fail", "critical", "prod")
    assert (one["failed_rows"], one["total_rows"], one["data_interval"]) == (31, 1000, "2026-03-07")
    assert (one["commit"], one["run_id"], one["pipeline_id"], one["silent_since"]) == ("4f2c", "r", "p", None)
    assert one["first_failed_at"] == one["checked_at"] > one["last_passed_at"]
    assert len(one["definition_hash"]) == 12


def test_the_table_is_safe_whatever_checks_are_called(call: Call, fill: Fill) -> None:
    fill(ran(1, *(result(odd, message=odd) for odd in ["\x1b[31mred", "two\nlines", "a\u202eb", "nul\0"])))
    said = call("checks", "--columns", "name,message")
    assert len(said.out.splitlines()) == 5
    assert not set(said.out) & {"\x1b", "\0", "\u202e", "\t"}


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (("pass", "warn", "skipped"), 0),
        (("pass", "fail"), 1),
        (("pass", "error"), 1),
        (("skipped",), 1),
    ],
)
def test_the_exit_status_tells_whether_something_is_wrong(
    call: Call, fill: Fill, outcomes: tuple[str, ...], status: int
) -> None:
    fill(ran(1, *(result(outcome, outcome) for outcome in outcomes)))
    assert call("checks", "--exit-code").status == status
    assert call("checks", "--exit-code", "--json", "--limit", "0").status == status
    assert call("checks").status == 0


def test_what_the_filter_leaves_out_does_not_count(call: Call, fill: Fill) -> None:
    fill(ran(1, result("a"), result("b", "fail", dataset="scratch")))
    assert call("checks", "--exit-code", "--filter", "not dataset:scratch").status == 0


def test_no_check_at_all_is_not_well(call: Call, fill: Fill) -> None:
    assert call("checks", "--exit-code").status == 1
    fill(ran(1, result("a")))
    said = call("checks", "--exit-code", "--filter", "dataset:nowhere")
    assert (said.status, said.err) == (1, "No check is like that.\n")


def test_a_check_that_was_removed_does_not_count(call: Call, fill: Fill) -> None:
    fill(ran(2, result("a"), result("b", "fail"), is_whole=True), ran(1, result("a"), is_whole=True))
    assert call("checks", "--exit-code").status == 0
    said = call("checks", "--columns", "name,rule,removed")
    assert said.out.splitlines()[1:] == ["a", "b     removed  yes"]


def test_a_suite_whose_newest_run_held_no_results_is_not_well(call: Call, fill: Fill) -> None:
    fill(ran(2, result("a")), ran(1, complaint="It holds no results.", origin="gx/1.json"))
    said = call("checks", "--exit-code")
    assert said.status == 1
    assert said.err.startswith("orders, ")
    assert said.err.endswith("Z (gx/1.json): It holds no results.\n")
    assert call("checks", "--exit-code", "--filter", "suite:orders").status == 0


def test_silence_is_said_and_shown(call: Call, fill: Fill) -> None:
    fill(*(ran(hours, result("a")) for hours in (100, 99, 98)))
    said = call("checks", "--columns", "name,silent,age")
    assert said.out.splitlines()[1] == "a     3 d     4 d"
    assert said.err == "1 check passed and should have spoken since: it is silent. `--filter silent` names it.\n"
    assert call("checks", "--filter", "silent", "--json").json[0]["silent_since"] is not None


def test_declared_names_are_one_dataset(call: Call, fill: Fill, project: Path) -> None:
    with (project / "quarterdeck.toml").open("a") as file:
        file.write('[[datasets]]\nname = "sales"\nis = ["gx:orders", "dbt:shop.orders"]\n')
    fill(
        ran(1, result("a"), result("b", dataset="else")), ran(1, result("c", dataset="shop.orders"), id="d", tool="dbt")
    )
    said = call("checks", "--filter", "dataset = sales", "--columns", "name")
    assert said.out.split() == ["name", "a", "c"]


def test_a_source_that_was_never_read_says_why(call: Call, fill: Fill) -> None:
    fill(ran(1, result("a")), last_ok_at=None)
    said = call("checks", "--filter", "nothing")
    assert said.err == "gx was never read: gx/1.json cannot be read: it is cut.\n"


def test_without_a_source_of_checks_the_settings_are_named(call: Call, cache: Path) -> None:
    writer = Cache(cache)
    writer.declare([SourceSpec(key="g", kind="git", name="git", address="")])
    writer.save_state(SourceState(source="g", kind="git", name="git", state="ok", last_ok_at=NOW))
    writer.close()
    assert call("checks").err == "No source of checks is in the settings: [[checks]] names one.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--filter", "datset:orders"), "Did you mean “dataset”?"),
        (("--filter", "outcome:faild"), "“faild” is no outcome of a check: pass, warn, fail, error, skipped."),
        (("--filter", "silent:perhaps"), "“perhaps” is neither yes nor no."),
        (("--sort", "metrics.auc"), "--sort: “metrics.auc” is no field of a check."),
        (("--columns", "nmae"), "--columns: “nmae” is no field of a check. Did you mean “name”?"),
    ],
)
def test_a_mistake_is_a_sentence_and_status_2(call: Call, fill: Fill, words: tuple[str, ...], said: str) -> None:
    fill(ran(1, result("a")))
    ended = call("checks", *words)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err


def test_many_checks_come_a_window_at_a_time(call: Call, fill: Fill) -> None:
    fill(ran(1, *(result(f"c{n:03}") for n in range(450))))
    assert [one["name"] for one in call("checks", "--json").json] == [f"c{n:03}" for n in range(450)]
