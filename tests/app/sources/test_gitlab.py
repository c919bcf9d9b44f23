"""GitLab CI against a server that remembers. Each request of each test is held against the published API."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import stamina

from quarterdeck.app import trust
from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import LogPart, Pipeline, SourceSpec, Want
from quarterdeck.app.settings import GitlabCi, Settings, load
from quarterdeck.app.sources.ci import Mark, Page, TakesActs, Vendor
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.gitlab import GitlabVendor, open_vendor
from quarterdeck.app.sources.gitlab import traces as traces_module
from quarterdeck.app.sources.gitlab.pace import Pace
from quarterdeck.app.sources.http import Credential, Http
from quarterdeck.app.sources.registry import build
from quarterdeck.app.sources.trouble import AnswerError
from quarterdeck.app.sync.once import sync_once
from tests.servers.gitlab import LIMITED, NUMBER, OUTSIDE, PATH, TOKEN, Gitlab, message
from tests.servers.loopback import Asked, Loopback, Told, serving

SPEC = SourceSpec(key="0011223344556677", kind="gitlab", name="gitlab", address="https://gitlab.shop.example")
PUBLISHED = Path(__file__).parents[4] / "shared" / "contracts" / "openapi" / "gitlab" / "gitlab-ci.swagger2.json"


class Published:
    """GitLab's own description of its API."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = {
            re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))): methods
            for path, methods in document["paths"].items()
        }

    def check(self, asked: Asked) -> None:
        """Fails when no such request is described: path, method, query and body."""
        found = [methods for pattern, methods in self.paths.items() if pattern.fullmatch(asked.path)]
        described = [methods[asked.method.lower()] for methods in found if asked.method.lower() in methods]
        assert described, f"{asked.method} {asked.path} is not in the published API"
        parameters = {one["name"]: one for one in described[0].get("parameters", [])}
        for name, value in asked.query.items():
            assert parameters.get(name, {}).get("in") == "query", f"{asked.path} has no parameter {name}"
            self._check_value(parameters[name], value)
        bodies = [one["schema"] for one in parameters.values() if one["in"] == "body"]
        if bodies and asked.body:
            # Swagger 2 speaks draft 4; the document as a whole is not checked: it has types of Swagger's own
            schema = {**bodies[0], "definitions": self.document["definitions"]}
            jsonschema.Draft4Validator(schema).validate(json.loads(asked.body))

    @staticmethod
    def _check_value(parameter: dict[str, Any], value: str) -> None:
        if parameter["type"] == "integer":
            assert value.isdigit(), value
        if parameter["type"] == "boolean":
            assert value in ("true", "false"), value
        if parameter.get("format") == "date-time":
            assert datetime.fromisoformat(value).tzinfo is not None, value
        assert value in parameter.get("enum", [value]), value


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def server(gitlab: Gitlab) -> Iterator[Loopback]:
    with serving(gitlab.answer) as listening:
        yield listening
    if PUBLISHED.is_file():
        published = Published(json.loads(PUBLISHED.read_text()))
        for asked in listening.asked:
            published.check(asked)


def http(server: Loopback, path: str = "") -> Http:
    return Http(server.url + path, credential=Credential.bearer(server.url, TOKEN))


@asynccontextmanager
async def opened(server: Loopback, project: str | int = PATH, path: str = "") -> AsyncIterator[GitlabVendor]:
    vendor = open_vendor(SPEC, GitlabCi(repository=project, base_url=server.url + path), http(server, path))
    try:
        yield vendor
    finally:
        await vendor.close()


async def pages(vendor: GitlabVendor, mark: Mark) -> list[Page]:
    return [page async for page in vendor.recent(mark)]


async def looked(vendor: GitlabVendor, mark: Mark) -> tuple[list[str], Mark]:
    """The ids that a look brings, and the mark to go on with."""
    found = await pages(vendor, mark)
    assert found[-1].mark is not None
    return [pipeline.id for page in found for pipeline in page.pipelines], found[-1].mark


async def whole(vendor: GitlabVendor) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    page = await vendor.page(None)
    while True:
        ids += [pipeline.id for pipeline in page.pipelines]
        if page.next is None:
            return ids
        page = await vendor.page(page.next)


