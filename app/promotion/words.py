"""How promotions are spoken of: versions, figures and times, short enough for a line of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import floor, isfinite, log10
from typing import Final

from ..records import Actor, Millis, Subject
from ..text import clip

SKEW: Final[Millis] = 120_000
"""How far the clocks of two machines may differ before a time counts as one in the future."""

NAME: Final = 24
"""Cells of a name in a sentence."""


def called(version: str | None) -> str:
    """A version as people call it: `v14` where it is a number."""
    if version is None or version == "":
        return "nothing"
    return f"v{version}" if is_number(version) else clip(version, NAME)


def is_number(version: str) -> bool:
    """Whether a version is one of those that can be ordered."""
    return version.isascii() and version.isdigit()


def abbreviated(sha: str) -> str:
    """A commit as people read it."""
    return clip(sha[:7], NAME)


def named(person: Actor) -> str:
    """A person in a sentence."""
    return clip(person.name or person.email or "somebody", NAME)


def sworn(person: Actor) -> str:
    """A person, and how well that is known: `bo (signed)`."""
    return f"{named(person)} ({person.strength})"


def listed(words: Iterable[str], width: int = 60) -> str:
    """Some words with commas; what does not fit into `width` cells is counted: `a, b and 3 more`."""
    found = list(words)
    kept = len(found)
    while kept > 1 and len(", ".join(found[:kept])) > width:
        kept -= 1
    more = f" and {len(found) - kept} more" if kept < len(found) else ""
    return ", ".join(found[:kept]) + more


def lasting(time: Millis) -> str:
    """A span in its largest unit: `4 s`, `12 min`, `3 h`, `12 d`."""
    seconds = max(time, 0) // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86_400} d"


def figure(value: float, digits: int = 4) -> str:
    """A number with so many significant digits, whole ones as they are, an exponent below 1e-4."""
    if not isfinite(value):
        return "NaN" if value != value else ("∞" if value > 0 else "−∞")
    size = abs(value)
    if value == int(value) and size < 1e15:
        return f"{value:.0f}".replace("-", "−")
    if size < 1e-4 or size >= 1e15:
        return f"{value:.{digits - 1}e}".replace("-", "−", 1 if value < 0 else 0)
    places = max(0, digits - 1 - floor(log10(size)))
    text = f"{value:.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def figures(value: float, bound: float) -> tuple[str, str]:
    """Two numbers, with as many digits as it takes to tell them apart."""
    for digits in (4, 6, 9, 17):
        pair = figure(value, digits), figure(bound, digits)
        if pair[0] != pair[1] or value == bound:
            return pair
    return repr(value), repr(bound)


def exact(value: float) -> Decimal:
    """The decimal number that people read: 0.94 − 0.938 is 0.002 then, and no hair less."""
    return Decimal(repr(float(value)))


def difference(value: Decimal, bound: Decimal = Decimal(0)) -> str:
    """A difference with its sign, with as many digits as tell it from the bound."""
    text = figures(float(value), float(bound))[0]
    return text if text.startswith("−") else f"+{text}"


def about(kind: str, *parts: str) -> str:
    """A written subject: run/4f2c, dataset/orders@77ab."""
    return str(Subject(kind=kind, parts=parts))
