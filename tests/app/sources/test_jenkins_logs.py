"""A build's log, read on from where it ended, though Jenkins counts bytes that it does not send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from quarterdeck.app.records import LogPart
from quarterdeck.app.sources.jenkins import JenkinsVendor
from tests.servers.jenkins import NOTE, Jenkins, jenkins
from tests.servers.jenkins_worlds import (
    failed_build,
    opened,
)


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def world() -> Iterator[Jenkins]:
    with jenkins(prefix="/jenkins") as server:
        yield server


async def log_of(vendor: JenkinsVendor, pipeline: str, start: int = 0) -> list[LogPart]:
    return [part async for part in vendor.log(pipeline, pipeline, start)]


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
