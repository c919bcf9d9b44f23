from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.sync.schedule import LONGEST_BACKOFF, longest_pause, next_pass, next_try

DICE = st.floats(0, 1, exclude_max=True)


@given(DICE)
def test_a_good_pass_is_followed_by_one_after_about_every(dice: float) -> None:
    due = next_pass(1_000_000, 30.0, lambda: dice)
    assert 27_000 <= due - 1_000_000 <= 33_000


@given(st.integers(1, 10_000), DICE)
def test_failures_are_tried_again_less_and_less_often_up_to_five_minutes(failures: int, dice: float) -> None:
    wait = (next_try(0, 30.0, failures, None, lambda: dice)) / 1000
    whole = min(30.0 * 2 ** min(failures - 1, 20), LONGEST_BACKOFF)
    assert whole / 2 <= wait <= whole + 0.001


@given(st.integers(1, 50), st.integers(0, 10**9), DICE)
def test_what_the_server_asked_for_is_obeyed(failures: int, retry_at: int, dice: float) -> None:
    assert next_try(0, 30.0, failures, retry_at, lambda: dice) >= retry_at


def test_an_every_longer_than_the_longest_backoff_stays_the_pace() -> None:
    assert next_try(0, 3600.0, 5, None, lambda: 0.999) >= 1_800_000


def test_a_gap_is_three_passes_and_at_least_two_minutes() -> None:
    assert longest_pause(30) == 120_000
    assert longest_pause(600) == 1_800_000
