"""Test reports of GitHub runs, out of their artifacts, against a server that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import stamina

from quarterdeck.app.records import Case, CaseReport, Pipeline, SourceSpec, Want
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.github import GithubVendor, parse, reports
from quarterdeck.app.sources.github.client import GithubClient
from quarterdeck.app.sources.github.reports import Artifact, Reports, chosen
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.github import TOKEN, Asked, Github, Told, once
from tests.servers.github_artifacts import junit, zipped

KEY = "g" * 16


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def github() -> Iterator[Github]:
    with Github().serving() as server:
        yield server


@pytest.fixture
async def source(github: Github) -> AsyncIterator[CiSource]:
    spec = SourceSpec(key=KEY, kind="github", name="github", address=github.base_url)

    def open_now() -> GithubVendor:
        http = Http(github.base_url, credential=Credential.bearer(github.base_url, TOKEN))
        return GithubVendor(spec, http, repository="acme/churn")

    one = CiSource(spec, open_now, abilities=GithubVendor.abilities)
    yield one
    await one.close()


async def looked_at(source: CiSource, run: int) -> Pipeline:
    want = Want(kind="pipeline", source=KEY, pipelines=(str(run),))
    (found,) = [one async for batch in source.want(want) for one in batch.pipelines]
    assert found.jobs  # whatever becomes of its artifacts
    return found


async def report_of(source: CiSource, run: int) -> CaseReport | None:
    return (await looked_at(source, run)).report


def counts(report: CaseReport | None) -> tuple[int, int, int] | None:
    return None if report is None else (report.total, report.passed, report.failed)


def asked_for(github: Github, end: str) -> int:
    return sum(1 for one in github.asked if one.path.endswith(end))


def pipeline(attempt: int = 1, started_at: int | None = 1_000) -> Pipeline:
    return Pipeline(source=KEY, id="7", name="train", status="passed", attempt=attempt, started_at=started_at)


# -- which artifacts ----------------------------------------------------------------------------------------------


def test_artifacts_that_sound_like_test_results_are_chosen_the_likeliest_first() -> None:
    names = ["model", "coverage-report", "Test-Results", "logs", "my-JUnit-gpu", "junit-cpu"]
    found = chosen([Artifact(n, name) for n, name in enumerate(names)], pipeline())
    assert [one.name for one in found] == ["junit-cpu", "my-JUnit-gpu", "Test-Results", "coverage-report"]


def test_no_more_than_five_are_read_and_none_that_is_large_or_expired() -> None:
    many = [Artifact(n, f"test-{n}") for n in range(9)]
    assert [one.id for one in chosen(many, pipeline())] == [0, 1, 2, 3, 4]
    assert chosen([Artifact(1, "junit", size_in_bytes=16 * 1024 * 1024 + 1)], pipeline()) == []
    assert chosen([Artifact(1, "junit", size_in_bytes=16 * 1024 * 1024)], pipeline()) != []
    assert chosen([Artifact(1, "junit", expired=True)], pipeline()) == []


def test_artifacts_of_earlier_attempts_say_nothing_of_the_present_one() -> None:
    began = parse.millis("2026-05-28T20:26:40Z")
    before = Artifact(1, "junit", created_at="2026-05-28T20:26:39Z")
    after = Artifact(2, "junit", created_at="2026-05-28T22:26:40+02:00")
    unsaid = Artifact(3, "junit")
    assert chosen([before, after, unsaid], pipeline(attempt=2, started_at=began)) == [after]
    assert chosen([before, after, unsaid], pipeline(attempt=2, started_at=None)) == []
    assert chosen([before, after, unsaid], pipeline(attempt=1, started_at=began)) == [before, after, unsaid]


# -- from the server ----------------------------------------------------------------------------------------------


async def test_a_run_that_is_looked_at_has_the_report_of_its_artifacts(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    github.upload(run, "junit-cpu", zipped({"cpu.xml": junit(40, 1, "cpu")}))
    github.upload(run, "test-results (gpu)", zipped({"out/gpu.xml": junit(2, 0, "gpu")}))
    github.upload(run, "model", b"\x00" * 1000)
    report = await report_of(source, run)
    assert counts(report) == (43, 42, 1)
    assert report is not None
    assert report.failures == (Case(name="bad_0", suite="cpu", message="worse than before"),)
    assert asked_for(github, "/zip") == 2


async def test_the_store_of_artifacts_learns_nothing_of_us(github: Github, source: CiSource) -> None:
    run = github.add()
    github.upload(run, "junit", zipped({"a.xml": junit(1)}))
    assert counts(await report_of(source, run)) == (1, 1, 0)
    (asked,) = github.asked_of_store
    assert asked.query == {"sig": "signed"}
    assert "authorization" not in asked.headers
    assert "x-github-api-version" not in asked.headers
    assert TOKEN not in str(github.asked_of_store)


async def test_a_run_without_such_artifacts_has_no_report(github: Github, source: CiSource) -> None:
    bare, html = github.add(), github.add()
    github.upload(html, "playwright-report", zipped({"index.html": b"<html/>"}))
    github.upload(html, "latest-model", b"\x93NUMPY")
    assert await report_of(source, bare) is None
    assert await report_of(source, html) is None


async def test_passes_ask_for_no_artifacts_of_what_nobody_looked_at(github: Github, source: CiSource) -> None:
    for _ in range(10):
        github.upload(github.add(), "junit", zipped({"a.xml": junit(1)}))
    found = [one async for batch in source.poll({}) for one in batch.pipelines]
    assert found
    assert asked_for(github, "/artifacts") == asked_for(github, "/zip") == 0


async def test_acts_do_not_wait_for_artifacts(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    github.upload(run, "junit", zipped({"a.xml": junit(1)}))
    assert await source.one(str(run))
    assert asked_for(github, "/artifacts") == 0


async def test_a_report_is_read_again_only_when_the_run_has_changed(github: Github, source: CiSource) -> None:
    run = github.add(None, status="in_progress")
    github.upload(run, "junit-cpu", zipped({"a.xml": junit(3)}))
    for _ in range(4):
        assert counts(await report_of(source, run)) == (3, 3, 0)
    assert (asked_for(github, "/artifacts"), asked_for(github, "/zip")) == (1, 1)
    github.upload(run, "junit-gpu", zipped({"b.xml": junit(0, 2)}))
    github.settle(run, "failure")
    assert counts(await report_of(source, run)) == (5, 3, 2)
    assert (asked_for(github, "/artifacts"), asked_for(github, "/zip")) == (2, 2)  # the first one is known


async def test_a_pass_keeps_the_report_of_what_somebody_looked_at(github: Github, source: CiSource) -> None:
    run, other = github.add(None, status="in_progress"), github.add(None, status="in_progress")
    cursor = [batch.cursor async for batch in source.poll({})][-1]
    assert await report_of(source, run) is None
    for one in (run, other):
        github.upload(one, "junit", zipped({"a.xml": junit(3)}))
        github.settle(one, "success")
    found = [one async for batch in source.poll(cursor or {}) for one in batch.pipelines if one.jobs]
    assert {one.id: counts(one.report) for one in found} == {str(run): (3, 3, 0), str(other): None}


async def test_another_attempt_has_its_own_report(github: Github, source: CiSource) -> None:
    run = github.add("failure")
    github.upload(run, "junit", zipped({"a.xml": junit(3, 1)}))
    assert counts(await report_of(source, run)) == (4, 3, 1)
    await source.rerun(str(run), failed_only=False, key="k")
    assert await report_of(source, run) is None
    github.upload(run, "junit", zipped({"a.xml": junit(4)}))
    github.settle(run, "success")
    assert counts(await report_of(source, run)) == (4, 4, 0)


@pytest.mark.parametrize("told", [
    Told({"message": "Not Found"}, 404), Told({"message": "Resource not accessible by personal access token"}, 403),
    Told({"message": "Gone"}, 410), Told({"message": "slow down"}, 429, {"Retry-After": "120"}),
    Told({"message": "Bad credentials"}, 401), Told({"message": "oops"}, 500), Told({"artifacts": "none"}),
    Told(b"<html>Sign in</html>", 200, {"Content-Type": "text/html"}), Told(status=0),
], ids=["404", "403", "410", "limited", "401", "500", "another shape", "a page", "hung up"])  # fmt: skip
async def test_a_run_is_readable_whatever_becomes_of_its_list_of_artifacts(
    github: Github, source: CiSource, told: Told
) -> None:
    run = github.add()
    github.upload(run, "junit", zipped({"a.xml": junit(1)}))
    github.faults = [once("/artifacts", told, times=9)]
    assert await report_of(source, run) is None


@pytest.mark.parametrize("told", [
    Told({"message": "Not Found"}, 404), Told({"message": "Must have admin rights"}, 403), Told({}, 500),
    Told(b"", 302, {"Location": "http://localhost:1/nothing"}), Told(b"", 302), Told(b"<html/>", 200), Told(status=0),
], ids=["404", "403", "500", "to nobody", "to nowhere", "a page", "hung up"])  # fmt: skip
async def test_what_one_artifact_does_not_give_the_others_do(github: Github, source: CiSource, told: Told) -> None:
    run = github.add()
    bad = github.upload(run, "junit-bad", zipped({"a.xml": junit(1)}))
    github.upload(run, "junit-good", zipped({"b.xml": junit(2)}))
    github.faults = [once(f"/{bad}/zip", told, times=9)]
    assert counts(await report_of(source, run)) == (2, 2, 0)


async def test_an_artifact_that_is_gone_is_named_beside_the_rest(github: Github, source: CiSource) -> None:
    run = github.add()
    gone = github.upload(run, "junit-gone", zipped({"a.xml": junit(1)}))
    github.upload(run, "junit-here", zipped({"b.xml": junit(2)}))
    del github.artifacts.blobs[gone]
    report = await report_of(source, run)
    assert report is not None
    assert [(case.name, case.suite) for case in report.failures] == [("junit-gone", "junit-gone")]
    assert "404" in report.failures[0].message
    again = asked_for(github, "/zip")
    await report_of(source, run)
    assert asked_for(github, "/zip") == again  # gone for good


async def test_an_expired_artifact_is_not_asked_for(github: Github, source: CiSource) -> None:
    run = github.add()
    github.upload(run, "junit", zipped({"a.xml": junit(1)}), expired=True)
    assert await report_of(source, run) is None
    assert asked_for(github, "/zip") == 0


async def test_one_that_expires_between_is_no_trouble(github: Github, source: CiSource) -> None:
    run = github.add()
    number = github.upload(run, "junit", zipped({"a.xml": junit(1)}))
    github.faults = [once(f"/{number}/zip", Told({"message": "Artifact has expired"}, 410), times=9)]
    assert await report_of(source, run) is None


async def test_an_artifact_that_is_larger_than_it_said_is_not_read_on(
    github: Github, source: CiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "LARGEST", 500_000)
    run = github.add()
    github.upload(run, "junit", b"PK" + bytes(5_000_000), size_in_bytes=900)
    github.upload(run, "junit-small", zipped({"a.xml": junit(1)}))
    report = await report_of(source, run)
    assert counts(report) == (1, 1, 0)
    assert report is not None
    assert "is not read" in report.failures[0].message


async def test_a_zip_bomb_leaves_the_run_readable(github: Github, source: CiSource) -> None:
    run = github.add()
    bomb = zipped({f"{n}.xml": junit(1) + b"\n" * 20_000_000 for n in range(5)})
    github.upload(run, "junit", bomb)
    report = await report_of(source, run)
    assert report is not None
    assert report.total <= 5
    assert report.failures


def cut_after(size: int, whole: bytes, times: int) -> Callable[[Asked], Told | None]:
    return once("", Told(whole, 200, {"Content-Type": "application/zip"}, sent=size), times)


async def test_a_download_that_is_cut_off_is_tried_again_later(github: Github) -> None:
    run = github.add()
    data = zipped({"a.xml": junit(300)})
    github.upload(run, "junit", data)
    github.store_faults = [cut_after(len(data) // 2, data, times=1)]
    now = [100.0]
    http = Http(github.base_url, credential=Credential.bearer(github.base_url, TOKEN))
    found = Reports(GithubClient(http, "acme/churn"), clock=lambda: now[0])
    one = pipeline()
    github.runs[7], github.artifacts.of_run[7] = github.runs[run], github.artifacts.of_run[run]
    assert await found.of(one) is None
    now[0] += 59
    assert await found.of(one) is None
    assert asked_for(github, "/zip") == 1  # whoever looks asks every few seconds
    now[0] += 1
    assert counts(await found.of(one)) == (300, 300, 0)
    await http.close()


async def test_trouble_keeps_the_report_that_there_was(github: Github, source: CiSource) -> None:
    run = github.add(None, status="in_progress")
    github.upload(run, "junit", zipped({"a.xml": junit(3)}))
    assert counts(await report_of(source, run)) == (3, 3, 0)
    github.settle(run, "success")
    github.faults = [once("/artifacts", Told({"message": "oops"}, 500), times=9)]
    assert counts(await report_of(source, run)) == (3, 3, 0)


async def test_an_artifact_that_takes_too_long_keeps_nobody_waiting(
    github: Github, source: CiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_LONGEST", 0.0)
    run = github.add()
    github.upload(run, "junit", zipped({"a.xml": junit(3)}))
    assert await report_of(source, run) is None
