"""The demo's world at every hour: what stands in it depends on no clock."""

from __future__ import annotations

from collections import Counter

from quarterdeck.app.demo.build import SEED
from quarterdeck.app.demo.ideas import ideas
from quarterdeck.app.demo.team import HOUR
from quarterdeck.app.demo.world import new_world

FRIDAY = 1_795_132_800_000
"""20 November 2026, 00:00 UTC."""


def test_a_world_has_as_many_runs_whatever_the_day_and_the_hour() -> None:
    found = {
        tuple(sorted(Counter(idea.experiment for family in ideas(world) for idea in family).items()))
        for hour in range(0, 7 * 24, 5)
        for world in [new_world(FRIDAY + hour * HOUR, SEED)]
    }
    assert len(found) == 1
