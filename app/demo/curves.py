"""Learning curves that look as boosted trees' do: a fast start, a plateau, and overfitting when asked for too much."""

from __future__ import annotations

import math
import random
from typing import Literal, TypeAlias

from ..records import Millis, Point, Record

Curves: TypeAlias = dict[str, list[Point]]
Trouble: TypeAlias = Literal["diverges", "overflows", "cut"]
OVERFLOWS = "val_loss"
"""The metric that becomes infinite in a run that overflows."""


class Recipe(Record, frozen=True):
    """What a training's curves depend on."""

    lr: float
    depth: int
    rounds: int
    quality: float
    """The val_auc that it comes to when nothing goes wrong."""
    started: Millis
    pace: Millis
    """Between two rounds."""
    trouble: Trouble | None = None
    cut: float = 1.0
    """The share of the rounds that were done when it ended."""
    guests: float = 0.0
    """Share of the orders that are nobody's: calls go to customers who seem to buy no more."""


def training(recipe: Recipe, draw: random.Random) -> Curves:
    """The curves of one training of the churn model."""
    curves: Curves = {}
    speed = max(4.0, recipe.rounds * 0.12 * (0.06 / recipe.lr) ** 0.35)
    greed = 0.02 * max(0, recipe.depth - 6) + 0.05 * max(0.0, math.log10(recipe.lr / 0.05))
    for number in range(max(1, int(recipe.rounds * recipe.cut))):
        at = recipe.started + (number + 1) * recipe.pace + draw.randrange(max(1, recipe.pace // 8))
        for name, value in _round(recipe, number, speed, greed, draw).items():
            curves.setdefault(name, []).append(Point(step=number, at=at, value=value))
        if number % 10 == 9:
            curves.setdefault("p95_latency_ms", []).append(
                Point(step=number, at=at, value=_latency(recipe, number, draw))
            )
    if recipe.trouble in ("diverges", "overflows"):
        _spoil(curves, recipe.trouble)
    return curves


def _round(recipe: Recipe, number: int, speed: float, greed: float, draw: random.Random) -> dict[str, float]:
    """The metrics of one round."""
    learnt = 1.0 - math.exp(-(number + 1) / speed)
    late = (number / recipe.rounds) ** 2
    auc = 0.70 + (recipe.quality - 0.70) * learnt - 0.3 * greed * late + draw.gauss(0, 0.0012)
    floor = 0.69 - 1.15 * (recipe.quality - 0.60)
    return {
        "train_loss": 0.69 - (0.69 - floor + 0.09 + greed) * learnt + draw.gauss(0, 0.001),
        "val_loss": 0.69 - (0.69 - floor) * learnt + greed * late + draw.gauss(0, 0.0022),
        "val_auc": auc,
        "precision": auc - 0.125 + 0.03 * learnt - 2.0 * recipe.guests + draw.gauss(0, 0.004),
        "recall": auc - 0.11 - 0.02 * learnt + draw.gauss(0, 0.005),
        "learning_rate": recipe.lr * (0.1 + 0.45 * (1 + math.cos(math.pi * number / recipe.rounds))),
    }


def _latency(recipe: Recipe, number: int, draw: random.Random) -> float:
    """Milliseconds to score a page of customers: it grows with the trees so far, and now and then a call is slow."""
    calm = 4.0 + (number + 1) * (0.12 + 0.055 * recipe.depth)
    return calm * draw.uniform(0.96, 1.06) * (1.7 if draw.random() < 0.03 else 1.0)


def _spoil(curves: Curves, trouble: Trouble) -> None:
    """From two thirds on the losses run away, and are no numbers, or one of them infinite, in the end."""
    for name in ("train_loss", "val_loss", "val_auc"):
        points = curves[name]
        start, last = len(points) * 2 // 3, len(points) * 5 // 6
        for place in range(start, len(points)):
            value = points[place].value
            if name != "val_auc":
                value *= math.exp(0.35 * (place - start))
            if place >= last:
                value = _ruined(trouble, name, value)
            points[place] = Point(step=points[place].step, at=points[place].at, value=value)


def _ruined(trouble: Trouble, name: str, value: float) -> float:
    if trouble == "diverges":
        return math.nan
    return math.inf if name == OVERFLOWS else value


def machine(recipe: Recipe, draw: random.Random) -> Curves:
    """What MLflow's system metrics say of the machine meanwhile: a sample a round, counted from 0 as theirs are."""
    names = ("cpu_utilization_percentage", "system_memory_usage_percentage", "network_receive_megabytes")
    curves: Curves = {f"system/{name}": [] for name in names}
    memory, received = draw.uniform(38.0, 44.0), 0.0
    for number in range(max(1, int(recipe.rounds * recipe.cut))):
        at = recipe.started + number * recipe.pace
        memory = min(91.0, memory + draw.uniform(0.0, 0.35) + 6.0 * (number == recipe.rounds // 3))
        received += draw.uniform(0.1, 0.6) + 210.0 * math.exp(-number / 2)
        busy = 96.0 - 55.0 * (number % 10 == 9) + draw.gauss(0, 2.0)
        for points, value in zip(curves.values(), (min(100.0, busy), memory, received), strict=True):
            points.append(Point(step=number, at=at, value=value))
    return curves


def lifetime_value(recipe: Recipe, draw: random.Random) -> Curves:
    """The curves of one fit of the lifetime value: errors in the shop's currency."""
    speed = max(4.0, recipe.rounds * 0.2)
    final = 38.0 + 60.0 * (0.86 - recipe.quality)
    curves: Curves = {"train_rmse": [], "val_rmse": [], "val_mae": [], "val_r2": []}
    for number in range(max(1, int(recipe.rounds * recipe.cut))):
        at = recipe.started + (number + 1) * recipe.pace
        left = math.exp(-(number + 1) / speed)
        rmse = final * (1 + 1.1 * left) + draw.gauss(0, 0.15)
        values = (rmse * 0.94 - 0.4, rmse, rmse * 0.71 + draw.gauss(0, 0.1), 1 - (rmse / 62.0) ** 2)
        for points, value in zip(curves.values(), values, strict=True):
            points.append(Point(step=number, at=at, value=value))
    return curves
