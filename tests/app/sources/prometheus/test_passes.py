"""Passes over a Prometheus whose figures and whose clock the test holds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.monitoring import burn_rates
from quarterdeck.app.records import Samples, SourceSpec, Want
from quarterdeck.app.settings.sections import PrometheusMonitor, Series
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.prometheus import Explainer, PrometheusSource, open_prometheus
from quarterdeck.app.sources.prometheus.marks import FINE
from tests.servers.loopback import Asked, Told
from tests.servers.monitored import Production
from tests.servers.prometheus_answers import Answers, Figure, error

SPEC = SourceSpec(key="k", kind="prometheus", name="prometheus", address="http://prometheus:9090")
NOW = 1_795_340_712  # seconds, 12 past a minute
MINUTE, HOUR, DAY = 60, 3_600, 86_400
V13, V14 = {"model": "churn", "version": "13"}, {"model": "churn", "version": "14"}
P95 = Series(name="p95", query="p95", model_label="model", max=0.2, unit="s")


class World:
    """A server, a source that reads it, and what came of that."""

    def __init__(self, *series: Series, step: str = "1m", now: float = NOW) -> None:
        self.now = now
        self.answers = Answers()
        self.kept = Production()
        self.requests = 0
        self.section = PrometheusMonitor(base_url=SPEC.address, series=series, step=step)
        self.source = self.opened()

    def opened(self) -> PrometheusSource:
        """The source anew, as after a restart."""
        http = Http(
            SPEC.address, transport=httpx.MockTransport(self._handle), clock=lambda: self.now,
            explain=Explainer(SPEC.address),
        )  # fmt: skip
        return open_prometheus(SPEC, self.section, http)

    def change(self, *series: Series) -> None:
        """Other settings."""
        self.section = PrometheusMonitor(base_url=SPEC.address, series=series)
        self.source = self.opened()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        asked = Asked(request.method, request.url.path, dict(request.url.params), {}, request.content)
        told = self.answers.answer(asked)
        if isinstance(told.body, bytes):
            return httpx.Response(told.status, content=told.body, headers=told.headers)
        return httpx.Response(told.status, json=told.body, headers=told.headers)

    async def poll(self, most: int | None = None) -> Production:
        """A pass, or its first batches."""
        return await self.kept.take(self.source.poll(self.kept.cursor), most)

    async def after(self, seconds: float) -> Production:
        """A pass so much later; gives what it did."""
        self.now += seconds
        self.requests = 0
        self.answers.ranges.clear()
        return await self.poll()


def always(value: float | str) -> Figure:
    return lambda at: value


def until(end: float, value: float | str = 1.0) -> Figure:
    return lambda at: value if at <= end else None


def since(start: float) -> Figure:
    return lambda at: 1.0 if at >= start else None


async def test_the_first_sync_reads_two_weeks_coarsely_and_the_last_hours_finely() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, lambda at: at)]
    kept = await world.poll()
    far, near = world.answers.asked("p95")
    assert far == (NOW - 14 * DAY + 288, (NOW - 6 * HOUR) // 600 * 600, 600.0)
    assert near == (far[1] + 60, NOW // 60 * 60, 60.0)
    line = kept.line("p95")
    assert (line.model, line.version, line.max, line.unit, line.query) == ("churn", "14", 0.2, "s", "p95")
    assert (line.step, line.looked_at, line.labels) == (60_000, NOW * 1000, V14)
    points = kept.of("p95")
    assert all(value == at / 1000 for at, (value, _) in points.items())
    assert len(points) == (far[1] - far[0]) // 600 + 1 + (near[1] - near[0]) // 60 + 1
    assert kept.trouble is None


async def test_a_pass_asks_from_the_last_point_on_and_the_newest_two_once_more() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, always(0.1))]
    await world.poll()
    end = NOW // 60 * 60
    await world.after(30)
    assert world.answers.asked("p95") == []  # no new minute began
    await world.after(30)
    assert world.answers.asked("p95") == [(end - 60, end + 60, 60.0)]
    await world.after(5 * MINUTE)
    assert world.answers.asked("p95") == [(end, end + 6 * 60, 60.0)]


async def test_a_pass_costs_five_requests_at_most_and_the_longest_waiting_go_first() -> None:
    names = [f"line {number}" for number in range(7)]
    plain = [Series(name=name, query=name, model="churn") for name in names]
    objective = Series(name="slo", objective=0.99, good="good", total="total", model="churn")
    world = World(*plain, objective)
    for name in (*names, "good", "total"):
        world.answers.lines[name] = [(V14, always(1.0))]
    await world.poll()
    asked: list[str] = []
    for _ in range(6):
        await world.after(60)
        assert world.requests <= 5
        asked += [one["query"] for one in world.answers.ranges]
    # the objective takes two requests: what fits goes before it once, and then it is the longest waiting
    assert asked[:10] == [*names, "line 0", "good", "total"]
    assert len(asked) == 24
    assert all(asked.count(name) >= 2 for name in names)


async def test_nothing_is_lost_of_a_query_that_waits_for_its_turn() -> None:
    lines = [Series(name=f"l{number}", query=f"l{number}") for number in range(9)]
    world = World(*lines)
    for one in lines:
        world.answers.lines[one.query] = [({}, lambda at: at)]
    await world.poll()
    for _ in range(9):
        await world.after(60)
    for one in lines:
        times = sorted(kept for kept in world.kept.of(one.name) if kept > (NOW - HOUR) * 1000)
        assert {after - before for before, after in itertools.pairwise(times)} == {60_000}
        assert times[-1] >= (world.now - 4 * MINUTE) * 1000


async def test_a_killed_first_sync_goes_on_where_it_was() -> None:
    world = World(P95, Series(name="errors", query="errors", model="churn"))
    for query in ("p95", "errors"):
        world.answers.lines[query] = [(V14, lambda at: at)]
    await world.poll(most=2)  # alerts, and the coarse past of the first
    assert [one["query"] for one in world.answers.ranges if one["query"] == "p95"] == ["p95"]
    world.source = world.opened()
    kept = await world.after(1)
    assert [(query, step) for query in ("p95", "errors") for _, _, step in world.answers.asked(query)] == [
        ("p95", 60.0), ("errors", 600.0), ("errors", 60.0),
    ]  # fmt: skip
    whole = World(P95, now=world.now)
    whole.answers.lines["p95"] = [(V14, lambda at: at)]
    await whole.poll()
    assert kept.of("p95") == whole.kept.of("p95")


async def test_after_a_long_pause_the_gap_is_read_coarsely_and_its_end_finely() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, lambda at: at)]
    await world.poll()
    before = NOW // 60 * 60
    await world.after(2 * DAY)
    far, near = world.answers.asked("p95")
    assert far[2] == 600
    assert before - 120 <= far[0] <= before + 600
    assert near[0] <= far[1] + 60
    assert near[1] == world.now // 60 * 60
    assert near[1] - near[0] <= FINE / 1000 + 600


async def test_a_fine_step_is_made_coarser_where_there_would_be_too_many_points() -> None:
    world = World(P95, step="1s")
    world.answers.lines["p95"] = [(V14, always(0.1))]
    kept = await world.poll()
    assert [step for _, _, step in world.answers.asked("p95")] == [600.0, 3.0]
    assert kept.line("p95").step == 1000
    await world.after(30)
    assert world.answers.asked("p95") == [(NOW + 1, NOW + 30, 1.0)]
    await world.after(30)
    assert world.answers.asked("p95") == [(NOW + 29, NOW + 60, 1.0)]


async def test_a_long_query_is_posted_as_a_form() -> None:
    query = "sum(rate(x[5m])) + " * 200 + "1"
    world = World(Series(name="long", query=query, model="churn"))
    world.answers.lines[query] = [({}, always(1.0))]
    kept = await world.poll()
    assert kept.trouble is None
    assert kept.line("long").value is None  # what the cache works out
    assert len(world.answers.asked(query)) == 2


async def test_a_version_that_is_served_no_more_stays_and_is_looked_at() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V13, until(NOW + 100)), (V14, always(0.1))]
    await world.poll()
    kept = await world.after(10 * MINUTE)
    assert kept.line("p95", version="13").looked_at == world.now * 1000
    assert max(kept.of("p95", version="13")) == (NOW + 100) // 60 * 60_000
    world.answers.lines["p95"] = []  # and nothing at all is no error
    kept = await world.after(10 * MINUTE)
    assert kept.trouble is None
    assert kept.line("p95", version="14").looked_at == world.now * 1000
    assert kept.alerts == ()


async def test_a_line_that_said_nothing_for_two_weeks_goes() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V13, until(NOW)), (V14, always(0.1))]
    await world.poll()
    for _ in range(13):
        await world.after(DAY)
    assert {one.version for one in world.kept.series.values()} == {"13", "14"}
    await world.after(DAY + HOUR)
    assert {one.version for one in world.kept.series.values()} == {"14"}


async def test_what_the_settings_want_no_more_goes_and_what_asks_otherwise_is_read_anew() -> None:
    errors = Series(name="errors", query="errors")
    world = World(P95, errors)
    for query in ("p95", "p95 * 1000", "errors"):
        world.answers.lines[query] = [(V14, always(0.1))]
    await world.poll()
    world.change(Series(name="p95", query="p95 * 1000", model_label="model"))
    kept = await world.after(60)
    assert {one.name for one in kept.series.values()} == {"p95"}
    assert [step for _, _, step in world.answers.asked("p95 * 1000")] == [600.0, 60.0]
    assert kept.line("p95").query == "p95 * 1000"
    world.change(Series(name="p95", query="p95 * 1000", model_label="model", max=5.0))  # another threshold only
    await world.after(60)
    assert len(world.answers.asked("p95 * 1000")) == 1
    assert world.kept.line("p95").max == 5.0


async def test_figures_that_are_no_numbers_are_kept_as_they_are() -> None:
    world = World(P95)
    odd = ["NaN", "+Inf", "-Inf", "1"]
    world.answers.lines["p95"] = [(V14, lambda at: odd[int(at / 60) % 4])]
    kept = await world.poll()
    values = [value for value, _ in kept.of("p95").values()]
    assert {repr(value) for value in values} == {"nan", "inf", "-inf", "1.0"}


# -- objectives -------------------------------------------------------------------------------------------------

SLO = Series(name="slo", objective=0.99, good="good", total="total", model_label="model")


async def test_an_objective_joins_its_queries_by_labels_and_time() -> None:
    world = World(SLO)
    world.answers.lines["good"] = [(V14, always(98.0)), (V13, always(5.0))]
    world.answers.lines["total"] = [(V13, always(10.0)), (V14, lambda at: 100.0 if at // 60 % 2 else None)]
    kept = await world.poll()
    line = kept.line("slo", version="14")
    assert (line.objective, line.query, line.model) == (0.99, "good", "churn")
    fine = {point for at, point in kept.of("slo", version="14").items() if at > (NOW - 5 * HOUR) * 1000}
    assert fine == {(98.0, 100.0)}
    assert all(at // 60_000 % 2 for at in kept.of("slo", version="14"))
    assert set(kept.of("slo", version="13").values()) == {(5.0, 10.0), (50.0, 100.0)}


async def test_coarse_points_of_an_objective_weigh_as_much_as_the_time_that_they_stand_for() -> None:
    world = World(SLO)
    bad_until = NOW - 12 * HOUR
    world.answers.lines["total"] = [(V14, always(100.0))]
    world.answers.lines["good"] = [(V14, lambda at: 0.0 if at <= bad_until else 100.0)]
    kept = await world.poll()
    points = sorted(kept.of("slo").items())
    samples = Samples(
        source="k", key="x", times=_times(points), values=_column(points, 0), totals=_column(points, 1)
    )  # fmt: skip
    day = burn_rates(samples, 0.99, NOW * 1000)[2]
    assert day.long_rate == pytest.approx(50, rel=0.02)  # half of the day was bad


def _times(points: Sequence[tuple[int, Any]]) -> Any:
    from array import array

    return array("q", [at for at, _ in points])


def _column(points: Sequence[tuple[int, Any]], which: int) -> Any:
    from array import array

    return array("d", [point[which] for _, point in points])


async def test_nothing_good_at_all_is_a_zero_once_there_was_something_good() -> None:
    world = World(SLO)
    world.answers.lines["total"] = [(V14, always(100.0))]
    world.answers.lines["good"] = [(V14, until(NOW))]
    await world.poll()
    kept = await world.after(10 * MINUTE)
    assert kept.trouble is None
    newest = max(kept.of("slo"))
    assert kept.of("slo")[newest] == (0.0, 100.0)


async def test_labels_that_only_one_query_has_are_told_and_the_others_are_kept() -> None:
    world = World(SLO)
    world.answers.lines["total"] = [(V14, always(100.0)), ({"model": "churn"}, always(1.0))]
    world.answers.lines["good"] = [(V14, always(100.0))]
    kept = await world.poll()
    assert kept.trouble is not None
    assert str(kept.trouble) == "“slo”: good and total do not both have model=churn."
    assert {one.version for one in kept.series.values()} == {"14"}
    world.answers.lines["total"].pop()
    assert (await world.after(60)).trouble is None


async def test_traffic_that_is_zero_or_no_number_is_kept_as_it_is() -> None:
    world = World(SLO)
    world.answers.lines["total"] = [(V14, lambda at: 0.0 if at // 60 % 2 else "NaN")]
    world.answers.lines["good"] = [(V14, always(0.0))]
    totals = [total for _, total in (await world.poll()).of("slo").values() if total is not None]
    assert 0.0 in totals
    assert any(math.isnan(total) for total in totals)


# -- trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "state", "said"),
    [
        (error(400, "bad_data", "1:4: parse error"), "misconfigured", "the server refuses the query: “1:4: parse"),
        (error(422, "execution", "many-to-many matching"), "misconfigured", "refuses the query: “many-to-many"),
        (error(503, "timeout", "query timed out"), "not_understood", "the server gave up: “query timed out”"),
        (Told({"status": "success", "data": {"resultType": "vector", "result": []}}), "not_understood",
         "the answer is a vector"),
    ],
)  # fmt: skip
async def test_one_bad_query_is_told_and_stops_no_other(told: Told, state: str, said: str) -> None:
    world = World(Series(name="bad one", query="bad"), P95)
    world.answers.refused["bad"] = told
    world.answers.lines["p95"] = [(V14, always(0.1))]
    kept = await world.poll()
    assert kept.trouble is not None
    assert str(kept.trouble).startswith("“bad one”: ")
    assert said in str(kept.trouble)
    assert kept.trouble.state == state
    assert kept.of("p95")
    before = max(kept.of("p95"))
    kept = await world.after(60)
    assert kept.trouble is not None
    assert max(kept.of("p95")) > before
    del world.answers.refused["bad"]
    world.answers.lines["bad"] = [(V14, always(1.0))]
    kept = await world.after(60)
    assert kept.trouble is None
    assert len(kept.of("bad one")) > 2000


async def test_a_trouble_is_told_at_every_pass_until_it_is_over() -> None:
    lines = [Series(name=f"l{number}", query=f"l{number}") for number in range(9)]
    world = World(*lines)
    world.answers.refused |= {f"l{number}": error(400, "bad_data", "no") for number in range(5)}
    kept = await world.poll()
    for _ in range(3):
        assert kept.trouble is not None
        assert str(kept.trouble).endswith("And 2 more.")
        kept = await world.after(60)


async def test_more_lines_than_anybody_looks_at_are_refused() -> None:
    world = World(P95, Series(name="per pod", query="pods"))
    world.answers.lines["p95"] = [(V14, always(0.1))]
    world.answers.lines["pods"] = [({"pod": f"p{number}"}, since(NOW - HOUR)) for number in range(201)]
    kept = await world.poll()
    assert str(kept.trouble) == (
        "“per pod”: it has more than 200 sets of labels in two weeks and is not read: sum it by model and version."
    )
    assert {one.name for one in kept.series.values()} == {"p95"}
    world.answers.lines["pods"].pop()
    kept = await world.after(60)
    assert kept.trouble is None
    assert len(kept.series) == 201
    world.answers.lines["pods"] = [({"pod": "the next"}, always(1.0))]
    assert (await world.after(60)).trouble is not None


async def test_the_servers_warnings_are_told_and_its_figures_kept() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, always(0.1))]
    world.answers.warnings = ["1 of 2 stores did not answer"]
    kept = await world.poll()
    assert str(kept.trouble) == "“p95”: the server warns: “1 of 2 stores did not answer”."
    assert kept.of("p95")


@pytest.mark.parametrize(
    ("told", "state", "said"),
    [
        (Told(b"Unauthorized\n", 401), "unauthorised", "wants a login"),
        (Told(b"no", 403), "forbidden", "forbids it"),
        (Told(b"404 page not found", 404), "misconfigured", "no Prometheus API at this address"),
        (Told(b"<html><title>Grafana</title>", 200, {"Content-Type": "text/html"}), "not_understood", "“Grafana”"),
        (Told({"status": "success", "data": []}), "not_understood", "not understood"),
        (Told(b"", 503, {"Retry-After": "30"}), "unreachable", "failed on its own side"),
        (Told(b"", 429), "limited", "left alone"),
    ],
)
async def test_trouble_of_the_whole_server_ends_the_pass(told: Told, state: str, said: str) -> None:
    world = World(P95)
    world.answers.refused["alerts"] = told
    with pytest.raises(SourceError, match=said) as caught:
        await world.poll()
    assert caught.value.state == state


async def test_a_server_that_fails_in_the_middle_of_a_first_sync_loses_nothing() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, lambda at: at)]
    world.answers.refused["p95"] = Told(b"", 503, {"Retry-After": "30"})
    with pytest.raises(SourceError):
        await world.poll()
    del world.answers.refused["p95"]
    kept = await world.after(60)
    assert len(world.answers.asked("p95")) == 2
    assert len(kept.of("p95")) > 2000


# -- alerts ---------------------------------------------------------------------------------------------------------


def fires(name: str, since: str, state: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} is so"}, "state": state,
        "activeAt": since, "value": "1e+00",
    }  # fmt: skip


async def test_alerts_of_now_come_with_every_pass_those_that_fire_first() -> None:
    world = World(P95)
    world.answers.alerts = [
        fires("A", "2026-11-22T09:45:47Z", "pending", model="churn"),
        fires("B", "2026-11-22T09:45:47Z", severity="page"),
        fires("A", "2026-11-22T09:46:00Z", model="churn"),  # the same labels of another rule
    ]
    kept = await world.poll()
    assert kept.alerts is not None
    assert [(one.name, one.state, one.model, one.severity) for one in kept.alerts] == [
        ("B", "firing", "", "page"), ("A", "firing", "churn", ""),
    ]  # fmt: skip
    world.answers.alerts = []
    assert (await world.after(30)).alerts == ()


async def test_a_label_that_the_settings_use_names_the_model_of_an_alert() -> None:
    world = World(Series(name="p95", query="p95", model_label="served_model"))
    world.answers.alerts = [fires("A", "2026-11-22T09:45:47Z", served_model="churn")]
    (alert,) = (await world.poll()).alerts or ()
    assert alert.model == "churn"


async def test_alerts_of_the_past_are_read_at_the_first_sync_and_after_a_pause() -> None:
    world = World(P95)
    labels = {"__name__": "ALERTS", "alertname": "A", "alertstate": "firing", "model": "churn"}
    query = 'ALERTS{alertstate="firing"}'
    world.answers.lines[query] = [(labels, lambda at: 1 if NOW - 2 * DAY <= at <= NOW - DAY else None)]
    kept = await world.poll()
    (alert,) = kept.past
    assert (alert.name, alert.model, alert.state) == ("A", "churn", "over")
    assert abs(alert.since / 1000 - (NOW - 2 * DAY)) <= 600
    assert (alert.ended_not_before or 0) / 1000 <= NOW - DAY < (alert.ended_at or 0) / 1000
    await world.after(30)
    assert world.answers.asked(query) == []
    known = NOW + 20  # fires at the next look, and is over in the pause after it
    world.answers.lines[query] = [
        (labels, lambda at: 1 if known <= at <= known + HOUR or NOW + 2 * HOUR <= at <= NOW + 3 * HOUR else None)
    ]
    kept = await world.after(4 * HOUR)
    assert world.requests <= 5
    assert len(kept.past) == 2
    assert abs(kept.past[1].since / 1000 - (NOW + 2 * HOUR)) <= 60


async def test_a_server_without_series_is_asked_for_alerts_alone() -> None:
    world = World()
    kept = await world.poll()
    assert (kept.alerts, kept.series, kept.trouble) == ((), {}, None)
    await world.after(30)
    assert world.requests == 1


# -- what somebody looks at, and sweeps -------------------------------------------------------------------------------


async def test_a_series_that_is_looked_at_is_read_at_once_and_no_cursor_moves() -> None:
    world = World(P95, Series(name="errors", query="errors"))
    for query in ("p95", "errors"):
        world.answers.lines[query] = [(V14, lambda at: at)]
    await world.poll()
    cursor, key = world.kept.cursor, world.kept.line("p95").key
    world.now += 3 * MINUTE
    world.answers.ranges.clear()
    await world.kept.take(world.source.want(Want(kind="series", source="k", keys=(key,))))
    assert world.kept.cursor == cursor
    assert [one["query"] for one in world.answers.ranges] == ["p95"]
    assert max(world.kept.of("p95")) == (NOW + 3 * MINUTE) // 60 * 60_000
    await world.kept.take(world.source.want(Want(kind="series", source="k", keys=("another",))))
    assert len(world.answers.ranges) == 1
    await world.after(1)
    assert len(world.answers.asked("p95")) == 1  # the pass asks for the same once more


async def test_a_sweep_asks_for_all_that_was_ever_asked_for_once_more() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, always(1.0))]
    await world.poll()
    for _ in range(3):
        await world.after(60)
    times = set(world.kept.of("p95"))
    world.answers.lines["p95"] = [(V14, always(2.0))]  # filled in, or written anew
    world.answers.ranges.clear()
    await world.kept.take(world.source.sweep(world.kept.cursor))
    assert set(world.kept.of("p95")) == times
    assert {value for value, _ in world.kept.of("p95").values()} == {2.0}
    assert world.kept.batches[-1].done == world.kept.batches[-1].total == 2
    assert (await world.after(60)).trouble is None
    assert len(world.answers.asked("p95")) == 1


async def test_a_cursor_of_another_version_is_begun_anew() -> None:
    world = World(P95)
    world.answers.lines["p95"] = [(V14, always(1.0))]
    await world.poll()
    world.kept.cursor = {**world.kept.cursor, "version": 99}
    await world.after(60)
    assert len(world.answers.asked("p95")) == 2


async def test_complaints_tell_of_queries_that_are_refused_or_find_nothing() -> None:
    world = World(P95, Series(name="none", query="none"), Series(name="bad", query="bad"))
    world.answers.lines["p95"] = [(V14, always(1.0))]
    world.answers.refused["bad"] = error(400, "bad_data", "1:1: parse error")
    assert await world.source.complaints() == [
        ("“none” finds nothing there now: none", False),
        ("“bad”: the server refuses the query: “1:1: parse error”.", True),
    ]
