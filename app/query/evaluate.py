"""The meaning of a filter in plain Python: what the SQL is tested against, and what answers for one record."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..records import Extreme, Run
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
    if isinstance(node, And):
        return all(matches(part, run, extremes, experiment) for part in node.parts)
    if isinstance(node, Or):
        return any(matches(part, run, extremes, experiment) for part in node.parts)
    if isinstance(node, Not):
        return not matches(node.part, run, extremes, experiment)
    if isinstance(node, Words):
        return any(contains(text, node.text) for text in (run.name, run.id, run.git_commit or ""))
    values = _values(node.field, run, extremes, experiment)
    if isinstance(node, Has):
        return bool(values)
    return any(_holds(node.operator, value, node.value) for value in values)


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
        if run.started_at is None or run.ended_at is None:
            return None
        return (run.ended_at - run.started_at) / 1000
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
