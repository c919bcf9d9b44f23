"""Jenkins's jobs and builds, read from a server that remembers, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Pipeline
from quarterdeck.app.sources.jenkins import JenkinsVendor
from quarterdeck.app.sources.jenkins import client as asking
from tests.servers.jenkins import NOW, Jenkins, jenkins, page
from tests.servers.jenkins_worlds import (
    SHA,
    failed_build,
    opened,
    paths,
    team,
)
from tests.servers.loopback import Asked, Told


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def world() -> Iterator[Jenkins]:
    with jenkins(prefix="/jenkins") as server:
        yield server


async def all_pages(vendor: JenkinsVendor) -> list[Pipeline]:
    found: list[Pipeline] = []
    page = await vendor.page(None)
    found += page.pipelines
    while page.next is not None:
        page = await vendor.page(page.next)
        found += page.pipelines
    return found


async def test_all_jobs_below_a_folder_are_found_however_deep(world: Jenkins) -> None:
    team(world)
    async with opened(world) as vendor:
        found = await all_pages(vendor)
    assert [(one.id, one.name, one.branch) for one in found] == [
        ("team/train/main#2", "team/train", "main"),
        ("team/a/b/c/d/e/f/deep#1", "team/a/b/c/d/e/f/deep", ""),
        ("team/train/feature%2Fnew loss#1", "team/train", "feature/new loss"),
        ("team/train/main#1", "team/train", "main"),
        ("team/ingest#1", "team/ingest", ""),
    ]
    assert found[0].commit == SHA


async def test_the_whole_server_is_read_when_no_path_is_given(world: Jenkins) -> None:
    team(world)
    async with opened(world, "") as vendor:
        assert len(await all_pages(vendor)) == 6


@pytest.mark.parametrize("written", ["team/train/main", "/job/team/job/train/job/main/"])
async def test_one_branch_alone_still_stands_under_its_project(world: Jenkins, written: str) -> None:
    team(world)
    async with opened(world, written.strip("/")) as vendor:
        found = await all_pages(vendor)
    assert [(one.id, one.name, one.branch) for one in found] == [
        ("team/train/main#2", "team/train", "main"),
        ("team/train/main#1", "team/train", "main"),
    ]


async def test_a_path_that_is_not_there_is_said_to_be_wrong(world: Jenkins) -> None:
    async with opened(world, "team/nothing") as vendor:
        with pytest.raises(SourceError, match="has no job or folder team/nothing") as caught:
            await vendor.page(None)
    assert caught.value.state == "misconfigured"


async def test_builds_of_many_jobs_come_newest_first_page_by_page(world: Jenkins) -> None:
    for name in ("a", "b", "c"):
        world.add(f"team/{name}")
    for _ in range(130):
        for name in ("a", "b", "c"):
            world.build(f"team/{name}")
    async with opened(world) as vendor:
        found = await all_pages(vendor)
    assert len(found) == 390
    times = [one.created_at or 0 for one in found]
    assert times == sorted(times, reverse=True)
    assert len({one.id for one in found}) == 390
    assert len(world.asked) == 1 + 3 * 2  # the jobs, and two chunks of each


async def test_a_page_is_found_again_after_a_restart(world: Jenkins) -> None:
    world.add("team/a")
    world.add("team/b")
    for _ in range(120):
        world.build("team/a")
        world.build("team/b")
    async with opened(world) as vendor:
        first = await vendor.page(None)
        second = await vendor.page(first.next)
        seen = [*first.pipelines, *second.pipelines]
        token = second.next
    world.build("team/a")
    requests = 0
    while token is not None:
        before = len(world.asked)
        async with opened(world) as vendor:  # each page by a process of its own
            page = await vendor.page(token)
        seen += page.pipelines
        token = page.next
        requests = max(requests, len(world.asked) - before)
    assert requests <= 3  # the jobs, a chunk, and another where the new build moved the first
    assert {one.id for one in seen} == {f"team/{name}#{number}" for name in "ab" for number in range(1, 121)}


async def test_recent_gives_what_is_above_the_last_number_of_each_job(world: Jenkins) -> None:
    team(world)
    async with opened(world) as vendor:
        (first,) = [page async for page in vendor.recent({})]
        assert first.mark is not None
        before = len(world.asked)
        (nothing,) = [page async for page in vendor.recent(first.mark)]
        assert (nothing.pipelines, len(world.asked) - before) == ((), 2)  # one folder lies deeper than a request sees
        for _ in range(3):
            world.build("team/train/main", result=None)
        world.build("team/never")
        assert nothing.mark is not None
        (new,) = [page async for page in vendor.recent(nothing.mark)]
    assert [one.id for one in new.pipelines] == [
        "team/never#1",
        "team/train/main#5",
        "team/train/main#4",
        "team/train/main#3",
    ]


async def test_more_than_a_hundred_new_builds_are_all_brought(world: Jenkins) -> None:
    world.add("team/a")
    world.build("team/a")
    async with opened(world) as vendor:
        (first,) = [page async for page in vendor.recent({})]
        for _ in range(250):
            world.build("team/a")
        assert first.mark is not None
        (new,) = [page async for page in vendor.recent(first.mark)]
    assert [int(one.number) for one in new.pipelines] == list(range(251, 1, -1))


async def test_a_job_that_was_made_anew_is_read_from_its_first_build(world: Jenkins) -> None:
    world.add("team/a")
    for _ in range(5):
        world.build("team/a")
    async with opened(world) as vendor:
        (first,) = [page async for page in vendor.recent({})]
        world.add("team/a")
        world.build("team/a")
        assert first.mark is not None
        (new,) = [page async for page in vendor.recent(first.mark)]
    assert [one.id for one in new.pipelines] == ["team/a#1"]


async def test_a_build_has_its_stages_its_failed_step_and_its_tests(world: Jenkins) -> None:
    failed_build(world)
    async with opened(world) as vendor:
        found = await vendor.one("team/train#1")
    assert found is not None
    data, train = found.jobs or ()
    assert [(job.id, job.name, job.status) for job in (data, train)] == [
        ("team/train#1/6", "Data", "passed"),
        ("team/train#1/11", "Train", "failed"),
    ]
    assert (train.reason, [step.name for step in train.steps]) == ("exit 137", ["Shell Script"])
    assert found.report is not None
    assert (found.report.total, found.report.passed, found.report.failed) == (2, 1, 1)


async def test_the_detail_of_what_a_list_gave_asks_for_nothing_twice(world: Jenkins) -> None:
    world.add("team/ingest", "freestyle")
    world.build("team/ingest")
    failed_build(world)
    async with opened(world) as vendor:
        rows = {one.id: one for one in await all_pages(vendor)}
        before = len(world.asked)
        plain = await vendor.detail(rows["team/ingest#1"])
        assert len(world.asked) == before
        assert [job.id for job in plain.jobs or ()] == ["team/ingest#1"]
        failed = await vendor.detail(rows["team/train#1"])
        assert [path.rpartition("/1/")[2] for path in paths(world, before)] == [
            "wfapi/describe",
            "testReport/api/json",
            "execution/node/11/wfapi/describe",
        ]
        assert failed == await vendor.one("team/train#1")


async def test_without_the_plugin_a_build_is_one_job_and_it_is_asked_for_once(world: Jenkins) -> None:
    world.has_stages = False
    failed_build(world)
    world.build("team/train")
    async with opened(world) as vendor:
        for number in (1, 2):
            found = await vendor.one(f"team/train#{number}")
            assert found is not None
            assert [job.id for job in found.jobs or ()] == [f"team/train#{number}"]
    assert sum("wfapi" in path for path in paths(world)) == 2


async def test_a_paused_build_waits(world: Jenkins) -> None:
    world.add("team/deploy")
    stage = {
        "id": "5",
        "name": "Really?",
        "status": "PAUSED_PENDING_INPUT",
        "startTimeMillis": NOW,
        "durationMillis": 1,
    }
    world.build("team/deploy", result=None, stages=[stage])
    async with opened(world) as vendor:
        found = await vendor.one("team/deploy#1")
    assert found is not None
    assert (found.status, found.raw_status, found.ended_at) == ("waiting", "PAUSED_PENDING_INPUT", None)


async def test_a_build_that_is_gone_is_none(world: Jenkins) -> None:
    world.add("team/train")
    async with opened(world) as vendor:
        assert await vendor.one("team/train#77") is None
        assert await vendor.one("no build at all") is None


async def test_a_report_that_is_too_large_gives_its_counts(world: Jenkins, monkeypatch: pytest.MonkeyPatch) -> None:
    failed_build(world)
    monkeypatch.setattr(asking, "_LARGEST_REPORT", 100)
    async with opened(world) as vendor:
        found = await vendor.one("team/train#1")
    assert found is not None
    assert found.report is not None
    assert (found.report.total, found.report.failed, found.report.failures) == (18, 9, ())


async def test_nobody_is_told_to_log_in(world: Jenkins) -> None:
    team(world)
    async with opened(world, secret=None) as vendor:
        with pytest.raises(SourceError, match="shows this to nobody without a login") as caught:
            await vendor.page(None)
    assert caught.value.state == "unauthorised"


async def test_a_login_page_is_told_from_an_answer(world: Jenkins) -> None:
    def redirects(asked: Asked) -> Told | None:
        if asked.path == "/jenkins/login":
            return page(200, "Sign in [Jenkins]")
        return Told(b"", 302, {"Location": "/jenkins/login?from=%2F"})

    world.fail = redirects
    async with opened(world) as vendor:
        with pytest.raises(SourceError, match="login page") as caught:
            await vendor.page(None)
        assert caught.value.state == "unauthorised"
        with pytest.raises(SourceError, match="login page"):
            [part async for part in vendor.log("team/train#1", "team/train#1", 0)]


@pytest.mark.parametrize(
    ("status", "title", "state"),
    [
        (403, "Error 403 ann is missing the Job/Read permission", "forbidden"),
        (500, "Oops!", "unreachable"),
        (503, "Jenkins is getting ready to work", "unreachable"),
    ],
)
async def test_an_error_page_is_quoted_by_its_title_alone(world: Jenkins, status: int, title: str, state: str) -> None:
    world.fail = lambda asked: page(status, title, f"<pre>{asked.headers.get('Authorization')}</pre>")
    async with opened(world) as vendor:
        with pytest.raises(SourceError, match=re.escape(title)) as caught:
            await vendor.page(None)
    assert caught.value.state == state
    assert "Basic" not in str(caught.value)


async def test_a_wrong_token_is_in_no_error(world: Jenkins) -> None:
    async with opened(world, secret="wr0ng-s3cret") as vendor:
        with pytest.raises(SourceError) as caught:
            await vendor.page(None)
    assert caught.value.state == "unauthorised"
    assert "wr0ng" not in str(caught.value)


async def test_a_hiccup_is_tried_again(world: Jenkins) -> None:
    team(world)
    answers = iter([page(503, "Starting"), page(502, "Bad gateway")])
    world.fail = lambda asked: next(answers, None)
    async with opened(world) as vendor:
        assert len(await all_pages(vendor)) == 5
