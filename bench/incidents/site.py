"""Where a story is played: folders of its own, its time, and the program that looks in from outside now and then."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.app.settings import load

from .. import world as bench_world
from ..terminal import QUARTERDECK, environment
from .clock import HOUR, MINUTE, SECOND, Millis, moment, moved
from .pipelines import Pipelines
from .prometheus import Prometheus, Score
from .repository import Repository
from .store import Store, empty_store
from .story import Truth

OUT = bench_world.OUT / "incidents"
SELDOM, OFTEN = 24 * HOUR, 12 * HOUR
"""How often somebody syncs, beside what they do before and after they move an alias."""

_COMMANDS = 10 * MINUTE
"""What the commands of one moment of a story may take together, on a machine that has other things to do."""


class Routine(msgspec.Struct):
    """Something that is done again and again."""

    next: Millis
    every: Millis
    do: Callable[[], object]
    """Called with the site's time at its turn."""


class Kept(msgspec.Struct):
    """What is left of a story when it has been played: enough to open the world again."""

    now: Millis
    truth: Truth
    score: Score


class Site:
    """One world: `at` lets time go by, with all that is done regularly in it."""

    def __init__(self, folder: Path, sync_every: Millis = SELDOM) -> None:
        self.sync_every = sync_every
        """The settings say half of it, so one and a half of it without a sync are a gap."""
        self.folder = folder
        shutil.rmtree(self.folder, ignore_errors=True)
        self.project = self.folder / "project"
        self.now = moment("1 08:00")
        self.repository = Repository(self.project, self.folder / "remote.git")
        self.store = Store(self.project, empty_store(folder.parent / "empty-mlflow.db"))
        self.score = Score()
        self.server: Prometheus | None = None
        self._routines: list[Routine] = []
        self._unwatched_until: Millis = 0
        self._pipelines: Pipelines | None = None

    # -- time

    def at(self, written: str) -> Millis:
        """Let time go by until then; gives the moment."""
        return self.until(moment(written))

    def until(self, target: Millis) -> Millis:
        """The same by milliseconds. Going back is a mistake in the story; what a command took is none."""
        if target < self.now - _COMMANDS:
            raise ValueError(f"the story goes back in time: {target} < {self.now}")
        while self._routines:
            first = min(self._routines, key=lambda one: one.next)
            if first.next > target:
                break
            self.now = max(self.now, first.next)
            first.next += first.every
            first.do()
        self.now = max(self.now, target)
        return target

    def later(self, minutes: float) -> Millis:
        """Some minutes go by."""
        return self.until(self.now + round(minutes * MINUTE))

    def every(self, period: Millis, first: str, do: Callable[[], object]) -> None:
        """From then on this is done regularly."""
        self._routines.append(Routine(moment(first), period, do))

    # -- the program

    def watch(self, first: str) -> None:
        """Somebody reads the whole history then, and syncs regularly from then on."""
        self.at(first)
        self._sync("--full")
        self._routines.append(Routine(self.now + self.sync_every, self.sync_every, self.look))

    def unwatched(self, until: str) -> None:
        """Nobody syncs until then."""
        self._unwatched_until = moment(until)

    def look(self) -> None:
        """A sync, unless nobody is there for it."""
        if self.now >= self._unwatched_until:
            self._sync()

    def _sync(self, *words: str) -> None:
        begun = time.monotonic()
        sync(self.folder, self.now, *words)
        self._spend(begun)

    def _spend(self, begun: float) -> None:
        """A command took its time: the next one begins after it, as its clock went on meanwhile."""
        self.now += round(1000 * (time.monotonic() - begun)) + SECOND

    def quarterdeck(self, *words: str) -> str:
        """A command of the program, at the site's time."""
        begun = time.monotonic()
        said = command(self.folder, self.now, *words)
        self._spend(begun)
        return said

    @property
    def ci(self) -> Pipelines:
        """The team's own CI; the settings must have been committed."""
        if self._pipelines is None:
            key = load(directory=self.project, environment={}).project_key
            self._pipelines = Pipelines(key, self.folder / "home" / "state")
        return self._pipelines

    def prometheus(self) -> Prometheus:
        """The team's Prometheus, started when it is first asked for."""
        if self.server is None:
            self.server = Prometheus(self.score, lambda: self.now)
        return self.server

    # -- the end

    def finish(self, truth: Truth) -> None:
        """The story is told: whoever is called syncs thrice in three minutes; and what opens the world again is kept.

        Thrice, since a pass asks a server for little, and after hours without one it takes some to be up to date.
        """
        for _ in range(3):
            self._sync()
            self.now += MINUTE
        kept = Kept(self.now, truth, self.score)
        (self.folder / "truth.json").write_bytes(msgspec.json.encode(kept))

    def close(self) -> None:
        """End what was started."""
        if self.server is not None:
            self.server.close()


def kept(folder: Path) -> Kept:
    """What was left of a world. Raises OSError where none was built."""
    return msgspec.json.decode((folder / "truth.json").read_bytes(), type=Kept)


def gone_by(folder: Path, spent: Millis) -> None:
    """Somebody had a world open for so long: its clock never goes back, or what was seen then would be of tomorrow."""
    told = kept(folder)
    (folder / "truth.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(told, now=told.now + spent)))


def surroundings(folder: Path, now: Millis) -> dict[str, str | None]:
    """The environment in which the program opens a world at a moment."""
    home = bench_world.homes(folder / "home", opens="watch")
    return home | {"PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode"), "HOME": str(folder / "home")} | moved(now)


def command(folder: Path, now: Millis, *words: str, allowed: tuple[int, ...] = (0,)) -> str:
    """Run the program on a world at a moment; gives what it prints. RuntimeError says how it failed."""
    argv = [*QUARTERDECK, "--project", str(folder / "project"), *words]
    env = environment(surroundings(folder, now))
    done = subprocess.run(argv, env=env, cwd=folder / "project", capture_output=True, text=True, timeout=300)
    if done.returncode not in allowed or "failed unexpectedly" in done.stderr:
        raise RuntimeError(f"quarterdeck {' '.join(words)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def sync(folder: Path, now: Millis, *words: str) -> None:
    """One pass. A source in trouble (exit status 3) may belong to the story."""
    command(folder, now, "sync", *words, allowed=(0, 3))


def listed(folder: Path, now: Millis, *words: str) -> Any:
    """What a command says as JSON."""
    return json.loads(command(folder, now, *words, "--json", allowed=(0, 1)))
