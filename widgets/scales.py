"""Axes: where a value lies, and at which round values the labels stand. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, floor, isfinite, log10
from sys import float_info
from typing import Final, NamedTuple, TypeAlias

from .figures import DAY, HOUR, MINUTE, SECOND, count

Tick: TypeAlias = tuple[float, str]
"""Where a label stands, and what it says."""

_MOST = 24
"""Ticks that an axis may have, whatever its numbers are."""

_DURATIONS: Final = (
    *(number for size in (1, 10, 100) for number in (size, 2 * size, 5 * size)),
    *(number * SECOND for number in (1, 2, 5, 10, 15, 30)),
    *(number * MINUTE for number in (1, 2, 5, 10, 15, 30)),
    *(number * HOUR for number in (1, 2, 3, 6, 12)),
    *(number * DAY for number in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)),
)
"""Distances of ticks on an axis of time, in milliseconds."""


_NO_SPAN = 1e-12
"""Decades that are none: between two values that agree in twelve digits no tick of a log scale can be told apart."""


class Scale(NamedTuple):
    """The vertical axis. On a log scale low and high are powers of ten, as the tracks' values are."""

    low: float
    high: float
    log: bool = False

    def rows(self, dots: int) -> Callable[[float], int]:
        """Gives the row of dots at which a value lies, 0 on top. What lies outside stays outside."""
        half = self.high / 2  # halves: the difference of two values may be more than a float holds
        size, last = half - self.low / 2, dots - 1

        def row(value: float) -> int:
            share = (half - value / 2) / size
            if -1e6 < share < 1e6:
                return floor(share * last + 0.5)
            return -1_000_000 if share < 0 else 1_000_000

        return row


def nice_step(span: float, ticks: int) -> float:
    """The step of 1, 2 or 5 times a power of ten that makes at most so many ticks; 0 where numbers end."""
    least = span / max(1, ticks)
    if not isfinite(least) or least <= float_info.min:
        return 0.0
    power = 10.0 ** floor(log10(least))
    return next((size * power for size in (1, 2, 5) if size * power >= least * (1 - 1e-9)), 10 * power)


