"""What Jenkins answers, recorded and of our own making, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from quarterdeck.app.records import Pipeline
from quarterdeck.app.sources.jenkins import parse, reports
from quarterdeck.app.sources.jenkins.client import ItemPayload, QueuePayload
from quarterdeck.app.sources.jenkins.parse import BuildPayload, RunPayload, StagePayload
from quarterdeck.app.sources.jenkins.places import Place, address, cleaned, taken_apart
from quarterdeck.app.sources.jenkins.reports import ReportPayload

T = TypeVar("T")

OURS = Path(__file__).parents[2] / "payloads" / "jenkins"
BASE = "https://jenkins.example"
MAIN = Place(path="team/train/main", is_branch=True)


def read(content: bytes | str, kind: type[T]) -> T:
    return msgspec.json.decode(content, type=kind)


def ours(name: str, kind: type[T]) -> T:
    return read((OURS / name).read_bytes(), kind)


def row(build: BuildPayload, path: str = "team/train", *, is_branch: bool = False) -> Pipeline:
    return parse.pipeline("key", Place(path=path, is_branch=is_branch), build, BASE)


@pytest.fixture
def recorded(contracts: Path) -> Path:
    return contracts / "recorded" / "jenkins"


def records(file: Path) -> list[dict[str, Any]]:
    return [one["item"] for one in json.loads(file.read_text())["records"]]


# -- recorded ---------------------------------------------------------------------------------------------------


def test_recorded_builds_have_their_commits_times_and_starters(recorded: Path) -> None:
    builds = [row(read(json.dumps(item), BuildPayload)) for item in records(recorded / "devlake.builds.json")]
    assert [one.number for one in builds] == ["31", "21", "11", "23", "47", "37", "27"]
    assert [one.status for one in builds] == ["passed"] * 6 + ["running"]
    assert [one.branch for one in builds] == ["main"] * 3 + [""] * 4
    assert builds[2].commit == "ceeffdfdd06bce232f9adb3a656265bad13a8473"
    assert [one.commit is None for one in builds] == [False] * 3 + [True] * 4
    assert {(one.event, one.actor) for one in builds} == {("manual", "merico")}
    assert (builds[0].started_at, builds[0].ended_at) == (1650024049161, 1650024049161 + 1587)
    assert builds[6].ended_at is None


def test_a_recorded_build_with_a_result_that_still_runs_is_not_green(recorded: Path) -> None:
    last = read(json.dumps(records(recorded / "devlake.builds.json")[-1]), BuildPayload)
    assert last.result == "SUCCESS"
    assert (row(last).status, row(last).raw_status) == ("running", "SUCCESS")


def test_recorded_stages_have_the_word_of_the_plugin_beside_ours(recorded: Path) -> None:
    stages = [read(json.dumps(item), StagePayload) for item in records(recorded / "devlake.wfapi_stages.json")]
    pipeline = row(BuildPayload(number=1))
    jobs = parse.with_stages(pipeline, RunPayload(stages=stages)).jobs or ()
    assert len(jobs) == 19
    words = [(job.status, job.raw_status) for job in jobs]
    assert {word: words.count(word) for word in set(words)} == {
        ("passed", "SUCCESS"): 12,
        ("failed", "FAILED"): 3,
        ("cancelled", "ABORTED"): 3,
        ("failed", "UNSTABLE"): 1,
    }
    assert (jobs[0].name, jobs[0].started_at, jobs[0].ended_at) == ("Hello", 1662651634424, 1662651634503)
    assert jobs[9].name == "scp-f/b"
    assert [job.reason for job in jobs if job.raw_status == "FAILED"] == [
        "script returned exit code 1",
        "script returned exit code 137",
        "script returned exit code 1",
    ]


def test_a_recorded_freestyle_build_keeps_its_parameters(recorded: Path) -> None:
    build = read((recorded / "api4jenkins.run.freestylebuild.json").read_bytes(), BuildPayload)
    pipeline = row(build, "freestylejob")
    assert (pipeline.id, pipeline.status, pipeline.title) == ("freestylejob#14", "passed", "")
    assert (pipeline.started_at, pipeline.ended_at) == (1619167515987, 1619168115321)
    assert pipeline.url == "http://0.0.0.0:8080/job/freestylejob/14/"
    assert parse.parameters(build) == {"arg": "value1"}
    assert (parse.starter(build), build.may_have_stages, build.has_report) == ("admin", False, False)


def test_a_recorded_build_of_2014_without_classes_is_read(recorded: Path) -> None:
    build = read((recorded / "node-jenkins.buildGet.json").read_bytes(), BuildPayload)
    pipeline = row(build)
    assert (pipeline.status, pipeline.event, pipeline.actor) == ("passed", "manual", "anonymous")
    assert (pipeline.started_at, pipeline.ended_at) == (1406265317652, 1406265317663)
    assert build.may_have_stages


def test_a_recorded_folder_tells_jobs_from_folders(recorded: Path) -> None:
    folder = read((recorded / "api4jenkins.job.folder.json").read_bytes(), ItemPayload)
    assert folder.is_folder
    assert [(item.name, item.is_folder) for item in folder.jobs or ()] == [
        ("Level2_FreeStyleProject", False),
        ("pipeline", False),
        ("Level2_MatrixProject", False),
        ("folder2", True),
    ]


def test_recorded_lists_of_jobs_and_a_job_without_builds_are_read(recorded: Path) -> None:
    server = read((recorded / "node-jenkins.jobList.json").read_bytes(), ItemPayload)
    assert [item.is_folder for item in server.jobs or ()] == [False, False]
    job = read((recorded / "node-jenkins.jobGet.json").read_bytes(), ItemPayload)
    assert (job.last_build, job.is_folder) == (None, False)


@pytest.mark.parametrize(
    ("name", "number"), [("api4jenkins.queue.leftitem.json", 54), ("node-jenkins.queueItem.json", 28)]
)
def test_a_recorded_item_of_the_queue_knows_its_build(recorded: Path, name: str, number: int) -> None:
    item = read((recorded / name).read_bytes(), QueuePayload)
    assert item.executable is not None
    assert item.executable.number == number


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "stage-view.wfapi_runs.01_rest_api_jobHistory.json",
            [["passed"] * 3, ["passed"] * 3, ["passed"]],
        ),
        (
            "stage-view.wfapi_runs.04_rest_api_runs_failed.json",
            [["passed", "passed", "failed"], ["passed"] * 4],
        ),
        ("stage-view.wfapi_runs.07_rest_api_runs_in_progress.json", [["passed", "running"]]),
    ],
)
def test_the_plugins_own_samples_of_runs_are_read(recorded: Path, name: str, expected: list[list[str]]) -> None:
    runs = read((recorded / name).read_bytes(), list[RunPayload])
    found = [parse.with_stages(row(BuildPayload(number=1)), run).jobs or () for run in runs]
    assert [[job.status for job in jobs] for jobs in found] == expected
    assert all(job.ended_at is None for jobs in found for job in jobs if job.status == "running")
    assert all(len({job.id for job in jobs}) == len(jobs) for jobs in found)


def test_the_plugins_documented_samples_are_read(recorded: Path) -> None:
    samples = (recorded / "wfapi-README-samples.txt").read_text().split("\n----\n")
    paused = read(samples[3], RunPayload)
    pipeline = parse.with_stages(row(BuildPayload(number=16, building=True)), paused)
    assert (pipeline.status, pipeline.raw_status) == ("waiting", "PAUSED_PENDING_INPUT")
    assert [job.status for job in pipeline.jobs or ()] == ["passed", "passed", "waiting"]
    node = read(samples[7], StagePayload)
    job = parse.with_steps((pipeline.jobs or ())[1], node)
    assert (job.reason, [step.status for step in job.steps]) == ("script returned exit code 1", ["failed"])
    assert (job.steps[0].started_at, job.steps[0].ended_at) == (1413462240999, 1413462245998)


# -- of our own making ------------------------------------------------------------------------------------------


def test_a_branch_of_a_multibranch_project_stands_under_the_project() -> None:
    pipeline = row(ours("build-multibranch.json", BuildPayload), "team/train/feature%2Fnew%20loss", is_branch=True)
    assert (pipeline.id, pipeline.name) == ("team/train/feature%2Fnew%20loss#3", "team/train")
    assert (pipeline.branch, pipeline.commit) == ("feature/new loss", "2" * 40)
    assert (pipeline.event, pipeline.actor, pipeline.title) == ("push", "", "loss v2")
    assert (pipeline.status, pipeline.raw_status) == ("failed", "UNSTABLE")
    assert pipeline.url == f"{BASE}/job/team/job/train/job/feature%252Fnew%2520loss/3/"


def test_a_running_build_has_no_end_yet() -> None:
    pipeline = row(ours("build-running.json", BuildPayload), "team/train/main", is_branch=True)
    assert (pipeline.status, pipeline.raw_status, pipeline.event) == ("running", "BUILDING", "timer")
    assert (pipeline.started_at, pipeline.ended_at, pipeline.title) == (1795340100000, None, "")
    assert pipeline.url == "https://jenkins.example/job/team/job/train/job/main/214/"


@pytest.mark.parametrize(
    ("result", "building", "status"),
    [
        ("SUCCESS", False, "passed"),
        ("FAILURE", False, "failed"),
        ("UNSTABLE", False, "failed"),
        ("ABORTED", False, "cancelled"),
        ("NOT_BUILT", False, "skipped"),
        ("GLORIOUS", False, "unknown"),
        (None, False, "unknown"),
        (None, True, "running"),
        (None, None, "running"),
        ("SUCCESS", None, "passed"),
    ],
)
def test_every_result_has_its_word(result: str | None, building: bool | None, status: str) -> None:
    assert row(BuildPayload(number=1, timestamp=5, result=result, building=building)).status == status


def test_a_stage_that_was_not_reached_has_no_times_and_an_unknown_word_is_not_green() -> None:
    pipeline = parse.with_stages(
        row(ours("build-multibranch.json", BuildPayload)), ours("describe-failed.json", RunPayload)
    )
    jobs = pipeline.jobs or ()
    assert [job.status for job in jobs] == ["passed", "failed", "skipped", "unknown"]
    assert [job.id for job in jobs] == [f"team/train#3/{node}" for node in (6, 11, 19, 23)]
    assert (jobs[2].started_at, jobs[2].ended_at) == (None, None)
    assert jobs[1].reason == "script returned exit code 1"


def test_a_failed_stage_says_which_step_failed_and_why() -> None:
    pipeline = parse.with_stages(
        row(ours("build-multibranch.json", BuildPayload)), ours("describe-failed.json", RunPayload)
    )
    job = parse.with_steps((pipeline.jobs or ())[1], ours("node-failed.json", StagePayload))
    assert [(step.number, step.status) for step in job.steps] == [(1, "passed"), (2, "failed")]
    assert job.reason == "script returned exit code 137"


@pytest.mark.parametrize("run", [None, RunPayload(status="FAILED")])
def test_a_build_without_stages_is_one_job(run: RunPayload | None) -> None:
    pipeline = parse.with_stages(row(ours("build-multibranch.json", BuildPayload)), run)
    (job,) = pipeline.jobs or ()
    assert (job.id, job.name, job.status) == (pipeline.id, "train", "failed")
    assert (job.started_at, job.ended_at) == (pipeline.started_at, pipeline.ended_at)


def test_tests_are_counted_one_by_one_and_not_by_the_header() -> None:
    report = reports.report(ours("report.json", ReportPayload))
    assert (report.total, report.passed, report.failed, report.errors, report.skipped) == (6, 2, 2, 1, 1)
    first, second, odd = report.failures
    assert (first.name, first.suite, first.seconds) == ("test_positive", "features.prices", 1.25)
    assert (
        first.message == "3 rows are negative\nTraceback (most recent call last):\nAssertionError: 3 rows are negative"
    )
    assert (second.suite, second.message) == ("features", "KeyError: 'id'")
    assert odd.name == "test_odd"


def test_the_reports_of_a_matrix_are_added_up() -> None:
    report = reports.report(ours("report-aggregated.json", ReportPayload))
    assert (report.total, report.passed, report.failed, report.skipped) == (5, 3, 1, 1)


def test_counts_alone_are_believed_where_there_are_no_tests() -> None:
    report = reports.report(ours("report-counts.json", ReportPayload))
    assert (report.total, report.passed, report.failed, report.skipped, report.failures) == (5, 3, 1, 1, ())


def test_a_report_of_nothing_is_not_green() -> None:
    assert reports.report(ReportPayload()).total == 0


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("refs/remotes/origin/main", "main"),
        ("refs/remotes/upstream/feature/x", "feature/x"),
        ("origin/main", "main"),
        ("refs/heads/release", "release"),
        ("feature/x", "feature/x"),
        ("detached", ""),
    ],
)
def test_branches_are_called_as_people_call_them(name: str, branch: str) -> None:
    assert parse.branch_of(name) == branch


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "true"), (False, "false"), (7, "7"), ("a b", "a b"), (None, None), ({"run": 1}, None)],
)
def test_parameters_are_written_as_a_form_holds_them(value: object, written: str | None) -> None:
    build = BuildPayload(number=1, actions=[{"parameters": [{"name": "p", "value": value}, {"value": "no name"}]}])
    assert parse.parameters(build) == {"p": written}


def test_places_have_addresses_and_ids_that_lead_back() -> None:
    assert MAIN.build_id(214) == "team/train/main#214"
    assert taken_apart("team/train/main#214/6") == ("team/train/main", "214")
    assert taken_apart("team/train#q57") == ("team/train", "q57")
    assert address("a b/feature%2Fx") == "job/a%20b/job/feature%252Fx"
    assert (MAIN.name, MAIN.branch) == ("team/train", "main")


@pytest.mark.parametrize("odd", ["", "#", "#3", "train", "train#", "train#x", "train#3x", "17"])
def test_what_is_no_build_is_not_taken_for_one(odd: str) -> None:
    assert taken_apart(odd) is None


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("team/train", "team/train"),
        ("/team/train/", "team/train"),
        ("job/team/job/train/", "team/train"),
        ("job/feature%252Fx/job/a", "feature%2Fx/a"),
        ("job/train", "train"),
        ("job", "job"),
        ("", ""),
    ],
)
def test_a_path_is_understood_as_people_write_it(written: str, path: str) -> None:
    assert cleaned(written) == path
