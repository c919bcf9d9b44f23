"""The cache as the syncer writes it and everybody reads it."""

from __future__ import annotations

import math
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.errors import StoreError
from quarterdeck.app.records import (
    Artifact,
    ArtifactListing,
    Batch,
    Change,
    Commit,
    Dataset,
    Experiment,
    Metric,
    Point,
    Ref,
    Run,
    Series,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.store import cache as cache_module
from quarterdeck.app.store import run_writes, value_indexes
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.files import cache_file, local_folder, next_generation, open_reader
from quarterdeck.app.store.reading import Reader

SPEC = SourceSpec(key="k", kind="mlflow", name="mlflow", address="http://127.0.0.1:5000")
OTHER = SourceSpec(key="other", kind="mlflow", name="old", address="http://127.0.0.1:5001")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "cache.db")
    made.declare([SPEC])
    return made


def run(number: int, **changes: object) -> Run:
    facts = {
        "source": "k", "id": f"{number:032x}", "experiment_id": "1", "name": f"run-{number}", "status": "finished",
        "started_at": 1_000 * number, "ended_at": 1_000 * number + 500, "user": "ann",
        "params": {"lr": "0.01", "depth": str(number)}, "tags": {"team": "risk"},
        "metrics": {"auc": Metric(value=0.5 + number / 100, step=3, at=7)},
        "datasets": (Dataset(name="orders", digest="77ab", context="training"),),
    }  # fmt: skip
    return Run(**(facts | changes))  # type: ignore[arg-type]


def read(cache: Cache) -> list[Run]:
    reader = Reader(cache.path)
    found = reader.runs(range(1, 200))
    reader.close()
    return found


def test_what_is_written_is_read_back_exactly(cache: Cache) -> None:
    odd = run(1, name="[bold]x[/]\x1b[31m", params={"a b": "", "ü": "x" * 6000}, git_commit="abc", parent_id="p")
    bare = run(2, metrics={}, params={}, tags={}, datasets=(), started_at=None, ended_at=None, user=None)
    cache.write("k", Batch(runs=(odd, bare)), 5)
    assert read(cache) == [odd, bare]


def test_numbers_that_are_not_finite_come_back_as_they_were(cache: Cache) -> None:
    values = {"nan": math.nan, "up": math.inf, "down": -math.inf}
    cache.write("k", Batch(runs=(run(1, metrics={k: Metric(value=v) for k, v in values.items()}),)), 5)
    (found,) = read(cache)
    assert {key: repr(metric.value) for key, metric in found.metrics.items()} == {k: repr(v) for k, v in values.items()}


def test_a_run_that_comes_again_unchanged_is_no_change(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1),)), 5)
    reader = Reader(cache.path)
    before = reader.content()
    again = cache.write("k", Batch(runs=(run(1),)), 6)
    assert (again.runs_new, again.runs_changed) == (0, 0)
    assert reader.content() == before


def test_a_run_that_changed_is_rewritten_whole(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1), run(2))), 5)
    changed = run(1, metrics={"loss": Metric(value=1.0)}, params={}, tags={"new": "1"}, datasets=(), status="failed")
    assert cache.write("k", Batch(runs=(changed,)), 6).runs_changed == 1
    assert read(cache) == [changed, run(2)]


def test_a_batch_is_written_with_its_cursor_or_not_at_all(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1),), cursor={"at": 1}), 5)
    impossible = run(3, started_at="never")
    unwritable = run(2, tags={"key": b"\xff"})
    with pytest.raises((sqlite3.Error, TypeError)):
        cache.write("k", Batch(runs=(impossible, unwritable, run(4, name=None)), cursor={"at": 2}), 6)
    assert cache.cursor("k") == {"at": 1}
    assert len(read(cache)) == 1
    cache.write("k", Batch(runs=(run(2),), cursor={"at": 3}), 7)
    assert cache.cursor("k") == {"at": 3}
    assert read(cache) == [run(1), run(2)]


def test_runs_that_a_whole_sweep_did_not_meet_are_deleted_and_come_back_when_it_does(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1), run(2))), 5)
    gone = cache.write("k", Batch(runs=(run(2),), runs_gone_unless_seen_since=9), 10)
    assert gone.runs_gone == 1
    assert [found.status for found in read(cache)] == ["deleted", "finished"]
    cache.write("k", Batch(runs=(run(1),)), 11)
    assert [found.status for found in read(cache)] == ["finished", "finished"]


