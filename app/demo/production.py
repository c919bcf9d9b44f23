"""How the demo's models do in production: figures of every half hour, logged to MLflow by who serves them.

Latency and errors are known at once. Precision and recall are not: whether a customer left is known most of a day
later, so what is said today speaks of yesterday's scores. That is why nobody saw at once what the newest champion of
`churn-offers` was trained on.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..records import Millis, Point, Record
from .plans import Plan
from .registry import Move, Shelf, last
from .team import DAY, HOUR, MINUTE
from .world import World

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT: Final = "production"
SERVED: Final = ("churn", "churn-offers", "churn-realtime")
"""`ltv` is not served."""
EVERY: Final[Millis] = 30 * MINUTE
DAYS: Final = 8
"""For which there are figures."""
LABELS_AFTER: Final[Millis] = 18 * HOUR
"""The settings say the same."""
FELL: Final = 0.125
"""How far precision fell with the champion that was trained on guests."""
SLIDES_FOR: Final[Millis] = 5 * HOUR


class Service(Record, frozen=True):
    """A version while it is served."""

    model: str
    version: str
    began: Millis
    ended: Millis | None
    p95: float
    """Milliseconds, as its training measured it."""
    precision: float = 0.83
    falls_at: Millis | None = None
    """When the labels begin to tell that it is worse."""


def services(world: World, planned: Sequence[Plan], shelf: Shelf) -> list[Service]:
    """Who was champion of what in the last days."""
    made: list[Service] = []
    for model in SERVED:
        moves = [move for move in shelf.moves if (move.model, move.alias) == (model, "champion")]
        for number, move in enumerate(moves):
            until = moves[number + 1].at if number + 1 < len(moves) else None
            if until is None or until > world.made - DAYS * DAY:
                made.append(_service(world, planned, shelf, move, until))
    return made


def _service(world: World, planned: Sequence[Plan], shelf: Shelf, move: Move, until: Millis | None) -> Service:
    own = [version for version in shelf.versions if version.model == move.model]
    plan = planned[own[int(move.version or 1) - 1].plan]
    is_bad = move.model == "churn-offers" and until is None
    return Service(
        model=move.model, version=move.version or "1", began=max(move.at, world.made - DAYS * DAY), ended=until,
        p95=last(plan, "p95_latency_ms") or 60.0,
        falls_at=fell_at(world.made, move.at) if is_bad else None,
    )  # fmt: skip


def fell_at(now: Millis, promoted: Millis) -> Millis:
    """When precision began to fall: as soon as there are labels, and some hours ago in any world."""
    return min(promoted + LABELS_AFTER, now - SLIDES_FOR - 3 * HOUR)


def figures(service: Service, until: Millis, draw: random.Random) -> Iterator[tuple[str, Point]]:
    """Every point of a service, oldest first."""
    first = -(-service.began // EVERY) * EVERY
    for at in range(first, min(service.ended or until, until), EVERY):
        yield from points_at(service, at, draw)


def points_at(service: Service, at: Millis, draw: random.Random) -> Iterator[tuple[str, Point]]:
    """The points of one moment; a step is a minute of service."""
    step = (at - service.began) // MINUTE
    return ((name, Point(step=step, at=at, value=value)) for name, value in figures_at(service, at, draw).items())


def figures_at(service: Service, at: Millis, draw: random.Random) -> Mapping[str, float]:
    """What is said at one moment. More people shop in the evening."""
    busy = 0.5 + 0.5 * math.sin((at % DAY / DAY - 0.55) * 2 * math.pi)
    fallen = 0.0
    if service.falls_at is not None and at > service.falls_at:
        fallen = FELL * min(1.0, (at - service.falls_at) / SLIDES_FOR)
    return {
        "p95_latency_ms": service.p95 * (1.02 + 0.12 * busy) + draw.gauss(0, 0.9),
        "error_share": max(0.0, 0.0009 + 0.0006 * busy + draw.gauss(0, 0.0002)),
        "precision": service.precision - fallen + draw.gauss(0, 0.006),
        "recall": 0.742 - 0.1 * fallen + draw.gauss(0, 0.006),
    }


def log_production(client: MlflowClient, world: World, planned: Sequence[Plan], shelf: Shelf, location: str) -> None:
    """Write all of it into MLflow, a run for each version that is or was served."""
    from mlflow.entities import Metric

    experiment = client.create_experiment(EXPERIMENT, artifact_location=location)
    for service in services(world, planned, shelf):
        draw = world.draw(f"production of {service.model} {service.version}")
        run = begin_run(client, experiment, service)
        points = [Metric(key, point.value, point.at, point.step) for key, point in figures(service, world.made, draw)]
        for start in range(0, len(points), 800):
            client.log_batch(run, points[start : start + 800])
        if service.ended is not None:
            client.set_terminated(run, "FINISHED", service.ended)


def begin_run(client: MlflowClient, experiment: str, service: Service) -> str:
    """The run to which the figures of a service are logged; gives its id."""
    tags = {"model": service.model, "version": service.version, "mlflow.user": "svc-serve"}
    name = f"{service.model}-v{service.version}"
    return str(client.create_run(experiment, start_time=service.began, tags=tags, run_name=name).info.run_id)
