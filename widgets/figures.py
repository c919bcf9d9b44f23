"""Figures and ages as they are written on every screen. Pure functions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo

from ..app.exact import span as span  # here as well: it is written on every screen

STEPS = (1, 2, 5, 10, 20, 30, 45)
"""Minutes at which an age gets its next word: each costs bytes on every line that shows one."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

TICKS = 10 * MINUTE
"""For so long is what runs told in seconds: twenty bytes each, on every line that shows one."""


def figure(value: float) -> str:
    """Four significant digits, exponent below 1e-4; NaN and infinities in words."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+inf" if value > 0 else "-inf"
    size = abs(value)
    if value == int(value) and size < 1e7:
        return str(int(value))
    if size < 1e-4 or size >= 1e7:
        return f"{value:.3e}"
    # rounded first: 9.99996 is 10.00 and not 10.000
    digits = max(0, 3 - math.floor(math.log10(float(f"{size:.3e}"))))
    return f"{value:.{digits}f}"


def figure_in(value: float, room: int) -> str:
    """A figure in `room` characters (7 or more), with fewer digits where four have no room: `-1.0e+308`."""
    written, digits = figure(value), 3
    while len(written) > room and digits:
        digits -= 1
        written = f"{value:.{digits}e}"
    return written


def difference(value: float) -> str:
    """A difference with its sign in front: `+0.0031`, `−0.0279`."""
    if value == 0 or not math.isfinite(value):
        return figure(value)
    return ("+" if value > 0 else "−") + figure(abs(value))


def size_between(size: float, *values: float) -> str:
    """The size of a difference with the decimals of the figures that it lies between: so it is added in the head."""
    most = max(len(figure(one).partition(".")[2]) for one in values)
    if any("e" in figure(one) for one in values) or size < 0.5 * 10**-most:
        return figure(size) if size < 1e-4 else f"{size:.2g}"
    return f"{size:.{most}f}"


def lead(value: float, other: float) -> str:
    """How far a figure is from another, both finite, as people would reckon it: `+0.0031`, `−0.0279`; `=` for not."""
    if value == other:
        return "="
    return ("+" if value > other else "−") + size_between(abs(value - other), value, other)


def age(then: int | None, now: int) -> str:
    """How long ago, in the largest unit that fits: `now`, `3 m`, `9 h`, `12 d`. A bucket, so that it seldom changes."""
    if then is None:
        return ""
    past = now - then
    if past < MINUTE:
        return "now" if past > -MINUTE else "ahead"
    if past < HOUR:
        return f"{max(step for step in STEPS if step * MINUTE <= past)} m"
    for size, unit, until in ((HOUR, "h", 2 * DAY), (DAY, "d", 730 * DAY)):
        if past < until:
            return f"{past // size} {unit}"
    return f"{past // (365 * DAY)} y"


def so_far(then: int | None, now: int) -> str:
    """How long something runs already: `16 s`, `1 m 05 s`, later in the buckets of an age."""
    if then is None:
        return ""
    if not ticks(then, now):
        return age(then, now)
    return (
        span(max(0, now - then) // SECOND * SECOND)
        if now - then >= 10 * SECOND
        else f"{max(0, now - then) // SECOND} s"
    )


def ticks(then: int | None, now: int) -> bool:
    """Whether what began then is told in seconds."""
    return then is not None and now - then < TICKS


def moment(then: int | None, now: int, zone: tzinfo = UTC) -> str:
    """A time of day in the zone of the screen, with the date when it is not today: `21:40`, `18 nov 21:40`."""
    if then is None:
        return ""
    try:
        at, today = datetime.fromtimestamp(then / 1000, zone), datetime.fromtimestamp(now / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return "?"  # a clock that was never set: year 60000 has no calendar here
    if at.date() == today.date():
        return f"{at:%H:%M}"
    day = f"{at.day} {at:%b}".lower()
    return f"{day} {at:%H:%M}" if at.year == today.year else f"{day} {at.year} {at:%H:%M}"


def count(number: int | None) -> str:
    """A count with thin groups of three: `5 012`; `…` while it is not known."""
    return "…" if number is None else f"{number:,}".replace(",", " ")


def count_in(number: int, room: int) -> str:
    """A count in `room` characters (7 or more), with a power of ten where its groups have no room: `4.00e15`."""
    written, digits = count(number), 4
    while len(written) > room and digits:
        digits -= 1
        mantissa, _, power = f"{number:.{digits}e}".partition("e")
        written = f"{mantissa}e{int(power)}"
    return written


def size(octets: int | None) -> str:
    """A size in the unit that leaves at most four digits: `812 B`, `3.4 MB`."""
    if octets is None:
        return ""
    value = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
