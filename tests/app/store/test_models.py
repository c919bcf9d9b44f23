"""Registered models as the syncer writes them and everybody reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import MODELS, matches_model, parse, parse_sort
from quarterdeck.app.records import (
    Batch,
    Experiment,
    LoggedModel,
    Metric,
    ModelMetric,
    ModelVersion,
    RegisteredModel,
    Run,
    SourceSpec,
)
from quarterdeck.app.store.cache import Cache, Written
from quarterdeck.app.store.models import VersionRow
from quarterdeck.app.store.reading import Reader

HERE = SourceSpec(key="k", kind="registry", name="models", address="http://127.0.0.1:5000")
RUNS = SourceSpec(key="m", kind="mlflow", name="mlflow", address="http://127.0.0.1:5000")
THERE = SourceSpec(key="f", kind="registry", name="kubeflow", address="http://127.0.0.1:5001")
NOW = 1_763_780_820_000


class Deck:
    """A cache and a reader of it."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([HERE, RUNS, THERE])
        self.reader = Reader(path)
        self.reads = self.reader.models

    def write(self, *models: RegisteredModel, at: int = NOW, source: str = "k", **rest: Any) -> Written:
        return self.cache.write(source, Batch(models=models, **rest), at)

    def models(self) -> list[RegisteredModel]:
        return [row.model for row in self.reads.models()]

    def rows(self, name: str = "churn") -> list[VersionRow]:
        model = self.reads.model(name)
        return [] if model is None else self.reads.versions(self.reads.version_ids(model.rowid))

    def versions(self, name: str = "churn") -> list[str]:
        return [row.version.version for row in self.rows(name)]


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path / "cache.db")
    yield made
    made.reader.close()
    made.cache.close()


def model(name: str = "churn", **rest: Any) -> RegisteredModel:
    return RegisteredModel(**({"source": "k", "name": name} | rest))


def version(number: int | str, name: str = "churn", **rest: Any) -> ModelVersion:
    return ModelVersion(**({"source": "k", "model": name, "version": str(number)} | rest))


FULL = model(
    description="who leaves \x1b[31m", created_at=1, updated_at=2, tags={"a b.`c`": "", "ü": "x"},
    aliases={"champion": "13", "Champion": "14", "challenger": "14"},
)  # fmt: skip
FULL_VERSION = version(
    14, status="unknown", raw_status="NOVEL", stage="Staging", description="d", created_at=3, updated_at=4, user="bo",
    run_id="r1", origin="models:/m-1", model_id="m-1", copied_from=("other", "2"), tags={"q": '"[]'},
)  # fmt: skip
LOGGED = LoggedModel(
    source="k", id="m-1", name="model", kind="xgb", run_id="r1", experiment_id="1", created_at=9, params={"lr": "1"},
    metrics=(
        ModelMetric(name="auc", value=0.9, step=2, at=5, run_id="r1", dataset_name="orders", dataset_digest="77ab"),
        ModelMetric(name="auc", value=0.8, step=1, at=9),
        ModelMetric(name="loss", value=math.inf),
    ),
)  # fmt: skip


def test_what_is_written_is_read_back_exactly(deck: Deck) -> None:
    written = deck.write(FULL, model("b"), versions=(FULL_VERSION, version(13)), logged_models=(LOGGED,))
    assert (written.versions_new, written.versions_gone) == (2, 0)
    assert deck.models() == [model("b"), FULL]
    newest, older = deck.rows()
    assert (newest.version, newest.aliases, newest.logged) == (FULL_VERSION, ("Champion", "challenger"), LOGGED)
    assert (older.version, older.aliases, older.logged, older.run) == (version(13), ("champion",), None, None)
    row = deck.reads.model("churn")
    assert row is not None
    assert (row.source_name, row.versions, row.newest) == ("models", 2, "14")
    assert deck.reads.version("churn", "14") == newest
    assert deck.reads.version("churn", "15") is None
    assert deck.reads.version("churn", "14", source="f") is None
    assert deck.cache.items("k") == 2


