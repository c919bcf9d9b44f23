"""A whole Jenkins through the engine into the cache, and what follows when it changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from quarterdeck.app import trust
from quarterdeck.app.records import Pipeline, SourceState, Want
from quarterdeck.app.settings import load
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.jenkins import JenkinsVendor
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.once import sync_once
from tests.servers.jenkins import TOKEN, USER, Jenkins, jenkins, page
from tests.servers.jenkins_worlds import (
    KEY,
    SHA,
    at_once,
    failed_build,
    http,
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
