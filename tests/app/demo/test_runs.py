"""The demo's MLflow store, through MLflow's own client and by plain SQL."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.demo.build import clean_environment

from .conftest import Built

ASK = """
import json, math, sys
from mlflow.tracking import MlflowClient
from mlflow.entities import ViewType
client = MlflowClient(f"sqlite:///{sys.argv[1]}/mlflow.db")
names = {e.experiment_id: e.name for e in client.search_experiments()}
runs = client.search_runs(list(names), run_view_type=ViewType.ALL, max_results=1000)
live = next(run for run in runs if run.info.status == "RUNNING" and names[run.info.experiment_id] == "churn")
fit = next(run for run in runs if run.info.status == "FINISHED" and names[run.info.experiment_id] == "churn"
           and client.list_artifacts(run.info.run_id))
print(json.dumps({
    "experiments": sorted(names.values()),
    "statuses": [run.info.status for run in runs],
    "points": [len(client.get_metric_history(live.info.run_id, key)) for key in ("val_auc", "train_loss")],
    "contexts": sorted({tag.value for i in fit.inputs.dataset_inputs for tag in i.tags}),
    "artifacts": sorted(item.path for item in client.list_artifacts(fit.info.run_id)),
    "nan": sum(any(math.isnan(v) for v in run.data.metrics.values()) for run in runs),
}))
"""


@pytest.fixture
def store(world: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{world / 'mlflow.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def answer(built: Built) -> dict[str, Any]:
    """What MLflow's own client says of the store."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(built.root)], env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_mlflows_own_client_opens_the_store(answer: dict[str, Any]) -> None:
    assert answer["experiments"] == ["Default", "churn", "churn-tune", "ltv", "production"]
    assert len(answer["statuses"]) >= 290
    assert Counter(answer["statuses"])["RUNNING"] == 4  # what is trained, and three versions that are served


def test_its_client_finds_curves_datasets_and_artifacts(answer: dict[str, Any]) -> None:
    assert answer["points"] == [90, 90]
    assert answer["contexts"] == ["training", "validation"]
    kept = ["confusion_matrix.csv", "confusion_matrix.png", "metrics.json", "model", "report.md"]
    assert [name for name in answer["artifacts"] if name != "checks"] == kept
    assert answer["nan"] >= 3


def test_runs_end_in_every_way_there_is(store: sqlite3.Connection) -> None:
    statuses = dict(store.execute("SELECT status, count(*) FROM runs GROUP BY status").fetchall())
    assert statuses["FINISHED"] > 230
    assert statuses["FAILED"] >= 10
    assert statuses["KILLED"] >= 6
    assert store.execute("SELECT count(*) FROM runs WHERE lifecycle_stage = 'deleted'").fetchone() == (1,)


def test_each_experiment_has_its_share(store: sqlite3.Connection) -> None:
    query = "SELECT e.name, count(*) FROM runs JOIN experiments e USING (experiment_id) GROUP BY e.name"
    counts = dict(store.execute(query).fetchall())
    assert counts.pop("production") in (4, 5)  # a run a version that is or was served these days
    assert set(counts) == {"churn", "churn-tune", "ltv"}
    assert min(counts.values()) > 50


def test_one_value_is_infinite_and_some_are_no_numbers(store: sqlite3.Connection) -> None:
    assert store.execute("SELECT count(*) FROM latest_metrics WHERE value > 1e300").fetchone() == (1,)
    assert store.execute("SELECT count(*) > 5 FROM latest_metrics WHERE is_nan").fetchone() == (1,)


def test_sweeps_folds_and_seeds_hang_below_a_parent(store: sqlite3.Connection) -> None:
    query = """
        SELECT parents.run_uuid, count(*), sum(tags.run_uuid = parents.run_uuid) FROM tags
        LEFT JOIN runs AS parents ON parents.run_uuid = tags.value WHERE tags.key = 'mlflow.parentRunId' GROUP BY 1
    """
    families = store.execute(query).fetchall()
    assert len(families) == 14
    assert all(parent is not None and children >= 5 and not itself for parent, children, itself in families)


def test_a_child_lies_within_its_parents_time(store: sqlite3.Connection) -> None:
    query = """
        SELECT count(*) FROM tags JOIN runs AS child USING (run_uuid) JOIN runs AS parent ON parent.run_uuid = value
        WHERE key = 'mlflow.parentRunId' AND NOT child.start_time >= parent.start_time
        OR key = 'mlflow.parentRunId' AND NOT child.end_time <= parent.end_time
    """
    assert store.execute(query).fetchone() == (0,)


def test_nothing_happened_in_the_future(store: sqlite3.Connection, built: Built) -> None:
    latest = store.execute("SELECT max(start_time), max(end_time) FROM runs").fetchone()
    point = store.execute("SELECT max(timestamp) FROM metrics").fetchone()
    assert max(*latest, *point) < built.ended * 1000


def test_one_name_is_not_ascii_and_small_params_have_exponents(store: sqlite3.Connection) -> None:
    names = [name for (name,) in store.execute("SELECT name FROM runs")]
    assert [name for name in names if not name.isascii()] == ["größe-试验-λ²"]
    assert store.execute("SELECT count(*) > 10 FROM params WHERE value LIKE '%e-0_'").fetchone() == (1,)


def test_dataset_digests_are_those_that_git_tracks(store: sqlite3.Connection, world: Path) -> None:
    patch = subprocess.run(
        ["git", "-C", str(world), "log", "--all", "-p", "--format=", "--", "data/*.dvc"], capture_output=True, text=True
    ).stdout
    tracked = {line.split()[-1][:8] for line in patch.splitlines() if line.startswith("+- md5: ")}
    used = {digest for (digest,) in store.execute("SELECT digest FROM datasets WHERE name <> 'holdout'")}
    assert len(used) > 15
    assert used <= tracked


def test_the_newest_orders_have_nulls_in_their_profile(store: sqlite3.Connection) -> None:
    query = """
        SELECT dataset_profile FROM datasets JOIN inputs ON source_id = dataset_uuid
        JOIN runs ON run_uuid = destination_id WHERE datasets.name = 'orders' ORDER BY start_time
    """
    profiles = [json.loads(profile) for (profile,) in store.execute(query)]
    assert profiles[0]["null_count"] == dict.fromkeys(profiles[-1]["null_count"], 0)
    assert profiles[-1]["null_count"]["customer_id"] > 40


def test_training_learns_and_the_team_gets_better(store: sqlite3.Connection) -> None:
    query = """
        SELECT latest_metrics.value FROM latest_metrics JOIN runs USING (run_uuid) JOIN tags USING (run_uuid)
        WHERE latest_metrics.key = 'val_auc' AND tags.key = 'purpose' AND tags.value = 'nightly' ORDER BY start_time
    """
    values = [value for (value,) in store.execute(query)]
    assert all(0.74 < value < 0.86 for value in values)
    assert sum(values[-5:]) / 5 - sum(values[:5]) / 5 > 0.03


def test_artifacts_lie_where_the_runs_say(store: sqlite3.Connection, world: Path) -> None:
    folders = {Path(uri) for (uri,) in store.execute("SELECT artifact_uri FROM runs")}
    assert all(folder.is_relative_to(world / "mlartifacts") for folder in folders)
    assert sum(folder.is_dir() for folder in folders) >= 20


def test_the_building_site_is_named_nowhere_in_the_store(store: sqlite3.Connection) -> None:
    assert not [line for line in store.iterdump() if ".building" in line]
