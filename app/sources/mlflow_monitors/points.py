"""From the histories of a run to the points of a line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...records import Millis, Run, Series
from ...settings.sections import Series as Section

Point = tuple[Millis, float, float | None]
"""Time, value (of an objective the count of good), count of all."""

EXPERIMENT = "experiment"


def keys_of(section: Section) -> tuple[str, ...]:
    """The metrics that a series is made of."""
    return (section.query,) if section.objective is None else (section.good, section.total)


def labels_of(section: Section, run: Run, experiment: str) -> dict[str, str]:
    """What tells the lines of a series apart: experiment, and model and version where the run says them."""
    named = {label: _said(run, label) for label in (section.model_label, section.version_label) if label}
    return {EXPERIMENT: experiment} | {label: value for label, value in named.items() if value}


def _said(run: Run, label: str) -> str:
    return run.tags.get(label) or run.params.get(label) or ""


def points_of(section: Section, read: Mapping[str, Series]) -> Iterator[Point]:
    """The points of a series out of one run's histories by key. What has no time is none."""
    found = [read[key] for key in keys_of(section) if key in read]
    if section.objective is None:
        for series in found:
            yield from ((at, value, None) for at, value in zip(series.times, series.values, strict=True) if at > 0)
    elif len(found) == 2:
        yield from _joined(*found)


def _joined(good: Series, total: Series) -> Iterator[Point]:
    """Counts of good and of all that were logged for one step; for one time where steps do not tell points apart."""
    by_step = all(len(set(series.steps)) == len(series) for series in (good, total))
    marks = (good.steps, total.steps) if by_step else (good.times, total.times)
    goods = dict(zip(marks[0], good.values, strict=True))
    for mark, at, every in zip(marks[1], total.times, total.values, strict=True):
        if at > 0 and mark in goods:
            yield at, goods[mark], every
