"""What a source of GitLab CI finds on a server that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck.app.records import LogPart, Pipeline, SourceSpec
from quarterdeck.app.settings import GitlabCi
from quarterdeck.app.sources.ci import Mark, Page
from quarterdeck.app.sources.gitlab import GitlabVendor, open_vendor
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.gitlab import PATH, TOKEN
from tests.servers.loopback import Loopback

SPEC = SourceSpec(key="0011223344556677", kind="gitlab", name="gitlab", address="https://gitlab.shop.example")


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
