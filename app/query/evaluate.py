"""The meaning of a filter in plain Python: what the SQL is tested against, and what answers for one record."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..records import Extreme, Pipeline, Run
from .pipeline_sql import WORDS
from .texts import as_number, contains, ilike, like, search
from .tree import And, Field, Has, Literal_, Node, Not, Operator, Or, Value, Words

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXT: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "like": like,
    "ilike": ilike,
    "~": search,
    ":": contains,
}
_NONE: Final[Mapping[str, Extreme]] = {}


def matches(node: Node, run: Run, extremes: Mapping[str, Extreme] = _NONE, experiment: str = "") -> bool:
    """Whether the run passes. `extremes` by metric key; `experiment` is the name of the run's experiment."""
    words = (run.name, run.id, run.git_commit or "")
    return passes(node, lambda field: _values(field, run, extremes, experiment), words)


def matches_pipeline(node: Node, pipeline: Pipeline, source: str = "") -> bool:
    """Whether the pipeline passes. `source` is the label of its source."""
    words = [str(_pipeline_attribute(name, pipeline, source) or "") for name in WORDS]
    return passes(node, lambda field: pipeline_values(field, pipeline, source), words)


def passes(node: Node, values: Callable[[Field], list[Any]], words: Iterable[str]) -> bool:
    """Whether it passes. `values`: what it has under a field, none or several; `words`: where a word is looked for."""
    if isinstance(node, And):
        return all(passes(part, values, words) for part in node.parts)
    if isinstance(node, Or):
        return any(passes(part, values, words) for part in node.parts)
    if isinstance(node, Not):
        return not passes(node.part, values, words)
    if isinstance(node, Words):
        return any(contains(text, node.text) for text in words)
    found = values(node.field)
    if isinstance(node, Has):
        return any(found) if node.field.type == "flag" else bool(found)
    return any(_holds(node.operator, value, node.value) for value in found)


def pipeline_values(field: Field, pipeline: Pipeline, source: str = "") -> list[Any]:
    """What the pipeline has there: nothing, one value, or one a job."""
    if field.kind == "job":
        return [value for value in _job_values(field.name, pipeline) if value != ""]
    value = _pipeline_attribute(field.name, pipeline, source)
    return [] if value in (None, "") and field.name not in ("id", "name", "source") else [value]


def _pipeline_attribute(name: str, pipeline: Pipeline, source: str) -> Any:
    if name == "source":
        return source
    if name == "duration":
        return _duration(pipeline.started_at, pipeline.ended_at)
    return getattr(pipeline, name)


def _job_values(part: str, pipeline: Pipeline) -> list[str]:
    jobs = pipeline.jobs or ()
    if part in ("status", "raw_status", "failed"):
        last = {job.name: job.attempt for job in sorted(jobs, key=lambda job: job.attempt)}
        jobs = tuple(job for job in jobs if job.attempt == last[job.name])
    if part == "failed":
        return [job.name for job in jobs if job.status == "failed"]
    return [getattr(job, part) for job in jobs]


def _duration(started_at: int | None, ended_at: int | None) -> float | None:
    return None if started_at is None or ended_at is None else (ended_at - started_at) / 1000


def _values(field: Field, run: Run, extremes: Mapping[str, Extreme], experiment: str) -> list[Any]:
    """What the run has there: nothing, one value, or one a dataset."""
    value: Any
    if field.kind == "metric":
        value = _metric(field, run, extremes)
    elif field.kind == "param":
        value = run.params.get(field.name)
    elif field.kind == "tag":
        value = run.tags.get(field.name)
    elif field.kind == "dataset":
        return _datasets(field.name, run)
    else:
        value = _attribute(field.name, run, experiment)
    return [] if value is None else [value]


def _metric(field: Field, run: Run, extremes: Mapping[str, Extreme]) -> float | None:
    if field.part == "last":
        metric = run.metrics.get(field.name)
        return None if metric is None else metric.value
    extreme = extremes.get(field.name)
    if extreme is None:
        return None
    return extreme.min if field.part == "min" else extreme.max


def _datasets(part: str, run: Run) -> list[str]:
    if part == "context":
        return [dataset.context for dataset in run.datasets if dataset.context]
    if part:
        return [getattr(dataset, part) for dataset in run.datasets]
    return [f"{dataset.name}@{dataset.digest}" for dataset in run.datasets]


def _attribute(name: str, run: Run, experiment: str) -> Any:
    if name == "experiment":
        return experiment
    if name == "duration":
        return _duration(run.started_at, run.ended_at)
    return getattr(run, name)


def _holds(op: Operator, actual: Any, value: Value) -> bool:
    if isinstance(value, tuple):
        found = any(_equal(actual, item) for item in value)
        return found if op == "in" else not found
    if op == "=":
        return _equal(actual, value)
    if op == "!=":
        return not _equal(actual, value)
    if op in _ORDER:
        return _ordered(_ORDER[op], actual, value)
    return _TEXT[op](str(actual), str(value))


def _equal(actual: Any, value: Literal_) -> bool:
    if isinstance(actual, str) and not isinstance(value, str):
        actual = as_number(actual)
    if isinstance(value, float) and math.isnan(value):
        return isinstance(actual, float) and math.isnan(actual)
    return bool(actual == value)


def _ordered(compare: Callable[[Any, Any], bool], actual: Any, value: Literal_) -> bool:
    if isinstance(actual, str) and not isinstance(value, str):
        actual = as_number(actual)
    return actual is not None and compare(actual, value)
