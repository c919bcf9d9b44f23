"""MLflow's own tables, read in place: stores of 3.17, of 2.22, and of revisions that nobody knows yet."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import RefusedError, SourceError
from quarterdeck.app.records import Batch, Dataset, Metric, Run, Series, SourceSpec, Want
from quarterdeck.app.sources.mlflow import open_mlflow, tables
from quarterdeck.app.sources.mlflow.store import MlflowTables
from quarterdeck.app.sources.mlflow.tables import TablesSource, path_of

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "mlflow"
SPEC = SourceSpec(key="7" * 16, kind="mlflow", name="mlflow", address="sqlite")
BEGAN = 1_790_000_000_000


class Store:
    """A store of MLflow's tables that a test writes to as a training would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)

    def execute(self, sql: str, *values: Any) -> None:
        self.connection.execute(sql, values)

    def experiment(self, number: int, name: str, lifecycle: str = "active") -> None:
        self.execute(
            "INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time) VALUES (?, ?, ?, ?)",
            number, name, lifecycle, BEGAN,
        )  # fmt: skip

    def run(self, run_id: str, experiment: int = 1, status: str = "FINISHED", ended: int | None = BEGAN + 9) -> str:
        self.execute(
            "INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,"
            " experiment_id) VALUES (?, ?, 'ann', ?, ?, ?, 'active', ?, ?)",
            run_id, f"name of {run_id}", status, BEGAN, ended, f"/art/{run_id}", experiment,
        )  # fmt: skip
        return run_id

    def metric(self, run_id: str, key: str, value: float, step: int = 0, *, is_nan: bool = False) -> None:
        self.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", key, value, BEGAN + step, run_id, step, is_nan)
        self.execute(
            "INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key, run_uuid) DO UPDATE"
            " SET value = excluded.value, step = excluded.step, timestamp = excluded.timestamp",
            key, value, BEGAN + step, step, is_nan, run_id,
        )  # fmt: skip

    def pair(self, table: str, run_id: str, key: str, value: str) -> None:
        self.execute(f"INSERT INTO {table} (run_uuid, key, value) VALUES (?, ?, ?)", run_id, key, value)

    def dataset(self, run_id: str, name: str, digest: str, context: str | None) -> None:
        self.execute(
            "INSERT OR IGNORE INTO datasets VALUES (?, 1, ?, ?, 'local', '{}', NULL, NULL)", f"u-{name}", name, digest
        )
        self.execute("INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)"
                     " VALUES (?, 'DATASET', ?, 'RUN', ?)", f"i-{name}-{run_id}", f"u-{name}", run_id)  # fmt: skip
        if context is not None:
            self.execute("INSERT INTO input_tags VALUES (?, 'mlflow.data.context', ?)", f"i-{name}-{run_id}", context)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with the tables of MLflow 2.22 and a handful of runs."""
    made = Store(tmp_path / "mlflow.db")
    made.connection.executescript((PAYLOADS / "tables_2_22.sql").read_text())
    made.experiment(1, "churn")
    made.experiment(2, "gone", "deleted")
    for number in range(5):
        run_id = made.run(f"r{number}", experiment=1 + (number == 4))
        made.metric(run_id, "loss", 1 / (number + 1), 1)
        made.pair("params", run_id, "lr", str(number))
        made.pair("tags", run_id, "mlflow.source.git.commit", "c" * 40)
    yield made
    made.connection.close()


class Got:
    """What batches brought."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.batches: list[Batch] = []
        self.cursor: Mapping[str, Any] = {}

    async def take(self, batches: AsyncIterator[Batch]) -> Got:
        self.batches = []
        async for batch in batches:
            self.batches.append(batch)
            self.runs.update({run.id: run for run in batch.runs})
            if batch.cursor is not None:
                self.cursor = json.loads(json.dumps(batch.cursor))
        return self

    @property
    def handed(self) -> list[str]:
        return [run.id for batch in self.batches for run in batch.runs]


@pytest.fixture
async def source(store: Store) -> AsyncIterator[TablesSource]:
    opened = TablesSource(SPEC, store.path)
    yield opened
    await opened.close()


