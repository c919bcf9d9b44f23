"""What of a watched run is told, and that it is told once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Dataset, Metric, Point, Run, Series, SourceState
from quarterdeck.app.watching import AT_LEAST, Notice, Seen, Sight, begin, deciding_metric, look, unlike_data

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
START = 1_770_000_000_000
AHEAD = 5 * HOUR
"""How far the trainer's clock is ahead of ours: nothing may depend on it."""
BETTER = {"auc": True, "loss": False}


def a_run(**changes: Any) -> Run:
    facts: dict[str, Any] = {
        "source": "m", "id": "4f2c", "experiment_id": "1", "name": "brave-cod", "status": "running",
        "started_at": START,
    }  # fmt: skip
    return Run(**(facts | changes))


def at_step(step: int, at: int, **values: float) -> dict[str, Metric]:
    """Metrics as they were logged at one step, `at` milliseconds after the start on the trainer's clock."""
    return {name: Metric(value=value, step=step, at=START + AHEAD + at) for name, value in values.items()}


def a_sight(at: int, *, ok: bool = True, looked: int | None = None, **changes: Any) -> Sight:
    """What is so `at` milliseconds after the start; the source answered just then unless `looked` says when."""
    state = SourceState(
        source="m", kind="mlflow", name="mlflow", state="ok" if ok else "unreachable",
        last_ok_at=START + (at if looked is None else looked),
    )  # fmt: skip
    facts: dict[str, Any] = {"now": START + at, "better": BETTER, "states": {"m": state}}
    return Sight(**(facts | changes))


class Watch:
    """Somebody who watches one run."""

    def __init__(self, run: Run, **changes: Any) -> None:
        self.watched: dict[str, Seen] = {run.id: begin(run, "churn", a_sight(0, **changes))}
        self.told: list[Notice] = []

    def look(self, run: Run | None, sight: Sight) -> list[str]:
        """Look once; gives the kinds of what was told."""
        notices, self.watched = look(self.watched, [run] if run else [], sight)
        self.told += notices
        return [notice.kind for notice in notices]

    @property
    def last(self) -> Notice:
        return self.told[-1]


# -- its end


@pytest.mark.parametrize("status", ["finished", "failed", "killed", "deleted"])
def test_the_end_is_told_with_how_long_it_took_and_the_deciding_metric(status: str) -> None:
    watch = Watch(a_run())
    ended = a_run(status=status, ended_at=START + 17 * MINUTE, metrics=at_step(200, 0, auc=0.94, loss=0.2))
    assert watch.look(ended, a_sight(20 * MINUTE)) == ["ended"]
    assert (watch.last.status, watch.last.lasted) == (status, 17 * MINUTE)
    assert (watch.last.metrics, watch.last.value, watch.last.step) == (("auc",), 0.94, 200)
    assert watch.watched == {}


def test_a_scheduled_run_that_begins_is_watched_on() -> None:
    watch = Watch(a_run(status="scheduled", started_at=None))
    assert watch.look(a_run(), a_sight(MINUTE)) == []
    assert watch.watched["4f2c"].status == "running"
    assert watch.look(a_run(status="killed"), a_sight(2 * MINUTE)) == ["ended"]


def test_a_run_that_the_cache_does_not_have_now_stays_watched() -> None:
    watch = Watch(a_run())
    before = dict(watch.watched)
    assert watch.look(None, a_sight(MINUTE)) == []
    assert watch.watched == before


def test_the_end_says_how_far_it_came_from_the_baseline() -> None:
    base = a_run(id="base", metrics=at_step(1, 0, auc=0.95))
    watch = Watch(a_run(), baselines={"churn": base})
    ended = a_run(status="finished", metrics=at_step(9, 0, auc=0.94))
    assert watch.look(ended, a_sight(MINUTE, baselines={"churn": base})) == ["ended"]
    assert watch.last.lead == pytest.approx(-0.01)
    assert not watch.last.better


def test_without_a_declared_direction_the_first_metric_by_name_decides_and_the_machines_never() -> None:
    metrics = at_step(1, 0, **{"system/cpu": 40.0, "zeta": 1.0, "f1": 0.5})
    assert deciding_metric(a_run(metrics=metrics), {}) == "f1"
    assert deciding_metric(a_run(metrics=metrics), {"zeta": True}) == "zeta"
    assert deciding_metric(a_run(metrics=at_step(1, 0, **{"system/cpu": 40.0})), {}) is None


# -- numbers that are none


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_turns_is_told_with_its_step(value: float) -> None:
    watch = Watch(a_run(metrics=at_step(1, 0, loss=0.4)))
    turned = a_run(metrics=at_step(120, MINUTE, loss=value))
    assert watch.look(turned, a_sight(MINUTE)) == ["odd"]
    assert (watch.last.metrics, watch.last.step) == (("loss",), 120)
    assert watch.last.value is not None
    assert str(watch.last.value) == str(value)
    assert watch.look(turned, a_sight(2 * MINUTE)) == []


