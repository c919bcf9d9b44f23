"""GitHub's payloads to records: recorded answers where they are at hand, and odd ones of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Pipeline, SourceSpec
from quarterdeck.app.sources.github import GithubVendor, parse
from quarterdeck.app.sources.http import Credential, Http
from quarterdeck.app.sources.trouble import is_limit

RECORDED = Path(__file__).parents[4].parent / "shared/contracts/recorded/github"
PAYLOADS = Path(__file__).parents[3] / "payloads/github"
SECRET = "ghp_recorded"

EXPECTED = {
    "success": "passed", "failure": "failed", "timed_out": "failed", "startup_failure": "failed",
    "cancelled": "cancelled", "skipped": "skipped", "neutral": "skipped", "action_required": "waiting",
    "stale": "unknown", "queued": "queued", "requested": "queued", "pending": "queued", "waiting": "waiting",
    "in_progress": "running", "completed": "unknown", "exploded": "unknown",
}  # fmt: skip

recorded = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def bodies(content: Any) -> Iterator[dict[str, Any]]:
    """All objects in a recording, however deep."""
    if isinstance(content, dict):
        yield content
        for one in content.values():
            yield from bodies(json.loads(one) if isinstance(one, str) and one[:2] in ('{"', "[{") else one)
    elif isinstance(content, list):
        for one in content:
            yield from bodies(one)


def everything() -> list[dict[str, Any]]:
    return [body for file in sorted(RECORDED.glob("*.json")) for body in bodies(json.loads(file.read_text()))]


def runs() -> list[dict[str, Any]]:
    return [body for body in everything() if {"run_number", "head_sha", "created_at", "status"} <= set(body)]


def jobs() -> list[dict[str, Any]]:
    return [body for body in everything() if {"runner_id", "steps", "status"} <= set(body)]


def at(text: str | None) -> int | None:
    """Another way to read a time than the product's."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()) * 1000 if text else None


def word(raw: dict[str, Any]) -> str:
    return str(raw["conclusion"] or raw["status"])


def decoded(raw: dict[str, Any]) -> Pipeline:
    return parse.pipeline("s", msgspec.json.decode(json.dumps(raw), type=parse.Run))


@recorded
def test_every_recorded_run_is_read_with_its_status_times_and_names() -> None:
    found = runs()
    assert len(found) >= 60
    for raw in found:
        run = decoded(raw)
        assert (run.id, run.number) == (str(raw["id"]), str(raw["run_number"]))
        assert (run.status, run.raw_status) == (EXPECTED[word(raw)], word(raw))
        assert (run.created_at, run.updated_at) == (at(raw["created_at"]), at(raw["updated_at"]))
        assert (run.commit, run.branch, run.event) == (raw["head_sha"], raw["head_branch"] or "", raw["event"])
        assert run.name == (raw["name"] or Path(raw["path"]).stem)  # a file without a name has its own
        assert run.title == (raw.get("display_title") or (raw.get("head_commit") or {})["message"]).splitlines()[0]
        assert run.url == raw["html_url"]
        assert (run.ended_at is not None) == (raw["status"] == "completed")
    assert {run["conclusion"] for run in found} >= {"success", "cancelled", "action_required", None}


@recorded
def test_every_recorded_job_is_read_with_its_steps() -> None:
    found = jobs()
    assert len(found) >= 20
    for raw in found:
        job = parse.job(msgspec.json.decode(json.dumps(raw), type=parse.RunJob))
        assert (job.id, job.name) == (str(raw["id"]), raw["name"])
        assert (job.status, job.raw_status) == (EXPECTED[word(raw)], word(raw))
        assert job.ended_at == at(raw["completed_at"])
        assert job.started_at == (at(raw["started_at"]) if job.status not in ("queued", "waiting") else None)
        assert [step.name for step in job.steps] == [step["name"] for step in raw["steps"]]
        assert [step.status for step in job.steps] == [EXPECTED[word(step)] for step in raw["steps"]]
        assert [step.number for step in job.steps] == [step["number"] for step in raw["steps"]]


@recorded
def test_every_recorded_list_is_read_whole() -> None:
    lists = [body for body in everything() if {"workflow_runs", "total_count"} <= set(body)]
    assert sorted((one["total_count"], len(one["workflow_runs"])) for one in lists) == [
        (1, 1), (10, 10), (49, 20), (55, 1), (56, 1), (93, 20), (114, 1),
    ]  # fmt: skip
    for one in lists:
        assert len(msgspec.json.decode(json.dumps(one), type=parse.RunList).workflow_runs) == len(one["workflow_runs"])