def test_texts_that_are_not_utf_8_are_kept_spelled_out(deck: Deck) -> None:
    odd = model("a\ud800", tags={"k\udfff": "v\ud800"}, aliases={"c\ud800": "1"})
    deck.write(odd, versions=(version(1, "a\ud800", description="\ud800"),))
    deck.write(odd, versions=(version(1, "a\ud800", description="\ud800"),), models_complete=True)
    (kept,) = deck.models()
    assert (kept.name, kept.tags, kept.aliases) == ("a\\ud800", {"k\\udfff": "v\\ud800"}, {"c\\ud800": "1"})
    assert deck.rows("a\\ud800")[0].version.description == "\\ud800"
    deck.write(versions_gone=(("a\ud800", "1"),))
    assert deck.rows("a\\ud800") == []


def test_what_comes_again_unchanged_is_no_change_whatever_the_order_of_its_tags(deck: Deck) -> None:
    tags = {"a": "1", "b": "2"}
    deck.write(model(tags=tags), versions=(version(1, tags=tags),), logged_models=(LOGGED,))
    before = deck.reader.content()
    turned = dict(reversed(tags.items()))
    again = deck.write(
        model(tags=turned),
        versions=(version(1, tags=turned),),
        logged_models=(LOGGED,),
        models_complete=True,
        at=NOW + 1,
    )
    assert again == Written()
    assert deck.reader.content() == before


def test_each_change_is_news_of_models_and_of_nothing_else(deck: Deck) -> None:
    deck.write(model(aliases={"champion": "1"}), versions=(version(1),), logged_models=(LOGGED,))
    content = deck.reader.content()
    for change in (
        {"models": (model(aliases={"champion": "2"}),)},
        {"versions": (version(1, status="pending"),)},
        {"logged_models": (msgspec.structs.replace(LOGGED, metrics=()),)},
        {"versions_gone": (("churn", "1"),)},
        {"models_complete": True},
    ):
        deck.cache.write("k", Batch(**change), NOW)
        assert deck.reader.content() == content._replace(models=content.models + 1)
        content = deck.reader.content()
    assert deck.models() == []


def test_an_alias_that_moved_or_went_is_where_it_is_now(deck: Deck) -> None:
    deck.write(model(aliases={"champion": "1", "old": "1"}), versions=(version(1), version(2)))
    deck.write(model(aliases={"champion": "2"}))
    assert [(row.version.version, row.aliases) for row in deck.rows()] == [("2", ("champion",)), ("1", ())]


def test_models_that_are_gone_take_their_versions_along(deck: Deck) -> None:
    deck.write(model(), model("b", source="k"), versions=(version(1), version(2), version(1, "b")))
    deck.write(model(source="f"), source="f", versions=(version(1, source="f"),))
    gone = deck.write(model("b"), models_complete=True)
    assert gone.versions_gone == 2
    assert [(row.model.name, row.model.source) for row in deck.reads.models()] == [("b", "k"), ("churn", "f")]
    assert (deck.cache.items("k"), deck.cache.items("f")) == (1, 1)


def test_a_version_is_met_before_its_model_is_and_waits_for_it(deck: Deck) -> None:
    deck.write(versions=(version(1),))
    assert deck.models() == []
    assert deck.reads.version("churn", "1") is not None
    deck.write(model(kind="prompt"), models_complete=True)
    assert deck.models() == []
    assert [row.model.name for row in deck.reads.models("prompt")] == ["churn"]
    assert deck.versions() == ["1"]


def test_a_version_that_is_said_to_be_gone_is_gone(deck: Deck) -> None:
    deck.write(model(), versions=(version(1), version(2)))
    assert deck.write(versions_gone=(("churn", "1"), ("churn", "9"), ("x", "2"))).versions_gone == 1
    assert deck.versions() == ["2"]


def test_versions_that_a_whole_sweep_did_not_meet_are_gone(deck: Deck) -> None:
    deck.write(model(), versions=(version(1), version(2)), at=NOW)
    deck.write(model(source="f"), source="f", versions=(version(7, source="f"),), at=NOW)
    swept = deck.write(versions=(version(2),), versions_gone_unless_seen_since=NOW + 5, at=NOW + 10)
    assert swept.versions_gone == 1
    assert deck.versions() == ["2"]
    assert deck.cache.items("f") == 1


