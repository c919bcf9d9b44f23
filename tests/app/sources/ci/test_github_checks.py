"""What other apps say of a commit: recorded answers, odd ones of our own, and a server that remembers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import stamina

from quarterdeck.app.records import CommitCheck, Pipeline, SourceSpec, Want
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.github import GithubVendor, checks
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.github import TOKEN, UNICORN, Github, Told, once

KEY = "g" * 16
RECORDED = Path(__file__).parents[4].parent / "shared/contracts/recorded/github"
PAYLOADS = Path(__file__).parents[3] / "payloads/github"
AT = 1_767_323_045_000
"""2026-01-02T03:04:05Z"""

recorded = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def answers(name: str, path_end: str) -> list[Any]:
    """What was answered where the path ends so."""
    return [
        one["response"]["json"]
        for one in json.loads((RECORDED / name).read_text())["interactions"]
        if one["request"]["url"].partition("?")[0].endswith(path_end)
    ]


def decoded(raw: Any, kind: Any) -> Any:
    return msgspec.json.decode(json.dumps(raw), type=kind)


def at(text: str | None) -> int | None:
    """Another way to read a time than the product's."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()) * 1000 if text else None


# -- recorded -----------------------------------------------------------------------------------------------------


@recorded
def test_recorded_check_runs_of_actions_are_read_and_left_out_as_the_jobs_that_they_are() -> None:
    pages = answers("GHRepositoryTest.getCheckRuns.json", "/check-runs")
    raw = {one["id"]: one for page in pages for one in page["check_runs"]}
    assert {page["total_count"] for page in pages} == {8} == {len(raw)}
    for one in raw.values():
        found = checks.of_run(decoded(one, checks.CheckRun))
        assert (found.name, found.status, found.raw_status, found.app) == (
            one["name"], "passed", "success", "github-actions",
        )  # fmt: skip
        assert (found.started_at, found.ended_at) == (at(one["started_at"]), at(one["completed_at"]))
        assert (found.url, found.text) == (one["html_url"], "")
    lists = [decoded(page, checks.CheckRunList).check_runs for page in pages]
    assert [len(one) for one in lists] == [len(page["check_runs"]) for page in pages]
    assert checks.of_runs(one for some in lists for one in some) == []


@recorded
@pytest.mark.parametrize(
    ("name", "status", "word", "ended"),
    [
        ("webhook.check_run.created.0.json", "queued", "queued", None),
        ("webhook.check_run.completed.2.json", "passed", "success", "2019-05-15T15:21:12Z"),
    ],
)
def test_a_recorded_check_run_of_another_app_is_read(name: str, status: str, word: str, ended: str | None) -> None:
    raw = json.loads((RECORDED / name).read_text())["check_run"]
    (found,) = checks.of_runs([decoded(raw, checks.CheckRun)])
    assert (found.name, found.status, found.raw_status) == ("Octocoders-linter", status, word)
    assert (found.started_at, found.ended_at) == (at("2019-05-15T15:21:12Z"), at(ended))
    assert found.app == "octocoders-linter"  # it has no slug yet
    assert found.url == "https://github.com/Codertocat/Hello-World/runs/128620228"


@recorded
def test_of_recorded_statuses_the_newest_of_each_context_counts() -> None:
    (listed,) = answers("GHRepositoryTest.getLastCommitStatus.json", "/8051615eff597f4e49f4f47625e6fc2b49f26bfc")
    raw = decoded(listed, list[checks.CommitStatus])
    assert [one.state for one in raw] == ["success", "pending", "pending"]
    assert [checks.of_status(one).status for one in raw] == ["passed", "queued", "queued"]
    for order in (raw, raw[::-1]):
        assert checks.of_statuses(order) == [
            CommitCheck(
                name="ci/circleci: build", status="passed", raw_status="success", ended_at=at("2020-03-07T16:39:49Z"),
                url=listed[0]["target_url"], text="Your tests passed on CircleCI!",
            )
        ]  # fmt: skip


# -- of our own ---------------------------------------------------------------------------------------------------


def test_odd_check_runs_are_read_and_never_green() -> None:
    raw = msgspec.json.decode((PAYLOADS / "check_runs.json").read_bytes(), type=checks.CheckRunList)
    found = checks.in_order(checks.of_runs(raw.check_runs))
    assert [(one.name, one.status, one.raw_status, one.app) for one in found] == [
        ("a \x1b[31mred\x1b]0;title\x07 check", "unknown", "exploded", "new-app"),
        ("check 36", "queued", "queued", ""),
        ("codecov/patch", "failed", "failure", "codecov"),
        ("Docs preview", "unknown", "stale", ""),
        ("license", "unknown", "hibernating", "license"),
        ("Build image", "passed", "success", "cloud-build"),
    ]  # fmt: skip
    by_name = {one.name: one for one in found}
    patch = by_name["codecov/patch"]
    assert (patch.started_at, patch.ended_at) == (AT, AT + 60_000)
    assert (patch.url, patch.text) == ("https://github.example/runs/31", "61.5% of diff hit")
    assert (by_name["check 36"].started_at, by_name["check 36"].text) == (AT, "")
    assert by_name["license"].url == "https://license.example"
    assert by_name["Docs preview"].ended_at is None


def test_odd_statuses_are_read_and_never_green() -> None:
    raw = msgspec.json.decode((PAYLOADS / "combined_status.json").read_bytes(), type=checks.CombinedStatus)
    found = checks.in_order(checks.of_statuses(raw.statuses))
    assert [(one.name, one.status, one.raw_status) for one in found] == [
        ("default", "unknown", "splendid"),
        ("sonar \x1b[2J", "failed", "error"),
        ("tide", "queued", "pending"),
        ("ci/circleci: build", "passed", "success"),
    ]  # fmt: skip
    assert {one.app for one in found} == {""}
    assert [(one.started_at, one.ended_at) for one in found] == [
        (None, None), (None, AT + 121_000), (AT + 120_000, None), (None, AT + 120_000),
    ]  # fmt: skip
    assert [one.text for one in found] == ["", "It fell over", "", "Your tests passed on CircleCI!"]


