"""Datasets and their versions, as MLflow's inputs and DVC tell them, and configuration that commits changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    Change,
    CheckResult,
    Commit,
    DataIdentity,
    DataPart,
    Dataset,
    DatasetVersion,
    DataVersion,
    Experiment,
    Identities,
    Invocation,
    Run,
    SourceSpec,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.data_use import runs_on_data
from quarterdeck.app.store.reading import Reader

GIT = SourceSpec(key="git", kind="git", name="git", address="acme/churn")
MLFLOW = SourceSpec(key="m", kind="mlflow", name="mlflow", address="http://127.0.0.1:5000")
CHECKS = SourceSpec(key="c", kind="checks", name="gx", address="results")
NOW = 1_763_780_820_000
NOBODY = Identities()
ORDERS = Identities([
    DataIdentity(name="orders", same=(("mlflow", "orders_table"), ("dvc", "data/orders.csv"), ("gx", "orders")))
])  # fmt: skip
A, B, C, D = (letter * 40 for letter in "abcd")


def commit(sha: str, at: int, *parents: str, paths: tuple[str, ...] = ()) -> Commit:
    return Commit(
        source="git", sha=sha, parents=parents, author="ann", email="ann@acme.example", authored_at=at,
        committed_at=at, subject=f"commit {sha[0]}", changes=tuple(Change(kind="M", path=path) for path in paths),
    )  # fmt: skip


def tracked(digest: str, sha: str, at: int, name: str = "data/orders.csv", **rest: Any) -> DataVersion:
    return DataVersion(source="git", name=name, digest=digest, commit=sha, at=at, **rest)


def gone(sha: str, at: int, name: str = "data/orders.csv") -> DataVersion:
    return tracked("", sha, at, name, is_gone=True)


def run(native: str, at: int | None, *data: Dataset, **rest: Any) -> Run:
    return Run(
        source="m", id=native, experiment_id="1", name=f"run {native}", status="finished", started_at=at,
        datasets=data, **rest,
    )  # fmt: skip


def used(digest: str, name: str = "orders", **rest: Any) -> Dataset:
    return Dataset(name=name, digest=digest, **rest)


class Deck:
    """A cache and a reader of it."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([GIT, MLFLOW, CHECKS])
        self.cache.write("m", Batch(experiments=(Experiment(source="m", id="1", name="train"),)), NOW)
        self.reader = Reader(path)
        self.reads = self.reader.datasets

    def bring(self, *versions: DataVersion) -> None:
        self.cache.write("git", Batch(data_versions=versions), NOW)

    def commit(self, *commits: Commit) -> None:
        self.cache.write("git", Batch(commits=commits), NOW)

    def log(self, *runs: Run) -> None:
        self.cache.write("m", Batch(runs=runs), NOW)

    def digests(self, name: str, identities: Identities = NOBODY, **window: int) -> list[str]:
        return [version.digest for version in self.reads.versions(name, identities, **window)]

    def names(self, identities: Identities = NOBODY) -> list[str]:
        return [row.name for row in self.reads.names(identities)]

    def version(self, name: str, digest: str, identities: Identities = NOBODY) -> DatasetVersion:
        found = self.reads.version(name, digest, identities)
        assert found is not None
        return found


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path / "cache.db")
    yield made
    made.reader.close()
    made.cache.close()


# -- names -----------------------------------------------------------------------------------------------------------


def test_names_of_all_tools_are_there_the_one_last_heard_of_first(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("m1", A, 99, "metrics.json", kind="metrics"))
    deck.log(run("r1", 20, used("x1"), used("y1", "users")), run("r2", 30, used("x2")))
    result = CheckResult(name="unique", dataset="shop.orders", outcome="pass")
    deck.cache.write(
        "c", Batch(invocations=(Invocation(source="c", id="i", tool="dbt", at=40, results=(result,)),)), NOW
    )
    assert deck.names() == ["shop.orders", "orders", "users", "data/orders.csv"]
    assert {row.name: row.tools for row in deck.reads.names(NOBODY)} == {
        "shop.orders": ("dbt",), "orders": ("mlflow",), "users": ("mlflow",), "data/orders.csv": ("dvc",),
    }  # fmt: skip