def test_versions_are_in_the_order_of_their_numbers_and_others_in_that_of_their_age(deck: Deck) -> None:
    names = ("9", "10", "beta", "100", "alpha")
    deck.write(model(), versions=tuple(version(name, created_at=NOW + at) for at, name in enumerate(names)))
    assert deck.versions() == ["100", "10", "9", "alpha", "beta"]
    row = deck.reads.model("churn")
    assert row is not None
    assert row.newest == "100"
    assert deck.reads.version_ids(row.rowid, descending=False) == deck.reads.version_ids(row.rowid)[::-1]


def test_a_source_that_left_the_settings_is_hidden(deck: Deck) -> None:
    deck.write(model(), versions=(version(1, run_id="r"),))
    deck.cache.declare([RUNS, THERE])
    assert deck.reads.model("churn") is None
    assert deck.reads.version("churn", "1") is None
    assert deck.reads.versions_of_run("r") == []


def test_a_model_of_several_sources_is_the_one_that_was_asked_for(deck: Deck) -> None:
    deck.write(model(), versions=(version(1),))
    deck.write(model(source="f"), source="f", versions=(version(1, source="f"),))
    for source, found in ((None, "k"), ("k", "k"), ("f", "f")):
        row, one = deck.reads.model("churn", source), deck.reads.version("churn", "1", source)
        assert row is not None
        assert one is not None
        assert (row.model.source, one.version.source) == (found, found)


def logged(number: int, **metrics: float) -> LoggedModel:
    figures = tuple(ModelMetric(name=name, value=value) for name, value in metrics.items())
    return LoggedModel(source="k", id=f"m-{number}", metrics=figures)


def with_runs(deck: Deck, *runs: tuple[str, dict[str, float]]) -> None:
    made = tuple(
        Run(source="m", id=run, experiment_id="1", name=run, status="finished",
            metrics={name: Metric(value=value) for name, value in metrics.items()})
        for run, metrics in runs
    )  # fmt: skip
    deck.cache.write("m", Batch(experiments=(Experiment(source="m", id="1", name="e"),), runs=made), NOW)


def test_a_metric_is_that_of_the_logged_model_else_of_the_run(deck: Deck) -> None:
    with_runs(deck, ("r1", {"auc": 0.1}), ("r2", {"auc": 0.2}), ("r3", {"loss": 1.0}), ("r4", {"auc": math.nan}))
    versions = [version(n, run_id=f"r{n}", model_id=f"m-{n}") for n in range(1, 6)]
    deck.write(model(), versions=tuple(versions), logged_models=(logged(1, auc=0.9), logged(3, loss=2), logged(5)))
    row = deck.reads.model("churn")
    assert row is not None
    names = {one.rowid: one.version.version for one in deck.rows()}
    found = {names[rowid]: repr(value) for rowid, value in deck.reads.metric_of(row.rowid, "auc").items()}
    assert found == {"1": "0.9", "2": "0.2", "4": "nan"}
    assert [(one.version.version, one.version.run_id) for one in deck.reads.versions_of_run("r2")] == [("2", "r2")]
    assert deck.rows()[-1].run == deck.reader.rowids(["r1"])[0]


def test_of_a_metric_that_was_logged_several_times_the_latest_step_counts(deck: Deck) -> None:
    deck.write(model(), versions=(version(1, model_id="m-1"),), logged_models=(LOGGED,))
    row = deck.reads.model("churn")
    assert row is not None
    assert list(deck.reads.metric_of(row.rowid, "auc").values()) == [0.9]


def test_a_window_of_five_thousand_versions_is_read_by_index(deck: Deck) -> None:
    count = 5_000
    versions = tuple(version(n, run_id=f"r{n}", model_id=f"m-{n}", created_at=n) for n in range(1, count + 1))
    with_runs(deck, *((f"r{n}", {"auc": n / count}) for n in range(1, count + 1)))
    deck.write(model(aliases={"champion": "4999"}), model("other"), versions=versions)
    deck.write(versions=tuple(version(n, "other") for n in range(1, 50)))
    row = deck.reads.model("churn")
    assert row is not None
    assert (row.versions, row.newest) == (count, "5000")
    ids = deck.reads.version_ids(row.rowid)
    window = deck.reads.versions(ids[:30])
    assert [one.version.version for one in window] == [str(n) for n in range(count, count - 30, -1)]
    assert window[1].aliases == ("champion",)
    assert len(deck.reads.metric_of(row.rowid, "auc")) == count
    plan = " ".join(
        step[3]
        for step in deck.reader.connection.execute(
            "EXPLAIN QUERY PLAN SELECT v.id FROM model_version AS v WHERE v.model = ?"
            " ORDER BY v.number DESC, v.created_at DESC, v.id DESC",
            (row.rowid,),
        )
    )
    assert "COVERING INDEX model_version_number" in plan
    assert "TEMP B-TREE" not in plan


