"""When a source is tried again. Pure: the clock and the dice are passed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..records import Millis

LONGEST_BACKOFF: Final = 300.0
"""Seconds. Somebody who mends a server at 3 a.m. should not have to wait longer than five minutes to see it."""

_JITTER: Final = 0.1


def next_pass(now: Millis, every: float, dice: Callable[[], float]) -> Millis:
    """When the next pass is due after a good one: `every` seconds, a tenth more or less.

    `dice` gives numbers in [0, 1). The tenth keeps the syncers of a team from asking one server in step.
    """
    return now + round(1000 * every * (1 - _JITTER + 2 * _JITTER * dice()))


def next_try(now: Millis, every: float, failures: int, retry_at: Millis | None, dice: Callable[[], float]) -> Millis:
    """When to try again after `failures` (1 or more) in a row: twice as long each time, half of it by dice.

    Never before `retry_at`, which is what the server itself asked for.
    """
    longest = max(LONGEST_BACKOFF, every)
    seconds = min(every * 2.0 ** min(failures - 1, 20), longest)
    due = now + round(1000 * seconds * (0.5 + 0.5 * dice()))
    return max(due, retry_at or 0)


def longest_pause(every: float) -> Millis:
    """How long nobody may have looked before it is called a gap: three passes, at least two minutes."""
    return round(1000 * max(3 * every, 120.0))
