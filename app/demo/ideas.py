"""What the team tried: nightly trainings, single experiments, folds, sweeps and seeds.

An idea says who tried what, when and from which branch; `plans.py` works out what came of it. Failed, killed
and diverged ones are among them, as in life.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from ..records import Millis, Record
from .curves import Trouble
from .team import DAY, HOUR, MINUTE, TEAM, spread, working_minutes
from .world import World

Status = Literal["FINISHED", "FAILED", "KILLED", "RUNNING"]


class Idea(Record, frozen=True):
    """What somebody wants to try, before it has a name."""

    experiment: str
    who: str
    purpose: str
    started: Millis
    branch: str = "main"
    params: Mapping[str, str] = {}
    trouble: Trouble | None = None
    status: Status = "FINISHED"
    name: str | None = None
    note: str | None = None
    source: str = "pipeline/train.py"
    pace: Millis = 9_000
    deleted: bool = False
    bonus: float = 0.0
    """A fold or a seed that is lucky, or not."""


NIGHTS = 45
"""As many as every world has, whatever the day and the hour it is built at: so it always has as many runs."""

REASONS = (
    "MemoryError while cutting the features into bins",
    "data/payments.csv: no such file (ingest did not run)",
    "KeyError: 'family' (a plan that PLANS does not know)",
    "checks failed: orders.fresh-ordered_at, 1 of 1 rows",
    "ConnectionError: the tracking server did not answer for 120 s",
)


def ideas(world: World) -> list[list[Idea]]:
    """All that was tried, in the order in which it began; of more than one idea the first is the parent."""
    families = [*_nightly(world), *_experiments(world), *_folds(world), *_sweeps(world), *_lifetime(world)]
    return sorted(families, key=lambda family: family[0].started)


def _nightly(world: World) -> Iterator[list[Idea]]:
    """The scheduled training of every night, by the service account."""
    draw = world.draw("nightly")
    midnight = world.made // DAY * DAY
    begun = [midnight - days * DAY + 2 * HOUR + draw.randrange(4 * MINUTE) for days in range(46, -1, -1)]
    ended = [started for started in begun if world.moments[5] < started < world.made - 2 * HOUR]
    for started in ended[-NIGHTS:]:
        idea = Idea(experiment="churn", who="svc-train", purpose="nightly", started=started)
        if draw.random() < 0.09:
            idea = msgspec.structs.replace(idea, status="FAILED", note=draw.choice(REASONS))
        yield [idea]


def _moments(world: World, purpose: str, count: int, since: float = 0.03) -> Iterable[Millis]:
    """Moments in working hours after a share of the weeks, the last one long enough ago to have ended."""
    minutes = [minute for minute in working_minutes(world.made) if minute < world.made - HOUR]
    return spread(minutes[int(len(minutes) * since) :], count, world.draw(purpose))


def _experiments(world: World) -> Iterator[list[Idea]]:
    """What people try by hand."""
    draw = world.draw("experiments")
    troubles: dict[int, dict[str, object]] = {
        **{n: {"status": "FAILED", "note": REASONS[n % len(REASONS)]} for n in (4, 13, 29, 41, 50)},
        **{n: {"status": "KILLED", "trouble": "cut"} for n in (9, 22, 37, 53)},
        **{n: {"status": "FAILED", "trouble": "cut", "note": REASONS[n % len(REASONS)]} for n in (18, 33, 46)},
        17: {"trouble": "diverges", "params": {"lr": "0.9"}, "note": "lr far too high, kept as a warning"},
        31: {"status": "FAILED", "trouble": "diverges", "params": {"lr": "1.2"}},
        26: {"trouble": "overflows", "params": {"lr": "0.7", "l2": "1.0e-07"}},
        12: {"deleted": True},
        44: {"name": "größe-试验-λ²", "note": "Größere Blätter, kleineres λ"},
        58: {"purpose": "hotfix", "note": "the new shop's export; goes to the retention team tomorrow"},
    }
    for number, started in enumerate(_moments(world, "experiment moments", 60)):
        who = draw.choices(sorted(TEAM), (4, 5, 3, 1))[0]
        branch = draw.choice(["main"] * 3 + world.features_at(started))
        idea = Idea(
            experiment="churn", who=who, purpose="experiment", started=started, branch=branch,
            params=_variation(draw), source=draw.choice(("pipeline/train.py",) * 4 + ("notebooks/churn.ipynb",)),
            pace=draw.choice((7_000, 12_000, 20_000)),
        )  # fmt: skip
        yield [msgspec.structs.replace(idea, **troubles.get(number, {}))]


def _variation(draw: random.Random) -> dict[str, str]:
    """One or two parameters, changed."""
    choices = {
        "lr": ("0.02", "0.03", "0.05", "0.08", "0.12", "8.0e-03"),
        "depth": ("3", "4", "6", "7", "8"),
        "n_estimators": ("50", "70", "90", "120"),
        "l2": ("2.0e-05", "1.0e-04", "3.0e-03", "0.03", "0.5"),
        "seed": ("7", "8", "9", "10"),
    }
    return {name: draw.choice(choices[name]) for name in draw.sample(sorted(choices), draw.choice((1, 1, 2)))}


def _folds(world: World) -> Iterator[list[Idea]]:
    """Five folds by customer, now and then."""
    draw = world.draw("folds")
    for started in _moments(world, "fold moments", 5, since=0.1):
        who = draw.choice(("ann", "bo"))
        params = _variation(draw)
        base = Idea(experiment="churn", who=who, purpose="folds", started=started, params=params)
        yield [base, *_children(base, draw, [("fold", {"fold": str(n)}) for n in range(1, 6)], 0.006)]


def _children(
    base: Idea, draw: random.Random, variations: list[tuple[str, dict[str, str]]], luck: float
) -> Iterator[Idea]:
    """One idea a variation, begun one after the other."""
    for number, (word, params) in enumerate(variations, 1):
        yield msgspec.structs.replace(
            base,
            name=f"{word}-{number}",
            params={**base.params, **params},
            started=base.started + number * 4 * MINUTE + draw.randrange(MINUTE),
            bonus=draw.gauss(0, luck),
            pace=5_000,
        )


def _sweeps(world: World) -> Iterator[list[Idea]]:
    """Sweeps over lr, depth, l2 and subsample; some trials fail, are stopped early or diverge."""
    draw = world.draw("sweeps")
    for started in _moments(world, "sweep moments", 6, since=0.08):
        base = Idea(
            experiment="churn-tune", who=draw.choice(("ann", "bo", "chris")), purpose="sweep", started=started,
            source="pipeline/sweep.py",
        )  # fmt: skip
        trials = [("trial", _trial(draw)) for _ in range(15)]
        children = list(_children(base, draw, trials, 0.001))
        # a child must have ended before now, also in the newest sweep
        children = [child for child in children if child.started < world.made - HOUR // 2]
        yield [base, *(_stumble(child, draw) for child in children)]


def _trial(draw: random.Random) -> dict[str, str]:
    lr = 10 ** draw.uniform(-2.6, -0.4)
    l2 = 10 ** draw.uniform(-5, 0)
    return {
        "lr": f"{lr:.4f}" if lr >= 0.01 else f"{lr:.1e}",
        "depth": str(draw.randrange(3, 10)),
        "l2": f"{l2:.1e}" if l2 < 0.01 else f"{l2:.3f}",
        "subsample": f"{draw.uniform(0.5, 1.0):.2f}",
    }


def _stumble(idea: Idea, draw: random.Random) -> Idea:
    """A trial with a great lr diverges; a few fail or are killed."""
    if float(idea.params["lr"]) > 0.36:
        return msgspec.structs.replace(idea, trouble="diverges")
    chance = draw.random()
    if chance < 0.05:
        return msgspec.structs.replace(idea, status="FAILED", note=draw.choice(REASONS))
    if chance < 0.16:
        return msgspec.structs.replace(idea, status="KILLED", trouble="cut")
    return idea


def _lifetime(world: World) -> Iterator[list[Idea]]:
    """Lifetime value: single fits, and three times five seeds."""
    draw = world.draw("lifetime")
    begun = next(n for n, (step, _) in enumerate(world.states) if "ltv" in step.brings)
    since = begun / len(world.states) + 0.01
    for number, started in enumerate(_moments(world, "lifetime moments", 46, since)):
        l2 = draw.choice(("0.3", "0.1", "1.0e-02", "1.0e-03"))
        idea = Idea(
            experiment="ltv", who=draw.choice(("bo", "bo", "chris")), purpose="experiment", started=started,
            branch="feature/ltv" if number < 3 else "main", params={"l2": l2, "lr": draw.choice(("0.05", "0.1"))},
            source="pipeline/ltv.py", pace=4_000,
        )  # fmt: skip
        if number in (7, 30):
            idea = msgspec.structs.replace(idea, status="FAILED", note=draw.choice(REASONS))
        yield [idea]
    for started in _moments(world, "seed moments", 3, since):
        base = Idea(experiment="ltv", who="bo", purpose="seeds", started=started, source="pipeline/ltv.py")
        yield [base, *_children(base, draw, [("seed", {"seed": str(n)}) for n in range(5)], 0.004)]
