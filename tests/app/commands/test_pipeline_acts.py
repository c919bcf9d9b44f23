"""`quarterdeck pipeline rerun|cancel|approve|play` on a server that remembers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Approval, Batch, Job, Pipeline, SourceSpec, SourceState
from quarterdeck.app.sources import registry
from quarterdeck.app.store.cache import Cache
from tests.servers.acts import KEY, ActsSource, Server, remembering

Call = Callable[..., Any]
SPEC = SourceSpec(key=KEY, kind="github", name="forge", address="http://forge")
MANUAL = Job(id="j9", name="deploy", status="waiting", is_manual=True)


def pipeline(native: str, status: Any, **facts: Any) -> Pipeline:
    jobs = (Job(id=f"{native}.1", name="train", status="failed"),)
    known = {"jobs": jobs, "number": native[-1]} | facts
    return Pipeline(source=KEY, id=native, name="nightly", status=status, **known)


PIPELINES = (
    pipeline("3041", "failed"),
    pipeline("3042", "running"),
    pipeline("77", "waiting", approvals=(Approval(id="e1", name="staging"), Approval(id="e2", name="production"))),
    pipeline("78", "waiting", jobs=(MANUAL,)),
    pipeline("79", "waiting", approvals=(Approval(id="e3", name="production"), Approval(id="e4", name="production"))),
    pipeline("9012", "failed"),
    pipeline("deploy#21", "failed"),
)


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The project's source, with its pipelines in the cache."""
    with closing(Cache(cache)) as writer:
        writer.declare([SPEC])
        writer.write(KEY, Batch(pipelines=PIPELINES), 1)
        writer.save_state(SourceState(source=KEY, kind="github", name="forge", state="ok", last_ok_at=1))
    with remembering(*PIPELINES) as made:
        monkeypatch.setattr(registry, "build", lambda settings: [ActsSource(made.url)])
        yield made


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["rerun", "3041"], "rerun 3041"),
        (["rerun", "pipeline/3041", "--failed"], "rerun failed 3041"),
        (["cancel", "3042", "--source", "forge"], "cancel 3042"),
        (["approve", "77", "production"], "approve e2 77"),
        (["approve", "79", "e4"], "approve e4 79"),
        (["rerun", "90"], "rerun 9012"),
        (["play", "j9"], "play j9 78"),
        (["play", "job/j9"], "play j9 78"),
    ],
)
def test_an_act_is_done_and_told(call: Call, server: Server, words: list[str], done: str) -> None:
    said = call("pipeline", *words, "--json")
    assert (said.status, server.done) == (0, [done])
    told = said.json
    assert (told["state"], told["pipeline"], told["source"]) == ("done", done.split()[-1], KEY)
    assert told["sentence"] in said.err


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["rerun", "3042"], 4, "nightly #2 is running still"),
        (["cancel", "3041"], 4, "is over already (failed)"),
        (["approve", "3041"], 4, "waits for nobody's approval"),
        (["approve", "77", "moon"], 4, "it waits for staging, production, not for moon"),
        (["approve", "77"], 2, "name the one that is meant"),
        (["approve", "79"], 2, "It waits for production (e3), production (e4): name the one that is meant."),
        (["approve", "79", "production"], 2, "It waits for production (e3), production (e4): name the one that is"),
        (["rerun", "deploy#2"], 1, "There is no pipeline deploy#2 in forge."),
        (["rerun", "304"], 2, "304 is not one pipeline: 3041 (forge), 3042 (forge)."),
        (["rerun", "3041", "--source", "nowhere"], 2, "No source is called nowhere: there are forge."),
        (["rerun", "999"], 1, "There is no pipeline 999 in forge."),
        (["play", "absent"], 1, "There is no job absent in the cache"),
    ],
)
def test_what_cannot_be_done_is_said(call: Call, server: Server, words: list[str], status: int, sentence: str) -> None:
    said = call("pipeline", *words)
    assert (said.status, server.done, said.out) == (status, [], "")
    assert sentence in said.err


@pytest.mark.parametrize("words", [["rerun", "3041"], ["cancel", "3042"], ["approve", "77", "staging"], ["play", "j9"]])
def test_read_only_refuses_every_act_with_4(call: Call, server: Server, words: list[str]) -> None:
    said = call("pipeline", *words, before=["--read-only"])
    assert said.status == 4
    assert "--read-only" in said.err
    assert server.asked == 0


