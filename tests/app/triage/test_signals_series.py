"""Lines of production and alerts as signals."""

from __future__ import annotations

import pytest

from tests.app.promotion.evidence import DAY, HOUR, MINUTE
from tests.app.triage.watched import Watched


def test_a_world_in_which_all_is_well_needs_no_attention(world: Watched) -> None:
    world.precision(0.83, 0.82)
    sight = world.look()
    assert sight.attentions == ()
    assert dict(sight.watched) == {
        "series": 1, "models": 1, "checks": 0, "datasets": 2, "pipelines": 1, "runs": 0, "stacks": 0, "sources": 7,
    }  # fmt: skip


def test_a_metric_of_the_champion_below_its_floor_is_critical_since_its_first_bad_point(world: Watched) -> None:
    key = world.precision(0.83, 0.82, 0.74, 0.71)
    (one,) = world.attentions()
    assert (one.severity, one.subject) == ("critical", f"series/{key}")
    assert one.title == "churn@champion v13  precision 0.71, floor 0.78"
    assert (one.since, one.not_before) == (world.now - HOUR, world.now - 2 * HOUR)
    (signal,) = one.signals
    assert (signal.model, signal.version, signal.alias) == ("churn", "13", "champion")
    assert {ref.subject for ref in signal.refs} == {f"series/{key}", "alias/churn@champion", "model/churn/13"}


def test_it_says_when_it_was_last_read(world: Watched) -> None:
    world.precision(0.71)
    assert world.signal("threshold").seen_at == world.now - MINUTE


@pytest.mark.parametrize("written", ["13", "v13"])
def test_a_line_of_the_champions_version_counts_as_the_champions(world: Watched, written: str) -> None:
    world.precision(0.71, version=written)
    assert world.signal("threshold").severity == "critical"


def test_a_line_of_a_version_that_no_production_alias_points_at_is_low(world: Watched) -> None:
    world.precision(0.71, version="12")
    one = world.signal("threshold")
    assert (one.severity, one.alias, one.title) == ("low", "", "churn v12  precision 0.71, floor 0.78")


def test_a_line_of_a_model_that_no_registry_knows_is_high(world: Watched) -> None:
    world.precision(0.71, model="fraud")
    assert world.signal("threshold").severity == "high"


def test_a_line_of_no_model_is_production_as_such(world: Watched) -> None:
    world.line("errors", {world.now: 9.0}, model="", max=1.0, unit="%")
    assert world.signal("threshold").title == "production  errors 9 %, limit 1 %"


def test_a_line_that_keeps_its_threshold_again_is_no_signal(world: Watched) -> None:
    world.precision(0.71, 0.81)
    assert world.signals() == []


# -- silence


def test_a_line_whose_source_answers_without_new_points_is_stale(world: Watched) -> None:
    world.precision(0.83, until=world.now - 6 * MINUTE, every=MINUTE)
    one = world.signal("series stale")
    assert (one.severity, one.state, one.not_before) == ("high", "silent", world.now - 6 * MINUTE)


def test_a_line_that_was_bad_and_fell_silent_is_both(world: Watched) -> None:
    world.precision(0.71, until=world.now - 6 * MINUTE, every=MINUTE)
    (one,) = world.attentions()
    assert [signal.kind for signal in one.signals] == ["threshold", "series stale"]
    assert "no newer point" in one.reason


def test_a_line_of_a_replaced_version_may_end(world: Watched) -> None:
    world.precision(0.83, version="12", until=world.now - DAY, every=MINUTE)
    assert world.signals() == []


def went_back(world: Watched) -> None:
    """v14 was champion for a day and a half; now v13 is again, whose figures ended when v14 came."""
    world.aliases(champion="14")
    world.later(MINUTE)
    world.precision(0.83, version="13", until=world.now - 36 * HOUR, every=MINUTE)
    world.aliases(champion="13")


def test_a_version_that_came_back_a_moment_ago_is_not_silent_though_its_last_point_is_old(world: Watched) -> None:
    went_back(world)
    assert world.signals("series stale") == []


def test_a_version_that_came_back_and_says_nothing_for_as_long_as_any_other_is_silent_since_then(
    world: Watched,
) -> None:
    went_back(world)
    came_at = world.now
    world.later(6 * MINUTE)
    world.precision(version="13", every=MINUTE, looked_at=world.now)
    one = world.signal("series stale")
    assert (one.severity, one.since, one.not_before) == ("high", came_at + 3 * MINUTE, came_at)


def test_a_line_whose_truths_come_late_owes_no_point_of_a_version_that_came_back_until_they_may_be_known(
    world: Watched,
) -> None:
    went_back(world)
    world.later(6 * MINUTE)
    world.precision(version="13", every=MINUTE, looked_at=world.now, label_delay=HOUR)
    assert world.signals("series stale") == []
    world.later(HOUR)
    world.precision(version="13", every=MINUTE, looked_at=world.now, label_delay=HOUR)
    assert world.signal("series stale").state == "silent"


