"""Days on which nothing is promoted."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from .evidence import DAY, HOUR, NOW, World, bare, policy


def at(written: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def frozen(world: World, deny: str, now: int) -> tuple[str, str]:
    world.rule(bare('[promotion."churn".freeze]', f"deny = [{deny}]"))
    return world.said("freeze", now, version="14")


WEEKEND = '{ days = ["fri", "sat", "sun"] }'


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2025-11-20T23:59:59", ("pass", "no freeze now")),
        ("2025-11-21T00:00", ("fail", "frozen on fri, sat, sun (UTC), until mon 00:00")),
        ("2025-11-23T23:59:59", ("fail", "frozen on fri, sat, sun (UTC), until mon 00:00")),
        ("2025-11-24T00:00", ("pass", "no freeze now")),
    ],
)
def test_a_weekend_is_frozen_until_monday(world: World, now: str, said: tuple[str, str]) -> None:
    assert frozen(world, WEEKEND, at(now)) == said


def test_the_day_is_that_of_the_zone(world: World) -> None:
    monday = '{ days = ["mon"], tz = "America/Los_Angeles" }'
    assert frozen(world, monday, at("2025-11-25T07:59")) == (
        "fail", "frozen on mon (America/Los_Angeles), until tue 00:00",
    )  # fmt: skip
    assert frozen(world, monday, at("2025-11-25T08:01"))[0] == "pass"


def test_a_day_may_have_an_hour_more_or_less(world: World) -> None:
    for night in ("2025-03-30", "2025-10-26"):  # both Sundays, in Berlin
        sunday = '{ days = ["sun"], tz = "Europe/Berlin" }'
        assert frozen(world, sunday, at(f"{night}T23:59", "Europe/Berlin"))[1].endswith("until mon 00:00")
        assert frozen(world, sunday, at(f"{night}T23:59", "Europe/Berlin") + HOUR)[0] == "pass"


def test_windows_that_touch_are_one_freeze(world: World) -> None:
    both = '{ days = ["sat"] }, { days = ["sun", "mon"], tz = "Pacific/Auckland" }'
    state, sentence = frozen(world, both, at("2025-11-22T01:00"))
    assert (state, sentence) == ("fail", "frozen on sat (UTC), until tue 00:00")


def test_every_day_may_be_frozen(world: World) -> None:
    week = '{ days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }'
    assert frozen(world, week, NOW)[1].endswith("(UTC), and on no other day it is not")


def test_no_day_is_no_freeze_and_without_windows_there_is_no_gate(world: World) -> None:
    assert frozen(world, "{ days = [] }", NOW)[0] == "pass"
    world.rule(bare())
    assert world.plan(version="14").gate("freeze") is None


def test_a_freeze_holds_up_no_rollback(world: World) -> None:
    friday = NOW + 2 * DAY
    plan = world.plan(friday, kind="rollback")
    gate = plan.gate("freeze")
    assert gate is not None
    assert (gate.state, gate.blocks) == ("warn", False)
    assert gate.sentence == "frozen on fri, sat, sun (UTC), until mon 00:00: a rollback is not held up"
    assert plan.applicable


def test_a_freeze_is_no_part_of_what_is_approved(world: World) -> None:
    world.rule(policy(required_checks="", approvals=""))
    wednesday, friday = world.plan(NOW), world.plan(NOW + 2 * DAY)
    assert (wednesday.applicable, friday.applicable) == (True, False)
    assert wednesday.id == friday.id