def test_several_that_turn_together_are_one_notice() -> None:
    watch = Watch(a_run())
    turned = a_run(metrics=at_step(7, 0, b=math.nan, a=math.nan, **{"system/power": math.nan}))
    assert watch.look(turned, a_sight(MINUTE)) == ["odd"]
    assert watch.last.metrics == ("a", "b", "system/power")


def test_what_was_no_number_when_it_was_marked_is_no_news() -> None:
    run = a_run(metrics=at_step(3, 0, loss=math.nan))
    assert Watch(run).look(run, a_sight(MINUTE)) == []


def a_series(key: str, *points: tuple[int, int, float], history: Any = "complete") -> Series:
    """Of (step, milliseconds after the start on the trainer's clock, value)."""
    made = [Point(step=step, at=START + AHEAD + at, value=value) for step, at, value in points]
    return Series.of("4f2c", key, made, history)


def test_a_nan_between_two_looks_is_found_in_the_history_and_an_old_one_is_not() -> None:
    watch = Watch(a_run(metrics=at_step(5, 5 * SECOND, loss=0.5)))
    recovered = a_run(metrics=at_step(9, 9 * SECOND, loss=0.3))
    old = a_series("loss", (3, 3 * SECOND, math.nan), (9, 9 * SECOND, 0.3))
    assert watch.look(recovered, a_sight(MINUTE, series={"4f2c": (old,)})) == []
    new = a_series("loss", (3, 3 * SECOND, math.nan), (7, 7 * SECOND, math.nan), (9, 9 * SECOND, 0.3))
    assert watch.look(recovered, a_sight(MINUTE, series={"4f2c": (new,)})) == ["odd"]
    assert watch.last.step == 7


# -- the baseline


def a_base(value: float = 0.9, **changes: Any) -> Run:
    return a_run(**({"id": "base", "status": "finished", "metrics": at_step(9, 0, auc=value)} | changes))


def test_beating_the_baseline_is_told_once_though_it_falls_back_and_rises_again() -> None:
    base = {"churn": a_base()}
    watch = Watch(a_run(metrics=at_step(1, 0, auc=0.5)), baselines=base)
    kinds = [
        watch.look(a_run(metrics=at_step(step, step * SECOND, auc=value)), a_sight(step * SECOND, baselines=base))
        for step, value in enumerate((0.8, 0.91, 0.92, 0.85, 0.95), start=2)
    ]
    assert kinds == [[], ["beats"], [], [], []]
    assert (watch.last.metrics, watch.last.value, watch.last.step) == (("auc",), 0.91, 3)
    assert watch.last.lead == pytest.approx(0.01)


def test_smaller_beats_where_smaller_is_better() -> None:
    base = {"churn": a_base(metrics=at_step(9, 0, loss=0.3))}
    watch = Watch(a_run(metrics=at_step(1, 0, loss=0.5)), baselines=base)
    assert watch.look(a_run(metrics=at_step(2, 1, loss=0.2)), a_sight(1, baselines=base)) == ["beats"]


@pytest.mark.parametrize(
    ("value", "base", "better"),
    [
        (0.9, a_base(0.9), BETTER),
        (math.inf, a_base(math.inf), BETTER),
        (0.95, a_base(math.nan), BETTER),
        (0.95, a_base(metrics=at_step(1, 0, other=0.1)), BETTER),
        (0.95, a_base(), {}),
        (0.95, a_base(datasets=(Dataset(name="orders", digest="b", context="training"),)), BETTER),
    ],
    ids=["equal", "both infinite", "baseline is NaN", "no such metric", "no direction", "unlike data"],
)
def test_what_cannot_be_compared_or_is_no_better_beats_nothing(value: float, base: Run, better: Any) -> None:
    data = (Dataset(name="orders", digest="a", context="training"),)
    facts = {"baselines": {"churn": base}, "better": better}
    watch = Watch(a_run(datasets=data, metrics=at_step(1, 0, auc=0.1)), **facts)
    after = a_run(datasets=data, metrics=at_step(2, 1, auc=value))
    assert "beats" not in watch.look(after, a_sight(1, **facts))


def test_being_ahead_when_marked_or_when_the_baseline_changes_is_no_news() -> None:
    run = a_run(metrics=at_step(1, 0, auc=0.95))
    watch = Watch(run, baselines={"churn": a_base()})
    assert watch.look(run, a_sight(1, baselines={"churn": a_base()})) == []
    other = {"churn": a_base(0.7, id="other")}
    assert watch.look(run, a_sight(2, baselines=other)) == []
    higher = {"churn": a_base(0.96, id="higher")}
    assert watch.look(run, a_sight(3, baselines=higher)) == []
    assert watch.look(a_run(metrics=at_step(2, 1, auc=0.97)), a_sight(4, baselines=higher)) == ["beats"]


