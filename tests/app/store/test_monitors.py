"""Lines of production, their points and turns, and alerts, as they are written and read."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Alert, Batch, Event, MonitorSeries, Samples, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.monitor_turns import Bounds, turns
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.thinning import Point, thinned

PROMETHEUS = SourceSpec(key="p", kind="prometheus", name="prometheus", address="http://127.0.0.1:9090")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T = 20_000 * DAY
NAN, INF = float("nan"), float("inf")
LATER = 2**61


class Deck:
    """A cache with one source of lines, and who reads it."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare([PROMETHEUS])
        self.reader = Reader(folder / "cache.db")
        self.reads = self.reader.monitors

    def write(self, *, now: int = T + DAY, **batch: Any) -> None:
        self.cache.write("p", Batch(**batch), now)

    def settle(self, now: int = T + DAY) -> None:
        while self.cache.settle(now):
            pass

    def points(self, key: str = "k") -> list[tuple[int, float]]:
        """In minutes since T."""
        samples = self.reads.samples(key, 0, LATER)
        assert samples is not None
        return [((at - T) // MINUTE, value) for at, value in zip(samples.times, samples.values, strict=True)]

    def stretches(self, key: str = "k") -> list[tuple[int, int | None]]:
        found = self.reads.stretches(key, 0, LATER)
        return [((one - T) // MINUTE, None if end is None else (end - T) // MINUTE) for one, end in found]

    def events(self) -> list[Event]:
        return self.reader.events(1_000)

    def one(self, key: str = "k") -> MonitorSeries:
        found = self.reads.one(key)
        assert found is not None
        return found

    def close(self) -> None:
        self.reader.close()
        self.cache.close()


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path)
    yield made
    made.close()


def line(key: str = "k", **rest: Any) -> MonitorSeries:
    return MonitorSeries(**({"source": "p", "key": key, "name": "p95 latency", "model": "churn"} | rest))


def samples(points: Sequence[tuple[float, float]], key: str = "k", totals: Sequence[float] | None = None) -> Samples:
    """Minutes since T, and values."""
    return Samples(
        source="p", key=key, times=array("q", [T + round(at * MINUTE) for at, _ in points]),
        values=array("d", [value for _, value in points]), totals=None if totals is None else array("d", totals),
    )  # fmt: skip


# -- what a line says -----------------------------------------------------------------------------------------------


def test_a_line_says_where_it_stands_since_when_it_is_bad_and_when_it_was_last_good(deck: Deck) -> None:
    deck.write(series=(line(max=1.0),), samples=(samples([(0, 0.5), (1, 0.6), (2, 1.5), (3, 1.6)]),))
    found = deck.one()
    assert (found.value, found.at, found.bad_since, found.last_good_at) == (
        1.6, T + 3 * MINUTE, T + 2 * MINUTE, T + MINUTE
    )  # fmt: skip
    deck.write(samples=(samples([(4, 0.4)]),))
    found = deck.one()
    assert (found.bad_since, found.last_good_at) == (None, T + 4 * MINUTE)


def test_what_is_no_number_neither_breaks_nor_keeps_a_threshold(deck: Deck) -> None:
    deck.write(series=(line(max=1.0),), samples=(samples([(0, 0.5), (1, 1.5), (2, NAN)]),))
    found = deck.one()
    assert found.value is not None
    assert math.isnan(found.value)
    assert (found.at, found.bad_since) == (T + 2 * MINUTE, T + MINUTE)
    deck.write(samples=(samples([(3, NAN), (4, INF), (5, -INF)]),))
    assert deck.stretches() == [(1, 5)]
    assert [value for _, value in deck.points()][-2:] == [INF, -INF]


def test_a_line_without_a_point_says_nothing(deck: Deck) -> None:
    deck.write(series=(line(max=1.0),))
    found = deck.one()
    assert (found.value, found.at, found.bad_since, found.last_good_at) == (None, None, None, None)
    assert found.looked_at == T + DAY
    assert deck.points() == []


def test_of_an_objective_the_share_of_good_is_judged(deck: Deck) -> None:
    counted = samples([(0, 99), (1, 50), (2, 0)], totals=[100, 100, 0])
    deck.write(series=(line(objective=0.99, min=0.9),), samples=(counted,))
    assert deck.stretches() == [(1, None)]
    found = deck.reads.samples("k", 0, LATER)
    assert found is not None
    assert found.totals is not None
    assert [list(found.values), list(found.totals)] == [[99, 50, 0], [100, 100, 0]]
    value = deck.one().value
    assert value is not None
    assert math.isnan(value)


def test_lines_come_by_model_version_and_name_and_are_known_by_their_keys(deck: Deck) -> None:
    deck.write(
        series=(
            line("a", name="z"), line("b", model="alpha", version="2"), line("c", model="alpha", version="1"),
            line("d", name="errors"),
        )
    )  # fmt: skip
    assert [one.key for one in deck.reads.series()] == ["c", "b", "d", "a"]
    assert deck.reads.one("nobody") is None
    assert deck.reads.samples("nobody", 0, LATER) is None
    assert len(deck.reads.thinned("nobody", 0, LATER, 10)) == 0


def test_a_line_that_the_settings_want_no_more_is_gone_with_its_points(deck: Deck) -> None:
    deck.write(series=(line("a", max=1.0), line("b")), samples=(samples([(0, 2.0)], "a"), samples([(0, 2.0)], "b")))
    deck.write(series=(line("b"),), series_complete=True)
    deck.settle()
    assert [one.key for one in deck.reads.series()] == ["b"]
    assert deck.cache.connection.execute("SELECT count(*) FROM monitor_point").fetchone() == (1,)
    deck.write(series=(line("a", max=1.0), line("b")), series_complete=True)
    assert deck.points("a") == []


def test_points_of_a_line_that_nobody_declared_are_passed_over(deck: Deck) -> None:
    deck.write(samples=(samples([(0, 1.0)]),))
    assert deck.reads.series() == []


def test_the_same_once_more_is_no_news(deck: Deck) -> None:
    batch: dict[str, Any] = {"series": (line(max=1.0),), "samples": (samples([(0, NAN), (1, 2.0), (2, INF)]),)}
    deck.write(**batch)
    before = deck.reader.content()
    deck.write(**batch, now=T + DAY + 5)
    assert deck.reader.content() == before
    assert deck.one().looked_at == T + DAY + 5


def test_a_hidden_source_shows_neither_lines_nor_alerts_nor_events(deck: Deck) -> None:
    alert = Alert(source="p", fingerprint="f", name="Down", since=T)
    deck.write(series=(line(max=1.0),), samples=(samples([(0, 2.0)]),), alerts=(alert,))
    deck.cache.declare([])
    reads = deck.reads
    assert (reads.series(), reads.one("k"), reads.alerts(past=True), reads.alert("f")) == ([], None, [], None)
    assert reads.samples("k", 0, LATER) is None
    assert (reads.stretches("k", 0, LATER), deck.events()) == ([], [])


def test_texts_that_utf_8_cannot_say_are_spelled_out(deck: Deck) -> None:
    deck.write(
        series=(line(labels={"pod": "a\ud800"}),), alerts=(Alert(source="p", fingerprint="f", name="\udcff", since=T),)
    )
    assert deck.one().labels == {"pod": "a\\ud800"}
    assert deck.reads.alerts()[0].name == "\\udcff"


# -- turns ----------------------------------------------------------------------------------------------------------

values = st.sampled_from([0.0, 0.5, 1.5, 2.0, NAN, INF, -INF])
histories = st.lists(values, min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_turns_are_the_same_in_whatever_order_the_points_come(tmp_path_factory: Any, data: st.DataObject) -> None:
    history = list(enumerate(data.draw(histories)))
    shuffled = data.draw(st.permutations(history))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    deck = Deck(tmp_path_factory.mktemp("cache"))
    deck.write(series=(line(max=1.0),))
    for first, last in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        deck.write(samples=(samples(sorted(shuffled[first:last])),))
        deck.write(samples=(samples(sorted(shuffled[first:last])),))  # and once more, as after a kill
    expected = list(turns(((T + at * MINUTE, _figure(value), None) for at, value in history), Bounds(None, 1.0)))
    rows = deck.cache.connection.execute("SELECT at, is_bad, not_before, value FROM monitor_turn ORDER BY at")
    assert [tuple(row) for row in rows] == [(*turn[:1], int(turn.is_bad), *turn[2:]) for turn in expected]
    bad = expected[-1] if expected and expected[-1].is_bad else None
    assert deck.one().bad_since == (None if bad is None else bad.at)
    deck.close()


@settings(max_examples=40, deadline=None)
@given(histories, st.sampled_from([(None, 1.0), (0.2, None), (0.2, 1.0), (None, None)]))
def test_thresholds_that_change_make_the_turns_that_they_would_have_made(
    tmp_path_factory: Any, history: list[float], bounds: tuple[float | None, float | None]
) -> None:
    deck = Deck(tmp_path_factory.mktemp("cache"))
    deck.write(series=(line(min=bounds[0], max=bounds[1]),), samples=(samples(list(enumerate(history))),))
    expected, state = deck.reads.stretches("k", 0, LATER), deck.one()
    deck.write(series=(line("other", max=0.6),), samples=(samples(list(enumerate(history)), "other"),))
    deck.write(series=(line("other", min=bounds[0], max=bounds[1]),))
    deck.settle()
    other = deck.one("other")
    assert deck.reads.stretches("other", 0, LATER) == expected
    assert (other.bad_since, other.last_good_at) == (state.bad_since, state.last_good_at)
    deck.close()


def test_a_threshold_that_was_crossed_is_an_event_between_two_points(deck: Deck) -> None:
    deck.write(
        series=(line(max=0.2, unit="s", version="14"),),
        samples=(samples([(0, 0.1), (1, NAN), (2, 0.31), (3, 0.4), (4, 0.15)]),),
    )
    recovered, crossed = deck.events()
    assert (crossed.kind, crossed.title) == ("threshold crossed", "p95 latency of churn v14 is 0.31 s, over 0.2 s")
    assert (crossed.not_before, crossed.at) == (T, T + 2 * MINUTE)
    assert [(ref.subject, ref.role) for ref in crossed.refs] == [("series/k", "series"), ("model/churn/14", "model")]
    assert (recovered.kind, recovered.not_before, recovered.at) == (
        "threshold recovered", T + 3 * MINUTE, T + 4 * MINUTE
    )  # fmt: skip


def test_a_point_that_comes_late_moves_the_moment_and_keeps_nothing_wrong(deck: Deck) -> None:
    deck.write(series=(line(max=1.0),), samples=(samples([(0, 0.1), (10, 2.0)]),))
    deck.write(samples=(samples([(5, 2.0)]),))
    (event,) = deck.events()
    assert (event.not_before, event.at) == (T, T + 5 * MINUTE)
    deck.write(samples=(samples([(5, 0.2), (10, 0.3)]),))  # written anew
    assert deck.events() == []


# -- thinning -------------------------------------------------------------------------------------------------------


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else value


@given(
    st.lists(st.tuples(st.integers(0, 80), values, st.sampled_from([0.0, 1.0, 4.0])), max_size=60),
    st.sampled_from([(None, 1.0), (0.2, 1.0), (0.2, None)]),
    st.booleans(),
)
def test_what_is_thinned_has_the_same_turns(
    raw: list[tuple[int, float, float]], limits: tuple[float | None, float | None], is_share: bool
) -> None:
    by_time = {at * MINUTE: (at * MINUTE, _figure(value), total if is_share else None) for at, value, total in raw}
    points: list[Point] = [by_time[at] for at in sorted(by_time)]
    bounds = Bounds(*limits, is_share)
    left = thinned(points, bounds)
    assert list(turns(iter(left), bounds)) == list(turns(iter(points), bounds))
    assert thinned(left, bounds) == left or is_share
    if is_share:
        assert math.isclose(_counted(left), _counted(points))


def _counted(points: list[Point]) -> float:
    return sum(total or 0 for _, good, total in points if good is not None and math.isfinite(good))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3_000), values), min_size=1, max_size=80), st.integers(1, 3))
