"""Ordered run ids: trees, hidden sources, interruptions, and what is not known."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import compress
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.query import Node, parse, parse_sort
from quarterdeck.app.records import (
    Batch,
    Dataset,
    Experiment,
    Metric,
    Point,
    Run,
    Series,
    SourceSpec,
)
from quarterdeck.app.store import order
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.files import open_reader
from quarterdeck.app.store.order import RunOrder

NOW = 1_763_780_820_000
HERE = SourceSpec(key="here", kind="mlflow", name="mlflow", address="")
THERE = SourceSpec(key="there", kind="mlflow", name="old", address="")


def a_run(name: str, start: int | None = 0, source: str = "here", **facts: Any) -> Run:
    started = None if start is None else NOW + start
    given = {"experiment_id": "1", "status": "finished", **facts}
    return Run(source=source, id=f"id-{name}", name=name, started_at=started, **given)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    opened = Cache(tmp_path / "cache.db")
    opened.declare([HERE, THERE])
    yield opened
    opened.close()


def fill(cache: Cache, *runs: Run, source: str = "here", histories: tuple[Series, ...] = ()) -> None:
    named = tuple(Experiment(source=source, id=one, name=f"experiment {one}") for one in "12")
    cache.write(source, Batch(experiments=named, runs=runs, histories=histories), NOW)


def where(text: str) -> Node | None:
    return parse(text, now=NOW)


def asked(cache: Cache, text: str = "", sort: str = "age", experiments: list[int] | None = None) -> RunOrder:
    reader = open_reader(cache.path)
    return RunOrder(reader, experiments=experiments, where=where(text), sort=parse_sort(sort))


def names(cache: Cache, ids: Any) -> list[str]:
    known: Mapping[int, str] = dict(cache.connection.execute("SELECT id, name FROM run").fetchall())
    return [known[i] if i > 0 else f"({known[-i]})" for i in ids]


def test_an_empty_cache_has_no_runs(cache: Cache) -> None:
    for text in ("", "fox", "metrics.auc > 1", "not has metrics.auc"):
        for sort in ("age", "metrics.auc:desc", "params.lr", "dataset", "user"):
            one = asked(cache, text, sort)
            assert (one.first(10), one.count(), one.all().tolist()) == ([], 0, [])
            assert one.tree(one.all()).tolist() == []


def test_the_newest_run_comes_first_and_one_that_never_started_last(cache: Cache) -> None:
    fill(cache, a_run("b", 2), a_run("never", None), a_run("c", 3), a_run("a", 1))
    assert names(cache, asked(cache).all()) == ["c", "b", "a", "never"]
    assert names(cache, asked(cache, sort="started_at:asc").all()) == ["a", "b", "c", "never"]


def test_nan_and_absent_come_last_in_both_directions(cache: Cache) -> None:
    values = {"half": 0.5, "nan": math.nan, "inf": math.inf, "low": -math.inf}
    runs = [a_run(name, at, metrics={"auc": Metric(value=value)}) for at, (name, value) in enumerate(values.items())]
    fill(cache, *runs, a_run("absent", 9))
    assert names(cache, asked(cache, sort="metrics.auc:desc").all()) == ["inf", "half", "low", "absent", "nan"]
    assert names(cache, asked(cache, sort="metrics.auc:asc").all()) == ["low", "half", "inf", "absent", "nan"]


def test_a_param_is_sorted_as_a_number_where_all_parse_and_else_as_text(cache: Cache) -> None:
    fill(
        cache,
        *(a_run(text, params={"lr": text, "n": text}) for text in ("10", "9", "1e1")),
        a_run("x", params={"n": "x"}),
    )
    assert names(cache, asked(cache, sort="params.lr").first(9)) == ["9", "1e1", "10", "x"]
    assert names(cache, asked(cache, sort="params.n").first(9)) == ["10", "1e1", "9", "x"]


def test_a_run_of_several_datasets_stands_where_its_first_one_does(cache: Cache) -> None:
    a, b, c = (Dataset(name=name, digest="1") for name in "abc")
    fill(cache, a_run("ac", 1, datasets=(a, c)), a_run("b", 2, datasets=(b,)), a_run("none", 3))
    assert names(cache, asked(cache, sort="dataset").all()) == ["ac", "b", "none"]
    assert names(cache, asked(cache, sort="dataset:desc").first(9)) == ["ac", "b", "none"]


def test_runs_of_other_experiments_and_of_sources_that_left_do_not_show(cache: Cache) -> None:
    fill(cache, a_run("one"), a_run("two", experiment_id="2"))
    fill(cache, a_run("old", source="there"), source="there")
    (second,) = cache.connection.execute("SELECT id FROM experiment WHERE native = '2' AND source = 1").fetchone()
    for text in ("", "has name", "name ~ '.'", "not name = 'x'", "id:id-"):
        assert names(cache, asked(cache, text, experiments=[second]).all()) == ["two"]
        assert sorted(names(cache, asked(cache, text).all())) == ["old", "one", "two"]
    cache.declare([HERE])
    assert sorted(names(cache, asked(cache).all())) == ["one", "two"]
    assert asked(cache, "id = 'id-old'").count() == 0


def test_an_answer_follows_what_was_written_since(cache: Cache) -> None:
    reader = open_reader(cache.path)

    def found() -> int:
        return RunOrder(reader, experiments=None, where=where("not name ~ 'x'"), sort=parse_sort("age")).count()

    fill(cache, a_run("a"))
    assert found() == 1
    fill(cache, a_run("b"), a_run("x"))
    assert found() == 2


def test_how_many_extremes_are_known_is_said(cache: Cache) -> None:
    points = (Point(step=0, at=NOW, value=0.9), Point(step=1, at=NOW, value=0.1))
    read = Series.of("id-a", "auc", points)
    fill(cache, *(a_run(name, metrics={"auc": Metric(value=0.1)}) for name in "ab"), a_run("c"), histories=(read,))
    assert asked(cache, sort="metrics.auc.max:desc").known() == (1, 2)
    assert asked(cache, sort="metrics.auc:desc").known() is None
    assert names(cache, asked(cache, "metrics.auc.max > 0.8").all()) == ["a"]


def test_children_stand_below_their_parent_in_the_order_of_the_list(cache: Cache) -> None:
    fill(
        cache, a_run("p", 1), a_run("c1", 2, parent_id="id-p"), a_run("c2", 4, parent_id="id-p"), a_run("other", 3),
        a_run("g", 5, parent_id="id-c1"),
    )  # fmt: skip
    ids = asked(cache).all()
    assert names(cache, ids) == ["g", "c2", "other", "c1", "p"]
    assert names(cache, asked(cache).tree(ids)) == ["other", "p", "c2", "c1", "g"]


def test_a_parent_that_did_not_match_is_added_as_context_at_any_depth(cache: Cache) -> None:
    fill(
        cache, a_run("p", 1), a_run("c", 2, parent_id="id-p"), a_run("g1", 3, parent_id="id-c"),
        a_run("g2", 4, parent_id="id-c"), a_run("gone", 5, parent_id="id-nobody"),
    )  # fmt: skip
    ids = asked(cache, "name like 'g%'").all()
    assert names(cache, asked(cache).tree(ids)) == ["gone", "(p)", "(c)", "g2", "g1"]
    ids = asked(cache, "name = 'p' or name = 'g1'").all()
    assert names(cache, asked(cache).tree(ids)) == ["p", "(c)", "g1"]


def test_runs_that_are_their_own_ancestors_do_no_harm(cache: Cache) -> None:
    fill(
        cache, a_run("self", 1, parent_id="id-self"), a_run("a", 2, parent_id="id-b"), a_run("b", 3, parent_id="id-a"),
        a_run("leaf", 4, parent_id="id-a"),
    )  # fmt: skip
    every = asked(cache).tree(asked(cache).all())
    assert sorted(names(cache, every)) == ["a", "b", "leaf", "self"]
    below = asked(cache).tree(asked(cache, "name = leaf").all())
    assert names(cache, below)[-1] == "leaf"


def test_a_parent_of_another_source_is_not_taken_for_its_namesake(cache: Cache) -> None:
    fill(cache, a_run("p"), a_run("c", 1, parent_id="id-p"))
    fill(cache, a_run("p", 2, source="there"), source="there")
    ids = asked(cache).all()
    assert len(asked(cache).tree(ids)) == 3
    assert names(cache, asked(cache).tree(ids)) == ["p", "p", "c"]


def test_the_tree_of_many_is_the_tree_of_few(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cache, *(a_run(str(i), i, parent_id=f"id-{i // 3}" if i % 4 else None) for i in range(60)))
    ids = asked(cache, "not name:'1'").all()
    few = asked(cache).tree(ids)
    monkeypatch.setattr("quarterdeck.app.store.tree_order._FEW", 0)
    assert asked(cache).tree(ids) == few


@pytest.mark.parametrize("text", ["", "metrics.auc > 0.1 and not params.lr = 3", "name ~ '9'"])
@pytest.mark.parametrize("method", ["all", "count"])
def test_a_query_that_runs_can_be_interrupted(cache: Cache, text: str, method: str) -> None:
    fill(cache, *(a_run(str(i), i, metrics={"auc": Metric(value=i)}, params={"lr": str(i)}) for i in range(2_000)))
    one = asked(cache, text, "metrics.auc")
    reader = one._connection
    reader.set_progress_handler(lambda: reader.interrupt(), 100)
    with pytest.raises(sqlite3.OperationalError) as caught:
        getattr(one, method)()
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    reader.set_progress_handler(None, 0)
    assert getattr(one, method)()


def test_an_interruption_between_two_statements_is_not_lost(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cache, *(a_run(str(i), i, metrics={"auc": Metric(value=i % 2)}) for i in range(50)))
    one = asked(cache, sort="metrics.auc")

    def interrupting(data: Any, selectors: Any) -> Any:
        one._connection.interrupt()
        return compress(data, selectors)

    monkeypatch.setattr(order, "FEW", 0)
    monkeypatch.setattr(order, "compress", interrupting)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        one.all()


class Overheard(sqlite3.Connection):
    """Remembers the text of every statement, without what is bound in it."""

    said: list[str]

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        self.said.append(statement)
        return super().execute(statement, *parameters)


@pytest.mark.parametrize("few", [0, 4_000])
def test_no_text_of_the_user_is_part_of_a_statement(cache: Cache, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cache, a_run("SECRET", params={"SECRET": "1"}, tags={"SECRET": "SECRET"}), a_run("b", params={"SECRET": "2"}))
    monkeypatch.setattr(order, "FEW", few)
    reader = sqlite3.connect(cache.path, factory=Overheard)
    Overheard.said = []
    text = "metrics.SECRET = 1 or params.SECRET ~ SECRET or tags.SECRET in ('SECRET') or SECRET"
    text += " or data:SECRET or name like SECRET"
    for node in (where(text), where(f"not ({text})")):
        one = RunOrder(reader, experiments=None, where=node, sort=parse_sort("params.SECRET"))
        assert one.count() == len(one.first(5)) == len(one.all()) == 1
    assert len(Overheard.said) > 10
    assert not [statement for statement in Overheard.said if "secret" in statement.lower()]
