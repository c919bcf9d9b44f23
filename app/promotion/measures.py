"""What was measured of a version: values of a metric, and on which data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..records import Metric, Millis, ModelMetric, Run
from .facts import Situation, Version
from .words import about


class Measure(NamedTuple):
    """One value of a metric."""

    value: float
    at: Millis | None
    digests: frozenset[str]
    """Of the data that it was measured on; empty where that is not known."""
    evidence: tuple[str, ...]


class Measures(NamedTuple):
    """All that is known of one metric of one version: one value for each data that it was measured on."""

    found: tuple[Measure, ...] = ()
    trouble: str = ""
    """Why there is none."""
    is_absent: bool = False
    """Everything is known, and this metric is not in it."""


def measures(situation: Situation, version: Version, name: str) -> Measures:
    """The logged model's own values, with their data beside them; else the last of its run."""
    if version.known is None:
        return Measures(trouble="this version is not known")
    if not situation.well_known:
        return Measures(trouble=situation.trouble(situation.source))
    logged = [metric for metric in version.logged.metrics if metric.name == name] if version.logged else []
    if logged:
        return Measures(tuple(_of_model(version, newest) for newest in _newest(logged)))
    run = version.run
    if run is None:
        said = "its run is not known here" if version.known.run_id else "it names no run"
        return Measures(trouble=said)
    if run.status == "deleted":
        return Measures(trouble="its run was deleted")
    if trouble := situation.trouble(run.source):
        return Measures(trouble=trouble)
    if name not in run.metrics:
        return Measures(trouble="it was not logged", is_absent=True)
    return Measures((_of_run(run, run.metrics[name]),))


def _newest(metrics: list[ModelMetric]) -> Iterator[ModelMetric]:
    """For each data the last that was measured."""
    last: dict[str | None, ModelMetric] = {}
    for metric in sorted(metrics, key=lambda one: (one.at or 0, one.step)):
        last[metric.dataset_digest or None] = metric
    return iter(last.values())


def _of_model(version: Version, metric: ModelMetric) -> Measure:
    assert version.known is not None
    model = about("model", version.known.model, version.name)
    run = () if metric.run_id is None else (about("run", metric.run_id),)
    if metric.dataset_digest:
        data = about("dataset", metric.dataset_name or "data", metric.dataset_digest)
        return Measure(float(metric.value), metric.at, frozenset({metric.dataset_digest}), (model, *run, data))
    digests, data_of_run = _data(version.run)
    return Measure(float(metric.value), metric.at, digests, (model, *run, *data_of_run))


def _of_run(run: Run, metric: Metric) -> Measure:
    digests, data = _data(run)
    at = metric.at if metric.at is not None else run.ended_at
    return Measure(float(metric.value), at, digests, (about("run", run.id), *data))


def _data(run: Run | None) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a run was measured on: its data but those of training, unless it names no others."""
    if run is None or run.status == "deleted":
        return frozenset(), ()
    other = [data for data in run.datasets if (data.context or "").casefold() not in ("training", "train")]
    used = other or list(run.datasets)
    if not all(data.digest for data in used):
        return frozenset(), ()
    return frozenset(data.digest for data in used), tuple(about("dataset", data.name, data.digest) for data in used)
