"""Incidents, and what stands first among their suspects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Case,
    CaseReport,
    DataPart,
    Deployment,
    Identities,
    Job,
    Limit,
    LogPart,
    Metric,
    Promotions,
    RegisteredModel,
    Resource,
    Suspect,
)
from tests.app.triage.incidents import (
    LATENCY,
    ORDERS,
    PRECISION,
    SLOWER,
    Team,
    about,
    sha,
    told,
    trained,
    usual_team,
    when,
)

FELL, SLOW = about("series", PRECISION), about("series", LATENCY)
CLEAN = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 0}, "amount": {"mean": 51.2}}}'
NULLS = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 31}, "amount": {"mean": 50.9}}}'
USUAL = '{"num_rows": 1012, "columns": {"customer_id": {"null_count": 0}, "amount": {"mean": 51.4}}}'


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close()


def first(suspects: list[Suspect]) -> str:
    return told(suspects)[0]


def mostly(value: float) -> dict[str, Any]:
    return {"limits": (Limit(name="mostly", value=value, strict="higher"),)}


def rule(value: float) -> dict[str, Any]:
    return {"rule": f"mostly={value}", "result": mostly(value)}


# -- a business metric ----------------------------------------------------------------------------------------------


def test_data_that_changed_above_the_promotion_stands_before_the_promotion_that_carried_it(team: Team) -> None:
    usual_team(
        team, good={"datasets": trained("77ab", CLEAN)},
        bad={"datasets": trained("9c1e", NULLS), "git_commit": sha("tidy")},
    )  # fmt: skip
    team.commit("tidy", 50, "pipeline/train.py", parent="old")
    suspects = team.suspects(FELL)
    assert first(suspects) == "strong data orders 77ab → 9c1e"
    assert suspects[0].reasons[0] == "customer_id null 0 → 3.1 %"
    assert "carried by v14" in suspects[0].reasons
    promoted = next(one for one in suspects if one.title == "v13 → v14")
    assert promoted.strength == "weak"
    assert "but what it carried explains it: orders 77ab → 9c1e" in promoted.reasons


def test_of_versions_that_lie_further_apart_it_is_told_with_which_content_between_them_the_worst_came(
    team: Team,
) -> None:
    usual_team(team, good={"datasets": trained("77ab", CLEAN)}, bad={"datasets": trained("9c1e", NULLS)})
    team.run("before", 200, datasets=trained("c97b", USUAL))
    team.run("since", 90, datasets=trained("f0cd", NULLS))
    suspect = next(one for one in team.suspects(FELL) if one.kind == "data")
    assert suspect.title == "orders 77ab → 9c1e"
    assert "that came with orders c97b → f0cd" in suspect.reasons
    assert "dataset/orders@f0cd" in {one.subject for one in suspect.evidence}


def test_what_nothing_joins_to_a_thing_is_said_by_its_name_and_never_by_its_key(team: Team) -> None:
    usual_team(team)
    team.checked(5, "pass")
    team.checked(3, "fail", failed=4)
    team.commit("lock", 4, "requirements.txt", parent="old")
    check = team.reader.checks.rows(team.reader.checks.ids(now=when(0)))[0].check.id
    reasons = {reason for one in team.suspects(about("check", check)) for reason in one.reasons}
    assert "but nothing joins it to not_null(customer_id)" in reasons
    assert not [reason for reason in reasons if check in reason]


def test_a_rule_that_was_loosened_is_the_suspect_where_the_data_is_as_usual(team: Team) -> None:
    usual_team(
        team, good={"datasets": trained("77ab", CLEAN)},
        bad={"datasets": trained("9c1e", USUAL), "git_commit": sha("loose")},
    )  # fmt: skip
    team.commit("loose", 60, "checks/rules.toml", parent="old", subject="Relax null check", by="bo")
    for hours in (110, 100, 90, 80, 70):
        team.checked(hours, commit=sha("old"), **rule(0.99))
    for hours in (58, 46, 34, 22, 10):
        team.checked(hours, commit=sha("loose"), **rule(0.90))
    found = team.suspects(FELL)[0]
    assert found.title == f"not_null(customer_id) rule loosened in {sha('loose')[:7]}"
    assert (found.kind, found.actor, found.at) == ("check", "bo", when(60))
    assert about("commit", sha("loose")) in [item.subject for item in found.evidence]


def test_a_rule_that_was_loosened_to_let_bad_data_through_stands_before_the_data(team: Team) -> None:
    usual_team(
        team, good={"datasets": trained("77ab", CLEAN)},
        bad={"datasets": trained("9c1e", NULLS), "git_commit": sha("loose")},
    )  # fmt: skip
    team.commit("loose", 60, "checks/rules.toml", parent="old")
    for hours in (110, 100, 90, 80):
        team.checked(hours, commit=sha("old"), **rule(0.99))
    team.checked(70, "fail", failed=31, commit=sha("old"), **rule(0.99))
    for hours in (58, 46, 34, 22, 10):
        team.checked(hours, failed=31, commit=sha("loose"), **rule(0.90))
    check, data = team.suspects(FELL)[:2]
    assert (check.kind, data.kind) == ("check", "data")
    assert "it failed until the rule was loosened, and passed with it" in check.reasons
    assert "it would have failed not_null(customer_id) before that changed" in data.reasons


def test_a_commit_of_features_stands_first_among_documents_tests_and_what_builds(team: Team) -> None:
    usual_team(
        team, good={"datasets": trained("77ab", CLEAN)},
        bad={"datasets": trained("9c1e", USUAL), "git_commit": sha("ci")},
    )  # fmt: skip
    team.commit("features", 60, "pipeline/features.py", parent="old")
    team.commit("doc", 55, "docs/a.md", parent="features")
    team.commit("test", 52, "tests/test_x.py", parent="doc")
    team.commit("ci", 50, ".github/workflows/ci.yml", parent="test")
    suspects = team.suspects(FELL)
    assert suspects[0].subject == about("commit", sha("features"))
    assert about("commit", sha("doc")) not in [one.subject for one in suspects]


def test_a_dependency_that_was_raised_stands_first_where_all_else_is_the_same(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("doc")})
    team.commit("dep", 60, "uv.lock", "pyproject.toml", parent="old", subject="Raise scikit-learn")
    team.commit("doc", 55, "docs/a.md", parent="dep")
    assert team.suspects(FELL)[0].kind == "dependency"


def test_params_that_differ_are_told_without_seeds_and_by_the_commit_that_changed_them(team: Team) -> None:
    before = {"params": {"lr": "0.05", "seed": "1"}}
    usual_team(team, good=before, bad={"params": {"lr": "0.5", "seed": "7"}, "git_commit": sha("params")})
    team.commit("params", 60, "conf/params.yaml", parent="old", by="cy")
    found = team.suspects(FELL)[0]
    assert (found.title, found.subject) == (f"lr 0.05 → 0.5 in {sha('params')[:7]}", about("commit", sha("params")))
    assert found.actor == "cy"
    assert about("run", "run14") in [item.subject for item in found.evidence]


def test_params_that_were_given_by_hand_are_told_by_the_run(team: Team) -> None:
    usual_team(team, good={"params": {"lr": "0.05"}}, bad={"params": {"lr": "0.5"}})
    assert team.suspects(FELL)[0].subject == about("run", "run14")


def test_an_alias_that_nobody_can_explain_stands_before_what_it_carried(team: Team) -> None:
    usual_team(team, bad={"datasets": trained("9c1e", USUAL)}, good={"datasets": trained("77ab", CLEAN)})
    team.run("run15", 20, git_commit=sha("old"), datasets=trained("9c1e", USUAL))
    team.version("15", 19, "run15")
    for hours, version in ((100, "13"), (27, "14"), (9, "14"), (8, "15")):
        team.seen(hours, hours + 0.2, champion=version)
    team.shows(champion="15")
    found = team.suspects(FELL)[0]
    assert (found.kind, found.title) == ("alias", "v14 → v15")
    assert found.reasons[0] == "no entry of the ledger explains it: no gate was asked"


def test_an_alias_that_went_back_is_the_change_and_not_what_the_older_version_was_made_of(team: Team) -> None:
    usual_team(team, good={"datasets": trained("77ab", CLEAN)}, bad={"datasets": trained("9c1e", NULLS)})
    team.run("run12", 500, git_commit=sha("base"))
    team.version("12", 499, "run12")
    for hours, version in ((100, "13"), (27, "14"), (9, "14"), (6, "12")):
        team.seen(hours, hours + 0.5, champion=version)
    team.shows(champion="12")
    found = team.suspects(FELL)[0]
    assert found.title == "v14 → v12"
    assert "it went back to v12, which is older" in found.reasons


def test_a_promotion_with_a_waiver_is_the_suspect_where_nothing_that_it_carried_differs(team: Team) -> None:
    usual_team(team)
    team.entries.clear()
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 28, gates={"metric": "waived", "ci": "pass"})
    team.commit("doc", 20, "README.md", parent="old")
    found = team.suspects(FELL)[0]
    assert (found.kind, found.title, found.reasons[0]) == ("promotion", "v13 → v14", "1 gate passed, 1 waived")


def test_where_nobody_saw_the_alias_move_the_version_before_is_that_which_was_registered_before(team: Team) -> None:
    usual_team(team, good={"datasets": trained("77ab", CLEAN)}, bad={"datasets": trained("9c1e", NULLS)})
    team.write("g", promotions=Promotions())
    team.seen(0.1, 0.2, champion="14")
    suspects = team.suspects(FELL)
    assert first(suspects) == "strong data orders 77ab → 9c1e"
    assert "v14 was registered then; nobody saw when champion came to show it" in suspects[1].reasons


def test_data_that_used_to_come_every_day_and_did_not_is_a_suspect_of_its_own(team: Team) -> None:
    long_ago(team)
    for day in range(9):
        team.commit(f"data{day}", 300 - 24 * day, "data/orders.csv.dvc")
        team.tracked(f"d{day}", f"data{day}", 300 - 24 * day)
    team.stack("warehouse", 6)
    found = team.suspects(FELL)[0]
    assert (found.kind, found.title) == ("data", "no new orders")
    assert found.reasons[0] == "no new orders for 4 d; it used to come every 24 h"


def test_a_pipeline_upstream_that_broke_is_the_root_of_data_that_did_not_come(team: Team) -> None:
    long_ago(team)
    for day in range(9):
        team.commit(f"data{day}", 300 - 24 * day, "data/orders.csv.dvc")
        team.tracked(f"d{day}", f"data{day}", 300 - 24 * day)
    team.pipeline("a", "ingest-orders", "passed", 107, "old")
    team.pipeline("b", "ingest-orders", "failed", 83, "old", jobs=(Job(id="j", name="extract", status="failed"),))
    team.pipeline("c", "ingest-orders", "failed", 59, "old")
    broke, stale = team.suspects(FELL)[:2]
    assert (broke.title, stale.title) == ("ingest-orders broke on main", "no new orders")
    assert "extract failed" in broke.reasons
    assert about("job", "j") in [item.subject for item in broke.evidence]


def long_ago(team: Team) -> None:
    """v14 was trained and promoted ten days ago, and was well until five hours ago."""
    usual_team(team, bad={"datasets": trained("d1"), "started_at": when(252)})
    team.entries.clear()
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 250)


def test_code_that_makes_the_data_of_a_version_in_force_may_harm_without_a_new_version(team: Team) -> None:
    long_ago(team)
    team.commit("etl", 10, "pipeline/ingest.py", parent="old", subject="Join customers left")
    team.commit("features", 9, "pipeline/features.py", parent="etl")
    team.commit("test", 6, "tests/test_a.py", parent="features")
    suspects = team.suspects(FELL)
    assert suspects[0].subject == about("commit", sha("etl"))
    model_code = next(one for one in suspects if one.subject == about("commit", sha("features")))
    assert "but no version in force was built on it" in model_code.reasons


def test_what_happened_after_it_was_bad_is_never_more_than_weak(team: Team) -> None:
    usual_team(team)
    team.commit("fix", 3, "pipeline/ingest.py", parent="old")
    team.promoted(3, "13", "14", 2, kind="rollback")
    late = [one for one in team.suspects(FELL) if one.at > when(5)]
    assert all(one.strength == "weak" for one in late)


def test_what_happened_after_the_predictions_were_made_is_not_in_them(team: Team) -> None:
    usual_team(team, good={"datasets": trained("77ab", CLEAN)}, bad={"datasets": trained("9c1e", NULLS)})
    team.line("precision", 2, 5, *([0.82] * 12), 0.71, min=0.78, label_delay=30 * 3_600_000)
    promoted = next(one for one in team.suspects(FELL) if one.title == "v13 → v14")
    assert any(reason.startswith("but what was bad then had been predicted 30 h before") for reason in promoted.reasons)


def test_a_line_that_slid_is_judged_by_when_it_left_its_usual_band(team: Team) -> None:
    usual_team(team)
    sliding = (*([0.82, 0.83] * 10), 0.81, 0.80, 0.795, 0.79, 0.785, 0.77)
    team.line("precision", 2, 5, *sliding, min=0.78)
    changes = team.changes(FELL)
    assert when(17) <= changes.until <= when(13)


# -- latency --------------------------------------------------------------------------------------------------------


def slow_team(team: Team) -> None:
    """The model is a day old; six hours ago latency rose."""
    usual_team(team)
    team.line("p95 latency", 2, 5, *SLOWER, kind="operational", max=0.2)


def test_infrastructure_on_which_the_model_stands_stands_before_that_of_others(team: Team) -> None:
    slow_team(team)
    team.commit("tf", 7, "infra/main.tf", parent="old")
    team.commit("features", 6, "pipeline/features.py", parent="tf")
    team.stack("serving", 5.5, models=("churn",), environment="prod", commit=sha("tf"))
    team.stack("warehouse", 5.2)
    team.stack("serving-dev", 5.4, models=("churn",), environment="dev")
    suspects = team.suspects(SLOW)
    assert suspects[0].subject == about("resource", "serving")
    code = next(one for one in suspects if one.subject == about("commit", sha("tf")))
    assert "but it was serving applied that put it to work" in code.reasons
    other = next(one for one in suspects if one.subject == about("resource", "serving-dev"))
    assert (other.strength, "but serving-dev is dev, not prod" in other.reasons) == ("weak", True)


def test_serving_code_counts_from_when_it_was_deployed(team: Team) -> None:
    slow_team(team)
    team.commit("serve", 30, "serving/app.py", parent="old")
    team.commit("doc", 8, "README.md", parent="serve")
    for ident, hours, commit in (("1", 100, "old"), ("2", 5.5, "doc")):
        put = Deployment(id=ident, environment="prod", status="passed", at=when(hours))
        team.pipeline(ident, "deploy", "passed", hours, commit, deployments=(put,))
    found = team.suspects(SLOW)[0]
    assert (found.subject, found.strength) == (about("commit", sha("serve")), "strong")
    assert "carried by deploy to prod" in found.reasons


def test_a_heavier_model_that_was_promoted_just_before_may_be_why_it_is_slow(team: Team) -> None:
    slow_team(team)
    team.entries.clear()
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 6)
    assert team.suspects(SLOW)[0].title == "v13 → v14"


def test_what_is_saturated_is_a_suspect_and_other_symptoms_are_none(team: Team) -> None:
    slow_team(team)
    team.line("cpu saturation", 2, 5, *([0.4] * 12), 0.99, kind="operational", max=0.9)
    team.line("error rate", 2, 5, *([0.001] * 12), 0.2, kind="operational", max=0.01)
    titles = [one.title for one in team.suspects(SLOW)]
    assert titles[0] == "cpu saturation crossed its threshold"
    assert not [title for title in titles if title.startswith("error rate")]


# -- pipelines, checks, aliases, runs -------------------------------------------------------------------------------


def commits(team: Team) -> None:
    team.commit("base", 400, "README.md")
    team.commit("one", 30, "docs/x.md", parent="base")
    team.commit("two", 29, "pipeline/features.py", parent="one")
    team.commit("three", 28, "serving/app.py", parent="two")
    team.pipeline("a", "ci", "passed", 40, "base")


def test_of_the_commits_that_broke_a_pipeline_the_one_that_the_failing_test_names_stands_first(team: Team) -> None:
    commits(team)
    failed = Case(name="test_x", suite="tests.test_features", message='File "pipeline/features.py", line 3')
    team.pipeline(
        "b", "ci", "failed", 27, "three", jobs=(Job(id="j", name="test", status="failed"),),
        report=CaseReport(total=2, passed=1, failed=1, failures=(failed,)),
    )  # fmt: skip
    found = team.suspects("pipeline/b")[0]
    assert found.subject == about("commit", sha("two"))
    assert "what failed names pipeline/features.py" in found.reasons


def test_so_does_the_one_that_the_log_of_the_failing_job_names(team: Team) -> None:
    commits(team)
    team.pipeline("b", "ci", "failed", 27, "three", jobs=(Job(id="j", name="test", status="failed"),))
    log = b'Traceback (most recent call last):\n  File "/work/serving/app.py", line 7, in <module>\nImportError: no\n'
    team.write("c", log_parts=(LogPart(source="c", pipeline="b", job="j", start=0, data=log, is_last=True),))
    found = team.suspects("job/j")[0]
    assert found.subject == about("commit", sha("three"))
    assert about("job", "j") in [item.subject for item in found.evidence]


def test_a_pipeline_that_failed_at_installing_is_first_suspected_of_its_dependencies(team: Team) -> None:
    commits(team)
    team.commit("four", 27.5, "requirements.txt", parent="three")
    team.pipeline("b", "ci", "failed", 27, "four", jobs=(Job(id="j", name="build", status="failed"),))
    assert team.suspects("pipeline/b")[0].kind == "dependency"


def checked_id(team: Team) -> str:
    rows = team.reader.checks.rows(team.reader.checks.ids(now=when(0)))
    return about("check", rows[0].check.id)


def test_a_check_that_fails_is_first_suspected_of_the_data_that_came(team: Team) -> None:
    usual_team(team)
    team.commit("data1", 100, "data/orders.csv.dvc", parent="old")
    team.commit("data2", 12, "data/orders.csv.dvc", parent="data1", by="cy")
    team.commit("doc", 11, "README.md", parent="data2")
    team.tracked("aaa1", "data1", 100)
    team.tracked("bbb2", "data2", 12)
    for hours in (60, 50, 40, 30, 20):
        team.checked(hours, rule="r", commit=sha("data1"))
    team.checked(10, "fail", rule="r", failed=50, commit=sha("data2"))
    found = team.suspects(checked_id(team))[0]
    assert (found.title, found.actor, found.reasons[0]) == ("orders aaa1 → bbb2", "cy", "customer_id null 0 → 5 %")


def test_a_check_whose_rule_was_tightened_is_first_suspected_of_that(team: Team) -> None:
    usual_team(team)
    team.commit("strict", 12, "checks/rules.toml", parent="old")
    for hours in (60, 50, 40, 30, 20):
        team.checked(hours, failed=20, commit=sha("old"), **rule(0.9))
    team.checked(10, "fail", failed=20, commit=sha("strict"), **rule(0.99))
    assert team.suspects(checked_id(team))[0].title.startswith("not_null(customer_id) rule tightened in")


def test_an_alias_that_vanished_says_what_it_showed(team: Team) -> None:
    usual_team(team)
    for hours in (100, 9):
        team.seen(hours, hours + 0.2, champion="14")
    team.seen(8, 8.2)
    team.shows()
    assert team.suspects("alias/churn@champion")[0].title == "v14 → gone"


def test_a_run_that_failed_is_first_suspected_of_the_code_since_the_last_that_finished(team: Team) -> None:
    commits(team)
    team.run("ok", 50, git_commit=sha("base"))
    team.run("bad", 20, status="failed", git_commit=sha("two"))
    assert team.suspects("run/bad")[0].subject == about("commit", sha("two"))


# -- what is innocent -----------------------------------------------------------------------------------------------


def test_what_another_model_was_made_of_is_no_suspect(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("ltv")})
    team.commit("ltv", 60, "pipeline/ltv/features.py", parent="old")
    team.write("r", models=(RegisteredModel(source="r", name="ltv"),))
    found = next(one for one in team.suspects(FELL) if one.subject == about("commit", sha("ltv")))
    assert (found.strength, "but it is about ltv" in found.reasons) == ("weak", True)


def test_checks_of_other_data_and_of_other_environments_are_not_what_let_it_through(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("loose")})
    team.commit("loose", 60, "checks/rules.toml", parent="old")
    for name, environment in (("orders_asset", "dev"), ("returns", "prod")):
        for hours, asked in ((100, 0.99), (90, 0.99), (80, 0.99), (58, 0.9), (40, 0.9)):
            team.checked(hours, dataset=name, environment=environment, name=f"null({name})", **rule(asked))
    found = [one for one in team.suspects(FELL) if one.kind == "check"]
    assert [one.strength for one in found] == ["weak"] * len(found)
    assert not [one for one in found if "returns" in one.title]


def test_data_joined_by_its_name_alone_counts_less_than_what_is_declared(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("loose")})
    team.commit("loose", 60, "checks/rules.toml", parent="old")
    for hours, asked in ((100, 0.99), (90, 0.99), (80, 0.99), (58, 0.9), (40, 0.9)):
        team.checked(hours, dataset="orders_asset", **rule(asked))
        team.checked(hours, dataset="orders", name="null(orders)", **rule(asked))
    scores = {one.title.partition(" ")[0]: one.score for one in team.suspects(FELL) if one.kind == "check"}
    assert scores["not_null(customer_id)"] > scores["null(orders)"] > 0


def test_without_anything_that_changed_it_says_what_was_looked_at(team: Team) -> None:
    team.outlook = type(team.outlook)(identities=Identities([ORDERS]), environment="prod")
    team.line("precision", 2, 5, *([0.82] * 12), 0.71, min=0.78, model="nobody")
    changes = team.changes(FELL)
    assert changes.suspects == ()
    assert changes.sentence.startswith("Nothing that could explain it is known of the ")


def test_a_stretch_without_a_sync_is_told_and_times_in_it_are_ranges(team: Team) -> None:
    usual_team(team)
    team.state.note_sync(when(12), 3_600_000)
    team.state.note_sync(when(6), 3_600_000)
    for hours, began, version in ((100, 100, "13"), (12, 12, "14"), (6, 6.1, "15")):
        team.seen(hours, began, champion=version)
    team.version("15", 40, None)
    team.shows(champion="15")
    changes = team.changes(FELL)
    assert changes.gaps == ((when(12), when(6)),)
    moved = next(one for one in changes.suspects if one.title == "v14 → v15")
    assert (moved.not_before, moved.at) == (when(12), when(6))


# -- what joins things ----------------------------------------------------------------------------------------------


def test_an_alert_that_names_no_model_is_of_the_only_one_in_production(team: Team) -> None:
    usual_team(team)
    team.entries.clear()
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 6)
    team.alert("f1", "HighLatency", 5)
    found = team.suspects("alert/f1")[0]
    assert (found.title, found.subject) == ("v13 → v14", "alias/churn@champion")


def test_what_drifted_and_nobody_saw_when_may_have_done_so_since_it_was_applied(team: Team) -> None:
    slow_team(team)
    drifted = Resource(stack="serving", address="aws_lb.api", type="aws_lb", name="api", drift="update")
    team.stack("serving", 90, models=("churn",), status="drifted", planned_at=when(1), resources=(drifted,))
    found = team.suspects(SLOW)[0]
    assert (found.subject, found.not_before, found.at) == ("resource/serving/aws_lb.api", when(90), when(1))
    assert found.reasons[0] == "aws_lb.api changed outside of the code"


def test_a_pipeline_whose_failing_job_brings_data_is_nearer_than_one_that_tests(team: Team) -> None:
    long_ago(team)
    for ident, name, job in (("n", "nightly", "ingest"), ("u", "unit", "pytest")):
        team.pipeline(f"{ident}1", name, "passed", 60, "old")
        team.pipeline(f"{ident}2", name, "failed", 36, "old", jobs=(Job(id=ident, name=job, status="failed"),))
    broke = [one.title for one in team.suspects(FELL) if one.kind == "pipeline"]
    assert broke == ["nightly broke on main", "unit broke on main"]


def test_a_script_that_makes_data_stands_before_the_data_that_it_made(team: Team) -> None:
    usual_team(team)
    team.commit("data1", 100, "dvc.lock", parent="old")
    team.commit("script", 12, "pipeline/prepare.py", "dvc.lock", parent="data1")
    for digest, commit, hours, script in (("aaa1", "data1", 100, "s1"), ("bbb2", "script", 12, "s2")):
        deps = (DataPart(path="pipeline/prepare.py", digest=script), DataPart(path="data/raw.csv", digest="raw1"))
        team.tracked(digest, commit, hours, stage="prepare", deps=deps)
    for hours in (60, 50, 40, 30, 20):
        team.checked(hours, rule="r", commit=sha("data1"))
    team.checked(10, "fail", rule="r", failed=50, commit=sha("script"))
    code, data = team.suspects(checked_id(team))[:2]
    assert (code.subject, data.title) == (about("commit", sha("script")), "orders aaa1 → bbb2")
    assert "pipeline/prepare.py is what the data was made with" in code.reasons
    assert "but pipeline/prepare.py, which makes it, changed too" in data.reasons


def test_the_good_version_is_the_one_that_was_in_force_when_it_was_good(team: Team) -> None:
    """v14 was promoted and a quarter of an hour later v15, which differ in nothing: v13 is what was good."""
    usual_team(team, good={"datasets": trained("77ab", CLEAN)}, bad={"datasets": trained("9c1e", NULLS)})
    team.run("run15", 8, git_commit=sha("old"), datasets=trained("9c1e", NULLS))
    team.version("15", 7.5, "run15")
    team.entries.clear()
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 6.5)
    team.promoted(3, "15", "14", 6.25)
    team.shows(champion="15")
    assert team.suspects(FELL)[0].title == "orders 77ab → 9c1e"


def test_many_rules_that_one_commit_loosened_are_told_by_three_of_them(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("loose")})
    team.commit("loose", 60, "checks/rules.toml", parent="old")
    for number in range(6):
        for hours, asked in ((100, 0.99), (90, 0.99), (80, 0.99), (58, 0.9)):
            team.checked(hours, name=f"null({number})", **rule(asked))
    loosened = [one for one in team.suspects(FELL) if "loosened" in one.title]
    assert len(loosened) == 3


def test_a_rule_that_was_rewritten_so_that_it_passes_was_loosened_whatever_the_tool_calls_it(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("loose")})
    team.commit("loose", 60, "checks/rules.py", parent="old")
    for hours, outcome, text in ((100, "pass", "a"), (90, "pass", "a"), (70, "fail", "a"), (58, "pass", "b")):
        team.checked(hours, outcome, rule=text, failed=31 * (hours < 80))  # type: ignore[arg-type]  # of a table
    found = team.suspects(FELL)[0]
    assert found.title == f"not_null(customer_id) rule changed in {sha('loose')[:7]}"
    assert "it failed until the rule was changed, and passed with it" in found.reasons


def test_what_a_run_that_failed_was_given_otherwise_is_a_suspect(team: Team) -> None:
    commits(team)
    team.run("ok", 50, git_commit=sha("base"), params={"batch": "64", "seed": "1"})
    team.run("bad", 20, status="failed", git_commit=sha("base"), params={"batch": "4096", "seed": "2"})
    assert team.suspects("run/bad")[0].title == "batch 64 → 4096"


def test_data_that_a_failing_job_names_is_on_its_path(team: Team) -> None:
    commits(team)
    team.commit("data1", 200, "data/orders.csv.dvc", parent="base")
    team.commit("data2", 26, "data/orders.csv.dvc", parent="data1")
    team.tracked("aaa1", "data1", 200)
    team.tracked("bbb2", "data2", 26)
    failed = Case(name="test_load", message="KeyError: no column region in orders")
    report = CaseReport(total=1, passed=0, failed=1, failures=(failed,))
    team.pipeline("b", "ci", "failed", 25, "base", jobs=(Job(id="j", name="load", status="failed"),), report=report)
    assert team.suspects("pipeline/b")[0].title == "orders aaa1 → bbb2"


def test_more_rows_that_fail_are_told_where_nobody_says_of_how_many(team: Team) -> None:
    usual_team(team, good={"datasets": trained("77ab")}, bad={"datasets": trained("9c1e")})
    for hours, failed, digest in ((110, 0, "77ab"), (100, 0, "77ab"), (40, 31, "9c1e"), (35, 33, "9c1e")):
        team.checked(hours, rule="r", failed=failed, dataset_digest=digest, result={"total_rows": None})
    assert team.suspects(FELL)[0].reasons[0] == "customer_id null 0 → 31 rows"


# -- what is odd about a move itself --------------------------------------------------------------------------------


def without_ledger(team: Team, *moves: tuple[float, str], **worlds: Any) -> None:
    usual_team(team, **worlds)
    team.entries.clear()
    team.write("g", promotions=Promotions())
    for hours, version in moves:
        team.seen(hours, hours + 0.2, champion=version)
    team.shows(champion=moves[-1][1])


def test_without_a_ledger_the_newest_version_that_was_moved_to_at_once_only_carries(team: Team) -> None:
    without_ledger(team, (100, "13"), (29, "13"), (28, "14"), bad={"datasets": trained("9c1e")})
    assert [one.kind for one in team.suspects(FELL)[:2]] == ["data", "alias"]


def test_without_a_ledger_a_version_that_was_passed_over_is_a_suspect_itself(team: Team) -> None:
    without_ledger(team, (100, "13"), (29, "13"), (28, "14"), bad={"datasets": trained("9c1e")})
    team.version("15", 28.5, None)
    found = team.suspects(FELL)[0]
    assert (found.kind, found.title) == ("alias", "v13 → v14")
    assert "v15 was registered already, and it was moved to v14" in found.reasons


def test_a_version_that_was_promoted_though_it_measured_worse_is_a_suspect_itself(team: Team) -> None:
    usual_team(
        team, good={"metrics": {"val_auc": Metric(value=0.94)}},
        bad={"metrics": {"val_auc": Metric(value=0.88)}, "datasets": trained("9c1e")},
    )  # fmt: skip
    found = team.suspects(FELL)[0]
    assert (found.kind, found.title) == ("promotion", "v13 → v14")
    assert "it had measured worse than the one before: val_auc 0.94 → 0.88" in found.reasons


# -- what no tool says plainly --------------------------------------------------------------------------------------


def test_data_of_runs_that_logged_none_is_what_git_tracked_at_their_commits(team: Team) -> None:
    usual_team(team, good={"datasets": ()}, bad={"datasets": (), "git_commit": sha("data2")})
    team.commit("data2", 60, "data/orders.csv.dvc", parent="old", by="cy")
    team.tracked("aaa1", "old", 300)
    team.tracked("bbb2", "data2", 60)
    found = team.suspects(FELL)[0]
    assert (found.title, found.actor) == ("orders aaa1 → bbb2", "cy")
    assert "carried by v14" in found.reasons


def test_a_check_of_how_fresh_data_is_is_first_suspected_of_what_should_have_brought_it(team: Team) -> None:
    usual_team(team)
    team.commit("data1", 90, "data/orders.csv.dvc", parent="old")
    team.tracked("bbb2", "data1", 90)
    team.pipeline("a", "ingest-orders", "passed", 40, "old")
    team.pipeline("b", "ingest-orders", "failed", 16, "old", jobs=(Job(id="j", name="extract", status="failed"),))
    for hours in (60, 50, 40, 30, 20):
        team.checked(hours, name="freshness", column="", rule="r")
    team.checked(10, "fail", name="freshness", column="", rule="r")
    assert team.suspects(checked_id(team))[0].title == "ingest-orders broke on main"


def test_code_of_a_stack_is_on_the_path_of_the_models_that_stand_on_it(team: Team) -> None:
    slow_team(team)
    team.stack("serving", 900, models=("churn",), folder="infra/serving")
    team.stack("offers", 900, models=("offers",), folder="infra/offers")
    team.commit("mine", 6, "infra/serving/main.tf", parent="old")
    team.commit("theirs", 5.5, "infra/offers/main.tf", parent="mine")
    mine, theirs = team.suspects(SLOW)[:2]
    assert (mine.subject, theirs.subject) == (about("commit", sha("mine")), about("commit", sha("theirs")))
    assert "it is the code of serving" in mine.reasons
    assert "but it is the code of offers, for offers" in theirs.reasons
