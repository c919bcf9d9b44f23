"""A line that did not move while its threshold did: then the commit of the settings is what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from statistics import median
from typing import Final

from ..records import Evidence, Millis, MonitorSeries
from ..store.events import event_id
from .candidates import Candidate, written
from .case import Case
from .window import DAY, SKEW, Why

_SETTINGS: Final = "quarterdeck.toml"
"""Where thresholds stand."""
_SPREAD: Final = 0.05
"""Points that are no further from their middle did not move."""
_FEWEST: Final = 3
"""Points before the commit by which that can be told."""
_BACK: Final = 21 * DAY
_MOST: Final = 300
_COMMITS: Final = 200


def bar_causes(case: Case) -> Iterator[Candidate]:
    """The last commit of the settings since a line is bad that was never good, where its points are as they were."""
    line = case.reader.monitors.one(case.symptom.series) if case.symptom.series else None
    if line is None or not case.symptom.is_wrong or case.symptom.good_at is not None:
        return
    commits = case.reads.commits(case.symptom.until, case.now + SKEW, _COMMITS)
    paths = case.reads.paths_of(one.sha for one in commits)
    moved = next((one for one in commits if _is_of_settings(paths.get(one.sha, ()))), None)
    if moved is None or not _is_level(case, line, moved.committed_at):
        return
    own = Evidence(at=moved.committed_at, text=moved.subject, subject=written("commit", moved.sha))
    text = f"it changes {_SETTINGS}, where the threshold of {line.name} stands"
    told = Evidence(text=line.name, subject=written("series", line.key))
    level = Why(factor=1.05, text=f"{line.name} is as it was before: what moved is the threshold", evidence=(told,))
    yield Candidate(
        subject=own.subject, cause="threshold", kind="commit", title=f"{moved.sha[:7]} {moved.subject}",
        at=moved.committed_at, actor=moved.author, event=event_id(moved.source, "commit", moved.sha), link="declared",
        evidence=(own,), commits=frozenset({moved.sha}), rules=(Why(factor=1.0, text=text, evidence=(own,)), level),
    )  # fmt: skip


def _is_of_settings(paths: Iterable[str]) -> bool:
    return any(path.rpartition("/")[2] == _SETTINGS for path in paths)


def _is_level(case: Case, line: MonitorSeries, at: Millis) -> bool:
    """Whether all points of the line lie together, whichever version they are of, enough of them from before."""
    same = [one for one in case.reader.monitors.series() if (one.name, one.model) == (line.name, line.model)]
    points = [point for one in same for point in _points(case, one.key)]
    middle = median(value for _, value in points) if points else 0.0
    is_near = all(abs(value - middle) <= _SPREAD * abs(middle) for _, value in points)
    return is_near and sum(time < at for time, _ in points) >= _FEWEST


def _points(case: Case, key: str) -> list[tuple[Millis, float]]:
    found = case.reader.monitors.thinned(key, case.symptom.until - _BACK, case.now + 1, _MOST)
    return [one for one in zip(found.times, found.shares(), strict=True) if isfinite(one[1])]
