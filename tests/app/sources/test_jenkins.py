"""Jenkins, against a server that remembers: what is asked for, what comes of it, and what is done there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import stamina

from quarterdeck.app import trust
from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import LogPart, Pipeline, SourceSpec, SourceState, Want
from quarterdeck.app.settings import load
from quarterdeck.app.settings.sections import JenkinsCi
from quarterdeck.app.sources.ci import TakesActs, Vendor
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.http import Credential, Http
from quarterdeck.app.sources.jenkins import JenkinsVendor, open_vendor
from quarterdeck.app.sources.jenkins import client as requests
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.once import sync_once
from tests.servers.jenkins import CRUMB, NOTE, NOW, PASSWORD, TOKEN, USER, Build, Jenkins, jenkins, page
from tests.servers.loopback import Asked, Told

KEY = "7" * 16
MINUTE = 60_000
SHA = "2222222222222222222222222222222222222222"


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def world() -> Iterator[Jenkins]:
    with jenkins(prefix="/jenkins") as server:
        yield server


async def at_once(seconds: float) -> None:
    """Waits for nothing: the server's queue moves by being looked at."""


def http(world: Jenkins, secret: str | None = TOKEN) -> Http:
    login = None if secret is None else Credential.basic(world.url, USER, secret)
    return Http(world.url, credential=login, login_hint="Name a token.")


@asynccontextmanager
async def opened(world: Jenkins, job: str = "team", secret: str | None = TOKEN) -> AsyncIterator[JenkinsVendor]:
    vendor = JenkinsVendor(spec(world), http(world, secret), job=job, pause=at_once)
    try:
        yield vendor
    finally:
        await vendor.close()


def spec(world: Jenkins) -> SourceSpec:
    return SourceSpec(key=KEY, kind="jenkins", name="jenkins", address=world.url)


def team(world: Jenkins) -> None:
    """A folder with a freestyle job, a multibranch project, a folder in a folder, and a job that never ran."""
    world.add("team/ingest", "freestyle")
    world.add("team/never")
    world.add("team/train", "multibranch")
    world.add("team/train/main")
    world.add("team/train/feature%2Fnew loss")
    world.add("team/a/b/c/d/e/f/deep")
    world.add("other/secret")
    for path in ("team/ingest", "team/train/main", "team/train/feature%2Fnew loss", "team/a/b/c/d/e/f/deep"):
        world.build(path)
    world.build("team/train/main", result="FAILURE", sha=SHA)
    world.build("other/secret")


async def all_pages(vendor: JenkinsVendor) -> list[Pipeline]:
    found: list[Pipeline] = []
    page = await vendor.page(None)
    found += page.pipelines
    while page.next is not None:
        page = await vendor.page(page.next)
        found += page.pipelines
    return found


async def log_of(vendor: JenkinsVendor, pipeline: str, start: int = 0) -> list[LogPart]:
    return [part async for part in vendor.log(pipeline, pipeline, start)]


def paths(world: Jenkins, since: int = 0) -> list[str]:
    return [one.path.removeprefix("/jenkins") for one in world.asked[since:]]


# -- which jobs, which builds -----------------------------------------------------------------------------------


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
    async with opened(world) as vendor:
        while token is not None:
            page = await vendor.page(token)
            seen += page.pipelines
            token = page.next
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


# -- one build --------------------------------------------------------------------------------------------------


def failed_build(world: Jenkins, path: str = "team/train") -> Build:
    world.add(path)
    stages = [
        {"id": "6", "name": "Data", "status": "SUCCESS", "startTimeMillis": NOW, "durationMillis": 4_000},
        {"id": "11", "name": "Train", "status": "FAILED", "startTimeMillis": NOW + 4_000, "durationMillis": 9_000},
    ]
    node = {
        "id": "11",
        "stageFlowNodes": [{"id": "12", "name": "Shell Script", "status": "FAILED", "error": {"message": "exit 137"}}],
    }
    cases = [
        {"className": "t", "name": "ok", "status": "PASSED", "duration": 1.0},
        {"className": "t", "name": "bad", "status": "FAILED", "duration": 2.0, "errorDetails": "no"},
    ]
    report = {"failCount": 9, "passCount": 9, "suites": [{"name": "t", "cases": cases}]}
    return world.build(path, result="FAILURE", stages=stages, nodes={"11": node}, report=report)


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
    monkeypatch.setattr(requests, "_LARGEST_REPORT", 100)
    async with opened(world) as vendor:
        found = await vendor.one("team/train#1")
    assert found is not None
    assert found.report is not None
    assert (found.report.total, found.report.failed, found.report.failures) == (18, 9, ())


