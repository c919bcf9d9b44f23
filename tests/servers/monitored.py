"""What batches of monitoring brought, as a cache would keep it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from quarterdeck.app.errors import IncompleteError
from quarterdeck.app.records import Alert, Batch, Millis, MonitorSeries


class Production:
    """Lines with their points by time, and alerts."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.series: dict[str, MonitorSeries] = {}
        self.points: dict[str, dict[Millis, tuple[float, float | None]]] = {}
        self.alerts: tuple[Alert, ...] | None = None
        self.past: list[Alert] = []
        self.cursor: Mapping[str, Any] = {}
        self.trouble: IncompleteError | None = None

    async def take(self, batches: AsyncIterator[Batch], most: int | None = None) -> Production:
        """Keep all of them, or only so many, as when the syncer is killed; `batches` are those of this time."""
        self.batches, self.trouble = [], None
        try:
            async for batch in batches:
                self.add(batch)
                if most is not None and len(self.batches) >= most:
                    break
        except IncompleteError as error:
            self.trouble = error
        return self

    def add(self, batch: Batch) -> None:
        """Keep one."""
        self.batches.append(batch)
        if batch.series_complete:
            kept = {series.key for series in batch.series}
            self.series = {key: one for key, one in self.series.items() if key in kept}
            self.points = {key: one for key, one in self.points.items() if key in kept}
        for series in batch.series:
            self.series[series.key] = series
        for samples in batch.samples:
            assert samples.key in self.series
            assert list(samples.times) == sorted(set(samples.times))
            totals = samples.totals if samples.totals is not None else [None] * len(samples)
            held = self.points.setdefault(samples.key, {})
            held.update(zip(samples.times, zip(samples.values, totals, strict=True), strict=True))
        if batch.alerts is not None:
            self.alerts = batch.alerts
        self.past += batch.past_alerts
        if batch.cursor is not None:
            self.cursor = json.loads(json.dumps(batch.cursor))

    def line(self, name: str, **labels: str) -> MonitorSeries:
        """The line of that name whose labels have these among them."""
        (found,) = [
            one for one in self.series.values() if one.name == name and labels.items() <= dict(one.labels).items()
        ]  # fmt: skip
        return found

    def of(self, name: str, **labels: str) -> dict[Millis, tuple[float, float | None]]:
        """Its points, by time."""
        return dict(sorted(self.points.get(self.line(name, **labels).key, {}).items()))
