"""What this machine ran itself reaches the cache as any vendor's pipelines do, and can be run again and stopped."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Batch, LogPart, Pipeline, Want
from quarterdeck.app.runner import Kept, LocalRun, choose, find_local, run
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.registry import build, local_key
from quarterdeck.app.sources.trouble import AnswerError
from quarterdeck.app.trust import record_trust

FILE = """
[[ci]]
kind = "local"
jobs = [
  { name = "data", run = "echo fetched" },
  { name = "test", run = "echo tested; exit 2", needs = ["data"] },
  { name = "deploy", run = "true", needs = ["test"] },
]
[[ci]]
kind = "local"
name = "slow"
jobs = [{ name = "sleep", run = "echo up; sleep 1000" }]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A trusted project with two local pipelines."""
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "quarterdeck.toml").write_text(FILE)
    for words in (
        ("init", "--quiet"), ("add", "--all"),
        ("-c", "user.name=Ann", "-c", "user.email=a@b", "commit", "--quiet", "-m", "Train on more"),
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=clone, check=True)
    found = load(directory=clone, environment={**os.environ})
    record_trust(found)
    return found


@pytest.fixture
def source(settings: Settings) -> CiSource:
    """The source of the first of them."""
    return source_of(settings, "local")


def source_of(settings: Settings, name: str) -> CiSource:
    found = next(one for one in build(settings) if one.spec.name == name)
    assert isinstance(found, CiSource)
    return found


def ran(settings: Settings, **rest: Any) -> LocalRun:
    return run(settings, find_local(settings, "local"), choose(settings, None), **rest)


async def polled(source: CiSource, cursor: Any = None) -> tuple[list[Pipeline], list[str], Any]:
    """What a pass gives: pipelines, those that are gone, the cursor."""
    found: dict[str, Pipeline] = {}
    gone: list[str] = []
    async for batch in source.poll(cursor or {}):
        found |= {pipeline.id: pipeline for pipeline in batch.pipelines}
        gone += batch.pipelines_gone
        cursor = batch.cursor if batch.cursor is not None else cursor
    return list(found.values()), gone, msgspec.json.decode(msgspec.json.encode(cursor))


async def wanted(source: CiSource, want: Want) -> list[Batch]:
    return [batch async for batch in source.want(want)]


async def log_of(source: CiSource, pipeline: str, job: str, start: int = 0) -> list[LogPart]:
    want = Want(kind="log", source=source.spec.key, pipelines=(pipeline,), job=job, start=start)
    return [part for batch in await wanted(source, want) for part in batch.log_parts]


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


async def test_a_run_becomes_a_pipeline_with_its_jobs(settings: Settings, source: CiSource) -> None:
    done = ran(settings, actor="Ann")
    [pipeline], _, _ = await polled(source)
    assert (pipeline.source, pipeline.id, pipeline.name, pipeline.number) == (
        local_key(settings, "local"), done.id, "local", "1",
    )  # fmt: skip
    assert (pipeline.status, pipeline.commit, pipeline.title) == ("failed", done.commit, "Train on more")
    assert (pipeline.event, pipeline.actor, pipeline.branch) == ("manual", "Ann", done.branch)
    assert pipeline.created_at is not None
    assert pipeline.created_at <= (pipeline.started_at or 0) <= (pipeline.ended_at or 0)
    assert [(job.name, job.status, job.raw_status, job.needs) for job in pipeline.jobs or ()] == [
        ("data", "passed", "passed", ()), ("test", "failed", "exit 2", ("data",)),
        ("deploy", "skipped", "skipped", ("test",)),
    ]  # fmt: skip


async def test_the_next_pass_brings_what_is_new_alone(settings: Settings, source: CiSource) -> None:
    for _ in range(3):
        ran(settings)
    first, _, cursor = await polled(source)
    assert len(first) == 3
    nothing, _, cursor = await polled(source, cursor)
    assert nothing == []
    done = ran(settings)
    [new], _, cursor = await polled(source, cursor)
    assert new.id == done.id
    again, _, _ = await polled(source, cursor)
    assert again == []


async def test_some_of_the_jobs_are_another_pipeline_than_all(settings: Settings, source: CiSource) -> None:
    ran(settings, only=("data",))
    ran(settings)
    found, _, _ = await polled(source)
    assert {(pipeline.name, pipeline.status) for pipeline in found} == {("local: data", "passed"), ("local", "failed")}


async def test_each_local_pipeline_has_its_own(settings: Settings) -> None:
    done = ran(settings)
    slow, local = source_of(settings, "slow"), source_of(settings, "local")
    assert (await polled(slow))[0] == []
    assert await slow.one(done.id) is None
    assert [pipeline.id for pipeline in (await polled(local))[0]] == [done.id]


async def test_many_come_in_pages(settings: Settings, source: CiSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.local.PAGE", 2)
    made = {ran(settings, clock=lambda: 1_700_000_000_000).id for _ in range(5)}  # all of one moment
    found, _, _ = await polled(source)
    assert {pipeline.id for pipeline in found} == made
    assert all(pipeline.jobs for pipeline in found)


async def test_one_that_was_trimmed_is_gone(settings: Settings, source: CiSource) -> None:
    kept, gone = ran(settings), ran(settings)
    _, _, cursor = await polled(source)
    Kept(settings.project_key).remove(gone.id)
    missing: list[str] = []
    async for batch in source.sweep(cursor):
        missing += batch.pipelines_gone
    assert missing == [gone.id]
    [batch] = await wanted(source, Want(kind="pipeline", source=source.spec.key, pipelines=(gone.id, kept.id)))
    assert batch.pipelines_gone == (gone.id,)
    assert [pipeline.id for pipeline in batch.pipelines] == [kept.id]


async def test_a_log_comes_from_the_byte_that_is_asked_for(settings: Settings, source: CiSource) -> None:
    done = ran(settings)
    [part] = await log_of(source, done.id, f"{done.id}.test")
    assert (part.start, part.data, part.is_last, part.sentence) == (0, b"tested\n", True, "")
    [part] = await log_of(source, done.id, f"{done.id}.test", start=4)
    assert (part.start, part.data, part.is_last) == (4, b"ed\n", True)
    [part] = await log_of(source, done.id, f"{done.id}.test", start=7)
    assert (part.start, part.data, part.is_last) == (7, b"", True)
    [part] = await log_of(source, done.id, f"{done.id}.test", start=700)
    assert (part.start, part.data) == (0, b"tested\n")


async def test_a_long_log_comes_in_pieces(
    settings: Settings, source: CiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.local.PIECE", 3)
    done = ran(settings)
    parts = await log_of(source, done.id, f"{done.id}.test")
    assert [(part.start, part.data, part.is_last) for part in parts] == [
        (0, b"tes", False), (3, b"ted", False), (6, b"\n", True),
    ]  # fmt: skip


async def test_a_job_that_did_not_run_says_why_it_has_no_log(settings: Settings, source: CiSource) -> None:
    done = ran(settings)
    [part] = await log_of(source, done.id, f"{done.id}.deploy")
    assert (part.data, part.is_last, part.sentence) == (b"", True, "This job did not run. “test” did not pass.")
    with pytest.raises(AnswerError, match="kept no more"):
        await log_of(source, done.id, f"{done.id}.other")


async def test_a_rerun_is_a_new_pipeline_on_the_same_commit_whose_id_is_the_key(
    settings: Settings, source: CiSource
) -> None:
    done = ran(settings, only=("data",))
    assert await source.rerun_of(done.id, key="KEY1", since=0) is None
    assert await source.rerun(done.id, failed_only=False, key="KEY1") == "KEY1"
    kept = Kept(settings.project_key)
    until(lambda: (found := kept.read("KEY1")) is not None and found.is_over)
    new = kept.read("KEY1")
    assert new is not None
    assert (new.commit, new.branch, new.event, new.rerun_of, new.only, new.status) == (
        done.commit, done.branch, "rerun", done.id, ("data",), "passed",
    )  # fmt: skip
    assert await source.rerun(done.id, failed_only=False, key="KEY1") == "KEY1"  # the answer was lost: asked once more
    assert await source.rerun_of(done.id, key="KEY1", since=0) == "KEY1"
    assert sorted(kept.ids()) == sorted([done.id, "KEY1"])


async def test_a_rerun_that_cannot_begin_says_why(settings: Settings, source: CiSource) -> None:
    done = ran(settings, only=("data",))
    assert settings.file is not None
    settings.file.write_text(FILE.replace('name = "data"', 'name = "ingest"').replace('["data"]', '["ingest"]'))
    record_trust(load(directory=settings.root))
    with pytest.raises(SourceError, match="No job is called “data”"):
        await source_of(load(directory=settings.root), "local").rerun(done.id, failed_only=False, key="KEY2")
    with pytest.raises(SourceError, match="as a whole"):
        await source.rerun(done.id, failed_only=True, key="KEY3")
    with pytest.raises(AnswerError, match="kept no more"):
        await source.rerun("nothing", failed_only=False, key="KEY4")
    assert Kept(settings.project_key).ids() == [done.id]


async def test_a_rerun_that_takes_its_time_is_not_called_off(
    settings: Settings, source: CiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.runner.detached.PATIENCE", 0.0)
    done, kept = ran(settings, only=("data",)), Kept(settings.project_key)
    with pytest.raises(SourceError, match="did not begin within") as late:
        await source.rerun(done.id, failed_only=False, key="KEY")
    assert late.value.state == "unreachable"  # and none of the states in which nothing was begun
    until(lambda: (found := kept.read("KEY")) is not None and found.is_over)
    assert await source.rerun_of(done.id, key="KEY", since=0) == "KEY"


async def test_jobs_that_nobody_agreed_to_are_not_run_again(settings: Settings) -> None:
    done = ran(settings)
    assert settings.file is not None
    settings.file.write_text(FILE.replace("echo fetched", "echo stolen"))
    changed = source_of(load(directory=settings.root), "local")
    with pytest.raises(SourceError, match="Not trusted") as refused:
        await changed.rerun(done.id, failed_only=False, key="KEY")
    assert refused.value.state == "untrusted"
    assert [pipeline.id for pipeline in (await polled(changed))[0]] == [done.id]  # reading them needs no trust


async def test_a_running_one_is_followed_and_stopped(settings: Settings) -> None:
    slow, kept = source_of(settings, "slow"), Kept(settings.project_key)
    arguments = (settings, find_local(settings, "slow"), choose(settings, None))
    thread = threading.Thread(target=run, args=arguments, kwargs={"key": "RUN"})
    thread.start()
    try:
        until(lambda: (found := kept.read("RUN")) is not None and found.jobs[0].status == "running")
        [pipeline], _, cursor = await polled(slow)
        assert (pipeline.status, [job.status for job in pipeline.jobs or ()]) == ("running", ["running"])
        until(lambda: kept.file("RUN", "01-sleep.log").exists() and kept.file("RUN", "01-sleep.log").read_bytes())
        [part] = await log_of(slow, "RUN", "RUN.sleep")
        assert (part.data, part.is_last) == (b"up\n", False)
    finally:
        await slow.cancel("RUN")
        thread.join()
    [pipeline], _, _ = await polled(slow, cursor)
    assert (pipeline.status, [job.status for job in pipeline.jobs or ()]) == ("cancelled", ["cancelled"])
    with pytest.raises(SourceError, match="nothing to cancel"):
        await slow.cancel("RUN")


async def test_it_offers_what_it_can_do(source: CiSource) -> None:
    assert source.abilities == {"rerun", "cancel"}
    with pytest.raises(SourceError, match="no deployments"):
        await source.approve("x", (), "")
    with pytest.raises(SourceError, match="no jobs that wait"):
        await source.play("x", "y")
