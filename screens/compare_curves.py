"""The curves below a comparison: which metric, which of its histories the cache has, and what to ask for."""

from __future__ import annotations

import time

from ..app.records import Run, Series, Want
from ..widgets.chart import Chart
from ..widgets.curves import Curve
from .compare_rows import curve_names
from .comparing import Held
from .deck import Deck

FOLLOWED_EVERY = 5.0
"""Seconds between two questions for the curves of runs that still run."""

POINTS = 1_000
"""Points of a curve that are enough for a chart over the whole screen."""

ASKED = "asked for the curves …"


CHART_KEYS = {
    "chart.axis": "axis", "chart.log": "log", "chart.more": "smoother", "chart.less": "rougher",
    "chart.zoom_in": "zoom in", "chart.leave": "put away", "back": "table", "chart.whole": "whole",
    "chart.next": "bring out", "copy": "copy",
}  # fmt: skip
"""What the line of keys says while the curves have the focus, by the ids of the bindings."""


class CompareCurves:
    """The chart of one metric of all runs; a run keeps its hue."""

    def __init__(self, deck: Deck, chart: Chart, hues: dict[tuple[str, str], int], metric: str | None) -> None:
        self._deck = deck
        self._chart = chart
        self._hues = hues
        self.metric = metric
        """The metric under the cursor, or the one before."""
        self._drawn: str | None = None
        self._asked: dict[tuple[str, str, str], float] = {}

    def _series(self, held: Held) -> dict[int, Series]:
        """The histories that the cache has of the metric, by the run's place."""
        if self.metric is None:
            return {}
        found = self._deck.reader.series_of(held.rowids, [self.metric])
        return {at: one for at, rowid in enumerate(held.rowids) if (one := found.get((rowid, self.metric)))}

    def follow(self, held: Held) -> None:
        """Draw the metric where it is another one, and ask for what is not here."""
        if self.metric != self._drawn:
            self.draw(held)
        self.want(held)

    def draw(self, held: Held) -> None:
        """Draw what the cache has."""
        self._drawn = self.metric
        if self.metric is None:
            self._chart.show([])
            self._chart.say("none of these runs logged a metric that differs")
            return
        series, names = self._series(held), curve_names(held.runs)
        self._chart.title = self.metric
        self._chart.show([self._curve(held.runs[at], names[at], one) for at, one in series.items()])
        if not series:
            self._chart.say(ASKED if self._asked else "no curve is in the cache yet")

    def _curve(self, run: Run, name: str, series: Series) -> Curve:
        return Curve(key=f"{run.source} {run.id}", label=name, series=series, hue=self._hues[run.source, run.id])

    def want(self, held: Held) -> None:
        """Ask for the curves that are not here, and again for those that grow; answers come through the cache."""
        name = self.metric
        if name is None or not self._chart.display:
            return
        have, now = self._series(held), time.monotonic()
        missing: dict[str, list[str]] = {}
        for at, run in enumerate(held.runs):
            asked = self._asked.get((run.source, run.id, name))
            grows = run.status == "running" and (asked is None or now - asked >= FOLLOWED_EVERY)
            if name in run.metrics and (grows or (at not in have and asked is None)):
                self._asked[run.source, run.id, name] = now
                missing.setdefault(run.source, []).append(run.id)
        for source, ids in missing.items():
            self._deck.ask(Want(kind="history", source=source, run_ids=tuple(ids), keys=(name,), points=POINTS))
        if missing and not have:
            self._chart.say(ASKED)
