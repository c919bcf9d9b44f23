"""Results that pipelines keep as artifacts, from a GitHub, a GitLab and a Jenkins that remember."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import CheckResult, Identities, Invocation, Pipeline, SourceSpec
from quarterdeck.app.settings.sections import Checks
from quarterdeck.app.sources.checks.ci_artifacts import REQUESTS, CiArtifacts, Opened
from quarterdeck.app.sources.checks.filling import Filling
from quarterdeck.app.sources.checks.reading import ResultFile, UnreadableError
from quarterdeck.app.sources.ci import ArtifactFile, Page
from quarterdeck.app.sources.github import GithubVendor
from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.http import Connection, Credential, Http
from quarterdeck.app.sources.jenkins import JenkinsVendor
from tests.servers import github as githubs
from tests.servers import gitlab as gitlabs
from tests.servers import jenkins as jenkinses
from tests.servers.github_artifacts import zipped
from tests.servers.loopback import Asked, Loopback, Told, serving

KEY = "c" * 16
PATTERN = "reports/*.xml"
BAD = {"reports/a.xml": b"cut"}


def reader(file: ResultFile) -> tuple[Invocation, ...]:
    """A format of one word: the outcome."""
    word: Any = file.data.decode().strip()
    if word == "bug":
        raise ZeroDivisionError
    if word not in ("pass", "fail"):
        raise UnreadableError(file.path, "it is cut")
    said = ",".join(f"{name}={data.decode()}" for name, data in file.beside.items())
    result = CheckResult(name="unique(id)", outcome=word, message=said)
    return (Invocation(source="", id="i", tool="junit", at=file.modified_at or 0, origin=file.path, results=(result,)),)


class World:
    """A CI system whose pipelines keep files, and a source of them."""

    kind = ""

    def __init__(self) -> None:
        self.cursor: dict[str, Any] = {}
        self.use(PATTERN)

    def use(self, pattern: str, beside: str = "") -> None:
        filling = Filling(KEY, Checks(kind="junit", ci_artifact=pattern), Identities())
        self.artifacts = CiArtifacts(
            self.open, pattern, filling.reading(reader), name=self.kind, source=KEY, beside=beside
        )

    def open(self) -> Opened:
        raise NotImplementedError

    def settle(self, files: Mapping[str, bytes]) -> str:
        """A pipeline that passed and kept these; gives its id."""
        raise NotImplementedError

    def begin(self) -> str:
        """A pipeline that runs."""
        raise NotImplementedError

    def end(self, pipeline: str, files: Mapping[str, bytes]) -> None:
        """It passes and keeps these."""
        raise NotImplementedError

    @property
    def requests(self) -> int:
        raise NotImplementedError

    def read(self, *, whole: bool = False, most: int | None = None) -> list[Invocation]:
        """One pass; `most` ends it after so many batches, as a kill does."""
        self.state, self.said = "ok", ""
        self.found: list[Invocation] = []
        try:
            asyncio.run(self._pass(whole, most))
        except SourceError as error:
            self.state, self.said = error.state, str(error)
        return self.found

    async def _pass(self, whole: bool, most: int | None) -> None:
        batches = 0
        try:
            async for taken in self.artifacts.read(self.cursor, whole=whole):
                self.found += taken.found
                self.cursor = msgspec.json.decode(msgspec.json.encode(taken.marks))
                batches += 1
                if batches == most:
                    return
        finally:
            await self.artifacts.close()

    def all(self) -> list[Invocation]:
        """Passes until nothing is left."""
        found: list[Invocation] = []
        for _ in range(80):
            found += self.read()
            if self.cursor["is_listed"] and not self.cursor["waiting"]:
                return found
        raise AssertionError("it never settles")


class OfGithub(World):
    kind = "github"

    def __init__(self, server: githubs.Github) -> None:
        self.server = server
        super().__init__()

    def open(self) -> Opened:
        http = Http(
            self.server.base_url, credential=Credential.bearer(self.server.base_url, githubs.TOKEN),
            connection=Connection(read=1.0, connect=1.0),
        )  # fmt: skip
        spec = SourceSpec(key=KEY, kind="github", name="github", address=self.server.base_url)
        return Opened(GithubVendor(spec, http, repository="acme/churn"), http)

    def settle(self, files: Mapping[str, bytes]) -> str:
        run = self.server.add()
        self._upload(run, files)
        return str(run)

    def begin(self) -> str:
        return str(self.server.add(None, status="in_progress"))

    def end(self, pipeline: str, files: Mapping[str, bytes]) -> None:
        self._upload(int(pipeline), files)
        self.server.settle(int(pipeline), "success")

    def _upload(self, run: int, files: Mapping[str, bytes]) -> None:
        by_name: dict[str, dict[str, bytes]] = {}
        for path, data in files.items():
            by_name.setdefault(path.partition("/")[0], {})[path.partition("/")[2]] = data
        for name, inner in by_name.items():
            self.server.upload(run, name, zipped(inner))

    @property
    def requests(self) -> int:
        return len(self.server.asked) + len(self.server.asked_of_store)


class OfGitlab(World):
    kind = "gitlab"

    def __init__(self, server: gitlabs.Gitlab, loopback: Loopback) -> None:
        self.server, self.loopback = server, loopback
        super().__init__()

    def open(self) -> Opened:
        url = self.loopback.url
        http = Http(
            url, credential=Credential.bearer(url, gitlabs.TOKEN), connection=Connection(read=1.0, connect=1.0)
        )  # fmt: skip
        spec = SourceSpec(key=KEY, kind="gitlab", name="gitlab", address=url)
        return Opened(GitlabVendor(spec, http, project=gitlabs.PATH), http)

    def settle(self, files: Mapping[str, bytes]) -> str:
        pipeline = self.server.push()
        self.server.keep(pipeline, zipped(files))
        return str(pipeline)

    def begin(self) -> str:
        return str(self.server.push("running"))

    def end(self, pipeline: str, files: Mapping[str, bytes]) -> None:
        self.server.keep(int(pipeline), zipped(files))
        self.server.set(int(pipeline), "success", train="success")

    @property
    def requests(self) -> int:
        return len(self.loopback.asked)


class OfJenkins(World):
    kind = "jenkins"

    def __init__(self, server: jenkinses.Jenkins) -> None:
        self.server = server
        server.add("team/train")
        super().__init__()

    def open(self) -> Opened:
        login = Credential.basic(self.server.url, jenkinses.USER, jenkinses.TOKEN)
        http = Http(self.server.url, credential=login, connection=Connection(read=1.0, connect=1.0))
        spec = SourceSpec(key=KEY, kind="jenkins", name="jenkins", address=self.server.url)
        return Opened(JenkinsVendor(spec, http, job="team/train"), http)

    def settle(self, files: Mapping[str, bytes]) -> str:
        return f"team/train#{self.server.build('team/train', sha='3' * 40, kept=dict(files)).number}"

    def begin(self) -> str:
        return f"team/train#{self.server.build('team/train', result=None).number}"

    def end(self, pipeline: str, files: Mapping[str, bytes]) -> None:
        build = self.server.items["team/train"].builds[int(pipeline.partition("#")[2])]
        build.result, build.kept = "SUCCESS", dict(files)

    @property
    def requests(self) -> int:
        return len(self.server.asked)


@contextmanager
def opened(kind: str) -> Iterator[World]:
    if kind == "github":
        with githubs.Github().serving() as server:
            yield OfGithub(server)
    elif kind == "gitlab":
        world = gitlabs.Gitlab()
        with serving(world.answer) as loopback:
            yield OfGitlab(world, loopback)
    else:
        with jenkinses.jenkins() as server_of_jobs:
            yield OfJenkins(server_of_jobs)


@pytest.fixture(params=["github", "gitlab", "jenkins"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with opened(request.param) as made:
        yield made


@pytest.fixture
def github() -> Iterator[OfGithub]:
    with opened("github") as made:
        assert isinstance(made, OfGithub)
        yield made


def test_what_a_pipeline_keeps_is_read_with_its_id_and_its_commit(world: World) -> None:
    pipeline = world.settle(
        {"reports/a.xml": b"pass", "reports/b.xml": b"fail", "reports/c.txt": b"x", "x/d.xml": b"x"}
    )
    found = world.all()
    assert sorted(one.origin.rpartition("/")[2] for one in found) == ["a.xml", "b.xml"]
    assert {(one.source, one.pipeline_id) for one in found} == {(KEY, pipeline)}
    assert all(len(one.commit or "") == 40 and one.at > 1_000_000_000_000 for one in found)
    assert (world.all(), world.state) == ([], "ok")


def test_the_pipeline_that_settled_last_is_read_first_and_a_pass_keeps_to_its_requests(world: World) -> None:
    pipelines = [world.settle({"reports/a.xml": b"pass"}) for _ in range(6)]
    order, costs = [], []
    for _ in range(14):
        before = world.requests
        order += [one.pipeline_id for one in world.read()]
        costs.append(world.requests - before)
    assert order == pipelines[::-1]
    assert max(costs) <= REQUESTS + 3  # a look that was begun is finished
    assert costs[-1] <= 3


def test_one_that_runs_is_read_when_it_has_settled(world: World) -> None:
    world.settle({"reports/a.xml": b"pass"})
    going = world.begin()
    assert len(world.all()) == 1
    world.end(going, {"reports/a.xml": b"fail"})
    assert [one.pipeline_id for one in world.all()] == [going]
    assert world.all() == []


def test_one_that_runs_on_while_more_than_a_page_of_others_come_is_not_forgotten() -> None:
    with opened("github") as github:
        going = github.begin()
        github.all()
        for _ in range(120):
            github.settle({})
        github.all()
        github.end(going, {"reports/a.xml": b"fail"})
        found = [one.pipeline_id for _ in range(3) for one in github.all()]
    assert found == [going]


def test_a_sync_that_is_killed_anywhere_goes_on_where_it_was(world: World) -> None:
    pipelines = [world.settle({"reports/a.xml": b"pass"}) for _ in range(4)]
    found: list[str | None] = []
    for _ in range(60):
        found += [one.pipeline_id for one in world.read(most=3)]
    assert {*found, *(one.pipeline_id for one in world.all())} == set(pipelines)


def test_a_sweep_reads_all_at_once(world: World) -> None:
    for _ in range(7):
        world.settle({"reports/a.xml": b"pass"})
    world.all()
    assert len(world.read(whole=True)) == 7


def test_where_no_pipeline_keeps_such_a_file_nothing_is_green(world: World) -> None:
    world.settle({"other/a.xml": b"pass"})
    assert (world.all(), world.state) == ([], "never")
    assert world.said == f"No pipeline of {world.kind} has kept a file that matches reports/*.xml."


@pytest.mark.parametrize("text", [b"cut", b"bug"])
def test_a_wrong_file_is_said_until_a_later_pipeline_has_a_good_one(world: World, text: bytes) -> None:
    bad = world.settle({"reports/a.xml": text, "reports/b.xml": b"pass"})
    assert len(world.all()) == 1
    assert (world.state, world.said.startswith(f"{world.kind} {bad}: ")) == ("not_understood", True)
    world.settle({"reports/a.xml": b"pass"})
    assert (len(world.all()), world.state) == (1, "ok")


def test_the_file_that_explains_goes_along(world: World) -> None:
    world.use("target/run_results.json", beside="manifest.json")
    world.settle({"target/run_results.json": b"pass", "target/manifest.json": b"explained"})
    assert [one.results[0].message for one in world.all()] == ["manifest.json=explained"]


def test_a_bomb_costs_no_more_than_what_is_read(world: World) -> None:
    world.settle({"reports/a.xml": b"pass" + b" " * (40 << 20), "reports/b.xml": b"pass"})
    world.read()
    tracemalloc.start()
    try:
        world.all()
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_of_a_file_that_unpacks_to_more_than_is_read_it_is_said(kind: str) -> None:
    with opened(kind) as world:
        world.settle({"reports/a.xml": b"pass" + b" " * (40 << 20)})
        assert world.all() == []
        assert "has more than 16 MB" in world.said


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_what_is_no_archive_is_said_and_names_in_it_are_no_paths(kind: str) -> None:
    with opened(kind) as world:
        world.settle({"reports/../../reports/evil.xml": b"pass", "/reports/abs.xml": b"pass"})
        world.all()
        assert all(".." not in one.origin for one in world.found)
        if isinstance(world, OfGithub):
            run = world.server.add()
            world.server.upload(run, "reports", b"PK" + b"x" * 500)
        elif isinstance(world, OfGitlab):
            world.server.keep(world.server.push(), b"PK" + b"x" * 500)
        world.all()
        assert "no whole zip archive" in world.said


def test_artifacts_of_a_run_that_was_started_again_are_read_again_of_the_new_attempt_alone(github: OfGithub) -> None:
    run = int(github.settle({"reports/a.xml": b"fail"}))
    assert [one.results[0].outcome for one in github.all()] == ["fail"]
    server = github.server
    server.clock += 3_600
    server.change(run, run_attempt=2, run_started_at=githubs.iso(server.clock), status="completed")
    server.upload(run, "reports", zipped({"a.xml": b"pass"}))
    server.change(run)
    assert [one.results[0].outcome for one in github.all()] == ["pass"]


def test_an_artifact_that_expired_is_no_trouble(github: OfGithub) -> None:
    run = github.server.add()
    github.server.upload(run, "reports", zipped({"a.xml": b"pass"}), expired=True)
    number = github.server.upload(run, "reports", zipped({"a.xml": b"pass"}))
    del github.server.artifacts.blobs[number]
    assert (github.all(), github.state) == ([], "never")


def test_artifacts_that_the_pattern_does_not_name_are_not_downloaded_where_one_is_named(github: OfGithub) -> None:
    github.settle({"reports/a.xml": b"pass", "model/weights.bin": b"x" * 1000})
    github.all()
    assert sum(one.path.endswith("/zip") for one in github.server.asked) == 1


def test_a_plain_path_is_read_alone_from_a_job_of_gitlab() -> None:
    with opened("gitlab") as world:
        assert isinstance(world, OfGitlab)
        world.use("reports/a.xml")
        world.settle({"reports/a.xml": b"pass", "model.bin": b"x" * 100_000})
        world.settle({"other.xml": b"pass"})
        assert len(world.all()) == 1
        assert world.state == "ok"
        assert not any(one.path.endswith("/artifacts") for one in world.loopback.asked)


def test_a_login_page_of_jenkins_is_no_result() -> None:
    with opened("jenkins") as world:
        assert isinstance(world, OfJenkins)
        world.settle({"reports/a.xml": b"pass"})
        login = jenkinses.page(200, "Sign in [Jenkins]")

        def instead(asked: Asked) -> Told | None:
            return login if "/artifact/" in asked.path else None

        world.server.fail = instead
        assert (world.read(), world.state) == ([], "unauthorised")
        world.server.fail = lambda asked: None
        assert len(world.all()) == 1


def test_a_server_that_fails_loses_nothing(world: World) -> None:
    pipelines = {world.settle({"reports/a.xml": b"pass"}) for _ in range(3)}
    _break(world)
    world.read()
    assert world.state in ("unreachable", "never")
    found = world.found + world.all()
    assert {one.pipeline_id for one in found} | {one.pipeline_id for one in world.all()} == pipelines


class Silent:
    """A vendor with two pipelines that does not answer for the files of the newer one."""

    asked = 0
    """Requests, as of its connection."""

    async def page(self, mark: str | None) -> Page:
        self.asked += 1
        ended = (("2", 2), ("1", 1))
        return Page(
            pipelines=tuple(Pipeline(source=KEY, id=one, name="ci", status="passed", ended_at=at) for one, at in ended)
        )

    async def artifacts(self, pipeline: Pipeline, pattern: str, beside: str = "") -> AsyncIterator[ArtifactFile]:
        self.asked += 1
        if pipeline.id == "2":
            raise SourceError("It does not answer.", "unreachable")
        yield ArtifactFile(path="reports/a.xml", data=b"pass")

    async def close(self) -> None:
        pass


class OfSilent(World):
    kind = "github"

    def open(self) -> Opened:
        vendor: Any = Silent()
        return Opened(vendor, vendor)


def test_files_for_which_the_server_never_answers_hold_up_the_others_for_a_while_only() -> None:
    world = OfSilent()
    for _ in range(5):
        world.read()
    assert (world.state, len(world.cursor["waiting"])) == ("unreachable", 2)
    assert [one.pipeline_id for one in world.read()] == ["1"]
    assert world.state == "unreachable"  # the one that ended last is still what there is to say


def _break(world: World) -> None:
    """The next requests fail, as a server that restarts does."""
    if isinstance(world, OfGithub):
        faults = iter([githubs.Told(status=0)] * 4)
        world.server.faults.append(lambda asked: next(faults, None))
    elif isinstance(world, OfGitlab):
        world.server.fail(".", Told({}, 503), times=4)
    elif isinstance(world, OfJenkins):
        answers = iter([Told({}, 503)] * 4)
        world.server.fail = lambda asked: next(answers, None)