async def found_by(vendor: GitlabVendor, pipeline: int) -> Pipeline:
    one = await vendor.one(str(pipeline))
    assert one is not None
    return one


async def log(vendor: GitlabVendor, pipeline: int, job: int, start: int = 0) -> list[LogPart]:
    return [part async for part in vendor.log(str(pipeline), str(job), start)]


def paths(server: Loopback) -> list[str]:
    return [one.path.partition(f"/projects/{PATH.replace('/', '%2F')}/")[2] for one in server.asked]


# -- addresses


def test_it_is_a_vendor_that_takes_acts(server: Loopback) -> None:
    vendor = GitlabVendor(SPEC, http(server), project=PATH)
    as_vendor: Vendor = vendor
    assert isinstance(as_vendor, TakesActs)
    assert vendor.abilities == {"rerun_failed", "cancel", "approve", "play"}


@pytest.mark.parametrize("project", [PATH, f"/{PATH}/", NUMBER])
@pytest.mark.parametrize("path", ["", "/", "/api/v4", "/api/v4/"])
async def test_a_project_in_nested_groups_is_found_by_its_path_and_by_its_number(
    gitlab: Gitlab, server: Loopback, project: str | int, path: str
) -> None:
    number = gitlab.push()
    async with opened(server, project, path) as vendor:
        assert [one.id for one in (await vendor.page(None)).pipelines] == [str(number)]
    name = str(NUMBER) if project == NUMBER else "forecast%2Fmodels%2Fdemand"
    assert server.asked[0].path == f"/api/v4/projects/{name}/pipelines"


# -- pages


@pytest.mark.parametrize("paging", [("x-next-page", "link"), ("x-next-page",), ("link",), ()])
async def test_all_pages_are_turned_by_whichever_header_is_there(
    gitlab: Gitlab, server: Loopback, paging: tuple[str, ...]
) -> None:
    made = [str(gitlab.push()) for _ in range(230)]
    gitlab.paging = paging
    async with opened(server) as vendor:
        assert await whole(vendor) == made[::-1]
    assert len(server.asked) == 3


async def test_a_link_to_another_host_is_asked_for_at_ours(gitlab: Gitlab, server: Loopback) -> None:
    for _ in range(101):
        gitlab.push()
    gitlab.paging = ("link",)
    async with opened(server) as vendor:
        page = await vendor.page(None)
        assert page.next == "page=2"
        await vendor.page(page.next)
    assert OUTSIDE not in str(server.asked[1])
    assert server.asked[1].query == {"per_page": "100", "order_by": "id", "sort": "desc", "page": "2"}


async def test_an_empty_project_has_one_empty_page(server: Loopback) -> None:
    async with opened(server) as vendor:
        assert await vendor.page(None) == Page()
        ids, mark = await looked(vendor, {})
        assert ids == []
        assert await looked(vendor, mark) == ([], mark)


async def test_where_gitlab_counts_no_further_the_history_ends(gitlab: Gitlab, server: Loopback) -> None:
    for _ in range(101):
        gitlab.push()
    told = "Offset pagination has a maximum allowed offset of 50000 for requests that return objects of type Pipeline."
    async with opened(server) as vendor:
        page = await vendor.page(None)
        gitlab.fail("/pipelines$", Told({"error": told}, 405))
        assert await vendor.page(page.next) == Page()
        gitlab.fail("/pipelines$", Told({"error": "method not allowed"}, 405))
        with pytest.raises(SourceError, match="405"):
            await vendor.page(page.next)