async def test_every_fact_of_a_run_is_read(store: Store, source: TablesSource) -> None:
    odd = store.run("odd", status="RUNNING", ended=None)
    store.metric(odd, "nan", 0.0, is_nan=True)
    store.metric(odd, "up", 1.7976931348623157e308, 4)
    store.metric(odd, "down", -1.7976931348623157e308)
    store.metric(odd, "third", 1 / 3, -2)
    store.pair("tags", odd, "mlflow.parentRunId", "r1")
    store.pair("params", odd, "[bold]x[/]", "\x1b[31m 模型")
    store.dataset(odd, "orders", "d1", "training")
    store.dataset(odd, "bare", "d2", None)
    got = await Got().take(source.poll({}))
    run = got.runs["odd"]
    assert (run.name, run.user, run.status, run.parent_id) == ("name of odd", "ann", "running", "r1")
    assert (run.started_at, run.ended_at, run.artifact_uri) == (BEGAN, None, "/art/odd")
    assert run.params == {"[bold]x[/]": "\x1b[31m 模型"}
    assert math.isnan(run.metrics["nan"].value)
    assert (run.metrics["up"], run.metrics["down"].value) == (Metric(value=math.inf, step=4, at=BEGAN + 4), -math.inf)
    assert run.metrics["third"] == Metric(value=1 / 3, step=-2, at=BEGAN - 2)
    assert run.datasets == (
        Dataset(name="orders", digest="d1", context="training", source_type="local", origin="{}"),
        Dataset(name="bare", digest="d2", source_type="local", origin="{}"),
    )
    assert got.runs["r3"].git_commit == "c" * 40
    assert [(e.id, e.name, e.lifecycle) for e in got.batches[0].experiments] == [
        ("1", "churn", "active"),
        ("2", "gone", "deleted"),
    ]
    assert len(got.runs) == 6


async def test_a_pass_over_an_unchanged_store_does_nothing(source: TablesSource) -> None:
    got = await Got().take(source.poll({}))
    await got.take(source.poll(got.cursor))
    await got.take(source.poll(got.cursor))
    assert got.batches == []


async def test_a_live_runs_new_metric_is_seen_by_the_next_pass(store: Store, source: TablesSource) -> None:
    live = store.run("live", status="RUNNING", ended=None)
    got = await Got().take(source.poll({}))
    store.metric(live, "loss", 0.5, 7)
    await got.take(source.poll(got.cursor))
    assert got.runs["live"].metrics["loss"] == Metric(value=0.5, step=7, at=BEGAN + 7)


