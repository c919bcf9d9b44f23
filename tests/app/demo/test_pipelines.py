"""The demo's pipelines really ran, and run again: with logs, tests, failures and a run in MLflow of their own."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.demo import run_past, start_pipeline
from quarterdeck.app.demo.world import read_world
from quarterdeck.app.runner import Kept, choose, find_local, run
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.trust import record_trust

from .conftest import Until


@pytest.fixture
def settings(copied: Path, world: Path) -> Settings:
    """A world of one's own, trusted, whose runs keep their artifacts in it."""
    with closing(sqlite3.connect(copied / "mlflow.db")) as store, store:
        store.execute(
            "UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)", (str(world), str(copied))
        )
    settings = load(directory=copied, environment={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"})
    record_trust(settings)
    return settings


def logs(settings: Settings, number: int) -> str:
    """All that the jobs of a run wrote."""
    kept = Kept(settings.project_key)
    found = next(one for one in kept.newest() if one.number == number)
    return "".join(kept.file(found.id, job.log).read_text() for job in found.jobs if job.started_at)


def test_its_history_is_green_and_red_for_real_reasons(settings: Settings) -> None:
    said: list[str] = []
    (Kept(settings.project_key).folder / "01OLD").mkdir(parents=True)  # of a world that was here before
    run_past(settings, said.append)
    runs = list(reversed(Kept(settings.project_key).newest()))
    assert [(one.number, one.status, one.branch) for one in runs] == [
        (1, "passed", "main"), (2, "failed", "feature/weekend-share"), (3, "failed", "main"), (4, "passed", "main"),
        (5, "passed", "main"), (6, "failed", "feature/weekend-share"),
    ]  # fmt: skip
    assert {one.name for one in runs} == {"nightly-train"}
    assert [job.name for job in runs[3].jobs] == ["ingest", "data-check", "train", "evaluate"]
    assert "ZeroDivisionError: division by zero" in logs(settings, 2)
    assert "is damaged" in logs(settings, 3)
    assert "val_auc" in logs(settings, 4)
    assert "FAIL  orders     fresh-ordered_at" in logs(settings, 6)
    [report] = [job.report for job in runs[5].jobs if job.report]
    assert [case.name for case in report.failures] == ["fresh-ordered_at"]
    assert said == ["Running its pipeline at 6 older commits"]


def test_its_history_is_of_the_days_of_its_commits(settings: Settings) -> None:
    run_past(settings, lambda sentence: None)
    world = read_world(settings.root)
    moments = dict(zip(world.shas, world.moments, strict=True))
    runs = list(reversed(Kept(settings.project_key).newest()))
    assert [one.id for one in runs] == sorted(one.id for one in runs)
    for one in runs:
        assert moments[one.commit] < one.created_at <= (one.started_at or 0) <= (one.ended_at or 0) <= world.made
    assert (runs[3].rerun_of, runs[3].event) == (runs[2].id, "rerun")


def test_it_runs_whole_and_logs_a_run_to_mlflow(settings: Settings) -> None:
    done = run(settings, find_local(settings), choose(settings, None))
    assert done.status == "passed", logs(settings, 1)
    assert [job.name for job in done.jobs] == ["ingest", "data-check", "train", "evaluate", "register"]
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as store:
        [(run_id, status)] = store.execute(
            "SELECT run_uuid, status FROM runs JOIN tags USING (run_uuid) WHERE key = 'pipeline' AND value = ?",
            (done.id,),
        )
        tags = dict(store.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)).fetchall())
        found = store.execute("SELECT version, run_id FROM model_versions WHERE name = 'churn' ORDER BY version")
        versions = found.fetchall()
    assert status == "FINISHED"
    assert tags["mlflow.source.git.commit"] == done.commit
    assert versions[-1] == (6, run_id)  # the team registered five


def test_it_is_begun_in_a_process_of_its_own(settings: Settings, until: Until) -> None:
    start_pipeline(settings)
    kept = Kept(settings.project_key)
    until(kept.ids)
    [run_id] = kept.ids()
    until(lambda: (found := kept.read(run_id)) is not None and found.jobs[0].status == "passed")
    begun = kept.read(run_id)
    assert begun is not None
    assert (begun.event, begun.actor) == ("schedule", "nightly")
    start_pipeline(settings)  # the world is opened once more
    assert kept.ids() == [run_id]
    kept.ask_to_stop(run_id)
    until(lambda: not kept.is_alive(run_id))
