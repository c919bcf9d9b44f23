"""Acts as a terminal asks for them: processes of their own, against a real server, killed at any moment."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import acting as module
from quarterdeck.app import trust
from quarterdeck.app.acting import Acting, Progress
from quarterdeck.app.actions import LATE_SECONDS, reconcile
from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import Approval, Job, Pipeline, Run
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.life import same_project

LATER = round(2_000 * LATE_SECONDS)
"""Milliseconds after which what was cut off now may be looked for."""


@pytest.fixture
def project(tmp_path: Path, mlflow_server: str) -> Path:
    """A trusted project on the real server."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    trust.record_trust(load(directory=folder))
    return folder


@pytest.fixture
def settings(project: Path) -> Settings:
    return load(directory=project)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State(state_file(settings.project_key)) as opened:
        yield opened


@pytest.fixture
def acting(settings: Settings, state: State, project: Path) -> Acting:
    """What a terminal has."""
    return Acting(settings, state, lambda: same_project(project=project), read_only=False)


@pytest.fixture
def runs(settings: Settings, mlflow_rest: Any) -> list[Run]:
    """Three runs of the server, as the cache would have them; the last has stage=silver."""
    (source,) = [one.spec.key for one in build(settings) if one.spec.kind == "mlflow"]
    experiment = mlflow_rest.create_experiment(f"acting-{time.time_ns()}")
    tags: list[dict[str, str]] = [{}, {}, {"stage": "silver"}]
    return [
        Run(
            source=source, id=mlflow_rest.create_run(experiment, f"run {n}", tags=own), experiment_id=experiment,
            name=f"run {n}", status="finished", tags=own,
        )
        for n, own in enumerate(tags)
    ]  # fmt: skip


def stages(rest: Any, runs: list[Run]) -> list[str | None]:
    found = [rest.get("runs/get", run_id=run.id)["run"]["data"].get("tags", []) for run in runs]
    return [{tag["key"]: tag["value"] for tag in tags}.get("stage") for tags in found]


def process() -> subprocess.Popen[bytes]:
    """The process that was started last."""
    return module._started[-1]


def over(acting: Acting, batch: str) -> Progress:
    """Wait for the process, and give what came of the batch."""
    process().wait(60)
    return acting.progress(batch)


def test_runs_are_tagged_by_a_process_of_its_own_session(acting: Acting, runs: list[Run], mlflow_rest: Any) -> None:
    import os

    batch = acting.tag(runs, "stage", "gold")
    assert os.getsid(process().pid) == process().pid
    progress = over(acting, batch)
    assert (progress.what, progress.total, progress.done, progress.failed) == ("stage=gold", 3, 3, 0)
    assert progress.is_over
    assert not progress.is_alive
    assert progress.touched == tuple((run.source, run.id) for run in runs)
    assert stages(mlflow_rest, runs) == ["gold"] * 3


def test_an_act_is_taken_back_once(acting: Acting, runs: list[Run], mlflow_rest: Any) -> None:
    assert acting.last() is None
    over(acting, acting.tag(runs, "stage", "gold"))
    undo = acting.last()
    assert undo is not None
    assert (undo.what, [step.back for step in undo.steps]) == ("stage=gold", [None, None, "silver"])
    progress = over(acting, acting.undo(undo))
    assert (progress.done, progress.failed) == (3, 0)
    assert stages(mlflow_rest, runs) == [None, None, "silver"]
    assert acting.last() is None


def test_the_acts_before_are_taken_back_one_after_another(acting: Acting, runs: list[Run], mlflow_rest: Any) -> None:
    over(acting, acting.tag(runs[:1], "stage", "one"))
    again = runs[0]
    tagged = Run(**{name: getattr(again, name) for name in again.__struct_fields__} | {"tags": {"stage": "one"}})
    over(acting, acting.tag([tagged], "stage", "two"))
    for there in ("one", None):
        undo = acting.last()
        assert undo is not None
        over(acting, acting.undo(undo))
        assert stages(mlflow_rest, runs[:1]) == [there]


