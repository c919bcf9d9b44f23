"""GitLab's payloads -> records: ours, made after the published API, and the recorded ones where they are at hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from quarterdeck.app.records import CaseReport, Deployment, Job, Pipeline
from quarterdeck.app.sources.gitlab import parse, reports

PAYLOADS = Path(__file__).parents[2] / "payloads" / "gitlab"
T = TypeVar("T")


def read(name: str, kind: type[T]) -> T:
    return msgspec.json.decode((PAYLOADS / name).read_bytes(), type=kind)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def listed() -> dict[str, Pipeline]:
    rows = read("pipelines.json", list[parse.PipelinePayload])
    return {pipe.id: pipe for pipe in (parse.pipeline("src", raw, "forecast/models/demand") for raw in rows)}


def jobs() -> dict[str, Job]:
    both = [*read("jobs.json", list[parse.JobPayload]), *read("bridges.json", list[parse.JobPayload])]
    return {job.id: job for job in parse.jobs(both)}


def test_each_status_is_one_of_ours_beside_gitlabs_own_word() -> None:
    assert [(pipe.raw_status, pipe.status) for pipe in listed().values()] == [
        ("failed", "failed"),
        ("manual", "waiting"),
        ("success", "passed"),
        ("running", "running"),
        ("waiting_for_the_moon", "unknown"),
        ("canceling", "running"),
        ("canceled", "cancelled"),
        ("skipped", "skipped"),
        ("pending", "queued"),
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("created", "queued"), ("preparing", "queued"), ("scheduled", "waiting"), ("waiting_for_resource", "waiting"),
        ("waiting_for_callback", "waiting"), ("SUCCESS", "unknown"), ("", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_a_word_that_is_not_known_is_never_green(word: str | None, status: str) -> None:
    assert parse.status_of(word) == status


def test_a_pipeline_is_named_by_its_workflow_or_by_its_project() -> None:
    assert {pipe.id: pipe.name for pipe in listed().values() if pipe.id in ("9120", "9119", "9112")} == {
        "9120": "nightly train",
        "9119": "demand",
        "9112": "demand",
    }


def test_a_pipeline_in_a_list_says_who_what_and_when() -> None:
    pipe = listed()["9118"]
    assert (pipe.number, pipe.branch, pipe.commit, pipe.event) == (
        "212", "refs/merge-requests/58/head", "9e" * 20, "merge_request_event",
    )  # fmt: skip
    assert pipe.created_at == ms("2026-03-01T12:00:00+00:00")
    assert pipe.updated_at == ms("2026-03-01T12:09:59.999+00:00")
    assert pipe.url == "https://gitlab.shop.example/forecast/models/demand/-/pipelines/9118"
    assert (pipe.jobs, pipe.attempt) == (None, 1)


def test_a_pipeline_that_was_never_touched_has_no_time_of_change() -> None:
    assert listed()["9117"].updated_at is None


def test_a_name_with_an_escape_sequence_is_kept_exactly() -> None:
    assert listed()["9116"].branch == "v2.0 \x1b[31m"


def test_a_pipeline_with_nothing_but_an_id_and_a_status_is_read() -> None:
    pipe = listed()["9112"]
    assert (pipe.number, pipe.branch, pipe.commit, pipe.created_at) == ("9112", "", None, None)


def test_a_pipeline_by_itself_says_who_began_it_and_how_long_it_took() -> None:
    pipe = parse.pipeline("src", read("pipeline.json", parse.PipelinePayload))
    assert (pipe.actor, pipe.started_at, pipe.ended_at) == (
        "mira", ms("2026-03-02T04:00:05.500Z"), ms("2026-03-02T04:41:36.900Z"),
    )  # fmt: skip


def test_a_broken_configuration_is_what_a_failed_pipeline_is_called_by() -> None:
    raw = parse.PipelinePayload(id=1, status="failed", yaml_errors="jobs config should contain at least one job")
    assert parse.pipeline("src", raw).title == "jobs config should contain at least one job"


def test_the_title_is_that_of_the_commit() -> None:
    assert parse.title(read("jobs.json", list[parse.JobPayload])) == "Weight the last month twice"


def test_jobs_and_bridges_stand_in_the_order_in_which_they_were_made() -> None:
    assert [(job.name, job.attempt, job.stage) for job in jobs().values()] == [
        ("ingest", 1, "ingest"),
        ("data check", 1, "ingest"),
        ("train", 1, "train"),
        ("train", 2, "train"),
        ("evaluate 1/2", 1, "evaluate"),
        ("evaluate 2/2", 1, "evaluate"),
        ("drift report", 1, "report"),
        ("deploy", 1, "ship"),
        ("notify", 1, "ship"),
        ("register", 1, "ship"),
    ]


def test_a_retried_job_is_a_second_attempt_with_an_id_of_its_own() -> None:
    attempts = [job for job in jobs().values() if job.name == "train"]
    assert [(job.id, job.attempt, job.reason) for job in attempts] == [
        ("50103", 1, "stuck or timeout failure"),
        ("50108", 2, "script failure"),
    ]


def test_the_same_job_on_two_pages_is_one_attempt() -> None:
    raw = read("jobs.json", list[parse.JobPayload])
    assert len(parse.jobs([*raw, *raw])) == 8


def test_a_job_says_when_it_queued_began_and_ended() -> None:
    train = jobs()["50103"]
    assert train.queued_at == ms("2026-03-02T04:04:59Z")
    assert (train.started_at, train.ended_at) == (ms("2026-03-02T04:10:00Z"), ms("2026-03-02T04:29:58Z"))


def test_a_job_that_did_not_begin_queues_since_it_was_made() -> None:
    skipped = jobs()["50105"]
    assert (skipped.queued_at, skipped.started_at, skipped.ended_at) == (ms("2026-03-02T04:00:01.200Z"), None, None)


def test_a_manual_job_waits_for_somebody() -> None:
    assert [(job.name, job.status) for job in jobs().values() if job.is_manual] == [("deploy", "waiting")]


def test_a_job_that_may_fail_is_marked_and_failed_all_the_same() -> None:
    assert [(job.name, job.status) for job in jobs().values() if job.may_fail] == [("drift report", "failed")]


def test_a_bridge_leads_to_the_pipeline_that_it_started() -> None:
    bridge = jobs()["50110"]
    assert bridge.url == "https://gitlab.shop.example/forecast/registry/-/pipelines/9121"
    assert bridge.reason == "pipeline 9121: success"
    assert jobs()["50109"].url.endswith("/-/jobs/50109")


def test_a_pipeline_with_a_junit_report_is_known_by_its_jobs() -> None:
    raw = read("jobs.json", list[parse.JobPayload])
    assert parse.has_test_report(raw)
    assert not parse.has_test_report([job for job in raw if job.name != "data check"])


def test_the_summary_gives_counts_and_the_suites_that_could_not_be_read() -> None:
    told = reports.summary(read("test_report_summary.json", reports.SummaryPayload))
    assert told is not None
    assert (told.total, told.passed, told.failed, told.errors, told.skipped) == (5, 2, 1, 1, 1)
    assert [(case.name, case.message) for case in told.failures] == [
        ("ingest", "JUnit XML parsing failed: 1:1: Document is empty")
    ]


def test_the_whole_report_counts_the_cases_that_there_are() -> None:
    told = reports.report(read("test_report.json", reports.ReportPayload))
    assert told is not None
    assert (told.total, told.passed, told.failed, told.errors, told.skipped) == (5, 2, 1, 1, 1)
    assert [(case.name, case.suite, case.message, case.seconds) for case in told.failures] == [
        ("ingest", "ingest", "JUnit XML parsing failed: 1:1: Document is empty", None),
        ("test_no_order_is_negative", "checks.test_orders", "AssertionError: 3 orders below 0\nassert 3 == 0", 0.25),
        ("test_source_is_fresh", "checks.test_orders", '{"message":"no connection","type":"OSError"}', 12.0),
    ]


def test_a_report_of_many_failures_keeps_the_first_and_a_long_message_its_beginning() -> None:
    case = {"name": "t", "status": "failed", "system_output": "x" * 9_000}
    raw = msgspec.convert({"test_suites": [{"test_cases": [case] * 500}]}, reports.ReportPayload)
    told = reports.report(raw)
    assert told is not None
    assert (told.failed, len(told.failures), len(told.failures[0].message)) == (500, 200, 4_000)


@pytest.mark.parametrize("body", [b"{}", b'{"total":null}', b'{"total":{"count":0},"test_suites":[]}'])
def test_no_tests_are_no_report(body: bytes) -> None:
    assert reports.summary(msgspec.json.decode(body, type=reports.SummaryPayload)) is None


def test_deployments_say_what_is_where_since_when() -> None:
    raw = read("deployments.json", list[parse.DeploymentPayload])
    assert [parse.deployment(one) for one in raw] == [
        Deployment(
            id="42", environment="production", status="waiting", raw_status="blocked", commit="a0" * 20,
            at=ms("2026-03-02T04:41:40Z"), url="https://demand.shop.example",
        ),
        Deployment(
            id="41", environment="staging", status="passed", raw_status="success", commit="a0" * 20,
            at=ms("2026-03-02T04:21:00Z"),
        ),
        Deployment(
            id="40", environment="", status="unknown", raw_status="rolled_sideways", commit="cc" * 20,
            at=ms("2026-02-01T00:00:00Z"),
        ),
    ]  # fmt: skip
    assert [parse.pipeline_of(one) for one in raw] == ["9120", "9120", None]


def test_a_blocked_deployment_waits_for_an_approval() -> None:
    waiting = parse.approvals(read("deployments.json", list[parse.DeploymentPayload]))
    assert [(one.id, one.name, one.since) for one in waiting] == [("42", "production", ms("2026-03-02T04:41:40Z"))]


@pytest.mark.parametrize("text", ["", None, "soon", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert parse.millis(text) is None


def recorded(contracts: Path, name: str) -> list[dict[str, Any]]:
    records = json.loads((contracts / "recorded" / "gitlab" / name).read_text())["records"]
    return [record["item"] for record in records]


def test_every_recorded_pipeline_of_a_list_is_read(contracts: Path) -> None:
    items = recorded(contracts, "devlake.pipelines_list.json")
    pipes = [parse.pipeline("src", msgspec.convert(item, parse.PipelinePayload)) for item in items]
    assert len(pipes) == 10
    assert [(pipe.id, pipe.number, pipe.name, pipe.status, pipe.event) for pipe in pipes[:5]] == [
        ("457474837", "1", "charts", "running", "external"),
        ("457474996", "2", "charts", "failed", "external"),
        ("457475160", "3", "charts", "failed", "external"),
        ("457475337", "4", "charts", "running", "external"),
        ("485811050", "5", "charts", "failed", "push"),
    ]
    assert [pipe.updated_at for pipe in pipes[:2]] == [None, ms("2022-01-27T10:07:19.043Z")]
    assert {pipe.status for pipe in pipes[5:]} == {"failed"}
    for pipe, item in zip(pipes, items, strict=True):
        assert (pipe.branch, pipe.commit, pipe.url) == (item["ref"], item["sha"], item["web_url"])
        assert pipe.created_at == ms(item["created_at"])


def test_every_recorded_pipeline_by_itself_is_read(contracts: Path) -> None:
    items = recorded(contracts, "devlake.pipeline_details.json")
    pipes = [parse.pipeline("src", msgspec.convert(item, parse.PipelinePayload)) for item in items]
    assert [(pipe.number, pipe.status) for pipe in pipes] == [
        ("36229", "passed"), ("36241", "passed"), ("36242", "failed"), ("36243", "failed"), ("36244", "failed"),
        ("36245", "failed"), ("36246", "passed"), ("36247", "passed"),
    ]  # fmt: skip
    assert {pipe.name for pipe in pipes} == {"vdev.co"}
    for pipe, item in zip(pipes, items, strict=True):
        assert pipe.actor == item["user"]["username"]
        assert pipe.started_at == ms(item["started_at"])
        assert pipe.ended_at == ms(item["finished_at"])
        assert pipe.updated_at == ms(item["updated_at"])


def test_every_recorded_job_is_read(contracts: Path) -> None:
    items = recorded(contracts, "devlake.jobs.json")
    found = {job.id: job for job in parse.jobs([msgspec.convert(item, parse.JobPayload) for item in items])}
    assert {key: (job.name, job.stage, job.status) for key, job in found.items()} == {
        "96": ("format", "test", "failed"),
        "109": ("compile", "build", "passed"),
        "152": ("format", "test", "failed"),
    }
    assert (found["152"].started_at, found["152"].ended_at) == (None, ms("2022-08-25T23:00:08.594Z"))
    assert found["109"].started_at == ms("2022-07-25T15:35:14.724Z")


def test_the_modelled_pipeline_job_bridge_and_report_are_read(contracts: Path) -> None:
    folder = contracts / "recorded" / "gitlab"

    def model(name: str, kind: type[T]) -> T:
        return msgspec.json.decode((folder / f"gitlab4j.{name}.json").read_bytes(), type=kind)

    pipe = parse.pipeline("src", model("pipeline", parse.PipelinePayload))
    assert (pipe.id, pipe.name, pipe.status, pipe.title) == ("46", "Custom pipeline name", "passed", "")
    assert pipe.ended_at == ms("2016-08-11T11:32:35.145Z")
    raw = model("job", parse.JobPayload)
    job, bridge = parse.jobs([raw])[0], parse.jobs([model("bridge", parse.JobPayload)])[0]
    assert (job.name, job.status, job.reason, job.queued_at) == (
        "teaspoon", "failed", "script failure", ms("2015-12-24T17:54:27.712Z"),
    )  # fmt: skip
    assert parse.has_test_report([raw])
    assert (bridge.status, bridge.url) == ("queued", "https://example.com/diaspora/diaspora-client/pipelines/5")
    told = reports.summary(model("pipeline-test-report-summary", reports.SummaryPayload))
    assert isinstance(told, CaseReport)
    assert (told.total, told.passed, told.failed, told.errors, told.skipped) == (3363, 3351, 0, 0, 12)
    assert [case.message for case in told.failures] == ["Another error"]
