"""What was checked of the candidate's data, and which words on it count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.records import CheckResult, Dataset, Invocation, SourceSpec

from .evidence import (
    BO,
    CHECKS,
    CI,
    CY,
    DAY,
    GIT,
    HOUR,
    MINUTE,
    MLFLOW,
    NEW,
    NOW,
    OLD,
    REGISTRY,
    TRAINING,
    World,
    policy,
)  # fmt: skip

ORDERS = "data:orders.*"
DECLARED = '[[datasets]]\nname = "orders"\nis = ["mlflow:orders", "gx:orders_asset", "dbt:shop.orders"]\n'

Rule = Callable[..., World]


def rules(data: str = '["orders.*"]', *, declared: str = DECLARED, environment: str = "prod", more: str = "") -> str:
    """A policy that demands data checks and declares what is one dataset."""
    project = f'[project]\nenvironment = "{environment}"\n' if environment else ""
    return "\n\n".join([project, declared, policy(required_checks=f"data = {data}\n{more}")])


@pytest.fixture
def ruled(world: World) -> World:
    """The policy demands `orders.*` for the champion and declares orders; its environment is prod."""
    world.rule(rules())
    return world


def prod(world: World, outcomes: dict[str, str], **rest: Any) -> str:
    return world.checked(outcomes, **({"environment": "prod"} | rest))


# -- by what a check speaks for the candidate's data


def test_what_is_declared_to_be_the_same_dataset_counts_with_its_newest_result(ruled: World) -> None:
    prod(ruled, {"unique(order_id)": "fail"}, at=NOW - 2 * HOUR)
    prod(ruled, {"unique(order_id)": "pass", "freshness": "pass"}, at=NOW - HOUR)
    gate = ruled.gate(ORDERS)
    assert (gate.state, gate.sentence) == ("pass", "orders.*: 2 pass")
    assert all(subject.startswith("check/") for subject in gate.evidence)
    assert len(gate.evidence) == 2
    assert gate.at == NOW - HOUR


@pytest.mark.parametrize(
    "of",
    [{"run_id": "run14"}, {"commit": NEW, "environment": "prod"}, {"dataset_digest": "77ab"}],
    ids=["the run's own artifact", "the candidate's commit", "the content of its data"],
)
def test_a_result_of_the_candidates_own_run_commit_or_data_counts_undeclared(world: World, of: dict[str, Any]) -> None:
    world.rule(rules(declared=""))
    mine = world.checked({"unique(id)": "pass"}, dataset="orders", at=NOW - 2 * HOUR, **of)
    world.checked(
        {"unique(id)": "fail"}, dataset="orders", at=NOW - HOUR, run_id="run13", environment=of.get("environment", "")
    )
    gate = world.gate(ORDERS)
    assert gate.state == "pass"
    (subject,) = gate.evidence
    assert subject.startswith("result/")
    assert subject.endswith(f".{mine}")


def test_a_link_by_name_alone_never_lets_it_pass(world: World) -> None:
    world.rule(rules(declared=""))
    prod(world, {"unique(id)": "pass"}, dataset="orders")
    said = "orders.*: unique(id): orders is joined by its name alone: declare it in [[datasets]]"
    assert world.said(ORDERS) == ("missing", said)
    assert not world.plan().applicable


def test_one_check_by_name_alone_stops_what_others_let_pass(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"})
    prod(ruled, {"not_null(id)": "pass"}, dataset="orders", tool="soda")
    assert ruled.gate(ORDERS).state == "missing"


def test_what_only_the_working_tree_declares_does_not_count(world: World) -> None:
    world.rule(rules(declared=""))
    prod(world, {"unique(id)": "pass"}, dataset="orders_asset")
    state, sentence = world.said("data:orders.*")
    assert state == "missing"
    assert "nothing that was checked speaks for the data of v14" in sentence


def test_checks_of_other_data_say_nothing(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"})
    prod(ruled, {"unique(id)": "fail"}, dataset="customers")
    assert ruled.gate(ORDERS).state == "pass"


def test_two_declarations_that_contradict_each_other_declare_nothing(world: World) -> None:
    world.rule(rules(declared=DECLARED + DECLARED.replace('name = "orders"', 'name = "other"')))
    prod(world, {"unique(id)": "pass"})
    assert world.gate(ORDERS).state == "missing"


def test_what_failed_on_one_content_of_the_runs_data_is_not_undone_by_another(ruled: World) -> None:
    ruled.checked({"unique(id)": "fail"}, dataset_digest=TRAINING.digest, at=NOW - 2 * HOUR)
    ruled.checked({"unique(id)": "pass"}, dataset_digest="77ab", at=NOW - HOUR)
    assert ruled.said(ORDERS) == ("fail", "orders.*: 1 pass, 1 fail  unique(id)")


def test_a_digest_that_another_runs_artifact_has_by_a_name_is_no_more_than_that_name(world: World) -> None:
    world.rule(rules("['nightly']", declared=""))
    prod(world, {"unique(id)": "pass"}, dataset="customers", run_id="run13", dataset_digest="77ab")
    said = "nightly: unique(id): customers is joined by its name alone: declare it in [[datasets]]"
    assert world.said("data:nightly") == ("missing", said)


def test_a_digest_that_another_runs_artifact_has_by_what_the_policy_declares_counts(ruled: World) -> None:
    ruled.checked({"unique(id)": "pass"}, run_id="run13", dataset_digest="77ab")
    assert ruled.gate(ORDERS).state == "pass"


# -- environments


def test_somebodys_own_last_run_is_not_productions(ruled: World) -> None:
    ruled.checked({"unique(id)": "pass"}, environment="dev")
    assert ruled.said(ORDERS) == ("missing", "orders.*: checked in dev only; the policy's is prod")
    ruled.checked({"unique(id)": "pass"}, environment="")
    assert ruled.said(ORDERS) == ("missing", "orders.*: checked in dev, no environment only; the policy's is prod")


def test_what_fails_in_another_environment_does_not_stop_production(ruled: World) -> None:
    ruled.checked({"unique(id)": "fail"}, environment="dev")
    prod(ruled, {"unique(id)": "pass"})
    assert ruled.gate(ORDERS).state == "pass"


@pytest.mark.parametrize("environment", ["dev", ""])
def test_on_the_candidates_commit_too_another_environment_does_not_count(ruled: World, environment: str) -> None:
    ruled.checked({"unique(id)": "pass"}, environment=environment, commit=NEW)
    assert ruled.gate(ORDERS).state == "missing"


def test_of_the_content_itself_any_environment_may_speak(ruled: World) -> None:
    ruled.checked({"unique(id)": "fail"}, environment="dev", dataset_digest="77ab")
    assert ruled.gate(ORDERS).state == "fail"


def test_where_the_policy_names_no_environment_only_checks_without_one_count(world: World) -> None:
    world.rule(rules(environment=""))
    world.checked({"unique(id)": "pass"}, environment="dev")
    said = "orders.*: checked in dev only; [project] environment of the policy names none"
    assert world.said(ORDERS) == ("missing", said)
    world.checked({"unique(id)": "pass"})
    assert world.gate(ORDERS).state == "pass"


# -- what it says


@pytest.mark.parametrize(
    ("outcome", "state", "sentence"),
    [
        ("pass", "pass", "orders.*: 2 pass"),
        ("warn", "warn", "orders.*: 1 pass, 1 warn  not_null(customer_id)"),
        ("fail", "fail", "orders.*: 1 pass, 1 fail  not_null(customer_id)"),
        ("error", "inconclusive", "orders.*: 1 pass, 1 could not run  not_null(customer_id)"),
        ("skipped", "missing", "orders.*: 1 pass, 1 skipped  not_null(customer_id)"),
    ],
)
def test_the_worst_of_them_decides(ruled: World, outcome: str, state: str, sentence: str) -> None:
    prod(ruled, {"not_null(customer_id)": outcome, "freshness": "pass"})
    assert ruled.said(ORDERS) == (state, sentence)


def test_many_checks_are_counted_and_the_bad_ones_named(ruled: World) -> None:
    prod(ruled, {f"check_{number}": "pass" for number in range(40)} | {"not_null(customer_id)": "warn"})
    assert ruled.said(ORDERS) == ("warn", "orders.*: 40 pass, 1 warn  not_null(customer_id)")


def test_what_was_found_is_told_below(ruled: World) -> None:
    prod(ruled, {"not_null(customer_id)": "fail"}, observed="3.1 % null", expected="at most 1 %")
    assert ruled.gate(ORDERS).notes == ("not_null(customer_id): fail, 3.1 % null, allowed 1 %",)


def test_a_count_alone_is_told_with_what_was_counted(ruled: World) -> None:
    prod(ruled, {"not_null(id)": "fail"}, observed="78", failed_rows=78, total_rows=2546, expected="at most 0.01")
    assert ruled.gate(ORDERS).notes == ("not_null(id): fail, 78 of 2546 rows, allowed 0.01",)


def test_of_what_could_not_run_its_own_words_are_told(ruled: World) -> None:
    prod(ruled, {"freshness": "error"}, message="no such table", expected="at most 4 d")
    assert ruled.gate(ORDERS).notes == ("freshness: could not run, no such table",)


def test_nothing_at_all_is_missing(ruled: World) -> None:
    assert ruled.said(ORDERS) == ("missing", "orders.*: no [[checks]] are in the settings")
    prod(ruled, {"unique(id)": "pass"}, dataset="customers")
    assert ruled.said(ORDERS) == ("missing", "orders.*: nothing that was checked speaks for the data of v14")


def test_a_run_without_a_dataset_says_so(ruled: World) -> None:
    ruled.run("14", 0.941, datasets=())
    prod(ruled, {"unique(id)": "pass"})
    said = "orders.*: no check is of this run or commit, and the run logged no dataset"
    assert ruled.said(ORDERS) == ("missing", said)


def test_a_version_whose_run_is_not_known_has_no_data_that_is_known(ruled: World) -> None:
    ruled.version("14", run_id="gone")
    prod(ruled, {"unique(id)": "pass"})
    assert ruled.said(ORDERS) == ("missing", "orders.*: the run of v14 is not known, and so is its data")


def test_a_deleted_run_proves_nothing(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"})
    ruled.run("14", 0.941, status="deleted")
    assert ruled.said(ORDERS) == ("missing", "orders.*: the run of v14 was deleted")


# -- removed, silent, old, unread


def test_a_check_that_was_removed_from_its_suite_does_not_count(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass", "freshness": "pass"}, at=NOW - 2 * HOUR, is_whole=True)
    prod(ruled, {"freshness": "pass"}, at=NOW - HOUR, is_whole=True)
    assert ruled.said(ORDERS) == ("missing", "orders.*: unique(id): it was removed from its suite")


def test_a_later_run_without_results_is_never_green(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR)
    prod(ruled, {}, at=NOW - HOUR, complaint="It holds no results.")
    assert ruled.said(ORDERS) == ("missing", "orders.*: unique(id): not in the last run: It holds no results.")


@pytest.mark.parametrize("of", [{"run_id": "run14"}, {"commit": NEW}], ids=["run", "commit"])
def test_a_later_run_there_without_results_is_never_green(ruled: World, of: dict[str, Any]) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR, **of)
    prod(ruled, {}, at=NOW - HOUR, complaint="It holds no results.", **of)
    assert ruled.said(ORDERS) == ("missing", "orders.*: unique(id): not in the last run: It holds no results.")


def test_a_report_of_nothing_need_not_tell_its_suite(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR, origin="reports/data.xml")
    prod(ruled, {}, at=NOW - HOUR, suite="", origin="reports/models.xml", complaint="The report holds no test.")
    assert ruled.gate(ORDERS).state == "pass"
    prod(ruled, {}, at=NOW - HOUR // 2, suite="", origin="reports/data.xml", complaint="The report holds no test.")
    assert ruled.gate(ORDERS).state == "missing"


def test_a_later_run_elsewhere_takes_nothing_from_the_candidates_own(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR, commit=NEW)
    prod(ruled, {}, at=NOW - HOUR, complaint="It holds no results.", commit=OLD)
    assert ruled.gate(ORDERS).state == "pass"


def test_a_check_that_fell_silent_is_stale(ruled: World) -> None:
    for ago in (10, 9, 8, 7):
        prod(ruled, {"unique(id)": "pass"}, at=NOW - ago * DAY)
    state, sentence = ruled.said(ORDERS)
    assert state == "stale"
    assert sentence.startswith("orders.*: unique(id): nothing was said for ")


@pytest.mark.parametrize(
    ("at", "state"), [(NOW - DAY, "pass"), (NOW - DAY - MINUTE, "stale"), (NOW + HOUR, "inconclusive")]
)
def test_a_check_may_be_so_old(world: World, at: int, state: str) -> None:
    world.rule(rules(more='max_age = "24h"'))
    prod(world, {"unique(id)": "pass"}, at=at)
    assert world.gate(ORDERS).state == state


def test_what_is_dated_in_the_future_hides_what_fails_until_then(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW + 300 * DAY)
    prod(ruled, {"unique(id)": "fail"}, at=NOW - HOUR)
    assert ruled.said(ORDERS) == ("inconclusive", "orders.*: unique(id): it is dated in the future")


def test_what_fails_is_not_called_old(world: World) -> None:
    world.rule(rules(more='max_age = "24h"'))
    prod(world, {"unique(id)": "fail"}, at=NOW - 9 * DAY)
    assert world.gate(ORDERS).state == "fail"


@pytest.mark.parametrize("state", ["unreachable", "stale", "not_understood", "untrusted", "never"])
def test_a_source_in_trouble_proves_nothing(ruled: World, state: str) -> None:
    prod(ruled, {"unique(id)": "pass"})
    ruled.source(CHECKS, state, "The folder is gone.")
    assert ruled.said(ORDERS) == ("missing", "orders.*: unique(id): gx: The folder is gone.")


@pytest.mark.parametrize(
    ("state", "sentence", "expected"),
    [
        ("unauthorised", "The token is refused.", "missing"), ("untrusted", "Nobody agreed to it.", "missing"),
        ("never", "", "missing"), ("never", "No file matches.", "pass"),
    ],
)  # fmt: skip
def test_a_source_that_was_never_read_whole_may_hold_checks_that_fail(
    ruled: World, state: str, sentence: str, expected: str
) -> None:
    prod(ruled, {"unique(id)": "pass"})
    other = SourceSpec(key="d2", kind="checks", name="dbt", address="target/run_results.json")
    ruled.cache.declare([GIT, MLFLOW, REGISTRY, CI, CHECKS, other])
    ruled.source(other, state, sentence, last_ok_at=None)
    assert ruled.gate(ORDERS).state == expected


def test_a_tracking_server_in_trouble_leaves_the_data_unknown(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"})
    ruled.source(MLFLOW, "unreachable", "It does not answer.")
    assert ruled.said(ORDERS) == ("missing", "orders.*: mlflow: It does not answer.")


# -- patterns


@pytest.mark.parametrize(
    "pattern",
    [
        "orders", "orders_asset", "nightly", "unique(id)", "orders.unique(id)", "orders_asset.unique(id)",
        "nightly.unique(id)", "orders.*", "*", "night*", "*unique*",
    ],
)  # fmt: skip
def test_a_pattern_names_datasets_suites_and_checks(world: World, pattern: str) -> None:
    world.rule(rules(f"['{pattern}']"))
    prod(world, {"unique(id)": "pass"})
    assert world.gate(f"data:{pattern}").state == "pass"


@pytest.mark.parametrize("pattern", ["Orders.*", "orders.freshness", "order", "shop.orders.*"])
def test_another_name_is_not_meant(world: World, pattern: str) -> None:
    world.rule(rules(f"['{pattern}']"))
    prod(world, {"unique(id)": "pass"})
    assert world.gate(f"data:{pattern}").state == "missing"


def test_a_name_that_looks_like_a_pattern_is_itself(world: World) -> None:
    world.rule(rules("['between[0]']"))
    prod(world, {"between[0]": "pass"})
    assert world.gate("data:between[0]").state == "pass"


# -- the plan


def test_a_result_that_changes_voids_what_was_approved(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR)
    plan = ruled.ask(BO)
    ruled.approve(CY, plan=plan.id)
    assert ruled.gate("approval").state == "pass"
    prod(ruled, {"unique(id)": "warn"}, at=NOW - HOUR)
    assert ruled.plan().id != plan.id
    assert ruled.gate("approval").state == "missing"


def test_the_same_word_said_once_more_leaves_a_plan_as_it_is(ruled: World) -> None:
    prod(ruled, {"unique(id)": "pass"}, at=NOW - 2 * HOUR)
    before = ruled.plan()
    prod(ruled, {"unique(id)": "pass"}, at=NOW - HOUR)
    after = ruled.plan()
    assert after.id == before.id
    assert after.gate(ORDERS) != before.gate(ORDERS)  # it is younger


def test_which_of_two_checks_warns_is_part_of_the_plan(ruled: World) -> None:
    prod(ruled, {"unique(id)": "warn", "freshness": "pass"}, at=NOW - 2 * HOUR)
    before = ruled.plan()
    prod(ruled, {"unique(id)": "pass", "freshness": "warn"}, at=NOW - HOUR)
    assert ruled.plan().id != before.id


def test_who_loosens_a_rule_has_what_was_approved_approved_anew(ruled: World) -> None:
    def demanding(least: float, at: int) -> str:
        rule = CheckResult(name="not_null(id)", dataset="orders_asset", outcome="pass", definition=f"mostly={least}")
        made = Invocation(
            source="d", id=f"g{at}", tool="great_expectations", environment="prod", at=at, results=(rule,)
        )  # fmt: skip
        ruled.write("d", invocations=(made,))
        return ruled.plan().id

    prod(ruled, {"unique(id)": "pass"})
    before = demanding(0.99, NOW - 3 * HOUR)
    assert demanding(0.99, NOW - 2 * HOUR) == before
    assert demanding(0.5, NOW - HOUR) != before


def test_a_plan_holds_no_time_of_a_check(ruled: World) -> None:
    prod(ruled, {"unique(id)": "warn"})
    assert str(NOW - HOUR) not in ruled.plan().text


def test_a_waiver_for_data_lets_it_go_unmet(world: World) -> None:
    waivers = 'gates = ["data"]\nfrom = ["team:ml-leads"]\nmax = "24h"'
    world.rule("\n\n".join([DECLARED, policy(required_checks='data = ["orders.*"]', waivers=waivers)]))
    world.checked({"unique(id)": "fail"})
    assert world.gate(ORDERS).waivable
    world.waive(ORDERS, CY)
    assert world.gate(ORDERS).state == "waived"


def test_a_rollback_shows_it_and_is_not_stopped_by_it(ruled: World) -> None:
    gate = ruled.gate(ORDERS, kind="rollback", version="12")
    assert gate.state == "missing"
    assert not gate.blocks


def test_the_candidates_data_counts_and_not_the_champions(ruled: World) -> None:
    ruled.run("13", 0.938, commit=OLD, datasets=(Dataset(name="orders", digest="0bad"),))
    ruled.checked({"unique(id)": "fail"}, dataset_digest="0bad", dataset="orders_asset", environment="dev")
    prod(ruled, {"unique(id)": "pass"})
    assert ruled.gate(ORDERS).state == "pass"