def test_what_is_kept_of_a_commit_is_bounded_and_what_is_not_well_is_kept_first() -> None:
    many = [CommitCheck(name=f"{number:03}", status="passed") for number in range(checks.MOST)]
    kept = checks.in_order([*many, CommitCheck(name="z", status="failed")])
    assert (len(kept), kept[0].name, kept[-1].name) == (checks.MOST, "z", "198")
    long = checks.of_status(checks.CommitStatus(state="success", description="x" * 9_000))
    assert len(long.text) == 300


# -- from the server ----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def github() -> Iterator[Github]:
    with Github().serving() as server:
        yield server


@pytest.fixture
async def source(github: Github) -> AsyncIterator[CiSource]:
    spec = SourceSpec(key=KEY, kind="github", name="github", address=github.base_url)

    def open_now() -> GithubVendor:
        http = Http(github.base_url, credential=Credential.bearer(github.base_url, TOKEN))
        return GithubVendor(spec, http, repository="acme/churn")

    one = CiSource(spec, open_now, abilities=GithubVendor.abilities)
    yield one
    await one.close()


async def looked_at(source: CiSource, run: int) -> Pipeline:
    want = Want(kind="pipeline", source=KEY, pipelines=(str(run),))
    (found,) = [one async for batch in source.want(want) for one in batch.pipelines]
    assert found.jobs  # whatever becomes of its checks
    return found


async def checks_of(source: CiSource, run: int) -> list[tuple[str, str, str]]:
    return [(one.name, one.status, one.app) for one in (await looked_at(source, run)).checks]


def asked_for(github: Github, end: str) -> int:
    return sum(1 for one in github.asked if one.path.endswith(end))


def a_run_with_checks(github: Github) -> int:
    run = github.add()
    github.check(run, "job-0", "success", app="github-actions")
    github.check(run, "codecov/patch", "failure")
    github.check(run, "license", None, app="lawyer")
    github.say(run, "ci/circleci: build", "pending")
    github.say(run, "ci/circleci: build", "success")
    return run


EVERYTHING = [
    ("codecov/patch", "failed", "codecov"), ("license", "running", "lawyer"), ("ci/circleci: build", "passed", ""),
]  # fmt: skip


async def test_a_run_that_is_looked_at_says_what_others_said_of_its_commit(github: Github, source: CiSource) -> None:
    run, other = a_run_with_checks(github), github.add()
    assert await checks_of(source, run) == EVERYTHING
    assert await checks_of(source, other) == []


async def test_all_pages_are_read(github: Github, source: CiSource) -> None:
    run = github.add()
    github.check(run, "last", "failure")
    github.say(run, "end", "error")
    for number in range(150):
        github.check(run, f"job-{number}", "success", app="github-actions")
        github.say(run, f"ci/{number:03}", "success")
    found = await checks_of(source, run)
    assert found[:2] == [("end", "failed", ""), ("last", "failed", "codecov")]
    assert len(found) == 152
    assert (asked_for(github, "/check-runs"), asked_for(github, "/status")) == (2, 2)
    assert await checks_of(source, run) == found
    assert github.unchanged >= 4  # asked again they are free of charge


async def test_passes_and_acts_ask_for_no_checks(github: Github, source: CiSource) -> None:
    run = a_run_with_checks(github)
    assert [one async for batch in source.poll({}) for one in batch.pipelines]
    assert await source.one(str(run))
    assert asked_for(github, "/check-runs") == asked_for(github, "/status") == 0


@pytest.mark.parametrize(
    ("shut", "rest"), [("/check-runs", EVERYTHING[2:]), ("/status", EVERYTHING[:2])], ids=["checks", "statuses"]
)
async def test_a_login_that_may_not_read_them_reads_the_rest_and_asks_no_more(
    github: Github, source: CiSource, shut: str, rest: list[tuple[str, str, str]]
) -> None:
    run = a_run_with_checks(github)
    told = Told({"message": "Resource not accessible by personal access token"}, 403)
    github.faults = [once(shut, told, times=99)]
    for _ in range(3):
        assert await checks_of(source, run) == rest
    assert asked_for(github, shut) == 1


async def test_a_commit_that_is_gone_shuts_nothing(github: Github, source: CiSource) -> None:
    run = a_run_with_checks(github)
    github.faults = [once("/check-runs", Told({"message": "Not Found"}, 404))]
    assert await checks_of(source, run) == EVERYTHING[2:]
    assert await checks_of(source, run) == EVERYTHING


@pytest.mark.parametrize(
    "told",
    [
        UNICORN,
        Told({"message": "No commit found for SHA"}, 422),
        Told({"check_runs": "none", "statuses": 7}),
        Told({"message": "You have exceeded a secondary rate limit."}, 403, {"Retry-After": "0"}),
        Told(status=0),
    ],
    ids=["unicorn", "422", "not understood", "limited", "hung up"],
)
@pytest.mark.parametrize("where", ["/check-runs", "/status"])
async def test_trouble_with_checks_leaves_the_run_readable(
    github: Github, source: CiSource, told: Told, where: str
) -> None:
    run = a_run_with_checks(github)
    github.faults = [once(where, told, times=9)]
    assert await checks_of(source, run) == []
    github.faults = []
    assert await checks_of(source, run) == EVERYTHING
