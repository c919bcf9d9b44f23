"""What a line of production has under a field, and the meaning of filters of lines in plain Python."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ..records import MonitorSeries, SeriesState
from .evaluate import passes
from .tree import Field, Node

WORDS: Final = ("name", "model", "version", "label", "source")
"""Where a bare word is looked for."""


class SeriesFacts(NamedTuple):
    """A line, and what is worked out of it."""

    series: MonitorSeries
    state: SeriesState
    burn: float | None
    """How many times faster than sustainable its budget goes in the pair of windows that tells most."""
    source: str
    """The label of its source."""


def matches_series(node: Node, facts: SeriesFacts) -> bool:
    """Whether a line passes."""
    words = [str(one) for name in WORDS for one in series_values(Field("series", name), facts)]
    return passes(node, lambda field: series_values(field, facts), words)


def series_values(field: Field, facts: SeriesFacts) -> list[Any]:
    """What it has there: none, one, or one a label."""
    if field.name == "label":
        return [f"{key}={value}" for key, value in sorted(facts.series.labels.items())]
    if field.name in ("state", "burn", "source"):
        value = getattr(facts, field.name)
    else:
        value = getattr(facts.series, field.name)
    if field.type == "seconds" and value is not None:
        value /= 1000
    return [] if value in (None, "") else [value]
