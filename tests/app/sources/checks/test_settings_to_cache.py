"""From [[checks]] in the settings to checks in the cache, and what each may do without trust."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import trust
from quarterdeck.app.channel import wait_until_listening
from quarterdeck.app.records import SourceState
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.checks.source import ChecksSource
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.sources.registry import build, checks_source
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.once import sync_once
from tests.servers.github import TOKEN, Github
from tests.servers.github_artifacts import junit, zipped

NOW = 1_795_000_000_000
PAYLOADS = Path(__file__).resolve().parents[3] / "payloads"


def validation(
    suite: str = "orders", asset: str = "orders", at: str = "2026-03-07T03:00:00+00:00", bad: int = 0
) -> str:
    """Great Expectations' words for one check that passed or not."""
    result = {
        "success": not bad,
        "result": {"element_count": 100, "unexpected_count": bad},
        "exception_info": {"raised_exception": False},
        "expectation_config": {"expectation_type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
    }
    meta = {
        "great_expectations_version": "0.18.19",
        "expectation_suite_name": suite,
        "run_id": {"run_name": "nightly", "run_time": at},
        "active_batch_definition": {"data_asset_name": asset} if asset else {},
    }
    return json.dumps({"success": not bad, "results": [result], "meta": meta, "statistics": {}})


class World:
    """A project in a clone, and its cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        folder.mkdir()
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def settle(self, text: str, *, trusted: bool = False) -> Settings:
        self.write("quarterdeck.toml", text)
        settings = load(directory=self.folder, environment={**os.environ, **self.environment})
        if trusted:
            trust.record_trust(settings)
        return settings

    @property
    def cache(self) -> Path:
        return cache_file(None, load(directory=self.folder).project_key)

    def sync(self, *names: str, full: bool = False) -> dict[str, SourceState]:
        settings = load(directory=self.folder, environment={**os.environ, **self.environment})
        states = asyncio.run(sync_once(settings, self.cache, names=names, full=full))
        return {state.name: state for state in states}

    def checks(self) -> list[Any]:
        reader = Reader(self.cache)
        try:
            return [row.check for row in reader.checks.rows(reader.checks.ids(now=NOW))]
        finally:
            reader.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "repo")


GX = '[[checks]]\nkind = "great_expectations"\nname = "gx"\npaths = ["gx/**/*.json"]\n'


def test_a_file_in_the_work_tree_becomes_checks_with_what_the_settings_say_of_it(world: World) -> None:
    world.settle(GX + 'environment = "prod"\ndataset = "named in the settings"\n[project]\nenvironment = "staging"\n')
    world.write("gx/a.json", validation(bad=3))
    world.write("gx/b.json", validation(suite="other", asset=""))
    state = world.sync("gx")["gx"]
    assert (state.kind, state.state, state.sentence) == ("checks", "ok", "")
    found = {check.suite: check for check in world.checks()}
    assert (found["orders"].dataset, found["orders"].environment) == ("orders", "prod")
    assert (found["orders"].newest.outcome, found["orders"].origin, found["orders"].commit) == (
        "fail",
        "gx/a.json",
        None,
    )
    assert found["other"].dataset == "named in the settings"


def test_what_the_settings_say_of_the_project_is_not_said_of_somebodys_own_run(world: World) -> None:
    world.settle(GX + '[project]\nenvironment = "prod"\n')
    world.write("gx/a.json", validation())
    world.sync("gx")
    assert [check.environment for check in world.checks()] == [""]


def test_authentic_files_of_great_expectations_come_through(world: World) -> None:
    world.settle(GX)
    for path in (PAYLOADS / "great_expectations").glob("gx-*.complete.json"):
        world.write(f"gx/{path.name}", path.read_text())
    assert world.sync("gx")["gx"].state == "ok"
    assert len(world.checks()) > 5


def test_where_no_file_is_nothing_is_ok_and_nothing_failed(world: World) -> None:
    world.settle(GX)
    state = world.sync("gx")["gx"]
    assert (state.state, state.last_ok_at) == ("never", None)
    assert state.sentence == f"No file matches gx/**/*.json in {world.folder}."
    world.write("gx/a.json", validation())
    assert world.sync("gx")["gx"].state == "ok"
    (world.folder / "gx/a.json").unlink()
    assert world.sync("gx")["gx"].state == "stale"
    assert len(world.checks()) == 1


def test_a_wrong_file_is_the_sources_state_while_the_others_are_in_the_cache(world: World) -> None:
    world.settle(GX)
    world.write("gx/good.json", validation())
    os.utime(world.write("gx/cut.json", validation()[:-40]), (1, 1))
    state = world.sync("gx")["gx"]
    assert state.state == "not_understood"
    assert state.sentence.startswith("gx/cut.json cannot be read")
    assert len(world.checks()) == 1
    (world.folder / "gx/cut.json").unlink()
    assert world.sync("gx")["gx"].state == "ok"


def test_a_second_pass_writes_nothing(world: World) -> None:
    world.settle(GX)
    world.write("gx/a.json", validation())
    world.sync("gx")
    source = checks_source(load(directory=world.folder), 0)
    cursor = sqlite3.connect(world.cache).execute("SELECT cursor FROM source WHERE key = ?", (source.spec.key,))
    (text,) = cursor.fetchone()

    async def batches() -> list[Any]:
        return [batch async for batch in source.poll(json.loads(text))]

    assert asyncio.run(batches()) == []


def test_all_is_there_again_after_a_sweep_and_no_more(world: World) -> None:
    world.settle(GX)
    world.write("gx/a.json", validation())
    world.sync("gx")
    assert world.sync("gx", full=True)["gx"].state == "ok"
    assert [check.results for check in world.checks()] == [1]


def test_a_killed_sync_of_thousands_of_files_goes_on(world: World) -> None:
    world.settle(GX)
    for number in range(1_500):
        at = f"2026-03-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00+00:00"
        world.write(f"gx/{number}.json", validation(suite=f"suite {number % 300}", at=at))
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", "sync", "--source", "gx"], cwd=world.folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and not _held(world.cache):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert 0 < _held(world.cache) < 1_500
    assert world.sync("gx")["gx"].state == "ok"
    assert _held(world.cache) == 1_500


def _held(cache: Path) -> int:
    """Invocations in the cache."""
    if not cache.exists():
        return 0
    try:
        connection = sqlite3.connect(f"file:{cache}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM check_invocation").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:  # it is being made
        return 0


def test_untrusted_a_section_reads_inside_the_repository_and_does_nothing_else(world: World, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text(validation(suite="outside"))
    world.settle(
        '[[checks]]\nkind = "great_expectations"\nname = "gx"\nevery = "1h"\n'
        f'paths = ["gx/*.json", "{tmp_path}/*.json"]\ncommand = ["touch", "ran"]\n'
    )
    world.write("gx/a.json", validation())
    assert world.sync("gx")["gx"].state == "ok"
    assert [check.suite for check in world.checks()] == ["orders"]
    assert not (world.folder / "ran").exists()
    trust.record_trust(load(directory=world.folder))
    world.sync("gx")
    assert (world.folder / "ran").exists()
    assert sorted(check.suite for check in world.checks()) == ["orders", "outside"]


@pytest.mark.parametrize(
    "section",
    ['paths = ["/etc/*.json"]', 'command = ["curl", "x"]', 'paths = ["../*.json"]', 'paths = ["a/*/../../../x"]'],
)
def test_what_only_reaches_out_waits_for_trust(world: World, section: str) -> None:
    settings = world.settle(f'[[checks]]\nkind = "dbt"\n{section}\n')
    assert isinstance(checks_source(settings, 0), RefusedSource)
    assert world.sync("dbt")["dbt"].state == "untrusted"
    trust.record_trust(settings)
    assert isinstance(checks_source(settings, 0), ChecksSource)


def test_artifacts_ride_on_the_trust_of_where_they_are(world: World) -> None:
    settings = world.settle(
        '[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n'
        '[[checks]]\nkind = "junit"\nname = "a"\nmlflow_artifact = "checks/*.xml"\n'
        '[[checks]]\nkind = "junit"\nname = "b"\nci_artifact = "reports/*.xml"\n'
        '[[ci]]\nkind = "github"\nrepository = "acme/churn"\nbase_url = "http://127.0.0.1:9"\n'
    )
    assert [type(checks_source(settings, index)) for index in (0, 1)] == [RefusedSource, RefusedSource]
    trust.record_trust(settings, "mlflow")
    assert [type(checks_source(settings, index)) for index in (0, 1)] == [ChecksSource, RefusedSource]
    trust.record_trust(settings)
    assert [type(checks_source(settings, index)) for index in (0, 1)] == [ChecksSource, ChecksSource]
    assert world.sync("a")["a"].state == "unreachable"


def test_artifacts_of_what_is_not_set_up_are_wrongly_set_up(world: World) -> None:
    settings = world.settle(
        '[[checks]]\nkind = "junit"\nname = "a"\nmlflow_artifact = "checks/*.xml"\n'
        '[[checks]]\nkind = "junit"\nname = "b"\nci_artifact = "reports/*.xml"\n'
    )
    states = world.sync("a", "b")
    assert [type(checks_source(settings, index)) for index in (0, 1)] == [RefusedSource, RefusedSource]
    assert {state.state for state in states.values()} == {"misconfigured"}
    assert "tracking_uri" in states["a"].sentence
    assert "[[ci]]" in states["b"].sentence


def test_what_a_pipeline_kept_is_in_the_cache_with_its_commit(world: World) -> None:
    with Github().serving() as github:
        run = github.add()
        github.upload(run, "reports", zipped({"unit.xml": junit(2, 1)}))
        world.environment = {"SECRET": TOKEN}
        world.settle(
            f'[[ci]]\nkind = "github"\nrepository = "acme/churn"\nbase_url = "{github.base_url}"\n'
            'token_env = "SECRET"\n[[checks]]\nkind = "junit"\nname = "tests"\nci_artifact = "reports/*.xml"\n',
            trusted=True,
        )
        assert world.sync("tests")["tests"].state == "ok"
        found = world.checks()
        assert len(found) == 3
        assert {(check.pipeline_id, check.commit) for check in found} == {(str(run), github.runs[run]["head_sha"])}
        assert [check.newest.outcome for check in found].count("fail") == 1


def test_a_check_is_the_same_in_every_clone_of_the_project_and_under_another_name(tmp_path: Path) -> None:
    keys = []
    for number, name in enumerate(("gx", "gx", "renamed")):
        world = World(tmp_path / f"clone{number}")
        subprocess.run(["git", "-C", str(world.folder), "remote", "add", "origin", "ssh://git@h/x.git"], check=True)
        settings = world.settle(GX.replace('name = "gx"', f'name = "{name}"'))
        keys.append(checks_source(settings, 0).spec.key)
    assert len(set(keys)) == 1


def test_two_sections_that_read_the_same_are_two_sources(world: World) -> None:
    settings = world.settle(GX + 'environment = "a"\n' + GX.replace('"gx"', '"gx2"') + 'environment = "b"\n')
    keys = [source.spec.key for source in build(settings) if source.spec.kind == "checks"]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("in_place", [False, True], ids=["over REST", "in place"])
def test_what_a_run_kept_is_in_the_cache_with_the_content_of_the_data_that_it_logged(
    world: World, mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path, in_place: bool
) -> None:
    name = f"kept {os.urandom(4).hex()}"
    experiment = mlflow_rest.create_experiment(name)
    run = mlflow_rest.create_run(experiment, tags={"mlflow.source.git.commit": "4" * 40})
    dataset = {"name": "orders_csv", "digest": "aa11", "source_type": "local", "source": "{}"}
    mlflow_rest.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": []}])
    kept = mlflow_folder / "artifacts" / experiment / run / "artifacts/checks/orders.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(validation(bad=2))
    address = f"sqlite:///{mlflow_folder / 'mlflow.db'}" if in_place else mlflow_server
    world.settle(
        f'[mlflow]\ntracking_uri = "{address}"\nexperiments = ["{name}"]\n'
        '[[checks]]\nkind = "great_expectations"\nname = "gx"\nmlflow_artifact = "checks/*.json"\n'
        '[[datasets]]\nname = "orders"\nis = ["gx:orders", "mlflow:orders_csv"]\n',
        trusted=True,
    )
    assert world.sync("gx")["gx"].state == "ok"
    (check,) = world.checks()
    assert (check.run_id, check.commit, check.dataset_digest) == (run, "4" * 40, "aa11")


def test_a_running_syncer_reads_what_a_command_wrote_before_it_is_told(world: World) -> None:
    world.write("gx.json", validation(bad=1))
    world.settle('[[checks]]\nkind = "great_expectations"\nname = "gx"\ncommand = ["cat", "gx.json"]\n', trusted=True)
    program = [sys.executable, "-m", "quarterdeck.app"]
    with subprocess.Popen(
        [*program, "sync", "--watch"], cwd=world.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as syncer:
        try:
            assert wait_until_listening(world.cache, 60)
            ran = subprocess.run(
                [*program, "check", "run"], cwd=world.folder, capture_output=True, timeout=120, check=False
            )
            assert (ran.returncode, ran.stdout.splitlines()[0]) == (1, b"gx: 1 fail")
            assert [check.newest.outcome for check in world.checks()] == ["fail"]
            assert syncer.poll() is None
        finally:
            syncer.terminate()


def test_how_many_results_a_source_has_is_told(world: World) -> None:
    world.settle(GX)
    world.write("gx/a.json", validation())
    assert world.sync("gx")["gx"].items > 0
