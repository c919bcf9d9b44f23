"""Jenkinses that hold something, and the way to read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.http import Credential, Http
from quarterdeck.app.sources.jenkins import JenkinsVendor
from tests.servers.jenkins import NOW, TOKEN, USER, Build, Jenkins

KEY = "7" * 16
MINUTE = 60_000
SHA = "2222222222222222222222222222222222222222"


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


def paths(world: Jenkins, since: int = 0) -> list[str]:
    return [one.path.removeprefix("/jenkins") for one in world.asked[since:]]


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


def parameterised(world: Jenkins, **values: object) -> Build:
    world.add("team/train", defaults={"epochs": "3", "note": ""})
    given = [{"name": name, "value": value} for name, value in values.items()]
    return world.build("team/train", result="FAILURE", parameters=given, user="bob")