def fitted(low: float, high: float, rows: int, log: bool = False) -> Scale:
    """A scale for values from low to high, widened to round ones, so that most new values change nothing."""
    if high - low < (_NO_SPAN if log else float_info.min):
        pad = 0.5 if log else abs(high) * 0.1
        pad = pad if pad > float_info.min else 1.0
        low, high = max(low - pad, -float_info.max), min(high + pad, float_info.max)
    half = nice_step(high - low, max(2, rows // 3)) / 2
    if half and max(abs(low), abs(high)) / half < 1e12:
        # 1e-9: 0.3 / 0.1 is a little less than 3; what that loses is put back
        low = max(min(floor(low / half + 1e-9) * half, low), -float_info.max)
        high = min(max(ceil(high / half - 1e-9) * half, high), float_info.max)
    return Scale(low, high, log)


def y_ticks(scale: Scale, rows: int) -> list[Tick]:
    """Labels of the vertical axis, lowest first."""
    most = max(2, min(rows * 2 // 5, 6 + rows // 10))
    if scale.log:
        return _powers(scale, most)
    step = nice_step(scale.high - scale.low, most)
    if not step or max(abs(scale.low), abs(scale.high)) / step > 1e12:
        return [(value, f"{value:.3g}") for value in (scale.low, scale.high)]
    return [(value, written(value, step, scale)) for value in _multiples(scale.low, scale.high, step)]


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = ceil(low / step - 1e-9)
    return [number * step for number in range(first, min(floor(high / step + 1e-9), first + _MOST) + 1)]


def written(value: float, step: float, scale: Scale) -> str:
    """A value with as many digits as tell it from its neighbours, and the same number of them on each label."""
    size = max(abs(scale.low), abs(scale.high))
    fine = floor(log10(step) + 1e-9)
    if 1e-3 <= size < 1e6 and fine >= -6:
        return f"{value + 0.0:.{max(0, -fine)}f}"
    if not value:
        return "0"
    digits = min(max(floor(log10(abs(value)) + 1e-9) - fine, 0), 6)
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _powers(scale: Scale, most: int) -> list[Tick]:
    """Powers of ten, thinned out where there are many; between them 2 and 5 where there are few."""
    every = max(1, ceil((scale.high - scale.low) / most))
    low, high = ceil(scale.low - 1e-9), floor(scale.high + 1e-9)
    made = [(float(power), _power(1, power)) for power in range(low, high + 1) if power % every == 0]
    if len(made) >= 3 or every > 1:
        return made
    between = [
        (power + log10(digit), _power(digit, power)) for power in range(low - 1, high + 1) for digit in (1, 2, 5)
    ]
    found = [tick for tick in between if scale.low - 1e-9 <= tick[0] <= scale.high + 1e-9]
    if len(found) >= 3 or abs(scale.low) > 300 or abs(scale.high) > 300:
        return found
    return _even(Scale(10**scale.low, 10**scale.high), most)


def _even(plain: Scale, most: int) -> list[Tick]:
    """Labels of a log scale that is too short for powers: even steps, drawn where they lie on it.

    Three of them at least, two where there is hardly room: less says nothing of the scale.
    """
    for finer in range(3):
        step = nice_step(plain.high - plain.low, most << finer)
        if not step or plain.high / step > 1e12:
            return []
        found = [value for value in _multiples(plain.low, plain.high, step) if value > 0]
        if len(found) >= min(3, most):
            break
    return [(log10(value), written(value, step, plain)) for value in found]


def _power(digit: int, power: int) -> str:
    return f"{digit}e{power}" if not -4 <= power <= 4 else f"{digit * 10.0**power:.{max(0, -power)}f}"


# -- the horizontal axis ---------------------------------------------------------------------------------------------


def step_ticks(start: float, stop: float, most: int) -> list[Tick]:
    """Whole steps."""
    step = max(1.0, nice_step(stop - start, most))
    if max(abs(start), abs(stop)) / step > 1e12:
        return []
    return [(value, count(int(value))) for value in _multiples(start, stop, step)]


def ahead(start: float, stop: float) -> float:
    """Where an axis ends on which a curve grows: a tenth further than stop, rounded up. Seldom moved, then."""
    half = nice_step((stop - start) or 1.0, 10) / 2
    return (floor(stop / half) + 1) * half + half if half else stop


def duration_ticks(start: float, stop: float, most: int) -> list[Tick]:
    """Milliseconds since the beginning of a run."""
    step = _duration_step(stop - start, most)
    return [(value, duration(int(value))) for value in _multiples(start, stop, step)]


def _duration_step(span: float, most: int) -> int:
    return next((step for step in _DURATIONS if step * most >= span), int(nice_step(span / DAY, most) * DAY) or DAY)


def duration(milliseconds: int) -> str:
    """A round duration in as few units as say it: `0`, `90 s`, `1 h 30 m`, `2 d`."""
    if milliseconds < 0:
        return f"-{duration(-milliseconds)}"
    words, left = [], milliseconds
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")):
        if left >= size:
            words.append(f"{left // size} {unit}")
            left %= size
    return " ".join(words[:2]) or "0"


def time_ticks(start: float, stop: float, most: int, zone: tzinfo = UTC) -> list[Tick]:
    """Times of day in a zone, and dates where a day begins. Raises OverflowError or ValueError beyond the calendar."""
    step = _duration_step(stop - start, most)
    first = datetime.fromtimestamp(start / 1000, zone).replace(tzinfo=None)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if step >= DAY:
        midnight -= timedelta(days=midnight.toordinal() % (step // DAY))  # the same dates, wherever the window begins
    passed = (first - midnight) // timedelta(milliseconds=1)
    made: list[Tick] = []
    for number in range(ceil(passed / step), ceil(passed / step) + _MOST):
        local = midnight + timedelta(milliseconds=number * step)  # by the clock on the wall: 00:00 stays 00:00
        at = local.replace(tzinfo=zone).timestamp() * 1000
        if at > stop:
            break
        if at >= start:
            made.append((at, _clock(local, step)))
    return made


def _clock(local: datetime, step: int) -> str:
    if not (local.hour or local.minute or local.second or local.microsecond):
        return day(local)
    if step >= MINUTE:
        return f"{local:%H:%M}"
    return f"{local:%H:%M:%S}" if step >= SECOND else f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"


def day(local: datetime) -> str:
    """A date: `18 nov`."""
    return f"{local.day} {local:%b}".lower()
