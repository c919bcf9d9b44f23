"""A list of events that follows what is written, against the same list read whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import EVENTS, parse
from quarterdeck.app.records import (
    Alert,
    Batch,
    Change,
    Commit,
    Event,
    Experiment,
    Note,
    Pipeline,
    Run,
    SourceSpec,
)
from quarterdeck.app.store import event_marks
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.event_order import EventOrder
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

T = 1_763_780_820_000
SOURCES = tuple(
    SourceSpec(key=key, kind=kind, name=kind, address=key)
    for key, kind in (("m", "mlflow"), ("c", "github"), ("g", "git"), ("p", "prometheus"))
)


class Deck:
    """A cache and a state, who reads both, and a clock that goes on with every batch."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare(SOURCES)
        self.state = State(folder / "state.db")
        self.reader = Reader(folder / "cache.db")
        self.now = T
        experiment = Experiment(source="m", id="1", name="churn")
        self.write("m", experiments=(experiment,), runs=tuple(run(number, number) for number in range(6)))
        self.write("c", pipelines=tuple(pipeline(number, number) for number in range(4)))
        self.write("g", commits=tuple(commit(number, number) for number in range(4)))

    def write(self, source: str, *, by: int = 5_000, **facts: Any) -> None:
        self.now += by
        self.cache.write(source, Batch(**facts), self.now)

    def order(self, text: str = "", before: EventOrder | None = None) -> EventOrder:
        return EventOrder(self.reader, self.state, parse(text, now=T, vocabulary=EVENTS), before=before)

    def close(self) -> None:
        self.reader.close()
        self.state.close()
        self.cache.close()


def run(number: int, hour: int, status: str = "finished", name: str = "fox") -> Run:
    ended = None if status == "running" else T + hour
    return Run(source="m", id=f"{number:04x}", experiment_id="1", name=name, status=status, started_at=T,  # type: ignore[arg-type]  # one of them
               ended_at=ended, user="ann")  # fmt: skip


def pipeline(number: int, hour: int, status: str = "passed") -> Pipeline:
    return Pipeline(source="c", id=str(number), name="test", status=status, branch="main", created_at=T + number,  # type: ignore[arg-type]  # one of them
                    ended_at=None if status == "running" else T + hour)  # fmt: skip


def commit(number: int, hour: int, parents: tuple[str, ...] = (), path: str = "train.py") -> Commit:
    return Commit(
        source="g", sha=f"{number:040x}", parents=parents, author="bo", email="", authored_at=T,
        committed_at=T + hour, subject=f"change {number}", changes=(Change(kind="M", path=path),),
    )  # fmt: skip


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path)
    yield made
    made.close()


def read(order: EventOrder) -> list[Event]:
    return order.rows(order.all())


Step = Callable[[Deck], None]
few, hours = st.integers(0, 12), st.integers(-3, 20)


def writes(source: str, *, by: int = 5_000, **facts: Any) -> Step:
    return lambda deck: deck.write(source, by=by, **facts)


def deletes_all_runs_but(number: int) -> Step:
    def step(deck: Deck) -> None:
        deck.write("m", runs=(run(number, number),))
        deck.write("m", runs_gone_unless_seen_since=deck.now)

    return step


def keeps(number: int, hour: int, source: str | None) -> Step:
    event = Event(id=f"{number:016x}", at=T + hour, kind="check recovered", title="x", source=source)

    def step(deck: Deck) -> None:
        deck.state.record_events([event])

    return step


def notes(number: int, hour: int, is_own: bool) -> Step:
    note = Note(id=str(number), at=T + hour, subject="run/1", text="look")
    return (lambda deck: deck.state.write_note(note)) if is_own else writes("g", notes=(note,))


def hides(source: str) -> Step:
    return lambda deck: deck.cache.declare([one for one in SOURCES if one.key != source])


def alerts(hour: int) -> Step:
    return writes("p", alerts=(Alert(source="p", fingerprint="f", name="Down", since=T + hour),))