@pytest.mark.parametrize("table", ["metrics", "params", "tags", "inputs"])
async def test_what_a_finished_run_gets_late_is_seen_without_a_sweep(
    store: Store, source: TablesSource, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_STEP", 0)
    got = await Got().take(source.poll({}))
    if table == "metrics":
        store.metric("r2", "late", 1.0)
    elif table == "inputs":
        store.dataset("r2", "late", "d", None)
    else:
        store.pair(table, "r2", "late", "x")
    await got.take(source.poll(got.cursor))
    assert got.handed == ["r2"]


async def test_a_run_that_ends_with_a_wrong_clock_is_seen_to_end(store: Store, source: TablesSource) -> None:
    store.run("live", status="RUNNING", ended=None)
    got = await Got().take(source.poll({}))
    await got.take(source.poll(got.cursor))
    store.execute("UPDATE runs SET status = 'FAILED', end_time = 5 WHERE run_uuid = 'live'")
    await got.take(source.poll(got.cursor))
    assert got.runs["live"].status == "failed"


async def test_deleted_and_restored_runs_are_seen(store: Store, source: TablesSource) -> None:
    got = await Got().take(source.poll({}))
    for stage, status in (("deleted", "deleted"), ("active", "finished")):
        store.execute("UPDATE runs SET lifecycle_stage = ? WHERE run_uuid = 'r1'", stage)
        await got.take(source.poll(got.cursor))
        assert got.runs["r1"].status == status


async def test_a_run_that_is_gone_for_good_is_not_met_by_the_sweep(store: Store) -> None:
    now = [BEGAN / 1000]
    source = TablesSource(SPEC, store.path, clock=lambda: now[0])
    got = await Got().take(source.poll({}))
    store.execute("DELETE FROM runs WHERE run_uuid = 'r1'")
    now[0] += 60
    await got.take(source.sweep(got.cursor))
    await source.close()
    assert "r1" not in got.handed
    assert len(got.handed) == 4
    assert got.batches[-1].runs_gone_unless_seen_since == BEGAN + 60_000


async def test_a_first_sync_that_was_killed_goes_on_where_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_WINDOW", 2)
    store.execute("UPDATE runs SET end_time = 5")  # nothing of what a pass looks back for
    handed: list[str] = []
    cursor: Mapping[str, Any] = {}
    for _ in range(3):
        source = TablesSource(SPEC, store.path)
        async for batch in source.poll(cursor):
            handed += [run.id for run in batch.runs]
            cursor = batch.cursor or cursor
            if batch.runs:
                break
        await source.close()
    assert handed == ["r4", "r3", "r2", "r1", "r0"]


async def test_experiments_are_chosen_by_pattern(store: Store) -> None:
    source = TablesSource(SPEC, store.path, ["ch*"])
    got = await Got().take(source.poll({}))
    assert sorted(got.runs) == ["r0", "r1", "r2", "r3"]
    await got.take(source.sweep(got.cursor))
    assert len(got.handed) == 4
    await source.close()


async def test_renumbered_rows_are_read_anew(
    store: Store, source: TablesSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_STEP", 0)
    got = await Got().take(source.poll({}))
    store.execute("DELETE FROM runs WHERE run_uuid = 'r0'")
    store.connection.executescript(  # what MLflow's migrations do to a table
        "CREATE TABLE copy AS SELECT * FROM runs; DROP TABLE runs; ALTER TABLE copy RENAME TO runs;"
    )
    store.run("new")
    await got.take(source.poll(got.cursor))
    assert sorted(got.handed) == ["new", "r1", "r2", "r3", "r4"]


async def test_another_file_at_the_same_place_is_noticed(store: Store, source: TablesSource, tmp_path: Path) -> None:
    got = await Got().take(source.poll({}))
    other = Store(tmp_path / "other.db")
    other.connection.executescript((PAYLOADS / "tables_2_22.sql").read_text())
    other.experiment(1, "other")
    other.run("fresh")
    other.connection.close()
    (tmp_path / "other.db").rename(store.path)
    await got.take(source.poll(got.cursor))
    assert got.handed == ["fresh"]


async def test_an_unknown_later_revision_is_lived_with(store: Store, source: TablesSource) -> None:
    for sql in (
        "UPDATE alembic_version SET version_num = 'ffffffffffff'",
        "ALTER TABLE runs ADD COLUMN workspace TEXT NOT NULL DEFAULT 'x'",
        "ALTER TABLE latest_metrics ADD COLUMN model_id TEXT",
        "ALTER TABLE runs DROP COLUMN deleted_time",
        "ALTER TABLE runs DROP COLUMN artifact_uri",
        "ALTER TABLE experiments DROP COLUMN last_update_time",
        "DROP TABLE input_tags",
        "DROP TABLE inputs",
        "CREATE TABLE spans (x)",
    ):
        store.execute(sql)
    got = await Got().take(source.poll({}))
    assert len(got.runs) == 5
    assert got.runs["r0"].params == {"lr": "0"}
    assert got.runs["r0"].artifact_uri is None
    await got.take(source.poll(got.cursor))
    with pytest.raises(RefusedError, match="schema ffffffffffff"):
        await source.set_run_tag("r0", "team", "x")


async def test_the_store_is_never_written(store: Store, source: TablesSource) -> None:
    store.connection.close()
    before = store.path.read_bytes()
    got = await Got().take(source.poll({}))
    await got.take(source.sweep(got.cursor))
    assert store.path.read_bytes() == before
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["mlflow.db"]


async def test_texts_that_are_no_utf_8_are_read_with_a_mark(store: Store, source: TablesSource) -> None:
    store.execute("INSERT INTO params VALUES ('bad', CAST(x'ff41' AS TEXT), 'r0')")
    got = await Got().take(source.poll({}))
    assert got.runs["r0"].params["bad"] == "\ufffdA"
    assert len(got.runs) == 5


# --- histories, artifacts, tags ---------------------------------------------------------------------------------


async def wanted(source: TablesSource, kind: Any, *keys: str, points: int | None = None) -> Batch:
    want = Want(kind=kind, source=SPEC.key, run_ids=("r0",), keys=keys, points=points)
    (batch,) = [batch async for batch in source.want(want)]
    return batch


async def test_a_history_is_every_point_in_order(store: Store, source: TablesSource) -> None:
    for step in (5, 3, 4):
        store.metric("r0", "acc", step / 10, step, is_nan=step == 4)
    store.metric("r1", "acc", 9.0, 1)
    (history,) = (await wanted(source, "history", "acc")).histories
    assert list(zip(history.steps, history.times, strict=True)) == [(3, BEGAN + 3), (4, BEGAN + 4), (5, BEGAN + 5)]
    assert math.isnan(history.values[1])
    assert history.history == "complete"


async def test_a_long_history_is_thinned_out_without_losing_a_spike(
    store: Store, source: TablesSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_FREE_POINTS", 10)
    store.execute("BEGIN")
    store.connection.executemany(
        "INSERT INTO metrics VALUES ('acc', ?, ?, 'r0', ?, 0)",
        [(-50.0 if step == 777 else step / 1000, BEGAN + step, step) for step in range(1000)],
    )
    store.execute("COMMIT")
    (history,) = (await wanted(source, "history", "acc", points=100)).histories
    assert history.history == "sampled"
    assert len(history) <= 100
    assert min(history.values) == -50.0
    assert (history.steps[0], history.steps[-1]) == (0, 999)
    (whole,) = (await wanted(source, "extremes", "acc")).histories
    assert (whole.history, len(whole)) == ("complete", 1000)


async def test_artifacts_stay_inside_the_runs_folder(store: Store, source: TablesSource, tmp_path: Path) -> None:
    root = tmp_path / "artifacts of r0"
    (root / "plots").mkdir(parents=True)
    (root / "plots" / "roc.png").write_bytes(b"123")
    (root / "inside").symlink_to("plots")
    (root / "outside").symlink_to(tmp_path)
    (tmp_path / "secret.txt").write_text("x")
    store.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = 'r0'", root.as_uri())
    (top,) = (await wanted(source, "artifacts")).listings
    assert [(a.path, a.is_dir, a.size) for a in top.artifacts] == [("inside", True, None), ("plots", True, None)]
    (below,) = (await wanted(source, "artifacts", "plots")).listings
    assert [(a.path, a.size) for a in below.artifacts] == [("plots/roc.png", 3)]
    assert (await wanted(source, "artifacts", "nothing yet")).listings[0].artifacts == ()
    for way_out in ("..", "/etc", "outside", "plots/../..", "a\0b"):
        with pytest.raises(SourceError, match="not inside the artifacts"):
            await wanted(source, "artifacts", way_out)


@pytest.mark.parametrize("uri", ["s3://bucket/x", "mlflow-artifacts:/1/r0", "mlruns/1/r0/artifacts", None])
async def test_artifacts_elsewhere_are_said_to_be_elsewhere(
    store: Store, source: TablesSource, uri: str | None
) -> None:
    store.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = 'r0'", uri)
    with pytest.raises(SourceError, match="not a folder of this machine"):
        await wanted(source, "artifacts")


async def test_single_runs_are_read_and_absent_ones_left_out(source: TablesSource) -> None:
    batch = await wanted(source, "run")
    assert [run.id for run in batch.runs] == ["r0"]
    assert (await source.get_run("r2")).id == "r2"
    with pytest.raises(SourceError, match="has no run nobody"):
        await source.get_run("nobody")


# --- what can be wrong with a file ------------------------------------------------------------------------------


async def trouble_with(path: Path) -> SourceError:
    source = TablesSource(SPEC, path)
    with pytest.raises(SourceError) as caught:
        await Got().take(source.poll({}))
    await source.close()
    return caught.value


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    error = await trouble_with(tmp_path / "mlflow.db")
    assert (error.state, list(tmp_path.iterdir())) == ("misconfigured", [])
    assert "does not exist" in str(error)
    assert "is a folder" in str(await trouble_with(tmp_path))


async def test_a_file_that_vanished_is_said_and_found_again(store: Store, source: TablesSource, tmp_path: Path) -> None:
    got = await Got().take(source.poll({}))
    store.path.rename(tmp_path / "away")
    with pytest.raises(SourceError, match="does not exist"):
        await got.take(source.poll(got.cursor))
    (tmp_path / "away").rename(store.path)
    await got.take(source.poll(got.cursor))
    assert len(got.runs) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no database at all, just text " * 90, "not a sound SQLite file"), (b"", "it is empty")],
)
async def test_what_is_no_store_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.db").write_bytes(content)
    error = await trouble_with(tmp_path / "x.db")
    assert (error.state, words in str(error)) == ("misconfigured", True)


async def test_a_database_of_somebody_elses_is_named(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as other, other:
        other.execute("CREATE TABLE orders (x)")
    error = await trouble_with(tmp_path / "x.db")
    assert "no tables of MLflow's" in str(error)


async def test_a_locked_store_is_said_and_read_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.mlflow.table_file._PATIENCE", 0.01)
    source = TablesSource(SPEC, store.path)
    store.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceError, match="locked by another program") as caught:
        await Got().take(source.poll({}))
    assert caught.value.state == "unreachable"
    store.execute("COMMIT")
    assert len((await Got().take(source.poll({}))).runs) == 5
    await source.close()


def read_as_nobody(path: Path) -> int:
    """How many runs somebody without rights on the file's folder gets. Root may do anything, so it becomes nobody."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        opened = MlflowTables(path, SPEC.key)
        with contextlib.closing(opened):
            return len(opened.runs_between(0, 100))
    finally:
        os.seteuid(before)


@pytest.fixture
def guarded(store: Store) -> Iterator[Path]:
    """The store, moved to a folder that everybody may read and nobody may write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        store.path = store.path.rename(folder / "mlflow.db")
        store.connection.close()
        folder.chmod(0o555)
        yield store.path
        folder.chmod(0o755)


def test_a_wal_store_in_a_folder_that_cannot_be_written_is_explained(guarded: Path) -> None:
    guarded.parent.chmod(0o755)
    with contextlib.closing(sqlite3.connect(guarded)) as owner:
        owner.execute("PRAGMA journal_mode = WAL")
    guarded.parent.chmod(0o555)
    with pytest.raises(SourceError, match="it is in WAL mode") as caught:
        read_as_nobody(guarded)
    assert caught.value.state == "forbidden"


def test_an_ordinary_store_in_such_a_folder_is_read(guarded: Path) -> None:
    guarded.chmod(0o444)
    assert read_as_nobody(guarded) == 5


def test_a_store_that_may_not_be_read_is_said(guarded: Path) -> None:
    guarded.chmod(0o000)
    with pytest.raises(SourceError, match="permission denied") as caught:
        read_as_nobody(guarded)
    assert caught.value.state == "forbidden"


async def test_a_wal_store_that_is_being_written_is_read(store: Store, source: TablesSource) -> None:
    store.execute("PRAGMA journal_mode = WAL")
    got = await Got().take(source.poll({}))
    store.metric("r0", "late", 1.0)
    await got.take(source.poll(got.cursor))
    assert got.runs["r0"].metrics["late"].value == 1.0


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:///mlflow.db", "/base/mlflow.db"),
        ("sqlite:////srv/mlflow.db", "/srv/mlflow.db"),
        ("sqlite:///a/b.db?timeout=5", "/base/a/b.db"),
    ],
)
def test_an_address_names_its_file(address: str, path: str) -> None:
    assert path_of(address, Path("/base")) == Path(path)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:mlflow.db"])