def test_what_somebody_else_changed_since_is_not_taken_back(acting: Acting, runs: list[Run], mlflow_rest: Any) -> None:
    over(acting, acting.tag(runs, "stage", "gold"))
    mlflow_rest.post("runs/set-tag", run_id=runs[1].id, key="stage", value="platinum")
    undo = acting.last()
    assert undo is not None
    progress = over(acting, acting.undo(undo))
    assert (progress.done, progress.failed) == (2, 1)
    assert "run 1: stage is “platinum” now, not “gold”: somebody changed it" in progress.why[0][0]
    assert stages(mlflow_rest, runs) == [None, "platinum", "silver"]


def test_what_changed_between_the_question_and_the_act_is_left_alone(
    acting: Acting, runs: list[Run], mlflow_rest: Any
) -> None:
    mlflow_rest.post("runs/set-tag", run_id=runs[2].id, key="stage", value="bronze")
    progress = over(acting, acting.tag(runs, "stage", "gold"))
    assert (progress.done, progress.failed) == (2, 1)
    assert stages(mlflow_rest, runs) == ["gold", "gold", "bronze"]


def test_a_server_that_is_away_fails_all_with_one_reason(
    acting: Acting, runs: list[Run], project: Path, state: State, free_address: str
) -> None:
    (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{free_address}"\n')
    settings = load(directory=project)
    trust.record_trust(settings)
    (source,) = [one.spec.key for one in build(settings) if one.spec.kind == "mlflow"]
    moved = [Run(**{n: getattr(run, n) for n in run.__struct_fields__} | {"source": source}) for run in runs]
    away = Acting(settings, state, lambda: same_project(project=project), read_only=False)
    progress = over(away, away.tag(moved, "stage", "gold"))
    assert (progress.done, progress.failed) == (0, 3)
    ((why, number),) = progress.why
    assert number == 3
    assert why.startswith("Not tried: ")


@pytest.fixture
def free_address() -> str:
    """An address at which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# -- what is refused


def test_read_only_is_refused_with_the_reason(settings: Settings, state: State) -> None:
    acting = Acting(settings, state, list, read_only=True)
    assert "--read-only" in acting.refusal()


def test_settings_that_nobody_trusts_are_refused_with_the_reason(tmp_path: Path, mlflow_server: str) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    settings = load(directory=folder)
    with State(tmp_path / "other.db") as state:
        assert "trust" in Acting(settings, state, list, read_only=False).refusal()


def test_a_terminal_that_may_start_nothing_changes_nothing(settings: Settings, state: State) -> None:
    assert "starts no other process" in Acting(settings, state, None, read_only=False).refusal()


def test_more_runs_than_are_tagged_at_once_are_refused(
    acting: Acting, runs: list[Run], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    with pytest.raises(UsageError, match="3 runs are more"):
        acting.tag(runs, "stage", "gold")
    assert state.acts() == []


def test_a_key_that_mlflow_would_not_take_is_said_before_anything_is_asked(acting: Acting) -> None:
    with pytest.raises(UsageError, match="takes no tag key"):
        acting.check_tag("../x", "y")


def test_a_process_that_cannot_be_started_is_an_outcome(
    acting: Acting, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", fail)
    progress = acting.progress(acting.tag(runs, "stage", "gold"))
    assert (progress.total, progress.failed) == (3, 3)
    assert "No process could be started: Resource temporarily unavailable" in progress.why[0][0]


# -- what nobody saw


def test_an_outcome_that_no_terminal_told_is_told_by_the_next(acting: Acting, runs: list[Run]) -> None:
    batch = acting.tag(runs, "stage", "gold")
    over(acting, batch)
    assert acting.untold() == [batch]
    acting.mark_told(batch)
    assert acting.untold() == []
    assert acting.under_way() == []


def agree(state: State, batch: str, rest: Any, runs: list[Run]) -> None:
    """What the journal says came of each run is what the server has."""
    told = {act.intent["run_id"]: act.state for act in state.batch_of_acts(batch)}
    assert set(told.values()) <= {"done", "failed"}
    there = [stage == "gold" for stage in stages(rest, runs)]
    assert [told[run.id] == "done" for run in runs] == there


def test_killed_at_any_moment_the_journal_says_what_the_server_has(
    acting: Acting, settings: Settings, state: State, runs: list[Run], mlflow_rest: Any
) -> None:
    before = time.monotonic()
    over(acting, acting.tag(runs, "stage", "gold"))
    took = time.monotonic() - before
    chance, ends = random.Random(7), []
    for _ in range(20):
        for run in runs:
            mlflow_rest.post("runs/set-tag", run_id=run.id, key="stage", value="none")
        now = [Run(**{n: getattr(r, n) for n in r.__struct_fields__} | {"tags": {"stage": "none"}}) for r in runs]
        batch = acting.tag(now, "stage", "gold")
        try:
            process().wait(chance.uniform(0, took))
        except subprocess.TimeoutExpired:
            process().kill()
            process().wait()
        assert not acting.progress(batch).is_alive
        left = reconcile(settings, state, time.time_ns() // 1_000_000 + LATER)
        assert not [one for one in left if one.state == "unknown"]
        assert state.open_acts() == []
        agree(state, batch, mlflow_rest, runs)
        ends.append(acting.progress(batch).done)
    assert len(set(ends)) > 1  # some were cut off before the end, some were not


# -- pipelines


def pipeline(number: int, **facts: Any) -> Pipeline:
    return Pipeline(
        source="c", id=str(number), name="train", number=str(number), status="failed", branch="main", **facts
    )


@pytest.fixture
def unstarted(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> Acting:
    """One that writes down what is asked, and whose processes never come."""
    monkeypatch.setattr(acting, "_start", lambda batch: None)
    return acting


def over_with(state: State, batch: str, read_back: dict[str, Any]) -> None:
    """As its process would leave it."""
    for act in state.batch_of_acts(batch):
        state.finish_act(act.id, "done", {"sentence": "it runs", "read_back": read_back})


def test_what_a_person_saw_of_a_pipeline_is_in_the_journal(unstarted: Acting, state: State) -> None:
    seen = pipeline(7, attempt=2, jobs=(Job(id="j", name="test", status="failed"),))
    batch = unstarted.rerun([seen], failed_only=True)
    (act,) = state.batch_of_acts(batch)
    assert (act.act, act.subject, act.state) == ("rerun_failed", "pipeline/7", "asked")
    assert act.intent["seen"] == {"attempt": 2, "status": "failed", "jobs": {"j": "failed"}, "approvals": []}
    progress = unstarted.progress(batch)
    assert (progress.what, progress.name, progress.of) == ("re-run of failed jobs", "train #7", "pipelines")


def test_a_rerun_is_taken_back_by_cancelling_what_it_made(unstarted: Acting, state: State) -> None:
    over_with(state, unstarted.rerun([pipeline(7)], failed_only=False), {"pipeline": "8", "attempt": 1})
    assert unstarted.last("tags") is None
    undo = unstarted.last("pipelines")
    assert undo is not None
    assert (undo.what, [(stop.pipeline, stop.attempt) for stop in undo.stops]) == ("re-run of all jobs", [("8", 1)])
    (act,) = state.batch_of_acts(batch := unstarted.undo(undo))
    assert (act.act, act.intent["pipeline"], act.intent["seen"]) == ("cancel", "8", {"attempt": 1})
    over_with(state, batch, {"pipeline": "8", "attempt": 1, "status": "cancelled"})
    assert unstarted.last() is None


def test_a_cancel_and_an_approval_have_no_way_back(unstarted: Acting, state: State) -> None:
    waiting = pipeline(7, approvals=(Approval(id="e", name="production"),))
    for batch, word in (
        (unstarted.cancel([pipeline(6)]), "R runs it again"),
        (unstarted.approve(waiting, ["e"]), "cannot be taken back"),
    ):
        over_with(state, batch, {"attempt": 1})
        undo = unstarted.last()
        assert undo is not None
        assert word in undo.never
        assert not undo.stops


def test_more_pipelines_than_are_acted_on_at_once_are_refused(unstarted: Acting, state: State) -> None:
    with pytest.raises(UsageError, match="51 pipelines are more"):
        unstarted.cancel([pipeline(number) for number in range(51)])
    assert state.acts() == []
