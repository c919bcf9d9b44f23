"""What the parts of the demo's builder share: when the world was made, from which seed, with which commits."""

from __future__ import annotations

import functools
import hashlib
import random
from pathlib import Path

import msgspec

from ..records import Millis, Record
from .exports import Exports
from .history import STEPS, State, Step, states
from .team import seeded, spread, working_minutes

FOLDER = ".demo"
"""What the demo keeps for itself inside its world; in .git/info/exclude, so that Git does not see it."""
VERSION = 1
"""Of this file's record: a world of another version is left alone and still opens."""


class World(Record, frozen=True, dict=True):
    """A demo world. `moments[n]` and `shas[n]` belong to `STEPS[n]`."""

    made: Millis
    seed: int
    moments: tuple[Millis, ...] = ()
    shas: tuple[str, ...] = ()
    version: int = VERSION

    @functools.cached_property
    def states(self) -> tuple[tuple[Step, State], ...]:
        """Each step with its branch's state after it."""
        return tuple(states())

    def draw(self, purpose: str) -> random.Random:
        """The world's own chance, for one purpose."""
        return seeded(self.seed, purpose)

    @functools.cached_property
    def exports(self) -> Exports:
        """The data that the commits track."""
        made: dict[str, list[Millis]] = {}
        for (step, state), moment in zip(self.states, self.moments, strict=True):
            for name in step.moves:
                assert len(made.setdefault(name, [])) == state.exports[name] - 1, "exports move on one branch at a time"
                made[name].append(moment)
        return Exports(self.made, made, self.seed)

    def at(self, moment: Millis, branch: str = "main") -> int:
        """Index of the newest commit of a branch at a moment; of main's where the branch has none yet."""
        found = [
            number
            for number, (step, _) in enumerate(self.states)
            if step.branch in (branch, "main") and self.moments[number] <= moment
        ]
        ours = [number for number in found if self.states[number][0].branch == branch]
        return (ours or found or [0])[-1]

    def features_at(self, moment: Millis) -> list[str]:
        """The feature branches that somebody worked on at a moment: begun, and not merged yet."""
        past = [step for (step, _), at in zip(self.states, self.moments, strict=True) if at <= moment]
        merged = {step.merges for step in past}
        return sorted({step.branch for step in past if step.branch.startswith("feature/")} - merged)


def new_world(now: Millis, seed: int) -> World:
    """A world that has its moments, and no commits yet."""
    minutes = working_minutes(now)
    return World(made=now, seed=seed, moments=tuple(spread(minutes, len(STEPS), seeded(seed, "steps"))))


def read_world(root: Path) -> World:
    """The world in a folder. Raises OSError or msgspec.MsgspecError where there is none."""
    return msgspec.json.decode((root / FOLDER / "world.json").read_bytes(), type=World)


def write_world(root: Path, world: World) -> None:
    """Leave the world's own record in its folder."""
    (root / FOLDER).mkdir(exist_ok=True)
    (root / FOLDER / "world.json").write_bytes(msgspec.json.encode(world))


def holdout_digest(world: World, state: State, seed: str) -> str:
    """Which customers are held out, as the project's own train.py computes it."""
    customers = world.exports.digest("customers", state.exports["customers"])
    return hashlib.md5(f"{customers} {seed}".encode(), usedforsecurity=False).hexdigest()[:8]
