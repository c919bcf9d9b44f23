"""All that happened in order: filters against their meaning, windows against the whole, events by their ids."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import EVENTS, Compare, Field, Has, Node, Not, Words, matches_event, parse, write
from quarterdeck.app.query.event_sql import may_pass
from quarterdeck.app.records import (
    Actor,
    Alert,
    Batch,
    Change,
    Commit,
    DataVersion,
    Event,
    EventRef,
    Experiment,
    LedgerEntry,
    ModelVersion,
    MonitorSeries,
    Note,
    Pipeline,
    Promotions,
    RegisteredModel,
    Run,
    Samples,
    SourceSpec,
    Stack,
)
from quarterdeck.app.store import event_row_feed
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.event_lookup import event_by_id
from quarterdeck.app.store.event_order import EventOrder, find_events
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

T = 1_763_780_820_000
HOUR = 3_600_000
NOW = T + 100 * HOUR
SOURCES = tuple(
    SourceSpec(key=key, kind=kind, name=name, address=key)
    for key, kind, name in (
        ("m", "mlflow", "mlflow"), ("c", "github", "ci"), ("j", "jenkins", "old ci"), ("g", "git", "git"),
        ("p", "prometheus", "prometheus"),
    )
)  # fmt: skip


class Deck:
    """A cache and a state with a little of everything, and who reads both."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare(SOURCES)
        self.state = State(folder / "state.db")
        self.reader = Reader(folder / "cache.db")
        self._fill()

    def _fill(self) -> None:
        write = self.cache.write
        experiment = Experiment(source="m", id="1", name="churn")
        model = RegisteredModel(source="m", name="churn", aliases={"champion": "2"})
        made = (ModelVersion(source="m", model="churn", version=str(n), created_at=T + n * HOUR) for n in range(3))
        write("m", Batch(experiments=(experiment,), runs=tuple(_runs()), models=(model,), versions=tuple(made)), NOW)
        write("c", Batch(pipelines=tuple(_pipelines("c"))), NOW)
        write("j", Batch(pipelines=tuple(_pipelines("j"))), NOW)
        data = DataVersion(source="g", name="orders", digest="77ab", commit="0" * 40, at=T)
        entry = LedgerEntry(
            source="g", model="churn", alias="champion", id="e1", number=1, version="1", at=T + HOUR,
            by=Actor(name="ann", email="ann@acme.example", strength="signed"),
        )  # fmt: skip
        notes = tuple(Note(id=str(n), at=T + n * HOUR, subject=f"run/{n}", text="fox", author="bo") for n in range(3))
        commits = tuple(_commits())
        write(
            "g",
            Batch(commits=commits, data_versions=(data,), notes=notes, promotions=Promotions(entries=(entry,))),
            NOW,
        )
        turning = Samples(
            source="p", key="k", times=array("q", [T, T + HOUR, T + 2 * HOUR]), values=array("d", [0, 1, 0])
        )
        line = MonitorSeries(source="p", key="k", name="p95", model="churn", max=0.5)
        stack = Stack(source="p", name="serving", folder="infra", applied_at=T + HOUR)
        alert = Alert(source="p", fingerprint="f", name="Down", since=T + HOUR, model="churn")
        write("p", Batch(series=(line,), samples=(turning,), stacks=(stack,), alerts=(alert,)), T + HOUR)
        write("p", Batch(alerts=()), T + 3 * HOUR)
        while news := self.cache.news():
            self.state.keep_news(news)
            self.cache.forget_news(news)
        self.state.observe_aliases("m", {"churn": {"champion": "1"}}, (), T)
        self.state.observe_aliases("m", {"churn": {"champion": "2"}}, (), T + 2 * HOUR)
        self.state.write_note(Note(id="own", at=T + 2 * HOUR, subject="model/churn", text="mine", author="ann"))
        self.state.record_events(_kept())

    def everything(self) -> list[Event]:
        return happened(self.reader, self.state, 10_000)

    def find(self, text: str, **rest: Any) -> list[Event]:
        return find_events(self.reader, self.state, filter_of(text), **({"limit": 10_000} | rest))

    def close(self) -> None:
        self.reader.close()
        self.state.close()
        self.cache.close()


def _runs() -> Iterator[Run]:
    for number in range(40):
        yield Run(
            source="m", id=f"{number}/é" if number % 9 == 4 else f"{number:04x}", experiment_id="1",
            name=f"{('fox', 'owl', 'FOX_1', 'Ärger')[number % 4]}-{number}",
            status=("finished", "failed", "killed", "running")[number % 4], started_at=T,
            ended_at=None if number % 4 == 3 else T + number % 5 * HOUR, user=("ann", "", None)[number % 3],
            git_commit=(None, f"{number % 4}" * 40, "not a/sha")[number % 3],
        )  # fmt: skip