def test_an_address_without_a_file_is_refused(address: str) -> None:
    with pytest.raises(SourceError, match="names no file"):
        path_of(address)


# --- stores that MLflow itself made -----------------------------------------------------------------------------


def as_in_the_tables(path: Path, run_id: str) -> dict[str, Any]:
    """A run as plain queries say it, without the reader's joins."""
    with contextlib.closing(sqlite3.connect(path)) as connection:

        def rows(sql: str) -> list[Any]:
            return connection.execute(sql, (run_id,)).fetchall()

        ((name, status, stage, start, end),) = rows(
            "SELECT name, status, lifecycle_stage, start_time, end_time FROM runs WHERE run_uuid = ?"
        )
        return {
            "name": name,
            "status": "deleted" if stage == "deleted" else status.lower(),
            "times": (start or None, end),
            "params": dict(rows("SELECT key, value FROM params WHERE run_uuid = ?")),
            "tags": dict(rows("SELECT key, value FROM tags WHERE run_uuid = ?")),
            "metrics": {
                key: ("nan" if is_nan else "inf" if value > 1e308 else value, step, at)
                for key, value, step, at, is_nan in rows(
                    "SELECT key, value, step, timestamp, is_nan FROM latest_metrics WHERE run_uuid = ?"
                )
            },
            "datasets": sorted(
                rows(
                    "SELECT d.name, d.digest FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
                    " WHERE i.destination_type = 'RUN' AND i.destination_id = ?"
                )
            ),
        }  # fmt: skip


