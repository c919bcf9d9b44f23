"""The demo's registered models: which runs the team made versions of, and who moved which alias when.

Four models: `churn`, with a challenger that meets its policy; `churn-offers`, whose newest champion was trained on
orders without customers; `churn-realtime`, whose challenger is better and too slow; `ltv`, whose champion somebody
moved with a plain client. MLflow stamps what it registers with the present time,
so the times of the past are written into its store afterwards.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from ..records import Millis, Record
from .history import guests_since
from .plans import Plan
from .team import DAY, HOUR, MINUTE
from .world import FOLDER, World

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

FILE: Final = "registry.json"
SLOWEST: Final = 30.0
"""Milliseconds at the 95th percentile that the policy of `churn-realtime` allows."""
LEAST_GAIN: Final = 0.002
"""In val_auc, as the policy of `churn` wants it."""


class Version(Record, frozen=True):
    """A version that somebody registered."""

    model: str
    plan: int
    """Which run, as the index of its plan."""
    at: Millis
    who: str
    note: str = ""


class Move(Record, frozen=True):
    """An alias that was moved."""

    model: str
    alias: str
    version: str | None
    """None: it was taken away."""
    previous: str | None
    at: Millis
    who: str
    kind: str = "promotion"
    """promotion, rollback; "" for a move outside the ledger."""
    reason: str = ""


class Book(Record, frozen=True):
    """What the builder remembers of the registry."""

    moves: tuple[Move, ...]


class Shelf:
    """Registers versions in order, and keeps who moved what."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans
        self.versions: list[Version] = []
        self.moves: list[Move] = []
        self._now: dict[tuple[str, str], str] = {}

    def version(self, model: str, plan: int, after: Millis = 40 * MINUTE, note: str = "") -> str:
        """A run becomes the next version of a model, some time after it ended; gives its number."""
        run = self._plans[plan]
        at = (run.ended or run.started) + after
        self.versions.append(Version(model=model, plan=plan, at=at, who=run.user, note=note))
        return str(sum(one.model == model for one in self.versions))

    def move(
        self, model: str, alias: str, version: str, at: Millis, who: str, kind: str = "", reason: str = ""
    ) -> None:
        """The alias shows another version from then on."""
        previous = self._now.get((model, alias))
        self._now[model, alias] = version
        self.moves.append(
            Move(
                model=model, alias=alias, version=version, previous=previous, at=at, who=who, kind=kind, reason=reason
            )
        )  # fmt: skip


def last(plan: Plan, metric: str) -> float | None:
    """What a run's metric came to; None where it has none."""
    points = plan.curves.get(metric)
    return points[-1].value if points else None


def holdout(plan: Plan) -> str:
    """The digest of the customers that a run was judged by."""
    return next((use.digest for use in plan.datasets if use.context == "validation"), "")


def shelve(world: World, plans: Sequence[Plan]) -> Shelf:
    """All of it, for the runs that this world has."""
    shelf = Shelf(plans)
    _churn(shelf, plans, world.made)
    _offers(shelf, plans, world.made)
    _realtime(shelf, plans, world.made)
    _ltv(shelf, plans, world.made)
    return shelf


def _measured(plans: Sequence[Plan], until: Millis) -> list[int]:
    """Finished trainings of churn with accuracy, latency and held-out customers, oldest first."""
    found = [
        number
        for number, plan in enumerate(plans)
        if plan.experiment == "churn" and plan.parent is None and plan.status == "FINISHED" and not plan.deleted
        and plan.ended is not None and plan.ended < until and holdout(plan)
        and last(plan, "val_auc") is not None and last(plan, "p95_latency_ms") is not None
    ]  # fmt: skip
    return sorted(found, key=lambda number: plans[number].started)


def _auc(plans: Sequence[Plan], number: int) -> float:
    return last(plans[number], "val_auc") or 0.0