ended = st.sampled_from(["finished", "failed", "running"])
runs = st.builds(run, few, hours, ended, st.sampled_from(["fox", "owl"]))
pipelines = st.builds(pipeline, few, hours, st.sampled_from(["passed", "failed", "running"]))
commits = st.builds(
    commit, few, hours, st.sampled_from([(), ("1" * 40,)]), st.sampled_from(["train.py", "main.tf"])
)  # fmt: skip
steps = st.one_of(
    st.lists(runs, min_size=1, max_size=3).map(lambda some: writes("m", runs=tuple(some))),
    runs.map(lambda one: writes("m", by=0, runs=(one,))),
    few.map(deletes_all_runs_but),
    pipelines.map(lambda one: writes("c", pipelines=(one,))),
    st.tuples(few, pipelines).map(lambda one: writes("c", pipelines_gone=(str(one[0]),), pipelines=(one[1],))),
    few.map(lambda number: writes("c", pipelines_gone=(str(number),))),
    commits.map(lambda one: writes("g", commits=(one,))),
    st.builds(keeps, few, hours, st.sampled_from(["c", None])),
    st.builds(notes, few, hours, st.booleans()),
    hours.map(alerts),
    st.sampled_from(["m", "c", "p", ""]).map(hides),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(steps, min_size=1, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["", "fox", "kind:pipeline", "not kind = 'pipeline broke'", "kind:infra or kind:check"]),
)
def test_a_list_that_follows_is_the_list_read_whole(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[Step]], text: str
) -> None:
    deck = Deck(tmp_path_factory.mktemp("deck"))
    order = deck.order(text)
    order.all()
    for some in rounds:
        for step in some:
            step(deck)
        order, whole = deck.order(text, before=order), deck.order(text)
        assert read(order) == read(whole)
        assert [order.place(event) for event in read(whole)] == list(range(whole.count()))
        assert [order.newer(T + hour) for hour in range(-3, 20)] == [whole.newer(T + hour) for hour in range(-3, 20)]
    deck.close()


def scans(deck: Deck, work: Callable[[], object]) -> int:
    """How often all rows of a table that tells events were read."""
    said: list[str] = []
    deck.reader.connection.set_trace_callback(said.append)
    work()
    deck.reader.connection.set_trace_callback(None)
    return sum(" ORDER BY r.id" in one or " ORDER BY p.id" in one or " ORDER BY c.id" in one for one in said)


@pytest.mark.parametrize("step", [
    lambda deck: deck.write("m", runs=(run(100, 99),)),
    lambda deck: deck.write("m", runs=(run(100, -99),)),
    lambda deck: deck.write("m", runs=(run(0, 50, "failed"), run(1, 1, "running"))),
    lambda deck: deck.write("m", runs_gone_unless_seen_since=deck.now + 1),
    lambda deck: deck.write("c", pipelines=(pipeline(2, 9, "failed"), pipeline(7, 7))),
    lambda deck: deck.write("g", commits=(commit(9, -5),)),
    lambda deck: deck.write("g", notes=(Note(id="n", at=T, subject="run/1", text="look"),)),
], ids=["new", "new but old", "changed", "deleted", "pipelines", "commit", "note"])  # fmt: skip
def test_what_was_added_or_changed_is_followed_without_reading_the_rest(deck: Deck, step: Step) -> None:
    order = deck.order()
    order.all()
    step(deck)
    found: list[EventOrder] = []
    assert scans(deck, lambda: found.append(deck.order(before=order))) == 0
    assert found[0].is_whole
    assert read(found[0]) == read(deck.order()) != read(order)


@pytest.mark.parametrize("step", [
    lambda deck: deck.write("c", pipelines_gone=("1",)),
    lambda deck: deck.cache.declare([one for one in SOURCES if one.key != "m"]),
    lambda deck: deck.write("m", runs=tuple(run(number, number) for number in range(50, 70))),
], ids=["gone", "hidden", "too much"])  # fmt: skip
def test_where_nobody_can_tell_what_changed_the_whole_list_is_read(
    deck: Deck, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_marks, "MOST_TOUCHED", 10)
    order = deck.order()
    order.all()
    step(deck)
    after = deck.order(before=order)
    assert not after.is_whole
    assert read(after) == read(deck.order())


def test_a_clock_that_was_set_back_has_the_whole_list_read(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    order = deck.order()
    order.all()
    assert deck.order(before=order).is_whole
    there = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: there() - 60_000_000_000)
    assert not deck.order(before=order).is_whole


def test_another_question_follows_nothing(deck: Deck) -> None:
    order = deck.order()
    order.all()
    assert not deck.order("fox", before=order).is_whole
    assert deck.order("", before=deck.order()).is_whole is False  # of that one nobody asked for all


def test_without_a_cache_what_state_db_keeps_is_followed(deck: Deck) -> None:
    order = EventOrder(None, deck.state)
    order.all()
    deck.state.record_events([Event(id="00000000000000aa", at=T, kind="check recovered", title="x", source="c")])
    after = EventOrder(None, deck.state, before=order)
    assert after.is_whole
    assert read(after) == read(EventOrder(None, deck.state))
    assert len(read(after)) == 1
