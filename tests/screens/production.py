"""A production that is watched: churn's precision fell yesterday evening, its latency is fine, uplift's is silent."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any

from quarterdeck.app.records import (
    Alert,
    Batch,
    MonitorSeries,
    Samples,
    SourceSpec,
    SourceState,
    alert_fingerprint,
    series_key,
)

MINUTE, HOUR = 60_000, 3_600_000
PROMETHEUS = SourceSpec(key="p" * 16, kind="prometheus", name="prometheus", address="https://prometheus.acme")


def make_series(name: str, labels: dict[str, str] | None = None, **changes: Any) -> MonitorSeries:
    """A line of churn, with a point every five minutes."""
    labels = labels or {}
    facts: dict[str, Any] = {
        "source": PROMETHEUS.key, "key": series_key(PROMETHEUS.key, name, labels), "name": name, "model": "churn",
        "labels": labels, "step": 5 * MINUTE, "query": f"max by (model) ({name.replace(' ', '_')})",
    }  # fmt: skip
    return MonitorSeries(**(facts | changes))


LATENCY = make_series("p95 latency", unit="ms", max=120.0)
ERRORS = make_series("errors", unit="%", max=1.0)
PRECISION = make_series("precision", kind="business", min=0.78, label_delay=HOUR)
AVAILABLE = make_series("availability", objective=0.999, query="sum(rate(requests_good_total[5m]))")
NEXT_LATENCY = make_series("p95 latency", {"version": "15"}, unit="ms", max=120.0, version="15")
UPLIFT = make_series("p95 latency", {"model": "uplift"}, unit="ms", max=120.0, model="uplift")
SCORES = make_series("score mean", {"model": "uplift"}, model="uplift")
DISK = make_series("disk free", {"instance": "a1"}, unit="%", min=10.0, model="", query="node_filesystem_avail")
ALL = (LATENCY, ERRORS, PRECISION, AVAILABLE, NEXT_LATENCY, UPLIFT, SCORES, DISK)


def make_alert(name: str, now: int, **changes: Any) -> Alert:
    """An alert of churn that has fired for twenty minutes."""
    labels = {"alertname": name, "severity": "critical", "job": "churn-api"} | changes.pop("labels", {})
    facts: dict[str, Any] = {
        "source": PROMETHEUS.key, "fingerprint": alert_fingerprint(PROMETHEUS.key, labels), "name": name,
        "labels": labels, "severity": labels["severity"], "model": "churn", "since": now - 20 * MINUTE,
        "summary": "precision of churn below 0.78 for 10 minutes",
    }  # fmt: skip
    return Alert(**(facts | changes))


def points(
    series: MonitorSeries,
    now: int,
    value: Callable[[int, int], float | None],
    hours: int = 44,
    total: float | None = None,
) -> Samples:
    """Points every step up to `now`: `value(number, at)`; none where it gives None."""
    since = now - hours * HOUR
    found = [(at, value(number, at)) for number, at in enumerate(range(since, now + 1, series.step))]
    held = [(at, one) for at, one in found if one is not None]
    totals = None if total is None else array("d", [total] * len(held))
    return Samples(
        source=series.source, key=series.key, times=array("q", [at for at, _ in held]),
        values=array("d", [one for _, one in held]), totals=totals,
    )  # fmt: skip


def samples(now: int) -> tuple[Samples, ...]:
    """What was measured: three hours of latency are missing, uplift's newest point is two hours old."""
    fell = now - 5 * HOUR - 27 * MINUTE

    def latency(number: int, at: int) -> float | None:
        if now - 14 * HOUR < at < now - 11 * HOUR:
            return None
        return 104 + 7 * math.sin(number / 9) + (38 if at // HOUR % 19 == 3 and number % 5 == 0 else 0)

    return (
        points(LATENCY, now - 2 * MINUTE, latency),
        points(ERRORS, now - 2 * MINUTE, lambda number, at: 0.1 + 0.04 * math.sin(number / 5)),
        points(
            PRECISION, now - 2 * MINUTE, lambda number, at: (0.83 if at < fell else 0.71) + 0.008 * math.sin(number)
        ),
        points(AVAILABLE, now - 2 * MINUTE, lambda number, at: 1000.0 - (number % 40 == 0) * 9.0, total=1000.0),
        points(NEXT_LATENCY, now - 2 * MINUTE, lambda number, at: 98 + 3 * math.cos(number / 7), hours=6),
        points(UPLIFT, now - 2 * HOUR, lambda number, at: 61 + 2 * math.sin(number / 3)),
        points(SCORES, now - 2 * MINUTE, lambda number, at: math.nan if at > now - HOUR else 0.4),
        points(DISK, now - 2 * MINUTE, lambda number, at: 84 - number / 40),
    )


def batch(now: int) -> Batch:
    """All of it."""
    over = make_alert("HighLatency", now, since=now - 30 * HOUR, ended_at=now - 29 * HOUR, state="over",
                      labels={"severity": "warning"}, summary="p95 of churn over 120 ms")  # fmt: skip
    return Batch(
        series=ALL, series_complete=True, samples=samples(now),
        alerts=(
            make_alert("ChurnPrecisionLow", now),
            make_alert("DiskFillsUp", now, model="", state="pending", labels={"severity": "warning", "instance": "a1"},
                       summary="a1 is full in four days"),
        ),
        past_alerts=(over,),
    )  # fmt: skip


def fill(world: Any, specs: tuple[SourceSpec, ...] = ()) -> Any:
    """Write it into a world, beside the sources that it has already."""
    world.cache.declare([*specs, PROMETHEUS])
    world.cache.write(PROMETHEUS.key, batch(world.now), world.now)
    world.states(
        SourceState(source=PROMETHEUS.key, kind="prometheus", name="prometheus", address=PROMETHEUS.address, state="ok",
                    last_ok_at=world.now - 20_000, items=len(ALL))
    )  # fmt: skip
    return world
