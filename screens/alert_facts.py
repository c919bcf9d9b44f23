"""What there is to know of one alert, read on a thread."""

from __future__ import annotations

from dataclasses import dataclass

from ..app.monitoring import standing
from ..app.records import Alert, Millis, MonitorSeries, SourceState
from ..app.store.reading import Reader
from .serving_words import WORST_FIRST

STRETCHES = 100
"""Stretches of firing that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """An alert with what is known around it."""

    alert: Alert
    stretches: tuple[Alert, ...] = ()
    """Each time that it fired, newest first; the alert itself is the first of them."""
    series: tuple[MonitorSeries, ...] = ()
    """Lines of its model, the worst first."""
    others: tuple[Alert, ...] = ()
    """What else fires of its model."""
    source: SourceState | None = None


def alert_facts(reader: Reader, fingerprint: str, now: Millis) -> AlertFacts | None:
    """The facts; None for an alert that the cache does not have."""
    with reader.at_one_moment():
        reads = reader.monitors
        alert = reads.alert(fingerprint)
        if alert is None:
            return None
        series = [one for one in reads.series() if alert.model and one.model == alert.model]
        series.sort(key=lambda one: WORST_FIRST.index(standing(one, now)))
        others = [one for one in reads.alerts() if one.model == alert.model and one.fingerprint != fingerprint]
        return AlertFacts(
            alert=alert, stretches=tuple(reads.alert_stretches(fingerprint, STRETCHES)), series=tuple(series),
            others=tuple(others) if alert.model else (),
            source=next((state for state in reader.source_states() if state.source == alert.source), None),
        )  # fmt: skip
