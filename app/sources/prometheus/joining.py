"""Lines of two queries as the points of an objective: how many were good, and of how many. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from .parse import Line


class Points(NamedTuple):
    """One set of labels with its points, by time."""

    labels: Mapping[str, str]
    times: array[int]
    values: array[float]
    totals: array[float] | None


def plain(lines: Iterable[Line]) -> list[Points]:
    """The lines of a series that is no objective."""
    return [Points(line.labels, line.times, line.values, None) for line in lines]


def joined(
    good: Sequence[Line], total: Sequence[Line], weight: float, had_good: Callable[[Mapping[str, str]], bool]
) -> tuple[list[Points], list[Mapping[str, str]]]:
    """The points of an objective, each `weight` times, and the sets of labels that only one of the queries has.

    Figures of a rate, asked for every ten minutes, stand for ten times as much as those of every minute: weighted, they
    add up over any window. Where all are counted and none is counted as good there is no figure of good, which is a
    zero if there ever was one (`had_good`); else one of the queries is misspelt.
    """
    of_good = {frozenset(line.labels.items()): line for line in good}
    found: list[Points] = []
    strange: list[Mapping[str, str]] = []
    for line in total:
        other = of_good.pop(frozenset(line.labels.items()), None)
        if other is None and not had_good(line.labels):
            strange.append(line.labels)
            continue
        at_time = {} if other is None else dict(zip(other.times, other.values, strict=True))
        goods = array("d", [weight * at_time.get(at, 0.0) for at in line.times])
        found.append(Points(line.labels, line.times, goods, array("d", [weight * one for one in line.values])))
    return found, [*strange, *(line.labels for line in of_good.values())]
