"""Airflow's JSON to records: what a real 3.3.2 server said, here and in ../shared/contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Pipeline
from quarterdeck.app.sources.airflow.parse import (
    DagRun,
    DagRuns,
    LogAnswer,
    TaskInstance,
    TaskInstances,
    Tasks,
    millis,
    ordered,
    parse_log,
    parse_needs,
    parse_run,
    parse_tasks,
    split_id,
    split_job,
)

PAYLOADS = Path(__file__).parents[2] / "payloads" / "airflow"


def read(name: str, shape: Any) -> Any:
    return msgspec.json.decode((PAYLOADS / f"{name}.json").read_bytes(), type=shape)


def run(**changes: Any) -> Pipeline:
    raw = DagRun(dag_run_id="scheduled__2026-11-22T00:00:00+00:00", dag_id="train", state="success")
    return parse_run(msgspec.structs.replace(raw, **changes), source="s", base_url="http://airflow.acme")


def test_the_recorded_dag_run_is_a_failed_pipeline(contracts: Path) -> None:
    recorded = json.loads((contracts / "recorded/airflow/airflow-3.3.2.dagruns.json").read_text())["json"]
    runs = msgspec.convert(recorded, DagRuns)
    (found,) = [parse_run(one, source="s", base_url="http://a") for one in runs.dag_runs]
    assert (found.id, found.name, found.status, found.raw_status) == (
        "train_fare/manual_1", "train_fare", "failed", "failed"
    )  # fmt: skip
    assert (found.event, found.actor, found.commit) == ("manual", "Anonymous", None)
    assert (found.started_at, found.ended_at) == (1795341371017, 1795341378755)
    assert found.created_at == 1795341370132


def test_the_recorded_trigger_is_a_queued_pipeline(contracts: Path) -> None:
    recorded = json.loads((contracts / "recorded/airflow/airflow-3.3.2.trigger.json").read_text())["json"]
    found = parse_run(msgspec.convert(recorded, DagRun), source="s", base_url="http://a")
    assert (found.status, found.started_at, found.ended_at) == ("queued", None, None)


def test_tasks_come_in_the_order_in_which_they_run_with_every_try() -> None:
    (raw,) = read("dag_runs", DagRuns).dag_runs
    pipeline = parse_run(raw, source="s", base_url="http://airflow.acme")
    after = parse_needs(read("tasks", Tasks))
    tasks = list(read("task_instances", TaskInstances).task_instances)
    tries = [one for one in read("tries_of_a_retried_task", TaskInstances).task_instances if one.try_number < 2]
    jobs = parse_tasks(ordered([*tasks, *tries], after), pipeline=pipeline, after=after)
    assert [(job.name, job.status, job.attempt) for job in jobs] == [
        ("ingest", "passed", 1), ("check", "passed", 2), ("check", "failed", 1), ("train", "failed", 1),
        ("register", "skipped", 1),
    ]  # fmt: skip
    assert {job.name: job.needs for job in jobs} == {
        "ingest": (), "check": ("ingest",), "train": ("check",), "register": ("train",)
    }  # fmt: skip
    assert jobs[-1].raw_status == "upstream_failed"
    assert jobs[-1].reason == "a task before it failed"
    assert split_job(jobs[2].id) == ("check", -1, 1)


def test_a_log_is_lines_of_text_with_groups_and_the_traceback() -> None:
    text = parse_log(read("log_of_a_failed_try", LogAnswer)).decode()
    lines = text.splitlines()
    assert lines[0] == "##[group]Log message source details"
    assert "2026-11-22T22:48:21.199848Z ##[group]Pre Execute" in lines
    failed = next(n for n, line in enumerate(lines) if line.endswith("ERROR Task failed with exception"))
    assert lines[failed + 1] == "Traceback (most recent call last):"
    assert "ValueError: loss is NaN at step 7" in lines[failed + 2 :]


def test_an_older_log_of_plain_lines_is_kept_as_it_is() -> None:
    assert parse_log(LogAnswer(content=("one", "two\n"))) == b"one\ntwo\n"


@pytest.mark.parametrize(
    ("state", "status"),
    [("success", "passed"), ("failed", "failed"), ("running", "running"), ("queued", "queued"), ("new", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_a_run_without_a_known_word_is_never_green(state: str | None, status: str) -> None:
    assert run(state=state).status == status


@pytest.mark.parametrize(
    ("state", "status"),
    [(None, "queued"), ("deferred", "waiting"), ("up_for_retry", "queued"), ("removed", "skipped"),
     ("upstream_failed", "skipped"), ("restarting", "running"), ("invented", "unknown")],
)  # fmt: skip
def test_every_state_of_a_task_has_a_word(state: str | None, status: str) -> None:
    (job,) = parse_tasks([TaskInstance(task_id="t", state=state)], pipeline=run(), after={})
    assert job.status == status


def test_a_mapped_task_is_named_with_its_index() -> None:
    (job,) = parse_tasks([TaskInstance(task_id="train", map_index=3, try_number=1)], pipeline=run(), after={})
    assert job.name == "train[3]"
    assert split_job(job.id) == ("train", 3, 1)
    assert job.url.endswith("/tasks/train/mapped/3?try_number=1")


def test_only_a_git_bundle_names_a_commit() -> None:
    assert run(bundle_version="4f2c91a" + "0" * 33).commit == "4f2c91a" + "0" * 33
    assert run(bundle_version="2026-11-22").commit is None


def test_ids_lead_back_to_dag_and_run() -> None:
    found = run()
    assert split_id(found.id) == ("train", "scheduled__2026-11-22T00:00:00+00:00")
    assert found.url == "http://airflow.acme/dags/train/runs/scheduled__2026-11-22T00%3A00%3A00%2B00%3A00"


def test_tasks_that_wait_for_each_other_end_the_ordering() -> None:
    tasks = [TaskInstance(task_id="a"), TaskInstance(task_id="b")]
    assert {task.task_id for task in ordered(tasks, {"a": ["b"], "b": ["a"]})} == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "at"), [("1970-01-01T00:00:01Z", 1000), ("1970-01-01T00:00:01", 1000), ("soon", None), (None, None)]
)
def test_times_are_utc_milliseconds(text: str | None, at: int | None) -> None:
    assert millis(text) == at
