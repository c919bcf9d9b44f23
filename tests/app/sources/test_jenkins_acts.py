"""Builds that are started again and stopped, at a Jenkins that remembers what was done to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import SourceSpec
from quarterdeck.app.settings.sections import JenkinsCi
from quarterdeck.app.sources.ci import TakesActs, Vendor
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.jenkins import JenkinsVendor, open_vendor
from tests.servers.jenkins import CRUMB, NOW, PASSWORD, USER, Jenkins, jenkins, page
from tests.servers.jenkins_worlds import (
    KEY,
    MINUTE,
    at_once,
    failed_build,
    http,
    opened,
    parameterised,
    paths,
    spec,
    team,
)


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def world() -> Iterator[Jenkins]:
    with jenkins(prefix="/jenkins") as server:
        yield server


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