def test_declared_names_are_folded_and_a_name_alone_is_told_apart(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10))
    deck.log(run("r1", 20, used("x1", "orders_table"), used("y1", "orders")))
    (row,) = deck.reads.names(ORDERS)
    assert (row.name, row.is_declared, row.at) == ("orders", True, 20)
    assert [(part.tool, part.name, part.by) for part in row.said_by] == [
        ("dvc", "data/orders.csv", "declared"), ("mlflow", "orders", "name"), ("mlflow", "orders_table", "declared"),
    ]  # fmt: skip


def test_a_declared_dataset_that_nobody_knows_is_listed_too(deck: Deck) -> None:
    (row,) = deck.reads.names(ORDERS)
    assert (row.name, row.tools, row.at) == ("orders", (), None)
    assert deck.digests("orders", ORDERS) == []


def test_models_that_dvc_tracks_are_listed_where_they_are_asked_for(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("e1", A, 10, "model.pkl", kind="model"))
    assert deck.names() == ["data/orders.csv"]
    assert [row.name for row in deck.reads.names(NOBODY, outputs=True)] == ["data/orders.csv", "model.pkl"]


def test_a_source_that_the_settings_do_not_name_tells_nothing(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10))
    deck.log(run("r1", 20, used("x1")))
    deck.cache.declare([MLFLOW])
    assert deck.names() == ["orders"]
    assert deck.digests("data/orders.csv") == []
    assert deck.reader.events(10, since=1, until=15) == []
    deck.cache.declare([GIT])
    assert deck.names() == ["data/orders.csv"]


def test_a_dataset_is_found_by_any_of_its_names(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10))
    for name in ("orders", "data/orders.csv"):
        row = deck.reads.row(name, ORDERS)
        assert row is not None
        assert row.name == "orders"
    assert deck.reads.row("nothing", ORDERS) is None


# -- versions --------------------------------------------------------------------------------------------------------


def test_versions_of_dvc_come_newest_first_also_when_they_were_written_so(deck: Deck) -> None:
    deck.bring(tracked("d3", C, 30, size=3), tracked("d2", B, 20))
    deck.bring(tracked("d1", A, 10))
    assert deck.digests("data/orders.csv") == ["d3", "d2", "d1"]
    newest = deck.reads.versions("data/orders.csv", NOBODY)[0]
    assert (newest.tools, newest.at, newest.commit, newest.size, newest.runs) == (("dvc",), 30, C, 3, 0)


def test_what_returns_is_a_version_again_and_what_goes_is_told(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("d2", B, 20), tracked("d1", C, 30), gone(D, 40))
    versions = deck.reads.versions("data/orders.csv", NOBODY)
    assert [(version.digest, version.is_gone) for version in versions] == [
        ("", True), ("d1", False), ("d2", False), ("d1", False),
    ]  # fmt: skip
    assert deck.version("data/orders.csv", "d1").commit == C


def test_a_change_that_was_picked_to_another_branch_is_one_version(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("d2", B, 20), tracked("d2", C, 30))
    versions = deck.reads.versions("data/orders.csv", NOBODY)
    assert [(version.digest, version.commit) for version in versions] == [("d2", B), ("d1", A)]


def test_a_version_says_which_runs_used_it_first_and_last(deck: Deck) -> None:
    data = used("x1", profile='{"num_rows": 12}', schema="{}", context="training")
    deck.log(run("r2", 20, data, git_commit=B))
    deck.log(run("r3", 30, data, used("x1", context="eval")), run("r1", 10, data, git_commit=A), run("r0", None, data))
    (version,) = deck.reads.versions("orders", NOBODY)
    assert (version.at, version.commit, version.rows, version.runs) == (10, A, 12, 4)
    assert (version.first_run, version.first_used_at, version.last_run, version.last_used_at) == ("r1", 10, "r3", 30)
    ids, number = runs_on_data(deck.reader.connection, ["orders"], "x1", 2)
    assert [found.id for found in deck.reader.runs(ids)] == ["r3", "r2"]
    assert number == 4