def _pair(plans: Sequence[Plan], numbers: Iterable[int], now: Millis) -> tuple[int, int]:
    """Champion and challenger: days apart, judged by the same customers, the later one better by what is asked."""
    of: dict[str, list[int]] = {}
    for number in numbers:
        of.setdefault(holdout(plans[number]), []).append(number)
    pairs = [
        (one, other)
        for group in of.values()
        for one in group
        for other in group
        if plans[other].started - plans[one].started > 2 * DAY
        and plans[other].started > now - 21 * DAY
        and _auc(plans, other) - _auc(plans, one) > 1.5 * LEAST_GAIN
    ]
    return max(pairs, key=lambda pair: (plans[pair[1]].started // DAY, _auc(plans, pair[1])))


def _churn(shelf: Shelf, plans: Sequence[Plan], now: Millis) -> None:
    measured = _measured(plans, now - 12 * HOUR)
    champion, challenger = _pair(plans, measured, now)
    early = [number for number in measured if plans[number].started < plans[champion].started - 2 * DAY]
    first, second, third = (early[len(early) * part // 8] for part in (1, 4, 6))
    moves = []
    for number, note in ((first, "the first in production"), (second, ""), (third, ""), (champion, "")):
        moves.append((shelf.version("churn", number, note=note), plans[number]))
    newest = shelf.version("churn", challenger)
    for (version, plan), who in zip(moves, ("ann", "bo", "chris"), strict=False):
        shelf.move("churn", "champion", version, (plan.ended or plan.started) + 5 * HOUR, who, "promotion")
    third_at = shelf.moves[-1].at
    shelf.move("churn", "champion", "2", third_at + 26 * HOUR, "dee", "rollback", "p95 rose to 80 ms in production")
    at = max((moves[3][1].ended or 0) + 5 * HOUR, third_at + 30 * HOUR)
    shelf.move("churn", "champion", moves[3][0], at, "ann", "promotion", "recall up at the same precision")
    challenged = (plans[challenger].ended or 0) + 2 * HOUR
    shelf.move("churn", "challenger", newest, max(at + HOUR, challenged), "ann")


def _offers(shelf: Shelf, plans: Sequence[Plan], now: Millis) -> None:
    """The champion of a fortnight, and the one after it: a nightly training on orders without customers."""
    measured = _measured(plans, now - 33 * HOUR)
    spoilt = [number for number in measured if _has_guests(plans[number])]
    bad = next((number for number in reversed(spoilt) if plans[number].user == "svc-train"), spoilt[-1])
    good = max(number for number in measured if plans[number].started < plans[bad].started - 9 * DAY)
    first = next(number for number in measured if plans[number].started > plans[measured[0]].started + 5 * DAY)
    for number, who, after, why in (
        (first, "chris", 4, "for the offers at the till"),
        (good, "ann", 5, "precision up by two points"),
        (bad, "bo", 7, "the newest data"),
    ):
        version = shelf.version("churn-offers", number)
        at = (plans[number].ended or plans[number].started) + after * HOUR
        shelf.move("churn-offers", "champion", version, at, who, "promotion", why)


def _has_guests(plan: Plan) -> bool:
    return any(use.name == "orders" and (use.number or 0) >= guests_since() for use in plan.datasets)


def _realtime(shelf: Shelf, plans: Sequence[Plan], now: Millis) -> None:
    measured = _measured(plans, now - 12 * HOUR)
    quick = [number for number in measured if (last(plans[number], "p95_latency_ms") or SLOWEST) < SLOWEST - 4]
    slow = [number for number in measured if (last(plans[number], "p95_latency_ms") or 0.0) > SLOWEST + 1]
    pairs = [
        (one, other)
        for one in quick
        for other in slow
        if plans[other].started - plans[one].started > DAY and _auc(plans, other) > _auc(plans, one)
    ]
    champion, challenger = max(pairs, key=lambda pair: (plans[pair[1]].started, plans[pair[0]].started))
    first = shelf.version("churn-realtime", champion)
    second = shelf.version("churn-realtime", challenger, note="Better, and I hope quick enough.")
    at = (plans[champion].ended or 0) + 3 * HOUR
    shelf.move("churn-realtime", "champion", first, at, "chris", "promotion", "for the page of the basket")
    shelf.move("churn-realtime", "challenger", second, (plans[challenger].ended or 0) + HOUR, "bo")


def _ltv(shelf: Shelf, plans: Sequence[Plan], now: Millis) -> None:
    found = [
        number
        for number, plan in enumerate(plans)
        if plan.experiment == "ltv" and plan.parent is None and plan.status == "FINISHED" and not plan.deleted
        and plan.ended is not None and plan.ended < now - 3 * DAY and last(plan, "val_rmse") is not None
    ]  # fmt: skip
    found.sort(key=lambda number: plans[number].started)
    first, second = found[len(found) // 3], found[-1]
    one, other = shelf.version("ltv", first), shelf.version("ltv", second)
    at = (plans[first].ended or 0) + 4 * HOUR
    shelf.move("ltv", "champion", one, at, "bo", "promotion", "good enough to begin with")
    shelf.move("ltv", "champion", other, max(now - 2 * DAY - 3 * HOUR, at + HOUR), "bo")


def register(
    client: MlflowClient, shelf: Shelf, plans: Sequence[Plan], runs: Sequence[str], root: Path
) -> None:  # fmt: skip
    """Write the models into MLflow's store through its own client, and what is remembered of them beside the world."""
    for model in dict.fromkeys(one.model for one in shelf.versions):
        client.create_registered_model(model, description=_DESCRIBED[model])
    for one in shelf.versions:
        run = client.get_run(runs[one.plan]).info
        client.create_model_version(
            one.model, f"{run.artifact_uri}/model.json", run.run_id, description=one.note or None
        )  # fmt: skip
    for (model, alias), version in {(one.model, one.alias): one.version for one in shelf.moves}.items():
        client.set_registered_model_alias(model, alias, version)
    _backdate(root / "mlflow.db", shelf.versions)
    (root / FOLDER / FILE).write_bytes(msgspec.json.encode(Book(moves=tuple(shelf.moves))))


_DESCRIBED: Final[Mapping[str, str]] = {
    "churn": "Who is about to leave. Served to the mailing every morning.",
    "churn-offers": "Who gets an offer at the till, before it is too late.",
    "churn-realtime": "The same while somebody looks at the basket: 30 ms are all there is.",
    "ltv": "What a customer will have spent after two years.",
}


def _backdate(store: Path, versions: Sequence[Version]) -> None:
    """MLflow's client takes no times for what it registers."""
    counts: dict[str, int] = {}
    with sqlite3.connect(store) as connection:
        for one in versions:
            counts[one.model] = counts.get(one.model, 0) + 1
            connection.execute(
                "UPDATE model_versions SET creation_time = ?, last_updated_time = ?, user_id = ?"
                " WHERE name = ? AND version = ?",
                (one.at, one.at, one.who, one.model, counts[one.model]),
            )
            connection.execute(
                "UPDATE registered_models SET creation_time = min(creation_time, ?), last_updated_time = ?"
                " WHERE name = ?",
                (one.at, one.at, one.model),
            )
    connection.close()


def read_book(root: Path) -> Book:
    """What was remembered. Raises OSError, msgspec.MsgspecError."""
    return msgspec.json.decode((root / FOLDER / FILE).read_bytes(), type=Book)
