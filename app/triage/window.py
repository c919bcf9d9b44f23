"""When it was last good, when first bad, and how near to that something happened. Pure: no clock is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from ..records import Evidence, Millis, Record
from .causes import Family

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

SKEW: Final[Millis] = 2 * MINUTE
"""Differences of less are none: the clocks of two machines."""
WEEK: Final = 7 * DAY
"""The window where nothing says when it was last good."""

SCALES: Final[Mapping[Family, Millis]] = {
    "business": 5 * DAY, "operational": 2 * HOUR, "pipeline": DAY, "check": DAY, "silence": DAY, "alias": 6 * HOUR,
    "run": 2 * DAY, "infrastructure": DAY, "any": 7 * DAY,
}  # fmt: skip
"""So long before it was last good, and it counts for half: what waits that long to show."""

LATE: Final = 0.03
"""What counts of something that came after it was bad ..."""
SLID: Final = 0.2
"""... and after a line left its usual band, before it broke its threshold: both are always weak."""
_PROVEN: Final[Mapping[Family, Millis]] = {"business": 32 * HOUR, "operational": HOUR // 2}
"""What is in force at once and was good for so long counts for half, where there were points enough meanwhile: a day
with its nights and a third of one more, for labels may come late though nobody says so ..."""
_JUDGED: Final[Millis] = 12 * HOUR
"""... and where somebody says how late they come, so that the points surely speak of what was predicted since."""
_UNDER_LOAD: Final = 0.5
"""What is left at least of how near it was, for latency and errors: some of it is missed at the next peak only."""
_SEVERAL: Final = 3
"""Points that are enough."""
_TRUTHS: Final = 0.85
"""What counts of data that came too late for the predictions: it may be what they are judged by."""
_STILL: Final = 0.7
"""From here on a time rather speaks for a change than against it."""
_APART: Final[Millis] = 6 * HOUR
"""Points may be so far apart without that being a gap."""
_FEWEST: Final = 10
"""Points by which a usual band is told."""


class Symptom(Record, frozen=True, kw_only=True):
    """What is not as it should be, and since when."""

    subject: str
    family: Family
    since: Millis
    """From here on ..."""
    until: Millis
    """... to here it may have been caused: the first bad moment, and where nothing is bad the end of the window."""
    good_at: Millis | None = None
    """The last good moment; None where nobody knows one."""
    crossed_at: Millis | None = None
    """When the threshold was broken, where it had left its usual band before: `until` is when it left that."""
    series: str = ""
    """The line by which it is seen, where there is one ..."""
    step: Millis = 0
    """... and how far apart its points are meant to be."""
    delay: Millis = 0
    """How long after a prediction its truth is known: what happened later than `until - delay` cannot be in it."""
    came_at: Millis | None = None
    """When the newest of what does not come any more came, where a check of that says it."""
    is_wrong: bool = True
    """False: nothing is known to be wrong, and the window is that of its last change."""
    model: str = ""
    version: str = ""
    alias: str = ""
    stack: str = ""
    """The stack that is out of step, or whose plan or apply failed."""
    words: str = ""
    """What the failing step, log or check says: files and names stand in it."""
    said_by: tuple[Evidence, ...] = ()
    """Where these words stand."""

    @property
    def scale(self) -> Millis:
        """How far back things still count for half."""
        return SCALES[self.family]

    @property
    def reach(self) -> Millis:
        """From when on things are looked at that are on no path to it."""
        return self.since - min(3 * self.scale, WEEK)


class Why(Record, frozen=True, kw_only=True):
    """A rule that holds of a candidate: what it multiplies the score by, and why."""

    factor: float
    text: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def speaks_against(self) -> bool:
        """It makes it less likely."""
        return self.factor < 1


def nearness(
    symptom: Symptom, low: Millis | None, high: Millis, *, how: str = "it happened", is_predicted: bool = True
) -> Why:
    """How well the time of a change, between `low` and `high`, fits: 1 within the window, half a scale before it.

    `how` begins the sentence: `it reached production` of what something else carried. `is_predicted`: it can only harm
    through the predictions, and not through the truths by which they are judged, which come later.
    """
    first = high if low is None else min(low, high)
    if not symptom.is_wrong:
        return _within(symptom, first, high, how)
    if first > symptom.until + SKEW:
        return _afterwards(symptom, first, how)
    if symptom.delay and first > symptom.until - symptom.delay + SKEW:
        if not is_predicted:
            text = f"{how} {lasting(symptom.until - first)} before: too late for what was predicted, not for its truths"
            return Why(factor=_TRUTHS, text=text)
        told = f"but what was bad then had been predicted {lasting(symptom.delay)} before, and {how} later"
        return Why(factor=0.35, text=told)
    if high < symptom.since - SKEW:
        gap = symptom.since - high
        factor = 1 / (1 + gap / symptom.scale)
        if factor > _STILL:
            return Why(factor=factor, text=f"{how} {lasting(gap)} before it was last good")
        return Why(factor=factor, text=f"but it was good for {lasting(gap)} after that")
    if high > symptom.until + SKEW or first < symptom.since - symptom.scale:
        return Why(factor=0.85, text=f"{how} in a stretch in which it became bad, and nobody knows when exactly")
    return Why(factor=1.0, text=_between(symptom, high, how))


def _afterwards(symptom: Symptom, first: Millis, how: str) -> Why:
    """It was bad already. When a line that slid left its usual band is an estimate, and less sure than a threshold."""
    told = f"but {how} after it was bad, by {lasting(first - symptom.until)}"
    is_sliding = symptom.crossed_at is not None and first <= symptom.crossed_at + SKEW
    return Why(factor=SLID if is_sliding else LATE, text=told)


def stayed_good(symptom: Symptom, low: Millis | None, high: Millis, good_for: Millis, *, how: str) -> Why:
    """The same for what is in force at once and wholly, as a version is: `good_for`, how long it was seen to be good
    after it. Then it is no cause of what came so much later, the less the longer that was compared with the step of
    the line and the time for which that slid. A label delay is counted already: the points speak of what was predicted
    since."""
    told = nearness(symptom, low, high, how=how)
    if not symptom.is_wrong or symptom.family not in _PROVEN or high >= symptom.since - SKEW:
        return told
    good_for = min(good_for, symptom.since - high)
    slid = 0 if symptom.crossed_at is None else symptom.crossed_at - symptom.until
    half = max(_JUDGED if symptom.delay else _PROVEN[symptom.family], _SEVERAL * symptom.step, slid)
    least = told.factor * _UNDER_LOAD if symptom.family == "operational" else 0.0
    factor = max(_exonerated(good_for / half), least)
    if factor >= told.factor:
        return told
    if factor > _STILL:
        return Why(factor=factor, text=f"{how} {lasting(symptom.since - high)} before it was last good")
    return Why(factor=factor, text=f"but it was good for {lasting(good_for)} after that")


def _exonerated(times: float) -> float:
    """1 at once, half at 1, a ninth at 2, and slowly less from there on: it is told for long that it is no cause."""
    return 1 / (1 + times**3) if times <= 2 else math.sqrt(2 / times) / 9


def longest_good(times: Sequence[Millis], bad: Sequence[tuple[Millis, Millis | None]], step: Millis) -> Millis:
    """The longest stretch of points that kept the threshold. `bad`: those that did not; where points are missing the
    time counts as three steps, but for some hours that thinned points may lie apart."""
    most = max(3 * step, _APART)
    longest = run = 0
    for one, following in pairwise(times):
        is_broken = any(began <= following and (ended is None or ended > one) for began, ended in bad)
        run = 0 if is_broken else run + min(following - one, most)
        longest = max(longest, run)
    return longest


def _between(symptom: Symptom, high: Millis, how: str) -> str:
    if symptom.good_at is None:
        return f"{how} {lasting(max(symptom.until - high, 0))} before it was first seen bad"
    if high >= symptom.until - SKEW:
        return f"{how} just when it became bad"
    return f"{how} {lasting(symptom.until - high)} before it was bad, after it was last good"


def _within(symptom: Symptom, first: Millis, high: Millis, how: str) -> Why:
    """Nothing is wrong: what is newer is told first, and what lies outside of the window hardly."""
    if first > symptom.until + SKEW or high < symptom.since - SKEW:
        return Why(factor=0.2, text=f"but {how} outside of the window")
    before = max(symptom.until - high, 0)
    when = f"{lasting(before)} before the end of the window" if before > SKEW else "at the end of the window"
    return Why(factor=1 / (1 + before / symptom.scale), text=f"{how} {when}")


def lasting(time: Millis) -> str:
    """A span in its largest unit: `4 s`, `12 min`, `3 h`, `12 d`."""
    seconds = max(time, 0) // 1000
    for size, unit, most in ((1, "s", 90), (60, "min", 90 * 60), (3600, "h", 48 * 3600)):
        if seconds < most:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} d"


def ago(time: Millis) -> str:
    """`3 h ago`. A sentence is kept until somebody looks again, so what is younger than an hour has no figure."""
    return "less than an hour ago" if time < 3_600_000 else f"{lasting(time)} ago"


# -- a line that slid ---------------------------------------------------------------------------------------------


class Left(Record, frozen=True, kw_only=True):
    """When a line left its usual band for good: after `good_at`, by `bad_at`."""

    good_at: Millis
    bad_at: Millis


def left_band(
    times: Sequence[int], values: Sequence[float], crossed_at: Millis, bound: float | None = None, *, low_is_bad: bool
) -> Left | None:
    """When a line that broke its threshold at `crossed_at` had left its usual band towards it; None where it cannot
    be told, or where it fell at once.

    The band lies around the median of the older half of the points before that: half again as far as nine of ten of
    them are away from it, and no less than a tenth of the way to the threshold or a hundredth of itself. One or two
    points that were back in it end nothing: figures are noisy.
    """
    sign = 1.0 if low_is_bad else -1.0
    points = [
        (time, sign * value)
        for time, value in zip(times, values, strict=True)
        if time <= crossed_at and math.isfinite(value)
    ]
    if len(points) < _FEWEST:
        return None
    usual = [value for _, value in points[: max(len(points) // 2, _FEWEST // 2)]]
    middle = median(usual)
    away = sorted(abs(value - middle) for value in usual)
    way = 0.0 if bound is None else abs(sign * bound - middle)
    band = max(1.5 * away[(9 * len(away)) // 10], 0.1 * way, 0.01 * abs(middle))
    first = _first_below([value for _, value in points], middle - band)
    if first is None or first == 0 or points[first][0] >= crossed_at:
        return None
    return Left(good_at=points[first - 1][0], bad_at=points[first][0])


def _first_below(values: Sequence[float], floor: float) -> int | None:
    """Where the last stretch below a floor begins; None where the last value is not below it."""
    first, back = None, 0
    for place in range(len(values) - 1, -1, -1):
        if values[place] < floor:
            first, back = place, 0
        elif first is None or back == 2:
            break
        else:
            back += 1
    return first