# -- logs -------------------------------------------------------------------------------------------------------


async def test_a_log_is_read_on_from_where_it_ended_though_bytes_are_left_out(world: Jenkins) -> None:
    world.add("team/train")
    build = world.build("team/train", result=None, log=NOTE + b"Started by ann\n[Pipeline] sh\n")
    async with opened(world) as vendor:
        (first,) = await log_of(vendor, "team/train#1")
        assert (first.start, first.data, first.is_last) == (0, b"Started by ann\n[Pipeline] sh\n", False)
        assert await log_of(vendor, "team/train#1", len(first.data)) == []
        build.log += NOTE + b"epoch 1\n"
        (second,) = await log_of(vendor, "team/train#1", len(first.data))
        assert (second.start, second.data) == (len(first.data), b"epoch 1\n")
        build.log += b"Finished: SUCCESS\n"
        build.result = "SUCCESS"
        third, end = await log_of(vendor, "team/train#1", second.start + len(second.data))
        assert (third.data, end.data, end.is_last) == (b"Finished: SUCCESS\n", b"", True)
        assert end.start == third.start + len(third.data)
    assert [one.query["start"] for one in world.asked if one.path.endswith("progressiveText")] == [
        "0",
        str(len(NOTE) + 29),
        str(len(NOTE) + 29),
        str(2 * len(NOTE) + 37),
    ]


