"""What was there while it was good, what came since, and what may bring what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Job, Promotions, Resource, SourceState, Suspect
from tests.app.triage.incidents import (
    HOUR,
    LATENCY,
    NOW,
    PRECISION,
    SLOWER,
    SOURCES,
    Team,
    about,
    sha,
    told,
    trained,
    usual_team,
    when,
)

FELL, SLOW = about("series", PRECISION), about("series", LATENCY)
CLEAN = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 0}}}'
NULLS = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 31}}}'
TWICE = '{"num_rows": 2000, "columns": {"customer_id": {"null_count": 0}}}'


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close()


def promoted(team: Team, hours: float, **worlds: Any) -> None:
    """v13 was champion before, and v14, of other data and other params, since so many hours."""
    bad = {
        "datasets": trained("9c1e", NULLS), "started_at": when(hours + 2), "params": {"lr": "0.5"},
        "git_commit": sha("params"), **worlds,
    }  # fmt: skip
    usual_team(
        team, good={"datasets": trained("77ab", CLEAN), "params": {"lr": "0.05"}, "started_at": when(900)}, bad=bad
    )
    team.commit("params", hours + 20, "conf/params.yaml", parent="old")
    team.entries.clear()
    team.promoted(1, "13", "12", 890)
    team.promoted(2, "14", "13", hours)
    team.version("14", hours + 1, "run14")


def good_until(team: Team, hours: float, days: float = 14, **rest: Any) -> None:
    """Precision is good for days, with a point each two hours, and falls so many hours ago."""
    count = int(days * 12)
    values = [0.82 + 0.01 * (place % 2) for place in range(count)]
    team.line("precision", 2, hours, *values, 0.71, min=0.78, **rest)


def named(suspects: list[Suspect], title: str) -> Suspect:
    return next(one for one in suspects if title in one.title)


# -- it was good for long after -------------------------------------------------------------------------------------


def test_what_a_version_brought_that_was_good_for_days_after_it_is_weak_and_says_so(team: Team) -> None:
    promoted(team, 6 * 24 + 7)
    good_until(team, 5)
    found = [one for one in team.suspects(FELL) if one.kind in ("data", "params", "promotion")]
    assert len(found) == 3
    assert {one.strength for one in found} == {"weak"}
    assert all("but it was good for 6 d after that" in one.reasons for one in found)


def test_data_with_twice_the_rows_that_came_just_before_stands_before_a_version_that_was_good_for_days(
    team: Team,
) -> None:
    promoted(team, 4 * 24)
    good_until(team, 5)
    team.run("scoring", 9, datasets=trained("d0d0", TWICE))
    first = team.suspects(FELL)[0]
    assert (first.title, first.strength) == ("orders 9c1e → d0d0", "strong")


@pytest.mark.parametrize("name", ["label-export", "exportLabels", "outcomes_feed"])
def test_a_pipeline_that_brings_the_labels_and_went_red_hours_before_stands_first(team: Team, name: str) -> None:
    promoted(team, 4 * 24)
    good_until(team, 5, label_delay=6 * HOUR)
    team.pipeline("a", name, "passed", 20, "old")
    team.pipeline("b", name, "failed", 8.5, "old", jobs=(Job(id="j", name="write", status="failed"),))
    team.pipeline("c", "unit", "passed", 20, "old")
    team.pipeline("d", "unit", "failed", 8, "old")
    first, *others = team.suspects(FELL)
    assert (first.title, first.strength) == (f"{name} broke on main", "strong")
    assert f"{name} is named after what it is judged by, which it should bring" in first.reasons
    assert named(others, "unit broke").strength == "weak"


def test_an_export_that_ran_by_the_clock_and_stopped_is_a_suspect(team: Team) -> None:
    promoted(team, 4 * 24)
    good_until(team, 5)
    for number in range(10):
        team.pipeline(f"x{number}", "export-orders", "passed", 30 + 6 * number, "old")
        team.pipeline(f"y{number}", "unit", "passed", 30 + 6 * number, "old")
    first = team.suspects(FELL)[0]
    assert (first.title, first.strength) == ("export-orders runs no more", "strong")
    assert not [one for one in team.suspects(FELL) if one.title == "unit runs no more"]


def test_of_a_source_that_was_not_read_since_nobody_can_say_that_it_stopped(team: Team) -> None:
    promoted(team, 4 * 24)
    good_until(team, 5)
    for number in range(10):
        team.pipeline(f"x{number}", "export-orders", "passed", 30 + 6 * number, "old")
    spec = SOURCES["c"]
    team.cache.save_state(
        SourceState(
            source="c", kind=spec.kind, name=spec.name, address=spec.address, state="failing", last_ok_at=when(29)
        )
    )
    assert not [one for one in team.suspects(FELL) if "no more" in one.title]


def test_a_version_whose_labels_have_only_just_come_is_strong(team: Team) -> None:
    promoted(team, 20)
    good_until(team, 1, label_delay=18 * HOUR)
    first = team.suspects(FELL)[0]
    assert first.strength == "strong"
    assert "carried by v14" in first.reasons


def test_a_slow_slide_that_began_with_the_promotion_is_its_doing(team: Team) -> None:
    """Six days of points, each a little worse, after eight that were good: precision breaks its floor at their end."""
    promoted(team, 6 * 24)
    good = [0.82 + 0.004 * (place % 2) for place in range(8 * 12)]
    team.line("precision", 2, 0.5, *good, *(0.82 - 0.045 * place / 71 for place in range(72)), min=0.78)
    first = team.suspects(FELL)[0]
    assert (first.strength, "carried by v14" in first.reasons) == ("strong", True)


def test_days_of_which_nobody_has_figures_exonerate_nobody(team: Team) -> None:
    promoted(team, 4 * 24)
    team.line("precision", 2, 5 + 4 * 24, *([0.82, 0.83] * 20), min=0.78)
    team.line("precision", 2, 5, 0.82, 0.71, min=0.78)
    first = team.suspects(FELL)[0]
    assert (first.strength != "weak", "carried by v14" in first.reasons) == (True, True)


def test_a_line_with_one_point_a_day_exonerates_later_than_one_with_many(team: Team) -> None:
    promoted(team, 3 * 24)
    team.line("precision", 24, 5, *([0.82, 0.83] * 10), 0.71, min=0.78)
    daily = named(team.suspects(FELL), "9c1e").score
    good_until(team, 5)
    assert daily > 2 * named(team.suspects(FELL), "9c1e").score


def test_a_line_that_broke_again_and_again_since_was_never_good_for_long(team: Team) -> None:
    promoted(team, 4 * 24)
    well = [0.82, 0.83] * 60
    flapping = [0.71 if place % 8 == 7 else 0.82 for place in range(44)]
    team.line("precision", 2, 5, *well, *flapping, 0.71, 0.71, min=0.78)
    assert "carried by v14" in team.suspects(FELL)[0].reasons
    assert team.suspects(FELL)[0].strength != "weak"


def test_where_nobody_saw_the_alias_move_it_counts_from_when_somebody_first_saw_the_version_there(team: Team) -> None:
    promoted(team, 5 * 24)
    good_until(team, 5)
    team.entries.clear()
    team.write("g", promotions=Promotions())
    team.seen(0.1, 0.2, champion="14")
    unseen = named(team.suspects(FELL), "9c1e")
    assert (unseen.strength, unseen.title) == ("possible", "orders 77ab → 9c1e")


def test_and_a_version_that_was_seen_there_for_days_while_it_was_good_is_weak(team: Team) -> None:
    promoted(team, 5 * 24)
    good_until(team, 5)
    team.entries.clear()
    team.write("g", promotions=Promotions())
    team.seen(4 * 24, 4 * 24 + 0.1, champion="14")
    assert named(team.suspects(FELL), "9c1e").strength == "weak"


def test_a_rule_that_was_loosened_counts_with_the_data_that_came_and_not_only_with_a_version(team: Team) -> None:
    promoted(team, 4 * 24)
    good_until(team, 5)
    team.commit("loose", 110, "checks/rules.toml", parent="old")
    for hours in (200, 180, 160, 140):
        team.checked(hours, commit=sha("old"), rule="mostly=0.99")
    team.checked(105, commit=sha("loose"), rule="mostly=0.9")
    rule = named(team.suspects(FELL), "rule changed")
    assert "but it was good for 4 d after that" in rule.reasons
    assert rule.score > named(team.suspects(FELL), "v13 → v14").score


# -- what is dated after it -----------------------------------------------------------------------------------------


def test_a_commit_that_is_dated_after_the_first_bad_moment_is_weak_on_whatever_path(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("late")})
    team.commit("late", 2, "pipeline/features.py", parent="old")
    found = named(team.suspects(FELL), sha("late")[:7])
    assert found.strength == "weak"
    assert "it is dated 28 h after the run that was built on it: their clocks differ" in found.reasons
    assert any("a clock is wrong" in reason for reason in found.reasons)


def test_data_that_a_run_used_before_git_had_it_came_when_the_run_used_it(team: Team) -> None:
    usual_team(team, good={"datasets": ()}, bad={"datasets": (), "git_commit": sha("data2")})
    team.commit("data2", 2, "data/orders.csv.dvc", parent="old")
    team.tracked("aaa1", "old", 300)
    team.tracked("bbb2", "data2", 2)
    found = named(team.suspects(FELL), "aaa1 → bbb2")
    assert (found.at, found.event) == (when(30), "")
    assert any(reason.startswith("Git dates it after the run") for reason in found.reasons)


def test_each_subject_is_told_once(team: Team) -> None:
    usual_team(team)
    team.promoted(3, "14", "15", 8, kind="rollback")
    team.promoted(4, "14", "16", 7.5, kind="rollback")
    suspects = team.suspects(FELL)
    assert len({one.subject for one in suspects}) == len(suspects)
    alias = next(one for one in suspects if one.subject == "alias/churn@champion")
    assert any(reason.startswith("of the same: ") for reason in alias.reasons)


# -- stacks that name no models -------------------------------------------------------------------------------------


def checked_id(team: Team) -> str:
    rows = team.reader.checks.rows(team.reader.checks.ids(now=NOW))
    return about("check", rows[0].check.id)


def late_orders(team: Team) -> str:
    """Orders are checked for how fresh they are; ten hours ago that failed."""
    usual_team(team)
    for hours in (60, 50, 40, 30, 20):
        team.checked(hours, name="freshness", column="", rule="r")
    team.checked(10, "fail", name="freshness", column="", rule="r")
    return checked_id(team)


CRON = Resource(
    stack="platform", address="kubernetes_cron_job.orders_export", type="kubernetes_cron_job", name="orders_export"
)


def test_a_cron_job_of_the_export_that_somebody_suspended_is_a_suspect_of_late_data(team: Team) -> None:
    subject = late_orders(team)
    team.stack("platform", 400, status="in step", planned_at=when(30), resources=(CRON,), digest="1")
    drifted = Resource(**{field: getattr(CRON, field) for field in CRON.__struct_fields__} | {"drift": "update"})
    team.stack("platform", 400, status="drifted", planned_at=when(1), resources=(drifted,), digest="2")
    first = team.suspects(subject)[0]
    assert first.subject == about("resource", "platform", CRON.address)
    assert first.strength != "weak"
    assert any(reason.startswith(f"{CRON.address} is named after orders") for reason in first.reasons)


def test_so_is_one_that_had_drifted_when_somebody_first_looked(team: Team) -> None:
    subject = late_orders(team)
    drifted = Resource(**{field: getattr(CRON, field) for field in CRON.__struct_fields__} | {"drift": "update"})
    team.stack("platform", 15, status="drifted", planned_at=when(1), resources=(drifted,))
    assert about("resource", "platform", CRON.address) in [one.subject for one in team.suspects(subject)[:3]]


def test_the_code_of_a_stack_that_nobody_says_the_use_of_and_its_apply_are_suspects_by_what_they_are_called(
    team: Team,
) -> None:
    subject = late_orders(team)
    team.stack("platform", 400, folder="infra/platform")
    team.commit("cron", 15, "infra/platform/orders_export.tf", parent="old")
    team.stack("platform", 14, folder="infra/platform", applied=(CRON.address,), digest="2")
    apply, code = team.suspects(subject)[:2]
    assert (apply.subject, code.subject) == (about("resource", "platform", CRON.address), about("commit", sha("cron")))
    assert {apply.strength, code.strength} <= {"strong", "possible"}


def test_what_a_commit_of_infrastructure_says_of_itself_joins_it_too_and_a_load_balancer_loads_nothing(
    team: Team,
) -> None:
    subject = late_orders(team)
    team.commit("main", 15, "infra/platform/main.tf", parent="old", subject="Suspend what exports orders")
    team.commit("other", 14, "infra/network/main.tf", parent="main", subject="Move the load balancer")
    first, *others = team.suspects(subject)
    assert (first.subject, first.strength) == (about("commit", sha("main")), "possible")
    assert [one.strength for one in others] == ["weak"] * len(others)


def test_a_stack_that_serves_models_brings_no_data_and_is_no_suspect_of_it(team: Team) -> None:
    subject = late_orders(team)
    team.stack("offers", 12, models=("offers",), folder="infra/offers")
    team.stack("platform", 12, applied=(CRON.address,))
    team.commit("theirs", 13, "infra/offers/main.tf", parent="old")
    suspects = team.suspects(subject)
    assert suspects[0].subject == about("resource", "platform", CRON.address)
    theirs = [one for one in suspects if "offers" in f"{one.title}{one.reasons}"]
    assert [one.strength for one in theirs] == ["weak"] * len(theirs)


def test_an_apply_that_says_nothing_is_less_than_one_whose_resources_are_named_after_what_is_missing(
    team: Team,
) -> None:
    subject = late_orders(team)
    team.stack("platform", 14, applied=(CRON.address,))
    team.stack("network", 12, applied=("aws_lb.api",))
    scores = {one.subject: one.score for one in team.suspects(subject)}
    named_after = scores[about("resource", "platform", CRON.address)]
    assert named_after > 2 * scores[about("resource", "network", "aws_lb.api")]


def test_a_stack_that_nobody_says_the_use_of_may_be_why_it_is_slow_but_less_than_its_own(team: Team) -> None:
    usual_team(team)
    team.line("p95 latency", 2, 5, *SLOWER, kind="operational", max=0.2)
    team.stack("serving", 5.6, models=("churn",))
    team.stack("network", 5.5)
    team.stack("offers", 5.4, models=("offers",))
    strengths = {one.subject: one.strength for one in team.suspects(SLOW)}
    assert strengths[about("resource", "serving")] == "strong"
    assert strengths[about("resource", "network")] == "possible"
    assert strengths[about("resource", "offers")] == "weak"


def test_a_line_of_how_old_the_labels_are_is_about_what_does_not_come(team: Team) -> None:
    usual_team(team)
    key = team.line("label age", 1, 5, *([20.0, 8.0] * 8), 30.0, kind="business", max=26, unit="h")
    team.pipeline("a", "label-export", "passed", 50, "old")
    team.pipeline("b", "label-export", "failed", 26, "old")
    first = team.suspects(about("series", key))[0]
    assert (first.title, first.strength) == ("label-export broke on main", "strong")


# -- applies that fail ----------------------------------------------------------------------------------------------


def failed_apply(team: Team, hours: float = 4, **rest: Any) -> list[Suspect]:
    usual_team(team)
    team.stack("serving", 200, models=("churn",), folder="infra/serving")
    team.stack("offers", 200, models=("offers",), folder="infra/offers")
    team.commit("mine", 30, "infra/serving/main.tf", parent="old")
    team.commit("theirs", 5, "infra/offers/main.tf", parent="mine")
    team.commit("features", 4.5, "pipeline/features.py", parent="theirs")
    team.stack("offers", 4.8, models=("offers",), folder="infra/offers", digest="2")
    facts = {
        "status": "failed",
        "errors": ("Error: Invalid function argument",),
        "planned_at": when(4.1),
        "digest": "2",
    }
    team.stack("serving", hours, models=("churn",), folder="infra/serving", **(facts | rest))
    return team.suspects("resource/serving")


def test_of_an_apply_that_failed_the_commit_of_its_own_folder_is_the_suspect(team: Team) -> None:
    first, *others = failed_apply(team)
    assert (first.subject, first.strength) == (about("commit", sha("mine")), "strong")
    assert "it is the code of serving" in first.reasons
    assert not [one for one in others if one.subject == about("resource", "serving") and "failed" in one.title]
    assert {one.strength for one in others} <= {"weak"}


def test_of_a_plan_that_failed_too_and_the_file_that_it_names_speaks_for_it(team: Team) -> None:
    suspects = failed_apply(team, hours=200, errors=("Error: x\n  on main.tf line 12, in resource",))
    assert suspects[0].subject == about("commit", sha("mine"))
    assert "what failed names infra/serving/main.tf" in suspects[0].reasons


def test_of_the_pipeline_that_ran_an_apply_which_failed_it_is_the_same_commit(team: Team) -> None:
    job = Job(id="j", name="apply", status="failed")
    team.pipeline("a", "deploy", "passed", 150, "old")
    team.pipeline("b", "deploy", "failed", 4, "features", jobs=(job,))
    failed_apply(team, pipeline_id="b")
    for subject in ("pipeline/b", "job/j"):
        assert told(team.suspects(subject))[0].startswith("strong infrastructure")
        assert team.suspects(subject)[0].subject == about("commit", sha("mine"))


def test_a_pipeline_that_pulls_data_is_joined_to_what_drifted_beneath_it(team: Team) -> None:
    team.commit("old", 300, "README.md")
    team.pipeline("a", "export", "passed", 40, "old")
    team.pipeline("b", "export", "failed", 16, "old", jobs=(Job(id="j", name="pull-labels", status="failed"),))
    bucket = Resource(
        stack="platform", address="aws_s3_bucket.labels", type="aws_s3_bucket", name="labels", drift="update"
    )
    team.stack("platform", 400, status="drifted", planned_at=when(1), resources=(bucket,))
    first = team.suspects("pipeline/b")[0]
    assert (first.subject, first.strength) == (about("resource", "platform", "aws_s3_bucket.labels"), "possible")


def test_code_of_such_a_stack_is_told_by_what_it_brings_whatever_else_the_commit_touched(team: Team) -> None:
    subject = late_orders(team)
    team.stack("platform", 400, folder="infra/platform")
    team.commit("both", 15, "infra/platform/orders_export.tf", "tests/test_a.py", "README.md", parent="old")
    first = team.suspects(subject)[0]
    assert (first.subject, first.kind) == (about("commit", sha("both")), "infrastructure")
