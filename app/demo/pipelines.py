"""The demo's pipelines: a few that really ran at older commits of its repository, and one that runs when it is opened.

They go through the same runner as everybody's, with the settings of the world, so their logs, tests and failures are
real. Only their times are the world's own, and what they train is printed and not logged: the team's runs of those
days are in the store already.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ..records import Millis, Record
from ..records.ids import ulid
from ..runner import Kept, Local, choose, find_local, run
from ..runner.detached import begin
from ..settings import Settings
from .history import State
from .team import MINUTE, TEAM
from .world import FOLDER, World, read_world

_SCHEDULED = "schedule"
STORE = Path(".dvc/cache/files/md5")


class Past(Record, frozen=True):
    """A pipeline of the past."""

    step: str
    """What the commit brought, or its subject."""
    who: str
    minutes: int
    """After the commit."""
    only: tuple[str, ...] = ()
    """Some of the jobs alone."""
    again: bool = False
    """It is a re-run of the one before."""
    damaged: bool = False
    """The storage of the exports had lost the end of a file that night."""
    stale: bool = False
    """The data is judged by today's date, and is too old."""


PAST = (
    Past(step="Merge branch 'feature/checks-junit'", who="chris", minutes=6, only=("data-check",)),
    Past(step="weekend-share", who="bo", minutes=4),
    Past(step="local-pipeline", who="ann", minutes=3, damaged=True),
    Past(step="local-pipeline", who="ann", minutes=31, again=True),
    Past(step="data: orders from the new shop", who="chris", minutes=9, only=("data-check",)),
    Past(step="weekend-nobody", who="bo", minutes=5, stale=True),
)


def run_past(settings: Settings, report: Callable[[str], None]) -> None:
    """Run the pipelines of the past, one after the other: some seconds. The settings are the world's, and trusted."""
    home, kept = settings.root, Kept(settings.project_key)
    world = read_world(home)
    shutil.rmtree(kept.folder, ignore_errors=True)  # of a world that was in this place before
    report(f"Running its pipeline at {len(PAST)} older commits")
    before = ""
    for past in PAST:
        before = _run(settings, world, past, before)


def start_pipeline(settings: Settings) -> None:
    """Let the pipeline begin on the newest commit, once in a world's life, in a process of its own. Returns at once."""
    if any(one.event == _SCHEDULED for one in Kept(settings.project_key).newest()):
        return
    begin(settings, ulid(_now()), ["--event", _SCHEDULED, "--actor", "nightly"])


def _run(settings: Settings, world: World, past: Past, before: str) -> str:
    """Run one; gives its id."""
    number = _place(world, past.step)
    step, state = world.states[number]
    began, shift = _now(), world.moments[number] + past.minutes * MINUTE
    chosen = choose(settings, world.shas[number])._replace(branch=step.branch, left_out=0)
    with _store(settings.root, past.damaged) as store:
        done = run(
            settings, _as_it_was(find_local(settings)), chosen, only=past.only,
            event="rerun" if past.again else "manual", rerun_of=before if past.again else "", actor=TEAM[past.who].name,
            clock=lambda: min(shift + _now() - began, world.made), extra=_environment(world, state, past, store),
        )  # fmt: skip
    return done.id


def _as_it_was(local: Local) -> Local:
    """Without the job that registers: it is the newest, and older commits have no code for it."""
    jobs = tuple(job for job in local.ci.jobs if job.name != "register")
    return local._replace(ci=msgspec.structs.replace(local.ci, jobs=jobs))


def _environment(world: World, state: State, past: Past, store: Path) -> Mapping[str, str]:
    variables = {"CHURN_TRACKING": "off", "CHURN_STORE": str(store)}
    if not past.stale:
        last = world.exports.text("orders", state.exports["orders"]).decode().splitlines()[-1]
        variables["CHURN_TODAY"] = last.split(",")[2]
    return variables


@contextmanager
def _store(home: Path, damaged: bool) -> Iterator[Path]:
    """The storage of the exports, or a copy of it in which the files of orders are cut short."""
    if not damaged:
        yield home / STORE
        return
    with tempfile.TemporaryDirectory(dir=home / FOLDER, prefix="store-") as name:
        copy = Path(name)
        shutil.copytree(home / STORE, copy, dirs_exist_ok=True)
        for path in copy.glob("*/*"):
            content = path.read_bytes()
            if content.startswith(b"order_id"):
                path.write_bytes(content[: len(content) * 2 // 3])
        yield copy


def _place(world: World, name: str) -> int:
    """The index of the step that brought `name`, or bears it as its subject."""
    return next(n for n, (step, _) in enumerate(world.states) if name in step.brings or name == step.subject)


def _now() -> Millis:
    return time.time_ns() // 1_000_000