def _pipelines(source: str) -> Iterator[Pipeline]:
    for number in range(12):
        yield Pipeline(
            source=source, id=f"{source}:{number}" if number % 5 == 2 else f"{source}{number}", name="test",
            status=("passed", "failed", "failed", "cancelled")[number % 4], number=str(number) if number % 3 else "",
            branch="main" if number % 2 else "", commit=f"{number % 4}" * 40, actor=("ann", "", "bo")[number % 3],
            created_at=T + number * HOUR, ended_at=T + number * HOUR + 1,
        )  # fmt: skip


def _commits() -> Iterator[Commit]:
    for number in range(8):
        yield Commit(
            source="g", sha=f"{number}" * 40, parents=(), author=("ann", "bo")[number % 2], email="",
            authored_at=T, committed_at=T + number // 3 * HOUR, subject=f"change {number}",
            changes=(Change(kind="M", path="infra/main.tf" if number % 3 == 0 else "train.py"),),
        )  # fmt: skip


def _kept() -> Iterator[Event]:
    champion = EventRef(subject="alias/churn@champion", role="alias")
    for number in range(10):
        check = EventRef(subject=f"check/{number}", role="subject")
        yield Event(
            id=f"{number:016x}", at=T + number // 2 * HOUR, not_before=T if number else None,
            kind=("check began to fail", "check recovered")[number % 2], source=("c", None, "hidden")[number % 3],
            title=f"not_null({number}) \ud800" if number == 3 else f"not_null({number})",
            actor='an "n' if number == 5 else None, refs=(check, champion),
        )  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deck]:
    made = Deck(tmp_path_factory.mktemp("deck"))
    yield made
    made.close()


@pytest.fixture(params=[(5_000, 100_000), (3, 100_000), (3, 10)], ids=["near", "by time", "anywhere"])
def deck(request: pytest.FixtureRequest, filled: Deck, monkeypatch: pytest.MonkeyPatch) -> Deck:
    """The same answers, whichever way they are found."""
    probed, many = request.param
    monkeypatch.setattr(event_row_feed, "PROBED", probed)
    monkeypatch.setattr(event_row_feed, "MANY", many)
    return filled


def filter_of(text: str) -> Node | None:
    return parse(text, now=NOW, vocabulary=EVENTS)


FILTERS = (
    "kind:commit", "kind = commit", "not kind:commit", "kind in ('commit', 'run finished')", "kind:pipeline,alias",
    "kind = 'pipeline broke'", "not kind = 'pipeline finished' kind:pipeline", "kind ~ '^infra'", "kind:'nothing'",
    "fox", "FOX_1", "'ärger'", "ann", "'not a'", "'%C3%A9'", "run/0004", "0000", "'\"'", "failed", "'change 3'",
    "title ~ '^fox.*failed'", "title:fox", "title like 'fox%'", "title ilike 'FOX%'", "not title:fox",
    "actor:ann", "actor = ann", "actor != ann", "has actor", "not has actor", "actor is null", "actor in (ann, bo)",
    "strength:claimed", "strength = forge", "strength != forge", "not has strength", "source:ci", "source = 'old ci'",
    "not source:ci", "has source", "subject = 'run/0000'", "subject = 'run/4%2F%C3%A9'", "subject = 'run/4/é'",
    f"subject = 'commit/{'1' * 40}'", "subject = 'commit/not%20a%2Fsha'", "subject = 'resource/serving'",
    "subject:commit", "not subject:commit", "subject != 'model/churn'", "subject like 'pipeline/c_'", "has subject",
    "subject:'%2F'", "model:churn", "model = churn", "not model = churn", "has model", "has not_before",
    "not_before < -99h", f"at > '{'2025-11-22T04:07Z'}'", "age < 98h", "age > 98h kind:commit",
    "seen_at > 2025-11-01", "not (fox or actor:ann)", "(fox actor:ann) or kind:threshold",
    "not (not kind:run or not actor:ann)", "kind:check actor:'\"'", "kind:alert,note,hand,threshold",
)  # fmt: skip


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_what_it_means(deck: Deck, text: str) -> None:
    where = filter_of(text)
    assert where is not None
    labels = {one.key: one.name for one in SOURCES}
    everything = deck.everything()
    expected = [event for event in everything if matches_event(where, event, labels)]
    assert deck.find(text) == expected
    order = EventOrder(deck.reader, deck.state, where)
    assert order.rows(order.all()) == expected
    assert order.count() == len(expected)


pieces = st.sampled_from([text for text in FILTERS if " or " not in text])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), pieces), min_size=1, max_size=4), st.sampled_from([" and ", " or "]))
def test_filters_that_are_put_together_find_what_they_mean(
    filled: Deck, parts: list[tuple[bool, str]], word: str
) -> None:
    where = filter_of(word.join(f"{'not ' if is_not else ''}({text})" for is_not, text in parts))
    assert where is not None
    labels = {one.key: one.name for one in SOURCES}
    expected = [event for event in filled.everything() if matches_event(where, event, labels)]
    assert find_events(filled.reader, filled.state, where, limit=10_000) == expected
    assert parse(write(where), now=NOW, vocabulary=EVENTS) == where


