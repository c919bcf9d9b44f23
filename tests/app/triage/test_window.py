"""When it was last good and first bad, and how near to that something was."""

from __future__ import annotations

import pytest

from quarterdeck.app.triage.window import DAY, HOUR, SKEW, Symptom, lasting, left_band, nearness

BAD = 1_790_000_000_000


def symptom(**rest: object) -> Symptom:
    facts = {"subject": "series/k", "family": "business", "since": BAD - HOUR, "until": BAD, "good_at": BAD - HOUR}
    return Symptom(**(facts | rest))  # type: ignore[arg-type]  # each test names what it is about


def test_within_the_window_counts_whole() -> None:
    assert nearness(symptom(), None, BAD - HOUR // 2).factor == 1


def test_what_is_nearer_than_clocks_are_alike_is_no_difference() -> None:
    for at in (BAD - HOUR - SKEW, BAD, BAD + SKEW):
        assert nearness(symptom(), None, at).factor > 0.8


def test_what_was_there_while_it_was_good_counts_less_the_longer_that_was() -> None:
    found = [nearness(symptom(), None, BAD - HOUR - days * DAY) for days in (1, 5, 20)]
    assert [round(one.factor, 2) for one in found] == [0.83, 0.5, 0.2]
    assert found[1].text == "but it was good for 5 d after that"


def test_what_matters_within_hours_for_latency_matters_within_days_for_precision() -> None:
    at = BAD - HOUR - 2 * HOUR
    assert nearness(symptom(family="operational"), None, at).factor == 0.5
    assert nearness(symptom(), None, at).factor > 0.9


def test_after_it_was_bad_hardly_counts() -> None:
    found = nearness(symptom(), BAD + HOUR, BAD + 2 * HOUR)
    assert (found.factor, found.text) == (0.03, "but it happened after it was bad, by 60 min")


def test_a_range_that_may_lie_before_it_was_bad_is_no_alibi() -> None:
    assert nearness(symptom(), BAD - HOUR, BAD + HOUR).factor == 0.85


def test_what_is_later_than_the_predictions_cannot_be_in_them() -> None:
    found = nearness(symptom(delay=DAY, since=BAD - HOUR - DAY), None, BAD - 2 * HOUR)
    assert found.factor == 0.35


def test_where_nothing_is_wrong_the_newest_counts_most() -> None:
    calm = symptom(family="any", is_wrong=False, since=BAD - 7 * DAY)
    newer, older = (nearness(calm, None, BAD - hours * HOUR).factor for hours in (1, 100))
    assert newer > older
    assert nearness(calm, None, BAD - 30_000).text == "it happened at the end of the window"


@pytest.mark.parametrize(
    ("time", "words"), [(0, "0 s"), (89_000, "89 s"), (90_000, "1 min"), (90 * 60_000, "1 h"), (49 * HOUR, "2 d")]
)
def test_spans_are_told_in_their_largest_unit(time: int, words: str) -> None:
    assert lasting(time) == words


# -- lines that slide -------------------------------------------------------------------------------------------------


def left(values: list[float], bound: float = 0.78, *, low_is_bad: bool = True) -> int | None:
    """How many points before the crossing it left its band."""
    times = list(range(len(values)))
    found = left_band(times, values, len(values) - 1, bound, low_is_bad=low_is_bad)
    return None if found is None else len(values) - 1 - found.bad_at


USUAL = [0.82, 0.83, 0.82, 0.84, 0.83, 0.82, 0.83, 0.82, 0.83, 0.84]


def test_a_line_that_fell_at_once_left_its_band_when_it_crossed() -> None:
    assert left([*USUAL, 0.71]) is None


def test_a_line_that_slid_left_its_band_long_before() -> None:
    assert left([*USUAL, *USUAL, 0.80, 0.795, 0.79, 0.785, 0.77]) == 4


def test_a_point_that_was_back_for_once_ends_nothing() -> None:
    assert left([*USUAL, *USUAL, 0.80, 0.79, 0.825, 0.785, 0.77]) == 4


def test_a_line_that_rises_into_trouble_is_seen_alike() -> None:
    assert left([0.1, 0.11] * 10 + [0.15, 0.17, 0.19, 0.21], bound=0.2, low_is_bad=False) == 3


def test_with_few_points_nobody_can_tell() -> None:
    assert left([0.82, 0.79, 0.77]) is None


def test_figures_that_are_none_are_passed_over() -> None:
    assert left([*USUAL, float("nan"), *USUAL, 0.80, 0.79, 0.77]) == 2
