"""GitHub Actions through the engine, against a server that remembers."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Batch, LogPart, Pipeline, SourceSpec, Want
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.github import GithubVendor
from quarterdeck.app.sources.github.client import GithubClient, Pace
from quarterdeck.app.sources.github.logs import Logs
from quarterdeck.app.sources.http import Credential, Http
from quarterdeck.app.sources.trouble import AnswerError
from tests.servers.github import TOKEN, UNICORN, Asked, Github, Told, once

KEY = "g" * 16
NOTHING_NEW = ["deployments", "actions/runs", "actions/runs", "actions/runs"]
"""What was deployed, the newest, what runs, and a page of the sweep."""


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def github() -> Iterator[Github]:
    with Github().serving() as server:
        yield server


class Mirror:
    """What a cache would hold: pipelines by id, their jobs kept as the contract of Batch has it."""

    def __init__(self) -> None:
        self.pipelines: dict[str, Pipeline] = {}
        self.cursor: dict[str, Any] = {}
        self.batches: list[Batch] = []

    def take(self, batch: Batch) -> None:
        self.batches.append(batch)
        for one in batch.pipelines:
            before = self.pipelines.get(one.id)
            if one.jobs is None and before is not None and before.attempt == one.attempt:
                one = Pipeline(**{**{name: getattr(one, name) for name in one.__struct_fields__}, "jobs": before.jobs})
            self.pipelines[one.id] = one
        for gone in batch.pipelines_gone:
            self.pipelines.pop(gone, None)
        if batch.cursor is not None:
            self.cursor = json.loads(json.dumps(batch.cursor))  # as the cache keeps it


def opened(github: Github, *, token: str = TOKEN, pace: Pace | None = None) -> CiSource:
    spec = SourceSpec(key=KEY, kind="github", name="github", address=github.base_url)

    def open_now() -> GithubVendor:
        http = Http(github.base_url, credential=Credential.bearer(github.base_url, token))
        return GithubVendor(spec, http, repository="acme/churn", pace=pace)

    return CiSource(spec, open_now, abilities=GithubVendor.abilities)


@pytest.fixture
async def source(github: Github) -> AsyncIterator[CiSource]:
    one = opened(github)
    yield one
    await one.close()


async def one_pass(source: CiSource, mirror: Mirror, *, whole: bool = False) -> list[Batch]:
    before = len(mirror.batches)
    async for batch in source.sweep(mirror.cursor) if whole else source.poll(mirror.cursor):
        mirror.take(batch)
    return mirror.batches[before:]


async def cost(github: Github, source: CiSource, mirror: Mirror) -> list[str]:
    """The addresses that one pass asks for."""
    before = len(github.asked)
    await one_pass(source, mirror)
    return [one.path.rpartition("acme/churn/")[2] for one in github.asked[before:]]


async def synced(source: CiSource) -> Mirror:
    mirror = Mirror()
    await one_pass(source, mirror)
    return mirror


async def wanted(source: CiSource, want: Want) -> list[Batch]:
    return [batch async for batch in source.want(want)]


async def log_of(source: CiSource, run_id: int, job_id: int, start: int = 0) -> list[LogPart]:
    want = Want(kind="log", source=KEY, pipelines=(str(run_id),), job=str(job_id), start=start)
    return [part for batch in await wanted(source, want) for part in batch.log_parts]


async def test_the_first_sync_shows_rows_first_and_then_their_jobs(github: Github, source: CiSource) -> None:
    for _ in range(250):
        github.add()
    mirror = await synced(source)
    assert len(mirror.batches[0].pipelines) == 100
    assert all(one.jobs is None for one in mirror.batches[0].pipelines)
    assert mirror.batches[0].pipelines[0].number == "250"
    assert len(mirror.pipelines) == 250
    assert all(one.jobs is not None and len(one.jobs) == 2 for one in mirror.pipelines.values())
    newest = mirror.pipelines["7250"]
    assert (newest.name, newest.status, newest.branch, newest.actor) == ("train", "passed", "main", "ben")
    assert [step.name for step in (newest.jobs or ())[0].steps] == ["Set up job", "Run make test"]


async def test_jobs_are_asked_for_side_by_side_as_many_as_github_likes(github: Github, source: CiSource) -> None:
    for _ in range(3 * GithubVendor.width):
        github.add()
    together = threading.Barrier(GithubVendor.width)

    def fault(asked: Asked) -> Told | None:
        if asked.path.endswith("/jobs"):
            together.wait(30)  # breaks, and fails the request, when fewer than that are under way
        return None

    github.faults = [fault]
    mirror = await synced(source)
    assert all(one.jobs for one in mirror.pipelines.values())
    assert github.most_at_once <= GithubVendor.width


async def test_a_pass_with_nothing_new_costs_four_requests_that_are_all_free(github: Github, source: CiSource) -> None:
    for _ in range(30):
        github.add()
    mirror = await synced(source)
    await one_pass(source, mirror)
    free = github.unchanged
    assert await cost(github, source, mirror) == NOTHING_NEW
    assert github.unchanged == free + 4


async def test_a_running_pipeline_is_refreshed_without_reading_the_others_again(
    github: Github, source: CiSource
) -> None:
    for _ in range(30):
        github.add()
    running = github.add(None, status="in_progress")
    mirror = await synced(source)
    assert mirror.pipelines[str(running)].status == "running"
    github.settle(running, "failure")
    asked = await cost(github, source, mirror)
    assert [path for path in asked if "jobs" in path] == [f"actions/runs/{running}/jobs"]
    found = mirror.pipelines[str(running)]
    assert (found.status, {job.status for job in found.jobs or ()}) == ("failed", {"failed"})
    assert await cost(github, source, mirror) == NOTHING_NEW


async def test_a_new_run_costs_the_request_for_its_jobs(github: Github, source: CiSource) -> None:
    github.add()
    mirror = await synced(source)
    new = github.add("failure")
    asked = await cost(github, source, mirror)
    assert asked.count(f"actions/runs/{new}/jobs") == 1
    assert len(asked) == 5
    assert mirror.pipelines[str(new)].jobs


async def test_all_that_came_over_a_weekend_is_found_in_one_pass(github: Github, source: CiSource) -> None:
    for _ in range(5):
        github.add()
    mirror = await synced(source)
    github.clock += 2 * 86_400
    new = [github.add() for _ in range(180)]
    asked = await cost(github, source, mirror)
    assert all(mirror.pipelines[str(run)].jobs for run in new)
    assert len(asked) == len(NOTHING_NEW) + 3 + len(new)  # three more pages of fifty, and the jobs of each


async def test_a_repository_without_runs_is_no_trouble(github: Github, source: CiSource) -> None:
    mirror = await synced(source)
    assert mirror.pipelines == {}
    assert await cost(github, source, mirror) == NOTHING_NEW
    run = github.add()
    await one_pass(source, mirror)
    assert mirror.pipelines[str(run)].jobs


async def test_a_first_sync_that_is_killed_goes_on_where_it_was(github: Github) -> None:
    for _ in range(250):
        github.add()
    mirror = Mirror()
    first = opened(github)
    with_jobs = 0
    async for batch in first.poll({}):
        mirror.take(batch)
        with_jobs = sum(1 for one in mirror.pipelines.values() if one.jobs is not None)
        if with_jobs >= 60:
            break
    await first.close()
    before = len(github.asked)
    second = opened(github)
    await one_pass(second, mirror)
    await second.close()
    asked = [one for one in github.asked[before:] if one.path.endswith("/jobs")]
    assert len(asked) == 250 - with_jobs
    assert len([one for one in mirror.pipelines.values() if one.jobs]) == 250


async def test_a_rerun_keeps_the_run_and_its_older_jobs(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    mirror = await synced(source)
    assert await source.rerun(str(run), failed_only=True, key="k") == str(run)
    assert github.done == [f"rerun-failed-jobs {run}"]
    await one_pass(source, mirror)
    found = mirror.pipelines[str(run)]
    assert (found.status, found.attempt) == ("queued", 2)
    assert [job.attempt for job in found.jobs or ()] == [1, 1, 2, 2]
    github.settle(run, "success")
    await one_pass(source, mirror)
    assert mirror.pipelines[str(run)].status == "passed"


async def test_an_old_run_that_runs_again_is_found_while_it_runs(github: Github, source: CiSource) -> None:
    old = github.add("failure")
    for _ in range(120):
        github.add()
    mirror = await synced(source)
    github.change(old, status="in_progress", conclusion=None, run_attempt=2)
    await one_pass(source, mirror)
    assert (mirror.pipelines[str(old)].status, mirror.pipelines[str(old)].attempt) == ("running", 2)
    github.settle(old, "success")
    await one_pass(source, mirror)
    assert mirror.pipelines[str(old)].status == "passed"


async def test_what_was_deleted_is_gone_after_a_sweep_and_a_look(github: Github, source: CiSource) -> None:
    runs = [github.add() for _ in range(120)]
    mirror = await synced(source)
    github.remove(runs[3])
    for _ in range(3):
        await one_pass(source, mirror)
    assert str(runs[3]) not in mirror.pipelines
    assert len(mirror.pipelines) == 119


async def test_a_whole_sweep_finds_deletions_and_late_edits_at_once(github: Github, source: CiSource) -> None:
    runs = [github.add() for _ in range(320)]
    mirror = await synced(source)
    for one in runs[10:20]:
        github.remove(one)
    github.change(runs[0], conclusion="failure", run_attempt=2)
    await one_pass(source, mirror, whole=True)
    assert set(mirror.pipelines) == {str(one) for one in runs if one not in runs[10:20]}
    assert (mirror.pipelines[str(runs[0])].status, mirror.pipelines[str(runs[0])].attempt) == ("failed", 2)


async def test_a_run_that_only_moved_between_pages_is_not_taken_for_gone(github: Github, source: CiSource) -> None:
    runs = [github.add() for _ in range(250)]
    mirror = await synced(source)
    await one_pass(source, mirror)  # the first page of the sweep
    github.remove(runs[-1])  # the hundredth of the second page is on the first one now
    for _ in range(6):
        await one_pass(source, mirror)
    assert len(mirror.pipelines) == 249


async def test_a_run_that_vanished_while_it_ran_is_gone(github: Github, source: CiSource) -> None:
    running = github.add(None, status="in_progress")
    github.add()
    mirror = await synced(source)
    github.remove(running)
    await one_pass(source, mirror)
    assert str(running) not in mirror.pipelines


async def test_a_waiting_deployment_names_who_may_approve_and_is_approved(github: Github, source: CiSource) -> None:
    run = github.add(None, status="in_progress")
    github.wait_for(run, "staging", "production")
    mirror = await synced(source)
    found = mirror.pipelines[str(run)]
    assert found.status == "waiting"
    assert [(one.id, one.name, one.reviewers, one.is_mine) for one in found.approvals] == [
        ("500", "staging", ("ann",), True), ("501", "production", ("ann",), True),
    ]  # fmt: skip
    await source.approve(str(run), ("500",), "")
    assert [one.id for one in (await found_now(source, run)).approvals] == ["501"]
    await source.approve(str(run), ("501",), "go")
    assert (await found_now(source, run)).status == "running"
    (*_, said) = [one for one in github.asked if one.method == "POST"]
    assert json.loads(said.body)["state"] == "approved"


async def test_a_run_says_what_it_put_where(github: Github, source: CiSource) -> None:
    run = github.add()
    other = github.add(head_sha=github.runs[run]["head_sha"])
    github.deploy(run, "staging", "in_progress", "success", "inactive")
    github.deploy(run, "production", "in_progress", "failure")
    github.deploy(other, "preview", "success")
    mirror = await synced(source)
    found = mirror.pipelines[str(run)].deployments
    assert [(one.environment, one.status, one.raw_status) for one in found] == [
        ("staging", "passed", "inactive"), ("production", "failed", "failure"),
    ]  # fmt: skip
    assert {one.commit for one in found} == {mirror.pipelines[str(run)].commit}
    assert found[0].url == "https://churn.example"
    assert [one.environment for one in mirror.pipelines[str(other)].deployments] == ["preview"]
    asked = [one.path for one in github.asked if one.path.endswith("/statuses")]
    assert len(asked) == len(set(asked)) == 3  # three deployments, each once for both runs of their commit


async def test_a_login_that_may_not_read_deployments_reads_the_rest(github: Github, source: CiSource) -> None:
    run = github.add()
    told = Told({"message": "Resource not accessible by personal access token"}, 403)
    github.faults = [once("/deployments", told, times=99)]
    mirror = await synced(source)
    assert mirror.pipelines[str(run)].jobs
    assert await cost(github, source, mirror) == NOTHING_NEW[1:]


async def found_now(source: CiSource, run: int) -> Pipeline:
    found = await source.one(str(run))
    assert found is not None
    return found


async def test_a_cancel_stops_and_one_too_late_says_so(github: Github, source: CiSource) -> None:
    run = github.add(None, status="in_progress")
    await source.cancel(str(run))
    assert (await found_now(source, run)).status == "cancelled"
    with pytest.raises(
        AnswerError, match=r"does not cancel it \(409\): Cannot cancel a workflow run that is completed"
    ):
        await source.cancel(str(run))


async def test_an_act_whose_answer_is_cut_off_is_not_sent_again(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    github.cut = True
    with pytest.raises(SourceError, match="hung up"):
        await source.rerun(str(run), failed_only=False, key="k")
    assert github.done == [f"rerun {run}"]
    assert (await found_now(source, run)).attempt == 2


async def test_a_pipeline_that_is_looked_at_comes_as_it_is_now(github: Github, source: CiSource) -> None:
    run = github.add(None, status="in_progress")
    github.settle(run, "success")
    batches = await wanted(source, Want(kind="pipeline", source=KEY, pipelines=(str(run), "999")))
    assert [one.status for batch in batches for one in batch.pipelines] == ["passed"]
    assert [gone for batch in batches for gone in batch.pipelines_gone] == ["999"]
    assert all(batch.cursor is None for batch in batches)


async def test_what_runs_when_it_is_looked_at_is_followed_by_the_passes(github: Github, source: CiSource) -> None:
    old = github.add("failure")
    for _ in range(120):
        github.add()
    mirror = await synced(source)
    github.change(old, status="queued", conclusion=None, run_attempt=2)
    for batch in await wanted(source, Want(kind="pipeline", source=KEY, pipelines=(str(old),))):
        mirror.take(batch)
    github.settle(old, "success")
    await one_pass(source, mirror)
    assert (mirror.pipelines[str(old)].status, mirror.pipelines[str(old)].attempt) == ("passed", 2)


async def test_a_log_comes_from_its_store_which_learns_nothing_of_us(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    job = github.jobs[run][0]["id"]
    github.logs[job] = b"".join(b"2026-05-28T20:26:40.0000000Z line %d\r\n" % n for n in range(60_000))
    parts = await log_of(source, run, job)
    assert b"".join(part.data for part in parts) == github.logs[job]
    assert max(len(part.data) for part in parts) <= 1024 * 1024
    assert [part.start for part in parts] == [0, 1024 * 1024, 2 * 1024 * 1024]
    assert [part.is_last for part in parts] == [False, False, True]
    assert "authorization" not in github.asked_of_store[0].headers
    assert TOKEN not in str(github.asked_of_store)
    again = await log_of(source, run, job, start=len(github.logs[job]))
    assert [(part.start, part.data, part.is_last) for part in again] == [(len(github.logs[job]), b"", True)]


async def test_a_log_that_is_shorter_than_what_was_read_begins_anew(github: Github, source: CiSource) -> None:
    run = github.add()
    job = github.jobs[run][0]["id"]
    github.logs[job] = b"short\n"
    assert [(part.start, part.data) for part in await log_of(source, run, job, start=100)] == [(0, b"short\n")]


async def test_logs_that_are_not_there_say_why(github: Github, source: CiSource) -> None:
    over, runs = github.add(), github.add(None, status="in_progress")
    skipped = github.add("skipped")
    blob = github.add()
    github.logs[github.jobs[blob][0]["id"]] = b""  # GitHub redirects, and the store has it no more
    said = {}
    for run in (over, runs, skipped, blob):
        (part,) = await log_of(source, run, github.jobs[run][0]["id"])
        said[run] = (part.sentence, part.is_last, part.data)
    assert "is kept no more (404)" in said[over][0]
    assert "when it is over" in said[runs][0]
    assert "was skipped" in said[skipped][0]
    assert "is kept no more" in said[blob][0]
    assert [said[run][1] for run in (over, runs, skipped, blob)] == [True, False, True, True]
    (gone,) = await log_of(source, over, 1)
    assert "has this job no more" in gone.sentence


async def test_who_follows_the_log_of_a_running_job_asks_github_now_and_then(github: Github) -> None:
    run = github.add(None, status="in_progress")
    job = github.jobs[run][0]["id"]
    now = [100.0]
    http = Http(github.base_url, credential=Credential.bearer(github.base_url, TOKEN))
    logs = Logs(GithubClient(http, "acme/churn"), KEY, clock=lambda: now[0])
    for _ in range(15):  # half a minute
        (part,) = [part async for part in logs.parts(str(run), str(job), 0)]
        assert "when it is over" in part.sentence
        now[0] += 2
    assert len(github.asked) == 4
    github.settle(run, "success")
    github.logs[job] = b"done\n"
    now[0] += 15
    assert [part.data async for part in logs.parts(str(run), str(job), 0)] == [b"done\n"]
    await http.close()


async def test_a_renamed_repository_is_read_on_by_its_new_name(github: Github, source: CiSource) -> None:
    github.old_names = {"acme/churn"}
    github.repository = "acme/retention"
    run = github.add("failure")
    mirror = await synced(source)
    assert mirror.pipelines[str(run)].jobs
    before = len(github.asked)
    await one_pass(source, mirror)
    assert all("acme/churn" not in one.path for one in github.asked[before:])
    await source.rerun(str(run), failed_only=False, key="k")
    assert github.done == [f"rerun {run}"]


async def test_a_new_login_asks_anew(github: Github) -> None:
    github.add()
    first = opened(github)
    mirror = await synced(first)
    await one_pass(first, mirror)
    await first.close()
    github.token = "ghp_other"
    second = opened(github, token="ghp_other")
    before = len(github.asked)
    await one_pass(second, mirror)
    await second.close()
    assert all("if-none-match" not in one.headers for one in github.asked[before : before + 3])


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (Told({"message": "enough"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}), "limited"),
        (Told({"message": "slow down"}, 429, {"Retry-After": "120"}), "limited"),
        (Told({"message": "slow down"}, 403, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}), "limited"),
        (Told({"message": "You have exceeded a secondary rate limit."}, 403), "limited"),
        (Told({"message": "no"}, 403, {"gh-limited-by": "search-elapsed-time"}), "limited"),
        (Told({"message": "Resource not accessible by integration"}, 403), "forbidden"),
        (Told({"message": "Bad credentials"}, 401), "unauthorised"),
        (UNICORN, "unreachable"),
        (Told(b"<html><title>Sign in</title></html>", 200, {"Content-Type": "text/html"}), "not_understood"),
        (Told(status=0), "unreachable"),
    ],
)  # fmt: skip
async def test_trouble_is_a_state_and_the_rest_is_kept(
    github: Github, source: CiSource, told: Told, state: str
) -> None:
    github.add()
    mirror = await synced(source)
    cursor = mirror.cursor
    github.faults = [once("/actions/runs", told, times=9)]
    with pytest.raises(SourceError) as caught:
        await one_pass(source, mirror)
    assert caught.value.state == state
    assert TOKEN not in str(caught.value)
    assert (caught.value.retry_at is not None) == (state == "limited")
    assert mirror.cursor == cursor
    asked = len(github.asked)
    if state == "limited":
        with pytest.raises(SourceError):
            await one_pass(source, mirror)
        assert len(github.asked) == asked


async def test_a_limit_in_the_middle_of_the_first_sync_keeps_what_was_read(github: Github, source: CiSource) -> None:
    for _ in range(60):
        github.add()
    mirror = Mirror()
    seen: list[int] = []

    def fault(asked: object) -> Told | None:
        seen.append(1)
        return Told({"message": "x"}, 429, {"Retry-After": "0"}) if len(seen) == 40 else None

    github.faults = [fault]
    with pytest.raises(SourceError, match="left alone"):
        await one_pass(source, mirror)
    read = [one for one in mirror.pipelines.values() if one.jobs is not None]
    assert len(mirror.pipelines) == 60
    assert 20 <= len(read) < 60
    before = len(github.asked)
    await one_pass(source, mirror)
    assert all(one.jobs is not None for one in mirror.pipelines.values())
    assert sum(1 for one in github.asked[before:] if one.path.endswith("/jobs")) <= 60 - len(read)


async def test_one_run_that_is_not_understood_stops_no_other(github: Github, source: CiSource) -> None:
    odd, *others = [github.add() for _ in range(5)]
    github.faults = [once(f"/actions/runs/{odd}/jobs", Told({"jobs": "none"}), times=99)]
    mirror = Mirror()
    with pytest.raises(SourceError) as caught:
        await one_pass(source, mirror)
    assert caught.value.state == "not_understood"
    assert all(mirror.pipelines[str(one)].jobs for one in others)
    github.faults = []
    await one_pass(source, mirror)
    assert mirror.pipelines[str(odd)].jobs


async def test_a_page_that_points_to_another_server_is_not_followed(github: Github, source: CiSource) -> None:
    github.add()
    link = {"Link": '<https://evil.example/repositories/9/actions/runs?page=2>; rel="next"'}
    github.faults = [once("/actions/runs", Told({"workflow_runs": [], "total_count": 0}, 200, link), times=2)]
    with pytest.raises(SourceError, match=r"points to another server \(evil\.example\)"):
        await synced(source)


async def test_a_repository_that_is_not_shown_is_said_to_be(github: Github) -> None:
    github.repository = "acme/other"
    one = opened(github)
    with pytest.raises(SourceError, match=r"shows no repository acme/churn to this login \(404\)"):
        await synced(one)
    await one.close()


async def test_the_first_sync_keeps_to_githubs_pace(github: Github) -> None:
    for _ in range(50):
        github.add()
    now = [0.0]

    async def pause(seconds: float) -> None:
        now[0] += seconds

    one = opened(github, pace=Pace(2, 10, clock=lambda: now[0], pause=pause))
    mirror = await synced(one)
    await one.close()
    assert len(mirror.pipelines) == 50
    assert now[0] == pytest.approx((len(github.asked) - 10) / 2)  # ten at once, then two a second


async def test_tokens_are_in_no_cursor_and_no_record(github: Github, source: CiSource) -> None:
    for _ in range(3):
        github.add()
    mirror = await synced(source)
    assert TOKEN not in json.dumps(mirror.cursor)
    assert TOKEN not in repr(mirror.batches)
    assert TOKEN not in repr(source.__dict__)
