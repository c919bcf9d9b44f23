"""How lines of production stand: tables with the workbook's numbers, and properties over any points."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.monitoring import (
    COARSE,
    UNASKED,
    WINDOWS,
    Burn,
    burn_rates,
    gaps,
    is_silent,
    is_stale,
    is_unasked,
    standing,
)
from quarterdeck.app.records import MonitorSeries, Samples

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_795_340_700_000


def line(**facts: Any) -> MonitorSeries:
    known: dict[str, Any] = {"source": "s", "key": "k", "name": "line", "value": 1.0, "at": NOW, "looked_at": NOW}
    return MonitorSeries(**(known | facts))


def counts(stretches: Sequence[tuple[int, float]], step: int = MINUTE, total: float = 1000.0) -> Samples:
    """Points up to NOW; `stretches` are minutes and share of failures, the newest last."""
    shares = [share for minutes, share in stretches for _ in range(minutes * MINUTE // step)]
    times = [NOW - step * (len(shares) - 1 - at) for at in range(len(shares))]
    good = [total * (1 - share) for share in shares]
    return samples(times, good, [total] * len(shares))


def samples(times: Sequence[int], good: Sequence[float], totals: Sequence[float] | None) -> Samples:
    return Samples(
        source="s", key="k", times=array("q", times), values=array("d", good),
        totals=None if totals is None else array("d", totals),
    )  # fmt: skip


def burning(burns: Sequence[Burn]) -> list[float]:
    return [burn.window.factor for burn in burns if burn.is_burning]


def test_the_windows_spend_what_the_workbook_says_of_a_budget_of_30_days() -> None:
    spent = [round(window.factor * window.long / (30 * 24 * HOUR), 6) for window in WINDOWS]
    assert spent == [0.02, 0.05, 0.10, 0.10]
    assert [window.long // window.short for window in WINDOWS] == [12] * 4
    assert [window.is_urgent for window in WINDOWS] == [True, True, False, False]


@pytest.mark.parametrize(
    ("stretches", "burns"),
    [
        ([(72 * 60, 0.0)], []),
        ([(72 * 60, 0.0009)], []),
        ([(72 * 60, 0.001)], [1.0]),  # exactly as fast as the budget lasts
        ([(72 * 60, 0.003)], [3.0, 1.0]),
        ([(72 * 60, 0.006)], [6.0, 3.0, 1.0]),
        ([(72 * 60, 0.0144)], [14.4, 6.0, 3.0, 1.0]),
        ([(72 * 60, 0.0), (60, 0.0144)], [14.4]),
        ([(72 * 60, 0.0), (60, 0.0143)], []),
        ([(72 * 60, 0.0), (59, 0.0145)], []),  # 14.26 in the hour
        ([(72 * 60, 0.0), (6 * 60, 0.006)], [6.0]),  # 1.5 in the day, 0.5 in three
        ([(72 * 60, 0.0), (24 * 60, 0.003)], [3.0, 1.0]),
        ([(72 * 60, 0.0), (5, 1.0)], [14.4, 6.0, 3.0, 1.0]),  # an outage of five minutes: 83 times in the hour
        ([(72 * 60, 0.0), (1, 0.5)], []),  # half a minute lost: 8.3 in the hour
        ([(72 * 60, 0.0), (55, 0.1), (5, 0.0)], [6.0, 3.0, 1.0]),  # over: the short window of the fastest lets go first
        ([(72 * 60, 0.0), (55, 0.1), (30, 0.0)], [3.0, 1.0]),
        ([(72 * 60, 0.0), (55, 0.1), (6 * 60, 0.0)], []),
    ],
)
def test_both_windows_must_agree_that_a_budget_of_a_thousandth_burns(
    stretches: list[tuple[int, float]], burns: list[float]
) -> None:
    assert burning(burn_rates(counts(stretches), 0.999, NOW)) == burns


def test_rates_are_those_of_the_points_inside_the_windows() -> None:
    found = burn_rates(counts([(72 * 60, 0.0), (60, 0.01)]), 0.99, NOW)
    assert [(burn.long_rate, burn.short_rate) for burn in found] == [
        (1.0, 1.0), (round(1 / 6, 9), 1.0), (round(1 / 24, 9), 0.5), (round(1 / 72, 9), round(1 / 6, 9)),
    ]  # fmt: skip


def test_nobody_there_burns_nothing() -> None:
    assert [(burn.long_rate, burn.short_rate) for burn in burn_rates(counts([]), 0.99, NOW)] == [(None, None)] * 4
    idle = counts([(72 * 60, 1.0)], total=0.0)
    assert [(burn.long_rate, burn.short_rate) for burn in burn_rates(idle, 0.99, NOW)] == [(None, None)] * 4
    assert standing(line(objective=0.99, value=math.nan), NOW, burn_rates(idle, 0.99, NOW)) == "no data"


def test_a_short_window_without_traffic_lets_the_budget_be() -> None:
    busy, idle = counts([(60, 1.0)]), counts([(5, 1.0)], total=0.0)
    moved = samples(
        [*(at - 5 * MINUTE for at in busy.times), *idle.times],
        [*busy.values, *idle.values],
        [*(busy.totals or ()), *(idle.totals or ())],
    )
    assert burning(burn_rates(moved, 0.999, NOW)) == [6.0, 3.0, 1.0]


def test_missing_points_are_not_taken_for_good_nor_for_bad() -> None:
    whole = counts([(72 * 60, 0.02)])
    every_third = samples(whole.times[::3], whole.values[::3], (whole.totals or array("d"))[::3])
    assert burning(burn_rates(every_third, 0.999, NOW)) == burning(burn_rates(whole, 0.999, NOW))
    holed = samples(
        whole.times, [math.nan if at % 2 else one for at, one in enumerate(whole.values)], whole.totals
    )  # fmt: skip
    assert burning(burn_rates(holed, 0.999, NOW)) == burning(burn_rates(whole, 0.999, NOW))


def test_the_windows_end_at_the_newest_point_until_it_is_too_old() -> None:
    outage = counts([(60, 1.0)])
    assert burning(burn_rates(outage, 0.999, NOW + UNASKED))[0] == 14.4
    late = burn_rates(outage, 0.999, NOW + UNASKED + 1)
    assert late[0].short_rate is None
    assert not late[0].is_burning


def test_points_after_now_do_not_count() -> None:
    assert burning(burn_rates(counts([(60, 1.0)]), 0.999, NOW - 2 * HOUR)) == []


def test_more_good_than_all_is_no_negative_burn() -> None:
    odd = samples([NOW], [12.0], [10.0])
    assert burn_rates(odd, 0.9, NOW)[0].long_rate == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80 * HOUR),
            st.one_of(st.floats(0, 1e9), st.just(math.nan), st.just(math.inf)),
            st.one_of(st.floats(0, 1e9), st.just(math.nan), st.just(-math.inf)),
        ),
        max_size=60,
        unique_by=lambda one: one[0],
    ),
    st.floats(0.5, 0.99999),
)
def test_a_rate_is_never_negative_nor_beyond_a_total_failure(
    points: list[tuple[int, float, float]], objective: float
) -> None:
    ordered = sorted(points)
    found = samples([NOW - 80 * HOUR + at for at, _, _ in ordered], [min(g, t) for _, g, t in ordered],
                    [t for _, _, t in ordered])  # fmt: skip
    for burn in burn_rates(found, objective, NOW):
        for rate in (burn.long_rate, burn.short_rate):
            assert rate is None or 0 <= rate <= 1 / (1 - objective) + 1e-6
        assert burn.long_rate is not None or burn.short_rate is None  # the short window lies within the long one


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(1e-3, 1e6))
def test_how_much_traffic_there_is_changes_no_rate(shares: list[float], traffic: float) -> None:
    times = [NOW - MINUTE * at for at in reversed(range(len(shares)))]
    one = burn_rates(samples(times, shares, [1.0] * len(shares)), 0.99, NOW)
    many = burn_rates(samples(times, [traffic * s for s in shares], [traffic] * len(shares)), 0.99, NOW)
    for first, second in zip(one, many, strict=True):
        assert first.long_rate == pytest.approx(second.long_rate, abs=1e-6)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"value": None, "at": None}, "no data"),
        ({"value": None, "at": None, "looked_at": None}, "no data"),
        ({}, "unknown"),
        ({"max": 2.0}, "good"),
        ({"max": 1.0}, "good"),
        ({"max": 0.99}, "bad"),
        ({"min": 1.01}, "bad"),
        ({"min": 0.5, "max": 2.0}, "good"),
        ({"value": math.nan, "max": 2.0}, "nan"),
        ({"value": math.nan}, "nan"),
        ({"value": math.inf, "max": 2.0}, "bad"),
        ({"value": -math.inf, "max": 2.0}, "good"),
        ({"value": math.inf}, "unknown"),
        ({"objective": 0.99}, "good"),
        ({"objective": 0.99, "min": 0.999, "value": 0.995}, "bad"),
        ({"objective": 0.99, "value": math.nan}, "no data"),
        ({"max": 2.0, "at": NOW - 5 * MINUTE}, "good"),
        ({"max": 0.5, "at": NOW - 5 * MINUTE - 1}, "stale"),  # its source answered and had nothing new
        ({"max": 2.0, "at": NOW - UNASKED, "looked_at": NOW - UNASKED}, "good"),
        ({"max": 2.0, "at": NOW - UNASKED - 1, "looked_at": NOW - UNASKED - 1}, "stale"),  # nobody asked since
        ({"max": 2.0, "at": NOW - 5 * MINUTE - 1, "looked_at": None}, "stale"),
        ({"max": 2.0, "step": 24 * HOUR, "at": NOW - 5 * 24 * HOUR}, "good"),
        ({"max": 2.0, "step": 24 * HOUR, "at": NOW - 5 * 24 * HOUR - 1}, "stale"),
        ({"max": 2.0, "at": NOW + HOUR}, "good"),  # its clock is ahead of ours
    ],
)
def test_the_worst_that_is_so_is_said(facts: dict[str, Any], state: str) -> None:
    assert standing(line(**facts), NOW) == state


def test_a_burning_budget_is_worse_than_a_threshold_and_stale_says_nothing_of_now() -> None:
    burns = burn_rates(counts([(72 * 60, 0.5)]), 0.99, NOW)
    assert standing(line(objective=0.99, value=0.5, min=0.9), NOW, burns) == "burning"
    assert standing(line(objective=0.99, value=math.nan), NOW, burns) == "burning"
    assert standing(line(objective=0.99, value=0.5, at=NOW - HOUR), NOW, burns) == "stale"


def test_silence_of_what_is_measured_is_told_from_silence_of_the_source() -> None:
    gone = line(at=NOW - HOUR)
    assert is_silent(gone)
    assert not is_unasked(gone, NOW)
    unread = line(at=NOW - HOUR, looked_at=NOW - HOUR)
    assert not is_silent(unread)
    assert is_unasked(unread, NOW)
    assert not is_silent(line(at=None, looked_at=NOW))
    assert not is_stale(line(at=None, looked_at=None), NOW)


@given(st.integers(1000, 7 * 24 * HOUR), st.integers(0, 30 * 24 * HOUR), st.integers(0, 30 * 24 * HOUR))
def test_a_line_gets_stale_once_and_stays_so(step: int, age: int, later: int) -> None:
    one = line(step=step, at=NOW - age, looked_at=NOW)
    if is_stale(one, NOW):
        assert is_stale(one, NOW + later)


def times(*minutes: int) -> array[int]:
    return array("q", [NOW + at * MINUTE for at in minutes])


def test_a_gap_is_more_than_three_steps_and_never_the_coarse_past() -> None:
    def found(*minutes: int) -> list[tuple[int, int]]:
        return [((a - NOW) // MINUTE, (b - NOW) // MINUTE) for a, b in gaps(times(*minutes), MINUTE, NOW)]

    assert found() == found(0) == []
    assert found(0, 1, 4, 5) == []
    assert found(0, 1, 5, 6) == [(1, 5)]
    assert found(0, 10, 20, 30, 31, 32) == []  # the first sync: coarse, then fine
    assert found(0, 10, 50, 60) == [(10, 50)]
    assert found(0, 10, 40, 50) == []
    assert found(0, 1, 2, 9, 10, 17) == [(2, 9), (10, 17)]
    assert COARSE == 10 * MINUTE
    days = 49 * 60  # two points of each ten minutes are left, wherever they were
    assert found(-days, 1 - days, 12 - days, 29 - days, 31 - days) == []
    assert found(-days, 1 - days, 32 - days) == [(1 - days, 32 - days)]
