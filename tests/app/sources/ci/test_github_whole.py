"""From a settings file to rows in the cache: GitHub Actions as the product reads it."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stamina

from quarterdeck.app import trust
from quarterdeck.app.records import CaseReport, Pipeline, SourceState, Want
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.github import GithubVendor
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.fetch import fetch_once
from quarterdeck.app.sync.once import sync_once
from tests.servers.github import TOKEN, Asked, Github, Told, once
from tests.servers.github_artifacts import junit, zipped


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def github() -> Iterator[Github]:
    with Github().serving() as server:
        yield server


class Ship:
    """A project whose settings name the server, and its cache."""

    def __init__(self, folder: Path, github: Github) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.cache = folder / "cache" / "project.db"
        self.github = github
        self.environment = {"CI_TOKEN": TOKEN}
        (self.folder / "quarterdeck.toml").write_text(
            f'[[ci]]\nkind = "github"\nrepository = "acme/churn"\nbase_url = "{github.base_url}"\n'
            'token_env = "CI_TOKEN"\n'
        )
        trust.record_trust(self.settings)

    @property
    def settings(self) -> Settings:
        return load(directory=self.folder, environment=self.environment)

    async def sync(self, **options: Any) -> SourceState:
        (state,) = await sync_once(self.settings, self.cache, **options)
        return state

    def rows(self, sql: str) -> list[Any]:
        newest = max(self.cache.parent.glob("*.db"), key=lambda path: (len(path.name), path.name))
        with sqlite3.connect(newest) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def pipeline(self, run: int) -> Pipeline:
        with closing(Reader(self.cache)) as reader:
            found = reader.pipelines.find(str(run))
            assert found is not None
            return reader.pipelines.rows([found])[0].pipeline

    def report(self, run: int) -> CaseReport | None:
        return self.pipeline(run).report

    @property
    def asked(self) -> int:
        return len(self.github.asked)


@pytest.fixture
def ship(tmp_path: Path, github: Github) -> Ship:
    return Ship(tmp_path, github)


async def test_a_history_is_synced_and_then_what_changed(github: Github, ship: Ship) -> None:
    for _ in range(130):
        github.add()
    running = github.add(None, status="in_progress")
    assert (await ship.sync()).state == "ok"
    assert ship.rows("SELECT count(*), sum(status = 'passed'), sum(status = 'running') FROM pipeline") == [
        (131, 130, 1)
    ]
    assert ship.rows("SELECT count(*) FROM job") == [(262,)]

    before = ship.asked
    github.settle(running, "failure")
    new = github.add("cancelled")
    assert (await ship.sync()).state == "ok"
    assert ship.rows(f"SELECT status FROM pipeline WHERE native IN ('{running}', '{new}') ORDER BY native") == [
        ("failed",), ("cancelled",),
    ]  # fmt: skip
    assert ship.asked - before == 6  # three lists, a page of the sweep, and the jobs of two

    before = ship.asked
    assert (await ship.sync()).state == "ok"
    assert ship.asked - before <= 5


async def test_two_thousand_pipelines_of_ten_jobs(github: Github, ship: Ship) -> None:
    for _ in range(2_000):
        github.add(jobs=10)
    first: list[int] = []

    def note(state: SourceState) -> None:
        if not first and (rows := ship.rows("SELECT count(*), sum(jobs IS NOT NULL) FROM pipeline")[0])[0]:
            first.extend(rows)

    assert (await ship.sync(report=note)).state == "ok"
    assert ship.rows("SELECT count(*) FROM pipeline") == [(2_000,)]
    assert ship.rows("SELECT count(*) FROM job") == [(20_000,)]
    assert 0 < first[0] < 2_000  # rows are there long before the end
    assert github.most_at_once <= GithubVendor.width
    assert ship.asked == 2 + 20 + 2_000  # what was deployed, the newest page for the mark, the pages, the jobs
    before = ship.asked
    await ship.sync()
    assert ship.asked - before == 4


async def test_a_sync_that_a_limit_cuts_short_keeps_its_rows_and_goes_on(github: Github, ship: Ship) -> None:
    for _ in range(150):
        github.add()
    told = Told({"message": "You have exceeded a secondary rate limit."}, 403, {"Retry-After": "0"})
    github.faults = [once(f"/actions/runs/{7000 + 100}/jobs", told)]
    state = await ship.sync()
    assert state.state == "limited"
    assert "secondary rate limit" in state.sentence
    ((rows, read),) = ship.rows("SELECT count(*), sum(jobs IS NOT NULL) FROM pipeline")
    assert rows == 150
    assert 30 <= read < 150
    before = ship.asked
    assert (await ship.sync()).state == "ok"
    assert ship.rows("SELECT count(*) FROM pipeline WHERE jobs IS NOT NULL") == [(150,)]
    assert ship.asked - before <= 3 + 2 * (150 - read) + 2


async def test_the_tests_of_a_run_that_is_looked_at_stay_with_it(github: Github, ship: Ship) -> None:
    run, other = github.add("failure"), github.add()
    for one in (run, other):
        github.upload(one, "junit", zipped({"junit.xml": junit(4, 2)}))
    state = await ship.sync()
    assert (ship.report(run), ship.report(other)) == (None, None)
    await fetch_once(ship.settings, ship.cache, Want(kind="pipeline", source=state.source, pipelines=(str(run),)))
    found = ship.report(run)
    assert found is not None
    assert (found.total, found.failed, [case.name for case in found.failures]) == (6, 2, ["bad_0", "bad_1"])
    github.add()
    await ship.sync()
    await ship.sync(full=True)
    assert ship.report(run) == found
    assert ship.report(other) is None


async def test_what_others_said_of_a_commit_stays_with_its_runs(github: Github, ship: Ship) -> None:
    run = github.add(None, status="in_progress")
    github.check(run, "codecov/patch", "failure")
    github.say(run, "ci/circleci: build", "success")
    state = await ship.sync()
    assert ship.pipeline(run).checks == ()
    await fetch_once(ship.settings, ship.cache, Want(kind="pipeline", source=state.source, pipelines=(str(run),)))
    found = ship.pipeline(run).checks
    assert [(one.name, one.status) for one in found] == [("codecov/patch", "failed"), ("ci/circleci: build", "passed")]
    github.settle(run, "failure")
    await ship.sync()
    await ship.sync(full=True)
    assert (ship.pipeline(run).status, ship.pipeline(run).checks) == ("failed", found)
    assert not [one for one in github.asked[-3:] if "/commits/" in one.path]


async def test_a_first_sync_that_is_killed_goes_on_where_it_was(github: Github, ship: Ship) -> None:
    for _ in range(150):
        github.add()
    started: list[subprocess.Popen[bytes]] = []
    lines: list[bytes] = []
    asked = itertools.count(1)

    def kill(one: Asked) -> Told | None:
        if one.path.endswith("/jobs") and next(asked) == 100:
            lines.append(Path(f"/proc/{started[0].pid}/cmdline").read_bytes())
            started[0].kill()
        return None

    github.faults = [kill]
    command = [sys.executable, "-m", "quarterdeck.app", "--project", str(ship.folder), "sync"]
    started.append(subprocess.Popen(command, env={**os.environ, **ship.environment}))
    assert started[0].wait(60) == -signal.SIGKILL
    assert TOKEN.encode() not in lines[0]

    github.faults = []
    before = ship.asked
    done = subprocess.run(command, env={**os.environ, **ship.environment}, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    cache = max(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.db"), key=lambda path: path.name)
    connection = sqlite3.connect(cache)
    assert connection.execute("SELECT count(*), sum(jobs IS NOT NULL) FROM pipeline").fetchall() == [(150, 150)]
    connection.close()
    again = [one for one in github.asked[before:] if one.path.endswith("/jobs")]
    assert len(again) <= 150 - 100 + 20 + 2 * GithubVendor.width  # what had come and was not handed over yet


async def test_the_token_is_in_no_file_and_no_word_of_ours(
    github: Github, ship: Ship, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    github.add()
    said = [str(await ship.sync())]
    github.faults = [once("/actions/runs", Told({"message": f"Bad credentials: {TOKEN}"}, 401), times=9)]
    said.append(str(await ship.sync()))
    github.faults = [once("/actions/runs", Told(TOKEN.encode(), 200, {"X-Echo": TOKEN}), times=9)]
    said.append(str(await ship.sync()))
    assert "unauthorised" in said[1]
    homes = {tmp_path, *(Path(os.environ[name]) for name in os.environ if name.startswith("XDG_"))}
    files = [file for home in homes for file in home.rglob("*") if file.is_file()]
    assert any(file.suffix == ".db" for file in files)
    held = [file for file in files if TOKEN.encode() in file.read_bytes()]
    assert held == []
    out = capfd.readouterr()
    assert TOKEN not in "".join(said) + out.out + out.err


async def test_a_history_that_a_whole_sweep_reads_again_loses_what_was_deleted(github: Github, ship: Ship) -> None:
    runs = [github.add() for _ in range(120)]
    await ship.sync()
    github.remove(runs[5])
    assert (await ship.sync(full=True)).state == "ok"
    assert ship.rows("SELECT count(*) FROM pipeline") == [(119,)]