def test_a_run_that_is_written_anew_stays_counted_once(deck: Deck) -> None:
    deck.log(run("r1", 10, used("x1")))
    deck.log(run("r1", 10, used("x1"), params={"lr": "1"}))
    (version,) = deck.reads.versions("orders", NOBODY)
    assert (version.runs, version.first_run) == (1, "r1")


def test_versions_of_all_tools_stand_in_one_order(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("d2", B, 30))
    deck.log(run("r1", 20, used("x1", "orders_table")), run("r2", 40, used("x2", "orders")))
    assert deck.digests("orders", ORDERS) == ["x2", "d2", "x1", "d1"]
    assert deck.digests("orders", ORDERS, limit=2, skip=1) == ["d2", "x1"]
    assert deck.reads.count("orders", ORDERS) == 4


def test_runs_that_log_dvcs_digest_are_on_the_version_of_dvc(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10, size=5), tracked("d2", B, 30))
    deck.log(run("r1", 20, used("d1", "orders_table", profile='{"num_rows": 7}'), git_commit=C))
    newest, oldest = deck.reads.versions("orders", ORDERS)
    assert (newest.digest, newest.runs, oldest.digest, oldest.runs) == ("d2", 0, "d1", 1)
    assert (oldest.tools, oldest.at, oldest.commit, oldest.rows, oldest.size) == (("dvc", "mlflow"), 10, A, 7, 5)
    assert deck.digests("orders", ORDERS, limit=1) == ["d2"]


def test_two_servers_that_know_one_digest_know_one_version(deck: Deck) -> None:
    deck.cache.declare([GIT, MLFLOW, SourceSpec(key="n", kind="mlflow", name="other", address="http://127.0.0.1:5001")])
    deck.log(run("r1", 20, used("x1")))
    deck.cache.write("n", Batch(runs=(run("r2", 10, used("x1", schema="{}")),)), NOW)
    (version,) = deck.reads.versions("orders", NOBODY)
    assert (version.runs, version.first_run, version.last_run, version.at, version.schema) == (2, "r2", "r1", 10, "{}")


def test_a_version_is_found_by_the_beginning_of_its_digest(deck: Deck) -> None:
    deck.bring(tracked("77ab12", A, 10), tracked("77cd34", B, 20))
    deck.log(run("r1", 30, used("99", "orders_table")))
    assert deck.version("orders", "77a", ORDERS).commit == A
    assert deck.version("orders", "99", ORDERS).first_run == "r1"
    for digest in ("77", "", "78"):
        assert deck.reads.version("orders", digest, ORDERS) is None


def test_the_version_before_is_the_same_tools(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10), tracked("d2", B, 30))
    deck.log(run("r1", 20, used("x1", "orders_table")), run("r2", 40, used("x2", "orders_table")))

    def before(digest: str) -> str | None:
        found = deck.reads.before(deck.version("orders", digest, ORDERS), ORDERS)
        return None if found is None else found.digest

    assert [before(digest) for digest in ("d2", "x2", "d1", "x1")] == ["d1", "x1", None, None]


def test_writing_the_same_again_changes_nothing(deck: Deck) -> None:
    deck.bring(tracked("d1", A, 10))
    data = deck.reader.content().data
    deck.bring(tracked("d1", A, 10))
    assert deck.reader.content().data == data
    deck.bring(tracked("d1", A, 10, size=4))
    assert deck.reader.content().data == data + 1
    assert [version.size for version in deck.reads.versions("data/orders.csv", NOBODY)] == [4]


# -- commits ---------------------------------------------------------------------------------------------------------


def test_a_commit_tells_what_it_brought_and_what_held_at_it(deck: Deck) -> None:
    deck.commit(commit(A, 10), commit(B, 20, A), commit(C, 25, A), commit(D, 30, B))
    deck.bring(
        tracked("d1", A, 10), tracked("u1", A, 10, "users.csv"), tracked("d2", B, 20), tracked("d3", C, 25),
        gone(D, 30, "users.csv"),
    )  # fmt: skip
    assert [version.digest for version in deck.reads.changed_by(A)] == ["d1", "u1"]
    held = {sha: {one.version.name: one.version.digest for one in deck.reads.at_commit(sha)} for sha in (A, B, C, D)}
    assert held == {
        A: {"data/orders.csv": "d1", "users.csv": "u1"}, B: {"data/orders.csv": "d2", "users.csv": "u1"},
        C: {"data/orders.csv": "d3", "users.csv": "u1"}, D: {"data/orders.csv": "d2"},
    }  # fmt: skip
    assert all(one.is_certain for one in deck.reads.at_commit(D))
    assert deck.reads.at_commit("e" * 40) == []
    assert deck.reads.changed_by("e" * 40) == []


