"""What can be copied of pipelines and jobs."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.pipeline_copies import job_copies, pipeline_copies, pipeline_json
from quarterdeck.app.records import Approval, Case, CaseReport, CommitCheck, Deployment, Job, Pipeline, Step

AT = 1_773_000_000_000


def job(**changes: Any) -> Job:
    facts: dict[str, Any] = {"id": "31745", "name": "test", "status": "failed", "raw_status": "failure",
                             "started_at": AT, "ended_at": AT + 65_000,
                             "steps": (Step(name="make test", status="failed", number=1),)}  # fmt: skip
    return Job(**(facts | changes))


def pipeline(**changes: Any) -> Pipeline:
    facts: dict[str, Any] = {
        "source": "c" * 16, "id": "team/churn#14", "name": "nightly", "number": "214", "status": "failed",
        "branch": "main", "commit": "4f2c91a" + "0" * 33, "url": "https://ci.acme/14", "created_at": AT,
        "jobs": (job(),),
    }  # fmt: skip
    return Pipeline(**(facts | changes))


def forms(*pipelines: Pipeline) -> dict[str, str]:
    return {copy.label: copy.text for copy in pipeline_copies([(one, "ci") for one in pipelines])}


def test_one_pipeline_in_each_form() -> None:
    made = forms(pipeline())
    assert made["id"] == "team/churn#14"
    assert made["address"] == "https://ci.acme/14"
    assert made["command"] == "quarterdeck open pipeline/team%2Fchurn%2314"
    assert made["command to re-run"] == "quarterdeck pipeline rerun 'team/churn#14'"
    assert made["commit"].startswith("4f2c91a")
    assert "| `test` | failed | 1 m 05 s |" in made["Markdown"]
    assert json.loads(made["JSON"])["jobs"][0]["steps"][0]["name"] == "make test"


def test_several_are_a_line_or_an_item_each() -> None:
    made = forms(pipeline(), pipeline(id="15", number="215"))
    assert made["ids"].split("\n") == ["team/churn#14", "15"]
    assert made["commit"].count("\n") == 0  # both ran on the same
    assert [one["id"] for one in json.loads(made["JSON"])] == ["team/churn#14", "15"]


def test_what_is_not_known_is_null_and_not_empty() -> None:
    found = pipeline_json(pipeline(jobs=None, commit=None, created_at=None), "ci")
    assert (found["jobs"], found["tests"], found["commit"], found["created_at"]) == (None, None, None, None)
    assert pipeline_json(pipeline(jobs=()), "ci")["jobs"] == []


def test_tests_approvals_deployments_and_checks_are_part_of_the_json() -> None:
    found = pipeline_json(
        pipeline(
            report=CaseReport(total=2, passed=1, failed=1, failures=(Case(name="test_x", message="no"),)),
            approvals=(Approval(id="7", name="prod", since=AT, reviewers=("bo",)),),
            deployments=(Deployment(id="1", environment="staging", status="passed", at=AT),),
            checks=(CommitCheck(name="patch", status="failed", raw_status="failure", app="codecov", ended_at=AT),),
        ),
        "ci",
    )
    assert found["tests"]["failures"] == [{"suite": "", "name": "test_x", "message": "no"}]
    assert found["approvals"][0]["reviewers"] == ["bo"]
    assert found["deployments"][0]["environment"] == "staging"
    assert found["checks"] == [
        {"name": "patch", "status": "failed", "raw_status": "failure", "app": "codecov", "started_at": None,
         "ended_at": "2026-03-08T20:00:00Z", "url": "", "text": ""},
    ]  # fmt: skip


def test_a_hostile_name_stays_within_its_cell_and_its_quotes() -> None:
    made = forms(pipeline(name="a`|b\n# c", title="`x` | y", id="$(reboot)"))
    assert "\n# c" not in made["Markdown"]
    assert made["command"] == "quarterdeck open pipeline/%24%28reboot%29"
    assert made["command to re-run"] == "quarterdeck pipeline rerun '$(reboot)'"


def test_a_job_is_worth_its_id_and_the_command_for_its_log() -> None:
    made = {copy.label: copy.text for copy in job_copies(job(url="https://ci.acme/14/2"))}
    assert made["id of the job"] == "31745"
    assert made["command for its log"] == "quarterdeck pipeline log 31745"
    assert made["address of the job"] == "https://ci.acme/14/2"


def test_no_pipeline_is_no_form() -> None:
    assert pipeline_copies([]) == []
