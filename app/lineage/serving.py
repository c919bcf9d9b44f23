"""What is served under an alias, as far as the monitoring tells of its version. Read from the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..monitoring import WINDOWS, burn_rates, standing
from ..records import MonitorSeries, SeriesState
from ..store.model_events import called
from .nodes import unknown_node
from .trail import Trail, written
from .tree import UNKNOWN, Node

_WORST_FIRST: Final[tuple[SeriesState, ...]] = ("burning", "bad", "nan", "stale", "no data", "unknown", "good")
_TOLD: Final = 4
"""Lines that a node names."""


class _Line(NamedTuple):
    series: MonitorSeries
    state: SeriesState


def serving_below(trail: Trail, alias: str, model: str, version: str) -> Node:
    """The lines of the version that an alias shows, the worst first; not known where no monitoring tells of it."""
    of_model = [one for one in trail.production if one.model == model]
    lines = [_line(trail, one) for one in of_model if one.version in ("", version)]
    if not lines:
        link = trail.join(alias, UNKNOWN, "served", "name", known=False)
        why = f"no line of {called(version)} is read" if of_model else "no monitor is read"
        return unknown_node("serving", f"serving unknown: {why}", link)
    lines.sort(key=lambda line: _WORST_FIRST.index(line.state))
    links = [trail.join(alias, written("series", line.series.key), "served", "name") for line in lines]
    worst = lines[0]
    return Node(
        subject=written("series", worst.series.key), kind="serving", title=model, words=_words(lines),
        state=worst.state, at=max(line.series.at or 0 for line in lines) or None, since=worst.series.bad_since,
        link=links[0],
    )  # fmt: skip


def _line(trail: Trail, series: MonitorSeries) -> _Line:
    if series.objective is None or series.at is None:
        return _Line(series, standing(series, trail.now))
    samples = trail.reader.monitors.samples(series.key, trail.now - 2 * WINDOWS[-1].long, trail.now + 1)
    burns = () if samples is None else burn_rates(samples, series.objective, trail.now)
    return _Line(series, standing(series, trail.now, burns))


def _words(lines: Sequence[_Line]) -> tuple[str, ...]:
    """`precision 0.71`, `p95 latency 111 ms`."""
    more = (f"{len(lines) - _TOLD} more",) if len(lines) > _TOLD else ()
    return (*(_figure(line.series) for line in lines[:_TOLD]), *more)


def _figure(series: MonitorSeries) -> str:
    value = "unknown" if series.value is None else f"{series.value:.4g}"
    return " ".join(word for word in (series.name, value, series.unit) if word)