class Replay(httpx.AsyncBaseTransport):
    """Answers as it was recorded, whoever asks first for an address first; nothing leaves the machine."""

    def __init__(self, name: str) -> None:
        read = json.loads((RECORDED / name).read_text())
        self.asked: list[httpx.Request] = []
        self.by_place: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for host in (read, *read.get("other_hosts", [])):
            for one in host["interactions"]:
                place = one["request"]["method"], one["request"]["url"].partition("?")[0]
                self.by_place.setdefault(place, []).append(one["response"])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.by_place.get((request.method, request.url.path))
        if found is None:
            return httpx.Response(404, json={"message": "Not Found"})
        told = found.pop(0) if len(found) > 1 else found[0]
        body = json.dumps(told["json"]).encode() if told.get("json") is not None else told.get("text", "").encode()
        headers = {name: value for name, value in told["headers"].items() if isinstance(value, str)}
        return httpx.Response(told["status"], headers=headers, content=body)


def replayed(name: str) -> tuple[GithubVendor, Replay]:
    transport = Replay(name)
    base = "https://api.github.com"
    http = Http(base, credential=Credential.bearer(base, SECRET), transport=transport)
    spec = SourceSpec(key="s", kind="github", name="github", address=base)
    return GithubVendor(spec, http, repository="hub4j-test-org/GHWorkflowRunTest"), transport


@recorded
async def test_a_recorded_run_comes_with_its_jobs_and_the_log_of_each() -> None:
    vendor, transport = replayed("GHWorkflowRunTest.testJobs.json")
    recorded_run = next(one for one in runs() if one["id"] == 719643947)
    found = await vendor.detail(decoded(recorded_run))
    assert [(job.name, job.status, len(job.steps)) for job in found.jobs or ()] == [
        ("job2", "passed", 3), ("job1", "passed", 3),
    ]  # fmt: skip
    assert found.ended_at == max(job.ended_at or 0 for job in found.jobs or ())
    first = next(job for job in found.jobs or () if job.name == "job2").steps[0]
    assert first.started_at == at("2021-04-05T17:42:56+0200")  # steps have their times in a zone of their own
    parts = [part async for part in vendor.log("719643947", "2270858630", 0)]
    text = b"".join(part.data for part in parts).decode()
    assert text.startswith("2021-04-05T15:42:49.0017341Z ##[section]Starting: Request a runner to run this job\r\n")
    assert parts[-1].is_last
    there = transport.asked[-1]
    assert there.url.host == "pipelines.actions.githubusercontent.com"
    assert "authorization" not in there.headers
    assert SECRET not in str(there.headers)
    await vendor.close()


@recorded
async def test_a_recorded_cancel_and_rerun_are_understood() -> None:
    vendor, transport = replayed("GHWorkflowRunTest.testCancelAndRerun.json")
    await vendor.cancel("686036126")
    await vendor.rerun("686036126", failed_only=False, key="k")
    await vendor.cancel("686036126")
    assert [request.url.path.rpartition("/")[2] for request in transport.asked] == ["cancel", "rerun", "cancel"]
    await vendor.close()


@recorded
@pytest.mark.parametrize(
    "name", ["RateLimitHandlerTest.testHandler_Wait", "AbuseLimitHandlerTest.testHandler_Wait_Secondary_Limits"]
)
def test_recorded_limits_are_told_from_refusals(name: str) -> None:
    read = json.loads((RECORDED / f"{name}.json").read_text())
    refused = [one["response"] for one in read["interactions"] if one["response"]["status"] == 403]
    assert refused
    for told in refused:
        headers = {name.lower(): value for name, value in told["headers"].items()}
        assert is_limit(403, headers, json.dumps(told["json"]).encode())


@pytest.mark.parametrize(("said", "status"), EXPECTED.items())
def test_each_word_has_one_meaning_and_is_kept(said: str, status: str) -> None:
    is_conclusion = said not in ("queued", "requested", "pending", "waiting", "in_progress", "completed")
    raw = ("completed", said) if is_conclusion else (said, None)
    assert parse.status_of(*raw) == (status, said)


