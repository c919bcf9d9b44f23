"""What watches production: series of figures with the thresholds that they must keep, and alerts that fire."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal, TypeAlias

from .record import Millis, Record

SeriesKind: TypeAlias = Literal["operational", "business"]
"""operational: latency, error rate. business: what the model is for, such as precision; its labels come later."""

SeriesState: TypeAlias = Literal["good", "bad", "burning", "stale", "nan", "no data", "unknown"]
"""bad: over its threshold; burning: its budget goes too fast; stale: the newest point is too old; nan: the newest point
is no number; unknown: there is nothing that says what would be good."""
SERIES_STATES: tuple[str, ...] = ("good", "bad", "burning", "stale", "nan", "no data", "unknown")


class MonitorSeries(Record, frozen=True, kw_only=True):
    """One line of production, as the settings name it, for one set of labels."""

    source: str
    key: str
    """For series/KEY: see `series_key`."""
    name: str
    """Of the settings: p95 latency."""
    kind: SeriesKind = "operational"
    model: str = ""
    """The registered model that it speaks of, "" where it is none's."""
    version: str = ""
    """Its version, where a label says so; "" is whichever was in force."""
    labels: Mapping[str, str] = {}
    min: float | None = None
    max: float | None = None
    objective: float | None = None
    """The share of good among all, 0 to 1, that is promised. Then a sample is a count of good, with its total."""
    unit: str = ""
    """s, ms, % ... as the settings say it."""
    query: str = ""
    """What was asked, as the settings have it; of an objective the query of good."""
    step: Millis = 60_000
    """How far apart its points are meant to be: more than three steps without one is a gap."""
    label_delay: Millis | None = None
    """How long after a prediction its truth is known: a point at t speaks of predictions until t - label_delay."""
    value: float | None = None
    """The newest one; NaN as it is, None before there was any. Of an objective the share of good."""
    at: Millis | None = None
    """When that one was true."""
    looked_at: Millis | None = None
    """When the source was last asked for it and answered."""
    bad_since: Millis | None = None
    """The first point of the stretch over the threshold that lasts; None while the newest point keeps it ..."""
    last_good_at: Millis | None = None
    """... and the newest point that kept it."""

    def is_bad(self, value: float) -> bool:
        """Whether a value breaks the threshold. NaN breaks none, and keeps none."""
        return (self.min is not None and value < self.min) or (self.max is not None and value > self.max)

    @property
    def bound(self) -> float | None:
        """The threshold that it is measured by: of two the one that is broken, else the nearer one."""
        if self.min is None or self.max is None or self.value is None:
            return self.max if self.min is None else self.min
        return self.max if abs(self.max - self.value) <= abs(self.value - self.min) else self.min


def series_key(source: str, name: str, labels: Mapping[str, str]) -> str:
    """Who a series is: 16 hex digits of its source, its name in the settings, and its labels."""
    words = (source, name, *(f"{key}={labels[key]}" for key in sorted(labels)))
    return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Samples(Record, frozen=True, eq=False):
    """Points of one series, as columns of equal length, by time. Compared by identity: NaN equals nothing."""

    source: str
    key: str
    times: array[int]
    """Type code "q": UTC milliseconds, each once."""
    values: array[float]
    """Type code "d"; NaN and the infinities as they are. Of an objective the count of good ..."""
    totals: array[float] | None = None
    """... and of all, as long as `values`."""

    def __len__(self) -> int:
        return len(self.values)

    def shares(self) -> array[float]:
        """What is drawn and judged: the values, of an objective the share of good; NaN where there were none at all."""
        if self.totals is None:
            return self.values
        pairs = zip(self.values, self.totals, strict=True)
        return array("d", [good / total if total > 0 else float("nan") for good, total in pairs])


class Alert(Record, frozen=True, kw_only=True):
    """An alert of the monitoring's own rules, in one stretch of firing."""

    source: str
    fingerprint: str
    """For alert/FINGERPRINT: see `alert_fingerprint`."""
    name: str
    labels: Mapping[str, str] = {}
    summary: str = ""
    """What its annotations say, in one line."""
    state: Literal["firing", "pending", "over"] = "firing"
    severity: str = ""
    """The label of that name, "" without one."""
    model: str = ""
    value: float | None = None
    since: Millis
    """When it became active."""
    ended_at: Millis | None = None
    """When it was first seen no more ..."""
    ended_not_before: Millis | None = None
    """... and when it was last seen."""


def alert_fingerprint(source: str, labels: Mapping[str, str]) -> str:
    """Who an alert is: 16 hex digits of its source and its labels, the name among them."""
    words = (source, *(f"{key}={labels[key]}" for key in sorted(labels)))
    return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
