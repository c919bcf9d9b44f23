"""The demo's world at every hour: what stands in it depends on no clock."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from quarterdeck.app.demo.build import SEED
from quarterdeck.app.demo.ideas import ideas
from quarterdeck.app.demo.plans import Plan, plans
from quarterdeck.app.demo.production import services
from quarterdeck.app.demo.registry import LEAST_GAIN, SLOWEST, Move, holdout, last, shelve
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


@pytest.mark.parametrize("hour", range(0, 14 * 24, 29))
def test_there_is_a_challenger_that_meets_its_policy_and_one_that_is_too_slow(hour: int) -> None:
    world = new_world(FRIDAY + hour * HOUR, SEED)
    world = msgspec.structs.replace(world, shas=tuple(f"{number:040x}" for number in range(len(world.moments))))
    planned = plans(world)
    shelf = shelve(world, planned)
    assert max(one.at for one in shelf.versions) < world.made
    assert max(one.at for one in shelf.moves) < world.made
    of_model = {name: [one for one in shelf.versions if one.model == name] for name in ("churn", "churn-realtime")}

    def run(move: Move) -> Plan:
        assert move.version is not None
        version = of_model[move.model][int(move.version) - 1]
        assert version.at <= move.at
        return planned[version.plan]

    ends = {(move.model, move.alias): move for move in shelf.moves if move.model in of_model}
    champion, challenger = (run(ends["churn", alias]) for alias in ("champion", "challenger"))
    assert holdout(champion) == holdout(challenger)
    assert (last(challenger, "val_auc") or 0.0) - (last(champion, "val_auc") or 1.0) >= LEAST_GAIN
    slow = run(ends["churn-realtime", "challenger"])
    assert (last(slow, "p95_latency_ms") or 0.0) > SLOWEST


@pytest.mark.parametrize("hour", range(0, 7 * 24, 13))
def test_precision_fell_some_hours_ago_when_there_were_labels_of_what_the_new_champion_had_said(hour: int) -> None:
    world = new_world(FRIDAY + hour * HOUR, SEED)
    world = msgspec.structs.replace(world, shas=tuple(f"{number:040x}" for number in range(len(world.moments))))
    planned = plans(world)
    shelf = shelve(world, planned)
    fallen = [one for one in services(world, planned, shelf) if one.falls_at is not None]
    assert [(one.model, one.version) for one in fallen] == [("churn-offers", "3")]
    promoted = max(move.at for move in shelf.moves if move.model == "churn-offers")
    assert fallen[0].falls_at is not None
    assert promoted + 17 * HOUR < fallen[0].falls_at < world.made - 7 * HOUR
    before, spoilt = [planned[one.plan] for one in shelf.versions if one.model == "churn-offers"][1:]
    digests = [{use.name: use.digest for use in plan.datasets} for plan in (spoilt, before)]
    assert digests[0]["orders"] != digests[1]["orders"]
