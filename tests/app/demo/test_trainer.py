"""The demo's trainer: a live run that goes on while somebody watches."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from quarterdeck.app.demo import start_trainer, stop_trainer
from quarterdeck.app.demo.build import clean_environment
from quarterdeck.app.demo.detached import trainer_pid
from quarterdeck.app.demo.live import read_live

from .conftest import Until, wait_for_end

SERVED = (
    "SELECT count(*) FROM metrics JOIN tags USING (run_uuid) WHERE tags.key = 'model' AND metrics.key = 'precision'"
)
OF_TRAININGS = "AND experiment_id <> (SELECT experiment_id FROM experiments WHERE name = 'production')"


def ask(home: Path, query: str) -> list[tuple[object, ...]]:
    store = sqlite3.connect(f"file:{home / 'mlflow.db'}?mode=ro", uri=True)
    try:
        return store.execute(query).fetchall()
    finally:
        store.close()


def steps(home: Path) -> int:
    """Points of the live run's validation loss."""
    run = read_live(home).run_id
    return int(str(ask(home, f"SELECT count(*) FROM metrics WHERE run_uuid = '{run}' AND key = 'val_loss'")[0][0]))


def test_the_live_run_goes_on_with_one_trainer_and_ends_as_killed_when_told(copied: Path, until: Until) -> None:
    first = read_live(copied).run_id
    served = served_points(copied)
    start_trainer(copied)
    until(lambda: steps(copied) > 90)
    until(lambda: served_points(copied) > served)
    pid = trainer_pid(copied)
    assert pid is not None
    second = subprocess.run(
        [sys.executable, "-m", "quarterdeck.app.demo.trainer", str(copied)], env=clean_environment(), timeout=60
    )
    assert second.returncode == 0  # the lock was taken: it left without training
    assert trainer_pid(copied) == pid
    stop_trainer(copied)
    wait_for_end(pid)
    assert read_live(copied).run_id == first
    [(status, ended, last)] = ask(
        copied,
        "SELECT status, end_time, (SELECT max(timestamp) FROM metrics m WHERE m.run_uuid = r.run_uuid) "
        f"FROM runs r WHERE run_uuid = '{first}'",
    )
    assert status == "KILLED"
    assert int(str(ended)) >= int(str(last))
    assert ask(copied, f"SELECT count(*) FROM runs WHERE status = 'RUNNING' {OF_TRAININGS}") == [(0,)]


def test_a_run_that_was_long_silent_is_closed_at_its_last_point_and_a_new_one_begins(
    copied: Path, until: Until
) -> None:
    old = read_live(copied).run_id
    age_by_an_hour(copied)
    start_trainer(copied)
    until(lambda: read_live(copied).run_id != old and steps(copied) > 0)
    [(status, ended, last)] = ask(
        copied,
        "SELECT status, end_time, (SELECT max(timestamp) FROM metrics m WHERE m.run_uuid = r.run_uuid) "
        f"FROM runs r WHERE run_uuid = '{old}'",
    )
    assert (status, ended) == ("KILLED", last)
    assert ask(copied, f"SELECT run_uuid FROM runs WHERE status = 'RUNNING' {OF_TRAININGS}") == [
        (read_live(copied).run_id,)
    ]


def test_the_trainer_ends_when_the_world_is_gone(copied: Path, until: Until) -> None:
    start_trainer(copied)
    until(lambda: steps(copied) > 90)
    pid = trainer_pid(copied)
    assert pid is not None
    copied.rename(copied.with_name("moved"))
    wait_for_end(pid)
    assert not copied.exists()


def test_no_trainer_starts_where_there_is_no_world(tmp_path: Path) -> None:
    start_trainer(tmp_path)
    stop_trainer(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def age_by_an_hour(home: Path) -> None:
    """Make the world's store an hour older than it is."""
    store = sqlite3.connect(home / "mlflow.db")
    with store:
        store.execute("UPDATE runs SET start_time = start_time - 3600000, end_time = end_time - 3600000")
        store.execute("UPDATE metrics SET timestamp = timestamp - 3600000")
        store.execute("UPDATE latest_metrics SET timestamp = timestamp - 3600000")
    store.close()


def served_points(root: Path) -> int:
    """How often somebody said how production does."""
    [(found,)] = ask(root, SERVED)
    return int(str(found))
