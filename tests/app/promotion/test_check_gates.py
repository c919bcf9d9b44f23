"""What ran on the candidate's own commit."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import CommitCheck, Job

from .evidence import ANN, CI, DAY, GIT, HOUR, MINUTE, MLFLOW, NEW, NOW, OLD, REGISTRY, World, bare, policy

UNIT = "ci:unit"


def required(names: str, *more: str) -> str:
    return bare('[promotion."churn".required_checks]', f"ci = {names}", *more)


def check(name: str, status: str, ended_at: int = NOW - HOUR, **rest: Any) -> CommitCheck:
    facts: dict[str, Any] = {"name": name, "status": status, "app": "codecov", "ended_at": ended_at}
    return CommitCheck(**(facts | rest))


# -- what is found


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("passed", ("pass", "unit passed")),
        ("failed", ("fail", "unit failed")),
        ("cancelled", ("fail", "unit was cancelled")),
        ("running", ("inconclusive", "unit is running")),
        ("queued", ("inconclusive", "unit is queued")),
        ("waiting", ("inconclusive", "unit is waiting")),
        ("unknown", ("missing", "unit is unknown")),
        ("skipped", ("missing", "unit is skipped")),
    ],
)
def test_a_job_must_have_passed(world: World, status: str, said: tuple[str, str]) -> None:
    world.pipeline(jobs={"unit": status, "integration": "passed"})
    assert world.said(UNIT) == said
    assert world.gate(UNIT).evidence == ("job/1-unit",)


@pytest.mark.parametrize(("status", "state"), [("passed", "pass"), ("failed", "fail"), ("running", "inconclusive")])
def test_a_pipeline_of_that_name_does_as_well(world: World, status: str, state: str) -> None:
    world.pipeline(2, status, name="unit", jobs={})
    world.pipeline(1, jobs={"integration": "passed"})
    gate = world.gate(UNIT)
    assert (gate.state, gate.evidence) == (state, ("pipeline/2",))


def test_pipeline_and_job_of_one_name_must_both_have_passed(world: World) -> None:
    world.pipeline(2, "failed", name="unit", jobs={})
    assert world.said(UNIT) == ("fail", "unit failed")
    assert world.gate(UNIT).evidence == ("pipeline/2", "job/1-unit")


def test_nothing_of_that_name_is_missing(world: World) -> None:
    world.pipeline(jobs={"integration": "passed"})
    assert world.said(UNIT) == ("missing", "unit: nothing of this name ran on 1414141")


def test_what_ran_on_another_commit_does_not_count(world: World) -> None:
    world.pipeline(commit=OLD)
    assert world.said(UNIT) == ("missing", "unit: nothing of this name ran on 1414141")


def test_what_other_apps_said_of_the_commit_counts_by_name(world: World) -> None:
    world.rule(required('["codecov/patch"]'))
    for status, state in [("passed", "pass"), ("failed", "fail"), ("queued", "inconclusive")]:
        world.pipeline(checks=(check("codecov/patch", status),))
        gate = world.gate("ci:codecov/patch", version="14")
        assert (gate.state, gate.evidence) == (state, (f"commit/{NEW}",))


def test_of_what_one_app_said_twice_the_last_counts(world: World) -> None:
    world.rule(required('["cov"]'))
    world.pipeline(1, checks=(check("cov", "failed", NOW - 2 * HOUR),))
    world.pipeline(2, name="other", jobs={}, checks=(check("cov", "passed", NOW - HOUR),))
    assert world.gate("ci:cov", version="14").state == "pass"
    world.pipeline(2, name="other", jobs={}, checks=(check("cov", "failed", NOW - HOUR, app="other"),))
    assert world.gate("ci:cov", version="14").state == "fail"


# -- which of several


def test_of_several_runs_of_a_pipeline_the_newest_counts(world: World) -> None:
    world.pipeline(2, "failed", jobs={"unit": "failed", "integration": "passed"})
    assert world.said(UNIT) == ("fail", "unit failed")
    world.pipeline(3, jobs={"integration": "passed"})
    assert world.gate(UNIT).state == "missing"
    world.pipeline(4)
    assert world.gate(UNIT).evidence == ("job/4-unit",)


def tried(attempt: int, status: str, name: str = "unit", **rest: Any) -> Job:
    facts: dict[str, Any] = {"id": f"j{attempt}", "name": name, "status": status, "ended_at": NOW - HOUR}
    return Job(attempt=attempt, **(facts | rest))


def test_of_several_attempts_of_a_job_the_last_counts(world: World) -> None:
    world.pipeline(jobs=[tried(1, "failed"), tried(3, "passed"), tried(2, "failed")], attempt=3)
    assert world.gate(UNIT).evidence == ("job/j3",)
    world.pipeline(jobs=[tried(1, "passed"), tried(2, "failed")], attempt=3)
    assert world.gate(UNIT).state == "fail"


def test_a_job_that_may_yet_run_again_is_not_passed(world: World) -> None:
    world.pipeline(status="running", jobs=[tried(1, "passed")], attempt=2)
    assert world.said(UNIT) == ("inconclusive", "unit is running")
    world.pipeline(status="passed", jobs=[tried(1, "passed"), tried(2, "passed", "integration")], attempt=2)
    assert world.gate(UNIT).state == "pass"


def test_a_pattern_needs_all_that_it_names(world: World) -> None:
    world.rule(required('["unit-*"]'))
    world.pipeline(jobs={"unit-3.11": "passed", "unit-3.12": "passed", "lint": "failed"})
    assert world.said("ci:unit-*", version="14") == ("pass", "unit-*: 2 passed")
    world.pipeline(jobs={"unit-3.11": "passed", "unit-3.12": "skipped", "lint": "passed"})
    assert world.said("ci:unit-*", version="14") == ("missing", "unit-3.12 is skipped")
    world.pipeline(jobs={"Unit-3.11": "passed"})
    assert world.gate("ci:unit-*", version="14").state == "missing"


def test_a_name_that_looks_like_a_pattern_is_itself(world: World) -> None:
    world.rule(required('["unit [3.11]"]'))
    world.pipeline(jobs={"unit [3.11]": "passed"})
    assert world.gate("ci:unit [3.11]", version="14").state == "pass"


def test_a_check_that_is_demanded_twice_is_one_gate(world: World) -> None:
    world.rule(required('["unit", "unit"]'))
    assert [gate.id for gate in world.plan(version="14").gates].count(UNIT) == 1


# -- what cannot be known


def test_jobs_that_nobody_has_read_may_be_of_that_name(world: World) -> None:
    world.pipeline(5, jobs=None)
    assert world.said(UNIT) == ("missing", "unit: the jobs of ci 5 were not read yet")


def test_a_pipeline_that_passed_hides_no_failed_job_and_another_may(world: World) -> None:
    world.pipeline(2, name="nightly", jobs=None)
    assert world.gate(UNIT).state == "pass"
    world.pipeline(2, "failed", name="nightly", jobs=None)
    assert world.said(UNIT) == ("missing", "unit: the jobs of nightly 2 were not read yet")


def test_a_ci_that_does_not_answer_proves_nothing(world: World) -> None:
    world.source(CI, "unreachable", "api.github.example did not answer within 5 s.")
    assert world.said(UNIT) == ("missing", "unit: ci: api.github.example did not answer within 5 s.")
    world.run("14", 0.941, commit="ee" * 20)
    assert world.said(UNIT) == ("missing", "unit: ci: api.github.example did not answer within 5 s.")


def test_a_ci_that_bids_us_wait_counts(world: World) -> None:
    world.source(CI, "limited", "Asked too often.")
    assert world.gate(UNIT).state == "pass"


def test_without_any_ci_nothing_can_have_passed(world: World) -> None:
    world.cache.declare([GIT, MLFLOW, REGISTRY])
    assert world.said(UNIT) == ("missing", "unit: no CI is in the settings")


def test_without_a_commit_nothing_can_have_run_on_it(world: World) -> None:
    world.run("14", 0.941, commit=None)
    assert world.said(UNIT) == ("missing", "unit: no commit of v14 is known")
    world.run("14", 0.941, commit="main")
    assert world.said(UNIT) == ("missing", "unit: no commit of v14 is known")


def test_a_tag_of_the_version_names_the_commit_where_the_run_does_not(world: World) -> None:
    world.run("14", 0.941, commit=None)
    world.version("14", tags={"git_commit": NEW})
    assert world.gate(UNIT).state == "pass"


def test_an_abbreviated_commit_counts_where_it_is_one_commit(world: World) -> None:
    world.run("14", 0.941, commit=NEW[:8])
    assert world.gate(UNIT).state == "pass"
    other = NEW[:8] + "f" * 32
    world.commit(other, ANN)
    world.pipeline(2, commit=other)
    assert world.said(UNIT) == ("missing", "unit: 14141414 is more than one commit")


# -- age


@pytest.mark.parametrize(
    ("ended_at", "said"),
    [
        (NOW - DAY, ("pass", "unit passed")),
        (NOW - DAY - MINUTE, ("stale", "unit passed, 24 h old, allowed 24h")),
        (None, ("missing", "unit passed, how old it is is not known")),
        (NOW + HOUR, ("inconclusive", "unit passed, it is dated in the future")),
    ],
)
def test_a_check_may_be_so_old(world: World, ended_at: int | None, said: tuple[str, str]) -> None:
    world.pipeline(job_ended_at=ended_at)
    assert world.said(UNIT) == said


def test_without_a_limit_a_check_may_be_of_any_age(world: World) -> None:
    world.rule(policy(required_checks='ci = ["unit"]'))
    world.pipeline(job_ended_at=NOW - 900 * DAY)
    assert world.said(UNIT) == ("pass", "unit passed")