def test_a_baseline_does_not_beat_itself() -> None:
    run = a_run(metrics=at_step(1, 0, auc=0.9))
    watch = Watch(run, baselines={"churn": run})
    better = a_run(metrics=at_step(2, 1, auc=0.95))
    assert watch.look(better, a_sight(1, baselines={"churn": run})) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "unlike"),
    [
        ([("orders", "a", "training")], [("orders", "a", "training")], False),
        ([("orders", "a", "training")], [("orders", "b", "training")], True),
        ([("orders", "a", "training")], [("renamed", "a", "training")], False),
        ([("orders", "a", "training")], [("orders", "b", "validation")], False),
        ([("orders", "a", None)], [("orders", "b", None)], True),
        ([], [("orders", "b", "training")], False),
        ([("o", "a", "training"), ("p", "x", "training")], [("o", "a", "training")], True),
    ],
)
def test_data_is_unlike_where_one_context_has_other_digests(mine: Any, theirs: Any, unlike: bool) -> None:
    def given_data(facts: Iterable[tuple[str, str, str | None]]) -> Run:
        return a_run(datasets=tuple(Dataset(name=n, digest=d, context=c) for n, d, c in facts))

    assert unlike_data(given_data(mine), given_data(theirs)) is unlike


# -- its pulse


def every(seconds: int, number: int, key: str = "loss") -> Series:
    return a_series(key, *((step, step * seconds * SECOND, 0.5) for step in range(number)))


def quiet(
    run: Run, series: Series | None, *, until: int, every: int = 30 * SECOND
) -> tuple[Watch, list[tuple[int, str]]]:
    """Look at a run that logs nothing any more, at each pass; gives when what was told."""
    watch, found = Watch(run), []
    held = {"4f2c": (series,)} if series else {}
    for at in range(every, until + 1, every):
        found += [(at, kind) for kind in watch.look(run, a_sight(at, series=held))]
    return watch, found


def test_a_stall_is_told_after_three_of_its_usual_intervals_and_a_minute_at_least() -> None:
    run = a_run(metrics=at_step(9, 9 * SECOND, loss=0.5))
    watch, told = quiet(run, every(1, 10), until=10 * MINUTE)
    assert told == [(90 * SECOND, "stalled")]  # the first pass after a minute
    assert (watch.last.lasted, watch.last.usual) == (90 * SECOND, SECOND)
    _, told = quiet(run, every(60, 10), until=10 * MINUTE)
    assert told == [(3 * MINUTE + 30 * SECOND, "stalled")]


def test_a_pause_that_came_twice_is_a_habit() -> None:
    steps = [0, 1, 2, 3, 123, 124, 125, 126, 246, 247]  # two minutes of validation after each epoch
    series = a_series("loss", *((step, at * SECOND, 0.5) for step, at in enumerate(steps)))
    _, told = quiet(a_run(metrics=at_step(9, 247 * SECOND, loss=0.5)), series, until=10 * MINUTE)
    assert told == [(3 * MINUTE + 30 * SECOND, "stalled")]  # 1.5 times two minutes, not three seconds


def test_a_run_of_which_no_rhythm_is_known_never_stalls() -> None:
    _, told = quiet(a_run(), None, until=2 * HOUR)
    assert told == []
    _, told = quiet(a_run(metrics=at_step(1, 0, loss=0.5)), every(1, 2), until=2 * HOUR)
    assert told == []


def test_a_thinned_out_history_says_nothing_of_the_rhythm() -> None:
    thin = a_series("loss", *((step, step * SECOND, 0.5) for step in range(10)), history="sampled")
    assert quiet(a_run(metrics=at_step(9, 9 * SECOND, loss=0.5)), thin, until=HOUR)[1] == []