def test_a_job_that_somebody_started_is_refused_with_4(call: Call, server: Server) -> None:
    server.now["78"]["jobs"][0]["status"] = "running"
    said = call("pipeline", "play", "j9")
    assert (said.status, server.done) == (4, [])
    assert "does not wait for deploy: it is running" in said.err


def test_a_pipeline_that_nobody_synced_is_found_at_its_server(call: Call, server: Server) -> None:
    server.now["500"] = server.now["3041"] | {"id": "500"}
    assert call("pipeline", "rerun", "500").status == 0
    assert server.done == ["rerun 500"]


def test_a_server_that_is_away_ends_with_3(call: Call, server: Server) -> None:
    server.hook = lambda when, what, number: 500
    assert call("pipeline", "rerun", "3041").status == 3


def test_a_local_pipeline_runs_again_only_while_its_jobs_are_trusted(process: Call, project: Path, git: Any) -> None:
    job = '[[ci]]\nkind = "local"\njobs = [{{ name = "test", run = "{}" }}]\n'
    (project / "quarterdeck.toml").write_text(job.format("true"))
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Test"]):
        git(*words)
    assert process("trust", "--yes").status == 0
    native = process("pipeline", "run").out.split()[-1]
    said = process("pipeline", "rerun", native, "--json")
    assert (said.status, said.json["state"]) == (0, "done")
    assert said.json["became"] not in (None, native)
    (project / "quarterdeck.toml").write_text(job.format("false"))
    said = process("pipeline", "rerun", native)
    assert said.status == 2
    assert "Not trusted" in said.err


@pytest.fixture
def git(project: Path) -> Callable[..., None]:
    """Git in the project, as Ann."""

    def run(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=Ann", "-c", "user.email=ann@acme", *words], cwd=project, check=True)

    return run


def test_the_very_id_goes_before_what_begins_so(call: Call, server: Server) -> None:
    server.now["90"] = server.now["3041"] | {"id": "90"}
    assert call("pipeline", "rerun", "90").status == 0
    assert server.done == ["rerun 90"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("10", "There is no pipeline 10 in forge. #10 is 7010 (forge)."),
        ("#10", "There is no pipeline #10. #10 is 7010 (forge)."),
        ("#701", "There is no pipeline #701 in forge."),
        ("304", "304 is not one pipeline: the id of 3041 (forge), 3042 (forge) begins so. #304 is 9304 (forge)."),
    ],
)
def test_no_act_guesses_what_a_number_means(call: Call, cache: Path, server: Server, written: str, said: str) -> None:
    with closing(Cache(cache)) as writer:
        batch = Batch(pipelines=(pipeline("7010", "failed", number="10"), pipeline("9304", "failed", number="304")))
        writer.write(KEY, batch, 2)
    answer = call("pipeline", "rerun", written)
    assert (answer.status != 0, server.done) == (True, [])
    assert said in answer.err


@pytest.fixture
def other(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A second source of the project's, with a pipeline of an id that the first has too."""
    with remembering(pipeline("3041", "failed"), pipeline("9099", "failed")) as made:
        source = ActsSource(made.url)
        source.spec = SourceSpec(key="other000other000", kind="github", name="other", address=made.url)
        monkeypatch.setattr(registry, "build", lambda settings: [ActsSource(server.url), source])
        yield made


@pytest.mark.parametrize("is_synced", [True, False])
def test_the_source_that_is_named_is_the_one(
    call: Call, cache: Path, server: Server, other: Server, is_synced: bool
) -> None:
    if not is_synced:
        cache.unlink()
    said = call("pipeline", "rerun", "3041", "--source", "other")
    assert (said.status, server.done, other.done) == (0, [], ["rerun 3041"])
    assert call("pipeline", "rerun", "3041", "--source", "moon").err.strip().endswith("there are forge, other.")


def test_an_id_of_two_sources_is_none_of_them(call: Call, cache: Path, server: Server, other: Server) -> None:
    cache.unlink()
    said = call("pipeline", "rerun", "3041")
    assert (said.status, server.done, other.done) == (4, [], [])
    assert "forge and other both have a pipeline 3041. Name one with --source." in said.err
