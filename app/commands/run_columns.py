"""The columns of `quarterdeck runs`: the word on the command line is the word in the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ..errors import FilterError, UsageError
from ..query import Field, parse_sort
from ..records import Dataset, Extreme, Millis, Run
from .printing import Head, ago, iso

Extremes: TypeAlias = Mapping[str, Extreme]
"""Smallest and largest value by metric."""
DEFAULT: Sequence[str] = ("id", "name", "status", "experiment", "started_at", "user")


class Labels(NamedTuple):
    """What the cache knows under a number and a person under a name; and the time that ages count from."""

    sources: Mapping[str, str]
    """Source key to the source's name."""
    experiments: Mapping[tuple[str, str], str]
    """Source key and experiment id to the experiment's name."""
    now: Millis

    def experiment(self, run: Run) -> str:
        """The name of a run's experiment, its id when the name is not known."""
        return self.experiments.get((run.source, run.experiment_id), run.experiment_id)


Cell: TypeAlias = Callable[[Run, Extremes, Labels], str]


class Column(NamedTuple):
    """A heading, what stands below it as exact text, and what has to be read for it."""

    head: Head
    cell: Cell
    needs: tuple[str, str] | None = None
    """Kind and name of the metric, param or tag."""


def columns_named(words: Iterable[str], keys: Mapping[str, Sequence[str]]) -> list[Column]:
    """The columns of these names; `keys` are the metrics, params and tags that there are. Raises UsageError."""
    return [_column(word, keys) for word in words]


def _column(word: str, keys: Mapping[str, Sequence[str]]) -> Column:
    if word in _PLAIN:
        return Column(Head(word, right=word in ("age", "duration")), _PLAIN[word])
    try:
        field = parse_sort(word, keys).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    if field.kind == "attribute":
        return Column(Head(word, right=field.name == "duration"), _PLAIN[field.name])
    if field.kind == "dataset":
        return Column(Head(word), _dataset_cell(field.name))
    needs = (field.kind, field.name)
    return Column(Head(word, right=field.kind == "metric"), _key_cell(field), needs)


def _key_cell(field: Field) -> Cell:
    if field.kind == "param":
        return lambda run, _, __: run.params.get(field.name, "")
    if field.kind == "tag":
        return lambda run, _, __: run.tags.get(field.name, "")
    return lambda run, extremes, _: _metric(field, run, extremes)


def _metric(field: Field, run: Run, extremes: Extremes) -> str:
    value: float | None = None
    if field.part == "last" and field.name in run.metrics:
        value = run.metrics[field.name].value
    elif field.part != "last" and field.name in extremes:
        value = extremes[field.name].min if field.part == "min" else extremes[field.name].max
    return "" if value is None else significant(value)


def _dataset_cell(part: str) -> Cell:
    def written(dataset: Dataset) -> str:
        return getattr(dataset, part) or "" if part else f"{dataset.name}@{dataset.digest}"

    return lambda run, _, __: ", ".join(map(written, run.datasets))


def _text(value: str | None) -> str:
    return "" if value is None else value


def _duration(run: Run) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    minutes, seconds = divmod((run.ended_at - run.started_at) // 1000, 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {seconds:02} s"


_PLAIN: Mapping[str, Cell] = {
    "id": lambda run, _, __: run.id,
    "name": lambda run, _, __: run.name,
    "status": lambda run, _, __: run.status,
    "source": lambda run, _, labels: labels.sources.get(run.source, run.source),
    "experiment": lambda run, _, labels: labels.experiment(run),
    "experiment_id": lambda run, _, __: run.experiment_id,
    "started_at": lambda run, _, __: _text(iso(run.started_at)),
    "ended_at": lambda run, _, __: _text(iso(run.ended_at)),
    "age": lambda run, _, labels: "" if run.started_at is None else ago(run.started_at, labels.now),
    "duration": lambda run, _, __: _duration(run),
    "user": lambda run, _, __: _text(run.user),
    "git_commit": lambda run, _, __: _text(run.git_commit),
    "parent_id": lambda run, _, __: _text(run.parent_id),
    "artifact_uri": lambda run, _, __: _text(run.artifact_uri),
    "datasets": _dataset_cell(""),
}


def significant(value: float) -> str:
    """Four significant digits, with an exponent below 1e-4; whole numbers are whole. NaN and infinities are words."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.6g}"
