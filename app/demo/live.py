"""The run that goes on while somebody watches: which one it is, and what it is to log."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..records import Millis, Point, Record
from .ideas import Idea
from .plans import Plan, plan_of
from .world import FOLDER, World

PACE: Millis = 2_000
"""Between two points of the live run."""
HEAD_START = 90
"""Rounds that the first live run has behind it when the world is new."""
ROUNDS = 200
FIRST_NUMBER = 170
"""In the name of the first live run; some 167 ideas stand before it."""


class Live(Record, frozen=True):
    """The live run as the trainer left it. `number` counts the live runs of this world."""

    run_id: str
    number: int


def live_plan(world: World, now: Millis, number: int) -> Plan:
    """The live run of that number as it stands when it is begun: the very first one has a head start."""
    behind = HEAD_START if number == 0 else 0
    whole = whole_plan(world, now - (behind + 1) * PACE, number)
    curves = {
        name: kept
        for name, points in whole.curves.items()
        if (kept := [point for point in points if point.step < behind])
    }
    return msgspec.structs.replace(whole, curves=curves)


def whole_plan(world: World, started: Millis, number: int) -> Plan:
    """Everything that the live run of that number will have logged in the end."""
    idea = Idea(
        experiment="churn", who="bo", purpose="experiment", started=started, status="RUNNING", pace=PACE,
        params={"lr": ("0.03", "0.025", "0.035", "0.04")[number % 4], "n_estimators": str(ROUNDS)},
        note="Slower and longer, on the new orders",
    )  # fmt: skip
    return plan_of(world, idea, FIRST_NUMBER + number, rounds=ROUNDS)


def points_at(plan: Plan, step: int, now: Millis) -> dict[str, Point]:
    """What the live run logs at one step, with the time that it really is."""
    found = {name: point for name, points in plan.curves.items() for point in points if point.step == step}
    return {name: Point(step=step, at=now, value=point.value) for name, point in found.items()}


def read_live(root: Path) -> Live:
    """The live run on record. Raises OSError or msgspec.MsgspecError where there is none."""
    return msgspec.json.decode((root / FOLDER / "live.json").read_bytes(), type=Live)


def write_live(root: Path, live: Live) -> None:
    """Put the live run on record, in one piece."""
    place = root / FOLDER / "live.json"
    fresh = place.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(live))
    fresh.replace(place)
