"""Production metrics logged to a real MLflow server, read over its API and out of its SQLite store."""

from __future__ import annotations

import itertools
import math
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.monitoring import is_silent, standing
from quarterdeck.app.records import Run, SourceSpec
from quarterdeck.app.settings import load
from quarterdeck.app.settings.sections import MlflowMonitor, Series
from quarterdeck.app.sources import TellsTime
from quarterdeck.app.sources.mlflow import open_mlflow
from quarterdeck.app.sources.mlflow_monitors import MonitorSource, open_monitor
from quarterdeck.app.sources.mlflow_monitors.marks import KnownLine, Marks
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.sources.registry import build
from tests.servers.monitored import Production

SPEC = SourceSpec(key="m", kind="monitors", name="mlflow monitors", address="")
PRECISION = Series(name="precision", query="precision", model="churn", kind="business", min=0.78, label_delay="1d")
DAY, HOUR = 86_400_000, 3_600_000
_names = itertools.count(1)


class Wire(httpx.AsyncHTTPTransport):
    """The real way to the server, which counts."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path.removeprefix("/api/2.0/mlflow/"))
        return await super().handle_async_request(request)


class World:
    """An experiment of a real server, a source that reads it, and what came of that."""

    def __init__(self, rest: Any, address: str) -> None:
        self.rest, self.address = rest, address
        self.name = f"serving {next(_names)}"
        self.experiment = rest.create_experiment(self.name)
        self.now = int(time.time() * 1000)
        self.kept = Production()
        self.wire = Wire()
        self.ahead = 0

    def opened(
        self, *series: Series, experiments: tuple[str, ...] | None = None, step: str | None = None
    ) -> MonitorSource:
        """A source of these series, as after a restart."""
        section = MlflowMonitor(
            experiments=(self.name,) if experiments is None else experiments, series=series, step=step
        )  # fmt: skip
        is_http = self.address.startswith("http")
        runs = open_mlflow(
            SPEC, self.address, experiments=section.experiments, transport=self.wire if is_http else None
        )  # fmt: skip
        return open_monitor(SPEC, runs, section)

    async def poll(self, source: MonitorSource) -> Production:
        """A pass."""
        self.wire.paths.clear()
        return await self.kept.take(source.poll(self.kept.cursor))

    def log(self, run: str, at: int, step: int = 0, **metrics: float | str) -> None:
        """One point of each metric."""
        self.rest.log(run, metrics=[(key, value, step) for key, value in metrics.items()], at=at - step)

    def run(self, at: int | None = None, version: str = "", *, end: str | None = "FINISHED", **metrics: float) -> str:
        """A run with a point of each metric."""
        made: str = self.rest.create_run(
            self.experiment, tags={"version": version} if version else {},
            started_at=self.now if at is None else at, end=end,
        )  # fmt: skip
        if metrics:
            logged = [(key, value, 0) for key, value in metrics.items()]
            self.rest.log(made, metrics=logged, at=self.now if at is None else at)
        return made


@pytest.fixture(params=["rest", "sqlite"])
def world(request: pytest.FixtureRequest, mlflow_rest: Any, mlflow_folder: Path, mlflow_server: str) -> World:
    return World(mlflow_rest, mlflow_server if request.param == "rest" else f"sqlite:///{mlflow_folder}/mlflow.db")


@pytest.fixture
def rest_world(mlflow_rest: Any, mlflow_server: str) -> World:
    return World(mlflow_rest, mlflow_server)


async def test_one_run_with_many_points_is_a_line(world: World) -> None:
    run = world.run(end=None, version="14")
    times = [world.now - DAY + HOUR * hour for hour in range(24)]
    for step, at in enumerate(times):
        world.log(run, at, step, precision=0.80 + step / 1000)
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    line = kept.line("precision", experiment=world.name)
    assert (line.model, line.version, line.kind, line.min) == ("churn", "14", "business", 0.78)
    assert (line.label_delay, line.step, line.query) == (DAY, HOUR, "precision")
    assert list(kept.of("precision")) == times
    assert [value for value, _ in kept.of("precision").values()] == [0.80 + step / 1000 for step in range(24)]
    world.log(run, world.now, 24, precision=0.71)
    kept = await world.poll(source)
    assert kept.of("precision")[world.now] == (0.71, None)
    assert sum(len(samples) for batch in kept.batches for samples in batch.samples) <= 2  # and not all of them again
    kept = await world.poll(source)
    assert [samples for batch in kept.batches for samples in batch.samples] == []
    assert kept.line("precision").looked_at is not None
    await source.close()


async def test_many_runs_with_one_point_each_are_a_line(world: World) -> None:
    times = [world.now - DAY * day for day in range(30, 0, -1)]
    for at in times:
        world.run(at, "14", precision=0.8)
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    assert list(kept.of("precision")) == times
    assert kept.line("precision").step == DAY
    world.run(world.now, "14", precision=0.7)
    kept = await world.poll(source)
    assert kept.of("precision")[world.now] == (0.7, None)
    await source.close()


async def test_a_first_sync_of_many_runs_asks_for_twenty_at_once(rest_world: World) -> None:
    for day in range(45):
        rest_world.run(rest_world.now - DAY * day, "14", precision=0.8)
    source = rest_world.opened(PRECISION)
    await rest_world.poll(source)
    histories = [path for path in rest_world.wire.paths if path.startswith("metrics/")]
    assert len(histories) == 3
    await rest_world.poll(source)
    assert len(rest_world.wire.paths) <= 5  # nothing new: what a pass over runs costs
    rest_world.run(rest_world.now, "14", precision=0.8)
    await rest_world.poll(source)
    assert [path for path in rest_world.wire.paths if path.startswith("metrics/")] == ["metrics/get-history"]
    await source.close()


async def test_versions_are_lines_and_the_one_whose_runs_stopped_goes_stale(world: World) -> None:
    for version, ends in (("13", 6 * DAY), ("14", 0)):
        for hour in range(5):
            world.run(world.now - ends - HOUR * hour, version, precision=0.8)
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    assert {one.version for one in kept.series.values()} == {"13", "14"}
    source = world.opened(PRECISION)  # a restart
    kept = await world.poll(source)
    old, new = (
        _known(kept, kept.line("precision", version=version).key, world.now) for version in ("13", "14")
    )  # fmt: skip
    assert is_silent(old)
    assert standing(old, world.now) == "stale"
    assert standing(new, world.now) == "good"
    await source.close()


def _known(kept: Production, key: str, now: int) -> Any:
    """As the cache tells of a line."""
    import msgspec

    newest = max(kept.points[key])
    return msgspec.structs.replace(kept.series[key], value=kept.points[key][newest][0], at=newest)


async def test_model_and_version_come_from_params_as_well_as_from_tags(world: World) -> None:
    run = world.rest.create_run(
        world.experiment, params={"served": "fare", "release": "v3"}, metrics=[("recall", 0.5, 0)]
    )
    assert run
    source = world.opened(Series(name="recall", query="recall", model_label="served", version_label="release"))
    kept = await world.poll(source)
    line = kept.line("recall")
    assert (line.model, line.version) == ("fare", "v3")
    assert line.labels == {"experiment": world.name, "served": "fare", "release": "v3"}
    await source.close()


async def test_how_far_apart_points_are_meant_to_be_may_be_said_where_they_come_at_uneven_times(world: World) -> None:
    run = world.run(end=None)
    for step in range(12):
        world.log(run, world.now + 60_000 * step, step, precision=0.8)
    for said, expected in (("30m", HOUR // 2), (None, 60_000)):
        source = world.opened(PRECISION, step=said)
        assert (await world.poll(source)).line("precision").step == expected
        await source.close()


async def test_an_objective_joins_counts_by_step(world: World) -> None:
    run = world.run(end=None)
    for step in range(4):
        world.rest.log(run, metrics=[("good", 98.0 + step, step)], at=world.now + 1000 * step)
        world.rest.log(run, metrics=[("all", 100.0 + step, step)], at=world.now + 1000 * step + 7)
    slo = Series(name="answered", objective=0.99, good="good", total="all", model="churn")
    source = world.opened(slo)
    kept = await world.poll(source)
    assert list(kept.of("answered").values()) == [(98.0 + step, 100.0 + step) for step in range(4)]
    world.rest.log(run, metrics=[("good", 7.0, 4)], at=world.now + 60_000)
    kept = await world.poll(source)
    assert len(kept.of("answered")) == 4  # the other half is not there yet
    world.rest.log(run, metrics=[("all", 8.0, 4)], at=world.now + 60_007)
    kept = await world.poll(source)
    assert list(kept.of("answered").values())[-1] == (7.0, 8.0)
    assert kept.line("answered").query == "good"
    await source.close()


async def test_counts_that_were_logged_without_steps_are_joined_by_time(world: World) -> None:
    run = world.run(end=None)
    for minute in range(3):
        world.log(run, world.now + 60_000 * minute, good=9.0, all=10.0)
    source = world.opened(Series(name="answered", objective=0.9, good="good", total="all"))
    assert list((await world.poll(source)).of("answered").values()) == [(9.0, 10.0)] * 3
    await source.close()


async def test_figures_that_are_no_numbers_are_kept_as_they_are(world: World) -> None:
    world.rest.log(run := world.run(end=None), metrics=[("precision", "NaN", 0)], at=world.now)
    world.log(run, world.now + 60_000, 1, precision="Infinity")
    source = world.opened(PRECISION)
    values = [value for value, _ in (await world.poll(source)).of("precision").values()]
    assert math.isnan(values[0])
    assert values[1] == math.inf
    await source.close()


async def test_runs_of_other_experiments_and_deleted_ones_are_no_lines(world: World) -> None:
    world.run(version="14", precision=0.8)
    gone = world.run(version="gone", precision=0.8)
    world.rest.post("runs/delete", run_id=gone)
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    assert {one.version for one in kept.series.values()} == {"14"}
    await source.close()


async def test_experiments_that_are_not_there_yet_are_said_and_no_failure(world: World) -> None:
    source = world.opened(PRECISION, experiments=("nothing like that*",))
    kept = await world.poll(source)
    assert kept.trouble is not None
    assert kept.trouble.state == "never"
    assert "nothing like that*" in str(kept.trouble)
    await source.close()


async def test_a_killed_first_sync_goes_on_and_ends_with_the_same(world: World) -> None:
    for day in range(25):
        world.run(world.now - DAY * day, "14", precision=0.8)
    source = world.opened(PRECISION)
    await world.kept.take(source.poll({}), most=2)
    await source.close()
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    assert len(kept.of("precision")) == 25
    await source.close()


async def test_what_the_settings_want_no_more_goes(world: World) -> None:
    world.run(version="14", precision=0.8, recall=0.5)
    recall = Series(name="recall", query="recall", model="churn")
    source = world.opened(PRECISION, recall)
    kept = await world.poll(source)
    assert {one.name for one in kept.series.values()} == {"precision", "recall"}
    await source.close()
    source = world.opened(recall)
    kept = await world.poll(source)
    assert {one.name for one in kept.series.values()} == {"recall"}
    assert len(kept.points) == 1
    await source.close()


async def test_a_sweep_reads_everything_once_more(world: World) -> None:
    run = world.run(world.now, "14", end=None, precision=0.8)
    source = world.opened(PRECISION)
    await world.poll(source)
    world.log(run, world.now - HOUR, precision=0.6)  # late, and out of order: no pass can tell
    await world.kept.take(source.sweep(world.kept.cursor))
    assert sorted(world.kept.of("precision").values()) == [(0.6, None), (0.8, None)]
    await source.close()


async def test_more_lines_than_anybody_looks_at_are_not_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow_monitors.passes.MOST_LINES", 3)
    for number in range(5):
        world.run(world.now - HOUR * number, f"v{number}", precision=0.8)
    source = world.opened(PRECISION)
    kept = await world.poll(source)
    assert len(kept.series) == 3
    assert "only 3 lines are kept" in str(kept.trouble)
    await source.close()


async def test_a_server_tells_its_time_and_a_file_does_not(world: World) -> None:
    source = world.opened(PRECISION)
    assert isinstance(source, TellsTime)
    await world.poll(source)
    assert (source.server_now() is None) == world.address.startswith("sqlite")
    await source.close()


def test_how_far_apart_points_are_is_learnt_from_the_newest() -> None:
    line = KnownLine(labels={})
    assert line.step == DAY
    line.meet([0])
    assert line.step == DAY
    line.meet([HOUR * at for at in range(9)] + [HOUR * 30])
    assert line.step == HOUR
    line.meet([HOUR * 30 + 60_000 * at for at in range(10)])
    assert line.step == 60_000


def test_what_is_remembered_of_runs_is_what_may_still_change() -> None:
    marks = Marks(version=Marks.VERSION, read_before=100)
    assert not marks.went_on(_run(99), ["precision"])
    assert marks.went_on(_run(100), ["precision"])


def _run(started: int) -> Run:
    return Run(source="m", id="r", experiment_id="1", name="", status="finished", started_at=started)


@pytest.mark.parametrize("trusted", [True, False])
async def test_from_the_settings_to_lines(tmp_path: Path, world: World, trusted: bool) -> None:
    world.run(version="14", precision=0.8)
    (tmp_path / "quarterdeck.toml").write_text(
        f'[mlflow]\ntracking_uri = "{world.address}"\n[[monitors]]\nkind = "mlflow"\nexperiments = ["{world.name}"]\n'
        '[[monitors.series]]\nname = "precision"\nquery = "precision"\nmodel = "churn"\n'
    )
    settings = load(directory=tmp_path, environment={})
    if trusted:
        from quarterdeck.app.trust import record_trust

        record_trust(settings)
    (source,) = (one for one in build(settings) if one.spec.kind == "monitors")
    assert source.spec.name == "mlflow monitors"
    if not trusted:
        assert isinstance(source, RefusedSource)
        with pytest.raises(SourceError) as caught:
            await Production().take(source.poll({}))
        assert caught.value.state == "untrusted"
        return
    kept = await Production().take(source.poll({}))
    assert kept.line("precision").version == "14"
    await source.close()


async def test_without_a_tracking_server_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text(
        '[[monitors]]\nkind = "mlflow"\n[[monitors.series]]\nname = "p"\nquery = "p"\n'
    )
    (source,) = (one for one in build(load(directory=tmp_path, environment={})) if one.spec.kind == "monitors")
    with pytest.raises(SourceError, match="No tracking server is named"):
        await Production().take(source.poll({}))
