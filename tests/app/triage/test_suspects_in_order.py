"""What is cleared, what belongs together, and what is told of several changes of one thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Attention, Dataset, Job, Limit, Signal, Suspect
from quarterdeck.app.triage.explain import explain
from tests.app.triage.incidents import HOUR, LATENCY, NOW, PRECISION, Team, about, sha, trained, usual_team, when

FELL, SLOW = about("series", PRECISION), about("series", LATENCY)
CLEAN = '{"num_rows": 1000, "columns": {"amount": {"mean": 51.2}}}'


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close()


def named(suspects: list[Suspect], title: str) -> Suspect:
    return next(one for one in suspects if title in one.title)


def test_an_alias_that_moved_several_times_is_told_by_the_move_that_put_the_bad_version_in_force(team: Team) -> None:
    usual_team(team, good={"params": {"lr": "0.05"}}, bad={"params": {"lr": "0.5"}})
    team.entries.clear()
    team.promoted(1, "12", "11", 296)
    team.promoted(2, "13", "12", 40, gates={"metric": "waived"}, reason="ten milliseconds")
    team.promoted(3, "14", "13", 28)
    found = [one for one in team.suspects(FELL) if one.subject == about("alias", "churn", "champion")]
    assert [(one.title, one.at) for one in found] == [("v13 → v14", when(28))]
    assert "of the same: v12 → v13, v11 → v12" in found[0].reasons


def test_data_that_a_run_which_records_its_inputs_did_not_read_is_not_carried_by_its_version(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("customers"), "params": {"lr": "1"}}, good={"params": {"lr": "0.1"}})
    team.commit("customers", 40, "data/customers.csv.dvc", parent="old")
    first, *_ = suspects = team.suspects(FELL)
    found = named(suspects, sha("customers")[:7])
    assert (first.kind, found.strength) == ("params", "weak")
    assert "but the run of v14 recorded what it was made of, and that is not among it" in found.reasons


def test_and_where_runs_record_no_inputs_it_may_be(team: Team) -> None:
    nothing = {"datasets": ()}
    usual_team(team, good=nothing, bad=nothing | {"git_commit": sha("customers")})
    team.commit("customers", 40, "data/customers.csv.dvc", parent="old")
    assert team.suspects(FELL)[0].title == f"{sha('customers')[:7]} Change customers"


def red(team: Team, job: str) -> list[Suspect]:
    team.commit("old", 300, "README.md")
    team.commit("pytest", 20, "requirements-dev.txt", parent="old")
    team.commit("data", 19, "pipeline/batches.py", parent="pytest")
    team.pipeline("a", "nightly", "passed", 30, "old")
    team.pipeline("b", "nightly", "failed", 10, "data", jobs=(Job(id="j", name=job, status="failed"),))
    return team.suspects("pipeline/b")


def test_what_only_tests_need_breaks_no_job_that_runs_none(team: Team) -> None:
    found = named(red(team, "train"), sha("pytest")[:7])
    assert (found.strength, "but no job that failed runs tests" in found.reasons) == ("weak", True)


def test_but_it_may_break_one_that_does(team: Team) -> None:
    assert named(red(team, "unit-tests"), sha("pytest")[:7]).strength == "strong"


def test_what_only_tests_need_makes_no_model_worse(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("pytest")})
    team.commit("pytest", 40, "requirements/test.txt", parent="old")
    assert not [one for one in team.suspects(FELL) if sha("pytest")[:7] in one.title and one.strength != "weak"]


def test_no_run_is_its_own_cause_where_a_commit_set_what_it_was_given(team: Team) -> None:
    team.commit("old", 300, "README.md")
    team.commit("depth", 24, "params.yaml", parent="old")
    team.run("fine", 40, git_commit=sha("old"), params={"depth": "6"})
    team.run("bad", 20, status="failed", git_commit=sha("depth"), params={"depth": "40"})
    first, *others = team.suspects("run/bad")
    assert (first.subject, first.title) == (about("commit", sha("depth")), f"depth 6 → 40 in {sha('depth')[:7]}")
    assert "run/bad" in [one.subject for one in first.evidence]
    assert not [one for one in others if one.kind == "params"]


@pytest.mark.parametrize(("gaps", "is_told"), [((24, 24), False), ((1, 24, 90), False), ((24, 23, 25), True)])
def test_three_gaps_that_are_alike_make_a_rhythm_and_fewer_do_not(
    team: Team, gaps: tuple[int, ...], is_told: bool
) -> None:
    nothing: dict[str, tuple[Dataset, ...]] = {"datasets": trained("77ab")}
    team.run("first", 95 + sum(gaps), datasets=trained("d0"))
    for number in range(len(gaps)):
        team.run(f"scored{number}", 95 + sum(gaps[number + 1 :]), datasets=trained(f"d{number + 1}"))
    usual_team(team, good=nothing | {"started_at": when(900)}, bad={"datasets": trained(f"d{len(gaps)}")})
    assert ("no new orders" in [one.title for one in team.suspects(FELL)]) is is_told


def judged(team: Team, label_delay: int | None = None) -> Suspect:
    """v14 came a day and a half ago, and precision, with a point each two hours, fell five hours ago."""
    usual_team(team, good={"params": {"lr": "0.05"}}, bad={"params": {"lr": "0.5"}, "started_at": when(38)})
    team.entries.clear()
    team.promoted(2, "14", "13", 36)
    team.line("precision", 2, 5, *([0.82, 0.83] * 40), 0.71, min=0.78, label_delay=label_delay)
    return named(team.suspects(FELL), "lr 0.05 → 0.5")


def test_a_version_that_was_judged_well_for_longer_than_its_labels_take_is_cleared(team: Team) -> None:
    found = judged(team, label_delay=8 * HOUR)
    assert (found.strength, found.reasons[-1]) == ("weak", "but it was good for 21 h after that")


def test_where_nobody_says_how_long_labels_take_it_is_not_cleared_so_soon(team: Team) -> None:
    assert judged(team).strength != "weak"


def test_an_apply_after_which_it_was_fast_for_half_an_hour_comes_after_one_just_before_it_was_slow(team: Team) -> None:
    usual_team(team)
    team.line("p95 latency", 1 / 60, 1, *([0.11, 0.12] * 120), 0.35, kind="operational", max=0.2)
    team.stack("serving", 1 + 45 / 60, models=("churn",))
    team.stack("features", 1 + 4 / 60, models=("churn",))
    last, former = [one for one in team.suspects(SLOW) if one.kind == "infrastructure"]
    assert (last.title, former.title) == ("features applied", "serving applied")
    assert last.score > 2 * former.score
    assert former.reasons[-1] == "but it was good for 44 min after that"


def test_an_apply_of_the_night_may_be_why_it_is_slow_at_the_next_peak(team: Team) -> None:
    usual_team(team)
    team.line("p95 latency", 1 / 60, 1, *([0.11, 0.12] * 240), 0.35, kind="operational", max=0.2)
    team.stack("serving", 5, models=("churn",))
    found = named(team.suspects(SLOW), "serving applied")
    assert found.reasons[-1].startswith("but it was good for")
    assert found.score > 0.1


def test_an_alias_that_vanished_is_told_by_its_vanishing(team: Team) -> None:
    usual_team(team)
    team.seen(9, 9.1, champion="14")
    team.shows()
    team.seen(2, 2.1)
    found = next(one for one in team.suspects("alias/churn@champion") if one.subject == "alias/churn@champion")
    assert found.title == "v14 → gone"


# -- what measures ------------------------------------------------------------------------------------------------


def test_another_holdout_acts_with_the_next_evaluation_however_late_labels_are(team: Team) -> None:
    usual_team(team, bad={"git_commit": sha("before")})
    team.commit("before", 40, "evaluation/holdout.csv.dvc", parent="old")
    team.commit("holdout", 6, "evaluation/holdout.csv.dvc", parent="before")
    team.line("precision", 2, 5, *([0.82, 0.83] * 40), 0.71, min=0.78, label_delay=24 * HOUR)
    first, *others = team.suspects(FELL)
    assert first.subject == about("commit", sha("holdout"))
    assert "it is what the model is measured by, from the next evaluation on" in first.reasons
    former = named(others, sha("before")[:7])
    assert (former.strength, any("carried" in one for one in former.reasons)) == ("weak", False)


def test_a_schedule_of_the_evaluation_is_a_suspect_where_a_line_fell_silent(team: Team) -> None:
    usual_team(team)
    team.commit("nights", 10, "ci/evaluation.yml", parent="old")
    team.commit("lint", 9, "ci/lint.yml", parent="nights")
    signal = Signal(
        kind="series stale", subject=FELL, title="precision", severity="high", since=when(5), not_before=when(11)
    )
    silent = Attention(id="a", subject=FELL, severity="high", since=when(5), title="precision", signals=(signal,))
    found = explain(team.reader, team.state, silent, team.outlook, now=NOW).suspects
    nights, lint = (named(list(found), sha(name)[:7]) for name in ("nights", "lint"))
    assert (nights.strength, lint.strength) == ("possible", "weak")


# -- data and the checks of it ------------------------------------------------------------------------------------


def test_the_first_data_since_a_check_of_it_was_loosened_belong_with_it_though_little_differs(team: Team) -> None:
    old, new = (CLEAN.replace("1000", rows) for rows in ("1000", "1010"))
    scores = []
    for is_loosened in (False, True):
        if is_loosened:
            team.commit("loose", 34, "checks/rules.toml", parent="old")
            for hours in (200, 180, 160, 140):
                team.checked(hours, commit=sha("old"), **mostly(0.99))
            team.checked(33, commit=sha("loose"), **mostly(0.9))
        usual_team(team, good={"datasets": trained("77ab", old)}, bad={"datasets": trained("9c1e", new)})
        scores.append(named(team.suspects(FELL), "77ab → 9c1e"))
    assert scores[1].score > 1.4 * scores[0].score
    assert any("is the first that came since" in one for one in scores[1].reasons)


def mostly(value: float) -> dict[str, Any]:
    limit = Limit(name="mostly", value=value, strict="higher")
    return {"rule": f"mostly={value}", "result": {"limits": (limit,)}}


# -- what moved, and what stopped -----------------------------------------------------------------------------------


def raised(team: Team, now: float) -> list[Suspect]:
    """v14 is below a floor since its first point, as v13 was, and somebody touched the settings after that."""
    usual_team(team, bad={"git_commit": sha("params"), "params": {"lr": "1"}}, good={"params": {"lr": "0.1"}})
    team.commit("params", 40, "params.yaml", parent="old")
    team.commit("bar", 6, "quarterdeck.toml", parent="params")
    team.line("f1", 2, 30, 0.82, 0.83, 0.82, 0.83, 0.82, version="13", min=0.9)
    key = team.line("recall", 2, 4, *([0.82, 0.83] * 10), now, min=0.9)
    return team.suspects(about("series", key))


def test_where_the_threshold_moved_and_the_line_did_not_the_commit_of_the_settings_stands_first(team: Team) -> None:
    first = raised(team, 0.82)[0]
    assert (first.subject, first.strength) == (about("commit", sha("bar")), "strong")
    assert "recall is as it was before: what moved is the threshold" in first.reasons


def test_where_the_line_moved_too_it_is_no_suspect(team: Team) -> None:
    assert not [one for one in raised(team, 0.61) if sha("bar")[:7] in one.title and one.strength != "weak"]


def paused(team: Team, *, came: str) -> list[Suspect]:
    """The nights ran every day and run no more since a commit of theirs, and a check says how old the newest row is."""
    usual_team(team)
    for number in range(8):
        team.pipeline(f"n{number}", "nightly", "passed", 60 + 24 * number, "old")
    team.commit("pause", 50, "ci/nightly.yml", parent="old")
    team.commit("lint", 45, "ci/lint.yml", parent="pause")
    for hours in (58, 34):
        team.checked(hours, name="freshness", column="")
    team.checked(10, "fail", name="freshness", column="", result={"observed": came})
    rows = team.reader.checks.rows(team.reader.checks.ids(now=NOW))
    return team.suspects(about("check", rows[0].check.id))


def test_of_late_data_the_commit_is_the_suspect_since_which_the_nights_ran_no_more(team: Team) -> None:
    first, second = paused(team, came="50 h")[:2]
    assert (first.subject, first.strength) == (about("commit", sha("pause")), "strong")
    assert "nightly ran last before it, and it changes ci/nightly.yml" in first.reasons
    assert second.title == "nightly runs no more"
    assert "what came last came with the last run of nightly" in second.reasons


def test_nights_that_ended_long_before_the_last_row_came_did_not_bring_it(team: Team) -> None:
    assert not [one for one in paused(team, came="30 h") if "nightly runs no more" in one.title]


def test_the_window_of_late_data_begins_when_the_newest_row_came(team: Team) -> None:
    paused(team, came="50 h")
    rows = team.reader.checks.rows(team.reader.checks.ids(now=NOW))
    found = team.changes(about("check", rows[0].check.id))
    assert (found.since, found.until) == (when(60), when(10))
