"""The demo's trainer: `python -m quarterdeck.app.demo.trainer DIR` logs a point of a live run every two seconds.

It goes on with the live run of a new world, or begins another one, for about half an hour in all; then it
finishes the run and itself. Each minute it logs how production does, too. One trainer works in a world at a time.
SIGTERM ends the run as killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..records import Millis
from .detached import only_trainer
from .live import PACE, ROUNDS, Live, points_at, read_live, whole_plan, write_live
from .plans import Plan
from .runs import log_run, open_client
from .serving import Serving
from .world import FOLDER, World, read_world

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

LAST_START = 23 * 60
"""Seconds after which no further run is begun: a whole one takes seven minutes."""
FRESH: Millis = 10 * 60_000
"""A live run that was silent for longer was abandoned: nobody goes on with it."""
PATIENCE = 30
"""Points in a row that may be refused (a locked store) before the trainer gives up."""


class Trainer:
    """Logs live runs into one world until it is told to stop, the world is gone or half an hour is over."""

    def __init__(self, home: Path, world: World, client: MlflowClient) -> None:
        self._home = home
        self._world = world
        self._client = client
        self._inode = home.stat().st_ino
        self._serving = Serving(client, world)
        self.stopped = threading.Event()

    def work(self) -> None:
        """Train; ends by itself."""
        latest = time.monotonic() + LAST_START
        live, step = self._resume()
        while True:
            ended = self._train(live, whole_plan(self._world, _now(), live.number), step)
            if not ended or time.monotonic() > latest:
                return
            live, step = self._begin(live.number + 1), 0

    def _resume(self) -> tuple[Live, int]:
        """The live run of a new world and its next step; another one when that is over or long silent."""
        try:
            live = read_live(self._home)
        except (OSError, msgspec.MsgspecError):
            return self._begin(1), 0
        history = self._client.get_metric_history(live.run_id, "val_loss")
        last = max((point.timestamp for point in history), default=None)
        step = max((point.step for point in history), default=-1) + 1
        run = self._client.get_run(live.run_id)
        if run.info.status == "RUNNING" and last is not None and _now() - last < FRESH and step < ROUNDS:
            return live, step
        if run.info.status == "RUNNING":
            # nobody saw it end: its last point is the last that is known of it
            self._client.set_terminated(live.run_id, "KILLED", last or run.info.start_time)
        return self._begin(live.number + 1), 0

    def _begin(self, number: int) -> Live:
        """A new live run, without a point yet."""
        plan = msgspec.structs.replace(whole_plan(self._world, _now(), number), curves={})
        found = self._client.get_experiment_by_name(plan.experiment)
        live = Live(run_id=log_run(self._client, self._world, plan, found.experiment_id, None), number=number)
        write_live(self._home, live)
        return live

    def _train(self, live: Live, plan: Plan, step: int) -> bool:
        """Log step after step; True when the run came to its end, False when it was cut short."""
        refused = 0
        while step < ROUNDS:
            if self.stopped.wait(PACE / 1000) or not self._is_there() or refused >= PATIENCE:
                break
            if self._log(live, plan, step):
                step, refused = step + 1, 0
            else:
                refused += 1
        if self._is_there():
            self._client.set_terminated(live.run_id, "FINISHED" if step >= ROUNDS else "KILLED", _now())
        return step >= ROUNDS

    def _log(self, live: Live, plan: Plan, step: int) -> bool:
        """Log one step; False when the store would not take it just now."""
        from mlflow.entities import Metric
        from mlflow.exceptions import MlflowException

        points = points_at(plan, step, _now())
        try:
            self._client.log_batch(
                live.run_id, [Metric(name, point.value, point.at, point.step) for name, point in points.items()]
            )
            self._serving.log(_now())
        except MlflowException as error:
            sys.stderr.write(f"{error}\n")
            return False
        return True

    def _is_there(self) -> bool:
        """Whether the world is still in its place, and the same one."""
        with contextlib.suppress(OSError):
            return (self._home / FOLDER / "world.json").is_file() and self._home.stat().st_ino == self._inode
        return False


def main(home: Path) -> None:
    """Train in a world, unless another trainer does."""
    with only_trainer(home) as lock:
        if lock is None:
            return
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        trainer_of(home).work()
        os.truncate(lock, 0)


def trainer_of(home: Path) -> Trainer:
    """A trainer that SIGTERM and SIGINT stop."""
    world = read_world(home)
    trainer = Trainer(home, world, open_client(home, home / "mlartifacts"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: trainer.stopped.set())
    return trainer


def _now() -> Millis:
    return int(time.time() * 1000)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