# -- filters --------------------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["", "a", "A", "1", "1.0", "10", "é", 'q"uo\\te', "x\x00y"])
SOME = st.lists(TEXTS.filter(bool), max_size=2, unique=True)
TAGS = st.dictionaries(st.sampled_from(["t", 'a "b"', "n"]), TEXTS, max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> list[tuple[RegisteredModel, list[ModelVersion]]]:
    names = draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=4, unique=True))
    found = []
    for name in names:
        aliases = dict.fromkeys(draw(SOME), "1")
        times = st.one_of(st.none(), st.sampled_from([0, NOW - 5, NOW]))
        one = model(name, description=draw(TEXTS), tags=draw(TAGS), aliases=aliases, created_at=draw(times))
        versions = [
            version(number, name, status=draw(st.sampled_from(["ready", "failed"])), user=draw(st.none() | TEXTS))
            for number in draw(SOME)
        ]
        found.append((one, versions))
    return found


NAMES = st.sampled_from(
    ["name", "alias", "description", "version", "user", "tags.t", 'tags.`a "b"`', "source", "stage"]
)
CONDITIONS = st.one_of(
    st.builds(
        "{} {} '{}'".format, NAMES, st.sampled_from(["=", "!=", "<", ">=", ":", "like", "ilike", "~"]),
        st.sampled_from(["a", "A", "1", "é", "models", "%", "^.$"]),
    ),
    st.builds("{} {} {}".format, st.sampled_from(["tags.t", "version"]), st.sampled_from(["=", "!=", ">"]),
              st.sampled_from(["1", "1.0", "5"])),
    st.builds("{} {} (1, 'a')".format, st.sampled_from(["tags.t", "version"]), st.sampled_from(["in", "not in"])),
    st.builds("has {}".format, NAMES),
    st.sampled_from(["status:ready", "status != ready", "age > 1ms", "created_at is null", "a", "'1'", "'é'"]),
)  # fmt: skip
FILTERS = st.one_of(
    CONDITIONS,
    st.builds("not {}".format, CONDITIONS),
    st.builds("{} or not ({} {})".format, CONDITIONS, CONDITIONS, CONDITIONS),
)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.lists(FILTERS, min_size=6, max_size=6))
def test_sql_and_python_agree_on_every_filter(
    tmp_path_factory: pytest.TempPathFactory,
    world: list[tuple[RegisteredModel, list[ModelVersion]]],
    filters: list[str],
) -> None:
    deck = Deck(tmp_path_factory.mktemp("agree") / "cache.db")
    deck.write(*(one for one, _ in world), versions=tuple(one for _, versions in world for one in versions))
    rows = {row.model.name: row.rowid for row in deck.reads.models()}
    for filter in filters:
        node = parse(filter, now=NOW, vocabulary=MODELS)
        assert node is not None
        expected = {rows[one.name] for one, versions in world if matches_model(node, one, versions, "models")}
        assert set(deck.reads.ids(node)) == expected, filter
    deck.reader.close()
    deck.cache.close()


def test_models_are_ordered_by_any_field_and_without_a_value_last(deck: Deck) -> None:
    deck.write(
        model("a", tags={"t": "2"}, aliases={"x": "1"}), model("b", tags={"t": "1"}), model("c", aliases={"a": "1"}),
        model("p", kind="prompt"), versions=(version(9, "a"), version(10, "b")),
    )  # fmt: skip

    def ordered(sort: str, limit: int | None = None) -> str:
        found = deck.reads.rows(deck.reads.ids(None, parse_sort(sort, vocabulary=MODELS), limit))
        return "".join(row.model.name for row in found)

    assert ordered("name:desc") == "cba"
    assert ordered("tags.t") == "bac"
    assert ordered("version:desc") == "bac"
    assert ordered("version", 1) == "a"
    assert ordered("alias") == "cab"
    assert deck.reads.ids(None, kind="prompt") == [row.rowid for row in deck.reads.models("prompt")]
