"""The runs that the team logged: what each one is, before anything is written.

Each uses the parameters, the data and the commit that its branch had when it began (`ideas.py` says what was tried).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from ..records import Millis, Point, Record
from .curves import Curves, Recipe, lifetime_value, machine, training
from .exports import GUEST_SHARE
from .history import State, guests_since
from .ideas import Idea, Status, ideas
from .world import World, holdout_digest

GAINS = {"recency": 0.011, "returns": 0.006, "payments": 0.014, "subsample": 0.004, "early-stopping": 0.003}
"""What each block of the project's history is worth in val_auc."""
EXPERIMENTS = ("churn", "churn-tune", "ltv")


class DataUse(Record, frozen=True):
    """A dataset as an input of a run; `number` is the export's, None for the held-out customers."""

    name: str
    digest: str
    context: Literal["training", "validation"]
    number: int | None = None


class Plan(Record, frozen=True):
    """One run. `parent` is the index of the plan it belongs to."""

    experiment: str
    name: str
    user: str
    status: Status
    started: Millis
    ended: Millis | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    datasets: tuple[DataUse, ...] = ()
    curves: Curves = msgspec.field(default_factory=dict)
    parent: int | None = None
    artifacts: bool = False
    deleted: bool = False


ADJECTIVES = (
    "amber", "bold", "brave", "brisk", "calm", "clear", "crisp", "deft", "eager", "early", "fair", "fond",
    "glad", "grand", "hardy", "keen", "kind", "lively", "lucid", "mild", "neat", "noble", "plain", "proud",
    "quick", "quiet", "rapid", "sharp", "sober", "solid", "steady", "swift", "tidy", "vivid", "warm", "wise",
)  # fmt: skip
ANIMALS = (
    "auk", "bat", "bear", "bee", "boar", "carp", "cod", "crab", "crow", "deer", "dove", "eel", "elk", "finch",
    "fox", "frog", "gnu", "gull", "hare", "hawk", "heron", "ibis", "jay", "kite", "lark", "lynx", "mole",
    "moth", "newt", "orca", "otter", "owl", "ox", "perch", "pike", "ray", "robin", "seal", "shrew", "skua",
    "stoat", "swan", "tern", "toad", "trout", "vole", "wolf", "wren",
)  # fmt: skip


def plans(world: World) -> list[Plan]:
    """All runs but the live one, by the time they began; a parent stands before its children."""
    made: list[Plan] = []
    for number, family in enumerate(ideas(world), 1):
        made.extend(_family(world, family, number, len(made)))
    return made


def _family(world: World, family: list[Idea], number: int, place: int) -> Iterator[Plan]:
    """The plans of one idea, or of a parent and its children."""
    draw = world.draw(f"run {number}")
    name = family[0].name or _name(draw, number)
    children = [_plan(world, idea, f"{name}/{idea.name}", draw, place) for idea in family[1:]]
    first = _plan(world, family[0], name, draw, None)
    yield _summary(first, children) if children else first
    yield from children


def plan_of(world: World, idea: Idea, number: int, rounds: int | None = None) -> Plan:
    """A run of its own, with the name that goes with its number."""
    draw = world.draw(f"run {number}")
    return _plan(world, idea, _name(draw, number), draw, None, rounds)


def _name(draw: random.Random, number: int) -> str:
    return f"{draw.choice(ADJECTIVES)}-{draw.choice(ANIMALS)}-{number}"


def _plan(
    world: World, idea: Idea, name: str, draw: random.Random, parent: int | None, rounds: int | None = None
) -> Plan:
    """One run of an idea."""
    place = world.at(idea.started, idea.branch)
    state = world.states[place][1]
    params = _params(state, idea)
    recipe = _recipe(idea, state, params, draw)
    if rounds is not None:
        recipe = msgspec.structs.replace(recipe, rounds=rounds)
    curves = (lifetime_value if idea.experiment == "ltv" else training)(recipe, draw)
    if idea.status == "FAILED" and idea.trouble is None:
        curves = {}
    elif idea.experiment == "churn" and "artifacts" in state.brought and parent is None:
        # a dice of its own: what the machine did changes nothing of what was learnt
        curves |= machine(recipe, world.draw(f"machine of {name}"))
    last = max((points[-1].at for points in curves.values()), default=idea.started)
    return Plan(
        experiment=idea.experiment,
        name=name,
        user=idea.who,
        status=idea.status,
        started=idea.started,
        ended=None if idea.status == "RUNNING" else last + draw.randrange(4_000, 40_000),
        params=params,
        tags=_tags(world, idea, place),
        datasets=_datasets(world, state, params),
        curves=curves,
        parent=parent,
        artifacts=_keeps_artifacts(idea, state, parent),
        deleted=idea.deleted,
    )