def test_old_points_are_thinned_a_little_at_a_time_and_stretches_stay(
    tmp_path_factory: Any, raw: list[tuple[int, float]], parts: int
) -> None:
    points = sorted(dict(raw).items())
    deck = Deck(tmp_path_factory.mktemp("cache"))
    deck.write(series=(line(max=1.0),), now=T + DAY)
    size = -(-len(points) // parts)
    for start in range(0, len(points), size):
        deck.write(samples=(samples(points[start : start + size]),), now=T + DAY)
    before, state = deck.reads.stretches("k", 0, LATER), deck.one()
    deck.settle(T + 40 * DAY)
    assert deck.reads.stretches("k", 0, LATER) == before
    assert (deck.one().bad_since, deck.one().value == state.value or state.value != state.value) == (
        state.bad_since,
        True,
    )
    deck.cache.connection.execute("UPDATE monitor SET is_owed = 1")
    deck.settle(T + 40 * DAY)  # counted anew, from what is left
    assert deck.reads.stretches("k", 0, LATER) == before
    deck.close()


def test_two_days_stay_whole_and_sixty_days_are_kept(deck: Deck) -> None:
    minutes = 3 * 24 * 60
    deck.write(series=(line(),), samples=(samples([(at, float(at)) for at in range(minutes)]),), now=T)
    deck.settle(T + 3 * DAY)
    left = deck.points()
    assert [at for at, _ in left if at >= 24 * 60] == list(range(24 * 60, minutes))
    assert [at for at, _ in left if at < 24 * 60] == list(range(9, 24 * 60, 10))
    deck.write(samples=(samples([(70 * 24 * 60, 1.0)]),), now=T + 70 * DAY)
    deck.settle(T + 70 * DAY)
    assert deck.points() == [(70 * 24 * 60, 1.0)]


def test_the_newest_point_stays_however_old_it_is(deck: Deck) -> None:
    deck.write(series=(line(max=0.5),), samples=(samples([(0, 0.1), (1, 1.0)]),), now=T + 200 * DAY)
    deck.settle(T + 200 * DAY)
    assert deck.points() == [(1, 1.0)]
    assert deck.one().at == T + MINUTE


def test_counts_are_summed_and_counted_once_though_they_come_again(deck: Deck) -> None:
    counted = samples([(at, 9.0) for at in range(60)], totals=[10.0] * 60)
    newest = samples([(5 * 24 * 60, 1.0)], totals=[1.0])
    deck.write(series=(line(objective=0.9),), samples=(counted, newest), now=T + 5 * DAY)
    deck.settle(T + 5 * DAY)
    assert deck.points()[:2] == [(9, 90.0), (19, 90.0)]
    deck.write(samples=(counted,), now=T + 5 * DAY)  # a source that starts over
    late = samples([(at, 9.0) for at in range(60, 80)], totals=[10.0] * 20)
    deck.write(samples=(late,), now=T + 5 * DAY)  # a gap that is filled
    assert deck.points()[:-1] == [(9 + 10 * part, 90.0) for part in range(8)]


def test_a_chart_gets_the_outermost_of_each_column(deck: Deck) -> None:
    deck.write(series=(line(),), samples=(samples([(at, math.sin(at / 7)) for at in range(1_000)]),))
    whole = deck.reads.samples("k", T, T + DAY)
    some = deck.reads.thinned("k", T, T + 1_000 * MINUTE, 80)
    assert whole is not None
    assert len(some) <= 80
    assert list(some.times) == sorted(some.times)
    assert (max(some.values), min(some.values)) == (max(whole.values), min(whole.values))
    assert set(zip(some.times, some.values, strict=True)) <= set(zip(whole.times, whole.values, strict=True))
    assert len(deck.reads.thinned("k", T, T + 50 * MINUTE, 80)) == 50


def test_a_column_without_a_number_says_so(deck: Deck) -> None:
    deck.write(series=(line(),), samples=(samples([(at, NAN if at < 50 else 1.0) for at in range(100)]),))
    some = deck.reads.thinned("k", T, T + 100 * MINUTE, 4)
    assert [math.isnan(value) for value in some.values] == [True, False]


# -- alerts ---------------------------------------------------------------------------------------------------------


def alert(since: int = T, **rest: Any) -> Alert:
    facts: dict[str, Any] = {"source": "p", "fingerprint": "f", "name": "Down", "since": since}
    return Alert(**(facts | rest))


def test_an_alert_that_is_seen_no_more_is_over_between_two_looks(deck: Deck) -> None:
    deck.write(alerts=(alert(summary="pod is down", model="churn"),), now=T + 10)
    deck.write(alerts=(alert(summary="pod is down", model="churn"),), now=T + 20)
    (firing,) = deck.reads.alerts()
    assert (firing.state, firing.since) == ("firing", T)
    deck.write(alerts=(), now=T + 50)
    assert deck.reads.alerts() == []
    (past,) = deck.reads.alerts(past=True)
    assert (past.state, past.ended_not_before, past.ended_at) == ("over", T + 20, T + 50)
    over, fired = deck.events()
    assert (fired.kind, fired.at, fired.title) == ("alert firing", T, "Down: pod is down")
    assert [ref.subject for ref in fired.refs] == ["alert/f", "model/churn"]
    assert (over.kind, over.not_before, over.at, over.title) == ("alert over", T + 20, T + 50, "Down is over")


def test_nobody_looked_says_nothing_of_alerts(deck: Deck) -> None:
    deck.write(alerts=(alert(),), now=T + 10)
    deck.write(now=T + 20)
    assert [one.state for one in deck.reads.alerts()] == ["firing"]


def test_one_that_was_pending_fired_between_two_looks_and_one_that_never_did_is_forgotten(deck: Deck) -> None:
    deck.write(alerts=(alert(state="pending"), alert(fingerprint="g", state="pending")), now=T + 10)
    assert deck.events() == []
    deck.write(alerts=(alert(),), now=T + 20)
    (fired,) = deck.events()
    assert (fired.not_before, fired.at) == (T + 10, T + 20)
    assert deck.reads.alert("g") is None


def test_one_that_began_anew_between_two_looks_is_another_stretch(deck: Deck) -> None:
    deck.write(alerts=(alert(),), now=T + 10)
    deck.write(alerts=(alert(T + 15),), now=T + 20)
    newest, first = deck.reads.alert_stretches("f")
    assert (newest.since, newest.state) == (T + 15, "firing")
    assert (first.ended_not_before, first.ended_at) == (T + 10, T + 15)


def test_what_the_monitoring_remembers_is_told_once_and_narrows_what_was_seen(deck: Deck) -> None:
    deck.write(alerts=(alert(T + 100),), now=T + 200)
    deck.write(alerts=(), now=T + 900)
    told = (
        alert(T + 110, state="over", ended_at=T + 500, ended_not_before=T + 450),
        alert(T - 900, state="over", ended_at=T - 800, ended_not_before=T - 850),
    )
    deck.write(past_alerts=told, now=T + 950)
    deck.write(past_alerts=told, now=T + 960)
    stretches = [(one.since, one.ended_not_before, one.ended_at) for one in deck.reads.alert_stretches("f")]
    assert stretches == [(T + 100, T + 450, T + 500), (T - 900, T - 850, T - 800)]


def test_what_fires_still_is_not_ended_by_what_the_monitoring_remembers(deck: Deck) -> None:
    deck.write(alerts=(alert(),), past_alerts=(alert(T + 5, state="over", ended_at=T + 50),), now=T + 60)
    (one,) = deck.reads.alert_stretches("f")
    assert (one.state, one.since) == ("firing", T)
