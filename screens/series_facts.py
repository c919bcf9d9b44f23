"""What there is to know of one line of production, read on a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..app.records import Alert, Millis, MonitorSeries, SourceState
from ..app.store.reading import Reader
from .serving_chart import ChartQuestion, Drawn, drawn
from .serving_rows import ALERTS, Seen, burns_of

Stretch: TypeAlias = tuple[Millis, Millis | None]
"""When it began to be bad, and when it was good again; None: it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An alias of production of its model came to another version."""

    at: Millis
    label: str
    """`v14`, `?v14`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """A line with all that is known around it."""

    seen: Seen
    drawn: Drawn
    stretches: tuple[Stretch, ...] = ()
    """In the time that is drawn, newest first."""
    alerts: tuple[Alert, ...] = ()
    """Of its model, that fired in this time."""
    siblings: tuple[MonitorSeries, ...] = ()
    """The lines that PgUp and PgDn lead to, this one among them."""
    moves: tuple[Move, ...] = ()
    """Filled in by the screen, which may ask the state."""
    source: SourceState | None = None

    @property
    def series(self) -> MonitorSeries:
        """The line."""
        return self.seen.series


def series_facts(reader: Reader, question: ChartQuestion) -> SeriesFacts | None:
    """The facts; None for a series that the cache does not have."""
    with reader.at_one_moment():
        found = next(drawn(reader, question), None)
        if found is None:
            return None
        series, reads = found.series, reader.monitors
        stretches = reads.stretches(series.key, question.since, question.until)
        alerts = _around(reads.alerts(past=True, limit=ALERTS), series, question) if series.model else ()
        siblings = [one for one in reads.series() if one.model == series.model]
        return SeriesFacts(
            seen=Seen(series=series, burns=burns_of(reader, series, question.until)), drawn=found,
            stretches=tuple(sorted(stretches, reverse=True, key=lambda one: one[0])), alerts=tuple(alerts),
            siblings=tuple(siblings),
            source=next((state for state in reader.source_states() if state.source == series.source), None),
        )  # fmt: skip


def _around(alerts: Sequence[Alert], series: MonitorSeries, question: ChartQuestion) -> list[Alert]:
    """Those of its model that fired in this time."""
    return [
        alert
        for alert in alerts
        if alert.model == series.model
        and alert.since <= question.until
        and (alert.ended_at is None or alert.ended_at >= question.since)
    ]


def with_moves(facts: SeriesFacts, moves: Sequence[tuple[Millis, str]]) -> SeriesFacts:
    """The same with the promotions that its chart shows."""
    return replace(facts, moves=tuple(Move(at=at, label=label) for at, label in moves))