async def test_after_a_restart_a_log_begins_anew(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", log=NOTE + b"one\ntwo\n")
    async with opened(world) as vendor:
        first, end = await log_of(vendor, "team/train#1", start=4)
    assert (first.start, first.data, end.start, end.is_last) == (0, b"one\ntwo\n", 8, True)


async def test_a_log_that_was_begun_anew_is_read_anew(world: Jenkins) -> None:
    world.add("team/train")
    build = world.build("team/train", result=None, log=b"a long first try\n")
    async with opened(world) as vendor:
        await log_of(vendor, "team/train#1")
        build.log = b"again\n"
        (part,) = await log_of(vendor, "team/train#1", 17)
    assert (part.start, part.data) == (0, b"again\n")


async def test_a_stage_has_the_log_of_its_build(world: Jenkins) -> None:
    failed_build(world).log = b"all of it\n"
    async with opened(world) as vendor:
        parts = [part async for part in vendor.log("team/train#1", "team/train#1/11", 0)]
    assert {(part.pipeline, part.job) for part in parts} == {("team/train#1", "team/train#1/11")}
    assert parts[0].data == b"all of it\n"


async def test_a_large_log_comes_in_pieces(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", log=b"0123456789abcdef" * 200_000)
    async with opened(world) as vendor:
        parts = await log_of(vendor, "team/train#1")
    assert len(parts) > 3
    assert max(len(part.data) for part in parts) <= 1024 * 1024
    assert b"".join(part.data for part in parts) == b"0123456789abcdef" * 200_000
    assert all(part.start == sum(len(one.data) for one in parts[:at]) for at, part in enumerate(parts))


async def test_a_log_that_is_not_there_says_why(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", result=None)
    async with opened(world) as vendor:
        (nothing_yet,) = await log_of(vendor, "team/train#1")
        (gone,) = await log_of(vendor, "team/train#9")
        (queued,) = await log_of(vendor, "team/train#q9")
    assert "Nothing is written" in nothing_yet.sentence
    assert not nothing_yet.is_last
    assert "no log" in gone.sentence
    assert "Nothing is written" in queued.sentence


# -- what goes wrong --------------------------------------------------------------------------------------------


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
            await log_of(vendor, "team/train#1")


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


# -- acts -------------------------------------------------------------------------------------------------------


def parameterised(world: Jenkins, **values: object) -> Build:
    world.add("team/train", defaults={"epochs": "3", "note": ""})
    given = [{"name": name, "value": value} for name, value in values.items()]
    return world.build("team/train", result="FAILURE", parameters=given, user="bob")


async def test_a_build_is_started_again_with_its_parameters(world: Jenkins) -> None:
    parameterised(world, epochs="20", note="a & b = ü\nsecond line")
    async with opened(world) as vendor:
        new = await vendor.rerun("team/train#1", failed_only=False, key="k")
        found = await vendor.one(new)
    assert new == "team/train#2"
    assert world.done == [
        f"buildWithParameters team/train { ({'epochs': '20', 'note': 'a & b = ü' + chr(10) + 'second line'}) }"
    ]
    assert found is not None
    assert (found.status, found.event, found.actor) == ("running", "manual", USER)


async def test_a_branch_without_parameters_is_built_again(world: Jenkins) -> None:
    team(world)
    async with opened(world) as vendor:
        assert await vendor.rerun("team/train/feature%2Fnew loss#1", failed_only=False, key="k") == (
            "team/train/feature%2Fnew loss#2"
        )
    assert world.done == ["build team/train/feature%2Fnew loss {}"]


async def test_a_job_that_takes_parameters_by_now_is_started_with_its_defaults(world: Jenkins) -> None:
    parameterised(world)
    async with opened(world) as vendor:
        assert await vendor.rerun("team/train#1", failed_only=False, key="k") == "team/train#2"
    assert world.items["team/train"].builds[2].parameters == [
        {"name": "epochs", "value": "3"},
        {"name": "note", "value": ""},
    ]


async def test_a_secret_parameter_cannot_be_repeated_and_nothing_is_started(world: Jenkins) -> None:
    world.add("team/train", defaults={"password": ""})
    world.build("team/train", parameters=[{"name": "password"}])
    async with opened(world) as vendor:
        with pytest.raises(SourceError, match=r"does not tell \(password.*Nothing was started"):
            await vendor.rerun("team/train#1", failed_only=False, key="k")
    assert world.done == []


async def test_what_stays_in_the_queue_is_a_pipeline_that_waits_and_can_be_taken_out(world: Jenkins) -> None:
    parameterised(world, epochs="20")
    world.starts_after = 10_000
    async with opened(world) as vendor:
        new = await vendor.rerun("team/train#1", failed_only=False, key="k")
        assert new == "team/train#q50"
        queued = await vendor.one(new)
        assert queued is not None
        assert (queued.id, queued.status, queued.title) == (new, "queued", "Waiting for next available executor")
        world.leave(50)
        started = await vendor.one(new)
        assert started is not None
        assert (started.id, started.status) == ("team/train#2", "running")

        again = await vendor.rerun("team/train#1", failed_only=False, key="k2")
        await vendor.cancel(again)
        assert await vendor.one(again) is None
    assert world.done[-1] == "cancelItem 51"


async def test_the_same_once_more_while_it_waits_is_the_same(world: Jenkins) -> None:
    parameterised(world, epochs="20")
    world.starts_after = 10_000
    async with opened(world) as vendor:
        one = await vendor.rerun("team/train#1", failed_only=False, key="k")
        assert await vendor.rerun("team/train#1", failed_only=False, key="k2") == one
    assert len(world.done) == 1


async def test_what_was_begun_before_the_line_was_cut_is_found_again(world: Jenkins) -> None:
    parameterised(world, epochs="20")
    world.cut = lambda asked: asked.method == "POST"
    since = NOW
    async with opened(world) as vendor:
        assert await vendor.rerun_of("team/train#1", key="k", since=since) is None
        with pytest.raises(SourceError):
            await vendor.rerun("team/train#1", failed_only=False, key="k")
        assert len(world.done) == 1
        world.leave(50)
        other = {"name": "epochs", "value": "21"}
        world.build("team/train", user=USER, parameters=[other])
        world.build("team/train", user="bob", parameters=[{"name": "epochs", "value": "20"}])
        assert await vendor.rerun_of("team/train#1", key="k", since=world.clock + 60 * MINUTE) is None


async def test_a_rerun_is_told_by_who_started_it_with_what_and_when(world: Jenkins) -> None:
    parameterised(world, epochs="20")
    given = [{"name": "epochs", "value": "20"}]
    world.build("team/train", user="bob", parameters=given)
    world.build("team/train", user=USER, parameters=[{"name": "epochs", "value": "21"}])
    ours = world.build("team/train", user=USER, parameters=given)
    client = http(world)
    client.skew = 0
    vendor = JenkinsVendor(spec(world), client, job="team", pause=at_once)
    client._learn_skew = lambda headers, began: None  # type: ignore[method-assign]  # this server's clock is its own
    assert await vendor.rerun_of("team/train#1", key="k", since=ours.timestamp - 100) == f"team/train#{ours.number}"
    assert await vendor.rerun_of("team/train#1", key="k", since=ours.timestamp + MINUTE) is None
    await vendor.close()


async def test_failed_stages_alone_cannot_be_run_again(world: Jenkins) -> None:
    failed_build(world)
    async with opened(world) as vendor:
        assert vendor.abilities == {"rerun", "cancel"}
        with pytest.raises(SourceError, match="as a whole"):
            await vendor.rerun("team/train#1", failed_only=True, key="k")
        with pytest.raises(SourceError, match="in Jenkins itself"):
            await vendor.approve("team/train#1", ("x",), "")
        with pytest.raises(SourceError, match="by hand"):
            await vendor.play("team/train#1", "x")
    assert world.done == []


async def test_a_running_build_is_stopped(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", result=None)
    async with opened(world) as vendor:
        await vendor.cancel("team/train#1")
        found = await vendor.one("team/train#1")
        assert found is not None
        assert (found.status, found.raw_status) == ("cancelled", "ABORTED")
        with pytest.raises(SourceError, match="has no build 9"):
            await vendor.cancel("team/train#9")
    assert world.done == ["stop team/train 1"]


async def test_a_password_gets_its_crumb_and_a_token_needs_none(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", result=None)
    world.build("team/train", result=None)
    async with opened(world, secret=PASSWORD) as vendor:
        await vendor.cancel("team/train#1")
        await vendor.cancel("team/train#2")
    posts = [one.headers.get("Jenkins-Crumb") for one in world.asked if one.method == "POST"]
    assert posts == [None, CRUMB, CRUMB]
    before = len(world.asked)
    async with opened(world) as vendor:
        await vendor.cancel("team/train#1")
    assert "/crumbIssuer/api/json" not in paths(world, before)
    assert world.done == ["stop team/train 1", "stop team/train 2", "stop team/train 1"]


async def test_an_act_that_is_not_allowed_is_refused_once(world: Jenkins) -> None:
    world.add("team/train")
    world.build("team/train", result=None)
    refusal = page(403, "Error 403 ann is missing the Job/Cancel permission")
    world.fail = lambda asked: refusal if asked.method == "POST" else None
    async with opened(world) as vendor:
        with pytest.raises(SourceError, match="Job/Cancel") as caught:
            await vendor.cancel("team/train#1")
    assert caught.value.state == "forbidden"
    assert sum(one.method == "POST" for one in world.asked) == 1


def test_it_is_a_vendor_that_takes_acts() -> None:
    section = JenkinsCi(repository="team/train", base_url="https://jenkins.example/")
    spec = SourceSpec(key=KEY, kind="jenkins", name="jenkins", address=section.base_url)
    vendor: Vendor = open_vendor(spec, section, Http(section.base_url))
    assert isinstance(vendor, TakesActs)


# -- through the engine, into the cache -------------------------------------------------------------------------


class Copy:
    """A cache that is filled from the server, by a source that remembers nothing between two passes."""

    def __init__(self, world: Jenkins, folder: Path) -> None:
        self.world, self.cache = world, folder / "cache.db"
        self.settings = load(directory=folder)

    def source(self) -> CiSource:
        vendor = JenkinsVendor(spec(self.world), http(self.world), job="team", pause=at_once)
        return CiSource(spec(self.world), lambda: vendor, abilities=vendor.abilities)

    async def sync(self, *, full: bool = False) -> SourceState:
        (state,) = await sync_once(self.settings, self.cache, sources=[self.source()], full=full)
        return state

    def kept(self) -> dict[str, Pipeline]:
        reader = Reader(self.cache)
        try:
            ids = reader.pipelines.ids(None, None)
            return {row.pipeline.id: row.pipeline for row in reader.pipelines.rows(ids)}
        finally:
            reader.close()


async def test_a_whole_server_comes_into_the_cache_and_follows_what_changes(world: Jenkins, tmp_path: Path) -> None:
    team(world)
    failed_build(world, "team/evaluate")
    for _ in range(120):
        world.build("team/ingest")
    running = world.build("team/train/main", result=None)
    copy = Copy(world, tmp_path)
    assert (await copy.sync()).state == "ok"
    builds = {f"{path}#{number}" for path, item in world.items.items() for number in item.builds}
    kept = copy.kept()
    assert set(kept) == {one for one in builds if one.startswith("team/")}
    assert len(kept) == 5 + 1 + 120 + 1
    assert all(one.jobs for one in kept.values())
    assert [job.status for job in kept["team/evaluate#1"].jobs or ()] == ["passed", "failed"]
    assert kept["team/train/main#3"].status == "running"

    running.result = "UNSTABLE"
    world.build("team/never", result="FAILURE", sha=SHA)
    assert (await copy.sync()).state == "ok"
    kept = copy.kept()
    assert (kept["team/train/main#3"].status, kept["team/train/main#3"].raw_status) == ("failed", "UNSTABLE")
    assert (kept["team/never#1"].commit, len(kept["team/never#1"].jobs or ())) == (SHA, 1)


async def test_a_pass_with_nothing_new_is_cheap(world: Jenkins, tmp_path: Path) -> None:
    world.add("team/train")
    for _ in range(250):
        world.build("team/train")
    copy = Copy(world, tmp_path)
    await copy.sync()
    for _ in range(4):
        before = len(world.asked)
        assert (await copy.sync()).state == "ok"
        assert len(world.asked) - before <= 5, paths(world, before)


async def test_a_running_build_is_followed_without_reading_the_others(world: Jenkins, tmp_path: Path) -> None:
    world.add("team/train")
    for _ in range(20):
        world.build("team/train")
    build = world.build("team/train", result=None)
    copy = Copy(world, tmp_path)
    await copy.sync()
    assert copy.kept()["team/train#21"].status == "running"
    build.result = "SUCCESS"
    before = len(world.asked)
    await copy.sync()
    found = copy.kept()["team/train#21"]
    assert (found.status, found.ended_at) == ("passed", build.timestamp + build.duration)
    assert not [path for path in paths(world, before) if re.search(r"/\d+/", path) and "/21/" not in path]


async def test_builds_that_were_deleted_leave_the_cache(world: Jenkins, tmp_path: Path) -> None:
    world.add("team/train")
    for _ in range(6):
        world.build("team/train")
    copy = Copy(world, tmp_path)
    await copy.sync()
    del world.items["team/train"].builds[2], world.items["team/train"].builds[6]
    await copy.sync(full=True)
    assert sorted(copy.kept()) == [f"team/train#{number}" for number in (1, 3, 4, 5)]


async def test_the_secret_is_nowhere_in_the_cache(world: Jenkins, tmp_path: Path) -> None:
    failed_build(world)
    copy = Copy(world, tmp_path)
    await copy.sync()
    world.fail = lambda asked: page(403, f"Error 403 {asked.headers.get('Authorization')} {TOKEN}")
    state = await copy.sync()
    assert state.state == "forbidden"
    assert TOKEN not in state.sentence
    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"team/train" in held
    assert TOKEN.encode() not in held


async def test_what_somebody_looks_at_is_asked_for(world: Jenkins) -> None:
    failed_build(world).log = b"all of it\n"
    vendor = JenkinsVendor(spec(world), http(world), job="team", pause=at_once)
    source = CiSource(spec(world), lambda: vendor, abilities=vendor.abilities)
    wanted = Want(kind="pipeline", source=KEY, pipelines=("team/train#1", "team/train#2"))
    batches = [batch async for batch in source.want(wanted)]
    assert [one.id for batch in batches for one in batch.pipelines] == ["team/train#1"]
    assert [gone for batch in batches for gone in batch.pipelines_gone] == ["team/train#2"]
    log = Want(kind="log", source=KEY, pipelines=("team/train#1",), job="team/train#1/11")
    parts = [part async for batch in source.want(log) for part in batch.log_parts]
    assert b"".join(part.data for part in parts) == b"all of it\n"
    assert await source.rerun("team/train#1", failed_only=False, key="k") == "team/train#2"
    await source.close()


async def test_what_waited_in_the_queue_gives_its_place_to_the_build(world: Jenkins, tmp_path: Path) -> None:
    parameterised(world, epochs="20")
    world.starts_after = 10_000
    copy = Copy(world, tmp_path)
    await copy.sync()
    source = copy.source()
    new = await source.rerun("team/train#1", failed_only=False, key="k")
    (batch,) = [one async for one in source.want(Want(kind="pipeline", source=KEY, pipelines=(new,)))]
    assert [(one.id, one.status) for one in batch.pipelines] == [("team/train#q50", "queued")]
    world.leave(50)
    (batch,) = [one async for one in source.want(Want(kind="pipeline", source=KEY, pipelines=(new,)))]
    assert [(one.id, one.status) for one in batch.pipelines] == [("team/train#2", "running")]
    assert batch.pipelines_gone == ("team/train#q50",)
    await source.close()


SETTINGS = """
[[ci]]
kind = "jenkins"
name = "forge"
repository = "team/train"
base_url = "{url}"
username_env = "JENKINS_USER"
password_env = "JENKINS_TOKEN"
"""


async def test_a_section_of_the_settings_is_enough(world: Jenkins, tmp_path: Path) -> None:
    failed_build(world)
    (tmp_path / "quarterdeck.toml").write_text(SETTINGS.format(url=world.url + "/"))
    settings = load(directory=tmp_path, environment={"JENKINS_USER": USER, "JENKINS_TOKEN": TOKEN})
    trust.record_trust(settings)
    (forge,) = [source for source in build(settings) if source.spec.kind == "jenkins"]
    assert isinstance(forge, CiSource)
    assert (forge.spec.name, sorted(forge.abilities)) == ("forge", ["cancel", "rerun"])
    found = await forge.one("team/train#1")
    await forge.close()
    assert found is not None
    assert (found.source, found.status) == (forge.spec.key, "failed")