async def test_a_project_that_moved_is_followed(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    gitlab.fail("/projects/old%2Fplace/pipelines$", Told({}, 301, {"Location": f"/api/v4/projects/{NUMBER}/pipelines"}))
    async with opened(server, "old/place") as vendor:
        assert [one.id for one in (await vendor.page(None)).pipelines] == [str(number)]


# -- what changed


async def test_a_look_with_nothing_new_is_two_requests_and_brings_nothing(gitlab: Gitlab, server: Loopback) -> None:
    for _ in range(130):
        gitlab.push()
    async with opened(server) as vendor:
        first, mark = await looked(vendor, {})
        server.asked.clear()
        assert await looked(vendor, mark) == ([], mark)
    assert len(first) == 100
    assert len(server.asked) == 2


async def test_what_is_new_or_changed_is_brought_once(gitlab: Gitlab, server: Loopback) -> None:
    old = [gitlab.push() for _ in range(150)]
    async with opened(server) as vendor:
        _, mark = await looked(vendor, {})
        gitlab.set(old[3], "running")
        new = gitlab.push("running")
        ids, mark = await looked(vendor, mark)
        assert sorted(ids) == sorted([str(old[3]), str(new)])
        ids, mark = await looked(vendor, mark)
        assert ids == []
        gitlab.set(new, "success")
        assert (await looked(vendor, mark))[0] == [str(new)]


async def test_more_changes_than_one_page_holds_are_all_brought(gitlab: Gitlab, server: Loopback) -> None:
    old = [gitlab.push() for _ in range(250)]
    async with opened(server) as vendor:
        _, mark = await looked(vendor, {})
        for number in old[:120]:
            gitlab.set(number, "canceled")
        fresh = [gitlab.push() for _ in range(130)]
        ids, _ = await looked(vendor, mark)
    assert len(ids) == len(set(ids)) == 250
    assert {int(one) for one in ids} == {*old[:120], *fresh}


async def test_a_change_that_becomes_visible_late_is_found_by_the_overlap(gitlab: Gitlab, server: Loopback) -> None:
    slow, quick = gitlab.push("running"), gitlab.push("running")
    before = gitlab.now()
    async with opened(server) as vendor:
        _, mark = await looked(vendor, {})
        gitlab.set(quick, "success")
        ids, mark = await looked(vendor, mark)
        assert ids == [str(quick)]
        gitlab.set(slow, "failed")
        gitlab.pipelines[slow]["updated_at"] = before  # its transaction began before the other one's ended
        assert (await looked(vendor, mark))[0] == [str(slow)]


async def test_a_new_pipeline_without_a_time_of_change_is_found(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.push()
    async with opened(server) as vendor:
        _, mark = await looked(vendor, {})
        outside = gitlab.push("running", updated_at=None, source="external")
        ids, mark = await looked(vendor, mark)
        assert ids == [str(outside)]
        assert (await looked(vendor, mark))[0] == []
        gitlab.set(outside, "success")
        assert (await looked(vendor, mark))[0] == [str(outside)]


async def test_a_mark_survives_being_written_as_json(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.push()
    async with opened(server) as vendor:
        _, mark = await looked(vendor, {})
        assert await looked(vendor, json.loads(json.dumps(mark))) == ([], mark)


# -- one pipeline


async def test_a_pipeline_has_its_jobs_of_all_attempts_and_its_bridges(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed", "deploy": "manual"})
    gitlab.bridge(number, "register")
    async with opened(server) as vendor:
        await vendor.rerun(str(number), failed_only=True, key="k")
        found = await found_by(vendor, number)
    assert [(job.name, job.attempt, job.status) for job in found.jobs or ()] == [
        ("ingest", 1, "passed"), ("train", 1, "failed"), ("train", 2, "queued"), ("deploy", 1, "waiting"),
        ("register", 1, "passed"),
    ]  # fmt: skip
    assert (found.status, found.title, found.actor, found.attempt) == ("running", "Change 1", "mira", 1)
    assert len({job.id for job in found.jobs or ()}) == 5


async def test_a_pipeline_of_many_jobs_is_read_page_by_page(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push(jobs={f"fit {n}/240": "success" for n in range(1, 241)})
    async with opened(server) as vendor:
        found = await found_by(vendor, number)
    assert [job.name for job in found.jobs or ()] == [f"fit {n}/240" for n in range(1, 241)]


async def test_a_pipeline_that_is_gone_is_none_and_says_404_when_it_was_listed(
    gitlab: Gitlab, server: Loopback
) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        (listed,) = (await vendor.page(None)).pipelines
        gitlab.remove(number)
        assert await vendor.one(str(number)) is None
        with pytest.raises(AnswerError) as caught:
            await vendor.detail(listed)
    assert caught.value.status == 404


@pytest.mark.parametrize("name", ["", "latest", "../77", "9001/jobs", "٣"])
async def test_what_is_no_number_is_no_pipeline_and_is_not_asked_for(server: Loopback, name: str) -> None:
    async with opened(server) as vendor:
        assert await vendor.one(name) is None
        assert (await log(vendor, 1, 1))[0].sentence
        (part,) = [part async for part in vendor.log("9001", name, 0)]
    assert "no such job" in part.sentence
    assert [asked.path[-7:] for asked in server.asked] == ["/jobs/1"]


async def test_tests_are_asked_for_where_a_job_left_some_and_in_full_where_one_failed(
    gitlab: Gitlab, server: Loopback
) -> None:
    without, green, red = gitlab.push(), gitlab.push(), gitlab.push("failed")
    gitlab.test(green, one="success", two="skipped")
    gitlab.test(red, one="success", two="failed", three="error")
    async with opened(server) as vendor:
        assert (await found_by(vendor, without)).report is None
        passed, failed = (await found_by(vendor, green)).report, (await found_by(vendor, red)).report
    assert passed is not None
    assert (passed.total, passed.passed, passed.skipped, passed.failures) == (2, 1, 1, ())
    assert failed is not None
    assert (failed.total, failed.passed, failed.failed, failed.errors) == (3, 1, 1, 1)
    assert [(case.name, case.message) for case in failed.failures] == [("two", "two!"), ("three", "three!")]
    assert [path for path in paths(server) if "test_report" in path] == [
        f"pipelines/{green}/test_report_summary",
        f"pipelines/{red}/test_report_summary",
        f"pipelines/{red}/test_report",
    ]


async def test_a_report_that_breaks_the_server_leaves_the_counts(gitlab: Gitlab, server: Loopback) -> None:
    red = gitlab.push("failed")
    gitlab.test(red, one="failed")
    gitlab.fail("/test_report$", message("500 Internal Server Error", 500))
    async with opened(server) as vendor:
        report = (await found_by(vendor, red)).report
    assert report is not None
    assert (report.total, report.failed, report.failures) == (1, 1, ())


async def test_deployments_are_those_of_the_pipelines_own_jobs(gitlab: Gitlab, server: Loopback) -> None:
    first, second = gitlab.push(), gitlab.push()
    gitlab.deploy(first, "staging")
    gitlab.deploy(first, "production", "failed")
    gitlab.deploy(second, "staging")
    async with opened(server) as vendor:
        one, two = await found_by(vendor, first), await found_by(vendor, second)
    assert [(each.environment, each.status) for each in one.deployments] == [
        ("staging", "passed"), ("production", "failed"),
    ]  # fmt: skip
    assert [each.environment for each in two.deployments] == ["staging"]
    assert paths(server).count("deployments") == 1, "one list tells of all"


async def test_a_deployment_of_a_changed_pipeline_is_read_and_changed_ones_alone(
    gitlab: Gitlab, server: Loopback
) -> None:
    number = gitlab.push("running")
    async with opened(server) as vendor:
        assert (await found_by(vendor, number)).deployments == ()
        gitlab.deploy(number, "production")
        gitlab.set(number, "success")
        # far ahead of the last look, as a change some minutes later would be
        gitlab.pipelines[number]["updated_at"] = "2037-01-01T00:00:00.000Z"
        assert len((await found_by(vendor, number)).deployments) == 1
    asked = [one for one in server.asked if one.path.endswith("/deployments")]
    assert ["updated_after" in one.query for one in asked] == [False, True]


async def test_a_project_without_deployments_is_asked_for_them_once(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.keeps_deployments = False
    async with opened(server) as vendor:
        for number in (gitlab.push(), gitlab.push()):
            assert (await found_by(vendor, number)).deployments == ()
    assert paths(server).count("deployments") == 1


# -- logs


async def test_a_log_is_whole_and_ends_with_its_job(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = (Path(__file__).parents[2] / "payloads" / "gitlab" / "trace.log").read_bytes()
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert b"".join(part.data for part in parts) == gitlab.traces[job]
    assert [(part.source, part.pipeline, part.job) for part in parts] == [(SPEC.key, str(number), str(job))] * 2
    assert [part.start for part in parts] == [0, len(gitlab.traces[job])]
    assert [part.is_last for part in parts] == [False, True]


async def test_a_long_log_comes_in_parts_of_bounded_size(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"".join(b"%08d\n" % n for n in range(300_000))
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert b"".join(part.data for part in parts) == gitlab.traces[job]
    assert max(len(part.data) for part in parts) < 1_000_000
    assert all(after.start == part.start + len(part.data) for part, after in pairwise(parts))


async def test_a_log_that_grows_brings_what_is_new(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"epoch 1\n"
    async with opened(server) as vendor:
        first = await log(vendor, number, job)
        assert [part.data for part in first] == [b"epoch 1\n", b""]
        assert not first[-1].is_last
        gitlab.traces[job] += b"epoch 2\n"
        more = await log(vendor, number, job, 8)
        assert [(part.start, part.data, part.is_last) for part in more] == [(8, b"epoch 2\n", False), (16, b"", False)]
        gitlab.set(number, "success", train="success")
        (end,) = await log(vendor, number, job, 16)
    assert (end.start, end.data, end.is_last, end.sentence) == (16, b"", True, "")


async def test_a_log_that_is_shorter_than_what_is_known_begins_anew(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"short\n"
    async with opened(server) as vendor:
        parts = await log(vendor, number, job, 1_000)
    assert [(part.start, part.data) for part in parts] == [(0, b"short\n"), (6, b"")]


async def test_a_large_log_of_a_running_job_is_not_read_again_at_once(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = bytes(8_000_000)
    clock = [1_795_000_000.0]
    vendor = GitlabVendor(
        SPEC, Http(server.url, credential=Credential.bearer(server.url, TOKEN), clock=lambda: clock[0]), project=PATH
    )
    await log(vendor, number, job)
    (same,) = await log(vendor, number, job, 8_000_000)
    assert (same.start, same.data, same.is_last) == (8_000_000, b"", False)
    assert sum(path.endswith("/trace") for path in paths(server)) == 1
    clock[0] += 20
    await log(vendor, number, job, 8_000_000)
    assert sum(path.endswith("/trace") for path in paths(server)) == 2
    await vendor.close()


async def test_a_log_longer_than_the_cap_is_cut_and_says_so(
    gitlab: Gitlab, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces_module, "LARGEST", 500_000)
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = bytes(900_000)
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert sum(len(part.data) for part in parts) == 500_000
    assert parts[-1].is_last
    assert "longer than" in parts[-1].sentence


@pytest.mark.parametrize(
    ("status", "erased", "words", "is_last"),
    [
        ("success", None, "no log of this job", True),
        ("failed", "2026-03-05T10:00:00.000Z", "erased in GitLab at 2026-03-05", True),
        ("running", None, "nothing yet", False),
        ("pending", None, "has not begun", False),
        ("manual", None, "has not begun", False),
    ],
)
async def test_a_log_that_is_not_there_is_a_sentence(
    gitlab: Gitlab, server: Loopback, status: str, erased: str | None, words: str, is_last: bool
) -> None:
    number = gitlab.push(status)
    gitlab.jobs[number][0]["erased_at"] = erased
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"])
    assert words in part.sentence
    assert (part.data, part.is_last) == (b"", is_last)


async def test_a_log_that_this_login_may_not_read_says_so(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    gitlab.fail("/trace$", message("403 Forbidden", 403))
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"])
    assert "does not show this log to this login" in part.sentence


async def test_a_log_that_expired_keeps_what_was_read(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"], 4_096)
    assert (part.start, part.is_last) == (4_096, True)
    assert part.sentence


# -- acts


async def test_failed_jobs_run_again_in_the_same_pipeline(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    async with opened(server) as vendor:
        assert await vendor.rerun(str(number), failed_only=True, key="k") == str(number)
        assert await vendor.rerun_of(str(number), key="k", since=0) is None
        assert (await found_by(vendor, number)).status == "running"
    assert gitlab.acts == [f"pipelines/{number}/retry"]


async def test_all_jobs_are_not_run_again_because_that_is_another_pipeline(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match="another pipeline"):
            await vendor.rerun(str(number), failed_only=False, key="k")
    assert server.asked == []


async def test_a_running_pipeline_is_cancelled(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running", jobs={"train": "running", "deploy": "created"})
    async with opened(server) as vendor:
        await vendor.cancel(str(number))
        found = await found_by(vendor, number)
    assert [found.status, *(job.status for job in found.jobs or ())] == ["cancelled"] * 3


async def test_a_manual_job_is_played(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("manual", jobs={"train": "success", "deploy": "manual"})
    async with opened(server) as vendor:
        before = await found_by(vendor, number)
        job = next(job for job in before.jobs or () if job.is_manual)
        await vendor.play(before.id, job.id)
        after = await found_by(vendor, number)
        with pytest.raises(SourceError, match="Unplayable Job"):
            await vendor.play(before.id, job.id)
    assert (before.status, after.status) == ("waiting", "running")


async def test_a_blocked_deployment_is_approved(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("manual")
    blocked = gitlab.deploy(number, "production", "blocked")
    async with opened(server) as vendor:
        (waiting,) = (await found_by(vendor, number)).approvals
        assert (waiting.id, waiting.name) == (str(blocked), "production")
        await vendor.approve(str(number), (waiting.id,), "champion by 2 points")
        assert (await found_by(vendor, number)).approvals == ()
    (asked,) = [one for one in server.asked if one.method == "POST"]
    assert json.loads(asked.body) == {"status": "approved", "comment": "champion by 2 points"}


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (message("403 Forbidden  - Job is not retryable", 403), "forbidden", "Job is not retryable”.$"),
        (message("403 Forbidden", 403), "forbidden", "needs the scope “api”"),
        (Told({"error": "insufficient_scope", "scope": "api"}, 403), "forbidden", "insufficient_scope"),
        (message({"base": ["must be retryable"]}, 400), "not_understood", "must be retryable"),
        (message("404 Not found", 404), "misconfigured", "404"),
        (message("401 Unauthorized", 401), "unauthorised", "401"),
        (LIMITED, "limited", "left alone for 37 s"),
    ],
)
async def test_a_refused_act_says_why(gitlab: Gitlab, server: Loopback, told: Told, state: str, words: str) -> None:
    number = gitlab.push("failed")
    gitlab.fail("/retry$", told)
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match=words) as caught:
            await vendor.rerun(str(number), failed_only=True, key="k")
    assert caught.value.state == state
    assert "read here" not in str(caught.value)


async def test_an_act_is_sent_once_however_it_fails(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed")
    gitlab.fail("/retry$", message("502 Bad Gateway", 502), times=3)
    async with opened(server) as vendor:
        with pytest.raises(SourceError):
            await vendor.rerun(str(number), failed_only=True, key="k")
    assert len(server.asked) == 1


async def test_an_id_that_is_no_number_is_sent_nowhere(server: Loopback) -> None:
    async with opened(server) as vendor:
        for act in (vendor.cancel("../1"), vendor.play("1", "2/retry"), vendor.approve("1", ("x",), "")):
            with pytest.raises(SourceError, match="no id of GitLab's"):
                await act
    assert server.asked == []


# -- trouble


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (LIMITED, "limited", "Retry later"),
        (message("401 Unauthorized", 401), "unauthorised", "401"),
        (Told({"error": "invalid_token", "error_description": "Token was revoked."}, 401), "unauthorised", "401"),
        (message("403 Forbidden", 403), "forbidden", "403"),
        (message({"ref": ["is invalid"]}, 400), "not_understood", "is invalid"),
        (message("500 Internal Server Error", 500), "unreachable", "500"),
        (Told(b"<html><title>Sign in</title>", 200, {"Content-Type": "text/html"}), "not_understood", "web page"),
    ],
)
async def test_each_refusal_is_one_of_the_known_states(
    gitlab: Gitlab, server: Loopback, told: Told, state: str, words: str
) -> None:
    gitlab.fail("/pipelines$", told)
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match=words) as caught:
            await vendor.page(None)
    assert caught.value.state == state
    assert TOKEN not in str(caught.value)


async def test_a_limit_is_obeyed_without_asking_again(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.fail("/pipelines$", LIMITED)
    async with opened(server) as vendor:
        for _ in range(2):
            with pytest.raises(SourceError, match="left alone"):
                await vendor.page(None)
    assert len(server.asked) == 1


def limit(remaining: int, reset: int, most: int = 2_000) -> dict[str, str]:
    return {"ratelimit-limit": str(most), "ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset)}


@pytest.mark.parametrize(
    ("headers", "pauses"),
    [
        ({}, []),
        (limit(1_999, 60), []),
        (limit(500, 60), []),
        (limit(400, 60), [60 / 400, 60 / 399, 60 / 398]),
        (limit(400, -1), []),
        (limit(0, 60), [5.0, 5.0, 5.0]),
        (limit(3, 3_600), [5.0, 5.0, 5.0]),
        ({"ratelimit-limit": "many", "ratelimit-remaining": "-1", "ratelimit-reset": "soon"}, []),
    ],
)
async def test_what_is_left_of_a_limit_is_spread_over_the_time_until_it_begins_anew(
    headers: dict[str, str], pauses: list[float]
) -> None:
    now = 1_795_000_000
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    pace = Pace(lambda: now * 1000, pause)
    if headers.get("ratelimit-reset", "").lstrip("-").isdigit():
        headers = {**headers, "ratelimit-reset": str(now + int(headers["ratelimit-reset"]))}
    pace.told(headers)
    for _ in range(3):
        await pace.wait()
    assert waited == pytest.approx(pauses)


async def test_the_limit_is_read_from_each_answer(
    gitlab: Gitlab, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    monkeypatch.setattr(Pace, "told", lambda self, headers: told.append(headers.get("ratelimit-remaining")))
    gitlab.limit = {"RateLimit-Remaining": "17"}
    async with opened(server) as vendor:
        await vendor.page(None)
    assert told == ["17"]


async def test_a_hiccup_is_tried_again(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    gitlab.fail("/pipelines$", message("502 Bad Gateway", 502), times=2)
    async with opened(server) as vendor:
        assert [one.id for one in (await vendor.page(None)).pipelines] == [str(number)]


async def test_a_project_that_is_hidden_does_not_count_as_the_deletion_of_its_pipelines(
    gitlab: Gitlab, server: Loopback
) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        gitlab.fail(".", message("404 Project Not Found", 404), times=2)
        with pytest.raises(SourceError, match="has no project “forecast/models/demand”") as caught:
            await vendor.one(str(number))
        with pytest.raises(SourceError, match="may not see it"):
            await log(vendor, number, 1)
    assert caught.value.state == "forbidden"
    assert not isinstance(caught.value, AnswerError)


async def test_a_project_that_wants_a_login_says_so(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.token = None
    vendor = GitlabVendor(SPEC, Http(server.url), project="elsewhere")
    with pytest.raises(SourceError, match="give a token") as caught:
        await vendor.page(None)
    await vendor.close()
    assert caught.value.state == "unauthorised"


# -- a whole sync


class Ship:
    """A project's cache, filled by passes of the real engine."""

    def __init__(self, folder: Path, server: Loopback) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.cache = folder / "cache" / "abc.s1.g1.db"
        self.cache.parent.mkdir(mode=0o700)
        (self.folder / "quarterdeck.toml").write_text(
            f'[[ci]]\nkind = "gitlab"\nrepository = "{PATH}"\nbase_url = "{server.url}"\ntoken_env = "FORGE_TOKEN"\n'
        )
        self.environment = {"FORGE_TOKEN": TOKEN}
        trust.record_trust(self.settings)

    @property
    def settings(self) -> Settings:
        return load(directory=self.folder, environment=self.environment)

    async def sync(self, **options: Any) -> tuple[str, str]:
        """One pass as the settings have it; gives the source's state and sentence."""
        (state,) = [one for one in await sync_once(self.settings, self.cache, **options) if one.kind == "gitlab"]
        return state.state, state.sentence

    def rows(self, sql: str) -> list[Any]:
        newest = max(self.cache.parent.glob("*.db"), key=lambda path: (len(path.name), path.name))
        with sqlite3.connect(newest) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def ship(tmp_path: Path, server: Loopback) -> Ship:
    return Ship(tmp_path, server)


async def test_a_whole_history_is_synced_and_then_what_changed(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    old = [gitlab.push(jobs={"ingest": "success", "train": "success"}) for _ in range(120)]
    running = gitlab.push("running", jobs={"ingest": "success", "train": "running"})
    assert (await ship.sync())[0] == "ok"
    assert ship.rows("SELECT count(*), sum(status = 'passed') FROM pipeline") == [(121, 120)]
    assert ship.rows("SELECT count(*) FROM job") == [(242,)]

    server.asked.clear()
    gitlab.set(running, "failed", train="failed")
    gitlab.remove(old[0])
    assert (await ship.sync())[0] == "ok"
    sql = "SELECT status, actor, title FROM pipeline WHERE native = '{}'"
    assert ship.rows(sql.format(running)) == [("failed", "mira", "Change 121")]
    asked = paths(server)
    assert [path for path in asked if re.fullmatch(r"pipelines/\d+(/.*)?", path)] == [
        f"pipelines/{running}", f"pipelines/{running}/jobs", f"pipelines/{running}/bridges",
    ]  # fmt: skip

    assert (await ship.sync(full=True))[0] == "ok"
    assert ship.rows(sql.format(old[0])) == []
    assert ship.rows("SELECT count(*) FROM pipeline") == [(120,)]


async def test_a_pass_with_nothing_new_costs_five_requests_at_most(
    gitlab: Gitlab, server: Loopback, ship: Ship
) -> None:
    for _ in range(30):
        gitlab.push()
    await ship.sync()
    server.asked.clear()
    await ship.sync()
    assert len(server.asked) <= 5


async def test_an_act_shows_after_the_next_pass(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    await ship.sync()
    source = next(one for one in build(ship.settings) if one.spec.kind == "gitlab")
    assert isinstance(source, CiSource)
    assert source.abilities == GitlabVendor.abilities
    await source.rerun(str(number), failed_only=True, key="k")
    await source.close()
    await ship.sync()
    assert ship.rows("SELECT status FROM pipeline") == [("running",)]
    assert ship.rows("SELECT count(*) FROM job") == [(3,)]


async def test_a_sync_that_a_limit_cut_goes_on_where_it_was(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    numbers = [gitlab.push() for _ in range(60)]
    gitlab.fail(f"/pipelines/{numbers[5]}/jobs$", LIMITED)
    state, sentence = await ship.sync()
    assert (state, "37 s" in sentence) == ("limited", True)
    assert ship.rows("SELECT count(*) FROM pipeline") == [(60,)], "rows are there from the first page on"
    read = ship.rows("SELECT count(*) FROM job")[0][0]
    server.asked.clear()
    assert (await ship.sync())[0] == "ok"
    assert ship.rows("SELECT count(*) FROM job") == [(60,)]
    again = [path for path in paths(server) if path.endswith("/jobs")]
    assert len(again) == 60 - read


async def test_what_somebody_looks_at_is_fetched(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"epoch 1\n"
    source = CiSource(SPEC, lambda: GitlabVendor(SPEC, http(server), project=PATH))
    pipeline = Want(kind="pipeline", source=SPEC.key, pipelines=(str(number), "1"))
    batches = [batch async for batch in source.want(pipeline)]
    lines = Want(kind="log", source=SPEC.key, pipelines=(str(number),), job=str(job))
    parts = [part async for batch in source.want(lines) for part in batch.log_parts]
    await source.close()
    assert [one.id for batch in batches for one in batch.pipelines] == [str(number)]
    assert [key for batch in batches for key in batch.pipelines_gone] == ["1"]
    assert b"".join(part.data for part in parts) == b"epoch 1\n"


async def test_many_details_at_once_read_the_list_of_deployments_once(gitlab: Gitlab, server: Loopback) -> None:
    numbers = [gitlab.push() for _ in range(30)]
    async with opened(server) as vendor:
        listed = {one.id: one for one in (await vendor.page(None)).pipelines}
        found = await asyncio.gather(*(vendor.detail(one) for one in listed.values()))
    assert sorted(int(one.id) for one in found) == numbers
    assert paths(server).count("deployments") == 1


@pytest.mark.parametrize("fault", [None, LIMITED, message(f"401 Unauthorized for {TOKEN}", 401)])
async def test_the_token_is_in_no_file_and_in_no_sentence(
    gitlab: Gitlab, server: Loopback, ship: Ship, fault: Told | None
) -> None:
    gitlab.push()
    if fault is not None:
        gitlab.fail("/pipelines$", fault)
    _, sentence = await ship.sync()
    assert TOKEN not in sentence
    files = [path for path in ship.folder.parent.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert all(asked.headers["Authorization"] == f"Bearer {TOKEN}" for asked in server.asked)
    assert not any(TOKEN in str((asked.path, asked.query, asked.body)) for asked in server.asked)
