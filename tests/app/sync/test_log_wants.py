"""Logs that somebody wants: only what is not here yet is asked for, and why there is none is said."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Batch, LogPart, SourceSpec, Want
from quarterdeck.app.settings import Cache as PersonalCache
from quarterdeck.app.settings import Personal, Settings, load
from quarterdeck.app.store.logs import LogHead
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.fetch import fetch_now, fetch_once
from quarterdeck.app.sync.locks import SyncerLock

SPEC = SourceSpec(key="j" * 16, kind="jenkins", name="jenkins", address="https://jenkins.acme")
WANT = Want(kind="log", source=SPEC.key, pipelines=("train#7",), job="train#7/main")


class Jenkins:
    """A server with one log, which gives what comes after a byte."""

    spec = SPEC

    def __init__(self, log: bytes = b"", is_over: bool = False) -> None:
        self.log = log
        self.is_over = is_over
        self.error: SourceError | None = None
        self.asked: list[int] = []
        self.step = 5

    async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        yield Batch()

    def sweep(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        return self.poll(cursor)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        self.asked.append(want.start)
        if self.error is not None:
            raise self.error
        for start in range(want.start, max(len(self.log), want.start + 1), self.step):
            data = self.log[start : start + self.step]
            part = LogPart(
                source=SPEC.key, pipeline=want.pipelines[0], job=want.job, start=start, data=data,
                is_last=self.is_over and start + self.step >= len(self.log),
            )  # fmt: skip
            yield Batch(log_parts=(part,))

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    return load(directory=tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "key.s1.g0.db"


def head(cache: Path) -> tuple[LogHead, list[str]]:
    """What is known of the log, and its lines."""
    with closing(Reader(cache)) as reader:
        found = reader.logs.head(SPEC.key, WANT.job, "train#7")
        assert found is not None
        return found, [line.text for line in reader.logs.lines(found.rowid, 0, 100)]


async def fetch(settings: Settings, cache: Path, jenkins: Jenkins) -> tuple[LogHead, list[str]]:
    cache.parent.mkdir(exist_ok=True)
    await fetch_once(settings, cache, WANT, [jenkins])
    return head(cache)


async def test_only_what_came_since_is_asked_for(settings: Settings, cache: Path) -> None:
    jenkins = Jenkins(b"one\ntwo\n")
    assert (await fetch(settings, cache, jenkins))[1] == ["one", "two"]
    jenkins.log += b"three\n"
    assert (await fetch(settings, cache, jenkins))[1] == ["one", "two", "three"]
    assert jenkins.asked == [0, 8]


async def test_a_log_that_is_whole_is_not_asked_for_again(settings: Settings, cache: Path) -> None:
    jenkins = Jenkins(b"one\n", is_over=True)
    assert (await fetch(settings, cache, jenkins))[0].is_whole
    await fetch(settings, cache, jenkins)
    assert jenkins.asked == [0]


async def test_why_it_cannot_be_read_stands_beside_what_was_read_before(settings: Settings, cache: Path) -> None:
    jenkins = Jenkins(b"one\n")
    await fetch(settings, cache, jenkins)
    jenkins.error = SourceError("jenkins.acme does not answer.")
    found, lines = await fetch(settings, cache, jenkins)
    assert (found.sentence, lines) == ("jenkins.acme does not answer.", ["one"])
    jenkins.error, jenkins.log = None, b"one\ntwo\n"
    found, lines = await fetch(settings, cache, jenkins)
    assert (found.sentence, lines) == ("", ["one", "two"])


async def test_the_settings_say_how_much_logs_may_take(settings: Settings, cache: Path) -> None:
    personal = Personal(cache=PersonalCache(logs="1MB"))
    jenkins = Jenkins(random.Random(1).randbytes(1_500_000).replace(b"\n", b"") + b"\nlast\n")
    jenkins.step = 500_000
    found, _ = await fetch(msgspec.structs.replace(settings, personal=personal), cache, jenkins)
    assert 400_000 < found.dropped < 900_000


def test_while_a_syncer_works_nothing_is_fetched_beside_it(settings: Settings, cache: Path) -> None:
    cache.parent.mkdir()
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    try:
        assert not fetch_now(settings, cache, WANT)
    finally:
        lock.release()
