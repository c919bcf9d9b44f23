"""How a line of production stands: good, bad, burning its budget, stale. Pure: the clock is passed in."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Final, NamedTuple

from .records import Millis, MonitorSeries, Samples, SeriesState

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE

STALE_STEPS: Final = 5
"""Steps without a new point after which a line is stale, and never less than five minutes."""


class Window(NamedTuple):
    """Two windows that must agree before a budget counts as burning."""

    long: Millis
    short: Millis
    factor: float
    """How many times faster than sustainable: at 1 the budget lasts exactly its period of 30 days."""
    is_urgent: bool
    """Worth waking somebody."""


WINDOWS: Final = (
    Window(_HOUR, 5 * _MINUTE, 14.4, is_urgent=True),
    Window(6 * _HOUR, 30 * _MINUTE, 6.0, is_urgent=True),
    Window(24 * _HOUR, 2 * _HOUR, 3.0, is_urgent=False),
    Window(72 * _HOUR, 6 * _HOUR, 1.0, is_urgent=False),
)
"""The Site Reliability Workbook (Google, 2018), chapter 5, table 5-8, with its third row split in two as there in
the text: 2 % of a 30 days' budget in an hour, 5 % in six, 10 % in a day and in three."""


class Burn(NamedTuple):
    """How fast the budget goes in one pair of windows; None where there are no points to tell."""

    window: Window
    long_rate: float | None
    short_rate: float | None

    @property
    def is_burning(self) -> bool:
        """Both windows agree that it goes too fast."""
        rates = (self.long_rate, self.short_rate)
        return all(rate is not None and rate >= self.window.factor for rate in rates)


def burn_rates(samples: Samples, objective: float, now: Millis) -> tuple[Burn, ...]:
    """The burn of each pair of windows, the most urgent first. `samples` hold counts of good and of all, by time."""
    return tuple(
        Burn(
            window,
            _rate(samples, objective, now - window.long, now),
            _rate(samples, objective, now - window.short, now),
        )
        for window in WINDOWS
    )


def _rate(samples: Samples, objective: float, since: Millis, until: Millis) -> float | None:
    assert samples.totals is not None
    first, last = bisect_right(samples.times, since), bisect_right(samples.times, until)
    pairs = [
        (good, total)
        for good, total in zip(samples.values[first:last], samples.totals[first:last], strict=True)
        if math.isfinite(good) and math.isfinite(total)
    ]
    every = math.fsum(total for _, total in pairs)
    if every <= 0:
        return None
    return max(0.0, 1 - math.fsum(good for good, _ in pairs) / every) / (1 - objective)


def is_stale(series: MonitorSeries, now: Millis) -> bool:
    """Whether its newest point is too old for its step, by `now` or by when its source last answered."""
    if series.at is None:
        return False
    return now - series.at > max(STALE_STEPS * series.step, 5 * _MINUTE)


def standing(series: MonitorSeries, now: Millis, burns: tuple[Burn, ...] = ()) -> SeriesState:
    """The worst that is so. A line that is stale says nothing of now, however good it was."""
    if series.value is None:
        return "no data"
    if is_stale(series, now):
        return "stale"
    if any(burn.is_burning for burn in burns):
        return "burning"
    if math.isnan(series.value):
        return "nan"
    if series.min is None and series.max is None:
        return "unknown" if series.objective is None else "good"
    return "bad" if series.is_bad(series.value) else "good"
