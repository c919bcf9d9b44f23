"""Data that production uses and that is late."""

from __future__ import annotations

from quarterdeck.app.records import Dataset, DataVersion
from tests.app.promotion.evidence import DAY, HOUR, MINUTE
from tests.app.triage.watched import Watched


def daily(world: Watched, count: int, last: int, name: str = "data/orders.csv") -> None:
    """DVC tracked a new version each day, the last one then."""
    made = tuple(
        DataVersion(source="g", name=name, digest=f"{number:032x}", commit=f"{number:040x}", at=last - number * DAY)
        for number in range(count)
    )
    world.write("g", data_versions=made)


def test_data_without_a_new_version_for_twice_its_usual_time_is_high(world: Watched) -> None:
    last = world.now - 2 * DAY
    daily(world, 10, last)
    before = world.look()
    assert (before.attentions, before.memory.kept["data"].due) == ((), world.now + HOUR + 1)
    world.later(HOUR + MINUTE)
    (one,) = world.look(before).attentions
    assert (one.severity, one.signals[0].kind, one.signals[0].alias) == ("high", "data stale", "champion")
    assert one.title == "orders  no new version; one comes every 24 h 00 m as a rule"
    assert (one.since, one.not_before) == (last + 2 * DAY + HOUR, last)


def test_data_that_nobody_in_production_uses_may_be_late(world: Watched) -> None:
    daily(world, 10, world.now - 9 * DAY, name="data/weather.csv")
    assert world.signals() == []


def test_of_too_few_versions_nobody_knows_how_often_one_comes(world: Watched) -> None:
    daily(world, 3, world.now - 30 * DAY)
    assert world.signals() == []


def test_what_was_not_read_since_is_not_late(world: Watched) -> None:
    daily(world, 10, world.now - 2 * DAY)
    world.now += 5 * HOUR
    assert world.signals("data stale") == []


def test_versions_that_runs_brought_count_as_well(world: Watched) -> None:
    for number in range(6):
        data = (Dataset(name="orders", digest=f"d{number}"),)
        world.trains(f"r{number}", datasets=data, started_at=world.now - (number + 4) * DAY)
    assert world.signal("data stale").since == world.now - 4 * DAY + 2 * DAY + HOUR


def test_a_check_of_late_data_is_the_same_cause(world: Watched) -> None:
    daily(world, 10, world.now - 3 * DAY)
    world.checked({"freshness": "fail"}, environment="prod")
    (one,) = world.attentions()
    assert {signal.kind for signal in one.signals} == {"data stale", "check failing"}


def test_a_wait_that_came_twice_is_a_habit(world: Watched) -> None:
    """Every working day: a week-end is three days."""
    days = [number for number in range(4, 25) if number % 7 not in (5, 6)]
    made = tuple(
        DataVersion(source="g", name="data/orders.csv", digest=f"{day:032x}", commit=f"{day:040x}",
                    at=world.now - day * DAY)
        for day in days
    )  # fmt: skip
    world.write("g", data_versions=made)
    assert world.signals() == []
    world.later(DAY)
    assert world.signal("data stale").since == world.now - DAY - 4 * DAY + 4.5 * DAY + HOUR