def test_of_a_version_that_was_there_when_somebody_first_looked_the_silence_counts_from_its_last_point(
    world: Watched,
) -> None:
    world.aliases(champion="13")
    world.precision(0.83, version="13", until=world.now - DAY, every=MINUTE)
    assert world.signal("series stale").not_before == world.now - DAY


def test_how_often_a_point_is_due_is_told_as_one_says_it(world: Watched) -> None:
    world.precision(0.83, until=world.now - DAY, every=60_780)
    assert world.signal("series stale").reason == "its source answers, and a point is due every 1 min"


def test_a_line_that_never_gave_a_point_is_told(world: Watched) -> None:
    world.line("recall")
    one = world.signal("series stale")
    assert (one.severity, one.state) == ("medium", "no data, since unknown")


def test_a_line_that_gives_no_number_for_a_while_is_told(world: Watched) -> None:
    nan = float("nan")
    world.precision(0.83, *[nan] * 7, every=MINUTE)
    one = world.signal("series stale")
    assert (one.state, one.since) == ("no number", world.now - 6 * MINUTE)


def test_one_point_without_a_number_is_not(world: Watched) -> None:
    world.precision(0.83, float("nan"), every=MINUTE)
    assert world.signals() == []


# -- budgets


def burning(world: Watched, share: float, minutes: int = 90) -> str:
    """Good for a day, then for so many minutes so many of a hundred requests fail."""
    times = range(world.now - DAY, world.now + 1, 5 * MINUTE)
    bad_since = world.now - minutes * MINUTE
    points = {at: 100 * (1 - share) if at > bad_since else 100.0 for at in times}
    return world.line("success", points, totals=[100.0] * len(points), objective=0.99, step=5 * MINUTE)


def test_a_budget_that_burns_in_both_windows_is_critical(world: Watched) -> None:
    key = burning(world, 0.20)
    one = world.signal("burn")
    assert (one.severity, one.subject, one.state) == ("critical", f"series/{key}", "burning")
    assert world.now - 90 * MINUTE < one.since < world.now - 30 * MINUTE  # the long window has to agree
    assert one.not_before == one.since - 5 * MINUTE


def test_a_budget_that_burns_slowly_is_high(world: Watched) -> None:
    burning(world, 0.04, minutes=20 * 60)
    one = world.signal("burn")
    assert (one.severity, one.state) == ("high", "burning slowly")


def test_a_budget_that_lasts_is_no_signal(world: Watched) -> None:
    burning(world, 0.005)
    assert world.signals() == []


# -- alerts


@pytest.mark.parametrize(
    ("label", "severity"),
    [("critical", "critical"), ("Page", "critical"), ("error", "high"), ("", "high"), ("warning", "medium"),
     ("info", "low")],
)  # fmt: skip
def test_an_alert_is_as_bad_as_its_label_says(world: Watched, label: str, severity: str) -> None:
    print_of = world.alert(severity=label, summary="p95 over 200 ms")
    one = world.signal("alert")
    assert (one.severity, one.subject) == (severity, f"alert/{print_of}")
    assert (one.title, one.reason) == ("churn@champion v13  HighLatency fires", "p95 over 200 ms")


def test_a_pending_alert_is_none_yet(world: Watched) -> None:
    world.alert(state="pending")
    assert world.signals() == []


def test_an_alert_of_a_version_out_of_production_is_low(world: Watched) -> None:
    world.alert(labels={"version": "12"})
    assert world.signal("alert").severity == "low"


def test_an_alert_of_no_model_stands_by_itself(world: Watched) -> None:
    world.alert("DiskFull", model="", severity="warning")
    (one,) = world.attentions()
    assert (one.title, one.severity) == ("DiskFull fires", "medium")


# -- one cause


def test_what_is_wrong_with_one_version_is_one_attention(world: Watched) -> None:
    world.precision(0.83, 0.71)
    world.alert(severity="warning", since=world.now - DAY)
    world.line("latency", {world.now - 20 * MINUTE: 0.1}, max=0.2)
    (one,) = world.attentions()
    assert [signal.kind for signal in one.signals] == ["threshold", "series stale", "alert"]
    assert one.state == "critical: alert, series stale, threshold"


def test_a_line_whose_threshold_was_lowered_keeps_it_at_once_though_its_points_are_not_judged_anew(
    world: Watched,
) -> None:
    world.precision(0.83, 0.71)
    world.precision(min=0.5)
    assert world.signals("threshold") == []


def test_a_line_of_a_version_that_no_registry_has_may_be_what_runs(world: Watched) -> None:
    world.precision(0.83, 0.71, version="build-7f3a")
    one = world.signal("threshold")
    assert (one.severity, one.alias, one.version) == ("high", "", "build-7f3a")
    world.later(DAY)
    world.precision(version="build-7f3a", looked_at=world.now)
    assert [one.severity for one in world.signals()] == ["low"]  # it ended, as one that was replaced does


def test_an_alert_of_such_a_version_keeps_its_severity_and_one_without_a_name_says_so(world: Watched) -> None:
    world.alert("", labels={"version": "build-7f3a"})
    one = world.signal("alert")
    assert (one.severity, one.title) == ("critical", "churn  an alert without a name fires")
