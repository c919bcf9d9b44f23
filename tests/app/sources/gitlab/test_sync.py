"""A whole sync of GitLab CI, from the settings to the cache."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import trust
from quarterdeck.app.records import Want
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.registry import build
from quarterdeck.app.sync.once import sync_once
from tests.servers.gitlab import LIMITED, PATH, TOKEN, Gitlab, message
from tests.servers.loopback import Loopback, Told

from .looking import SPEC, http, opened, paths


class Ship:
    """A project's cache, filled by passes of the real engine."""

    def __init__(self, folder: Path, server: Loopback) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.cache = folder / "cache" / "abc.s1.g1.db"
        self.cache.parent.mkdir(mode=0o700)
        (self.folder / "quarterdeck.toml").write_text(
            f'[[ci]]\nkind = "gitlab"\nrepository = "{PATH}"\nbase_url = "{server.url}"\ntoken_env = "FORGE_TOKEN"\n'
        )
        self.environment = {"FORGE_TOKEN": TOKEN}
        trust.record_trust(self.settings)

    @property
    def settings(self) -> Settings:
        return load(directory=self.folder, environment=self.environment)

    async def sync(self, **options: Any) -> tuple[str, str]:
        """One pass as the settings have it; gives the source's state and sentence."""
        (state,) = [one for one in await sync_once(self.settings, self.cache, **options) if one.kind == "gitlab"]
        return state.state, state.sentence

    def rows(self, sql: str) -> list[Any]:
        newest = max(self.cache.parent.glob("*.db"), key=lambda path: (len(path.name), path.name))
        with sqlite3.connect(newest) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def ship(tmp_path: Path, server: Loopback) -> Ship:
    return Ship(tmp_path, server)


async def test_a_whole_history_is_synced_and_then_what_changed(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    old = [gitlab.push(jobs={"ingest": "success", "train": "success"}) for _ in range(120)]
    running = gitlab.push("running", jobs={"ingest": "success", "train": "running"})
    assert (await ship.sync())[0] == "ok"
    assert ship.rows("SELECT count(*), sum(status = 'passed') FROM pipeline") == [(121, 120)]
    assert ship.rows("SELECT count(*) FROM job") == [(242,)]

    server.asked.clear()
    gitlab.set(running, "failed", train="failed")
    gitlab.remove(old[0])
    assert (await ship.sync())[0] == "ok"
    sql = "SELECT status, actor, title FROM pipeline WHERE native = '{}'"
    assert ship.rows(sql.format(running)) == [("failed", "mira", "Change 121")]
    asked = paths(server)
    assert [path for path in asked if re.fullmatch(r"pipelines/\d+(/.*)?", path)] == [
        f"pipelines/{running}", f"pipelines/{running}/jobs", f"pipelines/{running}/bridges",
    ]  # fmt: skip

    assert (await ship.sync(full=True))[0] == "ok"
    assert ship.rows(sql.format(old[0])) == []
    assert ship.rows("SELECT count(*) FROM pipeline") == [(120,)]


async def test_a_pass_with_nothing_new_costs_five_requests_at_most(
    gitlab: Gitlab, server: Loopback, ship: Ship
) -> None:
    for _ in range(30):
        gitlab.push()
    await ship.sync()
    server.asked.clear()
    await ship.sync()
    assert len(server.asked) <= 5


async def test_an_act_shows_after_the_next_pass(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    await ship.sync()
    source = next(one for one in build(ship.settings) if one.spec.kind == "gitlab")
    assert isinstance(source, CiSource)
    assert source.abilities == GitlabVendor.abilities
    await source.rerun(str(number), failed_only=True, key="k")
    await source.close()
    await ship.sync()
    assert ship.rows("SELECT status FROM pipeline") == [("running",)]
    assert ship.rows("SELECT count(*) FROM job") == [(3,)]


async def test_a_sync_that_a_limit_cut_goes_on_where_it_was(gitlab: Gitlab, server: Loopback, ship: Ship) -> None:
    numbers = [gitlab.push() for _ in range(60)]
    gitlab.fail(f"/pipelines/{numbers[5]}/jobs$", LIMITED)
    state, sentence = await ship.sync()
    assert (state, "37 s" in sentence) == ("limited", True)
    assert ship.rows("SELECT count(*) FROM pipeline") == [(60,)], "rows are there from the first page on"
    read = ship.rows("SELECT count(*) FROM job")[0][0]
    server.asked.clear()
    assert (await ship.sync())[0] == "ok"
    assert ship.rows("SELECT count(*) FROM job") == [(60,)]
    again = [path for path in paths(server) if path.endswith("/jobs")]
    assert len(again) == 60 - read


async def test_what_somebody_looks_at_is_fetched(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"epoch 1\n"
    source = CiSource(SPEC, lambda: GitlabVendor(SPEC, http(server), project=PATH))
    pipeline = Want(kind="pipeline", source=SPEC.key, pipelines=(str(number), "1"))
    batches = [batch async for batch in source.want(pipeline)]
    lines = Want(kind="log", source=SPEC.key, pipelines=(str(number),), job=str(job))
    parts = [part async for batch in source.want(lines) for part in batch.log_parts]
    await source.close()
    assert [one.id for batch in batches for one in batch.pipelines] == [str(number)]
    assert [key for batch in batches for key in batch.pipelines_gone] == ["1"]
    assert b"".join(part.data for part in parts) == b"epoch 1\n"


async def test_many_details_at_once_read_the_list_of_deployments_once(gitlab: Gitlab, server: Loopback) -> None:
    numbers = [gitlab.push() for _ in range(30)]
    async with opened(server) as vendor:
        listed = {one.id: one for one in (await vendor.page(None)).pipelines}
        found = await asyncio.gather(*(vendor.detail(one) for one in listed.values()))
    assert sorted(int(one.id) for one in found) == numbers
    assert paths(server).count("deployments") == 1


@pytest.mark.parametrize("fault", [None, LIMITED, message(f"401 Unauthorized for {TOKEN}", 401)])
async def test_the_token_is_in_no_file_and_in_no_sentence(
    gitlab: Gitlab, server: Loopback, ship: Ship, fault: Told | None
) -> None:
    gitlab.push()
    if fault is not None:
        gitlab.fail("/pipelines$", fault)
    _, sentence = await ship.sync()
    assert TOKEN not in sentence
    files = [path for path in ship.folder.parent.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert all(asked.headers["Authorization"] == f"Bearer {TOKEN}" for asked in server.asked)
    assert not any(TOKEN in str((asked.path, asked.query, asked.body)) for asked in server.asked)