def _keeps_artifacts(idea: Idea, state: State, parent: int | None) -> bool:
    """Only runs since train.py keeps reports/, and no trials: thousands of files would help nobody."""
    fit = idea.status == "FINISHED" and idea.trouble is None and parent is None
    return fit and idea.experiment == "churn" and "artifacts" in state.brought


def _params(state: State, idea: Idea) -> dict[str, str]:
    """The parameters of conf/params.yaml at that commit, with what the idea changes."""
    names = ["lr", "depth", "n_estimators", "l2", "seed", "min_child"]
    if idea.experiment == "ltv":
        names = ["l2", "seed"]
    names += [name for name in ("subsample",) if name in state.brought and idea.experiment != "ltv"]
    names += ["patience"] if "early-stopping" in state.brought and idea.experiment != "ltv" else []
    names += ["threshold"] if "thresholds" in state.brought and idea.experiment != "ltv" else []
    params = {name: state.values[name] for name in names} | dict(idea.params)
    params["features"] = str(
        4 + sum(name in state.brought for name in ("recency", "returns", "payments", "weekend-share"))
    )
    if idea.experiment == "ltv":
        params.setdefault("lr", state.values["ltv_rate"])
    return params


def _recipe(idea: Idea, state: State, params: Mapping[str, str], draw: random.Random) -> Recipe:
    """How the curves of such a run come out."""
    lr, depth = float(params["lr"]), int(params.get("depth", "1"))
    quality = 0.789 + sum(gain for name, gain in GAINS.items() if name in state.brought)
    quality += 0.004 * (params.get("min_child") == "20")
    if idea.experiment != "ltv":
        quality -= 0.012 * abs(math.log10(lr / 0.045)) ** 1.5 + 0.0011 * (depth - 6) ** 2
    quality -= 0.0012 * abs(math.log10(float(params["l2"])) + 4)
    guests = GUEST_SHARE if state.exports.get("orders", 0) >= guests_since() else 0.0
    quality -= 0.35 * guests
    rounds = min(100, max(36, int(float(params.get("n_estimators", "50")) * draw.uniform(0.6, 1.0))))
    cut = draw.uniform(0.15, 0.7) if idea.trouble == "cut" else 1.0
    return Recipe(
        lr=lr, depth=depth, rounds=rounds, quality=quality + idea.bonus + draw.gauss(0, 0.0018),
        started=idea.started, pace=idea.pace, trouble=idea.trouble, cut=cut,
        guests=guests,
    )  # fmt: skip


def _tags(world: World, idea: Idea, place: int) -> dict[str, str]:
    tags = {
        "team": "growth" if idea.experiment == "ltv" else "retention",
        "purpose": idea.purpose,
        "mlflow.user": idea.who,
        "mlflow.source.name": idea.source,
        "mlflow.source.type": "JOB" if idea.purpose == "nightly" else "LOCAL",
        "mlflow.source.git.commit": world.shas[place],
        "mlflow.source.git.branch": world.states[place][0].branch,
    }
    if idea.note:
        tags["mlflow.note.content"] = idea.note
    return tags


def _datasets(world: World, state: State, params: Mapping[str, str]) -> tuple[DataUse, ...]:
    """The exports that the commit tracks, and the customers held out."""
    uses = [
        DataUse(name=name, digest=world.exports.digest(name, number)[:8], context="training", number=number)
        for name, number in sorted(state.exports.items())
    ]
    if "customers" in state.exports:
        digest = holdout_digest(world, state, params["seed"])
        uses.append(DataUse(name="holdout", digest=digest, context="validation"))
    return tuple(uses)


def _summary(first: Plan, children: list[Plan]) -> Plan:
    """The parent of a sweep, of folds or of seeds: the spread of what its children came to."""
    key = "val_rmse" if first.experiment == "ltv" else "val_auc"
    ends = [child.curves[key][-1].value for child in children if key in child.curves]
    ends = [value for value in ends if math.isfinite(value)]
    if not ends:
        return first
    mean = sum(ends) / len(ends)
    spread_of = math.sqrt(sum((value - mean) ** 2 for value in ends) / max(1, len(ends) - 1))
    last = max(child.ended or child.started for child in children)
    values = {key: mean, f"{key}_sd": spread_of, f"best_{key}": min(ends) if first.experiment == "ltv" else max(ends)}
    return msgspec.structs.replace(
        first,
        curves={name: [Point(step=0, at=last, value=value)] for name, value in values.items()},
        params={name: first.params[name] for name in ("seed", "features")} | {"children": str(len(children))},
        ended=last + 5_000,
        artifacts=False,
    )
