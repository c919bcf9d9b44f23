"""Lines of production as the settings name them: from a section, labels and points to records. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

from ..records import Millis, MonitorSeries, Samples, series_key
from ..settings import seconds
from ..settings.sections import Series

MOST_LINES: Final = 200
"""Sets of labels that one series of the settings may have: more are no lines that anybody looks at."""
KEPT: Final[Millis] = 14 * 86_400_000
"""How far back the first reading goes, and how long a line that says nothing any more is kept."""


def make_series(
    source: str, section: Series, labels: Mapping[str, str], *, step: Millis, looked_at: Millis, said: Mapping[str, str]
) -> MonitorSeries:
    """One line of a section. `said` is where model and version are looked up by the labels that the section names."""
    return MonitorSeries(
        source=source,
        key=series_key(source, section.name, labels),
        name=section.name,
        kind=section.kind,
        model=section.model or said.get(section.model_label, ""),
        version=said.get(section.version_label, ""),
        labels=labels,
        min=section.min,
        max=section.max,
        objective=section.objective,
        unit=section.unit,
        query=section.good if section.objective is not None else section.query,
        step=step,
        label_delay=None if section.label_delay is None else round(1000 * seconds(section.label_delay)),
        looked_at=looked_at,
    )


def make_samples(series: MonitorSeries, points: Iterable[tuple[Millis, float, float | None]]) -> Samples:
    """Points (time, value or count of good, count of all) by time, each time once: the last one given counts."""
    of_time = {at: (value, total) for at, value, total in points}
    times = sorted(of_time)
    return Samples(
        source=series.source,
        key=series.key,
        times=array("q", times),
        values=array("d", [of_time[at][0] for at in times]),
        totals=None if series.objective is None else array("d", [of_time[at][1] or 0.0 for at in times]),
    )