def test_metrics_of_the_machine_do_not_hide_a_stall() -> None:
    run = a_run(metrics=at_step(9, 9 * SECOND, loss=0.5))
    watch, told = Watch(run), []
    for at in range(30 * SECOND, 5 * MINUTE, 30 * SECOND):
        busy = a_run(metrics=dict(run.metrics) | at_step(at // SECOND, at, **{"system/cpu": 90.0}))
        told += watch.look(busy, a_sight(at, series={"4f2c": (every(1, 10), every(10, 10, "system/cpu"))}))
    assert told == ["stalled"]


def test_the_rhythm_is_learnt_by_looking_where_no_history_is_known() -> None:
    watch = Watch(a_run(metrics=at_step(0, 0, loss=0.5)))
    told: list[tuple[int, str]] = []
    for at in range(30 * SECOND, 20 * MINUTE, 30 * SECOND):
        step = min(at, 5 * MINUTE) // MINUTE  # one a minute, and nothing after the fifth
        run = a_run(metrics=at_step(step, step * MINUTE, loss=0.5))
        told += [(at, kind) for kind in watch.look(run, a_sight(at))]
    assert told == [(8 * MINUTE + 30 * SECOND, "stalled")]
    assert watch.last.usual == MINUTE


def test_a_run_that_logs_again_is_told_and_may_stall_again() -> None:
    run = a_run(metrics=at_step(9, 9 * SECOND, loss=0.5))
    watch, _ = quiet(run, every(1, 10), until=2 * MINUTE)
    held = {"4f2c": (every(1, 10),)}
    again = a_run(metrics=at_step(10, 5 * MINUTE, loss=0.4))
    assert watch.look(again, a_sight(5 * MINUTE, series=held)) == ["resumed"]
    assert watch.last.lasted == 5 * MINUTE
    kinds = [watch.look(again, a_sight(5 * MINUTE + at, series=held)) for at in (30_000, 60_000, 90_000, 120_000)]
    assert kinds == [[], [], ["stalled"], []]


def test_time_in_which_nobody_looked_is_no_stall() -> None:
    run, held = a_run(metrics=at_step(9, 9 * SECOND, loss=0.5)), {"4f2c": (every(1, 10),)}
    watch = Watch(run)
    assert watch.look(run, a_sight(30 * SECOND, series=held)) == []
    # the server is away for an hour, then answers and has nothing new yet
    for at in range(MINUTE, HOUR, MINUTE):
        assert watch.look(run, a_sight(at, ok=False, looked=30 * SECOND, series=held)) == []
    assert watch.look(run, a_sight(HOUR, series=held)) == []
    assert watch.watched["4f2c"].quiet == 30 * SECOND
    # the syncer slept for a night, and said nothing of it
    assert watch.look(run, a_sight(9 * HOUR, series=held)) == []
    assert watch.look(run, a_sight(9 * HOUR + AT_LEAST, series=held)) == ["stalled"]


def test_a_syncer_that_does_not_look_makes_no_stall() -> None:
    run, held = a_run(metrics=at_step(9, 9 * SECOND, loss=0.5)), {"4f2c": (every(1, 10),)}
    watch = Watch(run)
    for at in range(MINUTE, 3 * HOUR, MINUTE):
        assert watch.look(run, a_sight(at, looked=0, series=held)) == []


def test_a_syncer_that_looks_seldom_still_finds_a_stall() -> None:
    _, told = quiet(a_run(metrics=at_step(9, 9 * SECOND, loss=0.5)), every(1, 10), until=HOUR, every=10 * MINUTE)
    assert told == [(20 * MINUTE, "stalled")]  # the first such step might have been a sleep


# -- once


VALUES = st.sampled_from([0.1, 0.5, 0.9, 0.95, math.nan, math.inf])
MOMENTS = st.lists(
    st.tuples(
        st.sampled_from(["running"] * 12 + ["scheduled", "finished", "failed"]),
        st.sampled_from([1, 10, 30, 90, 400, 4_000]),  # seconds since the moment before
        st.booleans(),  # whether it logged
        st.sampled_from([True, True, True, False]),  # whether the source answered
        VALUES,
        VALUES,
    ),
    max_size=40,
)


@given(MOMENTS, st.booleans())
def test_each_thing_is_told_once(moments: list[Any], with_history: bool) -> None:
    base = {"churn": a_base()}
    held = {"4f2c": (every(1, 10),)} if with_history else {}
    watch = Watch(a_run(), baselines=base, series=held)
    at = step = looked = 0
    metrics: dict[str, Metric] = {}
    for status, seconds, logged, ok, auc, loss in moments:
        at += seconds * SECOND
        looked = at if ok else looked
        if logged:
            step += 1
            metrics = at_step(step, at, auc=auc, loss=loss)
        sight = a_sight(at, ok=ok, looked=looked, baselines=base, series=held)
        run = a_run(status=status, metrics=metrics)
        watch.look(run, sight)
        assert watch.look(run, sight) == []  # what was told is not told again
        # nor after a restart
        watch.watched = msgspec.json.decode(msgspec.json.encode(watch.watched), type=dict[str, Seen])
        assert watch.look(run, sight) == []
    kinds = [notice.kind for notice in watch.told]
    assert kinds.count("ended") <= 1
    assert kinds.count("beats") <= 1
    turned = [name for notice in watch.told if notice.kind == "odd" for name in notice.metrics]
    assert len(turned) == len(set(turned))
    pulse = [kind for kind in kinds if kind in ("stalled", "resumed")]
    assert all(kind == ("stalled", "resumed")[at % 2] for at, kind in enumerate(pulse))
    assert ("ended" in kinds) is not ("4f2c" in watch.watched)