def own(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def test_a_run_needs_an_id_a_status_and_a_date_only() -> None:
    (run,) = msgspec.json.decode(own("bare_run.json"), type=parse.RunList).workflow_runs
    found = parse.pipeline("s", run)
    assert (found.id, found.name, found.status, found.created_at) == ("7", "workflow", "running", 1767323045000)
    assert (found.title, found.actor, found.commit, found.attempt, found.ended_at) == ("", "", None, 1, None)


def test_odd_runs_are_read_and_never_green() -> None:
    listed = msgspec.json.decode(own("odd_runs.json"), type=parse.RunList).workflow_runs
    found = {run.id: parse.pipeline("s", run) for run in listed}
    assert (found[1].status, found[1].raw_status) == ("unknown", "exploded")
    assert (found[2].status, found[2].raw_status) == ("unknown", "hibernating")
    assert (found[3].name, found[3].actor, found[3].branch, found[3].title) == ("nightly", "", "", "")
    assert found[4].title == "Robert'); DROP TABLE runs;-- \x1b[31mred"
    assert found[5].created_at == 1767319445000
    assert found[5].started_at is None
    assert (found[6].attempt, found[6].event) == (4, "workflow_dispatch")


def test_jobs_of_all_attempts_stand_in_their_order_and_end_the_run() -> None:
    run = Pipeline(source="s", id="7", name="train", status="failed", attempt=2, ended_at=9, updated_at=9)
    found = parse.with_jobs(run, msgspec.json.decode(own("jobs.json"), type=parse.JobList).jobs)
    assert [(job.attempt, job.name, job.status) for job in found.jobs or ()] == [
        (1, "build", "passed"), (1, "train (3.11)", "failed"), (2, "build", "passed"), (2, "train (3.11)", "failed"),
    ]  # fmt: skip
    last = (found.jobs or ())[-1]
    assert [(step.number, step.name, step.status) for step in last.steps] == [
        (1, "Set up job", "passed"), (2, "step 2", "failed"), (3, "Upload", "skipped"), (4, "Complete job", "queued"),
    ]  # fmt: skip
    assert last.steps[0].started_at == 1767323176000  # 04:06:16.000+01:00
    assert last.steps[3].started_at is None  # the year 1
    assert found.ended_at == last.ended_at == 1767323400000


def test_a_run_that_passed_without_a_job_is_not_green() -> None:
    run = Pipeline(source="s", id="7", name="train", status="passed", raw_status="success")
    assert parse.with_jobs(run, ()).status == "unknown"


def test_a_job_that_waits_for_a_runner_has_not_begun() -> None:
    job = parse.job(
        parse.RunJob(id=1, status="queued", created_at="2026-01-02T03:04:05Z", started_at="2026-01-02T03:04:05Z")
    )
    assert (job.started_at, job.queued_at) == (None, 1767323045000)


def test_approvals_name_teams_too() -> None:
    listed = msgspec.json.decode(own("pending_deployments.json"), type=list[parse.PendingDeployment])
    (found,) = [parse.approval(one) for one in listed]
    assert (found.id, found.name, found.reviewers, found.is_mine) == (
        "161171787",
        "production",
        ("ann", "ml-leads"),
        False,
    )
    assert found.since == 1767323045000


async def test_the_address_of_githubs_pages_is_told_from_its_api() -> None:
    http = Http("https://github.com")
    spec = SourceSpec(key="s", kind="github", name="github", address="https://github.com")
    with pytest.raises(SourceError, match=r"https://api\.github\.com"):
        await GithubVendor(spec, http, repository="acme/churn").page(None)


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ("https://api.github.com", "https://api.github.com/repos/acme/churn/actions/runs"),
        ("https://ghe.acme/api/v3", "https://ghe.acme/api/v3/repos/acme/churn/actions/runs"),
        ("https://ghe.acme/", "https://ghe.acme/api/v3/repos/acme/churn/actions/runs"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/repos/acme/churn/actions/runs"),
    ],
)
async def test_enterprise_has_its_api_where_it_has_it(base: str, asked: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url).partition("?")[0])
        return httpx.Response(200, json={"workflow_runs": []})

    http = Http(base, transport=httpx.MockTransport(answer))
    vendor = GithubVendor(SourceSpec(key="s", kind="github", name="g", address=base), http, repository="acme/churn")
    assert (await vendor.page(None)).pipelines == ()
    assert seen == [asked]
    await vendor.close()
