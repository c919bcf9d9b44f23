"""`quarterdeck sync`: a pass of our own, or the running syncer's."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from quarterdeck.app.errors import StoreError, UsageError
from quarterdeck.app.records import SourceState
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sync.locks import SyncerLock, syncer_alive
from quarterdeck.app.sync.once import sync_now, sync_once
from tests.app.sync.conftest import Ship, wait_for
from tests.app.sync.scripted import Scripted


@pytest.fixture
def settings(ship: Ship) -> Settings:
    return load(directory=ship.project)


def sources(ship: Ship, *names: str) -> list[Scripted]:
    return [Scripted(name, ship.world(name)) for name in names]


async def test_all_sources_are_read_and_closed(ship: Ship, settings: Settings) -> None:
    ship.world("lab").set(runs=30)
    ship.world("forge").set(runs=5, fault=["forbidden", "The token may not read this.", None], fault_at=5)
    both = sources(ship, "lab", "forge")
    told: list[SourceState] = []
    lab, forge = await sync_once(settings, ship.cache, sources=both, report=told.append)
    assert (lab.state, lab.items, lab.next_try_at) == ("ok", 30, None)
    assert (forge.state, forge.items) == ("forbidden", 5)
    assert ship.runs() == 35
    assert {state.name for state in told} == {"lab", "forge"}
    assert all(source.closed for source in both)


async def test_only_the_named_source_is_read_and_no_other_is_hidden(ship: Ship, settings: Settings) -> None:
    ship.world("lab").set(runs=30)
    ship.world("forge").set(runs=5)
    (forge,) = await sync_once(settings, ship.cache, sources=sources(ship, "lab", "forge"), names=["forge"])
    assert forge.name == "forge"
    assert ship.runs() == 5
    assert ship.state("lab")[0] == "never"


async def test_a_wrong_name_is_refused_with_the_nearest(ship: Ship, settings: Settings) -> None:
    one = sources(ship, "forge")
    with pytest.raises(UsageError, match="Did you mean “forge”"):
        await sync_once(settings, ship.cache, sources=one, names=["forg"])
    assert one[0].closed


async def test_a_second_pass_goes_on_where_the_first_stood(ship: Ship, settings: Settings) -> None:
    ship.world("lab").set(runs=60, fault=["unreachable", "Gone.", None], fault_at=50)
    await sync_once(settings, ship.cache, sources=sources(ship, "lab"))
    assert ship.runs() == 50
    ship.world("lab").set(fault=None)
    (state,) = await sync_once(settings, ship.cache, sources=sources(ship, "lab"))
    assert (state.state, state.items) == ("ok", 60)


def test_without_a_syncer_sync_runs_a_pass_and_lets_go_of_the_lock(ship: Ship, settings: Settings) -> None:
    states = sync_now(settings, ship.cache)
    assert states == ()  # this project's settings name no source
    assert not syncer_alive(ship.cache)


def test_while_the_syncer_runs_sync_asks_it(ship: Ship, settings: Settings) -> None:
    ship.write_settings('[sync]\nevery = "1h"\n')
    ship.world().set(runs=4 * 25)
    ship.start()
    wait_for(lambda: syncer_alive(ship.cache))
    told: list[SourceState] = []
    states = sync_now(settings, ship.cache, names=["lab"], report=told.append)
    assert states is not None
    assert [(state.name, state.state, state.items) for state in states] == [("lab", "ok", 100)]
    assert ship.runs() == 100


def test_while_another_single_pass_runs_there_is_nothing_to_do(ship: Ship, settings: Settings) -> None:
    lock = SyncerLock.acquire(ship.cache)
    assert lock is not None
    lock.describe()
    assert sync_now(settings, ship.cache) is None
    lock.release()


def test_a_cache_that_cannot_be_opened_is_a_sentence(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        sync_now(settings, tmp_path)


def test_many_that_sync_at_once_from_cron_do_no_harm(ship: Ship, settings: Settings) -> None:
    outcomes: list[object] = []
    threads = [threading.Thread(target=lambda: outcomes.append(sync_now(settings, ship.cache))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 4
    assert set(outcomes) <= {None, ()}
    connection = sqlite3.connect(ship.cache)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