def test_what_lies_too_far_back_is_told_by_its_time(deck: Deck) -> None:
    shas = [f"{number:040x}" for number in range(2_500)]
    deck.commit(*(commit(sha, at, *shas[at - 1 : at]) for at, sha in enumerate(shas)))
    deck.bring(tracked("d1", shas[5], 5), tracked("u1", shas[2_400], 2_400, "users.csv"))
    assert [(one.version.name, one.is_certain) for one in deck.reads.at_commit(shas[-1])] == [
        ("data/orders.csv", False), ("users.csv", True),
    ]  # fmt: skip


def test_what_was_written_from_a_content_is_found_by_its_digest(deck: Deck) -> None:
    deck.bring(tracked("p1", A, 10, "data/prepared", stage="prepare", deps=(DataPart(path="raw.csv", digest="r1"),)))
    assert [version.name for version in deck.reads.written_from("r1")] == ["data/prepared"]
    assert deck.reads.written_from("r2") == []


def test_data_that_changed_is_an_event_of_the_commit(deck: Deck) -> None:
    deck.commit(commit(A, 10), commit(B, 20, A))
    deck.bring(tracked("d1234567890", A, 10), gone(B, 20), tracked("m1", B, 20, "metrics.json", kind="metrics"))
    gone_, changed = (event for event in deck.reader.events(10) if event.kind == "data changed")
    assert (gone_.title, gone_.at) == ("data/orders.csv is tracked no more", 20)
    assert (changed.title, changed.actor, changed.strength) == ("data/orders.csv is now d123456", "ann", "claimed")
    assert [(ref.subject, ref.role) for ref in changed.refs] == [
        ("dataset/data%2Forders.csv@d1234567890", "data"), (f"commit/{A}", "code"),
    ]  # fmt: skip


def test_a_commit_that_changed_very_much_is_one_event(deck: Deck) -> None:
    deck.commit(commit(A, 10))
    deck.bring(*(tracked("d", A, 10, f"{number:04}.csv") for number in range(500)))
    (event,) = (event for event in deck.reader.events(10) if event.kind == "data changed")
    assert event.title == "0000.csv and 499 more changed"
    assert len(event.refs) == 11


# -- configuration ---------------------------------------------------------------------------------------------------


def test_commits_that_changed_configuration_say_which_values(deck: Deck) -> None:
    deck.commit(
        commit(A, 10, paths=("params.yaml", "dvc.lock")), commit(B, 20, A, paths=("train.py",)),
        commit(C, 30, B, paths=("params.yaml", "settings/lr.txt", "dvc.lock")),
        commit(D, 40, C, paths=("quarterdeck.toml",)),
    )  # fmt: skip
    for sha, at, rate in ((A, 10, "0.01"), (C, 30, "0.02")):
        given = {"settings/lr.txt:lr": rate, "params.yaml:seed": "1"}
        outs = (tracked(f"d{at}", sha, at, name, stage="train", params=given) for name in ("a.csv", "b.csv"))
        deck.bring(*outs)
    newest, middle, oldest = deck.reads.configuration()
    assert (newest.commit.sha, [change.path for change in newest.changes], newest.params) == (
        D, ["quarterdeck.toml"], (),
    )  # fmt: skip
    assert [change.path for change in middle.changes] == ["params.yaml", "settings/lr.txt"]
    assert [change.words for change in middle.params] == ["param settings/lr.txt:lr 0.01 → 0.02"]
    assert (oldest.commit.sha, oldest.params) == (A, ())
    assert [one.commit.sha for one in deck.reads.configuration(limit=1, before=30)] == [A]
    assert [one.commit.sha for one in deck.reads.configuration(patterns=("*.py",))] == [C, B, A]  # and what locks name
