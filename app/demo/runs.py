"""Writes the demo's MLflow store, through MLflow's own client, in a process of its own.

MLflow takes seconds and a hundred megabytes to import; the process that goes on to paint a terminal is
spared both. `python -m quarterdeck.app.demo.runs ROOT HOME`: builds in ROOT what will live in HOME. Every line on
stdout is a sentence of progress.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .artifacts import write_artifacts
from .exports import CUSTOMERS, Exports, schema
from .live import Live, live_plan, write_live
from .plans import EXPERIMENTS, DataUse, Plan, plans
from .production import EXPERIMENT, log_production
from .registry import register, shelve
from .world import World, read_world

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

BATCH = 800
"""Points a request; MLflow takes at most 1,000 items."""


def build_runs(root: Path, home: Path, report: Callable[[str], None]) -> None:
    """Fill `root` with mlflow.db and mlartifacts/, as they are to be when `root` has become `home`."""
    world = read_world(root)
    client = open_client(root, home / "mlartifacts", hurry=True)
    ids = {
        name: client.create_experiment(name, artifact_location=str(home / "mlartifacts" / name)) for name in EXPERIMENTS
    }
    planned = plans(world)
    made: list[str] = []
    for plan in planned:
        parent = made[plan.parent] if plan.parent is not None else None
        made.append(log_run(client, world, plan, ids[plan.experiment], parent))
        if plan.artifacts:
            write_artifacts(root / "mlartifacts" / plan.experiment / made[-1] / "artifacts", plan, world.exports)
        if len(made) % 50 == 0:
            report(f"{len(made)} of {len(planned)} runs logged")
    _begin_live(client, world, root, ids["churn"])
    shelf = shelve(world, planned)
    register(client, shelf, planned, made, root)
    log_production(client, world, planned, shelf, str(home / "mlartifacts" / EXPERIMENT))


def _begin_live(client: MlflowClient, world: World, root: Path, experiment: str) -> None:
    """The run that is still going on; the trainer takes it over."""
    plan = live_plan(world, world.made, 0)
    run = log_run(client, world, plan, experiment, None)
    write_live(root, Live(run_id=run, number=0))


def open_client(root: Path, artifacts: Path, *, hurry: bool = False) -> MlflowClient:
    """MLflow's client on the world's store; a store that is not there yet is made, with MLflow's own schema.

    In a `hurry` nothing waits for the disk: a world under construction that a power cut spoils is built anew.
    """
    # MLflow reads this one itself; without it the default experiment keeps its artifacts in the working folder
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(artifacts)
    import sqlalchemy  # with mlflow about 3 s, here alone
    from mlflow.tracking import MlflowClient
    from sqlalchemy.engine import Engine

    if hurry:
        sqlalchemy.event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


def log_run(client: MlflowClient, world: World, plan: Plan, experiment: str, parent: str | None) -> str:
    """Log one run with all it has; gives its id."""
    from mlflow.entities import Metric, Param

    tags = dict(plan.tags) | ({"mlflow.parentRunId": parent} if parent else {})
    run = str(client.create_run(experiment, start_time=plan.started, tags=tags, run_name=plan.name).info.run_id)
    metrics = (
        Metric(name, point.value, point.at, point.step) for name, points in plan.curves.items() for point in points
    )
    client.log_batch(run, list(islice(metrics, BATCH)), [Param(*item) for item in plan.params.items()])
    while batch := list(islice(metrics, BATCH)):
        client.log_batch(run, batch)
    client.log_inputs(run, list(_inputs(world, plan.datasets)))
    if plan.status != "RUNNING":
        client.set_terminated(run, plan.status, plan.ended)
    if plan.deleted:
        client.delete_run(run)
    return run


def _inputs(world: World, uses: tuple[DataUse, ...]) -> Iterator[object]:
    """MLflow's own words for the datasets of a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    for use in uses:
        dataset = Dataset(use.name, use.digest, "local", *_described(world.exports, use.name, use.number))
        yield DatasetInput(dataset, [InputTag("mlflow.data.context", use.context)])


@functools.cache
def _described(exports: Exports, name: str, number: int | None) -> tuple[str, str, str]:
    """Source, schema and profile of a dataset as JSON."""
    source = json.dumps({"uri": f"data/{name}.csv" if number else "data/customers.csv"})
    profile = exports.profile(name, number) if number else {"num_rows": CUSTOMERS // 5}
    return source, json.dumps(schema(name if number else "customers")), json.dumps(profile)


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        build_runs(Path(sys.argv[1]), Path(sys.argv[2]), _say)
    except (OSError, msgspec.MsgspecError) as error:
        sys.exit(str(error))
