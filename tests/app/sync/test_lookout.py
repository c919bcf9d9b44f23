"""The syncer's own look: it sees, keeps, looks for causes, and tells, with no terminal there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Attention, Changes, SourceState
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync import lookout as lookout_module
from quarterdeck.app.sync.lookout import LONGEST_PAUSE, PAUSE, Lookout, rest
from quarterdeck.app.sync.once import sync_once
from quarterdeck.app.sync.poller import now_millis
from quarterdeck.app.triage import explain, kept_sight, look
from tests.app.sync.scripted import Scripted, World

HOUR = 3_600_000


class Told:
    """Whoever tells others, as a list."""

    def __init__(self) -> None:
        self.news: list[list[str]] = []
        self.heard = asyncio.Event()
        self.is_closed = False

    def __call__(self, new: Sequence[tuple[Attention, Changes | None]], /) -> None:
        self.news.append([one.title for one, _ in new])
        self.heard.set()

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    return load(directory=tmp_path / "project")


@pytest.fixture
def source(tmp_path: Path) -> Scripted:
    return Scripted("ci", World(tmp_path / "ci"))


@pytest.fixture
def cache(tmp_path: Path, source: Scripted) -> Iterator[Cache]:
    with closing(Cache(tmp_path / "cache.db")) as made:
        made.declare([source.spec])
        yield made


@pytest.fixture
async def lookout(settings: Settings, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lookout]:
    monkeypatch.setattr(lookout_module, "PAUSE", 0.0)
    monkeypatch.setattr(lookout_module, "_SHARE", 0)
    made = Lookout(settings, cache.path, Told())
    standing = asyncio.create_task(made.stand())
    yield made
    standing.cancel()
    with suppress(asyncio.CancelledError):
        await standing
    await made.close()


def told(lookout: Lookout) -> Told:
    assert isinstance(lookout._tell, Told)
    return lookout._tell


def source_is(cache: Cache, source: Scripted, state: str, **rest: Any) -> None:
    facts = {"last_ok_at": now_millis() - 2 * HOUR, "sentence": "It does not answer."} | rest
    cache.save_state(
        SourceState(source=source.spec.key, kind="scripted", name="ci", state=state, **facts)  # type: ignore[arg-type]  # as above
    )


def kept(settings: Settings) -> list[str]:
    with State(state_file(settings.project_key)) as state:
        found = kept_sight(state)
    return [] if found is None else [one.title for one in found[1].attentions]


async def test_what_is_wrong_is_kept_and_told_when_something_was_written(
    settings: Settings, cache: Cache, source: Scripted, lookout: Lookout
) -> None:
    source_is(cache, source, "unreachable")
    lookout.nudge()
    await told(lookout).heard.wait()
    assert told(lookout).news == [["ci is unreachable"]]
    assert kept(settings) == ["ci is unreachable"]


async def test_it_is_told_as_long_as_nobody_has_it_and_kept_when_it_is_over(
    settings: Settings, cache: Cache, source: Scripted, lookout: Lookout
) -> None:
    """Who tells knows what it said already."""
    source_is(cache, source, "unreachable")
    assert len((await lookout.look()).attentions) == 1
    await lookout.look()
    source_is(cache, source, "ok", last_ok_at=now_millis())
    assert (await lookout.look()).attentions == ()
    assert told(lookout).news == [["ci is unreachable"]] * 2
    assert kept(settings) == []


async def test_before_anything_was_read_a_syncer_that_starts_does_not_call_the_last_night_a_trouble(
    settings: Settings, cache: Cache, source: Scripted, lookout: Lookout
) -> None:
    with State(state_file(settings.project_key)) as state:
        state.note_sync(now_millis() - 9 * HOUR, HOUR)
    source_is(cache, source, "ok", last_ok_at=now_millis() - 9 * HOUR)
    await asyncio.sleep(0)
    assert told(lookout).news == []
    assert kept(settings) == []


async def test_it_looks_by_itself_when_the_time_has_come(
    cache: Cache, source: Scripted, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreachable for a little less than the five minutes that may be one lost packet: nothing is written later."""
    source_is(cache, source, "unreachable", last_ok_at=now_millis() - 5 * 60_000 + 300)
    lookout.nudge()
    await told(lookout).heard.wait()
    assert told(lookout).news == [["ci is unreachable"]]


async def test_a_cache_of_another_generation_is_found(settings: Settings, cache: Cache, source: Scripted) -> None:
    lookout = Lookout(settings, cache.path)
    assert (await lookout.look()).attentions == ()
    cache.rebuild()
    cache.declare([source.spec])
    source_is(cache, source, "unreachable")
    assert [one.title for one in (await lookout.look()).attentions] == ["ci is unreachable"]
    await lookout.close()


async def test_whoever_tells_is_let_go_with_it(settings: Settings, cache: Cache) -> None:
    voice = Told()
    await Lookout(settings, cache.path, voice).close()
    assert voice.is_closed


async def test_causes_are_looked_for_once_while_nothing_else_is_heard(
    settings: Settings, cache: Cache, source: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(reader: Any, state: Any, one: Attention, *rest: Any, **more: Any) -> Changes:
        asked.append(one.title)
        return explain(reader, state, one, *rest, **more)

    monkeypatch.setattr(lookout_module, "explain", counted)
    source_is(cache, source, "unreachable")
    lookout = Lookout(settings, cache.path)
    for _ in range(3):
        await lookout.look()
    await lookout.close()
    assert asked == ["ci is unreachable"]


async def test_a_mistake_in_looking_for_causes_hides_nothing(
    settings: Settings, cache: Cache, source: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: Any, **__: Any) -> Changes:
        raise ValueError("a mistake")

    monkeypatch.setattr(lookout_module, "explain", wrong)
    source_is(cache, source, "unreachable")
    lookout = Lookout(settings, cache.path)
    assert len((await lookout.look()).attentions) == 1
    await lookout.close()
    assert kept(settings) == ["ci is unreachable"]


async def test_a_single_pass_looks_at_its_end(settings: Settings, tmp_path: Path, source: Scripted) -> None:
    source.world.set(runs=1, fault=["misconfigured", "It is wrong.", None], fault_at=1)
    await sync_once(settings, tmp_path / "own.db", sources=[source])
    assert kept(settings) == ["ci is misconfigured"]


def test_a_machine_that_others_keep_busy_is_watched_as_closely_as_any() -> None:
    """A look that costs 3 ms of the processor may take seconds there."""
    assert rest(0.003) == PAUSE
    assert PAUSE < rest(0.2) < LONGEST_PAUSE
    assert rest(60.0) == LONGEST_PAUSE


async def test_a_look_that_waits_for_the_machine_costs_nothing(
    settings: Settings, cache: Cache, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*args: Any, **rest: Any) -> Any:
        time.sleep(0.3)
        return look(*args, **rest)

    monkeypatch.setattr(lookout_module, "look", slow)
    began = time.monotonic()
    await lookout.look()
    took = time.monotonic() - began
    assert 0.0 < lookout._eyes.cost < took - 0.29
