"""Pipelines of GitLab CI: where the project is, pages, what changed, one of them."""

from __future__ import annotations

import json

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.ci import Page, TakesActs, Vendor
from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.trouble import AnswerError
from tests.servers.gitlab import NUMBER, OUTSIDE, PATH, Gitlab, message
from tests.servers.loopback import Loopback, Told

from .looking import SPEC, found_by, http, log, looked, opened, paths, whole

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
