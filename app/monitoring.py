"""How a line of production stands: good, bad, burning its budget, stale. Pure: the clock is passed in."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from .records import Millis, MonitorSeries, Samples, SeriesState

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE

STALE_STEPS: Final = 5
"""Steps without a new point after which a line is stale, and never less than five minutes."""
GAP_STEPS: Final = 3
"""More steps than that between two points are a gap."""
COARSE: Final = 10 * _MINUTE
"""How far apart points of the past are that was read at the first sync, or after a pause: no gaps."""
WHOLE: Final = 48 * _HOUR
"""How long the cache keeps every point; of what is older it keeps some in each `COARSE`."""
UNASKED: Final = 15 * _MINUTE
"""How old the source's last answer may be before what it said is no word on now. With many series each is asked for
every few minutes only."""


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
    """How fast the budget goes in one pair of windows; None where there are no points, or was no traffic, to tell."""

    window: Window
    long_rate: float | None
    short_rate: float | None

    @property
    def is_burning(self) -> bool:
        """Both windows agree that it goes too fast."""
        rates = (self.long_rate, self.short_rate)
        return all(rate is not None and rate >= self.window.factor for rate in rates)


def burn_rates(samples: Samples, objective: float, now: Millis) -> tuple[Burn, ...]:
    """The burn of each pair of windows, the most urgent first. `samples` hold counts of good and of all, by time.

    The windows end at the newest point as long as it is the last word on now: a source that is asked every few
    minutes would leave the short ones empty otherwise.
    """
    until = _last_word(samples.times, now)
    return tuple(
        Burn(
            window,
            _rate(samples, objective, until - window.long, until),
            _rate(samples, objective, until - window.short, until),
        )
        for window in WINDOWS
    )


def _last_word(times: array[int], now: Millis) -> Millis:
    end = bisect_right(times, now)
    return times[end - 1] if end and now - times[end - 1] <= UNASKED else now


def _rate(samples: Samples, objective: float, since: Millis, until: Millis) -> float | None:
    """How many times faster than sustainable the budget went between two times, the first excluded."""
    assert samples.totals is not None
    first, last = bisect_right(samples.times, since), bisect_right(samples.times, until)
    pairs = [
        (good, total)
        for good, total in zip(samples.values[first:last], samples.totals[first:last], strict=True)
        if math.isfinite(good) and math.isfinite(total) and total >= 0
    ]
    every = math.fsum(total for _, total in pairs)
    if every <= 0:
        return None
    bad = math.fsum(total - good for good, total in pairs)
    # 1.44 % of a budget of 0.1 % is 14.4 times, not 14.399999999999988: what is written as a threshold reaches it
    return round(max(0.0, bad / every) / (1 - objective), 9)


def is_silent(series: MonitorSeries, owed_from: Millis = 0) -> bool:
    """Whether the source answered and had nothing new of it for too long: what exports it is gone, or was renamed.

    `owed_from`: before that nobody owed a point of it, as of a version that was not in force.
    """
    if series.at is None or series.looked_at is None:
        return False
    return series.looked_at - max(series.at, owed_from) > _patience(series)


def is_unasked(series: MonitorSeries, now: Millis) -> bool:
    """Whether its source was not read for so long that nothing is known of now: no sync, or no answer."""
    if series.looked_at is None:
        return series.at is not None and now - series.at > _patience(series)
    return now - series.looked_at > max(UNASKED, _patience(series))


def is_stale(series: MonitorSeries, now: Millis) -> bool:
    """Whether its newest point says nothing of now: it fell silent, or was not asked for."""
    return is_silent(series) or is_unasked(series, now)


def _patience(series: MonitorSeries) -> Millis:
    return max(STALE_STEPS * series.step, 5 * _MINUTE)


def standing(series: MonitorSeries, now: Millis, burns: tuple[Burn, ...] = ()) -> SeriesState:
    """The worst that is so. A line that is stale says nothing of now, however good it was."""
    if series.value is None:
        return "no data"
    if is_stale(series, now):
        return "stale"
    if any(burn.is_burning for burn in burns):
        return "burning"
    if math.isnan(series.value):
        # a share of nothing is no failure of the exporter's: there was no traffic
        return "nan" if series.objective is None else "no data"
    if series.is_bad(series.value):
        return "bad"
    has_bound = series.min is not None or series.max is not None or series.objective is not None
    return "good" if has_bound else "unknown"


def gaps(times: array[int], step: Millis, now: Millis) -> Iterator[tuple[Millis, Millis]]:
    """The stretches without points, as the points before and after each.

    Points of the past are `COARSE` apart: those that were read so, and all that the cache has thinned since.
    """
    spaces = [after - before for before, after in pairwise(times)]
    for at, space in enumerate(spaces):
        is_coarse = COARSE in spaces[max(at - 1, 0) : at + 2] or times[at] < now - WHOLE
        if space > GAP_STEPS * (max(step, COARSE) if is_coarse else step):
            yield times[at], times[at + 1]
