"""Results that runs keep as artifacts, from a real tracking server and from its store on this machine."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import CheckResult, Identities, Invocation
from quarterdeck.app.settings import load
from quarterdeck.app.settings.sections import Checks
from quarterdeck.app.sources.checks import mlflow_artifacts
from quarterdeck.app.sources.checks.elsewhere import home_of
from quarterdeck.app.sources.checks.filling import Filling
from quarterdeck.app.sources.checks.mlflow_artifacts import REQUESTS, MlflowArtifacts
from quarterdeck.app.sources.checks.reading import ResultFile, UnreadableError
from quarterdeck.app.sources.checks.runs import RestRuns, TableRuns
from quarterdeck.app.sources.http import Connection, Http
from quarterdeck.app.sources.late import Late
from tests.servers.between import in_front_of

KEY = "5" * 16
HOUR = 3_600_000
SHA = "2" * 40


def reader(file: ResultFile) -> tuple[Invocation, ...]:
    """A format of two words, outcome and dataset."""
    words = file.data.decode().split()
    if words[:1] == ["bug"]:
        raise ZeroDivisionError
    if len(words) != 2:
        raise UnreadableError(file.path, "it is cut")
    outcome: Any = words[0]
    said = ",".join(f"{name}={data.decode()}" for name, data in file.beside.items())
    result = CheckResult(name="unique(id)", outcome=outcome, dataset=words[1], message=said)
    at = file.modified_at or 0
    return (Invocation(source="", id="i", tool="junit", at=at, origin=file.path, results=(result,)),)


class World:
    """An experiment of a real server, and a source of what its runs keep."""

    def __init__(self, rest: Any, folder: Path, address: str, in_place: bool) -> None:
        self.rest, self.folder = rest, folder
        self.name = f"checks {os.urandom(4).hex()}"
        self.experiment = rest.create_experiment(self.name)
        self.cursor: dict[str, Any] = {}
        self.opened = 0
        self.address, self.in_place = address, in_place
        self.source("checks/*.json")

    def source(self, pattern: str, **more: Any) -> None:
        filling = Filling(KEY, Checks(kind="junit", mlflow_artifact=pattern), Identities())
        self.artifacts = MlflowArtifacts(self._open, pattern, reader, filling, source=KEY, **more)

    def _open(self) -> Any:
        self.opened += 1
        if self.in_place:
            return TableRuns(self.folder / "mlflow.db", KEY, [self.name])
        return RestRuns(Http(self.address, connection=Connection(read=1.0, connect=1.0)), KEY, [self.name])

    def run(self, *, ago: float = 1.0, end: str | None = "FINISHED", **files: str) -> str:
        """A run that ended `ago` hours ago, with files (`checks__a` is checks/a.json)."""
        run_id: str = self.rest.create_run(
            self.experiment, started_at=int(time.time() * 1000 - ago * HOUR), end=end,
            tags={"mlflow.source.git.commit": SHA},
        )  # fmt: skip
        for name, text in files.items():
            self.write(run_id, name.replace("__", "/") + ".json", text)
        return run_id

    def write(self, run_id: str, path: str, text: str) -> None:
        place = self.folder / "artifacts" / self.experiment / run_id / "artifacts" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

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

    def settle(self) -> list[Invocation]:
        """Passes until one brings nothing and leaves nothing."""
        found: list[Invocation] = []
        for _ in range(2_000):  # of a store that other tests have filled a pass looks at some runs only
            found += self.read()
            if not self.cursor.get("waiting") and not self.cursor.get("backlog"):
                return found
        raise AssertionError("it never settles")


@pytest.fixture(params=[False, True], ids=["over REST", "in place"])
def world(request: pytest.FixtureRequest, mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path) -> World:
    return World(mlflow_rest, mlflow_folder, mlflow_server, request.param)


@pytest.fixture
def over_rest(mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path) -> World:
    return World(mlflow_rest, mlflow_folder, mlflow_server, in_place=False)


def test_what_a_run_keeps_is_read_with_its_commit_and_its_dataset(world: World) -> None:
    run_id = world.run(checks__orders="fail orders", checks__other="pass customers", other="fail x")
    for name, digest in (("orders", "aa11"), ("prices", "bb22")):
        dataset = {"name": name, "digest": digest, "source_type": "local", "source": "{}"}
        world.rest.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": []}])
    found = {one.origin: one for one in world.settle()}
    assert sorted(found) == ["checks/orders.json", "checks/other.json"]
    orders = found["checks/orders.json"]
    assert (orders.source, orders.run_id, orders.commit, orders.dataset_digest) == (KEY, run_id, SHA, "aa11")
    assert found["checks/other.json"].dataset_digest is None  # the run names no dataset of that name
    assert orders.at == world.rest.get("runs/get", run_id=run_id)["run"]["info"]["end_time"]


def test_a_pass_costs_five_requests_and_the_run_that_ended_last_is_read_first(
    mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path
) -> None:
    with in_front_of(mlflow_server) as door:
        world = World(mlflow_rest, mlflow_folder, door.url, in_place=False)
        runs = [world.run(ago=ago, checks__a="pass a") for ago in (4, 1, 3, 2, 5)]
        costs, order = [], []
        for _ in range(12):
            before = door.asked
            order += [one.run_id for one in world.read()]
            costs.append(door.asked - before)
    assert order == [runs[1], runs[3], runs[2], runs[0], runs[4]]
    assert max(costs) == REQUESTS
    assert costs[-1] == 2  # the experiments, and what ended since
    assert world.state == "ok"


def test_what_ended_since_comes_before_what_is_old(world: World) -> None:
    for ago in range(10, 20):
        world.run(ago=ago, checks__a="pass a")
    world.read()
    fresh = world.run(ago=0, checks__a="fail a")
    assert fresh in [one.run_id for one in world.read()]
    assert len(world.settle()) + 3 > 8


def test_no_run_is_read_twice_and_one_that_still_runs_not_at_all(world: World) -> None:
    world.run(ago=0, checks__a="pass a")
    going = world.run(ago=0, end=None, checks__a="fail a")
    assert len(world.settle()) == 1
    assert world.settle() == []
    world.rest.post("runs/update", run_id=going, status="FINISHED", end_time=int(time.time() * 1000))
    assert [one.run_id for one in world.settle()] == [going]
    assert world.settle() == []


def test_runs_that_ended_in_one_and_the_same_millisecond_are_all_read(world: World) -> None:
    at = int(time.time() * 1000) - HOUR
    for _ in range(60):  # more than a page
        run_id = world.rest.create_run(world.experiment, started_at=at)
        world.write(run_id, "checks/a.json", "pass a")
    assert len(world.read(whole=True)) == 60


def test_however_many_runs_end_the_cursor_names_few_and_all_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_artifacts, "_MOST_WAITING", 2)
    monkeypatch.setattr(mlflow_artifacts, "_MOST_WINDOWS", 2)
    world.read()
    runs = {world.run(ago=ago / 1000, checks__a="pass orders") for ago in (0, 1, 2, 2, 3)}
    found: set[str | None] = set()
    for late in range(40):
        found |= {one.run_id for one in world.read()}
        assert len(world.cursor["waiting"]) <= 2
        assert len(world.cursor["backlog"]) <= 3  # with the news
        if late < 5:
            runs |= {world.run(ago=0, checks__a="pass orders") for _ in range(2)}
    assert found == runs


def test_a_sync_that_is_killed_anywhere_goes_on_where_it_was(world: World) -> None:
    runs = {world.run(ago=ago, checks__a="pass a", checks__b="fail b") for ago in range(1, 7)}
    found: list[tuple[str | None, str]] = []
    for _ in range(60):
        found += [(one.run_id, one.origin) for one in world.read(most=1)]
    found += [(one.run_id, one.origin) for one in world.settle()]
    assert sorted(found, key=str) == sorted({(run, f"checks/{n}.json") for run in runs for n in "ab"}, key=str)


def test_a_sweep_reads_all_at_once_and_finds_what_was_added_late(world: World) -> None:
    runs = [world.run(ago=ago) for ago in range(1, 9)]
    assert (world.settle(), world.state) == ([], "never")
    for run_id in runs:
        world.write(run_id, "checks/late.json", "pass a")
    assert len(world.read(whole=True)) == 8
    assert world.settle() == []


def test_folders_are_looked_into_as_far_as_the_pattern_leads(world: World) -> None:
    run_id = world.run(out__a__checks__x="pass a", out__b__checks__y="pass b", out__b__c__z="pass c", other__q="pass d")
    world.write(run_id, "out/b/checks/readme.txt", "nothing")
    world.source("out/*/checks/*.json")
    assert sorted(one.origin for one in world.settle()) == ["out/a/checks/x.json", "out/b/checks/y.json"]
    world.cursor = {}
    world.source("**/*.json")
    assert len(world.settle()) == 4


def test_the_file_that_explains_goes_along(world: World) -> None:
    run_id = world.run(dbt__run_results="pass a", dbt__manifest="explained")
    world.source("dbt/run_results.json", beside="manifest.json")
    (found,) = world.settle()
    assert (found.run_id, found.results[0].message) == (run_id, "manifest.json=explained")


@pytest.mark.parametrize("text", ["cut", "bug"])
def test_a_wrong_file_stops_no_other_and_is_said_until_a_later_run_has_a_good_one(world: World, text: str) -> None:
    world.run(ago=3, checks__a="pass a")
    bad = world.run(ago=2, checks__a=text, checks__b="pass b")
    assert len(world.settle()) == 2
    world.read()
    assert world.said.startswith(f"Run {bad[:8]}: checks/a.json cannot be read: ")
    world.run(ago=0.001, checks__a=text)
    world.settle()
    assert (world.state, bad[:8] in world.said) == ("not_understood", False)
    world.run(ago=0, checks__a="pass a")
    world.settle()
    assert (world.state, world.said) == ("ok", "")


def test_a_server_that_stalls_or_drops_loses_nothing(mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path) -> None:
    with in_front_of(mlflow_server) as door:
        world = World(mlflow_rest, mlflow_folder, door.url, in_place=False)
        runs = {world.run(ago=ago, checks__a="pass a") for ago in range(1, 5)}
        door.hook = lambda when, what, number: 0 if when == "before" and number % 3 == 2 else None
        found: list[str | None] = []
        for _ in range(20):
            found += [one.run_id for one in world.read()]
        door.hook = lambda when, what, number: None
        found += [one.run_id for one in world.settle()]
    assert sorted(map(str, found)) == sorted(runs)


def test_an_artifact_that_the_server_keeps_failing_over_is_left_and_said(
    mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path
) -> None:
    with in_front_of(mlflow_server) as door:
        world = World(mlflow_rest, mlflow_folder, door.url, in_place=False)
        world.run(ago=1, checks__a="pass a")
        door.hook = _fails_over("get-artifact")
        world.read()
        assert (world.state, bool(world.cursor["waiting"])) == ("unreachable", True)
        world.read()
        world.read()
        assert (world.state, world.cursor["waiting"]) == ("unreachable", [])
        old = world.run(ago=3, checks__a="pass a")
        door.hook = lambda when, what, number: None
        world.run(ago=0, checks__a="pass a")
        assert (len(world.settle()), world.state) == (1, "ok")
        assert old


def test_an_artifact_over_which_the_server_drops_the_line_holds_up_the_others_for_a_while_only(
    mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path
) -> None:
    with in_front_of(mlflow_server) as door:
        world = World(mlflow_rest, mlflow_folder, door.url, in_place=False)
        old, bad = world.run(ago=3, checks__a="pass a"), world.run(ago=1, checks__a="pass a")
        door.hook = lambda when, what, number: 0 if when == "before" and "get-artifact" in what else None
        for _ in range(5):
            world.read()
        assert (world.state, world.cursor["waiting"][0]["id"]) == ("unreachable", bad)
        world.read()
        assert [one["id"] for one in world.cursor["waiting"]] == [old]
        door.hook = lambda when, what, number: None
        assert [one.run_id for one in world.read()] == [old]
        assert world.state == "unreachable"  # the one that ended last is still what there is to say


def _fails_over(word: str) -> Any:
    return lambda when, what, number: 500 if when == "before" and word in what else None


def test_a_file_that_is_larger_than_what_is_read_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.checks.mlflow_artifacts.LARGEST", 1 << 20)
    run_id = world.run(checks__a="pass a" + " " * (2 << 20))
    assert world.settle() == []
    assert world.said == f"Run {run_id[:8]}: checks/a.json has more than 1 MB: it is not read."


def test_a_server_that_is_down_is_a_state(over_rest: World) -> None:
    over_rest.address = "http://127.0.0.1:9"
    assert (over_rest.read(), over_rest.state) == ([], "unreachable")
    assert "127.0.0.1:9" in over_rest.said


def test_no_link_leads_out_of_a_runs_artifacts(mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path) -> None:
    world = World(mlflow_rest, mlflow_folder, mlflow_server, in_place=True)
    run_id = world.run(checks__a="pass a")
    (mlflow_folder / "secret.json").write_text("fail secret")
    folder = mlflow_folder / "artifacts" / world.experiment / run_id / "artifacts/checks"
    (folder / "link.json").symlink_to(mlflow_folder / "secret.json")
    os.mkfifo(folder / "pipe.json")
    assert [one.origin for one in world.settle()] == ["checks/a.json"]


def test_the_artifacts_of_a_store_in_the_repository_are_read_in_the_repository_only(
    mlflow_rest: Any, mlflow_server: str, mlflow_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(mlflow_rest, mlflow_folder, mlflow_server, in_place=True)
    store = mlflow_folder / "mlflow.db"
    world.run(checks__a="pass orders")
    monkeypatch.setattr(world.artifacts, "_late", Late(lambda: TableRuns(store, KEY, [world.name], tmp_path)))
    assert world.read(whole=True) == []
    assert (world.state, "which is not in the repository" in world.said) == ("forbidden", True)
    world.cursor = {}
    real = mlflow_folder.resolve()
    monkeypatch.setattr(world.artifacts, "_late", Late(lambda: TableRuns(store, KEY, [world.name], real)))
    assert len(world.settle()) == 1


@pytest.mark.parametrize("by", ["project", "environment"])
def test_a_store_that_the_project_names_in_its_repository_is_held_to_it(by: str, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    text = '[[checks]]\nkind = "junit"\nmlflow_artifact = "checks/*.json"\n'
    (tmp_path / "quarterdeck.toml").write_text(
        text + (f'[mlflow]\ntracking_uri = "{uri}"\n' if by == "project" else "")
    )
    settings = load(directory=tmp_path, environment={} if by == "project" else {"MLFLOW_TRACKING_URI": uri})
    assert settings.tracking is not None
    assert home_of(settings, settings.tracking) == (tmp_path.resolve() if by == "project" else None)