texts = st.text("aFfox1éÄä%_/@ '\"-.0c#", min_size=1, max_size=5)
fields = st.sampled_from(["title", "actor", "subject", "kind", "source", "model"]).map(
    lambda name: Field("event", name)
)
operators = st.sampled_from(["=", "!=", ":", "like", "ilike", "<", ">="])
leaves = st.builds(Words, texts) | st.builds(Compare, fields, operators, texts) | st.builds(Has, fields)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(leaves, st.booleans())
def test_whatever_is_typed_sql_finds_what_it_means(filled: Deck, leaf: Node, is_not: bool) -> None:
    where = Not(leaf) if is_not else leaf
    labels = {one.key: one.name for one in SOURCES}
    expected = [event for event in filled.everything() if matches_event(where, event, labels)]
    assert find_events(filled.reader, filled.state, where, limit=10_000) == expected


@pytest.mark.parametrize("text", ["", "fox", "not kind:run", "kind:check", "actor:ann", "kind:pipeline"])
def test_a_window_is_the_beginning_of_the_whole_from_either_end(deck: Deck, text: str) -> None:
    where = filter_of(text)
    whole = deck.find(text)
    for limit in (0, 1, 5, 13):
        assert deck.find(text, limit=limit) == whole[:limit]
        assert deck.find(text, limit=limit, oldest_first=True) == whole[::-1][:limit]
    for oldest_first in (False, True):
        order = EventOrder(deck.reader, deck.state, where, oldest_first=oldest_first)
        first = order.rows(order.first(7))
        keys = order.all()
        assert order.rows(keys) == (whole[::-1] if oldest_first else whole)
        assert order.rows(order.first(7)) == first
        assert [order.place(event) for event in order.rows(keys)] == list(range(len(keys)))


def test_a_stretch_of_time_is_from_its_beginning_until_before_its_end(deck: Deck) -> None:
    whole = deck.find("")
    since, until = T + HOUR, T + 3 * HOUR
    assert deck.find("", since=since, until=until) == [event for event in whole if since <= event.at < until]
    assert deck.find("fox", since=since, until=until) == [
        event for event in deck.find("fox") if since <= event.at < until
    ]
    at = "at >= 2025-11-22T04:07Z at < 2025-11-22T05:07Z"
    assert deck.find(at) == [event for event in whole if T + HOUR <= event.at < T + 2 * HOUR]


def test_what_an_order_leaves_out_has_no_place_in_it(deck: Deck) -> None:
    commit = deck.find("kind:commit")[0]
    assert EventOrder(deck.reader, deck.state, filter_of("kind:run")).place(commit) is None


def test_there_is_a_little_of_everything(deck: Deck) -> None:
    assert {event.kind for event in deck.everything()} == {
        "run finished", "commit", "infrastructure code changed", "pipeline finished", "pipeline broke",
        "pipeline recovered", "version registered", "promotion", "data changed", "threshold crossed",
        "threshold recovered", "alert firing", "alert over", "check began to fail", "check recovered",
        "infrastructure changed", "alias moved", "note",
    }  # fmt: skip
    assert len({event.id for event in deck.everything()}) == len(deck.everything())


def test_each_event_is_found_by_its_id_and_no_other(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = deck.everything()
    for event in everything:
        assert event_by_id(deck.reader, deck.state, event.id) == event
    monkeypatch.setattr("quarterdeck.app.store.event_lookup._NEAR", 0)  # so old that it is not among the newest
    for event in everything:
        assert event_by_id(deck.reader, deck.state, event.id) == event
    for name in ("", "zz", "ff" * 8, "é", "0"):
        assert event_by_id(deck.reader, deck.state, name) is None


def test_what_is_of_a_hidden_source_is_neither_listed_nor_found(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    before = deck.everything()
    hidden = [event for event in before if event.source in ("m", "c", "g")]
    deck.cache.declare([one for one in SOURCES if one.key not in ("m", "c", "g")])
    assert {event.source for event in deck.everything()} <= {"j", "p", None}
    for event in hidden:
        assert event_by_id(deck.reader, deck.state, event.id) is None or event.kind in ("note",)
    deck.close()


def test_without_a_cache_what_state_db_has_is_all(deck: Deck) -> None:
    found = find_events(None, deck.state, filter_of("kind:check"), limit=100)
    assert len(found) == 10
    assert event_by_id(None, deck.state, found[-1].id) == found[-1]


def test_kinds_that_a_filter_leaves_out_are_not_read(deck: Deck) -> None:
    assert not may_pass(filter_of("kind:commit actor:ann"), ["run finished"])
    assert may_pass(filter_of("kind:commit or actor:ann"), ["run finished"])
    statements: list[str] = []
    deck.reader.connection.set_trace_callback(statements.append)
    deck.find("kind:commit")
    deck.reader.connection.set_trace_callback(None)
    assert not [text for text in statements if "FROM run AS r" in text or "FROM pipeline AS p" in text]
