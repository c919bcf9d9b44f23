"""What the team tried, whenever the demo is built."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from quarterdeck.app.demo.history import STEPS
from quarterdeck.app.demo.live import live_plan
from quarterdeck.app.demo.plans import plans
from quarterdeck.app.demo.team import DAY
from quarterdeck.app.demo.world import new_world

MOMENTS = (
    datetime(2031, 3, 1, 3, 7, tzinfo=UTC),  # a Saturday, at night
    datetime(2031, 3, 3, 7, 31, tzinfo=UTC),  # a Monday that has just begun
    datetime(2031, 3, 5, 12, 0, tzinfo=UTC),  # in the middle of a week
    datetime(2032, 1, 1, 23, 59, tzinfo=UTC),  # over the turn of a year
)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_past_is_whole_at_any_moment(moment: datetime) -> None:
    now = int(moment.timestamp() * 1000)
    world = msgspec.structs.replace(new_world(now, 7), shas=tuple(str(number) for number in range(len(STEPS))))
    made = [*plans(world), live_plan(world, now, 0)]
    assert 280 <= len(made) <= 310
    assert list(world.moments) == sorted(set(world.moments))
    assert world.moments[-1] < now
    points = [point.at for plan in made for curve in plan.curves.values() for point in curve]
    assert max(*points, *(plan.ended or 0 for plan in made)) <= now
    assert all(plan.ended is None or plan.started < plan.ended for plan in made)
    assert now - max(world.moments[number] for number, step in enumerate(STEPS) if "orders" in step.moves) < 4 * DAY
    # the holdout needs customers, which the second commit tracks
    assert all(plan.datasets for plan in made)


def test_two_builds_at_one_moment_are_alike() -> None:
    now = int(MOMENTS[0].timestamp() * 1000)
    worlds = [msgspec.structs.replace(new_world(now, 7), shas=("a",) * len(STEPS)) for _ in range(2)]
    assert str(plans(worlds[0])) == str(plans(worlds[1]))  # as text: NaN is not equal to itself


def test_names_do_not_repeat() -> None:
    now = int(MOMENTS[2].timestamp() * 1000)
    world = msgspec.structs.replace(new_world(now, 7), shas=("a",) * len(STEPS))
    names = [plan.name for plan in [*plans(world), *(live_plan(world, now, number) for number in range(5))]]
    assert len(set(names)) == len(names)