def test_a_source_that_left_the_settings_is_hidden_and_not_mixed_in(cache: Cache) -> None:
    cache.declare([SPEC, OTHER])
    cache.write("other", Batch(runs=(run(1, source="other"),)), 5)
    cache.write("k", Batch(runs=(run(1),)), 5)
    cache.declare([SPEC])
    reader = Reader(cache.path)
    assert [state.source for state in reader.source_states()] == ["k"]
    assert [row.experiment.source for row in reader.experiments()] == ["k"]
    assert reader.run_count(None) == 1
    assert len(reader.rowids([run(1).id])) == 1


def test_experiments_that_are_gone_are_said_to_be_deleted(cache: Cache) -> None:
    two = tuple(Experiment(source="k", id=str(n), name=f"e{n}") for n in (1, 2))
    cache.write("k", Batch(experiments=two, experiments_complete=True), 5)
    cache.write("k", Batch(experiments=two[:1], experiments_complete=True), 6)
    found = {row.experiment.id: row.experiment.lifecycle for row in Reader(cache.path).experiments()}
    assert found == {"1": "active", "2": "deleted"}


def test_a_history_tells_the_smallest_and_largest_and_says_when_the_run_went_on(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1),)), 5)
    points = tuple(Point(step=step, at=10 + step, value=value) for step, value in enumerate((0.4, math.nan, 0.9, 0.5)))
    cache.write("k", Batch(histories=(Series.of(run(1).id, "auc", points),)), 20)
    reader = Reader(cache.path)
    known = reader.extremes([1], ["auc"])[1, "auc"]
    assert (known.min, known.max, known.history) == (0.4, 0.9, "complete")
    assert (known.min_step, known.max_step) == (0, 2)
    kept = reader.series(1, "auc")
    assert kept is not None
    assert (list(kept.steps), list(kept.times)) == ([0, 1, 2, 3], [10, 11, 12, 13])
    assert repr(list(kept.values)) == "[0.4, nan, 0.9, 0.5]"
    cache.write("k", Batch(runs=(run(1, metrics={"auc": Metric(value=0.2, step=9, at=30)}),)), 40)
    later = reader.extremes([1], ["auc"])[1, "auc"]
    assert (later.min, later.max, later.history) == (0.2, 0.9, "sampled")


def test_a_folder_of_artifacts_is_kept(cache: Cache) -> None:
    listing = ArtifactListing(
        source="k", run_id=run(1).id, folder="", artifacts=(Artifact(path="m.json", is_dir=False, size=3),)
    )
    cache.write("k", Batch(runs=(run(1),)), 5)
    cache.write("k", Batch(listings=(listing,)), 6)
    assert Reader(cache.path).listing(1, "") == listing


def commit(sha: str, *parents: str, paths: tuple[str, ...] = ()) -> Commit:
    return Commit(
        source="k", sha=sha, parents=parents, author="ann", email="a@x", authored_at=1, committed_at=2, subject="s",
        changes=tuple(Change(kind="A", path=path) for path in paths),
    )  # fmt: skip


def test_a_deepened_clone_gives_its_last_commit_its_real_parents(cache: Cache) -> None:
    cut_off = commit("a" * 40, paths=("everything", "else"))
    whole = commit("a" * 40, "b" * 40, paths=("one",))
    cache.write("k", Batch(commits=(cut_off,)), 5)
    assert cache.write("k", Batch(commits=(whole,)), 6).commits_new == 1
    assert cache.write("k", Batch(commits=(whole,)), 7).commits_new == 0
    reader = Reader(cache.path)
    assert reader.commit("aaaaaaa") == whole
    assert reader.commit("c") is None


def test_refs_are_replaced_and_only_a_difference_is_news(cache: Cache) -> None:
    main, tag = Ref(source="k", name="main", kind="branch", sha="a"), Ref(source="k", name="v1", kind="tag", sha="a")
    reader = Reader(cache.path)
    cache.write("k", Batch(refs=(main, tag)), 5)
    before = reader.content()
    cache.write("k", Batch(refs=(tag, main)), 6)
    assert reader.content() == before
    cache.write("k", Batch(refs=(main,)), 7)
    assert reader.refs() == [main]
    assert reader.content() != before


def value_index_names(cache: Cache) -> set[str]:
    rows = cache.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    return {row[0] for row in rows} & set(value_indexes.NAMES)


def test_a_name_with_more_values_than_are_kept_in_memory_is_looked_up(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_writes, "_LABELS_HELD", 3)
    runs = [run(n, params={"seed": str(n % 7)}) for n in range(1, 40)]
    for at in range(0, len(runs), 5):
        cache.write("k", Batch(runs=tuple(runs[at : at + 5])), 5)
    assert read(cache) == runs
    assert cache.connection.execute("SELECT count(*) FROM label WHERE text != 'risk'").fetchone() == (7,)
    assert value_index_names(cache) == {"label_text"}  # else each look would read all labels