def columns(series: Series) -> str:
    """As text: a NaN equals nothing."""
    return str([list(column) for column in (series.steps, series.times, series.values)])


def as_kept(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "status": run.status,
        "times": (run.started_at, run.ended_at),
        "params": dict(run.params),
        "tags": dict(run.tags),
        "metrics": {
            key: (one.value if math.isfinite(one.value) else str(one.value), one.step, one.at)
            for key, one in run.metrics.items()
        },
        "datasets": sorted((one.name, one.digest) for one in run.datasets),
    }


async def check_real_store(folder: Path, rest: Any, url: str, name: str) -> None:
    experiment = rest.create_experiment(name)
    run_ids = [
        rest.create_run(experiment, f"run {n}", params={"lr": str(n)}, tags={"t": "x" * n}, end=end,
                        metrics=[("nan", "NaN", 0), ("up", "Infinity", 0), ("acc", n / 7, n), ("acc", 0.5, -1)])
        for n, end in enumerate(["FINISHED", "FAILED", None])
    ]  # fmt: skip
    dataset = {"name": "orders", "digest": "d1", "source_type": "local", "source": "{}"}
    rest.post("runs/log-inputs", run_id=run_ids[0], datasets=[{"tags": [], "dataset": dataset}])
    rest.post("runs/delete", run_id=run_ids[1])
    in_place = open_mlflow(SPEC, f"sqlite:///{folder / 'mlflow.db'}", experiments=[name])
    over_rest = open_mlflow(SPEC, url, experiments=[name])
    got, other = await Got().take(in_place.poll({})), await Got().take(over_rest.poll({}))
    path = folder / "mlflow.db"
    assert {one: as_kept(run) for one, run in got.runs.items()} == {one: as_in_the_tables(path, one) for one in run_ids}
    assert {one: as_kept(run) for one, run in other.runs.items()} == {
        one: as_kept(run) for one, run in got.runs.items()
    }
    for key in ("nan", "up", "acc"):
        want = Want(kind="history", source=SPEC.key, run_ids=(run_ids[2],), keys=(key,))
        here, there = [
            [columns(batch.histories[0]) async for batch in source.want(want)] for source in (in_place, over_rest)
        ]
        assert here == there
    await in_place.close()
    await over_rest.close()


async def test_a_store_of_mlflow_3_in_place_equals_its_tables_and_its_server(
    mlflow_folder: Path, mlflow_rest: Any, mlflow_server: str
) -> None:
    await check_real_store(mlflow_folder, mlflow_rest, mlflow_server, "in place")


@pytest.mark.tools
async def test_a_store_of_mlflow_2_in_place_equals_its_tables_and_its_server(
    mlflow2_folder: Path, mlflow2_rest: Any, mlflow2_server: str
) -> None:
    await check_real_store(mlflow2_folder, mlflow2_rest, mlflow2_server, "in place")


async def test_a_tag_is_written_into_a_store_of_the_installed_mlflow(mlflow_folder: Path, mlflow_rest: Any) -> None:
    run_id = mlflow_rest.create_run(mlflow_rest.create_experiment("tag in place"))
    source = open_mlflow(SPEC, f"sqlite:///{mlflow_folder / 'mlflow.db'}")
    await source.set_run_tag(run_id, "team", "risk")
    assert (await source.get_run(run_id)).tags["team"] == "risk"
    await source.close()
