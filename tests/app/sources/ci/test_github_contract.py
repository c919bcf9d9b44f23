"""What we ask of GitHub, and what our own GitHub answers, held against the published specification."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.github import GithubVendor
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.github import API, TOKEN, Asked, Github
from tests.servers.github_artifacts import junit, zipped
from tests.servers.openapi import Specification

FILE = (
    Path(__file__).parents[4].parent / "shared/contracts/openapi/github/github-actions-checks-commits.openapi.json"
)  # fmt: skip

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the specification is not here")


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification(FILE)


def spoken(asked: Asked) -> str:
    """The path as the specification writes it: pages go by the repository's number."""
    return asked.path.removeprefix(API).replace("/repositories/9/", "/repos/acme/churn/")


async def everything(github: Github, vendor: GithubVendor) -> None:
    """Each request that there is, at least once."""
    runs = [github.add("failure") for _ in range(130)]
    waiting = github.add(None, status="in_progress")
    github.wait_for(waiting, "production")
    github.deploy(waiting, "staging", "in_progress")
    github.upload(waiting, "junit", zipped({"junit.xml": junit(3)}))
    for number in range(101):
        github.check(waiting, f"codecov/{number}", "success")
        github.say(waiting, f"ci/{number}", "success")
    github.logs[github.jobs[runs[0]][0]["id"]] = b"line\n"
    first = await vendor.page(None)
    await vendor.page(first.next)
    mark = [page.mark async for page in vendor.recent({})][-1]
    assert mark is not None
    assert [page async for page in vendor.recent(mark)]
    assert await vendor.one(str(waiting))
    found = await vendor.looked_at(str(waiting))
    assert found is not None
    assert found.report is not None
    assert len(found.checks) == 200
    for run in runs[:2]:
        assert [part async for part in vendor.log(str(run), str(github.jobs[run][0]["id"]), 0)]
    await vendor.rerun(str(runs[0]), failed_only=False, key="k")
    await vendor.rerun(str(runs[1]), failed_only=True, key="k")
    await vendor.cancel(str(runs[0]))
    await vendor.approve(str(waiting), ("500",), "go")
    with pytest.raises(SourceError):
        await vendor.cancel(str(runs[0]))


async def test_all_that_is_asked_is_in_the_specification(specification: Specification) -> None:
    with Github().serving() as github:
        http = Http(github.base_url, credential=Credential.bearer(github.base_url, TOKEN))
        spec = SourceSpec(key="k", kind="github", name="github", address=github.base_url)
        vendor = GithubVendor(spec, http, repository="acme/churn")
        await everything(github, vendor)
        await vendor.close()
    calls = {(one.method, specification.route(spoken(one))) for one in github.asked}
    assert {(template or "").rpartition("}")[2] for _, template in calls} == {
        "/actions/runs", "", "/jobs", "/logs", "/rerun", "/rerun-failed-jobs", "/cancel", "/pending_deployments",
        "/statuses", "/deployments", "/artifacts", "/check-runs", "/status",
    }  # fmt: skip
    for one in github.asked:
        if (one.method, spoken(one).rpartition("/")[2]) == ("POST", "pending_deployments"):
            assert set(json.loads(one.body)) == {"environment_ids", "state", "comment"}  # the file holds its GET alone
            continue
        assert specification.problems_of_request(one.method, spoken(one), one.query, one.body) == [], one
        assert one.headers["x-github-api-version"] == "2022-11-28"
        assert one.headers["accept"] == "application/vnd.github+json"


def test_our_own_github_answers_as_the_specification_says(specification: Specification) -> None:
    with Github().serving() as github:
        run = github.add(None, status="in_progress")
        github.wait_for(run, "production")
        github.upload(run, "junit", b"PK")
        sha = github.runs[run]["head_sha"]
        for _ in range(2):
            github.check(run, "codecov/patch", "failure")
            github.check(run, "license", None)
            github.say(run, "ci/circleci: build", "pending")
        job = github.jobs[run][0]["id"]
        for path in (
            "actions/runs", f"actions/runs/{run}", f"actions/runs/{run}/jobs", f"actions/jobs/{job}",
            f"actions/runs/{run}/pending_deployments", f"actions/runs/{run}/artifacts", "deployments",
            f"deployments/{github.deploy(run, 'x', 'success')}/statuses", f"commits/{sha}/check-runs",
            f"commits/{sha}/status",
        ):  # fmt: skip
            told = github.answer(
                Asked("GET", f"{API}/repos/acme/churn/{path}", {}, {"authorization": f"Bearer {TOKEN}"}, b"")
            )
            assert specification.problems_of_answer("GET", f"/repos/acme/churn/{path}", told.status, told.body) == []
    assert urlsplit(github.base_url).path == API


def test_the_check_itself_finds_what_is_wrong(specification: Specification) -> None:
    runs = "/repos/acme/churn/actions/runs"
    assert specification.problems_of_request("GET", runs, {"per_page": "100", "status": "in_progress"}) == []
    assert specification.problems_of_request("GET", runs, {"updated_since": "1"}) == ["no parameter updated_since"]
    assert specification.problems_of_request("GET", runs, {"status": "passing"})
    assert specification.problems_of_request("DELETE", runs, {}) == [f"no DELETE {runs}"]
    assert specification.problems_of_answer("GET", runs, 200, {"total_count": 1, "workflow_runs": [{"id": 1}]})
