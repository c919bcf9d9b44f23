"""Runs as signals."""

from __future__ import annotations

from quarterdeck.app.records import Experiment, Metric, Run
from tests.app.promotion.evidence import DAY, HOUR, MINUTE
from tests.app.triage.watched import Watched


def elsewhere(world: Watched, native: str, status: str = "failed", **rest: object) -> None:
    """A run of an experiment of which nothing is in production."""
    world.write("m", experiments=(Experiment(source="m", id="2", name="ideas"),))
    world.trains(native, status, experiment_id="2", **rest)


def logs(world: Watched, native: str, newest: int, step: int, **rest: object) -> None:
    """A running run, and the newest of what it logged."""
    metrics = {"loss": Metric(value=0.3, step=step, at=newest), "system/cpu": Metric(value=1.0, step=9, at=world.now)}
    world.trains(native, "running", metrics=metrics, **rest)


def test_the_newest_run_of_productions_experiment_that_failed_is_medium(world: Watched) -> None:
    world.trains("bad", "failed", ended_at=world.now - HOUR)
    one = world.signal("run failed")
    assert (one.severity, one.subject, one.owner) == ("medium", "run/bad", "bo")
    assert (one.title, one.since) == ("churn-train  bad failed", world.now - HOUR)


def test_failures_in_a_row_are_one_signal_that_keeps_its_name(world: Watched) -> None:
    for number in range(3):
        world.trains(f"bad{number}", "failed", started_at=world.now - (9 - number) * HOUR, ended_at=world.now - HOUR)
    one = world.signal("run failed")
    assert (one.subject, one.title) == ("run/bad0", "churn-train  the last 3 runs failed")
    assert [ref.subject for ref in one.refs] == ["run/bad0", "run/bad1", "run/bad2", "experiment/1"]


def test_a_run_that_finished_since_ends_it(world: Watched) -> None:
    world.trains("bad", "failed", started_at=world.now - 5 * HOUR, ended_at=world.now - 4 * HOUR)
    world.trains("good", started_at=world.now - 3 * HOUR)
    assert world.signals() == []


def test_one_that_runs_now_does_not(world: Watched) -> None:
    world.trains("bad", "failed", started_at=world.now - 5 * HOUR, ended_at=world.now - 4 * HOUR)
    logs(world, "next", world.now, 5)
    assert world.signal("run failed").subject == "run/bad"


def test_a_part_of_another_run_may_fail(world: Watched) -> None:
    world.trains("part", "failed", parent_id="whole", ended_at=world.now - HOUR)
    assert world.signals() == []


def test_an_experiment_of_nothing_in_production_is_low(world: Watched) -> None:
    elsewhere(world, "bad", ended_at=world.now - HOUR)
    assert world.signal("run failed").severity == "low"


def test_a_failure_of_last_week_is_told_no_more(world: Watched) -> None:
    world.trains("bad", "failed", started_at=world.now - 7 * DAY + 5, ended_at=world.now - 6 * DAY)
    before = world.look()
    assert [one.title for one in before.attentions] == ["churn-train  bad failed"]
    world.later(DAY)
    assert world.look(before).attentions == world.look().attentions == ()


# -- stuck


def test_a_run_that_logs_nothing_for_thrice_its_pace_is_stuck(world: Watched) -> None:
    """A step takes 30 minutes: it is late after 90."""
    logs(world, "slow", world.now, 10, started_at=world.now - 5 * HOUR)
    before = world.look()
    assert (before.attentions, before.memory.kept["runs"].due) == ((), world.now + 90 * MINUTE + 1)
    newest = world.now
    world.later(90 * MINUTE + 1)
    (one,) = world.look(before).attentions
    assert (one.severity, one.subject, one.since) == ("medium", "run/slow", newest)
    assert one.title == "churn-train  slow logs nothing"
    assert one.reason == "its server says that it runs; a step usually takes 30 m 00 s"


def test_a_fast_run_has_an_hour(world: Watched) -> None:
    logs(world, "fast", world.now - 59 * MINUTE, 1000, started_at=world.now - 2 * HOUR)
    assert world.signals() == []
    logs(world, "fast", world.now - 61 * MINUTE, 1000, started_at=world.now - 2 * HOUR)
    assert world.signal("run stuck").subject == "run/fast"


def test_one_that_logged_too_little_to_tell_has_a_day(world: Watched) -> None:
    logs(world, "once", world.now - 23 * HOUR, 0, started_at=world.now - 24 * HOUR)
    assert world.signals() == []
    world.trains("never", "running", started_at=world.now - 25 * HOUR)
    assert world.signal("run stuck").subject == "run/never"


def test_what_the_server_did_not_say_since_is_not_held_against_a_run(world: Watched) -> None:
    logs(world, "slow", world.now, 10, started_at=world.now - 5 * HOUR)
    world.now += 3 * HOUR
    assert world.signals("run stuck") == []


def test_one_that_its_server_calls_running_for_a_week_is_nobodys_wait(world: Watched) -> None:
    world.trains("zombie", "running", started_at=world.now - 8 * DAY)
    assert world.signals() == []


def test_stuck_runs_of_one_experiment_are_one_signal(world: Watched) -> None:
    for number in range(3):
        world.trains(f"never{number}", "running", started_at=world.now - 30 * HOUR)
    assert world.signal("run stuck").title == "churn-train  3 runs log nothing"


def test_experiments_of_many_parts_are_looked_at_by_their_newest(world: Watched) -> None:
    parts = tuple(
        Run(source="m", id=f"p{number}", experiment_id="1", name="p", status="failed", parent_id="whole",
            started_at=world.now - HOUR + number)
        for number in range(300)
    )  # fmt: skip
    world.write("m", runs=parts)
    world.trains("bad", "failed", started_at=world.now - 2 * HOUR, ended_at=world.now - HOUR)
    assert world.signals() == []