def test_a_first_sync_goes_without_the_indexes_of_values_and_leaves_with_them(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write("k", Batch(runs=(run(1),)), 5)
    assert value_index_names(cache) == set()
    cache.save_state(SourceState(source="k", kind="mlflow", name="mlflow", state="ok", last_ok_at=6, items=1))
    assert value_index_names(cache) == set(value_indexes.NAMES)
    again = Cache(cache.path)
    assert value_index_names(cache) == set(value_indexes.NAMES)
    again.close()


def test_a_first_sync_that_goes_on_in_another_process_writes_no_value_twice(cache: Cache) -> None:
    cache.write("k", Batch(runs=tuple(run(n, params={"seed": str(n)}) for n in range(1, 4))), 5)
    runs = tuple(run(n, params={"seed": str(n % 5)}) for n in range(4, 12))
    with closing(Cache(cache.path)) as next_one:
        next_one.write("k", Batch(runs=runs), 6)
        assert value_index_names(next_one) == {"label_text"}  # it is made before the first look
    twice = "SELECT text FROM label GROUP BY key, text HAVING count(*) > 1"
    assert cache.connection.execute(twice).fetchall() == []
    values = "SELECT text FROM label WHERE text != 'risk' ORDER BY text"
    assert [text for (text,) in cache.connection.execute(values)] == ["0", "1", "2", "3", "4"]


def test_a_value_is_written_once_after_a_batch_that_was_rolled_back(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1, params={"seed": "1"}),)), 5)
    with pytest.raises(UnicodeEncodeError):
        cache.write("k", Batch(runs=(run(2, params={"seed": "2"}), run(3, params={"seed": "\ud800"}))), 6)
    cache.write("k", Batch(runs=(run(2, params={"seed": "1"}), run(3, params={"seed": "2"}))), 7)
    rows = cache.connection.execute("SELECT text FROM label WHERE text != 'risk' ORDER BY text")
    assert [text for (text,) in rows] == ["1", "2"]
    assert "label_text" in value_index_names(cache)


def test_many_runs_get_their_indexes_before_the_first_sync_is_over(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_indexes, "FELT_FROM", 3)
    cache.write("k", Batch(runs=(run(1), run(2), run(3))), 5)
    rows = cache.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert set(value_indexes.NAMES) <= {row[0] for row in rows}


# -- the file ---------------------------------------------------------------------------------------------------------


def test_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = cache_file(None, "abc")
    Cache(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_only_what_the_store_says_begins_a_new_generation(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_cache(path: Path) -> sqlite3.Connection:
        raise PermissionError(f"{path} may not be written") from sqlite3.DatabaseError("file is not a database")

    monkeypatch.setattr(cache_module, "open_cache", open_cache)
    with pytest.raises(PermissionError):
        Cache(cache.path)
    assert not next_generation(cache.path).exists()


def test_a_damaged_cache_is_left_alone_and_the_next_generation_begun(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1),)), 5)
    cache.close()
    with cache.path.open("r+b") as file:
        file.write(b"not a database at all" * 300)
    for ending in ("-wal", "-shm"):
        cache.path.with_name(cache.path.name + ending).unlink(missing_ok=True)
    with pytest.raises(StoreError, match="damaged"):
        open_reader(cache.path)
    again = Cache(cache.path)
    again.declare([SPEC])
    assert again.path == next_generation(cache.path)
    assert again.cursor("k") == {}
    assert cache_file(cache.path, "whatever") == again.path


def test_an_old_reader_goes_on_reading_while_the_next_generation_is_begun(cache: Cache) -> None:
    cache.write("k", Batch(runs=(run(1),)), 5)
    reader = Reader(cache.path)
    cache.rebuild()
    assert len(reader.runs([1])) == 1
    assert Reader(cache.path).run_count(None) == 0


def test_a_cache_of_a_newer_schema_is_refused_with_its_number(cache: Cache) -> None:
    cache.connection.execute("PRAGMA user_version = 99")
    for opening in (lambda: open_reader(cache.path), lambda: Cache(cache.path)):
        with pytest.raises(StoreError, match=r"newer quarterdeck.*schema 99"):
            opening()


def test_a_cache_of_another_user_is_refused_unless_the_settings_share_it(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(StoreError, match="belongs to another user"):
        Reader(cache.path)
    assert Reader(cache.path, shared=True).run_count(None) == 0


def test_on_a_network_file_system_a_local_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.store.files.is_network", lambda folder: folder == tmp_path)
    assert local_folder(tmp_path) == Path(f"/var/tmp/quarterdeck-{os.geteuid()}")
    assert local_folder(tmp_path / "other") == tmp_path / "other"


def test_a_reader_cannot_write(cache: Cache) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        Reader(cache.path).connection.execute("DELETE FROM run")
